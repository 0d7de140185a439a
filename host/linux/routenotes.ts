// What Linux programs said of routes that the kernel has no place for, by table and prefix (linux-compat E7).

import { type Prefix, PrefixTable, type PrefixTableState } from "./prefixtable.js";

/** Of a path, which its gateway tells from others. */
export interface PathNote {
  /** As in the message: 4 or 16 bytes. */
  readonly gateway: Uint8Array;
  /** RTNH_F bits: ONLINK. */
  readonly flags: number;
  /** RTA_FLOW, 0 for none. */
  readonly flow: number;
}

/** Of a route. What was not said is 0 or undefined, and then is as the kernel has it. Never changed once made: routes share it. */
export interface RouteNote {
  /** RTA_PRIORITY. */
  readonly priority: number;
  readonly protocol: number;
  /** RTN. */
  readonly type: number;
  readonly prefsrc: Uint8Array | undefined;
  /** RTA_PREF. */
  readonly pref: number;
  /** Attributes of RTA_METRICS that the kernel does not show, ascending. */
  readonly metrics: Uint8Array | undefined;
  /** RTA_FLOW of a route without gateway. */
  readonly flow: number;
  /** Those of which there is something to say. */
  readonly paths: readonly PathNote[];
  /** RTA_NH_ID of a nexthop that the kernel knows nothing of, 0 for none. */
  readonly nexthop: number;
  /** Its paths were appended one by one: on Linux they are routes of their own. */
  readonly isAppended: boolean;
}

/** Nothing noted. */
export const NO_NOTE: RouteNote = {
  priority: 0,
  protocol: 0,
  type: 0,
  prefsrc: undefined,
  pref: 0,
  metrics: undefined,
  flow: 0,
  paths: [],
  nexthop: 0,
  isAppended: false,
};

/** The notes of one family in one fib, and which. */
export interface RouteNotesState {
  readonly fib: number;
  readonly family: number;
  readonly notes: PrefixTableState<RouteNote>;
}

export class RouteNotes {
  /** By fib and family. */
  readonly #tables = new Map<number, PrefixTable<RouteNote>>();
  /** The note set last: a program says the same of many routes, and one note does for them. */
  #last: RouteNote = NO_NOTE;

  save(): RouteNotesState[] {
    return [...this.tables()].map(({ fib, family }) => ({ fib, family, notes: this.table(fib, family)?.save() ?? [] }));
  }

  load(states: readonly RouteNotesState[]): void {
    this.#tables.clear();
    for (const { fib, family, notes } of states) this.replace(fib, PrefixTable.load(family, notes));
  }

  /** Those of one family in one fib; undefined when there are none. */
  table(fib: number, family: number): PrefixTable<RouteNote> | undefined {
    return this.#tables.get(keyOf(fib, family));
  }

  /** Fibs and families with notes. */
  *tables(): IterableIterator<{ readonly fib: number; readonly family: number }> {
    for (const [key, { family }] of this.#tables) yield { fib: Math.floor(key / FAMILIES), family };
  }

  get({ fib, family, bits, address }: Prefix): RouteNote {
    return this.table(fib, family)?.get(bits, address, 0) ?? NO_NOTE;
  }

  /** A note that says nothing is none. */
  set({ fib, family, bits, address }: Prefix, note: RouteNote): void {
    if (isSame(note, NO_NOTE)) {
      this.delete({ fib, family, bits, address });
      return;
    }
    if (!isSame(note, this.#last)) this.#last = note;
    const key = keyOf(fib, family);
    let table = this.#tables.get(key);
    if (table === undefined) {
      table = new PrefixTable(family);
      this.#tables.set(key, table);
    }
    table.set(bits, address, 0, this.#last);
  }

  delete({ fib, family, bits, address }: Prefix): void {
    const table = this.table(fib, family);
    table?.delete(bits, address, 0);
    if (table?.size === 0) this.#tables.delete(keyOf(fib, family));
  }

  /** Replaces those of one family in one fib. */
  replace(fib: number, table: PrefixTable<RouteNote>): void {
    const key = keyOf(fib, table.family);
    if (table.size === 0) this.#tables.delete(key);
    else this.#tables.set(key, table);
  }
}

const FAMILIES = 256;

function keyOf(fib: number, family: number): number {
  return fib * FAMILIES + family;
}

function isSame(left: RouteNote, right: RouteNote): boolean {
  return (
    left.priority === right.priority &&
    left.protocol === right.protocol &&
    left.type === right.type &&
    left.pref === right.pref &&
    left.flow === right.flow &&
    left.nexthop === right.nexthop &&
    left.isAppended === right.isAppended &&
    sameBytes(left.prefsrc, right.prefsrc) &&
    sameBytes(left.metrics, right.metrics) &&
    left.paths.length === right.paths.length &&
    left.paths.every((path, i) => isSamePath(path, right.paths[i] as PathNote))
  );
}

function isSamePath(left: PathNote, right: PathNote): boolean {
  return left.flags === right.flags && left.flow === right.flow && sameBytes(left.gateway, right.gateway);
}

/** Whether both are there with the same bytes, or neither is. */
export function sameBytes(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}
