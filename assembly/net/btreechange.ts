// Changing a B+ tree of routes (btree.ts has its layout).
//   reserve   takes the nodes that an insert may need; false without memory, and nothing has changed
//   insert    after seek and reserve, at the position
//   remove, replace   the entry at the position
//   clear     frees every node

import { allocateBlock, giveBlock } from "../mem/block";
import {
  child, DEPTH_LIMIT, entrySize, fanout, Inner, innerKey, Leaf, LEAF_ENTRIES, leafCapacity, leafEntry, NODE_BYTES, NODE_ORDER, PAYLOAD_MASK, step, storeEntry, Tree,
} from "./btree";

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
  else if (leaf.count < leafCapacity<E>() >> 2 && tree.depth != 0 && !mergeRight<E>(tree)) mergeLeft<E>(tree);
}

/** Whether two leaves are worth joining: together they fill at most three quarters of one. */
function fitTogether<E>(left: usize, right: usize): bool {
  return changetype<Leaf>(left).count + changetype<Leaf>(right).count <= (leafCapacity<E>() >> 2) * 3;
}

/** Moves all entries of a leaf to the end of the one before it. */
function moveEntries<E>(right: usize, left: usize): void {
  const count = changetype<Leaf>(right).count;
  memory.copy(leafEntry<E>(left, changetype<Leaf>(left).count), leafEntry<E>(right, 0), count * entrySize<E>());
  changetype<Leaf>(left).count += count;
}

/** Joins the leaf at the position with the next one of the same parent. */
function mergeRight<E>(tree: Tree): bool {
  const place = step(tree, tree.depth - 1);
  if (place.index + 1 >= changetype<Inner>(place.node).count) return false;
  const next = changetype<Leaf>(tree.leaf).next;
  if (!fitTogether<E>(tree.leaf, next)) return false;
  moveEntries<E>(next, tree.leaf);
  place.index++;
  dropLeaf<E>(tree, next, tree.depth);
  return true;
}

/** Joins the leaf at the position with the one before it of the same parent. */
function mergeLeft<E>(tree: Tree): void {
  if (step(tree, tree.depth - 1).index == 0) return;
  const leaf = tree.leaf;
  const previous = changetype<Leaf>(leaf).previous;
  if (!fitTogether<E>(previous, leaf)) return;
  moveEntries<E>(leaf, previous);
  tree.leaf = previous;
  dropLeaf<E>(tree, leaf, tree.depth);
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
