// Loadable modules for tests: the dummy module, and modules of WebAssembly text.

import { readFileSync } from "node:fs";
import loadWabt from "wabt";
import { type BootOptions, Kernel, type Socket, type Vnet } from "../../host/kernel/kernel.js";
import { byName, familyOf, getFamily, openGeneric } from "../generic/families.js";
import { ask, drain, type Seen } from "../support/messages.js";

export const dummyFile = (): Uint8Array => readFileSync(new URL("../../build/modules/dummy.wasm", import.meta.url));

export const exampleFile = (): Uint8Array =>
  readFileSync(new URL("../../build/modules/ktest_example.wasm", import.meta.url));

const wabt = await loadWabt();

export function assembled(text: string): Uint8Array {
  const module = wabt.parseWat("module.wat", text, {
    exceptions: true,
    simd: true,
    threads: true,
    mutable_globals: true,
    bulk_memory: true,
    reference_types: true,
  });
  try {
    return new Uint8Array(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

/** Parts of a module in WebAssembly text, where it is not as `watModule` has it. */
export interface ModuleText {
  /** Of all functions of the kernel; by default all that there are. */
  readonly imports?: string;
  readonly memory?: string;
  readonly abi?: string;
  /** Fields besides. */
  readonly fields?: string;
  readonly attach?: string;
  readonly requestBuffer?: string;
  /** With the parameters $message and $bytes. */
  readonly handle?: string;
}

const IMPORTS = `
  (import "kernel" "familyAdd" (func $familyAdd (param i32 i32 i32 i32 i32) (result i32)))
  (import "kernel" "commandAdd" (func $commandAdd (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "kernel" "groupAdd" (func $groupAdd (param i32 i32 i32) (result i32)))
  (import "kernel" "reply" (func $reply (param i32 i32) (result i32)))
  (import "kernel" "notify" (func $notify (param i32 i32 i32) (result i32)))
  (import "kernel" "report" (func $report (param i32 i32 i32)))
  (import "kernel" "timerSet" (func $timerSet (param i32 i32) (result i32)))
  (import "kernel" "now" (func $now (result i64)))
  (import "kernel" "random" (func $random (result i32)))
  (import "kernel" "vnet" (func $vnet (result i32)))
  (import "kernel" "log" (func $log (param i32 i32)))
  (import "env" "abort" (func $abort (param i32 i32 i32 i32)))`;

/** Registers the family "text" with command 1 and the group "news". */
export const REGISTER = `
  (global.set $family (call $familyAdd (i32.const 0) (i32.const 4) (i32.const 1) (i32.const 0) (i32.const 1)))
  (if (i32.lt_s (global.get $family) (i32.const 0)) (then (return (i32.sub (i32.const 0) (global.get $family)))))
  (global.set $group (call $groupAdd (global.get $family) (i32.const 8) (i32.const 4)))
  (i32.sub (i32.const 0)
    (call $commandAdd (global.get $family) (i32.const 1) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0)))`;

/** The text of a module whose family "text" has a command 1, which is acked. */
export function watModule(text: ModuleText = {}): string {
  return `(module ${text.imports ?? IMPORTS}
    ${text.memory ?? '(memory (export "memory") 1)'}
    ${text.abi ?? '(global (export "abi") i32 (i32.const 1))'}
    (global $family (mut i32) (i32.const 0))
    (global $group (mut i32) (i32.const 0))
    (data (i32.const 0) "text    news")
    ${text.fields ?? ""}
    (func (export "attach") (result i32) ${text.attach ?? REGISTER})
    (func (export "requestBuffer") (param $bytes i32) (result i32) ${text.requestBuffer ?? "(i32.const 1024)"})
    (func (export "handle") (param $message i32) (param $bytes i32) (result i32) ${text.handle ?? "(i32.const 0)"}))`;
}

/** netlink, nlsysevent and what is given, loaded. */
export function bootWith(modules: Readonly<Record<string, Uint8Array>>, options: BootOptions = {}): Kernel {
  const kernel = Kernel.boot({ modules: ["netlink", "nlsysevent"], ...options });
  for (const [name, file] of Object.entries(modules)) kernel.kldload(name, file);
  return kernel;
}

export interface ModuleSetup {
  readonly kernel: Kernel;
  readonly vnet: Vnet;
  readonly socket: Socket;
  /** The family's id. */
  readonly id: number;
}

/** A kernel with the dummy module, and G. */
export function setupDummy(options: BootOptions = {}): ModuleSetup {
  return setupFamily("dummy", { dummy: dummyFile() }, options);
}

/** A kernel with a module of WebAssembly text, named and with a family named "text", and G. */
export function setupText(text: ModuleText = {}, options: BootOptions = {}): ModuleSetup {
  return setupFamily("text", { text: assembled(watModule(text)) }, options);
}

export function setupFamily(
  family: string,
  modules: Readonly<Record<string, Uint8Array>>,
  options: BootOptions = {},
): ModuleSetup {
  const kernel = bootWith(modules, options);
  const socket = openGeneric(kernel.vnet0);
  socket.send(getFamily("q", byName(family)));
  kernel.runUntilIdle();
  return { kernel, vnet: kernel.vnet0, socket, id: familyOf(drain(socket)[0] as Seen).id };
}

/** A family's id. */
export function idOf(socket: Socket, name: string): number {
  return familyOf(ask(socket, getFamily("q", byName(name)))[0] as Seen).id;
}

/** The group of that name. */
export function groupOf(socket: Socket, family: string, group: string): number {
  return familyOf(ask(socket, getFamily("q", byName(family)))[0] as Seen).groups?.[group] as number;
}

/** A socket that hears a group of a family. */
export function listener(vnet: Vnet, family: string, group: string): Socket {
  const socket = openGeneric(vnet);
  const number = groupOf(socket, family, group);
  socket.close();
  return openGeneric(vnet, [number]);
}

export const DUMMY = { ECHO: 1, COUNT: 2, RESET: 3, DUMP: 4, EVENTS: 5, TICK: 6 } as const;
export const DUMMY_ATTRIBUTE = {
  DATA: 1,
  VALUE: 2,
  COUNT: 3,
  INDEX: 4,
  NAME: 5,
  INTERVAL: 6,
  TICK: 7,
  TIME: 8,
} as const;
