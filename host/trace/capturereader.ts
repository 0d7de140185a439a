// Whatever capture file it is: finds out the format, and gives its blocks as bytes come.
//   push   more bytes of the file
//   next   the next block that is whole; undefined when more bytes are needed, or the file is over
//   end    there are no more bytes: what is left over is damage

import { type Block, type BlockFormat, CaptureError } from "./capture.js";
import { isPcap, PcapFormat } from "./pcap.js";
import { BlockType } from "./pcapng/format.js";
import { PcapngFormat } from "./pcapng/reader.js";
import { ArrayRoom, type Room } from "./room.js";

const MAGIC_BYTES = 4;

export class CaptureReader {
  #format: BlockFormat | undefined;
  /** What is in the room and not read yet. */
  readonly #window: { readonly room: Room; start: number; end: number };
  /** Bytes of the file before it. */
  #offset = 0;

  /** @param room - where blocks are to lie while they are read, and nothing else does */
  constructor(room: Room = new ArrayRoom()) {
    this.#window = { room, start: 0, end: 0 };
  }

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

  /** Blocks that were given lie elsewhere afterwards, or nowhere. */
  push(chunk: Uint8Array): void {
    const window = this.#window;
    const { room } = window;
    const left = window.end - window.start;
    const needed = left + chunk.length;
    if (room.bytes.length < needed) room.grow(needed);
    room.bytes.copyWithin(0, window.start, window.end);
    room.bytes.set(chunk, left);
    window.start = 0;
    window.end = needed;
  }

  /** @throws CaptureError no capture file, or a damaged one; there is nothing to be read behind that */
  next(): Block | undefined {
    const window = this.#window;
    if (window.end - window.start < MAGIC_BYTES) return undefined;
    this.#format ??= formatOf(window.room.bytes.subarray(window.start, window.end));
    const block = this.#format.next(window, this.#offset);
    if (block === undefined) return undefined;
    window.start += block.length;
    this.#offset += block.length;
    return block;
  }

  /** @throws CaptureError the last block is cut, or there is none */
  end(): void {
    const left = this.#window.end - this.#window.start;
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
