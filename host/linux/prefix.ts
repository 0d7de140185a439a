// Prefixes of addresses, as bytes.

/** Whether an address begins as another one of the same length does. @param bits - how many of its bits count */
export function isWithin(address: Uint8Array, network: Uint8Array, bits: number): boolean {
  return address.every((byte, i) => {
    const mask = (0xff00 >> Math.min(Math.max(bits - i * 8, 0), 8)) & 0xff;
    return (byte & mask) === ((network[i] as number) & mask);
  });
}
