// The kernel's copy of a request, to everybody who listens in the fib (net/rtsock.c, send_rtm_reply; rtsock G.4.9).
//   echoRaw       the request's bytes, as they are
//   echoRequest   rebuilt from what the request was understood to be
//   echoRoute     rebuilt from the table: what was added, changed, removed or found

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { ROUTE_RTA, ROUTE_RTAX, RouteSize, RtMsgHdr } from "../abi/rtsock";
import { addressBits } from "../net/address";
import { uptimeSeconds, wallClockSeconds } from "../net/clock";
import { IfAddress } from "../net/ifaddr";
import { Interface, findByIndex } from "../net/ifnet";
import { linkMtu } from "../net/mtu";
import { Nexthop } from "../net/nexthop";
import {
  beginWith, endMessage, messageAt, putEmpty, putInet, putMaskWords, putNamedLink, putShortLink, putSockaddr,
} from "./message";
import { putGateway } from "./object";
import { parsed } from "./parsed";
import { RoutingSocket, deliver, routingSocketCount } from "./socket";

/**
 * Hands an echo out. The sender hears it too; who wants no echoes of its own goes without one only while nobody else
 * listens, for FreeBSD hides it from the sender no longer than until it is queued (rtsock G.3.10, Q-1).
 */
function send(from: RoutingSocket, message: usize, length: u32, tag: u32): void {
  if (!from.usesLoopback && routingSocketCount() <= 1) return;
  deliver(message, length, tag, from.fib);
}

/** Of a family of its own: only sockets that hear all families hear it. */
export function echoRaw(from: RoutingSocket, request: usize, length: u32): void {
  send(from, request, length, AF.UNSPEC);
}

function setOutcome(header: usize, error: Errno): void {
  if (error != Errno.OK) store<u32>(header, error, RtMsgHdr.ERRNO);
  else store<u32>(header, load<u32>(header, RtMsgHdr.FLAGS) | RTF.DONE, RtMsgHdr.FLAGS);
}

export function echoRequest(from: RoutingSocket, error: Errno): void {
  setOutcome(beginWith(parsed.header, RouteSize.RT_MSGHDR), error);
  putInet(ROUTE_RTAX.DST, parsed.family, parsed.high, parsed.low);
  if (parsed.gatewayFamily != 0) putRequestedGateway();
  if (!parsed.isHost) putMaskWords(ROUTE_RTAX.NETMASK, parsed.family, parsed.maskHigh, parsed.maskLow);
  for (let slot: u32 = ROUTE_RTAX.GENMASK; slot < <u32>ROUTE_RTAX.MAX; slot++) {
    if (parsed.slot(slot) != 0) putSockaddr(slot, parsed.slot(slot));
  }
  send(from, messageAt(), endMessage(RtMsgHdr.ADDRS, true), parsed.family);
}

function putRequestedGateway(): void {
  if (parsed.has(RTF.LLDATA)) putSockaddr(ROUTE_RTAX.GATEWAY, parsed.gateway);
  else if (parsed.gatewayFamily == AF.LINK) putShortLink(ROUTE_RTAX.GATEWAY, parsed.gatewayIndex, 0);
  else if (parsed.gatewayFamily == AF.INET || parsed.gatewayFamily == AF.INET6) {
    putInet(ROUTE_RTAX.GATEWAY, parsed.gatewayFamily, parsed.gatewayHigh, parsed.gatewayLow);
  } else putSockaddr(ROUTE_RTAX.GATEWAY, parsed.gateway);
}

/** A route of the table to echo. */
@unmanaged
export class EchoedRoute {
  high: u64;
  low: u64;
  bits: u32;
  maskHigh: u64;
  maskLow: u64;
  weight: u32;
  /** Nexthop */
  nexthop: usize;
  /** In place of the nexthop's source, what a jail may see; 0 = the source. */
  source: usize;
  /** It was removed. */
  isGone: bool;
}

export const echoed = changetype<EchoedRoute>(memory.data(offsetof<EchoedRoute>(), 16));

/** The success of a request; `echoed` says which route. */
export function echoRoute(from: RoutingSocket): void {
  const nexthop = changetype<Nexthop>(echoed.nexthop);
  const header = beginWith(parsed.header, RouteSize.RT_MSGHDR);
  const isHost = echoed.bits == addressBits(parsed.family);
  let flags: u32 = nexthop.rtFlags | RTF.DONE;
  if (isHost) flags |= RTF.HOST;
  if (!echoed.isGone) flags |= RTF.UP;
  store<u16>(header, <u16>nexthop.oif, RtMsgHdr.INDEX);
  store<u32>(header, flags, RtMsgHdr.FLAGS);
  memory.fill(header + RtMsgHdr.RMX, 0, RouteSize.RT_METRICS);
  writeMetrics(header, nexthop, echoed.weight);
  putInet(ROUTE_RTAX.DST, parsed.family, echoed.high, echoed.low);
  putGateway(nexthop);
  if (!isHost) putMaskWords(ROUTE_RTAX.NETMASK, parsed.family, echoed.maskHigh, echoed.maskLow);
  const hasInterface = parsed.names(ROUTE_RTA.IFP | ROUTE_RTA.IFA);
  if (hasInterface) putInterface(nexthop);
  if (parsed.author != 0) putSockaddr(ROUTE_RTAX.AUTHOR, parsed.author);
  const hasPeer = hasInterface && changetype<Interface>(nexthop.ifp).isPointToPoint;
  if (hasPeer) putPeer(nexthop);
  else if (parsed.brd != 0) putSockaddr(ROUTE_RTAX.BRD, parsed.brd);
  send(from, messageAt(), endMessage(RtMsgHdr.ADDRS, true), parsed.family);
}

/** rtm_rmx of a path: a header's, whose metrics are 0. */
export function writeMetrics(header: usize, nexthop: Nexthop, weight: u32): void {
  const ifp = changetype<Interface>(nexthop.ifp);
  store<u64>(header, nexthop.mtu != 0 ? nexthop.mtu : linkMtu(ifp, nexthop.upperFamily), RtMsgHdr.MTU);
  if (nexthop.expireSeconds != 0) {
    const left = <i64>nexthop.expireSeconds - <i64>uptimeSeconds();
    store<u64>(header, <u64>(<i64>wallClockSeconds() + left), RtMsgHdr.EXPIRE);
  }
  store<u64>(header, weight, RtMsgHdr.WEIGHT);
  store<u64>(header, nexthop.index, RtMsgHdr.NHIDX);
}

/** The interface and the source address; without one of its own the interface's link-level address stands for it. */
function putInterface(nexthop: Nexthop): void {
  putNamedLink(ROUTE_RTAX.IFP, changetype<Interface>(nexthop.ifp));
  putSource(nexthop, echoed.source == 0 ? nexthop.source : echoed.source);
}

export function putSource(nexthop: Nexthop, source: usize): void {
  if (source != 0) {
    const address = changetype<IfAddress>(source);
    putInet(ROUTE_RTAX.IFA, address.family, address.high, address.low);
    return;
  }
  const owner = findByIndex(nexthop.aif);
  putNamedLink(ROUTE_RTAX.IFA, owner == null ? changetype<Interface>(nexthop.ifp) : owner);
}

export function putPeer(nexthop: Nexthop): void {
  const source = nexthop.source;
  if (source == 0 || !changetype<IfAddress>(source).hasPeer) {
    putEmpty(ROUTE_RTAX.BRD);
    return;
  }
  const address = changetype<IfAddress>(source);
  putInet(ROUTE_RTAX.BRD, address.family, address.peerHigh, address.peerLow);
}
