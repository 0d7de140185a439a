// Whatever capture file it is: finds out the format, and gives its blocks as bytes come.
//   push   more bytes of the file
//   next   the next block that is whole; undefined when more bytes are needed, or the file is over
//   end    there are no more bytes: what is left over is damage

import { type Block, type BlockFormat, CaptureError } from "./capture.js";
import { isPcap, PcapFormat } from "./pcap.js";
import { BlockType } from "./pcapng/format.js";
import { PcapngFormat } from "./pcapng/reader.js";

const MAGIC_BYTES = 4;

export class CaptureReader {
  #format: BlockFormat | undefined;
  #bytes = new Uint8Array(0);
  /** What is not read yet of `bytes`. */
  #start = 0;
  #end = 0;
  /** Bytes of the file before `start`. */
  #offset = 0;

  /** The blocks of a file that is all there. @throws CaptureError */
  static *blocks(file: Uint8Array): Generator<Block> {
    const reader = new CaptureReader();
    reader.push(file);
    for (let block = reader.next(); block !== undefined; block = reader.next()) yield block;
    reader.end();
  }

  /** Bytes of the file that whole blocks took so far. */
  get offset(): number {
    return this.#offset;
  }

  push(chunk: Uint8Array): void {
    const left = this.#end - this.#start;
    const needed = left + chunk.length;
    const room = this.#bytes.length >= needed ? this.#bytes : new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    room.set(this.#bytes.subarray(this.#start, this.#end));
    room.set(chunk, left);
    this.#bytes = room;
    this.#start = 0;
    this.#end = needed;
  }

  /** @throws CaptureError no capture file, or a damaged one; there is nothing to be read behind that */
  next(): Block | undefined {
    const bytes = this.#bytes.subarray(this.#start, this.#end);
    if (bytes.length < MAGIC_BYTES) return undefined;
    this.#format ??= formatOf(bytes);
    const block = this.#format.next(bytes, this.#offset);
    if (block === undefined) return undefined;
    this.#start += block.raw.length;
    this.#offset += block.raw.length;
    return block;
  }

  /** @throws CaptureError the last block is cut, or there is none */
  end(): void {
    const left = this.#end - this.#start;
    if (this.#format === undefined) {
      throw new CaptureError(0, `${left} bytes; expected a capture file, pcapng or pcap`);
    }
    if (left > 0) throw new CaptureError(this.#offset, `the file ends ${left} bytes into a block; expected all of it`);
  }
}

/** Whether bytes begin as a capture file does. */
export function isCaptureFile(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC_BYTES && (isPcap(bytes) || isPcapng(bytes));
}

/** The type of a section header reads the same in both byte orders. */
function isPcapng(bytes: Uint8Array): boolean {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0) === BlockType.SECTION;
}

function formatOf(bytes: Uint8Array): BlockFormat {
  if (isPcap(bytes)) return new PcapFormat();
  if (isPcapng(bytes)) return new PcapngFormat();
  const seen = Array.from(bytes.subarray(0, MAGIC_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  throw new CaptureError(0, `the file begins with ${seen}; expected pcapng (0a 0d 0d 0a) or pcap (a1 b2 c3 d4)`);
}
