// The checksum that runs through a trace, block by block: four lanes over the words, each step as xxHash32's (Collet,
// xxHash specification 0.1.1, "Step 2"), so that a lane never forgets that one of its words was another. It is no defence
// against anybody.

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const STRIPE_WORDS = 4;

export class Chain {
  #first = (PRIME_1 + PRIME_2) | 0;
  #second = PRIME_2 | 0;
  #third = 0;
  #fourth = -PRIME_1 | 0;

  /** @param bytes - a multiple of four of them */
  add(bytes: Uint8Array): void {
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >>> 2);
    let [first, second, third, fourth] = [this.#first, this.#second, this.#third, this.#fourth];
    const whole = words.length - (words.length % STRIPE_WORDS);
    for (let i = 0; i < whole; i += STRIPE_WORDS) {
      first = step(first, words[i] as number);
      second = step(second, words[i + 1] as number);
      third = step(third, words[i + 2] as number);
      fourth = step(fourth, words[i + 3] as number);
    }
    for (let i = whole; i < words.length; i++) first = step(first, words[i] as number);
    this.#first = first;
    this.#second = second;
    this.#third = third;
    this.#fourth = fourth;
  }

  /** The two words that stand for all bytes so far. A lane that is another changes one of them. */
  get low(): number {
    return (this.#first ^ rotate(this.#second, 16)) >>> 0;
  }

  get high(): number {
    return (this.#third ^ rotate(this.#fourth, 16)) >>> 0;
  }
}

function step(lane: number, word: number): number {
  return Math.imul(rotate((lane + Math.imul(word, PRIME_2)) | 0, 13), PRIME_1);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
