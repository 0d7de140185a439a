// Linux's table ids and FreeBSD's fibs (linux-compat E7.1): 254 is fib 0, a small id the fib of that number, any other the fib
// that it was given when a program first put a route there.

import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, RTA, RTF, RTM, RtMsg } from "../../assembly/abi/rtnetlink.js";
import { LinuxErrno } from "./errno.js";
import { MessageWriter } from "./messagewriter.js";
import { Refusal } from "./refusal.js";
import type { LinuxVnet } from "./vnet.js";

/** Table ids that Linux names (rtnetlink.h). */
export const LinuxTable = {
  UNSPEC: 0,
  /** In rtm_table: the id is in RTA_TABLE. */
  COMPAT: 252,
  DEFAULT: 253,
  MAIN: 254,
  LOCAL: 255,
} as const;

/** Linux keeps its tables in as many lists, and a dump of all goes through them. */
const LISTS = 256;

/** Ids that never name the fib of their number. */
function isNamed(table: number): boolean {
  return table >= LinuxTable.DEFAULT && table <= LinuxTable.LOCAL;
}

/** @returns undefined for a table without fib: one that no program has put a route in, 253, or 255 */
export function fibOf(vnet: LinuxVnet, table: number): number | undefined {
  if (table === LinuxTable.UNSPEC || table === LinuxTable.MAIN) return 0;
  const given = vnet.notes.tables.get(table);
  if (given !== undefined) return given;
  return isNamed(table) || table >= vnet.kernel.fibs || isGiven(vnet, table) ? undefined : table;
}

function isGiven(vnet: LinuxVnet, fib: number): boolean {
  for (const given of vnet.notes.tables.values()) if (given === fib) return true;
  return false;
}

export function tableOf(vnet: LinuxVnet, fib: number): number {
  if (fib === 0) return LinuxTable.MAIN;
  for (const [table, given] of vnet.notes.tables) if (given === fib) return table;
  return fib;
}

/** rtm_table of a table id. */
export function headerTableOf(table: number): number {
  return table > LinuxTable.LOCAL ? LinuxTable.COMPAT : table;
}

/**
 * The fib for a route of a table, which an id without one is given: the highest that has no routes but the kernel's own.
 * @throws Refusal EINVAL there is none
 */
export function claimFib(vnet: LinuxVnet, table: number): number {
  const known = fibOf(vnet, table);
  if (known !== undefined) return known;
  if (table !== LinuxTable.LOCAL) {
    for (let fib = vnet.kernel.fibs - 1; fib > 0; fib--) {
      if (isGiven(vnet, fib) || hasRoutes(vnet, fib)) continue;
      vnet.notes.tables.set(table, fib);
      return fib;
    }
  }
  throw new Refusal(LinuxErrno.EINVAL, "No free fib for this table");
}

function hasRoutes(vnet: LinuxVnet, fib: number): boolean {
  let found = false;
  vnet.agent.ask(routesRequest(fib, 0), (message) => {
    message.index(HeaderSize.RTMSG);
    if ((message.u32(RTA.RTFLAGS) & RTF.PINNED) === 0) found = true;
  });
  return found;
}

/** A request for all routes of a fib. @param family - FreeBSD's, 0 for all */
export function routesRequest(fib: number, family: number): Uint8Array {
  const writer = new MessageWriter(64);
  writer.begin(RTM.GETROUTE, NLM_F.REQUEST | NLM_F.DUMP, 0, 0, HeaderSize.RTMSG);
  writer.header8(RtMsg.FAMILY, family);
  if (fib !== 0) writer.u32(RTA.TABLE, fib);
  writer.end();
  return writer.written;
}

/** All tables that there are, in the order of a dump: that of Linux's lists, of which 253 is always empty. */
export function tablesOf(vnet: LinuxVnet): number[] {
  const tables: number[] = [LinuxTable.MAIN, LinuxTable.LOCAL, ...vnet.notes.tables.keys()];
  for (let fib = 1; fib < vnet.kernel.fibs; fib++) {
    if (!isNamed(fib) && !isGiven(vnet, fib)) tables.push(fib);
  }
  return tables.sort((left, right) => (left % LISTS) - (right % LISTS) || left - right);
}
