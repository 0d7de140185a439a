// What a receive took off the queue and the program never got, because a signal took the call away: the next receives give
// it, before anything else and by themselves.

import { NetlinkSize, NlMsgHdr } from "../../../assembly/abi/netlink.js";
import type { Reading, ReadRequest } from "./reading.js";

const NOTHING = new Uint8Array(0);

export class Untaken {
  /** What the last receive gave. */
  #last: Uint8Array | undefined;
  #waiting: Uint8Array = NOTHING;

  /** Bytes that wait. */
  get bytes(): number {
    return this.#waiting.length;
  }

  /** A receive gave these to the program, it seems. */
  note(bytes: Uint8Array): void {
    this.#last = bytes.slice();
  }

  giveBack(): void {
    if (this.#last === undefined) return;
    const joined = new Uint8Array(this.#last.length + this.#waiting.length);
    joined.set(this.#last);
    joined.set(this.#waiting, this.#last.length);
    this.#waiting = joined;
    this.#last = undefined;
  }

  /** @returns undefined when nothing waits */
  read({ room, isPeek, isTrunc }: ReadRequest): Reading | undefined {
    const waiting = this.#waiting;
    if (waiting.length === 0) return undefined;
    const fitting = wholeMessages(waiting, room);
    const isCut = fitting === 0 && room > 0;
    const next = fitting < waiting.length ? lengthAt(waiting, fitting) : 0;
    const bytes = waiting.subarray(0, isCut ? Math.min(room, waiting.length) : fitting);
    if (!isPeek) {
      this.#last = bytes.slice();
      this.#waiting = waiting.slice(isCut ? next : fitting);
    }
    const lacking = next === 0 || !isTrunc ? 0 : isCut ? next - bytes.length : fitting + next - room;
    return { result: bytes.length + lacking, bytes };
  }
}

/** Bytes of the messages that fit. A cut one at the end, which is all there is, fits where its bytes do. */
function wholeMessages(messages: Uint8Array, room: number): number {
  let at = 0;
  while (at < messages.length) {
    const next = at + lengthAt(messages, at);
    if (next > room) break;
    at = next;
  }
  return at;
}

/** Of the message at an offset, or of what there is of it. */
function lengthAt(messages: Uint8Array, at: number): number {
  const left = messages.length - at;
  if (left < NetlinkSize.NLMSGHDR) return left;
  const view = new DataView(messages.buffer, messages.byteOffset, messages.byteLength);
  return Math.min(view.getUint32(at + NlMsgHdr.LEN, true), left);
}
