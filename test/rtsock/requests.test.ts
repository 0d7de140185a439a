// Requests that add, delete, change and get routes, and their echoes (rtsock G.4, G.11).

import { describe, expect, it } from "vitest";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { RTF, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { ROUTE_RTM, RTV } from "../../assembly/abi/rtsock.js";
import { Errno, Kernel, type RoutingSocket, type Vnet } from "../../host/kernel/kernel.js";
import { drain, toHex } from "../support/messages.js";
import { AS_GIVEN, monitor, setupE } from "../support/setups.js";
import { errnoOf, inet, link, type RequestFields, type Routing, readAll, readBytes, request } from "./routing.js";

const PID = 4242;
const VIA = RTF.UP | RTF.GATEWAY | RTF.STATIC;
const STATIC_PATH = RTF.DONE | RTF.GATEWAY | RTF.STATIC;

/** The families' figures: the interface's network, a part of it, a gateway on it, and the same of a second interface. */
const FAMILIES = [
  {
    name: "v4",
    own: "192.0.2.1/24",
    net: "192.0.2.0",
    mask: "255.255.255.0",
    part: "192.0.2.0",
    partMask: "255.255.255.128",
    gateway: "192.0.2.254",
    other: "198.51.100.1/24",
    otherGateway: "198.51.100.254",
    far: "10.1.0.0",
    farMask: "255.255.0.0",
  },
  {
    name: "v6",
    own: "2001:db8::1/32",
    net: "2001:db8::",
    mask: "ffff:ffff::",
    part: "2001:db8::",
    partMask: "ffff:ffff:8000::",
    gateway: "2001:db8:ffff:ffff:ffff:ffff:ffff:fffe",
    other: "2001:db9::1/32",
    otherGateway: "2001:db9::fffe",
    far: "2001:dead::",
    farMask: "ffff:ffff::",
  },
] as const;

interface Stage {
  readonly kernel: Kernel;
  readonly vnet: Vnet;
  readonly socket: RoutingSocket;
}

function stage(own: string, other?: string): Stage {
  const { kernel, vnet } = setupE({
    ...AS_GIVEN,
    interfaces: [
      { name: "em0", lladdr: "02:00:00:00:00:0a", up: true, addresses: [own] },
      { name: "em1", lladdr: "02:00:00:00:00:0b", up: true, addresses: other === undefined ? [] : [other] },
    ],
  });
  return { kernel, vnet, socket: vnet.routingSocket({ pid: PID }) };
}

/** Writes a request; its echo, which must be the only message. */
function ask(socket: RoutingSocket, type: ROUTE_RTM, fields: RequestFields): Routing {
  readAll(socket);
  const error = errnoOf(() => socket.write(request(type, { seq: 7, ...fields })));
  const [echo, ...more] = readAll(socket);
  expect(more).toEqual([]);
  expect(echo).toMatchObject({ errno: error, seq: 7, pid: PID });
  return echo as Routing;
}

function refusal(socket: RoutingSocket, type: ROUTE_RTM, fields: RequestFields): Errno {
  return ask(socket, type, fields).errno;
}

describe.each(FAMILIES)("routes of $name", (f) => {
  const part = { dst: f.part, netmask: f.partMask, gateway: f.gateway, flags: VIA };

  it("[RS-1] GET of the interface's prefix", () => {
    const { socket } = stage(f.own);
    expect(ask(socket, ROUTE_RTM.GET, { dst: f.net, netmask: f.mask })).toMatchObject({
      dst: f.net,
      netmask: f.mask,
      gateway: "link#2",
      index: 2,
      flags: RTF.UP | RTF.DONE | RTF.PINNED,
    });
  });

  it("[RS-2] [RS-3] [RS-4] GET without mask, without destination, with host bits", () => {
    const { socket } = stage(f.own);
    expect(ask(socket, ROUTE_RTM.GET, { dst: f.net })).toMatchObject({ netmask: f.mask, index: 2, flags: 0x100041 });
    readAll(socket);
    expect(errnoOf(() => socket.write(request(ROUTE_RTM.GET, {})))).toBe(Errno.EINVAL);
    readAll(socket);
    expect(refusal(socket, ROUTE_RTM.GET, { dst: f.own.split("/")[0] as string, netmask: f.mask })).toBe(Errno.OK);
  });

  it("[RS-5] [RS-7] [RS-11] ADD of a part of it by way of a gateway, and DELETE without the gateway", () => {
    const { socket } = stage(f.own);
    const shown = { dst: f.part, netmask: f.partMask, gateway: f.gateway, index: 2 };
    expect(ask(socket, ROUTE_RTM.ADD, part)).toMatchObject({ ...shown, type: "ADD", flags: STATIC_PATH | RTF.UP });
    expect(ask(socket, ROUTE_RTM.DELETE, { dst: f.part, netmask: f.partMask })).toMatchObject({
      ...shown,
      type: "DELETE",
      flags: STATIC_PATH,
    });
  });

  it("[RS-6] ADD without mask is a host route, with the flag HOST or without", () => {
    const { socket } = stage(f.own);
    const echo = ask(socket, ROUTE_RTM.ADD, { dst: f.far, gateway: f.gateway, flags: VIA });
    expect(echo.flags).toBe(STATIC_PATH | RTF.UP | RTF.HOST);
    expect(echo.netmask).toBeUndefined();
  });

  it("[RS-8] CHANGE to a gateway on a second interface, as a GET shows", () => {
    const { socket } = stage(f.own, f.other);
    ask(socket, ROUTE_RTM.ADD, part);
    const expected = { gateway: f.otherGateway, index: 3, flags: STATIC_PATH | RTF.UP };
    expect(ask(socket, ROUTE_RTM.CHANGE, { ...part, gateway: f.otherGateway })).toMatchObject(expected);
    expect(ask(socket, ROUTE_RTM.GET, { dst: f.part, netmask: f.partMask })).toMatchObject(expected);
  });

  it("[RS-9] CHANGE of the MTU alone", () => {
    const { socket } = stage(f.own);
    ask(socket, ROUTE_RTM.ADD, part);
    const { dst, netmask } = part;
    const change = { dst, netmask, flags: VIA, inits: RTV.MTU, mtu: 1442 };
    expect(ask(socket, ROUTE_RTM.CHANGE, change).mtu).toBe(1442);
    expect(ask(socket, ROUTE_RTM.GET, { dst, netmask }).mtu).toBe(1442);
  });

  it("[RS-10] CHANGE takes away the flags that it lacks", () => {
    const { socket } = stage(f.own);
    const all = RTF.PROTO1 | RTF.PROTO2 | RTF.PROTO3 | RTF.STATIC;
    expect(ask(socket, ROUTE_RTM.ADD, { ...part, flags: VIA | all }).flags & all).toBe(all);
    const { dst, netmask } = part;
    const expected = RTF.UP | RTF.DONE | RTF.GATEWAY;
    expect(ask(socket, ROUTE_RTM.CHANGE, { dst, netmask, flags: RTF.UP | RTF.GATEWAY }).flags).toBe(expected);
    expect(ask(socket, ROUTE_RTM.GET, { dst, netmask }).flags).toBe(expected);
  });

  it("[RS-16] [RS-17] a route that expired before it was added goes at once, the next message says", () => {
    const { kernel, socket } = stage(f.own);
    const echo = ask(socket, ROUTE_RTM.ADD, { ...part, inits: RTV.EXPIRE, expire: kernel.wallClock - 1 });
    expect(echo.inits & RTV.EXPIRE).toBe(RTV.EXPIRE);
    kernel.advance(1);
    expect(readAll(socket)).toMatchObject([
      { type: "DELETE", dst: f.part, netmask: f.partMask, gateway: f.gateway, index: 2, flags: STATIC_PATH, pid: 0 },
    ]);
  });

  const far = { dst: f.far, netmask: f.farMask };
  const hop = (n: number): string => (f.name === "v4" ? `192.0.2.${n}` : `2001:db8::${n}`);
  const path = (n: number, weight?: number): RequestFields => ({
    ...far,
    gateway: hop(n),
    flags: RTF.UP | RTF.GATEWAY,
    ...(weight === undefined ? {} : { inits: RTV.WEIGHT, weight }),
  });

  it("[FB-116] [FB-117] [FB-122] two paths with weights, and one of them deleted", () => {
    for (const [gone, left, weight] of [
      [10, 5, 2],
      [5, 10, 3],
    ] as const) {
      const { socket } = stage(f.own);
      expect(ask(socket, ROUTE_RTM.ADD, path(10, 2))).toMatchObject({ type: "ADD", gateway: hop(10), weight: 2 });
      expect(ask(socket, ROUTE_RTM.ADD, path(5, 3))).toMatchObject({ type: "ADD", gateway: hop(5), weight: 3 });
      expect(ask(socket, ROUTE_RTM.DELETE, path(gone))).toMatchObject({ gateway: hop(gone), weight });
      expect(ask(socket, ROUTE_RTM.GET, far)).toMatchObject({ gateway: hop(left), weight: 5 - weight });
    }
  });

  it("[FB-118] [FB-119] [FB-126] weights as they were sent, 1 without and for 0", () => {
    const { socket } = stage(f.own);
    expect([10, 11, 50].map((n) => ask(socket, ROUTE_RTM.ADD, path(n)).weight)).toEqual([1, 1, 1]);
    ask(socket, ROUTE_RTM.DELETE, path(50));
    expect([13, 14].map((n) => ask(socket, ROUTE_RTM.ADD, path(n, 0)).weight)).toEqual([1, 1]);
    expect([15, 16].map((n, i) => ask(socket, ROUTE_RTM.ADD, path(n, 13 + 8 * i)).weight)).toEqual([13, 21]);
    expect(ask(socket, ROUTE_RTM.ADD, path(17, 0x7fffffff)).weight).toBe(0xffffff);
  });

  it("[FB-120] [FB-121] CHANGE of one path's weight, and to the weight that it has", () => {
    const { socket } = stage(f.own);
    for (const [n, weight] of [
      [10, 2],
      [5, 3],
      [7, 4],
    ] as const)
      ask(socket, ROUTE_RTM.ADD, path(n, weight));
    expect(ask(socket, ROUTE_RTM.CHANGE, path(5, 9))).toMatchObject({ gateway: hop(5), weight: 9, errno: 0 });
    const same = ask(socket, ROUTE_RTM.CHANGE, path(5, 9));
    expect(same).toMatchObject({ gateway: hop(5), weight: 9, errno: 0 });
    expect(same.flags & RTF.DONE).toBe(RTF.DONE);
    expect(ask(socket, ROUTE_RTM.DELETE, path(5)).weight).toBe(9);
  });

  it("[FB-123] [FB-124] [FB-125] a path twice is EEXIST, one that is not there ESRCH", () => {
    const { socket } = stage(f.own);
    ask(socket, ROUTE_RTM.ADD, path(10));
    ask(socket, ROUTE_RTM.ADD, path(11));
    expect(refusal(socket, ROUTE_RTM.ADD, path(11))).toBe(Errno.EEXIST);
    expect(refusal(socket, ROUTE_RTM.DELETE, path(7))).toBe(Errno.ESRCH);
    expect(refusal(socket, ROUTE_RTM.CHANGE, path(7))).toBe(Errno.ESRCH);
  });

  it("[FB-127] GET of a multipath route shows one of its paths", () => {
    const { socket } = stage(f.own);
    for (const n of [10, 11, 12]) {
      ask(socket, ROUTE_RTM.ADD, path(n));
      const echo = ask(socket, ROUTE_RTM.GET, far);
      expect(echo).toMatchObject({ type: "GET", dst: f.far, netmask: f.farMask });
      expect([10, 11, 12].map(hop)).toContain(echo.gateway);
    }
  });
});

describe("checks of a request", () => {
  const plain: RequestFields = { dst: "10.0.0.1", gateway: "192.0.2.9", flags: VIA };
  const E = () => stage("192.0.2.1/24");

  it.each<[string, ROUTE_RTM, RequestFields, Errno]>([
    [
      "a sockaddr beyond the end",
      ROUTE_RTM.ADD,
      { ...plain, gateway: Uint8Array.of(200, 2, 0, 0, 0, 0, 0, 0) },
      Errno.EINVAL,
    ],
    ["no destination", ROUTE_RTM.ADD, { gateway: "192.0.2.9" }, Errno.EINVAL],
    ["a destination of another family", ROUTE_RTM.ADD, { ...plain, dst: link(2) }, Errno.EAFNOSUPPORT],
    ["a mask of 3 bytes", ROUTE_RTM.ADD, { ...plain, netmask: Uint8Array.of(3, 2, 0) }, Errno.EINVAL],
    ["an IPv6 destination of 27 bytes", ROUTE_RTM.ADD, { dst: inet("2001:db8::").fill(27, 0, 1) }, Errno.EINVAL],
    ["BLACKHOLE and REJECT", ROUTE_RTM.ADD, { ...plain, flags: RTF.BLACKHOLE | RTF.REJECT }, Errno.EINVAL],
    ["RTM_LOCK", ROUTE_RTM.LOCK, plain, Errno.EOPNOTSUPP],
    ["RTM_NEWADDR", ROUTE_RTM.NEWADDR, plain, Errno.EOPNOTSUPP],
  ])("[RF-RTSOCK-11a] %s", (_, type, fields, errno) => {
    expect(errnoOf(() => E().socket.write(request(type, fields)))).toBe(errno);
  });

  it("[RF-RTSOCK-11a] [RF-RTSOCK-11b] a length that is not the bytes', and another version, are echoed as they came", () => {
    const { socket } = E();
    for (const [fields, errno] of [
      [{ ...plain, length: 160 }, Errno.EINVAL],
      [{ ...plain, version: 4 }, Errno.EPROTONOSUPPORT],
    ] as const) {
      const bytes = request(ROUTE_RTM.ADD, fields);
      expect(errnoOf(() => socket.write(bytes))).toBe(errno);
      expect(toHex(readBytes(socket) as Uint8Array)).toBe(toHex(bytes));
    }
    // Both at once: the length decides. 100 bytes are no header.
    expect(errnoOf(() => socket.write(request(ROUTE_RTM.ADD, { ...plain, length: 1, version: 4 })))).toBe(Errno.EINVAL);
    expect(errnoOf(() => socket.write(new Uint8Array(100)))).toBe(Errno.EINVAL);
  });

  it("[RF-RTSOCK-11a] an early refusal is echoed with process and errno, only to sockets of all families", () => {
    const { vnet, socket } = E();
    const inetOnly = vnet.routingSocket({ protocol: 2 });
    const bytes = request(ROUTE_RTM.ADD, { ...plain, netmask: Uint8Array.of(3, 2, 0) });
    expect(errnoOf(() => socket.write(bytes))).toBe(Errno.EINVAL);
    const seen = readBytes(socket) as Uint8Array;
    expect([seen[16], seen[17], seen[24]]).toEqual([0x92, 0x10, Errno.EINVAL]);
    expect(toHex(seen.slice(28))).toBe(toHex(bytes.slice(28)));
    expect(readBytes(inetOnly)).toBeUndefined();
  });

  it("[RF-RTSOCK-11b] a malformed request of somebody without privilege is malformed", () => {
    const { vnet } = E();
    const socket = vnet.routingSocket({ cred: { uid: 1 } });
    expect(errnoOf(() => socket.write(request(ROUTE_RTM.ADD, { gateway: "192.0.2.9" })))).toBe(Errno.EINVAL);
    expect(errnoOf(() => socket.write(request(ROUTE_RTM.LOCK, plain)))).toBe(Errno.EPERM);
  });

  it("[RF-RTSOCK-12] a mask of length 0 is the default route", () => {
    const { socket } = E();
    const echo = ask(socket, ROUTE_RTM.ADD, { ...plain, dst: "0.0.0.0", netmask: new Uint8Array(0) });
    expect(echo).toMatchObject({ dst: "0.0.0.0", netmask: "0.0.0.0", errno: 0 });
  });

  it("[RF-RTSOCK-13a] [RF-RTSOCK-13b] short masks have leading bytes; without a mask 0.0.0.0 is a host", () => {
    const { socket } = E();
    const mask = (length: number) => Uint8Array.of(length, 2, 0, 0, 255, 255, 255, 255).slice(0, length);
    const add = (dst: string, netmask?: Uint8Array) =>
      ask(socket, ROUTE_RTM.ADD, { ...plain, dst, ...(netmask && { netmask }) });
    expect(add("10.9.9.9", mask(5))).toMatchObject({ dst: "10.0.0.0", netmask: "255.0.0.0" });
    expect(add("11.9.9.9", mask(7))).toMatchObject({ dst: "11.9.9.0", netmask: "255.255.255.0" });
    expect(add("0.0.0.0").flags & RTF.HOST).toBe(RTF.HOST);
  });

  it("[RF-RTSOCK-14] a gateway that is an own address is none", () => {
    const { socket } = E();
    const echo = ask(socket, ROUTE_RTM.ADD, { ...plain, gateway: "192.0.2.1" });
    expect(echo).toMatchObject({ gateway: "192.0.2.1", errno: 0, index: 2 });
    expect(echo.flags & RTF.GATEWAY).toBe(0);
  });

  it("[RF-RTSOCK-15a] [RF-RTSOCK-15b] gateways that are missing, of another family, or out of reach", () => {
    const { vnet, socket } = E();
    expect(refusal(socket, ROUTE_RTM.ADD, { dst: "10.0.0.1", flags: VIA })).toBe(Errno.EINVAL);
    expect(refusal(socket, ROUTE_RTM.ADD, { ...plain, gateway: "203.0.113.1" })).toBe(Errno.ENETUNREACH);
    expect(refusal(socket, ROUTE_RTM.ADD, { ...plain, gateway: link(2) })).toBe(Errno.EAFNOSUPPORT);
    expect(refusal(socket, ROUTE_RTM.ADD, { ...plain, gateway: link(77), flags: RTF.UP })).toBe(Errno.ENETUNREACH);
    vnet.addressAdd("em1", "2001:db8::1/64");
    vnet.sysctl("net.route.ipv6_nexthop", 0);
    const mixed = { ...plain, gateway: "2001:db8::9" };
    expect(refusal(socket, ROUTE_RTM.ADD, mixed)).toBe(Errno.EINVAL);
    vnet.sysctl("net.route.ipv6_nexthop", 1);
    expect(ask(socket, ROUTE_RTM.ADD, mixed)).toMatchObject({ gateway: "2001:db8::9", index: 3, errno: 0 });
  });

  it("[RF-RTSOCK-15c] [RF-RTSOCK-15d] an interface that there is not is ignored; PINNED and DYNAMIC are kept", () => {
    const { socket } = E();
    const echo = ask(socket, ROUTE_RTM.ADD, {
      ...plain,
      ifp: link(0, { name: "nope0" }),
      flags: VIA | RTF.PINNED | RTF.DYNAMIC,
    });
    expect(echo).toMatchObject({ index: 2, errno: 0 });
    expect(echo.flags & (RTF.PINNED | RTF.DYNAMIC)).toBe(RTF.PINNED | RTF.DYNAMIC);
  });

  it("[FB-128] a route through an interface without addresses, by index", () => {
    const { vnet, socket } = E();
    const name = vnet.interfaceCreate("tun");
    const index = vnet.interfaceIndex(name) as number;
    for (const [dst, netmask] of [
      ["172.16.0.0", "255.240.0.0"],
      ["2a02:6b8::", "ffff:ffff:ffff:ffff::"],
    ] as const) {
      const echo = ask(socket, ROUTE_RTM.ADD, { dst, netmask, gateway: link(index), ifp: link(index), flags: RTF.UP });
      expect(echo).toMatchObject({ dst, netmask, index, errno: 0, gateway: `link#${index}` });
    }
  });

  it("[RF-RTSOCK-16] a blackhole leads to the loopback address by way of lo0", () => {
    const { socket } = E();
    const echo = ask(socket, ROUTE_RTM.ADD, { ...plain, flags: RTF.UP | RTF.GATEWAY | RTF.BLACKHOLE });
    expect(echo).toMatchObject({ gateway: "127.0.0.1", index: 1, errno: 0 });
    expect(echo.flags & (RTF.BLACKHOLE | RTF.GATEWAY)).toBe(RTF.BLACKHOLE);
    const { vnet0 } = Kernel.boot();
    vnet0.addressDelete("lo0", "127.0.0.1");
    const bare = vnet0.routingSocket({ pid: PID });
    expect(refusal(bare, ROUTE_RTM.ADD, { ...plain, flags: RTF.REJECT })).toBe(Errno.EOPNOTSUPP);
  });

  it("[RF-RTSOCK-17] a pinned route takes the place of one that is not, and is echoed as ADD", () => {
    const { socket } = E();
    ask(socket, ROUTE_RTM.ADD, plain);
    expect(ask(socket, ROUTE_RTM.ADD, { ...plain, gateway: "192.0.2.8", flags: VIA | RTF.PINNED })).toMatchObject({
      type: "ADD",
      gateway: "192.0.2.8",
      errno: 0,
    });
    expect(ask(socket, ROUTE_RTM.GET, { dst: "10.0.0.1" }).gateway).toBe("192.0.2.8");
  });

  it("[RF-RTSOCK-18a] [RF-RTSOCK-18b] an interface's route is deleted with PINNED only; a multipath route with a gateway only", () => {
    const { socket } = E();
    const own = { dst: "192.0.2.0", netmask: "255.255.255.0" };
    ask(socket, ROUTE_RTM.ADD, plain);
    ask(socket, ROUTE_RTM.ADD, { ...plain, gateway: "192.0.2.8" });
    expect(refusal(socket, ROUTE_RTM.DELETE, { dst: "10.0.0.1" })).toBe(Errno.ESRCH);
    expect(refusal(socket, ROUTE_RTM.DELETE, own)).toBe(Errno.EADDRINUSE);
    expect(refusal(socket, ROUTE_RTM.DELETE, { ...own, flags: RTF.PINNED })).toBe(Errno.OK);
  });

  it("[RF-RTSOCK-19a] [RF-RTSOCK-19b] CHANGE of an interface's route works, and to BLACKHOLE makes none", () => {
    const { socket } = E();
    const own = { dst: "192.0.2.0", netmask: "255.255.255.0" };
    expect(ask(socket, ROUTE_RTM.CHANGE, { ...own, inits: RTV.MTU, mtu: 1400 })).toMatchObject({ mtu: 1400, errno: 0 });
    ask(socket, ROUTE_RTM.ADD, plain);
    const echo = ask(socket, ROUTE_RTM.CHANGE, { ...plain, flags: RTF.UP | RTF.BLACKHOLE });
    expect(echo).toMatchObject({ gateway: "127.0.0.1", index: 1, errno: 0 });
    expect(echo.flags & (RTF.BLACKHOLE | RTF.GATEWAY)).toBe(RTF.GATEWAY);
  });

  it("[RF-RTSOCK-20] GET with a mask is exact, with ANNOUNCE it is the source address's network", () => {
    const { socket } = E();
    ask(socket, ROUTE_RTM.ADD, { ...plain, dst: "10.0.0.0", netmask: "255.0.0.0" });
    expect(ask(socket, ROUTE_RTM.GET, { dst: "10.1.1.1" }).dst).toBe("10.0.0.0");
    expect(refusal(socket, ROUTE_RTM.GET, { dst: "10.1.1.1", netmask: "255.255.255.255" })).toBe(Errno.ESRCH);
    expect(refusal(socket, ROUTE_RTM.GET, { dst: "11.0.0.1" })).toBe(Errno.ESRCH);
    expect(ask(socket, ROUTE_RTM.GET, { dst: "10.1.1.1", flags: RTF.PROTO2 })).toMatchObject({
      dst: "192.0.2.0",
      netmask: "255.255.255.0",
    });
  });

  it("[RF-RTSOCK-22] IFP or IFA asked for bring both, on a point-to-point interface the peer too", () => {
    const { vnet, socket } = E();
    const asked = { ...plain, ifa: new Uint8Array([16, 2, ...new Array(14).fill(0)]) };
    expect(ask(socket, ROUTE_RTM.ADD, asked)).toMatchObject({
      ifp: "link#2 em0 02:00:00:00:00:0a",
      ifa: "192.0.2.1",
      addrs: 0x33,
    });
    vnet.interfaceAttach({ name: "ng0", pointToPoint: true, up: true });
    vnet.addressAdd("ng0", "10.7.0.1/32", { peer: "10.7.0.2" });
    expect(ask(socket, ROUTE_RTM.GET, { dst: "10.7.0.2", ifp: link(0) })).toMatchObject({
      ifp: "link#4 ng0",
      ifa: "10.7.0.1",
      brd: "10.7.0.2",
    });
  });
});

describe("what netlink hears of a routing socket's request", () => {
  it("[RF-RTSOCK-34] process and sequence 0, flags by what was done, and before the echo", () => {
    const { vnet, socket } = stage("192.0.2.1/24");
    const listener = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    const route: RequestFields = { dst: "10.0.0.0", netmask: "255.0.0.0", gateway: "192.0.2.9", flags: VIA };
    const told = (type: ROUTE_RTM, fields: RequestFields) => {
      expect(refusal(socket, type, fields)).toBe(Errno.OK);
      return drain(listener).map(({ type: seen, flags, seq, pid }) => [seen, flags, seq, pid]);
    };
    expect(told(ROUTE_RTM.ADD, route)).toEqual([[RTM.NEWROUTE, NLM_F.CREATE | NLM_F.EXCL, 0, 0]]);
    expect(told(ROUTE_RTM.CHANGE, { ...route, gateway: "192.0.2.8" })).toEqual([[RTM.NEWROUTE, NLM_F.REPLACE, 0, 0]]);
    expect(told(ROUTE_RTM.ADD, route)).toEqual([[RTM.NEWROUTE, NLM_F.REPLACE, 0, 0]]);
    expect(told(ROUTE_RTM.DELETE, route)).toEqual([[RTM.NEWROUTE, NLM_F.REPLACE, 0, 0]]);
    expect(told(ROUTE_RTM.DELETE, { ...route, gateway: "192.0.2.8" })).toEqual([[RTM.DELROUTE, 0, 0, 0]]);
  });

  it("[RF-RTSOCK-36] nothing of a refusal or a GET", () => {
    const { vnet, socket } = stage("192.0.2.1/24");
    const listener = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    refusal(socket, ROUTE_RTM.DELETE, { dst: "10.0.0.1" });
    refusal(socket, ROUTE_RTM.GET, { dst: "192.0.2.1" });
    expect(drain(listener)).toEqual([]);
  });
});

describe("without memory", () => {
  it.each<[string, ROUTE_RTM, RequestFields]>([
    ["ADD", ROUTE_RTM.ADD, { dst: "10.5.0.1", gateway: "192.0.2.9", flags: VIA }],
    ["ADD of a path", ROUTE_RTM.ADD, { dst: "10.0.0.1", gateway: "192.0.2.7", flags: VIA }],
    [
      "CHANGE of a path",
      ROUTE_RTM.CHANGE,
      { dst: "10.0.0.1", gateway: "192.0.2.8", flags: VIA, inits: RTV.WEIGHT, weight: 9 },
    ],
    ["DELETE of a path", ROUTE_RTM.DELETE, { dst: "10.0.0.1", gateway: "192.0.2.8", flags: VIA }],
  ])("%s at any allocation leaves all as it was", (_, type, fields) => {
    for (let n = 1; ; n++) {
      const { vnet, socket } = stage("192.0.2.1/24");
      for (const gateway of ["192.0.2.9", "192.0.2.8"]) {
        ask(socket, ROUTE_RTM.ADD, { dst: "10.0.0.1", gateway, flags: VIA });
      }
      const before = vnet.statistics();
      vnet.failAllocation(n);
      const error = errnoOf(() => socket.write(request(type, fields)));
      vnet.failAllocation(0);
      readAll(socket);
      expect(vnet.check()).toBe(0);
      if (error === Errno.OK) break;
      expect([Errno.ENOMEM, Errno.ENOBUFS]).toContain(error);
      const after = vnet.statistics();
      expect([after.routes, after.nexthops, after.groups]).toEqual([before.routes, before.nexthops, before.groups]);
      expect(n).toBeLessThan(50);
    }
  });
});
