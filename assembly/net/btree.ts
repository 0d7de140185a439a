// B+ trees of whole routes: the key is the route (reference: trials of route tables; design 2.4).
//   seek     puts the tree's position at the first entry not below a key
//   settle, advance   to the next entry, across leaves
//   before, current   the entries around the position
// Inserting and removing is btreechange.ts.
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

export const NODE_ORDER: u32 = 10;
export const NODE_BYTES: u32 = 1024;
const GROUP: u32 = 8;
export const LEAF_ENTRIES: u32 = 64;
export const INNER_CHILDREN: u32 = 16;
/** Levels of inner nodes: 36 to the 8th is more than memory holds. */
export const DEPTH_LIMIT: u32 = 8;

@inline
export function entrySize<E>(): u32 {
  return <u32>offsetof<E>();
}

@inline
export function leafCapacity<E>(): u32 {
  return ((NODE_BYTES - LEAF_ENTRIES) / entrySize<E>()) & ~(GROUP - 1);
}

@inline
export function fanout<E>(): u32 {
  return entrySize<E>() == 8 ? 80 : 36;
}

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
export class Inner {
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

@inline
export function step(tree: Tree, level: u32): Step {
  return changetype<Step>(changetype<usize>(tree) + offsetof<Tree>("path0") + level * 8);
}

@inline
export function leafEntry<E>(leaf: usize, slot: u32): usize {
  return leaf + LEAF_ENTRIES + slot * entrySize<E>();
}

@inline
export function innerKey<E>(node: usize, index: u32): usize {
  return node + keysAt<E>() + index * entrySize<E>();
}

@inline
export function child(node: usize, index: u32): usize {
  return node + INNER_CHILDREN + index * 4;
}

@inline
function isBelow<E>(entry: usize, k0: u64, k1: u64, k2: u64): bool {
  const e0 = load<u64>(entry);
  if (entrySize<E>() == 8) return e0 < k0;
  if (e0 != k0) return e0 < k0;
  const e1 = load<u64>(entry, 8);
  if (e1 != k1) return e1 < k1;
  return load<u64>(entry, 16) < k2;
}

@inline
function isAbove<E>(entry: usize, k0: u64, k1: u64, k2: u64): bool {
  const e0 = load<u64>(entry);
  if (entrySize<E>() == 8) return e0 > k0;
  if (e0 != k0) return e0 > k0;
  const e1 = load<u64>(entry, 8);
  if (e1 != k1) return e1 > k1;
  return load<u64>(entry, 16) > k2;
}

@inline
export function storeEntry<E>(entry: usize, k0: u64, k1: u64, k2: u64): void {
  store<u64>(entry, k0);
  if (entrySize<E>() == 8) return;
  store<u64>(entry, k1, 8);
  store<u64>(entry, k2, 16);
}

@inline
function copyEntry<E>(into: usize, from: usize): void {
  store<u64>(into, load<u64>(from));
  if (entrySize<E>() == 8) return;
  store<u64>(into, load<u64>(from, 8), 8);
  store<u64>(into, load<u64>(from, 16), 16);
}

/** Puts the position at the first entry that is not below (k0, k1, k2); words beyond the entry's size are ignored. */
export function seek<E>(tree: Tree, k0: u64, k1: u64, k2: u64): void {
  if (!tree.hasPath || !isInLeaf<E>(tree, k0, k1, k2)) descend<E>(tree, k0, k1, k2);
  tree.slot = tree.leaf == 0 ? 0 : leafSlot<E>(tree.leaf, k0, k1, k2);
}

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
    if (index != 0) copyEntry<E>(changetype<usize>(tree) + offsetof<Tree>("low0"), innerKey<E>(node, index));
    if (index + 1 < changetype<Inner>(node).count) {
      copyEntry<E>(changetype<usize>(tree) + offsetof<Tree>("high0"), innerKey<E>(node, index + 1));
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

/** Bytes of the tree's nodes. */
export function treeBytes(tree: Tree): usize {
  return <usize>tree.nodes << NODE_ORDER;
}
