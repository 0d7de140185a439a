// Clearing small pieces: memory.fill costs a call into the engine, which a few stores beat below some 128 bytes.

/** From here on the engine's fill is faster. */
const FILL_BYTES: u32 = 128;

/** Zeroes `bytes` bytes, a multiple of 4. */
@inline
export function zero(at: usize, bytes: u32): void {
  if (bytes >= FILL_BYTES) {
    memory.fill(at, 0, bytes);
    return;
  }
  const end = at + bytes;
  const last = end - 8;
  for (; at <= last && bytes >= 8; at += 8) store<u64>(at, 0);
  if (at < end) store<u32>(at, 0);
}
