// A made-up IPv4 table of any size in which half of the routes lie inside another one. The real table is a partition
// (no prefix inside another) and so finds no mistake of nesting, of order at one address or of longest match.
import { AF } from "../../assembly/abi/inet.js";
import { GATEWAYS } from "./gateways.js";
import { Random } from "./random.js";
import type { InetTable } from "./table.js";

export interface SyntheticOptions {
  /** Routes to make, 1..SYNTHETIC_ROUTES_MAX. */
  readonly routes: number;
  /** The same seed gives the same table. */
  readonly seed: number;
}

/** More do not fit the space below at a size that leaves room for nested ones. */
export const SYNTHETIC_ROUTES_MAX = 20_000_000;

/** The space that is divided: 1.0.0.0/8 to 223.0.0.0/8 without 127/8 and 192/8, which hold the kernel's own routes. */
const SPACE = 221 * 2 ** 24;
/** Host bits of an outer prefix: at least 8 addresses, so that there is room inside, and at most a /8. */
const OUTER_BITS_MIN = 3;
const OUTER_BITS_MAX = 24;

/**
 * Makes a table in walk order. The space is cut into equal parts; each part gets one outer prefix of its own, and a
 * pair of parts gets two prefixes inside: both in one, or one in each.
 * @throws RangeError when `routes` is out of range
 */
export function syntheticTable({ routes, seed }: SyntheticOptions): InetTable {
  if (!Number.isInteger(routes) || routes < 1 || routes > SYNTHETIC_ROUTES_MAX) {
    throw new RangeError(`${routes} synthetic routes: expected 1 to ${SYNTHETIC_ROUTES_MAX}`);
  }
  const random = new Random(seed);
  const writer = new Writer(routes, random);
  const outers = Math.ceil(routes / 2);
  const part = SPACE / outers;
  const bitsMax = Math.min(OUTER_BITS_MAX, Math.floor(Math.log2(part)) - 1);
  let nestedLeft = routes - outers;
  let nestedOfNext = 1;
  for (let outer = 0; outer < outers; outer++) {
    if (outer % 2 === 0) nestedOfNext = random.below(3);
    const nested = Math.min(nestedLeft, outer === outers - 1 ? 2 : nestedOfNext);
    nestedOfNext = 2 - nestedOfNext;
    nestedLeft -= nested;
    const bits = Math.max(OUTER_BITS_MIN, bitsMax - random.below(5));
    const first = alignedIn(outer * part, part, bits, random);
    writer.family(toAddress(first), bits, nested);
  }
  return writer.table();
}

/** A random block of 2^bits places that lies wholly in the part; the part is at least twice that long. */
function alignedIn(start: number, length: number, bits: number, random: Random): number {
  const size = 2 ** bits;
  const lowest = Math.ceil(start / size);
  const highest = Math.floor((start + length) / size) - 1;
  return (lowest + random.below(highest - lowest + 1)) * size;
}

/** A place of the space as an address. The holes begin and end at /8s, so aligned blocks stay aligned and whole. */
function toAddress(place: number): number {
  let address = place + 2 ** 24;
  if (address >= 127 * 2 ** 24) address += 2 ** 24;
  if (address >= 192 * 2 ** 24) address += 2 ** 24;
  return address;
}

/** Fills the columns, one outer prefix and those inside it at a time. */
class Writer {
  readonly #addresses: Uint32Array;
  readonly #lengths: Uint8Array;
  readonly #gateways: Uint16Array;
  readonly #random: Random;
  #count = 0;

  constructor(routes: number, random: Random) {
    this.#addresses = new Uint32Array(routes);
    this.#lengths = new Uint8Array(routes);
    this.#gateways = new Uint16Array(routes);
    this.#random = random;
  }

  /** Writes an outer prefix of 2^bits addresses with 0 to 2 prefixes inside it, in walk order. */
  family(address: number, bits: number, nested: number): void {
    const entries = [walkKey(address, bits)];
    while (entries.length <= nested) {
      const inner = this.#inside(address, bits);
      if (!entries.includes(inner)) entries.push(inner);
    }
    entries.sort((a, b) => a - b);
    for (const key of entries) this.#write(key);
  }

  /** A prefix longer than the outer one and inside it; one in four begins at the same address. */
  #inside(address: number, outerBits: number): number {
    const bits = this.#random.below(outerBits);
    const blocks = 2 ** (outerBits - bits);
    const block = this.#random.below(4) === 0 ? 0 : this.#random.below(blocks);
    return walkKey(address + block * 2 ** bits, bits);
  }

  #write(key: number): void {
    this.#addresses[this.#count] = Math.floor(key / 64);
    this.#lengths[this.#count] = 32 - (key % 64);
    this.#gateways[this.#count] = this.#random.below(GATEWAYS);
    this.#count++;
  }

  table(): InetTable {
    return {
      family: AF.INET,
      count: this.#count,
      addresses: this.#addresses,
      lengths: this.#lengths,
      gateways: this.#gateways,
      duplicates: [],
    };
  }
}

/** Ascending keys are the walk order: address << 6 | host bits. Below 2^38, so exact in a double. */
function walkKey(address: number, bits: number): number {
  return address * 64 + bits;
}
