// Blocks: power-of-two pieces of linear memory, from 32 bytes up, each order with a free list.
//   takeBlock      a block of 1 << order bytes, contents undefined; 0 without memory
//   giveBlock      back to its list
// An order without free blocks splits a larger free one, else takes new memory. Blocks are not joined again: what one
// kind of record gave back, another kind reuses in the same or in smaller pieces, so the top stays near the peak.

import { EXTENT_ALIGN, allocationFails, extend } from "./pages";

/** Smallest block: 32 bytes. */
export const ORDER_MIN: u32 = 5;
/** Largest block: 1 GiB. */
export const ORDER_MAX: u32 = 30;
/** Order of EXTENT_ALIGN: the smallest piece that memory is extended by. */
const ORDER_EXTENT: u32 = 10;

@unmanaged
class Blocks {
  /** Bytes in blocks that are taken. */
  bytes: usize;
}

const blocks = changetype<Blocks>(memory.data(offsetof<Blocks>(), 16));
/** Heads of the free lists, by order; the first word of a free block links to the next. */
const lists: usize = memory.data(32 * sizeof<usize>(), 16);

/** The smallest order whose blocks hold `bytes`; above ORDER_MAX when none does. */
export function orderOf(bytes: usize): u32 {
  if (bytes <= <usize>1 << ORDER_MIN) return ORDER_MIN;
  return 32 - <u32>clz<u32>(<u32>bytes - 1);
}

/** Bytes in blocks that are taken now. */
export function blockBytes(): usize {
  return blocks.bytes;
}

/** A block that counts as an allocation, so that a fault can make it fail. */
export function allocateBlock(order: u32): usize {
  return allocationFails() ? 0 : takeBlock(order);
}

/** A block for an allocation that was counted already. */
export function takeBlock(order: u32): usize {
  if (order > ORDER_MAX) return 0;
  let block = pop(order);
  if (block == 0) block = split(order);
  if (block != 0) blocks.bytes += <usize>1 << order;
  return block;
}

export function giveBlock(block: usize, order: u32): void {
  assert(block != 0 && blocks.bytes >= <usize>1 << order, "a block is given back once");
  blocks.bytes -= <usize>1 << order;
  push(block, order);
}

function split(order: u32): usize {
  let larger = order + 1;
  let block: usize = 0;
  for (; larger <= ORDER_MAX; larger++) {
    block = pop(larger);
    if (block != 0) break;
  }
  if (block == 0) {
    larger = max(order, ORDER_EXTENT);
    block = extend(<usize>1 << larger);
    if (block == 0) return 0;
  }
  while (larger > order) {
    larger--;
    push(block + (<usize>1 << larger), larger);
  }
  return block;
}

function pop(order: u32): usize {
  const list = lists + order * sizeof<usize>();
  const block = load<usize>(list);
  if (block != 0) store<usize>(list, load<usize>(block));
  return block;
}

function push(block: usize, order: u32): void {
  const list = lists + order * sizeof<usize>();
  store<usize>(block, load<usize>(list));
  store<usize>(list, block);
}

if (EXTENT_ALIGN != 1 << 10) ERROR("ORDER_EXTENT must be the order of EXTENT_ALIGN");
