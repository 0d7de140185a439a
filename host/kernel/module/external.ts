// The loadable modules of a kernel at work: the messages of their families, which the core leaves to the host, their timers,
// and how one that misbehaves ends. Built-in modules are in modules.ts.

import { Errno } from "../../../assembly/abi/errno.js";
import { Attention, AwaitedLayout } from "../../../assembly/abi/exchange.js";
import { NlMsgHdr } from "../../../assembly/abi/netlink.js";
import { NetlinkError } from "../errno.js";
import type { RelayPort } from "../relay.js";
import { Answers } from "./answers.js";
import { Fault, type ModuleFault } from "./fault.js";
import type { ExportName } from "./file.js";
import { type InstanceState, ModuleInstance, type ModuleServices, type Work } from "./instance.js";
import { Timers } from "./timers.js";

/** What it needs of its kernel. */
export interface ExternalOwner extends Omit<ModuleServices, "timerSet"> {
  /** The vnets' ports, the first vnet's first. */
  readonly ports: readonly RelayPort[];
  /** A module was stopped: it is unloaded, whoever uses it, and events tell of it. */
  faulted(fault: ModuleFault): void;
}

/** What waits and what happened, over all loadable modules, as plain data. */
export interface ExternalState {
  /** In the order of setting. */
  readonly timers: readonly { readonly module: string; readonly timer: number; readonly due: number }[];
  readonly faults: readonly ModuleFault[];
}

/** Messages that wait in a core, one behind the other. */
interface Batch {
  /** Address of the first. */
  readonly at: number;
  readonly bytes: number;
  readonly count: number;
  /** Bytes of answers from which on no further message is handled. */
  readonly room: number;
}

/** Stopped modules that are remembered. */
const FAULTS_MAX = 64;
/** FreeBSD's highest errno. */
const ERRNO_MAX = 97;
/** What the answer to a message takes at most besides what the module answers: an ack with the request and an ext ack. */
const ACK_BYTES = 512;

export class ExternalModules {
  readonly timers = new Timers<ModuleInstance>();
  readonly #owner: ExternalOwner;
  readonly #instances: ModuleInstance[] = [];
  /** Those of before, while a snapshot is put back. */
  #before: ModuleInstance[] = [];
  readonly #answers = new Answers();
  #faults: ModuleFault[] = [];

  constructor(owner: ExternalOwner) {
    this.#owner = owner;
  }

  /** Modules that were stopped, the oldest first; of many the last ones. */
  get faults(): readonly ModuleFault[] {
    return this.#faults;
  }

  /** In order of loading. */
  get instances(): readonly ModuleInstance[] {
    return this.#instances;
  }

  /**
   * Makes a module, and lets it register what it has.
   * @throws NetlinkError ENOEXEC a file that is no module; what its attach gives; EIO it did what no module may do. What it
   *   registered is the caller's to undo
   */
  load(name: string, file: Uint8Array): ModuleInstance {
    const instance = this.#make(name, file);
    this.#instances.push(instance);
    try {
      this.#expectSuccess(instance, "attach", this.#call(instance, "attach", this.#first));
      for (const port of this.#owner.ports) {
        this.#expectSuccess(instance, "attachVnet", this.#call(instance, "attachVnet", port, port.number));
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw new NetlinkError(`kldload ${name}`, Errno.EIO, { message: `${error.reason}: ${error.message}` });
    }
    return instance;
  }

  #make(name: string, file: Uint8Array): ModuleInstance {
    const owner = this.#owner;
    const instance: ModuleInstance = new ModuleInstance(name, file, {
      familyAdd: (family, options) => owner.familyAdd(family, options),
      commandAdd: (family, number, options) => owner.commandAdd(family, number, options),
      groupAdd: (family, group) => owner.groupAdd(family, group),
      now: () => owner.now(),
      random: () => owner.random(),
      log: (line) => owner.log(`${name}: ${line}`),
      timerSet: (timer, milliseconds) => this.timers.set(instance, timer, milliseconds, owner.now()),
    });
    return instance;
  }

  #expectSuccess({ name }: ModuleInstance, call: string, errno: number): void {
    if (errno !== 0) throw new NetlinkError(`kldload ${name}`, errno, { message: `refused by its ${call}` });
  }

  /** Asks a module to go. @throws NetlinkError what it refuses with. A fault ends it as well */
  release(instance: ModuleInstance): void {
    const errno = this.#attempt(instance, () => this.#call(instance, "detach", this.#first));
    if (errno !== undefined && errno !== 0) throw new NetlinkError(`kldunload ${instance.name}`, errno);
  }

  /** A module is gone. */
  forget(instance: ModuleInstance): void {
    const place = this.#instances.indexOf(instance);
    if (place >= 0) this.#instances.splice(place, 1);
    this.timers.forget(instance);
  }

  // ---- snapshots

  save(): ExternalState {
    const timers = this.timers.all.map(({ owner, timer, due }) => ({ module: owner.name, timer, due }));
    return { timers, faults: this.#faults };
  }

  /** Puts a snapshot's modules back, by `modules` one after the other with `restore`, and what is common to them. */
  putBack({ timers, faults }: ExternalState, modules: () => void): void {
    this.#before = this.#instances.splice(0);
    modules();
    this.#before = [];
    this.timers.replace(timers.map(({ module, timer, due }) => ({ owner: this.#find(module), timer, due })));
    this.#faults = [...faults];
  }

  /** One of them. One that runs takes the state where it can. */
  restore(name: string, file: Uint8Array, state: InstanceState): ModuleInstance {
    const known = this.#before.find((each) => each.name === name && each.file === file && each.canTake(state));
    const instance = known ?? this.#make(name, file);
    instance.restore(state);
    this.#instances.push(instance);
    return instance;
  }

  #find(name: string): ModuleInstance {
    return this.#instances.find((each) => each.name === name) as ModuleInstance;
  }

  // ---- vnets

  vnetCreated(port: RelayPort): void {
    for (const each of [...this.#instances]) {
      const errno = this.#attempt(each, () => this.#call(each, "attachVnet", port, port.number));
      if (errno !== undefined && errno !== 0) throw new NetlinkError(`attachVnet of ${each.name}`, errno);
    }
  }

  vnetDestroyed(port: RelayPort): void {
    for (const each of [...this.#instances]) {
      this.#attempt(each, () => this.#call(each, "detachVnet", port, port.number));
    }
  }

  // ---- time

  /** Runs what was due at the kernel's time. */
  expire(): void {
    const due = this.timers.takeDue(this.#owner.now());
    for (const { owner, timer } of due) {
      if (this.#instances.includes(owner)) this.#attempt(owner, () => this.#call(owner, "expired", this.#first, timer));
    }
  }

  // ---- messages

  /**
   * Answers what waits in a core, and lets the call that was interrupted go on, until nothing waits.
   * @returns the number of messages processed
   */
  serve(port: RelayPort): number {
    let processed = 0;
    do {
      processed += this.answer(port);
      port.prepare();
      processed += port.core.call.externalResume();
    } while (port.takeAttention() & Attention.EXTERNAL);
    return processed;
  }

  /** Answers the messages that wait in a core, or the first of them. @returns how many */
  answer(port: RelayPort): number {
    const { call, views } = port.core;
    const record = port.awaited >>> 2;
    const word = (offset: AwaitedLayout): number => views.words[record + (offset >>> 2)] as number;
    const batch: Batch = {
      at: word(AwaitedLayout.MESSAGES),
      bytes: word(AwaitedLayout.BYTES),
      count: word(AwaitedLayout.COUNT),
      room: word(AwaitedLayout.ROOM),
    };
    const family = views.data.getUint16(batch.at + NlMsgHdr.TYPE, true);
    const instance = this.#instances.find(({ families }) => families.has(family)) as ModuleInstance;
    const answers = this.#answers;
    const { done, fault } = this.#handle(instance, port, batch);
    const place = call.externalReserve(answers.length) >>> 0;
    if (place !== 0) answers.copyTo(views.bytes, place);
    call.externalAnswer(place, answers.length, done);
    if (fault !== undefined) this.#stop(instance, fault);
    return done;
  }

  /** Has a module handle messages, until its answers could fill the requester's receive queue. */
  #handle(instance: ModuleInstance, { core, number }: RelayPort, batch: Batch): { done: number; fault?: Fault } {
    const answers = this.#answers;
    const { data, bytes } = core.views;
    const work: Work = { vnet: number, answers, occasion: "request" };
    answers.clear();
    let at = 0;
    let bound = 0;
    let done = 0;
    let mark = 0;
    try {
      const place = instance.requestPlace(batch.bytes, work);
      if (place === 0) {
        answers.end(Errno.ENOMEM);
        return { done: 1 };
      }
      instance.write(place, bytes, batch.at, batch.bytes);
      while (done < batch.count && (done === 0 || bound + answers.payload < batch.room)) {
        const length = data.getUint32(batch.at + at + NlMsgHdr.LEN, true);
        mark = answers.mark;
        answers.end(checkedErrno(instance.handle(place + at, length, work)));
        done++;
        at += (length + 3) & ~3;
        bound += length + ACK_BYTES;
      }
      return { done };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      // What it said to this message before it failed is forgotten.
      answers.rewind(mark);
      const text = new TextEncoder().encode(`module ${instance.name} was stopped: ${error.reason}`);
      answers.report(text, 0, text.length);
      answers.end(Errno.EIO);
      return { done: done + 1, fault: error };
    }
  }

  // ---- calls that are no requests

  get #first(): RelayPort {
    return this.#owner.ports[0] as RelayPort;
  }

  /** Calls a module, and sends what it told its groups. @returns its errno. @throws Fault */
  #call(instance: ModuleInstance, name: ExportName, port: RelayPort, ...parameters: number[]): number {
    if (!instance.has(name)) return 0;
    const answers = new Answers();
    const result = instance.call(
      name,
      { vnet: port.number, answers, occasion: name === "attach" ? "attach" : "event" },
      ...parameters,
    );
    const errno = name === "expired" || name === "detachVnet" ? 0 : checkedErrno(result);
    if (answers.payload > 0) this.#send(port, answers);
    return errno;
  }

  #send({ core }: RelayPort, answers: Answers): void {
    answers.end(0);
    const place = core.call.externalReserve(answers.length) >>> 0;
    // Without memory a notification is lost, as any is.
    if (place === 0) return;
    answers.copyTo(core.views.bytes, place);
    core.call.externalNotify(place, answers.length);
  }

  /** Makes a call into a module; one that does what no module may ends it, and gives undefined. */
  #attempt(instance: ModuleInstance, call: () => number): number | undefined {
    try {
      return call();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#stop(instance, error);
      return undefined;
    }
  }

  #stop({ name }: ModuleInstance, { reason, message }: Fault): void {
    const fault = { module: name, reason, detail: message, uptime: this.#owner.now() };
    this.#faults = [...this.#faults.slice(1 - FAULTS_MAX), fault];
    this.#owner.faulted(fault);
  }
}

/** @throws Fault for a number that is no errno */
function checkedErrno(result: number): number {
  if (result < 0 || result > ERRNO_MAX) throw new Fault("answer", `errno ${result}; expected 0 to ${ERRNO_MAX}`);
  return result;
}
