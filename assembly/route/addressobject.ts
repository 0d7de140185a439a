// The address object as written, and the notifications that carry it (netlink/route/iface.c, dump_iface_addr; rtnetlink C.1).

import { Errno } from "../abi/errno";
import { IFF, IN6_IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { NETLINK, NetlinkLimit, PRIV } from "../abi/netlink";
import { HeaderSize, IFA, IFA_F, IFAF, IfAddrMsg, RTM, RTNLGRP, RT_SCOPE } from "../abi/rtnetlink";
import { hasMembers } from "../netlink/multicast";
import {
  Writer, abort, begin, beginNest, end, endNest, flush, openGroup, putAttribute, putString, putU32, reserve,
} from "../netlink/writer";
import { addressBytes, isLinkLocal, storeAddress, withoutZone } from "../net/address";
import { AddressEvent } from "../net/hooks";
import { IfAddress } from "../net/ifaddr";
import { Interface } from "../net/ifnet";

/** Writes the address object (rtnetlink C.1); ENOMEM. */
export function writeAddress(writer: Writer, address: IfAddress, port: u32, seq: u32, type: u32, flags: u32): Errno {
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
  if ((ifp.flags & IFF.BROADCAST) != 0 && address.family == AF.INET) {
    putAddress(writer, IFA.BROADCAST, AF.INET, address.broadcast, 0);
  }
  putString(writer, IFA.LABEL, ifp.name);
  putU32(writer, IFA.FLAGS, address.family == AF.INET6 ? shownFlags(address.flags) : 0);
  if (address.family == AF.INET6) writeLifetimes(writer, address);
  const freebsd = beginNest(writer, IFA.FREEBSD);
  if (address.vhid != 0) putU32(writer, IFAF.VHID, address.vhid);
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
