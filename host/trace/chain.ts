// The checksum that runs through a trace, block by block: four lanes over the words. A step of a lane has an inverse, in the
// lane and in the word, so that a lane never forgets that one of its words was another. It is no defence against anybody.

/** Two primes of xxHash32, as integers of 32 bits with a sign: otherwise they are floating point, and take twice as long. */
const PRIME_1 = 0x9e3779b1 | 0;
const PRIME_2 = 0x85ebca77 | 0;
const STRIPE_WORDS = 4;

export class Chain {
  /** Integers, and seen to be: as plain fields they make a loop that takes three times as long. */
  readonly #lanes = Int32Array.of(PRIME_1 + PRIME_2, PRIME_2, 0, -PRIME_1);

  #words: Uint32Array = new Uint32Array(0);

  /** @param start - of the first word, to before `end` */
  add(words: Uint32Array, start: number, end: number): void {
    const lanes = this.#lanes;
    let first = lanes[0] as number;
    let second = lanes[1] as number;
    let third = lanes[2] as number;
    let fourth = lanes[3] as number;
    const whole = end - ((end - start) % STRIPE_WORDS);
    // Four times `step`, written out: as calls they take a third longer.
    for (let i = start; i < whole; i += STRIPE_WORDS) {
      first ^= words[i] as number;
      first = Math.imul((first << 13) | (first >>> 19), PRIME_1);
      second ^= words[i + 1] as number;
      second = Math.imul((second << 13) | (second >>> 19), PRIME_1);
      third ^= words[i + 2] as number;
      third = Math.imul((third << 13) | (third >>> 19), PRIME_1);
      fourth ^= words[i + 3] as number;
      fourth = Math.imul((fourth << 13) | (fourth >>> 19), PRIME_1);
    }
    for (let i = whole; i < end; i++) first = step(first, words[i] as number);
    lanes[0] = first;
    lanes[1] = second;
    lanes[2] = third;
    lanes[3] = fourth;
  }

  /** @param bytes - a multiple of four of them */
  addBytes(bytes: Uint8Array): void {
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
    const { buffer, byteOffset, length } = aligned;
    // Block after block comes out of the same buffer.
    if (this.#words.buffer !== buffer) this.#words = new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
    this.add(this.#words, byteOffset >>> 2, (byteOffset + length) >>> 2);
  }

  /** The two words that stand for all bytes so far. A lane that is another changes one of them. */
  get low(): number {
    return this.#folded(0);
  }

  get high(): number {
    return this.#folded(2);
  }

  #folded(lane: number): number {
    return ((this.#lanes[lane] as number) ^ rotate(this.#lanes[lane + 1] as number, 16)) >>> 0;
  }
}

function step(lane: number, word: number): number {
  return Math.imul(rotate(lane ^ word, 13), PRIME_1);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
