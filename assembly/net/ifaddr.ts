// Addresses of interfaces (net/if_var.h struct ifaddr, netinet/in_var.h, netinet6/in6_var.h).
//   appendAddress, removeAddress   the list of an interface and that of all addresses, both in order of addition
//   findAddress                    one of an interface's own
//   addressFor                     the best source on an interface for a destination (ifaof_ifpforaddr)
//   addressWithin                  the address whose network holds a destination (ifa_ifwithnet)

import { CARP_STATE } from "../abi/carp";
import { Slab, give, take } from "../mem/slab";
import { maskHigh, maskLow } from "./address";
import { VirtualHost } from "./carp";
import { Callout } from "./clock";
import { Interface, firstInterface } from "./ifnet";

/** The route of an address's network in one fib, while it is added or removed (ifroutes.ts). */
@unmanaged
export class NetworkRoute {
  /** Payload that it displaced, held; 0 = none. */
  displaced: u32;
  /** Payload of the address that takes it over, held; 0 = none. */
  heir: u32;
  /** Likewise of the one that takes it over when all addresses of the interface go. */
  heirElsewhere: u32;
  isAdded: bool;
}

@unmanaged
export class IfAddress {
  next: usize;
  previous: usize;
  /** Of all addresses of the vnet (V_in_ifaddrhead, V_in6_ifaddrhead). */
  nextOfAll: usize;
  previousOfAll: usize;
  /** Interface. */
  ifp: usize;
  family: u32;
  prefixLength: u32;
  high: u64;
  low: u64;
  /** Point to point: the peer. */
  peerHigh: u64;
  peerLow: u64;
  /** IPv4 on broadcast interfaces, as the upper half of a high word. */
  broadcast: u64;
  /** IN6_IFF_* */
  flags: u32;
  /** Lifetimes in seconds as configured; 0xffffffff = for ever. IPv6 only. */
  preferredSeconds: u32;
  validSeconds: u32;
  /** Uptime in seconds. */
  createdSeconds: u32;
  updatedSeconds: u32;
  /** Multicast groups that it has joined (membership.ts). */
  ownGroups: u32;
  /** IPv6: the Prefix that it is of; 0 = none (ia6_ndpr). */
  prefix: usize;
  /** The VirtualHost that it is attached to, or about to be; 0 = none (ifa_carp; carp.ts). */
  virtualHost: usize;
  isVirtual: bool;
  /** IPv4: its prefix route, or that of its network, is in the table on its behalf; IPv6: its peer's is (IFA_ROUTE). */
  hasPrefixRoute: bool;
  hasPeer: bool;
  /** Whether no interface has it any more, and it waits for the last nexthop of which it is the source. */
  isGone: bool;
  /** Nexthops of which it is the source. */
  references: u32;
  /** Duplicate address detection (inet6.ts): the next probe's callout, probes tried and sent, answers of another owner. */
  dadDueMs: u64;
  dadNext: usize;
  dadRun: usize;
  dadOwner: usize;
  dadTries: u32;
  dadProbes: u32;
  dadAnswers: u32;
  /** While it is added: the Neighbour that it will be of itself; 0 = none. */
  ownNeighbour: usize;
  // While routes are added or removed (ifroutes.ts): what is new and what it displaced, and who takes over.
  /** Fibs that its network's route is in: 1, its interface's, or all of them. */
  fibs: u32;
  /** NetworkRoute of each of them: the one here, or a block. */
  networks: usize;
  networkDisplaced: u32;
  networkHeir: u32;
  networkHeirElsewhere: u32;
  networkIsAdded: bool;
  /** stageRemoval was for it. */
  isStaged: bool;
  addedHost: bool;
  isRaised: bool;
  displacedHost: u32;
  stagedEqual: u32;

  /** 0 = not attached (carp_get_vhid). */
  get vhid(): u32 {
    return this.isVirtual ? changetype<VirtualHost>(this.virtualHost).vhid : 0;
  }
  get isMaster(): bool {
    return this.isVirtual && changetype<VirtualHost>(this.virtualHost).state == CARP_STATE.MASTER;
  }
  /** This host answers for it: its own, or of a virtual host that is master (carp_iamatch). */
  get isHeld(): bool {
    return !this.isVirtual || this.isMaster;
  }
  get dad(): Callout {
    return changetype<Callout>(changetype<usize>(this) + offsetof<IfAddress>("dadDueMs"));
  }
  get ownNetwork(): usize {
    return changetype<usize>(this) + offsetof<IfAddress>("networkDisplaced");
  }
}

if (offsetof<IfAddress>("dadOwner") - offsetof<IfAddress>("dadDueMs") != offsetof<Callout>("owner")) ERROR("Callout");
if (offsetof<IfAddress>("networkHeir") - offsetof<IfAddress>("networkDisplaced") != offsetof<NetworkRoute>("heir")) ERROR("NetworkRoute");
if (offsetof<IfAddress>("networkIsAdded") - offsetof<IfAddress>("networkDisplaced") != offsetof<NetworkRoute>("isAdded")) ERROR("NetworkRoute");

@unmanaged
class Addresses {
  first: usize;
  last: usize;
  /** Addresses that are gone but for nexthops. */
  waiting: u32;
}

const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));
const all = changetype<Addresses>(memory.data(offsetof<Addresses>(), 16));

/** An address that no interface has yet; 0 without memory. */
export function allocateAddress(): usize {
  return take<IfAddress>(slab);
}

/** Frees an address that no list has; one that nexthops know as their source waits for them, as FreeBSD's ifaddr does. */
export function freeAddress(address: IfAddress): void {
  address.isGone = true;
  if (address.references != 0) {
    all.waiting++;
    return;
  }
  give<IfAddress>(slab, changetype<usize>(address));
}

/** Keeps an address for a nexthop (ifa_ref). */
export function holdAddress(address: IfAddress): void {
  address.references++;
}

/** Ends what holdAddress began (ifa_free). */
export function releaseAddress(address: IfAddress): void {
  if (--address.references != 0 || !address.isGone) return;
  all.waiting--;
  give<IfAddress>(slab, changetype<usize>(address));
}

/** Addresses of interfaces; those that wait to be freed do not count. */
export function addressCount(): u32 {
  return slab.inUse - all.waiting;
}

/** The first IfAddress of the vnet in order of addition, 0 = none; each leads to its nextOfAll. */
export function firstAddress(): usize {
  return all.first;
}

export function appendAddress(ifp: Interface, address: IfAddress): void {
  const record = changetype<usize>(address);
  address.ifp = changetype<usize>(ifp);
  address.previous = ifp.lastAddress;
  if (ifp.lastAddress != 0) changetype<IfAddress>(ifp.lastAddress).next = record;
  else ifp.addresses = record;
  ifp.lastAddress = record;
  address.previousOfAll = all.last;
  if (all.last != 0) changetype<IfAddress>(all.last).nextOfAll = record;
  else all.first = record;
  all.last = record;
}

/** Takes an address out of its lists; it stays valid until freed. */
export function removeAddress(address: IfAddress): void {
  const ifp = changetype<Interface>(address.ifp);
  if (address.previous != 0) changetype<IfAddress>(address.previous).next = address.next;
  else ifp.addresses = address.next;
  if (address.next != 0) changetype<IfAddress>(address.next).previous = address.previous;
  else ifp.lastAddress = address.previous;
  if (address.previousOfAll != 0) changetype<IfAddress>(address.previousOfAll).nextOfAll = address.nextOfAll;
  else all.first = address.nextOfAll;
  if (address.nextOfAll != 0) changetype<IfAddress>(address.nextOfAll).previousOfAll = address.previousOfAll;
  else all.last = address.previousOfAll;
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

/**
 * Whether an address is a better source than another one: the host's own before a virtual one, of those the master's
 * (net/if.c, ifa_preferred).
 */
function isPreferred(address: IfAddress, over: IfAddress): bool {
  return over.isVirtual && (!address.isVirtual || (address.isMaster && !over.isMaster));
}

/**
 * The address of a fib's interfaces whose network holds a destination: one that is preferred, or has a longer prefix,
 * replaces what was found before (ifa_ifwithnet).
 */
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
      if (!holds(a, high, low)) continue;
      if (best == null || isPreferred(a, best) || a.prefixLength > best.prefixLength) best = a;
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
