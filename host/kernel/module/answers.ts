// What a module answers, record after record, as the core takes it (assembly/netlink/external.ts).

import { ExternalRecord, ExternalRecordLayout } from "../../../assembly/abi/exchange.js";
import { copyBytes } from "../memory.js";

const FIRST_BYTES = 4096;
const HEAD_BYTES = ExternalRecordLayout.PAYLOAD;

const aligned = (bytes: number): number => (bytes + 3) & ~3;

export class Answers {
  #bytes = new Uint8Array(FIRST_BYTES);
  #words = new Uint32Array(this.#bytes.buffer);
  #length = 0;
  /** Where the records of the message begin that is being answered. */
  #begun = 0;
  /** Bytes of messages in the records since `clear`. */
  payload = 0;

  clear(): void {
    this.#length = 0;
    this.#begun = 0;
    this.payload = 0;
  }

  /** Bytes of all records. */
  get length(): number {
    return this.#length;
  }

  /** All records into a core's memory. */
  copyTo(memory: Uint8Array, place: number): void {
    copyBytes(this.#bytes, 0, this.#length, memory, place);
  }

  /** Bytes of the records of the message that is being answered. */
  get begun(): number {
    return this.#length - this.#begun;
  }

  /** Forgets what was said to the message that is being answered. */
  rewind(): void {
    this.#length = this.#begun;
  }

  /** Whole messages, of a piece of memory. */
  reply(memory: Uint8Array, at: number, bytes: number): void {
    this.#put(ExternalRecord.REPLY, 0, memory, at, bytes);
    this.payload += bytes;
  }

  /** Whole messages, of a piece of memory. */
  notify(group: number, memory: Uint8Array, at: number, bytes: number): void {
    this.#put(ExternalRecord.GROUP, group, memory, at, bytes);
    this.payload += bytes;
  }

  report(memory: Uint8Array, at: number, bytes: number): void {
    this.#put(ExternalRecord.REPORT, 0, memory, at, bytes);
  }

  /** @param offset - in the request, of the attribute at fault */
  reportOffset(offset: number): void {
    this.#head(ExternalRecord.OFFSET, offset, 0);
  }

  /** The message is done. @param errno - 0 for success */
  end(errno: number): void {
    this.#head(ExternalRecord.END, errno, 0);
    this.#begun = this.#length;
  }

  #head(kind: ExternalRecord, argument: number, bytes: number): number {
    const at = this.#length;
    this.#reserve(HEAD_BYTES + aligned(bytes));
    const word = at >>> 2;
    this.#words[word + (ExternalRecordLayout.KIND >>> 2)] = kind;
    this.#words[word + (ExternalRecordLayout.BYTES >>> 2)] = bytes;
    this.#words[word + (ExternalRecordLayout.ARGUMENT >>> 2)] = argument;
    return at + HEAD_BYTES;
  }

  #put(kind: ExternalRecord, argument: number, memory: Uint8Array, at: number, bytes: number): void {
    const place = this.#head(kind, argument, bytes);
    // The padding too gets into the core's memory, where a replay must find the same: nothing of earlier answers.
    if (bytes > 0) this.#words[(place + aligned(bytes) - 4) >>> 2] = 0;
    copyBytes(memory, at, bytes, this.#bytes, place);
  }

  #reserve(bytes: number): void {
    this.#length += bytes;
    if (this.#length <= this.#bytes.length) return;
    const larger = new Uint8Array(2 ** Math.ceil(Math.log2(this.#length)));
    larger.set(this.#bytes.subarray(0, this.#length - bytes));
    this.#bytes = larger;
    this.#words = new Uint32Array(larger.buffer);
  }
}
