// Bytes that grow at the end, little endian.

const FIRST_BYTES = 1 << 12;
const encoder = new TextEncoder();

export class ByteWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

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

  u16(value: number): void {
    const at = this.#room(2);
    this.#view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
  }

  /** Network order. */
  u16big(value: number): void {
    const at = this.#room(2);
    this.#view.setUint16(at, value);
  }

  put(bytes: Uint8Array): void {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** @returns how many bytes it has */
  text(text: string): number {
    // UTF-8 has at most three bytes for a UTF-16 unit.
    const at = this.#room(3 * text.length);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(at, this.#length));
    this.#length = at + written;
    return written;
  }

  zeros(count: number): void {
    const at = this.#room(count);
    this.#bytes.fill(0, at, at + count);
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
  #room(count: number): number {
    const at = this.#length;
    if (at + count > this.#bytes.length) this.#grow(at + count);
    this.#length = at + count;
    return at;
  }

  #grow(least: number): void {
    const bytes = new Uint8Array(Math.max(least, 2 * this.#bytes.length));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
