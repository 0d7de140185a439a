// Figures: how they are taken, and how they are written.

/** The middle of the values; of an even number of them, the lower of the two. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("the median of no values: expected at least one");
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? 0;
}

/** 564580 as "564,580"; the same in every locale. */
export function grouped(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** Rounded to at most `digits` decimal places, as a number. */
export function rounded(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

/** Bytes in MiB with one decimal place. */
export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** Nanoseconds that `work` takes, by the monotonic clock. */
export function nanoseconds(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) * 1e6;
}
