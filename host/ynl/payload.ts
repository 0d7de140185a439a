// What is no number: texts, bytes and how they are shown, structures, lists in one payload, and nests. As JSON: text,
// hexadecimal digits or what the hint says, objects, lists.

import { type AttributeValues, type Entries, nest, type Table } from "../codec/attributes.js";
import { hex, type Writer } from "../codec/bytes.js";
import { formatIp, parseIp } from "../codec/ip.js";
import { type Kind, flag as presence, stringn, type Values } from "../codec/kind.js";
import { type Fields, type Struct, struct } from "../codec/struct.js";
import type { Hint } from "./file.js";
import { type NumberOptions, number } from "./number.js";

/** Keys of a list that was read which are no attributes (host/codec/attributes.ts). */
const EXTRAS = ["unknown", "wire"];

function wrong(writer: Writer, expected: string, value: unknown): Error {
  return writer.error(expected, JSON.stringify(value) ?? String(value));
}

/** An object whose keys are all known. @throws CodecError */
export function checkKeys(writer: Writer, value: unknown, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(writer, "an object", value);
  const key = Object.keys(value).find((each) => !known.includes(each) && !EXTRAS.includes(each));
  if (key !== undefined) throw writer.error(`one of ${known.join(", ") || "no attributes"}`, `"${key}"`);
  return value as Record<string, unknown>;
}

/** Values of attributes that a table has, and lists where an attribute may occur several times. @throws CodecError */
export function checkValues(writer: Writer, value: unknown, table: Table<Entries>): AttributeValues<Entries> {
  const values = checkKeys(writer, value, Object.keys(table.entries));
  for (const { key, kind } of table.list) {
    if (kind.item !== undefined && values[key] !== undefined) listOf(writer, values[key], key);
  }
  return values as AttributeValues<Entries>;
}

/** Text, written with its NUL. @param size - of a field that has so many bytes, whatever the text */
export function text(size?: number): Kind<unknown> {
  const { read, show, brief } = stringn;
  return {
    name: "a string",
    isLoose: true,
    ...(size === undefined ? {} : { size }),
    read: (reader, length, before) => read(reader, length, before),
    write(writer, value) {
      if (typeof value !== "string") throw wrong(writer, "a string", value);
      const start = writer.length;
      if (size === undefined) {
        stringn.write(writer, value, {});
        return;
      }
      const bytes = new TextEncoder().encode(value);
      if (bytes.length > size) throw writer.error(`a string of at most ${size} bytes`, JSON.stringify(value));
      writer.put(bytes);
      writer.put(new Uint8Array(size - (writer.length - start)));
    },
    show: (value, names) => show(value as string, names, {}),
    ...(brief ? { brief: (value: unknown, names) => brief(value as string, names) } : {}),
  };
}

/** Bytes. @param size - when they can be no other number */
export function binary(hint: Hint | undefined, size?: number): Kind<unknown> {
  const show = (value: unknown): string => String(value) || "(empty)";
  return {
    name: size === undefined ? "bytes" : `${size} bytes`,
    ...(size === undefined ? {} : { size }),
    read: (reader, length) => textOf(reader.take(length), hint),
    write(writer, value) {
      const bytes = bytesOf(value, hint);
      if (bytes === undefined) throw wrong(writer, expectedOf(hint), value);
      if (size !== undefined && bytes.length !== size) throw writer.error(`${size} bytes`, `${bytes.length}`);
      writer.put(bytes);
    },
    show,
  };
}

function expectedOf(hint: Hint | undefined): string {
  if (hint?.startsWith("ip")) return "an IP address";
  return hint === "mac" || hint === "fddi" ? "hexadecimal bytes with colons" : "hexadecimal digits, two a byte";
}

function textOf(bytes: Uint8Array, hint: Hint | undefined): string {
  const digits = hex(bytes);
  if (hint?.startsWith("ip") && (bytes.length === 4 || bytes.length === 16)) return formatIp(bytes);
  if (hint === "mac" || hint === "fddi") return digits.replaceAll(/..(?=.)/g, "$&:");
  if (hint === "uuid" && bytes.length === 16) return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  return digits;
}

function bytesOf(value: unknown, hint: Hint | undefined): Uint8Array | undefined {
  if (typeof value !== "string") return undefined;
  const address = hint?.startsWith("ip") ? parseIp(value) : undefined;
  if (address !== undefined) return address;
  const digits = value.replace(/^0x/i, "").replaceAll(/[:\s-]/g, "");
  if (!/^([\da-f]{2})*$/i.test(digits)) return undefined;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export const flag: Kind<unknown> = {
  ...(presence as Kind<unknown>),
  write(writer, value) {
    if (value !== true) throw wrong(writer, "true", value);
  },
};

/** nla_bitfield32: which bits are meant, and what they are. */
export function bitfield32(options: NumberOptions): Kind<unknown> {
  const word = number("u32", options);
  return structure(struct("nla_bitfield32", { value: ["value", word], selector: ["selector", word] }));
}

/** A structure. What it does not say is 0; a longer one, of a newer kernel, keeps its tail as long as it is not changed. */
export function structure(fields: Struct<Fields>): Kind<unknown> {
  const known = Object.keys(fields.fields);
  return {
    name: fields.name,
    isLoose: true,
    read: (reader, length) => fields.read(reader, length, {}),
    write: (writer, value) => fields.write(writer, { ...fields.zero(), ...checkKeys(writer, value, known) }, {}),
    show: (value, names) => `{ ${fields.show(value as never, names, {})} }`,
    lines: (value, names) => fields.lines?.(value as never, names, {}) ?? [],
  };
}

/** Values of one size, one after the other. */
export function packed(item: Kind<unknown>, size: number): Kind<unknown> {
  const show = (value: unknown): string =>
    (value as unknown[]).map((each) => item.show(each, { messageType: () => undefined }, {})).join(", ");
  return {
    name: `a list of ${item.name}`,
    read(reader, length) {
      if (length % size !== 0) throw reader.error(`a multiple of ${size} bytes (${item.name})`, `${length}`);
      return Array.from({ length: length / size }, () => item.read(reader, size, {}));
    },
    write(writer, value) {
      for (const each of listOf(writer, value)) item.write(writer, each, {});
    },
    show: (value) => show(value) || "(empty)",
  };
}

/** A kind of lists, given one whose values must be lists. */
export function checkedList(kind: Kind<unknown[]>): Kind<unknown> {
  return {
    ...(kind as Kind<unknown>),
    write: (writer, value, before) => kind.write(writer, listOf(writer, value), before),
  };
}

function listOf(writer: Writer, value: unknown, name?: string): unknown[] {
  if (!Array.isArray(value)) throw wrong(writer, name === undefined ? "a list" : `a list of ${name}`, value);
  return value;
}

/** Attributes of a set, which may hold itself: it is looked at when something is read or written. */
export function nested(name: string, table: () => Table<Entries>): Kind<unknown> {
  let made: Kind<AttributeValues<Entries>> | undefined;
  const inner = (): Kind<AttributeValues<Entries>> => {
    made ??= nest(table());
    return made;
  };
  return {
    name: `nested ${name}`,
    read: (reader, length, before) => inner().read(reader, length, before),
    write(writer, value, before) {
      inner().write(writer, checkValues(writer, value, table()), before);
    },
    show: (value, names, before) => inner().show(value as Values, names, before),
    lines: (value, names, before) => inner().lines?.(value as Values, names, before) ?? [],
  };
}
