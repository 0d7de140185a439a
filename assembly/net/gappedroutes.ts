// Routes whose mask has gaps (255.0.255.0), which routing sockets make and the tree cannot hold: a list beside it, empty in
// practice. A record begins as an entry of the tree does, so that what takes an entry takes it too; its length there is the
// number of ones in the mask, which is what netlink shows (route_rtentry.c, rt_get_inet_prefix_plen).
//   longestMatch            the route that an address takes, of both kinds
//   findGapped              the record of a key and a mask
//   insertGapped, removeGapped, setGappedPayload
//   standsBefore            merges the list into a walk of the tree
//   maskHighOf, maskLowOf   the mask of an entry of either kind
// Order (net/radix.c, rn_addroute): by key; of one key by the index of the mask, its first 0 bit, the greater first; of one
// index a mask with gaps before a prefix, which it refines; then by rn_refines and rn_lexobetter. That is FreeBSD's order as
// long as arrival does not count there: one that comes later goes before others of its key which it does not refine if its
// mask is longer, or has any greater byte. Here the index decides, then the length, then the greater mask.

import { AF } from "../abi/inet";
import { Slab, give, take } from "../mem/slab";
import { addressBits, maskHigh, maskLow } from "./address";
import { Entry4, Entry6, before, settle } from "./btree";
import {
  Rib, entryBits, entryHigh, entryLow, entryPayload, longestPrefix, seekPlace, word0, word2,
} from "./rib";

@unmanaged
export class GappedRoute {
  /** Entry4 or Entry6. */
  word0: u64;
  word1: u64;
  word2: u64;
  maskHigh: u64;
  maskLow: u64;
  next: usize;
  /** The mask's first 0 bit. */
  index: u32;
}

/** A key of the trie. */
@unmanaged
class Key {
  high: u64;
  low: u64;
}

const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));
const first = changetype<Key>(memory.data(offsetof<Key>(), 16));
const last = changetype<Key>(memory.data(offsetof<Key>(), 16));

/** The entry that an address takes, or 0. */
@inline
export function longestMatch(rib: Rib, high: u64, low: u64): usize {
  const prefix = longestPrefix(rib, high, low);
  return rib.gapped == 0 ? prefix : matchOfBoth(rib, high, low, prefix);
}

/**
 * What rn_match finds: in the leaf where the search for the address ends, the first of its routes that holds it; else, from
 * there upward, the one whose mask has the greatest index. Of prefixes both are the longest.
 */
function matchOfBoth(rib: Rib, high: u64, low: u64, prefix: usize): usize {
  findLeaf(rib, high, low);
  let best: usize = 0;
  for (let at = rib.gapped; at != 0; at = changetype<GappedRoute>(at).next) {
    if (!holds(rib, at, high, low)) continue;
    if (entryHigh(rib, at) == first.high && entryLow(rib, at) == first.low) {
      const isPrefixFirst = prefix != 0 && compareKeys(rib, prefix, at) == 0 && entryBits(rib, prefix) > indexOf(at);
      return isPrefixFirst ? prefix : at;
    }
    if (best == 0 || isBetterMask(changetype<GappedRoute>(at), changetype<GappedRoute>(best))) best = at;
  }
  if (prefix == 0) return best;
  return best != 0 && indexOf(best) >= entryBits(rib, prefix) ? best : prefix;
}

function holds(rib: Rib, record: usize, high: u64, low: u64): bool {
  const route = changetype<GappedRoute>(record);
  return (high & route.maskHigh) == entryHigh(rib, record) && (low & route.maskLow) == entryLow(rib, record);
}

function indexOf(record: usize): u32 {
  return changetype<GappedRoute>(record).index;
}

/**
 * Sets `first` to the key of the leaf where a search for an address ends (rn_search). The trie that a set of keys has is
 * always the same: a node tests the first bit in which its least and its greatest key differ. Its own two leaves are all
 * zeros and all ones (rn_inithead).
 */
function findLeaf(rib: Rib, high: u64, low: u64): void {
  const onesHigh = maskHigh(addressBits(rib.family));
  const onesLow = maskLow(addressBits(rib.family));
  first.high = 0;
  first.low = 0;
  last.high = onesHigh;
  last.low = onesLow;
  while (first.high != last.high || first.low != last.low) {
    const bit = firstOne(first.high ^ last.high, first.low ^ last.low);
    const isOne = bit < 64 ? (high >> (63 - bit)) & 1 : (low >> (127 - bit)) & 1;
    if (isOne != 0) raiseFirst(rib, last.high & maskHigh(bit + 1), last.low & maskLow(bit + 1));
    else lowerLast(rib, first.high | (onesHigh & ~maskHigh(bit + 1)), first.low | (onesLow & ~maskLow(bit + 1)));
  }
}

/** `first` becomes the least key from a place on. */
function raiseFirst(rib: Rib, high: u64, low: u64): void {
  first.high = last.high;
  first.low = last.low;
  seekPlace(rib, rib.routes, high, low, addressBits(rib.family), 0);
  const entry = rib.family == AF.INET ? settle<Entry4>(rib.routes) : settle<Entry6>(rib.routes);
  if (entry != 0 && isBefore(entryHigh(rib, entry), entryLow(rib, entry), first.high, first.low)) setKey(first, rib, entry);
  for (let at = rib.gapped; at != 0; at = changetype<GappedRoute>(at).next) {
    if (isBefore(entryHigh(rib, at), entryLow(rib, at), high, low)) continue;
    if (isBefore(entryHigh(rib, at), entryLow(rib, at), first.high, first.low)) setKey(first, rib, at);
    return;
  }
}

/** `last` becomes the greatest key up to a place. */
function lowerLast(rib: Rib, high: u64, low: u64): void {
  last.high = first.high;
  last.low = first.low;
  seekPlace(rib, rib.routes, high, low, 0, u32.MAX_VALUE >> 6);
  const entry = rib.family == AF.INET ? before<Entry4>(rib.routes) : before<Entry6>(rib.routes);
  if (entry != 0 && isBefore(last.high, last.low, entryHigh(rib, entry), entryLow(rib, entry))) setKey(last, rib, entry);
  for (let at = rib.gapped; at != 0; at = changetype<GappedRoute>(at).next) {
    if (isBefore(high, low, entryHigh(rib, at), entryLow(rib, at))) return;
    if (isBefore(last.high, last.low, entryHigh(rib, at), entryLow(rib, at))) setKey(last, rib, at);
  }
}

function setKey(key: Key, rib: Rib, entry: usize): void {
  key.high = entryHigh(rib, entry);
  key.low = entryLow(rib, entry);
}

function isBefore(leftHigh: u64, leftLow: u64, high: u64, low: u64): bool {
  return leftHigh != high ? leftHigh < high : leftLow < low;
}

function firstOne(high: u64, low: u64): u32 {
  return high != 0 ? <u32>clz<u64>(high) : 64 + <u32>clz<u64>(low);
}

/** Order of the keys of two entries: -1, 0, 1. */
function compareKeys(rib: Rib, left: usize, right: usize): i32 {
  if (isBefore(entryHigh(rib, left), entryLow(rib, left), entryHigh(rib, right), entryLow(rib, right))) return -1;
  return entryHigh(rib, left) == entryHigh(rib, right) && entryLow(rib, left) == entryLow(rib, right) ? 0 : 1;
}

/** Whether a mask goes before another; false for the same. */
function isBetterMask(left: GappedRoute, right: GappedRoute): bool {
  if (left.index != right.index) return left.index > right.index;
  const leftBytes = bytesOf(left);
  const rightBytes = bytesOf(right);
  if (leftBytes != rightBytes) return leftBytes > rightBytes;
  return isBefore(right.maskHigh, right.maskLow, left.maskHigh, left.maskLow);
}

/** Bytes of a mask without its last zeros (rn_addmask). */
function bytesOf(route: GappedRoute): u32 {
  const bits = route.maskLow != 0 ? 128 - <u32>ctz<u64>(route.maskLow) : 64 - <u32>ctz<u64>(route.maskHigh);
  return (bits + 7) >> 3;
}

export function findGapped(rib: Rib, high: u64, low: u64, ofHigh: u64, ofLow: u64): usize {
  for (let at = rib.gapped; at != 0; at = changetype<GappedRoute>(at).next) {
    const route = changetype<GappedRoute>(at);
    if (route.maskHigh != ofHigh || route.maskLow != ofLow) continue;
    if (entryHigh(rib, at) == high && entryLow(rib, at) == low) return at;
  }
  return 0;
}

/** Puts a route that is not there at its place; false without memory. */
export function insertGapped(rib: Rib, high: u64, low: u64, ofHigh: u64, ofLow: u64, payload: u32): bool {
  const record = take<GappedRoute>(slab);
  if (record == 0) return false;
  const route = changetype<GappedRoute>(record);
  route.maskHigh = ofHigh;
  route.maskLow = ofLow;
  route.index = firstOne(~ofHigh, ~ofLow);
  writeEntry(rib, route, high, low, payload);
  let link = changetype<usize>(rib) + offsetof<Rib>("gapped");
  for (let at = load<usize>(link); at != 0; at = load<usize>(link)) {
    const order = compareKeys(rib, record, at);
    if (order < 0 || (order == 0 && isBetterMask(route, changetype<GappedRoute>(at)))) break;
    link = at + offsetof<GappedRoute>("next");
  }
  route.next = load<usize>(link);
  store<usize>(link, record);
  rib.gappedCount++;
  return true;
}

function writeEntry(rib: Rib, route: GappedRoute, high: u64, low: u64, payload: u32): void {
  const ones = onesOf(route.maskHigh, route.maskLow);
  route.word0 = word0(rib, high, ones, payload);
  route.word1 = low;
  route.word2 = rib.family == AF.INET ? 0 : word2(ones, payload);
}

export function onesOf(ofHigh: u64, ofLow: u64): u32 {
  return <u32>popcnt<u64>(ofHigh) + <u32>popcnt<u64>(ofLow);
}

export function setGappedPayload(rib: Rib, record: usize, payload: u32): void {
  writeEntry(rib, changetype<GappedRoute>(record), entryHigh(rib, record), entryLow(rib, record), payload);
}

export function removeGapped(rib: Rib, record: usize): void {
  let link = changetype<usize>(rib) + offsetof<Rib>("gapped");
  while (load<usize>(link) != record) link = load<usize>(link) + offsetof<GappedRoute>("next");
  store<usize>(link, changetype<GappedRoute>(record).next);
  give<GappedRoute>(slab, record);
  rib.gappedCount--;
}

export function nextGapped(record: usize): usize {
  return changetype<GappedRoute>(record).next;
}

/** Whether a record comes before an entry of the tree in a walk; 0 = the tree's end. */
export function standsBefore(rib: Rib, record: usize, entry: usize): bool {
  if (entry == 0) return true;
  const order = compareKeys(rib, record, entry);
  return order < 0 || (order == 0 && indexOf(record) >= entryBits(rib, entry));
}

function isGapped(rib: Rib, entry: usize): bool {
  let at = rib.gapped;
  while (at != 0 && at != entry) at = changetype<GappedRoute>(at).next;
  return at != 0;
}

export function maskHighOf(rib: Rib, entry: usize): u64 {
  return isGapped(rib, entry) ? changetype<GappedRoute>(entry).maskHigh : maskHigh(entryBits(rib, entry));
}
export function maskLowOf(rib: Rib, entry: usize): u64 {
  return isGapped(rib, entry) ? changetype<GappedRoute>(entry).maskLow : maskLow(entryBits(rib, entry));
}

/** Whether the list is in order, masked, and of masks with gaps; its payloads are counted by checkRibs. */
export function checkGapped(rib: Rib): bool {
  let count: u32 = 0;
  for (let at = rib.gapped; at != 0; at = changetype<GappedRoute>(at).next) {
    const route = changetype<GappedRoute>(at);
    if (!holds(rib, at, entryHigh(rib, at), entryLow(rib, at))) return false;
    if (rib.payload(entryPayload(rib, at)).nexthop == 0) return false;
    if (route.index >= entryBits(rib, at)) return false;
    const next = route.next;
    if (next != 0) {
      const order = compareKeys(rib, at, next);
      if (order > 0 || (order == 0 && !isBetterMask(route, changetype<GappedRoute>(next)))) return false;
    }
    count++;
  }
  return count == rib.gappedCount;
}
