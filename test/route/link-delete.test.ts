// RTM_DELLINK and the sequence of a departure (rtnetlink B.5, B.6.1).

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { IF_OPER, IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { IFLA, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { ask, attribute, drain, ifinfomsg, message, text, toHex, u8 } from "../support/messages.js";
import { monitor, setupR } from "../support/setups.js";
import { acked, create, deleteLink, errno, made, setupPair, vlanData } from "./linkrequests.js";
import { events, linkNamed, linkOf, links } from "./links.js";
import { added, dump, find } from "./routes.js";

describe("what is refused", () => {
  it("[B.5.1] [RF-LINK-38a] an unknown index, and index 0 with a name", () => {
    const { socket } = setupPair();
    const byName = message({ type: RTM.DELLINK, flags: "qa" }, ifinfomsg(), attribute(IFLA.IFNAME, text("epair0a")));
    expect([errno(socket, byName), errno(socket, deleteLink(99))]).toEqual([Errno.ENOENT, Errno.ENOENT]);
    expect(links(socket)).toHaveLength(3);
  });

  it("[B.5.1] [RF-LINK-38b] lo0, of which there is one as long as there is a vnet", () => {
    const { socket, kernel } = setupR();
    expect(errno(socket, deleteLink(1))).toBe(Errno.EINVAL);
    const vnet = kernel.vnetCreate("v");
    expect(() => vnet.interfaceDestroy("lo0")).toThrow(/EINVAL/);
    expect(linkNamed(socket, "lo0").flags & IFF.UP).toBe(IFF.UP);
  });

  it("[B.5.1] [RF-LINK-38c] hardware has no cloner: EINVAL; what has a cloner's name and is not its: ENXIO", () => {
    const { socket } = setupR({ interfaces: [{ name: "em0" }, { name: "tap7" }] });
    const codes = ["em0", "tap7"].map((name) => errno(socket, deleteLink(linkNamed(socket, name).index)));
    expect(codes).toEqual([Errno.EINVAL, Errno.ENXIO]);
    expect(links(socket)).toHaveLength(3);
  });

  it("[B.5.1] [RF-LINK-38d] a vlan that carries vlans: EBUSY, until they are gone", () => {
    const { socket } = setupPair();
    const vlan5 = made(socket, "vlan5", { header: { index: 2 }, data: vlanData(5) }).index;
    const vlan6 = made(socket, "vlan6", { header: { index: vlan5 }, data: vlanData(6) }).index;
    expect(errno(socket, deleteLink(vlan5))).toBe(Errno.EBUSY);
    expect([errno(socket, deleteLink(vlan6)), errno(socket, deleteLink(vlan5))]).toEqual([0, 0]);
    expect(links(socket).map((link) => link.name)).toEqual(["lo0", "epair0a", "epair0b"]);
  });
});

describe("what goes", () => {
  it("[FB-22] [B.5.2] a link by its index, with a plain ack; then its unit, name and index are free", () => {
    const { socket } = setupPair();
    const { index } = made(socket, "lo10");
    const ack = acked(socket, deleteLink(index));
    expect([ack.error, ack.cookie]).toEqual([0, undefined]);
    expect(links(socket).map((link) => link.name)).not.toContain("lo10");
    expect(made(socket, "lo10")).toEqual({ index, name: "lo10" });
  });

  it("[B.5.2] [B.6] [RF-LINK-39] one half of an epair: both go, each with a DELLINK", () => {
    const { socket, vnet } = setupPair();
    const watcher = monitor(vnet, RTNLGRP.LINK);
    const ack = acked(socket, deleteLink(3));
    expect([ack.error, ack.cookie]).toEqual([0, undefined]);
    const seen = events(watcher);
    expect(seen.filter((event) => event.startsWith("DELLINK"))).toEqual(["DELLINK epair0b 0x0", "DELLINK epair0a 0x0"]);
    // Before that both lose their carrier, each told twice; then each goes down and leaves.
    expect(seen).toEqual([
      ...new Array<string>(2).fill("NEWLINK epair0b 0x0"),
      ...new Array<string>(2).fill("NEWLINK epair0a 0x0"),
      "NEWLINK epair0b 0x1",
      "DELLINK epair0b 0x0",
      "NEWLINK epair0a 0x1",
      "DELLINK epair0a 0x0",
    ]);
    expect(links(socket).map((link) => link.name)).toEqual(["lo0"]);
    expect(made(socket, "epair").name).toBe("epair0a");
  });

  it("[B.6.1] [RF-LINK-40] addresses, the link down, addresses again, the link last with all it has", () => {
    const { socket, vnet } = setupPair();
    added(socket, "10.1.0.0/16", { gateway: "192.0.2.254" });
    const watcher = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV4_ROUTE, RTNLGRP.NEIGH);
    const order = linkNamed(socket, "epair0a").order;
    expect(errno(socket, deleteLink(2))).toBe(0);
    const seen = drain(watcher);
    const last = linkOf(seen.find((each) => each.type === RTM.DELLINK));
    expect(last.order).toEqual(order);
    expect(last.flags & (IFF.UP | IFF.DYING)).toBe(IFF.DYING);
    const ofA = seen
      .slice(4)
      .map((each) => (each.type === RTM.NEWLINK ? `NEWLINK ${linkOf(each).change}` : RTM[each.type]));
    // Its network's route is gone by then, so the own neighbour entry is told of (netinet/in.c, in_scrubprefix).
    expect(ofA.slice(0, 5)).toEqual(["DELADDR", "NEWLINK 1", "DELADDR", "DELNEIGH", "DELLINK"]);
    expect(dump(socket, AF.INET).map((route) => route.prefix)).toEqual(["127.0.0.1/32"]);
    expect(find(socket, "10.1.0.0/16")).toBeUndefined();
  });

  it("[B.6] a parent: its vlans stay, without parent, MTU 1500, and nobody is told", () => {
    const { socket, vnet } = setupPair();
    vnet.interfaceSet("epair0a", { mtu: 9000 });
    made(socket, "vlan5", { header: { index: 2, change: 0x80000000 }, data: vlanData(5) });
    const watcher = monitor(vnet, RTNLGRP.LINK);
    expect(errno(socket, deleteLink(2))).toBe(0);
    expect(linkNamed(socket, "vlan5")).toMatchObject({ mtu: 1500, operState: IF_OPER.UNKNOWN });
    // While it had its parent it followed the carrier.
    expect(events(watcher).filter((event) => event.includes("vlan5"))).toEqual(new Array(2).fill("NEWLINK vlan5 0x0"));
    expect(errno(socket, deleteLink(linkNamed(socket, "vlan5").index))).toBe(0);
  });

  it("[B.6.2] [RF-LINK-41a] the index is used again, the lowest free one first", () => {
    const { socket } = setupR();
    const indices = ["lo1", "lo2", "lo3"].map((name) => made(socket, name).index);
    expect(indices).toEqual([2, 3, 4]);
    for (const index of [3, 2]) expect(errno(socket, deleteLink(index))).toBe(0);
    expect(["tap", "tun", "gif"].map((name) => made(socket, name).index)).toEqual([2, 3, 5]);
  });

  it("[B.6.2] within one send, a request finds the index that the one before set free", () => {
    const { socket } = setupR();
    made(socket, "lo1");
    const seen = ask(socket, deleteLink(2), create("tap3"), create("epair"));
    expect(seen.map((each) => each.type)).toEqual([2, 2, 2]);
    expect(links(socket).map(({ name, index }) => [name, index])).toEqual([
      ["lo0", 1],
      ["tap3", 2],
      ["epair0a", 3],
      ["epair0b", 4],
    ]);
  });

  it("[FB-69] making and destroying from two sockets in turn leaves nothing behind", () => {
    const { socket, vnet } = setupR();
    const other = monitor(vnet, RTNLGRP.LINK);
    const kinds = ["epair", "gif", "lo", "tap", "tun", "vmnet"];
    const round = (n: number): void => {
      const from = n % 2 === 0 ? socket : other;
      const cookies = kinds.map((kind) => made(from, kind));
      vnet.addressAdd(cookies[0]?.name ?? "", `10.${n}.0.1/24`);
      vnet.addressAdd(cookies[4]?.name ?? "", `10.${n}.1.1/24`, { peer: `10.${n}.1.2` });
      for (const { index } of cookies) expect(errno(socket, deleteLink(index))).toBe(0);
      drain(other);
    };
    for (let n = 0; n < 20; n++) round(n);
    const before = vnet.statistics();
    for (let n = 20; n < 60; n++) round(n);
    const after = vnet.statistics();
    expect(after).toEqual(before);
    expect([after.interfaces, vnet.check()]).toEqual([1, 0]);
  });

  it("[B.5] hardware is taken out by the host, cloned links by either call", () => {
    const { socket, vnet } = setupR({ interfaces: [{ name: "em0" }] });
    vnet.interfaceCreate("tap");
    vnet.interfaceCreate("epair");
    for (const name of ["em0", "tap0", "epair0b"]) vnet.interfaceDetach(name);
    expect(links(socket).map((link) => link.name)).toEqual(["lo0"]);
    expect(vnet.interfaceCreate("tap")).toBe("tap0");
    expect(toHex(linkNamed(socket, "tap0").payload(IFLA.LINKINFO) ?? u8(0))).toBe("0800010074617000");
  });
});
