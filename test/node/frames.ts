// Frames as a supervisor writes and reads them, built word by word: independent of the code under test.
import { concat, u32 } from "../support/messages.js";

export const HELLO = 1;
export const OPEN = 2;
export const CLOSE = 3;
export const BIND = 4;
export const CONNECT = 5;
export const NAME = 6;
export const SETOPT = 7;
export const GETOPT = 8;
export const SEND = 9;
export const PULL = 10;
export const TAKEN = 11;
export const RECEIVE = 12;
export const UNTAKEN = 13;
export const IOCTL = 14;
export const TICK = 15;
export const SHUTDOWN = 16;
export const OPEN_ROUTING = 17;
export const REPLY = 64;
export const DATA = 65;
export const STATE = 66;
export const GOODBYE = 67;

export const LINUX = 16;
export const FREEBSD = 38;
export const NO_HALF = 0xffffffff;

export interface Heard {
  readonly type: number;
  readonly version: number;
  readonly socket: number;
  readonly request: number;
  readonly body: Uint8Array;
}

/** @param version - 1 on the first frame of a conversation, 0 on others */
export function frame(type: number, socket: number, request: number, body: Uint8Array, version = 0): Uint8Array {
  const head = concat(
    u32(16 + body.length),
    Uint8Array.of(type, 0, version & 0xff, version >> 8),
    u32(socket),
    u32(request),
  );
  return concat(head, body);
}

export function words(...values: readonly number[]): Uint8Array {
  return concat(...values.map((value) => u32(value >>> 0)));
}

export function wordAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

export function helloBody(domain: number, vnet = ""): Uint8Array {
  return concat(words(domain, 100, 0, 0), new TextEncoder().encode(vnet));
}

/** A struct address: 12 bytes of a sockaddr_nl of the domain, said to be of another length where that is given. */
export function address(domain: number, port: number, groups = 0, bytes = 12): Uint8Array {
  const family = domain === LINUX ? words(LINUX) : Uint8Array.of(12, FREEBSD, 0, 0);
  return concat(words(bytes), family, words(port, groups, 0));
}

export const NO_ADDRESS = words(0, 0, 0, 0, 0);

/** The body of a SEND: a struct send_record and its bytes each. */
export function sendBody(...messages: readonly Uint8Array[]): Uint8Array {
  return concat(
    ...messages.map((bytes) => concat(words(bytes.length, 0, 0), NO_ADDRESS, bytes, new Uint8Array(-bytes.length & 3))),
  );
}

/** Whole frames of a stream; the rest stays for the next call. */
export class Listener {
  #rest: Uint8Array = new Uint8Array(0);

  hear(bytes: Uint8Array): Heard[] {
    this.#rest = concat(this.#rest, bytes);
    const heard: Heard[] = [];
    while (this.#rest.length >= 16 && this.#rest.length >= wordAt(this.#rest, 0)) {
      const length = wordAt(this.#rest, 0);
      const [type = 0, , low = 0, high = 0] = this.#rest.subarray(4, 8);
      const body = this.#rest.slice(16, length);
      heard.push({
        type,
        version: low | (high << 8),
        socket: wordAt(this.#rest, 8),
        request: wordAt(this.#rest, 12),
        body,
      });
      this.#rest = this.#rest.subarray(length);
    }
    return heard;
  }
}

export interface Record {
  /** Undefined for a pending error. */
  readonly bytes: Uint8Array | undefined;
  readonly errno: number;
  readonly port: number;
  readonly groups: number;
  readonly group: number;
}

/** The records of a DATA frame, or of a half of the shared file. */
export function recordsOf(bytes: Uint8Array): Record[] {
  const records: Record[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = wordAt(bytes, at);
    const isError = length >= 0x80000000;
    const [port, groups, group] = [4, 8, 12].map((offset) => wordAt(bytes, at + offset)) as [number, number, number];
    at += 16;
    const errno = isError ? length - 0x80000000 : 0;
    records.push({ bytes: isError ? undefined : bytes.slice(at, at + length), errno, port, groups, group });
    if (!isError) at += (length + 3) & ~3;
  }
  return records;
}
