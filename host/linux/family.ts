// Address families (sys/compat/linux/linux_socket.c, linux_to_bsd_domain; linux-compat L2.1).

import { AF } from "../../assembly/abi/inet.js";

/** Linux's numbers of the families that messages name. */
export const LinuxAF = {
  UNSPEC: 0,
  UNIX: 1,
  INET: 2,
  BRIDGE: 7,
  INET6: 10,
  NETLINK: 16,
  PACKET: 17,
  MPLS: 28,
  IPMR: 128,
  IP6MR: 129,
} as const;

/** What either side's families become where the other has none. */
export const AF_UNKNOWN = 255;

/** Linux's number, FreeBSD's. */
const PAIRS: readonly (readonly [number, number])[] = [
  [LinuxAF.UNSPEC, AF.UNSPEC],
  [LinuxAF.UNIX, 1],
  [LinuxAF.INET, AF.INET],
  [3, 10], // AX25, CCITT
  [4, 23], // IPX
  [5, 16], // APPLETALK
  [LinuxAF.INET6, AF.INET6],
  [LinuxAF.NETLINK, AF.NETLINK],
];

const TO_FREEBSD = table(PAIRS);
const TO_LINUX = table(PAIRS.map(([linux, freebsd]) => [freebsd, linux] as const));

/** @param family - Linux's, 0 … 255. @returns FreeBSD's, or AF_UNKNOWN */
export function freebsdFamilyOf(family: number): number {
  return TO_FREEBSD[family] as number;
}

/** @param family - FreeBSD's, 0 … 255. @returns Linux's, or AF_UNKNOWN */
export function linuxFamilyOf(family: number): number {
  return TO_LINUX[family] as number;
}

/** Bytes of an address. @param family - FreeBSD's, INET or INET6 */
export function addressBytesOf(family: number): number {
  return family === AF.INET6 ? 16 : 4;
}

function table(pairs: readonly (readonly [number, number])[]): Uint8Array {
  const families = new Uint8Array(256).fill(AF_UNKNOWN);
  for (const [from, to] of pairs) families[from] = to;
  return families;
}
