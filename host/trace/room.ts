// Where bytes lie that become more.

export interface Room {
  /** All of it; another array once it has grown. */
  readonly bytes: Uint8Array;
  /** What is in it stays. @param least - bytes that are to be there afterwards */
  grow(least: number): void;
}

export class ArrayRoom implements Room {
  bytes: Uint8Array = new Uint8Array(0);

  grow(least: number): void {
    // Whole words, for those who look at it so.
    const bytes = new Uint8Array(Math.max((least + 3) & ~3, 2 * this.bytes.length));
    bytes.set(this.bytes);
    this.bytes = bytes;
  }
}
