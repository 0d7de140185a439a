// The module ktest: kernel tests of loadable modules, listed and run by its family.

import { describe, expect, it } from "vitest";
import { NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import { Errno, Kernel, ModuleLimit } from "../../host/kernel/kernel.js";
import { byName, familyOf, genl, getFamily, openGeneric } from "../generic/families.js";
import {
  ackOf,
  ask,
  attribute,
  attributes,
  codeOf,
  doneOf,
  errorOf,
  flags,
  numberAt,
  type Seen,
  text,
  u16,
  u32,
} from "../support/messages.js";
import { assembled, bootWith, exampleFile, idOf, type ModuleSetup, watModule } from "./modules.js";

const COMMAND = { LIST: 1, RUN: 2, NEWTEST: 3, NEWMESSAGE: 4 } as const;
const ATTRIBUTE = { MOD_NAME: 1, TEST_NAME: 2, TEST_DESCR: 3, TEST_META: 4 } as const;
const MESSAGE = { TS: 1, FUNC: 2, FILE: 3, LINE: 4, TEXT: 5, LEVEL: 6 } as const;
const EXAMPLE = "ktest_example";

const module = (name: string): Uint8Array => attribute(ATTRIBUTE.MOD_NAME, text(name));
const test = (name: string): Uint8Array => attribute(ATTRIBUTE.TEST_NAME, text(name));
const value = (number: number): Uint8Array => attribute(ATTRIBUTE.TEST_META, attribute(1, u32(number)));

function setupKtest(): ModuleSetup {
  const kernel = bootWith({ [EXAMPLE]: exampleFile() });
  const socket = openGeneric(kernel.vnet0);
  return { kernel, vnet: kernel.vnet0, socket, id: idOf(socket, "ktest") };
}

/** Attributes of a message by type, texts as texts. */
function inside({ body }: Seen): Record<number, string | Uint8Array> {
  const texts: readonly number[] = body[0] === COMMAND.NEWTEST ? [1, 2, 3] : [MESSAGE.FUNC, MESSAGE.FILE, MESSAGE.TEXT];
  return Object.fromEntries(
    attributes(body.slice(4)).map(([type, bytes]) => [
      type,
      texts.includes(type) ? new TextDecoder().decode(bytes.slice(0, -1)) : bytes,
    ]),
  );
}

describe("ktest", () => {
  it("[FB-106] is unknown before it is loaded, and has an id afterwards", () => {
    const kernel = bootWith({});
    const socket = openGeneric(kernel.vnet0);
    expect(errorOf(ask(socket, getFamily("qa", byName("ktest"))))).toBe(Errno.ENOENT);
    kernel.kldload("ktest");
    expect(familyOf(ask(socket, getFamily("q", byName("ktest")))[0] as Seen)).toMatchObject({
      name: "ktest",
      version: 1,
      hdrsize: 0,
      maxattr: 4,
      // CAP_DO, CAP_DUMP and CAP_HASPOL; ADMIN_PERM, CAP_DO and CAP_HASPOL.
      commands: [
        [COMMAND.LIST, 0xe],
        [COMMAND.RUN, 0xb],
      ],
    });
  });

  it("comes with a module that has tests, and goes with the last of them", () => {
    const { kernel } = setupKtest();
    expect(codeOf(() => kernel.kldunload("ktest"))).toBe("EBUSY");
    kernel.kldunload(EXAMPLE);
    expect(kernel.isLoaded("ktest")).toBe(false);
  });

  it("[FB-103] LIST tells of each test of a module, then DONE; of an unknown module DONE alone", () => {
    const { socket, id } = setupKtest();
    const seen = ask(socket, genl(id, COMMAND.LIST, "q", [module(EXAMPLE)]));
    expect(seen).toHaveLength(3);
    for (const each of seen.slice(0, 2)) {
      expect(each).toMatchObject({ type: id, flags: flags("q") | NLM_F.MULTI, seq: 7 });
      expect(each.body.slice(0, 4)).toEqual(Uint8Array.of(COMMAND.NEWTEST, 0, 0, 0));
    }
    expect(seen.slice(0, 2).map(inside)).toEqual([
      { 1: EXAMPLE, 2: "test_something", 3: "Test something" },
      { 1: EXAMPLE, 2: "test_failure", 3: "Test that fails" },
    ]);
    expect(doneOf(seen.at(-1))).toBe(0);
    const unknown = ask(socket, genl(id, COMMAND.LIST, "qa", [module("nosuch")]));
    expect(unknown.map(({ type }) => type)).toEqual([NLMSG.DONE]);
  });

  it("LIST without a module tells of all, with TEST_NAME of those of that name", () => {
    const { kernel, socket, id } = setupKtest();
    kernel.kldload("second", exampleFile());
    const names = (...parts: Uint8Array[]): string[] =>
      ask(socket, genl(id, COMMAND.LIST, "qD", parts))
        .slice(0, -1)
        .map((each) => `${inside(each)[1]} ${inside(each)[2]}`);
    const all = ["test_something", "test_failure"];
    expect(names()).toEqual([...all.map((each) => `${EXAMPLE} ${each}`), ...all.map((each) => `second ${each}`)]);
    expect(names(test("test_failure"))).toEqual([`${EXAMPLE} test_failure`, "second test_failure"]);
    expect(names(module("second"), test("nosuch"))).toEqual([]);
  });

  it("[FB-104] RUN gives what the test logs, with time, place and level, then DONE with its error", () => {
    const { kernel, socket, id } = setupKtest();
    kernel.advance(1234);
    const uptime = kernel.uptime;
    const run = (name: string, ...parts: Uint8Array[]): Seen[] =>
      ask(socket, genl(id, COMMAND.RUN, "qa", [module(EXAMPLE), test(name), ...parts]));
    const seen = run("test_something", value(7));
    expect(seen.slice(0, 3).map((each) => [each.type, each.flags, each.body[0]])).toEqual(
      [1, 2, 3].map(() => [id, flags("qa") | NLM_F.MULTI, COMMAND.NEWMESSAGE]),
    );
    const lines = seen.slice(0, 3).map(inside);
    expect(
      lines.map((each) => [each[MESSAGE.FUNC], each[MESSAGE.TEXT], (each[MESSAGE.LEVEL] as Uint8Array)[0]]),
    ).toEqual([
      ["run_test", "start running test_something", 6],
      ["something", "got a value", 7],
      ["run_test", "end running test_something", 6],
    ]);
    for (const each of lines) {
      const time = each[MESSAGE.TS] as Uint8Array;
      expect(time).toHaveLength(16);
      expect(numberAt(time, 0, 4) * 1000 + numberAt(time, 8, 4) / 1_000_000).toBe(uptime);
      expect(each[MESSAGE.LINE]).toHaveLength(4);
    }
    expect(attributes((seen[1] as Seen).body.slice(4)).map(([type]) => type)).toEqual([1, 2, 3, 4, 6, 5]);
    expect(doneOf(seen.at(-1))).toBe(0);
    expect(doneOf(run("test_failure").at(-1))).toBe(Errno.EINVAL);
    expect(doneOf(run("test_failure", value(Errno.ENOSPC)).at(-1))).toBe(Errno.ENOSPC);
  });

  it("[FB-105] RUN wants both names, a test that there is, and privilege", () => {
    const { vnet, socket, id } = setupKtest();
    const ack = (...parts: Uint8Array[]) => ackOf(ask(socket, genl(id, COMMAND.RUN, "qa", parts))[0]);
    expect(ack(test("test_something"))).toMatchObject({ error: Errno.EINVAL, text: "KTEST_ATTR_MOD_NAME not set" });
    expect(ack(module(EXAMPLE))).toMatchObject({ error: Errno.EINVAL, text: "KTEST_ATTR_TEST_NAME not set" });
    expect(ack(module(EXAMPLE), test("nosuch")).error).toBe(Errno.ESRCH);
    expect(ack(module("nosuch"), test("test_something")).error).toBe(Errno.ESRCH);
    const plain = openGeneric(vnet, [], { cred: { uid: 1001 } });
    const request = genl(id, COMMAND.RUN, "qa", [module(EXAMPLE), test("test_something")]);
    expect(errorOf(ask(plain, request))).toBe(Errno.EPERM);
    expect(doneOf(ask(plain, genl(id, COMMAND.LIST, "q")).at(-1))).toBe(0);
  });

  it("passes over what stands behind the last whole attribute, whatever it is", () => {
    const { socket, id } = setupKtest();
    for (const tail of [[1], [9, 0], [9, 0, 1], [9, 0, 1, 0], [9, 0, 1, 0, 110, 111, 112, 101, 0]]) {
      const listed = genl(id, COMMAND.LIST, "q", [test("test_something"), Uint8Array.from(tail)]);
      expect(ask(socket, listed).map(({ type }) => type)).toEqual([id, NLMSG.DONE]);
    }
  });

  it("runs a test with parameters of no bytes", () => {
    const { socket, id } = setupKtest();
    const none = attribute(ATTRIBUTE.TEST_META);
    const seen = ask(socket, genl(id, COMMAND.RUN, "q", [module(EXAMPLE), test("test_something"), none]));
    expect(doneOf(seen.at(-1))).toBe(0);
  });

  it("a test refuses parameters with an errno of its own, before it runs", () => {
    const { socket, id } = setupKtest();
    const bad = attribute(ATTRIBUTE.TEST_META, attribute(1, u16(1)), attribute(2, u16(1)));
    const seen = ask(socket, genl(id, COMMAND.RUN, "qa", [module(EXAMPLE), test("test_something"), bad]));
    expect(seen.map((each) => ackOf(each).error)).toEqual([Errno.EINVAL]);
  });

  it("[FB-108] a module whose test is in use, as one stays that refused its parameters, is EBUSY", () => {
    const { kernel, socket, id } = setupKtest();
    ask(socket, genl(id, COMMAND.RUN, "q", [module(EXAMPLE), test("test_something")]));
    const bad = attribute(ATTRIBUTE.TEST_META, u32(0));
    ask(socket, genl(id, COMMAND.RUN, "q", [module(EXAMPLE), test("test_something"), bad]));
    expect(codeOf(() => kernel.kldunload(EXAMPLE))).toBe("EBUSY");
    expect(kernel.isLoaded(EXAMPLE)).toBe(true);
    const snapshot = kernel.snapshot();
    expect(codeOf(() => Kernel.restore(snapshot).kldunload(EXAMPLE))).toBe("EBUSY");
  });

  it("a test that misbehaves ends its module, and the request with EIO; others are listed on", () => {
    const { kernel, socket, id } = setupKtest();
    const text = watModule({
      imports: `(import "ktest" "testAdd" (func $testAdd (param i32 i32 i32 i32) (result i32)))`,
      attach: "(call $testAdd (i32.const 0) (i32.const 4) (i32.const 8) (i32.const 4))",
      fields: '(func (export "testRun") (param i32) (result i32) (loop $l (br $l)) (i32.const 0))',
    });
    kernel.kldload("loops", assembled(text));
    const seen = ask(socket, genl(id, COMMAND.RUN, "qa", [module("loops"), test("text")]));
    expect(ackOf(seen.at(-1))).toMatchObject({ error: Errno.EIO, text: "module loops was stopped: steps" });
    expect(kernel.moduleFaults).toMatchObject([{ module: "loops", reason: "steps" }]);
    expect(kernel.isLoaded("loops")).toBe(false);
    expect(ask(socket, genl(id, COMMAND.LIST, "q"))).toHaveLength(3);
  });

  it("a file with tests must export testRun", () => {
    const file = watModule({
      imports: `(import "ktest" "testAdd" (func $testAdd (param i32 i32 i32 i32) (result i32)))`,
      attach: "(i32.const 0)",
    });
    expect(() => bootWith({ tests: assembled(file) })).toThrow(/exports no function testRun/);
  });

  it("a module has at most 256 tests: ENOSPC beyond", () => {
    const load = (count: number): string | undefined => {
      const file = watModule({
        imports: `(import "ktest" "testAdd" (func $testAdd (param i32 i32 i32 i32) (result i32)))`,
        attach: `(local $i i32) (local $n i32)
          (loop $l
            (local.set $n (call $testAdd (i32.const 0) (i32.const 4) (i32.const 8) (i32.const 4)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.lt_u (local.get $i) (i32.const ${count}))))
          (if (result i32) (i32.lt_s (local.get $n) (i32.const 0)) (then (i32.sub (i32.const 0) (local.get $n))) (else (i32.const 0)))`,
        fields: '(func (export "testRun") (param i32) (result i32) (i32.const 0))',
      });
      return codeOf(() => bootWith({ tests: assembled(file) }));
    };
    expect(load(ModuleLimit.TESTS)).toBeUndefined();
    expect(load(ModuleLimit.TESTS + 1)).toBe("ENOSPC");
  });

  it("runs replay to the same bytes", () => {
    const kernel = bootWith({ [EXAMPLE]: exampleFile() }, { record: true });
    const socket = openGeneric(kernel.vnet0);
    const id = idOf(socket, "ktest");
    ask(
      socket,
      genl(id, COMMAND.RUN, "qa", [module(EXAMPLE), test("test_something"), value(1)]),
      genl(id, COMMAND.LIST, "q"),
    );
    const log = kernel.record();
    expect(Kernel.replay(log).record().memory).toEqual(log.memory);
  });
});
