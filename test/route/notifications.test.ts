// Notifications of routes: what a change by netlink tells the groups, and what is told to nobody (rtnetlink E.7).

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import { RTF, RTM, RTN, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import { ackOf, ask, drain, errorOf, numberAt, type Seen, toHex } from "../support/messages.js";
import { monitor, type Setup, setupE, setupR } from "../support/setups.js";
import { added, delRoute, find, newRoute, type RouteFields, routeOf, routeTo } from "./routes.js";

const PREFIX = "10.1.0.0/16";
const GATEWAY = "192.0.2.254";
const PORT = 4711;
const ALL_GROUPS = Array.from({ length: RTNLGRP.BRVLAN }, (_, group) => group + 1);

/** Both families on em0; the requester is bound and a member of both groups. */
function setupMember(): Setup {
  const setup = setupR({
    interfaces: [
      { name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] },
      { name: "em1", up: true },
    ],
  });
  setup.socket.bind(PORT, (1 << (RTNLGRP.IPV4_ROUTE - 1)) | (1 << (RTNLGRP.IPV6_ROUTE - 1)));
  return setup;
}

function heads(seen: readonly Seen[]): number[][] {
  return seen.map((each) => [each.type, each.flags, each.seq, each.pid]);
}

/** Flags of the request inside an ack. */
function echoedFlags(seen: Seen | undefined): number {
  return numberAt(ackOf(seen).request, 6, 2);
}

describe("a change by netlink", () => {
  it.each([
    ["qaCX", 0x605],
    ["qaC", 0x605],
    ["qaCP", 0x605],
    ["qaCA", 0x605],
  ])(
    "[RF-ROUTE-34a] [RF-ROUTE-34b] [E.7.1] an addition with %s is told as NEWROUTE with flags 0x%x, before the ack",
    (letters, flags) => {
      const { socket } = setupMember();
      const seen = ask(socket, newRoute(PREFIX, { gateway: GATEWAY, seq: 9 }, letters));
      expect(heads(seen)).toEqual([
        [RTM.NEWROUTE, flags, 9, PORT],
        [NLMSG.ERROR, NLM_F.CAPPED, 9, PORT],
      ]);
      expect(errorOf(seen)).toBe(0);
      expect(echoedFlags(seen[1])).toBe(flags);
    },
  );

  it("[RF-ROUTE-34c] [E.7.1] a replacement is told with flags 0x105, which the ack echoes too", () => {
    const { socket } = setupMember();
    ask(socket, newRoute(PREFIX, { gateway: "192.0.2.253" }));
    const seen = ask(socket, newRoute(PREFIX, { gateway: GATEWAY, seq: 10 }, "qaCP"));
    expect(heads(seen)).toEqual([
      [RTM.NEWROUTE, 0x105, 10, PORT],
      [NLMSG.ERROR, NLM_F.CAPPED, 10, PORT],
    ]);
    expect(echoedFlags(seen[1])).toBe(0x105);
    expect(seen[0] && routeOf(seen[0]).gateway).toBe(GATEWAY);
  });

  it("[RF-ROUTE-34d] [E.7.1] a deletion is told as DELROUTE with flags 5 and what the removed nexthop was", () => {
    const { socket } = setupMember();
    const fields: RouteFields = { gateway: GATEWAY, mtu: 1400, weight: 7, protocol: 186, rtFlags: RTF.STATIC };
    const route = added(socket, PREFIX, fields);
    const seen = ask(socket, delRoute(PREFIX, { seq: 11 }));
    expect(heads(seen)).toEqual([
      [RTM.DELROUTE, 5, 11, PORT],
      [NLMSG.ERROR, NLM_F.CAPPED, 11, PORT],
    ]);
    expect(toHex(seen[0]?.body ?? new Uint8Array())).toBe(toHex(route.seen.body));
    expect(seen[0] && routeOf(seen[0])).toMatchObject({ gateway: GATEWAY, mtu: 1400, weight: 7, protocol: 186 });
  });

  it.each<[string, RouteFields]>([
    ["10.1.0.0/16", { gateway: GATEWAY, weight: 7, mtu: 1400 }],
    ["10.1.2.3/32", { gateway: GATEWAY, protocol: 186 }],
    ["0.0.0.0/0", { gateway: GATEWAY }],
    ["10.1.0.0/16", { via: "2001:db8::2" }],
    ["10.1.0.0/16", { oif: 3 }],
    ["2001:db8:2::/48", { gateway: "2001:db8::2" }],
  ])("[E.7.1] what is told of %s is what a dump shows afterwards", (prefix, fields) => {
    const { socket } = setupMember();
    const [told] = ask(socket, newRoute(prefix, fields));
    expect(toHex(told?.body ?? new Uint8Array())).toBe(toHex(routeTo(socket, prefix).seen.body));
  });

  it.each([
    [RTN.BLACKHOLE, RTN.BLACKHOLE],
    [RTN.UNREACHABLE, RTN.PROHIBIT],
    [RTN.PROHIBIT, RTN.PROHIBIT],
  ])("[FC-ROUTE-15] [E.7.1] a route of type %i is told with type %i, when it comes and when it goes", (type, shown) => {
    const { socket } = setupMember();
    const [came] = ask(socket, newRoute(PREFIX, { type, gateway: GATEWAY }));
    const [went] = ask(socket, delRoute(PREFIX));
    expect([came, went].map((seen) => seen && routeOf(seen).type)).toEqual([shown, shown]);
    expect([came, went].map((seen) => seen && routeOf(seen).gateway)).toEqual([undefined, undefined]);
  });

  it("[RF-ROUTE-35c] [E.7.1] of IPv6 goes to group 11 only, of IPv4 to group 7 only", () => {
    const { socket, vnet } = setupMember();
    const inet = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    const inet6 = monitor(vnet, RTNLGRP.IPV6_ROUTE);
    const others = monitor(vnet, ...ALL_GROUPS.filter((g) => g !== RTNLGRP.IPV4_ROUTE && g !== RTNLGRP.IPV6_ROUTE));
    ask(socket, newRoute("2001:db8:2::/48", { gateway: "2001:db8::2" }));
    expect(drain(inet)).toEqual([]);
    expect(drain(inet6).map((seen) => routeOf(seen).prefix)).toEqual(["2001:db8:2::/48"]);
    ask(socket, newRoute(PREFIX, { gateway: GATEWAY }));
    expect(drain(inet).map((seen) => routeOf(seen).prefix)).toEqual([PREFIX]);
    expect(drain(inet6)).toEqual([]);
    expect(drain(others)).toEqual([]);
  });

  it("[E.7.1] is told to others with the requester's port and sequence", () => {
    const { socket, vnet } = setupMember();
    const watcher = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    ask(socket, newRoute(PREFIX, { gateway: GATEWAY, seq: 77 }, "qC"));
    expect(heads(drain(watcher))).toEqual([[RTM.NEWROUTE, 0x601, 77, PORT]]);
  });

  it("[E.7.1] of an unbound requester is told with port 0", () => {
    const { socket, vnet } = setupE();
    const watcher = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    ask(socket, newRoute(PREFIX, { gateway: GATEWAY, seq: 78 }));
    expect(heads(drain(watcher))).toEqual([[RTM.NEWROUTE, 0x605, 78, 0]]);
  });

  it("[E.7.1] that only changes the weight is a change and shows the new weight", () => {
    const { socket } = setupMember();
    ask(socket, newRoute(PREFIX, { gateway: GATEWAY }));
    const [told] = ask(socket, newRoute(PREFIX, { gateway: GATEWAY, weight: 9 }, "qaP"));
    expect(told && heads([told])[0]?.slice(0, 2)).toEqual([RTM.NEWROUTE, 0x105]);
    expect(told && routeOf(told).weight).toBe(9);
  });

  it.each<[string, (socket: Socket) => Seen[]]>([
    ["an addition that exists", (socket) => ask(socket, newRoute("192.0.2.0/24", { gateway: GATEWAY }))],
    ["a replacement of nothing", (socket) => ask(socket, newRoute(PREFIX, { gateway: GATEWAY }, "qaP"))],
    ["a deletion of nothing", (socket) => ask(socket, delRoute(PREFIX))],
    ["a deletion of an interface route", (socket) => ask(socket, delRoute("192.0.2.0/24"))],
    ["a gateway that is not reached", (socket) => ask(socket, newRoute(PREFIX, { gateway: "203.0.113.1" }))],
  ])("[E.7.1] that fails is not told, and the ack echoes the flags as they came: %s", (_, request) => {
    const { socket } = setupMember();
    const seen = request(socket);
    expect(seen.map((each) => each.type)).toEqual([NLMSG.ERROR]);
    expect(errorOf(seen)).not.toBe(0);
    expect([0x5, 0x105, 0x405]).toContain(echoedFlags(seen[0]));
    expect(echoedFlags(seen[0]) & NLM_F.EXCL).toBe(0);
  });

  it("[E.7.1] edits the header that the ack echoes also when no one listens", () => {
    const { socket } = setupE();
    expect(echoedFlags(ask(socket, newRoute(PREFIX, { gateway: GATEWAY }))[0])).toBe(0x605);
    expect(echoedFlags(ask(socket, newRoute(PREFIX, { gateway: GATEWAY }, "qaCP"))[0])).toBe(0x105);
    expect(echoedFlags(ask(socket, delRoute(PREFIX, {}, "qaX"))[0])).toBe(0x5);
  });

  it("[E.7.1] several in one send are told in order, each before the acks", () => {
    const { socket } = setupMember();
    const fields = { gateway: GATEWAY };
    const seen = ask(
      socket,
      newRoute("10.1.0.0/16", { ...fields, seq: 1 }),
      newRoute("10.2.0.0/16", { ...fields, seq: 2 }),
      delRoute("10.1.0.0/16", { seq: 3 }),
    );
    expect(seen.map((each) => [each.type, each.seq])).toEqual([
      [RTM.NEWROUTE, 1],
      [RTM.NEWROUTE, 2],
      [RTM.DELROUTE, 3],
      [NLMSG.ERROR, 1],
      [NLMSG.ERROR, 2],
      [NLMSG.ERROR, 3],
    ]);
  });

  it("[E.7.1] of another fib is told with its table", () => {
    const { socket, vnet } = setupE({ fibs: 3 });
    const watcher = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    ask(socket, newRoute(PREFIX, { gateway: GATEWAY, oif: 2, table: 2 }));
    expect(drain(watcher).map((seen) => routeOf(seen).table)).toEqual([2]);
  });
});

describe("a change by the kernel", () => {
  /** A watcher of both route groups. */
  function watch(setup: Setup): Socket {
    return monitor(setup.vnet, RTNLGRP.IPV4_ROUTE, RTNLGRP.IPV6_ROUTE);
  }

  it("[RF-ROUTE-36] [E.7.3] [C.7] addresses that come and go tell nothing of their routes", () => {
    const setup = setupE();
    const watcher = watch(setup);
    setup.vnet.addressAdd("em1", "198.51.100.1/24");
    setup.vnet.addressAdd("em1", "2001:db8:9::1/64");
    added(setup.socket, PREFIX, { gateway: "198.51.100.2" });
    expect(drain(watcher).map((seen) => routeOf(seen).prefix)).toEqual([PREFIX]);
    setup.vnet.addressDelete("em1", "198.51.100.1");
    setup.vnet.addressDelete("em1", "2001:db8:9::1");
    expect(find(setup.socket, "198.51.100.0/24")).toBeUndefined();
    expect(drain(watcher)).toEqual([]);
  });

  it("[RF-ROUTE-36] [E.7.3] an interface that departs takes its routes in silence", () => {
    const setup = setupE();
    added(setup.socket, PREFIX, { gateway: GATEWAY });
    added(setup.socket, "10.2.0.0/16", { oif: 2 });
    added(setup.socket, "10.3.0.0/16", { oif: 3 });
    const watcher = watch(setup);
    setup.vnet.interfaceDetach("em0");
    expect(find(setup.socket, PREFIX)).toBeUndefined();
    expect(find(setup.socket, "10.2.0.0/16")).toBeUndefined();
    expect(find(setup.socket, "10.3.0.0/16")).toBeDefined();
    expect(drain(watcher)).toEqual([]);
    expect(setup.vnet.check()).toBe(0);
  });

  it("[RF-ROUTE-36] [E.7.3] a route that expires goes in silence", () => {
    const setup = setupE();
    added(setup.socket, PREFIX, { gateway: GATEWAY, expires: setup.kernel.wallClock + 5 });
    const watcher = watch(setup);
    setup.kernel.advance(4_000);
    expect(find(setup.socket, PREFIX)).toBeDefined();
    setup.kernel.advance(3_000);
    expect(find(setup.socket, PREFIX)).toBeUndefined();
    expect(drain(watcher)).toEqual([]);
    expect(setup.vnet.statistics().routes).toBe(setupE().vnet.statistics().routes);
  });

  it("[E.7.3] routes that expire one after the other go each at its second", () => {
    const { socket, kernel, vnet } = setupE();
    const due = [3, 7, 5, 7, 1];
    for (const [n, seconds] of due.entries()) {
      added(socket, `10.${n}.0.0/16`, { gateway: GATEWAY, expires: kernel.wallClock + seconds });
    }
    for (let second = 0; second <= 8; second++) {
      const left = due.flatMap((_, n) => (find(socket, `10.${n}.0.0/16`) === undefined ? [] : [n]));
      expect(left, `after ${second} s`).toEqual(due.flatMap((seconds, n) => (seconds > second ? [n] : [])));
      kernel.advance(1_000);
    }
    expect(vnet.check()).toBe(0);
  });

  it("[E.7.3] [C.7] an interface going down and up takes and brings its IPv4 routes in silence", () => {
    const setup = setupE();
    const watcher = watch(setup);
    setup.vnet.interfaceDown("em0");
    expect(find(setup.socket, "192.0.2.0/24")).toBeUndefined();
    setup.vnet.interfaceUp("em0");
    expect(routeTo(setup.socket, "192.0.2.0/24")).toMatchObject({ family: AF.INET, rtFlags: RTF.PINNED, oif: 2 });
    expect(drain(watcher)).toEqual([]);
  });
});
