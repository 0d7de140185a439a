// Ribs: the routes of one fib and family (net/route/route_tables.c, route_var.h struct rib_head).
//   ribOf          the rib of a fib and family; null for a family without table or a fib beyond net.fibs
//   findRoute, longestPrefix
//   RoutePayload   what a route points to: a nexthop or a group with a weight, shared by all routes that have both alike
// A route is its entry in the tree (btree.ts): place and payload index. Payload 0 stands for "no route".

import { AF } from "../abi/inet";
import { allocateBlock, giveBlock, orderOf } from "../mem/block";
import { HashTable } from "../mem/hash";
import { Indices } from "../mem/indices";
import { Slab, take } from "../mem/slab";
import { addressBits, maskHigh, maskLow } from "./address";
import {
  Entry4, Entry6, PAYLOAD_BITS, PAYLOAD_MASK, Tree, before, current, entryBefore, seek, settle,
} from "./btree";
import { Callout } from "./clock";

/** Families that have tables: AF_INET and AF_INET6. */
const FAMILIES: u32 = 2;
/** Payloads that a rib's first table holds. */
const PAYLOADS_MIN: u32 = 16;

@unmanaged
export class RoutePayload {
  /** NexthopHead; 0 = the place is not in use, and `next` links the free ones. */
  nexthop: usize;
  weight: u32;
  /** Routes in the table that have it. */
  routes: u32;
  /** Others that need it to stay: changes under way, walks that show an old state. */
  held: u32;
  /** The next payload of the same nexthop, 0 at the end. */
  next: u32;
}

@unmanaged
export class Rib {
  tree: usize;
  fib: u32;
  family: u32;
  payloads: usize;
  payloadCapacity: u32;
  /** Payloads ever used; index 0 never is. */
  payloadTop: u32;
  payloadFree: u32;
  payloadCount: u32;
  /** GappedRoute list: routes that the tree cannot hold (gappedroutes.ts). */
  gapped: usize;
  gappedCount: u32;
  /** Walks under way: RibWalk list. */
  walks: usize;
  /** Routes whose nexthop expires (route_temporal.c). */
  expiring: u32;
  /** HashTable: the kernel nexthops whose neighbours are of this family. */
  nexthopBuckets: usize;
  nexthopSize: u32;
  nexthopCount: u32;
  /** Indices: RTA_KNH_ID. */
  indexWords: usize;
  indexWordCount: u32;
  indexFirstFree: u32;
  indexInUse: u32;
  /** HashTable: the groups of those nexthops. */
  groupBuckets: usize;
  groupSize: u32;
  groupCount: u32;
  /** Groups taken ahead for a sweep (nhshrink.ts). */
  spares: usize;
  /** Callout of the next expiry. */
  expiryDueMs: u64;
  expiryNext: usize;
  expiryRun: usize;
  expiryOwner: usize;

  get routes(): Tree {
    return changetype<Tree>(this.tree);
  }
  get nexthops(): HashTable {
    return changetype<HashTable>(changetype<usize>(this) + offsetof<Rib>("nexthopBuckets"));
  }
  get groups(): HashTable {
    return changetype<HashTable>(changetype<usize>(this) + offsetof<Rib>("groupBuckets"));
  }
  get indices(): Indices {
    return changetype<Indices>(changetype<usize>(this) + offsetof<Rib>("indexWords"));
  }
  get expiry(): Callout {
    return changetype<Callout>(changetype<usize>(this) + offsetof<Rib>("expiryDueMs"));
  }
  payload(index: u32): RoutePayload {
    assert(index != 0 && index < this.payloadTop, "a payload index comes from its rib");
    return changetype<RoutePayload>(this.payloads + index * offsetof<RoutePayload>());
  }
}

if (offsetof<Rib>("nexthopCount") - offsetof<Rib>("nexthopBuckets") != offsetof<HashTable>("count")) ERROR("HashTable");
if (offsetof<Rib>("groupCount") - offsetof<Rib>("groupBuckets") != offsetof<HashTable>("count")) ERROR("HashTable");
if (offsetof<Rib>("indexInUse") - offsetof<Rib>("indexWords") != offsetof<Indices>("inUse")) ERROR("Indices");
if (offsetof<Rib>("expiryOwner") - offsetof<Rib>("expiryDueMs") != offsetof<Callout>("owner")) ERROR("Callout");

@unmanaged
class Ribs {
  table: usize;
  fibs: u32;
}

const ribs = changetype<Ribs>(memory.data(offsetof<Ribs>(), 16));
const trees = changetype<Slab>(memory.data(offsetof<Slab>(), 16));

/** Makes the ribs of net.fibs fibs, at boot; false without memory. */
export function bootRibs(fibs: u32): bool {
  const bytes = fibs * FAMILIES * offsetof<Rib>();
  const table = allocateBlock(orderOf(bytes));
  if (table == 0) return false;
  memory.fill(table, 0, bytes);
  for (let i: u32 = 0; i < fibs * FAMILIES; i++) {
    const rib = changetype<Rib>(table + i * offsetof<Rib>());
    rib.fib = i / FAMILIES;
    rib.family = i % FAMILIES == 0 ? AF.INET : AF.INET6;
    rib.tree = take<Tree>(trees);
    if (rib.tree == 0) return false;
  }
  ribs.table = table;
  ribs.fibs = fibs;
  return true;
}

/** net.fibs */
export function fibCount(): u32 {
  return ribs.fibs;
}

export function ribOf(fib: u32, family: u32): Rib | null {
  if (fib >= ribs.fibs) return null;
  if (family == AF.INET) return changetype<Rib>(ribs.table + fib * FAMILIES * offsetof<Rib>());
  if (family == AF.INET6) return changetype<Rib>(ribs.table + (fib * FAMILIES + 1) * offsetof<Rib>());
  return null;
}

// An entry's words, for a place and a payload.
@inline
export function word0(rib: Rib, high: u64, bits: u32, payload: u32): u64 {
  return rib.family == AF.INET ? high | (<u64>(32 - bits) << PAYLOAD_BITS) | payload : high;
}
@inline
export function word2(bits: u32, payload: u32): u64 {
  return (<u64>(128 - bits) << PAYLOAD_BITS) | payload;
}

/** The high word of the place of the entry at `entry`. */
export function entryHigh(rib: Rib, entry: usize): u64 {
  const word = load<u64>(entry);
  return rib.family == AF.INET ? word & 0xffffffff00000000 : word;
}
export function entryLow(rib: Rib, entry: usize): u64 {
  return rib.family == AF.INET ? 0 : load<u64>(entry, 8);
}
export function entryBits(rib: Rib, entry: usize): u32 {
  return rib.family == AF.INET
    ? 32 - (<u32>(load<u64>(entry) >> PAYLOAD_BITS) & 63)
    : 128 - <u32>(load<u64>(entry, 16) >> PAYLOAD_BITS);
}
export function entryPayload(rib: Rib, entry: usize): u32 {
  return <u32>((rib.family == AF.INET ? load<u64>(entry) : load<u64>(entry, 16)) & PAYLOAD_MASK);
}

/** Puts a tree of this rib's kind at the first entry whose place is not before (high, low, bits). */
export function seekPlace(rib: Rib, tree: Tree, high: u64, low: u64, bits: u32, payload: u32): void {
  if (rib.family == AF.INET) seek<Entry4>(tree, word0(rib, high, bits, payload), 0, 0);
  else seek<Entry6>(tree, high, low, word2(bits, payload));
}

/** The entry of exactly this place in a tree of this rib's kind, with the position on it; 0 when there is none. */
export function findPlace(rib: Rib, tree: Tree, high: u64, low: u64, bits: u32): usize {
  seekPlace(rib, tree, high, low, bits, 0);
  const entry = rib.family == AF.INET ? current<Entry4>(tree) : current<Entry6>(tree);
  if (entry == 0) return 0;
  if (rib.family == AF.INET) return (load<u64>(entry) ^ word0(rib, high, bits, 0)) <= PAYLOAD_MASK ? entry : 0;
  if (load<u64>(entry) != high || load<u64>(entry, 8) != low) return 0;
  return (load<u64>(entry, 16) ^ word2(bits, 0)) <= PAYLOAD_MASK ? entry : 0;
}

/** The entry of a route, or 0; the rib's position is where the route is or belongs. */
export function findRoute(rib: Rib, high: u64, low: u64, bits: u32): usize {
  return findPlace(rib, rib.routes, high, low, bits);
}

/**
 * The entry of the longest prefix that holds an address, or 0.
 *
 * Of the prefixes that begin at the address itself the first in order is the longest. Else any match begins before it:
 * either at the address of the entry before the place, if that holds the address; or its common bits with it bound the
 * match's length, since a match holds everything between its own address and the one looked for.
 */
export function longestPrefix(rib: Rib, high: u64, low: u64): usize {
  const tree = rib.routes;
  let bits = addressBits(rib.family);
  let h = high;
  let l = low;
  while (true) {
    seekPlace(rib, tree, h, l, bits, 0);
    const previous = rib.family == AF.INET ? before<Entry4>(tree) : before<Entry6>(tree);
    const entry = rib.family == AF.INET ? settle<Entry4>(tree) : settle<Entry6>(tree);
    if (entry != 0 && entryHigh(rib, entry) == h && entryLow(rib, entry) == l) return entry;
    if (previous == 0) return 0;
    const common = commonBits(entryHigh(rib, previous) ^ high, entryLow(rib, previous) ^ low);
    if (common >= entryBits(rib, previous)) return longestAt(rib, previous, common);
    // The entry before may stand at the same address with a longer mask: then a match begins at a lower address, which
    // only a length below the last set bit gives.
    let length = min(common, bits - 1);
    if (entryHigh(rib, previous) == h && entryLow(rib, previous) == l) {
      if (h == 0 && l == 0) return 0;
      length = min(length, l != 0 ? 127 - <u32>ctz<u64>(l) : 63 - <u32>ctz<u64>(h));
    }
    bits = length;
    h = high & maskHigh(bits);
    l = low & maskLow(bits);
  }
  return 0;
}

/** Of the entries at the address of `entry`, the first with at most `bits` bits; `entry` is the last of them. */
function longestAt(rib: Rib, entry: usize, bits: u32): usize {
  const high = entryHigh(rib, entry);
  const low = entryLow(rib, entry);
  const other = rib.family == AF.INET ? entryBefore<Entry4>(entry) : entryBefore<Entry6>(entry);
  if (other != 0 && (entryHigh(rib, other) != high || entryLow(rib, other) != low)) return entry;
  seekPlace(rib, rib.routes, high, low, bits, 0);
  return rib.family == AF.INET ? settle<Entry4>(rib.routes) : settle<Entry6>(rib.routes);
}

function commonBits(high: u64, low: u64): u32 {
  return high != 0 ? <u32>clz<u64>(high) : 64 + <u32>clz<u64>(low);
}

/** A place for a payload, not in use before fillPayload; 0 without memory. */
export function takePayload(rib: Rib): u32 {
  let index = rib.payloadFree;
  if (index != 0) {
    rib.payloadFree = changetype<RoutePayload>(rib.payloads + index * offsetof<RoutePayload>()).next;
  } else {
    if (rib.payloadTop >= rib.payloadCapacity && !growPayloads(rib)) return 0;
    index = rib.payloadTop++;
  }
  const payload = rib.payload(index);
  payload.nexthop = 0;
  payload.routes = 0;
  payload.held = 0;
  payload.next = 0;
  rib.payloadCount++;
  return index;
}

function growPayloads(rib: Rib): bool {
  const capacity = max(rib.payloadCapacity << 1, PAYLOADS_MIN);
  if (<u64>capacity > PAYLOAD_MASK) return false;
  const table = allocateBlock(orderOf(capacity * offsetof<RoutePayload>()));
  if (table == 0) return false;
  if (rib.payloadCapacity != 0) {
    memory.copy(table, rib.payloads, rib.payloadTop * offsetof<RoutePayload>());
    giveBlock(rib.payloads, orderOf(rib.payloadCapacity * offsetof<RoutePayload>()));
  } else {
    rib.payloadTop = 1;
  }
  rib.payloads = table;
  rib.payloadCapacity = capacity;
  return true;
}

export function freePayload(rib: Rib, index: u32): void {
  const payload = rib.payload(index);
  assert(payload.routes == 0 && payload.held == 0, "a payload is freed when nothing has it");
  payload.nexthop = 0;
  payload.next = rib.payloadFree;
  rib.payloadFree = index;
  rib.payloadCount--;
}

/** Routes of all ribs. */
export function routeCount(): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < ribs.fibs * FAMILIES; i++) {
    const rib = changetype<Rib>(ribs.table + i * offsetof<Rib>());
    count += rib.routes.count + rib.gappedCount;
  }
  return count;
}
