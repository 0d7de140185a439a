// A snapshot: a kernel at one moment. Its state is plain data: the memory of every vnet as bytes, and the little that the
// host keeps beside it. What a kernel of the same process can put back faster or better, because it knows its own objects, is
// kept apart, and is in no file.

import { coreHash } from "./core.js";
import type { JournalState } from "./log.js";
import type { ExternalState } from "./module/external.js";
import type { ModuleState } from "./modules.js";
import type { CompleteBootOptions } from "./options.js";
import type { RoutingSocket } from "./routingsocket.js";
import type { Socket, SocketState } from "./socket.js";
import { type EventValue, sameValue } from "./value.js";
import type { Vnet, VnetState } from "./vnet.js";

/** Everything that a kernel goes on from, as plain data. */
export interface KernelState {
  /** The hash of the core whose memories these are. */
  readonly core: string;
  readonly options: CompleteBootOptions;
  /** How many events there were; 0 when the kernel recorded none. */
  readonly position: number;
  readonly socketsOpened: number;
  /** The newest state of the set of interface indices (relay.ts). */
  readonly indices: number;
  readonly modules: readonly ModuleState[];
  readonly external: ExternalState;
  /** In order of creation. */
  readonly vnets: readonly VnetState[];
  readonly sockets: readonly SocketState[];
  readonly layers: readonly LayerState[];
}

/**
 * Something of the host whose state belongs to a kernel's, as the Linux-compat layer's: it goes along with snapshots. The
 * kernel knows it by name alone.
 */
export interface Layer {
  readonly name: string;
  /** Its state as plain data, and its own objects, for a kernel of this process. */
  save(): { readonly state: unknown; readonly objects: unknown };
  /**
   * Puts a state back. The kernel's memory, vnets and sockets are as they were then.
   * @param state - undefined when the snapshot was taken before there was such a layer: the kernel knows it no more
   * @param objects - as `save` gave them; undefined for a state of another kernel or from a file
   */
  restore(state: unknown, objects: unknown): void;
}

export interface LayerState {
  readonly name: string;
  readonly state: unknown;
}

/** A layer, and its own objects at the time of a snapshot. */
export interface KnownLayer {
  readonly layer: Layer;
  readonly objects: unknown;
}

/** The objects of the kernel that a snapshot was taken of, each list in the order of the state's. */
export interface Origin {
  readonly kernel: object;
  readonly vnets: readonly Vnet[];
  readonly sockets: readonly Socket[];
  readonly routingSockets: readonly (readonly RoutingSocket[])[];
  readonly layers: ReadonlyMap<string, KnownLayer>;
  readonly journal: JournalState;
}

/** Taken by Kernel.snapshot, or made of a state that was kept elsewhere. */
export class Snapshot {
  #state: KernelState;
  #origin: Origin | undefined;

  constructor(state: KernelState, origin?: Origin) {
    this.#state = state;
    this.#origin = origin;
  }

  get state(): KernelState {
    return this.#state;
  }

  /** How many events there were before it; 0 when the kernel recorded none. */
  get position(): number {
    return this.#state.position;
  }

  /** Bytes of memory that it holds, over all vnets. */
  get bytes(): number {
    return this.#state.vnets.reduce((sum, { memory }) => sum + memory.bytes.length, 0);
  }

  /** What the kernel kept beside the state. */
  get origin(): Origin | undefined {
    return this.#origin;
  }

  /** It is of another moment from now on. */
  become(state: KernelState, origin: Origin): void {
    this.#state = state;
    this.#origin = origin;
  }
}

/** A snapshot that a kernel cannot take: of another core, of a kernel that was booted otherwise, or damaged. */
export class SnapshotError extends Error {
  override readonly name = "SnapshotError";
}

/** @throws SnapshotError the state is another core's */
export function expectCore({ core }: Pick<KernelState, "core">): void {
  if (core !== coreHash()) throw new SnapshotError(`snapshot of the core ${core}; expected one of ${coreHash()}`);
}

/** @throws SnapshotError the state is of a kernel with other boot options; whether it recorded does not matter */
export function expectBootedAlike({ options }: KernelState, expected: CompleteBootOptions): void {
  for (const [name, value] of Object.entries(expected) as [keyof CompleteBootOptions, EventValue][]) {
    if (name === "record" || sameValue(options[name] as EventValue, value)) continue;
    const [seen, own] = [options[name], value].map((each) => JSON.stringify(each));
    throw new SnapshotError(`revert: snapshot of a kernel booted with ${name} ${seen}; expected ${own}`);
  }
}
