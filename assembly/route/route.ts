// Routes: RTM_GETROUTE, RTM_NEWROUTE, RTM_DELROUTE (netlink/route/rt.c; rtnetlink E). routeobject.ts writes them,
// routedump.ts all of them, multipath.ts reads RTA_MULTIPATH.

import { Errno } from "../abi/errno";
import { NLM_F, PRIV } from "../abi/netlink";
import { HeaderSize, RTA, RTAX, RTF, RTM, RTM_F, RTN, RTPROT, RouteLimit, RtMsg } from "../abi/rtnetlink";
import { Field, Payload, parse, sockaddrAddress, sockaddrFamily } from "../netlink/parser";
import { Request } from "../netlink/request";
import { addressBits, loadHigh, loadLow, maskHigh, maskLow, withZone } from "../net/address";
import { uptimeSeconds, wallClockSeconds } from "../net/clock";
import { longestMatch } from "../net/gappedroutes";
import { onRoute } from "../net/hooks";
import { Interface } from "../net/ifnet";
import { NHF, NexthopHead, clearDraft, draft } from "../net/nexthop";
import { internGroup, internedGroup, workingPath } from "../net/nhgroup";
import { nexthopOf, payloadFor, payloadOfDraft, releasePayload } from "../net/payload";
import { completeDraft, needsInterface, setBlackhole, setGateway } from "../net/resolve";
import { Rib, entryBits, entryHigh, entryLow, entryPayload, fibCount, findRoute, ribOf } from "../net/rib";
import { RouteFilter, RouteOp, change, finishChange, routeAdd, routeDelete } from "../net/routectl";
import { findUserNexthop, headFor, keepInstances, undoInstances } from "../net/usernexthop";
import { common, describePaths, parseMultipath, releasePaths } from "./multipath";
import { dumpRoutes, seesRoute } from "./routedump";
import { notifyRoute, view, viewRoute, writeRoute } from "./routeobject";

/** A route request after parsing; what was absent is 0. */
@unmanaged
class ParsedRoute {
  family: u8;
  dstLength: u8;
  protocol: u8;
  type: u8;
  headerTable: u8;
  headerFlags: u32;
  /** sockaddrs */
  dst: usize;
  gateway: usize;
  /** Interface */
  oif: usize;
  /** Paths written out (multipath.ts). */
  paths: u32;
  fib: u32;
  rtFlags: u32;
  nexthopId: u32;
  weight: u32;
  mtu: u32;
  /** Unix second. */
  expires: u32;
}

const record = changetype<ParsedRoute>(memory.data(offsetof<ParsedRoute>(), 16));
const filter = changetype<RouteFilter>(memory.data(offsetof<RouteFilter>(), 16));

/** Flags that a request may set (net/route/nhop_ctl.c, RT_SET_RTFLAGS_MASK). */
const SETTABLE_RTFLAGS: u32 = RTF.STATIC | RTF.PROTO1 | RTF.PROTO2 | RTF.PROTO3;

const FIELDS: StaticArray<usize> = [
  // in the header   kind        into
  RtMsg.FAMILY,      Field.U8,   offsetof<ParsedRoute>("family"),
  RtMsg.DST_LEN,     Field.U8,   offsetof<ParsedRoute>("dstLength"),
  RtMsg.PROTOCOL,    Field.U8,   offsetof<ParsedRoute>("protocol"),
  RtMsg.TYPE,        Field.U8,   offsetof<ParsedRoute>("type"),
  RtMsg.TABLE,       Field.U8,   offsetof<ParsedRoute>("headerTable"),
  RtMsg.FLAGS,       Field.U32,  offsetof<ParsedRoute>("headerFlags"),
];

const METRICS: StaticArray<usize> = [
  // attribute       payload             into                                   argument
  RTAX.MTU,          Payload.U32,        offsetof<ParsedRoute>("mtu"),         0,
];

const ATTRIBUTES: StaticArray<usize> = [
  // attribute       payload             into                                   argument
  RTA.DST,           Payload.IP,         offsetof<ParsedRoute>("dst"),         0,
  RTA.OIF,           Payload.IFP,        offsetof<ParsedRoute>("oif"),         0,
  RTA.GATEWAY,       Payload.IP,         offsetof<ParsedRoute>("gateway"),     0,
  RTA.METRICS,       Payload.NESTED,     0,                                     changetype<usize>(METRICS),
  RTA.MULTIPATH,     Payload.CUSTOM,     offsetof<ParsedRoute>("paths"),       changetype<usize>(parseMultipath),
  RTA.WEIGHT,        Payload.U32,        offsetof<ParsedRoute>("weight"),      0,
  RTA.RTFLAGS,       Payload.U32,        offsetof<ParsedRoute>("rtFlags"),     0,
  RTA.TABLE,         Payload.U32,        offsetof<ParsedRoute>("fib"),         0,
  RTA.VIA,           Payload.VIA,        offsetof<ParsedRoute>("gateway"),     0,
  RTA.EXPIRES,       Payload.U32,        offsetof<ParsedRoute>("expires"),     0,
  RTA.NH_ID,         Payload.U32,        offsetof<ParsedRoute>("nexthopId"),   0,
];

const PARSER: StaticArray<usize> = [
  HeaderSize.RTMSG, 0, changetype<usize>(FIELDS), changetype<usize>(ATTRIBUTES), 0,
];

/** Parses into `record`; EINVAL and the other answers of the parser. */
function parseRoute(request: Request): Errno {
  return parse(request, PARSER, changetype<usize>(record), offsetof<ParsedRoute>());
}

/** The high word of a parsed address; a link-local one belongs to RTA_OIF's interface (set_scope6). */
function highOf(sockaddr: usize): u64 {
  const family = sockaddrFamily(sockaddr);
  const high = loadHigh(family, sockaddrAddress(sockaddr));
  return record.oif == 0 ? high : withZone(family, high, changetype<Interface>(record.oif).index);
}

function lowOf(sockaddr: usize): u64 {
  return loadLow(sockaddrFamily(sockaddr), sockaddrAddress(sockaddr));
}

/** A dump of one fib, or the route of an address or a prefix (rtnetlink E.3). */
function getRoute(request: Request): Errno {
  const parsed = parseRoute(request);
  if (parsed != Errno.OK) return parsed;
  if (record.fib >= fibCount()) return request.report(Errno.EINVAL, "invalid fib", 0, 0);
  if ((request.flags & NLM_F.DUMP) != 0) return dumpRoutes(request, record.fib, record.family);
  if (record.dst == 0) return request.report(Errno.EINVAL, "No RTA_DST supplied", 0, 0);
  const rib = ribOf(record.fib, record.family);
  if (rib == null) return Errno.EAFNOSUPPORT;
  if (sockaddrFamily(record.dst) != rib.family) return Errno.ESRCH;
  const entry = lookUp(rib);
  if (entry == 0) return Errno.ESRCH;
  viewRoute(rib, entryHigh(rib, entry), entryLow(rib, entry), entryBits(rib, entry), entryPayload(rib, entry));
  // Of a multipath route one path is shown, with the weight that the route has besides (rtnetlink E.3.2).
  view.nexthop = changetype<usize>(nexthopOf(rib, entryPayload(rib, entry)));
  if (!seesRoute(request.from, rib, view.high, view.low, view.bits)) return Errno.ESRCH;
  // Quirk: the request's own header gets the reply's type, and the ack echoes it (rtnetlink E.3.2).
  request.rewrite(RTM.NEWROUTE, request.flags);
  writeRoute(request.replies, request.from.port, request.seq, RTM.NEWROUTE, request.flags);
  return Errno.OK;
}

/** The entry asked for: of exactly the prefix with RTM_F_PREFIX, else of the longest match; 0 = none. */
function lookUp(rib: Rib): usize {
  const high = highOf(record.dst);
  const low = lowOf(record.dst);
  if ((record.headerFlags & RTM_F.PREFIX) == 0) return longestMatch(rib, high, low);
  const bits = <u32>record.dstLength;
  if (bits > addressBits(rib.family)) return 0;
  return findRoute(rib, high & maskHigh(bits), low & maskLow(bits), bits);
}

/**
 * Adds or changes a route (rtnetlink E.4, E.5). EINVAL no destination, fib, nexthop; ESRCH, EEXIST by the flags or an
 * unknown nexthop id; E2BIG too many paths; EAFNOSUPPORT; ENOMEM.
 */
function newRoute(request: Request): Errno {
  const parsed = parseRoute(request);
  if (parsed != Errno.OK) return parsed;
  if (record.dst == 0) return Errno.EINVAL;
  // Before RTA_TABLE there was only rtm_table (netlink/route/rt.c).
  if (record.fib == 0) record.fib = record.headerTable;
  if (record.fib >= fibCount()) return request.report(Errno.EINVAL, "invalid fib", 0, 0);
  const rib = ribOf(record.fib, record.family);
  if (record.nexthopId != 0 && findUserNexthop(record.nexthopId) == null) return Errno.ESRCH;
  if (rib == null) return Errno.EAFNOSUPPORT;
  // FreeBSD mixes up its tables when the destination is of another family than the header; here it is refused.
  if (sockaddrFamily(record.dst) != rib.family) return Errno.EINVAL;
  let error: Errno = Errno.OK;
  if (record.nexthopId != 0) error = chooseUserNexthop(rib);
  else if (record.paths != 0) error = choosePaths(request, rib);
  else error = chooseNexthop(request, rib);
  if (error == Errno.OK) error = addChosen(request, rib);
  // What a user nexthop was made into stays for the next route, unless memory lacked: then nothing is left of the request.
  if (error == Errno.ENOMEM) undoInstances();
  else keepInstances();
  return error;
}

function addChosen(request: Request, rib: Rib): Errno {
  const payload = chosen.payload;
  const added = routeAdd(rib, highOf(record.dst), lowOf(record.dst), record.dstLength, payload, operationOf(request));
  if (added == Errno.OK) tellChange(request);
  finishChange();
  releasePayload(rib, payload);
  return added;
}

/** The payload that a request describes. */
@unmanaged
class Chosen {
  payload: u32;
}

const chosen = changetype<Chosen>(memory.data(offsetof<Chosen>(), 16));

function choose(head: NexthopHead): Errno {
  // A group's weights are its members'; the route's own is kept as it was sent (rtnetlink E.4.4).
  const weight = record.weight == 0 && !head.isGroup ? <u32>RouteLimit.WEIGHT_DEFAULT : record.weight;
  chosen.payload = payloadFor(head, weight, 0);
  return chosen.payload == 0 ? Errno.ENOMEM : Errno.OK;
}

/** RTA_NH_ID: all else about the nexthop is ignored. ENOMEM when it cannot serve these routes. */
function chooseUserNexthop(rib: Rib): Errno {
  const user = findUserNexthop(record.nexthopId);
  if (user == null) return Errno.ESRCH;
  const head = headFor(user, rib, prefixKind(rib));
  return head == 0 ? Errno.ENOMEM : choose(changetype<NexthopHead>(head));
}

/** RTA_MULTIPATH; METRICS, EXPIRES, WEIGHT and rtm_type say nothing of its paths. */
function choosePaths(request: Request, rib: Rib): Errno {
  common.high = highOf(record.dst);
  common.low = lowOf(record.dst);
  common.kind = prefixKind(rib);
  common.rtFlags = record.rtFlags & SETTABLE_RTFLAGS;
  common.origin = storedOrigin();
  let error = describePaths(request, rib, record.paths);
  if (error == Errno.OK) error = internGroup(workingPath(0).target.home, 0, common.origin, 0);
  if (error == Errno.OK) error = choose(internedGroup());
  releasePaths(record.paths);
  return error;
}

function chooseNexthop(request: Request, rib: Rib): Errno {
  const error = describeNexthop(request, rib);
  if (error != Errno.OK) return error;
  chosen.payload = payloadOfDraft(record.weight == 0 ? RouteLimit.WEIGHT_DEFAULT : record.weight);
  return chosen.payload == 0 ? Errno.ENOMEM : Errno.OK;
}

/** Puts the request's nexthop together in the draft. */
function describeNexthop(request: Request, rib: Rib): Errno {
  const oif = changetype<Interface | null>(record.oif);
  clearDraft(rib.fib, rib.family);
  if (record.gateway != 0) {
    const family = sockaddrFamily(record.gateway);
    if (needsInterface(family, highOf(record.gateway), oif)) return request.report(Errno.EINVAL, "interface not set", 0, 0);
    const error = setGateway(family, highOf(record.gateway), lowOf(record.gateway), oif);
    if (error != Errno.OK) return error;
  }
  draft.ifp = record.oif;
  if (record.mtu != 0) {
    draft.mtu = record.mtu;
    draft.rtFlags |= RTF.FIXEDMTU;
  }
  if ((record.rtFlags & RTF.BROADCAST) != 0) {
    draft.flags |= NHF.BROADCAST;
    draft.rtFlags |= RTF.BROADCAST;
  }
  draft.origin = storedOrigin();
  draft.flags |= prefixKind(rib);
  if ((draft.flags & NHF.HOST) != 0) draft.rtFlags |= RTF.HOST;
  draft.rtFlags |= record.rtFlags & SETTABLE_RTFLAGS;
  if (record.expires != 0) draft.expireSeconds = uptimeOf(record.expires);
  if (record.type == <u8>RTN.BLACKHOLE) setBlackhole(RTF.BLACKHOLE);
  else if (record.type == <u8>RTN.PROHIBIT || record.type == <u8>RTN.UNREACHABLE) setBlackhole(RTF.REJECT);
  return completeDraft(highOf(record.dst), lowOf(record.dst));
}

/** Origins up to STATIC are not stored: they are guessed from the flags when shown (rtnetlink E.1.4). */
function storedOrigin(): u32 {
  return record.protocol > <u8>RTPROT.STATIC ? record.protocol : 0;
}

function prefixKind(rib: Rib): u32 {
  if (<u32>record.dstLength == addressBits(rib.family)) return NHF.HOST;
  return record.dstLength == 0 ? NHF.DEFAULT : 0;
}

/** The uptime second of a unix second; one that is past falls due at once. */
function uptimeOf(seconds: u32): u32 {
  const wall = wallClockSeconds();
  return <u64>seconds > wall ? uptimeSeconds() + <u32>(<u64>seconds - wall) : uptimeSeconds();
}

function operationOf(request: Request): u32 {
  const flags = request.flags;
  let operation: u32 = 0;
  if ((flags & NLM_F.REPLACE) != 0) operation |= RouteOp.REPLACE;
  if ((flags & NLM_F.EXCL) != 0) operation |= RouteOp.EXCL;
  if ((flags & NLM_F.CREATE) != 0) operation |= RouteOp.CREATE;
  if ((flags & NLM_F.APPEND) != 0) operation |= RouteOp.APPEND;
  return operation;
}

/** Deletes a route (rtnetlink E.6). ESRCH no destination, no such prefix, no such path; EADDRINUSE an interface's route. */
function delRoute(request: Request): Errno {
  const parsed = parseRoute(request);
  if (parsed != Errno.OK) return parsed;
  if (record.dst == 0) return request.report(Errno.ESRCH, "RTA_DST is not set", 0, 0);
  if (record.fib >= fibCount()) return request.report(Errno.EINVAL, "invalid fib", 0, 0);
  const rib = ribOf(record.fib, sockaddrFamily(record.dst));
  if (rib == null) return Errno.EAFNOSUPPORT;
  memory.fill(changetype<usize>(filter), 0, offsetof<RouteFilter>());
  if (record.oif != 0) filter.oif = changetype<Interface>(record.oif).index;
  if (record.gateway != 0) {
    filter.gatewayFamily = sockaddrFamily(record.gateway);
    filter.gatewayHigh = highOf(record.gateway);
    filter.gatewayLow = lowOf(record.gateway);
  }
  filter.includesPinned = (record.rtFlags & RTF.PINNED) != 0;
  const error = routeDelete(rib, highOf(record.dst), lowOf(record.dst), record.dstLength, filter);
  if (error == Errno.OK) tellChange(request);
  finishChange();
  return error;
}

/** Netlink hears first, then routing sockets, and the ack comes last (rtnetlink E.7.2). */
function tellChange(request: Request): void {
  notifyRoute(request);
  onRoute(changetype<usize>(change));
}

export const ROUTE_MESSAGES: StaticArray<usize> = [
  // request       privilege         in a jail without vnet   handler
  RTM.GETROUTE,    PRIV.NONE,        1,                       changetype<usize>(getRoute),
  RTM.NEWROUTE,    PRIV.NET_ROUTE,   0,                       changetype<usize>(newRoute),
  RTM.DELROUTE,    PRIV.NET_ROUTE,   0,                       changetype<usize>(delRoute),
];
