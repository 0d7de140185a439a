// RTM_DELROUTE: which route goes, and what protects one (rtnetlink E.2, E.6).

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { RTA, RTF, RTN } from "../../assembly/abi/rtnetlink.js";
import { ackOf, ask, attribute, errorOf, ip, u8, u32 } from "../support/messages.js";
import { openSocket, type Setup, setupE, setupR } from "../support/setups.js";
import { added, delRoute, dump, find, newRoute, type RouteFields, routeTo } from "./routes.js";

const EM0 = 2;
const EM1 = 3;
const PREFIX = "10.1.0.0/16";
const GATEWAY = "192.0.2.254";

/** E with a route to PREFIX. */
function setupRoute(fields: RouteFields = { gateway: GATEWAY }): Setup {
  const setup = setupE({ fibs: 4 });
  added(setup.socket, PREFIX, fields);
  return setup;
}

function errnoOf({ socket }: Setup, request: Uint8Array): number {
  return errorOf(ask(socket, request));
}

describe("a deletion", () => {
  it("[FC-ROUTE-8] [E.6.1] [E.6.2] removes exactly the prefix", () => {
    const setup = setupRoute();
    const { routes, nexthops } = setup.vnet.statistics();
    for (const prefix of ["10.0.0.0/8", "10.1.0.0/17", "10.1.0.0/32"])
      added(setup.socket, prefix, { gateway: GATEWAY });
    expect(errnoOf(setup, delRoute(PREFIX, { table: 0, gateway: GATEWAY, rtFlags: RTF.UP | RTF.STATIC }))).toBe(0);
    expect(find(setup.socket, PREFIX)).toBeUndefined();
    expect(errnoOf(setup, delRoute(PREFIX))).toBe(Errno.ESRCH);
    for (const prefix of ["10.0.0.0/8", "10.1.0.0/17", "10.1.0.0/32"]) {
      expect(errnoOf(setup, delRoute(prefix, { oif: EM0 }))).toBe(0);
    }
    expect(setup.vnet.statistics()).toMatchObject({ routes: routes - 1, nexthops: nexthops - 1 });
    expect(setup.vnet.check()).toBe(0);
  });

  it("[RF-ROUTE-30a] [E.6.1] without DST is ESRCH with a text", () => {
    const { socket } = setupRoute();
    const [seen] = ask(socket, delRoute(undefined));
    expect(ackOf(seen).error).toBe(Errno.ESRCH);
    expect(ackOf(seen).text).toMatch(/RTA_DST/);
  });

  it.each([
    ["10.2.0.0/16", Errno.ESRCH],
    ["10.1.0.0/15", Errno.ESRCH],
    ["10.1.0.0/17", Errno.ESRCH],
    ["10.1.0.0/32", Errno.ESRCH],
    ["10.1.0.0/0", Errno.ESRCH],
    ["10.1.2.3/16", 0],
    ["2001:db8:2::/16", Errno.ESRCH],
  ])("[RF-ROUTE-30b] [E.6.1] of %s is answered by errno %i", (prefix, errno) => {
    const setup = setupRoute();
    expect(errnoOf(setup, delRoute(prefix))).toBe(errno);
    expect(find(setup.socket, PREFIX) === undefined).toBe(errno === 0);
  });

  it.each<[string, RouteFields, number]>([
    ["a wrong GATEWAY", { gateway: "192.0.2.253" }, Errno.ESRCH],
    ["a wrong OIF", { oif: EM1 }, Errno.ESRCH],
    ["a right GATEWAY and a wrong OIF", { gateway: GATEWAY, oif: EM1 }, Errno.ESRCH],
    ["a right OIF and a wrong GATEWAY", { gateway: "192.0.2.253", oif: EM0 }, Errno.ESRCH],
    ["a gateway of the other family", { via: "2001:db8::2" }, Errno.ESRCH],
    ["the right GATEWAY", { gateway: GATEWAY }, 0],
    ["the right OIF", { oif: EM0 }, 0],
    ["the right GATEWAY and OIF", { gateway: GATEWAY, oif: EM0 }, 0],
  ])("[RF-ROUTE-30c] [E.6.1] with %s is answered by errno", (_, fields, errno) => {
    const setup = setupRoute();
    expect(errnoOf(setup, delRoute(PREFIX, fields))).toBe(errno);
    expect(find(setup.socket, PREFIX) === undefined).toBe(errno === 0);
  });

  it.each<[string, RouteFields]>([
    ["protocol", { protocol: 186 }],
    ["type", { type: RTN.BLACKHOLE }],
    ["NH_ID", { nexthopId: 77 }],
    ["WEIGHT", { weight: 9 }],
    ["RTFLAGS", { rtFlags: RTF.STATIC | RTF.REJECT }],
    ["METRICS", { mtu: 1000 }],
    ["EXPIRES", { expires: 1 }],
    ["PRIORITY", { extra: [attribute(RTA.PRIORITY, u32(3))] }],
  ])("[RF-ROUTE-30d] [E.6.1] is not filtered by %s", (_, fields) => {
    const setup = setupRoute();
    expect(errnoOf(setup, delRoute(PREFIX, fields))).toBe(0);
    expect(find(setup.socket, PREFIX)).toBeUndefined();
  });

  it("[E.6.1] with a GATEWAY does not match a route without one", () => {
    const setup = setupRoute({ oif: EM0 });
    expect(errnoOf(setup, delRoute(PREFIX, { gateway: GATEWAY }))).toBe(Errno.ESRCH);
    expect(errnoOf(setup, delRoute(PREFIX, { oif: EM0 }))).toBe(0);
  });

  it("[E.6.1] by VIA matches an IPv4 route over IPv6", () => {
    const setup = setupR({ interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] }] });
    added(setup.socket, PREFIX, { via: "2001:db8::2" });
    expect(errnoOf(setup, delRoute(PREFIX, { via: "2001:db8::3" }))).toBe(Errno.ESRCH);
    expect(errnoOf(setup, delRoute(PREFIX, { gateway: GATEWAY }))).toBe(Errno.ESRCH);
    expect(errnoOf(setup, delRoute(PREFIX, { extra: [attribute(RTA.VIA, u8(AF.INET6), ip("2001:db8::2"))] }))).toBe(0);
  });

  it.each([
    ["fe80::2", EM0, 0],
    ["fe80::2", EM1, Errno.ESRCH],
    ["fe80::3", EM0, Errno.ESRCH],
  ])("[E.6.1] [E.2] by link-local gateway %s on interface %i is answered by errno %i", (gateway, oif, errno) => {
    const setup = setupR({
      interfaces: [
        { name: "em0", up: true, addresses: ["fe80::a/64"] },
        { name: "em1", up: true, addresses: ["fe80::b/64"] },
      ],
    });
    added(setup.socket, "2001:db8:2::/48", { gateway: "fe80::2", oif: EM0 });
    expect(errnoOf(setup, delRoute("2001:db8:2::/48", { gateway, oif }))).toBe(errno);
  });

  it.each([["10.1.0.0/33"], ["2001:db8:2::/129"]])(
    "[E.6.1] of the impossible %s fails and removes nothing",
    (prefix) => {
      const setup = setupRoute();
      const { routes } = setup.vnet.statistics();
      expect([Errno.EINVAL, Errno.ESRCH]).toContain(errnoOf(setup, delRoute(prefix)));
      expect(setup.vnet.statistics().routes).toBe(routes);
    },
  );

  it.each([["qa"], ["qaC"], ["qaX"], ["qaP"], ["qaA"], ["qaCXPA"]])("[E.6.4] is the same with flags %s", (flags) => {
    const setup = setupRoute();
    added(setup.socket, "10.2.0.0/16", { gateway: GATEWAY });
    expect(errnoOf(setup, delRoute(PREFIX, {}, flags))).toBe(0);
    expect(find(setup.socket, PREFIX)).toBeUndefined();
    expect(find(setup.socket, "10.2.0.0/16")).toBeDefined();
    expect(errnoOf(setup, delRoute(PREFIX, {}, flags))).toBe(Errno.ESRCH);
  });
});

describe("an interface's own route", () => {
  it.each([["192.0.2.0/24"], ["192.0.2.1/32"], ["127.0.0.1/32"], ["::1/128"]])(
    "[RF-ROUTE-31] [E.6.2] %s needs PINNED to go: EADDRINUSE without",
    (prefix) => {
      const setup = setupE();
      const index = routeTo(setup.socket, prefix).oif ?? 0;
      for (const fields of [{}, { rtFlags: RTF.STATIC }, { oif: index }]) {
        expect(errnoOf(setup, delRoute(prefix, fields))).toBe(Errno.EADDRINUSE);
      }
      expect(find(setup.socket, prefix)).toBeDefined();
      expect(errnoOf(setup, delRoute(prefix, { rtFlags: RTF.PINNED }))).toBe(0);
      expect(find(setup.socket, prefix)).toBeUndefined();
      expect(setup.vnet.check()).toBe(0);
    },
  );

  it("[E.2] [E.6.2] that is link-local is found with the interface of its zone only", () => {
    const setup = setupE();
    expect(errnoOf(setup, delRoute("fe80::/64"))).toBe(Errno.ESRCH);
    expect(errnoOf(setup, delRoute("fe80::/64", { oif: EM0 }))).toBe(Errno.ESRCH);
    expect(errnoOf(setup, delRoute("fe80::/64", { oif: 1 }))).toBe(Errno.EADDRINUSE);
    expect(errnoOf(setup, delRoute("fe80::/64", { oif: 1, rtFlags: RTF.PINNED }))).toBe(0);
    expect(find(setup.socket, "fe80::/64")).toBeUndefined();
  });

  it("[E.6.2] that a filter does not match is ESRCH first", () => {
    const setup = setupE();
    expect(errnoOf(setup, delRoute("192.0.2.0/24", { oif: EM1 }))).toBe(Errno.ESRCH);
    expect(errnoOf(setup, delRoute("192.0.2.0/24", { oif: EM1, rtFlags: RTF.PINNED }))).toBe(Errno.ESRCH);
  });

  it("[E.6.2] that was deleted may be made again by a user, and the address can still go", () => {
    const setup = setupE();
    expect(errnoOf(setup, delRoute("192.0.2.0/24", { rtFlags: RTF.PINNED }))).toBe(0);
    expect(errnoOf(setup, newRoute("192.0.2.0/24", { oif: EM1 }))).toBe(0);
    setup.vnet.addressDelete("em0", "192.0.2.1/24");
    expect(routeTo(setup.socket, "192.0.2.0/24").oif).toBe(EM1);
    expect(setup.vnet.check()).toBe(0);
  });
});

describe("the fib of a deletion", () => {
  it.each<[string, RouteFields, number]>([
    ["TABLE 1", { table: 1 }, 1],
    ["rtm_table 1", { headerTable: 1 }, 0],
    ["rtm_table 254", { headerTable: 254 }, 0],
    ["TABLE 1 and rtm_table 2", { table: 1, headerTable: 2 }, 1],
  ])("[RF-ROUTE-33] [E.2] is by %s the right one: only TABLE counts", (_, fields, table) => {
    const setup = setupRoute();
    for (const each of [1, 2]) added(setup.socket, PREFIX, { gateway: GATEWAY, oif: EM0, table: each });
    expect(errnoOf(setup, delRoute(PREFIX, fields))).toBe(0);
    expect([0, 1, 2].filter((each) => find(setup.socket, PREFIX, { table: each }) === undefined)).toEqual([table]);
  });

  it.each([[4], [0xffffffff]])("[E.2] %i beyond net.fibs is EINVAL with a text", (table) => {
    const { socket } = setupRoute();
    const [seen] = ask(socket, delRoute(PREFIX, { table }));
    expect(ackOf(seen).error).toBe(Errno.EINVAL);
    expect(ackOf(seen).text).toMatch(/fib/);
  });
});

describe("a deletion without the privilege", () => {
  it("[E.6.1] [0.9] is EPERM, and the route stays", () => {
    const { vnet, socket } = setupRoute();
    const user = openSocket(vnet, { cred: { uid: 1001 } });
    expect(errorOf(ask(user, delRoute(PREFIX)))).toBe(Errno.EPERM);
    expect(errorOf(ask(user, newRoute(PREFIX, { gateway: GATEWAY }, "qaP")))).toBe(Errno.EPERM);
    expect(dump(user, AF.INET).map((route) => route.prefix)).toContain(PREFIX);
    expect(find(socket, PREFIX)).toBeDefined();
  });
});
