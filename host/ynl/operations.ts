// Operations of a specification: which command a name stands for, in each direction, and what its messages hold.

import { NETLINK } from "../../assembly/abi/netlink.js";
import type { Entries, Table } from "../codec/attributes.js";
import { align4 } from "../codec/bytes.js";
import { genlmsghdr } from "../codec/generic.js";
import { type Kind, u8 } from "../codec/kind.js";
import type { AnySchema } from "../codec/schema.js";
import { type Fields, type Struct, struct } from "../codec/struct.js";
import type { Path } from "../yaml/schema.js";
import type { Definitions } from "./definitions.js";
import type { ModeFile, OperationFile, Source } from "./file.js";
import type { AttributeSets } from "./sets.js";

export interface Operation {
  readonly name: string;
  /** Number of the command that a program asks by; undefined for what only the kernel says. */
  readonly request: number | undefined;
  /** Number of what the kernel says; undefined for what has no answer. */
  readonly reply: number | undefined;
  readonly isDo: boolean;
  readonly isDump: boolean;
  /** Group that hears of it, where the specification says so. */
  readonly group: string | undefined;
  /** What its messages hold; undefined for a number that is only reserved. */
  readonly schema: AnySchema | undefined;
}

/** @throws ConfigError */
export function readOperations(source: Source, definitions: Definitions, sets: AttributeSets): Operation[] {
  const { list, "enum-model": model = "unified", "fixed-header": common } = source.file.operations;
  const byName = new Map<string, OperationFile>();
  for (const [index, operation] of list.entries()) {
    source.add(byName, operation.name, operation, [...pathOf(index), "name"]);
  }
  const numbers = model === "unified" ? unified(list) : directional(source, list);
  const tables = list.map((operation, index) => tableOf({ source, sets, byName }, operation, index));
  const operations = list.map((operation, index): Operation => {
    const table = tables[index];
    const path = pathOf(index);
    const name = operation["fixed-header"] ?? common;
    const header = name === undefined ? undefined : definitions.structOf(name, fixedHeaderPath(operation, path));
    return {
      name: operation.name,
      ...(numbers[index] ?? { request: undefined, reply: undefined }),
      isDo: operation.do !== undefined,
      isDump: operation.dump !== undefined,
      group: operation.mcgrp,
      schema: table && schemaOf(source, { title: operation.name, header, table, path }),
    };
  });
  checkNumbers(source, operations);
  return operations;
}

const pathOf = (index: number): Path => ["operations", "list", index];

function fixedHeaderPath(operation: OperationFile, path: Path): Path {
  return operation["fixed-header"] === undefined ? ["operations", "fixed-header"] : [...path, "fixed-header"];
}

interface Numbers {
  readonly request: number | undefined;
  readonly reply: number | undefined;
}

/** One numbering for both directions. What is only told of cannot be asked for. */
function unified(list: readonly OperationFile[]): Numbers[] {
  let next = 1;
  return list.map((operation) => {
    const { value = next } = operation;
    next = value + 1;
    return { request: isTold(operation) ? undefined : value, reply: value };
  });
}

/** A numbering for each direction: an operation takes a number of answers only where it has an answer. */
function directional(source: Source, list: readonly OperationFile[]): Numbers[] {
  let request = 1;
  let reply = 1;
  return list.map((operation, index) => {
    if (isTold(operation)) {
      reply = operation.value ?? reply;
      return { request: undefined, reply: reply++ };
    }
    const mode = operation.do ?? operation.dump;
    if (mode === undefined) {
      throw source.error(pathOf(index), "expected one of do, dump, notify, event: its numbers follow from it");
    }
    request = mode.request?.value ?? request;
    reply = mode.reply?.value ?? reply;
    return { request: request++, reply: mode.reply === undefined ? undefined : reply++ };
  });
}

function isTold({ notify, event }: OperationFile): boolean {
  return notify !== undefined || event !== undefined;
}

interface Resolving {
  readonly source: Source;
  readonly sets: AttributeSets;
  readonly byName: ReadonlyMap<string, OperationFile>;
}

/** The attributes of an operation: a notification has those of the operation that it tells of. */
function tableOf(
  { source, sets, byName }: Resolving,
  operation: OperationFile,
  index: number,
): Table<Entries> | undefined {
  const path = pathOf(index);
  const { notify } = operation;
  const of = notify === undefined ? undefined : source.find(byName, notify, "an operation", [...path, "notify"]);
  const name = operation["attribute-set"] ?? of?.["attribute-set"];
  const isReserved = operation.do === undefined && operation.dump === undefined && !isTold(operation);
  if (name === undefined && isReserved) return undefined;
  if (name === undefined) throw source.error(path, 'missing key "attribute-set"');
  const table = sets.table(name, [...path, "attribute-set"]);
  for (const [at, attributes] of listed(operation)) {
    for (const [position, each] of attributes.entries()) {
      source.find(table.byKey, each, `an attribute of ${name}`, [...path, ...at, "attributes", position]);
    }
  }
  return table;
}

/** The attributes that an operation names, and where. */
function listed(operation: OperationFile): (readonly [Path, readonly string[]])[] {
  const ofMode = (key: string, mode: ModeFile | undefined): (readonly [Path, readonly string[]])[] => [
    [[key, "request"], mode?.request?.attributes ?? []],
    [[key, "reply"], mode?.reply?.attributes ?? []],
  ];
  return [
    ...ofMode("do", operation.do),
    ...ofMode("dump", operation.dump),
    [["event"], operation.event?.attributes ?? []],
  ];
}

interface Parts {
  readonly title: string;
  readonly header: Struct<Fields> | undefined;
  readonly table: Table<Entries>;
  readonly path: Path;
}

function schemaOf(source: Source, { title, header, table, path }: Parts): AnySchema {
  const fixed = header?.fields ?? {};
  const twice = Object.keys(fixed).find((key) => table.byKey.has(key));
  if (twice !== undefined) {
    throw source.error(path, `"${twice}" is in the fixed header and an attribute; expected different names`);
  }
  const fields = { ...genlmsghdr(u8).fields, ...fixed };
  const shown = [
    ...Object.entries(fixed),
    ...Object.entries(table.entries).map(([key, [, kind]]) => [key, [key, kind]] as const),
  ];
  const { name } = source.file;
  const whole = aligned(struct(header?.name.replace(/^struct /, "") ?? "genlmsghdr", fields));
  const phrases = shown.map(([key, [label, kind]]) => [
    `${label} `,
    { key, kind: kind as Kind<unknown>, isHiddenWhenZero: false },
  ]);
  const called = `${name} ${title}`;
  return {
    kind: "generic",
    protocol: NETLINK.GENERIC,
    types: new Map(),
    header: whole,
    table,
    phrases,
    isWhole: false,
    title: () => called,
    message: (type, { flags = 0, seq = 0, pid = 0 }, body) => ({
      kind: "generic",
      header: { type, flags, seq, pid },
      body: { ...whole.zero(), ...body },
    }),
  } as AnySchema;
}

/** Behind a fixed header attributes begin at a multiple of 4. */
function aligned(header: Struct<Fields>): Struct<Fields> {
  const size = align4(header.leastSize);
  const rest = size - header.leastSize;
  if (rest === 0) return header;
  return {
    ...header,
    size,
    leastSize: size,
    read(reader, length, before) {
      const values = header.read(reader, length - rest, before);
      reader.at += rest;
      return values;
    },
    write(writer, values, before) {
      header.write(writer, values, before);
      writer.put(new Uint8Array(rest));
    },
  };
}

/** @throws ConfigError two operations have one number in a direction */
function checkNumbers(source: Source, operations: readonly Operation[]): void {
  const requests = new Map<number, string>();
  const replies = new Map<number, string>();
  for (const [index, { name, request, reply }] of operations.entries()) {
    if (request !== undefined) source.add(requests, request, name, pathOf(index));
    if (reply !== undefined) source.add(replies, reply, name, pathOf(index));
  }
}
