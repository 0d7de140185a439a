// Checks a YAML file against a table of what it may hold, and says what is wrong with its line and column:
//   lab.yaml:3:5: unknown key "adresses"; expected one of name, lladdr, mtu
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";

/** What a place of the file may hold. */
export type Shape =
  | { readonly kind: "boolean" }
  | { readonly kind: "integer"; readonly min: number; readonly max: number }
  | { readonly kind: "choice"; readonly of: readonly string[] }
  /** `expected` completes "expected …" when `accepts` says no. */
  | { readonly kind: "text"; readonly expected: string; readonly accepts: (text: string) => boolean }
  | { readonly kind: "list"; readonly item: Shape }
  | { readonly kind: "record"; readonly fields: Readonly<Record<string, Shape>>; readonly required: readonly string[] };

/** The file is not what was expected. The message is one line and begins with file, line and column. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** A file that fits its shape. */
export interface Checked {
  /** Plain objects, arrays and scalars as the shape has them; keys that are absent are absent. */
  readonly value: unknown;
  /** The error for a place that fits the shape but not the rest; `path` as in ["vnets", 0, "name"]. */
  errorAt(path: readonly (string | number)[], problem: string): ConfigError;
}

/**
 * Parses and checks; an empty file is an empty record.
 * @param file - the name that errors begin with
 * @throws ConfigError the first thing that is wrong
 */
export function checkYaml(text: string, file: string, shape: Shape): Checked {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const errorAtOffset = (offset: number, problem: string): ConfigError => {
    const { line, col } = lines.linePos(offset);
    return new ConfigError(`${file}:${Math.max(line, 1)}:${Math.max(col, 1)}: ${problem}`);
  };
  const [syntax] = document.errors;
  if (syntax) throw errorAtOffset(syntax.pos[0], syntax.message.split("\n", 1)[0] ?? "no YAML");
  const walk: Walk = {
    fail: (node, problem) => errorAtOffset(node?.range?.[0] ?? 0, problem),
    resolve: (node) => (isAlias(node) ? node.resolve(document) : (node as Node | null | undefined)) ?? null,
  };
  const isEmpty = document.contents === null;
  const value = isEmpty && shape.kind === "record" ? {} : read(walk, document.contents, shape, "");
  return {
    value,
    errorAt: (path, problem) => walk.fail(document.getIn(path, true) as Node | undefined, problem),
  };
}

/** What reading a node needs besides the node: where errors go, and what an alias stands for. */
interface Walk {
  readonly fail: (node: Node | null | undefined, problem: string) => ConfigError;
  readonly resolve: (node: unknown) => Node | null;
}

/**
 * @param name - how errors call the place: "vnets[0].name"; the whole file is ""
 * @param key - where an error stands when there is no value
 */
function read(walk: Walk, source: unknown, shape: Shape, name: string, key: Node | null = null): unknown {
  const node = walk.resolve(source);
  const place = node ?? key;
  if (shape.kind === "record") {
    if (!isMap(node)) throw walk.fail(place, wrong(name, node, "a map of keys and values"));
    return readRecord(walk, node, shape, name);
  }
  if (shape.kind === "list") {
    if (!isSeq(node)) throw walk.fail(place, wrong(name, node, "a list"));
    return node.items.map((item, index) => read(walk, item, shape.item, `${name}[${index}]`));
  }
  const value = isScalar(node) ? node.value : undefined;
  if (!isScalar(node) || !fits(value, shape)) throw walk.fail(place, wrong(name, node, expectedOf(shape)));
  return value;
}

function readRecord(
  walk: Walk,
  node: { items: { key: unknown; value: unknown }[] } & Node,
  shape: Shape & { kind: "record" },
  name: string,
): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const { key, value } of node.items) {
    const keyNode = walk.resolve(key);
    const word = isScalar(keyNode) ? String(keyNode.value) : "";
    const field = Object.hasOwn(shape.fields, word) ? shape.fields[word] : undefined;
    if (!field)
      throw walk.fail(keyNode, `unknown key "${word}"; expected one of ${Object.keys(shape.fields).join(", ")}`);
    const fieldName = name === "" ? word : `${name}.${word}`;
    record[word] = read(walk, value, field, fieldName, keyNode);
  }
  for (const key of shape.required) {
    if (!(key in record)) throw walk.fail(node, `${name === "" ? "the file" : name}: missing key "${key}"`);
  }
  return record;
}

type Scalar = Exclude<Shape, { kind: "list" | "record" }>;

function fits(value: unknown, shape: Scalar): boolean {
  switch (shape.kind) {
    case "boolean":
      return typeof value === "boolean";
    case "integer":
      return Number.isSafeInteger(value) && (value as number) >= shape.min && (value as number) <= shape.max;
    case "choice":
      return typeof value === "string" && shape.of.includes(value);
    case "text":
      return typeof value === "string" && shape.accepts(value);
  }
}

function expectedOf(shape: Scalar): string {
  switch (shape.kind) {
    case "boolean":
      return "true or false";
    case "integer":
      return `an integer from ${shape.min} to ${shape.max}`;
    case "choice":
      return `one of ${shape.of.join(", ")}`;
    case "text":
      return shape.expected;
  }
}

function wrong(name: string, node: Node | null, expected: string): string {
  const got = isMap(node) ? "a map" : isSeq(node) ? "a list" : isScalar(node) ? JSON.stringify(node.value) : "null";
  return `${name === "" ? "" : `${name}: `}expected ${expected}, got ${got === "null" ? "nothing" : got}`;
}
