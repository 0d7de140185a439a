// Neighbours: who has which link-layer address on an interface (net/if_llatbl.c, struct llentry and struct lltable).
//   hasTable                         whether an interface keeps neighbours of a family
//   takeNeighbour, freeNeighbour     an entry that is in no table yet, or no more
//   link, unlink, findNeighbour      the table: 32 buckets, newest first in each
//   purgePrefix, purgeNetwork, purgeInterface   many go, in silence
// arp.ts and nd.ts are the state machines; ownneighbour.ts keeps the entries of an interface's own addresses.

import { IFT } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { allocateBlock, giveBlock, orderOf } from "../mem/block";
import { Slab, give, take } from "../mem/slab";
import { maskHigh, maskLow } from "./address";
import { Callout, stopCallout, uptimeSeconds } from "./clock";
import { IfAddress } from "./ifaddr";
import { Interface, firstInterface } from "./ifnet";

/** Flags of an entry (net/if_llatbl.h). */
export const enum LLE {
  STATIC = 0x2,
  IFADDR = 0x4,
  VALID = 0x8,
  REDIRECT = 0x10,
  PUB = 0x20,
  LINKED = 0x40,
}

/** State of an IPv6 entry (netinet6/nd6.h, ND6_LLINFO_*). */
export const enum NdState {
  NOSTATE = -2,
  INCOMPLETE = 0,
  REACHABLE = 1,
  STALE = 2,
  DELAY = 3,
  PROBE = 4,
}

// Neighbour: its callout first, then what it is.
@unmanaged
export class Neighbour {
  timerDueMs: u64;
  timerNext: usize;
  timerRun: usize;
  timerOwner: usize;
  /** The next of the bucket. */
  next: usize;
  /** Interface. */
  ifp: usize;
  family: u32;
  /** ArpState or NdState. */
  state: i32;
  high: u64;
  low: u64;
  /** As its bytes lie in a message, lladdrBytes of its interface. */
  lladdr: u64;
  /** LLE_* */
  flags: u32;
  /** Requests sent since it was last confirmed. */
  asked: u32;
  /** ARP: requests left before its end. */
  preempt: u32;
  /** Uptime second of its last use that somebody asked for; 0 = none. */
  usedSeconds: u32;
  /** Uptime second of its next change, 0 = none. What a request sets may lie before boot. */
  expireSeconds: i64;
  /** ND: what is left of a stale entry's time when its timer runs next. */
  remainingMs: u64;
  /** Its link-layer address is known; unlike LLE.VALID it stays so when the entry leaves its table (RLLE_VALID). */
  hasLladdr: bool;
  isRouter: bool;
  /** The next packet notes the time (r_skip_req). */
  wantsFeedback: bool;
  /** Packets wait for its address. */
  holdsPackets: bool;
  /** Its timer is running now, and holds a reference as a timer that is set does. */
  runsTimer: bool;

  get timer(): Callout {
    return changetype<Callout>(changetype<usize>(this));
  }
  get home(): Interface {
    return changetype<Interface>(this.ifp);
  }
  has(flag: u32): bool {
    return (this.flags & flag) != 0;
  }
  /** lle_refcnt: the table's reference, and the timer's. */
  get references(): u32 {
    return this.timerDueMs != 0 || this.runsTimer ? 2 : 1;
  }
}

if (offsetof<Neighbour>("timerOwner") != offsetof<Callout>("owner")) ERROR("Callout");

/** Buckets of a table (netinet/in.c, IN_LLTBL_DEFAULT_HSIZE). */
export const BUCKETS: u32 = 32;
/** An interface's block: the buckets of IPv4, then those of IPv6. */
const BLOCK_BYTES: u32 = BUCKETS * 2 * 4;

const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));

export function neighbourCount(): u32 {
  return slab.inUse;
}

/** netinet6/in6.c, in6_domifattach: some interfaces have no IPv6; every one has IPv4. */
export function hasTable(ifp: Interface, family: u32): bool {
  if (family == AF.INET) return true;
  return family == AF.INET6 && ifp.type != IFT.PFLOG && ifp.type != IFT.PFSYNC;
}

/** An interface's buckets are there while it has entries, linked or not. */
function holdTables(ifp: Interface): bool {
  if (ifp.neighbours == 0) {
    const block = allocateBlock(orderOf(BLOCK_BYTES));
    if (block == 0) return false;
    memory.fill(block, 0, BLOCK_BYTES);
    ifp.neighbours = block;
  }
  ifp.neighbourCount++;
  return true;
}

function releaseTables(ifp: Interface): void {
  if (--ifp.neighbourCount != 0) return;
  giveBlock(ifp.neighbours, orderOf(BLOCK_BYTES));
  ifp.neighbours = 0;
}

/** Where a bucket begins; the interface has tables. */
function bucketAt(ifp: Interface, family: u32, bucket: u32): usize {
  return ifp.neighbours + ((family == AF.INET ? 0 : BUCKETS) + bucket) * sizeof<usize>();
}

/** IN_LLTBL_HASH over the address's last four bytes as they lie in memory, little endian (rtnetlink D.2.3). */
function bucketOf(family: u32, high: u64, low: u64): u32 {
  const k = bswap<u32>(family == AF.INET ? <u32>(high >> 32) : <u32>low);
  return ((((((k >> 8) ^ k) >> 8) ^ k) >> 8) ^ k) & (BUCKETS - 1);
}

/** The first Neighbour of a bucket, 0 = none; each leads to its next. */
export function firstNeighbour(ifp: Interface, family: u32, bucket: u32): usize {
  return ifp.neighbours == 0 ? 0 : load<usize>(bucketAt(ifp, family, bucket));
}

/** @param high - with an embedded zone where the address is link-local */
export function findNeighbour(ifp: Interface, family: u32, high: u64, low: u64): Neighbour | null {
  for (let at = firstNeighbour(ifp, family, bucketOf(family, high, low)); at != 0; at = changetype<Neighbour>(at).next) {
    const entry = changetype<Neighbour>(at);
    if (entry.high == high && entry.low == low) return entry;
  }
  return null;
}

/**
 * An entry that is in no table yet; 0 without memory.
 * @param flags - LLE.*; IFADDR gives it the interface's link-layer address and makes it STATIC
 */
export function takeNeighbour(ifp: Interface, family: u32, high: u64, low: u64, flags: u32): usize {
  const record = take<Neighbour>(slab);
  if (record == 0) return 0;
  if (!holdTables(ifp)) {
    give<Neighbour>(slab, record);
    return 0;
  }
  const entry = changetype<Neighbour>(record);
  entry.ifp = changetype<usize>(ifp);
  entry.family = family;
  entry.high = high;
  entry.low = low;
  entry.flags = flags;
  // An IPv4 entry begins expired, so that its first packet asks (netinet/in.c, in_lltable_new).
  if (family == AF.INET && (flags & LLE.IFADDR) == 0) entry.expireSeconds = uptimeSeconds();
  if ((flags & LLE.IFADDR) != 0) {
    entry.flags |= LLE.STATIC;
    setLladdr(entry, ifp.lladdr);
  }
  return record;
}

/** An entry that is in no table goes, and its timer. */
export function freeNeighbour(entry: Neighbour): void {
  assert(!entry.has(LLE.LINKED), "a neighbour leaves its table before it is freed");
  stopCallout(entry.timer);
  releaseTables(entry.home);
  give<Neighbour>(slab, changetype<usize>(entry));
}

export function link(entry: Neighbour): void {
  const bucket = bucketAt(entry.home, entry.family, bucketOf(entry.family, entry.high, entry.low));
  entry.next = load<usize>(bucket);
  store<usize>(bucket, changetype<usize>(entry));
  entry.flags |= LLE.LINKED;
}

/** Takes an entry out of its table; it stays as it is until freed, but for VALID. */
export function unlink(entry: Neighbour): void {
  let at = bucketAt(entry.home, entry.family, bucketOf(entry.family, entry.high, entry.low));
  while (load<usize>(at) != changetype<usize>(entry)) at = load<usize>(at) + offsetof<Neighbour>("next");
  store<usize>(at, entry.next);
  entry.flags &= ~(LLE.VALID | LLE.LINKED);
}

export function setLladdr(entry: Neighbour, lladdr: u64): void {
  entry.lladdr = lladdr;
  entry.hasLladdr = true;
  entry.flags |= LLE.VALID;
}

/** Asks the next packet to note its time (llentry_request_feedback). */
export function requestFeedback(entry: Neighbour): void {
  entry.wantsFeedback = true;
}

/** A packet goes to the neighbour (llentry_provide_feedback). */
export function provideFeedback(entry: Neighbour): void {
  if (entry.wantsFeedback) markUsed(entry);
}

export function markUsed(entry: Neighbour): void {
  entry.wantsFeedback = false;
  entry.usedSeconds = uptimeSeconds();
}

/** Uptime second of the first packet since feedback was requested; 0 = none came (llentry_get_hittime). */
export function hitSeconds(entry: Neighbour): u32 {
  return entry.wantsFeedback ? 0 : entry.usedSeconds;
}

/**
 * Entries of an address's network go from all interfaces, in silence.
 * @param isRemoval - the address goes: static entries go too, and its own
 */
export function purgePrefix(address: IfAddress, isRemoval: bool): void {
  purgeNetwork(address.family, address.high, address.low, address.prefixLength, isRemoval);
}

/**
 * Entries within a network go from all interfaces, in silence (in_lltable_match_prefix, in6_lltable_match_prefix).
 * @param high, low - an address of the network; of own entries only the one of just this address goes
 * @param isRemoval - static entries go too, and that one
 */
export function purgeNetwork(family: u32, high: u64, low: u64, bits: u32, isRemoval: bool): void {
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    const ifp = changetype<Interface>(at);
    for (let bucket: u32 = 0; bucket < BUCKETS; bucket++) {
      let entry = firstNeighbour(ifp, family, bucket);
      while (entry != 0) {
        const neighbour = changetype<Neighbour>(entry);
        entry = neighbour.next;
        if (((high ^ neighbour.high) & maskHigh(bits)) != 0 || ((low ^ neighbour.low) & maskLow(bits)) != 0) continue;
        const isThis = neighbour.high == high && neighbour.low == low;
        const goes = neighbour.has(LLE.IFADDR) ? isRemoval && isThis : isRemoval || !neighbour.has(LLE.STATIC);
        if (!goes) continue;
        unlink(neighbour);
        freeNeighbour(neighbour);
      }
    }
  }
}

/** An interface leaves: its entries go, in silence (lltable_free). */
export function purgeInterface(ifp: Interface): void {
  purgeFamily(ifp, AF.INET);
  purgeFamily(ifp, AF.INET6);
  assert(ifp.neighbours == 0, "an interface leaves without neighbours");
}

function purgeFamily(ifp: Interface, family: u32): void {
  for (let bucket: u32 = 0; bucket < BUCKETS; bucket++) {
    for (let at = firstNeighbour(ifp, family, bucket); at != 0; at = firstNeighbour(ifp, family, bucket)) {
      unlink(changetype<Neighbour>(at));
      freeNeighbour(changetype<Neighbour>(at));
    }
  }
}

/** What is wrong with the neighbour tables. */
export const enum NeighbourFault {
  NONE = 0,
  BUCKET = 201,
  TIMER = 202,
  COUNT = 203,
}

/** Checks that entries are in their buckets, that static ones have no timer, and that each interface counts its own. */
export function checkNeighbours(): u32 {
  let all: u32 = 0;
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    const ifp = changetype<Interface>(at);
    let count: u32 = 0;
    for (let slot: u32 = 0; slot < BUCKETS * 2; slot++) {
      const family: u32 = slot < BUCKETS ? AF.INET : AF.INET6;
      for (let entry = firstNeighbour(ifp, family, slot % BUCKETS); entry != 0; entry = changetype<Neighbour>(entry).next) {
        const neighbour = changetype<Neighbour>(entry);
        if (neighbour.family != family || bucketOf(family, neighbour.high, neighbour.low) != slot % BUCKETS) {
          return NeighbourFault.BUCKET;
        }
        if (neighbour.has(LLE.IFADDR) && neighbour.timerDueMs != 0) return NeighbourFault.TIMER;
        count++;
      }
    }
    if (count != ifp.neighbourCount) return NeighbourFault.COUNT;
    all += count;
  }
  return all == slab.inUse ? NeighbourFault.NONE : NeighbourFault.COUNT;
}
