// Bytes in and out, little endian as FreeBSD's own hosts are, and the one error that names a place in them.
//   Reader  walks a buffer and knows where it is: message number, field path, byte offset
//   Writer  grows as needed, and leaves zeros wherever it aligns
// Both leave sizes to the kinds (kind.ts): reading past the end is a RangeError of the DataView, never foreign bytes.

import { NetlinkSize, NLA_F } from "../../assembly/abi/netlink.js";

/** nla_type without its flag bits. */
export const TYPE_MASK: number = NLA_F.TYPE_MASK;

/** Rounds up to a multiple of 4, as messages and attributes are aligned (netlink.h, NL_ITEM_ALIGN_SIZE). */
export function align4(size: number): number {
  return (size + 3) & ~3;
}

/** Bytes that are not what the schema says, or a value that cannot be written as it says. */
export class CodecError extends Error {
  /** @param found - what stood there instead */
  constructor(
    /** From 1. */
    readonly messageNumber: number,
    /** Bytes from the start of the buffer to what is wrong. */
    readonly offset: number,
    /** Header field or attribute, outermost first, as `RTA_METRICS.RTAX_MTU`; the message itself is `nlmsghdr`. */
    readonly field: string,
    readonly expected: string,
    found: string,
  ) {
    super(`message ${messageNumber}, byte ${offset}, ${field}: expected ${expected}, found ${found}`);
    this.name = "CodecError";
  }
}

/** Where a reader or writer stands, for errors. */
abstract class Place {
  messageNumber = 1;
  /** nlmsg_type and nlmsg_flags of the message: the layout of NHAF_FAMILY and of NLMSG_ERROR depends on them. */
  type = 0;
  flags = 0;
  readonly path: string[] = [];

  protected failure(offset: number, expected: string, found: string): CodecError {
    return new CodecError(this.messageNumber, offset, this.path.join(".") || "nlmsghdr", expected, found);
  }
}

export class Reader extends Place {
  at = 0;
  readonly #view: DataView;

  constructor(readonly bytes: Uint8Array) {
    super();
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }
  i32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }
  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }
  /** A copy: the buffer may be read into again. */
  take(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.bytes.slice(start, start + length);
  }

  /** An error at `offset`, by default where the reader stands. */
  error(expected: string, found: string, offset = this.at): CodecError {
    return this.failure(offset, expected, found);
  }

  #advance(size: number): number {
    const start = this.at;
    this.at += size;
    return start;
  }
}

export class Writer extends Place {
  length = 0;
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);

  u8(value: number): void {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
  }
  u16(value: number): void {
    const at = this.#room(2);
    this.#view.setUint16(at, value, true);
  }
  u32(value: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
  }
  i32(value: number): void {
    const at = this.#room(4);
    this.#view.setInt32(at, value, true);
  }
  u64(value: bigint): void {
    const at = this.#room(8);
    this.#view.setBigUint64(at, value, true);
  }
  put(bytes: Uint8Array): void {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }
  /** Zeros up to a multiple of 4 from `start`. */
  align(start = 0): void {
    this.#room(align4(this.length - start) - (this.length - start));
  }

  /** Fills in a length that was not known when its place was written. */
  patchU16(at: number, value: number): void {
    this.#view.setUint16(at, value, true);
  }
  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }
  /** Takes back what was written from `length` on. */
  cut(length: number): void {
    this.#bytes.fill(0, length, this.length);
    this.length = length;
  }

  /** A copy of what was written, from `start` on. */
  copy(start = 0): Uint8Array {
    return this.#bytes.slice(start, this.length);
  }

  error(expected: string, found: string): CodecError {
    return this.failure(this.length, expected, found);
  }

  #room(size: number): number {
    const start = this.length;
    this.length += size;
    if (this.length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.length, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return start;
  }
}

/** Bytes as hexadecimal digits, two a byte. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

/** Header of an attribute, and where its length stands. */
export const NLATTR: number = NetlinkSize.NLATTR;
