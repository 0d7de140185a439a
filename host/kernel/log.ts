// The event log: every call that can change a kernel's state, in order, with what went in and what came out. The log and
// the core are the run: Kernel.replay repeats it.

import { RefusedError } from "./errno.js";
import { copyValue, type EventValue } from "./value.js";

/** A call on a layer above the kernel, which the layer makes an event: the layer's name and the call's. */
export type LayerCall = `${string}.${string}`;

/** The calls that are events. */
export type Call = KernelCall | LayerCall;

/** Those on the kernel itself. */
export type KernelCall =
  | "boot"
  | "kldload"
  | "devctl"
  | "genericFamilyAdd"
  | "genericFamilyRemove"
  | "genericGroupAdd"
  | "genericGroupRemove"
  | "kldunload"
  | "vnetCreate"
  | "vnetDestroy"
  | "advance"
  | "run"
  | "sysctl"
  | "failAllocation"
  | "forgetHighWater"
  | "check"
  | "interfaceAttach"
  | "interfaceDetach"
  | "interfaceCreate"
  | "interfaceDestroy"
  | "interfaceRename"
  | "interfaceSet"
  | "interfaceMove"
  | "deviceOpen"
  | "deviceClose"
  | "interfaceUp"
  | "interfaceDown"
  | "interfaceInet6"
  | "addressAdd"
  | "addressDelete"
  | "addressDuplicate"
  | "membershipAdd"
  | "membershipRemove"
  | "vnetSysctl"
  | "neighbourResolve"
  | "peerSet"
  | "peerRemove"
  | "peerSend"
  | "peerAdvertise"
  | "socket"
  | "bind"
  | "connect"
  | "setsockopt"
  | "send"
  | "recvmsg"
  | "close"
  | "routingSocket"
  | "routingWrite"
  | "routingRead"
  | "routingSetsockopt"
  | "routingShutdown"
  | "routingClose"
  | "sysctlNet";

/**
 * Whom a call is made on: the kernel, a vnet by name, or a socket by its number in order of opening, of routing sockets among
 * those of the vnet.
 */
export interface Target {
  readonly vnet?: string;
  readonly socket?: number;
}

export interface KernelEvent {
  readonly call: Call;
  readonly target: Target;
  readonly arguments: readonly EventValue[];
  /** What the call gave, or the errno it was refused with: FreeBSD's, of a layer's call the layer's. */
  readonly outcome: { readonly value: EventValue } | { readonly errno: number };
}

/** Gets each event as it happens. */
export interface EventSink {
  /** A call is about to be made that will be the event of this place: the kernel stands between two events. */
  before?(place: number): void;
  /**
   * @param event - its bytes and objects are the caller's, and last until this returns
   * @param place - in the run, from 0
   */
  note(event: KernelEvent, place: number): void;
}

export interface EventLog {
  /** Version of this shape. */
  readonly version: 1;
  /** How many events of the run came before the first one here; 0, or absent, for a log from the boot on. */
  readonly start?: number;
  readonly events: readonly KernelEvent[];
  /** A hash of each vnet's memory after the last event, by name. */
  readonly memory: { readonly [vnet: string]: string };
}

/** The events up to a moment, and how many came before them. */
export interface JournalState {
  readonly start: number;
  readonly events: readonly KernelEvent[];
  readonly count: number;
}

export interface JournalOptions {
  /** Whether events are kept in memory. */
  readonly isKept: boolean;
  /** Who gets them besides. */
  readonly sink?: EventSink | undefined;
}

/** Collects events while a kernel records. */
export class Journal {
  /** Whether calls are events: somebody wants them. */
  readonly isOn: boolean;
  readonly isKept: boolean;
  readonly #sink: EventSink | undefined;
  #start = 0;
  /** Only ever appended to: a state that was saved is the first so many of them. */
  #events: KernelEvent[] = [];
  #last: KernelEvent | undefined;
  /** Calls within a call belong to it. */
  #depth = 0;

  constructor({ isKept, sink }: JournalOptions) {
    this.isOn = isKept || sink !== undefined;
    this.isKept = isKept;
    this.#sink = sink;
  }

  /** How many events of the run are not kept, because they came before the snapshot that the kernel was made from. */
  get start(): number {
    return this.#start;
  }

  get events(): readonly KernelEvent[] {
    return this.#events;
  }

  /** How many events there were since boot, as far as is known. */
  get position(): number {
    return this.#start + this.#events.length;
  }

  /** The newest event. Where none is kept, what is in it lasts as long as for a sink. */
  get last(): KernelEvent | undefined {
    return this.#last;
  }

  /** An event by its place in the run. */
  event(place: number): KernelEvent | undefined {
    return this.#events[place - this.#start];
  }

  /** Keeps no event of before. */
  forget(): void {
    this.#start = this.position;
    this.#events = [];
  }

  save(): JournalState {
    return { start: this.#start, events: this.#events, count: this.#events.length };
  }

  /** @param state - of this journal, or another one's of the same run; its events are not changed */
  restore({ start, events, count }: JournalState): void {
    this.#start = start;
    if (events !== this.#events || count !== events.length) this.#events = events.slice(0, count);
  }

  /** Makes a call and notes it. Errors that are not the kernel's (a wrong argument) change nothing and are not noted. */
  perform<T extends EventValue>(call: Call, target: Target, parameters: readonly EventValue[], action: () => T): T;
  perform(call: Call, target: Target, parameters: readonly EventValue[], action: () => void): void;
  perform(call: Call, target: Target, parameters: readonly EventValue[], action: () => unknown): unknown {
    if (!this.isOn || this.#depth > 0) return action();
    // Before the call: an event that is kept is what went in, whatever the caller does with it afterwards.
    const given = this.isKept ? parameters.map(copyValue) : parameters;
    this.#sink?.before?.(this.position);
    this.#depth++;
    try {
      const value = action();
      this.#note({ call, target, arguments: given, outcome: { value: value as EventValue } });
      return value;
    } catch (error) {
      if (error instanceof RefusedError) {
        this.#note({ call, target, arguments: given, outcome: { errno: error.errno } });
      }
      throw error;
    } finally {
      this.#depth--;
    }
  }

  #note(event: KernelEvent): void {
    this.#sink?.note(event, this.position);
    this.#last = event;
    if (!this.isKept) {
      this.#start++;
      return;
    }
    const { outcome } = event;
    if ("value" in outcome) this.#last = { ...event, outcome: { value: copyValue(outcome.value) } };
    this.#events.push(this.#last);
  }
}
