// The entries of an interface's own addresses: each address of an interface that resolves is a neighbour of itself
// (netinet/if_ether.c, arp_add_ifa_lle; netinet6/nd6.c, nd6_add_ifa_lle, nd6_rem_ifa_lle; rtnetlink C.4.5 to C.6.3).
//   stageOwnNeighbour    takes all that addOwnNeighbour needs; unstageOwnNeighbour gives it back
//   addOwnNeighbour      the address is there: so is its entry
//   endsPrefix, removeOwnNeighbour   the address goes: its entry alone, or all of its network in silence

import { IFT } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { arpAnnounce } from "./arp";
import { NeighbourEvent, onNeighbour } from "./hooks";
import { IfAddress } from "./ifaddr";
import { Interface } from "./ifnet";
import { heirOf } from "./ifnetwork";
import { LLE, Neighbour, findNeighbour, freeNeighbour, link, purgePrefix, takeNeighbour, unlink } from "./neighbour";
import { Prefix } from "./prefix";

/** Types whose driver begins ARP for an IPv4 address (net/if_ethersubr.c, ether_ioctl), and nd6_need_cache. */
export function resolves(ifp: Interface, family: u32): bool {
  switch (ifp.type) {
    case IFT.ETHER:
    case IFT.L2VLAN:
    case IFT.BRIDGE:
    case IFT.IEEE1394:
    case IFT.INFINIBAND:
      return true;
    case IFT.IEEE8023ADLAG:
      return family == AF.INET;
    case IFT.PROPVIRTUAL:
      return family == AF.INET6;
    default:
      return false;
  }
}

/** For an address whose family, words and interface are set. False without memory, and nothing is staged. */
export function stageOwnNeighbour(address: IfAddress): bool {
  const ifp = changetype<Interface>(address.ifp);
  if (!resolves(ifp, address.family) || (address.high == 0 && address.low == 0)) return true;
  address.ownNeighbour = takeNeighbour(ifp, address.family, address.high, address.low, LLE.IFADDR);
  return address.ownNeighbour != 0;
}

export function unstageOwnNeighbour(address: IfAddress): void {
  if (address.ownNeighbour == 0) return;
  freeNeighbour(changetype<Neighbour>(address.ownNeighbour));
  address.ownNeighbour = 0;
}

/** Links what was staged, in the place of an entry that was there, and tells of both. */
export function addOwnNeighbour(address: IfAddress): void {
  const record = address.ownNeighbour;
  if (record == 0) return;
  address.ownNeighbour = 0;
  const own = changetype<Neighbour>(record);
  if (address.family == AF.INET) arpAnnounce();
  // Without a timer it stays as it is: REACHABLE in either family's numbers.
  own.state = 1;
  const present = findNeighbour(own.home, own.family, own.high, own.low);
  if (present != null) unlink(present);
  link(own);
  if (present != null) onNeighbour(changetype<usize>(present), NeighbourEvent.EXPIRED);
  onNeighbour(record, NeighbourEvent.RESOLVED);
  if (present != null) freeNeighbour(present);
}

/**
 * Whether all entries of an address's network go when it goes, not its own alone: its network is on no other interface
 * (in_scrubprefix), or its prefix has no other address (in6_unlink_ifa). Asked before its routes are removed.
 */
export function endsPrefix(address: IfAddress): bool {
  if (address.family == AF.INET6) return address.prefix != 0 && changetype<Prefix>(address.prefix).addresses == 1;
  if (!address.hasPrefixRoute) return false;
  const heir = heirOf(address, 0);
  return heir == null || heir.ifp != address.ifp;
}

/** @param isLast - what endsPrefix said */
export function removeOwnNeighbour(address: IfAddress, isLast: bool): void {
  if (isLast) {
    purgePrefix(address, true);
    return;
  }
  const ifp = changetype<Interface>(address.ifp);
  const own = findNeighbour(ifp, address.family, address.high, address.low);
  if (own == null) return;
  unlink(own);
  onNeighbour(changetype<usize>(own), NeighbourEvent.DELETED);
  freeNeighbour(own);
}
