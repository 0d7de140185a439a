// Addresses and prefixes as numbers: two words in host order, left-aligned, so that both families mask and compare alike.
// An IPv4 address is the upper half of the high word; the rest is 0.
// IPv6 link-local addresses carry their interface's index in bytes 2 and 3, as inside FreeBSD (netinet6/scope6.c).

import { AF, AddressSize } from "../abi/inet";

/** fe80::/10 and its mask, as the high word. */
const LINK_LOCAL: u64 = 0xfe80000000000000;
const LINK_LOCAL_MASK: u64 = 0xffc0000000000000;
/** Where the index of a link-local address's interface is embedded. */
const ZONE_MASK: u64 = 0x0000ffff00000000;

@inline
export function addressBits(family: u32): u32 {
  return family == AF.INET ? AddressSize.INET_BITS : AddressSize.INET6_BITS;
}

@inline
export function addressBytes(family: u32): u32 {
  return family == AF.INET ? AddressSize.INET : AddressSize.INET6;
}

/** The high word of the address whose network-order bytes start at `bytes`. */
export function loadHigh(family: u32, bytes: usize): u64 {
  return family == AF.INET ? <u64>bswap<u32>(load<u32>(bytes)) << 32 : bswap<u64>(load<u64>(bytes));
}

/** The low word of the address at `bytes`. */
export function loadLow(family: u32, bytes: usize): u64 {
  return family == AF.INET ? 0 : bswap<u64>(load<u64>(bytes, 8));
}

/** Writes an address as network-order bytes. */
export function storeAddress(family: u32, bytes: usize, high: u64, low: u64): void {
  if (family == AF.INET) {
    store<u32>(bytes, bswap<u32>(<u32>(high >> 32)));
  } else {
    store<u64>(bytes, bswap<u64>(high));
    store<u64>(bytes, bswap<u64>(low), 8);
  }
}

/** The mask of the high word for a prefix of `bits`. */
@inline
export function maskHigh(bits: u32): u64 {
  return bits == 0 ? 0 : bits >= 64 ? ~(<u64>0) : ~(<u64>0) << (64 - bits);
}

/** The mask of the low word. */
@inline
export function maskLow(bits: u32): u64 {
  return bits <= 64 ? 0 : bits >= 128 ? ~(<u64>0) : ~(<u64>0) << (128 - bits);
}

/** ff00::/8 */
export function isMulticast(high: u64): bool {
  return high >> 56 == 0xff;
}

export function isLinkLocal(family: u32, high: u64): bool {
  return family == AF.INET6 && (high & LINK_LOCAL_MASK) == LINK_LOCAL;
}

/** A link-local address with the interface's index embedded; other addresses as they are. */
export function withZone(family: u32, high: u64, index: u32): u64 {
  return isLinkLocal(family, high) ? (high & ~ZONE_MASK) | (<u64>(index & 0xffff) << 32) : high;
}

/** An address as a message shows it: without an embedded index. */
export function withoutZone(family: u32, high: u64): u64 {
  return isLinkLocal(family, high) ? high & ~ZONE_MASK : high;
}
