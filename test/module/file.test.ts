// The file of a module: what is wrong with it is said before any of it runs, and nothing of it is left.

import { describe, expect, it } from "vitest";
import { Errno, Kernel, MODULE_ABI, ModuleLimit, type NetlinkError } from "../../host/kernel/kernel.js";
import { assembled, bootWith, dummyFile, type ModuleText, watModule } from "./modules.js";

function refusalOf(file: Uint8Array, name = "bad"): NetlinkError {
  const kernel = bootWith({});
  const before = kernel.kldstat();
  const memory = kernel.vnet0.statistics();
  try {
    kernel.kldload(name, file);
  } catch (error) {
    expect(kernel.kldstat()).toEqual(before);
    expect(kernel.vnet0.statistics()).toEqual(memory);
    expect(kernel.moduleFaults).toEqual([]);
    return error as NetlinkError;
  }
  throw new Error("it was loaded");
}

const refused = (text: ModuleText): string => {
  const error = refusalOf(assembled(watModule(text)));
  expect(error.errno).toBe(Errno.ENOEXEC);
  return error.message;
};

describe("the file of a module is refused", () => {
  it("that is no WebAssembly", () => {
    for (const bytes of [new Uint8Array(0), Uint8Array.of(0, 97, 115, 109), new TextEncoder().encode("#!/bin/sh\n")]) {
      expect(refusalOf(bytes)).toMatchObject({ errno: Errno.ENOEXEC });
      expect(refusalOf(bytes).message).toContain("no valid WebAssembly");
    }
  });

  it("that is cut anywhere", () => {
    const file = dummyFile();
    for (let at = 0; at < file.length; at += 97) {
      expect(refusalOf(file.subarray(0, at)).errno).toBe(Errno.ENOEXEC);
    }
  });

  it.each<[string, ModuleText, RegExp]>([
    ["without its memory", { memory: "(memory 1)" }, /exports no memory/],
    ["without abi", { abi: "" }, /exports no constant abi; expected 1/],
    ["with abi a function", { abi: '(func (export "abi"))' }, /exports no constant abi/],
    [
      "of a later ABI",
      { abi: `(global (export "abi") i32 (i32.const ${MODULE_ABI + 1}))` },
      /ABI version 2; expected 1/,
    ],
    ["of an earlier ABI", { abi: '(global (export "abi") i32 (i32.const 0))' }, /ABI version 0; expected 1/],
    [
      "that imports what there is not",
      { imports: '(import "kernel" "panic" (func))', attach: "(i32.const 0)" },
      /imports function kernel\.panic; the kernel has the functions kernel\.familyAdd, .*kernel\.log, ktest\.testAdd, .*env\.abort/,
    ],
    [
      "that imports from elsewhere",
      { imports: '(import "env" "reply" (func (param i32 i32) (result i32)))', attach: "(i32.const 0)" },
      /imports function env\.reply/,
    ],
    [
      "that imports its memory",
      { imports: '(import "kernel" "memory" (memory 1))', memory: "", attach: "(i32.const 0)" },
      /imports memory/,
    ],
    [
      "whose call has other parameters",
      { imports: '(import "kernel" "reply" (func $r (param i64)))', attach: "(call $r (i64.const 0)) (i32.const 0)" },
      /imports kernel\.reply as \(i64\); expected \(i32 i32\) -> i32/,
    ],
    [
      "whose expired has other parameters",
      { fields: '(func (export "expired"))' },
      /exports expired as \(\); expected \(i32\)/,
    ],
    ["with floats", { fields: "(func (drop (f64.add (f64.const 1) (f64.const 2))))" }, /floating point/],
    ["with a float in a local", { fields: "(func (local f32))" }, /local variable that is no integer/],
    [
      "with atomics",
      { fields: "(func (drop (i32.atomic.load (i32.const 0))))", memory: '(memory (export "memory") 1 2 shared)' },
      /atomic/,
    ],
    [
      "that changes its table",
      { fields: "(table 1 funcref) (func (table.set 0 (i32.const 0) (ref.null func)))" },
      /table\.set/,
    ],
    [
      "whose globals are references",
      { fields: "(global (mut funcref) (ref.null func))" },
      /global 3 changes and is no integer/,
    ],
    [
      "whose expired is no function",
      { fields: '(global (export "expired") i32 (i32.const 1))' },
      /exports global expired/,
    ],
    ["whose start traps", { fields: "(func $s unreachable) (start $s)" }, /its start fails/],
    [
      "whose start asks the kernel",
      { fields: "(func $s (drop (call $vnet))) (start $s)" },
      /its start fails: vnet before attach/,
    ],
  ])("%s", (_, text, message) => {
    expect(refused(text)).toMatch(message);
  });

  it("without attach, requestBuffer or handle, each by name", () => {
    for (const name of ["attach", "requestBuffer", "handle"]) {
      const text = watModule().replace(`(export "${name}")`, "");
      expect(refusalOf(assembled(text)).message).toContain(`exports no function ${name}`);
    }
  });

  it("with more pages of memory than the limit; one with as many is loaded", () => {
    const pages = (count: number): ModuleText => ({ memory: `(memory (export "memory") ${count})` });
    expect(refused(pages(ModuleLimit.MEMORY_PAGES + 1))).toContain("257 pages of memory; expected at most 256");
    const kernel = bootWith({ text: assembled(watModule(pages(ModuleLimit.MEMORY_PAGES))) });
    expect(kernel.isLoaded("text")).toBe(true);
  });

  it("with more bytes than the limit; one with as many is loaded", () => {
    const padded = (bytes: number): Uint8Array => {
      const file = assembled(watModule());
      // A custom section: its id, its length in five bytes, an empty name.
      const padding = bytes - file.length - 7;
      const length = padding + 1;
      const head = [0, ...[0, 7, 14, 21].map((shift) => ((length >>> shift) & 0x7f) | 0x80), length >>> 28, 0];
      const whole = new Uint8Array(bytes);
      whole.set(file);
      whole.set(head, file.length);
      return whole;
    };
    const over = refusalOf(padded(ModuleLimit.FILE_BYTES + 1));
    expect(over.message).toContain(`${ModuleLimit.FILE_BYTES + 1} bytes; expected at most ${ModuleLimit.FILE_BYTES}`);
    expect(bootWith({ text: padded(ModuleLimit.FILE_BYTES) }).isLoaded("text")).toBe(true);
  });
});

describe("kldload of a file", () => {
  it("copies it: the bytes may be used again", () => {
    const file = new Uint8Array(dummyFile());
    const kernel = Kernel.boot({ record: true });
    kernel.kldload("dummy", file);
    file.fill(0);
    expect(Kernel.replay(kernel.record()).isLoaded("dummy")).toBe(true);
  });

  it("wants a name of 1 to 63 letters, digits, points, dashes and lines", () => {
    const kernel = bootWith({});
    for (const name of ["", "a b", "a/b", "ä", "x".repeat(64)]) {
      expect(() => kernel.kldload(name, dummyFile())).toThrow(expect.objectContaining({ errno: Errno.EINVAL }));
    }
    kernel.kldload("x".repeat(63), dummyFile());
  });

  it("is EEXIST for the name of a module that is loaded or built in", () => {
    const kernel = bootWith({ dummy: dummyFile() });
    for (const name of ["dummy", "netlink", "nlsysevent", "linux_common"]) {
      expect(() => kernel.kldload(name, dummyFile())).toThrow(expect.objectContaining({ errno: Errno.EEXIST }));
    }
  });

  it("is what the module refuses with", () => {
    const refusing = assembled(watModule({ attach: "(i32.const 28)" }));
    expect(refusalOf(refusing)).toMatchObject({ errno: Errno.ENOSPC });
    expect(refusalOf(refusing).message).toContain("refused by its attach");
  });

  it("takes back what a module had registered when its load fails half way", () => {
    const half = assembled(
      watModule({
        attach: `(drop (block (result i32) (global.set $family (call $familyAdd (i32.const 0) (i32.const 4) (i32.const 1) (i32.const 0) (i32.const 1))) (i32.const 0))) (i32.const 12)`,
      }),
    );
    const kernel = bootWith({});
    expect(() => kernel.kldload("half", half)).toThrow(expect.objectContaining({ errno: Errno.ENOMEM }));
    kernel.kldload("text", assembled(watModule()));
    expect(kernel.isLoaded("text")).toBe(true);
  });

  it("is EIO, with the reason, when it does what no module may do at once", () => {
    const kernel = bootWith({});
    const file = assembled(watModule({ attach: "unreachable" }));
    expect(() => kernel.kldload("text", file)).toThrow(
      expect.objectContaining({ errno: Errno.EIO, message: expect.stringContaining("trap") }),
    );
    expect(kernel.isLoaded("text")).toBe(false);
  });
});
