// Checks a YAML file against a table of what it may hold, and says what is wrong with its line and column:
//   lab.yaml:3:5: unknown key "adresses"; expected one of name, lladdr, mtu
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { ConfigError } from "./configerror.js";

export { ConfigError } from "./configerror.js";

/** What a place of the file may hold. */
export type Shape = Scalar | ListShape | RecordShape | MapShape | EitherShape;

type Scalar =
  | { readonly kind: "boolean" }
  | { readonly kind: "integer"; readonly min: number; readonly max: number }
  | { readonly kind: "choice"; readonly of: readonly string[] }
  /** An integer, or the name of one. */
  | { readonly kind: "integer or name" }
  /** A text, or a key that stands alone. */
  | { readonly kind: "text or nothing" }
  /** `expected` completes "expected …" when `accepts` says no. */
  | { readonly kind: "text"; readonly expected: string; readonly accepts: (text: string) => boolean };

export interface ListShape {
  readonly kind: "list";
  readonly item: Shape;
}

/** Keys that are known. */
export interface RecordShape {
  readonly kind: "record";
  /** What it is called in the manual: "interface". */
  readonly title: string;
  readonly fields: Readonly<Record<string, Field>>;
  readonly required: readonly string[];
}

export interface Field {
  readonly shape: Shape;
  /** What its absence means, for the manual. */
  readonly byDefault: string;
  /** One sentence for the manual. */
  readonly meaning: string;
}

/** Keys of the user's, as names of sysctls; `expected` completes "expected …" when `accepts` says no. */
export interface MapShape {
  readonly kind: "map";
  readonly expected: string;
  readonly accepts: (key: string) => boolean;
  readonly value: Shape;
}

/** A scalar that stands for a record of one key. */
export interface EitherShape {
  readonly kind: "either";
  readonly scalar: Scalar;
  readonly record: RecordShape;
}

/** Where a value stands in the file, from the top: ["vnets", 0, "name"]. */
export type Path = readonly (string | number)[];

/** A file that fits its shape. */
export interface Checked {
  /** Plain objects, arrays and scalars as the shape has them; keys that are absent are absent. */
  readonly value: unknown;
  /** `file:line:column` of a value, or of what holds it where it is absent. */
  placeOf(path: Path): string;
}

/**
 * Parses and checks; an empty file is an empty record.
 * @param file - the name that errors begin with
 * @throws ConfigError the first thing that is wrong
 */
export function checkYaml(text: string, file: string, shape: Shape): Checked {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  const [syntax] = document.errors;
  if (syntax) {
    throw new ConfigError(`${placeAt(syntax.pos[0])}: ${syntax.message.split("\n", 1)[0] ?? "no YAML"}`);
  }
  const walk: Walk = {
    fail: (node, problem) => new ConfigError(`${placeAt(node?.range?.[0] ?? 0)}: ${problem}`),
    resolve: (node) => resolveAlias(document, node),
  };
  const isEmpty = document.contents === null;
  const value = isEmpty && shape.kind === "record" ? {} : read(walk, document.contents, shape, "");
  return { value, placeOf: (path) => placeAt(nodeAt(document, path)?.range?.[0] ?? 0) };
}

/** How errors and the manual call a place: "vnets[0].name". */
export function nameOf(path: Path): string {
  return path.reduce<string>((name, step) => {
    if (typeof step === "number") return `${name}[${step}]`;
    return name === "" ? step : `${name}.${step}`;
  }, "");
}

/** What a shape takes, as errors say it after "expected". */
export function expectedOf(shape: Shape): string {
  switch (shape.kind) {
    case "boolean":
      return "true or false";
    case "integer":
      return `an integer from ${shape.min} to ${shape.max}`;
    case "integer or name":
      return "an integer or a name";
    case "text or nothing":
      return "a text";
    case "choice":
      return `one of ${shape.of.join(", ")}`;
    case "text":
      return shape.expected;
    case "list":
      return "a list";
    case "record":
    case "map":
      return "a map of keys and values";
    case "either":
      return `${expectedOf(shape.scalar)}, or a map of keys and values`;
  }
}

function resolveAlias(document: Document.Parsed, node: unknown): Node | null {
  return (isAlias(node) ? node.resolve(document) : (node as Node | null | undefined)) ?? null;
}

/** The node of a value; where there is none, the innermost one that is there. Aliases are followed. */
function nodeAt(document: Document.Parsed, path: Path): Node | null {
  let node: Node | null = document.contents;
  for (const step of path) {
    const holder = resolveAlias(document, node);
    const next: unknown = isMap(holder) || isSeq(holder) ? holder.get(step, true) : undefined;
    if (next === undefined || next === null) return node;
    node = next as Node;
  }
  return node;
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
  const refusal = (): ConfigError => walk.fail(place, wrong(name, node, expectedOf(shape)));
  switch (shape.kind) {
    case "record":
    case "map":
      if (!isMap(node)) throw refusal();
      return shape.kind === "record" ? readRecord(walk, node, shape, name) : readMap(walk, node, shape, name);
    case "list":
      if (!isSeq(node)) throw refusal();
      return node.items.map((item, index) => read(walk, item, shape.item, `${name}[${index}]`));
    case "either":
      if (isMap(node)) return readRecord(walk, node, shape.record, name);
      if (!isScalar(node) || !fits(node.value, shape.scalar)) throw refusal();
      return node.value;
    default:
      if (!isScalar(node) || !fits(node.value, shape)) throw refusal();
      return node.value;
  }
}

type MapNode = { items: { key: unknown; value: unknown }[] } & Node;

function readRecord(walk: Walk, node: MapNode, shape: RecordShape, name: string): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const { key, value } of node.items) {
    const keyNode = walk.resolve(key);
    const word = isScalar(keyNode) ? String(keyNode.value) : "";
    const field = Object.hasOwn(shape.fields, word) ? shape.fields[word] : undefined;
    if (!field)
      throw walk.fail(keyNode, `unknown key "${word}"; expected one of ${Object.keys(shape.fields).join(", ")}`);
    record[word] = read(walk, value, field.shape, name === "" ? word : `${name}.${word}`, keyNode);
  }
  for (const key of shape.required) {
    if (!(key in record)) throw walk.fail(node, `${name === "" ? "the file" : name}: missing key "${key}"`);
  }
  return record;
}

function readMap(walk: Walk, node: MapNode, shape: MapShape, name: string): Record<string, unknown> {
  return Object.fromEntries(
    node.items.map(({ key, value }) => {
      const keyNode = walk.resolve(key);
      const word = isScalar(keyNode) ? String(keyNode.value) : "";
      if (!shape.accepts(word)) throw walk.fail(keyNode, `${name}: unknown key "${word}"; expected ${shape.expected}`);
      return [word, read(walk, value, shape.value, `${name}.${word}`, keyNode)];
    }),
  );
}

function fits(value: unknown, shape: Scalar): boolean {
  switch (shape.kind) {
    case "boolean":
      return typeof value === "boolean";
    case "integer":
      return Number.isSafeInteger(value) && (value as number) >= shape.min && (value as number) <= shape.max;
    case "integer or name":
      return Number.isSafeInteger(value) || (typeof value === "string" && value !== "");
    case "text or nothing":
      return typeof value === "string" || value === null;
    case "choice":
      return typeof value === "string" && shape.of.includes(value);
    case "text":
      return typeof value === "string" && shape.accepts(value);
  }
}

function wrong(name: string, node: Node | null, expected: string): string {
  const got = isMap(node) ? "a map" : isSeq(node) ? "a list" : isScalar(node) ? JSON.stringify(node.value) : "null";
  return `${name === "" ? "" : `${name}: `}expected ${expected}, got ${got === "null" ? "nothing" : got}`;
}
