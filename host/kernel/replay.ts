// Replaying an event log: each event's call is made again on a fresh kernel, which records too, and what it recorded is
// compared with the log, outcome by outcome and at the end memory by memory.

import { Errno } from "../../assembly/abi/errno.js";
import type { RouterAdvertisement } from "./advertisements.js";
import { RefusedError } from "./errno.js";
import type { FamilyOptions, GenericFamilies } from "./generic.js";
import { hashBytes } from "./hash.js";
import type { InterfaceChanges, VlanOptions } from "./interfaces.js";
import type { EventLog, Journal, KernelCall, KernelEvent } from "./log.js";
import type { PeerOptions, PeerSending } from "./neighbours.js";
import type { AddressOptions, BootOptions, InterfaceOptions, RoutingSocketOptions, SocketOptions } from "./options.js";
import type { RoutingSocket, WriteOptions } from "./routingsocket.js";
import type { SendOptions, Socket } from "./socket.js";
import type { SysctlNetOptions } from "./sysctlnet.js";
import { type EventValue, sameValue } from "./value.js";
import type { Vnet } from "./vnet.js";

/** An event that came out otherwise. */
export interface Difference {
  readonly expected: KernelEvent;
  /** Undefined when the call was none: an argument that the kernel does not have. */
  readonly seen: KernelEvent | undefined;
}

/** A replay that went another way than the log says. */
export class ReplayError extends Error {
  constructor(
    /** The event's place in the log, from 0; the number of events for a difference found after the last. */
    readonly event: number,
    what: string,
    readonly difference?: Difference,
  ) {
    super(`replay: event ${event}: ${what}`);
    this.name = "ReplayError";
  }
}

/** What a replay needs of a kernel: the calls that are events, and their log. */
export interface Replayed {
  readonly journal: Journal;
  readonly generic: GenericFamilies;
  readonly vnets: readonly Vnet[];
  vnet(name: string): Vnet | undefined;
  socketByNumber(number: number): Socket | undefined;
  kldload(name: string, file?: Uint8Array): void;
  kldunload(name: string): void;
  devctl(system: string, subsystem: string, type: string, data?: string): void;
  vnetCreate(name: string, options?: object): Vnet;
  vnetDestroy(name: string): void;
  advance(milliseconds: number): void;
  run(budget: number): number;
  sysctl(name: string, value?: number): number;
}

/**
 * Makes an event's call.
 * @param room - gives a buffer of so many bytes to receive into, the same one each time
 */
type PlayCall = (event: KernelEvent, kernel: Replayed, room: (bytes: number) => Uint8Array) => void;

/**
 * Makes the calls of layers above the kernel, by the layer's name: gets the kernel at the first of them, and gives what makes
 * them.
 */
export type LayerPlayers<K> = Readonly<Record<string, (kernel: K) => (event: KernelEvent) => void>>;

function vnetOf(event: KernelEvent, kernel: Replayed): Vnet {
  const vnet = kernel.vnet(event.target.vnet ?? "");
  if (vnet === undefined) throw new Error(`no vnet ${event.target.vnet}`);
  return vnet;
}

function socketOf(event: KernelEvent, kernel: Replayed): Socket {
  const socket = kernel.socketByNumber(event.target.socket ?? 0);
  if (socket === undefined) throw new Error(`no socket ${event.target.socket}`);
  return socket;
}

function routingOf(event: KernelEvent, kernel: Replayed): RoutingSocket {
  const socket = vnetOf(event, kernel).routingSocketByNumber(event.target.socket ?? 0);
  if (socket === undefined) throw new Error(`no routing socket ${event.target.socket} in ${event.target.vnet}`);
  return socket;
}

const number = (event: KernelEvent, i: number): number => event.arguments[i] as number;
const text = (event: KernelEvent, i: number): string => event.arguments[i] as string;

const PLAYERS: Readonly<Record<Exclude<KernelCall, "boot">, PlayCall>> = {
  kldload: (event, kernel) => kernel.kldload(text(event, 0), event.arguments[1] as Uint8Array | undefined),
  kldunload: (event, kernel) => kernel.kldunload(text(event, 0)),
  devctl: (event, kernel) => {
    kernel.devctl(text(event, 0), text(event, 1), text(event, 2), event.arguments[3] as string | undefined);
  },
  genericFamilyAdd: (event, kernel) => void kernel.generic.registerFamily(event.arguments[0] as FamilyOptions),
  genericFamilyRemove: (event, kernel) => kernel.generic.unregisterFamily(number(event, 0)),
  genericGroupAdd: (event, kernel) => void kernel.generic.registerGroup(number(event, 0), text(event, 1)),
  genericGroupRemove: (event, kernel) => kernel.generic.unregisterGroup(number(event, 0), number(event, 1)),
  vnetCreate: (event, kernel) => void kernel.vnetCreate(text(event, 0), event.arguments[1] as object),
  vnetDestroy: (event, kernel) => kernel.vnetDestroy(text(event, 0)),
  advance: (event, kernel) => kernel.advance(number(event, 0)),
  run: (event, kernel) => void kernel.run(number(event, 0)),
  sysctl: (event, kernel) => void kernel.sysctl(text(event, 0), number(event, 1)),
  failAllocation: (event, kernel) =>
    vnetOf(event, kernel).failAllocation(number(event, 0), event.arguments[1] as boolean),
  forgetHighWater: (event, kernel) => vnetOf(event, kernel).forgetHighWater(),
  check: (event, kernel) => void vnetOf(event, kernel).check(),
  interfaceAttach: (event, kernel) =>
    void vnetOf(event, kernel).interfaceAttach(event.arguments[0] as InterfaceOptions),
  interfaceDetach: (event, kernel) => vnetOf(event, kernel).interfaceDetach(text(event, 0)),
  interfaceCreate: (event, kernel) =>
    void vnetOf(event, kernel).interfaceCreate(text(event, 0), event.arguments[1] as VlanOptions | undefined),
  interfaceDestroy: (event, kernel) => vnetOf(event, kernel).interfaceDestroy(text(event, 0)),
  interfaceRename: (event, kernel) => vnetOf(event, kernel).interfaceRename(text(event, 0), text(event, 1)),
  interfaceSet: (event, kernel) =>
    vnetOf(event, kernel).interfaceSet(text(event, 0), event.arguments[1] as InterfaceChanges),
  interfaceMove: (event, kernel) =>
    vnetOf(event, kernel).interfaceMove(text(event, 0), kernel.vnet(text(event, 1)) as Vnet),
  deviceOpen: (event, kernel) => vnetOf(event, kernel).deviceOpen(text(event, 0)),
  deviceClose: (event, kernel) => vnetOf(event, kernel).deviceClose(text(event, 0)),
  interfaceUp: (event, kernel) => vnetOf(event, kernel).interfaceUp(text(event, 0)),
  interfaceDown: (event, kernel) => vnetOf(event, kernel).interfaceDown(text(event, 0)),
  interfaceInet6: (event, kernel) =>
    vnetOf(event, kernel).interfaceInet6(text(event, 0), event.arguments[1] as boolean),
  addressAdd: (event, kernel) =>
    vnetOf(event, kernel).addressAdd(text(event, 0), text(event, 1), event.arguments[2] as AddressOptions),
  addressDelete: (event, kernel) => vnetOf(event, kernel).addressDelete(text(event, 0), text(event, 1)),
  addressDuplicate: (event, kernel) => vnetOf(event, kernel).addressDuplicate(text(event, 0), text(event, 1)),
  membershipAdd: (event, kernel) => vnetOf(event, kernel).membershipAdd(text(event, 0), text(event, 1)),
  membershipRemove: (event, kernel) => vnetOf(event, kernel).membershipRemove(text(event, 0), text(event, 1)),
  vnetSysctl: (event, kernel) => void vnetOf(event, kernel).sysctl(text(event, 0), number(event, 1)),
  neighbourResolve: (event, kernel) => void vnetOf(event, kernel).neighbours.resolve(text(event, 0), text(event, 1)),
  peerSet: (event, kernel) => vnetOf(event, kernel).neighbours.set(text(event, 0), event.arguments[1] as PeerOptions),
  peerRemove: (event, kernel) => vnetOf(event, kernel).neighbours.remove(text(event, 0), text(event, 1)),
  peerSend: (event, kernel) =>
    vnetOf(event, kernel).neighbours.send(
      text(event, 0),
      event.arguments[1] as PeerOptions,
      event.arguments[2] as PeerSending,
    ),
  peerAdvertise: (event, kernel) =>
    vnetOf(event, kernel).neighbours.advertise(
      text(event, 0),
      event.arguments[1] as PeerOptions,
      event.arguments[2] as RouterAdvertisement,
    ),
  socket: (event, kernel) => void vnetOf(event, kernel).socket(event.arguments[0] as SocketOptions),
  bind: (event, kernel) => socketOf(event, kernel).bind(event.arguments[0] as number | Uint8Array, number(event, 1)),
  connect: (event, kernel) => socketOf(event, kernel).connect(event.arguments[0] as Uint8Array),
  setsockopt: (event, kernel) =>
    socketOf(event, kernel).setsockopt(number(event, 0), number(event, 1), event.arguments[2] as number | Uint8Array),
  send: (event, kernel) =>
    void socketOf(event, kernel).send(event.arguments[0] as Uint8Array, event.arguments[1] as SendOptions),
  recvmsg: (event, kernel, room) =>
    void socketOf(event, kernel).recvmsg(room(number(event, 0)), {
      flags: number(event, 1),
      control: number(event, 2),
      name: number(event, 3),
      isLook: event.arguments[4] === true,
    }),
  close: (event, kernel) => socketOf(event, kernel).close(),
  routingSocket: (event, kernel) =>
    void vnetOf(event, kernel).routingSocket(event.arguments[0] as RoutingSocketOptions),
  routingWrite: (event, kernel) =>
    void routingOf(event, kernel).write(event.arguments[0] as Uint8Array, event.arguments[1] as WriteOptions),
  routingRead: (event, kernel, room) => void routingOf(event, kernel).recvmsg(room(number(event, 0)), number(event, 1)),
  routingSetsockopt: (event, kernel) =>
    routingOf(event, kernel).setsockopt(number(event, 0), number(event, 1), number(event, 2)),
  routingShutdown: (event, kernel) => routingOf(event, kernel).shutdown(number(event, 0)),
  sysctlNet: (event, kernel) =>
    void vnetOf(event, kernel).sysctlNet(event.arguments[0] as number[], event.arguments[1] as SysctlNetOptions),
  routingClose: (event, kernel) => routingOf(event, kernel).close(),
};

/** How a kernel comes to be whose run is repeated. */
export interface ReplayStart<K extends Replayed> {
  boot(options: BootOptions): K;
  /** From the snapshot that a log begins at; undefined where none was given. */
  readonly restored: K | undefined;
  readonly layers?: LayerPlayers<K> | undefined;
}

/** @throws ReplayError */
export function replayLog<K extends Replayed>(log: EventLog, from: ReplayStart<K>): K {
  const kernel = startReplay(log, from);
  const player = new Player(kernel, from.layers);
  for (const event of log.events.slice(kernel.journal.position - startOf(log))) player.play(event);
  expectMemory(kernel, log);
  return kernel;
}

/** The place of a log's first event in its run. */
export function startOf({ start = 0 }: EventLog): number {
  return start;
}

/** The kernel as it was before a log, or after the boot that it begins with. @throws ReplayError */
export function startReplay<K extends Replayed>(log: EventLog, { boot, restored }: ReplayStart<K>): K {
  const [first] = log.events;
  const start = startOf(log);
  if (log.version !== 1) throw new ReplayError(start, `log of version ${log.version}; expected 1`);
  if (restored !== undefined) {
    const { position } = restored.journal;
    if (position >= start && position <= start + log.events.length) return restored;
    throw new ReplayError(
      start,
      `snapshot at event ${position}; expected one from ${start} to ${start + log.events.length}`,
    );
  }
  if (start > 0) throw new ReplayError(start, `log from event ${start} on; expected a snapshot of that place with it`);
  if (first?.call !== "boot") throw new ReplayError(0, `${first?.call ?? "nothing"}; expected boot`);
  return boot({ ...(first.arguments[0] as BootOptions), record: true });
}

/** After the last event. @throws ReplayError the memory of a vnet is not as the log says */
export function expectMemory(kernel: Replayed, log: EventLog): void {
  for (const vnet of kernel.vnets) {
    const hash = hashBytes(vnet.memory);
    if (log.memory[vnet.name] === hash) continue;
    const place = startOf(log) + log.events.length;
    throw new ReplayError(place, `memory of ${vnet.name}: hash ${hash}; expected ${log.memory[vnet.name]}`);
  }
}

/** Makes the calls of events again on one kernel, in order. */
export class Player<K extends Replayed> {
  readonly #kernel: K;
  readonly #layers: LayerPlayers<K>;
  readonly #begun = new Map<string, (event: KernelEvent) => void>();
  /** The last that was given, of a buffer that may be larger. */
  #room = new Uint8Array(0);
  readonly #roomOf = (bytes: number): Uint8Array => {
    if (this.#room.length === bytes) return this.#room;
    const { buffer } = this.#room;
    this.#room = new Uint8Array(buffer.byteLength < bytes ? new ArrayBuffer(bytes) : buffer, 0, bytes);
    return this.#room;
  };

  constructor(kernel: K, layers: LayerPlayers<K> = {}) {
    this.#kernel = kernel;
    this.#layers = layers;
  }

  /** @throws ReplayError the event's outcome differs from the kernel's, where it stands in the run */
  play(event: KernelEvent): void {
    const { journal } = this.#kernel;
    const place = journal.position;
    try {
      this.#call(event, place);
    } catch (error) {
      // The refusal is in the new log too, and is compared like any outcome.
      if (error instanceof ReplayError) throw error;
      if (!(error instanceof RefusedError)) throw new ReplayError(place, `${event.call}: ${String(error)}`);
    }
    const seen = journal.position === place ? undefined : journal.last;
    if (seen !== undefined && sameValue(seen as unknown as EventValue, event as unknown as EventValue)) return;
    const difference = { expected: event, seen };
    throw new ReplayError(place, `${event.call}: ${shown(seen)}; expected ${shown(event)}`, difference);
  }

  #call(event: KernelEvent, place: number): void {
    const dot = event.call.indexOf(".");
    if (dot >= 0) {
      this.#playerOf(event.call.slice(0, dot), place)(event);
      return;
    }
    const play = PLAYERS[event.call as Exclude<KernelCall, "boot">];
    if (play === undefined) throw new ReplayError(place, `unknown call ${String(event.call)}`);
    play(event, this.#kernel, this.#roomOf);
  }

  #playerOf(layer: string, place: number): (event: KernelEvent) => void {
    const begun = this.#begun.get(layer);
    if (begun !== undefined) return begun;
    const begin = Object.hasOwn(this.#layers, layer) ? this.#layers[layer] : undefined;
    if (begin === undefined) {
      const known = Object.keys(this.#layers).join(", ") || "none";
      throw new ReplayError(place, `a call on the layer ${layer}; layers to replay: ${known}`);
    }
    const play = begin(this.#kernel);
    this.#begun.set(layer, play);
    return play;
  }
}

function shown(event: KernelEvent | undefined): string {
  if (event === undefined) return "nothing";
  const { outcome } = event;
  if ("errno" in outcome) return `refused with ${Errno[outcome.errno] ?? outcome.errno}`;
  return JSON.stringify(outcome.value, (_, value: unknown) =>
    value instanceof Uint8Array ? [...value].join(" ") : value,
  );
}
