// Routes that a routing socket adds, deletes and asks for (net/route/route_ctl.c; rtsock G.4.5, G.4.6, G.4.8).
// routechange.ts changes them. Of what was done netlink hears first, then the echo goes out (G.7.1).
//   addRoute, deleteRoute, getRoute
//   describe, settle   the nexthop that a request describes, for a change too

import { Errno } from "../abi/errno";
import { IFF, IFT } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { RTF, RouteLimit } from "../abi/rtnetlink";
import { ROUTE_RTA, RTV, RtMsgHdr } from "../abi/rtsock";
import { maskHigh, maskLow } from "../net/address";
import { uptimeSeconds, wallClockSeconds } from "../net/clock";
import { longestMatch, maskHighOf, maskLowOf } from "../net/gappedroutes";
import { onRequestedRoute } from "../net/hooks";
import { IfAddress, addressWithin } from "../net/ifaddr";
import { Interface, findByIndex, loopbackInterface } from "../net/ifnet";
import { linkMtu } from "../net/mtu";
import { NHF, Nexthop, NexthopHead, clearDraft, draft } from "../net/nexthop";
import { NexthopGroup } from "../net/nhgroup";
import { headOf, nexthopOf, payloadOfDraft, releasePayload } from "../net/payload";
import { setBlackhole } from "../net/resolve";
import { Rib, entryBits, entryHigh, entryLow, entryPayload } from "../net/rib";
import { RouteFilter, RouteOp, change, finishChange } from "../net/routectl";
import { settings } from "../net/settings";
import { Caller, mayUse } from "./caller";
import { echoRoute, echoed } from "./echo";
import { parsed } from "./parsed";
import { RoutingSocket } from "./socket";
import { select, selected } from "./source";
import { addTarget, deleteTarget, findTarget } from "./target";

/** Flags of a route that a request sets (net/route/nhop.h, RT_SET_RTFLAGS_MASK); an interface's and a redirect's too. */
export const CHANGEABLE: u32 = RTF.STATIC | RTF.PROTO1 | RTF.PROTO2 | RTF.PROTO3;
const SETTABLE: u32 = CHANGEABLE | RTF.PINNED | RTF.DYNAMIC;

const filter = changetype<RouteFilter>(memory.data(offsetof<RouteFilter>(), 16));

/** RTV_WEIGHT, limited; `otherwise` when the request has none. */
export function weightOf(otherwise: u32): u32 {
  if ((parsed.inits & RTV.WEIGHT) == 0) return otherwise;
  const weight = load<u64>(parsed.header, RtMsgHdr.WEIGHT);
  if (weight == 0) return RouteLimit.WEIGHT_DEFAULT;
  return <u32>min<u64>(weight, RouteLimit.WEIGHT);
}

/** The flag of a route that discards, 0 for another. */
export function blackholeFlag(): u32 {
  return parsed.flags & (RTF.BLACKHOLE | RTF.REJECT);
}

/** EINVAL: a gateway of a family that the routes cannot use. */
export function checkGatewayFamily(): Errno {
  const family = parsed.gatewayFamily;
  if (family == parsed.family || family == AF.LINK) return Errno.OK;
  const isMixed = parsed.family == AF.INET && family == AF.INET6 && settings.ipv6Nexthop != 0;
  return isMixed ? Errno.OK : Errno.EINVAL;
}

/** EEXIST, EINVAL, EAFNOSUPPORT, ENETUNREACH, E2BIG, ENOMEM. */
export function addRoute(from: RoutingSocket, rib: Rib): Errno {
  if (parsed.gatewayFamily == 0) return Errno.EINVAL;
  const suits = checkGatewayFamily();
  if (suits != Errno.OK) return suits;
  const error = describe(rib);
  if (error != Errno.OK) return error;
  const payload = payloadOfDraft(weightOf(RouteLimit.WEIGHT_DEFAULT));
  if (payload == 0) return Errno.ENOMEM;
  const added = addTarget(rib, payload, operationOn(rib));
  if (added == Errno.OK) tell(from, headOf(rib, payload), rib.payload(payload).weight, false);
  finishChange();
  releasePayload(rib, payload);
  return added;
}

/** A route is joined by another path; a pinned one takes the place of one that is not. */
function operationOn(rib: Rib): u32 {
  const entry = findTarget(rib);
  if (entry != 0 && parsed.has(RTF.PINNED)) {
    const head = headOf(rib, entryPayload(rib, entry));
    if (head.isGroup || (changetype<Nexthop>(head).rtFlags & RTF.PINNED) == 0) return RouteOp.REPLACE | RouteOp.FORCE;
  }
  return RouteOp.CREATE | RouteOp.APPEND;
}

/** Netlink's groups hear of the change, then the echo goes out. */
function tell(from: RoutingSocket, path: NexthopHead, weight: u32, isGone: bool): void {
  onRequestedRoute(changetype<usize>(change));
  echoPath(from, changetype<usize>(path), weight, isGone);
}

/** Echoes a path of the route that was asked for. */
export function echoPath(from: RoutingSocket, path: usize, weight: u32, isGone: bool): void {
  echoed.high = parsed.high;
  echoed.low = parsed.low;
  echoed.bits = parsed.bits;
  echoed.maskHigh = parsed.maskHigh;
  echoed.maskLow = parsed.maskLow;
  echoed.nexthop = path;
  echoed.weight = weight;
  echoed.source = 0;
  echoed.isGone = isGone;
  echoRoute(from);
}

/** Puts the nexthop of a route to add together in the draft. */
function describe(rib: Rib): Errno {
  clearDraft(rib.fib, rib.family);
  draft.rtFlags = parsed.flags & SETTABLE;
  if (parsed.has(RTF.DYNAMIC)) draft.flags |= NHF.REDIRECT;
  if (parsed.isHost) {
    draft.flags |= NHF.HOST;
    draft.rtFlags |= RTF.HOST;
  } else if (parsed.bits == 0) {
    draft.flags |= NHF.DEFAULT;
  }
  const discards = blackholeFlag();
  if (discards != 0) {
    setBlackhole(discards);
    selected.source = loopbackSource();
    selected.ifp = draft.ifp;
  } else {
    let error = select();
    if (error == Errno.OK) error = describeGateway();
    if (error != Errno.OK) return error;
  }
  settle(selected.ifp, selected.source);
  setMtu();
  const expire = load<i64>(parsed.header, RtMsgHdr.EXPIRE);
  if ((parsed.inits & RTV.EXPIRE) != 0 && expire > 0) draft.expireSeconds = uptimeOf(expire);
  if (parsed.isHost && isBroadcast()) {
    draft.flags |= NHF.BROADCAST;
    draft.rtFlags |= RTF.BROADCAST;
  }
  return Errno.OK;
}

/** The first address of lo0 of the routes' family; 0 = none. */
export function loopbackSource(): usize {
  const loopback = loopbackInterface();
  if (loopback == null) return 0;
  for (let at = loopback.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    if (changetype<IfAddress>(at).family == parsed.family) return at;
  }
  return 0;
}

/** Whether lo0 has an address of the routes' family: else nothing can be discarded (fill_blackholeinfo). */
export function canDiscard(): bool {
  return loopbackSource() != 0;
}

/** EAFNOSUPPORT: a link-level gateway that is to be one; EINVAL: an interface that there is not. */
function describeGateway(): Errno {
  const isGateway = parsed.has(RTF.GATEWAY);
  if (parsed.gatewayFamily == AF.LINK) {
    if (isGateway) return Errno.EAFNOSUPPORT;
    return findByIndex(parsed.gatewayIndex) == null ? Errno.EINVAL : setDraftGateway(false);
  }
  return setDraftGateway(isGateway);
}

/** The draft leads to the request's gateway; one that is none leaves its address where an interface's route has nothing. */
export function setDraftGateway(isGateway: bool): Errno {
  draft.neighbourFamily = parsed.gatewayFamily;
  draft.gatewayHigh = parsed.gatewayFamily == AF.LINK ? 0 : parsed.gatewayHigh;
  draft.gatewayLow = parsed.gatewayFamily == AF.LINK ? 0 : parsed.gatewayLow;
  draft.flags = isGateway ? draft.flags | NHF.GATEWAY : draft.flags & ~NHF.GATEWAY;
  draft.rtFlags = isGateway ? draft.rtFlags | RTF.GATEWAY : draft.rtFlags & ~RTF.GATEWAY;
  return Errno.OK;
}

/** @param source - IfAddress; 0 = the link-level address */
export function settle(ifp: usize, source: usize): void {
  draft.ifp = ifp;
  draft.source = source;
  draft.oif = changetype<Interface>(ifp).index;
  draft.aif = source == 0 ? draft.oif : changetype<Interface>(changetype<IfAddress>(source).ifp).index;
}

/** RTV_MTU: at most the interface's; 0 gives the route the interface's. */
export function setMtu(): void {
  if ((parsed.inits & RTV.MTU) == 0) return;
  const mtu = load<u64>(parsed.header, RtMsgHdr.MTU);
  draft.mtu = <u32>min<u64>(mtu, linkMtu(changetype<Interface>(draft.ifp), draft.upperFamily));
  draft.rtFlags = mtu != 0 ? draft.rtFlags | RTF.FIXEDMTU : draft.rtFlags & ~RTF.FIXEDMTU;
}

/** The uptime second of a unix second; one that is past falls due at once. */
function uptimeOf(seconds: i64): u32 {
  const left = seconds - <i64>wallClockSeconds();
  return left > 0 ? <u32>min<i64>(<i64>uptimeSeconds() + left, u32.MAX_VALUE) : uptimeSeconds();
}

function isBroadcast(): bool {
  const ifp = changetype<Interface>(draft.ifp);
  if (parsed.family != AF.INET || (ifp.flags & IFF.BROADCAST) == 0) return false;
  for (let at = ifp.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    if (address.family == AF.INET && address.prefixLength < 31 && address.broadcast == parsed.high) return true;
  }
  return false;
}

/** The first path of a payload whose gateway is the request's, any without one; 0 = none. */
export function matchingPath(rib: Rib, payload: u32): usize {
  const head = headOf(rib, payload);
  if (!head.isGroup) return isMeant(changetype<Nexthop>(head)) ? changetype<usize>(head) : 0;
  const group = changetype<NexthopGroup>(head);
  for (let i: u32 = 0; i < group.count; i++) if (isMeant(group.path(i).target)) return group.path(i).nexthop;
  return 0;
}

function isMeant(nexthop: Nexthop): bool {
  if (parsed.gatewayFamily == 0) return true;
  if (parsed.gatewayFamily != nexthop.neighbourFamily) return false;
  if (parsed.gatewayFamily == AF.LINK) return nexthop.oif == parsed.gatewayIndex;
  return nexthop.gatewayHigh == parsed.gatewayHigh && nexthop.gatewayLow == parsed.gatewayLow;
}

export function weightOfPath(rib: Rib, payload: u32, path: usize): u32 {
  const head = headOf(rib, payload);
  if (!head.isGroup) return rib.payload(payload).weight;
  const group = changetype<NexthopGroup>(head);
  for (let i: u32 = 0; i < group.count; i++) if (group.path(i).nexthop == path) return group.path(i).weight;
  return 0;
}

/** ESRCH no such route, gateway, or a multipath route without gateway; EADDRINUSE an interface's; ENOMEM. */
export function deleteRoute(from: RoutingSocket, rib: Rib): Errno {
  const entry = findTarget(rib);
  if (entry == 0) return Errno.ESRCH;
  const payload = entryPayload(rib, entry);
  const path = matchingPath(rib, payload);
  if (path == 0 || (headOf(rib, payload).isGroup && parsed.gatewayFamily == 0)) return Errno.ESRCH;
  const weight = weightOfPath(rib, payload, path);
  memory.fill(changetype<usize>(filter), 0, offsetof<RouteFilter>());
  filter.nexthop = path;
  filter.includesPinned = parsed.has(RTF.PINNED);
  const error = deleteTarget(rib, filter);
  if (error == Errno.OK) tell(from, changetype<NexthopHead>(path), weight, true);
  finishChange();
  return error;
}

/** ESRCH nothing matches, or the caller's jail may not see it. */
export function getRoute(from: RoutingSocket, rib: Rib, caller: Caller): Errno {
  let entry = lookUp(rib);
  if (entry == 0) return Errno.ESRCH;
  let payload = entryPayload(rib, entry);
  let path = pathToShow(rib, payload);
  if (path == 0) return Errno.ESRCH;
  if (parsed.has(RTF.PROTO2)) {
    entry = lookUpNetwork(rib, changetype<Nexthop>(path));
    if (entry == 0) return Errno.ESRCH;
    payload = entryPayload(rib, entry);
    path = changetype<usize>(nexthopOf(rib, payload));
  }
  echoed.high = entryHigh(rib, entry);
  echoed.low = entryLow(rib, entry);
  echoed.bits = entryBits(rib, entry);
  echoed.maskHigh = maskHighOf(rib, entry);
  echoed.maskLow = maskLowOf(rib, entry);
  echoed.nexthop = path;
  // Of a multipath route the route's own weight is shown, which is 0 (rtsock Q-9).
  echoed.weight = rib.payload(payload).weight;
  echoed.source = 0;
  echoed.isGone = false;
  if (!mayUse(caller, rib.family, changetype<Nexthop>(path))) return Errno.ESRCH;
  echoRoute(from);
  return Errno.OK;
}

/** The longest match, or with a mask named, be it there or not, exactly the route. */
function lookUp(rib: Rib): usize {
  if (!parsed.names(ROUTE_RTA.NETMASK)) return longestMatch(rib, parsed.high, parsed.low);
  return findTarget(rib);
}

/** Of several paths the one with the gateway that was asked for, else the first; a single one whatever the gateway. */
function pathToShow(rib: Rib, payload: u32): usize {
  const head = headOf(rib, payload);
  if (!head.isGroup) return changetype<usize>(head);
  return matchingPath(rib, payload);
}

/** RTF_ANNOUNCE asks for the route of the network that the source address is of (handle_rtm_get). */
function lookUpNetwork(rib: Rib, nexthop: Nexthop): usize {
  let source = nexthop.source;
  if (changetype<Interface>(nexthop.ifp).type == IFT.PROPVIRTUAL) {
    source = changetype<usize>(addressWithin(rib.fib, rib.family, parsed.high, parsed.low));
  }
  if (source == 0) return 0;
  const address = changetype<IfAddress>(source);
  if (address.family != rib.family) return 0;
  const bits = address.prefixLength;
  return longestMatch(rib, address.high & maskHigh(bits), address.low & maskLow(bits));
}
