// Neighbours: RTM_GETNEIGH, RTM_NEWNEIGH, RTM_DELNEIGH (netlink/route/neigh.c; rtnetlink D). neighbourobject.ts writes them.

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { NLM_F, NetlinkSize, PRIV } from "../abi/netlink";
import { HeaderSize, NDA, NDAF, NTF, NdMsg, RTM } from "../abi/rtnetlink";
import { Field, Payload, parse, sockaddrAddress, sockaddrFamily } from "../netlink/parser";
import { Request } from "../netlink/request";
import { done } from "../netlink/writer";
import { loadHigh, loadLow, withZone } from "../net/address";
import { arpAnnounce } from "../net/arp";
import { uptimeSeconds, wallClockSeconds } from "../net/clock";
import { NeighbourEvent, onNeighbour } from "../net/hooks";
import { Interface, firstInterface } from "../net/ifnet";
import {
  BUCKETS, LLE, NdState, Neighbour, findNeighbour, firstNeighbour, freeNeighbour, hasTable, link, setLladdr, takeNeighbour,
  unlink,
} from "../net/neighbour";
import { mayBeNeighbour } from "../net/onlink";
import { writeNeighbour } from "./neighbourobject";

/** A neighbour request after parsing; what was absent is 0. */
@unmanaged
class ParsedNeighbour {
  family: u8;
  state: u16;
  flags: u32;
  /** Interface. */
  ifp: usize;
  /** sockaddr */
  destination: usize;
  /** Its bytes as the stack keeps them, the first one lowest; as far as 8 go. */
  lladdr: u64;
  lladdrBytes: u32;
  hasLladdr: bool;
  nextStateSeconds: u32;
  // The destination in words, its zone embedded.
  high: u64;
  low: u64;
}

const record = changetype<ParsedNeighbour>(memory.data(offsetof<ParsedNeighbour>(), 16));

const FIELDS: StaticArray<usize> = [
  // in the header     kind           into
  NdMsg.FAMILY,        Field.U8,      offsetof<ParsedNeighbour>("family"),
  NdMsg.FLAGS,         Field.U8_U32,  offsetof<ParsedNeighbour>("flags"),
  NdMsg.STATE,         Field.U16,     offsetof<ParsedNeighbour>("state"),
  NdMsg.IFINDEX,       Field.IFPZ,    offsetof<ParsedNeighbour>("ifp"),
];

const FREEBSD: StaticArray<usize> = [
  // attribute             payload             into                                          argument
  NDAF.NEXT_STATE_TS,      Payload.U32,        offsetof<ParsedNeighbour>("nextStateSeconds"), 0,
];

const ATTRIBUTES: StaticArray<usize> = [
  // attribute             payload             into                                          argument
  NDA.DST,                 Payload.IP,         offsetof<ParsedNeighbour>("destination"),     0,
  NDA.LLADDR,              Payload.CUSTOM,     offsetof<ParsedNeighbour>("lladdr"),          changetype<usize>(parseLladdr),
  NDA.IFINDEX,             Payload.IFP,        offsetof<ParsedNeighbour>("ifp"),             0,
  NDA.FLAGS_EXT,           Payload.U32,        offsetof<ParsedNeighbour>("flags"),           0,
  NDA.FREEBSD,             Payload.NESTED,     0,                                            changetype<usize>(FREEBSD),
];

const PARSER: StaticArray<usize> = [
  HeaderSize.NDMSG, 0, changetype<usize>(FIELDS), changetype<usize>(ATTRIBUTES), changetype<usize>(setZone),
];

/** NDA_LLADDR of any length: whether it is the interface's is seen later. */
function parseLladdr(request: Request, attribute: usize, into: usize): Errno {
  record.hasLladdr = true;
  record.lladdrBytes = <u32>load<u16>(attribute) - NetlinkSize.NLATTR;
  let lladdr: u64 = 0;
  for (let i: u32 = 0; i < min<u32>(record.lladdrBytes, sizeof<u64>()); i++) {
    lladdr |= <u64>load<u8>(attribute + NetlinkSize.NLATTR + i) << (i * 8);
  }
  store<u64>(into, lladdr);
  return Errno.OK;
}

/** A link-local destination belongs to the interface (post_p_neigh). */
function setZone(parsed: usize, request: Request): bool {
  const attributes = changetype<ParsedNeighbour>(parsed);
  if (attributes.destination == 0) return true;
  const family = sockaddrFamily(attributes.destination);
  const bytes = sockaddrAddress(attributes.destination);
  attributes.high = loadHigh(family, bytes);
  attributes.low = loadLow(family, bytes);
  if (attributes.ifp == 0) return true;
  attributes.high = withZone(family, attributes.high, changetype<Interface>(attributes.ifp).index);
  return true;
}

function parseNeighbour(request: Request): Errno {
  return parse(request, PARSER, changetype<usize>(record), offsetof<ParsedNeighbour>());
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
  const error = parseNeighbour(request);
  if (error != Errno.OK) return error;
  const flags = request.flags;
  if (record.destination == 0) return dumpNeighbours(request, flags | NLM_F.MULTI);
  if (record.ifp == 0) return request.report(Errno.EINVAL, "has NDA_DST but no ifindex provided", 0, 0);
  const ifp = changetype<Interface>(record.ifp);
  const entry = hasTable(ifp, record.family) ? findEntry(ifp) : null;
  if (entry == null) return Errno.ESRCH;
  return writeNeighbour(request.replies, entry, request.from.port, request.seq, RTM.NEWNEIGH, flags);
}

function dumpNeighbours(request: Request, flags: u32): Errno {
  const port = request.from.port;
  const seq = request.seq;
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
  const parsed = parseNeighbour(request);
  if (parsed != Errno.OK) return parsed;
  const refused = checkNew(request);
  if (refused != Errno.OK) return refused;
  const ifp = changetype<Interface>(record.ifp);
  const family = <u32>record.family;
  if (!mayBeNeighbour(ifp, family, record.high, record.low)) return Errno.ENOMEM;
  const present = findEntry(ifp);
  const flags = request.flags;
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
  if (!record.hasLladdr) return request.report(Errno.EINVAL, "NDA_LLADDR not set", 0, 0);
  const family = sockaddrFamily(record.destination);
  if (family != <u32>record.family) {
    return request.report(Errno.EINVAL, "NDA_DST family (%) is different from ndm_family (%)", family, record.family);
  }
  const ifp = changetype<Interface>(record.ifp);
  if (record.lladdrBytes != ifp.lladdrBytes) {
    return request.report(
      Errno.EINVAL, "NDA_LLADDR address length (%) is different from expected (%)", record.lladdrBytes,
      ifp.lladdrBytes,
    );
  }
  const unknown = record.flags & ~(<u32>(NTF.PROXY | NTF.STICKY));
  if (unknown != 0) return request.report(Errno.EOPNOTSUPP, "ndm_flags %X not supported", unknown, 0);
  const flags = request.flags;
  if ((flags & (NLM_F.CREATE | NLM_F.REPLACE)) == 0) return Errno.EOPNOTSUPP;
  return hasTable(ifp, family) ? Errno.OK : Errno.EAFNOSUPPORT;
}

function entryFlags(): u32 {
  return ((record.flags & NTF.PROXY) != 0 ? LLE.PUB : 0) | ((record.flags & NTF.STICKY) != 0 ? LLE.STATIC : 0);
}

/** A sticky entry is reachable for ever. Others keep the state of one that was not resolved, and no timer ends them. */
function describe(entry: Neighbour): void {
  setLladdr(entry, record.lladdr);
  const isStatic = entry.has(LLE.STATIC);
  if (isStatic && entry.family == AF.INET6) entry.state = NdState.REACHABLE;
  const expires = <i64>record.nextStateSeconds - <i64>wallClockSeconds() + <i64>uptimeSeconds();
  entry.expireSeconds = isStatic ? 0 : expires;
}

/** EINVAL for what is missing, EAFNOSUPPORT without a table, ENOENT, EPERM for an own address (rtnetlink D.4). */
function delNeighbour(request: Request): Errno {
  const error = parseNeighbour(request);
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

export const NEIGHBOUR_MESSAGES: StaticArray<usize> = [
  // request       privilege        in a jail without vnet   handler
  RTM.GETNEIGH,    PRIV.NONE,       0,                       changetype<usize>(getNeighbour),
  RTM.NEWNEIGH,    PRIV.NET_ROUTE,  0,                       changetype<usize>(newNeighbour),
  RTM.DELNEIGH,    PRIV.NET_ROUTE,  0,                       changetype<usize>(delNeighbour),
];
