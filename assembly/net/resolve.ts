// Completing a nexthop: which interface leads to its gateway, and with which source address (netlink/route/rt.c,
// finalize_nhop; net/route/route_ifaddrs.c, ifa_ifwithroute; net/if.c, ifaof_ifpforaddr).
//   setGateway     the draft leads to a gateway
//   setBlackhole   the draft discards: by way of lo0
//   completeDraft  fills in what the request left out

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { isLinkLocal, withZone } from "./address";
import { longestMatch } from "./gappedroutes";
import { IfAddress, addressEqual, addressFor, addressOfPeer, addressWithin } from "./ifaddr";
import { Interface, findByIndex, loopbackInterface } from "./ifnet";
import { linkMtu } from "./mtu";
import { NHF, draft } from "./nexthop";
import { nexthopOf } from "./payload";
import { Rib, entryPayload, ribOf } from "./rib";

const LOOPBACK_INET: u64 = 0x7f00000100000000;
const LOOPBACK_INET6_LOW: u64 = 1;

/** Whether a link-local gateway lacks the interface that gives it meaning. */
export function needsInterface(family: u32, high: u64, ifp: Interface | null): bool {
  return ifp == null && isLinkLocal(family, high);
}

/** EINVAL where the family of the routes cannot use a gateway of that family: IPv4 may lead over IPv6, not the reverse. */
export function setGateway(family: u32, high: u64, low: u64, ifp: Interface | null): Errno {
  if (family != draft.upperFamily && !(draft.upperFamily == AF.INET && family == AF.INET6)) return Errno.EINVAL;
  draft.neighbourFamily = family;
  draft.gatewayHigh = ifp == null ? high : withZone(family, high, ifp.index);
  draft.gatewayLow = low;
  draft.flags |= NHF.GATEWAY;
  draft.rtFlags |= RTF.GATEWAY;
  return Errno.OK;
}

/** @param flag - RTF.BLACKHOLE or RTF.REJECT. A gateway and an interface that were set give way to lo0. */
export function setBlackhole(flag: u32): void {
  draft.flags = (draft.flags & ~(NHF.GATEWAY | NHF.REJECT | NHF.BLACKHOLE)) | (flag == RTF.REJECT ? NHF.REJECT : NHF.BLACKHOLE);
  draft.rtFlags = (draft.rtFlags & ~(RTF.GATEWAY | RTF.REJECT | RTF.BLACKHOLE)) | flag;
  draft.neighbourFamily = draft.upperFamily;
  draft.gatewayHigh = draft.upperFamily == AF.INET ? LOOPBACK_INET : 0;
  draft.gatewayLow = draft.upperFamily == AF.INET ? 0 : LOOPBACK_INET6_LOW;
  draft.ifp = changetype<usize>(loopbackInterface());
}

/**
 * Fills in what the draft lacks, for a destination of the routes' family.
 * @returns EINVAL: neither gateway nor interface; or no interface leads to the gateway (not ENETUNREACH)
 */
export function completeDraft(high: u64, low: u64): Errno {
  if (draft.neighbourFamily == 0) {
    if (draft.ifp == 0) return Errno.EINVAL;
    draft.neighbourFamily = AF.LINK;
  } else if (draft.ifp == 0) {
    draft.ifp = interfaceTowards(high, low);
    if (draft.ifp == 0) return Errno.EINVAL;
  }
  const ifp = changetype<Interface>(draft.ifp);
  if (draft.source == 0) {
    draft.source = sourceOn(ifp, high, low);
    // A direct route has the interface's link-level address to fall back on, a gateway has not.
    if (draft.source == 0 && draft.neighbourFamily != AF.LINK) return Errno.EINVAL;
  }
  draft.oif = ifp.index;
  draft.aif = draft.source == 0 ? ifp.index : changetype<Interface>(changetype<IfAddress>(draft.source).ifp).index;
  if (draft.mtu != 0) draft.mtu = min(draft.mtu, linkMtu(ifp, draft.upperFamily));
  return Errno.OK;
}

/**
 * The address of an interface that suits the draft, 0 = none: by its gateway, or by the destination where the gateway is
 * link-level or of the other family.
 */
function sourceOn(ifp: Interface, high: u64, low: u64): usize {
  if (draft.neighbourFamily == draft.upperFamily) {
    return changetype<usize>(addressFor(ifp, draft.upperFamily, draft.gatewayHigh, draft.gatewayLow));
  }
  const address = addressFor(ifp, draft.upperFamily, high, low);
  if (address != null || draft.neighbourFamily == AF.LINK) return changetype<usize>(address);
  return changetype<usize>(addressFor(ifp, draft.neighbourFamily, draft.gatewayHigh, draft.gatewayLow));
}

/** The Interface by which the draft's gateway is reached (ifa_ifwithroute), 0 = none. */
function interfaceTowards(high: u64, low: u64): usize {
  const fib = draft.fib;
  const family = draft.neighbourFamily;
  const gatewayHigh = draft.gatewayHigh;
  const gatewayLow = draft.gatewayLow;
  let address: IfAddress | null = null;
  if (draft.flags & NHF.GATEWAY) {
    // The gateway may be the other end of a point-to-point link.
    address = addressOfPeer(fib, family, gatewayHigh, gatewayLow);
  } else {
    if (draft.flags & NHF.HOST) address = addressOfPeer(fib, draft.upperFamily, high, low);
    if (address == null) address = addressEqual(family, gatewayHigh, gatewayLow);
  }
  if (address == null) address = addressWithin(fib, family, gatewayHigh, gatewayLow);
  return address == null ? interfaceByRoute(fib, family, gatewayHigh, gatewayLow) : address.ifp;
}

/**
 * The Interface of the source address of the route that leads to a gateway; a default route leads nowhere in particular.
 * The address itself may be gone: an IPv6 route outlives its source.
 */
function interfaceByRoute(fib: u32, family: u32, high: u64, low: u64): usize {
  const rib = changetype<Rib>(changetype<usize>(ribOf(fib, family)));
  const entry = longestMatch(rib, high, low);
  if (entry == 0) return 0;
  const nexthop = nexthopOf(rib, entryPayload(rib, entry));
  if (nexthop.flags & NHF.DEFAULT) return 0;
  return changetype<usize>(findByIndex(nexthop.aif));
}
