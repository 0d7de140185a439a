// All routes, or those of some tables: RTM_GETROUTE with NLM_F_DUMP (linux-compat E3.3, E3.5, E7.1). Linux goes through the
// tables of IPv4, then those of IPv6, and ends with one NLMSG_DONE.

import { AF } from "../../assembly/abi/inet.js";
import { HeaderSize, RTM, RtMsg } from "../../assembly/abi/rtnetlink.js";
import {
  type DumpSource,
  type KernelDump,
  type KernelDumpState,
  kernelDump,
  listSource,
  type ReplyHeader,
  refusedSource,
  type SourceState,
  sequence,
} from "./dump.js";
import { LinuxErrno } from "./errno.js";
import { LinuxAF } from "./family.js";
import { localRoutes } from "./localtable.js";
import type { MessageWriter } from "./messagewriter.js";
import { writeOwnRoute } from "./ownroute.js";
import { Refusal } from "./refusal.js";
import { type Request, refusalOf } from "./request.js";
import {
  isForNothing,
  isNarrowed,
  plainSelection,
  type RouteFilter,
  type RouteSelection,
  selectsOwn,
  strictSelection,
} from "./routefilter.js";
import { refreshNotes } from "./routelookup.js";
import { RouteTranslator } from "./routetranslate.js";
import { fibOf, LinuxTable, routesRequest, tablesOf } from "./tables.js";
import type { LinuxVnet } from "./vnet.js";

/** Families that have routes on Linux and none here. */
const EMPTY_FAMILIES: ReadonlySet<number> = new Set([LinuxAF.MPLS, LinuxAF.IPMR, LinuxAF.IP6MR]);

/** @throws Refusal */
export function dumpRoutes(request: Request): void {
  const { message, vnet, requester } = request;
  const family = message.header8(RtMsg.FAMILY);
  message.index(HeaderSize.RTMSG);
  const selection = requester.isStrict ? strictSelection(vnet, message) : plainSelection(message);
  const options = { isFiltered: requester.isStrict, doneIsPlain: !isNarrowed(selection) };
  if (EMPTY_FAMILIES.has(family) || isForNothing(selection)) {
    request.dump(listSource([]), options);
    return;
  }
  refreshNotes(vnet);
  const families = familiesOf(family);
  if (selection.table !== LinuxTable.UNSPEC) {
    request.dump(sequence(families.map((each) => tableSource(vnet, selection, each, families.length > 1))), options);
    return;
  }
  const sources = families.flatMap((each) => tablesOf(vnet).map((table) => sourceOf(vnet, table, each, selection)));
  request.dump(sequence(sources), options);
}

/** FreeBSD's families of a request: one that is not known stands for all. */
function familiesOf(family: number): readonly number[] {
  if (family === LinuxAF.INET) return [AF.INET];
  return family === LinuxAF.INET6 ? [AF.INET6] : [AF.INET, AF.INET6];
}

/** The one table asked for. A table that is not there ends the dump with an error, but not one of all families. */
function tableSource(vnet: LinuxVnet, selection: RouteSelection, family: number, isOneOfAll: boolean): DumpSource {
  const { table } = selection;
  const isEmpty = table === LinuxTable.DEFAULT || isOneOfAll;
  const isThere = table === LinuxTable.LOCAL || fibOf(vnet, table) !== undefined;
  if (isThere || isEmpty) return sourceOf(vnet, table, family, selection);
  return refusedSource(new Refusal(LinuxErrno.ENOENT, missingTable(family)));
}

/** What Linux says of a table that is not there. @param family - FreeBSD's */
export function missingTable(family: number): string {
  return `${family === AF.INET ? "ipv4" : "ipv6"}: FIB table does not exist`;
}

function sourceOf(vnet: LinuxVnet, table: number, family: number, { filter }: RouteSelection): DumpSource {
  if (table === LinuxTable.LOCAL) {
    const routes = localRoutes(vnet, family).filter((route) => filter === undefined || selectsOwn(filter, route));
    return listSource(routes.map((route) => (writer, header) => writeOwnRoute(route, RTM.NEWROUTE, writer, header)));
  }
  const fib = fibOf(vnet, table);
  if (fib === undefined) return listSource([]);
  const dump = new RouteDump(vnet, { fib, family, filter });
  // Each dump is one state of its table. Main's is that of the request; the others, of which there can be thousands, begin
  // when they are reached.
  if (fib === 0) dump.begin();
  return dump;
}

/** Which routes of which table. */
interface RouteTable {
  readonly fib: number;
  /** FreeBSD's. */
  readonly family: number;
  readonly filter: RouteFilter | undefined;
}

export interface RouteDumpState extends SourceState {
  readonly table: RouteTable;
  readonly isClosed: boolean;
  /** Undefined before it begins. */
  readonly dump: KernelDumpState | undefined;
}

/** A table of the kernel's. */
export class RouteDump implements DumpSource {
  readonly #vnet: LinuxVnet;
  readonly #table: RouteTable;
  readonly #translator: RouteTranslator;
  #dump: KernelDump | undefined;
  #isClosed = false;

  constructor(vnet: LinuxVnet, table: RouteTable) {
    this.#vnet = vnet;
    this.#table = table;
    this.#translator = new RouteTranslator(vnet, table.fib, table.family, table.filter);
  }

  /** Asks the kernel, if it was not asked yet. */
  begin(): KernelDump {
    const { fib, family } = this.#table;
    this.#dump ??= this.#dumpOf(routesRequest(fib, family));
    return this.#dump;
  }

  #dumpOf(from: Uint8Array | KernelDumpState): KernelDump {
    return kernelDump(this.#vnet.channels, from, {
      translate: (message, writer, header) => this.#translator.translate(message, writer, header),
      failed: (errno) => refusalOf({ errno }),
    });
  }

  next(writer: MessageWriter, header: ReplyHeader, limit: number): boolean {
    if (this.#isClosed) return false;
    this.#translator.refresh();
    return this.begin().next(writer, header, limit);
  }

  close(): void {
    this.#isClosed = true;
    this.#dump?.close();
  }

  before(): Uint8Array | undefined {
    return this.#dump?.before?.();
  }

  get requests(): readonly Uint8Array[] {
    return this.#dump?.requests ?? [];
  }

  save(): RouteDumpState {
    return { source: "routes", table: this.#table, isClosed: this.#isClosed, dump: this.#dump?.save() };
  }

  static load(vnet: LinuxVnet, { table, isClosed, dump }: RouteDumpState): RouteDump {
    const loaded = new RouteDump(vnet, table);
    loaded.#dump = dump && loaded.#dumpOf(dump);
    loaded.#isClosed = isClosed;
    return loaded;
  }
}
