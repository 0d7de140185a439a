// Views of a linear memory. Growth detaches every view; a detached view has no length, which is how it is noticed.

/** Up to so many bytes a loop is quicker than a view of them. */
const LOOP_BYTES = 128;

/** Copies bytes from one memory to another. */
export function copyBytes(from: Uint8Array, at: number, bytes: number, into: Uint8Array, place: number): void {
  if (bytes > LOOP_BYTES) into.set(from.subarray(at, at + bytes), place);
  else for (let i = 0; i < bytes; i++) into[place + i] = from[at + i] as number;
}

export class MemoryViews {
  readonly #memory: WebAssembly.Memory;
  #bytes: Uint8Array;
  #words: Uint32Array;
  #data: DataView;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#data = new DataView(memory.buffer);
  }

  #refresh(): void {
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#words = new Uint32Array(this.#memory.buffer);
    this.#data = new DataView(this.#memory.buffer);
  }

  /** All of memory. Not to be kept over a call into the core. */
  get bytes(): Uint8Array {
    if (this.#bytes.length === 0) this.#refresh();
    return this.#bytes;
  }

  /** The same in words of four bytes. */
  get words(): Uint32Array {
    if (this.#bytes.length === 0) this.#refresh();
    return this.#words;
  }

  /** The same, to read and write numbers of any size: little endian. */
  get data(): DataView {
    if (this.#bytes.length === 0) this.#refresh();
    return this.#data;
  }
}
