// The event log: every call that can change a kernel's state, in order, with what went in and what came out. The log and
// the core are the run: Kernel.replay repeats it.

import type { Errno } from "../../assembly/abi/errno.js";
import type { RouterAdvertisement } from "./advertisements.js";
import { NetlinkError } from "./errno.js";
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

/** The calls that are events. */
export type Call =
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
  /** What the call gave, or the errno it was refused with. */
  readonly outcome: { readonly value: EventValue } | { readonly errno: Errno };
}

export interface EventLog {
  /** Version of this shape. */
  readonly version: 1;
  readonly events: readonly KernelEvent[];
  /** A hash of each vnet's memory after the last event, by name. */
  readonly memory: { readonly [vnet: string]: string };
}

/** Collects events while a kernel records. */
export class Journal {
  readonly events: KernelEvent[] = [];
  readonly isOn: boolean;
  /** Calls within a call belong to it. */
  #depth = 0;

  constructor(isOn: boolean) {
    this.isOn = isOn;
  }

  /** Makes a call and notes it. Errors that are not the kernel's (a wrong argument) change nothing and are not noted. */
  perform<T extends EventValue>(call: Call, target: Target, parameters: readonly EventValue[], action: () => T): T;
  perform(call: Call, target: Target, parameters: readonly EventValue[], action: () => void): void;
  perform(call: Call, target: Target, parameters: readonly EventValue[], action: () => unknown): unknown {
    if (!this.isOn || this.#depth > 0) return action();
    const kept = parameters.map(copyValue);
    this.#depth++;
    try {
      const value = action();
      this.events.push({ call, target, arguments: kept, outcome: { value: value as EventValue } });
      return value;
    } catch (error) {
      if (error instanceof NetlinkError) {
        this.events.push({ call, target, arguments: kept, outcome: { errno: error.errno } });
      }
      throw error;
    } finally {
      this.#depth--;
    }
  }
}

/** A copy that the caller cannot change. */
function copyValue(value: EventValue): EventValue {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) return value.map(copyValue);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copyValue(each as EventValue)]));
}

/** Whether two values are the same data, byte for byte. */
export function sameValue(left: EventValue, right: EventValue): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (left instanceof Uint8Array || right instanceof Uint8Array) {
    if (!(left instanceof Uint8Array) || !(right instanceof Uint8Array) || left.length !== right.length) return false;
    return left.every((byte, i) => byte === right[i]);
  }
  const leftEntries = Object.entries(left);
  const rightRecord = right as Readonly<Record<string, EventValue>>;
  if (leftEntries.length !== Object.keys(right).length) return false;
  return leftEntries.every(([key, value]) => key in rightRecord && sameValue(value as EventValue, rightRecord[key]));
}

/** A hash of a memory: two 32-bit lanes over its words, as 16 hex digits. */
export function hashBytes(bytes: Uint8Array): string {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
  let first = 0x9e3779b9;
  let second = 0x85ebca6b;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number;
    if (word === 0) {
      second = (second + 1) | 0;
      continue;
    }
    first = Math.imul(first ^ word, 0x01000193) + i;
    second = Math.imul((second ^ first) >>> 1, 0xc2b2ae35) ^ word;
  }
  return (first >>> 0).toString(16).padStart(8, "0") + (second >>> 0).toString(16).padStart(8, "0");
}
