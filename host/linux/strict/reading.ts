// What one receive of a program gives: whole messages, as many as fit in their rewritten form, over all that is queued
// (netlink_domain.c, nl_soreceive; netlink-core N3.3; linux-compat L10.8). Links grow when they are rewritten, so how many
// fit is known only when they have been looked at; where no link can be queued the kernel's own receive is the answer.

import { FIO, MSG } from "../../../assembly/abi/netlink.js";
import type { ReceivedMessage, Socket } from "../../kernel/kernel.js";
import { MessageReader } from "../messagereader.js";
import { MessageWriter } from "../messagewriter.js";
import { isLink, type NameOf, rebuildLink, rewriteReply } from "./toprogram.js";

export interface ReadRequest {
  /** Bytes that the reader has room for. */
  readonly room: number;
  readonly isPeek: boolean;
  /** MSG_TRUNC: the result counts what the next or the cut message has beyond the room. */
  readonly isTrunc: boolean;
}

export interface Reading {
  /** What the call returns. */
  readonly result: number;
  /** Valid until the next call. */
  readonly bytes: Uint8Array;
}

/** Gets a message before and after; nothing after when it vanished. */
export type Observer = (before: Uint8Array, after: Uint8Array | undefined) => void;

/** From this room on even a cut message has all that is rewritten in place: header, table, errno. */
const ROOM_IN_PLACE = 64;
const FIRST_BYTES = 4096;

/** Messages that were looked at, rewritten. */
interface Look {
  /** Bytes of the messages that fit, as they are queued, and rewritten. */
  readonly queued: number;
  readonly fitting: Uint8Array;
  /** The first that does not fit. */
  readonly next: { readonly queued: number; readonly bytes: Uint8Array } | undefined;
}

export class StrictReader {
  /** Links may be queued, whose rewritten form is longer: one was asked for, or the group of links was joined. */
  mayGrow = false;
  observer: Observer | undefined;
  readonly #socket: Socket;
  readonly #isRoute: boolean;
  readonly #nameOf: NameOf;
  readonly #message = new MessageReader();
  readonly #writer = new MessageWriter();
  #buffer = new Uint8Array(FIRST_BYTES);

  /** @param nameOf - what programs call an interface */
  constructor(socket: Socket, isRoute: boolean, nameOf: NameOf) {
    this.#socket = socket;
    this.#isRoute = isRoute;
    this.#nameOf = nameOf;
  }

  /** @throws NetlinkError EAGAIN nothing is queued; ENOBUFS */
  read(request: ReadRequest): Reading {
    return this.mayGrow || request.room < ROOM_IN_PLACE ? this.#readLooking(request) : this.#readInPlace(request);
  }

  // ---- where lengths stay

  #readInPlace({ room, isPeek, isTrunc }: ReadRequest): Reading {
    const into = this.#bufferOf(Math.min(room, this.queuedBytes));
    const flags = (isPeek ? MSG.PEEK : 0) | (isTrunc ? MSG.TRUNC : 0);
    const { length, copied } = this.#socket.recvmsg(into, { flags, name: 0 });
    const bytes = into.subarray(0, copied);
    const kept = this.#rewriteInPlace(bytes, isPeek ? undefined : this.observer);
    return { result: length - copied + kept, bytes: bytes.subarray(0, kept) };
  }

  /** @returns bytes that are left: what has no other form is gone */
  #rewriteInPlace(bytes: Uint8Array, observer: Observer | undefined): number {
    const message = this.#message;
    message.use(bytes);
    let kept = 0;
    for (let at = 0; message.seekCut(at); at = message.next) {
      const before = observer && message.message.slice();
      const end = rewriteReply(message, this.#isRoute);
      const length = end < 0 ? 0 : end - at;
      if (kept !== at) bytes.copyWithin(kept, at, at + length);
      if (before !== undefined) observer?.(before, end < 0 ? undefined : bytes.slice(kept, kept + length));
      kept += length;
    }
    return kept;
  }

  // ---- where they may grow

  #readLooking({ room, isPeek, isTrunc }: ReadRequest): Reading {
    const { queued, fitting, next } = this.#look(room, isPeek ? undefined : this.observer);
    const isCut = next !== undefined && fitting.length === 0 && room > 0;
    if (!isCut) {
      this.#take(isPeek ? 0 : queued);
      const excess = next !== undefined && isTrunc ? fitting.length + next.bytes.length - room : 0;
      return { result: fitting.length + excess, bytes: fitting };
    }
    if (isPeek) this.#take(0);
    // Quirk: of the last message of a reply buffer the true length is not told, except to who peeks.
    const isTold = isPeek || !this.#takeFirst(next.queued);
    return { result: isTrunc && isTold ? next.bytes.length : room, bytes: next.bytes.subarray(0, room) };
  }

  /** Rewrites a copy of what fits the room, and of one message more if there is one; all of it stays queued. */
  #look(room: number, observer: Observer | undefined): Look {
    const message = this.#message;
    const writer = this.#writer;
    message.use(this.#peek(room));
    writer.rewind();
    let at = 0;
    let mark = 0;
    while (message.seek(at)) {
      const before = observer && message.message.slice();
      const isThere = this.#rewrite();
      const isCut = mark === 0 && room > 0;
      if (writer.at <= room || isCut)
        observer?.(before as Uint8Array, isThere ? writer.bytes.slice(mark, writer.at) : undefined);
      if (writer.at > room) {
        const next = { queued: message.length, bytes: writer.bytes.slice(mark, writer.at) };
        return { queued: at, fitting: writer.bytes.slice(0, mark), next };
      }
      mark = writer.at;
      at = message.next;
    }
    return { queued: at, fitting: writer.written.slice(), next: undefined };
  }

  /** Appends the message to what was written, or nothing when it has no other form. @returns whether it has one */
  #rewrite(): boolean {
    const message = this.#message;
    const writer = this.#writer;
    const mark = writer.at;
    let isThere = false;
    if (this.#isRoute && isLink(message.type)) {
      isThere = rebuildLink(message, writer, this.#nameOf);
    } else {
      const end = rewriteReply(message, this.#isRoute);
      isThere = end >= 0;
      if (isThere) writer.whole(message.bytes.subarray(message.start, end));
    }
    if (!isThere) writer.rewind(mark);
    return isThere;
  }

  /** The messages that fit the room as they are queued, and the next. @throws NetlinkError EAGAIN, ENOBUFS */
  #peek(room: number): Uint8Array {
    const first = Math.min(room, this.queuedBytes);
    const seen = this.#lookAt(first);
    // MSG_TRUNC tells what the next message has beyond the room; with that much room it is seen too.
    const excess = seen.length - seen.copied;
    const { copied } = excess > 0 ? this.#lookAt(first + excess) : seen;
    return this.#buffer.subarray(0, copied);
  }

  #lookAt(room: number): ReceivedMessage {
    return this.#socket.recvmsg(this.#bufferOf(room), { flags: MSG.PEEK | MSG.TRUNC, name: 0, isLook: true });
  }

  /** Takes as many bytes of whole messages off the queue; with 0 it is a receive all the same. */
  #take(bytes: number): void {
    this.#socket.recv(this.#bufferOf(bytes));
  }

  /** Takes the first message, of some bytes, off the queue. @returns whether it was the last of its reply buffer */
  #takeFirst(bytes: number): boolean {
    const room = bytes - 1;
    return this.#socket.recv(this.#bufferOf(room), MSG.TRUNC) === room;
  }

  /** Bytes queued, in their rewritten form. */
  get queuedBytes(): number {
    return this.#socket.ioctl(FIO.NREAD);
  }

  #bufferOf(bytes: number): Uint8Array {
    if (this.#buffer.length < bytes) this.#buffer = new Uint8Array(Math.max(bytes, 2 * this.#buffer.length));
    return this.#buffer.subarray(0, bytes);
  }
}
