// RTM_NEWLINK without NLM_F_CREATE (rtnetlink B.4), and GETLINK's view of states that the host changes.

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { IF_OPER, IFCAP, IFF } from "../../assembly/abi/ifnet.js";
import { NETLINK_OPTION, PRIV, SOL } from "../../assembly/abi/netlink.js";
import { IFLA, IFLA_INFO, IFLAF, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import {
  ask,
  attribute,
  attributes,
  hex,
  ifinfomsg,
  message,
  numberAt,
  text,
  toHex,
  u8,
  u32,
} from "../support/messages.js";
import { monitor, openSocket, setupR } from "../support/setups.js";
import { acked, create, errno, made, newLink, setupPair, vlanData } from "./linkrequests.js";
import { events, linkNamed, links } from "./links.js";

const A = 2;
const B = 3;
/** A mask that leaves UP and PROMISC alone. */
const OTHER = 0x80000000;

describe("the target of a change", () => {
  it.each([
    ["[RF-LINK-29a] neither index nor name", newLink({}), Errno.EPERM, "empty ifi_index field"],
    [
      "[RF-LINK-29b] an unknown index",
      newLink({ header: { index: 99 } }),
      Errno.ENOENT,
      "unable to find interface #99",
    ],
    ["[RF-LINK-29b] an unknown name", newLink({ name: "nope" }), Errno.ENOENT, "unable to find interface nope"],
    [
      "[B.4.1] a name longer than any",
      newLink({ name: "x".repeat(200) }),
      Errno.ENOENT,
      `unable to find interface ${"x".repeat(102)}`,
    ],
  ])("[B.4.1] %s is refused", (_, request, expected, reason) => {
    const { socket } = setupPair();
    const ack = acked(socket, request);
    expect([ack.error, ack.text]).toEqual([expected, reason]);
  });

  it("[B.4.1] [RF-LINK-29c] an index counts more than a name, and nothing is renamed", () => {
    const { socket } = setupPair();
    expect(errno(socket, newLink({ header: { index: A, change: OTHER }, name: "other", mtu: 1400 }))).toBe(0);
    expect(errno(socket, newLink({ header: { change: OTHER }, name: "epair0b", mtu: 1300 }))).toBe(0);
    expect(links(socket).map(({ name, mtu }) => [name, mtu])).toEqual([
      ["lo0", 16384],
      ["epair0a", 1400],
      ["epair0b", 1300],
    ]);
  });

  it("[B.2.2] [RF-LINK-37] a strict socket cannot set flags", () => {
    const { socket } = setupPair();
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.GET_STRICT_CHK, 1);
    const ack = acked(socket, newLink({ header: { index: A, flags: IFF.UP } }));
    expect([ack.error, ack.text]).toEqual([Errno.EINVAL, "strict checking: non-zero values in ifinfomsg header"]);
  });

  it("[0.2] [0.9] without PRIV_NET_IFCREATE nothing is changed", () => {
    const { socket, vnet } = setupPair();
    const other = openSocket(vnet, { cred: { uid: 1001, privileges: PRIV.NET_SETIFMTU | PRIV.NET_SETIFDESCR } });
    expect(errno(other, newLink({ header: { index: A }, mtu: 1400 }))).toBe(Errno.EPERM);
    expect(linkNamed(socket, "epair0a").mtu).toBe(1500);
  });
});

describe("what is changed", () => {
  const change = (fields: Parameters<typeof newLink>[0], flags = 0, mask = OTHER): Uint8Array =>
    newLink({ ...fields, header: { index: A, flags, change: mask } });

  it("[B.4.3] [B.1.2] [RF-LINK-30a] [RF-LINK-2b] a description is set, and the empty one clears it", () => {
    const { socket } = setupPair();
    expect(errno(socket, change({ alias: "x" }))).toBe(0);
    const link = linkNamed(socket, "epair0a");
    expect([link.alias, link.order.indexOf(IFLA.IFALIAS)]).toEqual(["x", link.order.indexOf(IFLA.MTU) + 1]);
    expect(errno(socket, change({ alias: "" }))).toBe(0);
    expect(linkNamed(socket, "epair0a").order).not.toContain(IFLA.IFALIAS);
  });

  it("[FB-21] description and MTU of a link by its name", () => {
    const { socket } = setupR();
    made(socket, "lo10");
    expect(errno(socket, newLink({ name: "lo10", alias: "test description", mtu: 1024 }))).toBe(0);
    expect(linkNamed(socket, "lo10")).toMatchObject({ alias: "test description", mtu: 1024 });
  });

  it("[B.4.4] [RF-LINK-30b] UP on a link that is up tells of it all the same", () => {
    const { socket, vnet } = setupPair();
    const watcher = monitor(vnet, RTNLGRP.LINK);
    expect(errno(socket, change({}, IFF.UP, IFF.UP))).toBe(0);
    expect(events(watcher)).toEqual(["NEWLINK epair0a 0x1"]);
  });

  it("[B.4.3] [B.4.4] [RF-LINK-30c] without UP in the flags it goes down, and the driver runs on", () => {
    const { socket } = setupPair();
    expect(errno(socket, change({}, 0, IFF.UP))).toBe(0);
    expect(linkNamed(socket, "epair0a").flags & (IFF.UP | IFF.RUNNING)).toBe(IFF.RUNNING);
    expect(errno(socket, change({}, IFF.UP, IFF.UP))).toBe(0);
    expect(linkNamed(socket, "epair0a").flags & IFF.UP).toBe(IFF.UP);
  });

  it("[B.4.4] a request that brings a bridge up does not make its driver run; the host's call does", () => {
    const { socket, vnet } = setupR();
    const { index } = made(socket, "bridge0");
    expect(errno(socket, newLink({ header: { index, flags: IFF.UP, change: IFF.UP } }))).toBe(0);
    expect(linkNamed(socket, "bridge0").flags & (IFF.UP | IFF.RUNNING)).toBe(IFF.UP);
    vnet.interfaceDown("bridge0");
    vnet.interfaceUp("bridge0");
    expect(linkNamed(socket, "bridge0").flags & (IFF.UP | IFF.RUNNING)).toBe(IFF.UP | IFF.RUNNING);
  });

  it("[B.4.3] [RF-LINK-30d] a change mask of 0 counts as all flags: with flags 0 the link goes down", () => {
    const { socket } = setupPair();
    expect(errno(socket, change({ mtu: 1400 }, 0, 0))).toBe(0);
    const link = linkNamed(socket, "epair0a");
    expect([link.mtu, link.flags & IFF.UP]).toEqual([1400, 0]);
  });

  it("[B.4.3] [RF-LINK-31a] with a mask of other flags only the MTU changes", () => {
    const { socket } = setupPair();
    expect(errno(socket, change({ mtu: 1400 }, IFF.UP, OTHER))).toBe(0);
    const link = linkNamed(socket, "epair0a");
    expect([link.mtu, link.flags & IFF.UP]).toEqual([1400, IFF.UP]);
  });

  it("[B.4.3] [B.6] [B.1.2] [RF-LINK-31b] PROMISC is told of once on and once off, however often it is asked for", () => {
    const { socket, vnet } = setupPair();
    const watcher = monitor(vnet, RTNLGRP.LINK);
    const promiscuity = (): number => numberAt(linkNamed(socket, "epair0a").payload(IFLA.PROMISCUITY) ?? u8(0), 0, 4);
    const seen = [IFF.PROMISC, IFF.PROMISC, 0, 0].map((flags) => {
      expect(errno(socket, change({}, flags, IFF.PROMISC))).toBe(0);
      return [events(watcher), promiscuity()];
    });
    const told = ["NEWLINK epair0a 0x100"];
    expect(seen).toEqual([
      [told, 1],
      [[], 1],
      [told, 0],
      [[], 0],
    ]);
  });

  it.each([71, 65536, 0xffffffff])("[B.4.6] [RF-LINK-31c] an MTU of %i is acked and not taken", (mtu) => {
    const { socket, vnet } = setupPair();
    const watcher = monitor(vnet, RTNLGRP.LINK);
    expect(errno(socket, change({ mtu }))).toBe(0);
    expect([linkNamed(socket, "epair0a").mtu, events(watcher)]).toEqual([1500, []]);
  });

  it.each([
    ["gif", 1280, 8192],
    ["gre", 576, 65535],
    ["epair", 72, 65535],
    ["edsc", 72, 1500],
  ])("[B.4.6] %s takes MTUs from %i to %i", (kind, least, most) => {
    const { socket } = setupR();
    const { index, name } = made(socket, kind);
    for (const mtu of [least, most]) {
      expect(errno(socket, newLink({ header: { index, change: OTHER }, mtu }))).toBe(0);
      expect(linkNamed(socket, name).mtu).toBe(mtu);
      for (const beyond of [least - 1, most + 1])
        ask(socket, newLink({ header: { index, change: OTHER }, mtu: beyond }));
      expect(linkNamed(socket, name).mtu).toBe(mtu);
    }
  });

  it("[B.6] [RF-LINK-32] an MTU is told of with change 0", () => {
    const { socket, vnet } = setupPair();
    const watcher = monitor(vnet, RTNLGRP.LINK);
    expect(errno(socket, change({ mtu: 1400 }))).toBe(0);
    expect(events(watcher)).toEqual(["NEWLINK epair0a 0x0"]);
  });

  it("[B.4.3] [RF-LINK-33a] a link-level address of the right length is taken, any other is EINVAL", () => {
    const { socket } = setupPair();
    expect(errno(socket, change({ address: hex("02 11 22 33 44 55") }))).toBe(0);
    expect(toHex(linkNamed(socket, "epair0a").payload(IFLA.ADDRESS) ?? u8(0))).toBe("021122334455");
    expect(errno(socket, change({ address: hex("02 11 22 33 44") }))).toBe(Errno.EINVAL);
    expect(errno(socket, newLink({ header: { index: 1, change: OTHER }, address: hex("021122334455") }))).toBe(
      Errno.EINVAL,
    );
    expect(toHex(linkNamed(socket, "epair0a").payload(IFLA.ADDRESS) ?? u8(0))).toBe("021122334455");
  });

  it("[B.4.3] [RF-LINK-33b] what came before a wrong address stays", () => {
    const { socket } = setupPair();
    expect(errno(socket, change({ alias: "x", mtu: 1400, address: hex("0211") }))).toBe(Errno.EINVAL);
    expect(linkNamed(socket, "epair0a")).toMatchObject({ alias: "x", mtu: 1400 });
  });

  it.each([
    ["a description", { alias: "x" }, "Not enough privileges to set descr"],
    ["an MTU", { mtu: 1400 }, "Not enough privileges to set mtu"],
    ["a link-level address", { address: hex("021122334455") }, undefined],
  ])("[B.4.3] %s needs a privilege of its own", (_, fields, reason) => {
    const { socket, vnet } = setupPair();
    const other = openSocket(vnet, { cred: { uid: 1001, privileges: PRIV.NET_IFCREATE } });
    const before = linkNamed(socket, "epair0a");
    const ack = acked(other, change(fields));
    expect(ack.error).toBe(Errno.EPERM);
    if (reason !== undefined) expect(ack.text).toBe(reason);
    expect(toHex(linkNamed(socket, "epair0a").seen.body)).toBe(toHex(before.seen.body));
  });

  it("[B.4.5] [RF-LINK-34] what netlink cannot change is acked and changes nothing", () => {
    const { socket } = setupPair();
    const before = toHex(linkNamed(socket, "epair0a").seen.body);
    const more = [
      attribute(IFLA.MASTER, u32(1)),
      attribute(IFLA.TXQLEN, u32(5)),
      attribute(IFLA.OPERSTATE, u8(2)),
      attribute(IFLA.GROUP, text("x")),
      attribute(IFLA.NET_NS_FD, u32(3)),
      attribute(IFLA.CARRIER, u8(0)),
    ].sort((left, right) => numberAt(left, 2, 2) - numberAt(right, 2, 2));
    for (const each of more)
      expect(errno(socket, newLink({ header: { index: A, change: OTHER }, more: [each] }))).toBe(0);
    expect(errno(socket, change({}, IFF.NOARP, IFF.NOARP))).toBe(0);
    expect(errno(socket, change({}, IFF.ALLMULTI, IFF.ALLMULTI))).toBe(0);
    expect(toHex(linkNamed(socket, "epair0a").seen.body)).toBe(before);
  });

  it("[B.4.3] [RF-LINK-35] as FreeBSD 14 has it, a request brings nothing up", () => {
    const { socket, vnet } = setupPair({ switches: { links14: true } });
    vnet.interfaceDown("epair0a");
    expect(errno(socket, change({ address: hex("0211") }, IFF.UP, IFF.UP))).toBe(0);
    expect(linkNamed(socket, "epair0a").flags & IFF.UP).toBe(0);
    vnet.interfaceUp("epair0a");
    expect(errno(socket, change({ mtu: 1400 }, 0, 0))).toBe(0);
    expect(linkNamed(socket, "epair0a").flags & IFF.UP).toBe(IFF.UP);
    expect(errno(socket, change({}, 0, IFF.UP))).toBe(0);
    expect(linkNamed(socket, "epair0a").flags & IFF.UP).toBe(0);
  });
});

describe("a vlan that is changed", () => {
  it("[B.4.2] [RF-LINK-36] vid and ethertype by IFLA_LINK and the data; everything else is refused", () => {
    const { socket } = setupPair({ switches: { vlanDump: true } });
    const { index } = made(socket, "vlan5", { header: { index: A }, data: vlanData(5) });
    made(socket, "vlan6", { header: { index: A }, data: vlanData(6) });
    const set = (link: number | undefined, data: Uint8Array) =>
      acked(socket, newLink({ header: { index, change: OTHER }, data, ...(link === undefined ? {} : { link }) }));
    const shown = (): string => {
      const info = attributes(linkNamed(socket, "vlan5").payload(IFLA.LINKINFO) ?? u8(0));
      return toHex(info.find(([type]) => type === IFLA_INFO.DATA)?.[1] ?? u8(0));
    };
    expect(set(A, vlanData(9)).error).toBe(0);
    expect(shown()).toBe("06000100" + "09000000" + "06000500" + "00810000");
    const without = set(undefined, vlanData(10));
    expect([without.error, without.text]).toEqual([Errno.ENOENT, "unable to find parent interface 0"]);
    expect(set(99, vlanData(10)).error).toBe(Errno.ENOENT);
    expect(set(B, vlanData(10)).error).toBe(Errno.EBUSY);
    expect(set(A, vlanData(6)).error).toBe(Errno.EEXIST);
    expect(set(A, vlanData()).error).toBe(Errno.EINVAL);
    expect(shown()).toBe("06000100" + "09000000" + "06000500" + "00810000");
    expect(set(A, vlanData(9, 0x88a8)).error).toBe(0);
    expect(shown()).toBe("06000100" + "09000000" + "06000500" + "a8880000");
  });

  it("[B.4.2] one without a parent gets it", () => {
    const { socket, vnet } = setupPair({ switches: { vlanDump: true } });
    const index = vnet.interfaceIndex(vnet.interfaceCreate("vlan")) ?? 0;
    expect(linkNamed(socket, "vlan0")).toMatchObject({ operState: IF_OPER.UNKNOWN, carrier: 0 });
    expect(errno(socket, newLink({ header: { index, change: OTHER }, link: A, data: vlanData(7) }))).toBe(0);
    expect(linkNamed(socket, "vlan0")).toMatchObject({ operState: IF_OPER.UP, carrier: 1 });
  });

  it("[B.4.6] its MTU is at most its parent's; without a parent it has none to set", () => {
    const { socket, vnet } = setupPair();
    const { index } = made(socket, "vlan5", { header: { index: A }, data: vlanData(5) });
    const mtu = (value: number): number => {
      expect(errno(socket, newLink({ header: { index, change: OTHER }, mtu: value }))).toBe(0);
      return linkNamed(socket, "vlan5").mtu;
    };
    expect([mtu(1400), mtu(1500), mtu(1501)]).toEqual([1400, 1500, 1500]);
    const free = vnet.interfaceCreate("vlan");
    expect(() => vnet.interfaceSet(free, { mtu: 1400 })).toThrow(/EINVAL/);
  });
});

describe("states that GETLINK shows", () => {
  it("[B.1.3] [A.9] [RF-LINK-3a] Ethernet by its media: epair, tap closed and open, vlan without parent, MONITOR", () => {
    const { socket, vnet } = setupPair();
    vnet.interfaceCreate("tap");
    vnet.interfaceCreate("vlan");
    const state = (name: string): number[] => {
      const { operState, carrier, flags } = linkNamed(socket, name);
      expect((flags & IFF.LOWER_UP) !== 0).toBe(operState === IF_OPER.UP);
      return [operState, carrier];
    };
    expect([state("epair0a"), state("tap0"), state("vlan0")]).toEqual([
      [6, 1],
      [2, 0],
      [0, 0],
    ]);
    vnet.deviceOpen("tap0");
    expect(state("tap0")).toEqual([6, 1]);
    expect(() => vnet.deviceOpen("tap0")).toThrow(/EBUSY/);
    vnet.deviceClose("tap0");
    expect(state("tap0")).toEqual([2, 0]);
    expect(() => vnet.deviceClose("epair0a")).toThrow(/ENXIO/);
    vnet.interfaceSet("epair0a", { flags: { on: IFF.MONITOR } });
    expect(state("epair0a")).toEqual([5, 1]);
    vnet.interfaceSet("epair0a", { flags: { off: IFF.MONITOR } });
    expect(state("epair0a")).toEqual([6, 1]);
  });

  it("[B.1.3] [RF-LINK-3b] bridge0, lo0 and gif0 follow UP", () => {
    const { socket, vnet } = setupPair();
    for (const name of ["bridge0", "gif0"]) vnet.interfaceCreate(name);
    for (const name of ["bridge0", "lo0", "gif0"]) {
      for (const [isUp, expected] of [
        [true, [6, 1]],
        [false, [2, 0]],
        [true, [6, 1]],
      ] as const) {
        if (isUp) vnet.interfaceUp(name);
        else vnet.interfaceDown(name);
        const { operState, carrier } = linkNamed(socket, name);
        expect([operState, carrier]).toEqual(expected);
      }
    }
  });

  it("[B.1.3] [RF-LINK-3c] an epair that is down has its state by media", () => {
    const { socket, vnet } = setupPair();
    vnet.interfaceDown("epair0a");
    const { flags, operState } = linkNamed(socket, "epair0a");
    expect([flags & (IFF.UP | IFF.LOWER_UP), operState]).toEqual([IFF.LOWER_UP, IF_OPER.UP]);
  });

  it("[B.1.4] [RF-LINK-4b] the recorded hardware address comes first, and stays when the address changes", () => {
    const { socket, vnet } = setupPair();
    const before = toHex(linkNamed(socket, "epair0a").payload(IFLA.ADDRESS) ?? u8(0));
    vnet.interfaceSet("epair0a", { lladdr: "02:00:00:00:00:99" });
    const link = linkNamed(socket, "epair0a");
    const members = attributes(link.payload(IFLA.FREEBSD) ?? u8(0));
    expect(members.map(([type]) => type)).toEqual([IFLAF.ORIG_HWADDR, IFLAF.CAPS]);
    expect([toHex(members[0]?.[1] ?? u8(0)), toHex(link.payload(IFLA.ADDRESS) ?? u8(0))]).toEqual([
      before,
      "020000000099",
    ]);
  });

  it("[B.1.4] [RF-LINK-4c] as FreeBSD 14 has it, IFLA_FREEBSD of lo0 is an empty nest", () => {
    const { socket } = setupR({ switches: { links14: true } });
    expect(linkNamed(socket, "lo0").payload(IFLA.FREEBSD)).toEqual(new Uint8Array());
  });

  it("[B.1.4] capabilities: the enabled ones in MASK, the supported in VALUE", () => {
    const { socket, vnet } = setupR();
    vnet.interfaceCreate("tap");
    const words = (): string[] => {
      const caps = attributes(linkNamed(socket, "tap0").payload(IFLA.FREEBSD) ?? u8(0)).find(
        ([type]) => type === IFLAF.CAPS,
      );
      return attributes(caps?.[1] ?? u8(0)).map(([, payload]) => toHex(payload));
    };
    expect(words()).toEqual(["23000000", "0000080000000000", "0104280000000000"]);
    vnet.interfaceSet("tap0", { capabilities: [IFCAP.RXCSUM, IFCAP.LRO] });
    expect(words()).toEqual(["23000000", "0104000000000000", "0104280000000000"]);
    expect(() => vnet.interfaceSet("tap0", { capabilities: [IFCAP.TSO4] })).toThrow(/EINVAL/);
  });

  it("[A.10] [RF-LINK-6] counters fill the first eight fields, multicast and rx_nohandler", () => {
    const { socket, vnet } = setupPair();
    vnet.interfaceSet("epair0a", {
      counters: {
        rxPackets: 1,
        txPackets: 2,
        rxBytes: 3,
        txBytes: 4,
        rxErrors: 5,
        txErrors: 6,
        rxDropped: 7,
        txDropped: 8,
        multicast: 9,
        noProtocol: 2 ** 40,
      },
    });
    const statistics = linkNamed(socket, "epair0a").payload(IFLA.STATS64) ?? u8(0);
    const view = new DataView(statistics.buffer, statistics.byteOffset, statistics.length);
    const fields = Array.from({ length: 24 }, (_, n) => Number(view.getBigUint64(n * 8, true)));
    expect(fields).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, ...new Array<number>(14).fill(0), 2 ** 40]);
  });

  it("[B.1.2] [RF-LINK-7] two promiscuous references show as 1", () => {
    const { socket, vnet } = setupPair();
    for (let n = 0; n < 2; n++) vnet.interfaceSet("epair0a", { promiscuous: true });
    const promiscuity = (): number => numberAt(linkNamed(socket, "epair0a").payload(IFLA.PROMISCUITY) ?? u8(0), 0, 4);
    expect(promiscuity()).toBe(1);
    vnet.interfaceSet("epair0a", { promiscuous: false });
    expect(promiscuity()).toBe(1);
    vnet.interfaceSet("epair0a", { promiscuous: false });
    expect(promiscuity()).toBe(0);
    expect(() => vnet.interfaceSet("epair0a", { promiscuous: false })).toThrow(/EINVAL/);
  });

  it("[B.2.4] links are listed by attachment, whatever their index", () => {
    const { socket, vnet } = setupPair();
    made(socket, "lo5");
    vnet.interfaceDestroy("epair0a");
    made(socket, "tap0");
    expect(links(socket).map(({ name, index }) => [name, index])).toEqual([
      ["lo0", 1],
      ["lo5", 4],
      ["tap0", 2],
    ]);
    expect(ask(socket, message({ type: RTM.GETLINK, flags: "q" }, ifinfomsg({ index: 3 }))).length).toBe(1);
    expect(errno(socket, create("lo5"))).toBe(Errno.EEXIST);
  });
});
