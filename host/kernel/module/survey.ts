// What is in a module's binary, as far as the kernel must know before it runs: its memory, its globals, where its functions
// begin and loop, and instructions that a module may not have.

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
  /** The first instruction of each loop. */
  readonly loops: readonly number[];
  /** Instructions that fill or copy memory: as long as their top operand says. */
  readonly bulk: readonly number[];
}

export interface Survey {
  readonly memories: readonly { readonly initial: number; readonly maximum: number | undefined }[];
  readonly globals: readonly { readonly type: number; readonly isMutable: boolean }[];
  readonly functions: readonly FunctionSurvey[];
  /** An instruction that no module may have, and why; undefined without. */
  readonly refused: string | undefined;
}

/** States of the reader that matter here (wasmparser, BinaryReaderState). */
const State = {
  ERROR: -1,
  END_WASM: 2,
  TYPE: 11,
  FUNCTION: 13,
  MEMORY: 15,
  BEGIN_FUNCTION: 28,
  OPERATOR: 30,
  END_FUNCTION: 31,
  BEGIN_GLOBAL: 39,
} as const;

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

/** Types of local variables: i32, i64 and v128. */
const LOCAL_TYPES = new Set([-1, -2, -5]);

interface MutableFunction extends FunctionSurvey {
  end: number;
  readonly loops: number[];
  readonly bulk: number[];
}

/** @param bytes - a valid module. @throws Error when the reader does not know something in it */
export function survey(bytes: Uint8Array): Survey {
  const reader = new BinaryReader();
  reader.setData(new Uint8Array(bytes).buffer, 0, bytes.length);
  const parameters: number[] = [];
  const types: number[] = [];
  const memories: { initial: number; maximum: number | undefined }[] = [];
  const globals: { type: number; isMutable: boolean }[] = [];
  const functions: MutableFunction[] = [];
  let refused: string | undefined;
  let before = 0;
  while (reader.read()) {
    const { position } = reader;
    const state: number = reader.state;
    // biome-ignore lint/suspicious/noExplicitAny: the reader's result depends on its state
    const result = reader.result as any;
    if (state === State.TYPE) parameters.push(result.params?.length ?? 0);
    else if (state === State.FUNCTION) types.push(result.typeIndex);
    else if (state === State.MEMORY) memories.push({ initial: result.limits.initial, maximum: result.limits.maximum });
    else if (state === State.BEGIN_GLOBAL) {
      globals.push({ type: result.type.contentType.code, isMutable: result.type.mutability !== 0 });
    } else if (state === State.BEGIN_FUNCTION) {
      const locals = result.locals.map((each: { count: number; type: { code: number } }) => ({
        count: each.count,
        type: each.type.code,
      }));
      if (locals.some(({ type }: { type: number }) => !LOCAL_TYPES.has(type)))
        refused ??= "a local variable that is no integer";
      const own = parameters[types[functions.length] as number] as number;
      functions.push({ parameters: own, locals, start: position, end: position, loops: [], bulk: [] });
    } else if (state === State.OPERATOR) {
      const name = OperatorCodeNames[result.code] ?? `instruction 0x${Number(result.code).toString(16)}`;
      const current = functions.at(-1) as MutableFunction;
      if (name === "loop") current.loops.push(position);
      if (BULK.has(name)) current.bulk.push(before);
      refused ??= refusalOf(name);
    } else if (state === State.END_FUNCTION) (functions.at(-1) as MutableFunction).end = position;
    else if (state === State.END_WASM) return { memories, globals, functions, refused };
    before = position;
  }
  throw reader.error ?? new Error("the file ends early");
}

function refusalOf(name: string): string | undefined {
  const found = REFUSED.find(([pattern]) => pattern.test(name));
  return found && `instruction ${name}: ${found[1]}`;
}
