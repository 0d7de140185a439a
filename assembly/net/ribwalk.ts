// Walks that show a rib as it stood when they began, however long they take and whatever changes meanwhile.
//   openWalk, closeWalk
//   nextRun      the next entries in order, as many as lie side by side; skipRun goes past those that were used
//   finishWalks  called before the list of routes with gaps changes: walks under way are taken to their end
//   keepAside    called before a route changes: walks that have not come to it keep its old state
// A walk is a cursor by value and a tree of what was kept aside, with payload 0 for "there was no route". No cost when no
// walk is under way. What is kept aside is charged as dump buffers; past its limit the walk's owner is asked to finish.

import { AF } from "../abi/inet";
import { charge, discharge } from "../mem/buffer";
import { Slab, give, take } from "../mem/slab";
import { Entry4, Entry6, Leaf, Tree, entrySize, runLength, settle, treeBytes } from "./btree";
import { clear, freeSpare, insert, reserve } from "./btreechange";
import { nextGapped, standsBefore } from "./gappedroutes";
import { holdPayload, releasePayload } from "./payload";
import { Rib, entryBits, entryHigh, entryLow, entryPayload, findPlace, seekPlace, word0, word2 } from "./rib";

/** Bytes that a walk may keep aside: some 60,000 IPv4 routes. */
export const KEPT_ASIDE_LIMIT: usize = 1 << 20;

/** Asks the owner of a walk to take all that is left now; false without memory. */
export type WalkOwner = (owner: usize) => bool;

@unmanaged
export class RibWalk {
  next: usize;
  /** Rib. */
  rib: usize;
  /** Tree of this walk: old states of routes it has not come to. */
  aside: usize;
  owner: usize;
  finish: usize;
  /** The last place that was used; hasCursor is false before the first. */
  hasCursor: bool;
  bits: u32;
  high: u64;
  low: u64;
  /** The run that nextRun found: its first entry, and whether it lies in `aside`. */
  run: usize;
  isAside: bool;
  /** The next of the routes with gaps, 0 = none left; it is the run. */
  gapped: usize;
  isGapped: bool;
}

const walks = changetype<Slab>(memory.data(offsetof<Slab>(), 16));
const trees = changetype<Slab>(memory.data(offsetof<Slab>(), 16));

/** A walk from the first route; 0 without memory. */
export function openWalk(rib: Rib, finish: WalkOwner, owner: usize): usize {
  const record = take<RibWalk>(walks);
  if (record == 0) return 0;
  const walk = changetype<RibWalk>(record);
  walk.aside = take<Tree>(trees);
  if (walk.aside == 0) {
    give<RibWalk>(walks, record);
    return 0;
  }
  walk.rib = changetype<usize>(rib);
  walk.gapped = rib.gapped;
  walk.finish = changetype<usize>(finish);
  walk.owner = owner;
  walk.next = rib.walks;
  rib.walks = record;
  return record;
}

export function closeWalk(walk: RibWalk): void {
  const rib = changetype<Rib>(walk.rib);
  const aside = changetype<Tree>(walk.aside);
  discharge(treeBytes(aside));
  seekPlace(rib, aside, 0, 0, rib.family == AF.INET ? 32 : 128, 0);
  for (let entry = settleIn(rib, aside); entry != 0; entry = advanceIn(rib, aside)) {
    const payload = entryPayload(rib, entry);
    if (payload != 0) releasePayload(rib, payload);
  }
  if (rib.family == AF.INET) clear<Entry4>(aside);
  else clear<Entry6>(aside);
  give<Tree>(trees, walk.aside);
  let link = changetype<usize>(rib) + offsetof<Rib>("walks");
  while (load<usize>(link) != changetype<usize>(walk)) link = load<usize>(link) + offsetof<RibWalk>("next");
  store<usize>(link, walk.next);
  give<RibWalk>(walks, changetype<usize>(walk));
}

export function walkCount(): u32 {
  return walks.inUse;
}

function settleIn(rib: Rib, tree: Tree): usize {
  return rib.family == AF.INET ? settle<Entry4>(tree) : settle<Entry6>(tree);
}

function advanceIn(rib: Rib, tree: Tree): usize {
  tree.slot++;
  return settleIn(rib, tree);
}

/** Puts both trees after the cursor. Call before the first nextRun since anything else happened. */
export function resumeWalk(walk: RibWalk): void {
  const rib = changetype<Rib>(walk.rib);
  seekAfterCursor(walk, rib, rib.routes);
  seekAfterCursor(walk, rib, changetype<Tree>(walk.aside));
}

function seekAfterCursor(walk: RibWalk, rib: Rib, tree: Tree): void {
  if (walk.hasCursor) seekPlace(rib, tree, walk.high, walk.low, walk.bits, u32.MAX_VALUE >> 6);
  else seekPlace(rib, tree, 0, 0, rib.family == AF.INET ? 32 : 128, 0);
}

/**
 * The number of entries that follow the cursor side by side, the first at walk.run; 0 at the end. Each stands as it did
 * when the walk began; payload 0 does not occur.
 */
export function nextRun(walk: RibWalk): u32 {
  const count = nextRunOfTree(walk);
  walk.isGapped = false;
  return walk.gapped == 0 ? count : runWithGapped(walk, count);
}

/** The part of the tree's run that comes before the next route with gaps, or that route. */
function runWithGapped(walk: RibWalk, length: u32): u32 {
  const rib = changetype<Rib>(walk.rib);
  const size = rib.family == AF.INET ? entrySize<Entry4>() : entrySize<Entry6>();
  let count: u32 = 0;
  while (count < length && !standsBefore(rib, walk.gapped, walk.run + count * size)) count++;
  if (count != 0) return count;
  walk.isGapped = true;
  walk.run = walk.gapped;
  return 1;
}

function nextRunOfTree(walk: RibWalk): u32 {
  const rib = changetype<Rib>(walk.rib);
  const tree = rib.routes;
  const aside = changetype<Tree>(walk.aside);
  while (true) {
    const entry = settleIn(rib, tree);
    const kept: usize = aside.count == 0 ? 0 : settleIn(rib, aside);
    walk.isAside = false;
    walk.run = entry;
    if (kept == 0) return entry == 0 ? 0 : runLength<Entry4>(tree);
    if (entry != 0 && comparePlaces(rib, entry, kept) < 0) return runBefore(rib, tree, entry, kept);
    // What was kept aside stands for the table's entry of the same place, or for one that is gone.
    if (entry != 0 && comparePlaces(rib, entry, kept) == 0) tree.slot++;
    if (entryPayload(rib, kept) == 0) {
      moveCursor(walk, rib, kept);
      aside.slot++;
      continue;
    }
    walk.isAside = true;
    walk.run = kept;
    return 1;
  }
  return 0;
}

/** Entries from `entry` on that come before the place of `kept`. */
function runBefore(rib: Rib, tree: Tree, entry: usize, kept: usize): u32 {
  const length = runLength<Entry4>(tree);
  const size = rib.family == AF.INET ? entrySize<Entry4>() : entrySize<Entry6>();
  let count: u32 = 1;
  while (count < length && comparePlaces(rib, entry + count * size, kept) < 0) count++;
  return count;
}

/** Goes past the first `count` entries of the run. */
export function skipRun(walk: RibWalk, count: u32): void {
  if (count == 0) return;
  if (walk.isGapped) {
    walk.gapped = nextGapped(walk.gapped);
    return;
  }
  const rib = changetype<Rib>(walk.rib);
  const size = rib.family == AF.INET ? entrySize<Entry4>() : entrySize<Entry6>();
  moveCursor(walk, rib, walk.run + (count - 1) * size);
  if (walk.isAside) changetype<Tree>(walk.aside).slot += count;
  else rib.routes.slot += count;
}

function moveCursor(walk: RibWalk, rib: Rib, entry: usize): void {
  walk.hasCursor = true;
  walk.high = entryHigh(rib, entry);
  walk.low = entryLow(rib, entry);
  walk.bits = entryBits(rib, entry);
}

/** Order of the places of two entries: -1, 0, 1. */
function comparePlaces(rib: Rib, left: usize, right: usize): i32 {
  return comparePlace(rib, left, entryHigh(rib, right), entryLow(rib, right), entryBits(rib, right));
}

function comparePlace(rib: Rib, left: usize, high: u64, low: u64, bits: u32): i32 {
  return order(entryHigh(rib, left), entryLow(rib, left), entryBits(rib, left), high, low, bits);
}

function order(leftHigh: u64, leftLow: u64, leftBits: u32, high: u64, low: u64, bits: u32): i32 {
  if (leftHigh != high) return leftHigh < high ? -1 : 1;
  if (leftLow != low) return leftLow < low ? -1 : 1;
  // At one address the longer mask comes first.
  return leftBits == bits ? 0 : leftBits > bits ? -1 : 1;
}

/** @returns false without memory: then the list must not change */
export function finishWalks(rib: Rib): bool {
  let next: usize = 0;
  for (let at = rib.walks; at != 0; at = next) {
    const walk = changetype<RibWalk>(at);
    next = walk.next;
    if (!changetype<WalkOwner>(walk.finish)(walk.owner)) return false;
  }
  return true;
}

/**
 * Lets every walk that has not come to a place keep what stands there (payload, 0 = nothing). A walk that kept something
 * for the place already keeps that.
 * @returns false without memory: then the change must not be made
 */
export function keepAside(rib: Rib, high: u64, low: u64, bits: u32, payload: u32): bool {
  let next: usize = 0;
  for (let at = rib.walks; at != 0; at = next) {
    const walk = changetype<RibWalk>(at);
    next = walk.next;
    if (walk.hasCursor && order(high, low, bits, walk.high, walk.low, walk.bits) <= 0) continue;
    const aside = changetype<Tree>(walk.aside);
    if (findPlace(rib, aside, high, low, bits) != 0) continue;
    if (treeBytes(aside) >= KEPT_ASIDE_LIMIT) {
      if (!changetype<WalkOwner>(walk.finish)(walk.owner)) return false;
      continue;
    }
    if (!keep(rib, aside, high, low, bits, payload)) return false;
  }
  return true;
}

function keep(rib: Rib, aside: Tree, high: u64, low: u64, bits: u32, payload: u32): bool {
  const isInet = rib.family == AF.INET;
  if (!(isInet ? reserve<Entry4>(aside) : reserve<Entry6>(aside))) return false;
  const nodes = treeBytes(aside);
  if (isInet) insert<Entry4>(aside, word0(rib, high, bits, payload), 0, 0);
  else insert<Entry6>(aside, high, low, word2(bits, payload));
  freeSpare(aside);
  charge(treeBytes(aside) - nodes);
  if (payload != 0) holdPayload(rib, payload);
  return true;
}

if (offsetof<Leaf>("count") != 0) ERROR("runLength is the same for both kinds of entry");
