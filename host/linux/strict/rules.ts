// What FreeBSD's layer rewrites of each message type of NETLINK_ROUTE (sys/compat/linux/linux_netlink.c; linux-compat L1.8).
// A type without a row passes byte for byte, and so do all of other protocols; NLMSG_ERROR gets Linux's errno in all.

import { NetlinkSize } from "../../../assembly/abi/netlink.js";
import { HeaderSize, RTM } from "../../../assembly/abi/rtnetlink.js";

/** What becomes of a request, in place: its family always changes. */
export interface RequestRule {
  /** nlmsg_len below which it is EBADMSG (L2.3). */
  readonly least: number;
  /** nlmsg_len below which FreeBSD 14 leaves it as it is. */
  readonly least14: number;
  /** It names a table, in rtm_table and RTA_TABLE (L3). */
  readonly hasTable: boolean;
}

/** What becomes of everything else: its family always changes. */
export interface ReplyRule {
  /** Bytes of the family header. */
  readonly headerSize: number;
  /** A link is rebuilt with another name and two attributes more; an RTA_TABLE changes; else nothing does. */
  readonly change: "link" | "table" | "none";
}

const { IFINFOMSG, IFADDRMSG, RTMSG, NDMSG, RTGENMSG } = HeaderSize;
const HEADER = NetlinkSize.NLMSGHDR;

const GET_ADDRESS: RequestRule = { least: HEADER + RTGENMSG, least14: HEADER + IFADDRMSG, hasTable: false };
const GET_NEIGHBOUR: RequestRule = { least: HEADER + NDMSG, least14: HEADER + NDMSG, hasTable: false };
const ROUTE: RequestRule = { least: HEADER + RTMSG, least14: 0, hasTable: true };

const LINK: ReplyRule = { headerSize: IFINFOMSG, change: "link" };
const ADDRESS: ReplyRule = { headerSize: IFADDRMSG, change: "none" };
const ROUTE_TOLD: ReplyRule = { headerSize: RTMSG, change: "table" };
const NEIGHBOUR: ReplyRule = { headerSize: NDMSG, change: "none" };

type Row = readonly [type: number, toKernel: RequestRule | undefined, toProgram: ReplyRule | undefined];

const ROWS: readonly Row[] = [
  [RTM.NEWLINK, undefined, LINK],
  [RTM.DELLINK, undefined, LINK],
  [RTM.GETLINK, undefined, LINK],
  [RTM.NEWADDR, undefined, ADDRESS],
  [RTM.DELADDR, undefined, ADDRESS],
  [RTM.GETADDR, GET_ADDRESS, undefined],
  [RTM.NEWROUTE, ROUTE, ROUTE_TOLD],
  [RTM.DELROUTE, ROUTE, ROUTE_TOLD],
  [RTM.GETROUTE, ROUTE, undefined],
  [RTM.NEWNEIGH, undefined, NEIGHBOUR],
  [RTM.DELNEIGH, undefined, NEIGHBOUR],
  [RTM.GETNEIGH, GET_NEIGHBOUR, NEIGHBOUR],
];

/** By nlmsg_type. */
export const REQUEST_RULES = column(([type, rule]) => [type, rule]);
/** By nlmsg_type. */
export const REPLY_RULES = column(([type, , rule]) => [type, rule]);

function column<Rule>(pick: (row: Row) => readonly [number, Rule | undefined]): ReadonlyMap<number, Rule> {
  const rules = new Map<number, Rule>();
  for (const row of ROWS) {
    const [type, rule] = pick(row);
    if (rule !== undefined) rules.set(type, rule);
  }
  return rules;
}

/** RT_TABLE_MAIN stands for fib 0; no other number of a table is changed (L3). */
export const TABLE_MAIN = 254;
export const FIB_MAIN = 0;
