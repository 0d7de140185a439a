// Rings: queues of words that grow by doubling.
//   reserve, reserveFor   make room for one or several more; the pushes that follow cannot fail
//   push, unshift, insert, shift, pop, remove, at
// A ring is four words inside its owner's record; it has no memory until the first reserve.

import { allocateBlock, giveBlock, orderOf } from "./block";

/** Entries of a ring's first block. */
const ENTRIES_MIN: u32 = 8;

@unmanaged
export class Ring {
  entries: usize;
  /** Entries there is room for: 0 or a power of two. */
  capacity: u32;
  head: u32;
  count: u32;

  reserve(): bool {
    return this.reserveFor(1);
  }

  reserveFor(more: u32): bool {
    if (this.count + more <= this.capacity) return true;
    let capacity = max(this.capacity << 1, ENTRIES_MIN);
    while (capacity < this.count + more) capacity <<= 1;
    const entries = allocateBlock(orderOf(capacity * sizeof<usize>()));
    if (entries == 0) return false;
    for (let i: u32 = 0; i < this.count; i++) store<usize>(entries + i * sizeof<usize>(), this.at(i));
    this.free();
    this.entries = entries;
    this.capacity = capacity;
    this.head = 0;
    return true;
  }

  /** After a reserve that succeeded. */
  push(value: usize): void {
    assert(this.count < this.capacity, "a push follows a reserve");
    store<usize>(this.place(this.count), value);
    this.count++;
  }

  /** After a reserve that succeeded. */
  unshift(value: usize): void {
    assert(this.count < this.capacity, "an unshift follows a reserve");
    this.head = (this.head - 1) & (this.capacity - 1);
    this.count++;
    store<usize>(this.place(0), value);
  }

  /** Puts a value before the i-th entry; after a reserve that succeeded. */
  insert(i: u32, value: usize): void {
    this.unshift(value);
    for (let j: u32 = 0; j < i; j++) store<usize>(this.place(j), this.at(j + 1));
    store<usize>(this.place(i), value);
  }

  /** Takes the i-th entry out. */
  remove(i: u32): void {
    for (let j = i; j > 0; j--) store<usize>(this.place(j), this.at(j - 1));
    this.shift();
  }

  /** The first entry, removed; 0 when empty. */
  shift(): usize {
    if (this.count == 0) return 0;
    const value = load<usize>(this.place(0));
    this.head = (this.head + 1) & (this.capacity - 1);
    this.count--;
    return value;
  }

  /** The last entry, removed; count > 0. */
  pop(): usize {
    assert(this.count > 0, "a pop finds an entry");
    this.count--;
    return load<usize>(this.place(this.count));
  }

  /** The i-th entry from the head; i < count. */
  at(i: u32): usize {
    return load<usize>(this.place(i));
  }

  /** Gives the ring's memory back; its entries are the owner's affair. */
  free(): void {
    if (this.capacity != 0) giveBlock(this.entries, orderOf(this.capacity * sizeof<usize>()));
    this.entries = 0;
    this.capacity = 0;
  }

  private place(i: u32): usize {
    return this.entries + ((this.head + i) & (this.capacity - 1)) * sizeof<usize>();
  }
}
