// Addresses: RTM_GETADDR and the address object (netlink/route/iface.c; rtnetlink C).

import { Errno } from "../abi/errno";
import { IFF, IN6_IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { NETLINK, NLM_F, NetlinkLimit, NlMsgHdr, PRIV } from "../abi/netlink";
import { HeaderSize, IFA, IFA_F, IFAF, IfAddrMsg, RTM, RTNLGRP, RT_SCOPE } from "../abi/rtnetlink";
import { hasMembers } from "../netlink/multicast";
import { Field, Payload, parse, sockaddrFamily } from "../netlink/parser";
import { Request } from "../netlink/request";
import { seesAddress } from "../netlink/socket";
import {
  Writer, abort, begin, beginNest, done, end, endNest, flush, openGroup, putAttribute, putString, putU32, reserve,
} from "../netlink/writer";
import { addressBytes, isLinkLocal, storeAddress, withoutZone } from "../net/address";
import { AddressEvent } from "../net/hooks";
import { IfAddress } from "../net/ifaddr";
import { Interface, findByIndex, firstInterface } from "../net/ifnet";

/** An address request after parsing; what was absent is 0. */
@unmanaged
class AddressRecord {
  family: u8;
  prefixLength: u8;
  scope: u8;
  index: u32;
  flags: u32;
  vhid: u32;
  in6Flags: u32;
  /** sockaddrs */
  address: usize;
  local: usize;
  broadcast: usize;
  /** ifa_cacheinfo */
  lifetimes: u64;
  stamps: u64;
}

const record = changetype<AddressRecord>(memory.data(offsetof<AddressRecord>(), 16));

const FIELDS: StaticArray<usize> = [
  // in the header        kind           into
  IfAddrMsg.FAMILY,       Field.U8,      offsetof<AddressRecord>("family"),
  IfAddrMsg.PREFIXLEN,    Field.U8,      offsetof<AddressRecord>("prefixLength"),
  IfAddrMsg.FLAGS,        Field.U8_U32,  offsetof<AddressRecord>("flags"),
  IfAddrMsg.SCOPE,        Field.U8,      offsetof<AddressRecord>("scope"),
  IfAddrMsg.INDEX,        Field.U32,     offsetof<AddressRecord>("index"),
];

const FREEBSD: StaticArray<usize> = [
  // attribute            payload          into                                  argument
  IFAF.VHID,              Payload.U32,     offsetof<AddressRecord>("vhid"),      0,
  IFAF.FLAGS,             Payload.U32,     offsetof<AddressRecord>("in6Flags"),  0,
];

const ATTRIBUTES: StaticArray<usize> = [
  // attribute            payload          into                                  argument
  IFA.ADDRESS,            Payload.IP,      offsetof<AddressRecord>("address"),   0,
  IFA.LOCAL,              Payload.IP,      offsetof<AddressRecord>("local"),     0,
  IFA.BROADCAST,          Payload.IP,      offsetof<AddressRecord>("broadcast"), 0,
  IFA.CACHEINFO,          Payload.CACHEINFO, offsetof<AddressRecord>("lifetimes"), 0,
  IFA.FLAGS,              Payload.U32,     offsetof<AddressRecord>("flags"),     0,
  IFA.FREEBSD,            Payload.NESTED,  0,                                    changetype<usize>(FREEBSD),
];

const PARSER: StaticArray<usize> = [
  HeaderSize.IFADDRMSG, 0, changetype<usize>(FIELDS), changetype<usize>(ATTRIBUTES), changetype<usize>(isConsistent),
];

/** Every address must be of the header's family (rtnetlink C.2.2). */
function isConsistent(parsed: usize, request: Request): bool {
  const attributes = changetype<AddressRecord>(parsed);
  const family = <u32>attributes.family;
  if (attributes.address != 0 && sockaddrFamily(attributes.address) != family) {
    request.report(Errno.EINVAL, "wrong family for IFA_ADDRESS attribute: % != %", family, sockaddrFamily(attributes.address));
    return false;
  }
  if (attributes.local != 0 && sockaddrFamily(attributes.local) != family) {
    request.report(Errno.EINVAL, "wrong family for IFA_LOCAL attribute: % != %", family, sockaddrFamily(attributes.local));
    return false;
  }
  if (attributes.broadcast != 0 && sockaddrFamily(attributes.broadcast) != family) {
    request.report(Errno.EINVAL, "wrong family for IFA_BROADADDR attribute: % != %", family, sockaddrFamily(attributes.broadcast));
    return false;
  }
  return true;
}

/** Always a dump, by interface and family; an unknown interface ends it with ENOENT (rtnetlink C.2). */
function getAddress(request: Request): Errno {
  const parsed = parse(request, PARSER, changetype<usize>(record), offsetof<AddressRecord>());
  if (parsed != Errno.OK) return parsed;
  const header = request.header;
  const seq = load<u32>(header, NlMsgHdr.SEQ);
  const flags = <u32>load<u16>(header, NlMsgHdr.FLAGS) | NLM_F.MULTI;
  let error: Errno = Errno.OK;
  if (record.index != 0) {
    const ifp = findByIndex(record.index);
    error = ifp == null ? Errno.ENOENT : dumpInterface(request, ifp, seq, flags);
  } else {
    for (let at = firstInterface(); at != 0 && error == Errno.OK; at = changetype<Interface>(at).next) {
      error = dumpInterface(request, changetype<Interface>(at), seq, flags);
    }
  }
  if (!done(request.replies, request.from.port, seq, error)) return Errno.ENOMEM;
  return error;
}

function dumpInterface(request: Request, ifp: Interface, seq: u32, flags: u32): Errno {
  for (let at = ifp.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    if (record.family != 0 && <u32>record.family != address.family) continue;
    if (!seesAddress(request.from, address.family, address.high, address.low)) continue;
    const error = writeAddress(request.replies, address, request.from.port, seq, RTM.NEWADDR, flags);
    if (error != Errno.OK) return error;
  }
  return Errno.OK;
}

/** Writes the address object (rtnetlink C.1); ENOMEM. */
function writeAddress(writer: Writer, address: IfAddress, port: u32, seq: u32, type: u32, flags: u32): Errno {
  if (!begin(writer, port, seq, type, flags, HeaderSize.IFADDRMSG)) return Errno.ENOMEM;
  const ifp = changetype<Interface>(address.ifp);
  const header = reserve(writer, HeaderSize.IFADDRMSG);
  if (header != 0) {
    store<u8>(header, <u8>address.family, IfAddrMsg.FAMILY);
    store<u8>(header, <u8>address.prefixLength, IfAddrMsg.PREFIXLEN);
    store<u8>(header, scopeOf(address), IfAddrMsg.SCOPE);
    store<u32>(header, ifp.index, IfAddrMsg.INDEX);
  }
  if (ifp.isPointToPoint && address.hasPeer) {
    putAddress(writer, IFA.ADDRESS, address.family, address.peerHigh, address.peerLow);
    putAddress(writer, IFA.LOCAL, address.family, address.high, address.low);
  } else {
    putAddress(writer, IFA.ADDRESS, address.family, address.high, address.low);
    if (address.family == AF.INET) putAddress(writer, IFA.LOCAL, AF.INET, address.high, 0);
  }
  if ((ifp.flags & IFF.BROADCAST) != 0 && address.broadcast != 0) {
    putAddress(writer, IFA.BROADCAST, AF.INET, address.broadcast, 0);
  }
  putString(writer, IFA.LABEL, ifp.name);
  putU32(writer, IFA.FLAGS, address.family == AF.INET6 ? shownFlags(address.flags) : 0);
  if (address.family == AF.INET6) writeLifetimes(writer, address);
  const freebsd = beginNest(writer, IFA.FREEBSD);
  if (address.family == AF.INET6) putU32(writer, IFAF.FLAGS, address.flags);
  endNest(writer, freebsd);
  return end(writer) ? Errno.OK : Errno.ENOMEM;
}

function putAddress(writer: Writer, type: u32, family: u32, high: u64, low: u64): void {
  const at = putAttribute(writer, type, addressBytes(family));
  if (at != 0) storeAddress(family, at, withoutZone(family, high), low);
}

/** rtnetlink C.1.1: loopback addresses are HOST, link-local ones LINK. */
function scopeOf(address: IfAddress): u8 {
  const high = address.high;
  if (address.family == AF.INET) {
    if (high >> 56 == 127) return <u8>RT_SCOPE.HOST;
    return high >> 48 == 0xa9fe ? <u8>RT_SCOPE.LINK : <u8>RT_SCOPE.UNIVERSE;
  }
  if (high == 0 && address.low == 1) return <u8>RT_SCOPE.HOST;
  return isLinkLocal(AF.INET6, high) ? <u8>RT_SCOPE.LINK : <u8>RT_SCOPE.UNIVERSE;
}

/** PERMANENT and DADFAILED are never shown: FreeBSD sets them in the wrong word (rtnetlink C.1.2). */
function shownFlags(flags: u32): u32 {
  let shown: u32 = 0;
  if ((flags & IN6_IFF.TEMPORARY) != 0) shown |= IFA_F.TEMPORARY;
  if ((flags & IN6_IFF.NODAD) != 0) shown |= IFA_F.NODAD;
  if ((flags & IN6_IFF.DEPRECATED) != 0) shown |= IFA_F.DEPRECATED;
  if ((flags & IN6_IFF.TENTATIVE) != 0) shown |= IFA_F.TENTATIVE;
  return shown;
}

/** ifa_cacheinfo: lifetimes in seconds, stamps in milliseconds of uptime. */
function writeLifetimes(writer: Writer, address: IfAddress): void {
  const at = putAttribute(writer, IFA.CACHEINFO, HeaderSize.IFA_CACHEINFO);
  if (at == 0) return;
  store<u32>(at, address.preferredSeconds);
  store<u32>(at, address.validSeconds, 4);
  store<u32>(at, address.createdSeconds * 1000, 8);
  store<u32>(at, address.updatedSeconds * 1000, 12);
}

const groupWriter = changetype<Writer>(memory.data(offsetof<Writer>(), 16));

/** The stack's events of addresses, to the family's group with port, sequence and flags 0. */
export function notifyAddress(record: usize, event: u32): void {
  const address = changetype<IfAddress>(record);
  const group = address.family == AF.INET ? RTNLGRP.IPV4_IFADDR : RTNLGRP.IPV6_IFADDR;
  if (!hasMembers(NETLINK.ROUTE, group)) return;
  if (!openGroup(groupWriter, NetlinkLimit.NLMSG_LARGE, NETLINK.ROUTE, group, PRIV.NONE)) return;
  const type = event == AddressEvent.DELETED ? RTM.DELADDR : RTM.NEWADDR;
  if (writeAddress(groupWriter, address, 0, 0, type, 0) != Errno.OK) abort(groupWriter);
  flush(groupWriter);
}

export const ADDRESS_MESSAGES: StaticArray<usize> = [
  // request       privilege     in a jail without vnet   handler
  RTM.GETADDR,     PRIV.NONE,    1,                       changetype<usize>(getAddress),
];
