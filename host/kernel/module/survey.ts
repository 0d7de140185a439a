// What is in a module's binary, as far as the kernel must know before it runs: its memory, its globals, the types of its
// imports and exports, where its functions begin and loop, and instructions that a module may not have.

import { BinaryReader, OperatorCodeNames } from "wasmparser";

/** Where a function's code is to be charged for. Offsets in the file. */
export interface FunctionSurvey {
  /** Parameters. */
  readonly parameters: number;
  /** Runs of local variables, of a count and a type. */
  readonly locals: readonly { readonly count: number; readonly type: number }[];
  /** Its first instruction, and the end of its code. */
  readonly start: number;
  readonly end: number;
  /** The first instruction of each loop, and the end of its code. */
  readonly loops: readonly { readonly start: number; readonly end: number }[];
  /** Instructions that fill or copy memory: as long as their top operand says. */
  readonly bulk: readonly number[];
  /** Instructions that grow memory. */
  readonly grows: readonly number[];
}

export interface Survey {
  readonly memories: readonly { readonly initial: number; readonly maximum: number | undefined }[];
  readonly globals: readonly { readonly type: number; readonly isMutable: boolean }[];
  readonly functions: readonly FunctionSurvey[];
  /** Types of the imported functions in order, and of the exported ones by name: as "(i32 i32) -> i32". */
  readonly imports: readonly { readonly module: string; readonly name: string; readonly type: string }[];
  readonly exports: ReadonlyMap<string, string>;
  /** An instruction that no module may have, and why; undefined without. */
  readonly refused: string | undefined;
}

/** States of the reader that matter here (wasmparser, BinaryReaderState). */
const State = {
  END_WASM: 2,
  TYPE: 11,
  IMPORT: 12,
  FUNCTION: 13,
  MEMORY: 15,
  EXPORT: 17,
  BEGIN_FUNCTION: 28,
  OPERATOR: 30,
  END_FUNCTION: 31,
  BEGIN_GLOBAL: 39,
} as const;

/** ExternalKind of a function. */
const KIND_FUNCTION = 0;

const BULK = new Set(["memory.fill", "memory.copy", "memory.init"]);

const REFUSED: readonly (readonly [RegExp, string])[] = [
  // The bits of a NaN differ between machines, and so would a replay.
  [/f32|f64/, "a kernel has no floating point"],
  [/relaxed/, "its result differs between machines"],
  [/atomic/, "a module has one thread"],
  // All state of a module is memory and numeric globals: that is what a snapshot holds.
  [/^(table\.(set|grow|fill|copy|init)|elem\.drop|data\.drop)$/, "tables and segments stay as they are"],
  [/^(struct|array|ref\.i31)/, "a module has no objects"],
  // Nothing in a module may hold up what stops it.
  [/^(try|catch|throw|rethrow|delegate)/, "a module has no exceptions"],
];

/** Names of the reader's types. */
const TYPES: Readonly<Record<number, string>> = { [-1]: "i32", [-2]: "i64", [-3]: "f32", [-4]: "f64", [-5]: "v128" };
/** Types of local variables: i32, i64 and v128. */
const LOCAL_TYPES = new Set([-1, -2, -5]);

interface ReaderType {
  readonly code: number;
}

/** What the reader gives in one of the states above: members as the state has them. */
interface Entry {
  readonly params?: readonly ReaderType[];
  readonly returns?: readonly ReaderType[];
  readonly typeIndex: number;
  readonly funcTypeIndex: number;
  readonly module: Uint8Array;
  readonly field: Uint8Array;
  readonly kind: number;
  readonly index: number;
  readonly limits: { readonly initial: number; readonly maximum: number | undefined };
  readonly type: { readonly contentType: ReaderType; readonly mutability: unknown };
  readonly locals: readonly { readonly count: number; readonly type: ReaderType }[];
  readonly code: number;
}

interface MutableFunction extends FunctionSurvey {
  end: number;
  readonly loops: { start: number; end: number }[];
  readonly bulk: number[];
  readonly grows: number[];
}

/** @param bytes - a valid module. @throws Error when the reader does not know something in it */
export function survey(bytes: Uint8Array): Survey {
  const reader = new BinaryReader();
  reader.setData(new Uint8Array(bytes).buffer, 0, bytes.length);
  const surveyor = new Surveyor();
  while (reader.read()) {
    if ((reader.state as number) === State.END_WASM) return surveyor.result;
    surveyor.take(reader.state as number, reader.result as unknown as Entry, reader.position);
  }
  throw reader.error ?? new Error("the file ends early");
}

class Surveyor {
  readonly #types: { readonly parameters: number; readonly text: string }[] = [];
  /** Indices of types: of all functions, the imported ones first. */
  readonly #functionTypes: number[] = [];
  #imported = 0;
  readonly #memories: { initial: number; maximum: number | undefined }[] = [];
  readonly #globals: { type: number; isMutable: boolean }[] = [];
  readonly #functions: MutableFunction[] = [];
  readonly #imports: { module: string; name: string; type: string }[] = [];
  readonly #exports: { readonly name: string; readonly index: number }[] = [];
  #refused: string | undefined;
  /** Blocks that are open in the function, the outermost first: those that are loops as they are listed. */
  readonly #blocks: ({ end: number } | undefined)[] = [];
  /** Where the entry began. */
  #before = 0;

  get result(): Survey {
    return {
      memories: this.#memories,
      globals: this.#globals,
      functions: this.#functions,
      imports: this.#imports,
      exports: new Map(this.#exports.map(({ name, index }) => [name, this.#typeOf(index)])),
      refused: this.#refused,
    };
  }

  /** @param position - where the entry ends */
  take(state: number, entry: Entry, position: number): void {
    switch (state) {
      case State.TYPE:
        this.#types.push({ parameters: entry.params?.length ?? 0, text: typeText(entry) });
        break;
      case State.IMPORT:
        this.#takeImport(entry);
        break;
      case State.FUNCTION:
        this.#functionTypes.push(entry.typeIndex);
        break;
      case State.MEMORY:
        this.#memories.push({ initial: entry.limits.initial, maximum: entry.limits.maximum });
        break;
      case State.EXPORT:
        if (entry.kind === KIND_FUNCTION) this.#exports.push({ name: textOf(entry.field), index: entry.index });
        break;
      case State.BEGIN_GLOBAL:
        this.#globals.push({ type: entry.type.contentType.code, isMutable: Boolean(entry.type.mutability) });
        break;
      case State.BEGIN_FUNCTION:
        this.#beginFunction(entry, position);
        break;
      case State.OPERATOR:
        this.#takeOperator(entry, position);
        break;
      case State.END_FUNCTION:
        this.#current.end = position;
        break;
    }
    this.#before = position;
  }

  get #current(): MutableFunction {
    return this.#functions.at(-1) as MutableFunction;
  }

  #typeOf(index: number): string {
    return this.#types[this.#functionTypes[index] as number]?.text ?? "";
  }

  #takeImport({ module, field, kind, funcTypeIndex }: Entry): void {
    if (kind !== KIND_FUNCTION) return;
    this.#functionTypes.push(funcTypeIndex);
    this.#imports.push({ module: textOf(module), name: textOf(field), type: this.#typeOf(this.#imported++) });
  }

  #beginFunction(entry: Entry, position: number): void {
    const locals = entry.locals.map(({ count, type }) => ({ count, type: type.code }));
    if (locals.some(({ type }) => !LOCAL_TYPES.has(type))) this.#refused ??= "a local variable that is no integer";
    const type = this.#functionTypes[this.#imported + this.#functions.length] as number;
    const parameters = this.#types[type]?.parameters ?? 0;
    this.#functions.push({ parameters, locals, start: position, end: position, loops: [], bulk: [], grows: [] });
  }

  #takeOperator({ code }: Entry, position: number): void {
    const name = (OperatorCodeNames as readonly string[])[code] ?? `instruction 0x${code.toString(16)}`;
    const { loops, bulk, grows } = this.#current;
    if (name === "loop") {
      const loop = { start: position, end: position };
      loops.push(loop);
      this.#blocks.push(loop);
    } else if (name === "block" || name === "if") {
      this.#blocks.push(undefined);
    } else if (name === "end") {
      // The last one ends the function.
      const loop = this.#blocks.pop();
      if (loop !== undefined) loop.end = position;
    } else if (name === "memory.grow") {
      grows.push(this.#before);
    } else if (BULK.has(name)) {
      bulk.push(this.#before);
    }
    this.#refused ??= refusalOf(name);
  }
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function typeText({ params = [], returns = [] }: Entry): string {
  const texts = (types: readonly ReaderType[]): string => types.map(({ code }) => TYPES[code] ?? "reference").join(" ");
  return `(${texts(params)})${returns.length > 0 ? ` -> ${texts(returns)}` : ""}`;
}

function refusalOf(name: string): string | undefined {
  const found = REFUSED.find(([pattern]) => pattern.test(name));
  return found && `instruction ${name}: ${found[1]}`;
}
