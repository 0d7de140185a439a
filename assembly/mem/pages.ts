// Linear memory: how far it is used, how it grows, and the fault that makes the n-th allocation fail.
//   extend           the next bytes above everything in use; 0 when the machine has no more
//   topOfMemory      everything from there on is zero: a snapshot ends here
//   allocationFails  asked once by each allocation, before it takes anything
//   suspendFault     for what other vnets' changes bring, and for the second half of what cannot be taken back
// Growth detaches the host's views, and costs the same whatever the step once memory is large, so steps follow the size.
// Memory cannot shrink: where an older snapshot was put back, the machine has pages beyond `end`, all zero. They are taken
// as if they were new, so that a run goes the same way in them.

/** Growth is an eighth of what there is, at most this many 64 KiB pages (16 MiB). */
const GROWTH_LIMIT_PAGES: u32 = 256;
/** Addresses are 32 bits: the last page stays unused so that an end address never wraps. */
const PAGES_LIMIT: u32 = 65535;
/** Everything handed out starts on a boundary of 1 KiB, the size of a tree node. */
export const EXTENT_ALIGN: usize = 1024;

@unmanaged
class Pages {
  /** First byte that was never handed out. */
  top: usize;
  /** First byte beyond memory, as far as this run has grown it. */
  end: usize;
  /** Allocations left until one fails; 0 = none will. */
  countdown: u32;
  /** Allocations between failures after the first; 0 = only one fails. */
  period: u32;
  /** Allocations that the fault made fail. */
  failures: u32;
}

const pages = changetype<Pages>(memory.data(offsetof<Pages>(), 16));

/** Called once, before anything is allocated. */
export function bootPages(): void {
  pages.top = (__heap_base + EXTENT_ALIGN - 1) & ~(EXTENT_ALIGN - 1);
  pages.end = <usize>memory.size() << 16;
}

/** Bytes of linear memory that were handed out at least once. */
export function topOfMemory(): usize {
  return pages.top;
}

/** Bytes of linear memory, without what only the machine has. */
export function endOfMemory(): usize {
  return pages.end;
}

/**
 * @param bytes - a multiple of EXTENT_ALIGN
 * @returns an address aligned to EXTENT_ALIGN, or 0
 */
export function extend(bytes: usize): usize {
  const start = pages.top;
  if (bytes > pages.end - start && !grow(bytes - (pages.end - start))) return 0;
  pages.top = start + bytes;
  return start;
}

function grow(bytes: usize): bool {
  const have = <u32>(pages.end >> 16);
  const needed = <u32>((bytes + 0xffff) >> 16);
  if (needed > PAGES_LIMIT - have) return false;
  let step = max(needed, min(have >> 3, GROWTH_LIMIT_PAGES));
  if (step > PAGES_LIMIT - have) step = needed;
  if (!provide(have + step)) {
    if (step == needed || !provide(have + needed)) return false;
    step = needed;
  }
  pages.end = <usize>(have + step) << 16;
  return true;
}

/** Lets the machine have at least so many pages. */
function provide(count: u32): bool {
  const size = <u32>memory.size();
  return count <= size || memory.grow(count - size) >= 0;
}

/** Makes the n-th allocation from now on fail, and every `period`-th after it; n = 0 ends the fault. */
export function failAllocation(n: u32, period: u32): void {
  pages.countdown = n;
  pages.period = n == 0 ? 0 : period;
}

/** Lets allocations succeed for the time of what is half done already; what resumeFault needs. */
export function suspendFault(): u32 {
  const countdown = pages.countdown;
  pages.countdown = 0;
  return countdown;
}

export function resumeFault(countdown: u32): void {
  pages.countdown = countdown;
}

/** Whether the allocation that asks must fail. */
export function allocationFails(): bool {
  if (pages.countdown == 0) return false;
  if (--pages.countdown != 0) return false;
  pages.countdown = pages.period;
  pages.failures++;
  return true;
}

/** Allocations that the fault made fail since boot. */
export function allocationFailures(): u32 {
  return pages.failures;
}
