// Reads pcap, the older format: one link type for the whole file, no sections, no comments.

import { type BlockFormat, CaptureError, type FileWindow, type InterfaceBlock, type PacketBlock } from "./capture.js";
import { BLOCK_BYTES_MAX } from "./pcapng/format.js";

/** Of time stamps in microseconds and in nanoseconds. */
const MAGIC_MICRO = 0xa1b2c3d4;
const MAGIC_NANO = 0xa1b23c4d;
const FILE_HEAD_BYTES = 24;
const PACKET_HEAD_BYTES = 16;
const MAJOR = 2;
/** The other bits of the word say how long a frame check sequence is. */
const LINKTYPE_MASK = 0x0fffffff;

/** Whether a file that begins so is one. @param bytes - at least four */
export function isPcap(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [true, false].some((isLittle) => isMagic(view.getUint32(0, isLittle)));
}

function isMagic(word: number): boolean {
  return word === MAGIC_MICRO || word === MAGIC_NANO;
}

export class PcapFormat implements BlockFormat {
  #isLittle = true;
  #nanosecondsPerUnit = 1000n;
  #linkType: number | undefined;

  next(window: FileWindow, offset: number): InterfaceBlock | PacketBlock | undefined {
    return this.#linkType === undefined ? this.#fileHead(window, offset) : this.#packet(window, offset, this.#linkType);
  }

  /** The head of the file is all there is of an interface. */
  #fileHead({ room: { view }, start, end }: FileWindow, offset: number): InterfaceBlock | undefined {
    if (end - start < FILE_HEAD_BYTES) return undefined;
    this.#isLittle = isMagic(view.getUint32(start, true));
    if (view.getUint32(start, this.#isLittle) === MAGIC_NANO) this.#nanosecondsPerUnit = 1n;
    const major = view.getUint16(start + 4, this.#isLittle);
    if (major !== MAJOR) throw new CaptureError(offset, `pcap of version ${major}; expected ${MAJOR}`);
    this.#linkType = view.getUint32(start + 20, this.#isLittle) & LINKTYPE_MASK;
    return {
      kind: "interface",
      offset,
      start,
      length: FILE_HEAD_BYTES,
      number: 0,
      linkType: this.#linkType,
      name: undefined,
      description: undefined,
    };
  }

  #packet(
    { room: { bytes, view }, start, end }: FileWindow,
    offset: number,
    linkType: number,
  ): PacketBlock | undefined {
    if (end - start < PACKET_HEAD_BYTES) return undefined;
    const captured = view.getUint32(start + 8, this.#isLittle);
    if (captured > BLOCK_BYTES_MAX) {
      throw new CaptureError(offset, `packet of ${captured} bytes; expected at most ${BLOCK_BYTES_MAX}`);
    }
    const length = PACKET_HEAD_BYTES + captured;
    if (end - start < length) return undefined;
    const seconds = BigInt(view.getUint32(start, this.#isLittle));
    const units = BigInt(view.getUint32(start + 4, this.#isLittle));
    return {
      kind: "packet",
      offset,
      start,
      length,
      interface: 0,
      linkType,
      nanoseconds: seconds * 1_000_000_000n + units * this.#nanosecondsPerUnit,
      bytes: bytes.subarray(start + PACKET_HEAD_BYTES, start + length),
      span: { start: start + PACKET_HEAD_BYTES, length: captured },
      originalLength: view.getUint32(start + 12, this.#isLittle),
      direction: undefined,
      comment: undefined,
    };
  }
}
