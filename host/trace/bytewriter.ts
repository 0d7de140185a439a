// Bytes that grow at the end, little endian where nothing else is said.

import { ArrayRoom, type Room } from "./room.js";

const FIRST_BYTES = 1 << 12;
const ASCII_MAX = 0x7f;
const encoder = new TextEncoder();

export class ByteWriter {
  readonly #room: Room;
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  /** @param room - where they are to lie, and nothing else does */
  constructor(room: Room = new ArrayRoom()) {
    this.#room = room;
    if (room.bytes.length < FIRST_BYTES) room.grow(FIRST_BYTES);
    this.#bytes = room.bytes;
    this.#view = room.view;
  }

  get length(): number {
    return this.#length;
  }

  /** What was written, from a place on. Valid until more is. */
  from(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#length);
  }

  /** Forgets what was written; the room stays. */
  clear(): void {
    this.#length = 0;
  }

  u8(value: number): void {
    const at = this.#take(1);
    this.#bytes[at] = value;
  }

  u16(value: number): void {
    const at = this.#take(2);
    this.#view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.#take(4);
    this.#view.setUint32(at, value, true);
  }

  /** Network order, as the next two. */
  u16big(value: number): void {
    const at = this.#take(2);
    this.#view.setUint16(at, value);
  }

  u32big(value: number): void {
    const at = this.#take(4);
    this.#view.setUint32(at, value);
  }

  f64big(value: number): void {
    const at = this.#take(8);
    this.#view.setFloat64(at, value);
  }

  put(bytes: Uint8Array): void {
    const at = this.#take(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** UTF-8. @returns how many bytes it has */
  text(text: string): number {
    if (this.#ascii(text)) return text.length;
    // UTF-8 has at most three bytes for a UTF-16 unit.
    const at = this.#take(3 * text.length);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(at, this.#length));
    this.#length = at + written;
    return written;
  }

  /** A byte, and a text behind it if it is all ASCII. @returns false when it is not, and nothing was written */
  ascii(head: number, text: string): boolean {
    const at = this.#take(1);
    this.#bytes[at] = head;
    if (this.#ascii(text)) return true;
    this.#length = at;
    return false;
  }

  /** Short texts take a tenth of an encoder's time so. */
  #ascii(text: string): boolean {
    const at = this.#take(text.length);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > ASCII_MAX) {
        this.#length = at;
        return false;
      }
      this.#bytes[at + i] = unit;
    }
    return true;
  }

  zeros(count: number): void {
    const at = this.#take(count);
    for (let i = 0; i < count; i++) this.#bytes[at + i] = 0;
  }

  /** Zeros up to a multiple of four. */
  pad(): void {
    this.zeros(-this.#length & 3);
  }

  patchU16(at: number, value: number): void {
    this.#view.setUint16(at, value, true);
  }

  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  /** The view is another one afterwards, when there was no room. @returns where it begins */
  #take(count: number): number {
    const at = this.#length;
    if (at + count > this.#bytes.length) this.#grow(at + count);
    this.#length = at + count;
    return at;
  }

  #grow(least: number): void {
    this.#room.grow(least);
    this.#bytes = this.#room.bytes;
    this.#view = this.#room.view;
  }
}
