// Raw messages for tests: built byte by byte, independent of the codec, so that a test pins what is on the wire.

import { AF } from "../../assembly/abi/inet.js";
import { NetlinkSize, NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import { NetlinkError } from "../../host/kernel/kernel.js";

/** Flags by the letters of the conformance list: q REQUEST, a ACK, D DUMP, C CREATE, X EXCL, P REPLACE, A APPEND. */
const LETTERS: Readonly<Record<string, number>> = {
  q: NLM_F.REQUEST,
  a: NLM_F.ACK,
  D: NLM_F.DUMP,
  C: NLM_F.CREATE,
  X: NLM_F.EXCL,
  P: NLM_F.REPLACE,
  A: NLM_F.APPEND,
};

export function flags(letters: string): number {
  return [...letters].reduce((sum, letter) => {
    const bit = LETTERS[letter];
    if (bit === undefined) throw new Error(`no flag ${letter}`);
    return sum | bit;
  }, 0);
}

export function u8(value: number): Uint8Array {
  return Uint8Array.of(value);
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff);
}

export function u32(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
}

/** ASCII with a NUL. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`);
}

/** An IPv4 or IPv6 address in network order: "192.0.2.1", "2001:db8::1". */
export function ip(value: string): Uint8Array {
  if (!value.includes(":")) return Uint8Array.from(value.split("."), Number);
  const [head = "", tail] = value.split("::");
  const words = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16));
  const front = words(head);
  const back = tail === undefined ? [] : words(tail);
  const all = [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

export function familyOf(value: string): number {
  return value.includes(":") ? AF.INET6 : AF.INET;
}

/** Bytes from hex digits; everything else is ignored. */
export function hex(digits: string): Uint8Array {
  const clean = digits.replace(/[^0-9a-fA-F]/g, "");
  return Uint8Array.from({ length: clean.length / 2 }, (_, i) => Number.parseInt(clean.slice(2 * i, 2 * i + 2), 16));
}

export function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** An attribute with its padding. Several payloads are joined: attributes inside make a nest. */
export function attribute(type: number, ...payload: readonly Uint8Array[]): Uint8Array {
  const body = concat(...payload);
  const padding = new Uint8Array(-body.length & 3);
  return concat(u16(NetlinkSize.NLATTR + body.length), u16(type), body, padding);
}

export interface MessageOptions {
  readonly type: number;
  /** Letters as in `flags`, or a number. */
  readonly flags?: string | number;
  readonly seq?: number;
  readonly pid?: number;
  /** nlmsg_len, where it is to differ from the bytes. */
  readonly length?: number;
}

/** A message of header and the given parts, unpadded at its end. */
export function message(options: MessageOptions, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = concat(...parts);
  const bits = typeof options.flags === "string" ? flags(options.flags) : (options.flags ?? NLM_F.REQUEST);
  const length = options.length ?? NetlinkSize.NLMSGHDR + body.length;
  return concat(u32(length), u16(options.type), u16(bits), u32(options.seq ?? 1), u32(options.pid ?? 0), body);
}

/** ifinfomsg */
export function ifinfomsg(
  fields: { family?: number; pad?: number; type?: number; index?: number; flags?: number; change?: number } = {},
): Uint8Array {
  return concat(
    u8(fields.family ?? 0),
    u8(fields.pad ?? 0),
    u16(fields.type ?? 0),
    u32(fields.index ?? 0),
    u32(fields.flags ?? 0),
    u32(fields.change ?? 0),
  );
}

/** ifaddrmsg */
export function ifaddrmsg(
  fields: { family?: number; prefixLength?: number; flags?: number; scope?: number; index?: number } = {},
): Uint8Array {
  return concat(
    u8(fields.family ?? 0),
    u8(fields.prefixLength ?? 0),
    u8(fields.flags ?? 0),
    u8(fields.scope ?? 0),
    u32(fields.index ?? 0),
  );
}

/** rtmsg */
export function rtmsg(
  fields: {
    family?: number;
    dstLength?: number;
    table?: number;
    protocol?: number;
    type?: number;
    flags?: number;
  } = {},
): Uint8Array {
  return concat(
    Uint8Array.of(
      fields.family ?? AF.INET,
      fields.dstLength ?? 0,
      0,
      0,
      fields.table ?? 0,
      fields.protocol ?? 0,
      0,
      fields.type ?? 1,
    ),
    u32(fields.flags ?? 0),
  );
}

/** A message that came. */
export interface Seen {
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  readonly pid: number;
  /** All of it. */
  readonly bytes: Uint8Array;
  /** What follows the nlmsghdr. */
  readonly body: Uint8Array;
}

export function numberAt(bytes: Uint8Array, offset: number, size: 1 | 2 | 4): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + (bytes[offset + i] ?? 0);
  return value;
}

/** Cuts a buffer into its messages. */
export function split(bytes: Uint8Array): Seen[] {
  const seen: Seen[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = numberAt(bytes, at, 4);
    if (length < NetlinkSize.NLMSGHDR || at + length > bytes.length) throw new Error(`nlmsg_len ${length} at ${at}`);
    const all = bytes.slice(at, at + length);
    seen.push({
      length,
      type: numberAt(all, 4, 2),
      flags: numberAt(all, 6, 2),
      seq: numberAt(all, 8, 4),
      pid: numberAt(all, 12, 4),
      bytes: all,
      body: all.slice(NetlinkSize.NLMSGHDR),
    });
    at += length;
  }
  return seen;
}

/** The attributes in bytes, in order, padding checked: [type, payload]. */
export function attributes(bytes: Uint8Array): [number, Uint8Array][] {
  const found: [number, Uint8Array][] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = numberAt(bytes, at, 2);
    if (length < NetlinkSize.NLATTR || at + length > bytes.length) throw new Error(`nla_len ${length} at ${at}`);
    found.push([numberAt(bytes, at + 2, 2), bytes.slice(at + NetlinkSize.NLATTR, at + length)]);
    at += (length + 3) & ~3;
  }
  return found;
}

/** The payload of the first attribute of a type. */
export function payloadOf(bytes: Uint8Array, type: number): Uint8Array | undefined {
  return attributes(bytes).find(([each]) => each === type)?.[1];
}

/** Everything queued, read with a large buffer. */
export function drain(socket: Socket): Seen[] {
  const into = new Uint8Array(1 << 20);
  const seen: Seen[] = [];
  while (true) {
    try {
      seen.push(...split(into.slice(0, socket.recv(into))));
    } catch (error) {
      if (error instanceof NetlinkError && error.code === "EAGAIN") return seen;
      throw error;
    }
  }
}

/** Sends and gives everything that was queued after it. */
export function ask(socket: Socket, ...messages: readonly Uint8Array[]): Seen[] {
  socket.send(concat(...messages));
  return drain(socket);
}

/** What an NLMSG_ERROR says. */
export interface Ack {
  readonly error: number;
  readonly flags: number;
  readonly seq: number;
  readonly pid: number;
  /** The nlmsghdr of the request inside. */
  readonly request: Uint8Array;
  readonly text: string | undefined;
  readonly offset: number | undefined;
  readonly cookie: Uint8Array | undefined;
}

/** Takes an NLMSG_ERROR apart. */
export function ackOf(seen: Seen | undefined): Ack {
  if (seen?.type !== NLMSG.ERROR) throw new Error(`expected NLMSG_ERROR, got ${seen?.type}`);
  const inner = numberAt(seen.body, 4, 4);
  const echoed = seen.flags & NLM_F.CAPPED ? NetlinkSize.NLMSGHDR : (inner + 3) & ~3;
  const tlvs = seen.body.slice(4 + echoed);
  const found = (type: number): Uint8Array | undefined => payloadOf(tlvs, type);
  const message = found(1);
  const offset = found(2);
  return {
    error: numberAt(seen.body, 0, 4),
    flags: seen.flags,
    seq: seen.seq,
    pid: seen.pid,
    request: seen.body.slice(4, 20),
    text: message === undefined ? undefined : new TextDecoder().decode(message.slice(0, -1)),
    offset: offset === undefined ? undefined : numberAt(offset, 0, 4),
    cookie: found(3),
  };
}

/** The errno of the last message of an answer, which must be an ack. */
export function errorOf(seen: readonly Seen[]): number {
  return ackOf(seen.at(-1)).error;
}

/** The errno of an NLMSG_DONE. */
export function doneOf(seen: Seen | undefined): number {
  if (seen?.type !== NLMSG.DONE) throw new Error(`expected NLMSG_DONE, got ${seen?.type}`);
  return numberAt(seen.body, 0, 4);
}

/** The code ("EAGAIN") that a call is refused with; undefined when it succeeds. */
export function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof NetlinkError) return error.code;
    throw error;
  }
}
