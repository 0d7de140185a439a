// The prefixes of links (netinet6/nd6.h, struct nd_prefix; nd6_rtr.c, V_nd_prefix): every IPv6 address brings the prefix of
// its network, and routers advertise more. A prefix is of one interface; its route is in prefixroute.ts.
//   takePrefix, linkPrefix   a record, onto the list, newest first; unlinkPrefix, freePrefix
//   findPrefix               of an interface, by network and length
//   setLifetimes, extendLifetimes
//   addRouter, dropRouter, advertises   the routers that advertise it

import { Slab, give, take } from "../mem/slab";
import { maskHigh, maskLow } from "./address";
import { uptimeSeconds } from "./clock";
import { Interface } from "./ifnet";

/** A lifetime without end (ND6_INFINITE_LIFETIME). */
export const FOREVER: u32 = 0xffffffff;

/** The route of a prefix in one fib, while it is added or removed (prefixroute.ts). */
@unmanaged
export class PrefixRoute {
  /** Payload that it displaced, held; 0 = none. */
  displaced: u32;
  /** Payload of the prefix that takes its place, held; 0 = none. */
  heir: u32;
  isAdded: bool;
}

@unmanaged
export class Prefix {
  next: usize;
  previous: usize;
  /** Interface. */
  ifp: usize;
  bits: u32;
  /** Addresses that are of it (ndpr_addrcnt). */
  addresses: u32;
  /** The network, with an embedded zone where it is link-local. */
  high: u64;
  low: u64;
  /** Seconds, counted from `updatedSeconds`; FOREVER = without end. */
  validSeconds: u32;
  preferredSeconds: u32;
  /** Uptime in seconds. */
  updatedSeconds: u32;
  /** PrefixRouter list, newest first. */
  routers: usize;
  /** Uptime second at which it was to end when its lifetimes were last set; 0 = never (ndpr_expire, ndpr_preferred). */
  validUntil: u64;
  preferredUntil: u64;
  /** It is to have a route (ndpr_raf_onlink); addresses may be made of it (ndpr_raf_auto). */
  isForLink: bool;
  isAutonomous: bool;
  /** Its route is in the table on its behalf (NDPRF_ONLINK). */
  isOnLink: bool;
  /** No router that advertises it can be reached, while others can (NDPRF_DETACHED). */
  isDetached: bool;
  isLinked: bool;
  /** It came with an address that nobody was told of yet. */
  isFresh: bool;
  /** What removing its route needs was taken (prefixroute.ts). */
  isStaged: bool;
  /** The Prefix that was staged to take its place; 0 = none. */
  heir: usize;
  /** Fibs that its route is in: 1, its interface's, or all of them; 0 while it is on no link. */
  fibs: u32;
  /** PrefixRoute of each of them: the one here, or a block. */
  networks: usize;
  ownDisplaced: u32;
  ownHeir: u32;
  ownIsAdded: bool;

  get home(): Interface {
    return changetype<Interface>(this.ifp);
  }
  get ownNetwork(): usize {
    return changetype<usize>(this) + offsetof<Prefix>("ownDisplaced");
  }
  /** Whether its valid lifetime is over. */
  get isOver(): bool {
    return this.validSeconds != FOREVER && uptimeSeconds() - this.updatedSeconds > this.validSeconds;
  }
}

if (offsetof<Prefix>("ownHeir") - offsetof<Prefix>("ownDisplaced") != offsetof<PrefixRoute>("heir")) ERROR("PrefixRoute");
if (offsetof<Prefix>("ownIsAdded") - offsetof<Prefix>("ownDisplaced") != offsetof<PrefixRoute>("isAdded")) ERROR("PrefixRoute");

/** A router that advertises a prefix (struct nd_pfxrouter). */
@unmanaged
export class PrefixRouter {
  next: usize;
  /** Router. */
  router: usize;
}

@unmanaged
class Prefixes {
  first: usize;
}

const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));
const routerSlab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));
const prefixes = changetype<Prefixes>(memory.data(offsetof<Prefixes>(), 16));

/** The newest Prefix of the vnet, 0 = none; each leads to its next. */
export function firstPrefix(): usize {
  return prefixes.first;
}

/** Records in use, of prefixes and of the routers that advertise them. */
export function prefixCount(): u32 {
  return slab.inUse;
}
export function prefixRouterCount(): u32 {
  return routerSlab.inUse;
}

/** A record that is on no list yet, with lifetimes; 0 without memory. */
export function takePrefix(ifp: Interface, high: u64, low: u64, bits: u32, preferred: u32, valid: u32): usize {
  const record = take<Prefix>(slab);
  if (record == 0) return 0;
  const prefix = changetype<Prefix>(record);
  prefix.ifp = changetype<usize>(ifp);
  prefix.bits = bits;
  prefix.high = high & maskHigh(bits);
  prefix.low = low & maskLow(bits);
  setLifetimes(prefix, preferred, valid);
  return record;
}

export function linkPrefix(prefix: Prefix): void {
  const record = changetype<usize>(prefix);
  prefix.isLinked = true;
  prefix.previous = 0;
  prefix.next = prefixes.first;
  if (prefixes.first != 0) changetype<Prefix>(prefixes.first).previous = record;
  prefixes.first = record;
}

/** Takes a prefix off the list; it stays as it is until freed. */
export function unlinkPrefix(prefix: Prefix): void {
  prefix.isLinked = false;
  if (prefix.previous != 0) changetype<Prefix>(prefix.previous).next = prefix.next;
  else prefixes.first = prefix.next;
  if (prefix.next != 0) changetype<Prefix>(prefix.next).previous = prefix.previous;
}

export function freePrefix(prefix: Prefix): void {
  assert(prefix.addresses == 0 && !prefix.isLinked && prefix.fibs == 0, "a prefix is freed when nobody needs it");
  while (prefix.routers != 0) {
    const entry = changetype<PrefixRouter>(prefix.routers);
    prefix.routers = entry.next;
    give<PrefixRouter>(routerSlab, changetype<usize>(entry));
  }
  give<Prefix>(slab, changetype<usize>(prefix));
}

/** @param high - with an embedded zone where it is link-local; bits beyond the length do not count */
export function findPrefix(ifp: Interface, high: u64, low: u64, bits: u32): Prefix | null {
  for (let at = prefixes.first; at != 0; at = changetype<Prefix>(at).next) {
    const prefix = changetype<Prefix>(at);
    if (prefix.ifp == changetype<usize>(ifp) && prefix.bits == bits && covers(prefix, high, low)) return prefix;
  }
  return null;
}

export function hasPrefix(ifp: Interface): bool {
  for (let at = prefixes.first; at != 0; at = changetype<Prefix>(at).next) {
    if (changetype<Prefix>(at).ifp == changetype<usize>(ifp)) return true;
  }
  return false;
}

/** Whether an address lies in a prefix. */
export function covers(prefix: Prefix, high: u64, low: u64): bool {
  return ((prefix.high ^ high) & maskHigh(prefix.bits)) == 0 && ((prefix.low ^ low) & maskLow(prefix.bits)) == 0;
}

export function isSameNetwork(left: Prefix, right: Prefix): bool {
  return left.bits == right.bits && left.high == right.high && left.low == right.low;
}

/** The uptime second at which a lifetime that begins now is over; 0 = never (in6_expire_time). */
function endOf(seconds: u32): u64 {
  return seconds == FOREVER ? 0 : <u64>uptimeSeconds() + seconds;
}

/** in6_init_prefix_ltimes */
export function setLifetimes(prefix: Prefix, preferred: u32, valid: u32): void {
  prefix.preferredSeconds = preferred;
  prefix.validSeconds = valid;
  prefix.preferredUntil = endOf(preferred);
  prefix.validUntil = endOf(valid);
  prefix.updatedSeconds = uptimeSeconds();
}

/** An address of the prefix was added or renewed: its lifetimes make the prefix's longer, never shorter (in6_addifaddr). */
export function extendLifetimes(prefix: Prefix, preferred: u32, valid: u32): void {
  if (!prefix.isForLink) return;
  const preferredUntil = endOf(preferred);
  if (prefix.preferredUntil != 0 && (preferredUntil == 0 || preferredUntil > prefix.preferredUntil)) {
    prefix.preferredSeconds = preferred;
    prefix.preferredUntil = preferredUntil;
  }
  const validUntil = endOf(valid);
  if (prefix.validUntil != 0 && (validUntil == 0 || validUntil > prefix.validUntil)) {
    prefix.validSeconds = valid;
    prefix.validUntil = validUntil;
  }
  prefix.updatedSeconds = uptimeSeconds();
}

/** Whether a router is known to advertise a prefix (pfxrtr_lookup). */
export function advertises(prefix: Prefix, router: usize): bool {
  for (let at = prefix.routers; at != 0; at = changetype<PrefixRouter>(at).next) {
    if (changetype<PrefixRouter>(at).router == router) return true;
  }
  return false;
}

/** Notes that a router advertises a prefix (pfxrtr_add); whether that is new. Without memory it is not noted. */
export function addRouter(prefix: Prefix, router: usize): bool {
  if (advertises(prefix, router)) return false;
  const record = take<PrefixRouter>(routerSlab);
  if (record == 0) return false;
  const entry = changetype<PrefixRouter>(record);
  entry.router = router;
  entry.next = prefix.routers;
  prefix.routers = record;
  return true;
}

/** A router goes: no prefix knows it any more. */
export function dropRouter(router: usize): void {
  for (let at = prefixes.first; at != 0; at = changetype<Prefix>(at).next) {
    let link = at + offsetof<Prefix>("routers");
    while (load<usize>(link) != 0) {
      const entry = changetype<PrefixRouter>(load<usize>(link));
      if (entry.router != router) {
        link = changetype<usize>(entry) + offsetof<PrefixRouter>("next");
        continue;
      }
      store<usize>(link, entry.next);
      give<PrefixRouter>(routerSlab, changetype<usize>(entry));
    }
  }
}
