// RTM_NEWROUTE of a Linux program (linux-compat E4.4, E7.5, E7.7): FreeBSD keeps one route for a prefix, whatever its metric,
// so what Linux has as several routes is refused, joined or replaced here.

import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { RTN, RtMsg } from "../../assembly/abi/rtnetlink.js";
import type { Answer } from "./channel.js";
import { LinuxErrno } from "./errno.js";
import { localRoutes } from "./localtable.js";
import type { MessageReader } from "./messagereader.js";
import { type Nexthop, nexthopOf } from "./nexthopmirror.js";
import { checkPaths, isTakenById, pathsOf } from "./nexthoproutes.js";
import type { Prefix } from "./prefixtable.js";
import { Refusal } from "./refusal.js";
import { type Request, refusalOf } from "./request.js";
import { noteOf, writeNewRoute } from "./routechange.js";
import { unreachable, withGateways } from "./routegateway.js";
import { findRoute, refreshNotes } from "./routelookup.js";
import { type RouteNote, sameBytes } from "./routenotes.js";
import { Metric6 } from "./routenumber.js";
import { isDead, priorityOf } from "./routeobject.js";
import { expectNew, invalid, parseRoute, type RouteRequest } from "./routerequest.js";
import { claimFib, LinuxTable } from "./tables.js";
import type { LinuxVnet } from "./vnet.js";

/** RTM_NEWROUTE. @throws Refusal */
export function newRoute(request: Request): void {
  const { vnet } = request;
  const route = parseRoute(request.message);
  if (isLocalRoute(vnet, route)) return;
  expectNew(route);
  expectSource(vnet, route);
  const nexthop = pathNexthop(vnet, route);
  if (leadsNowhere(route)) throw new Refusal(LinuxErrno.ENODEV);
  refreshNotes(vnet);
  const hadTable = vnet.notes.tables.has(route.table);
  const fib = claimFib(vnet, route.table);
  try {
    add(request, withGateways(vnet, route, fib), { ...route, fib }, nexthop);
  } catch (error) {
    if (!hadTable) vnet.notes.tables.delete(route.table);
    throw error;
  }
}

function add(request: Request, route: RouteRequest, prefix: Prefix, nexthop: Nexthop | undefined): void {
  const { vnet, seq } = request;
  const isJoining = joins(request, route);
  const existing = isJoining ? findRoute(vnet, prefix, route.oif) : undefined;
  if (existing !== undefined) expectPriority(vnet, route, existing, prefix);
  const said = noteOf(route, nexthop === undefined ? 0 : route.nexthop);
  const note = existing === undefined ? said : joinedNote(vnet, said, existing, prefix);
  const flags = isJoining ? request.flags | NLM_F.APPEND : request.flags;
  const change = { fib: prefix.fib, flags, seq, now: vnet.kernel.wallClock, nexthop };
  const answer = vnet.routes.during({ prefix, note }, () =>
    request.ask((writer) => writeNewRoute(vnet, writer, route, change)),
  );
  if (answer.errno !== 0) throw refusalFor(vnet, route, prefix, answer);
}

// ---- before the kernel is asked

/** Table 255 makes itself: a route that it has anyway is taken as made (E7.5). */
export function isLocalRoute(vnet: LinuxVnet, { family, table, type, bits, address }: RouteRequest): boolean {
  if (type !== RTN.LOCAL && type !== RTN.BROADCAST) return false;
  if (table !== LinuxTable.LOCAL) return false;
  return localRoutes(vnet, family).some(
    (route) => route.type === type && route.bits === bits && sameBytes(route.address, address),
  );
}

/** RTA_PREFSRC is an address of this host (E7.8). */
function expectSource(vnet: LinuxVnet, { family, prefsrc }: RouteRequest): void {
  if (prefsrc === undefined) return;
  for (const each of vnet.addresses.all()) if (each.family === family && sameBytes(each.local, prefsrc)) return;
  throw invalid("Invalid prefsrc address");
}

/**
 * The nexthop object that a route is to lead through, where the kernel cannot be given its id: one that only the layer has,
 * or one whose gateways are of another family than the route (E9.2).
 * @throws Refusal EINVAL no such nexthop, or an IPv6 route through IPv4
 */
function pathNexthop(vnet: LinuxVnet, { nexthop: id, family }: RouteRequest): Nexthop | undefined {
  if (id === 0) return undefined;
  const nexthop = nexthopOf(vnet, id);
  if (nexthop === undefined) throw invalid("Nexthop id does not exist");
  checkPaths(pathsOf(vnet, nexthop), family);
  return isTakenById(vnet, nexthop, family) ? undefined : nexthop;
}

/** Neither a gateway nor an interface. */
function leadsNowhere({ type, gateway, oif, paths, nexthop }: RouteRequest): boolean {
  return !isDead(type) && gateway === undefined && oif === 0 && paths === undefined && nexthop === 0;
}

/**
 * Whether a route is to be one more path of one that is there. On Linux IPv6 routes with CREATE alone become that too; of
 * IPv4 they would be another route to the same place.
 */
function joins(request: Request, { family }: RouteRequest): boolean {
  if (request.has(NLM_F.REPLACE | NLM_F.EXCL)) return false;
  return request.has(NLM_F.APPEND) || (family === AF.INET6 && request.has(NLM_F.CREATE));
}

/** One route for a prefix, so one metric (E7.7). @throws Refusal EEXIST */
function expectPriority(vnet: LinuxVnet, route: RouteRequest, existing: MessageReader, prefix: Prefix): void {
  const installed = priorityOf(existing, vnet.notes.routes.get(prefix));
  const wanted = route.priority === 0 && route.family === AF.INET6 ? Metric6.USER : route.priority;
  if (installed === wanted) return;
  throw new Refusal(LinuxErrno.EEXIST, `One route per prefix: metric ${installed} is installed`);
}

/** What was said of the route stays; its paths are more. */
function joinedNote(vnet: LinuxVnet, said: RouteNote, existing: MessageReader, prefix: Prefix): RouteNote {
  const note = vnet.notes.routes.get(prefix);
  const protocol = note.protocol || existing.header8(RtMsg.PROTOCOL);
  return { ...note, protocol, paths: [...note.paths, ...said.paths], isAppended: prefix.family === AF.INET };
}

// ---- what the kernel refuses, in Linux's words (E4.4)

function refusalFor(vnet: LinuxVnet, route: RouteRequest, prefix: Prefix, answer: Answer): Refusal {
  switch (answer.errno) {
    case Errno.ESRCH:
      return new Refusal(LinuxErrno.ENOENT);
    case Errno.ENOENT:
      return new Refusal(LinuxErrno.ENODEV);
    case Errno.EEXIST:
      return existing(vnet, route, prefix);
    case Errno.EINVAL:
      // The kernel does not reach a gateway. RTNH_F_ONLINK promises that it is there, and the kernel takes no promises.
      return hasGateway(route) ? unreachable(route.family) : refusalOf(answer);
    default:
      return refusalOf(answer);
  }
}

function existing(vnet: LinuxVnet, route: RouteRequest, prefix: Prefix): Refusal {
  const found = findRoute(vnet, prefix, route.oif);
  try {
    if (found !== undefined) expectPriority(vnet, route, found, prefix);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  return new Refusal(LinuxErrno.EEXIST);
}

function hasGateway({ gateway, paths, type }: RouteRequest): boolean {
  return !isDead(type) && (gateway !== undefined || paths !== undefined);
}
