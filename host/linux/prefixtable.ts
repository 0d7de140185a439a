// A value for each of some prefixes of one family in one fib. IPv4 addresses are looked up as 32-bit numbers, so that a dump
// that asks for each of its routes makes nothing.

import { AF } from "../../assembly/abi/inet.js";

/** A place in the kernel's tables. */
export interface Prefix {
  readonly fib: number;
  /** FreeBSD's. */
  readonly family: number;
  /** Prefix length. */
  readonly bits: number;
  /** Network order, 4 or 16 bytes, without host bits. */
  readonly address: Uint8Array;
}

/** A table as a list: the length of each prefix, its address, and what it has. */
export type PrefixTableState<T> = readonly (readonly [bits: number, address: Uint8Array, value: T])[];

export class PrefixTable<T> {
  readonly family: number;
  /** By prefix length, then address. */
  readonly #lengths: (Map<number | string, T> | undefined)[] = [];
  #size = 0;

  constructor(family: number) {
    this.family = family;
  }

  save(): PrefixTableState<T> {
    return this.#lengths.flatMap((addresses, bits) =>
      [...(addresses ?? [])].map(([key, value]) => [bits, addressOf(key), value] as const),
    );
  }

  static load<T>(family: number, state: PrefixTableState<T>): PrefixTable<T> {
    const table = new PrefixTable<T>(family);
    for (const [bits, address, value] of state) table.set(bits, address, 0, value);
    return table;
  }

  get size(): number {
    return this.#size;
  }

  /** @param at - where in the bytes the address begins */
  get(bits: number, bytes: Uint8Array, at: number): T | undefined {
    const addresses = this.#lengths[bits];
    return addresses === undefined ? undefined : addresses.get(keyOf(this.family, bytes, at));
  }

  set(bits: number, bytes: Uint8Array, at: number, value: T): void {
    let addresses = this.#lengths[bits];
    if (addresses === undefined) {
      addresses = new Map();
      this.#lengths[bits] = addresses;
    }
    const before = addresses.size;
    addresses.set(keyOf(this.family, bytes, at), value);
    this.#size += addresses.size - before;
  }

  delete(bits: number, bytes: Uint8Array, at: number): void {
    if (this.#lengths[bits]?.delete(keyOf(this.family, bytes, at))) this.#size--;
  }
}

/** IPv4: the address as a signed number, which needs no memory. IPv6: its eight groups as a string. */
function keyOf(family: number, bytes: Uint8Array, at: number): number | string {
  if (family === AF.INET) return word(bytes, at);
  return String.fromCharCode(
    group(bytes, at),
    group(bytes, at + 2),
    group(bytes, at + 4),
    group(bytes, at + 6),
    group(bytes, at + 8),
    group(bytes, at + 10),
    group(bytes, at + 12),
    group(bytes, at + 14),
  );
}

/** The reverse of keyOf. */
function addressOf(key: number | string): Uint8Array {
  if (typeof key === "number") return Uint8Array.of(key >>> 24, key >>> 16, key >>> 8, key);
  return Uint8Array.from({ length: 2 * key.length }, (_, i) => key.charCodeAt(i >> 1) >> (i % 2 === 0 ? 8 : 0));
}

function group(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function word(bytes: Uint8Array, at: number): number {
  return (group(bytes, at) << 16) | group(bytes, at + 2);
}
