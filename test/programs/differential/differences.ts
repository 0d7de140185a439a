// Where the emulated kernel answers otherwise than Linux, and why: what FreeBSD does. A row without a reason, and one that
// nothing needs, fails the test.
import type { Difference } from "./compare.js";

export interface Row {
  /** The whole command, or what matches it. */
  readonly command: string | RegExp;
  /** Matches the whole path of the difference. */
  readonly path: RegExp;
  readonly reason: string;
}

export const ROWS: readonly Row[] = [
  // ---- links
  {
    command: /\bip\b.* (link|addr)/,
    path: /stdout\[lo\]\.(flags|mtu|operstate)/,
    reason:
      "FreeBSD's lo0 has IFF_MULTICAST, an MTU of 16384 and a link state that is up; Linux's lo has none of them.",
  },
  {
    command: /\bip\b.* (link|addr)/,
    path: /stdout\[br0\]\.(flags|operstate)/,
    reason:
      "A bridge's members are noted by the Linux layer, FreeBSD's bridge does not know them: its link is up whatever theirs " +
      "is. On Linux a bridge without a forwarding member has no carrier.",
  },
  {
    command: "ip -br link",
    path: /stdout/,
    reason: "The same flags and states of lo and br0 as in the other forms of this output.",
  },
  {
    command: "ip -j link show dev v7",
    path: /stdout\[v7\]\.qdisc/,
    reason: "FreeBSD's interfaces have no queueing discipline: each is shown as noqueue, also one that never was up.",
  },
  // ---- addresses
  {
    command: "ip -j -6 addr show scope global",
    path: /stdout\[e[02]\]\.(qdisc|group)/,
    reason: "A dump of links of family INET6 is answered as one of all families, whose messages have more attributes.",
  },
  {
    command: "ip -j addr show dev lo",
    path: /stdout\[lo\]\.addr_info\[fe80::1\]/,
    reason: "FreeBSD gives lo0 the link-local address fe80::1, Linux gives lo none.",
  },
  {
    command: "ip -j addr show label e0:nine",
    path: /stdout/,
    reason:
      "FreeBSD gives an Ethernet interface a link-local address when IPv6 is used on it first, Linux when it comes up; and " +
      "ip shows links without any address whatever the label.",
  },
  {
    command: "ip route show table all type local dev lo",
    path: /stdout/,
    reason: "The route to lo0's own link-local address fe80::1, which Linux's lo has not.",
  },
  // ---- routes
  {
    command: /^ip -j( -4)? route( show table main)?$/,
    path: /stdout\[10\.3\.0\.0\/24\]\.flags/,
    reason: "FreeBSD's routes have no flag for a link without carrier, and its bridge has carrier.",
  },
  {
    command: "ip -j route show 172.16.2.0/24",
    path: /stdout\[172\.16\.2\.0\/24(#2)?\](\.(gateway|dev|nexthops))?/,
    reason:
      "FreeBSD keeps one route for a prefix: with NLM_F_APPEND it becomes a multipath route, on Linux a second one stands " +
      "behind the first.",
  },
  {
    command: /^ip -j( -4)? route show dev e2$/,
    path: /stdout\[172\.16\.2\.0\/24\]/,
    reason: "FreeBSD keeps static routes through an interface that goes down, Linux takes them away.",
  },
  {
    command: "ip -j -6 route show dev e2",
    path: /stdout\[(2001:db8:2::|fe80::)\/64\]/,
    reason: "FreeBSD keeps an interface's IPv6 addresses and their networks while it is down, Linux takes them away.",
  },
];

export function explains(row: Row, command: string, { path }: Difference): boolean {
  const isOfCommand = typeof row.command === "string" ? row.command === command : row.command.test(command);
  return isOfCommand && new RegExp(`^(?:${row.path.source})$`).test(path);
}
