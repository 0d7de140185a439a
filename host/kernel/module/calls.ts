// What a module calls: the functions that it may import. Each looks at what it was given before it counts; results below 0 are
// errnos.

import { Errno } from "../../../assembly/abi/errno.js";
import type { CommandOptions } from "../generic.js";
import type { MemoryViews } from "../memory.js";
import type { Answers } from "./answers.js";
import { Fault } from "./fault.js";
import { ABORT_MODULE, IMPORT_MODULE, TEST_MODULE } from "./file.js";
import { ModuleLimit, ModuleStep } from "./limits.js";
import { checkMessages } from "./messages.js";
import type { KernelTest, Work } from "./work.js";

/** What a module asks of the kernel besides answers. Numbers below 0 are errnos. */
export interface ModuleServices {
  familyAdd(name: string, options: { version: number; hdrsize: number; maxattr: number }): number;
  commandAdd(family: number, number: number, options: CommandOptions): number;
  groupAdd(family: number, name: string): number;
  timerSet(timer: number, milliseconds: number): void;
  /** Milliseconds since boot. */
  now(): number;
  random(): number;
  log(line: string): void;
}

type Functions = Record<string, (...parameters: number[]) => number | bigint | undefined>;

const TIMER_OFF = -1;

export class ModuleCalls {
  /** hdrsize by id of the module's families. */
  readonly families = new Map<number, number>();
  readonly groups = new Set<number>();
  readonly tests: KernelTest[] = [];
  /** Set while the module runs. */
  work: Work | undefined;
  readonly #services: ModuleServices;
  readonly #views: () => MemoryViews;
  readonly #pay: (steps: number) => void;

  /**
   * @param views - of the module's memory, once it has one
   * @param pay - takes steps off what the module has left. @throws Fault when nothing is left
   */
  constructor(services: ModuleServices, views: () => MemoryViews, pay: (steps: number) => void) {
    this.#services = services;
    this.#views = views;
    this.#pay = pay;
  }

  get imports(): WebAssembly.Imports {
    return {
      [IMPORT_MODULE]: this.#charged({ ...this.#registration(), ...this.#answering(), ...this.#looking() }),
      [TEST_MODULE]: this.#charged(this.#testing()),
      [ABORT_MODULE]: {
        abort: () => {
          throw new Fault("trap", "a failed assertion");
        },
      },
    };
  }

  /** The same functions, which take time that a step of the module's own does not. */
  #charged(functions: Functions): Functions {
    const charged = Object.entries(functions).map(([name, call]): [string, Functions[string]] => [
      name,
      (...parameters) => {
        this.#expectWork(name);
        this.#pay(ModuleStep.CALL);
        return call(...parameters);
      },
    ]);
    return Object.fromEntries(charged);
  }

  #registration(): Functions {
    return {
      familyAdd: (name: number, nameBytes: number, version: number, hdrsize: number, maxattr: number) => {
        if (!this.#mayRegister("familyAdd")) return -Errno.EINVAL;
        const options = { version: version & 0xffff, hdrsize: hdrsize & 0xffff, maxattr: maxattr >>> 0 };
        const id = this.#services.familyAdd(this.#text(name, nameBytes), options);
        if (id > 0) this.families.set(id, options.hdrsize);
        return id;
      },
      commandAdd: (
        family: number,
        command: number,
        flags: number,
        privilege: number,
        policy: number,
        bytes: number,
      ) => {
        if (!this.#mayRegister("commandAdd")) return -Errno.EINVAL;
        if (!this.families.has(family)) return -Errno.ENOENT;
        return this.#services.commandAdd(family, command >>> 0, {
          flags: flags >>> 0,
          isPrivileged: privilege !== 0,
          policy: this.#piece(policy, bytes).slice(),
        });
      },
      groupAdd: (family: number, name: number, nameBytes: number) => {
        if (!this.#mayRegister("groupAdd")) return -Errno.EINVAL;
        if (!this.families.has(family)) return -Errno.ENOENT;
        const group = this.#services.groupAdd(family, this.#text(name, nameBytes));
        if (group > 0) this.groups.add(group);
        return group;
      },
    };
  }

  #mayRegister(name: string): boolean {
    return this.#expectWork(name).occasion === "attach";
  }

  #answering(): Functions {
    return {
      reply: (messages: number, bytes: number) => {
        const { answers, occasion } = this.#expectWork("reply");
        if (occasion !== "request") return -Errno.EINVAL;
        const { at, count } = this.#place(messages, bytes);
        const { data, bytes: memory } = this.#views();
        checkMessages(data, at, count, this.families, true);
        answers.reply(memory, at, count);
        return expectRoom(answers);
      },
      notify: (group: number, messages: number, bytes: number) => {
        const { answers, occasion } = this.#expectWork("notify");
        // A load that is refused in the end leaves nothing, messages of its families neither.
        if (occasion === "attach") return -Errno.EINVAL;
        if (!this.groups.has(group)) return -Errno.ENOENT;
        const { at, count } = this.#place(messages, bytes);
        const { data, bytes: memory } = this.#views();
        checkMessages(data, at, count, this.families, false);
        answers.notify(group, memory, at, count);
        return expectRoom(answers);
      },
      report: (text: number, bytes: number, offset: number) => {
        const { answers, occasion } = this.#expectWork("report");
        if (occasion !== "request") return;
        if (bytes !== 0) {
          const { at, count } = this.#place(text, Math.min(bytes >>> 0, ModuleLimit.REPORT_BYTES));
          answers.report(this.#views().bytes, at, count);
        }
        if (offset !== 0) answers.reportOffset(offset >>> 0);
        expectRoom(answers);
      },
    };
  }

  #looking(): Functions {
    const services = this.#services;
    return {
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
    };
  }

  #testing(): Functions {
    return {
      testAdd: (name: number, nameBytes: number, description: number, descriptionBytes: number) => {
        if (!this.#mayRegister("testAdd")) return -Errno.EINVAL;
        if (this.tests.length >= ModuleLimit.TESTS) return -Errno.ENOSPC;
        const test = { name: this.#text(name, nameBytes), description: this.#text(description, descriptionBytes) };
        return this.tests.push(test) - 1;
      },
      testLog: (
        ...[level, text, textBytes, name, nameBytes, file, fileBytes, line]: [
          ...[level: number, text: number, textBytes: number, name: number, nameBytes: number],
          ...[file: number, fileBytes: number, line: number],
        ]
      ) => {
        const { testLog, answers } = this.#expectWork("testLog");
        if (testLog === undefined) return -Errno.EINVAL;
        testLog({
          level: level & 0xff,
          text: this.#text(text, Math.min(textBytes >>> 0, ModuleLimit.TEST_TEXT_BYTES)),
          function: this.#text(name, Math.min(nameBytes >>> 0, ModuleLimit.TEST_TEXT_BYTES)),
          file: this.#text(file, Math.min(fileBytes >>> 0, ModuleLimit.TEST_TEXT_BYTES)),
          line: line >>> 0,
        });
        return expectRoom(answers);
      },
    };
  }

  #expectWork(name: string): Work {
    if (this.work === undefined) throw new Fault("answer", `${name} before attach`);
    return this.work;
  }

  /** A piece of the module's memory. @throws Fault when it goes beyond */
  #place(place: number, bytes: number): { readonly at: number; readonly count: number } {
    const at = place >>> 0;
    const count = bytes >>> 0;
    const end = this.#views().bytes.length;
    if (at + count > end) throw new Fault("answer", `bytes ${at} to ${at + count}, beyond its memory of ${end}`);
    this.#pay(count >>> ModuleStep.DATA_SHIFT);
    return { at, count };
  }

  #piece(place: number, bytes: number): Uint8Array {
    const { at, count } = this.#place(place, bytes);
    return this.#views().bytes.subarray(at, at + count);
  }

  #text(place: number, bytes: number): string {
    const piece = this.#piece(place, Math.min(bytes >>> 0, ModuleLimit.LOG_BYTES));
    // Spread, a piece would be read by an iterator, many times slower.
    return String.fromCharCode.apply(null, piece as unknown as number[]);
  }
}

/** What is answered to one message is bounded. @throws Fault */
function expectRoom(answers: Answers): number {
  if (answers.begun > ModuleLimit.ANSWER_BYTES) {
    throw new Fault("answer", `an answer of more than ${ModuleLimit.ANSWER_BYTES} bytes`);
  }
  return 0;
}
