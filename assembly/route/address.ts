// Addresses: RTM_GETADDR, RTM_NEWADDR, RTM_DELADDR (netlink/route/iface.c; rtnetlink C). addressobject.ts writes them.

import { Errno } from "../abi/errno";
import { IN6_IFF } from "../abi/ifnet";
import { AF, AddressSize } from "../abi/inet";
import { NLM_F, PRIV } from "../abi/netlink";
import { HeaderSize, IFA, IFA_F, IFAF, IfAddrMsg, RTM } from "../abi/rtnetlink";
import { Field, Payload, parse, sockaddrAddress, sockaddrFamily } from "../netlink/parser";
import { Request } from "../netlink/request";
import { seesAddress } from "../netlink/socket";
import { done } from "../netlink/writer";
import { loadHigh, loadLow, withZone } from "../net/address";
import { AddressRequest, deleteAddress } from "../net/addressctl";
import { IfAddress, findAddress } from "../net/ifaddr";
import { addAddress } from "../net/ifcontrol";
import { Interface, findByIndex, firstInterface } from "../net/ifnet";
import { writeAddress } from "./addressobject";

/** An address request after parsing; what was absent is 0. */
@unmanaged
class ParsedAddress {
  family: u8;
  prefixLength: u8;
  scope: u8;
  index: u32;
  flags: u32;
  vhid: u32;
  in6Flags: u32;
  /** Interface of `index`; changes have one. */
  ifp: usize;
  /** sockaddrs */
  address: usize;
  local: usize;
  broadcast: usize;
  /** ifa_cacheinfo: seconds, then stamps, which are not read. */
  preferredSeconds: u32;
  validSeconds: u32;
  stamps: u64;
}

const record = changetype<ParsedAddress>(memory.data(offsetof<ParsedAddress>(), 16));
/** What the stack is asked. */
const asked = changetype<AddressRequest>(memory.data(offsetof<AddressRequest>(), 16));

const FIELDS: StaticArray<usize> = [
  // in the header        kind           into
  IfAddrMsg.FAMILY,       Field.U8,      offsetof<ParsedAddress>("family"),
  IfAddrMsg.PREFIXLEN,    Field.U8,      offsetof<ParsedAddress>("prefixLength"),
  IfAddrMsg.FLAGS,        Field.U8_U32,  offsetof<ParsedAddress>("flags"),
  IfAddrMsg.SCOPE,        Field.U8,      offsetof<ParsedAddress>("scope"),
  IfAddrMsg.INDEX,        Field.U32,     offsetof<ParsedAddress>("index"),
];

const FREEBSD: StaticArray<usize> = [
  // attribute            payload          into                                  argument
  IFAF.VHID,              Payload.U32,     offsetof<ParsedAddress>("vhid"),      0,
  IFAF.FLAGS,             Payload.U32,     offsetof<ParsedAddress>("in6Flags"),  0,
];

const ATTRIBUTES: StaticArray<usize> = [
  // attribute            payload          into                                  argument
  IFA.ADDRESS,            Payload.IP,      offsetof<ParsedAddress>("address"),   0,
  IFA.LOCAL,              Payload.IP,      offsetof<ParsedAddress>("local"),     0,
  IFA.BROADCAST,          Payload.IP,      offsetof<ParsedAddress>("broadcast"), 0,
  IFA.CACHEINFO,          Payload.CACHEINFO, offsetof<ParsedAddress>("preferredSeconds"), 0,
  IFA.FLAGS,              Payload.U32,     offsetof<ParsedAddress>("flags"),     0,
  IFA.FREEBSD,            Payload.NESTED,  0,                                    changetype<usize>(FREEBSD),
];

const PARSER: StaticArray<usize> = [
  HeaderSize.IFADDRMSG, 0, changetype<usize>(FIELDS), changetype<usize>(ATTRIBUTES), changetype<usize>(isConsistent),
];

/** Every address must be of the header's family (rtnetlink C.2.2). */
function isConsistent(parsed: usize, request: Request): bool {
  const attributes = changetype<ParsedAddress>(parsed);
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

function parseAddress(request: Request): Errno {
  return parse(request, PARSER, changetype<usize>(record), offsetof<ParsedAddress>());
}

/** What a change must name, an interface and a family: ENOENT, EAFNOSUPPORT. */
function parseChange(request: Request): Errno {
  const error = parseAddress(request);
  if (error != Errno.OK) return error;
  const ifp = findByIndex(record.index);
  if (ifp == null) return request.report(Errno.ENOENT, "Unable to find interface with index %", record.index, 0);
  record.ifp = changetype<usize>(ifp);
  return record.family == <u8>AF.INET || record.family == <u8>AF.INET6 ? Errno.OK : Errno.EAFNOSUPPORT;
}

/** Always a dump, by interface and family; an unknown interface ends it with ENOENT (rtnetlink C.2). */
function getAddress(request: Request): Errno {
  const parsed = parseAddress(request);
  if (parsed != Errno.OK) return parsed;
  const seq = request.seq;
  const flags = request.flags | NLM_F.MULTI;
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

/**
 * Gives an interface an address, or replaces it, whatever NLM_F_CREATE and its kin say (rtnetlink C.3 to C.5). ENOENT no
 * such interface; EAFNOSUPPORT; EINVAL no address, lengths, lifetimes, peers; EDESTADDRREQ; of a vhid EPROTONOSUPPORT without
 * carp, ENOPROTOOPT an interface that has none, ENOENT; EEXIST; ENOMEM.
 */
function newAddress(request: Request): Errno {
  const parsed = parseChange(request);
  if (parsed != Errno.OK) return parsed;
  const ifp = changetype<Interface>(record.ifp);
  memory.fill(changetype<usize>(asked), 0, offsetof<AddressRequest>());
  asked.family = record.family;
  asked.prefixLength = record.prefixLength;
  const error = record.family == <u8>AF.INET ? describeInet(request, ifp) : describeInet6(request);
  if (error != Errno.OK) return error;
  return addAddress(ifp, asked);
}

/** handle_newaddr_inet: an interface with a peer needs both addresses; on others IFA_ADDRESS stands in for IFA_LOCAL. */
function describeInet(request: Request, ifp: Interface): Errno {
  if (record.prefixLength > <u8>AddressSize.INET_BITS) return request.report(Errno.EINVAL, "invalid ifa_prefixlen", 0, 0);
  const own = record.local != 0 || ifp.isPointToPoint ? record.local : record.address;
  if (own == 0 || (ifp.isPointToPoint && record.address == 0)) {
    return request.report(Errno.EINVAL, "Empty IFA_LOCAL/IFA_ADDRESS", 0, 0);
  }
  setOwn(own);
  if (ifp.isPointToPoint) setPeer(record.address);
  if (record.broadcast != 0) {
    asked.hasBroadcast = true;
    asked.broadcast = highOf(record.broadcast);
  }
  if (ifp.isPointToPoint && asked.peerHigh == 0) return Errno.EDESTADDRREQ;
  asked.vhid = record.vhid;
  return Errno.OK;
}

/** handle_newaddr_inet6: an IFA_ADDRESS that differs from IFA_LOCAL is the peer. Without IFA_CACHEINFO lifetimes are 0. */
function describeInet6(request: Request): Errno {
  if (record.prefixLength > <u8>AddressSize.INET6_BITS) return request.report(Errno.EINVAL, "invalid ifa_prefixlen", 0, 0);
  const own = record.local != 0 ? record.local : record.address;
  if (own == 0) return request.report(Errno.EINVAL, "Empty IFA_LOCAL/IFA_ADDRESS", 0, 0);
  setOwn(own);
  if (record.local != 0 && record.address != 0) setPeer(record.address);
  if (asked.peerHigh == asked.high && asked.peerLow == asked.low) asked.hasPeer = false;
  asked.flags = in6FlagsOf(record.flags) | record.in6Flags;
  asked.preferredSeconds = record.preferredSeconds;
  asked.validSeconds = record.validSeconds;
  // A signed number, of which only those above 0 count (in6_addifaddr).
  asked.vhid = <i32>record.vhid > 0 ? record.vhid : 0;
  return Errno.OK;
}

function setOwn(sockaddr: usize): void {
  asked.high = highOf(sockaddr);
  asked.low = lowOf(sockaddr);
}

function setPeer(sockaddr: usize): void {
  asked.hasPeer = true;
  asked.peerHigh = highOf(sockaddr);
  asked.peerLow = lowOf(sockaddr);
}

function highOf(sockaddr: usize): u64 {
  return loadHigh(sockaddrFamily(sockaddr), sockaddrAddress(sockaddr));
}

function lowOf(sockaddr: usize): u64 {
  return loadLow(sockaddrFamily(sockaddr), sockaddrAddress(sockaddr));
}

/** nl_flags_to_in6 */
function in6FlagsOf(flags: u32): u32 {
  let in6: u32 = 0;
  if ((flags & IFA_F.TEMPORARY) != 0) in6 |= IN6_IFF.TEMPORARY;
  if ((flags & IFA_F.NODAD) != 0) in6 |= IN6_IFF.NODAD;
  if ((flags & IFA_F.DEPRECATED) != 0) in6 |= IN6_IFF.DEPRECATED;
  if ((flags & IFA_F.TENTATIVE) != 0) in6 |= IN6_IFF.TENTATIVE;
  if ((flags & IFA_F.DADFAILED) != 0) in6 |= IN6_IFF.DUPLICATED;
  return in6;
}

/** Takes an address from an interface: IFA_LOCAL, else IFA_ADDRESS; nothing else is compared (rtnetlink C.6.1). */
function delAddress(request: Request): Errno {
  const parsed = parseChange(request);
  if (parsed != Errno.OK) return parsed;
  const ifp = changetype<Interface>(record.ifp);
  const family = <u32>record.family;
  const own = record.local != 0 ? record.local : record.address;
  if (own == 0) {
    if (family == AF.INET) return request.report(Errno.EINVAL, "empty IFA_ADDRESS/IFA_LOCAL", 0, 0);
    return request.report(Errno.EINVAL, "Empty IFA_LOCAL/IFA_ADDRESS", 0, 0);
  }
  const address = findAddress(ifp, family, withZone(family, highOf(own), ifp.index), lowOf(own));
  return address == null ? Errno.EADDRNOTAVAIL : deleteAddress(address);
}

export const ADDRESS_MESSAGES: StaticArray<usize> = [
  // request       privilege            in a jail without vnet   handler
  RTM.GETADDR,     PRIV.NONE,           1,                       changetype<usize>(getAddress),
  RTM.NEWADDR,     PRIV.NET_ADDIFADDR,  0,                       changetype<usize>(newAddress),
  RTM.DELADDR,     PRIV.NET_DELIFADDR,  0,                       changetype<usize>(delAddress),
];
