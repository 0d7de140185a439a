// What a frame carries, read from the front.

import { align4, ProtocolError } from "./frames.js";

export class Body {
  readonly #view: DataView;
  #at = 0;

  constructor(view: DataView) {
    this.#view = view;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#view.byteLength - this.#at;
  }

  #advance(bytes: number): number {
    if (bytes > this.left) throw new ProtocolError(`a body that lacks ${bytes - this.left} bytes`);
    const at = this.#at;
    this.#at += bytes;
    return at;
  }

  /** @throws ProtocolError when the body ends before, as for the others */
  word(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  int(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  /** Valid while the frame is handled. */
  bytes(length: number): Uint8Array {
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + this.#advance(length), length);
  }

  /** Bytes that are padded to a multiple of 4. */
  padded(length: number): Uint8Array {
    const bytes = this.bytes(length);
    this.#advance(align4(length) - length);
    return bytes;
  }

  rest(): Uint8Array {
    return this.bytes(this.left);
  }
}
