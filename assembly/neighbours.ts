// The exports for the links of interfaces: neighbours, the other hosts that a script plays, and what routers advertise. As in
// index.ts a negative result is an errno.

import { Errno } from "./abi/errno";
import {
  ADVERTISED_PREFIXES_MAX, AdvertisedPrefixLayout, AdvertisementLayout, DiscoveryLayout, Exchange, PeerFlag, PrefixFlag,
  PrefixLayout, RouterLayout, TrafficWord,
} from "./abi/exchange";
import { AF } from "./abi/inet";
import { exchangeArea } from "./exchangearea";
import { withZone, withoutZone } from "./net/address";
import { Advertisement } from "./net/advertisement";
import { uptimeSeconds } from "./net/clock";
import { Interface, findByIndex } from "./net/ifnet";
import { linkMtu } from "./net/mtu";
import { findNeighbour } from "./net/neighbour";
import { Peer, firstPeer, removePeer, setPeer, traffic } from "./net/peer";
import { FOREVER, Prefix, PrefixRouter, firstPrefix } from "./net/prefix";
import { Router, firstRouter } from "./net/router";
import { PeerCall, hear, hearRouter, resolveNeighbour } from "./net/wire";

if (AdvertisementLayout.PREFIXES + ADVERTISED_PREFIXES_MAX * AdvertisedPrefixLayout.BYTES > Exchange.BYTES) {
  ERROR("ADVERTISED_PREFIXES_MAX");
}

// ---- neighbours

/** The PeerCall in the exchange, with the zone of the interface in its addresses. */
function peerCall(index: u32): PeerCall {
  const call = changetype<PeerCall>(exchangeArea);
  call.high = withZone(call.family, call.high, index);
  call.targetHigh = withZone(call.family, call.targetHigh, index);
  call.destinationHigh = withZone(call.family, call.destinationHigh, index);
  return call;
}

/** Exchange: a PeerCall, of which family and address count; after it the lladdr, when 0 is the result. A packet wants out. */
export function neighbourResolve(index: u32): i32 {
  const ifp = findByIndex(index);
  if (ifp == null) return -Errno.ENXIO;
  const call = peerCall(index);
  const error = resolveNeighbour(ifp, call.family, call.high, call.low);
  if (error != Errno.OK) return -error;
  const entry = findNeighbour(ifp, call.family, call.high, call.low);
  call.lladdr = entry == null ? 0 : entry.lladdr;
  return 0;
}

/** Exchange: a PeerCall, of which address, lladdr and the flags ANSWERS and ROUTER count. */
export function peerSet(index: u32): i32 {
  const ifp = findByIndex(index);
  if (ifp == null) return -Errno.ENXIO;
  const call = peerCall(index);
  const answers = call.has(PeerFlag.ANSWERS);
  const isRouter = call.has(PeerFlag.ROUTER);
  return setPeer(ifp, call.family, call.high, call.low, call.lladdr, answers, isRouter) ? 0 : -Errno.ENOMEM;
}

/** Exchange: a PeerCall, of which the address counts. */
export function peerRemove(index: u32): i32 {
  const ifp = findByIndex(index);
  if (ifp == null) return -Errno.ENXIO;
  const call = peerCall(index);
  return removePeer(ifp, call.family, call.high, call.low) ? 0 : -Errno.ENOENT;
}

/** Exchange: the n-th peer, newest first, as PeerLayout. Its interface's index; 0 when there are not so many. */
export function peerAt(n: u32): u32 {
  let at = firstPeer();
  for (; at != 0 && n > 0; n--) at = changetype<Peer>(at).next;
  if (at == 0) return 0;
  const peer = changetype<Peer>(at);
  const call = changetype<PeerCall>(exchangeArea);
  call.family = peer.family;
  call.high = withoutZone(peer.family, peer.high);
  call.low = peer.low;
  call.lladdr = peer.lladdr;
  call.flags = (peer.answers ? PeerFlag.ANSWERS : 0) | (peer.isRouter ? PeerFlag.ROUTER : 0);
  return changetype<Interface>(peer.ifp).index;
}

/** Exchange: a PeerCall. The message comes in. */
export function peerSend(index: u32): i32 {
  const ifp = findByIndex(index);
  return ifp == null ? -Errno.ENXIO : -hear(ifp, peerCall(index));
}

/** Exchange: what TrafficWord names. */
export function neighbourTraffic(): void {
  memory.copy(exchangeArea, changetype<usize>(traffic), TrafficWord.COUNT * 4);
}

// ---- advertisements

/** Exchange: an Advertisement, and its prefixes. It comes in. */
export function peerAdvertise(index: u32): i32 {
  const ifp = findByIndex(index);
  if (ifp == null) return -Errno.ENXIO;
  const advertisement = changetype<Advertisement>(exchangeArea);
  advertisement.high = withZone(AF.INET6, advertisement.high, index);
  return -hearRouter(ifp, advertisement);
}

/** Exchange: the n-th of the default routers, as RouterLayout. False when there are not so many. */
export function routerAt(n: u32): bool {
  let at = firstRouter();
  for (; at != 0 && n > 0; n--) at = changetype<Router>(at).next;
  if (at == 0) return false;
  const router = changetype<Router>(at);
  store<u64>(exchangeArea, withoutZone(AF.INET6, router.high), RouterLayout.HIGH);
  store<u64>(exchangeArea, router.low, RouterLayout.LOW);
  store<u32>(exchangeArea, router.home.index, RouterLayout.INDEX);
  store<u32>(exchangeArea, router.lifetime, RouterLayout.LIFETIME);
  store<u32>(exchangeArea, leftOf(router.expireSeconds), RouterLayout.LEFT);
  store<u32>(exchangeArea, router.preference, RouterLayout.PREFERENCE);
  store<u32>(exchangeArea, u32(router.isInstalled), RouterLayout.IS_INSTALLED);
  return true;
}

/** Exchange: the n-th of the prefixes, newest first, as PrefixLayout. False when there are not so many. */
export function prefixAt(n: u32): bool {
  let at = firstPrefix();
  for (; at != 0 && n > 0; n--) at = changetype<Prefix>(at).next;
  if (at == 0) return false;
  const prefix = changetype<Prefix>(at);
  store<u64>(exchangeArea, withoutZone(AF.INET6, prefix.high), PrefixLayout.HIGH);
  store<u64>(exchangeArea, prefix.low, PrefixLayout.LOW);
  store<u32>(exchangeArea, prefix.home.index, PrefixLayout.INDEX);
  store<u32>(exchangeArea, prefix.bits, PrefixLayout.LENGTH);
  store<u32>(exchangeArea, flagsOf(prefix), PrefixLayout.FLAGS);
  store<u32>(exchangeArea, prefix.validSeconds, PrefixLayout.VALID_SECONDS);
  store<u32>(exchangeArea, prefix.preferredSeconds, PrefixLayout.PREFERRED_SECONDS);
  store<u32>(exchangeArea, prefix.validUntil == 0 ? FOREVER : leftOf(prefix.validUntil), PrefixLayout.LEFT);
  store<u32>(exchangeArea, prefix.addresses, PrefixLayout.ADDRESSES);
  let routers: u32 = 0;
  for (let each = prefix.routers; each != 0; each = changetype<PrefixRouter>(each).next) routers++;
  store<u32>(exchangeArea, routers, PrefixLayout.ROUTERS);
  return true;
}

function flagsOf(prefix: Prefix): u32 {
  let flags: u32 = 0;
  if (prefix.isForLink) flags |= PrefixFlag.ON_LINK;
  if (prefix.isAutonomous) flags |= PrefixFlag.AUTONOMOUS;
  if (prefix.isOnLink) flags |= PrefixFlag.HAS_ROUTE;
  return prefix.isDetached ? flags | PrefixFlag.DETACHED : flags;
}

/** Seconds until an uptime second, 0 when it has passed. */
function leftOf(second: u64): u32 {
  const now = <u64>uptimeSeconds();
  return second > now ? <u32>(second - now) : 0;
}

/** Exchange: what IPv6 is and knows on an interface, as DiscoveryLayout. */
export function interfaceDiscovery(index: u32): i32 {
  const ifp = findByIndex(index);
  if (ifp == null) return -Errno.ENXIO;
  store<u32>(exchangeArea, ifp.ndFlags, DiscoveryLayout.FLAGS);
  store<u32>(exchangeArea, linkMtu(ifp, AF.INET6), DiscoveryLayout.MTU);
  store<u32>(exchangeArea, ifp.baseReachableMs, DiscoveryLayout.BASE_REACHABLE);
  store<u32>(exchangeArea, ifp.retransmitMs, DiscoveryLayout.RETRANSMIT);
  store<u32>(exchangeArea, ifp.hopLimit, DiscoveryLayout.HOP_LIMIT);
  return 0;
}
