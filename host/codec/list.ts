// Attributes that hold more than one value of a kind.
//   indexed   one attribute: a nest whose members have the types 1, 2, 3 … (CTRL_ATTR_OPS)
//   several   the attribute itself, once for each value

import { readSized, readSpan, writeAttribute } from "./attributes.js";
import { align4, type Reader } from "./bytes.js";
import type { Kind, Line, Names, Values } from "./kind.js";
import { lineOf } from "./struct.js";

/** A member has no values before it. */
const NONE: Values = {};

/**
 * A nest of members of one kind, in their order. Types other than 1, 2, 3 … are kept beside the value like any payload that
 * FreeBSD would write differently (attributes.ts).
 */
export function indexed<T>(item: Kind<T>): Kind<T[]> {
  const show = (values: T[], names: Names): string =>
    values.length === 0 ? "(empty)" : values.map((value) => item.show(value, names, NONE)).join(", ");
  const brief = (values: T[], names: Names): string =>
    values.map((value) => `[${item.brief?.(value, names) ?? item.show(value, names, NONE)}]`).join(" ") || "(empty)";
  return {
    name: `a list of ${item.name}`,
    isLoose: true,
    read: (reader, length) => readMembers(item, reader, reader.at + length),
    write(writer, values) {
      for (const [index, value] of values.entries()) {
        writeAttribute(writer, index + 1, `[${index + 1}]`, () => item.write(writer, value, NONE));
      }
    },
    show,
    brief,
    lines: (values, names): Line[] => values.map((value, index) => lineOf(`[${index + 1}]`, item, value, names, NONE)),
  };
}

function readMembers<T>(item: Kind<T>, reader: Reader, end: number): T[] {
  const values: T[] = [];
  while (reader.at < end) {
    const { type, start, length } = readSpan(reader, end, (each) => `[${each}]`);
    reader.path.push(`[${type}]`);
    values.push(readSized(item, reader, length, NONE));
    reader.path.pop();
    reader.at = start + align4(length);
  }
  return values;
}

/** An attribute that occurs once for each value, in any number. */
export function several<T>(item: Kind<T>): Kind<T[]> {
  const text = (values: T[], one: (value: T) => string): string => values.map(one).join(", ") || "(none)";
  return {
    name: `${item.name}, several times`,
    ...(item.isLoose === undefined ? {} : { isLoose: item.isLoose }),
    item: item as Kind<unknown>,
    read: (reader, length, before) => [readSized(item, reader, length, before)],
    write(writer, values, before) {
      for (const value of values) item.write(writer, value, before);
    },
    show: (values, names, before) => text(values, (value) => item.show(value, names, before)),
    brief: (values, names) => text(values, (value) => item.brief?.(value, names) ?? item.show(value, names, NONE)),
  };
}
