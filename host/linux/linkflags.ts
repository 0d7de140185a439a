// Interface flags (sys/compat/linux/linux_common.c, bsd_to_linux_ifflags; linux-compat L4.2, E5.2).

import { IF_OPER, IFF } from "../../assembly/abi/ifnet.js";

/** Linux's flags of an interface (if.h). */
export const LinuxIFF = {
  UP: 0x1,
  BROADCAST: 0x2,
  DEBUG: 0x4,
  LOOPBACK: 0x8,
  POINTOPOINT: 0x10,
  RUNNING: 0x40,
  NOARP: 0x80,
  PROMISC: 0x100,
  ALLMULTI: 0x200,
  MASTER: 0x400,
  SLAVE: 0x800,
  MULTICAST: 0x1000,
  LOWER_UP: 0x10000,
  DORMANT: 0x20000,
} as const;

/** Bits that are the same on both sides. */
const SAME =
  IFF.UP |
  IFF.BROADCAST |
  IFF.DEBUG |
  IFF.LOOPBACK |
  IFF.POINTOPOINT |
  IFF.RUNNING |
  IFF.NOARP |
  IFF.PROMISC |
  IFF.ALLMULTI;

/** As FreeBSD's own layer maps them: nine bits, and MULTICAST. */
export function plainFlagsOf(flags: number): number {
  return (flags & SAME) | (flags & IFF.MULTICAST ? LinuxIFF.MULTICAST : 0);
}

/** OPERSTATE as Linux programs read it: an interface that is not up is down. */
export function operstateOf(flags: number, operstate: number): number {
  return flags & IFF.UP ? operstate : IF_OPER.DOWN;
}

/**
 * As Linux computes them: RUNNING, LOWER_UP and DORMANT follow from the operational state.
 * @param flags - FreeBSD's
 */
export function linuxFlagsOf(flags: number, operstate: number, carrier: number): number {
  let result = plainFlagsOf(flags) & ~LinuxIFF.RUNNING;
  if (!(flags & IFF.UP)) return result;
  if (operstate === IF_OPER.UP || operstate === IF_OPER.UNKNOWN) result |= LinuxIFF.RUNNING;
  if (carrier !== 0 || operstate === IF_OPER.UNKNOWN) result |= LinuxIFF.LOWER_UP;
  if (operstate === IF_OPER.DORMANT) result |= LinuxIFF.DORMANT;
  return result;
}
