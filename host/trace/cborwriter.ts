// Writes CBOR (RFC 8949) into bytes that grow. The library that reads it writes it too, but takes half as long for an event
// as the kernel takes for the whole call; what events are made of is little.

import type { EventValue } from "../kernel/value.js";
import type { ByteWriter } from "./bytewriter.js";

/** Major types, in the high three bits. */
const Major = { UNSIGNED: 0 << 5, NEGATIVE: 1 << 5, BYTES: 2 << 5, TEXT: 3 << 5, ARRAY: 4 << 5, MAP: 5 << 5 } as const;
const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;
const UNDEFINED = 0xf7;
const FLOAT_64 = 0xfb;

/** Below this the head itself holds the number; then it says how many bytes follow. */
const DIRECT_MAX = 23;
const ONE_BYTE = 24;
const TWO_BYTES = 25;
const FOUR_BYTES = 26;
const EIGHT_BYTES = 27;
const U32 = 2 ** 32;

/** @param omitted - bytes in it that are kept elsewhere: null is written in their place */
export function writeCbor(out: ByteWriter, value: EventValue, omitted?: Uint8Array): void {
  switch (typeof value) {
    case "number":
      writeNumber(out, value);
      break;
    case "string":
      writeText(out, value);
      break;
    case "boolean":
      out.u8(value ? TRUE : FALSE);
      break;
    case "undefined":
      out.u8(UNDEFINED);
      break;
    default:
      writeObject(out, value, omitted);
  }
}

/** The head of an array; so many values follow. */
export function writeArrayHead(out: ByteWriter, length: number): void {
  writeHead(out, Major.ARRAY, length);
}

function writeObject(out: ByteWriter, value: object | null, omitted: Uint8Array | undefined): void {
  if (value === null || value === omitted) {
    out.u8(NULL);
  } else if (value instanceof Uint8Array) {
    writeHead(out, Major.BYTES, value.length);
    out.put(value);
  } else if (Array.isArray(value)) {
    writeHead(out, Major.ARRAY, value.length);
    for (const each of value as readonly EventValue[]) writeCbor(out, each, omitted);
  } else {
    const keys = Object.keys(value);
    writeHead(out, Major.MAP, keys.length);
    for (const key of keys) {
      writeText(out, key);
      writeCbor(out, (value as { readonly [key: string]: EventValue })[key], omitted);
    }
  }
}

function writeNumber(out: ByteWriter, value: number): void {
  if (!Number.isSafeInteger(value)) {
    out.u8(FLOAT_64);
    out.f64big(value);
  } else if (value < 0) {
    writeHead(out, Major.NEGATIVE, -1 - value);
  } else {
    writeHead(out, Major.UNSIGNED, value);
  }
}

function writeText(out: ByteWriter, text: string): void {
  const { length } = text;
  // A short text of ASCII has as many bytes as units, which is known only when it is written.
  if (length <= DIRECT_MAX && out.ascii(Major.TEXT | length, text)) return;
  const bytes = new TextEncoder().encode(text);
  writeHead(out, Major.TEXT, bytes.length);
  out.put(bytes);
}

function writeHead(out: ByteWriter, major: number, count: number): void {
  if (count <= DIRECT_MAX) {
    out.u8(major | count);
  } else if (count <= 0xff) {
    out.u8(major | ONE_BYTE);
    out.u8(count);
  } else if (count <= 0xffff) {
    out.u8(major | TWO_BYTES);
    out.u16big(count);
  } else if (count < U32) {
    out.u8(major | FOUR_BYTES);
    out.u32big(count);
  } else {
    out.u8(major | EIGHT_BYTES);
    out.u32big(Math.floor(count / U32));
    out.u32big(count % U32);
  }
}
