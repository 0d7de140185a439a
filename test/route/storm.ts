// What tests of dumps share: a table with places between its routes, reads of any size, and changes at random.

import { expect } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import type { Socket } from "../../host/kernel/kernel.js";
import { Random } from "../../host/table/random.js";
import { codeOf, concat } from "../support/messages.js";
import { type Family, type Prefix, Requests, widthOf } from "./model.js";

/** The interface of every gateway. */
const EM0 = 2;
const READ_BYTES = 1 << 20;

/** The n-th prefix of a family: /32s and /128s, every fourth with a shorter mask at the same address beside it. */
export function prefixAt(family: Family, n: number): Prefix {
  const width = widthOf(family);
  const address = BigInt(n >> 2) << 10n;
  const base = family === AF.INET ? 0x0a000000n : 0x20010db9n << 96n;
  const inner = BigInt(n & 3);
  return n % 4 === 3
    ? { address: base + address, length: width - 10 }
    : { address: base + address + inner, length: width };
}

export function prefixesOf(family: Family, from: number, to: number): Prefix[] {
  return Array.from({ length: to - from }, (_, i) => prefixAt(family, from + i));
}

/** Reads once. @returns undefined when nothing is queued */
export function read(socket: Socket, room: number): Uint8Array | undefined {
  const into = new Uint8Array(room);
  let length = 0;
  const code = codeOf(() => {
    length = socket.recv(into);
  });
  if (code === "EAGAIN") return undefined;
  if (code !== undefined) throw new Error(code);
  return into.slice(0, length);
}

/** Reads all of it. */
export function readAll(socket: Socket, room = READ_BYTES): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let part = read(socket, room); part !== undefined; part = read(socket, room)) parts.push(part);
  return concat(...parts);
}

/** Equality of large buffers, without a difference of megabytes in the report. */
export function expectEqual(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length);
  expect(actual.findIndex((byte, i) => byte !== expected[i])).toBe(-1);
}

/**
 * Changes a family at random: adds new prefixes between the old ones, replaces, with another length of the message
 * too, and deletes. What fails because it is there or not there is of no account.
 */
export class Storm {
  readonly #random: Random;
  readonly #requests: Requests[];
  changes = 0;

  constructor(
    readonly writer: Socket,
    readonly family: Family,
    readonly most: number,
    seed: number,
  ) {
    this.#random = new Random(seed);
    const fields = [{}, { mtu: 1400 }, { weight: 7 }, { mtu: 1300, weight: 9, protocol: 186 }];
    this.#requests = fields.map((each) => new Requests(family, { oif: EM0, ...each }));
  }

  /** @param count - changes in one send */
  blow(count: number): void {
    const requests = this.#requests[this.#random.below(this.#requests.length)] as Requests;
    for (let n = 0; n < count; n++) {
      const command = (["add", "set", "set", "delete", "delete"] as const)[this.#random.below(5)] ?? "set";
      // One in three is a prefix that was not there: a longer one inside, or a neighbour.
      const known = prefixAt(this.family, this.#random.below(this.most));
      const isNew = this.#random.below(3) === 0;
      const prefix = isNew
        ? { address: known.address | 8n, length: widthOf(this.family) - this.#random.below(3) }
        : known;
      requests.push({ command, prefix, gateway: 2 + this.#random.below(60) }, n, false);
    }
    this.writer.send(requests.take());
    readAll(this.writer, 1 << 16);
    this.changes += count;
  }
}
