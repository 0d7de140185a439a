// Addresses of interfaces (net/if_var.h struct ifaddr, netinet/in_var.h, netinet6/in6_var.h).
//   appendAddress, removeAddress   the list of an interface, in order of addition
//   findAddress                    one of an interface's own
//   addressFor                     the best source on an interface for a destination (ifaof_ifpforaddr)
//   addressWithin                  the address whose network holds a destination (ifa_ifwithnet)

import { AF } from "../abi/inet";
import { Slab, give, take } from "../mem/slab";
import { maskHigh, maskLow } from "./address";
import { Interface, firstInterface } from "./ifnet";

@unmanaged
export class IfAddress {
  next: usize;
  previous: usize;
  /** Interface. */
  ifp: usize;
  family: u32;
  prefixLength: u32;
  high: u64;
  low: u64;
  /** Point to point: the peer. */
  peerHigh: u64;
  peerLow: u64;
  /** IPv4 on broadcast interfaces, as the upper half of a high word; 0 = none. */
  broadcast: u64;
  /** IN6_IFF_* */
  flags: u32;
  /** Lifetimes in seconds as configured; 0xffffffff = for ever. IPv6 only. */
  preferredSeconds: u32;
  validSeconds: u32;
  /** Uptime in seconds. */
  createdSeconds: u32;
  updatedSeconds: u32;
  /** Its prefix route, or that of its network, is in the table on its behalf. */
  hasPrefixRoute: bool;
  hasPeer: bool;
  /** While it is added: the Neighbour that it will be of itself; 0 = none. */
  ownNeighbour: usize;
  // While routes are added or removed (ifroutes.ts): what is new and what it displaced, and who takes over.
  addedNetwork: bool;
  addedHost: bool;
  isRaised: bool;
  displacedNetwork: u32;
  displacedHost: u32;
  stagedHeir: u32;
  stagedEqual: u32;
}

const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));

/** An address that no interface has yet; 0 without memory. */
export function allocateAddress(): usize {
  return take<IfAddress>(slab);
}

export function freeAddress(address: IfAddress): void {
  give<IfAddress>(slab, changetype<usize>(address));
}

export function addressCount(): u32 {
  return slab.inUse;
}

export function appendAddress(ifp: Interface, address: IfAddress): void {
  address.ifp = changetype<usize>(ifp);
  address.previous = ifp.lastAddress;
  if (ifp.lastAddress != 0) changetype<IfAddress>(ifp.lastAddress).next = changetype<usize>(address);
  else ifp.addresses = changetype<usize>(address);
  ifp.lastAddress = changetype<usize>(address);
}

/** Takes an address out of its interface's list; it stays valid until freed. */
export function removeAddress(address: IfAddress): void {
  const ifp = changetype<Interface>(address.ifp);
  if (address.previous != 0) changetype<IfAddress>(address.previous).next = address.next;
  else ifp.addresses = address.next;
  if (address.next != 0) changetype<IfAddress>(address.next).previous = address.previous;
  else ifp.lastAddress = address.previous;
}

export function findAddress(ifp: Interface, family: u32, high: u64, low: u64): IfAddress | null {
  for (let entry = ifp.addresses; entry != 0; entry = changetype<IfAddress>(entry).next) {
    const a = changetype<IfAddress>(entry);
    if (a.family == family && a.high == high && a.low == low) return a;
  }
  return null;
}

/** Whether a destination lies in an address's network. */
export function holds(address: IfAddress, high: u64, low: u64): bool {
  const bits = address.prefixLength;
  return ((address.high ^ high) & maskHigh(bits)) == 0 && ((address.low ^ low) & maskLow(bits)) == 0;
}

function isPeer(address: IfAddress, high: u64, low: u64): bool {
  return address.hasPeer && address.peerHigh == high && address.peerLow == low;
}

/** The address of an interface that suits a destination best: one whose network holds it, else the family's first. */
export function addressFor(ifp: Interface, family: u32, high: u64, low: u64): IfAddress | null {
  let first: IfAddress | null = null;
  for (let entry = ifp.addresses; entry != 0; entry = changetype<IfAddress>(entry).next) {
    const a = changetype<IfAddress>(entry);
    if (a.family != family) continue;
    if (ifp.isPointToPoint ? isPeer(a, high, low) : holds(a, high, low)) return a;
    if (first == null) first = a;
  }
  return first;
}

/** The address of a point-to-point interface of a fib whose peer is the destination (ifa_ifwithdstaddr). */
export function addressOfPeer(fib: u32, family: u32, high: u64, low: u64): IfAddress | null {
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    const ifp = changetype<Interface>(at);
    if (!ifp.isPointToPoint || ifp.fib != fib) continue;
    for (let entry = ifp.addresses; entry != 0; entry = changetype<IfAddress>(entry).next) {
      const a = changetype<IfAddress>(entry);
      if (a.family == family && isPeer(a, high, low)) return a;
    }
  }
  return null;
}

/** The address of any interface that is the destination itself (ifa_ifwithaddr). */
export function addressEqual(family: u32, high: u64, low: u64): IfAddress | null {
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    const ifp = changetype<Interface>(at);
    const address = findAddress(ifp, family, high, low);
    if (address != null) return address;
  }
  return null;
}

/** The address of a fib's interfaces whose network holds a destination; the longest prefix wins, then the first. */
export function addressWithin(fib: u32, family: u32, high: u64, low: u64): IfAddress | null {
  let best: IfAddress | null = null;
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    const ifp = changetype<Interface>(at);
    if (ifp.fib != fib) continue;
    for (let entry = ifp.addresses; entry != 0; entry = changetype<IfAddress>(entry).next) {
      const a = changetype<IfAddress>(entry);
      if (a.family != family) continue;
      if (ifp.isPointToPoint) {
        if (isPeer(a, high, low)) return a;
        continue;
      }
      if (holds(a, high, low) && (best == null || a.prefixLength > best.prefixLength)) best = a;
    }
  }
  return best;
}

/** The same address on another interface of the fib, or null. */
export function addressEqualElsewhere(address: IfAddress): IfAddress | null {
  const fib = changetype<Interface>(address.ifp).fib;
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    const ifp = changetype<Interface>(at);
    if (at == address.ifp || ifp.fib != fib) continue;
    const equal = findAddress(ifp, address.family, address.high, address.low);
    if (equal != null) return equal;
  }
  return null;
}

/** Another address of the same network, of an interface that is up, to take over its prefix route (netinet/in.c). */
export function addressOfSameNetwork(address: IfAddress): IfAddress | null {
  const fib = changetype<Interface>(address.ifp).fib;
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    const ifp = changetype<Interface>(at);
    if (ifp.fib != fib || !ifp.isUp || (ifp.isLoopback && address.family == AF.INET)) continue;
    for (let entry = ifp.addresses; entry != 0; entry = changetype<IfAddress>(entry).next) {
      const a = changetype<IfAddress>(entry);
      if (a != address && a.family == address.family && a.prefixLength == address.prefixLength && !a.hasPeer) {
        if (holds(a, address.high, address.low)) return a;
      }
    }
  }
  return null;
}
