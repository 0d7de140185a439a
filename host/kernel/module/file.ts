// The file of a loadable module: what is wrong with it, said before it runs.

import { Errno } from "../../../assembly/abi/errno.js";
import { NetlinkError } from "../errno.js";
import { MODULE_ABI, ModuleLimit } from "./limits.js";
import { metered } from "./meter.js";
import { type Survey, survey } from "./survey.js";

/** What a module must export, besides its `memory` and the constant `abi`; and what it may. */
export const REQUIRED_EXPORTS = {
  attach: "() -> i32",
  requestBuffer: "(i32) -> i32",
  handle: "(i32 i32) -> i32",
} as const;
export const OPTIONAL_EXPORTS = {
  detach: "() -> i32",
  expired: "(i32)",
  attachVnet: "(i32) -> i32",
  detachVnet: "(i32)",
  testRun: "(i32) -> i32",
  testParse: "(i32 i32 i32) -> i32",
} as const;
export type ExportName = keyof typeof REQUIRED_EXPORTS | keyof typeof OPTIONAL_EXPORTS;

/** What it may import. `env.abort` is what AssemblyScript calls for a failed assertion. */
export const IMPORT_MODULE = "kernel";
export const TEST_MODULE = "ktest";
export const ABORT_MODULE = "env";
export const IMPORTED: ReadonlyMap<string, string> = new Map([
  ["kernel.familyAdd", "(i32 i32 i32 i32 i32) -> i32"],
  ["kernel.commandAdd", "(i32 i32 i32 i32 i32 i32) -> i32"],
  ["kernel.groupAdd", "(i32 i32 i32) -> i32"],
  ["kernel.reply", "(i32 i32) -> i32"],
  ["kernel.notify", "(i32 i32 i32) -> i32"],
  ["kernel.report", "(i32 i32 i32)"],
  ["kernel.timerSet", "(i32 i32) -> i32"],
  ["kernel.now", "() -> i64"],
  ["kernel.random", "() -> i32"],
  ["kernel.vnet", "() -> i32"],
  ["kernel.log", "(i32 i32)"],
  ["ktest.testAdd", "(i32 i32 i32 i32) -> i32"],
  ["ktest.testLog", "(i32 i32 i32 i32 i32 i32 i32 i32) -> i32"],
  ["env.abort", "(i32 i32 i32 i32)"],
]);
const ABI_EXPORT = "abi";

/** Types of globals that can be saved (wasmparser's numbers of i32 and i64). */
const INTEGERS: readonly number[] = [-1, -2];

export interface ModuleCode {
  /** The code with its meter. */
  readonly code: WebAssembly.Module;
  /** Which of its globals change. */
  readonly changing: readonly number[];
  /** It has kernel tests. */
  readonly hasTests: boolean;
}

function refuse(name: string, text: string): never {
  throw new NetlinkError(`kldload ${name}`, Errno.ENOEXEC, { message: text });
}

/** A file that a kernel has is not changed: a kernel made from its snapshot has the same one, and need not compile it. */
const known = new WeakMap<Uint8Array, ModuleCode>();

/** @throws NetlinkError ENOEXEC, with the text of what is wrong with it */
export function readModuleFile(name: string, file: Uint8Array): ModuleCode {
  const code = known.get(file) ?? checkedCode(name, file);
  known.set(file, code);
  return code;
}

function checkedCode(name: string, file: Uint8Array): ModuleCode {
  if (file.length > ModuleLimit.FILE_BYTES) {
    refuse(name, `${file.length} bytes; expected at most ${ModuleLimit.FILE_BYTES}`);
  }
  if (!WebAssembly.validate(file)) refuse(name, "no valid WebAssembly");
  const compiled = new WebAssembly.Module(file);
  const fault = importFault(compiled) ?? exportFault(compiled);
  if (fault !== undefined) refuse(name, fault);
  let found: Survey;
  try {
    found = survey(file);
  } catch (error) {
    return refuse(name, `not understood: ${(error as Error).message}`);
  }
  const inside = typeFault(found) ?? contentFault(found);
  if (inside !== undefined) refuse(name, inside);
  const changing = found.globals.flatMap(({ isMutable }, i) => (isMutable ? [i] : []));
  const hasTests = found.imports.some(({ module }) => module === TEST_MODULE);
  return { code: compiledMetered(name, file, found), changing, hasTests };
}

/** An engine may know more than the reader, as memories of 64 bits: what the copy then is, it does not compile. */
function compiledMetered(name: string, file: Uint8Array, found: Survey): WebAssembly.Module {
  try {
    return new WebAssembly.Module(metered(file, found));
  } catch (error) {
    return refuse(name, `not understood: ${(error as Error).message}`);
  }
}

function importFault(compiled: WebAssembly.Module): string | undefined {
  for (const { module, name, kind } of WebAssembly.Module.imports(compiled)) {
    if (kind === "function" && IMPORTED.has(`${module}.${name}`)) continue;
    return `imports ${kind} ${module}.${name}; the kernel has the functions ${[...IMPORTED.keys()].join(", ")}`;
  }
  return undefined;
}

function exportFault(compiled: WebAssembly.Module): string | undefined {
  const kinds = new Map(WebAssembly.Module.exports(compiled).map(({ name, kind }) => [name, kind]));
  if (kinds.get("memory") !== "memory") return "exports no memory";
  if (kinds.get(ABI_EXPORT) !== "global") return `exports no constant ${ABI_EXPORT}; expected ${MODULE_ABI}`;
  for (const name of Object.keys(REQUIRED_EXPORTS)) {
    if (kinds.get(name) !== "function") return `exports no function ${name}`;
  }
  for (const name of Object.keys(OPTIONAL_EXPORTS)) {
    const kind = kinds.get(name);
    if (kind !== undefined && kind !== "function") return `exports ${kind} ${name}; expected a function`;
  }
  return undefined;
}

/** Kernel and module agree on how they call each other. */
function typeFault({ imports, exports }: Survey): string | undefined {
  for (const { module, name, type } of imports) {
    const expected = IMPORTED.get(`${module}.${name}`);
    if (type !== expected) return `imports ${module}.${name} as ${type}; expected ${expected}`;
  }
  for (const [name, expected] of Object.entries({ ...REQUIRED_EXPORTS, ...OPTIONAL_EXPORTS })) {
    const type = exports.get(name);
    if (type !== undefined && type !== expected) return `exports ${name} as ${type}; expected ${expected}`;
  }
  const hasTests = imports.some(({ module }) => module === TEST_MODULE);
  return hasTests && !exports.has("testRun") ? "imports from ktest, and exports no function testRun" : undefined;
}

function contentFault({ refused, memories, globals }: Survey): string | undefined {
  if (refused !== undefined) return refused;
  if (memories.length !== 1) return `${memories.length} memories; expected one`;
  const initial = memories[0]?.initial ?? 0;
  const most = ModuleLimit.MEMORY_PAGES;
  if (initial > most) return `${initial} pages of memory; expected at most ${most}`;
  const other = globals.findIndex(({ isMutable, type }) => isMutable && !INTEGERS.includes(type));
  return other < 0 ? undefined : `global ${other} changes and is no integer`;
}

/** An instance of a module's code. @throws NetlinkError ENOEXEC for a start that fails, and for another ABI */
export function started(name: string, code: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Exports {
  let exports: WebAssembly.Exports;
  try {
    exports = new WebAssembly.Instance(code, imports).exports;
  } catch (error) {
    return refuse(name, `its start fails: ${(error as Error).message}`);
  }
  const { value } = exports[ABI_EXPORT] as WebAssembly.Global;
  return value === MODULE_ABI ? exports : refuse(name, `ABI version ${value}; expected ${MODULE_ABI}`);
}
