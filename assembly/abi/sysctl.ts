// Numbers of the stack's own sysctls, which each vnet has for itself; those of net.netlink are counted from 0.

/** The first of them. */
export const STACK_SYSCTLS = 0x100;

export enum StackSysctl {
  /** net.route.multipath */
  ROUTE_MULTIPATH = 0x100,
  /** net.route.hash_outbound */
  ROUTE_HASH_OUTBOUND = 0x101,
}
