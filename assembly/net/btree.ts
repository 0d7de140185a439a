// B+ trees of whole routes: the key is the route (reference: trials of route tables; design 2.4).
//   seek     puts the tree's position at the first entry not below a key
//   insert   at that position; false without memory, and then nothing has changed
//   remove, replace   the entry at that position
//   settle, advance   to the next entry, across leaves
// Two kinds of entry, chosen when compiled:
//   Entry4, 8 bytes     | address 32 | 32 - length 6 | payload 26 |
//   Entry6, 24 bytes    | address 64 | address 64 | 128 - length … | payload 26 |
// In ascending order that is FreeBSD's radix walk: by address, at one address the longest mask first (net/radix.c).
//
// Node: 1,024 bytes, aligned to 64, so that a search touches whole cache lines.
//   leaf    | count | next | previous |  …64 | entries in order; unused places all ones |
//   inner   | count | … 16 | children u32[FANOUT] | lowest entry of each child[FANOUT], payload 0; the first all 0 |
// A search counts which groups of eight begin at or below the key, then which of that group's eight: loads that do not
// wait for one another. A change whose key lies in the leaf last sought skips the descent.

import { allocateBlock, giveBlock } from "../mem/block";

@unmanaged
export class Entry4 {
  key: u64;
}

@unmanaged
export class Entry6 {
  high: u64;
  low: u64;
  rest: u64;
}

/** Bits of an entry that are not part of its place: the index of what the route points to. */
export const PAYLOAD_BITS: u32 = 26;
export const PAYLOAD_MASK: u64 = (1 << 26) - 1;

const NODE_ORDER: u32 = 10;
const NODE_BYTES: u32 = 1024;
const GROUP: u32 = 8;
const LEAF_ENTRIES: u32 = 64;
const INNER_CHILDREN: u32 = 16;
/** Levels of inner nodes: 36 to the 8th is more than memory holds. */
const DEPTH_LIMIT: u32 = 8;

// @ts-ignore: decorator
@inline
export function entrySize<E>(): u32 {
  return <u32>offsetof<E>();
}

// @ts-ignore: decorator
@inline
function leafCapacity<E>(): u32 {
  return ((NODE_BYTES - LEAF_ENTRIES) / entrySize<E>()) & ~(GROUP - 1);
}

// @ts-ignore: decorator
@inline
function fanout<E>(): u32 {
  return entrySize<E>() == 8 ? 80 : 36;
}

// @ts-ignore: decorator
@inline
function keysAt<E>(): u32 {
  return INNER_CHILDREN + fanout<E>() * 4;
}

@unmanaged
export class Leaf {
  count: u32;
  next: usize;
  previous: usize;
}

@unmanaged
class Inner {
  count: u32;
}

@unmanaged
class Step {
  node: usize;
  index: u32;
}

@unmanaged
export class Tree {
  root: usize;
  /** Levels of inner nodes above the leaves. */
  depth: u32;
  /** Entries in all leaves. */
  count: u32;
  nodes: u32;
  /** Nodes taken ahead for a split, linked by their first word. */
  spare: usize;
  /** Position: where the last seek ended. slot may be the leaf's count: see settle. */
  leaf: usize;
  slot: u32;
  /** Where the last insert went: the next one behind it makes a load in order. */
  lastLeaf: usize;
  lastSlot: u32;
  /** Whether the path below is the one to `leaf`. */
  hasPath: bool;
  /** Entries from low up to, not including, high belong to `leaf`; hasHigh is false where nothing bounds it. */
  hasHigh: bool;
  low0: u64;
  low1: u64;
  low2: u64;
  high0: u64;
  high1: u64;
  high2: u64;
  /** The way down: DEPTH_LIMIT steps. */
  path0: u64;
  path1: u64;
  path2: u64;
  path3: u64;
  path4: u64;
  path5: u64;
  path6: u64;
  path7: u64;
}

if (offsetof<Step>() != 8) ERROR("a step of the path takes 8 bytes");
if (offsetof<Tree>() - offsetof<Tree>("path0") != 64) ERROR("the path has DEPTH_LIMIT steps");

// @ts-ignore: decorator
@inline
function step(tree: Tree, level: u32): Step {
  return changetype<Step>(changetype<usize>(tree) + offsetof<Tree>("path0") + level * 8);
}

// @ts-ignore: decorator
@inline
function leafEntry<E>(leaf: usize, slot: u32): usize {
  return leaf + LEAF_ENTRIES + slot * entrySize<E>();
}

// @ts-ignore: decorator
@inline
function innerKey<E>(node: usize, index: u32): usize {
  return node + keysAt<E>() + index * entrySize<E>();
}

// @ts-ignore: decorator
@inline
function child(node: usize, index: u32): usize {
  return node + INNER_CHILDREN + index * 4;
}

// @ts-ignore: decorator
@inline
function isBelow<E>(entry: usize, k0: u64, k1: u64, k2: u64): bool {
  const e0 = load<u64>(entry);
  if (entrySize<E>() == 8) return e0 < k0;
  if (e0 != k0) return e0 < k0;
  const e1 = load<u64>(entry, 8);
  if (e1 != k1) return e1 < k1;
  return load<u64>(entry, 16) < k2;
}

// @ts-ignore: decorator
@inline
function isAbove<E>(entry: usize, k0: u64, k1: u64, k2: u64): bool {
  const e0 = load<u64>(entry);
  if (entrySize<E>() == 8) return e0 > k0;
  if (e0 != k0) return e0 > k0;
  const e1 = load<u64>(entry, 8);
  if (e1 != k1) return e1 > k1;
  return load<u64>(entry, 16) > k2;
}

// @ts-ignore: decorator
@inline
function storeEntry<E>(entry: usize, k0: u64, k1: u64, k2: u64): void {
  store<u64>(entry, k0);
  if (entrySize<E>() == 8) return;
  store<u64>(entry, k1, 8);
  store<u64>(entry, k2, 16);
}

/** Puts the position at the first entry that is not below (k0, k1, k2); words beyond the entry's size are ignored. */
export function seek<E>(tree: Tree, k0: u64, k1: u64, k2: u64): void {
  if (!tree.hasPath || !isInLeaf<E>(tree, k0, k1, k2)) descend<E>(tree, k0, k1, k2);
  tree.slot = tree.leaf == 0 ? 0 : leafSlot<E>(tree.leaf, k0, k1, k2);
}

// @ts-ignore: decorator
@inline
function isInLeaf<E>(tree: Tree, k0: u64, k1: u64, k2: u64): bool {
  if (isAbove<E>(changetype<usize>(tree) + offsetof<Tree>("low0"), k0, k1, k2)) return false;
  return !tree.hasHigh || isAbove<E>(changetype<usize>(tree) + offsetof<Tree>("high0"), k0, k1, k2);
}

function descend<E>(tree: Tree, k0: u64, k1: u64, k2: u64): void {
  let node = tree.root;
  tree.low0 = 0;
  tree.low1 = 0;
  tree.low2 = 0;
  tree.hasHigh = false;
  for (let level: u32 = 0; level < tree.depth; level++) {
    const index = innerIndex<E>(node, k0, k1, k2);
    const place = step(tree, level);
    place.node = node;
    place.index = index;
    if (index != 0) memory.copy(changetype<usize>(tree) + offsetof<Tree>("low0"), innerKey<E>(node, index), entrySize<E>());
    if (index + 1 < changetype<Inner>(node).count) {
      memory.copy(changetype<usize>(tree) + offsetof<Tree>("high0"), innerKey<E>(node, index + 1), entrySize<E>());
      tree.hasHigh = true;
    }
    node = <usize>load<u32>(child(node, index));
  }
  tree.leaf = node;
  tree.hasPath = node != 0;
}

/** The last child whose lowest entry is not above the key. */
function innerIndex<E>(node: usize, k0: u64, k1: u64, k2: u64): u32 {
  const count = changetype<Inner>(node).count;
  let groups: u32 = 0;
  for (let i: u32 = 0; i < count; i += GROUP) groups += u32(!isAbove<E>(innerKey<E>(node, i), k0, k1, k2));
  const start = (groups - 1) * GROUP;
  const end = min(start + GROUP, count);
  let index = start;
  for (let i = start + 1; i < end; i++) index += u32(!isAbove<E>(innerKey<E>(node, i), k0, k1, k2));
  return index;
}

/** The first slot whose entry is not below the key; the leaf's count when all are. Unused slots are above everything. */
function leafSlot<E>(leaf: usize, k0: u64, k1: u64, k2: u64): u32 {
  const count = changetype<Leaf>(leaf).count;
  let groups: u32 = 0;
  for (let i: u32 = 0; i < count; i += GROUP) groups += u32(isBelow<E>(leafEntry<E>(leaf, i), k0, k1, k2));
  if (groups == 0) return 0;
  const start = (groups - 1) * GROUP;
  let slot = start + 1;
  for (let i = start + 1; i < start + GROUP; i++) slot += u32(isBelow<E>(leafEntry<E>(leaf, i), k0, k1, k2));
  return slot;
}

/**
 * The entry at the position if its leaf has one there, else 0. An entry of the place that was sought is always in the
 * leaf that the seek ended in: what separates leaves has no payload.
 */
// @ts-ignore: decorator
@inline
export function current<E>(tree: Tree): usize {
  if (tree.leaf == 0 || tree.slot >= changetype<Leaf>(tree.leaf).count) return 0;
  return leafEntry<E>(tree.leaf, tree.slot);
}

/** The entry at the position, moving over the end of a leaf; 0 at the end of the tree. */
export function settle<E>(tree: Tree): usize {
  let leaf = tree.leaf;
  if (leaf == 0) return 0;
  if (tree.slot < changetype<Leaf>(leaf).count) return leafEntry<E>(leaf, tree.slot);
  leaf = changetype<Leaf>(leaf).next;
  if (leaf == 0) return 0;
  // The path leads to the leaf before: a change here must seek again.
  tree.leaf = leaf;
  tree.slot = 0;
  tree.hasPath = false;
  return leafEntry<E>(leaf, 0);
}

/** The next entry after the one at the position; 0 at the end of the tree. */
export function advance<E>(tree: Tree): usize {
  tree.slot++;
  return settle<E>(tree);
}

/** The entry before the position; 0 at the start of the tree. The position stays. */
export function before<E>(tree: Tree): usize {
  if (tree.leaf == 0) return 0;
  if (tree.slot > 0) return leafEntry<E>(tree.leaf, tree.slot - 1);
  const previous = changetype<Leaf>(tree.leaf).previous;
  return previous == 0 ? 0 : leafEntry<E>(previous, changetype<Leaf>(previous).count - 1);
}

/** The entry before another in the same leaf; 0 when it is the leaf's first. */
export function entryBefore<E>(entry: usize): usize {
  return (entry & (NODE_BYTES - 1)) == LEAF_ENTRIES ? 0 : entry - entrySize<E>();
}

/** Entries from the position to the end of its leaf, after settle. */
export function runLength<E>(tree: Tree): u32 {
  return changetype<Leaf>(tree.leaf).count - tree.slot;
}

/** Takes the nodes that an insert at the sought position may need; false without memory. */
export function reserve<E>(tree: Tree): bool {
  let needed: u32 = 0;
  if (tree.root == 0) {
    needed = 1;
  } else if (changetype<Leaf>(tree.leaf).count == leafCapacity<E>()) {
    needed = 1;
    let level = tree.depth;
    while (level > 0 && changetype<Inner>(step(tree, level - 1).node).count == fanout<E>()) {
      needed++;
      level--;
    }
    if (level == 0) {
      if (tree.depth == DEPTH_LIMIT) return false;
      needed++;
    }
  }
  for (let node = tree.spare; node != 0 && needed > 0; node = load<usize>(node)) needed--;
  for (; needed > 0; needed--) {
    const node = allocateBlock(NODE_ORDER);
    if (node == 0) {
      freeSpare(tree);
      return false;
    }
    store<usize>(node, tree.spare);
    tree.spare = node;
  }
  return true;
}

/** Gives back what a reserve took and no insert used. */
export function freeSpare(tree: Tree): void {
  while (tree.spare != 0) {
    const node = tree.spare;
    tree.spare = load<usize>(node);
    giveBlock(node, NODE_ORDER);
  }
}

function takeSpare(tree: Tree): usize {
  const node = tree.spare;
  assert(node != 0, "an insert follows a reserve");
  tree.spare = load<usize>(node);
  tree.nodes++;
  return node;
}

function freeNode(tree: Tree, node: usize): void {
  tree.nodes--;
  giveBlock(node, NODE_ORDER);
}

/** Inserts at the position that seek found for this very entry, after a reserve that succeeded. */
export function insert<E>(tree: Tree, k0: u64, k1: u64, k2: u64): void {
  if (tree.root == 0) {
    tree.root = newLeaf<E>(tree);
    tree.leaf = tree.root;
    tree.slot = 0;
    tree.hasPath = true;
    tree.hasHigh = false;
    tree.low0 = 0;
    tree.low1 = 0;
    tree.low2 = 0;
  } else if (changetype<Leaf>(tree.leaf).count == leafCapacity<E>()) {
    splitLeaf<E>(tree, k0, k1, k2);
  }
  const leaf = changetype<Leaf>(tree.leaf);
  const entry = leafEntry<E>(tree.leaf, tree.slot);
  const behind = (leaf.count - tree.slot) * entrySize<E>();
  if (behind != 0) memory.copy(entry + entrySize<E>(), entry, behind);
  storeEntry<E>(entry, k0, k1, k2);
  leaf.count++;
  tree.count++;
  tree.lastLeaf = tree.leaf;
  tree.lastSlot = tree.slot;
}

function newLeaf<E>(tree: Tree): usize {
  const node = takeSpare(tree);
  memory.fill(node, 0, LEAF_ENTRIES);
  memory.fill(node + LEAF_ENTRIES, 0xff, NODE_BYTES - LEAF_ENTRIES);
  return node;
}

/**
 * Splits the leaf at the position and moves the position to where the entry goes. Where inserts come in order, or past the
 * end, it is split at the position, so that a load in order fills its leaves; else in halves.
 */
function splitLeaf<E>(tree: Tree, k0: u64, k1: u64, k2: u64): void {
  const left = tree.leaf;
  const right = newLeaf<E>(tree);
  const capacity = leafCapacity<E>();
  const isInOrder = tree.leaf == tree.lastLeaf && tree.slot == tree.lastSlot + 1;
  const kept = isInOrder || tree.slot == capacity ? tree.slot : capacity >> 1;
  const moved = capacity - kept;
  if (moved != 0) {
    memory.copy(leafEntry<E>(right, 0), leafEntry<E>(left, kept), moved * entrySize<E>());
    memory.fill(leafEntry<E>(left, kept), 0xff, moved * entrySize<E>());
  }
  const next = changetype<Leaf>(left).next;
  changetype<Leaf>(left).count = kept;
  changetype<Leaf>(left).next = right;
  changetype<Leaf>(right).count = moved;
  changetype<Leaf>(right).next = next;
  changetype<Leaf>(right).previous = left;
  if (next != 0) changetype<Leaf>(next).previous = right;
  if (moved != 0) {
    const first = leafEntry<E>(right, 0);
    insertChild<E>(tree, right, load<u64>(first), load<u64>(first, 8), load<u64>(first, 16));
  } else {
    insertChild<E>(tree, right, k0, k1, k2);
  }
  // What separates the leaves is the right one's first entry: an entry before it belongs to the left one.
  if (tree.slot > kept || moved == 0) {
    tree.leaf = right;
    tree.slot -= kept;
  }
  // The path may have moved; the next seek goes down again.
  tree.hasPath = false;
}

/** Puts a new node to the right of the last step of the path; k is its first entry. */
function insertChild<E>(tree: Tree, node: usize, k0: u64, k1: u64, k2: u64): void {
  if (entrySize<E>() == 8) k0 &= ~PAYLOAD_MASK;
  else k2 &= ~PAYLOAD_MASK;
  for (let level = tree.depth; level > 0; level--) {
    const place = step(tree, level - 1);
    let parent = place.node;
    let index = place.index + 1;
    if (changetype<Inner>(parent).count < fanout<E>()) {
      insertIntoInner<E>(parent, index, node, k0, k1, k2);
      return;
    }
    const right = takeSpare(tree);
    const kept = index == fanout<E>() ? fanout<E>() - 1 : fanout<E>() >> 1;
    const separator = innerKey<E>(parent, kept);
    const s0 = load<u64>(separator);
    const s1 = load<u64>(separator, 8);
    const s2 = load<u64>(separator, 16);
    splitInner<E>(parent, right, kept);
    if (index > kept) {
      parent = right;
      index -= kept;
    }
    insertIntoInner<E>(parent, index, node, k0, k1, k2);
    node = right;
    k0 = s0;
    k1 = s1;
    k2 = s2;
  }
  const root = takeSpare(tree);
  memory.fill(root, 0, NODE_BYTES);
  changetype<Inner>(root).count = 1;
  store<u32>(child(root, 0), <u32>tree.root);
  insertIntoInner<E>(root, 1, node, k0, k1, k2);
  tree.root = root;
  tree.depth++;
}

function insertIntoInner<E>(node: usize, index: u32, added: usize, k0: u64, k1: u64, k2: u64): void {
  const behind = changetype<Inner>(node).count - index;
  memory.copy(child(node, index + 1), child(node, index), behind * 4);
  memory.copy(innerKey<E>(node, index + 1), innerKey<E>(node, index), behind * entrySize<E>());
  store<u32>(child(node, index), <u32>added);
  storeEntry<E>(innerKey<E>(node, index), k0, k1, k2);
  changetype<Inner>(node).count++;
}

function splitInner<E>(left: usize, right: usize, kept: u32): void {
  const moved = changetype<Inner>(left).count - kept;
  memory.fill(right, 0, NODE_BYTES);
  memory.copy(child(right, 0), child(left, kept), moved * 4);
  memory.copy(innerKey<E>(right, 1), innerKey<E>(left, kept + 1), (moved - 1) * entrySize<E>());
  changetype<Inner>(left).count = kept;
  changetype<Inner>(right).count = moved;
}

/** Overwrites the entry at the position by one of the same place. */
export function replace<E>(tree: Tree, k0: u64, k1: u64, k2: u64): void {
  storeEntry<E>(leafEntry<E>(tree.leaf, tree.slot), k0, k1, k2);
}

/** Removes the entry at the position; seek must have found it by its own key. */
export function remove<E>(tree: Tree): void {
  assert(tree.hasPath, "a removal follows a seek");
  const leaf = changetype<Leaf>(tree.leaf);
  const entry = leafEntry<E>(tree.leaf, tree.slot);
  leaf.count--;
  tree.count--;
  const behind = (leaf.count - tree.slot) * entrySize<E>();
  if (behind != 0) memory.copy(entry, entry + entrySize<E>(), behind);
  memory.fill(leafEntry<E>(tree.leaf, leaf.count), 0xff, entrySize<E>());
  if (leaf.count == 0) dropLeaf<E>(tree, tree.leaf, tree.depth);
  else if (leaf.count < leafCapacity<E>() >> 2) mergeRight<E>(tree);
}

/** Joins the leaf at the position with the next one of the same parent when both fill at most three quarters. */
function mergeRight<E>(tree: Tree): void {
  if (tree.depth == 0) return;
  const place = step(tree, tree.depth - 1);
  if (place.index + 1 >= changetype<Inner>(place.node).count) return;
  const leaf = changetype<Leaf>(tree.leaf);
  const next = changetype<Leaf>(leaf.next);
  if (leaf.count + next.count > (leafCapacity<E>() >> 2) * 3) return;
  memory.copy(leafEntry<E>(tree.leaf, leaf.count), leafEntry<E>(leaf.next, 0), next.count * entrySize<E>());
  leaf.count += next.count;
  place.index++;
  dropLeaf<E>(tree, leaf.next, tree.depth);
}

/** Takes a leaf out of its chain and out of the inner nodes above; the path leads to it. */
function dropLeaf<E>(tree: Tree, leaf: usize, level: u32): void {
  const next = changetype<Leaf>(leaf).next;
  const previous = changetype<Leaf>(leaf).previous;
  if (previous != 0) changetype<Leaf>(previous).next = next;
  if (next != 0) changetype<Leaf>(next).previous = previous;
  freeNode(tree, leaf);
  tree.hasPath = false;
  for (; level > 0; level--) {
    const place = step(tree, level - 1);
    const inner = changetype<Inner>(place.node);
    const index = place.index;
    inner.count--;
    if (inner.count != 0) {
      memory.copy(child(place.node, index), child(place.node, index + 1), (inner.count - index) * 4);
      memory.copy(innerKey<E>(place.node, index), innerKey<E>(place.node, index + 1), (inner.count - index) * entrySize<E>());
      if (index == 0) storeEntry<E>(innerKey<E>(place.node, 0), 0, 0, 0);
      break;
    }
    freeNode(tree, place.node);
  }
  if (level == 0) {
    tree.root = 0;
    tree.depth = 0;
    tree.leaf = 0;
  }
  while (tree.depth > 0 && changetype<Inner>(tree.root).count == 1) {
    const root = tree.root;
    tree.root = <usize>load<u32>(child(root, 0));
    tree.depth--;
    freeNode(tree, root);
  }
}

/** Frees every node; what the entries refer to is the caller's affair. */
export function clear<E>(tree: Tree): void {
  if (tree.root != 0) freeBelow(tree, tree.root, tree.depth);
  freeSpare(tree);
  tree.root = 0;
  tree.depth = 0;
  tree.count = 0;
  tree.leaf = 0;
  tree.slot = 0;
  tree.hasPath = false;
}

function freeBelow(tree: Tree, node: usize, depth: u32): void {
  if (depth != 0) {
    const count = changetype<Inner>(node).count;
    for (let i: u32 = 0; i < count; i++) freeBelow(tree, <usize>load<u32>(child(node, i)), depth - 1);
  }
  freeNode(tree, node);
}

/** Bytes of the tree's nodes. */
export function treeBytes(tree: Tree): usize {
  return <usize>tree.nodes << NODE_ORDER;
}
