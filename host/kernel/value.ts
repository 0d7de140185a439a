// What the calls of a kernel take and give, as the event log has it.

import type { RouterAdvertisement } from "./advertisements.js";
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

/** Plain data and bytes. */
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

/** A copy that the caller cannot change. */
export function copyValue(value: EventValue): EventValue {
  if (typeof value !== "object" || value === null) return value;
  // Not slice(): that of a Buffer is no copy.
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(copyValue);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copyValue(each as EventValue)]));
}

/** Whether two values are the same data, byte for byte. */
export function sameValue(left: EventValue, right: EventValue): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (left instanceof Uint8Array || right instanceof Uint8Array) {
    return left instanceof Uint8Array && right instanceof Uint8Array && sameBytes(left, right);
  }
  if (Array.isArray(left) || Array.isArray(right)) {
    return Array.isArray(left) && Array.isArray(right) && sameArray(left, right);
  }
  return sameRecord(left as EventRecord, right as EventRecord);
}

type EventRecord = Readonly<Record<string, EventValue>>;

function sameArray(left: readonly EventValue[], right: readonly EventValue[]): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (!sameValue(left[i], right[i])) return false;
  return true;
}

function sameRecord(left: EventRecord, right: EventRecord): boolean {
  let keys = 0;
  for (const key in left) {
    if (!(key in right) || !sameValue(left[key], right[key])) return false;
    keys++;
  }
  for (const _ in right) keys--;
  return keys === 0;
}

/** From so many bytes on two views cost less than they save. */
const WORDS_BYTES = 256;

/** Word by word, where they lie so. */
function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  const { length } = left;
  if (length !== right.length) return false;
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
