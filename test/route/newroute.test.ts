// RTM_NEWROUTE: how a nexthop is put together, and what the flags do (rtnetlink E.2, E.4, E.5).

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { RTA, RTF, RTN, RtMsg } from "../../assembly/abi/rtnetlink.js";
import { ackOf, ask, attribute, concat, errorOf, ip, message, rtmsg, toHex, u8, u32 } from "../support/messages.js";
import { type Setup, setupE, setupE6, setupR } from "../support/setups.js";
import { added, delRoute, dump, find, newRoute, type RouteFields, routeTo } from "./routes.js";

const LO0 = 1;
const EM0 = 2;
const EM1 = 3;
const PREFIX = "10.1.0.0/16";
const GATEWAY = "192.0.2.254";

/** E and E6 in one. */
function setupBoth(): Setup {
  return setupR({
    interfaces: [
      { name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64", "fe80::a/64"] },
      { name: "em1", up: true },
    ],
  });
}

function errnoOf({ socket }: Setup, request: Uint8Array): number {
  return errorOf(ask(socket, request));
}

describe("a destination", () => {
  it("[RF-ROUTE-17] [E.4.1] is needed: without it the answer is EINVAL", () => {
    expect(errnoOf(setupE(), newRoute(undefined, { gateway: GATEWAY }))).toBe(Errno.EINVAL);
  });

  it.each([
    ["10.1.2.3/16", "10.1.0.0/16", GATEWAY],
    ["10.255.255.255/0", "0.0.0.0/0", GATEWAY],
    ["10.1.2.255/31", "10.1.2.254/31", GATEWAY],
    ["2001:db8:2:3::4/48", "2001:db8:2::/48", "2001:db8::2"],
    ["2001:db8:2:3:4:5:6:7/65", "2001:db8:2:3::/65", "2001:db8::2"],
    ["2001:db8:2:3:4:5:6:7/127", "2001:db8:2:3:4:5:6:6/127", "2001:db8::2"],
  ])("[RF-ROUTE-24a] [E.4.3] %s is masked to %s", (asked, prefix, gateway) => {
    expect(added(setupBoth().socket, prefix, { gateway }).prefix).toBe(prefix);
    const { socket } = setupBoth();
    expect(errorOf(ask(socket, newRoute(asked, { gateway })))).toBe(0);
    expect(find(socket, prefix)).toBeDefined();
  });

  it.each([
    ["10.1.0.0/33", GATEWAY],
    ["10.1.0.0/255", GATEWAY],
    ["2001:db8:2::/129", "2001:db8::2"],
  ])("[RF-ROUTE-24b] [E.4.3] %s is too long: EINVAL", (prefix, gateway) => {
    const setup = setupBoth();
    const before = setup.vnet.statistics();
    expect(errnoOf(setup, newRoute(prefix, { gateway }))).toBe(Errno.EINVAL);
    expect(setup.vnet.statistics()).toMatchObject({ routes: before.routes, nexthops: before.nexthops });
  });

  it.each([
    ["10.1.0.0/32", GATEWAY],
    ["2001:db8:2::/128", "2001:db8::2"],
  ])("[E.4.3] %s is not", (prefix, gateway) => {
    expect(errnoOf(setupBoth(), newRoute(prefix, { gateway }))).toBe(0);
  });

  it("[E.4.3] of a family without a table is EAFNOSUPPORT", () => {
    expect(errnoOf(setupE(), newRoute(PREFIX, { gateway: GATEWAY, family: AF.LINK }))).toBe(Errno.EAFNOSUPPORT);
  });

  it("[RF-ROUTE-26c] [E.2] that is link-local belongs to the zone of OIF: one prefix on two interfaces is two routes", () => {
    const { socket } = setupE6();
    const prefix = "fe80:0:0:1::/64";
    for (const oif of [EM0, EM1]) expect(errorOf(ask(socket, newRoute(prefix, { oif })))).toBe(0);
    const shown = dump(socket, AF.INET6).filter((route) => route.prefix === prefix);
    expect(shown.map((route) => route.oif)).toEqual([EM0, EM1]);
    expect(errorOf(ask(socket, newRoute(prefix, { oif: EM1 })))).toBe(Errno.EEXIST);
    expect(errorOf(ask(socket, delRoute(prefix, { oif: EM0 })))).toBe(0);
    expect(
      dump(socket, AF.INET6)
        .filter((route) => route.prefix === prefix)
        .map((route) => route.oif),
    ).toEqual([EM1]);
  });
});

describe("the fib", () => {
  it.each<[string, RouteFields, number]>([
    ["RTA_TABLE 3", { table: 3 }, 3],
    ["rtm_table 3 and no RTA_TABLE", { headerTable: 3 }, 3],
    ["rtm_table 3 and RTA_TABLE 0", { headerTable: 3, table: 0 }, 3],
    ["rtm_table 3 and RTA_TABLE 2", { headerTable: 3, table: 2 }, 2],
    ["neither", {}, 0],
  ])("[RF-ROUTE-18] [E.2] by %s is the right one", (_, fields, table) => {
    const { socket } = setupE({ fibs: 4 });
    expect(errorOf(ask(socket, newRoute(PREFIX, { ...fields, gateway: GATEWAY, oif: EM0 })))).toBe(0);
    expect([0, 1, 2, 3].filter((each) => find(socket, PREFIX, { table: each }) !== undefined)).toEqual([table]);
  });

  it.each<[string, RouteFields]>([
    ["rtm_table 254", { headerTable: 254 }],
    ["rtm_table 4", { headerTable: 4 }],
    ["RTA_TABLE 4", { table: 4 }],
    ["RTA_TABLE 0xffffffff", { table: 0xffffffff }],
  ])("[RF-ROUTE-18] [E.2] beyond net.fibs, by %s, is EINVAL with a text", (_, fields) => {
    const { socket } = setupE({ fibs: 4 });
    const [seen] = ask(socket, newRoute(PREFIX, { ...fields, gateway: GATEWAY, oif: EM0 }));
    expect(ackOf(seen).error).toBe(Errno.EINVAL);
    expect(ackOf(seen).text).toMatch(/fib/);
  });
});

describe("a gateway", () => {
  it("[RF-ROUTE-21a] [E.4.2] that is link-local needs OIF: EINVAL with a text", () => {
    const { socket } = setupE6();
    const [seen] = ask(socket, newRoute("2001:db8:2::/64", { gateway: "fe80::1" }));
    expect(ackOf(seen).error).toBe(Errno.EINVAL);
    expect(ackOf(seen).text).toBeDefined();
  });

  it("[FB-43] [E.4.2] that is link-local with OIF is taken", () => {
    const route = added(setupE6().socket, "2001:db8:2::/64", { gateway: "fe80::1", oif: EM0 });
    expect(route).toMatchObject({ gateway: "fe80::1", oif: EM0, rtFlags: RTF.GATEWAY });
  });

  it("[RF-ROUTE-21b] [E.4.2] or an interface is needed: EINVAL", () => {
    expect(errnoOf(setupE(), newRoute(PREFIX))).toBe(Errno.EINVAL);
  });

  it.each([
    ["no route", []],
    ["only the default route", ["0.0.0.0/0"]],
  ])("[RF-ROUTE-21c] [E.4.2] to which there is %s is EINVAL", (_, defaults) => {
    const setup = setupE();
    for (const prefix of defaults) added(setup.socket, prefix, { gateway: GATEWAY });
    expect(errnoOf(setup, newRoute(PREFIX, { gateway: "203.0.113.1" }))).toBe(Errno.EINVAL);
    expect(find(setup.socket, PREFIX)).toBeUndefined();
  });

  it.each([
    ["the connected prefix", "192.0.2.77"],
    ["a direct route", "203.0.113.1"],
    ["a direct host route", "198.51.100.1"],
  ])("[RF-ROUTE-21d] [E.4.2] without OIF is reached by the interface of %s", (_, gateway) => {
    const { socket } = setupE();
    for (const prefix of ["203.0.113.0/24", "198.51.100.1/32"]) added(socket, prefix, { oif: EM0 });
    expect(added(socket, PREFIX, { gateway })).toMatchObject({ gateway, oif: EM0 });
  });

  it("[E.4.2] without OIF is reached by a direct route of an interface without address of the gateway's family", () => {
    const { socket, vnet } = setupBoth();
    vnet.addressAdd("em1", "198.51.100.1/24");
    added(socket, "2001:db8:9::/64", { oif: EM1 });
    expect(errorOf(ask(socket, newRoute(PREFIX, { via: "2001:db8:9::1" })))).toBe(0);
    expect(routeTo(socket, PREFIX)).toMatchObject({ via: "2001:db8:9::1", oif: EM1 });
  });

  it("[E.4.2] on an interface without any address is EINVAL", () => {
    expect(errnoOf(setupE(), newRoute(PREFIX, { gateway: "198.51.100.1", oif: EM1 }))).toBe(Errno.EINVAL);
  });

  it("[E.4.2] with OIF is not looked up", () => {
    const route = added(setupE().socket, PREFIX, { gateway: "203.0.113.1", oif: EM0 });
    expect(route).toMatchObject({ gateway: "203.0.113.1", oif: EM0 });
  });

  it("[RF-ROUTE-26b] [E.2] given as VIA and as GATEWAY is the last one", () => {
    const { socket } = setupBoth();
    const via = attribute(RTA.VIA, u8(AF.INET6), ip("2001:db8::2"));
    const gateway = attribute(RTA.GATEWAY, ip(GATEWAY));
    expect(added(socket, "10.1.0.0/16", { extra: [gateway, via] })).toMatchObject({
      via: "2001:db8::2",
      gateway: undefined,
    });
    expect(added(socket, "10.2.0.0/16", { extra: [via, gateway] })).toMatchObject({ via: undefined, gateway: GATEWAY });
  });

  it("[E.2] of a VIA may be of the route's own family", () => {
    const via = attribute(RTA.VIA, u8(AF.INET), ip(GATEWAY));
    expect(added(setupE().socket, PREFIX, { extra: [via] })).toMatchObject({ via: undefined, gateway: GATEWAY });
  });

  it("[E.4.2] of IPv4 cannot serve IPv6: EINVAL", () => {
    expect(errnoOf(setupBoth(), newRoute("2001:db8:2::/48", { gateway: GATEWAY }))).toBe(Errno.EINVAL);
  });
});

describe("an interface route", () => {
  it("[FB-44] [E.4.2] of IPv6 needs no address on its interface", () => {
    expect(added(setupE6().socket, "2001:db8:2::/64", { oif: EM1 })).toMatchObject({ oif: EM1, gateway: undefined });
  });

  it("[FB-45] [RF-ROUTE-22a] [E.4.2] of IPv4 needs no address on its interface", () => {
    const { socket } = setupR({ interfaces: [{ name: "em0", up: true }] });
    expect(added(socket, "192.0.2.1/32", { oif: EM0 })).toMatchObject({ oif: EM0, rtFlags: RTF.HOST });
  });

  it.each([
    ["unknown", 99],
    ["zero", 0],
  ])("[E.2] by an %s index is ENOENT", (_, oif) => {
    expect(errnoOf(setupE(), newRoute(PREFIX, { oif }))).toBe(Errno.ENOENT);
  });
});

describe("what a nexthop keeps of a request", () => {
  it("[RF-ROUTE-22b] [E.4.2] of RTFLAGS only STATIC and PROTO1 to PROTO3", () => {
    const kept = RTF.STATIC | RTF.PROTO1 | RTF.PROTO2 | RTF.PROTO3;
    const rtFlags = kept | RTF.REJECT | RTF.BLACKHOLE | RTF.PINNED | RTF.HOST;
    const route = added(setupE().socket, PREFIX, { gateway: GATEWAY, rtFlags });
    expect(route).toMatchObject({ rtFlags: RTF.GATEWAY | kept, type: RTN.UNICAST, oif: EM0 });
  });

  it.each([
    [9000, 1500],
    [1501, 1500],
    [1500, 1500],
    [1400, 1400],
    [1, 1],
  ])("[RF-ROUTE-22c] [E.4.2] of MTU %i on an interface of 1500: %i", (mtu, kept) => {
    const route = added(setupE().socket, PREFIX, { gateway: GATEWAY, mtu });
    expect(route).toMatchObject({ mtu: kept, rtFlags: RTF.GATEWAY | RTF.FIXEDMTU });
  });

  it("[E.4.2] of MTU 0 nothing", () => {
    const route = added(setupE().socket, PREFIX, { gateway: GATEWAY, mtu: 0 });
    expect(route).toMatchObject({ mtu: undefined, rtFlags: RTF.GATEWAY });
  });

  it.each([[RTN.UNSPEC], [RTN.LOCAL], [RTN.BROADCAST], [RTN.ANYCAST], [RTN.MULTICAST], [RTN.THROW]])(
    "[RF-ROUTE-22d] [E.4.2] of type %i nothing: the route is unicast",
    (type) => {
      const route = added(setupE().socket, PREFIX, { gateway: GATEWAY, type });
      expect(route).toMatchObject({ type: RTN.UNICAST, gateway: GATEWAY, rtFlags: RTF.GATEWAY });
    },
  );

  it.each([
    [RTN.UNREACHABLE, RTN.PROHIBIT, RTF.REJECT],
    [RTN.PROHIBIT, RTN.PROHIBIT, RTF.REJECT],
    [RTN.BLACKHOLE, RTN.BLACKHOLE, RTF.BLACKHOLE],
  ])(
    "[RF-ROUTE-23a] [FC-ROUTE-3] [E.4.2] type %i reads back as %i, with a gateway given too",
    (type, shown, rtFlags) => {
      const { socket } = setupE();
      const expected = { type: shown, rtFlags, oif: LO0, gateway: undefined };
      expect(added(socket, "10.1.0.0/16", { type })).toMatchObject(expected);
      expect(added(socket, "10.2.0.0/16", { type, gateway: GATEWAY })).toMatchObject(expected);
      expect(added(socket, "10.3.0.0/16", { type, gateway: GATEWAY, rtFlags: RTF.STATIC })).toMatchObject({
        ...expected,
        rtFlags: rtFlags | RTF.STATIC,
        protocol: 4,
      });
    },
  );

  it.each<[string, RouteFields]>([
    ["gateway and OIF", { gateway: GATEWAY, oif: EM0 }],
    ["neither", {}],
    ["OIF", { oif: EM1 }],
  ])("[RF-ROUTE-23b] [E.4.2] a blackhole with %s leads to lo0", (_, fields) => {
    const route = added(setupE().socket, PREFIX, { ...fields, type: RTN.BLACKHOLE });
    expect(route).toMatchObject({ type: RTN.BLACKHOLE, oif: LO0, gateway: undefined, rtFlags: RTF.BLACKHOLE });
  });

  it.each([
    [0, undefined],
    [1, undefined],
    [2, 2],
    [0xffffff, 0xffffff],
  ])("[RF-ROUTE-25] [E.4.4] weight %i reads back as %s", (weight, shown) => {
    expect(added(setupE().socket, PREFIX, { gateway: GATEWAY, weight }).weight).toBe(shown);
  });

  it("[RF-ROUTE-26a] [E.2] nothing of PRIORITY, SRC, IIF, PREF, tos and scope", () => {
    const { socket } = setupE();
    const plain = added(socket, "10.1.0.0/16", { gateway: GATEWAY });
    const request = newRoute("10.2.0.0/16", {
      gateway: GATEWAY,
      extra: [
        attribute(RTA.PRIORITY, u32(20)),
        attribute(RTA.SRC, ip("192.0.2.1")),
        attribute(RTA.IIF, u32(EM1)),
        attribute(RTA.PREF, u8(1)),
      ],
    });
    request[16 + RtMsg.TOS] = 0x10;
    request[16 + RtMsg.SRC_LEN] = 32;
    request[16 + RtMsg.SCOPE] = 253;
    expect(errorOf(ask(socket, request))).toBe(0);
    const route = routeTo(socket, "10.2.0.0/16");
    expect(route.seen.length).toBe(plain.seen.length);
    expect(toHex(route.seen.body).replace("0a02", "0a01")).toBe(toHex(plain.seen.body));
  });

  it("[E.4.1] an id that no user nexthop has is ESRCH, whatever else is said", () => {
    expect(errnoOf(setupE(), newRoute(PREFIX, { gateway: GATEWAY, nexthopId: 77 }))).toBe(Errno.ESRCH);
    expect(errnoOf(setupE(), newRoute(PREFIX, { gateway: GATEWAY, nexthopId: 0 }))).toBe(0);
  });
});

describe("the flags, when the prefix is absent", () => {
  it.each([
    ["qa", Errno.ESRCH],
    ["qaP", Errno.ESRCH],
    ["qaA", Errno.ESRCH],
    ["qaX", Errno.ESRCH],
    ["qaPA", Errno.ESRCH],
    ["qaC", 0],
    ["qaCX", 0],
    ["qaCP", 0],
    ["qaCA", 0],
    ["qaCXPA", 0],
  ])("[RF-ROUTE-27a] [FC-ROUTE-2] [E.5] %s is answered by errno %i", (flags, errno) => {
    const setup = setupE();
    expect(errnoOf(setup, newRoute(PREFIX, { gateway: GATEWAY }, flags))).toBe(errno);
    expect(find(setup.socket, PREFIX)?.gateway).toBe(errno === 0 ? GATEWAY : undefined);
    expect(setup.vnet.check()).toBe(0);
  });
});

describe("the flags, when the prefix is there", () => {
  const OLD = "192.0.2.253";
  it.each([
    ["qa", Errno.EEXIST, OLD],
    ["qaC", Errno.EEXIST, OLD],
    ["qaCX", Errno.EEXIST, OLD],
    ["qaX", Errno.EEXIST, OLD],
    ["qaXP", Errno.EEXIST, OLD],
    ["qaCXP", Errno.EEXIST, OLD],
    ["qaXA", Errno.EEXIST, OLD],
  ])("[RF-ROUTE-27b] [E.5] %s is answered by errno %i and leaves gateway %s", (flags, errno, gateway) => {
    const setup = setupE();
    const before = added(setup.socket, PREFIX, { gateway: OLD });
    const nexthops = setup.vnet.statistics().nexthops;
    expect(errnoOf(setup, newRoute(PREFIX, { gateway: GATEWAY }, flags))).toBe(errno);
    expect(routeTo(setup.socket, PREFIX)).toMatchObject({ gateway, knhId: before.knhId });
    expect(setup.vnet.statistics().nexthops).toBe(nexthops);
  });

  it.each([["qaP"], ["qaCP"], ["qaPA"], ["qaCPA"]])("[RF-ROUTE-27c] [FC-ROUTE-2] [E.5] %s replaces", (flags) => {
    const setup = setupE();
    added(setup.socket, PREFIX, { gateway: OLD });
    const { routes, nexthops } = setup.vnet.statistics();
    expect(errnoOf(setup, newRoute(PREFIX, { gateway: GATEWAY }, flags))).toBe(0);
    expect(routeTo(setup.socket, PREFIX).gateway).toBe(GATEWAY);
    expect(setup.vnet.statistics()).toMatchObject({ routes, nexthops });
    expect(setup.vnet.check()).toBe(0);
  });

  it.each<[string, RouteFields]>([
    ["an interface route", { oif: EM1 }],
    ["a blackhole", { type: RTN.BLACKHOLE }],
    ["the same gateway with a weight", { gateway: OLD, weight: 9 }],
    ["the same gateway with an MTU", { gateway: OLD, mtu: 1400 }],
    ["the same", { gateway: OLD }],
  ])("[E.5] a replacement by %s is taken whatever was there", (_, fields) => {
    const { socket } = setupE();
    added(socket, PREFIX, { gateway: OLD });
    expect(errorOf(ask(socket, newRoute(PREFIX, fields, "qaP")))).toBe(0);
    const { gateway, weight, mtu } = fields;
    expect(routeTo(socket, PREFIX)).toMatchObject({ gateway, weight, mtu });
    expect(errorOf(ask(socket, newRoute(PREFIX, { gateway: OLD }, "qaP")))).toBe(0);
    expect(routeTo(socket, PREFIX)).toMatchObject({ gateway: OLD, weight: undefined, mtu: undefined });
  });

  it.each([
    ["192.0.2.0/24", "qaP"],
    ["192.0.2.0/24", "qaCP"],
    ["192.0.2.1/32", "qaP"],
    ["127.0.0.1/32", "qaP"],
  ])("[RF-ROUTE-27d] [E.5] the interface's own %s is not replaced by %s: EEXIST", (prefix, flags) => {
    const { socket } = setupE();
    const before = routeTo(socket, prefix);
    expect(errorOf(ask(socket, newRoute(prefix, { gateway: GATEWAY }, flags)))).toBe(Errno.EEXIST);
    expect(toHex(routeTo(socket, prefix).seen.body)).toBe(toHex(before.seen.body));
  });

  it.each<[string, RouteFields]>([
    ["[RF-ROUTE-28b] the same gateway", { gateway: GATEWAY }],
    ["[RF-ROUTE-28c] an interface route", { oif: EM0 }],
    ["[RF-ROUTE-28c] a blackhole", { type: RTN.BLACKHOLE }],
  ])("%s is not joined by A: EEXIST [E.5]", (_, fields) => {
    const { socket } = setupE();
    const before = added(socket, PREFIX, fields);
    for (const flags of ["qaA", "qaCA"]) {
      expect(errorOf(ask(socket, newRoute(PREFIX, { gateway: GATEWAY }, flags)))).toBe(Errno.EEXIST);
    }
    expect(toHex(routeTo(socket, PREFIX).seen.body)).toBe(toHex(before.seen.body));
  });

  it("[E.5] `route add` of what is there, as C and A, is EEXIST", () => {
    const { socket } = setupE();
    const rtFlags = RTF.UP | RTF.GATEWAY | RTF.STATIC;
    const request = newRoute(PREFIX, { gateway: GATEWAY, table: 0, protocol: 4, rtFlags }, "qaCA");
    expect(errorOf(ask(socket, request))).toBe(0);
    expect(routeTo(socket, PREFIX)).toMatchObject({ gateway: GATEWAY, protocol: 4, rtFlags: RTF.GATEWAY | RTF.STATIC });
    expect(errorOf(ask(socket, request))).toBe(Errno.EEXIST);
  });

  it("[E.5] a mask of another length is another prefix", () => {
    const { socket } = setupE();
    for (const prefix of ["10.0.0.0/8", "10.0.0.0/9", "10.0.0.0/32", "0.0.0.0/0"]) {
      expect(errorOf(ask(socket, newRoute(prefix, { gateway: GATEWAY }, "qaCX")))).toBe(0);
      expect(errorOf(ask(socket, newRoute(prefix, { gateway: GATEWAY }, "qaCX")))).toBe(Errno.EEXIST);
    }
  });
});

describe("parsing", () => {
  it.each([
    ["DST of 5 bytes", attribute(RTA.DST, new Uint8Array(5)), Errno.EOPNOTSUPP],
    ["DST of 0 bytes", attribute(RTA.DST), Errno.EOPNOTSUPP],
    ["GATEWAY of 8 bytes", attribute(RTA.GATEWAY, new Uint8Array(8)), Errno.EOPNOTSUPP],
    ["VIA of 1 byte", attribute(RTA.VIA, u8(28)), Errno.EINVAL],
    ["VIA of family 1", attribute(RTA.VIA, u8(1), ip("2001:db8::2")), Errno.EOPNOTSUPP],
    ["OIF of 2 bytes", attribute(RTA.OIF, new Uint8Array(2)), Errno.EINVAL],
    ["TABLE of 1 byte", attribute(RTA.TABLE, u8(0)), Errno.EINVAL],
    ["WEIGHT of 8 bytes", attribute(RTA.WEIGHT, new Uint8Array(8)), Errno.EINVAL],
    ["RTFLAGS of 3 bytes", attribute(RTA.RTFLAGS, new Uint8Array(3)), Errno.EINVAL],
    ["EXPIRES of 8 bytes", attribute(RTA.EXPIRES, new Uint8Array(8)), Errno.EINVAL],
    ["an MTU of 2 bytes", attribute(RTA.METRICS, attribute(2, new Uint8Array(2))), Errno.EINVAL],
  ])("[E.2] [0.6] refuses %s", (_, broken, errno) => {
    const { socket, vnet } = setupBoth();
    const { routes, nexthops } = vnet.statistics();
    const good = newRoute(PREFIX, { gateway: GATEWAY });
    const request = concat(good, broken);
    request[0] = request.length;
    expect(errorOf(ask(socket, request))).toBe(errno);
    expect(vnet.statistics()).toMatchObject({ routes, nexthops });
  });

  it("[E.2] [0.6] takes the last of repeated attributes", () => {
    const { socket } = setupE();
    const body = rtmsg({ dstLength: 16 });
    const dst = (text: string): Uint8Array => attribute(RTA.DST, ip(text));
    const request = message(
      { type: 24, flags: "qaC" },
      body,
      dst("10.1.0.0"),
      dst("10.2.0.0"),
      attribute(RTA.OIF, u32(EM0)),
    );
    expect(errorOf(ask(socket, request))).toBe(0);
    expect(find(socket, "10.1.0.0/16")).toBeUndefined();
    expect(find(socket, "10.2.0.0/16")).toBeDefined();
  });
});
