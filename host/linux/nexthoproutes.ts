// Routes through nexthop objects. The kernel knows the id of a nexthop of its own (RTA_NH_ID); a route through another has that
// nexthop's path instead, and its id in a note (linux-compat E9.2).

import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, RTA, RTF, RTM, RTN, RtMsg, RtNextHop } from "../../assembly/abi/rtnetlink.js";
import { LinuxErrno } from "./errno.js";
import type { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";
import { type Nexthop, nexthopOf } from "./nexthopmirror.js";
import type { Prefix } from "./prefixtable.js";
import { Refusal } from "./refusal.js";
import type { Cause, EventHandler, LinuxVnet } from "./vnet.js";

/** A route as far as it is sent again. */
export interface RouteThrough extends Prefix {
  /** RTPROT */
  readonly protocol: number;
  /** RTF bits that a request may set. */
  readonly flags: number;
}

/** What the kernel takes of RTA_RTFLAGS (rtnetlink E.4.2). */
const USER_FLAGS = RTF.STATIC | RTF.PROTO1 | RTF.PROTO2 | RTF.PROTO3;

/**
 * All routes are looked at, unless no route ever carried one of the ids.
 * @returns by id of a nexthop, the routes of all fibs that carry it, in order
 */
export function routesThrough(vnet: LinuxVnet, ids: readonly number[]): Map<number, RouteThrough[]> {
  const found = new Map<number, RouteThrough[]>(ids.map((id) => [id, []]));
  const { used } = vnet.nexthops;
  const isNoted = !vnet.notes.routes.tables().next().done;
  if (ids.length === 0 || (used !== undefined && !isNoted && !ids.some((id) => used.has(id)))) return found;
  const seen = new Set<number>();
  for (let fib = 0; fib < vnet.kernel.fibs; fib++) {
    vnet.agent.ask(routesRequest(fib), (message) => {
      message.index(HeaderSize.RTMSG);
      const kernels = message.u32(RTA.NH_ID);
      if (kernels !== 0) seen.add(kernels);
      if (kernels === 0 && !isNoted) return;
      const route = readRoute(message);
      found.get(vnet.notes.routes.get(route).nexthop || kernels)?.push(route);
    });
  }
  vnet.nexthops.used = seen;
  return found;
}

/** RTM_NEWROUTE of the kernel: remembers that routes carry a nexthop. */
export const nexthopUsed: EventHandler = (vnet, message) => {
  if (vnet.nexthops.isEmpty) return;
  message.index(HeaderSize.RTMSG);
  const id = message.u32(RTA.NH_ID);
  if (id !== 0) vnet.nexthops.used?.add(id);
};

function routesRequest(fib: number): Uint8Array {
  const writer = new MessageWriter(64);
  writer.begin(RTM.GETROUTE, NLM_F.REQUEST | NLM_F.DUMP, 0, 0, HeaderSize.RTMSG);
  writer.u32(RTA.TABLE, fib);
  writer.end();
  return writer.written;
}

/** @param message - indexed */
function readRoute(message: MessageReader): RouteThrough {
  return {
    fib: message.u32(RTA.TABLE),
    family: message.header8(RtMsg.FAMILY),
    bits: message.header8(RtMsg.DST_LEN),
    address: message.payload(RTA.DST)?.slice() ?? new Uint8Array(0),
    protocol: message.header8(RtMsg.PROTOCOL),
    flags: message.u32(RTA.RTFLAGS) & USER_FLAGS,
  };
}

/**
 * Sends a route again, through what its nexthop is by now.
 * @param cause - the request that it is announced with; undefined when nobody is to know
 */
export function resendRoute(vnet: LinuxVnet, route: RouteThrough, id: number, cause: Cause | undefined): void {
  const writer = begin(RTM.NEWROUTE, NLM_F.REPLACE, route);
  writer.header8(RtMsg.PROTOCOL, route.protocol);
  writer.header8(RtMsg.TYPE, RTN.UNICAST);
  if (route.flags !== 0) writer.u32(RTA.RTFLAGS, route.flags);
  const isKernels = writePath(vnet, writer, nexthopOf(vnet, id) as Nexthop, route.family);
  writer.end();
  const note = vnet.notes.routes.get(route);
  // A route through the kernel's nexthop has that one's protocol; until now it had its own.
  const isAdopted = isKernels && note.nexthop !== 0;
  const protocol = note.protocol || (isAdopted ? route.protocol : 0);
  const channel = cause === undefined ? vnet.silent : vnet.agent;
  vnet.routes.during(
    { prefix: route, note: { ...note, protocol, type: RTN.UNSPEC, nexthop: isKernels ? 0 : id } },
    () => {
      channel.ask(writer.written);
      vnet.settle(cause);
    },
  );
}

/** Linux keeps it to itself that routes went with their nexthop. */
export function deleteRoute(vnet: LinuxVnet, route: RouteThrough): void {
  const writer = begin(RTM.DELROUTE, 0, route);
  writer.end();
  vnet.silent.ask(writer.written);
  vnet.settle();
}

function begin(type: number, flags: number, { fib, family, bits, address }: Prefix): MessageWriter {
  const writer = new MessageWriter(256);
  writer.begin(type, NLM_F.REQUEST | flags, 0, 0, HeaderSize.RTMSG);
  writer.header8(RtMsg.FAMILY, family);
  writer.header8(RtMsg.DST_LEN, bits);
  writer.u32(RTA.TABLE, fib);
  writer.raw(RTA.DST, address);
  return writer;
}

/**
 * Writes into a request for the kernel what takes a route through a nexthop: the id where that does it, else the paths. The
 * header's type becomes RTN_BLACKHOLE for a blackhole.
 * @param family - of the route, FreeBSD's
 * @returns whether the kernel knows the id from it; otherwise it is to be noted of the route
 * @throws Refusal EINVAL an IPv6 route through IPv4; several paths of which one has no gateway
 */
export function writePath(vnet: LinuxVnet, writer: MessageWriter, nexthop: Nexthop, family: number): boolean {
  const paths = pathsOf(vnet, nexthop);
  checkPaths(paths, family);
  if (isTakenById(vnet, nexthop, family)) {
    writer.u32(RTA.NH_ID, nexthop.id);
    return true;
  }
  const [only] = paths;
  if (only !== undefined && paths.length === 1) writeSingle(writer, only, family);
  else writeMultipath(vnet, writer, nexthop, family);
  return false;
}

/** Whether the kernel takes a route through a nexthop when it is told the id: its own, with gateways of the route's family. */
export function isTakenById(vnet: LinuxVnet, nexthop: Nexthop, family: number): boolean {
  const isThere = vnet.nexthops.get(nexthop.id) !== undefined;
  return isThere && pathsOf(vnet, nexthop).every((path) => path.family === family);
}

/** The single nexthops that a nexthop or a group consists of. */
export function pathsOf(vnet: LinuxVnet, nexthop: Nexthop): Nexthop[] {
  const members = nexthop.members ?? [nexthop];
  return members
    .map(({ id }) => (id === nexthop.id ? nexthop : nexthopOf(vnet, id)))
    .filter((path) => path !== undefined);
}

/** @throws Refusal EINVAL routes of a family cannot go there */
export function checkPaths(paths: readonly Nexthop[], family: number): void {
  if (family === AF.INET6 && paths.some((path) => path.family === AF.INET)) {
    throw new Refusal(LinuxErrno.EINVAL, "IPv6 routes can not use an IPv4 nexthop");
  }
  if (paths.length > 1 && paths.some(({ gateway }) => gateway === undefined)) {
    throw new Refusal(LinuxErrno.EINVAL, "Nexthop without gateway not supported");
  }
}

function writeSingle(writer: MessageWriter, path: Nexthop, family: number): void {
  if (path.isBlackhole) {
    writer.header8(RtMsg.TYPE, RTN.BLACKHOLE);
    return;
  }
  writeGateway(writer, path, family);
  writer.u32(RTA.OIF, path.index);
}

/** RTA_GATEWAY, or RTA_VIA for one of the other family, as the kernel has it: its family is a byte. */
function writeGateway(writer: MessageWriter, path: Nexthop, family: number): void {
  if (path.gateway === undefined) return;
  if (path.family === family) writer.raw(RTA.GATEWAY, path.gateway);
  else writer.raw(RTA.VIA, Uint8Array.of(path.family, ...path.gateway));
}

function writeMultipath(vnet: LinuxVnet, writer: MessageWriter, group: Nexthop, family: number): void {
  const multipath = writer.nest(RTA.MULTIPATH);
  for (const { id, weight } of group.members ?? []) {
    const path = nexthopOf(vnet, id);
    if (path === undefined) continue;
    const at = writer.struct(HeaderSize.RTNEXTHOP);
    writer.bytes[at + RtNextHop.HOPS] = weight;
    writer.view.setUint32(at + RtNextHop.IFINDEX, path.index, true);
    writeGateway(writer, path, family);
    writer.view.setUint16(at + RtNextHop.LEN, writer.at - at, true);
  }
  writer.endNest(multipath);
}
