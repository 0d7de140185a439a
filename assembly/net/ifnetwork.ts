// Of which network an address is, and who shares it (netinet/in.c, ia_getrtprefix, in_hasrtprefix; rtnetlink C.7). The
// networks of IPv6 are prefixes of their own (prefix.ts); its addresses have the route of a peer here, at most.
//   locate, needs     where an address's two routes belong, and whether it has them
//   heirOf            who takes over the network's route
//   isNetworkRouted   whether somebody else has it in the table

import { AF } from "../abi/inet";
import { addressBits, maskHigh, maskLow } from "./address";
import { IfAddress, firstAddress } from "./ifaddr";
import { Interface, loopbackInterface } from "./ifnet";

/** Which of an address's two routes. */
export const enum Own {
  /** Of its network or peer; of itself where it has no network. */
  NETWORK = 0,
  HOST = 1,
}

/** Where a route is or belongs. */
@unmanaged
export class Place {
  high: u64;
  low: u64;
  bits: u32;
}

/** Of two addresses whose networks are compared. */
const wanted = changetype<Place>(memory.data(offsetof<Place>(), 16));
const found = changetype<Place>(memory.data(offsetof<Place>(), 16));

function interfaceOf(address: IfAddress): Interface {
  return changetype<Interface>(address.ifp);
}

/** An IPv4 host address, and any on a loopback interface, is its own network route (rtnetlink C.7, Z.4). */
export function isHostOnly(address: IfAddress): bool {
  if (address.family != AF.INET || address.hasPeer) return false;
  return address.prefixLength == addressBits(AF.INET) || interfaceOf(address).isLoopback;
}

export function locate(into: Place, address: IfAddress, own: Own): void {
  const allBits = addressBits(address.family);
  const isNetwork = own == Own.NETWORK && !address.hasPeer && !isHostOnly(address);
  const isPeer = own == Own.NETWORK && address.hasPeer;
  into.bits = isNetwork ? address.prefixLength : allBits;
  into.high = (isPeer ? address.peerHigh : address.high) & maskHigh(into.bits);
  into.low = (isPeer ? address.peerLow : address.low) & maskLow(into.bits);
}

/** Whether the address has a route of this kind at all. */
export function needs(address: IfAddress, own: Own): bool {
  // A vnet without lo0 has nowhere to lead its own addresses to.
  const hasLoopback = interfaceOf(address).isLoopback || loopbackInterface() != null;
  if (own == Own.HOST) {
    if (isHostOnly(address) || !hasLoopback) return false;
    if (address.family == AF.INET && address.high == 0) return false;
    return !address.hasPeer || address.peerHigh != address.high || address.peerLow != address.low;
  }
  if (isHostOnly(address)) return hasLoopback;
  return address.hasPeer || (address.family == AF.INET && address.prefixLength != addressBits(AF.INET));
}

/** Whether the route of an address's network is that at `wanted`, in the same fib. */
function hasSameNetwork(address: IfAddress, fib: u32): bool {
  if (address.family != AF.INET || interfaceOf(address).fib != fib || !needs(address, Own.NETWORK)) return false;
  locate(found, address, Own.NETWORK);
  return found.high == wanted.high && found.low == wanted.low && found.bits == wanted.bits;
}

/**
 * The address that takes over an IPv4 network's route when this one goes: the first of an interface that is up (netinet/in.c,
 * in_scrubprefix).
 * @param apart - an interface whose addresses do not count; 0 = none
 */
export function heirOf(address: IfAddress, apart: usize): IfAddress | null {
  if (address.family != AF.INET || !needs(address, Own.NETWORK)) return null;
  locate(wanted, address, Own.NETWORK);
  for (let at = firstAddress(); at != 0; at = changetype<IfAddress>(at).nextOfAll) {
    const other = changetype<IfAddress>(at);
    if (other == address || other.ifp == apart || !interfaceOf(other).isUp) continue;
    if (hasSameNetwork(other, interfaceOf(address).fib)) return other;
  }
  return null;
}

/** Whether an IPv4 network's route is there on behalf of an address other than this one and `apart` (in_hasrtprefix). */
export function isNetworkRouted(address: IfAddress, apart: IfAddress | null): bool {
  if (address.family != AF.INET || !needs(address, Own.NETWORK)) return false;
  locate(wanted, address, Own.NETWORK);
  for (let at = firstAddress(); at != 0; at = changetype<IfAddress>(at).nextOfAll) {
    const other = changetype<IfAddress>(at);
    if (other == address || other == apart || !other.hasPrefixRoute) continue;
    if (hasSameNetwork(other, interfaceOf(address).fib)) return true;
  }
  return false;
}
