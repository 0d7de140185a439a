// A plain model of a route table, and requests for many routes at once. Nothing of it is shared with the kernel.
//   Prefix, keyOf   a prefix and its place in walk order as one number
//   TableModel      a map; order by sorting, longest match by trying every length
//   Requests        RTM_NEWROUTE and RTM_DELROUTE messages in one buffer, patched from a template
//   readShown       what a dump shows, read from its bytes

import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import { RTA, RTM } from "../../assembly/abi/rtnetlink.js";
import { NetlinkError, type Socket } from "../../host/kernel/kernel.js";
import { delRoute, dumpRequest, getRoute, newRoute, type RouteFields } from "./routes.js";

export type Family = AF.INET | AF.INET6;

export interface Prefix {
  /** Left-aligned in the family's width. */
  readonly address: bigint;
  readonly length: number;
}

/** Bits of an address. */
export function widthOf(family: Family): number {
  return family === AF.INET ? 32 : 128;
}

/** Clears what lies beyond the length. */
export function masked(family: Family, { address, length }: Prefix): Prefix {
  const host = BigInt(widthOf(family) - length);
  return { address: (address >> host) << host, length };
}

/** Ascending keys are the order of a dump: by address, the longer mask first at one address. */
export function keyOf(family: Family, { address, length }: Prefix): bigint {
  return (address << 8n) | BigInt(widthOf(family) - length);
}

export function prefixOf(family: Family, key: bigint): Prefix {
  return { address: key >> 8n, length: widthOf(family) - Number(key & 0xffn) };
}

export function bytesOf(family: Family, address: bigint): Uint8Array {
  const size = widthOf(family) / 8;
  return Uint8Array.from({ length: size }, (_, i) => Number((address >> BigInt(8 * (size - 1 - i))) & 0xffn));
}

/** What a request asks for; `gateway` is the last byte of the gateway's address. */
export interface Change {
  readonly command: "add" | "replace" | "set" | "delete";
  readonly prefix: Prefix;
  readonly gateway: number;
}

/** Flags of a command's request, without ACK. */
const FLAGS = {
  add: NLM_F.REQUEST | NLM_F.CREATE | NLM_F.EXCL,
  replace: NLM_F.REQUEST | NLM_F.REPLACE,
  set: NLM_F.REQUEST | NLM_F.CREATE | NLM_F.REPLACE,
  delete: NLM_F.REQUEST,
} as const;

export class TableModel {
  /** By the key as text: engines hash only the low 64 bits of a bigint, which many IPv6 prefixes share. */
  readonly #routes = new Map<string, Shown>();

  constructor(readonly family: Family) {}

  get size(): number {
    return this.#routes.size;
  }

  /** The gateway of the route with a key, if there is one. */
  gatewayOf(key: bigint): number | undefined {
    return this.#routes.get(key.toString(16))?.gateway;
  }

  has(key: bigint): boolean {
    return this.#routes.has(key.toString(16));
  }

  /** The place of a prefix in this table. */
  keyOf(prefix: Prefix): bigint {
    return keyOf(this.family, prefix);
  }

  /** Carries a change out and gives the errno of its ack. */
  apply({ command, prefix, gateway }: Change): Errno {
    const key = keyOf(this.family, masked(this.family, prefix));
    const isThere = this.has(key);
    if (command === "add" && isThere) return Errno.EEXIST;
    if ((command === "replace" || command === "delete") && !isThere) return Errno.ESRCH;
    if (command === "delete") this.#routes.delete(key.toString(16));
    else this.#routes.set(key.toString(16), { key, gateway });
    return Errno.OK;
  }

  /** The key of the longest prefix that holds an address. */
  longest(address: bigint): bigint | undefined {
    for (let length = widthOf(this.family); length >= 0; length--) {
      const key = keyOf(this.family, masked(this.family, { address, length }));
      if (this.has(key)) return key;
    }
    return undefined;
  }

  /** What a dump must show. */
  shown(): Shown[] {
    return [...this.#routes.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}

/** A route as a dump shows it. */
export interface Shown {
  readonly key: bigint;
  /** Last byte of the gateway, -1 for none. */
  readonly gateway: number;
}

const HEADERS = 28;
const GATEWAYS = { [AF.INET]: "192.0.2.0", [AF.INET6]: "2001:db8::" } as const;
const DEFAULTS = { [AF.INET]: "0.0.0.0/0", [AF.INET6]: "::/0" } as const;
const SEND_BYTES = 60_000;

/** Requests of one family for one fib and one interface, in one kept buffer. */
export class Requests {
  readonly #family: Family;
  readonly #add: Uint8Array;
  readonly #remove: Uint8Array;
  /** Offset of the last byte of the gateway in a request that adds. */
  readonly #gateway: number;
  readonly #bytes = new Uint8Array(SEND_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #end = 0;

  constructor(family: Family, fields: RouteFields) {
    this.#family = family;
    this.#add = newRoute(DEFAULTS[family], { ...fields, gateway: GATEWAYS[family] }, "q");
    this.#remove = delRoute(DEFAULTS[family], fields.table === undefined ? {} : { table: fields.table }, "q");
    const size = widthOf(family) / 8;
    this.#gateway = gatewayAt(this.#add, HEADERS + 4 + size) + size - 1;
  }

  /** Whether another request may not go into the same send. */
  get isFull(): boolean {
    return this.#end + this.#add.length > SEND_BYTES;
  }

  push({ command, prefix, gateway }: Change, seq: number, asksAck: boolean): void {
    const at = this.#end;
    const template = command === "delete" ? this.#remove : this.#add;
    this.#bytes.set(template, at);
    this.#view.setUint16(at + 6, FLAGS[command] | (asksAck ? NLM_F.ACK : 0), true);
    this.#view.setUint32(at + 8, seq, true);
    this.#bytes[at + 17] = prefix.length;
    if (this.#family === AF.INET) {
      this.#view.setUint32(at + HEADERS + 4, Number(prefix.address));
    } else {
      this.#view.setBigUint64(at + HEADERS + 4, prefix.address >> 64n);
      this.#view.setBigUint64(at + HEADERS + 12, BigInt.asUintN(64, prefix.address));
    }
    if (command !== "delete") this.#bytes[at + this.#gateway] = gateway;
    this.#end += template.length;
  }

  /** All requests so far, for one send; valid until the next push. */
  take(): Uint8Array {
    const end = this.#end;
    this.#end = 0;
    return this.#bytes.subarray(0, end);
  }
}

/** Offset of the payload of RTA_GATEWAY among the attributes from `at` on; 0 when there is none. */
function gatewayAt(message: Uint8Array, start: number): number {
  for (let at = start; at < message.length; ) {
    const length = (message[at] ?? 0) | ((message[at + 1] ?? 0) << 8);
    if (message[at + 2] === RTA.GATEWAY) return at + 4;
    at += (length + 3) & ~3;
  }
  return 0;
}

/** Sends changes, as many a send as fit, and gives the errnos of their acks by order. */
export function perform(socket: Socket, requests: Requests, changes: readonly Change[]): number[] {
  const errnos = new Array<number>(changes.length).fill(-1);
  const send = (): void => {
    socket.send(requests.take());
    eachMessage(socket, (bytes, at) => {
      const view = new DataView(bytes.buffer, at);
      if (view.getUint16(4, true) === NLMSG.ERROR) errnos[view.getUint32(8, true)] = view.getInt32(16, true);
    });
  };
  changes.forEach((change, seq) => {
    if (requests.isFull) send();
    requests.push(change, seq, true);
  });
  send();
  return errnos;
}

/** As perform, for changes that must all succeed; asks for no acks. @throws Error for the first that does not */
export function performAll(socket: Socket, requests: Requests, changes: readonly Change[]): void {
  const send = (): void => {
    socket.send(requests.take());
    eachMessage(socket, (bytes, at) => {
      const view = new DataView(bytes.buffer, at);
      if (view.getUint16(4, true) === NLMSG.ERROR && view.getInt32(16, true) !== 0) {
        throw new Error(`change ${view.getUint32(8, true)}: errno ${view.getInt32(16, true)}`);
      }
    });
  };
  changes.forEach((change, seq) => {
    if (requests.isFull) send();
    requests.push(change, seq, false);
  });
  if (changes.length > 0) send();
}

const window = new Uint8Array(1 << 18);

/** Reads until nothing is queued; calls `visit` with the buffer and the offset of each message. */
export function eachMessage(socket: Socket, visit: (bytes: Uint8Array, at: number) => void): void {
  const view = new DataView(window.buffer);
  while (true) {
    let length = 0;
    try {
      length = socket.recv(window);
    } catch (error) {
      if (error instanceof NetlinkError && error.errno === Errno.EAGAIN) return;
      throw error;
    }
    for (let at = 0; at < length; at += view.getUint32(at, true)) visit(window, at);
  }
}

/** The route that a message at `at` shows. */
export function readShown(family: Family, bytes: Uint8Array, at: number): Shown {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  // RTA_TABLE comes first, so the payload of RTA_DST is always here, and a gateway, if there is one, behind it.
  const destination = HEADERS + 12;
  const size = widthOf(family) / 8;
  const address =
    family === AF.INET
      ? BigInt(view.getUint32(destination))
      : (view.getBigUint64(destination) << 64n) | view.getBigUint64(destination + 8);
  const next = destination + size;
  const hasGateway = view.getUint16(next + 2, true) === RTA.GATEWAY;
  return {
    key: keyOf(family, { address, length: view.getUint8(17) }),
    gateway: hasGateway ? view.getUint8(next + 4 + size - 1) : -1,
  };
}

/** Dumps a fib as the model shows it. */
export function dumpShown(socket: Socket, family: Family, table: number): Shown[] {
  socket.send(dumpRequest(family, { table }));
  const shown: Shown[] = [];
  eachMessage(socket, (bytes, at) => {
    if (bytes[at + 4] === RTM.NEWROUTE) shown.push(readShown(family, bytes, at));
  });
  return shown;
}

/** Asks for the route of an address, or with a prefix for exactly that; undefined for ESRCH. */
export function lookUp(socket: Socket, family: Family, prefix: Prefix, fields: RouteFields): bigint | undefined {
  const request = getRoute(DEFAULTS[family], fields, "q");
  request[17] = prefix.length;
  request.set(bytesOf(family, prefix.address), HEADERS + 4);
  socket.send(request);
  let found: bigint | undefined;
  eachMessage(socket, (bytes, at) => {
    if (bytes[at + 4] === RTM.NEWROUTE) found = readShown(family, bytes, at).key;
    else if (bytes[at + 16] !== Errno.ESRCH) throw new Error(`errno ${bytes[at + 16]}`);
  });
  return found;
}
