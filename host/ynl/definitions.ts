// Definitions of a specification: constants, enumerations, structures.

import type { Kind } from "../codec/kind.js";
import { type Fields, type Struct, struct } from "../codec/struct.js";
import type { Path } from "../yaml/schema.js";
import type { DefinitionFile, MemberFile, Source, ValueFile } from "./file.js";
import { type NumberOptions, number } from "./number.js";
import { binary, structure, text } from "./payload.js";

/** Names of values, or of bits. */
export interface Enumeration {
  readonly isFlags: boolean;
  readonly values: ReadonlyMap<string, bigint>;
  readonly names: ReadonlyMap<bigint, string>;
}

/** Largest length in bytes that a field or an attribute may have. */
const LENGTH_MAX = 0xffff;
/** Bits of the widest number. */
const BITS = 64;

interface Entries {
  readonly isFlags: boolean;
  /** As the file has them: of flags, the number of the bit. */
  readonly values: ReadonlyMap<string, number>;
}

export class Definitions {
  readonly #source: Source;
  readonly #constants = new Map<string, number>();
  readonly #enumerations = new Map<string, Entries>();
  readonly #structs = new Map<string, Struct<Fields>>();

  /** @throws ConfigError */
  constructor(source: Source) {
    this.#source = source;
    const taken = new Map<string, true>();
    const all = [...(source.file.definitions ?? []).entries()];
    for (const [index, { name }] of all) source.add(taken, name, true, ["definitions", index, "name"]);
    // Structures may have members of enumerations behind them, and those begin at constants.
    for (const types of [["const"], ["enum", "flags"], ["struct"]]) {
      for (const [index, definition] of all) {
        if (types.includes(definition.type)) this.#define(definition, ["definitions", index]);
      }
    }
  }

  #define(definition: DefinitionFile, path: Path): void {
    const { name, type, value, entries, members } = definition;
    const missing = (key: string): Error => this.#source.error(path, `missing key "${key}" of type ${type}`);
    if (type === "const") {
      if (value === undefined) throw missing("value");
      this.#constants.set(name, this.number(value, [...path, "value"]));
    } else if (type === "struct") {
      if (members === undefined) throw missing("members");
      this.#structs.set(name, this.#structOf(name, members, [...path, "members"]));
    } else {
      if (entries === undefined) throw missing("entries");
      this.#enumerations.set(name, this.#entriesOf(definition, path));
    }
  }

  #entriesOf({ type, entries = [], ...definition }: DefinitionFile, path: Path): Entries {
    const isFlags = type === "flags";
    const values = new Map<string, number>();
    let next = this.number(definition["value-start"] ?? 0, [...path, "value-start"]);
    for (const [index, entry] of entries.entries()) {
      const { name, value = next } = typeof entry === "string" ? { name: entry } : entry;
      if (isFlags && (value < 0 || value >= BITS)) {
        throw this.#source.error([...path, "entries", index], `expected a bit from 0 to ${BITS - 1}, got ${value}`);
      }
      this.#source.add(values, name, value, [...path, "entries", index]);
      next = value + 1;
    }
    return { isFlags, values };
  }

  /** A literal, a constant's value, or one less: `max - 1`. */
  number(value: number | string, path: Path): number {
    if (typeof value === "number") return value;
    const [, name = value, less] = /^(\w[\w-]*)( - 1)?$/.exec(value) ?? [];
    return this.#source.find(this.#constants, name, "a constant", path) - (less === undefined ? 0 : 1);
  }

  /** How long a value is said to be. */
  lengthOf({ len }: ValueFile, path: Path): number | undefined {
    if (len === undefined) return undefined;
    const length = this.number(len, [...path, "len"]);
    if (Number.isInteger(length) && length >= 0 && length <= LENGTH_MAX) return length;
    throw this.#source.error([...path, "len"], `expected a length from 0 to ${LENGTH_MAX}, got ${length}`);
  }

  /** @param asFlags - its values are numbers of bits, whatever it is */
  enumeration(name: string, asFlags: boolean, path: Path): Enumeration {
    const { isFlags, values } = this.#source.find(this.#enumerations, name, "an enum or flags", path);
    const isMask = isFlags || asFlags;
    const pairs = [...values].map(([each, value]) => [each, isMask ? 1n << BigInt(value) : BigInt(value)] as const);
    return { isFlags: isMask, values: new Map(pairs), names: new Map(pairs.map(([each, value]) => [value, each])) };
  }

  structOf(name: string, path: Path): Struct<Fields> {
    return this.#source.find(this.#structs, name, "a struct", path);
  }

  /** How a number is written and shown. */
  numberOptions(value: ValueFile, path: Path): NumberOptions {
    const { enum: name, "enum-as-flags": asFlags = false, "byte-order": order, "display-hint": hint } = value;
    return {
      isBigEndian: order === "big-endian",
      enumeration: name === undefined ? undefined : this.enumeration(name, asFlags, [...path, "enum"]),
      hint,
    };
  }

  /** A structure may hold those that were defined before it. */
  #structOf(name: string, members: readonly MemberFile[], path: Path): Struct<Fields> {
    const fields = new Map<string, readonly [string, Kind<unknown>]>();
    for (const [index, member] of members.entries()) {
      const at = [...path, index];
      this.#source.add(fields, member.name, [member.name, this.#memberKind(member, at)] as const, [...at, "name"]);
    }
    return struct(name, Object.fromEntries(fields));
  }

  #memberKind(member: MemberFile, path: Path): Kind<unknown> {
    const { type, struct: inner } = member;
    const size = this.lengthOf(member, path);
    if (type === "binary" || type === "pad") {
      if (inner !== undefined) {
        const fields = this.structOf(inner, [...path, "struct"]);
        return { ...structure(fields), size: fields.leastSize };
      }
      if (size === undefined) throw this.#source.error(path, `missing key "len" of a ${type} member`);
      return binary(member["display-hint"], size);
    }
    if (type === "string") {
      if (size === undefined) throw this.#source.error(path, 'missing key "len" of a string member');
      return text(size);
    }
    return number(type, this.numberOptions(member, path));
  }
}
