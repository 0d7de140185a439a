// A loadable module: its own code and memory, and the calls between it and the kernel (docs/modules.md, man/netlink_vm_module.9).
// It sees nothing of the kernel but what it is told, and what it says is looked at before it counts.

import { Errno } from "../../../assembly/abi/errno.js";
import { copyBytes, MemoryViews } from "../memory.js";
import type { Answers } from "./answers.js";
import { Fault, faultOf } from "./fault.js";
import { ABORT_MODULE, type ExportName, IMPORT_MODULE, readModuleFile, started } from "./file.js";
import { ModuleLimit } from "./limits.js";
import { checkMessages } from "./messages.js";
import { FUEL_EXPORT, globalExport } from "./meter.js";

/** What a module asks of the kernel besides answers. Numbers below 0 are errnos. */
export interface ModuleServices {
  familyAdd(name: string, options: { version: number; hdrsize: number; maxattr: number }): number;
  commandAdd(
    family: number,
    number: number,
    options: { flags: number; isPrivileged: boolean; policy: Uint8Array },
  ): number;
  groupAdd(family: number, name: string): number;
  timerSet(timer: number, milliseconds: number): void;
  /** Milliseconds since boot. */
  now(): number;
  random(): number;
  log(line: string): void;
}

/** For whom a module is at work. */
export interface Work {
  /** The number of the vnet. */
  readonly vnet: number;
  readonly answers: Answers;
  /** attach: it may register what it has; request: there is somebody to reply to. */
  readonly occasion: "attach" | "request" | "event";
}

/** All that a module knows, to be put back into an instance of the same code. */
export interface InstanceState {
  readonly memory: Uint8Array;
  /** Those that change: index and value. */
  readonly globals: readonly (readonly [number, number | bigint])[];
  /** Id and hdrsize. */
  readonly families: readonly (readonly [number, number])[];
  readonly groups: readonly number[];
}

type Call = (...parameters: number[]) => number;

const PAGE_BYTES = 65536;
const TIMER_OFF = -1;

export class ModuleInstance {
  readonly name: string;
  /** The file it was made of. */
  readonly file: Uint8Array;
  /** hdrsize by id of its families. */
  readonly families = new Map<number, number>();
  readonly #groups = new Set<number>();
  readonly #services: ModuleServices;
  readonly #exports: WebAssembly.Exports;
  readonly #memory: WebAssembly.Memory;
  readonly #views: MemoryViews;
  readonly #fuel: WebAssembly.Global;
  readonly #globals: ReadonlyMap<number, WebAssembly.Global>;
  readonly #handle: Call;
  readonly #requestBuffer: Call;
  #work: Work | undefined;

  /**
   * @param file - a WebAssembly module
   * @throws NetlinkError ENOEXEC, with the text of what is wrong with it
   */
  constructor(name: string, file: Uint8Array, services: ModuleServices) {
    this.name = name;
    this.file = file;
    this.#services = services;
    const { code, changing } = readModuleFile(name, file);
    this.#exports = started(name, code, {
      [IMPORT_MODULE]: this.#imports(),
      [ABORT_MODULE]: { abort: abortModule },
    });
    this.#memory = this.#exports.memory as WebAssembly.Memory;
    this.#views = new MemoryViews(this.#memory);
    this.#fuel = this.#exports[FUEL_EXPORT] as WebAssembly.Global;
    this.#globals = new Map(changing.map((i) => [i, this.#exports[globalExport(i)] as WebAssembly.Global]));
    this.#handle = this.#exports.handle as unknown as Call;
    this.#requestBuffer = this.#exports.requestBuffer as unknown as Call;
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
   * Where requests of some bytes go in the module's memory.
   * @returns 0 when the module has no room
   * @throws Fault
   */
  requestPlace(bytes: number, work: Work): number {
    const place = this.#guarded(work, () => this.#requestBuffer(bytes)) >>> 0;
    if (place !== 0 && place + bytes > this.#memory.buffer.byteLength) {
      throw new Fault("answer", `requestBuffer gave ${place}, beyond its memory`);
    }
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
    this.#work = work;
    this.#fuel.value = ModuleLimit.FUEL;
    let result: number;
    try {
      result = call();
    } catch (error) {
      throw faultOf(error, (this.#fuel.value as number) < 0) ?? error;
    } finally {
      this.#work = undefined;
    }
    if (this.#memory.buffer.byteLength > ModuleLimit.MEMORY_PAGES * PAGE_BYTES) {
      throw new Fault("memory", `more than ${ModuleLimit.MEMORY_PAGES} pages of memory`);
    }
    return result;
  }

  // ---- what the module calls

  #imports(): Record<string, WebAssembly.ImportValue> {
    const services = this.#services;
    return {
      familyAdd: (name: number, nameBytes: number, version: number, hdrsize: number, maxattr: number) => {
        if (this.#expectWork("familyAdd").occasion !== "attach") return -Errno.EINVAL;
        const options = { version: version & 0xffff, hdrsize: hdrsize & 0xffff, maxattr: maxattr >>> 0 };
        const id = services.familyAdd(this.#text(name, nameBytes), options);
        if (id > 0) this.families.set(id, options.hdrsize);
        return id;
      },
      commandAdd: (
        family: number,
        number: number,
        flags: number,
        isPrivileged: number,
        policy: number,
        bytes: number,
      ) => {
        if (this.#expectWork("commandAdd").occasion !== "attach") return -Errno.EINVAL;
        if (!this.families.has(family)) return -Errno.ENOENT;
        const options = {
          flags: flags >>> 0,
          isPrivileged: isPrivileged !== 0,
          policy: this.#piece(policy, bytes).slice(),
        };
        return services.commandAdd(family, number >>> 0, options);
      },
      groupAdd: (family: number, name: number, nameBytes: number) => {
        if (this.#expectWork("groupAdd").occasion !== "attach") return -Errno.EINVAL;
        if (!this.families.has(family)) return -Errno.ENOENT;
        const group = services.groupAdd(family, this.#text(name, nameBytes));
        if (group > 0) this.#groups.add(group);
        return group;
      },
      reply: (messages: number, bytes: number) => this.#reply(messages, bytes),
      notify: (group: number, messages: number, bytes: number) => this.#notify(group, messages, bytes),
      report: (text: number, bytes: number, offset: number) => this.#report(text, bytes, offset),
      timerSet: (timer: number, milliseconds: number) => {
        this.#expectWork("timerSet");
        if (timer >>> 0 >= ModuleLimit.TIMERS || milliseconds < TIMER_OFF) return -Errno.EINVAL;
        services.timerSet(timer, milliseconds);
        return 0;
      },
      now: () => {
        this.#expectWork("now");
        return BigInt(services.now());
      },
      random: () => {
        this.#expectWork("random");
        return services.random();
      },
      vnet: () => this.#expectWork("vnet").vnet,
      log: (text: number, bytes: number) => {
        services.log(this.#text(text, Math.min(bytes >>> 0, ModuleLimit.LOG_BYTES)));
      },
    } as unknown as Record<string, WebAssembly.ImportValue>;
  }

  #reply(messages: number, bytes: number): number {
    const { answers, occasion } = this.#expectWork("reply");
    if (occasion !== "request") return -Errno.EINVAL;
    const { at, count } = this.#place(messages, bytes);
    checkMessages(this.#views.data, at, count, this.families, true);
    answers.reply(this.#views.bytes, at, count);
    return expectRoom(answers);
  }

  #notify(group: number, messages: number, bytes: number): number {
    const { answers } = this.#expectWork("notify");
    if (!this.#groups.has(group)) return -Errno.ENOENT;
    const { at, count } = this.#place(messages, bytes);
    checkMessages(this.#views.data, at, count, this.families, false);
    answers.notify(group, this.#views.bytes, at, count);
    return expectRoom(answers);
  }

  #report(text: number, bytes: number, offset: number): void {
    const { answers, occasion } = this.#expectWork("report");
    if (occasion !== "request") return;
    if (bytes !== 0) {
      const { at, count } = this.#place(text, Math.min(bytes >>> 0, ModuleLimit.REPORT_BYTES));
      answers.report(this.#views.bytes, at, count);
    }
    if (offset !== 0) answers.reportOffset(offset >>> 0);
  }

  #expectWork(name: string): Work {
    if (this.#work === undefined) throw new Fault("answer", `${name} before attach`);
    return this.#work;
  }

  /** A piece of the module's memory. @throws Fault when it goes beyond */
  #place(place: number, bytes: number): { readonly at: number; readonly count: number } {
    const at = place >>> 0;
    const count = bytes >>> 0;
    const end = this.#views.bytes.length;
    if (at + count > end) throw new Fault("answer", `bytes ${at} to ${at + count}, beyond its memory of ${end}`);
    return { at, count };
  }

  #piece(place: number, bytes: number): Uint8Array {
    const { at, count } = this.#place(place, bytes);
    return this.#views.bytes.subarray(at, at + count);
  }

  #text(place: number, bytes: number): string {
    return String.fromCharCode(...this.#piece(place, bytes));
  }

  // ---- snapshots

  save(): InstanceState {
    return {
      memory: this.#views.bytes.slice(),
      globals: [...this.#globals].map(([i, global]) => [i, global.value] as const),
      families: [...this.families],
      groups: [...this.#groups],
    };
  }

  /** Whether the state can be put back: memory cannot shrink, and a module sees how long it is. */
  canTake({ memory }: InstanceState): boolean {
    return memory.length >= this.#memory.buffer.byteLength;
  }

  /** Back to a state that an instance of the same code had. */
  restore({ memory, globals, families, groups }: InstanceState): void {
    const missing = memory.length - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(missing / PAGE_BYTES);
    this.#views.bytes.set(memory);
    for (const [i, value] of globals) (this.#globals.get(i) as WebAssembly.Global).value = value;
    this.families.clear();
    for (const [id, hdrsize] of families) this.families.set(id, hdrsize);
    this.#groups.clear();
    for (const group of groups) this.#groups.add(group);
  }
}

/** @throws Fault */
function abortModule(): never {
  throw new Fault("trap", "a failed assertion");
}

/** What is answered to one message is bounded. @throws Fault */
function expectRoom(answers: Answers): number {
  if (answers.payload > ModuleLimit.ANSWER_BYTES) {
    throw new Fault("answer", `an answer of more than ${ModuleLimit.ANSWER_BYTES} bytes`);
  }
  return 0;
}
