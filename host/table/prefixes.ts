// An address range as the fewest prefixes that cover it exactly: at each step the largest aligned block that starts
// at the first address left and does not pass the last.

const WORD = 0xffffffffn;

/**
 * Calls `emit` with each prefix of an IPv4 range, ascending; at most 62.
 * @param first - first address, 0..2^32 - 1, host byte order
 * @param last - last address, included, not below `first`
 */
export function inetPrefixes(first: number, last: number, emit: (address: number, length: number) => void): void {
  if (!(first >= 0 && first <= last && last <= 0xffffffff)) throw new RangeError(`no IPv4 range: ${first} to ${last}`);
  let address = first;
  while (address <= last) {
    const bits = Math.min(address === 0 ? 32 : trailingZeros(address), floorLog2(last - address + 1));
    emit(address, 32 - bits);
    address += 2 ** bits;
  }
}

/**
 * Calls `emit` with each prefix of an IPv6 range, ascending; at most 254. An address goes out as two halves.
 * @param first - first address, 0..2^128 - 1
 * @param last - last address, included, not below `first`
 */
export function inet6Prefixes(
  first: bigint,
  last: bigint,
  emit: (high: bigint, low: bigint, length: number) => void,
): void {
  if (!(first >= 0n && first <= last && last < 1n << 128n)) throw new RangeError(`no IPv6 range: ${first} to ${last}`);
  let address = first;
  while (address <= last) {
    const bits = Math.min(trailingZeros128(address), floorLog2Of128(last - address + 1n));
    emit(address >> 64n, BigInt.asUintN(64, address), 128 - bits);
    address += 1n << BigInt(bits);
  }
}

/** Zero bits below the lowest set one; `word` is 1..2^32 - 1. */
function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** `value` is 1..2^32, one more than a word holds. */
function floorLog2(value: number): number {
  return value > 0xffffffff ? 32 : 31 - Math.clz32(value);
}

// The 128-bit versions look at words of 32 bits, for which there is an instruction: a bit at a time costs microseconds.
function trailingZeros128(address: bigint): number {
  for (let word = 0; word < 4; word++) {
    const bits = Number((address >> BigInt(32 * word)) & WORD);
    if (bits !== 0) return 32 * word + trailingZeros(bits);
  }
  return 128;
}

function floorLog2Of128(value: bigint): number {
  for (let word = 4; word > 0; word--) {
    const bits = Number((value >> BigInt(32 * word)) & WORD);
    if (bits !== 0) return 32 * word + 31 - Math.clz32(bits);
  }
  return 31 - Math.clz32(Number(value));
}
