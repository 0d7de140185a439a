import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { RTF, RTNLGRP, RTPROT } from "../../assembly/abi/rtnetlink.js";
import type { InterfaceOptions, Socket, Vnet } from "../../host/kernel/kernel.js";
import { addressTexts, events, indexOf, links } from "../route/links.js";
import { added, dump, find, type Route, routeTo } from "../route/routes.js";
import { drain } from "../support/messages.js";
import { AS_GIVEN, monitor, setupE, setupE6, setupR } from "../support/setups.js";

const PREFIX = RTF.PINNED;
const HOST = RTF.HOST | RTF.PINNED;
const OWN = RTF.HOST | RTF.STATIC | RTF.PINNED;

/** A route in a few words: "192.0.2.0/24 oif 2 flags 0x100000". */
function inWords(route: Route): string {
  return `${route.prefix} oif ${route.oif} flags 0x${route.rtFlags.toString(16)}`;
}

function routes(socket: Socket, table = 0): string[] {
  return dump(socket, AF.UNSPEC, { table }).map(inWords);
}

function words(prefix: string, oif: number, flags: number): string {
  return `${prefix} oif ${oif} flags 0x${flags.toString(16)}`;
}

/** What `right` has and `left` has not, sorted. */
function more(left: readonly string[], right: readonly string[]): string[] {
  const known = new Set(left);
  return right.filter((each) => !known.has(each)).sort();
}

/** R with em0 (2), em1 (3) and lo1 (4), all up and without addresses. */
function setup(fibs = 1, options: Partial<InterfaceOptions> = {}): { vnet: Vnet; socket: Socket } {
  const interfaces = ["em0", "em1", "lo1"].map((name) => ({ ...options, name, up: true }));
  return setupR({ ...AS_GIVEN, interfaces, fibs });
}

describe("the routes that an address brings", () => {
  it.each<[string, string, string, [string, number, number][]]>([
    [
      "IPv4 network",
      "em0",
      "192.0.2.1/24",
      [
        ["192.0.2.0/24", 2, PREFIX],
        ["192.0.2.1/32", 1, OWN],
      ],
    ],
    [
      "IPv4 network of two",
      "em0",
      "192.0.2.6/31",
      [
        ["192.0.2.6/31", 2, PREFIX],
        ["192.0.2.6/32", 1, OWN],
      ],
    ],
    ["IPv4 host", "em0", "192.0.2.9/32", [["192.0.2.9/32", 1, HOST]]],
    ["[Z.4] IPv4 network on lo0", "lo0", "10.7.7.7/24", [["10.7.7.7/32", 1, HOST]]],
    ["[Z.4] IPv4 network on another loopback", "lo1", "10.9.9.9/24", [["10.9.9.9/32", 4, HOST]]],
    ["[Z.4] IPv4 host on another loopback", "lo1", "10.9.9.9/32", [["10.9.9.9/32", 4, HOST]]],
    [
      "IPv6 network",
      "em0",
      "2001:db8::1/64",
      [
        ["2001:db8::/64", 2, PREFIX],
        ["2001:db8::1/128", 1, OWN],
      ],
    ],
    [
      "IPv6 network not of 64",
      "em0",
      "2001:db8::1/47",
      [
        ["2001:db8::/47", 2, PREFIX],
        ["2001:db8::1/128", 1, OWN],
      ],
    ],
    ["IPv6 host", "em0", "2001:db8::1/128", [["2001:db8::1/128", 1, OWN]]],
    [
      "IPv6 link-local",
      "em0",
      "fe80::a/64",
      [
        ["fe80::/64", 2, PREFIX],
        ["fe80::a/128", 1, OWN],
      ],
    ],
  ])("[C.7] [E.1.5] %s on %s: %s; they go with it", (_, name, address, expected) => {
    const { vnet, socket } = setup();
    const before = routes(socket);
    vnet.addressAdd(name, address);
    const during = routes(socket);
    expect(more(before, during)).toEqual(expected.map(([prefix, oif, flags]) => words(prefix, oif, flags)).sort());
    expect(more(during, before)).toEqual([]);
    vnet.addressDelete(name, address);
    expect(routes(socket)).toEqual(before);
    expect(vnet.check()).toBe(0);
  });

  it("[C.7] lo0's own: host routes and fe80::/64; no 127.0.0.0/8", () => {
    const found = routes(setupR().socket);
    expect(found).toContain(words("127.0.0.1/32", 1, HOST));
    expect(found).toContain(words("fe80::/64", 1, PREFIX));
    expect(found.filter((each) => each.startsWith("127."))).toHaveLength(1);
    expect(found.filter((each) => each.startsWith("::1/128"))).toHaveLength(1);
  });

  it("[C.7] [E.1.4] the network's protocol is KERNEL, the own address's STATIC, a host address's KERNEL; unicast, scope 0, no gateway", () => {
    const { vnet, socket } = setup();
    vnet.addressAdd("em0", "192.0.2.1/24");
    vnet.addressAdd("em0", "198.51.100.1/32");
    vnet.addressAdd("em0", "2001:db8::1/64");
    const protocolOf = (prefix: string): number => routeTo(socket, prefix).protocol;
    expect(["192.0.2.0/24", "2001:db8::/64", "198.51.100.1/32"].map(protocolOf)).toEqual(
      new Array(3).fill(RTPROT.KERNEL),
    );
    expect(["192.0.2.1/32", "2001:db8::1/128"].map(protocolOf)).toEqual(new Array(2).fill(RTPROT.STATIC));
    for (const route of dump(socket, AF.UNSPEC)) {
      expect(route).toMatchObject({ type: 1, scope: 0, gateway: undefined, via: undefined });
    }
  });

  it.each([
    ["192.0.2.1/24", "192.0.2.2/24", "192.0.2.2/32"],
    ["2001:db8::1/64", "2001:db8::2/64", "2001:db8::2/128"],
  ])("[C.7] with %s there, %s adds only %s", (first, second, own) => {
    const { vnet, socket } = setup();
    vnet.addressAdd("em0", first);
    const before = routes(socket);
    vnet.addressAdd("em0", second);
    expect(more(before, routes(socket))).toEqual([words(own, 1, OWN)]);
    vnet.addressDelete("em0", second);
    expect(routes(socket)).toEqual(before);
  });

  it("[C.7] an address inside a network of another length brings its own network", () => {
    const { vnet, socket } = setup();
    vnet.addressAdd("em0", "10.0.0.1/8");
    const before = routes(socket);
    vnet.addressAdd("em1", "10.1.0.1/16");
    expect(more(before, routes(socket))).toEqual([words("10.1.0.0/16", 3, PREFIX), words("10.1.0.1/32", 1, OWN)]);
  });

  it("[C.7] only in the fib of the interface", () => {
    const { vnet, socket } = setupR({ ...AS_GIVEN, fibs: 3, interfaces: [{ name: "em0", up: true, fib: 1 }] });
    const before = [routes(socket), routes(socket, 2)];
    vnet.addressAdd("em0", "192.0.2.1/24");
    vnet.addressAdd("em0", "2001:db8::1/64");
    expect([routes(socket), routes(socket, 2)]).toEqual(before);
    expect(routes(socket, 1).sort()).toEqual(
      [
        words("192.0.2.0/24", 2, PREFIX),
        words("192.0.2.1/32", 1, OWN),
        words("2001:db8::/64", 2, PREFIX),
        words("2001:db8::1/128", 1, OWN),
      ].sort(),
    );
    vnet.interfaceDetach("em0");
    expect(routes(socket, 1)).toEqual([]);
  });

  it("[C.7] the interface route takes the place of a user's route, and leaves nothing behind", () => {
    const { vnet, socket } = setupE();
    added(socket, "198.51.100.0/24", { gateway: "192.0.2.9" });
    vnet.addressAdd("em1", "198.51.100.1/24");
    expect(routeTo(socket, "198.51.100.0/24")).toMatchObject({ oif: 3, rtFlags: PREFIX, gateway: undefined });
    vnet.addressDelete("em1", "198.51.100.1");
    expect(find(socket, "198.51.100.0/24")).toBeUndefined();
    expect(vnet.check()).toBe(0);
  });

  it("[E.7.3] [RF-ADDR-27c] no NEWROUTE or DELROUTE is ever sent for them", () => {
    const { vnet, socket } = setupE6();
    added(socket, "2001:db8:f::/48", { gateway: "2001:db8::9" });
    const group = monitor(vnet, RTNLGRP.IPV4_ROUTE, RTNLGRP.IPV6_ROUTE);
    for (const address of ["192.0.2.1/24", "192.0.2.2/24", "198.51.100.9/32", "2001:db8:1::1/64", "2001:db8:1::2/64"]) {
      vnet.addressAdd("em1", address);
    }
    vnet.interfaceDown("em1");
    vnet.interfaceUp("em1");
    vnet.addressDelete("em1", "192.0.2.1");
    vnet.addressDelete("em1", "2001:db8:1::1");
    vnet.addressDelete("em0", "2001:db8::1");
    vnet.interfaceDetach("em1");
    vnet.interfaceDetach("em0");
    expect(drain(group)).toEqual([]);
  });
});

describe("an address that goes", () => {
  /** A monitor of addresses, links, neighbours and routes. */
  function watchAll(vnet: Vnet): Socket {
    const { LINK, NEIGH, IPV4_IFADDR, IPV6_IFADDR, IPV4_ROUTE, IPV6_ROUTE } = RTNLGRP;
    return monitor(vnet, LINK, NEIGH, IPV4_IFADDR, IPV6_IFADDR, IPV4_ROUTE, IPV6_ROUTE);
  }

  it("[C.6.2] [RF-ADDR-22a] the only one: DELADDR, and no DELNEIGH", () => {
    const { vnet } = setupE();
    const group = watchAll(vnet);
    vnet.addressDelete("em0", "192.0.2.1");
    expect(events(group)).toEqual(["DELADDR 192.0.2.1/24"]);
  });

  it("[C.6.2] [Z.3] [RF-ADDR-22b] one that does not own the network's route: DELADDR, DELNEIGH, and the route stays", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em0", "192.0.2.2/24");
    const group = watchAll(vnet);
    vnet.addressDelete("em0", "192.0.2.2");
    expect(events(group)).toEqual(["DELADDR 192.0.2.2/24", "DELNEIGH 192.0.2.2"]);
    expect(routeTo(socket, "192.0.2.0/24").oif).toBe(2);
  });

  it.each(["em0", "em1"])(
    "[C.6.2] [Z.3] [RF-ADDR-23a] the owner: its network's route moves to another one on %s, and no DELADDR is sent",
    (heir) => {
      const { vnet, socket } = setupE();
      vnet.addressAdd(heir, "192.0.2.2/24");
      const group = watchAll(vnet);
      vnet.addressDelete("em0", "192.0.2.1");
      expect(routeTo(socket, "192.0.2.0/24")).toMatchObject({ oif: indexOf(vnet, heir), rtFlags: PREFIX });
      expect(find(socket, "192.0.2.1/32")).toBeUndefined();
      // On another interface nothing of the network is left: its neighbours go in silence (netinet/in.c, in_scrubprefix).
      expect(events(group)).toEqual(heir === "em0" ? ["DELNEIGH 192.0.2.1"] : []);
      expect(addressTexts(socket, { family: AF.INET })).toEqual(["127.0.0.1/8", "192.0.2.2/24"]);
    },
  );

  it("[C.6.2] an interface that is down inherits nothing; coming up it brings the route", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em1", "192.0.2.2/24");
    vnet.interfaceDown("em1");
    const group = watchAll(vnet);
    vnet.addressDelete("em0", "192.0.2.1");
    expect(events(group)).toEqual(["DELADDR 192.0.2.1/24"]);
    expect(find(socket, "192.0.2.0/24")).toBeUndefined();
    vnet.interfaceUp("em1");
    expect(events(group)).toEqual(["NEWLINK em1 0x1", "NEWADDR 192.0.2.2/24"]);
    expect(routeTo(socket, "192.0.2.0/24").oif).toBe(3);
  });

  it.each(["em0", "em1"])(
    "[C.6.2] of two equal addresses the one on %s goes: the host route stays for the other",
    (name) => {
      const { vnet, socket } = setupE();
      vnet.addressAdd("em1", "192.0.2.1/24");
      vnet.addressDelete(name, "192.0.2.1");
      expect(routeTo(socket, "192.0.2.1/32")).toMatchObject({ oif: 1, rtFlags: OWN });
      expect(routeTo(socket, "192.0.2.0/24").oif).toBe(name === "em0" ? 3 : 2);
      vnet.addressDelete(name === "em0" ? "em1" : "em0", "192.0.2.1");
      expect([find(socket, "192.0.2.1/32"), find(socket, "192.0.2.0/24")]).toEqual([undefined, undefined]);
      expect(vnet.check()).toBe(0);
    },
  );

  it("[C.6.2] [E.7.3] [RF-ADDR-23b] routes whose source it is go without a message, STATIC ones too", () => {
    const { vnet, socket } = setupE();
    added(socket, "10.1.0.0/16", { gateway: "192.0.2.254" });
    added(socket, "10.2.0.0/16", { gateway: "192.0.2.254", rtFlags: RTF.STATIC });
    vnet.addressAdd("em1", "198.51.100.1/24");
    added(socket, "10.3.0.0/16", { gateway: "198.51.100.254" });
    const group = watchAll(vnet);
    vnet.addressDelete("em0", "192.0.2.1");
    expect(events(group)).toEqual(["DELADDR 192.0.2.1/24"]);
    expect(["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"].map((prefix) => find(socket, prefix)?.prefix)).toEqual([
      undefined,
      undefined,
      "10.3.0.0/16",
    ]);
  });

  it("[C.6.3] IPv6: DELADDR of the first of two; the network's route goes with the last", () => {
    const { vnet, socket } = setupE6();
    vnet.addressAdd("em0", "2001:db8::2/64");
    const group = watchAll(vnet);
    vnet.addressDelete("em0", "2001:db8::1");
    expect(events(group)).toEqual(["DELADDR 2001:db8::1/64", "DELNEIGH 2001:db8::1"]);
    expect(routeTo(socket, "2001:db8::/64")).toMatchObject({ oif: 2, rtFlags: PREFIX });
    expect(find(socket, "2001:db8::1/128")).toBeUndefined();
    vnet.addressDelete("em0", "2001:db8::2");
    expect(events(group)).toEqual(["DELADDR 2001:db8::2/64"]);
    expect(find(socket, "2001:db8::/64")).toBeUndefined();
  });

  // in6_purgeaddr tells of every address; only IPv4's in_scrubprefix is silent when the route moves (netinet6/in6.c).
  it("[C.6.3] IPv6, with another address of the network on another interface: DELADDR, and the route moves there", () => {
    const { vnet, socket } = setupE6();
    vnet.addressAdd("em1", "2001:db8::2/64");
    const group = watchAll(vnet);
    vnet.addressDelete("em0", "2001:db8::1");
    expect(events(group)).toEqual(["DELADDR 2001:db8::1/64"]);
    expect(routeTo(socket, "2001:db8::/64")).toMatchObject({ oif: 3, rtFlags: PREFIX });
  });

  it("[C.6.2] of an interface that is down: DELADDR; its host route and STATIC routes, which had stayed, go", () => {
    const { vnet, socket } = setupE();
    added(socket, "10.2.0.0/16", { gateway: "192.0.2.254", rtFlags: RTF.STATIC });
    vnet.interfaceDown("em0");
    const group = watchAll(vnet);
    vnet.addressDelete("em0", "192.0.2.1");
    expect(events(group)).toEqual(["DELADDR 192.0.2.1/24", "DELNEIGH 192.0.2.1"]);
    expect(routes(socket)).toEqual(routes(setupR().socket));
    expect(vnet.check()).toBe(0);
  });

  it("[C.6.2] [C.6.3] adding and deleting leaves no route, nexthop or address behind", () => {
    const { vnet } = setupE6(AS_GIVEN);
    const before = vnet.statistics();
    for (let i = 0; i < 50; i++) {
      for (const address of [`10.0.${i}.1/24`, `10.0.${i}.2/24`, `10.1.0.${i}/32`, `2001:db8:${i + 1}::1/64`]) {
        vnet.addressAdd("em1", address);
      }
    }
    expect(vnet.statistics().addresses).toBe(before.addresses + 200);
    for (let i = 0; i < 50; i++) {
      for (const address of [`10.0.${i}.1`, `10.0.${i}.2`, `10.1.0.${i}`, `2001:db8:${i + 1}::1`]) {
        vnet.addressDelete("em1", address);
      }
    }
    const { addresses, routes, nexthops } = vnet.statistics();
    expect({ addresses, routes, nexthops }).toEqual({
      addresses: before.addresses,
      routes: before.routes,
      nexthops: before.nexthops,
    });
    expect(vnet.check()).toBe(0);
  });
});

describe("an interface goes down and comes up", () => {
  /** E with a gateway route without and one with STATIC. */
  function setupRoutes(): { vnet: Vnet; socket: Socket } {
    const setting = setupE();
    added(setting.socket, "10.1.0.0/16", { gateway: "192.0.2.254" });
    added(setting.socket, "10.2.0.0/16", { gateway: "192.0.2.254", rtFlags: RTF.STATIC });
    return setting;
  }

  it("[B.6] [C.6.4] [RF-ADDR-24a] down: DELADDR first, then NEWLINK; the address stays in the list", () => {
    const { vnet, socket } = setupE();
    const group = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV4_ROUTE);
    vnet.interfaceDown("em0");
    expect(events(group)).toEqual(["DELADDR 192.0.2.1/24", "NEWLINK em0 0x1"]);
    expect(addressTexts(socket, { index: 2 })).toEqual(["192.0.2.1/24"]);
    expect(find(socket, "192.0.2.0/24")).toBeUndefined();
  });

  it("[C.6.4] [C.6.5] [RF-ADDR-24a] up: NEWLINK first, then NEWADDR; the network's route is back", () => {
    const { vnet, socket } = setupE();
    const before = routes(socket);
    vnet.interfaceDown("em0");
    const group = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV4_ROUTE);
    vnet.interfaceUp("em0");
    expect(events(group)).toEqual(["NEWLINK em0 0x1", "NEWADDR 192.0.2.1/24"]);
    expect(routes(socket)).toEqual(before);
    expect(addressTexts(socket, { index: 2 })).toEqual(["192.0.2.1/24"]);
  });

  it("[C.6.4] down takes the network's route and those through the address that are not STATIC, in silence", () => {
    const { vnet, socket } = setupRoutes();
    const group = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    const before = routes(socket);
    vnet.interfaceDown("em0");
    // The own address's route is STATIC, so it stays (netinet/in.c, in_ifadownkill).
    expect(more(routes(socket), before)).toEqual([
      words("10.1.0.0/16", 2, RTF.GATEWAY),
      words("192.0.2.0/24", 2, PREFIX),
    ]);
    expect(drain(group)).toEqual([]);
    vnet.interfaceUp("em0");
    expect(more(routes(socket), before)).toEqual([words("10.1.0.0/16", 2, RTF.GATEWAY)]);
    expect(vnet.check()).toBe(0);
  });

  it("[C.6.4] [C.6.5] each IPv4 address is told of, in order; IPv6 ones are not, and their routes stay", () => {
    const { vnet, socket } = setupE(AS_GIVEN);
    vnet.addressAdd("em0", "2001:db8::1/64");
    vnet.addressAdd("em0", "198.51.100.1/24");
    const before = routes(socket);
    const group = monitor(vnet, RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV6_IFADDR);
    vnet.interfaceDown("em0");
    expect(events(group)).toEqual(["DELADDR 192.0.2.1/24", "DELADDR 198.51.100.1/24"]);
    expect(routeTo(socket, "2001:db8::1/128").rtFlags).toBe(OWN);
    expect(addressTexts(socket, { index: 2 })).toEqual(["192.0.2.1/24", "2001:db8::1/64", "198.51.100.1/24"]);
    vnet.interfaceUp("em0");
    expect(events(group)).toEqual(["NEWADDR 192.0.2.1/24", "NEWADDR 198.51.100.1/24"]);
    expect(routes(socket)).toEqual(before);
  });

  it("[C.6.4] [RF-ADDR-24b] only IPv6 addresses: no DELADDR, no NEWADDR", () => {
    const { vnet, socket } = setupE6();
    const group = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV6_IFADDR);
    vnet.interfaceDown("em0");
    vnet.interfaceUp("em0");
    expect(events(group)).toEqual(["NEWLINK em0 0x1", "NEWLINK em0 0x1"]);
    expect(addressTexts(socket, { index: 2 })).toEqual(["2001:db8::1/64", "fe80::ff:fe00:a/64"]);
  });

  it.each([
    ["em0", "198.51.100.9/32"],
    ["lo0", "127.0.0.1/8"],
  ])(
    "[C.6.4] [C.6.5] on %s %s, whose host route is its network's: DELADDR and gone; NEWADDR and back",
    (name, address) => {
      const { vnet, socket } = setupR({ interfaces: [{ name: "em0", up: true }] });
      if (name === "em0") vnet.addressAdd(name, address);
      const own = `${address.split("/")[0]}/32`;
      const before = routes(socket);
      const group = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR);
      vnet.interfaceDown(name);
      expect(events(group)).toEqual([`DELADDR ${address}`, `NEWLINK ${name} 0x1`]);
      expect(find(socket, own)).toBeUndefined();
      vnet.interfaceUp(name);
      expect(events(group)).toEqual([`NEWLINK ${name} 0x1`, `NEWADDR ${address}`]);
      expect(routes(socket)).toEqual(before);
    },
  );

  it("[C.6.4] the route moves to an address of the network on another interface that is up", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em1", "192.0.2.2/24");
    vnet.interfaceDown("em0");
    expect(routeTo(socket, "192.0.2.0/24").oif).toBe(3);
    expect(routeTo(socket, "192.0.2.2/32").oif).toBe(1);
    const group = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR);
    vnet.interfaceUp("em0");
    expect(events(group)).toEqual(["NEWLINK em0 0x1", "NEWADDR 192.0.2.1/24"]);
    expect(find(socket, "192.0.2.0/24")).toBeDefined();
    expect(vnet.check()).toBe(0);
  });

  // in_ifnet_event runs while IFF_UP is still set, so in_scrubprefix hands the route to the second address and then back.
  it("[C.6.4] [Z.3] two addresses of one network on the interface: the route moves to and fro, and nobody is told", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em0", "192.0.2.2/24");
    const before = routes(socket);
    const group = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR);
    vnet.interfaceDown("em0");
    expect(events(group)).toEqual(["NEWLINK em0 0x1"]);
    expect(routes(socket)).toEqual(before);
    expect(vnet.check()).toBe(0);
  });

  it("[C.6.4] other interfaces keep what they have", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em1", "198.51.100.1/24");
    added(socket, "10.3.0.0/16", { gateway: "198.51.100.254" });
    const before = routes(socket).filter((each) => !each.startsWith("192.0.2."));
    vnet.interfaceDown("em0");
    expect(more(routes(socket), before)).toEqual([]);
  });
});

describe("an interface leaves", () => {
  it("[B.6.1] with every route through it or from its addresses, STATIC ones too, in silence", () => {
    const { vnet, socket } = setupE();
    const before = routes(socket).filter((each) => !each.startsWith("192.0.2."));
    vnet.addressAdd("em0", "2001:db8::1/64");
    vnet.addressAdd("em0", "198.51.100.9/32");
    for (const [prefix, gateway] of [
      ["10.1.0.0/16", "192.0.2.254"],
      ["0.0.0.0/0", "192.0.2.254"],
      ["2001:db8:f::/48", "2001:db8::9"],
    ] as const) {
      added(socket, prefix, { gateway, rtFlags: RTF.STATIC });
    }
    added(socket, "10.9.0.0/16", { oif: indexOf(vnet, "em0") });
    const group = monitor(vnet, RTNLGRP.IPV4_ROUTE, RTNLGRP.IPV6_ROUTE);
    vnet.interfaceDetach("em0");
    expect(routes(socket)).toEqual(before);
    expect(drain(group)).toEqual([]);
    expect(vnet.check()).toBe(0);
  });

  it("[B.6.1] with several addresses of one network no route of it is left", () => {
    const { vnet, socket } = setupE();
    for (const address of ["192.0.2.2/24", "192.0.2.3/24", "2001:db8::1/64", "2001:db8::2/64"]) {
      vnet.addressAdd("em0", address);
    }
    vnet.interfaceDetach("em0");
    expect(routes(socket)).toEqual(routes(setupR().socket));
    expect(vnet.check()).toBe(0);
  });

  it("[B.6.1] its network's route moves to an address elsewhere", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em1", "192.0.2.2/24");
    vnet.interfaceDetach("em0");
    expect(routeTo(socket, "192.0.2.0/24").oif).toBe(3);
    expect(find(socket, "192.0.2.1/32")).toBeUndefined();
    expect(vnet.check()).toBe(0);
  });

  it("[B.6.1] routes by other interfaces stay", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em1", "198.51.100.1/24");
    added(socket, "10.3.0.0/16", { gateway: "198.51.100.254" });
    vnet.interfaceDetach("em0");
    expect(routeTo(socket, "10.3.0.0/16")).toMatchObject({ oif: 3, gateway: "198.51.100.254" });
    expect(links(socket).map((link) => link.name)).toEqual(["lo0", "em1"]);
  });

  it("[B.6.1] coming and going again and again leaves nothing behind", () => {
    const { vnet, socket } = setupE();
    const cycle = (): void => {
      vnet.interfaceAttach({ name: "em5", up: true, addresses: ["198.51.100.1/24", "2001:db8:5::1/64"] });
      added(socket, "10.5.0.0/16", { gateway: "198.51.100.254" });
      vnet.interfaceDetach("em5");
    };
    cycle();
    const before = vnet.statistics();
    for (let i = 0; i < 200; i++) cycle();
    expect(vnet.statistics()).toEqual(before);
    expect(vnet.check()).toBe(0);
  });
});
