// Seeded pseudo-random numbers: the same seed gives the same table on every machine and engine. Not for secrets.

/** SplitMix32: a counter stepped by the golden ratio, mixed by two multiplications. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** The next number, 0..2^32 - 1. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  /** A number of 0..limit - 1, `limit` at most 2^32. The bias, limit / 2^32, does not matter to a table. */
  below(limit: number): number {
    return Math.floor((this.next() * limit) / 0x1_0000_0000);
  }
}
