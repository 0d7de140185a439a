// Hash tables of records that carry their own link: no memory per entry, buckets double when entries exceed them.
//   insert   after which the record is found under its hash; false without memory for the first buckets
//   first, next   the records of a hash value, newest first
//   remove
// A record that is hashed extends Hashed: two words at its start. Growth that fails leaves longer chains, no error.

import { allocateBlock, giveBlock, orderOf } from "./block";

const BUCKETS_MIN: u32 = 16;

@unmanaged
export class Hashed {
  hashNext: usize;
  hash: u32;
}

@unmanaged
export class HashTable {
  buckets: usize;
  /** 0 or a power of two. */
  size: u32;
  count: u32;

  insert(record: usize, hash: u32): bool {
    if (this.count >= this.size && !this.resize(max(this.size << 1, BUCKETS_MIN)) && this.size == 0) return false;
    const entry = changetype<Hashed>(record);
    entry.hash = hash;
    const bucket = this.bucket(hash);
    entry.hashNext = load<usize>(bucket);
    store<usize>(bucket, record);
    this.count++;
    return true;
  }

  first(hash: u32): usize {
    if (this.size == 0) return 0;
    return this.matching(load<usize>(this.bucket(hash)), hash);
  }

  next(record: usize): usize {
    const entry = changetype<Hashed>(record);
    return this.matching(entry.hashNext, entry.hash);
  }

  remove(record: usize): void {
    let link = this.bucket(changetype<Hashed>(record).hash);
    while (load<usize>(link) != record) link = load<usize>(link) + offsetof<Hashed>("hashNext");
    store<usize>(link, changetype<Hashed>(record).hashNext);
    this.count--;
    if (this.count == 0) {
      giveBlock(this.buckets, orderOf(this.size * sizeof<usize>()));
      this.buckets = 0;
      this.size = 0;
    }
  }

  /** The first record from a bucket on, 0 = none: with `after` all records, bucket by bucket. */
  firstFrom(index: u32): usize {
    for (; index < this.size; index++) {
      const record = load<usize>(this.buckets + index * sizeof<usize>());
      if (record != 0) return record;
    }
    return 0;
  }

  after(record: usize): usize {
    const next = changetype<Hashed>(record).hashNext;
    return next != 0 ? next : this.firstFrom((changetype<Hashed>(record).hash & (this.size - 1)) + 1);
  }

  private matching(record: usize, hash: u32): usize {
    while (record != 0 && changetype<Hashed>(record).hash != hash) record = changetype<Hashed>(record).hashNext;
    return record;
  }

  private bucket(hash: u32): usize {
    return this.buckets + (hash & (this.size - 1)) * sizeof<usize>();
  }

  private resize(size: u32): bool {
    const order = orderOf(size * sizeof<usize>());
    const buckets = allocateBlock(order);
    if (buckets == 0) return false;
    memory.fill(buckets, 0, <usize>1 << order);
    for (let i: u32 = 0; i < this.size; i++) {
      let record = load<usize>(this.buckets + i * sizeof<usize>());
      while (record != 0) {
        const entry = changetype<Hashed>(record);
        const next = entry.hashNext;
        const bucket = buckets + (entry.hash & (size - 1)) * sizeof<usize>();
        entry.hashNext = load<usize>(bucket);
        store<usize>(bucket, record);
        record = next;
      }
    }
    if (this.size != 0) giveBlock(this.buckets, orderOf(this.size * sizeof<usize>()));
    this.buckets = buckets;
    this.size = size;
    return true;
  }
}

/** A word mixed into a hash value (MurmurHash3's step). */
export function mix(hash: u32, word: u32): u32 {
  word *= 0xcc9e2d51;
  word = rotl<u32>(word, 15) * 0x1b873593;
  return rotl<u32>(hash ^ word, 13) * 5 + 0xe6546b64;
}

/** Spreads a mixed value over all bits (MurmurHash3's finish). */
export function finish(hash: u32): u32 {
  hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
  return hash ^ (hash >> 16);
}
