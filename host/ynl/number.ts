// Numbers of a specification: of a size and byte order, perhaps with names for values or bits, or shown as something else.
// Their values are plain JSON: a name, a list of names of bits, a number, or decimal text beyond what a number holds.

import type { Writer } from "../codec/bytes.js";
import { formatIp, parseIp } from "../codec/ip.js";
import type { Kind } from "../codec/kind.js";
import type { Enumeration } from "./definitions.js";
import type { Hint, ScalarType } from "./file.js";

export interface NumberOptions {
  readonly isBigEndian?: boolean;
  readonly enumeration?: Enumeration | undefined;
  readonly hint?: Hint | undefined;
}

/** Bytes of an IPv4 address. */
const IPV4_BYTES = 4;

/** What numbers of a size can be. */
interface Range {
  readonly name: string;
  readonly size: number;
  readonly isSigned: boolean;
}

function rangeOf(type: ScalarType): Range {
  return { name: type, size: Number(type.slice(1)) / 8, isSigned: type.startsWith("s") };
}

export function number(type: ScalarType, options: NumberOptions = {}): Kind<unknown> {
  const range = rangeOf(type);
  const words = new Words(range, options);
  return {
    name: words.expected,
    size: range.size,
    read: (reader) => words.toJson(integerOf(reader.take(range.size), range, options.isBigEndian)),
    write: (writer, value) => put(writer, words.integer(writer, value), range, options.isBigEndian),
    show: (value) => words.show(value),
    brief: (value) => words.brief(value),
  };
}

/** uint, sint: four bytes where they are enough, else eight; both are read. */
export function sizedNumber(type: "uint" | "sint", options: NumberOptions = {}): Kind<unknown> {
  const [short, long] = (type === "uint" ? ["u32", "u64"] : ["s32", "s64"]).map((each) =>
    rangeOf(each as ScalarType),
  ) as [Range, Range];
  const words = new Words({ ...long, name: type }, options);
  return {
    name: words.expected,
    isLoose: true,
    read(reader, length) {
      const range = length === short.size ? short : long;
      if (length !== range.size) throw reader.error(`4 or 8 bytes (${words.expected})`, `${length}`);
      return words.toJson(integerOf(reader.take(length), range, options.isBigEndian));
    },
    write(writer, value) {
      const integer = words.integer(writer, value);
      put(writer, integer, isWithin(integer, short) ? short : long, options.isBigEndian);
    },
    show: (value) => words.show(value),
    brief: (value) => words.brief(value),
  };
}

/** Between integers and what stands for them. */
class Words {
  /** What an error says was expected. */
  readonly expected: string;
  readonly #range: Range;
  readonly #options: NumberOptions;

  constructor(range: Range, options: NumberOptions) {
    this.#range = range;
    this.#options = options;
    const { enumeration } = options;
    const names = [...(enumeration?.values.keys() ?? [])].join(", ");
    this.expected =
      enumeration && names !== ""
        ? `${range.name}, ${enumeration.isFlags ? "a list of" : "one of"} ${names}`
        : range.name;
  }

  toJson(integer: bigint): unknown {
    const { enumeration, hint } = this.#options;
    if (enumeration?.isFlags) return this.#bits(enumeration, integer);
    if (enumeration) return enumeration.names.get(integer) ?? plain(integer);
    if (hint === "hex") return `0x${BigInt.asUintN(this.#range.size * 8, integer).toString(16)}`;
    if (hint?.startsWith("ipv4") && this.#range.size === IPV4_BYTES) return formatIp(bigEndian(integer));
    return plain(integer);
  }

  /** @throws CodecError for what stands for no integer of the range */
  integer(writer: Writer, value: unknown): bigint {
    const integer = this.#parse(value);
    if (integer !== undefined && isWithin(integer, this.#range)) return integer;
    throw writer.error(this.expected, JSON.stringify(value) ?? String(value));
  }

  #parse(value: unknown): bigint | undefined {
    const { enumeration, hint } = this.#options;
    if (Array.isArray(value)) return enumeration?.isFlags ? this.#union(value) : undefined;
    if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : undefined;
    if (typeof value !== "string") return undefined;
    const named = enumeration?.values.get(value);
    if (named !== undefined) return named;
    if (/^(-?\d+|0x[\da-f]+)$/i.test(value)) return BigInt(value);
    const address = hint?.startsWith("ipv4") ? parseIp(value) : undefined;
    return address?.length === IPV4_BYTES ? integerOf(address, rangeOf("u32"), true) : undefined;
  }

  #union(values: readonly unknown[]): bigint | undefined {
    return values.reduce<bigint | undefined>((union, value) => {
      const bits = Array.isArray(value) ? undefined : this.#parse(value);
      return union === undefined || bits === undefined ? undefined : union | bits;
    }, 0n);
  }

  /** The names of the bits that are set, and what is left as a number. */
  #bits({ values }: Enumeration, integer: bigint): unknown[] {
    const known = [...values].filter(([, bit]) => bit !== 0n && (integer & bit) === bit);
    const rest = known.reduce((left, [, bit]) => left & ~bit, integer);
    return [...known.map(([name]) => name), ...(rest === 0n ? [] : [plain(rest)])];
  }

  /** `tick (6)`, `0x3 (up|running)` */
  show(value: unknown): string {
    const { enumeration } = this.#options;
    const integer = this.#parse(value);
    if (enumeration === undefined || integer === undefined) return this.brief(value);
    if (enumeration.isFlags) return `0x${integer.toString(16)}${integer === 0n ? "" : ` (${this.brief(value)})`}`;
    return typeof value === "string" ? `${value} (${integer})` : String(value);
  }

  brief(value: unknown): string {
    if (!Array.isArray(value)) return String(value);
    return value.length === 0 ? "0" : value.join("|");
  }
}

/** An integer as JSON has it: beyond what a number holds, as decimal text. */
function plain(integer: bigint): number | string {
  const value = Number(integer);
  return Number.isSafeInteger(value) ? value : integer.toString();
}

function isWithin(integer: bigint, { size, isSigned }: Range): boolean {
  return (isSigned ? BigInt.asIntN(size * 8, integer) : BigInt.asUintN(size * 8, integer)) === integer;
}

function integerOf(bytes: Uint8Array, { size, isSigned }: Range, isBigEndian = false): bigint {
  const ordered = isBigEndian ? bytes : bytes.slice().reverse();
  const integer = ordered.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  return isSigned ? BigInt.asIntN(size * 8, integer) : integer;
}

function put(writer: Writer, integer: bigint, { size }: Range, isBigEndian = false): void {
  const bytes = Uint8Array.from({ length: size }, (_, i) => Number((integer >> BigInt(8 * i)) & 0xffn));
  writer.put(isBigEndian ? bytes.reverse() : bytes);
}

function bigEndian(integer: bigint): Uint8Array {
  return Uint8Array.from({ length: IPV4_BYTES }, (_, i) => Number((integer >> BigInt(24 - 8 * i)) & 0xffn));
}
