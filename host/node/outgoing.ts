// Frames on their way to a supervisor, one behind the other in one buffer that is written at once.

import { align4, FrameHeader, type FrameType, PROTOCOL_VERSION, viewOf } from "./frames.js";

const ROOM_FIRST = 4096;
/** A buffer that grew beyond this is given up after it was written. */
const ROOM_KEPT = 1 << 20;

export class Outgoing {
  #bytes = new Uint8Array(ROOM_FIRST);
  #view = viewOf(this.#bytes);
  #length = 0;
  #frame = 0;
  #isFirst = true;

  /** What waits to be written, since the last take. */
  get length(): number {
    return this.#length;
  }

  /** Begins a frame; what is put follows, and end ends it. */
  begin(type: FrameType, socket: number, request: number): void {
    this.#frame = this.#length;
    this.#reserve(FrameHeader.BYTES);
    const at = this.#length;
    this.#view.setUint8(at + FrameHeader.TYPE, type);
    this.#view.setUint8(at + FrameHeader.FLAGS, 0);
    this.#view.setUint16(at + FrameHeader.VERSION, this.#isFirst ? PROTOCOL_VERSION : 0, true);
    this.#view.setUint32(at + FrameHeader.SOCKET, socket, true);
    this.#view.setUint32(at + FrameHeader.REQUEST, request, true);
    this.#length += FrameHeader.BYTES;
    this.#isFirst = false;
  }

  /** @returns where the word lies, for `patch` */
  putWord(value: number): number {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
    return this.#length - 4;
  }

  patch(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  putBytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Bytes, and zeros up to a multiple of 4. */
  putPadded(bytes: Uint8Array): void {
    this.putBytes(bytes);
    const padding = align4(bytes.length) - bytes.length;
    this.#reserve(padding);
    this.#bytes.fill(0, this.#length, this.#length + padding);
    this.#length += padding;
  }

  end(): void {
    this.#view.setUint32(this.#frame + FrameHeader.LENGTH, this.#length - this.#frame, true);
  }

  /** Drops the frame that was begun. */
  abandon(): void {
    this.#length = this.#frame;
  }

  /** All that waits; valid until something is put. Nothing waits afterwards. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    if (this.#bytes.length > ROOM_KEPT) {
      this.#bytes = new Uint8Array(ROOM_FIRST);
      this.#view = viewOf(this.#bytes);
    }
    return taken;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    let room = this.#bytes.length;
    while (room < this.#length + bytes) room *= 2;
    const larger = new Uint8Array(room);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = viewOf(larger);
  }
}
