// An event as bytes: CBOR of [call, vnet, socket, arguments, errno, value, packets]. The messages of a send or a receive are
// not in it: they are so many packets of their own.

import { decode } from "cborg";
import type { Call, KernelEvent, Target } from "../kernel/log.js";
import type { EventValue } from "../kernel/value.js";
import { ByteWriter } from "./bytewriter.js";
import type { Span } from "./capture.js";
import { writeArrayHead, writeCbor } from "./cborwriter.js";
import type { Direction } from "./pcapng/format.js";

/** Where an event has a message. */
interface MessagePlace {
  readonly direction: Direction;
  get(event: KernelEvent): EventValue;
  /** The event with another value there. */
  with(event: KernelEvent, value: EventValue): KernelEvent;
}

const FIRST_ARGUMENT: MessagePlace = {
  direction: "outbound",
  get: (event) => event.arguments[0],
  with: (event, value) => ({ ...event, arguments: [value, ...event.arguments.slice(1)] }),
};

const RECEIVED_BYTES: MessagePlace = {
  direction: "inbound",
  get: ({ outcome }) => {
    if ("errno" in outcome || typeof outcome.value !== "object" || outcome.value === null) return undefined;
    return "bytes" in outcome.value ? (outcome.value.bytes as EventValue) : undefined;
  },
  with: (event, bytes) => {
    const value = "value" in event.outcome ? (event.outcome.value as object) : {};
    return { ...event, outcome: { value: { ...value, bytes } as EventValue } };
  },
};

const PLACES: ReadonlyMap<Call, MessagePlace> = new Map<Call, MessagePlace>([
  ["send", FIRST_ARGUMENT],
  ["recvmsg", RECEIVED_BYTES],
  ["linux.send", FIRST_ARGUMENT],
  ["linux.receive", RECEIVED_BYTES],
  ["linux.receiveMessages", RECEIVED_BYTES],
]);

const EVENT_FIELDS = 7;
/** A header at least: what is shorter is no message, and stays in the event. */
const MESSAGE_BYTES_MIN = 16;

/** What an event sent or received. */
export interface EventMessage {
  readonly direction: Direction;
  readonly bytes: Uint8Array;
}

export function messageOf(event: KernelEvent): EventMessage | undefined {
  const place = PLACES.get(event.call);
  const bytes = place?.get(event);
  if (place === undefined || !(bytes instanceof Uint8Array) || bytes.length < MESSAGE_BYTES_MIN) return undefined;
  return { direction: place.direction, bytes };
}

/** What events of a socket begin with, by the object that stands for the socket: it is the same in each of them. */
const heads = new WeakMap<Target, Map<Call, Uint8Array>>();

/** Array head, call, vnet and socket. */
function headOf(call: Call, target: Target): Uint8Array {
  const known = heads.get(target) ?? new Map<Call, Uint8Array>();
  const found = known.get(call);
  if (found !== undefined) return found;
  const out = new ByteWriter();
  writeHead(out, call, target);
  const head = out.from(0).slice();
  known.set(call, head);
  heads.set(target, known);
  return head;
}

function writeHead(out: ByteWriter, call: Call, target: Target): void {
  writeArrayHead(out, EVENT_FIELDS);
  writeCbor(out, call);
  writeCbor(out, target.vnet ?? null);
  writeCbor(out, target.socket ?? null);
}

/**
 * @param message - the event's, if it has one: it is left out
 * @param packets - how many packets keep it
 */
export function writeEvent(
  out: ByteWriter,
  { call, target, arguments: given, outcome }: KernelEvent,
  message: Uint8Array | undefined,
  packets: number,
): void {
  if (target.socket === undefined) writeHead(out, call, target);
  else out.put(headOf(call, target));
  writeCbor(out, given, message);
  writeCbor(out, "errno" in outcome ? outcome.errno : null);
  writeCbor(out, "errno" in outcome ? null : outcome.value, message);
  writeCbor(out, packets);
}

/** Payloads of sends and receives that are remembered, and how long they are at most. */
const KNOWN_MAX = 64;
const KNOWN_BYTES_MAX = 256;

/** Decodes events. Of sends and receives most are alike but for their messages: what was decoded before is not decoded again. */
export class EventDecoder {
  /** By length, the last that was decoded. */
  readonly #known = new Map<number, { readonly bytes: Uint8Array; readonly decoded: Decoded }>();

  /**
   * @param room - where the event lies, the caller's again afterwards
   * @param span - of it there
   * @param packets - what the packets hold that came since the last event
   * @throws Error the bytes are no event, or want another number of packets
   */
  decode(room: Uint8Array, span: Span, packets: readonly Uint8Array[]): KernelEvent {
    const { event, count } = this.#decoded(room, span);
    if (count !== packets.length) {
      throw new Error(`${event.call}: ${packets.length} packets before it; expected ${count}`);
    }
    return count === 0 ? event : withMessage(event, joined(packets));
  }

  #decoded(room: Uint8Array, { start, length }: Span): Decoded {
    const known = this.#known.get(length);
    if (known !== undefined && isAt(known.bytes, room, start)) return known.decoded;
    // What is decoded may be part of the bytes.
    const bytes = room.slice(start, start + length);
    const decoded = decodedOf(decode(bytes));
    // Others are given as they are decoded: nobody else may have the same object.
    if (decoded.count > 0 && length <= KNOWN_BYTES_MAX) {
      if (this.#known.size >= KNOWN_MAX) this.#known.clear();
      this.#known.set(length, { bytes, decoded });
    }
    return decoded;
  }
}

/** An event as far as it is no message. */
interface Decoded {
  readonly event: KernelEvent;
  /** Of the packets with its messages. */
  readonly count: number;
}

function decodedOf(fields: unknown): Decoded {
  if (!isEvent(fields)) throw new Error("no event: expected [call, vnet, socket, arguments, errno, value, packets]");
  const [call, vnet, socket, given, errno, value, count] = fields;
  const target: Target = { ...(vnet === null ? {} : { vnet }), ...(socket === null ? {} : { socket }) };
  return { event: { call, target, arguments: given, outcome: errno === null ? { value } : { errno } }, count };
}

function isAt(bytes: Uint8Array, room: Uint8Array, start: number): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== room[start + i]) return false;
  return true;
}

function joined(packets: readonly Uint8Array[]): Uint8Array {
  const [first] = packets;
  if (first !== undefined && packets.length === 1) return first;
  const bytes = new Uint8Array(packets.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const packet of packets) {
    bytes.set(packet, at);
    at += packet.length;
  }
  return bytes;
}

type EventFields = [Call, string | null, number | null, EventValue[], number | null, EventValue, number];

function isEvent(fields: unknown): fields is EventFields {
  if (!Array.isArray(fields) || fields.length !== EVENT_FIELDS) return false;
  const [call, vnet, socket, given, errno, , packets] = fields as unknown[];
  const isNumber = (value: unknown): boolean => value === null || typeof value === "number";
  const hasVnet = vnet === null || typeof vnet === "string";
  const hasOutcome = isNumber(errno) && typeof packets === "number";
  return typeof call === "string" && hasVnet && isNumber(socket) && Array.isArray(given) && hasOutcome;
}

/** The event with another message, of a call that sends or receives. */
export function withMessage(event: KernelEvent, value: EventValue): KernelEvent {
  const place = PLACES.get(event.call);
  if (place === undefined) throw new Error(`${event.call}: expected a call that sends or receives`);
  return place.with(event, value);
}
