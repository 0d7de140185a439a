// Neighbours: RTM_GETNEIGH, RTM_NEWNEIGH, RTM_DELNEIGH and the neighbour object (netlink/route/neigh.c; rtnetlink D).

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { NETLINK, NLM_F, NetlinkLimit, NetlinkSize, NlMsgHdr, PRIV } from "../abi/netlink";
import { HeaderSize, NDA, NDAF, NTF, NUD, NdMsg, RTM, RTNLGRP } from "../abi/rtnetlink";
import { hasMembers } from "../netlink/multicast";
import { Field, Payload, parse, sockaddrAddress, sockaddrFamily } from "../netlink/parser";
import { Request } from "../netlink/request";
import {
  Writer, abort, begin, beginNest, done, end, endNest, flush, openGroup, putAttribute, putBytes, putU32, reserve,
} from "../netlink/writer";
import { addressBytes, loadHigh, loadLow, storeAddress, withZone, withoutZone } from "../net/address";
import { ArpState, arpAnnounce } from "../net/arp";
import { uptimeSeconds, wallClockSeconds } from "../net/clock";
import { NeighbourEvent, onNeighbour } from "../net/hooks";
import { Interface, firstInterface } from "../net/ifnet";
import { NdState } from "../net/nd";
import {
  BUCKETS, LLE, Neighbour, findNeighbour, firstNeighbour, freeNeighbour, hasTable, link, setLladdr, takeNeighbour, unlink,
} from "../net/neighbour";
import { mayBeNeighbour } from "../net/onlink";

/** A neighbour request after parsing; what was absent is 0. */
@unmanaged
class NeighbourRecord {
  family: u8;
  state: u16;
  flags: u32;
  /** Interface. */
  ifp: usize;
  /** sockaddr */
  destination: usize;
  /** nlattr */
  lladdr: usize;
  nextStateSeconds: u32;
  // The destination in words, its zone embedded.
  high: u64;
  low: u64;
}

const record = changetype<NeighbourRecord>(memory.data(offsetof<NeighbourRecord>(), 16));

const FIELDS: StaticArray<usize> = [
  // in the header     kind           into
  NdMsg.FAMILY,        Field.U8,      offsetof<NeighbourRecord>("family"),
  NdMsg.FLAGS,         Field.U8_U32,  offsetof<NeighbourRecord>("flags"),
  NdMsg.STATE,         Field.U16,     offsetof<NeighbourRecord>("state"),
  NdMsg.IFINDEX,       Field.IFPZ,    offsetof<NeighbourRecord>("ifp"),
];

const FREEBSD: StaticArray<usize> = [
  // attribute             payload             into                                          argument
  NDAF.NEXT_STATE_TS,      Payload.U32,        offsetof<NeighbourRecord>("nextStateSeconds"), 0,
];

const ATTRIBUTES: StaticArray<usize> = [
  // attribute             payload             into                                          argument
  NDA.DST,                 Payload.IP,         offsetof<NeighbourRecord>("destination"),     0,
  NDA.LLADDR,              Payload.ATTRIBUTE,  offsetof<NeighbourRecord>("lladdr"),          0,
  NDA.IFINDEX,             Payload.IFP,        offsetof<NeighbourRecord>("ifp"),             0,
  NDA.FLAGS_EXT,           Payload.U32,        offsetof<NeighbourRecord>("flags"),           0,
  NDA.FREEBSD,             Payload.NESTED,     0,                                            changetype<usize>(FREEBSD),
];

const PARSER: StaticArray<usize> = [
  HeaderSize.NDMSG, 0, changetype<usize>(FIELDS), changetype<usize>(ATTRIBUTES), changetype<usize>(setZone),
];

/** A link-local destination belongs to the interface (post_p_neigh). */
function setZone(parsed: usize, request: Request): bool {
  const attributes = changetype<NeighbourRecord>(parsed);
  if (attributes.destination == 0) return true;
  const family = sockaddrFamily(attributes.destination);
  const bytes = sockaddrAddress(attributes.destination);
  attributes.high = loadHigh(family, bytes);
  attributes.low = loadLow(family, bytes);
  if (attributes.ifp == 0) return true;
  attributes.high = withZone(family, attributes.high, changetype<Interface>(attributes.ifp).index);
  return true;
}

function parseRequest(request: Request): Errno {
  return parse(request, PARSER, changetype<usize>(record), offsetof<NeighbourRecord>());
}

/** The entry asked for, in the table of the header's family; an address of the other family is in none. */
function findEntry(ifp: Interface): Neighbour | null {
  const family = <u32>record.family;
  return sockaddrFamily(record.destination) == family ? findNeighbour(ifp, family, record.high, record.low) : null;
}

/**
 * With a destination the one entry, whose interface must be said: ESRCH when there is none. Without: all entries, with
 * NLM_F_DUMP or not; interface and family alone filter (rtnetlink D.2).
 */
function getNeighbour(request: Request): Errno {
  const error = parseRequest(request);
  if (error != Errno.OK) return error;
  const header = request.header;
  const flags = <u32>load<u16>(header, NlMsgHdr.FLAGS);
  if (record.destination == 0) return dumpNeighbours(request, flags | NLM_F.MULTI);
  if (record.ifp == 0) return request.report(Errno.EINVAL, "has NDA_DST but no ifindex provided", 0, 0);
  const ifp = changetype<Interface>(record.ifp);
  const entry = hasTable(ifp, record.family) ? findEntry(ifp) : null;
  if (entry == null) return Errno.ESRCH;
  return writeNeighbour(request.replies, entry, request.from.port, load<u32>(header, NlMsgHdr.SEQ), RTM.NEWNEIGH, flags);
}

function dumpNeighbours(request: Request, flags: u32): Errno {
  const port = request.from.port;
  const seq = load<u32>(request.header, NlMsgHdr.SEQ);
  const family = <u32>record.family;
  let error: Errno = Errno.OK;
  for (let at = firstInterface(); at != 0 && error == Errno.OK; at = changetype<Interface>(at).next) {
    if (record.ifp != 0 && record.ifp != at) continue;
    const ifp = changetype<Interface>(at);
    if (family == 0 || family == AF.INET) error = dumpTable(request, ifp, AF.INET, seq, flags);
    if (error == Errno.OK && (family == 0 || family == AF.INET6)) error = dumpTable(request, ifp, AF.INET6, seq, flags);
  }
  if (!done(request.replies, port, seq, error)) return Errno.ENOMEM;
  return error;
}

function dumpTable(request: Request, ifp: Interface, family: u32, seq: u32, flags: u32): Errno {
  for (let bucket: u32 = 0; bucket < BUCKETS; bucket++) {
    for (let at = firstNeighbour(ifp, family, bucket); at != 0; at = changetype<Neighbour>(at).next) {
      const entry = changetype<Neighbour>(at);
      const error = writeNeighbour(request.replies, entry, request.from.port, seq, RTM.NEWNEIGH, flags);
      if (error != Errno.OK) return error;
    }
  }
  return Errno.OK;
}

/**
 * Makes an entry, or replaces one. EINVAL for what is missing or does not fit, EOPNOTSUPP for flags, EAFNOSUPPORT without
 * a table, ENOMEM without memory and also for an address that is not on the link, EEXIST, EPERM for an own address,
 * ENOENT for a replacement of nothing (rtnetlink D.3).
 */
function newNeighbour(request: Request): Errno {
  const parsed = parseRequest(request);
  if (parsed != Errno.OK) return parsed;
  const refused = checkNew(request);
  if (refused != Errno.OK) return refused;
  const ifp = changetype<Interface>(record.ifp);
  const family = <u32>record.family;
  if (!mayBeNeighbour(ifp, family, record.high, record.low)) return Errno.ENOMEM;
  const present = findEntry(ifp);
  const flags = <u32>load<u16>(request.header, NlMsgHdr.FLAGS);
  if (present != null) {
    if ((flags & NLM_F.EXCL) != 0 || (flags & NLM_F.REPLACE) == 0) return Errno.EEXIST;
    if (present.has(LLE.IFADDR)) return Errno.EPERM;
  } else if ((flags & NLM_F.CREATE) == 0) {
    return Errno.ENOENT;
  }
  const taken = takeNeighbour(ifp, family, record.high, record.low, entryFlags());
  if (taken == 0) return Errno.ENOMEM;
  const entry = changetype<Neighbour>(taken);
  describe(entry);
  if (present != null) {
    unlink(present);
    freeNeighbour(present);
  }
  link(entry);
  onNeighbour(taken, NeighbourEvent.RESOLVED);
  if (family == AF.INET && entry.has(LLE.PUB)) arpAnnounce();
  return Errno.OK;
}

/** FreeBSD's order of checks. */
function checkNew(request: Request): Errno {
  if (record.ifp == 0) return request.report(Errno.EINVAL, "NDA_IFINDEX / ndm_ifindex not set", 0, 0);
  if (record.destination == 0) return request.report(Errno.EINVAL, "NDA_DST not set", 0, 0);
  if (record.lladdr == 0) return request.report(Errno.EINVAL, "NDA_LLADDR not set", 0, 0);
  const family = sockaddrFamily(record.destination);
  if (family != <u32>record.family) {
    return request.report(Errno.EINVAL, "NDA_DST family (%) is different from ndm_family (%)", family, record.family);
  }
  const ifp = changetype<Interface>(record.ifp);
  const bytes = <u32>load<u16>(record.lladdr) - NetlinkSize.NLATTR;
  if (bytes != ifp.lladdrBytes) {
    return request.report(
      Errno.EINVAL, "NDA_LLADDR address length (%) is different from expected (%)", bytes, ifp.lladdrBytes,
    );
  }
  const unknown = record.flags & ~(<u32>(NTF.PROXY | NTF.STICKY));
  if (unknown != 0) return request.report(Errno.EOPNOTSUPP, "ndm_flags %X not supported", unknown, 0);
  const flags = <u32>load<u16>(request.header, NlMsgHdr.FLAGS);
  if ((flags & (NLM_F.CREATE | NLM_F.REPLACE)) == 0) return Errno.EOPNOTSUPP;
  return hasTable(ifp, family) ? Errno.OK : Errno.EAFNOSUPPORT;
}

function entryFlags(): u32 {
  return ((record.flags & NTF.PROXY) != 0 ? LLE.PUB : 0) | ((record.flags & NTF.STICKY) != 0 ? LLE.STATIC : 0);
}

/** A sticky entry is reachable for ever. Others keep the state of one that was not resolved, and no timer ends them. */
function describe(entry: Neighbour): void {
  let lladdr: u64 = 0;
  for (let i: u32 = 0; i < entry.home.lladdrBytes; i++) {
    lladdr |= <u64>load<u8>(record.lladdr + NetlinkSize.NLATTR + i) << (i * 8);
  }
  setLladdr(entry, lladdr);
  const isStatic = entry.has(LLE.STATIC);
  if (isStatic && entry.family == AF.INET6) entry.state = NdState.REACHABLE;
  const expires = <i64>record.nextStateSeconds - <i64>wallClockSeconds() + <i64>uptimeSeconds();
  entry.expireSeconds = isStatic ? 0 : expires;
}

/** EINVAL for what is missing, EAFNOSUPPORT without a table, ENOENT, EPERM for an own address (rtnetlink D.4). */
function deleteNeighbour(request: Request): Errno {
  const error = parseRequest(request);
  if (error != Errno.OK) return error;
  if (record.destination == 0) return request.report(Errno.EINVAL, "NDA_DST not set", 0, 0);
  if (record.ifp == 0) return request.report(Errno.EINVAL, "no ifindex provided", 0, 0);
  const ifp = changetype<Interface>(record.ifp);
  if (!hasTable(ifp, record.family)) return Errno.EAFNOSUPPORT;
  const entry = findEntry(ifp);
  if (entry == null) return Errno.ENOENT;
  if (entry.has(LLE.IFADDR)) return Errno.EPERM;
  unlink(entry);
  onNeighbour(changetype<usize>(entry), NeighbourEvent.DELETED);
  freeNeighbour(entry);
  return Errno.OK;
}

/** Writes the neighbour object (rtnetlink D.1); ENOMEM. */
function writeNeighbour(writer: Writer, entry: Neighbour, port: u32, seq: u32, type: u32, flags: u32): Errno {
  if (!begin(writer, port, seq, type, flags, HeaderSize.NDMSG)) return Errno.ENOMEM;
  const ifp = entry.home;
  const header = reserve(writer, HeaderSize.NDMSG);
  if (header != 0) {
    store<u8>(header, <u8>entry.family, NdMsg.FAMILY);
    store<u32>(header, ifp.index, NdMsg.IFINDEX);
    store<u16>(header, <u16>shownState(entry), NdMsg.STATE);
    store<u8>(header, <u8>shownFlags(entry), NdMsg.FLAGS);
  }
  const destination = putAttribute(writer, NDA.DST, addressBytes(entry.family));
  if (destination != 0) storeAddress(entry.family, destination, withoutZone(entry.family, entry.high), entry.low);
  if (entry.hasLladdr) {
    putBytes(writer, NDA.LLADDR, changetype<usize>(entry) + offsetof<Neighbour>("lladdr"), ifp.lladdrBytes);
  }
  putU32(writer, NDA.PROBES, entry.asked);
  const cache = putAttribute(writer, NDA.CACHEINFO, HeaderSize.NDA_CACHEINFO);
  if (cache != 0) store<u32>(cache, entry.references, CACHE_REFERENCES);
  const freebsd = beginNest(writer, NDA.FREEBSD);
  putU32(writer, NDAF.NEXT_STATE_TS, nextStateSeconds(entry));
  endNest(writer, freebsd);
  return end(writer) ? Errno.OK : Errno.ENOMEM;
}

/** Offset of ndm_refcnt in an nda_cacheinfo; the times before it stay 0. */
const CACHE_REFERENCES: usize = 12;

/** rtnetlink D.1.3; NOARP, PERMANENT and FAILED are never shown. */
function shownState(entry: Neighbour): NUD {
  if (entry.family == AF.INET) {
    if (entry.has(LLE.STATIC | LLE.IFADDR) || entry.state == ArpState.REACHABLE) return NUD.REACHABLE;
    return entry.state == ArpState.VERIFY ? NUD.PROBE : NUD.INCOMPLETE;
  }
  switch (entry.state) {
    case NdState.INCOMPLETE:
      return NUD.INCOMPLETE;
    case NdState.REACHABLE:
      return NUD.REACHABLE;
    case NdState.STALE:
      return NUD.STALE;
    case NdState.DELAY:
      return NUD.DELAY;
    case NdState.PROBE:
      return NUD.PROBE;
    default:
      return NUD.NONE;
  }
}

function shownFlags(entry: Neighbour): u32 {
  let shown: u32 = 0;
  if (entry.has(LLE.IFADDR)) shown |= NTF.SELF;
  if (entry.has(LLE.PUB)) shown |= NTF.PROXY;
  if (entry.has(LLE.STATIC)) shown |= NTF.STICKY;
  if (entry.isRouter) shown |= NTF.ROUTER;
  return shown;
}

/** The wall-clock second of the next change, 0 = none (get_lle_next_ts). */
function nextStateSeconds(entry: Neighbour): u32 {
  if (entry.expireSeconds == 0) return 0;
  const remaining = <i64>(entry.remainingMs / 1000);
  return <u32>(entry.expireSeconds + remaining + <i64>wallClockSeconds() - <i64>uptimeSeconds());
}

const groupWriter = changetype<Writer>(memory.data(offsetof<Writer>(), 16));

/** The stack's events of neighbours, to group NEIGH with port, sequence and flags 0. */
export function notifyNeighbour(neighbour: usize, event: u32): void {
  if (!hasMembers(NETLINK.ROUTE, RTNLGRP.NEIGH)) return;
  if (!openGroup(groupWriter, NetlinkLimit.NLMSG_SMALL, NETLINK.ROUTE, RTNLGRP.NEIGH, PRIV.NONE)) return;
  const type = event == NeighbourEvent.RESOLVED ? RTM.NEWNEIGH : RTM.DELNEIGH;
  if (writeNeighbour(groupWriter, changetype<Neighbour>(neighbour), 0, 0, type, 0) != Errno.OK) abort(groupWriter);
  flush(groupWriter);
}

export const NEIGHBOUR_MESSAGES: StaticArray<usize> = [
  // request       privilege        in a jail without vnet   handler
  RTM.GETNEIGH,    PRIV.NONE,       0,                       changetype<usize>(getNeighbour),
  RTM.NEWNEIGH,    PRIV.NET_ROUTE,  0,                       changetype<usize>(newNeighbour),
  RTM.DELNEIGH,    PRIV.NET_ROUTE,  0,                       changetype<usize>(deleteNeighbour),
];
