// Slabs: records of one size, taken zeroed, given back to a free list.
//   take   a zeroed record, or 0 without memory
//   give   the record goes to the free list; a debug build fills it with junk first, so that a stale pointer shows
// A slab grows by one block at a time and keeps its blocks.

import { orderOf, takeBlock } from "./block";
import { allocationFails } from "./pages";
import { zero } from "./zero";

/** Records that a block holds at least. */
const RECORDS_PER_BLOCK: u32 = 8;
/** A slab's block is at least 1 KiB. */
const BLOCK_BYTES_MIN: u32 = 1024;
const JUNK: u8 = 0xde;

@unmanaged
export class Slab {
  free: usize;
  /** Records taken and not given back. */
  inUse: u32;
}

/** Bytes of a record of type T in a slab. */
@inline
function recordBytes<T>(): u32 {
  return (<u32>offsetof<T>() + 7) & ~7;
}

export function take<T>(slab: Slab): usize {
  if (allocationFails()) return 0;
  let record = slab.free;
  if (record == 0) {
    record = refill(slab, recordBytes<T>());
    if (record == 0) return 0;
  }
  slab.free = load<usize>(record);
  slab.inUse++;
  zero(record, recordBytes<T>());
  return record;
}

export function give<T>(slab: Slab, record: usize): void {
  assert(record != 0 && slab.inUse > 0, "a record is given back once");
  if (ASC_OPTIMIZE_LEVEL < 3) memory.fill(record, JUNK, recordBytes<T>());
  store<usize>(record, slab.free);
  slab.free = record;
  slab.inUse--;
}

function refill(slab: Slab, bytes: u32): usize {
  const order = orderOf(max(bytes * RECORDS_PER_BLOCK, BLOCK_BYTES_MIN));
  const block = takeBlock(order);
  if (block == 0) return 0;
  let record = block + (((<usize>1 << order) / bytes) - 1) * bytes;
  while (true) {
    store<usize>(record, slab.free);
    slab.free = record;
    if (record == block) return record;
    record -= bytes;
  }
  return 0;
}
