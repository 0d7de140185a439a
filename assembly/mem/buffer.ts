// The dump buffer allocator: buffers for outgoing and received messages, in size classes that double from 128 bytes.
//   allocateBuffer   room for at least `capacity` bytes, nothing written; null without memory
//   retain, release  a buffer that several queues hold goes when the last releases it
//   charge, discharge   bytes that count as dump buffers though they lie elsewhere (objects kept aside for a dump)
// The sum of all of them and its high-water mark are what a dump's "bounded memory" is measured by.

import { allocateBlock, giveBlock, orderOf } from "./block";
import { Slab, give, take } from "./slab";

/** Smallest class: 128 bytes, NLMSG_SMALL. */
const ORDER_SMALL: u32 = 7;

/** What an entry of a receive queue is. Buffer and Dump both begin with it. */
export const enum QueueEntry {
  BUFFER = 1,
  DUMP = 2,
}

@unmanaged
export class Buffer {
  kind: u32;
  data: usize;
  order: u32;
  /** Bytes written. */
  length: u32;
  /** Bytes already processed: of a send buffer, up to the next message. */
  offset: u32;
  /** Messages written. */
  messages: u32;
  references: u32;
  /** What follows in the queue belongs to the same reply buffer as FreeBSD would have queued it. */
  isContinued: bool;

  get capacity(): u32 {
    return 1 << this.order;
  }
}

@unmanaged
class Totals {
  bytes: usize;
  highWater: usize;
}

const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));
const totals = changetype<Totals>(memory.data(offsetof<Totals>(), 16));

export function allocateBuffer(capacity: u32): Buffer | null {
  const record = take<Buffer>(slab);
  if (record == 0) return null;
  const order = max(orderOf(capacity), ORDER_SMALL);
  const data = allocateBlock(order);
  if (data == 0) {
    give<Buffer>(slab, record);
    return null;
  }
  const buffer = changetype<Buffer>(record);
  buffer.kind = QueueEntry.BUFFER;
  buffer.data = data;
  buffer.order = order;
  buffer.references = 1;
  charge(<usize>1 << order);
  return buffer;
}

export function retain(buffer: Buffer): void {
  buffer.references++;
}

export function release(buffer: Buffer): void {
  assert(buffer.kind == QueueEntry.BUFFER && buffer.references > 0, "a buffer is released once by each holder");
  if (--buffer.references != 0) return;
  discharge(<usize>1 << buffer.order);
  giveBlock(buffer.data, buffer.order);
  give<Buffer>(slab, changetype<usize>(buffer));
}

export function charge(bytes: usize): void {
  totals.bytes += bytes;
  if (totals.bytes > totals.highWater) totals.highWater = totals.bytes;
}

export function discharge(bytes: usize): void {
  assert(totals.bytes >= bytes, "what was charged is discharged once");
  totals.bytes -= bytes;
}

/** Bytes of buffers now. */
export function bufferBytes(): usize {
  return totals.bytes;
}

/** The most that bufferBytes was since boot or the last reset. */
export function bufferHighWater(): usize {
  return totals.highWater;
}

/** Lets the high-water mark start again from what is in use. */
export function resetHighWater(): void {
  totals.highWater = totals.bytes;
}

/** Buffers in use now. */
export function bufferCount(): u32 {
  return slab.inUse;
}
