// A kernel: vnets, the modules they share, one clock, one event log.

import { Errno } from "../../assembly/abi/errno.js";
import { moveClock, readClock } from "./clock.js";
import { Core, type LogSink } from "./core.js";
import { postDevctl } from "./devctl.js";
import { expectSuccess, NetlinkError } from "./errno.js";
import { GenericFamilies } from "./generic.js";
import { hashBytes } from "./hash.js";
import { type EventLog, type EventSink, Journal } from "./log.js";
import { ExternalModules } from "./module/external.js";
import type { ModuleFault } from "./module/fault.js";
import { ktestModule, type LoadableOwner, loadableModule } from "./module/kind.js";
import { KTEST_MODULE } from "./module/ktest.js";
import { registrationIn } from "./module/registration.js";
import { LINUX_MODULE, type ModuleStatus, Modules, NETLINK_MODULE } from "./modules.js";
import {
  type BootOptions,
  type CompleteBootOptions,
  checkInterface,
  completeBoot,
  type InterfaceOptions,
  integer,
  type Switches,
  U32_MAX,
} from "./options.js";
import { Relay, type RelayPort } from "./relay.js";
import { type LayerPlayers, replayLog } from "./replay.js";
import { expectBootedAlike, expectCore, type Layer, type Snapshot } from "./snapshot.js";
import { Snapshots } from "./snapshots.js";
import type { Socket } from "./socket.js";
import { checkSysctls, NETLINK_FEATURE, NETLINK_SYSCTLS, VNET_SYSCTLS } from "./sysctls.js";
import { Vnet, type VnetOwner } from "./vnet.js";
import { bootCore, catchUp, copyFamilies, sendHome, writeSysctls } from "./vnetcore.js";

export type {
  AdvertisedPrefix,
  Discovery,
  Preference,
  PrefixEntry,
  RouterAdvertisement,
  RouterEntry,
} from "./advertisements.js";
export { coreHash } from "./core.js";
export { Errno, NetlinkError, RefusedError } from "./errno.js";
export type { FamilyOptions, GenericFamilies } from "./generic.js";
export type { InterfaceChanges, InterfaceCounters, VlanOptions } from "./interfaces.js";
export type { EventLog, EventSink, KernelEvent } from "./log.js";
export type { FaultReason, ModuleFault } from "./module/fault.js";
export { MODULE_ABI, ModuleLimit } from "./module/limits.js";
export type { ModuleStatus } from "./modules.js";
export type { Peer, PeerEntry, PeerOptions, PeerSending, Traffic } from "./neighbours.js";
export type {
  AddressOptions,
  BootOptions,
  Cred,
  ForeignAbi,
  InterfaceOptions,
  Policy,
  RoutingSocketOptions,
  SocketOptions,
  Switches,
} from "./options.js";
export { type LayerPlayers, ReplayError } from "./replay.js";
export type { RoutingMessage, RoutingSocket, WriteOptions } from "./routingsocket.js";
export { type KernelState, type Layer, Snapshot, SnapshotError } from "./snapshot.js";
export type { Readiness, ReceivedMessage, ReceiveOptions, SendOptions, Socket, SocketName } from "./socket.js";
export type { VnetStatistics } from "./statistics.js";
export type { SysctlNetOptions, SysctlNetResult } from "./sysctlnet.js";
export type { Endpoints, TunnelChanges, TunnelSettings } from "./tunnels.js";
export type { Attendant, Vnet } from "./vnet.js";

export interface VnetOptions {
  readonly interfaces?: readonly InterfaceOptions[];
  /** What its own sysctls are at first, where that is not what the kernel was booted with. */
  readonly sysctls?: Readonly<Record<string, number>>;
}

export interface RestoreOptions {
  /** Whether the restored kernel keeps the event log. Default: as the kernel that the snapshot was taken of. */
  readonly record?: boolean;
  /** Gets each event from there on. */
  readonly events?: EventSink;
}

const VNET0 = "vnet0";
const LOOPBACK = "lo0";
const LOOPBACK_UP = { name: LOOPBACK, up: true, addresses: ["127.0.0.1/8", "::1/128", "fe80::1/64"] };
const MODULE_NAME = /^[\w.-]{1,63}$/;

export class Kernel implements VnetOwner {
  readonly journal: Journal;
  readonly isStepped: boolean;
  readonly fibs: number;
  readonly relay = new Relay();
  /** Families of generic netlink. */
  readonly generic: GenericFamilies;
  readonly #modules: Modules;
  readonly #external: ExternalModules;
  readonly #options: CompleteBootOptions;
  readonly #log: LogSink;
  readonly #vnets = new Map<string, Vnet>();
  readonly #vnet0: Vnet;
  readonly #sockets = new Map<number, Socket>();
  readonly #counts = { socketsOpened: 0 };
  readonly #snapshots: Snapshots;

  private constructor(options: CompleteBootOptions, log: LogSink, events?: EventSink) {
    this.#options = options;
    this.#log = log;
    this.isStepped = options.stepped;
    this.fibs = options.fibs;
    this.journal = new Journal({ isKept: options.record, sink: events });
    this.generic = new GenericFamilies(this.journal, () => this.vnets.map(({ core }) => core));
    this.#external = this.#makeExternal();
    this.#modules = new Modules(() => this.vnets.map(({ core }) => core), {
      own: new Map([[KTEST_MODULE, ktestModule(this.#moduleOwner)]]),
      loadable: (name, file) => loadableModule(name, file, this.#moduleOwner),
    });
    this.#vnet0 = this.#makeVnet(VNET0);
    this.#snapshots = new Snapshots({
      kernel: this,
      options,
      journal: this.journal,
      relay: this.relay,
      modules: this.#modules,
      external: this.#external,
      vnets: this.#vnets,
      sockets: this.#sockets,
      counts: this.#counts,
      newVnet: (name) => new Vnet(this, name, new Core(log)),
    });
  }

  get #moduleOwner(): LoadableOwner {
    return { external: this.#external, generic: this.generic };
  }

  #makeExternal(): ExternalModules {
    const ports = (): RelayPort[] => this.vnets.map(({ port }) => port);
    const external = new ExternalModules({
      get ports() {
        return ports();
      },
      ...registrationIn(this.generic),
      now: () => this.uptime,
      random: () => this.#vnet0.core.call.random(0),
      log: this.#log,
      faulted: (fault) => this.#faulted(fault),
    });
    this.relay.serve = (port) => external.requests.serve(port);
    this.relay.answer = (port) => external.requests.answer(port);
    return external;
  }

  /**
   * Boots a kernel with one vnet, whose lo0 is up with 127.0.0.1/8, ::1/128 and fe80::1/64.
   * @param log - receives the lines of the core's debug log; by default they are dropped
   * @param events - gets each event of the run as it happens, the boot first; `record` keeps them in memory besides
   * @throws RangeError naming the option; NetlinkError from the modules and interfaces asked for
   */
  static boot(options: BootOptions = {}, log: LogSink = () => {}, events?: EventSink): Kernel {
    const complete = completeBoot(options);
    const kernel = new Kernel(complete, log, events);
    kernel.journal.perform("boot", {}, [complete], () => kernel.#start());
    return kernel;
  }

  #start(): void {
    const vnet = this.#vnet0;
    if (this.#options.loopback) vnet.interfaceAttach(LOOPBACK_UP);
    for (const options of this.#options.interfaces) vnet.interfaceAttach(options);
    for (const name of this.#options.modules) this.kldload(name);
  }

  /**
   * Repeats a run from its log.
   * @param from - a snapshot of the run, to begin there; a log that does not begin with the boot needs one
   * @param layers - makes the calls of layers, where the run has some
   * @returns the kernel as it stood after the last event; it records on
   * @throws ReplayError at the first event whose outcome differs, or when a vnet's memory differs at the end; SnapshotError
   */
  static replay(log: EventLog, from?: Snapshot, layers?: LayerPlayers<Kernel>): Kernel {
    const restored = from && Kernel.restore(from, { record: true });
    return replayLog(log, { restored, layers, boot: (options) => Kernel.boot(options) });
  }

  /**
   * The event log so far. Of a kernel made from a snapshot of this process it holds what the snapshot's kernel had recorded
   * too; of one made from a snapshot that was kept elsewhere it begins there (`start`).
   * @throws Error when the kernel was not booted with `record`
   */
  record(): EventLog {
    if (!this.journal.isKept) throw new Error("record: the kernel keeps no log; boot it with { record: true }");
    const memory = Object.fromEntries(this.vnets.map((vnet) => [vnet.name, hashBytes(vnet.memory)]));
    const { start, events } = this.journal;
    return { version: 1, ...(start === 0 ? {} : { start }), events: [...events], memory };
  }

  // ---- snapshots

  /**
   * The kernel as it is now: all vnets with their memory, modules, sockets, layers, and the place in the event log.
   * @param into - a snapshot that is no longer needed: it becomes this one, in the buffers that it has
   */
  snapshot(into?: Snapshot): Snapshot {
    return this.#snapshots.take(into);
  }

  /**
   * A new kernel that goes on from a snapshot. Its sockets are there by number (`socketByNumber`).
   * @param log - as for boot
   * @throws SnapshotError a snapshot of another core
   */
  static restore(snapshot: Snapshot, options: RestoreOptions = {}, log: LogSink = () => {}): Kernel {
    expectCore(snapshot.state);
    const booted = snapshot.state.options;
    const kernel = new Kernel({ ...booted, record: options.record ?? booted.record }, log, options.events);
    kernel.#snapshots.putBack(snapshot);
    return kernel;
  }

  /** A second kernel in the same state; from here on the two have nothing in common. */
  fork(): Kernel {
    return Kernel.restore(this.snapshot(), { record: this.journal.isKept }, this.#log);
  }

  /**
   * Goes back to a snapshot, of itself or of a kernel that was booted alike. Vnets and sockets that were made since are gone:
   * calls on them are refused as on closed ones. What was closed or destroyed since is back; the objects of then are valid
   * again where the snapshot was taken of this kernel.
   * @throws SnapshotError a snapshot of another core, or of a kernel with other boot options; Error no memory. Nothing
   *   changes then
   */
  revert(snapshot: Snapshot): void {
    expectCore(snapshot.state);
    expectBootedAlike(snapshot.state, this.#options);
    this.#snapshots.putBack(snapshot);
  }

  /**
   * From now on a layer's state goes along with snapshots. One that the kernel's snapshot held a state of gets it at once.
   * @throws Error when there is a layer of that name
   */
  addLayer(layer: Layer): void {
    this.#snapshots.addLayer(layer);
  }

  /** A layer that was added; undefined also when the kernel was put back to before that. */
  layer(name: string): Layer | undefined {
    return this.#snapshots.layer(name);
  }

  /** Whether the kernel was put back to a snapshot with the state of such a layer, and nobody has added it yet. */
  awaitsLayer(name: string): boolean {
    return this.#snapshots.awaits(name);
  }

  /** What FreeBSD's releases do differently, as it was booted. */
  get switches(): Switches {
    return this.#options.switches;
  }

  // ---- vnets

  get vnet0(): Vnet {
    return this.#vnet0;
  }

  /** In order of creation. */
  get vnets(): readonly Vnet[] {
    return [...this.#vnets.values()];
  }

  vnet(name: string): Vnet | undefined {
    return this.#vnets.get(name);
  }

  /**
   * A new vnet, whose lo0 is down and without addresses.
   * @throws NetlinkError EEXIST, EINVAL for an empty name, and what its interfaces are refused with; RangeError for
   *   options out of range. There is no vnet then
   */
  vnetCreate(name: string, options: VnetOptions = {}): Vnet {
    this.journal.perform("vnetCreate", {}, [name, { ...options }], () => {
      if (name === "") throw new NetlinkError("vnet", Errno.EINVAL);
      if (this.#vnets.has(name)) throw new NetlinkError(`vnet ${name}`, Errno.EEXIST);
      checkSysctls(options.sysctls ?? {}, VNET_SYSCTLS);
      // Before there is anything to undo: a wrong argument is not in the log, and must leave nothing that a replay lacks.
      for (const each of options.interfaces ?? []) checkInterface(each, this.fibs);
      const vnet = this.#makeVnet(name, options.sysctls);
      try {
        if (this.#options.loopback) vnet.interfaceAttach({ name: LOOPBACK });
        for (const each of options.interfaces ?? []) vnet.interfaceAttach(each);
        this.#external.vnetCreated(vnet.port);
      } catch (error) {
        this.#dropVnet(vnet);
        throw error;
      }
    });
    return this.#vnets.get(name) as Vnet;
  }

  #makeVnet(name: string, sysctls: Readonly<Record<string, number>> = {}): Vnet {
    const core = new Core(this.#log);
    bootCore(core, { ...this.#options, number: this.relay.next });
    const first = this.#vnets.values().next().value;
    if (first !== undefined) {
      catchUp(core, first.core);
      this.#modules.catchUp(core);
      copyFamilies(core, first.core);
    }
    writeSysctls(core, { ...this.#options.sysctls, ...sysctls });
    const vnet = new Vnet(this, name, core);
    this.#vnets.set(name, vnet);
    return vnet;
  }

  /**
   * Every further call on the vnet and its sockets is refused with ENXIO.
   * @throws NetlinkError ENOENT; EBUSY while sockets are open, and for vnet0
   */
  vnetDestroy(name: string): void {
    const leaving = this.#vnets.get(name);
    // Before the call: what attendants close are events of their own.
    if (leaving !== undefined && leaving !== this.#vnet0 && !leaving.isBusy) leaving.dismiss();
    this.journal.perform("vnetDestroy", {}, [name], () => {
      const vnet = this.#vnets.get(name);
      if (vnet === undefined) throw new NetlinkError(`vnet ${name}`, Errno.ENOENT);
      if (vnet === this.#vnet0 || vnet.sockets.size > 0 || vnet.hasRoutingSockets)
        throw new NetlinkError(`vnet ${name}`, Errno.EBUSY);
      this.#external.vnetDestroyed(vnet.port);
      this.#dropVnet(vnet);
    });
  }

  #dropVnet(vnet: Vnet): void {
    sendHome(vnet, this.vnets);
    this.#vnets.delete(vnet.name);
    // Closed ones, kept while the kernel records: no event can be on them any more.
    for (const [number, socket] of this.#sockets) if (socket.belongsTo(vnet)) this.#sockets.delete(number);
    this.relay.close(vnet.port);
    vnet.end();
  }

  // ---- modules

  /**
   * Loads a module, and those it needs with it.
   * @param file - of a loadable module: a WebAssembly binary (docs/modules.md). Without, the module is a built-in one
   * @throws NetlinkError EEXIST it is loaded, or built in; ENOENT there is no such module; ENOEXEC, with a text, for a file
   *   that is no module; EIO, with a text, when it does what no module may do; EINVAL a name that is none; what the module
   *   refuses with. Nothing of it is left then
   */
  kldload(name: string, file?: Uint8Array): void {
    this.journal.perform("kldload", {}, file === undefined ? [name] : [name, file], () => {
      if (file !== undefined && !MODULE_NAME.test(name)) throw new NetlinkError(`kldload ${name}`, Errno.EINVAL);
      this.#modules.load(name, file && new Uint8Array(file));
    });
  }

  /** Modules that the kernel stopped and unloaded, the oldest first; of many the last ones. */
  get moduleFaults(): readonly ModuleFault[] {
    return this.#external.faults;
  }

  /** A module did what no module may do: it is gone, whoever uses it, and nlsysevent tells of it. */
  #faulted(fault: ModuleFault): void {
    const { module, reason, detail } = fault;
    this.#log(`module ${module} was stopped and unloaded: ${reason}: ${detail}`);
    this.#modules.discard(module);
    // What it did in words depends on the engine, and is in no message.
    const data = `name=${module} reason=${reason}`;
    postDevctl(this.#vnet0.port, { system: "KERNEL", subsystem: "module", type: "FAULT", data });
  }

  /**
   * @throws NetlinkError ENOENT it is not loaded; EBUSY another module needs it, or a program has a socket of it open in any
   *   vnet; what the module itself refuses with. Nothing changes then
   */
  kldunload(name: string): void {
    // Before the call: what the Linux layer closes are events of their own.
    if (name === LINUX_MODULE && !this.vnets.some((vnet) => vnet.isAttendantBusy)) {
      for (const vnet of this.vnets) vnet.dismiss();
    }
    this.journal.perform("kldunload", {}, [name], () => {
      this.#modules.expectUnneeded(name);
      const isBusy =
        (name === NETLINK_MODULE && this.vnets.some((vnet) => vnet.sockets.size > 0)) ||
        (name === LINUX_MODULE && this.vnets.some((vnet) => vnet.isAttendantBusy));
      if (isBusy) throw new NetlinkError(`kldunload ${name}`, Errno.EBUSY);
      this.#modules.unload(name);
    });
  }

  isLoaded(name: string): boolean {
    return this.#modules.isLoaded(name);
  }

  /** The kernel itself first, then the modules in order of loading. */
  kldstat(): ModuleStatus[] {
    return this.#modules.list();
  }

  /**
   * Posts an event as a driver does by devctl_notify: whoever joined the group of its system in nlsysevent hears it, in the
   * first vnet.
   * @param system - at most 15 characters, as "IFNET"
   * @throws RangeError a text that is too long, or not ASCII
   */
  devctl(system: string, subsystem: string, type: string, data?: string): void {
    this.journal.perform("devctl", {}, [system, subsystem, type, data], () => {
      postDevctl(this.#vnet0.port, { system, subsystem, type, data });
    });
  }

  // ---- time and tasks

  /** Milliseconds since boot. FreeBSD's time begins at one second. */
  get uptime(): number {
    return readClock(this.#vnet0.core).uptime;
  }

  /** Unix second. */
  get wallClock(): number {
    return readClock(this.#vnet0.core).wallClock;
  }

  /** Moves the clock of every vnet. @param milliseconds - an integer, 0 or more */
  advance(milliseconds: number): void {
    if (!Number.isSafeInteger(milliseconds) || milliseconds < 0) {
      throw new RangeError(`advance: ${milliseconds}; expected milliseconds, 0 or more`);
    }
    this.journal.perform("advance", {}, [milliseconds], () => {
      const end = this.uptime + milliseconds;
      // Modules' timers fire at their own times.
      for (let due = this.#nextDue(end); due !== undefined; due = this.#nextDue(end)) {
        this.#moveClocks(due - this.uptime);
        this.#external.expire();
      }
      this.#moveClocks(end - this.uptime);
    });
  }

  #nextDue(end: number): number | undefined {
    const due = this.#external.timers.nextDue;
    return due === undefined || due > end ? undefined : due;
  }

  #moveClocks(milliseconds: number): void {
    for (const { core } of this.vnets) moveClock(core, milliseconds);
  }

  /** Processes one message of one socket. @returns whether there was one */
  step(): boolean {
    return this.run(1) === 1;
  }

  /**
   * Processes at most `budget` messages.
   * @returns how many
   * @throws RangeError for a budget beyond 32 bits
   */
  run(budget: number): number {
    return this.journal.perform("run", {}, [budget], () => {
      integer(budget, "run", 0, U32_MAX);
      let left = budget;
      for (let vnet = this.#chooseVnet(); vnet !== undefined && left > 0; vnet = this.#chooseVnet()) {
        const { core, port } = vnet;
        port.prepare();
        left -= core.call.run(this.#options.policy === "seeded" ? 1 : left);
        left -= port.settle();
      }
      return budget - left;
    });
  }

  runUntilIdle(): number {
    return this.run(U32_MAX);
  }

  /** The first vnet with something to do, or by the seeded policy any of them. */
  #chooseVnet(): Vnet | undefined {
    const runnable = this.vnets.filter((vnet) => vnet.core.call.runnable() > 0);
    if (runnable.length < 2 || this.#options.policy !== "seeded") return runnable[0];
    return runnable[this.#vnet0.core.call.random(runnable.length)];
  }

  /**
   * Reads vnet0's, or with a value sets, a sysctl for all vnets there are.
   * @throws NetlinkError ENOENT; EINVAL for a value out of range; EPERM for one that can only be read; RangeError for one
   *   beyond 32 bits
   */
  sysctl(name: string, value?: number): number {
    if (name === NETLINK_FEATURE && value === undefined && this.#vnet0.core.call.isNetlinkLoaded()) return 1;
    const number = NETLINK_SYSCTLS.get(name) ?? VNET_SYSCTLS.get(name);
    if (number === undefined) throw new NetlinkError(`sysctl ${name}`, Errno.ENOENT);
    if (value !== undefined) {
      this.journal.perform("sysctl", {}, [name, value], () => {
        integer(value, `sysctl ${name}`, 0, U32_MAX);
        for (const vnet of this.vnets) expectSuccess(`sysctl ${name}`, vnet.core.call.sysctlWrite(number, value));
      });
    }
    return this.#vnet0.core.call.sysctlRead(number) >>> 0;
  }

  // ---- for vnets and replay

  socketNumber(): number {
    return this.#counts.socketsOpened + 1;
  }

  nextSocket(socket: Socket): number {
    this.#sockets.set(++this.#counts.socketsOpened, socket);
    return this.#counts.socketsOpened;
  }

  forgetSocket(socket: Socket): void {
    // A call on a closed socket is refused, but it is an event: its replay must find whom it was made on.
    if (!this.journal.isOn) this.#sockets.delete(socket.number);
  }

  /** All sockets, in order of opening; closed ones only while the kernel records. */
  get sockets(): readonly Socket[] {
    return [...this.#sockets.values()];
  }

  /** A socket by its number in order of opening; a closed one only while the kernel records. */
  socketByNumber(number: number): Socket | undefined {
    return this.#sockets.get(number);
  }
}
