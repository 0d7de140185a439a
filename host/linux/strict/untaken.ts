// What a receive took off the queue and the program never got, because a signal took the call away: the next receives give
// it, before anything else, and none gives more than one earlier receive did.

import { NetlinkSize, NlMsgHdr } from "../../../assembly/abi/netlink.js";
import type { Reading, ReadRequest } from "./reading.js";

/** What was taken and not given, as plain data. */
export interface UntakenState {
  readonly last: Uint8Array | undefined;
  readonly waiting: readonly Uint8Array[];
}

export class Untaken {
  /** What the last receive gave: in the receiver's own buffer, until the next receive. */
  #last: Uint8Array | undefined;
  /** What was given back and waits, a receive's worth each; none is empty. */
  readonly #waiting: Uint8Array[] = [];

  save(): UntakenState {
    return { last: this.#last, waiting: this.#waiting };
  }

  load({ last, waiting }: UntakenState): void {
    this.#last = last;
    this.#waiting.splice(0, this.#waiting.length, ...waiting);
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }

  /** A receive gave these to the program, it seems; undefined: it took nothing. The one before it is over. */
  note(bytes: Uint8Array | undefined): void {
    this.#last = bytes;
  }

  giveBack(): void {
    if (this.#last !== undefined && this.#last.length > 0) this.#waiting.unshift(this.#last.slice());
    this.#last = undefined;
  }

  /** @returns undefined when nothing waits */
  read({ room, isPeek, isTrunc }: ReadRequest): Reading | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const fitting = wholeMessages(first, room);
    const isCut = fitting === 0 && room > 0;
    const next = fitting < first.length ? lengthAt(first, fitting) : 0;
    const bytes = first.subarray(0, isCut ? room : fitting);
    this.note(isPeek ? undefined : bytes);
    if (!isPeek) this.#take(first, isCut ? next : fitting);
    const lacking = next === 0 || !isTrunc ? 0 : isCut ? next - room : fitting + next - room;
    return { result: bytes.length + lacking, bytes };
  }

  #take(from: Uint8Array, taken: number): void {
    if (taken === from.length) this.#waiting.shift();
    else this.#waiting[0] = from.slice(taken);
  }
}

/** Bytes of the messages that fit. */
function wholeMessages(messages: Uint8Array, room: number): number {
  let at = 0;
  while (at < messages.length) {
    const next = at + lengthAt(messages, at);
    if (next > room) break;
    at = next;
  }
  return at;
}

/**
 * Of the message at an offset, padding included; of one that was cut, of what there is of it. What does not begin with a
 * header, as the rest of a message that was cut, has no length of its own and is one piece.
 */
function lengthAt(messages: Uint8Array, at: number): number {
  const left = messages.length - at;
  if (left < NetlinkSize.NLMSGHDR) return left;
  const view = new DataView(messages.buffer, messages.byteOffset, messages.byteLength);
  const length = view.getUint32(at + NlMsgHdr.LEN, true);
  return length < NetlinkSize.NLMSGHDR ? left : Math.min((length + 3) & ~3, left);
}
