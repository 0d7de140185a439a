// What a client knows that began with a dump and hears of every change: applied to its own tables, the notifications must
// give what a fresh dump gives. A table that the kernel changed in silence is read anew.

import { RTM } from "../../assembly/abi/rtnetlink.js";
import type { Socket, Vnet } from "../../host/kernel/kernel.js";
import { GROUPS } from "../rows/story.js";
import { monitor } from "../support/setups.js";
import { drain } from "./reading.js";
import { dumpTable, lineOf, TABLES, type Table } from "./tables.js";

/** Notifications that take an object away. */
const DEPARTURES: readonly number[] = [RTM.DELLINK, RTM.DELADDR, RTM.DELNEIGH, RTM.DELROUTE, RTM.DELNEXTHOP];

export class Replica {
  readonly #member: Socket;
  readonly #reader: Socket;
  readonly #tables = new Map<Table, Map<string, string>>();

  /** @param reader - a socket without groups, which dumps are read by */
  constructor(vnet: Vnet, reader: Socket) {
    this.#member = monitor(vnet, ...GROUPS);
    this.#reader = reader;
    for (const table of TABLES) this.#read(table);
  }

  #read(table: Table): void {
    this.#tables.set(table, new Map(dumpTable(this.#reader, table).map(({ key, text }) => [key, text])));
  }

  /** Takes in what was told. @param silent - tables that also changed without a word */
  follow(silent: Iterable<Table>): void {
    for (const seen of drain(this.#member)) {
      const line = lineOf(seen);
      if (line === undefined) throw new Error(`a notification of type ${seen.type}`);
      const table = this.#tables.get(line.table);
      if (DEPARTURES.includes(seen.type)) table?.delete(line.key);
      else table?.set(line.key, line.text);
    }
    for (const table of silent) this.#read(table);
  }

  /** The lines of a table, sorted. */
  lines(table: Table): string[] {
    return [...(this.#tables.get(table)?.values() ?? [])].sort();
  }

  close(): void {
    this.#member.close();
  }
}
