// A set of indices from which the lowest free one is taken: kernel nexthops, interfaces (net/route/nhop_utils.c,
// bitmasks).
//   acquire   the lowest index not in use, from 1; 0 without memory
//   use       a certain index
//   free      the index can be taken again at once
//   assign    takes over the words of another set

import { allocateBlock, giveBlock, orderOf, takeBlock } from "./block";

/** Words of a set's first block: 256 indices. */
const WORDS_MIN: u32 = 8;

@unmanaged
export class Indices {
  /** One bit an index, set when in use; index 0 is bit 0 and always in use. */
  words: usize;
  wordCount: u32;
  /** No word before this one has a free bit. */
  firstFree: u32;
  inUse: u32;

  acquire(): u32 {
    while (true) {
      for (let i = this.firstFree; i < this.wordCount; i++) {
        const word = load<u32>(this.words + i * 4);
        if (word == u32.MAX_VALUE) continue;
        const bit = ctz<u32>(~word);
        store<u32>(this.words + i * 4, word | (1 << bit));
        this.firstFree = i;
        this.inUse++;
        return i * 32 + bit;
      }
      this.firstFree = this.wordCount;
      if (!this.grow()) return 0;
    }
    return 0;
  }

  /** The highest one in use, 0 = none. */
  highest(): u32 {
    for (let i = this.wordCount; i > 0; i--) {
      const word = load<u32>(this.words + (i - 1) * 4);
      if (word != 0) return i * 32 - 1 - clz<u32>(word);
    }
    return 0;
  }

  has(index: u32): bool {
    const i = index >> 5;
    return i < this.wordCount && (load<u32>(this.words + i * 4) & (1 << (index & 31))) != 0;
  }

  /** Takes an index that is not in use; false without memory. */
  use(index: u32): bool {
    assert(!this.has(index), "an index is taken once");
    while (index >> 5 >= this.wordCount) if (!this.grow()) return false;
    const word = this.words + (index >> 5) * 4;
    store<u32>(word, load<u32>(word) | (1 << (index & 31)));
    this.inUse++;
    return true;
  }

  /**
   * Makes room for a set of `wordCount` words, to be written where this says; 0 without memory. Not counted as
   * allocation.
   */
  assign(wordCount: u32): usize {
    if (wordCount != this.wordCount) {
      const words = takeBlock(orderOf(wordCount * 4));
      if (words == 0) return 0;
      if (this.wordCount != 0) giveBlock(this.words, orderOf(this.wordCount * 4));
      this.words = words;
      this.wordCount = wordCount;
    }
    return this.words;
  }

  /** After the words were written. */
  recount(): void {
    this.firstFree = 0;
    this.inUse = 0;
    for (let i: u32 = 0; i < this.wordCount; i++) this.inUse += popcnt<u32>(load<u32>(this.words + i * 4));
    // Index 0 is a mark, not in use.
    this.inUse--;
  }

  free(index: u32): void {
    const word = this.words + (index >> 5) * 4;
    assert((load<u32>(word) & (1 << (index & 31))) != 0, "an index is freed once");
    store<u32>(word, load<u32>(word) & ~(1 << (index & 31)));
    this.firstFree = min(this.firstFree, index >> 5);
    this.inUse--;
    if (this.inUse != 0) return;
    giveBlock(this.words, orderOf(this.wordCount * 4));
    this.words = 0;
    this.wordCount = 0;
    this.firstFree = 0;
  }

  private grow(): bool {
    const wordCount = max(this.wordCount << 1, WORDS_MIN);
    const words = allocateBlock(orderOf(wordCount * 4));
    if (words == 0) return false;
    memory.fill(words, 0, wordCount * 4);
    if (this.wordCount != 0) {
      memory.copy(words, this.words, this.wordCount * 4);
      giveBlock(this.words, orderOf(this.wordCount * 4));
    } else {
      store<u32>(words, 1);
    }
    this.words = words;
    this.wordCount = wordCount;
    return true;
  }
}
