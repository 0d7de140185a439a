// What the stack can be told by sysctl, a word each; every vnet has its own.
//   settings                     read where it matters
//   readSetting, writeSetting    by number (StackSysctl)

import { StackSysctl } from "../abi/sysctl";

@unmanaged
class Settings {
  dadCount: u32;
  autoLinkLocal: u32;
  addAddrAllFibs: u32;
  noSamePrefix: u32;
}

if (offsetof<Settings>() != (StackSysctl.END - StackSysctl.FIRST) * 4) ERROR("a word for each sysctl");

export const settings = changetype<Settings>(memory.data(offsetof<Settings>(), 16));

/** FreeBSD's defaults (netinet6/in6_proto.c, net/route/route_ifaddrs.c, netinet/in.c). */
export function bootSettings(): void {
  settings.dadCount = 1;
  settings.autoLinkLocal = 1;
}

export function readSetting(number: u32): u32 {
  return load<u32>(changetype<usize>(settings) + (number - StackSysctl.FIRST) * 4);
}

export function writeSetting(number: u32, value: u32): void {
  store<u32>(changetype<usize>(settings) + (number - StackSysctl.FIRST) * 4, value);
}
