// Kinds: what a header field or an attribute's payload is. A kind knows how its value is read, written and shown, so
// that the schema of a message (link.ts, route.ts …) only has to name one.
//   integers   u8 u16 u32 u64 i32, plain or named after an enum, as flags or in hexadecimal
//   text       string (NUL within), stringn (NUL optional)
//   addresses  ip (4 or 16 bytes), via (family byte and address), lladdr
//   bytes      raw, the bits of a bitset, and flag: there or not
// Kinds made of others are in struct.ts and attributes.ts.

import { AddressSize, AF } from "../../assembly/abi/inet.js";
import { align4, hex, type Reader, type Writer } from "./bytes.js";
import { formatIp, parseIp } from "./ip.js";

/** An enum of assembly/abi: names to numbers and back. */
export type Enum = Readonly<Record<string, string | number>>;

/** The values of one header or attribute list, by the schema's names. */
export type Values = Readonly<Record<string, unknown>>;

/** A line of a long description; children are indented below it. */
export interface Line {
  name: string;
  text: string;
  children?: Line[];
}

/** Names that only the registry knows, for what is shown. */
export interface Names {
  /** `RTM_NEWROUTE`, or undefined where no schema has the type. */
  messageType(type: number): string | undefined;
}

export interface Kind<T> {
  /** What an error says was expected. */
  readonly name: string;
  /** Bytes, if there can be no other number. */
  readonly size?: number;
  /** Several payloads mean the same value; the one that came is kept beside it when it is not the one FreeBSD writes. */
  readonly isLoose?: boolean;
  /** The attributes inside, of a nest; `label` is FreeBSD's name. */
  readonly inside?: readonly { readonly label: string; readonly kind: Kind<unknown> }[];
  /** The attribute may occur several times, each time with a payload of this kind; the value is the list of them. */
  readonly item?: Kind<unknown>;
  /**
   * Bytes of a header field of no fixed size.
   * @param before - the fields before it
   * @param left - bytes to the end of the message
   */
  extent?(before: Values, flags: number, left: number): number;
  /** Reads exactly `length` bytes, of which a fixed size was already checked. */
  read(reader: Reader, length: number, before: Values): T;
  write(writer: Writer, value: T, before: Values): void;
  /** The long form: symbolic and numeric. */
  show(value: T, names: Names, before: Values): string;
  /** The form for one line, where it is another. */
  brief?(value: T, names: Names): string;
  /** What a composite value is made of. */
  lines?(value: T, names: Names, before: Values): Line[];
}

export type ValueOf<K> = K extends Kind<infer T> ? T : never;

export const u8: Kind<number> = integer("u8", 1, 0, 0xff, "u8");
export const u16: Kind<number> = integer("u16", 2, 0, 0xffff, "u16");
export const u32: Kind<number> = integer("u32", 4, 0, 0xffffffff, "u32");
export const i32: Kind<number> = integer("i32", 4, -0x80000000, 0x7fffffff, "i32");
export const u64: Kind<bigint> = {
  name: "u64",
  size: 8,
  read: (reader) => reader.u64(),
  write(writer, value) {
    if (typeof value !== "bigint" || BigInt.asUintN(64, value) !== value) throw writer.error("u64", String(value));
    writer.u64(value);
  },
  show: (value) => String(value),
};

/** An integer whose values have names: `RTN_UNICAST (1)`, in one line `unicast`. */
export function named(kind: Kind<number>, prefix: string, names: Enum): Kind<number> {
  const lookup = (value: number): string | undefined => nameOf(names, value);
  return {
    ...kind,
    show: (value) => (lookup(value) === undefined ? String(value) : `${prefix}${lookup(value)} (${value})`),
    brief: (value) => lookup(value)?.toLowerCase() ?? String(value),
  };
}

/** An integer whose bits have names: `0x802 (RTF_GATEWAY|RTF_STATIC)`, in one line `GATEWAY|STATIC`. */
export function flags(kind: Kind<number>, prefix: string, names: Enum): Kind<number> {
  const bits = Object.entries(names).filter((entry): entry is [string, number] => isBit(entry[1]));
  return { ...kind, ...showFlags(bits, prefix) };
}

/** How a word of flags is shown, given its bits and their names. */
export function showFlags(
  bits: readonly (readonly [string, number])[],
  prefix: string,
): { show(value: number): string; brief(value: number): string } {
  const split = (value: number, lead: string): string => {
    const known = bits.filter(([, bit]) => (value & bit) !== 0);
    const rest = known.reduce((left, [, bit]) => (left & ~bit) >>> 0, value >>> 0);
    return [...known.map(([name]) => lead + name), ...(rest ? [`0x${rest.toString(16)}`] : [])].join("|");
  };
  return {
    show: (value) => (value ? `0x${value.toString(16)} (${split(value, prefix)})` : "0x0"),
    brief: (value) => split(value, "") || "0",
  };
}

/** Address family: one byte in every header. */
export const family: Kind<number> = named(u8, "AF_", AF);

/** Text up to a NUL, which the payload must hold (netlink_message_parser.c, nlattr_get_string). */
export const string: Kind<string> = {
  name: "a string with its NUL",
  isLoose: true,
  read(reader, length) {
    const start = reader.at;
    const bytes = reader.take(length);
    if (!bytes.includes(0)) throw reader.error(string.name, `${length} bytes without one`, start);
    return untilNul(bytes);
  },
  write: writeString,
  show: (value) => JSON.stringify(value),
  brief: (value) => value,
};

/** Text whose NUL may be missing (nlattr_get_stringn); FreeBSD writes it. */
export const stringn: Kind<string> = {
  ...string,
  name: "a string",
  read: (reader, length) => untilNul(reader.take(length)),
};

/** IPv4 or IPv6 address in its usual text, 4 or 16 bytes (nlattr_get_ip). */
export const ip: Kind<string> = {
  name: "an IP address",
  read(reader, length) {
    if (length !== AddressSize.INET && length !== AddressSize.INET6) {
      throw reader.error("4 or 16 bytes (an IP address)", `${length}`);
    }
    return formatIp(reader.take(length));
  },
  write: (writer, value) => writer.put(ipBytes(writer, value)),
  show: (value) => value,
};

/** rtvia: a family byte and an address (nlattr_get_ipvia, which ignores what follows the address). */
export const via: Kind<string> = {
  name: "an rtvia",
  isLoose: true,
  read(reader, length) {
    const start = reader.at;
    const af = length > 0 ? reader.u8() : AF.UNSPEC;
    const size = af === AF.INET ? AddressSize.INET : af === AF.INET6 ? AddressSize.INET6 : undefined;
    if (size === undefined || length < 1 + size) {
      throw reader.error(
        "family 2 and 4 bytes or family 28 and 16 bytes (an rtvia)",
        `family ${af}, ${length} bytes`,
        start,
      );
    }
    const address = formatIp(reader.take(size));
    reader.at = start + length;
    return address;
  },
  write(writer, value) {
    const address = ipBytes(writer, value);
    writer.u8(address.length === AddressSize.INET ? AF.INET : AF.INET6);
    writer.put(address);
  },
  show: (value) => value,
};

/** Link-layer address of any length: `02:00:00:00:00:01`; empty text for none. */
export const lladdr: Kind<string> = {
  name: "a link-layer address",
  read: (reader, length) => Array.from(reader.take(length), (byte) => byte.toString(16).padStart(2, "0")).join(":"),
  write(writer, value) {
    if (!/^([0-9a-f]{2}(:[0-9a-f]{2})*)?$/i.test(value))
      throw writer.error("hexadecimal bytes with colons", `"${value}"`);
    writer.put(Uint8Array.from(value === "" ? [] : value.split(":"), (byte) => Number.parseInt(byte, 16)));
  },
  show: (value) => value || "(empty)",
};

/** Anything. */
export const bytes: Kind<Uint8Array> = {
  name: "bytes",
  read: (reader, length) => reader.take(length),
  write: (writer, value) => writer.put(value),
  show: (value) => hex(value) || "(empty)",
};

/** In a header: all that is left of the message. */
export const restOfMessage: Kind<Uint8Array> = { ...bytes, extent: (_before, _flags, left) => left };

/** The part of a request that NLMSG_ERROR repeats unless it is capped, padded with zeros to 4 (netlink_io.c, nlmsg_ack). */
export function repeated(length: (before: Values, flags: number) => number): Kind<Uint8Array> {
  return {
    ...bytes,
    name: "the rest of the request",
    extent: length,
    read(reader, size) {
      const value = reader.take(size);
      reader.at += align4(size) - size;
      return value;
    },
    write(writer, value) {
      writer.put(value);
      writer.put(new Uint8Array(align4(value.length) - value.length));
    },
  };
}

/** An attribute without payload: it is there, or it is not. */
export const flag: Kind<true> = {
  name: "a flag",
  size: 0,
  read: () => true,
  write: () => undefined,
  show: () => "set",
};

/** The words of a bitset, bit 0 first, shown by the names of the bits that are set. */
export function bits(prefix: string, names: Enum): Kind<Uint8Array> {
  return {
    ...bytes,
    name: "the words of a bitset",
    show(value) {
      const set = Array.from({ length: value.length * 8 }, (_, bit) => bit).filter(
        (bit) => ((value[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0,
      );
      const text = set.map((bit) => `${prefix}${nameOf(names, bit) ?? bit}`).join("|");
      return `${hex(value) || "(empty)"}${text && ` (${text})`}`;
    },
  };
}

/** An integer that reads best in hexadecimal. */
export function hexadecimal(kind: Kind<number>): Kind<number> {
  return { ...kind, show: (value) => `0x${value.toString(16)}` };
}

/** A payload whose kind depends on a text beside it, as IFLA_INFO_DATA on IFLA_INFO_KIND; raw where the text is none of them. */
export function variant<K extends Readonly<Record<string, Kind<object>>>>(
  key: string,
  kinds: K,
): Kind<ValueOf<K[keyof K]> | Uint8Array> {
  type Value = ValueOf<K[keyof K]> | Uint8Array;
  const byText = new Map<unknown, Kind<Value>>(Object.entries(kinds as Readonly<Record<string, Kind<Value>>>));
  const kindOf = (value: Value, before: Values): Kind<Value> =>
    (value instanceof Uint8Array ? undefined : byText.get(before[key])) ?? (bytes as Kind<Value>);
  return {
    name: [...byText.values()].map(({ name }) => name).join(" or "),
    read: (reader, length, before) => (byText.get(before[key]) ?? bytes).read(reader, length, before),
    write: (writer, value, before) => kindOf(value, before).write(writer, value, before),
    show: (value, names, before) => kindOf(value, before).show(value, names, before),
    lines: (value, names, before) => kindOf(value, before).lines?.(value, names, before) ?? [],
  };
}

/** Name of a value in an enum of assembly/abi. */
export function nameOf(names: Enum, value: number): string | undefined {
  const name = names[value];
  return typeof name === "string" ? name : undefined;
}

function integer(
  name: string,
  size: number,
  least: number,
  most: number,
  method: "u8" | "u16" | "u32" | "i32",
): Kind<number> {
  return {
    name,
    size,
    read: (reader) => reader[method](),
    write(writer, value) {
      if (!Number.isInteger(value) || value < least || value > most) {
        throw writer.error(`${name}, ${least} to ${most}`, String(value));
      }
      writer[method](value);
    },
    show: (value) => String(value),
  };
}

function isBit(value: string | number): value is number {
  return typeof value === "number" && value > 0 && (value & (value - 1)) === 0;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function untilNul(payload: Uint8Array): string {
  const nul = payload.indexOf(0);
  return decoder.decode(nul < 0 ? payload : payload.subarray(0, nul));
}

function writeString(writer: Writer, value: string): void {
  if (value.includes("\0")) throw writer.error("a string without NUL", JSON.stringify(value));
  writer.put(encoder.encode(value));
  writer.u8(0);
}

function ipBytes(writer: Writer, value: string): Uint8Array {
  const address = parseIp(value);
  if (address === undefined) throw writer.error("an IPv4 or IPv6 address", `"${value}"`);
  return address;
}
