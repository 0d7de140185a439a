// The sysctls by name, with the core's numbers for them: the netlink subsystem's are one for all vnets
// (assembly/netlink/module.ts), the stack's are each vnet's own (assembly/net/settings.ts).

import { StackSysctl } from "../../assembly/abi/sysctl.js";

/** Units with a debug level, in the core's order. */
const DEBUG_UNITS = [
  "nl_domain",
  "nl_io",
  "nl_writer",
  "nl_parser",
  "nl_mod",
  "nl_generic",
  "nl_sysevent",
  "nl_route_core",
  "nl_iface",
  "nl_neigh",
  "nl_nhop",
  "nl_route",
];

const NAMES = [
  "net.netlink.sendspace",
  "net.netlink.recvspace",
  "net.netlink.nl_maxsockbuf",
  ...DEBUG_UNITS.map((unit) => `net.netlink.debug.${unit}_debug_level`),
];

/** The core's number of each sysctl of the netlink subsystem that can be set. */
export const NETLINK_SYSCTLS: ReadonlyMap<string, number> = new Map(NAMES.map((name, number) => [name, number]));

/** The core's number of each sysctl that every vnet has for itself. */
export const VNET_SYSCTLS: ReadonlyMap<string, number> = new Map<string, number>([
  ["net.inet6.ip6.dad_count", StackSysctl.DAD_COUNT],
  ["net.inet6.ip6.auto_linklocal", StackSysctl.AUTO_LINKLOCAL],
  ["net.add_addr_allfibs", StackSysctl.ADD_ADDR_ALLFIBS],
  ["net.inet.ip.no_same_prefix", StackSysctl.NO_SAME_PREFIX],
  ["net.route.multipath", StackSysctl.ROUTE_MULTIPATH],
  ["net.route.hash_outbound", StackSysctl.ROUTE_HASH_OUTBOUND],
  ["net.inet6.ip6.accept_rtadv", StackSysctl.ACCEPT_RTADV],
  ["net.inet6.ip6.no_radr", StackSysctl.NO_RADR],
  ["net.inet6.ip6.forwarding", StackSysctl.FORWARDING],
  ["net.inet6.ip6.rfc6204w3", StackSysctl.RFC6204W3],
  ["net.rtsock.sendspace", StackSysctl.RTSOCK_SENDSPACE],
  ["net.rtsock.recvspace", StackSysctl.RTSOCK_RECVSPACE],
  ["net.route.netisr_maxqlen", StackSysctl.ROUTE_NETISR_MAXQLEN],
  ["net.route.ipv6_nexthop", StackSysctl.ROUTE_IPV6_NEXTHOP],
  ["net.inet.carp.allow", StackSysctl.CARP_ALLOW],
  ["net.inet.carp.dscp", StackSysctl.CARP_DSCP],
  ["net.inet.carp.preempt", StackSysctl.CARP_PREEMPT],
  ["net.inet.carp.log", StackSysctl.CARP_LOG],
  ["net.inet.carp.demotion", StackSysctl.CARP_DEMOTION],
  ["net.inet.carp.senderr_demotion_factor", StackSysctl.CARP_SENDERR_DEMOTION],
  ["net.inet.carp.ifdown_demotion_factor", StackSysctl.CARP_IFDOWN_DEMOTION],
]);

/** 1, and there only while the module is loaded. */
export const NETLINK_FEATURE = "kern.features.netlink";

/**
 * @param known - the names that may occur
 * @throws RangeError naming the first sysctl that is unknown or has no value from 0 to 2^32 - 1
 */
export function checkSysctls(values: Readonly<Record<string, number>>, known: ReadonlyMap<string, number>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!known.has(name)) throw new RangeError(`sysctls: "${name}"; expected one of ${[...known.keys()].join(", ")}`);
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
      throw new RangeError(`sysctls: ${name}: ${value}; expected an integer from 0 to ${0xffffffff}`);
    }
  }
}
