// A loadable module: its own code and memory, and the calls into it (docs/modules.md; those out of it are in calls.ts). It sees
// nothing of the kernel but what it is told.

import { copyBytes, MemoryViews } from "../memory.js";
import { ModuleCalls, type ModuleServices } from "./calls.js";
import { Fault, faultOf, outOfFuel } from "./fault.js";
import { type ExportName, readModuleFile, started } from "./file.js";
import { ModuleLimit } from "./limits.js";
import { FUEL_EXPORT, globalExport } from "./meter.js";
import type { KernelTest, Work } from "./work.js";

/** All that a module knows, to be put back into an instance of the same code. */
export interface InstanceState {
  readonly memory: Uint8Array;
  /** Those that change: index and value. */
  readonly globals: readonly (readonly [number, number | bigint])[];
  /** Id and hdrsize. */
  readonly families: readonly (readonly [number, number])[];
  readonly groups: readonly number[];
  readonly tests: readonly KernelTest[];
  readonly users: number;
  readonly room: { readonly place: number; readonly bytes: number };
}

type Call = (...parameters: number[]) => number;

const PAGE_BYTES = 65536;
/** Steps that are taken off together. */
const OWED_MAX = 4096;

export class ModuleInstance {
  readonly name: string;
  /** The file it was made of. */
  readonly file: Uint8Array;
  /** Whoever uses it, so that it cannot be unloaded. */
  users = 0;
  readonly #calls: ModuleCalls;
  readonly #exports: WebAssembly.Exports;
  readonly #memory: WebAssembly.Memory;
  readonly #views: MemoryViews;
  readonly #fuel: WebAssembly.Global;
  readonly #globals: ReadonlyMap<number, WebAssembly.Global>;
  readonly #handle: Call;
  readonly #requestBuffer: Call;
  /** Steps that are not taken off yet. */
  #owed = 0;
  /** Room for requests that the module gave. */
  #room = { place: 0, bytes: 0 };

  /**
   * @param file - a WebAssembly module
   * @throws NetlinkError ENOEXEC, with the text of what is wrong with it
   */
  constructor(name: string, file: Uint8Array, services: ModuleServices) {
    this.name = name;
    this.file = file;
    this.#calls = new ModuleCalls(
      services,
      () => this.#views,
      (steps) => this.#pay(steps),
    );
    const { code, changing } = readModuleFile(name, file);
    this.#exports = started(name, code, this.#calls.imports);
    this.#memory = this.#exports.memory as WebAssembly.Memory;
    this.#views = new MemoryViews(this.#memory);
    this.#fuel = this.#exports[FUEL_EXPORT] as WebAssembly.Global;
    this.#globals = new Map(changing.map((i) => [i, this.#exports[globalExport(i)] as WebAssembly.Global]));
    this.#handle = this.#exports.handle as unknown as Call;
    this.#requestBuffer = this.#exports.requestBuffer as unknown as Call;
  }

  /** hdrsize by id of its families. */
  get families(): ReadonlyMap<number, number> {
    return this.#calls.families;
  }

  /** By number. */
  get tests(): readonly KernelTest[] {
    return this.#calls.tests;
  }

  /** Whether the module has an optional export. */
  has(name: ExportName): boolean {
    return this.#exports[name] !== undefined;
  }

  /**
   * Calls an export that gives an errno, 0 for success; one that is not there gives 0.
   * @throws Fault
   */
  call(name: ExportName, work: Work, ...parameters: number[]): number {
    const found = this.#exports[name] as unknown as Call | undefined;
    return found === undefined ? 0 : this.#guarded(work, () => found(...parameters) ?? 0);
  }

  /**
   * Where requests of some bytes go in the module's memory: where it gave room before, if that is enough.
   * @returns 0 when the module has no room
   * @throws Fault
   */
  requestPlace(bytes: number, work: Work): number {
    if (bytes <= this.#room.bytes) return this.#room.place;
    const place = this.#guarded(work, () => this.#requestBuffer(bytes)) >>> 0;
    if (place !== 0 && place + bytes > this.#memory.buffer.byteLength) {
      throw new Fault("answer", `requestBuffer gave ${place}, beyond its memory`);
    }
    if (place !== 0) this.#room = { place, bytes };
    return place;
  }

  /** Puts messages, of a piece of a core's memory, where requestPlace said. */
  write(place: number, memory: Uint8Array, at: number, bytes: number): void {
    copyBytes(memory, at, bytes, this.#views.bytes, place);
  }

  /** Has one message handled. @returns its errno. @throws Fault */
  handle(place: number, bytes: number, work: Work): number {
    return this.#guarded(work, () => this.#handle(place, bytes));
  }

  #guarded(work: Work, call: () => number): number {
    this.#calls.work = work;
    this.#fuel.value = ModuleLimit.FUEL;
    this.#owed = 0;
    let result: number;
    try {
      result = call();
    } catch (error) {
      throw faultOf(error, (this.#fuel.value as number) < 0) ?? error;
    } finally {
      this.#calls.work = undefined;
    }
    if (this.#views.bytes.length > ModuleLimit.MEMORY_PAGES * PAGE_BYTES) {
      throw new Fault("memory", `more than ${ModuleLimit.MEMORY_PAGES} pages of memory`);
    }
    return result;
  }

  /** Takes steps off what is left: many small ones together, for to look at the module's global takes as long as a call. */
  #pay(steps: number): void {
    this.#owed += steps;
    if (this.#owed < OWED_MAX) return;
    this.#fuel.value = (this.#fuel.value as number) - this.#owed;
    this.#owed = 0;
    if ((this.#fuel.value as number) < 0) throw outOfFuel();
  }

  // ---- snapshots

  save(): InstanceState {
    const { families, groups, tests } = this.#calls;
    return {
      memory: this.#views.bytes.slice(),
      globals: [...this.#globals].map(([i, global]) => [i, global.value] as const),
      families: [...families],
      groups: [...groups],
      tests: [...tests],
      users: this.users,
      room: this.#room,
    };
  }

  /** Whether the state can be put back: memory cannot shrink, and a module sees how long it is. */
  canTake({ memory }: InstanceState): boolean {
    return memory.length >= this.#memory.buffer.byteLength;
  }

  /** Back to a state that an instance of the same code had. */
  restore({ memory, globals, families, groups, tests, users, room }: InstanceState): void {
    const missing = memory.length - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(missing / PAGE_BYTES);
    this.#views.bytes.set(memory);
    for (const [i, value] of globals) (this.#globals.get(i) as WebAssembly.Global).value = value;
    const calls = this.#calls;
    calls.families.clear();
    for (const [id, hdrsize] of families) calls.families.set(id, hdrsize);
    calls.groups.clear();
    for (const group of groups) calls.groups.add(group);
    calls.tests.splice(0, Number.POSITIVE_INFINITY, ...tests);
    this.users = users;
    this.#room = room;
  }
}
