// Attributes: lists of length, type, payload and padding to 4, at the end of a message or inside one another.
// FreeBSD writes them in the table's order, padded with zeros, nests without NLA_F_NESTED (netlink_message_writer.c).
// What came otherwise is kept beside the values, so that a list that was read is written as it was:
//   unknown     types that the table does not have, and all but the last of a repeated one (the last one counts)
//   wire.order  types as they came, when that was not the table's order or they had flag bits
//   wire.exact  payloads of loose kinds that FreeBSD would have written differently, used as long as the value is the same
// Only padding that was not zero is lost.

import { align4, equalBytes, hex, NLATTR, Reader, TYPE_MASK, Writer } from "./bytes.js";
import { type Enum, type Kind, type Line, type Names, nameOf, type ValueOf, type Values } from "./kind.js";
import { lineOf } from "./struct.js";
import { compile, render } from "./summary.js";

/** Our name of an attribute, its nla_type, and what its payload is; in the order FreeBSD writes them. */
export type Entries = Readonly<Record<string, readonly [type: number, kind: Kind<unknown>]>>;

/** An attribute as bytes. */
export interface RawAttribute {
  /** nla_type as sent, flag bits included. */
  type: number;
  payload: Uint8Array;
}

/** How a list came, where the table would have written it differently. */
export interface Wire {
  order?: number[];
  exact?: RawAttribute[];
  /** Bytes of a family header that was sent short (a request may); its other fields are zero. */
  headerBytes?: number;
}

export type Extras = {
  unknown?: RawAttribute[];
  wire?: Wire;
};

export type AttributeValues<A extends Entries> = { -readonly [K in keyof A]?: ValueOf<A[K][1]> } & Extras;

export interface Table<A extends Entries> {
  /** `RTA_` */
  readonly prefix: string;
  /** All names that FreeBSD has, also for attributes that have no entry. */
  readonly names: Enum;
  readonly entries: A;
  readonly list: readonly Entry[];
  readonly byType: ReadonlyMap<number, Entry>;
  readonly byKey: ReadonlyMap<string, Entry>;
}

interface Entry {
  key: string;
  type: number;
  kind: Kind<unknown>;
  label: string;
}

/**
 * @param prefix - of FreeBSD's names, with its underscore
 * @param names - the enum of the types
 * @throws Error when two entries have one type
 */
export function attributes<const A extends Entries>(prefix: string, names: Enum, entries: A): Table<A> {
  const list = Object.entries(entries).map(([key, [type, kind]]) => ({
    key,
    type,
    kind,
    label: label(prefix, names, type),
  }));
  const byType = new Map(list.map((entry) => [entry.type, entry]));
  if (byType.size !== list.length) throw new Error(`${prefix}*: two entries have the same attribute type`);
  const byKey = new Map(list.map((entry) => [entry.key, entry]));
  return { prefix, names, entries, list, byType, byKey };
}

/**
 * An attribute that holds a list of attributes.
 * @param summary - how the list reads in a line (summary.ts); by default every attribute by its name
 */
export function nest<A extends Entries>(table: Table<A>, summary?: readonly string[]): Kind<AttributeValues<A>> {
  const show = (value: AttributeValues<A>, names: Names): string =>
    `{ ${attributeLines(table, value, names).map(inline).join(", ")} }`.replace("{  }", "{ }");
  const phrases = summary && compile(summary, {}, table.entries);
  return {
    name: `nested ${table.prefix}*`,
    inside: table.list,
    read: (reader, length) => readAttributes(table, reader, reader.at + length),
    write: (writer, value) => writeAttributes(table, writer, value),
    show,
    ...(phrases ? { brief: (value, names) => render(phrases, value, names).join(" ") || show(value, names) } : {}),
    lines: (value, names) => attributeLines(table, value, names),
  };
}

/**
 * Reads a list up to `end`.
 * @throws CodecError for a length below 4, a length or padding beyond `end`, or a payload that its kind refuses. (The
 * kernel ends its walk silently at the two middle ones: what follows would not count.)
 */
export function readAttributes<A extends Entries>(table: Table<A>, reader: Reader, end: number): AttributeValues<A> {
  const values: Record<string, unknown> = {};
  const order: number[] = [];
  const unknown: RawAttribute[] = [];
  const exact: RawAttribute[] = [];
  const last = new Map<Entry, Span>();
  /** Of those that may occur several times, all. */
  const lists = new Map<Entry, Span[]>();
  const labelOf = (type: number): string => label(table.prefix, table.names, type);

  while (reader.at < end) {
    const span = readSpan(reader, end, labelOf);
    const entry = table.byType.get(span.type & TYPE_MASK);
    order.push(span.type);
    if (entry === undefined) {
      unknown.push(rawOf(reader, span));
    } else {
      const earlier = last.get(entry);
      const value = readPayload(entry, reader, span, values);
      last.set(entry, span);
      if (entry.kind.item === undefined) {
        if (earlier) unknown.push(rawOf(reader, earlier));
        values[entry.key] = value;
      } else if (earlier) {
        lists.get(entry)?.push(span);
        (values[entry.key] as unknown[]).push(value);
      } else {
        lists.set(entry, [span]);
        values[entry.key] = [value];
      }
    }
    reader.at = span.start + align4(span.length);
  }
  for (const [entry, span] of last) {
    if (entry.kind.isLoose) exact.push(...inexact(entry, lists.get(entry) ?? [span], values, reader));
  }
  return { ...values, ...extrasOf(table, values, { order, unknown, exact }) } as AttributeValues<A>;
}

/** Payloads that FreeBSD would have written differently: all of an attribute, where one is. */
function inexact(entry: Entry, spans: readonly Span[], values: Values, reader: Reader): RawAttribute[] {
  const raws = spans.map((span) => rawOf(reader, span));
  const isExact = raws.every((raw, n) => equalBytes(payloadOf(entry, values, reader.type, n), raw.payload));
  return isExact ? [] : raws;
}

export function writeAttributes<A extends Entries>(table: Table<A>, writer: Writer, values: AttributeValues<A>): void {
  const known: Values = values;
  const unknown = [...(values.unknown ?? [])];
  const written = new Map<Entry, number>();
  const write = (entry: Entry, type: number): void => {
    const n = written.get(entry) ?? 0;
    if (n >= occurrences(entry, known)) return;
    written.set(entry, n + 1);
    writeKnown(entry, type, writer, values, n);
  };
  for (const type of values.wire?.order ?? []) {
    const index = unknown.findIndex((raw) => raw.type === type);
    const entry = table.byType.get(type & TYPE_MASK);
    if (index >= 0) for (const raw of unknown.splice(index, 1)) writeRaw(table, writer, raw);
    else if (entry) write(entry, type);
  }
  for (const entry of table.list) {
    for (let left = occurrences(entry, known); left > 0; left--) write(entry, entry.type);
  }
  for (const raw of unknown) writeRaw(table, writer, raw);
}

/** A line for each attribute, in the order of writing; bytes for those that the table does not have. */
export function attributeLines<A extends Entries>(table: Table<A>, values: AttributeValues<A>, names: Names): Line[] {
  const known: Values = values;
  const present = table.list.filter((entry) => known[entry.key] !== undefined);
  return [
    ...present.flatMap((entry) => {
      const { item } = entry.kind;
      if (item === undefined) return [lineOf(entry.label, entry.kind, known[entry.key], names, known)];
      return (known[entry.key] as unknown[]).map((each) => lineOf(entry.label, item, each, names, known));
    }),
    ...(values.unknown ?? []).map((raw) => ({
      name: label(table.prefix, table.names, raw.type & TYPE_MASK),
      text: hex(raw.payload) || "(empty)",
    })),
  ];
}

function inline(line: Line): string {
  return line.children ? `${line.name} { ${line.children.map(inline).join(", ")} }` : `${line.name} ${line.text}`;
}

function label(prefix: string, names: Enum, type: number): string {
  return `${prefix}${nameOf(names, type) ?? type}`;
}

/** How often an attribute stands in a list that has these values. */
function occurrences({ key, kind }: Entry, values: Values): number {
  const value = values[key];
  if (value === undefined) return 0;
  return kind.item === undefined ? 1 : (value as unknown[]).length;
}

/** The value of one occurrence. */
function occurrence({ key, kind }: Entry, values: Values, n: number): unknown {
  return kind.item === undefined ? values[key] : (values[key] as unknown[])[n];
}

/** Where a payload stands in the reader's bytes. */
export interface Span {
  /** nla_type as sent, flag bits included. */
  type: number;
  start: number;
  length: number;
}

/** Reads one attribute's header, and checks that it ends before `end`. @throws CodecError */
export function readSpan(reader: Reader, end: number, labelOf: (type: number) => string): Span {
  const start = reader.at;
  const left = end - start;
  if (left < NLATTR) throw reader.error("an attribute of at least 4 bytes", `${left} at the end`);
  const length = reader.u16();
  const type = reader.u16();
  reader.path.push(labelOf(type & TYPE_MASK));
  if (length < NLATTR) throw reader.error("an nla_len of at least 4", `${length}`, start);
  if (length > left) throw reader.error(`an nla_len of at most ${left}`, `${length}`, start);
  if (align4(length) > left) throw reader.error(`${align4(length)} bytes with the padding`, `${left}`, start);
  reader.path.pop();
  return { type, start: reader.at, length: length - NLATTR };
}

function rawOf(reader: Reader, span: Span): RawAttribute {
  return { type: span.type, payload: reader.bytes.slice(span.start, span.start + span.length) };
}

function readPayload(entry: Entry, reader: Reader, span: Span, before: Values): unknown {
  reader.path.push(entry.label);
  const value = readSized(entry.kind.item ?? entry.kind, reader, span.length, before);
  reader.path.pop();
  return value;
}

/** Reads a payload of a kind. @throws CodecError also where the kind has another size */
export function readSized<T>(kind: Kind<T>, reader: Reader, length: number, before: Values): T {
  if (kind.size !== undefined && kind.size !== length) {
    throw reader.error(`${kind.size} bytes (${kind.name})`, `${length}`);
  }
  return kind.read(reader, length, before);
}

/** @param n - which one, of an attribute that may occur several times */
function writeKnown(entry: Entry, type: number, writer: Writer, values: Values & Extras, n: number): void {
  const exact = values.wire?.exact?.filter((raw) => (raw.type & TYPE_MASK) === entry.type)[n];
  writeAttribute(writer, type, entry.label, () => {
    if (exact && isMeaning(entry, exact, values, writer.type, n)) writer.put(exact.payload);
    else (entry.kind.item ?? entry.kind).write(writer, occurrence(entry, values, n), values);
  });
}

function writeRaw(table: Table<Entries>, writer: Writer, raw: RawAttribute): void {
  const name = label(table.prefix, table.names, raw.type & TYPE_MASK);
  writeAttribute(writer, raw.type, name, () => writer.put(raw.payload));
}

/** @param write - writes the payload */
export function writeAttribute(writer: Writer, type: number, name: string, write: () => void): void {
  writer.path.push(name);
  const start = writer.length;
  writer.u16(0);
  writer.u16(type);
  write();
  finish(writer, start);
  writer.path.pop();
}

/** The kernel would wrap an nla_len past 65,535; here it is an error. */
function finish(writer: Writer, start: number): void {
  const length = writer.length - start;
  if (length > 0xffff) throw writer.error("an nla_len of at most 65535", `${length}`);
  writer.patchU16(start, length);
  writer.align(start);
}

/** @param type - nlmsg_type of the message */
function payloadOf(entry: Entry, values: Values, type: number, n: number): Uint8Array {
  return payload(entry.kind.item ?? entry.kind, occurrence(entry, values, n), values, type);
}

function payload(kind: Kind<unknown>, value: unknown, values: Values, type: number): Uint8Array {
  const writer = new Writer();
  writer.type = type;
  kind.write(writer, value, values);
  return writer.copy();
}

/** Whether a payload that came still means the value. */
function isMeaning(entry: Entry, raw: RawAttribute, values: Values, type: number, n: number): boolean {
  const kind = entry.kind.item ?? entry.kind;
  const meaning = kind.read(new Reader(raw.payload), raw.payload.length, {});
  return equalBytes(payloadOf(entry, values, type, n), payload(kind, meaning, { [entry.key]: meaning }, type));
}

function extrasOf(
  table: Table<Entries>,
  values: Values,
  came: Required<Omit<Wire, "headerBytes">> & Required<Pick<Extras, "unknown">>,
): Extras {
  const isRepeated = came.unknown.some((raw) => table.byType.has(raw.type & TYPE_MASK));
  const isUsual = !isRepeated && isInOrder(table, values, came);
  const wire: Wire = { ...(isUsual ? {} : { order: came.order }), ...(came.exact.length ? { exact: came.exact } : {}) };
  return {
    ...(came.unknown.length ? { unknown: came.unknown } : {}),
    ...(Object.keys(wire).length ? { wire } : {}),
  };
}

/** Whether what came stands as the table would write it: its own attributes first, then the others. */
function isInOrder(
  table: Table<Entries>,
  values: Values,
  { order, unknown }: { order: readonly number[]; unknown: readonly RawAttribute[] },
): boolean {
  let at = 0;
  for (const entry of table.list) {
    for (let left = occurrences(entry, values); left > 0; left--) if (order[at++] !== entry.type) return false;
  }
  return unknown.every((raw) => order[at++] === raw.type);
}
