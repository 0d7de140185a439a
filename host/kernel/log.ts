// The event log: every call that can change a kernel's state, in order, with what went in and what came out. The log and
// the core are the run: Kernel.replay repeats it.

import type { RouterAdvertisement } from "./advertisements.js";
import { RefusedError } from "./errno.js";
import type { FamilyOptions } from "./generic.js";
import type { InterfaceChanges } from "./interfaces.js";
import type { PeerOptions, PeerSending } from "./neighbours.js";
import type {
  AddressOptions,
  CompleteBootOptions,
  InterfaceOptions,
  RoutingSocketOptions,
  SocketOptions,
} from "./options.js";

import type { WriteOptions } from "./routingsocket.js";
import type { SysctlNetOptions } from "./sysctlnet.js";

/** What a call takes and gives: plain data and bytes. */
export type EventValue =
  | undefined
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly EventValue[]
  | { readonly [key: string]: EventValue }
  | AddressOptions
  | CompleteBootOptions
  | InterfaceOptions
  | InterfaceChanges
  | SocketOptions
  | RoutingSocketOptions
  | WriteOptions
  | SysctlNetOptions
  | PeerOptions
  | PeerSending
  | FamilyOptions
  | RouterAdvertisement;

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

/** A copy that the caller cannot change. */
function copyValue(value: EventValue): EventValue {
  if (typeof value !== "object" || value === null) return value;
  // Not slice(): that of a Buffer is no copy.
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(copyValue);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copyValue(each as EventValue)]));
}

/** From so many bytes on two views cost less than they save. */
const WORDS_BYTES = 256;

/** Of as many bytes each: word by word, where they lie so. */
function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  const { length } = left;
  const isAligned = (left.byteOffset & 3) === 0 && (right.byteOffset & 3) === 0;
  const words = isAligned && length >= WORDS_BYTES ? length >>> 2 : 0;
  if (words > 0) {
    const [leftWords, rightWords] = [wordsOf(left, words), wordsOf(right, words)];
    for (let i = 0; i < words; i++) if (leftWords[i] !== rightWords[i]) return false;
  }
  for (let i = words * 4; i < length; i++) if (left[i] !== right[i]) return false;
  return true;
}

function wordsOf({ buffer, byteOffset }: Uint8Array, count: number): Uint32Array {
  return new Uint32Array(buffer, byteOffset, count);
}

/** Whether two values are the same data, byte for byte. */
export function sameValue(left: EventValue, right: EventValue): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (left instanceof Uint8Array || right instanceof Uint8Array) {
    if (!(left instanceof Uint8Array) || !(right instanceof Uint8Array) || left.length !== right.length) return false;
    return sameBytes(left, right);
  }
  const [leftRecord, rightRecord] = [left, right] as Readonly<Record<string, EventValue>>[];
  const keys = Object.keys(left);
  if (leftRecord === undefined || rightRecord === undefined || keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => key in rightRecord && sameValue(leftRecord[key], rightRecord[key]));
}
