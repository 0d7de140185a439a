// Multipath routes: the object, RTA_MULTIPATH and NLM_F_APPEND, partial deletion, departure and expiry of paths.

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { RTA, RTF, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Errno, type Socket } from "../../host/kernel/kernel.js";
import { ackOf, ask, attribute, codeOf, concat, drain, errorOf, u32 } from "../support/messages.js";
import { monitor, setupE, setupE6, setupR } from "../support/setups.js";
import { changesIn, gatewaysOf, multipath, nexthopIdOf, pathBytes, pathsOf, succeed } from "./nexthops.js";
import { added, delRoute, dump, find, getRoute, newRoute, routeOf, routeTo } from "./routes.js";

const NET = "10.1.0.0/16";
const A = "192.0.2.254";
const B = "192.0.2.253";
const C = "192.0.2.252";
const D = "192.0.2.251";
const EM0 = 2;

/** A route with paths in RTA_MULTIPATH. */
function written(prefix: string, gateways: readonly string[], flags = "qaC"): Uint8Array {
  return newRoute(prefix, { extra: [multipath(...gateways.map((gateway) => ({ gateway })))] }, flags);
}

function append(gateway: string, weight?: number): Uint8Array {
  return newRoute(NET, { gateway, ...(weight === undefined ? {} : { weight }) }, "qaA");
}

function gateways(socket: Socket, prefix = NET): (string | undefined)[] {
  return gatewaysOf(routeTo(socket, prefix));
}

describe("the object of a multipath route", () => {
  it("[E.1.3] [E.4.4] [RF-ROUTE-7] has its paths by nexthop index, weights cut to a byte, and no OIF or WEIGHT", () => {
    const { socket } = setupE();
    succeed(socket, newRoute(NET, { gateway: A, weight: 1, rtFlags: RTF.STATIC }));
    succeed(socket, newRoute(NET, { gateway: B, weight: 300 }, "qaA"));
    const route = routeTo(socket, NET);
    expect(route.order).toEqual([RTA.TABLE, RTA.DST, RTA.KNH_ID, RTA.RTFLAGS, RTA.MULTIPATH]);
    expect(route.rtFlags).toBe(RTF.GATEWAY | RTF.STATIC);
    expect(route).toMatchObject({ type: 1, scope: 0, headerFlags: 0 });
    expect(pathsOf(route)).toEqual([
      { gateway: A, hops: 1, flags: 0, oif: EM0, rtFlags: undefined, mtu: undefined },
      { gateway: B, hops: 44, flags: 0, oif: EM0, rtFlags: RTF.GATEWAY, mtu: undefined },
    ]);
    // nlmsghdr, rtmsg, TABLE, DST, KNH_ID, RTFLAGS, the nest, a path of 16 and one of 24 bytes.
    expect(route.seen.length).toBe(16 + 12 + 4 * 8 + 4 + 16 + 24);
  });

  it("[E.1.3] [FC-ROUTE-13] a path has flags and MTU of its own only where they differ from the first's or are set", () => {
    const { socket } = setupE();
    succeed(socket, newRoute(NET, { gateway: A }));
    succeed(socket, newRoute(NET, { gateway: B, mtu: 1400 }, "qaA"));
    const paths = pathsOf(routeTo(socket, NET));
    expect(paths.map(({ rtFlags, mtu }) => [rtFlags, mtu])).toEqual([
      [undefined, undefined],
      [RTF.GATEWAY | RTF.FIXEDMTU, 1400],
    ]);
  });

  it("[E.1.3] [E.8.3] the order is that of the indices, not of the request", () => {
    const { socket } = setupE();
    added(socket, "10.2.0.0/16", { gateway: B });
    succeed(socket, written(NET, [A, B]));
    expect(gateways(socket)).toEqual([B, A]);
  });

  it("[E.1.4] the group's origin is that of the request above STATIC; a group made by APPEND has its first path's", () => {
    const { socket } = setupE();
    succeed(socket, newRoute(NET, { protocol: 186, extra: [multipath({ gateway: A }, { gateway: B })] }));
    expect(routeTo(socket, NET).protocol).toBe(186);
    const other = "10.2.0.0/16";
    succeed(socket, newRoute(other, { gateway: A, protocol: 12 }));
    succeed(socket, newRoute(other, { gateway: B, protocol: 186 }, "qaA"));
    expect(routeTo(socket, other).protocol).toBe(186);
  });

  it("[E.1.3] [E.1.4] the first path is that of the first slot: one of weight 1 beside 300 has none", () => {
    const { socket } = setupE();
    succeed(socket, newRoute(NET, { gateway: A, protocol: 12 }));
    succeed(socket, newRoute(NET, { gateway: B, protocol: 186, weight: 300 }, "qaA"));
    expect(routeTo(socket, NET).protocol).toBe(186);
    expect(routeOf(ask(socket, getRoute("10.1.2.3"))[0] as never).gateway).toBe(B);
  });

  it("[E.3.2] [RF-ROUTE-15b] [FB-47] a single get shows the first path as a single route", () => {
    const { socket } = setupE();
    succeed(socket, written(NET, [A, B]));
    const [seen, ack] = ask(socket, getRoute("10.1.2.3"));
    const route = routeOf(seen as never);
    expect(route).toMatchObject({ prefix: NET, gateway: A, oif: EM0 });
    expect(route.knhId).toBeGreaterThan(0);
    expect(route.order).not.toContain(RTA.MULTIPATH);
    expect(ackOf(ack).error).toBe(0);
    succeed(socket, delRoute(NET));
    expect(find(socket, NET)).toBeUndefined();
  });

  it("[E.4.4] RTA_WEIGHT of a multipath request is the route's own, and a single get shows it", () => {
    const { socket } = setupE();
    succeed(socket, newRoute(NET, { weight: 7, extra: [multipath({ gateway: A }, { gateway: B })] }));
    expect(routeOf(ask(socket, getRoute("10.1.2.3"))[0] as never).weight).toBe(7);
    expect(routeTo(socket, NET).order).not.toContain(RTA.WEIGHT);
  });

  it.each([
    ["at once", 0],
    ["pulled by the reader", 1000],
  ])("[N7.2] [RF-CORE-59] a route of 64 IPv6 paths is one whole message of a dump written %s", (_, others) => {
    const { socket } = setupE6();
    const prefix = "2001:db8:1::/48";
    const of = (first: number): Uint8Array =>
      multipath(...Array.from({ length: 32 }, (_, n) => ({ gateway: `2001:db8::${(first + n).toString(16)}` })));
    succeed(socket, newRoute(prefix, { extra: [of(16)] }));
    succeed(socket, newRoute(prefix, { extra: [of(48)] }, "qaA"));
    for (let n = 0; n < others; n++)
      succeed(socket, newRoute(`2001:db8:2:${n.toString(16)}::/64`, { gateway: "2001:db8::2" }));
    const route = routeTo(socket, prefix);
    expect(route.seen.length).toBe(16 + 12 + 8 + 20 + 8 + 8 + 4 + 64 * 28);
    expect(pathsOf(route)).toHaveLength(64);
    expect(dump(socket, AF.INET6).filter(({ prefix }) => prefix.startsWith("2001:db8:2:"))).toHaveLength(others);
    expect(errorOf(ask(socket, newRoute(prefix, { gateway: "2001:db8::999" }, "qaA")))).toBe(Errno.E2BIG);
  });

  it("[N7.2] 64 paths with flags and MTU of their own over IPv6 gateways are one message too", () => {
    const { socket } = setupE6();
    const prefix = "2001:db8:1::/48";
    for (let n = 0; n < 64; n++) {
      const gateway = `2001:db8::${(n + 16).toString(16)}`;
      succeed(
        socket,
        newRoute(prefix, { gateway, mtu: 1300, rtFlags: n === 0 ? 0 : RTF.STATIC }, n === 0 ? "qaC" : "qaA"),
      );
    }
    const route = routeTo(socket, prefix);
    expect(route.seen.length).toBe(16 + 12 + 8 + 20 + 8 + 8 + 4 + 64 * 40 + 63 * 8);
    for (let n = 0; n < 400; n++)
      succeed(socket, newRoute(`2001:db8:2:${n.toString(16)}::/64`, { gateway: "2001:db8::2" }));
    expect(pathsOf(routeTo(socket, prefix))).toHaveLength(64);
  });
});

describe("RTM_NEWROUTE with RTA_MULTIPATH", () => {
  it("[E.4.1] [RF-ROUTE-20] weights are rtnh_hops, 0 counts as 1; rtnh_ifindex is optional", () => {
    const { socket } = setupE();
    const paths = [
      { gateway: A, hops: 0 },
      { gateway: B, hops: 200, index: EM0 },
    ];
    succeed(socket, newRoute(NET, { extra: [multipath(...paths)] }));
    expect(pathsOf(routeTo(socket, NET)).map(({ gateway, hops, oif }) => [gateway, hops, oif])).toEqual([
      [A, 1, EM0],
      [B, 200, EM0],
    ]);
  });

  it("[E.4.1] RTFLAGS and protocol count for all paths, METRICS and rtm_type for none", () => {
    const { socket } = setupE();
    const extra = [multipath({ gateway: A }, { gateway: B })];
    succeed(socket, newRoute(NET, { rtFlags: RTF.PROTO1, mtu: 1300, type: 6, extra }));
    expect(routeTo(socket, NET)).toMatchObject({ rtFlags: RTF.GATEWAY | RTF.PROTO1, type: 1, protocol: 11 });
    expect(pathsOf(routeTo(socket, NET)).map(({ mtu }) => mtu)).toEqual([undefined, undefined]);
  });

  const bad = (bytes: Uint8Array): Uint8Array[] => [attribute(RTA.MULTIPATH, bytes)];
  const one = pathBytes({ gateway: A });
  it.each<[string, Uint8Array[], Errno, string | undefined]>([
    ["rtnh_len 4", bad(pathBytes({ gateway: A, length: 4 })), Errno.EINVAL, "nlattr_get_multipath: bad length 4"],
    ["rtnh_len 8, no attributes", bad(pathBytes({})), Errno.EINVAL, "nlattr_get_multipath: bad length 8"],
    [
      "rtnh_len beyond the attribute",
      bad(pathBytes({ gateway: A, length: 20 })),
      Errno.EINVAL,
      "nlattr_get_multipath: bad length 20",
    ],
    ["3 bytes behind a path", bad(concat(one, new Uint8Array(3))), Errno.EINVAL, "nlattr_get_multipath: bad length 0"],
    ["1 byte behind a path", bad(concat(one, Uint8Array.of(9))), Errno.EINVAL, "nlattr_get_multipath: bad length 9"],
    [
      "a path whose padding is missing",
      bad(pathBytes({ gateway: A, length: 17 }).slice(0, 16)),
      Errno.EINVAL,
      "nlattr_get_multipath: bad length 17",
    ],
    ["no path", bad(new Uint8Array(0)), Errno.EINVAL, "invalid RTA_MULTIPATH attr"],
    [
      "an unknown interface",
      bad(pathBytes({ gateway: A, index: 99 })),
      Errno.ENOENT,
      "RTA_MULTIPATH: nexthop 0: parse failed",
    ],
    [
      "a path without gateway",
      bad(concat(one, pathBytes({ index: EM0 }), attribute(RTA.FLOW, u32(0)))),
      Errno.EINVAL,
      "nlattr_get_multipath: bad length 8",
    ],
    ["the same path twice", [multipath({ gateway: A }, { gateway: A })], Errno.EEXIST, undefined],
    [
      "a link-local gateway without interface",
      [multipath({ via: "fe80::1" }, { gateway: A })],
      Errno.EINVAL,
      "interface not set",
    ],
    [
      "a gateway that nothing leads to",
      [multipath({ gateway: A }, { gateway: "203.0.113.1" })],
      Errno.EINVAL,
      undefined,
    ],
  ])("[E.4.1] [RF-ROUTE-19c] [RF-ROUTE-19d] %s is refused", (_, extra, errno, text) => {
    const { vnet, socket } = setupE();
    const before = vnet.statistics();
    const ack = ackOf(ask(socket, newRoute(NET, { extra })).at(-1));
    expect([Errno[ack.error], ack.text]).toEqual([Errno[errno], text]);
    expect(find(socket, NET)).toBeUndefined();
    expect(vnet.statistics().nexthops).toBe(before.nexthops);
  });

  it("[E.4.1] [RF-ROUTE-19d] a path with attributes but without a gateway is EINVAL", () => {
    const { socket } = setupE();
    const path = concat(pathBytes({ index: EM0, length: 16 }), attribute(RTA.FLOW, u32(1)));
    expect(errorOf(ask(socket, newRoute(NET, { extra: [attribute(RTA.MULTIPATH, path)] })))).toBe(Errno.EINVAL);
  });

  it("[E.4.1] [RF-ROUTE-19d] 64 paths are a route, 65 are E2BIG", () => {
    const { vnet, socket } = setupE();
    const some = (count: number): string[] => Array.from({ length: count }, (_, n) => `192.0.2.${n + 10}`);
    const before = vnet.statistics();
    expect(errorOf(ask(socket, written(NET, some(65))))).toBe(Errno.E2BIG);
    expect(vnet.statistics().nexthops).toBe(before.nexthops);
    succeed(socket, written(NET, some(64)));
    expect(gateways(socket)).toEqual(some(64));
    expect(vnet.statistics().groups).toBe(1);
  });

  it("[N6.6] [E.4.1] the addresses of paths take scratch: 73 of IPv4 are ENOBUFS with an offset and no text", () => {
    const { socket } = setupE();
    const some = Array.from({ length: 73 }, (_, n) => `192.0.2.${n + 10}`);
    const ack = ackOf(ask(socket, written(NET, some)).at(-1));
    expect(Errno[ack.error]).toBe("ENOBUFS");
    expect(ack.offset).toBeGreaterThan(0);
  });

  it("[E.4.1] [RF-ROUTE-19d] a v4 and a v6 gateway in one route are EINVAL; v6 gateways alone are a group", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em0", "2001:db8::1/64");
    const mixed = multipath({ gateway: A }, { via: "2001:db8::2" });
    expect(errorOf(ask(socket, newRoute(NET, { extra: [mixed] })))).toBe(Errno.EINVAL);
    succeed(socket, newRoute(NET, { extra: [multipath({ via: "2001:db8::2" }, { via: "2001:db8::3" })] }));
    expect(gateways(socket)).toEqual(["2001:db8::2", "2001:db8::3"]);
    expect(routeTo(socket, NET).seen.length).toBe(16 + 12 + 4 * 8 + 4 + 2 * (8 + 24));
  });

  it("[FB-47] test_rtnl_route.c rtnl_nhgrp: paths through lo0, read back and deleted", () => {
    const { socket } = setupR();
    const prefix = "192.0.2.0/24";
    const extra = [multipath({ gateway: "127.0.0.1" }, { gateway: "127.0.0.2" })];
    succeed(socket, newRoute(prefix, { protocol: 4, headerFlags: 2, extra }));
    expect(gateways(socket, prefix)).toEqual(["127.0.0.1", "127.0.0.2"]);
    succeed(socket, delRoute(prefix));
    expect(find(socket, prefix)).toBeUndefined();
  });

  it("[E.8.3] [E.8.2] routes with the same paths and weights share a group; its index is of the nexthops' own set", () => {
    const { vnet, socket } = setupE();
    const other = "10.2.0.0/16";
    succeed(socket, written(NET, [A, B]));
    succeed(socket, written(other, [B, A]));
    expect(routeTo(socket, other).knhId).toBe(routeTo(socket, NET).knhId);
    expect(vnet.statistics().groups).toBe(1);
    succeed(socket, newRoute("10.3.0.0/16", { extra: [multipath({ gateway: A, hops: 2 }, { gateway: B })] }));
    expect(vnet.statistics().groups).toBe(2);
    const ids = dump(socket, AF.INET).map(({ knhId }) => knhId);
    succeed(socket, newRoute("10.4.0.0/16", { gateway: A }));
    expect(ids).not.toContain(routeTo(socket, "10.4.0.0/16").knhId);
    for (const prefix of [NET, other, "10.3.0.0/16", "10.4.0.0/16"]) succeed(socket, delRoute(prefix));
    expect(vnet.statistics().groups).toBe(0);
  });
});

describe("NLM_F_APPEND", () => {
  it("[E.5] [RF-ROUTE-28a] [FC-ROUTE-1] another gateway joins: a group of two, announced as a change", () => {
    const { vnet, socket } = setupE();
    added(socket, NET, { gateway: A });
    const member = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    succeed(socket, newRoute(NET, { gateway: B, protocol: 4, rtFlags: RTF.STATIC | RTF.GATEWAY }, "qaCA"));
    expect(gateways(socket)).toEqual([A, B]);
    expect(changesIn(drain(member))).toEqual([["NEWROUTE", NLM_F.REQUEST | NLM_F.ACK | NLM_F.REPLACE, [A, B]]]);
  });

  it("[E.5] [FC-ROUTE-1] where there is no route it needs CREATE, and then adds", () => {
    const { socket } = setupE();
    expect(errorOf(ask(socket, append(A)))).toBe(Errno.ESRCH);
    succeed(socket, newRoute(NET, { gateway: A }, "qaCA"));
    expect(gateways(socket)).toEqual([A]);
  });

  it("[E.5] [FB-48] test_rtnl_route.c rtnl_nhop_merge: APPEND without CREATE through lo0", () => {
    const { socket } = setupR();
    const prefix = "198.51.100.0/24";
    succeed(socket, newRoute(prefix, { gateway: "127.0.1.1" }));
    const single = routeOf(ask(socket, getRoute(prefix))[0] as never);
    expect(single.knhId).toBeGreaterThan(0);
    expect(single.order).not.toContain(RTA.MULTIPATH);
    succeed(socket, newRoute(prefix, { gateway: "127.0.1.2" }, "qaA"));
    expect(routeOf(ask(socket, getRoute(prefix))[0] as never).gateway).toBe("127.0.1.1");
    expect(gateways(socket, prefix)).toEqual(["127.0.1.1", "127.0.1.2"]);
    succeed(socket, delRoute(prefix));
  });

  it.each<[string, (socket: Socket) => void, Uint8Array]>([
    ["[RF-ROUTE-28b] the same path", (socket) => void added(socket, NET, { gateway: A }), append(A)],
    [
      "[RF-ROUTE-28b] the same path with another weight",
      (socket) => void added(socket, NET, { gateway: A }),
      append(A, 5),
    ],
    ["[RF-ROUTE-28b] a path that the group has", (socket) => succeed(socket, written(NET, [A, B])), append(B)],
    ["[RF-ROUTE-28c] a gateway beside a direct route", (socket) => void added(socket, NET, { oif: EM0 }), append(A)],
    ["[RF-ROUTE-28c] a gateway beside a blackhole", (socket) => void added(socket, NET, { type: 6 }), append(A)],
    [
      "[RF-ROUTE-28c] a direct route beside a gateway",
      (socket) => void added(socket, NET, { gateway: A }),
      newRoute(NET, { oif: EM0 }, "qaA"),
    ],
  ])("[E.5] %s is EEXIST and changes nothing", (_, prepare, request) => {
    const { socket } = setupE();
    prepare(socket);
    const before = routeTo(socket, NET).seen.bytes;
    expect(errorOf(ask(socket, request))).toBe(Errno.EEXIST);
    expect(routeTo(socket, NET).seen.bytes).toEqual(before);
  });

  it("[E.5] [RF-ROUTE-28d] with net.route.multipath 0 nothing joins: EEXIST", () => {
    const { kernel, socket } = setupE();
    kernel.sysctl("net.route.multipath", 0);
    const before = added(socket, NET, { gateway: A }).seen.bytes;
    expect(errorOf(ask(socket, append(B)))).toBe(Errno.EEXIST);
    expect(routeTo(socket, NET).seen.bytes).toEqual(before);
  });

  it("[E.5] [RF-ROUTE-29a] a group joins a group: four paths", () => {
    const { vnet, socket } = setupE();
    succeed(socket, written(NET, [A, B]));
    succeed(socket, written(NET, [C, D], "qaA"));
    expect(gateways(socket)).toEqual([A, B, C, D]);
    expect(vnet.statistics().groups).toBe(1);
  });

  it("[E.5] [RF-ROUTE-29b] REPLACE of a group with other weights is a change", () => {
    const { vnet, socket } = setupE();
    succeed(socket, written(NET, [A, B]));
    const member = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    succeed(socket, newRoute(NET, { extra: [multipath({ gateway: A, hops: 3 }, { gateway: B })] }, "qaP"));
    expect(pathsOf(routeTo(socket, NET)).map(({ hops }) => hops)).toEqual([3, 1]);
    expect(changesIn(drain(member))).toEqual([["NEWROUTE", 0x105, [A, B]]]);
  });

  it("[E.5] [RF-ROUTE-29c] the first join ever sets net.route.hash_outbound, which cannot be written", () => {
    const { kernel, socket } = setupE();
    expect(kernel.sysctl("net.route.multipath")).toBe(1);
    expect(kernel.sysctl("net.route.hash_outbound")).toBe(0);
    expect(codeOf(() => kernel.sysctl("net.route.hash_outbound", 1))).toBe("EPERM");
    added(socket, NET, { gateway: A });
    succeed(socket, append(B));
    expect(kernel.sysctl("net.route.hash_outbound")).toBe(1);
    succeed(socket, delRoute(NET));
    expect(kernel.sysctl("net.route.hash_outbound")).toBe(1);
  });

  it("[E.5] [E.8.2] IPv4 paths over IPv6 gateways do not join: their group would be in another table", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em0", "2001:db8::1/64");
    added(socket, NET, { via: "2001:db8::2" });
    expect(errorOf(ask(socket, newRoute(NET, { via: "2001:db8::3" }, "qaA")))).toBe(Errno.EINVAL);
  });
});

describe("RTM_DELROUTE of a multipath route", () => {
  it("[E.6.3] [E.7.1] [RF-ROUTE-32a] [RF-ROUTE-35a] by gateway: a smaller group, a plain route, nothing", () => {
    const { vnet, socket } = setupE();
    succeed(socket, newRoute(NET, { extra: [multipath({ gateway: A }, { gateway: B }, { gateway: C, hops: 9 })] }));
    const member = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    for (const gateway of [A, B, C]) succeed(socket, delRoute(NET, { gateway }));
    const seen = drain(member);
    expect(changesIn(seen)).toEqual([
      ["NEWROUTE", 0x105, [B, C]],
      ["NEWROUTE", 0x105, [C]],
      ["DELROUTE", 0x5, [C]],
    ]);
    expect(routeOf(seen[1] as never)).toMatchObject({ oif: EM0, weight: 9 });
    expect(find(socket, NET)).toBeUndefined();
    expect(vnet.statistics().groups).toBe(0);
  });

  it("[E.6.3] [RF-ROUTE-32b] without a filter all paths go, with one RTM_DELROUTE of the whole group", () => {
    const { vnet, socket } = setupE();
    succeed(socket, written(NET, [A, B, C]));
    const member = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    succeed(socket, delRoute(NET));
    expect(changesIn(drain(member))).toEqual([["DELROUTE", 0x5, [A, B, C]]]);
    expect(find(socket, NET)).toBeUndefined();
  });

  it("[E.6.3] [E.6.1] by interface; paths that nothing matches stay, ESRCH", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em1", "198.51.100.1/24");
    const far = "198.51.100.2";
    succeed(socket, written(NET, [A, far, B]));
    expect(errorOf(ask(socket, delRoute(NET, { gateway: C })))).toBe(Errno.ESRCH);
    expect(errorOf(ask(socket, delRoute(NET, { oif: 1 })))).toBe(Errno.ESRCH);
    succeed(socket, delRoute(NET, { oif: EM0 }));
    expect(gateways(socket)).toEqual([far]);
  });
});

describe("paths that go by themselves", () => {
  it("[E.7.3] [F.7] a departing interface takes its paths in silence, and routes that have no others", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em1", "198.51.100.1/24");
    const far = ["198.51.100.2", "198.51.100.3"] as const;
    succeed(socket, written("10.1.0.0/16", [A, ...far]));
    succeed(socket, written("10.2.0.0/16", [A, B, ...far]));
    succeed(socket, written("10.3.0.0/16", [...far]));
    succeed(socket, written("10.4.0.0/16", [A, ...far]));
    const member = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    vnet.interfaceDetach("em1");
    expect(gateways(socket, "10.1.0.0/16")).toEqual([A]);
    expect(gateways(socket, "10.2.0.0/16")).toEqual([A, B]);
    expect(gateways(socket, "10.4.0.0/16")).toEqual([A]);
    expect(find(socket, "10.3.0.0/16")).toBeUndefined();
    expect(drain(member)).toEqual([]);
    expect(vnet.core.call.check()).toBe(0);
    expect(vnet.statistics().groups).toBe(1);
  });

  it("[E.7.3] [C.6.4] an address that goes takes the paths whose source it is; down, those that are not STATIC", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em1", "198.51.100.1/24");
    const far = "198.51.100.2";
    succeed(socket, newRoute(NET, { gateway: far }));
    succeed(socket, newRoute(NET, { gateway: "198.51.100.3", rtFlags: RTF.STATIC }, "qaA"));
    succeed(socket, append(A));
    vnet.interfaceDown("em1");
    expect(gateways(socket)).toEqual(["198.51.100.3", A]);
    vnet.addressDelete("em1", "198.51.100.1");
    expect(gateways(socket)).toEqual([A]);
    expect(vnet.core.call.check()).toBe(0);
  });

  it("[E.7.3] a departing interface takes paths of IPv4 over IPv6 gateways", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em0", "2001:db8::1/64");
    vnet.addressAdd("em1", "2001:db8:1::1/64");
    vnet.addressAdd("em1", "198.51.100.1/24");
    const extra = [multipath({ via: "2001:db8::2" }, { via: "2001:db8::3" }, { via: "2001:db8:1::2" })];
    succeed(socket, newRoute(NET, { extra }));
    vnet.interfaceDetach("em1");
    expect(gateways(socket)).toEqual(["2001:db8::2", "2001:db8::3"]);
    expect(errorOf(ask(socket, delRoute(NET, { oif: EM0 })))).toBe(0);
  });

  it("[E.7.3] [FB-49] test_rtnl_route.c rtnl_nhgrp_expire: a path ends at its second, the others stay", () => {
    const { kernel, vnet, socket } = setupE();
    succeed(socket, written(NET, [A, B]));
    succeed(socket, newRoute(NET, { gateway: C, expires: kernel.wallClock + 1 }, "qaA"));
    expect(gateways(socket)).toEqual([A, B, C]);
    kernel.advance(2000);
    expect(gateways(socket)).toEqual([A, B]);
    expect(vnet.core.call.check()).toBe(0);
  });

  it("[E.7.3] when all paths end, each at its own time, the route goes with the last", () => {
    const { kernel, vnet, socket } = setupE();
    const at = kernel.wallClock;
    succeed(socket, newRoute(NET, { gateway: A, expires: at + 10 }));
    succeed(socket, newRoute(NET, { gateway: B, expires: at + 20 }, "qaA"));
    succeed(socket, newRoute(NET, { gateway: C, expires: at + 30 }, "qaA"));
    kernel.advance(11_000);
    expect(gateways(socket)).toEqual([B, C]);
    kernel.advance(10_000);
    expect(gateways(socket)).toEqual([C]);
    kernel.advance(10_000);
    expect(find(socket, NET)).toBeUndefined();
    expect(vnet.statistics()).toMatchObject({ groups: 0 });
  });

  it("[E.3.1] a dump under way shows the groups as they were", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em1", "198.51.100.1/24");
    for (let n = 0; n < 1500; n++) succeed(socket, written(`10.${n >> 8}.${n & 255}.0/24`, [A, "198.51.100.2", B]));
    const before = dump(socket, AF.INET).map(({ seen }) => seen.bytes);
    const reader = vnet.socket();
    reader.send(getRoute(undefined, {}, "qD"));
    vnet.interfaceDetach("em1");
    expect(gateways(socket, "10.2.3.0/24")).toEqual([A, B]);
    const shown = drain(reader).filter(({ type }) => type === RTM.NEWROUTE);
    const tails = (all: readonly Uint8Array[]): string[] => all.map((bytes) => bytes.slice(16).join());
    expect(tails(shown.map(({ bytes }) => bytes))).toEqual(tails(before));
    expect(vnet.statistics().groups).toBe(1);
    expect(nexthopIdOf(routeTo(socket, "10.2.3.0/24"))).toBeUndefined();
  });
});
