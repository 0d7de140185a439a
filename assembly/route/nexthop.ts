// Nexthops: RTM_NEWNEXTHOP, RTM_DELNEXTHOP, RTM_GETNEXTHOP and their notifications (netlink/route/nexthop.c;
// rtnetlink F).

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { NETLINK, NLM_F, NetlinkLimit, NetlinkSize, NlMsgHdr, PRIV } from "../abi/netlink";
import { HeaderSize, NHA, NHAF, NexthopGrp, NhMsg, RTM, RTNLGRP } from "../abi/rtnetlink";
import { hasMembers } from "../netlink/multicast";
import { Field, Payload, parse, sockaddrAddress, sockaddrFamily } from "../netlink/parser";
import { Request } from "../netlink/request";
import {
  Writer, abort, begin, beginNest, done, end, endNest, flush, openGroup, putAttribute, putU16, putU32, reserve,
} from "../netlink/writer";
import { addressBytes, loadHigh, loadLow, storeAddress, withZone, withoutZone } from "../net/address";
import { IfAddress, addressFor } from "../net/ifaddr";
import { Interface } from "../net/ifnet";
import { NHF, Nexthop, firstNexthop, nextNexthop } from "../net/nexthop";
import { ribOf } from "../net/rib";
import {
  UserNexthop, allocateUserNexthop, findUserNexthop, firstUserNexthop, forgetUserNexthops, freeUserNexthop,
  hasUserNexthops, insertUserNexthop, nextUserNexthop, removeUserNexthop, spareId, startUserNexthops,
} from "../net/usernexthop";

/** A nexthop request after parsing; what was absent is 0. */
@unmanaged
class NexthopRequest {
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
  /** NHA_GROUP, the attribute. */
  group: usize;
  table: u32;
  kernelId: u32;
  aif: u32;
}

const record = changetype<NexthopRequest>(memory.data(offsetof<NexthopRequest>(), 16));
const groupWriter = changetype<Writer>(memory.data(offsetof<Writer>(), 16));

const FIELDS: StaticArray<usize> = [
  // in the header    kind              into
  NhMsg.FAMILY,       Field.U8,         offsetof<NexthopRequest>("family"),
  NhMsg.PROTOCOL,     Field.U8,         offsetof<NexthopRequest>("protocol"),
];

const FREEBSD: StaticArray<usize> = [
  // attribute        payload           into                                       argument
  NHAF.KNHOPS,        Payload.FLAG,     offsetof<NexthopRequest>("wantsKernel"),   0,
  NHAF.TABLE,         Payload.U32,      offsetof<NexthopRequest>("table"),         0,
  NHAF.FAMILY,        Payload.U8,       offsetof<NexthopRequest>("tableFamily"),   0,
  NHAF.KID,           Payload.U32,      offsetof<NexthopRequest>("kernelId"),      0,
  NHAF.AIF,           Payload.U32,      offsetof<NexthopRequest>("aif"),           0,
];

const ATTRIBUTES: StaticArray<usize> = [
  // attribute        payload           into                                       argument
  NHA.ID,             Payload.U32,      offsetof<NexthopRequest>("id"),            0,
  NHA.GROUP,          Payload.CUSTOM,   offsetof<NexthopRequest>("group"),         changetype<usize>(parseGroup),
  NHA.BLACKHOLE,      Payload.FLAG,     offsetof<NexthopRequest>("isBlackhole"),   0,
  NHA.OIF,            Payload.IFP,      offsetof<NexthopRequest>("oif"),           0,
  NHA.GATEWAY,        Payload.IP,       offsetof<NexthopRequest>("gateway"),       0,
  NHA.GROUPS,         Payload.FLAG,     offsetof<NexthopRequest>("wantsGroups"),   0,
  NHA.FREEBSD,        Payload.NESTED,   0,                                         changetype<usize>(FREEBSD),
];

const PARSER: StaticArray<usize> = [
  HeaderSize.NHMSG, 0, changetype<usize>(FIELDS), changetype<usize>(ATTRIBUTES), 0,
];

/** NHA_GROUP holds whole members, at least one (nlattr_get_nhg). */
function parseGroup(request: Request, attribute: usize, into: usize): Errno {
  const bytes = <u32>load<u16>(attribute) - NetlinkSize.NLATTR;
  if (bytes == 0 || bytes % NexthopGrp.BYTES != 0) return Errno.EINVAL;
  store<usize>(into, attribute);
  return Errno.OK;
}

function parseNexthop(request: Request): Errno {
  return parse(request, PARSER, changetype<usize>(record), offsetof<NexthopRequest>());
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
  const members = record.group == 0 ? 0 : (<u32>load<u16>(record.group) - NetlinkSize.NLATTR) / NexthopGrp.BYTES;
  const made = allocateUserNexthop(members);
  if (made == 0) return Errno.ENOMEM;
  const user = changetype<UserNexthop>(made);
  user.id = record.id;
  user.protocol = record.protocol;
  let error = members != 0 ? describeGroup(user) : describeNexthop(request, user);
  if (error == Errno.OK && findUserNexthop(user.id) != null) error = Errno.EEXIST;
  if (error != Errno.OK) {
    freeUserNexthop(user);
    return error;
  }
  insertUserNexthop(user);
  report(request, user, RTM.NEWNEXTHOP);
  return Errno.OK;
}

/** The members, each with its weight as it was sent. */
function describeGroup(user: UserNexthop): Errno {
  for (let i: u32 = 0; i < user.memberCount; i++) {
    const from = record.group + NetlinkSize.NLATTR + i * NexthopGrp.BYTES;
    const member = findUserNexthop(load<u32>(from, NexthopGrp.ID));
    if (member == null) return Errno.ESRCH;
    if (member.isGroup) return Errno.EOPNOTSUPP;
    user.member(i).id = member.id;
    user.member(i).weight = load<u8>(from, NexthopGrp.WEIGHT);
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
  report(request, user, RTM.DELNEXTHOP);
  freeUserNexthop(user);
  return Errno.OK;
}

/** One user nexthop, one of the kernel's, or all of either; NLM_F_DUMP is not asked for (rtnetlink F.4). ESRCH. */
function getNexthop(request: Request): Errno {
  const parsed = parseNexthop(request);
  if (parsed != Errno.OK) return parsed;
  const flags = <u32>load<u16>(request.header, NlMsgHdr.FLAGS);
  if (record.id != 0) {
    const user = findUserNexthop(record.id);
    if (user == null) return Errno.ESRCH;
    writeUserNexthop(request.replies, user, request.from.port, seqOf(request), RTM.NEWNEXTHOP, flags);
    return Errno.OK;
  }
  if (record.kernelId != 0) return getKernelNexthop(request, flags);
  return record.wantsKernel ? dumpKernelNexthops(request, flags) : dumpUserNexthops(request, flags);
}

function seqOf(request: Request): u32 {
  return load<u32>(request.header, NlMsgHdr.SEQ);
}

function getKernelNexthop(request: Request, flags: u32): Errno {
  const rib = ribOf(record.table, record.tableFamily);
  if (rib == null) return Errno.ESRCH;
  for (let at = firstNexthop(rib); at != 0; at = nextNexthop(rib, at)) {
    const nexthop = changetype<Nexthop>(at);
    if (nexthop.index != record.kernelId) continue;
    writeKernelNexthop(request.replies, nexthop, request.from.port, seqOf(request), flags);
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
      error = writeKernelNexthop(request.replies, nexthop, request.from.port, seqOf(request), flags | NLM_F.MULTI);
    }
  }
  return done(request.replies, request.from.port, seqOf(request), Errno.OK) ? Errno.OK : Errno.ENOMEM;
}

function dumpUserNexthops(request: Request, flags: u32): Errno {
  if (!hasUserNexthops()) return Errno.ESRCH;
  const port = request.from.port;
  const seq = seqOf(request);
  let error: Errno = Errno.OK;
  for (let at = firstUserNexthop(); at != 0 && error == Errno.OK; at = nextUserNexthop(changetype<UserNexthop>(at))) {
    const user = changetype<UserNexthop>(at);
    if (record.wantsGroups && !user.isGroup) continue;
    if (record.oif != 0 && user.ifp != record.oif) continue;
    error = writeUserNexthop(request.replies, user, port, seq, RTM.NEWNEXTHOP, flags | NLM_F.MULTI);
  }
  return done(request.replies, port, seq, Errno.OK) ? Errno.OK : Errno.ENOMEM;
}

/** Writes the object of a user nexthop (dump_unhop; rtnetlink F.3); ENOMEM. */
function writeUserNexthop(writer: Writer, user: UserNexthop, port: u32, seq: u32, type: u32, flags: u32): Errno {
  if (!begin(writer, port, seq, type, flags, HeaderSize.NHMSG)) return Errno.ENOMEM;
  putHeader(writer, user.isGroup ? AF.UNSPEC : user.family, user.protocol);
  putU32(writer, NHA.ID, user.id);
  if (user.isGroup) {
    putU16(writer, NHA.GROUP_TYPE, 0);
    putMembers(writer, user);
  } else {
    putU32(writer, NHA.OIF, user.oif);
    putGateway(writer, user.family, user.high, user.low);
    const freebsd = beginNest(writer, NHA.FREEBSD);
    putU32(writer, NHAF.AIF, user.aif);
    endNest(writer, freebsd);
  }
  return end(writer) ? Errno.OK : Errno.ENOMEM;
}

function putMembers(writer: Writer, user: UserNexthop): void {
  const members = putAttribute(writer, NHA.GROUP, user.memberCount * NexthopGrp.BYTES);
  if (members == 0) return;
  for (let i: u32 = 0; i < user.memberCount; i++) {
    const at = members + i * NexthopGrp.BYTES;
    store<u32>(at, user.member(i).id, NexthopGrp.ID);
    store<u8>(at, <u8>user.member(i).weight, NexthopGrp.WEIGHT);
  }
}

/** Writes the object of a kernel nexthop (dump_nhop); ENOMEM. */
function writeKernelNexthop(writer: Writer, nexthop: Nexthop, port: u32, seq: u32, flags: u32): Errno {
  if (!begin(writer, port, seq, RTM.NEWNEXTHOP, flags, HeaderSize.NHMSG)) return Errno.ENOMEM;
  const isDirect = nexthop.neighbourFamily == AF.LINK;
  putHeader(writer, isDirect ? nexthop.upperFamily : nexthop.neighbourFamily, nexthop.origin);
  if ((nexthop.flags & NHF.BLACKHOLE) != 0) {
    putAttribute(writer, NHA.BLACKHOLE, 0);
    return end(writer) ? Errno.OK : Errno.ENOMEM;
  }
  putU32(writer, NHA.OIF, nexthop.oif);
  if (!isDirect) putGateway(writer, nexthop.neighbourFamily, nexthop.gatewayHigh, nexthop.gatewayLow);
  const freebsd = beginNest(writer, NHA.FREEBSD);
  putU32(writer, NHAF.AIF, nexthop.aif);
  putU32(writer, NHAF.KID, nexthop.index);
  putU32(writer, NHAF.FAMILY, nexthop.upperFamily);
  putU32(writer, NHAF.TABLE, nexthop.fib);
  endNest(writer, freebsd);
  return end(writer) ? Errno.OK : Errno.ENOMEM;
}

function putHeader(writer: Writer, family: u32, protocol: u32): void {
  const header = reserve(writer, HeaderSize.NHMSG);
  if (header == 0) return;
  store<u8>(header, <u8>family, NhMsg.FAMILY);
  store<u8>(header, <u8>protocol, NhMsg.PROTOCOL);
}

function putGateway(writer: Writer, family: u32, high: u64, low: u64): void {
  const at = putAttribute(writer, NHA.GATEWAY, addressBytes(family));
  if (at != 0) storeAddress(family, at, withoutZone(family, high), low);
}

/** Tells the group of a change, with the port, the sequence and the flags of the request. */
function report(request: Request, user: UserNexthop, type: u32): void {
  if (!hasMembers(NETLINK.ROUTE, RTNLGRP.NEXTHOP)) return;
  if (!openGroup(groupWriter, NetlinkLimit.NLMSG_SMALL, NETLINK.ROUTE, RTNLGRP.NEXTHOP, PRIV.NONE)) return;
  const flags = load<u16>(request.header, NlMsgHdr.FLAGS);
  const error = writeUserNexthop(groupWriter, user, request.from.port, seqOf(request), type, flags);
  if (error != Errno.OK) abort(groupWriter);
  flush(groupWriter);
}

/** When the module goes, user nexthops go with it. */
export function detachNexthops(): void {
  forgetUserNexthops();
}

export const NEXTHOP_MESSAGES: StaticArray<usize> = [
  // request         privilege         in a jail without vnet   handler
  RTM.NEWNEXTHOP,    PRIV.NET_ROUTE,   0,                       changetype<usize>(newNexthop),
  RTM.DELNEXTHOP,    PRIV.NET_ROUTE,   0,                       changetype<usize>(delNexthop),
  RTM.GETNEXTHOP,    PRIV.NONE,        0,                       changetype<usize>(getNexthop),
];
