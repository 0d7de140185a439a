// Socket addresses of Linux programs as FreeBSD takes them (sys/compat/linux/linux.c, linux_to_bsd_sockaddr; linux-compat
// L10.1): the family's 16 bits become a length and 8 bits.

import { AF } from "../../../assembly/abi/inet.js";
import { NetlinkLimit, NetlinkSize } from "../../../assembly/abi/netlink.js";
import { LinuxErrno, LinuxError } from "../errno.js";
import { AF_UNKNOWN, freebsdFamilyOf, LinuxAF } from "../family.js";

/** Bytes that an address of a family has at least, and is cut to. Of other families the length stays. */
const SIZES: ReadonlyMap<number, number> = new Map<number, number>([
  [AF.NETLINK, NetlinkSize.SOCKADDR_NL],
  [AF.INET, 16],
]);
const LEAST = 2;
const PORT = 4;

/**
 * @param address - as long as the program said
 * @throws LinuxError EINVAL its length is impossible; EAFNOSUPPORT FreeBSD has no such family
 */
export function freebsdAddressOf(operation: string, address: Uint8Array): Uint8Array {
  if (address.length < LEAST || address.length > NetlinkLimit.SOCKADDR) {
    throw new LinuxError(operation, LinuxErrno.EINVAL);
  }
  const word = (address[0] as number) | ((address[1] as number) << 8);
  const family = word > 0xff ? AF_UNKNOWN : freebsdFamilyOf(word);
  if (family === AF_UNKNOWN) throw new LinuxError(operation, LinuxErrno.EAFNOSUPPORT);
  const size = SIZES.get(family) ?? address.length;
  if (address.length < size) throw new LinuxError(operation, LinuxErrno.EINVAL);
  const converted = address.slice(0, size);
  converted[0] = size;
  converted[1] = family;
  return converted;
}

/** A sockaddr_nl as programs get it; nl_groups is always 0 (L10.4, L10.9). */
export function linuxAddressOf(port: number): Uint8Array {
  const bytes = new Uint8Array(NetlinkSize.SOCKADDR_NL);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, LinuxAF.NETLINK, true);
  view.setUint32(PORT, port, true);
  return bytes;
}
