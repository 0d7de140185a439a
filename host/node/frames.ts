// The protocol between supervisor and kernel, as intercept/frames.h has it: frames over a byte stream, little endian. What
// belongs to each frame is described there.

export const PROTOCOL_VERSION = 1;

export enum FrameType {
  HELLO = 1,
  OPEN = 2,
  CLOSE = 3,
  BIND = 4,
  CONNECT = 5,
  NAME = 6,
  SETOPT = 7,
  GETOPT = 8,
  SEND = 9,
  PULL = 10,
  TAKEN = 11,
  RECEIVE = 12,
  UNTAKEN = 13,
  IOCTL = 14,
  TICK = 15,
  SHUTDOWN = 16,
  OPEN_ROUTING = 17,
  REPLY = 64,
  DATA = 65,
  STATE = 66,
  GOODBYE = 67,
}

/** Offsets in a frame's header, and its size. */
export enum FrameHeader {
  LENGTH = 0,
  TYPE = 4,
  FLAGS = 5,
  VERSION = 6,
  SOCKET = 8,
  REQUEST = 12,
  BYTES = 16,
}

export const HALF_NONE = 0xffffffff;
export const RECORD_ERROR = 0x80000000;

export enum DataFlag {
  MORE = 1,
  SHARED = 2,
}

/** How a socket is read: the result of an OPEN. */
export enum Reading {
  AHEAD = 0,
  FORWARDED = 1,
}

export enum StateFlag {
  READABLE = 1,
  WRITABLE = 2,
  ARRIVED = 4,
}

/** Bytes of a struct address: its length, and how it begins. */
export const ADDRESS_BYTES = 20;
/** Bytes of a struct send_record. */
export const SEND_RECORD_BYTES = 12 + ADDRESS_BYTES;
/** Bytes of a struct data_record. */
export const DATA_RECORD_BYTES = 16;

export interface Frame {
  readonly type: number;
  readonly version: number;
  readonly socket: number;
  readonly request: number;
  /** Valid while the frame is handled. */
  readonly body: DataView;
}

/** The peer breaks the protocol: its connection ends. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

export function align4(bytes: number): number {
  return (bytes + 3) & ~3;
}

/** Cuts a byte stream into frames. Holds at most one frame that is not whole yet. */
export class FrameParser {
  readonly #limit: number;
  #pending = new Uint8Array(0);
  #length = 0;

  /** @param limit - bytes that a frame may have */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes of a frame that is not whole yet. */
  get pendingBytes(): number {
    return this.#length;
  }

  /**
   * @param chunk - what was read; not kept
   * @param handle - gets each frame that is whole now
   * @throws ProtocolError for a length that is impossible or above the limit
   */
  feed(chunk: Uint8Array, handle: (frame: Frame) => void): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#length === 0) rest = this.#handleWhole(rest, handle);
      if (rest.length > 0) rest = this.#collect(rest, handle);
    }
  }

  /** Frames that lie in the chunk as they are. @returns what is left */
  #handleWhole(chunk: Uint8Array, handle: (frame: Frame) => void): Uint8Array {
    let at = 0;
    while (chunk.length - at >= FrameHeader.BYTES) {
      const length = this.#lengthAt(chunk, at);
      if (chunk.length - at < length) break;
      handle(frameAt(chunk, at, length));
      at += length;
    }
    return chunk.subarray(at);
  }

  /** A frame that came in pieces. @returns what is left of the chunk */
  #collect(chunk: Uint8Array, handle: (frame: Frame) => void): Uint8Array {
    const isHeaderThere = this.#length >= FrameHeader.BYTES;
    const wanted = isHeaderThere ? this.#lengthAt(this.#pending, 0) : FrameHeader.BYTES;
    const taken = Math.min(wanted - this.#length, chunk.length);
    this.#reserve(this.#length + taken, wanted);
    this.#pending.set(chunk.subarray(0, taken), this.#length);
    this.#length += taken;
    if (this.#length === wanted && (isHeaderThere || this.#lengthAt(this.#pending, 0) === wanted)) {
      this.#length = 0;
      handle(frameAt(this.#pending, 0, wanted));
    }
    return chunk.subarray(taken);
  }

  /** Grows with what has come, for a header may promise more than ever comes. */
  #reserve(bytes: number, most: number): void {
    if (this.#pending.length >= bytes) return;
    const larger = new Uint8Array(Math.min(most, Math.max(bytes, 2 * this.#pending.length)));
    larger.set(this.#pending.subarray(0, this.#length));
    this.#pending = larger;
  }

  #lengthAt(bytes: Uint8Array, at: number): number {
    const length = viewOf(bytes).getUint32(at + FrameHeader.LENGTH, true);
    if (length < FrameHeader.BYTES || length > this.#limit) {
      throw new ProtocolError(`a frame of ${length} bytes; expected ${FrameHeader.BYTES} … ${this.#limit}`);
    }
    return length;
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function frameAt(bytes: Uint8Array, at: number, length: number): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, length);
  return {
    type: view.getUint8(FrameHeader.TYPE),
    version: view.getUint16(FrameHeader.VERSION, true),
    socket: view.getUint32(FrameHeader.SOCKET, true),
    request: view.getUint32(FrameHeader.REQUEST, true),
    body: new DataView(bytes.buffer, bytes.byteOffset + at + FrameHeader.BYTES, length - FrameHeader.BYTES),
  };
}
