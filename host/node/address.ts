// Socket addresses as programs of either ABI give them, with the checks of their own system.

import { LinuxErrno, LinuxError } from "../linux/errno.js";
import { Domain } from "./domain.js";
import { viewOf } from "./frames.js";
import type { Destination } from "./served.js";

/** struct address: what the program says its length is, and its first bytes. */
export interface Address {
  readonly bytes: number;
  readonly start: Uint8Array;
}

export const SOCKADDR_NL_BYTES = 12;
const PORT = 4;
const GROUPS = 8;
const AF_UNSPEC = 0;
/** Bytes of an address that Linux's system calls take (sizeof(struct sockaddr_storage)). */
const LINUX_BYTES_MAX = 128;
/** Bytes that FreeBSD's take are fewer than this: a longer one is refused whatever its length. */
const FREEBSD_BYTES_MAX = 256;

/**
 * The address of a bind on Linux (netlink_bind), or of a send (netlink_sendmsg).
 * @throws LinuxError EINVAL too short or too long, or of another family
 */
export function linuxAddress(call: string, { bytes, start }: Address): Destination {
  const view = viewOf(start);
  if (bytes < SOCKADDR_NL_BYTES || bytes > LINUX_BYTES_MAX || view.getUint16(0, true) !== Domain.LINUX) {
    throw new LinuxError(call, LinuxErrno.EINVAL);
  }
  return { port: view.getUint32(PORT, true), groups: view.getUint32(GROUPS, true) };
}

/**
 * The address of a connect on Linux (netlink_connect): AF_UNSPEC goes back to the kernel.
 * @throws LinuxError EINVAL
 */
export function linuxPeer(address: Address): Destination {
  const isUnspecified = address.bytes >= 2 && viewOf(address.start).getUint16(0, true) === AF_UNSPEC;
  return isUnspecified ? { port: 0, groups: 0 } : linuxAddress("connect", address);
}

/** An address for a socket that checks it itself: as long as it was, or too long as it was. */
export function plainAddress({ bytes, start }: Address): Uint8Array {
  const address = new Uint8Array(Math.min(bytes, FREEBSD_BYTES_MAX));
  address.set(start.subarray(0, address.length));
  return address;
}

/** A sockaddr_nl of either ABI. */
export function nameBytes(domain: Domain, { port, groups }: Destination): Uint8Array {
  const bytes = new Uint8Array(SOCKADDR_NL_BYTES);
  const view = viewOf(bytes);
  if (domain === Domain.LINUX) view.setUint16(0, domain, true);
  else bytes.set([SOCKADDR_NL_BYTES, domain]);
  view.setUint32(PORT, port, true);
  view.setUint32(GROUPS, groups, true);
  return bytes;
}
