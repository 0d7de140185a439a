// A netlink client, a routing socket and a Linux program in one vnet, each making random changes: their dumps show the same,
// and each one's notifications, followed from nothing, give that too and name the same changes in the same order.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IFF } from "../../assembly/abi/ifnet.js";
import { NLMSG, SO, SOL } from "../../assembly/abi/netlink.js";
import { RTF, RTM, RTN, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { ROUTE_RTM } from "../../assembly/abi/rtsock.js";
import type { Errno, RoutingSocket, Socket } from "../../host/kernel/kernel.js";
import * as linuxAddresses from "../linux/addresses.js";
import * as linuxLinks from "../linux/links.js";
import { attribute, machine, openProgram, type Program, u32 } from "../linux/program.js";
import * as linuxRoutes from "../linux/routes.js";
import { drain } from "../model/reading.js";
import { delRoute, newRoute } from "../route/routes.js";
import { addressRequest, linkRequest } from "../rows/requests.js";
import { AS_GIVEN, monitor, openSocket } from "../support/setups.js";
import { errnoOf, readAll, request } from "./routing.js";
import {
  familiesOf,
  linesOf,
  linuxFact,
  linuxView,
  nativeFact,
  nativeView,
  Replica,
  routingFact,
  routingView,
  type Watched,
} from "./views.js";

/** Changes that each of the three tries to make, and after how many of them all is compared. */
const CHANGES_EACH = 1000;
const STRIDE = 50;
const SEED = Date.now() % 2 ** 31;
/** More than is told between two comparisons. */
const ROOM_BYTES = 1 << 20;
/** Host numbers of a Linux program's socket: SOL_SOCKET, SO_RCVBUF. */
const LINUX_RCVBUF = [1, 8] as const;
const ROUTING_PID = 4242;
/** Groups LINK, IPV4_IFADDR, IPV4_ROUTE, IPV6_IFADDR, IPV6_ROUTE of Linux. */
const LINUX_GROUPS = 1 | (1 << 4) | (1 << 6) | (1 << 8) | (1 << 10);
const NATIVE_GROUPS = [RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV6_IFADDR, RTNLGRP.IPV4_ROUTE, RTNLGRP.IPV6_ROUTE];

const PREFIXES = ["10.1.0.0/16", "10.2.0.0/16", "10.2.3.0/24", "10.9.9.9/32", "2001:db8:7::/48", "2001:db8:8::1/128"];
const GATEWAYS = { inet: ["192.0.2.8", "192.0.2.9", "198.51.100.9"], inet6: ["2001:db9::8", "2001:dba::9"] };
const ADDRESSES = ["172.16.1.1/24", "172.16.2.1/24", "2001:dbb:1::1/64", "2001:dbb:2::1/64"];

/** What one of the three tries. A routing socket has no requests for addresses and links: it changes a route instead. */
interface Change {
  readonly kind: "add" | "replace" | "delete" | "blackhole" | "address" | "addressGone" | "up" | "down";
  readonly prefix: string;
  /** Which of the gateways of the prefix's family. */
  readonly gateway: number;
  readonly address: string;
}

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom("add", "delete", "replace") },
    { weight: 1, arbitrary: fc.constantFrom("blackhole", "address", "addressGone", "up", "down") },
  ),
  prefix: fc.constantFrom(...PREFIXES),
  gateway: fc.nat(5),
  address: fc.constantFrom(...ADDRESSES),
});

/** One change of each of the three, and in which order. */
const round = fc.record({
  order: fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
  changes: fc.tuple(change, change, change),
});

function gatewayOf({ prefix, gateway }: Change): string {
  const all = prefix.includes(":") ? GATEWAYS.inet6 : GATEWAYS.inet;
  return all[gateway % all.length] as string;
}

// ---- the three

function changeNatively(socket: Socket, of: Watched, wanted: Change): void {
  const { kind, prefix, address } = wanted;
  const path = { gateway: gatewayOf(wanted), rtFlags: RTF.STATIC };
  const flags = kind === "up" ? IFF.UP : 0;
  const requests: Record<Change["kind"], () => Uint8Array> = {
    add: () => newRoute(prefix, path, "qaCX"),
    replace: () => newRoute(prefix, path, "qaCP"),
    delete: () => delRoute(prefix),
    blackhole: () => newRoute(prefix, { type: RTN.BLACKHOLE, rtFlags: RTF.STATIC }, "qaCX"),
    address: () => addressRequest(RTM.NEWADDR, { index: of.addresses, address }, "qaCX"),
    addressGone: () => addressRequest(RTM.DELADDR, { index: of.addresses, address }, "qa"),
    up: () => linkRequest(RTM.NEWLINK, "qa", { index: of.flags, flags, change: IFF.UP }),
    down: () => linkRequest(RTM.NEWLINK, "qa", { index: of.flags, flags, change: IFF.UP }),
  };
  socket.send(requests[kind]());
  expect(drain(socket).map(({ type }) => type)).toEqual([NLMSG.ERROR]);
}

const MASKS: Readonly<Record<string, string>> = {
  "16": "255.255.0.0",
  "24": "255.255.255.0",
  "48": "ffff:ffff:ffff::",
};

/** Gives what the echo is to say. */
function changeByRouting(socket: RoutingSocket, wanted: Change, seq: number): { seq: number; errno: Errno } {
  const { kind, prefix } = wanted;
  const [dst = "", bits = ""] = prefix.split("/");
  const netmask = MASKS[bits];
  const types: Partial<Record<Change["kind"], ROUTE_RTM>> = {
    replace: ROUTE_RTM.CHANGE,
    delete: ROUTE_RTM.DELETE,
    addressGone: ROUTE_RTM.DELETE,
    down: ROUTE_RTM.DELETE,
  };
  const type = types[kind] ?? ROUTE_RTM.ADD;
  const isBlackhole = kind === "blackhole";
  const flags = RTF.UP | RTF.STATIC | (isBlackhole ? RTF.BLACKHOLE : RTF.GATEWAY);
  const gateway = type === ROUTE_RTM.DELETE ? {} : { gateway: gatewayOf(wanted) };
  const bytes = request(type, { dst, seq, flags, ...(netmask === undefined ? {} : { netmask }), ...gateway });
  return { seq, errno: errnoOf(() => socket.write(bytes)) };
}

function changeAsLinux(program: Program, of: Watched, wanted: Change): void {
  const { kind, prefix, address } = wanted;
  const { via, route, deletion, ADD, REPLACE, RTM: ROUTES } = linuxRoutes;
  const [local = "", bits] = address.split("/");
  const header = { family: familiesOf(local).linux, prefixLength: Number(bits), index: of.addresses };
  const addressParts = () => [
    linuxAddresses.ifaddrmsg(header),
    attribute(linuxAddresses.IFA.LOCAL, linuxRoutes.ip(local)),
    attribute(linuxAddresses.IFA.ADDRESS, linuxRoutes.ip(local)),
  ];
  const isUp = kind === "up";
  const link = { index: of.flags, flags: isUp ? 1 : 0, change: 1 };
  const requests: Record<Change["kind"], () => number> = {
    add: () => program.change(ROUTES.NEWROUTE, ADD, ...route(prefix), via(gatewayOf(wanted))),
    replace: () => program.change(ROUTES.NEWROUTE, REPLACE, ...route(prefix), via(gatewayOf(wanted))),
    delete: () => program.change(ROUTES.DELROUTE, 0, ...deletion(prefix)),
    blackhole: () => program.change(ROUTES.NEWROUTE, ADD, ...route(prefix, { type: 6 })),
    address: () => program.change(linuxAddresses.RTM.NEWADDR, ADD, ...addressParts()),
    addressGone: () => program.change(linuxAddresses.RTM.DELADDR, 0, ...addressParts()),
    up: () => linuxLinks.setLink(program, link),
    down: () => linuxLinks.setLink(program, link),
  };
  requests[kind]();
}

// ---- the world that they share

function world() {
  const { abi, vnet, program } = machine({
    ...AS_GIVEN,
    modules: ["netlink"],
    interfaces: [
      { name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db9::1/64"] },
      { name: "em1", up: true, addresses: ["198.51.100.1/24", "2001:dba::1/64"] },
      { name: "em2", up: true, inet6: true },
      { name: "em3" },
    ],
  });
  // A prefix has one path: what several paths of one look like is told in other ways by each of the three.
  vnet.sysctl("net.route.multipath", 0);
  const of: Watched = { addresses: 4, flags: 5 };
  const native = openSocket(vnet);
  const nativeWatcher = monitor(vnet, ...NATIVE_GROUPS);
  nativeWatcher.setsockopt(SOL.SOCKET, SO.RCVBUF, ROOM_BYTES);
  const routing = vnet.routingSocket({ pid: ROUTING_PID });
  const routingWatcher = vnet.routingSocket();
  for (const socket of [routing, routingWatcher]) socket.setsockopt(SOL.SOCKET, SO.RCVBUF, ROOM_BYTES);
  const linuxWatcher = openProgram(abi, vnet, 77);
  linuxWatcher.socket.setsockopt(...LINUX_RCVBUF, u32(ROOM_BYTES));
  linuxWatcher.socket.bind(0, LINUX_GROUPS);
  return { abi, vnet, of, native, nativeWatcher, routing, routingWatcher, program, linuxWatcher };
}

type World = ReturnType<typeof world>;

/** What a client that only listened knows, of each kind; and the routing socket that made changes itself. */
const replicas = () => ({ native: new Replica(), routing: new Replica(), sender: new Replica(), linux: new Replica() });
type Replicas = ReturnType<typeof replicas>;

/** Takes in what was told. @returns the sender's own echoes */
function follow(all: World, known: Replicas): { seq: number; errno: Errno }[] {
  const own = readAll(all.routing);
  known.native.follow(drain(all.nativeWatcher).map((seen) => nativeFact(seen, all.of)));
  known.routing.follow(readAll(all.routingWatcher).map((seen) => routingFact(seen, all.of)));
  known.sender.follow(own.map((seen) => routingFact(seen, all.of)));
  known.linux.follow(all.linuxWatcher.messages().map((seen) => linuxFact(seen, all.of)));
  return own.filter(({ pid }) => pid === ROUTING_PID).map(({ seq, errno }) => ({ seq, errno }));
}

/** An IPv4 address that is given once more goes and comes again; a Linux program knows of no such thing. */
function withoutRenewals(changes: readonly string[]): string[] {
  const kept: string[] = [];
  for (const change of changes) {
    const [name = ""] = change.split(": ");
    const isRenewal =
      name.startsWith("address") && change.endsWith("none -> there") && kept.at(-1) === `${name}: there -> none`;
    if (isRenewal) kept.pop();
    else kept.push(change);
  }
  return kept;
}

function compare(all: World, known: Replicas): void {
  const table = nativeView(all.native, all.of);
  expect(routingView(all.vnet, all.of)).toEqual(table);
  expect(linuxView(all.program, all.of)).toEqual(table);
  for (const { facts } of Object.values(known)) {
    expect(linesOf(facts)).toEqual(table);
  }
  expect(known.routing.changes).toEqual(known.native.changes);
  expect(known.sender.changes).toEqual(known.native.changes);
  expect(withoutRenewals(known.linux.changes)).toEqual(withoutRenewals(known.native.changes));
}

describe(`three clients of one vnet (seed ${SEED})`, () => {
  it(`see one network after ${CHANGES_EACH} changes of each, and are told of the same changes in one order`, () => {
    const all = world();
    const known = replicas();
    // Nobody is told of a link that stays as it is: it begins with a change.
    all.vnet.interfaceUp("em3");
    all.abi.settle();
    let seq = 0;
    let echoes: { seq: number; errno: Errno }[] = [];
    for (const [n, { order, changes }] of fc.sample(round, { numRuns: CHANGES_EACH, seed: SEED }).entries()) {
      for (const actor of order) {
        const wanted = changes[actor] as Change;
        if (actor === 0) changeNatively(all.native, all.of, wanted);
        else if (actor === 1) echoes.push(changeByRouting(all.routing, wanted, ++seq));
        else changeAsLinux(all.program, all.of, wanted);
        // Whoever changes something beside the Linux layer says so: it takes in what happened meanwhile.
        all.abi.settle();
      }
      if ((n + 1) % STRIDE !== 0) continue;
      // SO_USELOOPBACK: the sender hears each of its requests once, refused ones with their errno.
      expect(follow(all, known)).toEqual(echoes);
      echoes = [];
      compare(all, known);
    }
    // Most changes are carried out by somebody.
    expect(known.native.changes.length).toBeGreaterThan(CHANGES_EACH);
    expect(all.vnet.check()).toBe(0);
  });
});
