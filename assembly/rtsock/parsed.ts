// A request on a routing socket, taken apart (net/rtsock.c, rt_xaddrs, cleanup_xaddrs; rtsock G.4.2, G.4.3).
//   walkSockaddrs   finds the sockaddrs, and embeds the zones of IPv6's
//   normalise       destination, mask and gateway, checked, as words
// As in FreeBSD, what is done to IPv6 sockaddrs is done in the request itself, and its echo shows it; IPv4's stay as sent.

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { ROUTE_RTAX, RouteSize, RouteSockaddr, RouteSockaddrAt, RtMsgHdr } from "../abi/rtsock";
import { addressBits, loadHigh, loadLow, maskHigh, maskLow, storeAddress } from "../net/address";
import { onesOf } from "../net/gappedroutes";
import { findByIndex } from "../net/ifnet";
import { hasZone, sizeOf } from "./message";


@unmanaged
export class Parsed {
  /** Where the request's header is, and its bytes. */
  header: usize;
  length: u32;
  type: u32;
  /** rtm_flags, with HOST by the mask, and without GATEWAY where the gateway is this host's own. */
  flags: u32;
  /** RTV bits. */
  inits: u64;
  fib: u32;
  /** Where each sockaddr is; 0 = absent. */
  dst: usize;
  gateway: usize;
  netmask: usize;
  genmask: usize;
  ifpName: usize;
  ifa: usize;
  author: usize;
  brd: usize;
  /** The destination, masked. */
  family: u32;
  high: u64;
  low: u64;
  maskHigh: u64;
  maskLow: u64;
  /** The mask's ones: its length, unless it has gaps. */
  bits: u32;
  hasGaps: bool;
  /** 0 = no gateway. */
  gatewayFamily: u32;
  gatewayHigh: u64;
  gatewayLow: u64;
  /** Of a link-level gateway. */
  gatewayIndex: u32;

  slot(i: u32): usize {
    return load<usize>(changetype<usize>(this) + offsetof<Parsed>("dst") + i * sizeof<usize>());
  }
  setSlot(i: u32, sockaddr: usize): void {
    store<usize>(changetype<usize>(this) + offsetof<Parsed>("dst") + i * sizeof<usize>(), sockaddr);
  }
  has(flag: u32): bool {
    return (this.flags & flag) != 0;
  }
  /** Whether rtm_addrs names a sockaddr, be it there or not. */
  names(bit: u32): bool {
    return (load<u32>(this.header, RtMsgHdr.ADDRS) & bit) != 0;
  }
  get isHost(): bool {
    return this.bits == addressBits(this.family);
  }
}

if (offsetof<Parsed>("brd") - offsetof<Parsed>("dst") != ROUTE_RTAX.BRD * sizeof<usize>()) ERROR("slots");

/** The request being handled; one at a time. */
export const parsed = changetype<Parsed>(memory.data(offsetof<Parsed>(), 16));

/** What a sockaddr of length 0 stands for: 0.0.0.0. */
const zeroSockaddr: usize = memory.data(16, 8);

@inline
export function familyAt(sockaddr: usize): u32 {
  return load<u8>(sockaddr, RouteSockaddrAt.FAMILY);
}

/** EINVAL for a sockaddr that is longer than what is left of the message. */
export function walkSockaddrs(header: usize, length: u32): Errno {
  memory.fill(changetype<usize>(parsed), 0, offsetof<Parsed>());
  parsed.header = header;
  parsed.length = length;
  parsed.type = load<u8>(header, RtMsgHdr.TYPE);
  parsed.flags = load<u32>(header, RtMsgHdr.FLAGS);
  parsed.inits = load<u64>(header, RtMsgHdr.INITS);
  const addrs = load<u32>(header, RtMsgHdr.ADDRS);
  const end = header + length;
  let at = header + RouteSize.RT_MSGHDR;
  for (let slot: u32 = 0; slot < <u32>ROUTE_RTAX.MAX && at < end; slot++) {
    if ((addrs & (1 << slot)) == 0) continue;
    const bytes = <u32>load<u8>(at);
    if (at + bytes > end) return Errno.EINVAL;
    if (bytes == 0) {
      store<u8>(zeroSockaddr, RouteSockaddr.INET);
      store<u8>(zeroSockaddr, AF.INET, RouteSockaddrAt.FAMILY);
      parsed.setSlot(slot, zeroSockaddr);
      return Errno.OK;
    }
    if (familyAt(at) == AF.INET6 && bytes >= <u32>RouteSockaddr.INET6) embedZone(at);
    parsed.setSlot(slot, at);
    at += sizeOf(bytes);
  }
  return Errno.OK;
}

/** sa6_embedscope; an interface that there is not leaves the address as it is. */
function embedZone(sockaddr: usize): void {
  const zone = load<u32>(sockaddr, RouteSockaddrAt.SCOPE_ID);
  const high = loadHigh(AF.INET6, sockaddr + RouteSockaddrAt.INET6_ADDRESS);
  if (zone == 0 || !hasZone(high) || findByIndex(zone) == null) return;
  store<u8>(sockaddr, <u8>(zone >> 8), RouteSockaddrAt.INET6_ADDRESS + 2);
  store<u8>(sockaddr, <u8>zone, RouteSockaddrAt.INET6_ADDRESS + 3);
  store<u32>(sockaddr, 0, RouteSockaddrAt.SCOPE_ID);
}

/** EINVAL without destination, and for what does not fit; EAFNOSUPPORT for a destination of another family. */
export function normalise(): Errno {
  if (parsed.dst == 0) return Errno.EINVAL;
  if (parsed.has(RTF.LLDATA)) parsed.netmask = 0;
  parsed.family = familyAt(parsed.dst);
  let error: Errno = Errno.EAFNOSUPPORT;
  if (parsed.family == AF.INET) error = normaliseInet();
  else if (parsed.family == AF.INET6) error = normaliseInet6();
  if (error != Errno.OK) return error;
  parsed.bits = onesOf(parsed.maskHigh, parsed.maskLow);
  parsed.hasGaps = maskHigh(parsed.bits) != parsed.maskHigh || maskLow(parsed.bits) != parsed.maskLow;
  // The request's own HOST flag does not count.
  if (parsed.isHost) parsed.flags |= RTF.HOST;
  else parsed.flags &= ~RTF.HOST;
  return parsed.gateway == 0 ? Errno.OK : normaliseGateway();
}

function normaliseInet(): Errno {
  const error = readMask(RouteSockaddr.INET, RouteSockaddrAt.INET_ADDRESS, 4);
  if (error != Errno.OK) return error;
  parsed.high = loadHigh(AF.INET, parsed.dst + RouteSockaddrAt.INET_ADDRESS) & parsed.maskHigh;
  return Errno.OK;
}

function normaliseInet6(): Errno {
  if (load<u8>(parsed.dst) < <u8>RouteSockaddr.INET6) return Errno.EINVAL;
  const error = readMask(RouteSockaddr.INET6, RouteSockaddrAt.INET6_ADDRESS, 16);
  if (error != Errno.OK) return error;
  const address = parsed.dst + RouteSockaddrAt.INET6_ADDRESS;
  parsed.high = loadHigh(AF.INET6, address) & parsed.maskHigh;
  parsed.low = loadLow(AF.INET6, address) & parsed.maskLow;
  storeAddress(AF.INET6, address, parsed.high, parsed.low);
  return Errno.OK;
}

/** The bytes of a mask, as many as its sockaddr has; none without. */
const maskBytes: usize = memory.data(16, 8);

/** A shorter sockaddr has the mask's first bytes, as older programs send it; EINVAL when it ends before the address. */
function readMask(whole: u32, offset: u32, bytes: u32): Errno {
  memory.fill(maskBytes, 0, 16);
  if (parsed.netmask == 0) {
    memory.fill(maskBytes, 0xff, bytes);
  } else {
    const length = <u32>load<u8>(parsed.netmask);
    if (length < offset) return Errno.EINVAL;
    // A mask of length 0 was 0.0.0.0, which is mask 0 of both families.
    const isZero = parsed.netmask == zeroSockaddr;
    const given = isZero ? 0 : length >= whole ? bytes : min(length - offset, bytes);
    memory.copy(maskBytes, parsed.netmask + offset, given);
  }
  parsed.maskHigh = loadHigh(parsed.family, maskBytes);
  parsed.maskLow = loadLow(parsed.family, maskBytes);
  return Errno.OK;
}

function normaliseGateway(): Errno {
  const gateway = parsed.gateway;
  const length = <u32>load<u8>(gateway);
  parsed.gatewayFamily = familyAt(gateway);
  if (parsed.has(RTF.LLDATA)) return checkLinkGateway(gateway, length);
  switch (parsed.gatewayFamily) {
    case AF.INET:
      parsed.gatewayHigh = loadHigh(AF.INET, gateway + RouteSockaddrAt.INET_ADDRESS);
      return Errno.OK;
    case AF.INET6:
      if (length < <u32>RouteSockaddr.INET6) return Errno.EINVAL;
      store<u16>(gateway, 0, 2);
      store<u32>(gateway, 0, RouteSockaddrAt.FLOWINFO);
      store<u32>(gateway, 0, RouteSockaddrAt.SCOPE_ID);
      parsed.gatewayHigh = loadHigh(AF.INET6, gateway + RouteSockaddrAt.INET6_ADDRESS);
      parsed.gatewayLow = loadLow(AF.INET6, gateway + RouteSockaddrAt.INET6_ADDRESS);
      return Errno.OK;
    case AF.LINK:
      if (length < <u32>RouteSockaddrAt.LINK_DATA) return Errno.EINVAL;
      parsed.gatewayIndex = load<u16>(gateway, RouteSockaddrAt.LINK_INDEX);
      return Errno.OK;
    default:
      return Errno.OK;
  }
}

/** The link-layer address of a neighbour. */
function checkLinkGateway(gateway: usize, length: u32): Errno {
  if (parsed.gatewayFamily != AF.LINK || length < <u32>RouteSockaddrAt.LINK_DATA) return Errno.EINVAL;
  parsed.gatewayIndex = load<u16>(gateway, RouteSockaddrAt.LINK_INDEX);
  const data = <u32>load<u8>(gateway, RouteSockaddrAt.LINK_NLEN) + load<u8>(gateway, RouteSockaddrAt.LINK_ALEN);
  return parsed.gatewayIndex == 0 || <u32>RouteSockaddrAt.LINK_DATA + data > length ? Errno.EINVAL : Errno.OK;
}
