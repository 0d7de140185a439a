// RTM_NEWLINK with NLM_F_CREATE (rtnetlink B.3).

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { IF_OPER, IFF, IFT } from "../../assembly/abi/ifnet.js";
import { PRIV } from "../../assembly/abi/netlink.js";
import { IFLA, IFLA_INFO, IFLA_VLAN, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { Vnet } from "../../host/kernel/kernel.js";
import {
  ask,
  attribute,
  attributes,
  doneOf,
  drain,
  hex,
  ifinfomsg,
  message,
  numberAt,
  text,
  toHex,
  u8,
} from "../support/messages.js";
import { monitor, openSocket, setupR } from "../support/setups.js";
import { acked, cookieOf, create, deleteLink, errno, made, newLink, setupPair, vlanData } from "./linkrequests.js";
import { events, getLink, linkNamed, linkOf, links } from "./links.js";

const QINQ = 0x88a8;

describe("what a creation needs", () => {
  it.each([
    [
      "[RF-LINK-17a] no IFLA_IFNAME",
      newLink({ flags: "qaC", kind: "lo" }),
      Errno.EINVAL,
      "empty IFLA_IFNAME attribute",
    ],
    ["[RF-LINK-17a] an empty one", create("", { kind: "lo" }), Errno.EINVAL, "empty IFLA_IFNAME attribute"],
    [
      "[RF-LINK-17b] no LINKINFO",
      newLink({ flags: "qaC", name: "lo5" }),
      Errno.EINVAL,
      "empty IFLA_INFO_KIND attribute",
    ],
    [
      "[RF-LINK-17b] LINKINFO without KIND",
      newLink({ flags: "qaC", name: "lo5", data: new Uint8Array() }),
      Errno.EINVAL,
      "empty IFLA_INFO_KIND attribute",
    ],
    ["[RF-LINK-17b] an empty KIND", create("lo5", { kind: "" }), Errno.EINVAL, "empty IFLA_INFO_KIND attribute"],
    ["[RF-LINK-17c] a name of no cloner", create("foo0", { kind: "bridge" }), Errno.EINVAL, undefined],
    ["[RF-LINK-17c] a cloner's name and more than digits", create("lo5x", { kind: "lo" }), Errno.EINVAL, undefined],
    ["[RF-LINK-19] a leading zero", create("lo05"), Errno.EINVAL, undefined],
    ["[RF-LINK-19] too large a number", create("lo99999999999"), Errno.EINVAL, undefined],
    ["[RF-LINK-19] a sign", create("lo-1", { kind: "lo" }), Errno.EINVAL, undefined],
    ["[RF-LINK-20] one above what an int holds", create("lo2147483648"), Errno.EINVAL, undefined],
    ["[RF-LINK-20] a unit above IF_MAXUNIT", create("lo32768"), Errno.ENOSPC, undefined],
  ])("[B.3.2] [B.3.4] %s is refused and nothing is made", (_, request, expected, reason) => {
    const { socket, vnet } = setupR();
    const ack = acked(socket, request);
    expect([ack.error, ack.text, ack.cookie]).toEqual([expected, reason, undefined]);
    expect(vnet.statistics().interfaces).toBe(1);
  });

  it("[B.3.2] [RF-LINK-17c] the name chooses the cloner, not the kind: tap5 of kind bridge is a tap", () => {
    const { socket } = setupR();
    expect(made(socket, "tap5", { kind: "bridge" }).name).toBe("tap5");
    expect(linkNamed(socket, "tap5").type).toBe(IFT.ETHER);
  });

  it("[B.3.4] the highest unit is 32767", () => {
    const { socket } = setupR();
    expect(made(socket, "lo32767").name).toBe("lo32767");
    expect(linkNamed(socket, "lo32767").type).toBe(IFT.LOOP);
  });

  it.each(["qaC", "qaCX", "qaCP"])("[B.3.1] [RF-LINK-18] a name in use is EEXIST with flags %s", (flags) => {
    const { socket } = setupR();
    made(socket, "lo5");
    expect(errno(socket, create("lo5", { flags }))).toBe(Errno.EEXIST);
    expect(links(socket).map((link) => link.name)).toEqual(["lo0", "lo5"]);
  });

  it("[B.3.2] [B.3.4] a unit in use is EEXIST though its interface has another name", () => {
    const { socket, vnet } = setupR();
    made(socket, "lo5");
    vnet.interfaceRename("lo5", "other");
    expect(errno(socket, create("lo5"))).toBe(Errno.EEXIST);
    expect(made(socket, "lo").name).toBe("lo1");
  });

  it("[0.2] [0.9] [RF-VNET-6b] without PRIV_NET_IFCREATE, and in a jail without a vnet, EPERM before all else", () => {
    const { vnet } = setupR();
    for (const cred of [{ uid: 1001 }, { jail: { vnet: false } }, { privileges: PRIV.NET_ROUTE }]) {
      const other = openSocket(vnet, { cred });
      expect(errno(other, newLink({ flags: "qaC" }))).toBe(Errno.EPERM);
      expect(errno(other, create("lo5"))).toBe(Errno.EPERM);
    }
    expect(vnet.statistics().interfaces).toBe(1);
  });
});

describe("names and units", () => {
  it("[B.3.4] [RF-LINK-21] a name without number gets the lowest free unit", () => {
    const { socket } = setupR();
    for (const name of ["lo1", "lo3"]) made(socket, name);
    expect(made(socket, "lo").name).toBe("lo2");
    expect(made(socket, "lo").name).toBe("lo4");
    expect(errno(socket, deleteLink(linkNamed(socket, "lo1").index))).toBe(0);
    expect(made(socket, "lo").name).toBe("lo1");
  });

  it("[B.3.4] a unit whose name somebody else has is left out", () => {
    const { socket, vnet } = setupR({ interfaces: [{ name: "em9" }] });
    vnet.interfaceRename("em9", "lo1");
    expect(made(socket, "lo").name).toBe("lo2");
    expect(errno(socket, create("lo1"))).toBe(Errno.EEXIST);
  });

  it("[B.3.4] [FB-66] cloners' names alone make the interface with the lowest unit", () => {
    const { socket, vnet } = setupR();
    const names = ["epair", "tun", "lo", "gif"].map((name) => made(socket, name).name);
    expect(names).toEqual(["epair0a", "tun0", "lo1", "gif0"]);
    expect(["epair", "tun", "lo", "gif", "vlan"].map((name) => vnet.interfaceCreate(name))).toEqual([
      "epair1a",
      "tun1",
      "lo2",
      "gif1",
      "vlan0",
    ]);
  });

  it("[B.3.6] [RF-LINK-25a] epair makes a, then b; the cookie names a, and both halves share a hash", () => {
    const { socket, vnet } = setupR();
    const watcher = monitor(vnet, RTNLGRP.LINK);
    expect(made(socket, "epair", { header: { change: 0x80000000 } })).toEqual({ index: 2, name: "epair0a" });
    const [a, b] = ["epair0a", "epair0b"].map((name) => linkNamed(socket, name)) as [never, never];
    const addresses = [a, b].map((link: ReturnType<typeof linkOf>) => toHex(link.payload(IFLA.ADDRESS) ?? u8(0)));
    expect(addresses[0]).toMatch(/^02[0-9a-f]{8}0a$/);
    expect(addresses[1]).toBe(`${addresses[0]?.slice(0, 10)}0b`);
    // The carrier of both comes up after that, each told twice (B.6).
    expect(events(watcher)).toEqual([
      "NEWLINK epair0a 0x0",
      "NEWLINK epair0b 0x0",
      "NEWLINK epair0a 0x0",
      "NEWLINK epair0a 0x0",
      "NEWLINK epair0b 0x0",
      "NEWLINK epair0b 0x0",
    ]);
    expect(errno(socket, create("epair0"))).toBe(Errno.EEXIST);
    expect(errno(socket, create("epair0a", { kind: "epair" }))).toBe(Errno.EINVAL);
  });

  it("[B.3.2] [B.3.4] a longer name is cut to 15 characters before its unit is read", () => {
    const { socket, vnet } = setupR();
    expect(errno(socket, create("epair1234567890123"))).toBe(Errno.ENOSPC);
    expect(errno(socket, create("epair12345678901"))).toBe(Errno.ENOSPC);
    expect(errno(socket, create("lo1234567890123"))).toBe(Errno.EINVAL);
    expect(vnet.statistics().interfaces).toBe(1);
  });
});

describe("each cloner", () => {
  const ETHER = IFF.BROADCAST | IFF.SIMPLEX | IFF.MULTICAST;
  const TUNNEL = IFF.POINTOPOINT | IFF.MULTICAST;
  const LOOP = IFF.LOOPBACK | IFF.MULTICAST;

  it.each<[string, number, number, number, number, RegExp | undefined]>([
    ["lo", IFT.LOOP, LOOP, 16384, IF_OPER.DOWN, undefined],
    ["epair", IFT.ETHER, ETHER | IFF.RUNNING, 1500, IF_OPER.UP, /^02.{8}0a$/],
    ["bridge", IFT.BRIDGE, ETHER, 1500, IF_OPER.DOWN, /^589cfc/],
    ["tap", IFT.ETHER, ETHER, 1500, IF_OPER.DOWN, /^589cfc/],
    ["vmnet", IFT.ETHER, ETHER, 1500, IF_OPER.DOWN, /^589cfc/],
    ["tun", IFT.PPP, TUNNEL, 1500, IF_OPER.DOWN, undefined],
    ["gif", IFT.GIF, TUNNEL, 1280, IF_OPER.DOWN, undefined],
    ["gre", IFT.TUNNEL, TUNNEL, 1476, IF_OPER.DOWN, undefined],
    ["me", IFT.TUNNEL, TUNNEL, 1488, IF_OPER.DOWN, undefined],
    ["vxlan", IFT.ETHER, ETHER, 1450, IF_OPER.DOWN, /^589cfc/],
    ["lagg", IFT.ETHER, ETHER, 1500, IF_OPER.DOWN, /^0{12}$/],
    ["wg", IFT.WIREGUARD, IFF.NOARP | IFF.MULTICAST, 1420, IF_OPER.DOWN, undefined],
    ["disc", IFT.LOOP, LOOP | IFF.RUNNING, 65532, IF_OPER.DOWN, undefined],
    ["edsc", IFT.ETHER, ETHER | IFF.RUNNING, 1500, IF_OPER.UNKNOWN, /^589cfc/],
    ["enc", IFT.ENC, 0, 1536, IF_OPER.DOWN, undefined],
    ["stf", IFT.STF, 0, 1280, IF_OPER.DOWN, undefined],
    ["ipsec", IFT.TUNNEL, TUNNEL, 1400, IF_OPER.DOWN, undefined],
    ["pflog", IFT.PFLOG, 0, 33160, IF_OPER.DOWN, undefined],
    ["pfsync", IFT.PFSYNC, 0, 1500, IF_OPER.DOWN, undefined],
  ])(
    "[B.3.6] [RF-LINK-25b] [RF-LINK-2c] [RF-LINK-5a] %s has its type, flags, MTU and address",
    (kind, type, flags, mtu, operState, address) => {
      const { socket } = setupR();
      // A flag beyond UP in the mask, so that the change that follows leaves UP alone.
      const cookie = made(socket, kind, { header: { change: 0x80000000 } });
      const link = linkNamed(socket, cookie.name);
      expect(link).toMatchObject({ index: cookie.index, type, mtu, operState, change: 0 });
      expect(link.flags).toBe(operState === IF_OPER.UP ? flags | IFF.LOWER_UP : flags);
      expect(link.carrier).toBe(operState === IF_OPER.UP ? 1 : 0);
      const lladdr = link.payload(IFLA.ADDRESS);
      if (address === undefined) expect([lladdr, link.payload(IFLA.BROADCAST)]).toEqual([undefined, undefined]);
      else expect(toHex(lladdr ?? u8(0))).toMatch(address);
      const info = attributes(link.payload(IFLA.LINKINFO) ?? u8(0));
      expect(info.map(([each, payload]) => [each, toHex(payload)])).toEqual([[IFLA_INFO.KIND, toHex(text(kind))]]);
      for (const never of [IFLA.LINK, IFLA.MASTER, IFLA.GROUP, IFLA.TXQLEN, IFLA.QDISC, IFLA.LINKMODE, IFLA.STATS]) {
        expect(link.order).not.toContain(never);
      }
      expect(errno(socket, deleteLink(cookie.index))).toBe(0);
    },
  );

  it("[B.3.6] [RF-LINK-25c] data of a kind that takes none is not looked at", () => {
    const { socket } = setupR();
    expect(made(socket, "tap", { data: hex("ff 00 ff ff 01") }).name).toBe("tap0");
  });
});

describe("a creation that succeeds", () => {
  it("[B.3.3] [N12.7] [RF-LINK-22a] the ack carries index and name, its length counts the padding", () => {
    const { socket } = setupR();
    const [ack, ...rest] = ask(socket, create("tap0"));
    expect(rest).toEqual([]);
    // Behind the error and the echoed header: nla_len 24, COOKIE; 8, NEW_IFINDEX, 2; 9, IFNAME, "tap0".
    expect(toHex(ack?.body.slice(20) ?? u8(0))).toBe("1800030008003100020000000900030074617030" + "00000000");
  });

  it("[B.3.3] the cookie is there without NETLINK_EXT_ACK as well", () => {
    const { vnet } = setupR();
    const plain = vnet.socket();
    expect(cookieOf(acked(plain, create("lo7")))).toEqual({ index: 2, name: "lo7" });
  });

  it("[B.3.3] [RF-LINK-22b] without NLM_F_ACK nothing is answered, and the interface is there", () => {
    const { socket } = setupR();
    expect(ask(socket, create("lo7", { flags: "qC" }))).toEqual([]);
    expect(linkNamed(socket, "lo7").index).toBe(2);
  });

  it("[B.3.5] [RF-LINK-23] group LINK hears of it, without UP, before the ack", () => {
    const { vnet } = setupR();
    const socket = monitor(vnet, RTNLGRP.LINK);
    const [first, ...rest] = ask(socket, create("lo7", { header: { change: 0x80000000 } }));
    const link = linkOf(first);
    expect([link.name, link.change, link.flags & IFF.UP]).toEqual(["lo7", 0, 0]);
    expect([first?.type, first?.seq, first?.pid, first?.flags]).toEqual([RTM.NEWLINK, 0, 0, 0]);
    expect(rest.map((seen) => seen.type)).toEqual([2]);
  });

  it("[B.3.2] [B.3.5] [RF-LINK-24a] flags UP bring it up: a second event with change UP", () => {
    const { socket, vnet } = setupR();
    const watcher = monitor(vnet, RTNLGRP.LINK);
    made(socket, "lo7", { header: { flags: IFF.UP, change: IFF.UP } });
    expect(events(watcher)).toEqual(["NEWLINK lo7 0x0", "NEWLINK lo7 0x1"]);
    expect(linkNamed(socket, "lo7").flags & IFF.UP).toBe(IFF.UP);
  });

  it("[B.3.2] [RF-LINK-24b] an error of the change leaves the interface, and no cookie", () => {
    const { vnet, socket } = setupR();
    const creator = openSocket(vnet, { cred: { uid: 1001, privileges: PRIV.NET_IFCREATE } });
    const ack = acked(creator, create("lo7", { alias: "x" }));
    expect([ack.error, ack.text, ack.cookie]).toEqual([Errno.EPERM, "Not enough privileges to set descr", undefined]);
    expect(linkNamed(socket, "lo7").alias).toBeUndefined();
  });

  it("[FB-19] [FB-20] [FB-64] lo10 with a kind without NUL, description and MTU", () => {
    const { socket } = setupPair();
    const info = attribute(IFLA.LINKINFO, attribute(IFLA_INFO.KIND, new TextEncoder().encode("lo")));
    const request = newLink({ flags: "qaCX", name: "lo10", alias: "test description", mtu: 1024, more: [info] });
    const cookie = cookieOf(acked(socket, request));
    expect(cookie.name).toBe("lo10");
    const [reply, ack] = ask(socket, getLink({}, "qa", attribute(IFLA.IFNAME, text("lo10"))));
    expect(linkOf(reply)).toMatchObject({ name: "lo10", index: cookie.index, alias: "test description", mtu: 1024 });
    expect(ack?.type).toBe(2);
  });

  it("[FB-65] lo1 … lo40, one after another: new indices, the right names, all in every dump", () => {
    const { socket } = setupPair();
    const seen = new Map([["lo0", 1]]);
    for (let n = 1; n <= 40; n++) {
      const { index, name } = made(socket, `lo${n}`);
      expect([name, [...seen.values()].includes(index)]).toEqual([`lo${n}`, false]);
      seen.set(name, index);
      const dump = ask(socket, message({ type: RTM.GETLINK, flags: "qa", seq: 7 }, ifinfomsg()));
      expect(dump.every((each) => each.seq === 7)).toBe(true);
      expect(doneOf(dump.at(-1))).toBe(0);
      const loopbacks = dump
        .slice(0, -1)
        .map(linkOf)
        .filter((link) => link.name.startsWith("lo"));
      expect(new Map(loopbacks.map((link) => [link.name, link.index]))).toEqual(seen);
    }
  });
});

describe("a vlan", () => {
  const A = 2;
  const B = 3;

  function vlan(name: string, index: number, data?: Uint8Array): Uint8Array {
    return create(name, { kind: "vlan", header: { index }, ...(data === undefined ? {} : { data }) });
  }

  it.each([
    ["[RF-LINK-26a] no data", vlan("vlan5", A), Errno.EOPNOTSUPP, "vlan id is required, guessing not supported"],
    ["[RF-LINK-26a] no vid", vlan("vlan5", A, vlanData()), Errno.EINVAL, "Invalid VID: 65278"],
    ["[RF-LINK-26a] vid 4095", vlan("vlan5", A, vlanData(4095)), Errno.EINVAL, "Invalid VID: 4095"],
    [
      "[RF-LINK-26a] ethertype 0x9100",
      vlan("vlan5", A, vlanData(5, 0x9100)),
      Errno.EOPNOTSUPP,
      "Unsupported ethertype: 0x9100",
    ],
    [
      "[RF-LINK-26b] no index in the header",
      vlan("vlan5", 0, vlanData(5)),
      Errno.ENOENT,
      "unable to find parent interface 0",
    ],
    [
      "[RF-LINK-26b] an unknown index",
      vlan("vlan5", 99, vlanData(5)),
      Errno.ENOENT,
      "unable to find parent interface 99",
    ],
    ["[RF-LINK-26c] a parent other than the name's", vlan("epair0a.7", B, vlanData(7)), Errno.EINVAL, undefined],
    ["[RF-LINK-26c] a name of no cloner", vlan("xvlan7", A, vlanData(7)), Errno.EINVAL, undefined],
    [
      "[B.3.7] a vid too short",
      vlan("vlan5", A, attribute(IFLA_VLAN.ID, u8(5))),
      Errno.EINVAL,
      "nla type 1 size(1) is not uint16",
    ],
  ])("[B.3.7] %s is refused before anything is made", (_, request, expected, reason) => {
    const { socket, vnet } = setupPair();
    const watcher = monitor(vnet, RTNLGRP.LINK);
    const ack = acked(socket, request);
    expect([ack.error, ack.text]).toEqual([expected, reason]);
    expect(events(watcher)).toEqual([]);
  });

  it("[B.3.7] [RF-LINK-26b] IFLA_LINK alone, as Linux programs send it, is ENOENT", () => {
    const { socket } = setupPair();
    expect(errno(socket, create("vlan5", { link: A, data: vlanData(5) }))).toBe(Errno.ENOENT);
  });

  it.each([
    ["[RF-LINK-27a] lo0", (_: Vnet) => 1, vlanData(5), Errno.EPROTONOSUPPORT],
    [
      "[RF-LINK-27a] gif0",
      (vnet: Vnet) => vnet.interfaceIndex(vnet.interfaceCreate("gif")) ?? 0,
      vlanData(5),
      Errno.EPROTONOSUPPORT,
    ],
    ["[RF-LINK-27c] vid 0", (_: Vnet) => A, vlanData(0), Errno.EINVAL],
  ])("[B.3.7] a parent that refuses, %s: it came and goes, and nothing is left", (_, parent, data, expected) => {
    const { socket, vnet } = setupPair();
    const index = parent(vnet);
    const watcher = monitor(vnet, RTNLGRP.LINK);
    const { interfaces } = vnet.statistics();
    expect(errno(socket, vlan("vlan5", index, data))).toBe(expected);
    expect(events(watcher)).toEqual(["NEWLINK vlan5 0x0", "NEWLINK vlan5 0x1", "DELLINK vlan5 0x0"]);
    expect(vnet.statistics().interfaces).toBe(interfaces);
    expect(made(socket, "vlan5", { header: { index: A }, data: vlanData(5) }).name).toBe("vlan5");
  });

  it("[B.3.7] [RF-LINK-27b] a parent has a vid once for each ethertype", () => {
    const { socket } = setupPair();
    made(socket, "vlan5", { header: { index: A }, data: vlanData(22) });
    expect(errno(socket, vlan("vlan6", A, vlanData(22)))).toBe(Errno.EEXIST);
    expect(errno(socket, vlan("vlan6", A, vlanData(22, QINQ)))).toBe(0);
    expect(errno(socket, vlan("vlan7", B, vlanData(22)))).toBe(0);
  });

  it("[B.3.5] [RF-LINK-28] its first event shows address zeros, MTU 1500 and no parent; then it has the parent's", () => {
    const { socket, vnet } = setupPair();
    vnet.interfaceSet("epair0a", { mtu: 9000 });
    const watcher = monitor(vnet, RTNLGRP.LINK);
    made(socket, "vlan22", { header: { index: A, change: 0x80000000 }, data: vlanData(22) });
    const [first, ...rest] = drain(watcher).map(linkOf);
    expect(rest).toEqual([]);
    expect([toHex(first?.payload(IFLA.ADDRESS) ?? u8(0)), first?.mtu]).toEqual(["000000000000", 1500]);
    expect([first?.type, first?.operState]).toEqual([IFT.ETHER, IF_OPER.UNKNOWN]);
    const [link, parent] = ["vlan22", "epair0a"].map((name) => linkNamed(socket, name));
    expect(link).toMatchObject({ type: IFT.L2VLAN, mtu: 9000, operState: IF_OPER.UP, carrier: 1 });
    expect(link?.payload(IFLA.ADDRESS)).toEqual(parent?.payload(IFLA.ADDRESS));
    expect((link?.flags ?? 0) & IFF.RUNNING).toBe(IFF.RUNNING);
  });

  it("[B.3.7] a parent that takes no longer frames leaves it 4 bytes less", () => {
    const { socket, vnet } = setupR();
    const parent = vnet.interfaceIndex(vnet.interfaceCreate("tap")) ?? 0;
    made(socket, "vlan5", { header: { index: parent, change: 0x80000000 }, data: vlanData(5) });
    expect(linkNamed(socket, "vlan5")).toMatchObject({ mtu: 1496, operState: IF_OPER.DOWN });
  });

  it("[FB-23] as FreeBSD's test makes it: header index and IFLA_LINK", () => {
    const { socket, vnet } = setupR();
    vnet.interfaceCreate("epair");
    const header = { index: vnet.interfaceIndex("epair0a") ?? 0 };
    const request = create("vlan22", { flags: "qaCX", header, link: header.index, data: vlanData(22) });
    expect(errno(socket, request)).toBe(0);
    expect(linkNamed(socket, "vlan22").type).toBe(IFT.L2VLAN);
  });

  it("[FB-67] [FB-115] vlans on vlans, three deep, of both ethertypes, each with its parent", () => {
    const kernel = setupR({ switches: { vlanDump: true } });
    const { vnet } = kernel;
    const socket = kernel.socket;
    vnet.interfaceCreate("epair");
    let parent = vnet.interfaceIndex("epair0a") ?? 0;
    const chain = [
      ["vlan10", 42, 0x8100],
      ["vlan11", 5, QINQ],
      ["vlan12", 6, 0x8100],
    ] as const;
    for (const [name, vid, protocol] of chain) {
      const { index } = made(socket, name, { header: { index: parent }, data: vlanData(vid, protocol) });
      const link = linkNamed(socket, name);
      expect(numberAt(link.payload(IFLA.LINK) ?? u8(0), 0, 4)).toBe(parent);
      const info = attributes(link.payload(IFLA.LINKINFO) ?? u8(0));
      const data = attributes(info.find(([type]) => type === IFLA_INFO.DATA)?.[1] ?? u8(0));
      expect(data.map(([type, payload]) => [type, numberAt(payload, 0, 2)])).toEqual([
        [IFLA_VLAN.ID, vid],
        [IFLA_VLAN.PROTOCOL, protocol],
      ]);
      parent = index;
    }
  });

  it("[B.3.7] [FB-68] [RF-LINK-26c] PARENT.VID: parent and vid are those of the name", () => {
    const { vnet, socket } = setupR({ switches: { vlanDump: true } });
    vnet.interfaceCreate("epair");
    const index = vnet.interfaceIndex("epair0a") ?? 0;
    const vlan5 = made(socket, "vlan5", { header: { index }, data: vlanData(5, QINQ) }).index;
    const inner = made(socket, "vlan5.42", { kind: "vlan", header: { index: vlan5 }, data: vlanData(7) });
    const named = (name: string) =>
      attributes(linkNamed(socket, name).payload(IFLA.LINKINFO) ?? u8(0))[1]?.[1] ?? u8(0);
    expect([inner.name, toHex(named("vlan5.42"))]).toEqual(["vlan5.42", "060001002a000000" + "0600050000810000"]);
    expect(made(socket, "epair0a.7", { kind: "vlan", header: { index }, data: vlanData(7) }).name).toBe("epair0a.7");
    expect(vnet.interfaceCreate("epair0a.9")).toBe("epair0a.9");
    expect(numberAt(linkNamed(socket, "epair0a.9").payload(IFLA.LINK) ?? u8(0), 0, 4)).toBe(index);
  });

  it("[B.1.5] [RF-LINK-5b] shows only its kind, unless the switch is on", () => {
    const { socket } = setupPair();
    made(socket, "vlan5", { header: { index: A }, data: vlanData(5) });
    const link = linkNamed(socket, "vlan5");
    expect(link.payload(IFLA.LINK)).toBeUndefined();
    expect(toHex(link.payload(IFLA.LINKINFO) ?? u8(0))).toBe("09000100766c616e00000000");
    const other = setupPair({ switches: { vlanDump: true } });
    made(other.socket, "vlan5", { header: { index: A }, data: vlanData(5) });
    const shown = linkNamed(other.socket, "vlan5");
    expect(toHex(shown.payload(IFLA.LINK) ?? u8(0))).toBe("02000000");
    expect(toHex(shown.payload(IFLA.LINKINFO) ?? u8(0))).toBe(
      "09000100766c616e00000000" + "14000200" + "0600010005000000" + "0600050000810000",
    );
  });
});
