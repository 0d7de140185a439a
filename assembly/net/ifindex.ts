// The indices of interfaces: one set for all vnets of a kernel, the lowest free one first (rtnetlink B.6.2). Every vnet
// has a copy of the set. Only one vnet runs at a time, and the host brings the next one's copy up to date before it
// runs, so an interface that is made in the middle of a message has its index at once.
//   acquireIndex, freeIndex
//   highestIndex
//   indexWords, assignIndices   what the host carries from vnet to vnet

import { Attention } from "../abi/exchange";
import { Indices } from "../mem/indices";
import { wantAttention } from "./attention";

const indices = changetype<Indices>(memory.data(offsetof<Indices>(), 16));

/** The lowest free index, 0 without memory. */
export function acquireIndex(): u32 {
  const index = indices.acquire();
  if (index != 0) wantAttention(Attention.SHARED);
  return index;
}

export function freeIndex(index: u32): void {
  indices.free(index);
  wantAttention(Attention.SHARED);
}

/** The highest index that an interface of any vnet has (V_if_index). */
export function highestIndex(): u32 {
  return indices.highest();
}

/** Where the words of the set lie, a bit an index. */
export function indexWords(): usize {
  return indices.words;
}

export function indexWordCount(): u32 {
  return indices.wordCount;
}

/** Where `wordCount` words of another vnet's set are to be written; settleIndices follows. 0 without memory. */
export function assignIndices(wordCount: u32): usize {
  return indices.assign(wordCount);
}

export function settleIndices(): void {
  indices.recount();
}
