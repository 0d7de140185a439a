// What the compiled core may hold. The promises of snapshots, forks and replay rest on it: a word outside linear
// memory is in no snapshot, an import is an input that no trace records, a float is not the same on every machine.

import { beforeAll, describe, expect, it } from "vitest";
import loadWabt from "wabt";
import { wasm } from "#core";

/** Lines of the text form without data segments, whose strings could look like code. */
let lines: string[] = [];
const core = new WebAssembly.Module(wasm);

beforeAll(async () => {
  const wabt = await loadWabt();
  const module = wabt.readWasm(wasm, { readDebugNames: false });
  lines = module
    .toText({ foldExprs: false, inlineExport: false })
    .split("\n")
    .map((line) => line.trim());
  lines = lines.filter((line) => !line.startsWith("(data"));
  module.destroy();
});

const linesLike = (pattern: RegExp) => lines.filter((line) => pattern.test(line));

describe("the built core", () => {
  it("imports nothing but abort and a debug log", () => {
    const names = WebAssembly.Module.imports(core).map(({ module, name, kind }) => `${kind} ${module}.${name}`);
    expect(["function env.abort", "function env.log"]).toEqual(expect.arrayContaining(names));
  });

  it("exports functions and its memory, nothing else", () => {
    const others = WebAssembly.Module.exports(core).filter(({ kind }) => kind !== "function");
    expect(others).toEqual([{ name: "memory", kind: "memory" }]);
  });

  it("keeps all its state in linear memory: it has no mutable global and sets none", () => {
    expect(linesLike(/^\(global .*\(mut /)).toEqual([]);
    expect(linesLike(/^global\.set/)).toEqual([]);
  });

  it("runs nothing when it is instantiated: it has no start function", () => {
    expect(linesLike(/^\(start /)).toEqual([]);
  });

  it("computes with integers only: it has no float type and no float instruction", () => {
    expect(linesLike(/\bf(?:32|64)(?:x\d)?\b/)).toEqual([]);
  });

  it("changes none of its function tables", () => {
    expect(linesLike(/^table\.(?:set|grow|fill|copy|init)/)).toEqual([]);
  });

  it("the text form that these rules read holds the core's code", () => {
    expect(linesLike(/^\(func /).length).toBeGreaterThan(0);
    expect(linesLike(/^i32\.load/).length).toBeGreaterThan(0);
  });
});
