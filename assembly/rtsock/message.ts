// One message for routing sockets, put together in a fixed place (net/rtsock.c, rtsock_msg_mbuf, rtsock_msg_buffer).
//   beginMessage   a header of zeroes but for version and type; beginWith: one that is there
//   putInet, putMask, putLink, putNamedLink, putShortLink, putEmpty, putSockaddr   in ascending order of their slots
//   endMessage     sets length and rtm_addrs
// Addresses come as words with an embedded zone, and go as the user knows them (sa6_recoverscope; rtsock G.2.4).

import { IFT } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { ROUTE_RTAX, ROUTE_VERSION, RouteSize, RouteSockaddr, RouteSockaddrAt, RtMsgHdr } from "../abi/rtsock";
import { loadHigh, loadLow, maskHigh, maskLow, storeAddress } from "../net/address";
import { ETHER_LLADDR, Interface } from "../net/ifnet";
import { highestIndex } from "../net/ifindex";

/** A header and eight sockaddrs of 255 bytes each; and what NET_RT_NHOP and NET_RT_NHGRP show. */
const MESSAGE_BYTES: u32 = 2560;
const area: usize = memory.data(2560, 16);

if (RouteSize.IF_MSGHDRL + ROUTE_RTAX.MAX * 256 > <i32>MESSAGE_BYTES) ERROR("a message fits");

@unmanaged
class Message {
  length: u32;
  /** ROUTE_RTA bits of what follows the header. */
  addrs: u32;
}

const message = changetype<Message>(memory.data(offsetof<Message>(), 16));

/** Where the header is. */
export function beginMessage(type: u32, headerBytes: u32): usize {
  memory.fill(area, 0, headerBytes);
  store<u8>(area, ROUTE_VERSION, RtMsgHdr.VERSION);
  store<u8>(area, <u8>type, RtMsgHdr.TYPE);
  message.length = headerBytes;
  message.addrs = 0;
  return area;
}

/** A message that begins with a copy of another one's header. */
export function beginWith(header: usize, headerBytes: u32): usize {
  memory.copy(area, header, headerBytes);
  message.length = headerBytes;
  message.addrs = 0;
  return area;
}

export function messageAt(): usize {
  return area;
}

/** Ends the message; its length. @param isAligned - echoes and sysctls are rounded up to 8, broadcasts are not (G.2.5) */
export function endMessage(addrsOffset: u32, isAligned: bool): u32 {
  let length = message.length;
  if (isAligned) {
    length = (length + 7) & ~7;
    memory.fill(area + message.length, 0, length - message.length);
  }
  store<u16>(area, <u16>length, RtMsgHdr.MSGLEN);
  store<u32>(area + addrsOffset, message.addrs);
  return length;
}

/** Ends a message that says nothing of sockaddrs. */
export function endPlain(): u32 {
  store<u16>(area, <u16>message.length, RtMsgHdr.MSGLEN);
  return message.length;
}

/** Room behind what is there, zeroed. */
export function append(bytes: u32): usize {
  const at = area + message.length;
  assert(message.length + bytes <= MESSAGE_BYTES, "a message fits");
  memory.fill(at, 0, bytes);
  message.length += bytes;
  return at;
}

/** The last sockaddr is to take no more than its own length. */
export function unpad(length: u32): void {
  message.length -= sizeOf(length) - length;
}

function put(slot: u32, length: u32, family: u32): usize {
  assert((message.addrs >> slot) == 0, "sockaddrs come in ascending order");
  message.addrs |= 1 << slot;
  const at = append(sizeOf(length));
  store<u8>(at, <u8>length);
  store<u8>(at, <u8>family, RouteSockaddrAt.FAMILY);
  return at;
}

/** SA_SIZE: what a sockaddr of a length takes. */
export function sizeOf(length: u32): u32 {
  return length == 0 ? RouteSockaddr.ALIGN : (length + RouteSockaddr.ALIGN - 1) & ~(RouteSockaddr.ALIGN - 1);
}

/** Whether an IPv6 address carries a zone: fe80::/10, ffx1::, ffx2:: (IN6_IS_SCOPE_EMBED). */
export function hasZone(high: u64): bool {
  if ((high & 0xffc0000000000000) == 0xfe80000000000000) return true;
  const scope = <u32>(high >> 48) & 0xf;
  return high >> 56 == 0xff && (scope == 1 || scope == 2);
}

export function putInet(slot: u32, family: u32, high: u64, low: u64): void {
  if (family == AF.INET) {
    storeAddress(AF.INET, put(slot, RouteSockaddr.INET, AF.INET) + RouteSockaddrAt.INET_ADDRESS, high, low);
  } else {
    storeRecovered(put(slot, RouteSockaddr.INET6, AF.INET6), high, low);
  }
}

/** The address of a sockaddr_in6, its zone in sin6_scope_id. */
function storeRecovered(at: usize, high: u64, low: u64): void {
  const zone = <u32>(high >> 32) & 0xffff;
  const isScoped = hasZone(high) && zone != 0 && zone <= highestIndex();
  if (isScoped) store<u32>(at, zone, RouteSockaddrAt.SCOPE_ID);
  storeAddress(AF.INET6, at + RouteSockaddrAt.INET6_ADDRESS, isScoped ? high & ~0x0000ffff00000000 : high, low);
}

/** A mask, which is never mistaken for an address with a zone. */
export function putMask(slot: u32, family: u32, bits: u32): void {
  putMaskWords(slot, family, maskHigh(bits), maskLow(bits));
}

export function putMaskWords(slot: u32, family: u32, high: u64, low: u64): void {
  const isInet = family == AF.INET;
  const at = put(slot, isInet ? RouteSockaddr.INET : RouteSockaddr.INET6, family);
  storeAddress(family, at + (isInet ? RouteSockaddrAt.INET_ADDRESS : RouteSockaddrAt.INET6_ADDRESS), high, low);
}

/** A bit without an address: eight zero bytes. */
export function putEmpty(slot: u32): void {
  put(slot, 0, 0);
}

/** The gateway of a route through an interface. */
export function putShortLink(slot: u32, index: u32, type: u32): void {
  const at = put(slot, RouteSockaddr.LINK_SHORT, AF.LINK);
  store<u16>(at, <u16>index, RouteSockaddrAt.LINK_INDEX);
  store<u8>(at, <u8>type, RouteSockaddrAt.LINK_TYPE);
}

/** A link-layer address on an interface, without a name; @param lladdr - its bytes, the first one lowest */
export function putLink(slot: u32, ifp: Interface, lladdr: u64, lladdrBytes: u32): void {
  putLinkOfType(slot, ifp, ifp.type, lladdr, lladdrBytes);
}

/** A multicast group of an Ethernet link, which is of type Ethernet on whatever carries it (net/if_ethersubr.c). */
export function putEtherGroup(slot: u32, ifp: Interface, lladdr: u64): void {
  putLinkOfType(slot, ifp, IFT.ETHER, lladdr, ETHER_LLADDR);
}

function putLinkOfType(slot: u32, ifp: Interface, type: u32, lladdr: u64, lladdrBytes: u32): void {
  const at = put(slot, RouteSockaddr.LINK, AF.LINK);
  store<u16>(at, <u16>ifp.index, RouteSockaddrAt.LINK_INDEX);
  store<u8>(at, <u8>type, RouteSockaddrAt.LINK_TYPE);
  store<u8>(at, <u8>lladdrBytes, RouteSockaddrAt.LINK_ALEN);
  for (let i: u32 = 0; i < lladdrBytes; i++) store<u8>(at + RouteSockaddrAt.LINK_DATA + i, <u8>(lladdr >> (i * 8)));
}

/** An interface: its name, and right behind it its link-layer address. */
export function putNamedLink(slot: u32, ifp: Interface): void {
  const at = put(slot, RouteSockaddr.LINK_NAMED, AF.LINK);
  let nameBytes: u32 = 0;
  while (load<u8>(ifp.name + nameBytes) != 0) nameBytes++;
  store<u16>(at, <u16>ifp.index, RouteSockaddrAt.LINK_INDEX);
  store<u8>(at, <u8>ifp.type, RouteSockaddrAt.LINK_TYPE);
  store<u8>(at, <u8>nameBytes, RouteSockaddrAt.LINK_NLEN);
  store<u8>(at, <u8>ifp.lladdrBytes, RouteSockaddrAt.LINK_ALEN);
  memory.copy(at + RouteSockaddrAt.LINK_DATA, ifp.name, nameBytes);
  memory.copy(at + RouteSockaddrAt.LINK_DATA + nameBytes, ifp.lladdrPointer, ifp.lladdrBytes);
}

/** A sockaddr as it is, an embedded zone recovered; what pads it is zero. */
export function putSockaddr(slot: u32, sockaddr: usize): void {
  const length = <u32>load<u8>(sockaddr);
  const family = <u32>load<u8>(sockaddr, RouteSockaddrAt.FAMILY);
  const at = put(slot, length, family);
  if (length != 0) memory.copy(at, sockaddr, length);
  if (family != AF.INET6 || length < <u32>RouteSockaddr.INET6) return;
  const high = loadHigh(AF.INET6, sockaddr + RouteSockaddrAt.INET6_ADDRESS);
  if (hasZone(high)) storeRecovered(at, high, loadLow(AF.INET6, sockaddr + RouteSockaddrAt.INET6_ADDRESS));
}
