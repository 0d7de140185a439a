// The sysctls of the stack, each vnet's own (net/route/route_ctl.c, mpath_ctl.c).
//   bootStackSysctls
//   canMultipath, noteMultipath   net.route.multipath, net.route.hash_outbound
//   readStackSysctl, writeStackSysctl

import { Errno } from "../abi/errno";
import { StackSysctl } from "../abi/sysctl";

@unmanaged
class StackSysctls {
  multipath: u32;
  hashOutbound: u32;
}

const sysctls = changetype<StackSysctls>(memory.data(offsetof<StackSysctls>(), 16));

export function bootStackSysctls(): void {
  sysctls.multipath = 1;
}

/** Whether a route may get more paths by NLM_F_APPEND. */
export function canMultipath(): bool {
  return sysctls.multipath != 0;
}

/** The first time that paths are joined, connections of the host's own begin to be hashed. */
export function noteMultipath(): void {
  sysctls.hashOutbound = 1;
}

export function readStackSysctl(sysctl: u32): u32 {
  return sysctl == StackSysctl.ROUTE_MULTIPATH ? sysctls.multipath : sysctls.hashOutbound;
}

/** EPERM for net.route.hash_outbound, which can only be read. */
export function writeStackSysctl(sysctl: u32, value: u32): Errno {
  if (sysctl != StackSysctl.ROUTE_MULTIPATH) return Errno.EPERM;
  sysctls.multipath = value;
  return Errno.OK;
}
