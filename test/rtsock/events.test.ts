// What routing sockets hear of interfaces, addresses, neighbours and routes (rtsock G.5, G.7).

import { describe, expect, it } from "vitest";
import { RTF, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Kernel } from "../../host/kernel/kernel.js";
import { delRoute, newRoute } from "../route/routes.js";
import { ask, drain } from "../support/messages.js";
import { AS_GIVEN, monitor, setupE, setupR } from "../support/setups.js";
import { heard, type Routing, readAll } from "./routing.js";

describe("messages of interfaces", () => {
  it("[RF-RTSOCK-24] tell of arrival, rename, departure and of each change once, with the state after it", () => {
    const { vnet0: vnet } = Kernel.boot();
    const socket = vnet.routingSocket();
    vnet.interfaceAttach({ name: "em0", lladdr: "02:00:00:00:00:0a" });
    vnet.interfaceSet("em0", { mtu: 1400 });
    const [arrival, info] = readAll(socket);
    expect(arrival?.length).toBe(24);
    expect(info).toMatchObject({ type: "IFINFO", length: 168, addrs: 0, index: 2 });
    const data = new DataView((info as Routing).bytes.buffer);
    // if_data: Ethernet, 6 bytes of address, 18 of header, for it has VLAN_MTU, its length, the new MTU.
    expect([data.getUint8(16), data.getUint8(18), data.getUint8(19)]).toEqual([6, 6, 18]);
    expect([data.getUint16(22, true), data.getUint32(24, true)]).toEqual([152, 1400]);
    vnet.interfaceRename("em0", "wan");
    expect(heard(socket)).toEqual(["IFANNOUNCE 1 em0 of 2", "IFANNOUNCE 0 wan of 2"]);
    vnet.interfaceUp("wan");
    vnet.interfaceSet("wan", { promiscuous: true });
    vnet.interfaceSet("wan", { carrier: false });
    vnet.interfaceDown("wan");
    expect(heard(socket)).toEqual(["IFINFO of 2", "IFINFO of 2", "IFINFO of 2", "IFINFO of 2"]);
    vnet.interfaceDetach("wan");
    expect(heard(socket).at(-1)).toBe("IFANNOUNCE 1 wan of 2");
  });

  it("[RF-RTSOCK-37] say nothing of a description, a capability or a link-layer address", () => {
    const { vnet } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    vnet.interfaceSet("em0", { description: "uplink", lladdr: "02:00:00:00:00:0f" });
    expect(heard(socket)).toEqual([]);
  });
});

describe("messages of IPv4 addresses", () => {
  it("[RF-RTSOCK-26] [RS-24] deleting: DELADDR with flag 0x1, then DELETE", () => {
    const { vnet } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    vnet.addressDelete("em0", "192.0.2.1");
    expect(heard(socket)).toEqual([
      "DELADDR 192.0.2.1 0x1 of 2",
      "DELETE 192.0.2.0/255.255.255.0 link#2 0x100040 of 2",
      "DELMADDR 224.0.0.1 0x0 of 2",
    ]);
  });

  it("[RF-RTSOCK-26] an address of a network that another one has: NEWADDR and DELADDR alone", () => {
    const { vnet } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    vnet.addressAdd("em0", "192.0.2.9/24");
    vnet.addressDelete("em0", "192.0.2.9");
    expect(heard(socket)).toEqual(["NEWADDR 192.0.2.9 0x0 of 2", "DELADDR 192.0.2.9 0x0 of 2"]);
  });

  it("[RF-RTSOCK-26] the owner goes and another takes the route over: DELETE and ADD, no DELADDR", () => {
    const { vnet } = setupE(AS_GIVEN);
    vnet.addressAdd("em1", "192.0.2.9/24");
    const socket = vnet.routingSocket();
    vnet.addressDelete("em0", "192.0.2.1");
    expect(heard(socket)).toEqual([
      "DELETE 192.0.2.0/255.255.255.0 link#2 0x100040 of 2",
      "ADD 192.0.2.0/255.255.255.0 link#3 0x100041 of 3",
      "DELMADDR 224.0.0.1 0x0 of 2",
    ]);
  });

  it("[RF-RTSOCK-26] an interface that goes down and comes up again", () => {
    const { vnet } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    vnet.interfaceDown("em0");
    vnet.interfaceUp("em0");
    expect(heard(socket)).toEqual([
      "DELADDR 192.0.2.1 0x1 of 2",
      "DELETE 192.0.2.0/255.255.255.0 link#2 0x100040 of 2",
      "IFINFO of 2",
      "IFINFO of 2",
      "NEWADDR 192.0.2.1 0x0 of 2",
      "ADD 192.0.2.0/255.255.255.0 link#2 0x100041 of 2",
    ]);
  });

  it("[RF-RTSOCK-24] a host address is a host route to lo0", () => {
    const { vnet } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    vnet.addressAdd("em0", "198.51.100.7/32");
    const [, route] = readAll(socket);
    expect(route).toMatchObject({ type: "ADD", dst: "198.51.100.7", flags: 0x100045, index: 1, addrs: 3, length: 184 });
  });

  it("an address given once more: DELADDR and DELETE of the old one first", () => {
    const { vnet } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    vnet.addressAdd("em0", "192.0.2.1/24");
    expect(heard(socket)).toEqual([
      "DELADDR 192.0.2.1 0x1 of 2",
      "DELETE 192.0.2.0/255.255.255.0 link#2 0x100040 of 2",
      "NEWADDR 192.0.2.1 0x0 of 2",
      "ADD 192.0.2.0/255.255.255.0 link#2 0x100041 of 2",
    ]);
  });

  it("a prefix's route that displaces a user's is a CHANGE", () => {
    const { vnet, socket: netlink } = setupE(AS_GIVEN);
    ask(netlink, newRoute("198.51.100.0/24", { gateway: "192.0.2.9" }));
    const socket = vnet.routingSocket();
    vnet.addressAdd("em1", "198.51.100.1/24");
    expect(heard(socket)).toEqual([
      "NEWADDR 198.51.100.1 0x0 of 3",
      "CHANGE 198.51.100.0/255.255.255.0 link#3 0x100041 of 3",
      "NEWMADDR 224.0.0.1 0x0 of 3",
    ]);
  });

  it("[RF-RTSOCK-24] BRD is the peer on a point-to-point interface and the address itself on loopback", () => {
    const { vnet } = setupR({ ...AS_GIVEN, interfaces: [{ name: "ng0", pointToPoint: true, up: true }] });
    const socket = vnet.routingSocket();
    vnet.addressAdd("ng0", "10.0.0.1/32", { peer: "10.0.0.2" });
    vnet.addressAdd("lo0", "10.7.7.7/32");
    const seen = readAll(socket).filter(({ type }) => type === "NEWADDR");
    expect(seen.map(({ brd }) => brd)).toEqual(["10.0.0.2", "10.7.7.7"]);
  });
});

describe("messages of IPv6 addresses", () => {
  it("[RS-18] [RS-19] [RS-20] own entry, groups, NEWADDR, host ADD, prefix ADD", () => {
    const { vnet } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    vnet.addressAdd("em0", "2001:db8::1/32");
    const all = readAll(socket);
    expect(all.map(({ type }) => type === "NEWMADDR")).toEqual([false, true, true, true, false, false, false]);
    const seen = all.filter(({ type }) => type !== "NEWMADDR");
    expect(seen.map(({ type, addrs, length, flags, index }) => [type, addrs, length, flags, index])).toEqual([
      ["ADD", 0x3, 240, 0x445, 0],
      ["NEWADDR", 0x34, 140, 0x4, 2],
      ["ADD", 0x3, 240, RTF.UP | RTF.HOST | RTF.DONE | RTF.STATIC | RTF.PINNED, 1],
      ["ADD", 0x7, 232, RTF.UP | RTF.DONE | RTF.PINNED, 2],
    ]);
    expect(seen[0]?.gateway).toBe("link#2 02:00:00:00:00:0a");
    expect(seen[2]).toMatchObject({ dst: "2001:db8::1", gateway: "link#2", pid: 0 });
    expect(seen[3]).toMatchObject({ dst: "2001:db8::", netmask: "ffff:ffff::", gateway: "link#2" });
  });

  it("[RS-21] [RS-22] removing it: host DELETE, DELADDR, prefix DELETE, groups", () => {
    const { vnet } = setupE(AS_GIVEN);
    vnet.addressAdd("em0", "2001:db8::1/32");
    const socket = vnet.routingSocket();
    vnet.addressDelete("em0", "2001:db8::1");
    expect(heard(socket)).toEqual([
      "DELETE 2001:db8::1 link#2 0x100844 of 0",
      "DELADDR 2001:db8::1 0x0 of 2",
      "DELETE 2001:db8::/ffff:ffff:: link#2 0x100040 of 2",
      "DELMADDR ff02::1:ff00:1%2 0x0 of 2",
      "DELMADDR ff02::1%2 0x0 of 2",
      "DELMADDR ff01::1%2 0x0 of 2",
    ]);
  });

  it("a link-local address shows its zone as scope id", () => {
    const { vnet } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    vnet.addressAdd("em0", "fe80::7/64");
    const seen = readAll(socket);
    expect(seen.find(({ type }) => type === "NEWADDR")?.ifa).toBe("fe80::7%2");
    expect(seen.at(-1)?.dst).toBe("fe80::%2");
  });

  it("[RF-RTSOCK-26] a new lifetime is told to nobody", () => {
    const { vnet } = setupE(AS_GIVEN);
    vnet.addressAdd("em0", "2001:db8::1/64");
    const socket = vnet.routingSocket();
    vnet.addressAdd("em0", "2001:db8::1/64", { preferred: 10, valid: 20 });
    expect(heard(socket)).toEqual([]);
  });
});

describe("routes that netlink changes", () => {
  it("[RF-RTSOCK-35] have flags 0x43, and besides what RTA_RTFLAGS says", () => {
    const { vnet, socket: netlink } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    ask(netlink, newRoute("10.1.0.0/16", { gateway: "192.0.2.9" }));
    expect(heard(socket)).toEqual(["ADD 10.1.0.0/255.255.0.0 192.0.2.9 0x43 of 2"]);
    ask(netlink, newRoute("10.2.0.0/16", { gateway: "192.0.2.9", rtFlags: RTF.STATIC }));
    expect(heard(socket)).toEqual(["ADD 10.2.0.0/255.255.0.0 192.0.2.9 0x843 of 2"]);
  });

  it("[RF-ROUTE-35b] the netlink event comes first, then the routing socket's message, then the ack", () => {
    // One reader of both kinds would see them in this order; two queues show it by what lacks room or memory: each
    // allocation is taken in that order.
    const order: string[] = [];
    for (let n = 1; n < 40; n++) {
      const { vnet, socket } = setupE(AS_GIVEN);
      const listener = monitor(vnet, RTNLGRP.IPV4_ROUTE);
      const routing = vnet.routingSocket();
      vnet.failAllocation(n);
      try {
        socket.send(newRoute("10.1.0.0/16", { gateway: "192.0.2.9" }));
      } catch {
        continue;
      }
      vnet.failAllocation(0);
      const hasEvent = drain(listener).length === 1;
      const hasMessage = heard(routing).length === 1;
      if (!hasEvent && hasMessage) order.push("event");
      if (hasEvent && !hasMessage) order.push("message");
    }
    expect(order.length).toBeGreaterThan(1);
    expect(order).toEqual([...order].sort());
  });

  it("[RF-RTSOCK-25] a change of single nexthops is CHANGE with the new one, a deletion shows the old one", () => {
    const { vnet, socket: netlink } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    ask(netlink, newRoute("10.1.0.0/16", { gateway: "192.0.2.9" }));
    ask(netlink, newRoute("10.1.0.0/16", { gateway: "192.0.2.8" }, "qaCP"));
    ask(netlink, delRoute("10.1.0.0/16"));
    expect(heard(socket)).toEqual([
      "ADD 10.1.0.0/255.255.0.0 192.0.2.9 0x43 of 2",
      "CHANGE 10.1.0.0/255.255.0.0 192.0.2.8 0x43 of 2",
      "DELETE 10.1.0.0/255.255.0.0 192.0.2.8 0x42 of 2",
    ]);
  });

  it("[RF-RTSOCK-25] multipath is taken apart: path added, path removed, weight changed, all deleted", () => {
    const { vnet, socket: netlink } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    ask(netlink, newRoute("10.1.0.0/16", { gateway: "192.0.2.9" }));
    ask(netlink, newRoute("10.1.0.0/16", { gateway: "192.0.2.8" }, "qaCA"));
    expect(heard(socket)).toEqual([
      "ADD 10.1.0.0/255.255.0.0 192.0.2.9 0x43 of 2",
      "ADD 10.1.0.0/255.255.0.0 192.0.2.8 0x43 of 2",
    ]);
    ask(netlink, delRoute("10.1.0.0/16", { gateway: "192.0.2.9" }));
    expect(heard(socket)).toEqual(["DELETE 10.1.0.0/255.255.0.0 192.0.2.9 0x42 of 2"]);
    ask(netlink, newRoute("10.1.0.0/16", { gateway: "192.0.2.9" }, "qaCA"));
    heard(socket);
    ask(netlink, delRoute("10.1.0.0/16"));
    expect(heard(socket)).toHaveLength(2);
  });

  it("a blackhole shows the loopback address as gateway", () => {
    const { vnet, socket: netlink } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    ask(netlink, newRoute("10.1.0.0/16", { type: 6 }));
    expect(heard(socket)).toEqual([`ADD 10.1.0.0/255.255.0.0 127.0.0.1 0x${(0x41 | RTF.BLACKHOLE).toString(16)} of 1`]);
  });

  it("[RF-RTSOCK-36] a request that netlink refuses is told to nobody", () => {
    const { vnet, socket: netlink } = setupE(AS_GIVEN);
    const socket = vnet.routingSocket();
    ask(netlink, newRoute("10.1.0.0/16", { gateway: "203.0.113.1" }));
    expect(heard(socket)).toEqual([]);
  });

  it("an expired route is a DELETE, which netlink does not tell of", () => {
    const { kernel, vnet, socket: netlink } = setupE(AS_GIVEN);
    ask(netlink, newRoute("10.1.0.0/16", { gateway: "192.0.2.9", expires: kernel.wallClock + 2 }));
    const listener = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    const socket = vnet.routingSocket();
    kernel.advance(5000);
    expect(heard(socket)).toEqual(["DELETE 10.1.0.0/255.255.0.0 192.0.2.9 0x42 of 2"]);
    expect(drain(listener)).toEqual([]);
  });
});
