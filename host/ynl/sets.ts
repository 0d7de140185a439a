// Attribute sets of a specification, as tables that the codec reads and writes by.

import { attributes, type Entries, readSpan, type Table, writeAttribute } from "../codec/attributes.js";
import type { Reader, Writer } from "../codec/bytes.js";
import { TYPE_MASK } from "../codec/bytes.js";
import type { Kind } from "../codec/kind.js";
import { indexed, several } from "../codec/list.js";
import type { Path } from "../yaml/schema.js";
import type { Definitions } from "./definitions.js";
import type { AttributeFile, AttributeType, ScalarType, SetFile, Source } from "./file.js";
import { number, sizedNumber } from "./number.js";
import { binary, bitfield32, checkedList, checkKeys, flag, nested, packed, structure, text } from "./payload.js";

/** Names that a message's body has besides its attributes (host/codec). */
const RESERVED = ["genl", "unknown", "wire"];

/** An attribute, with what a subset takes over from the whole set. */
interface Attribute {
  readonly file: AttributeFile & { readonly type: AttributeType };
  readonly number: number;
  readonly path: Path;
}

export class AttributeSets {
  readonly #source: Source;
  readonly #definitions: Definitions;
  readonly #sets = new Map<string, ReadonlyMap<string, Attribute>>();
  readonly #tables = new Map<string, Table<Entries>>();

  /** @throws ConfigError */
  constructor(source: Source, definitions: Definitions) {
    this.#source = source;
    this.#definitions = definitions;
    for (const [index, set] of source.file["attribute-sets"].entries()) {
      const path = ["attribute-sets", index];
      const members = set["subset-of"] === undefined ? this.#wholeSet(set, path) : this.#subset(set, path);
      source.add(this.#sets, set.name, members, [...path, "name"]);
    }
    for (const name of this.#sets.keys()) this.#tables.set(name, this.#makeTable(name));
  }

  /** @throws ConfigError there is no such set */
  table(name: string, path: Path): Table<Entries> {
    return this.#source.find(this.#tables, name, "an attribute set", path);
  }

  #wholeSet({ attributes: list }: SetFile, path: Path): ReadonlyMap<string, Attribute> {
    const members = new Map<string, Attribute>();
    const numbers = new Map<number, string>();
    let next = 1;
    for (const [index, file] of list.entries()) {
      const at = [...path, "attributes", index];
      const { name, type, value = next } = file;
      if (type === undefined) throw this.#source.error(at, 'missing key "type"');
      next = value + 1;
      // A number that is only kept free may be named again.
      if (type === "unused" && members.has(name)) continue;
      if (RESERVED.includes(name)) throw this.#source.error([...at, "name"], `expected another name than "${name}"`);
      if (type !== "unused") this.#source.add(numbers, value, name, at);
      this.#source.add(members, name, { file: { ...file, type }, number: value, path: at }, [...at, "name"]);
    }
    return members;
  }

  /** What a subset says of an attribute comes before what its set says. */
  #subset({ attributes: list, "subset-of": whole = "" }: SetFile, path: Path): ReadonlyMap<string, Attribute> {
    const from = this.#source.find(this.#sets, whole, "an attribute set before this one", [...path, "subset-of"]);
    const members = new Map<string, Attribute>();
    for (const [index, file] of list.entries()) {
      const at = [...path, "attributes", index];
      const original = this.#source.find(from, file.name, `an attribute of ${whole}`, [...at, "name"]);
      const merged = { ...original.file, ...file, type: file.type ?? original.file.type };
      this.#source.add(members, file.name, { file: merged, number: original.number, path: at }, [...at, "name"]);
    }
    return members;
  }

  #makeTable(name: string): Table<Entries> {
    const members = [...(this.#sets.get(name) ?? [])].filter(([, { file }]) => file.type !== "unused");
    const entries = members.map(([key, each]) => [key, [each.number, this.#kindOf(each)]] as const);
    const names = members.flatMap(([key, each]) => [
      [key, each.number],
      [String(each.number), key],
    ]);
    return attributes("", Object.fromEntries(names), Object.fromEntries(entries));
  }

  #kindOf(attribute: Attribute): Kind<unknown> {
    const { file, path } = attribute;
    const mask = file.checks?.["flags-mask"];
    if (mask !== undefined) this.#definitions.enumeration(mask, true, [...path, "checks", "flags-mask"]);
    const kind = this.#single(attribute, file.type);
    return file["multi-attr"] ? (several(kind) as Kind<unknown>) : kind;
  }

  #single(attribute: Attribute, type: AttributeType): Kind<unknown> {
    const { file, path } = attribute;
    switch (type) {
      case "flag":
        return flag;
      case "string":
        return text();
      case "pad":
      case "unused":
      case "binary":
        return this.#binary(attribute);
      case "bitfield32":
        return bitfield32(this.#definitions.numberOptions({ ...file, "enum-as-flags": true }, path));
      case "uint":
      case "sint":
        return sizedNumber(type, this.#definitions.numberOptions(file, path));
      case "nest":
        return this.#nest(attribute);
      case "nest-type-value":
        return this.#nestTypeValue(attribute);
      case "indexed-array":
      case "array-nest":
        return this.#indexed(attribute);
      default:
        return number(type, this.#definitions.numberOptions(file, path));
    }
  }

  #binary({ file, path }: Attribute): Kind<unknown> {
    if (file.struct !== undefined) return structure(this.#definitions.structOf(file.struct, [...path, "struct"]));
    const { "sub-type": item } = file;
    if (item === undefined || item === "binary")
      return binary(file["display-hint"], this.#definitions.lengthOf(file, path));
    if (!/^[us](8|16|32|64)$/.test(item)) {
      throw this.#source.error([...path, "sub-type"], `expected a number's type, got "${item}"`);
    }
    const each = number(item as ScalarType, this.#definitions.numberOptions(file, path));
    return packed(each, each.size ?? 1);
  }

  #nest({ file, path }: Attribute): Kind<unknown> {
    const name = file["nested-attributes"];
    if (name === undefined) throw this.#source.error(path, 'missing key "nested-attributes"');
    this.#source.find(this.#sets, name, "an attribute set", [...path, "nested-attributes"]);
    return nested(name, () => this.table(name, path));
  }

  #indexed(attribute: Attribute): Kind<unknown> {
    const { file, path } = attribute;
    const item = file["sub-type"] ?? (file.type === "array-nest" ? "nest" : undefined);
    if (item === undefined) throw this.#source.error(path, 'missing key "sub-type"');
    return checkedList(indexed(this.#single({ ...attribute, file: { ...file, type: item } }, item)));
  }

  /** Nests in one another whose types are values: names of those, outermost first, and inside the attributes. */
  #nestTypeValue(attribute: Attribute): Kind<unknown> {
    const names = attribute.file["type-value"] ?? [];
    const inner = this.#nest(attribute);
    const keys = (): string[] =>
      Object.keys(this.table(attribute.file["nested-attributes"] ?? "", attribute.path).entries);
    return {
      name: inner.name,
      isLoose: true,
      read(reader, length) {
        const types: Record<string, number> = {};
        const left = names.reduce((end, name) => {
          const { type, length: inside } = levelOf(reader, end, name);
          types[name] = type & TYPE_MASK;
          return reader.at + inside;
        }, reader.at + length);
        return { ...types, ...(inner.read(reader, left - reader.at, {}) as object) };
      },
      write(writer, value) {
        const all = checkKeys(writer, value, [...names, ...keys()]);
        const rest = Object.fromEntries(Object.entries(all).filter(([key]) => !names.includes(key)));
        writeLevels(writer, names, all, () => inner.write(writer, rest, {}));
      },
      show: (value, known) =>
        `${names.map((name) => `${name} ${typeOf(value, name)}`).join(" ")} ${inner.show(value, known, {})}`,
      lines: (value, known) => [
        ...names.map((name) => ({ name, text: typeOf(value, name) })),
        ...(inner.lines?.(value, known, {}) ?? []),
      ],
    };
  }
}

function typeOf(value: unknown, name: string): string {
  return String((value as Record<string, unknown>)[name]);
}

function levelOf(reader: Reader, end: number, name: string): { type: number; length: number } {
  return readSpan(reader, end, (type) => `${name} ${type}`);
}

function writeLevels(
  writer: Writer,
  [name, ...deeper]: readonly string[],
  values: Record<string, unknown>,
  write: () => void,
): void {
  if (name === undefined) {
    write();
    return;
  }
  const type = values[name];
  if (typeof type !== "number" || !Number.isInteger(type) || type < 0 || type > TYPE_MASK) {
    throw writer.error(`${name}, an attribute's number from 0 to ${TYPE_MASK}`, JSON.stringify(type) ?? "nothing");
  }
  writeAttribute(writer, type, name, () => writeLevels(writer, deeper, values, write));
}
