// Whether an address is on an interface's link: asked before a neighbour is made.
//   mayBeNeighbour   the rule for making an entry (netinet/in.c, in_lltable_rtcheck; netinet6/in6.c, in6_lltable_rtcheck)
//   isNeighbour      whether IPv6 packets to an address go straight to it (netinet6/nd6.c, nd6_is_addr_neighbor)

import { IFF, IFT } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { isLinkLocal, withZone } from "./address";
import { longestMatch } from "./gappedroutes";
import { IfAddress, addressFor, holds } from "./ifaddr";
import { Interface } from "./ifnet";
import { findNeighbour } from "./neighbour";
import { NHF, Nexthop } from "./nexthop";
import { nexthopOf } from "./payload";
import { Prefix, covers, firstPrefix } from "./prefix";
import { Rib, entryPayload, ribOf } from "./rib";

/** The nexthop of an interface's fib towards an address, or null. */
function towards(ifp: Interface, family: u32, high: u64, low: u64): Nexthop | null {
  const rib = changetype<Rib>(changetype<usize>(ribOf(ifp.fib, family)));
  const entry = longestMatch(rib, high, low);
  return entry == 0 ? null : nexthopOf(rib, entryPayload(rib, entry));
}

/**
 * IPv4 asks for a route that covers the address and is not through a gateway. IPv6 refuses only where the route leads
 * elsewhere and the interface has no IPv6 address at all: an address outside every prefix may be a neighbour.
 */
export function mayBeNeighbour(ifp: Interface, family: u32, high: u64, low: u64): bool {
  const nexthop = towards(ifp, family, high, low);
  if (family == AF.INET6) {
    if (nexthop == null) return true;
    if ((nexthop.flags & NHF.GATEWAY) == 0 && nexthop.ifp == changetype<usize>(ifp)) return true;
    return addressFor(ifp, AF.INET6, high, low) != null;
  }
  if (nexthop == null) return false;
  if ((nexthop.flags & NHF.GATEWAY) != 0 && !isHostThroughItself(nexthop, high)) return false;
  if (nexthop.ifp == changetype<usize>(ifp) || (nexthop.flags & NHF.HOST) != 0) return true;
  // Two interfaces may have one prefix, and the route leads to the other.
  const address = addressFor(ifp, AF.INET, high, low);
  return address != null && holds(address, high, low);
}

/** A host route whose gateway is the destination itself, as routing daemons of wireless meshes make them. */
function isHostThroughItself(nexthop: Nexthop, high: u64): bool {
  const ifp = changetype<Interface>(nexthop.ifp);
  if ((nexthop.flags & NHF.HOST) == 0 || ifp.type != IFT.ETHER) return false;
  return (ifp.flags & (IFF.NOARP | IFF.STATICARP)) == 0 && nexthop.neighbourFamily == AF.INET && nexthop.gatewayHigh == high;
}

/** @param high - with an embedded zone where the address is link-local */
export function isNeighbour(ifp: Interface, high: u64, low: u64): bool {
  return isNewNeighbour(ifp, high, low) || findNeighbour(ifp, AF.INET6, high, low) != null;
}

/** nd6_is_new_addr_neighbor */
function isNewNeighbour(ifp: Interface, high: u64, low: u64): bool {
  if (isLinkLocal(AF.INET6, high)) return withZone(AF.INET6, high, ifp.index) == high;
  const nexthop = towards(ifp, AF.INET6, high, low);
  if (nexthop != null && nexthop.aif == ifp.index && (nexthop.flags & NHF.GATEWAY) == 0) return true;
  for (let at = firstPrefix(); at != 0; at = changetype<Prefix>(at).next) {
    const prefix = changetype<Prefix>(at);
    if (prefix.ifp == changetype<usize>(ifp) && prefix.isOnLink && covers(prefix, high, low)) return true;
  }
  if (!ifp.isPointToPoint) return false;
  for (let entry = ifp.addresses; entry != 0; entry = changetype<IfAddress>(entry).next) {
    const address = changetype<IfAddress>(entry);
    if (address.family != AF.INET6 || !address.hasPeer) continue;
    if (address.peerHigh == high && address.peerLow == low) return true;
  }
  return false;
}
