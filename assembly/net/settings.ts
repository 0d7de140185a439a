// What the stack can be told by sysctl, a word each; every vnet has its own.
//   settings                     read where it matters
//   readSetting, writeSetting    by number (StackSysctl)

import { CarpLimit } from "../abi/carp";
import { Errno } from "../abi/errno";
import { ROUTE_SPACE } from "../abi/rtsock";
import { StackSysctl } from "../abi/sysctl";

/** Messages: net.route.netisr_maxqlen. */
const ROUTE_QUEUE: u32 = 256;
/** CS7. */
const CARP_DSCP: u32 = 56;

@unmanaged
class Settings {
  dadCount: u32;
  autoLinkLocal: u32;
  addAddrAllFibs: u32;
  noSamePrefix: u32;
  multipath: u32;
  hashOutbound: u32;
  acceptRtadv: u32;
  noRadr: u32;
  forwarding: u32;
  rfc6204w3: u32;
  routeSendSpace: u32;
  routeReceiveSpace: u32;
  routeQueue: u32;
  ipv6Nexthop: u32;
  carpAllow: u32;
  carpDscp: u32;
  carpPreempt: u32;
  carpLog: u32;
  carpDemotion: i32;
  carpSenderrDemotion: i32;
  carpIfdownDemotion: i32;
}

if (offsetof<Settings>() != (StackSysctl.END - StackSysctl.FIRST) * 4) ERROR("a word for each sysctl");

export const settings = changetype<Settings>(memory.data(offsetof<Settings>(), 16));

/** FreeBSD's defaults (netinet6/in6_proto.c, net/route/route_ifaddrs.c, netinet/in.c, netinet/ip_carp.c). */
export function bootSettings(): void {
  settings.dadCount = 1;
  settings.autoLinkLocal = 1;
  settings.multipath = 1;
  settings.routeSendSpace = ROUTE_SPACE;
  settings.routeReceiveSpace = ROUTE_SPACE;
  settings.routeQueue = ROUTE_QUEUE;
  settings.ipv6Nexthop = 1;
  settings.carpAllow = 1;
  settings.carpDscp = CARP_DSCP;
  settings.carpLog = 1;
  settings.carpSenderrDemotion = CarpLimit.DEMOTED_MAX;
  settings.carpIfdownDemotion = CarpLimit.DEMOTED_MAX;
}

export function readSetting(number: u32): u32 {
  return load<u32>(changetype<usize>(settings) + (number - StackSysctl.FIRST) * 4);
}

/** EPERM for net.route.hash_outbound, which can only be read; EINVAL for a queue of none. */
export function writeSetting(number: u32, value: u32): Errno {
  if (number == <u32>StackSysctl.ROUTE_HASH_OUTBOUND) return Errno.EPERM;
  if (number == <u32>StackSysctl.ROUTE_NETISR_MAXQLEN && value == 0) return Errno.EINVAL;
  store<u32>(changetype<usize>(settings) + (number - StackSysctl.FIRST) * 4, value);
  return Errno.OK;
}

/** Whether a route may get more paths by NLM_F_APPEND. */
export function canMultipath(): bool {
  return settings.multipath != 0;
}

/** The first time that paths are joined, connections of the host's own begin to be hashed. */
export function noteMultipath(): void {
  settings.hashOutbound = 1;
}
