// Dumps that the reader pulls: one entry of a receive queue that stands for all messages of a dump and makes them when they
// are read (design 2.1). What it shows is the state at the request; what it counts is the whole.
//   Dump        the base of such entries; its owner gives three functions
//   takeChunk   the next reply buffer, just as FreeBSD's writer would have cut it
// A reader with room gets messages written straight into its window; only who peeks, or reads less than a message, makes
// chunks necessary.

import { Buffer, QueueEntry, allocateBuffer } from "../mem/buffer";
import { grownCapacity } from "./growth";

/**
 * Writes whole messages from where the dump stands, as many as fit `room` bytes, and advances. Each message's length goes
 * through countMessage. @returns bytes written
 */
export type DumpFill = (dump: Dump, into: usize, room: u32) => u32;
/** The length of the next message; there is one while remaining > 0. */
export type DumpNext = (dump: Dump) => u32;
/** Frees the dump and what it holds. */
export type DumpFree = (dump: Dump) => void;

@unmanaged
export class Dump {
  kind: u32;
  /** Bytes of messages not yet written, NLMSG_DONE included. */
  remaining: u64;
  /** The reply buffer that the next message may go into: bytes used and capacity, as FreeBSD's writer would have them. */
  chunkUsed: u32;
  chunkCapacity: u32;
  /** Socket whose queue it is in. */
  socket: usize;
  fillFunction: usize;
  nextFunction: usize;
  freeFunction: usize;

  fill(into: usize, room: u32): u32 {
    const bytes = changetype<DumpFill>(this.fillFunction)(this, into, room);
    assert(<u64>bytes <= this.remaining, "a dump is as long as was counted");
    this.remaining -= bytes;
    return bytes;
  }
  nextLength(): u32 {
    return changetype<DumpNext>(this.nextFunction)(this);
  }
  free(): void {
    changetype<DumpFree>(this.freeFunction)(this);
  }
  /** Whether a message fits the reply buffer of the one before. */
  fitsChunk(length: u32): bool {
    return this.chunkUsed + length <= this.chunkCapacity;
  }
  // Accounts for a message of `length` bytes that is being written.
  @inline
  countMessage(length: u32): void {
    if (!this.fitsChunk(length)) this.startChunk(length);
    this.chunkUsed += length;
  }
  private startChunk(length: u32): void {
    this.chunkCapacity = grownCapacity(this.chunkCapacity, this.chunkUsed, 0, length);
    this.chunkUsed = 0;
  }
}

/** What the maker of a dump sets. */
export function initDump(dump: Dump, fill: DumpFill, next: DumpNext, free: DumpFree): void {
  dump.kind = QueueEntry.DUMP;
  dump.fillFunction = changetype<usize>(fill);
  dump.nextFunction = changetype<usize>(next);
  dump.freeFunction = changetype<usize>(free);
}

/** The rest of the dump's current reply buffer, or the next one, as a buffer; null without memory, and nothing changed. */
export function takeChunk(dump: Dump): Buffer | null {
  const length = dump.nextLength();
  const capacity = dump.fitsChunk(length)
    ? dump.chunkCapacity - dump.chunkUsed
    : grownCapacity(dump.chunkCapacity, dump.chunkUsed, 0, length);
  const buffer = allocateBuffer(capacity);
  if (buffer == null) return null;
  buffer.length = dump.fill(buffer.data, capacity);
  assert(buffer.length != 0, "a chunk holds at least a message");
  return buffer;
}
