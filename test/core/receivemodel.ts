// What a receive queue gives its reader, as a model to compare with (netlink-core N3.3; netlink_domain.c, nl_soreceive).
//   cutAsWritten   how a writer cuts the answers to one send into reply buffers (N7.2)
//   ReceiveModel   the queue: reply buffers of whole messages, and the table of N3.3
//   readOf         the same of a real socket

import { MSG, NetlinkLimit } from "../../assembly/abi/netlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import { concat } from "../support/messages.js";

export interface Reading {
  /** What the call returns. */
  readonly length: number;
  readonly copied: Uint8Array;
  /** msg_flags on return: those that went in come out again (N3.4). */
  readonly flags: number;
}

interface Queued {
  readonly bytes: Uint8Array;
  /** It ends its reply buffer. */
  readonly isLast: boolean;
}

/** The messages of one send's answers, each below 2,048 bytes, in the buffers that the writer flushes. */
export function cutAsWritten(messages: readonly Uint8Array[]): Uint8Array[][] {
  const buffers: Uint8Array[][] = [[]];
  let capacity: number = NetlinkLimit.NLMSG_SMALL;
  let used = 0;
  for (const each of messages) {
    if (used + each.length > capacity) {
      if (used > 0) buffers.push([]);
      capacity = NetlinkLimit.NLMBUFSIZE;
      used = 0;
    }
    buffers.at(-1)?.push(each);
    used += each.length;
  }
  return buffers;
}

export class ReceiveModel {
  #queue: Queued[];

  constructor(buffers: readonly (readonly Uint8Array[])[]) {
    this.#queue = buffers.flatMap((buffer) => buffer.map((bytes, i) => ({ bytes, isLast: i === buffer.length - 1 })));
  }

  /** Bytes not read. */
  get used(): number {
    return this.#queue.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** Messages not read. */
  get count(): number {
    return this.#queue.length;
  }

  read(room: number, flags = 0): Reading {
    const isPeek = (flags & MSG.PEEK) !== 0;
    const isTrunc = (flags & MSG.TRUNC) !== 0;
    let taken = 0;
    let total = 0;
    for (const { bytes } of this.#queue) {
      if (total + bytes.length > room) break;
      total += bytes.length;
      taken++;
    }
    const next = this.#queue[taken];
    if (taken === 0 && next !== undefined && room > 0) {
      if (!isPeek) this.#queue = this.#queue.slice(1);
      const isTold = isTrunc && (isPeek || !next.isLast);
      const length = isTold ? next.bytes.length : room;
      return { length, copied: next.bytes.slice(0, room), flags: flags | MSG.TRUNC };
    }
    const copied = concat(...this.#queue.slice(0, taken).map(({ bytes }) => bytes));
    if (!isPeek) this.#queue = this.#queue.slice(taken);
    const lacking = next === undefined || !isTrunc ? 0 : total + next.bytes.length - room;
    return { length: total + lacking, copied, flags };
  }
}

const UNTOUCHED = 0xee;

/** Reads of a socket, and checks that nothing is written behind what was copied. */
export function readOf(socket: Socket, room: number, flags = 0): Reading {
  const into = new Uint8Array(room).fill(UNTOUCHED);
  const message = socket.recvmsg(into, { flags });
  const beyond = into.subarray(message.copied).findIndex((byte) => byte !== UNTOUCHED);
  if (beyond !== -1) throw new Error(`recv of ${room} wrote behind the ${message.copied} bytes it copied`);
  return { length: message.length, copied: into.slice(0, message.copied), flags: message.flags };
}
