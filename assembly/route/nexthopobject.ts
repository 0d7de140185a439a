// The nexthop objects as written, and the notifications that carry them (netlink/route/nexthop.c, dump_unhop, dump_nhop;
// rtnetlink F.3).
//   writeUserNexthop     a nexthop or a group that RTM_NEWNEXTHOP made
//   writeKernelNexthop   one that the kernel made for a route
//   notifyNexthop        what a request did, to group NEXTHOP

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { NETLINK, NetlinkLimit, PRIV } from "../abi/netlink";
import { HeaderSize, NHA, NHAF, NexthopGrp, NhMsg, RTM, RTNLGRP } from "../abi/rtnetlink";
import { hasMembers } from "../netlink/multicast";
import { Request } from "../netlink/request";
import {
  Writer, abort, begin, beginNest, end, endNest, flush, openGroup, putAttribute, putU16, putU32, reserve,
} from "../netlink/writer";
import { addressBytes, storeAddress, withoutZone } from "../net/address";
import { NHF, Nexthop } from "../net/nexthop";
import { UserNexthop } from "../net/usernexthop";

/** Writes the object of a user nexthop (dump_unhop; rtnetlink F.3); ENOMEM. */
export function writeUserNexthop(writer: Writer, user: UserNexthop, port: u32, seq: u32, type: u32, flags: u32): Errno {
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
export function writeKernelNexthop(writer: Writer, nexthop: Nexthop, port: u32, seq: u32, flags: u32): Errno {
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

const groupWriter = changetype<Writer>(memory.data(offsetof<Writer>(), 16));

/** Tells the group of a change, with the port, the sequence and the flags of the request. */
export function notifyNexthop(request: Request, user: UserNexthop, type: u32): void {
  if (!hasMembers(NETLINK.ROUTE, RTNLGRP.NEXTHOP)) return;
  if (!openGroup(groupWriter, NetlinkLimit.NLMSG_SMALL, NETLINK.ROUTE, RTNLGRP.NEXTHOP, PRIV.NONE)) return;
  const error = writeUserNexthop(groupWriter, user, request.from.port, request.seq, type, request.flags);
  if (error != Errno.OK) abort(groupWriter);
  flush(groupWriter);
}
