// The checksum that runs through a trace: a module by itself, apart from the core, built to build/chain.wasm. Its memory is
// the buffer of whoever writes or reads the trace (host/trace/chain.ts), so that nothing is copied to be summed.
//   four lanes, each over every fourth eight bytes of a stretch; what is left over goes to the first
// A step of a lane has an inverse, in the lane and in what is added: a lane never forgets that a byte was another. It is no
// defence against anybody.

/** PRIME64_1 of xxHash. */
const PRIME: u64 = 0x9e3779b185ebca87;
const ROTATION: u64 = 29;
const STRIPE_BYTES: usize = 32;

let first: u64 = 0x60ea27eeadc0b5d6;
let second: u64 = 0xc2b2ae3d27d4eb4f;
let third: u64 = 0;
let fourth: u64 = 0x61c8864e7a143579;

@inline
function step(lane: u64, value: u64): u64 {
  return rotl(lane ^ value, ROTATION) * PRIME;
}

/** Adds the bytes from `start` to before `end`, a multiple of four of them. A stretch in two halves makes another sum. */
export function add(start: usize, end: usize): void {
  let at = start;
  for (; at + STRIPE_BYTES <= end; at += STRIPE_BYTES) {
    first = step(first, load<u64>(at));
    second = step(second, load<u64>(at, 8));
    third = step(third, load<u64>(at, 16));
    fourth = step(fourth, load<u64>(at, 24));
  }
  for (; at + 8 <= end; at += 8) first = step(first, load<u64>(at));
  if (at < end) first = step(first, load<u32>(at));
}

/** Of all bytes so far. A lane that is another changes it. */
function sum(): u64 {
  return first ^ rotl(second, 16) ^ rotl(third, 32) ^ rotl(fourth, 48);
}

export function low(): u32 {
  return <u32>sum();
}

export function high(): u32 {
  return <u32>(sum() >> 32);
}
