// Where bytes lie that become more.

export interface Room {
  /** All of it, in both ways; others once it has grown. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** What is in it stays, and it is twice as large at least. @param least - bytes that are to be there afterwards */
  grow(least: number): void;
}

export class ArrayRoom implements Room {
  bytes: Uint8Array = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);

  grow(least: number): void {
    // Whole words, for those who look at it so.
    const bytes = new Uint8Array(Math.max((least + 3) & ~3, 2 * this.bytes.length));
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}
