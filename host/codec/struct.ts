// C structures: the fixed part of a message, and attributes that are one. The fields stand in wire order and leave no
// gaps, so that the table of names and kinds is the layout; padding that the C structure has is a field.

import { Reader, type Writer } from "./bytes.js";
import type { Kind, Line, ValueOf, Values } from "./kind.js";

/** Our name of a field, FreeBSD's, and what it is. */
export type Fields = Readonly<Record<string, readonly [name: string, kind: Kind<unknown>]>>;

export type FieldValues<F extends Fields> = { -readonly [K in keyof F]: ValueOf<F[K][1]> };

export interface Struct<F extends Fields> extends Kind<FieldValues<F>> {
  readonly fields: F;
  /** Bytes of the fields that have a size. */
  readonly leastSize: number;
  /** All fields zero, as a header that was too short is read. */
  zero(): FieldValues<F>;
}

/** @param name - the C structure's */
export function struct<const F extends Fields>(name: string, fields: F): Struct<F> {
  const list = Object.entries(fields);
  const leastSize = list.reduce((sum, [, [, kind]]) => sum + (kind.size ?? 0), 0);
  const isFixed = list.every(([, [, kind]]) => kind.size !== undefined);
  const self: Struct<F> = {
    name: `struct ${name}`,
    ...(isFixed ? { size: leastSize } : {}),
    fields,
    leastSize,
    zero: () => self.read(new Reader(new Uint8Array(leastSize)), leastSize, {}),
    read(reader, length) {
      const end = reader.at + length;
      const values: Record<string, unknown> = {};
      for (const [key, [label, kind]] of list) {
        reader.path.push(label);
        const left = end - reader.at;
        const size = kind.size ?? kind.extent?.(values, reader.flags, left) ?? left;
        if (size > left) throw reader.error(`${size} bytes (${kind.name})`, `${left}`);
        values[key] = kind.read(reader, size, values);
        reader.path.pop();
      }
      return values as FieldValues<F>;
    },
    write(writer, value) {
      for (const [key, [label, kind]] of list) {
        writer.path.push(label);
        writeField(writer, kind, (value as Values)[key], value);
        writer.path.pop();
      }
    },
    show: (value, names) =>
      list.map(([key, [label, kind]]) => `${label} ${kind.show((value as Values)[key], names, value)}`).join(", "),
    lines: (value, names) =>
      list.map(([key, [label, kind]]): Line => lineOf(label, kind, (value as Values)[key], names, value)),
  };
  return self;
}

/** A line for a value and, if it is composite, the lines below it. */
export function lineOf<T>(
  name: string,
  kind: Kind<T>,
  value: T,
  names: Parameters<Kind<T>["show"]>[1],
  before: Values,
): Line {
  const children = kind.lines?.(value, names, before) ?? [];
  return children.length > 0 ? { name, text: "", children } : { name, text: kind.show(value, names, before) };
}

/** A field whose size follows from the fields before it must have that size. */
function writeField(writer: Writer, kind: Kind<unknown>, value: unknown, before: Values): void {
  if (kind.extent && value instanceof Uint8Array) {
    const size = kind.extent(before, writer.flags, value.length);
    if (size !== value.length) throw writer.error(`${size} bytes (${kind.name})`, `${value.length}`);
  }
  kind.write(writer, value, before);
}
