// Payloads that are a list: fixed structures one after another, or records that carry their own length and attributes
// (rtnexthop in RTA_MULTIPATH), each aligned to 4.

import {
  type AttributeValues,
  attributeLines,
  type Entries,
  readAttributes,
  type Table,
  writeAttributes,
} from "./attributes.js";
import { align4, Writer } from "./bytes.js";
import type { Kind, Line, Names, Values } from "./kind.js";
import type { Fields, FieldValues, Struct } from "./struct.js";
import { compile, render } from "./summary.js";

/** Bytes of the u16 length a record begins with. */
const LENGTH = 2;

/** A record has no fields before it. */
const NONE: Values = {};

/**
 * Records of a u16 length, the rest of a structure, and attributes.
 * @param lengthName - of the length, which is computed when writing
 * @param rest - the structure without its length
 * @param summary - how one record reads in a line (summary.ts)
 */
export function records<F extends Fields, A extends Entries>(
  lengthName: string,
  rest: Struct<F>,
  table: Table<A>,
  summary: readonly string[],
): Kind<(FieldValues<F> & AttributeValues<A>)[]> {
  type Item = FieldValues<F> & AttributeValues<A>;
  const phrases = compile(summary, rest.fields, table.entries);
  const headerSize = LENGTH + rest.leastSize;
  const brief = (items: Item[], names: Names): string =>
    items.map((item) => `[${render(phrases, item, names).join(" ")}]`).join(" ");

  return {
    name: `records of ${rest.name}`,
    read(reader, length) {
      const end = reader.at + length;
      const items: Item[] = [];
      while (reader.at < end) {
        const start = reader.at;
        const left = end - start;
        reader.path.push(`[${items.length}]`);
        if (left < headerSize) throw reader.error(`${headerSize} bytes (${rest.name})`, `${left}`);
        const size = reader.u16();
        if (size < headerSize || align4(size) > left) {
          throw reader.error(`a ${lengthName} of ${headerSize} to ${left}, padding included`, `${size}`, start);
        }
        const fields = rest.read(reader, rest.leastSize, NONE);
        items.push({ ...fields, ...readAttributes(table, reader, start + size) });
        reader.at = start + align4(size);
        reader.path.pop();
      }
      return items;
    },
    write(writer, items) {
      for (const [index, item] of items.entries()) {
        writer.path.push(`[${index}]`);
        writeItem(writer, item);
        writer.path.pop();
      }
    },
    show: brief,
    brief,
    lines: (items, names) =>
      items.map((item, index): Line => ({ name: `[${index}]`, text: "", children: lines(item, names) })),
  };

  function writeItem(writer: Writer, item: Item): void {
    const start = writer.length;
    writer.u16(0);
    rest.write(writer, item, NONE);
    writeAttributes(table, writer, item);
    const length = writer.length - start;
    if (length > 0xffff) throw writer.error(`a ${lengthName} of at most 65535`, `${length}`);
    writer.patchU16(start, length);
  }
  function lines(item: Item, names: Names): Line[] {
    const writer = new Writer();
    writeItem(writer, item);
    return [
      { name: lengthName, text: String(writer.length) },
      ...(rest.lines?.(item, names, NONE) ?? []),
      ...attributeLines(table, item, names),
    ];
  }
}

/**
 * Fixed structures one after another; the payload must be a whole number of them.
 * @param summary - how one reads in a line (summary.ts)
 */
export function array<F extends Fields>(item: Struct<F>, summary: readonly string[]): Kind<FieldValues<F>[]> {
  const size = item.leastSize;
  const phrases = compile(summary, item.fields, {});
  const brief = (values: FieldValues<F>[], names: Names): string =>
    values.map((value) => `[${render(phrases, value, names).join(" ")}]`).join(" ") || "(empty)";
  return {
    name: `an array of ${item.name}`,
    read(reader, length) {
      if (length % size !== 0) throw reader.error(`a multiple of ${size} bytes (${item.name})`, `${length}`);
      return Array.from({ length: length / size }, () => item.read(reader, size, NONE));
    },
    write: (writer, values) => {
      for (const [index, value] of values.entries()) {
        writer.path.push(`[${index}]`);
        item.write(writer, value, NONE);
        writer.path.pop();
      }
    },
    show: brief,
    brief,
    lines: (values, names) =>
      values.map(
        (value, index): Line => ({ name: `[${index}]`, text: "", children: item.lines?.(value, names, NONE) ?? [] }),
      ),
  };
}
