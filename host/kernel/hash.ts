// The hash by which memories, cores and files are compared: no defence against anybody, but nothing changes by accident
// without it.

/** Two 32-bit lanes over the words of the bytes, as 16 hex digits. Bytes that lack in the last word count as 0. */
export function hashBytes(bytes: Uint8Array): string {
  // Words are read in place where they can be.
  if (bytes.byteOffset % 4 !== 0) return hashBytes(new Uint8Array(bytes));
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
  const state = { first: 0x9e3779b9 | 0, second: 0x85ebca6b | 0 };
  mix(state, words, 0);
  const rest = bytes.subarray(words.length * 4);
  if (rest.length > 0) {
    const last = new Uint8Array(4);
    last.set(rest);
    mix(state, new Uint32Array(last.buffer), words.length);
  }
  return (state.first >>> 0).toString(16).padStart(8, "0") + (state.second >>> 0).toString(16).padStart(8, "0");
}

// As integers of 32 bits with a sign: otherwise the lanes are floating point, and take several times as long.
const PRIME_1 = 0x01000193;
const PRIME_2 = 0xc2b2ae35 | 0;

/** @param place - of the first word in the whole */
function mix(state: { first: number; second: number }, words: Uint32Array, place: number): void {
  let { first, second } = state;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number;
    if (word === 0) {
      second = (second + 1) | 0;
      continue;
    }
    first = (Math.imul(first ^ word, PRIME_1) + place + i) | 0;
    second = Math.imul(second ^ first, PRIME_2) ^ word;
  }
  state.first = first;
  state.second = second;
}
