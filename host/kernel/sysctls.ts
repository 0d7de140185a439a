// The sysctls by name, with the core's numbers for them (assembly/netlink/module.ts, assembly/abi/sysctl.ts).

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

/** The core's number of each sysctl of the netlink subsystem: all vnets have the same values. */
export const NETLINK_SYSCTLS: ReadonlyMap<string, number> = new Map(NAMES.map((name, number) => [name, number]));

/** The core's number of each sysctl of the stack: a vnet begins with the defaults. */
const STACK_SYSCTLS: ReadonlyMap<string, number> = new Map([
  ["net.route.multipath", StackSysctl.ROUTE_MULTIPATH],
  ["net.route.hash_outbound", StackSysctl.ROUTE_HASH_OUTBOUND],
]);

export const SYSCTLS: ReadonlyMap<string, number> = new Map([...NETLINK_SYSCTLS, ...STACK_SYSCTLS]);

/** 1, and there only while the module is loaded. */
export const NETLINK_FEATURE = "kern.features.netlink";
