// Builds a table from prefixes that come one by one. The finished table is in the order in which a kernel walks its
// routes: ascending addresses, at one address the longest prefix first (sys/net/radix.c, rn_walktree), each once.
import { AF } from "../../assembly/abi/inet.js";
import { type Inet6Table, type InetTable, prefixText, reordered, type Table } from "./table.js";

/** Columns of a family that grow by doubling. */
class Columns<Addresses extends Uint32Array | BigUint64Array> {
  count = 0;
  addresses: Addresses;
  lengths = new Uint8Array(1024);
  gateways = new Uint16Array(1024);
  readonly #grow: (from: Addresses) => Addresses;

  constructor(addresses: Addresses, grow: (from: Addresses) => Addresses) {
    this.addresses = addresses;
    this.#grow = grow;
  }

  /** Appends the narrow columns and returns the place for the address. */
  append(length: number, gateway: number): number {
    if (this.count === this.lengths.length) {
      this.addresses = this.#grow(this.addresses);
      this.lengths = doubled(this.lengths, new Uint8Array(2 * this.count));
      this.gateways = doubled(this.gateways, new Uint16Array(2 * this.count));
    }
    this.lengths[this.count] = length;
    this.gateways[this.count] = gateway;
    return this.count++;
  }
}

function doubled<Column extends { set(from: Column): void }>(from: Column, into: Column): Column {
  into.set(from);
  return into;
}

export class InetTableBuilder {
  readonly #columns = new Columns(new Uint32Array(1024), (from) => doubled(from, new Uint32Array(2 * from.length)));

  /** Prefixes so far, duplicates counted. */
  get count(): number {
    return this.#columns.count;
  }

  /** @param address - host byte order, no bit set behind `length` */
  add(address: number, length: number, gateway: number): void {
    const route = this.#columns.append(length, gateway);
    this.#columns.addresses[route] = address;
  }

  finish(): InetTable {
    const { count, addresses, lengths, gateways } = this.#columns;
    const table: InetTable = {
      family: AF.INET,
      count,
      addresses: addresses.slice(0, count),
      lengths: lengths.slice(0, count),
      gateways: gateways.slice(0, count),
      duplicates: [],
    };
    const compare = (a: number, b: number): number =>
      (table.addresses[a] ?? 0) - (table.addresses[b] ?? 0) || (table.lengths[b] ?? 0) - (table.lengths[a] ?? 0);
    return inWalkOrder(table, compare) as InetTable;
  }
}

export class Inet6TableBuilder {
  readonly #columns = new Columns(new BigUint64Array(2048), (from) =>
    doubled(from, new BigUint64Array(2 * from.length)),
  );

  /** Prefixes so far, duplicates counted. */
  get count(): number {
    return this.#columns.count;
  }

  /** @param high - upper 64 bits of the address; `low` the lower ones; no bit set behind `length` */
  add(high: bigint, low: bigint, length: number, gateway: number): void {
    const route = this.#columns.append(length, gateway);
    this.#columns.addresses[2 * route] = high;
    this.#columns.addresses[2 * route + 1] = low;
  }

  finish(): Inet6Table {
    const { count, addresses, lengths, gateways } = this.#columns;
    const table: Inet6Table = {
      family: AF.INET6,
      count,
      addresses: addresses.slice(0, 2 * count),
      lengths: lengths.slice(0, count),
      gateways: gateways.slice(0, count),
      duplicates: [],
    };
    const half = (place: number): bigint => table.addresses[place] ?? 0n;
    const compare = (a: number, b: number): number =>
      order(half(2 * a), half(2 * b)) ||
      order(half(2 * a + 1), half(2 * b + 1)) ||
      (table.lengths[b] ?? 0) - (table.lengths[a] ?? 0);
    return inWalkOrder(table, compare) as Inet6Table;
  }
}

function order(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Sorts where the source was not in order (it nearly always is), and keeps the first of equal prefixes. */
function inWalkOrder(table: Table, compare: (a: number, b: number) => number): Table {
  let sorted = true;
  let distinct = true;
  for (let route = 1; route < table.count && sorted; route++) {
    const difference = compare(route - 1, route);
    if (difference > 0) sorted = false;
    if (difference === 0) distinct = false;
  }
  if (sorted && distinct) return table;
  const all = Uint32Array.from({ length: table.count }, (_, route) => route);
  if (!sorted) all.sort((a, b) => compare(a, b) || a - b);
  const kept = all.filter((route, place) => place === 0 || compare(all[place - 1] ?? 0, route) !== 0);
  const repeated = all.filter((route, place) => place > 0 && compare(all[place - 1] ?? 0, route) === 0);
  const duplicates = Array.from(repeated, (route) => prefixText(table, route));
  return { ...subset(table, kept), duplicates };
}

/** The routes that `kept` names, in its order. */
function subset(table: Table, kept: Uint32Array): Table {
  return reordered({ ...table, count: kept.length } as Table, kept);
}
