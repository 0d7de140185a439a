// The checksum that runs through a trace, block by block, and the bytes that it sums: they lie in the memory of its module
// (assembly/trace/chain.ts), and are written or read there.

import { wasm } from "#chain";
import type { Room } from "./room.js";

interface ChainExports {
  readonly memory: WebAssembly.Memory;
  add(start: number, end: number): void;
  low(): number;
  high(): number;
}

const PAGE_BYTES = 65_536;

let compiled: WebAssembly.Module | undefined;

export class Chain implements Room {
  readonly #call: ChainExports;
  bytes: Uint8Array;
  view: DataView;

  constructor() {
    compiled ??= new WebAssembly.Module(wasm);
    this.#call = new WebAssembly.Instance(compiled).exports as unknown as ChainExports;
    this.bytes = new Uint8Array(this.#call.memory.buffer);
    this.view = new DataView(this.#call.memory.buffer);
  }

  grow(least: number): void {
    const length = Math.max(least, 2 * this.bytes.length);
    this.#call.memory.grow(Math.ceil((length - this.bytes.length) / PAGE_BYTES));
    this.bytes = new Uint8Array(this.#call.memory.buffer);
    this.view = new DataView(this.#call.memory.buffer);
  }

  /** @param start - in `bytes`, to before `end`: a multiple of four bytes, which are summed as a whole */
  add(start: number, end: number): void {
    this.#call.add(start, end);
  }

  /** The two words that stand for all bytes so far. */
  get low(): number {
    return this.#call.low() >>> 0;
  }

  get high(): number {
    return this.#call.high() >>> 0;
  }
}
