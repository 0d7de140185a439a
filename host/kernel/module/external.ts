// The loadable modules of a kernel: how they come and go, their timers, and how one that misbehaves ends. Their messages are in
// requests.ts, built-in modules in modules.ts.

import { Errno } from "../../../assembly/abi/errno.js";
import { NetlinkError } from "../errno.js";
import type { RelayPort } from "../relay.js";
import { Answers } from "./answers.js";
import type { ModuleServices } from "./calls.js";
import { checkedErrno, Fault, type ModuleFault } from "./fault.js";
import type { ExportName } from "./file.js";
import type { FamilyHandler } from "./handler.js";
import { type InstanceState, ModuleInstance } from "./instance.js";
import { Ktest } from "./ktest.js";
import { Requests } from "./requests.js";
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
  /** Of ktest: id and hdrsize. */
  readonly ktest: readonly (readonly [number, number])[];
}

/** Stopped modules that are remembered. */
const FAULTS_MAX = 64;
export class ExternalModules {
  readonly timers = new Timers<ModuleInstance>();
  readonly requests: Requests;
  /** The module ktest's family, loaded or not. */
  readonly ktest: Ktest;
  readonly #owner: ExternalOwner;
  readonly #instances: ModuleInstance[] = [];
  /** Those of before, while a snapshot is put back. */
  #before: ModuleInstance[] = [];
  #faults: ModuleFault[] = [];

  constructor(owner: ExternalOwner) {
    this.#owner = owner;
    const instances = this.#instances;
    this.ktest = new Ktest({
      instances,
      familyAdd: owner.familyAdd,
      commandAdd: owner.commandAdd,
      now: owner.now,
    });
    this.requests = new Requests({
      handlerOf: (family) => this.#handlerOf(family),
      stop: (instance, fault) => this.#stop(instance, fault),
    });
  }

  #handlerOf(family: number): FamilyHandler {
    for (const each of this.#instances) if (each.families.has(family)) return each;
    return this.ktest;
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
    return { timers, faults: this.#faults, ktest: [...this.ktest.families] };
  }

  /** Puts a snapshot's modules back, by `modules` one after the other with `restore`, and what is common to them. */
  putBack({ timers, faults, ktest }: ExternalState, modules: () => void): void {
    this.#before = this.#instances.splice(0);
    modules();
    this.#before = [];
    this.timers.replace(timers.map(({ module, timer, due }) => ({ owner: this.#find(module), timer, due })));
    this.#faults = [...faults];
    this.ktest.families.clear();
    for (const [id, hdrsize] of ktest) this.ktest.families.set(id, hdrsize);
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

  /** @throws NetlinkError what one refuses with; those that had taken the vnet are told that it goes */
  vnetCreated(port: RelayPort): void {
    const attached: ModuleInstance[] = [];
    for (const each of [...this.#instances]) {
      const errno = this.#attempt(each, () => this.#call(each, "attachVnet", port, port.number));
      if (errno === 0) attached.push(each);
      else if (errno !== undefined) {
        this.#detachVnet(attached, port);
        throw new NetlinkError(`attachVnet of ${each.name}`, errno);
      }
    }
  }

  vnetDestroyed(port: RelayPort): void {
    this.#detachVnet([...this.#instances], port);
  }

  #detachVnet(instances: readonly ModuleInstance[], port: RelayPort): void {
    for (const each of instances) this.#attempt(each, () => this.#call(each, "detachVnet", port, port.number));
  }

  // ---- time

  /** Runs what was due at the kernel's time. */
  expire(): void {
    const due = this.timers.takeDue(this.#owner.now());
    for (const { owner, timer } of due) {
      if (this.#instances.includes(owner)) this.#attempt(owner, () => this.#call(owner, "expired", this.#first, timer));
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
