// What a socket of the host's ABI receives, on its way to the supervisor ahead of the program's reading.
//   push   sends what is queued, at once and by itself, until PUSH_BYTES_MAX are not taken yet
//   pull   sends as much as was asked for; it is how dumps come, whose parts are made as they are wanted
// A frame that leaves something queued says MORE, and from then on the supervisor asks: nothing is pushed until an answer
// has come without it. Bytes sent stay counted in the socket until they are taken.

import { LinuxError } from "../linux/errno.js";
import { align4, DATA_RECORD_BYTES, DataFlag, FrameType, HALF_NONE, RECORD_ERROR } from "./frames.js";
import { HALF_BYTES, PUSH_BYTES_MAX } from "./limits.js";
import type { Outgoing } from "./outgoing.js";
import type { Datagram, ServedSocket } from "./served.js";
import type { SharedFile } from "./sharedfile.js";

/** Below this a frame is cheaper than the shared file. */
const SHARED_BYTES_MIN = 2048;
/** Datagrams go through the stream in frames of about this size, where there is no half. */
const INLINE_BYTES_MAX = 1 << 18;
const PADDING = new Uint8Array(3);
/** Offsets in a struct data. */
const DATA_LENGTH = 4;
const DATA_FLAGS = 8;

/** What was asked for with a PULL. */
export interface Pull {
  readonly request: number;
  readonly credit: number;
  readonly offer: number;
  /** HALF_NONE, or the half where datagrams may be put. */
  readonly half: number;
}

export class Feed {
  readonly #socket: ServedSocket;
  readonly #number: number;
  readonly #out: Outgoing;
  readonly #shared: SharedFile | undefined;
  /** The largest buffer that the program has offered. */
  #offer = 0;
  /** Bytes that were sent and not taken. */
  #ahead = 0;
  #isPulled = false;
  /** What was taken off the queue and did not go into the half. */
  #kept: Datagram | number | undefined;

  constructor(socket: ServedSocket, number: number, out: Outgoing, shared: SharedFile | undefined) {
    this.#socket = socket;
    this.#number = number;
    this.#out = out;
    this.#shared = shared;
  }

  get #hasReadable(): boolean {
    return this.#kept !== undefined || this.#socket.isReadable;
  }

  get #hasMore(): boolean {
    return this.#hasReadable || this.#socket.isDumping;
  }

  /** @param most - bytes of this frame; at least one datagram goes, if there is one and room ahead */
  push(most = PUSH_BYTES_MAX): void {
    if (this.#isPulled || this.#ahead >= PUSH_BYTES_MAX || !this.#hasReadable) return;
    this.#sendInline(0, Math.min(most, PUSH_BYTES_MAX - this.#ahead), HALF_NONE);
  }

  pull({ request, credit, offer, half }: Pull): void {
    this.#offer = Math.max(this.#offer, offer);
    if (half === HALF_NONE || this.#shared === undefined) {
      this.#sendInline(request, Math.min(credit, INLINE_BYTES_MAX), half);
    } else {
      this.#sendShared(this.#shared, request, Math.min(credit, HALF_BYTES), half);
    }
  }

  taken(bytes: number): void {
    const counted = Math.min(bytes, this.#ahead);
    this.#ahead -= counted;
    this.#socket.taken(counted);
  }

  /** The next datagram, or the errno of a pending error. */
  #next(): Datagram | number | undefined {
    const kept = this.#kept;
    if (kept !== undefined) {
      this.#kept = undefined;
      return kept;
    }
    try {
      return this.#socket.receive(this.#offer);
    } catch (error) {
      if (error instanceof LinuxError) return error.errno;
      throw error;
    }
  }

  #keep(next: Datagram | number): void {
    this.#kept = typeof next === "number" ? next : { ...next, bytes: next.bytes.slice() };
  }

  #sendInline(request: number, credit: number, half: number): void {
    const out = this.#out;
    out.begin(FrameType.DATA, this.#number, request);
    const frame = putData(out, half);
    let sent = 0;
    do {
      const next = this.#next();
      if (next === undefined) break;
      putRecord(out, next);
      sent += recordBytes(next);
      if (typeof next !== "number") this.#ahead += next.bytes.length;
    } while (sent < credit);
    this.#finish(frame, sent, 0);
  }

  #sendShared(shared: SharedFile, request: number, credit: number, half: number): void {
    let sent = 0;
    do {
      const next = this.#next();
      if (next === undefined) break;
      const bytes = recordBytes(next);
      const isSmall = sent === 0 && bytes < SHARED_BYTES_MIN;
      if (typeof next === "number" || isSmall || sent + bytes > HALF_BYTES) {
        this.#keep(next);
        break;
      }
      shared.write(half, sent, [headOf(next), next.bytes, PADDING.subarray(0, -next.bytes.length & 3)]);
      this.#ahead += next.bytes.length;
      sent += bytes;
    } while (sent < credit);
    if (sent > 0) {
      this.#out.begin(FrameType.DATA, this.#number, request);
      this.#finish(putData(this.#out, half), sent, DataFlag.SHARED);
    } else {
      this.#sendInline(request, Math.min(credit, INLINE_BYTES_MAX), half);
    }
  }

  #finish(frame: number, sent: number, flags: number): void {
    this.#isPulled = this.#hasMore;
    this.#out.patch(frame + DATA_LENGTH, sent);
    this.#out.patch(frame + DATA_FLAGS, flags | (this.#isPulled ? DataFlag.MORE : 0));
    this.#out.end();
  }
}

/** A struct data, whose length and flags are not known yet. @returns where it lies */
function putData(out: Outgoing, half: number): number {
  const at = out.putWord(half);
  out.putWord(0);
  out.putWord(0);
  return at;
}

function recordBytes(next: Datagram | number): number {
  return DATA_RECORD_BYTES + (typeof next === "number" ? 0 : align4(next.bytes.length));
}

/** A struct data_record. */
function headOf(next: Datagram | number): Uint8Array {
  const words =
    typeof next === "number" ? [RECORD_ERROR + next, 0, 0, 0] : [next.bytes.length, next.port, next.groups, next.group];
  return new Uint8Array(Uint32Array.from(words).buffer);
}

function putRecord(out: Outgoing, next: Datagram | number): void {
  out.putBytes(headOf(next));
  if (typeof next !== "number") out.putPadded(next.bytes);
}
