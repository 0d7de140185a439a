// Nexthops: RTM_GETNEXTHOP, RTM_NEWNEXTHOP, RTM_DELNEXTHOP (netlink/route/nexthop.c; rtnetlink F). nexthopobject.ts writes
// them.

import { Errno } from "../abi/errno";
import { NLM_F, NetlinkSize, PRIV } from "../abi/netlink";
import { HeaderSize, NHA, NHAF, NexthopGrp, NhMsg, RTM } from "../abi/rtnetlink";
import { Field, Payload, parse, sockaddrAddress, sockaddrFamily } from "../netlink/parser";
import { Request } from "../netlink/request";
import { done } from "../netlink/writer";
import { loadHigh, loadLow, withZone } from "../net/address";
import { addressFor } from "../net/ifaddr";
import { Interface } from "../net/ifnet";
import { Nexthop, firstNexthop, nextNexthop } from "../net/nexthop";
import { ribOf } from "../net/rib";
import {
  UserNexthop, allocateUserNexthop, findUserNexthop, firstUserNexthop, forgetUserNexthops, freeUserNexthop,
  hasUserNexthops, insertUserNexthop, nextUserNexthop, removeUserNexthop, spareId, startUserNexthops,
} from "../net/usernexthop";
import { notifyNexthop, writeKernelNexthop, writeUserNexthop } from "./nexthopobject";

/** A nexthop request after parsing; what was absent is 0. */
@unmanaged
class ParsedNexthop {
  family: u8;
  protocol: u8;
  isBlackhole: bool;
  wantsGroups: bool;
  wantsKernel: bool;
  tableFamily: u8;
  id: u32;
  /** Interface */
  oif: usize;
  /** sockaddr */
  gateway: usize;
  /** The first of the members of NHA_GROUP, and how many there are. */
  members: usize;
  memberCount: u32;
  table: u32;
  kernelId: u32;
  aif: u32;
}

/** A nexthop_grp as it lies in the message. */
@unmanaged
class GroupMember {
  id: u32;
  weight: u8;
}

const record = changetype<ParsedNexthop>(memory.data(offsetof<ParsedNexthop>(), 16));

const FIELDS: StaticArray<usize> = [
  // in the header    kind              into
  NhMsg.FAMILY,       Field.U8,         offsetof<ParsedNexthop>("family"),
  NhMsg.PROTOCOL,     Field.U8,         offsetof<ParsedNexthop>("protocol"),
];

const FREEBSD: StaticArray<usize> = [
  // attribute        payload           into                                       argument
  NHAF.KNHOPS,        Payload.FLAG,     offsetof<ParsedNexthop>("wantsKernel"),   0,
  NHAF.TABLE,         Payload.U32,      offsetof<ParsedNexthop>("table"),         0,
  NHAF.FAMILY,        Payload.U8,       offsetof<ParsedNexthop>("tableFamily"),   0,
  NHAF.KID,           Payload.U32,      offsetof<ParsedNexthop>("kernelId"),      0,
  NHAF.AIF,           Payload.U32,      offsetof<ParsedNexthop>("aif"),           0,
];

const ATTRIBUTES: StaticArray<usize> = [
  // attribute        payload           into                                       argument
  NHA.ID,             Payload.U32,      offsetof<ParsedNexthop>("id"),            0,
  NHA.GROUP,          Payload.CUSTOM,   offsetof<ParsedNexthop>("members"),       changetype<usize>(parseGroup),
  NHA.BLACKHOLE,      Payload.FLAG,     offsetof<ParsedNexthop>("isBlackhole"),   0,
  NHA.OIF,            Payload.IFP,      offsetof<ParsedNexthop>("oif"),           0,
  NHA.GATEWAY,        Payload.IP,       offsetof<ParsedNexthop>("gateway"),       0,
  NHA.GROUPS,         Payload.FLAG,     offsetof<ParsedNexthop>("wantsGroups"),   0,
  NHA.FREEBSD,        Payload.NESTED,   0,                                         changetype<usize>(FREEBSD),
];

const PARSER: StaticArray<usize> = [
  HeaderSize.NHMSG, 0, changetype<usize>(FIELDS), changetype<usize>(ATTRIBUTES), 0,
];

/** NHA_GROUP holds whole members, at least one (nlattr_get_nhg). */
function parseGroup(request: Request, attribute: usize, into: usize): Errno {
  const bytes = <u32>load<u16>(attribute) - NetlinkSize.NLATTR;
  if (bytes == 0 || bytes % NexthopGrp.BYTES != 0) return Errno.EINVAL;
  store<usize>(into, attribute + NetlinkSize.NLATTR);
  record.memberCount = bytes / NexthopGrp.BYTES;
  return Errno.OK;
}

function parseNexthop(request: Request): Errno {
  return parse(request, PARSER, changetype<usize>(record), offsetof<ParsedNexthop>());
}

/** One user nexthop, one of the kernel's, or all of either; NLM_F_DUMP is not asked for (rtnetlink F.4). ESRCH. */
function getNexthop(request: Request): Errno {
  const parsed = parseNexthop(request);
  if (parsed != Errno.OK) return parsed;
  const flags = request.flags;
  if (record.id != 0) {
    const user = findUserNexthop(record.id);
    if (user == null) return Errno.ESRCH;
    writeUserNexthop(request.replies, user, request.from.port, request.seq, RTM.NEWNEXTHOP, flags);
    return Errno.OK;
  }
  if (record.kernelId != 0) return getKernelNexthop(request, flags);
  return record.wantsKernel ? dumpKernelNexthops(request, flags) : dumpUserNexthops(request, flags);
}

function getKernelNexthop(request: Request, flags: u32): Errno {
  const rib = ribOf(record.table, record.tableFamily);
  if (rib == null) return Errno.ESRCH;
  for (let at = firstNexthop(rib); at != 0; at = nextNexthop(rib, at)) {
    const nexthop = changetype<Nexthop>(at);
    if (nexthop.index != record.kernelId) continue;
    writeKernelNexthop(request.replies, nexthop, request.from.port, request.seq, flags);
    return Errno.OK;
  }
  return Errno.ESRCH;
}

/** A table that is not there has no nexthops: nothing but NLMSG_DONE. */
function dumpKernelNexthops(request: Request, flags: u32): Errno {
  const rib = ribOf(record.table, record.tableFamily);
  let error: Errno = Errno.OK;
  if (rib != null) {
    for (let at = firstNexthop(rib); at != 0 && error == Errno.OK; at = nextNexthop(rib, at)) {
      const nexthop = changetype<Nexthop>(at);
      error = writeKernelNexthop(request.replies, nexthop, request.from.port, request.seq, flags | NLM_F.MULTI);
    }
  }
  return done(request.replies, request.from.port, request.seq, Errno.OK) ? Errno.OK : Errno.ENOMEM;
}

function dumpUserNexthops(request: Request, flags: u32): Errno {
  if (!hasUserNexthops()) return Errno.ESRCH;
  const port = request.from.port;
  const seq = request.seq;
  let error: Errno = Errno.OK;
  for (let at = firstUserNexthop(); at != 0 && error == Errno.OK; at = nextUserNexthop(changetype<UserNexthop>(at))) {
    const user = changetype<UserNexthop>(at);
    if (record.wantsGroups && !user.isGroup) continue;
    if (record.oif != 0 && user.ifp != record.oif) continue;
    error = writeUserNexthop(request.replies, user, port, seq, RTM.NEWNEXTHOP, flags | NLM_F.MULTI);
  }
  return done(request.replies, port, seq, Errno.OK) ? Errno.OK : Errno.ENOMEM;
}

/**
 * Makes a user nexthop or a group of them (rtnetlink F.2); no NLM_F_* flag counts. EEXIST an id in use; ENOSPC no id to
 * be found; ESRCH, ENOTSUP a member that is unknown, or none that can be; EINVAL; ENOMEM.
 */
function newNexthop(request: Request): Errno {
  // From the first attempt on there is a table, and GETNEXTHOP finds it empty instead of missing.
  if (!startUserNexthops()) return Errno.ENOMEM;
  const parsed = parseNexthop(request);
  if (parsed != Errno.OK) return parsed;
  if (record.id == 0) record.id = spareId();
  if (record.id == 0) return Errno.ENOSPC;
  const made = allocateUserNexthop(record.memberCount);
  if (made == 0) return Errno.ENOMEM;
  const user = changetype<UserNexthop>(made);
  user.id = record.id;
  user.protocol = record.protocol;
  let error = record.memberCount != 0 ? describeGroup(user) : describeNexthop(request, user);
  if (error == Errno.OK && findUserNexthop(user.id) != null) error = Errno.EEXIST;
  if (error != Errno.OK) {
    freeUserNexthop(user);
    return error;
  }
  insertUserNexthop(user);
  notifyNexthop(request, user, RTM.NEWNEXTHOP);
  return Errno.OK;
}

/** The members, each with its weight as it was sent. */
function describeGroup(user: UserNexthop): Errno {
  for (let i: u32 = 0; i < user.memberCount; i++) {
    const asked = changetype<GroupMember>(record.members + i * NexthopGrp.BYTES);
    const member = findUserNexthop(asked.id);
    if (member == null) return Errno.ESRCH;
    if (member.isGroup) return Errno.EOPNOTSUPP;
    user.member(i).id = member.id;
    user.member(i).weight = asked.weight;
  }
  return Errno.OK;
}

/** Gateway, interface and source address; all three must be there. */
function describeNexthop(request: Request, user: UserNexthop): Errno {
  // nhop_set_blackhole is given a flag of another kind, ignores it, and a nexthop without gateway has no table.
  if (record.isBlackhole) return Errno.EAFNOSUPPORT;
  if (record.gateway == 0) return request.report(Errno.EINVAL, "missing NHA_GATEWAY", 0, 0);
  if (record.oif == 0) return request.report(Errno.EINVAL, "missing NHA_OIF", 0, 0);
  const ifp = changetype<Interface>(record.oif);
  const address = sockaddrAddress(record.gateway);
  user.family = sockaddrFamily(record.gateway);
  user.high = withZone(user.family, loadHigh(user.family, address), ifp.index);
  user.low = loadLow(user.family, address);
  const source = addressFor(ifp, user.family, user.high, user.low);
  if (source == null) return request.report(Errno.EINVAL, "Unable to determine default source IP", 0, 0);
  user.ifp = record.oif;
  user.oif = ifp.index;
  user.source = changetype<usize>(source);
  user.aif = changetype<Interface>(source.ifp).index;
  return Errno.OK;
}

/** ESRCH no nexthop was ever made; EINVAL no id; ENOENT an unknown one. One in use can go (rtnetlink F.5). */
function delNexthop(request: Request): Errno {
  if (!hasUserNexthops()) return Errno.ESRCH;
  const parsed = parseNexthop(request);
  if (parsed != Errno.OK) return parsed;
  if (record.id == 0) return Errno.EINVAL;
  const user = findUserNexthop(record.id);
  if (user == null) return Errno.ENOENT;
  removeUserNexthop(user);
  notifyNexthop(request, user, RTM.DELNEXTHOP);
  freeUserNexthop(user);
  return Errno.OK;
}

/** When the module goes, user nexthops go with it. */
export function detachNexthops(): void {
  forgetUserNexthops();
}

export const NEXTHOP_MESSAGES: StaticArray<usize> = [
  // request         privilege         in a jail without vnet   handler
  RTM.GETNEXTHOP,    PRIV.NONE,        0,                       changetype<usize>(getNexthop),
  RTM.NEWNEXTHOP,    PRIV.NET_ROUTE,   0,                       changetype<usize>(newNexthop),
  RTM.DELNEXTHOP,    PRIV.NET_ROUTE,   0,                       changetype<usize>(delNexthop),
];
