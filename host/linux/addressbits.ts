// Addresses as bytes in network order: their prefixes, and which comes first.

/** An address without the bits behind a prefix length. */
export function masked(address: Uint8Array, bits: number): Uint8Array {
  const result = address.slice();
  for (let i = 0; i < result.length; i++) result[i] = (result[i] as number) & maskOf(i, bits);
  return result;
}

/** The last address of a prefix: all bits behind its length set. */
export function lastOf(address: Uint8Array, bits: number): Uint8Array {
  const result = address.slice();
  for (let i = 0; i < result.length; i++) result[i] = (result[i] as number) | (~maskOf(i, bits) & 0xff);
  return result;
}

/** Whether two addresses have their first bits in common. */
export function shareBits(left: Uint8Array, right: Uint8Array, bits: number): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i * 8 < bits; i++) {
    if ((((left[i] as number) ^ (right[i] as number)) & maskOf(i, bits)) !== 0) return false;
  }
  return true;
}

/** Negative when the first one is lower. */
export function compareAddresses(left: Uint8Array, right: Uint8Array): number {
  for (let i = 0; i < left.length; i++) {
    const difference = (left[i] as number) - (right[i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** fe80::/10. */
export function isLinkLocal(address: Uint8Array): boolean {
  return address.length === 16 && address[0] === 0xfe && ((address[1] as number) & 0xc0) === 0x80;
}

/** The bits of the i-th byte that a prefix length covers. */
function maskOf(i: number, bits: number): number {
  const covered = Math.min(8, Math.max(0, bits - i * 8));
  return (0xff00 >> covered) & 0xff;
}
