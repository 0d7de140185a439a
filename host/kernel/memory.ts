// Views of a linear memory. Growth detaches every view, so each is asked for anew when the buffer has changed.

export class MemoryViews {
  readonly #memory: WebAssembly.Memory;
  #bytes: Uint8Array;
  #data: DataView;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#data = new DataView(memory.buffer);
  }

  /** All of memory. Not to be kept over a call into the core. */
  get bytes(): Uint8Array {
    if (this.#bytes.buffer !== this.#memory.buffer) this.#bytes = new Uint8Array(this.#memory.buffer);
    return this.#bytes;
  }

  /** The same, to read and write numbers: little endian. */
  get data(): DataView {
    if (this.#data.buffer !== this.#memory.buffer) this.#data = new DataView(this.#memory.buffer);
    return this.#data;
  }
}
