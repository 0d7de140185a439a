// Reads pcapng: every section in its own byte order, packets of all three kinds, custom blocks; other blocks are given by
// their type.

import {
  type Block,
  type BlockFormat,
  CaptureError,
  type CustomBlock,
  type FileWindow,
  type InterfaceBlock,
  type PacketBlock,
  type Span,
} from "../capture.js";
import {
  BLOCK_BYTES_MAX,
  BLOCK_BYTES_MIN,
  BLOCK_HEAD_BYTES,
  BlockType,
  BYTE_ORDER_MAGIC,
  DIRECTION_MASK,
  DIRECTIONS,
  type Direction,
  MINORS,
  Option,
  RESOLUTION_BINARY,
  RESOLUTION_DEFAULT,
  VERSION,
} from "./format.js";
import { type Options, readOptions } from "./options.js";

/** What packets need of their interface. */
interface Interface {
  readonly linkType: number;
  /** Most bytes that were captured of a packet; 0 for all. */
  readonly snapLength: number;
  readonly unitsPerSecond: bigint;
  readonly offsetSeconds: bigint;
}

/** A whole block, its head and tail checked. */
interface Whole {
  readonly offset: number;
  /** Where it begins in the room, and its bytes there. */
  readonly start: number;
  readonly length: number;
  readonly type: number;
  /** Of the whole room. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Bytes of each kind of block before what has no fixed size. */
const SECTION_BYTES = 16;
const INTERFACE_BYTES = 8;
const PACKET_BYTES = 20;
const SIMPLE_BYTES = 4;
const CUSTOM_BYTES = 4;

const NANOSECONDS = 1_000_000_000n;
const decoder = new TextDecoder();

export class PcapngFormat implements BlockFormat {
  #isLittle = true;
  #interfaces: Interface[] = [];

  next({ room: { bytes, view }, start, end }: FileWindow, offset: number): Block | undefined {
    if (end - start < BLOCK_BYTES_MIN) return undefined;
    if (view.getUint32(start, true) === BlockType.SECTION) this.#order(view, start, offset);
    const length = view.getUint32(start + 4, this.#isLittle);
    if (length < BLOCK_BYTES_MIN || length > BLOCK_BYTES_MAX || length % 4 !== 0) {
      const expected = `a multiple of 4 from ${BLOCK_BYTES_MIN} to ${BLOCK_BYTES_MAX}`;
      throw new CaptureError(offset, `block of ${length} bytes; expected ${expected}`);
    }
    if (end - start < length) return undefined;
    const tail = view.getUint32(start + length - 4, this.#isLittle);
    if (tail !== length) {
      throw new CaptureError(offset + length - 4, `block ends with the length ${tail}; expected ${length}`);
    }
    return this.#block({ offset, start, length, type: view.getUint32(start, this.#isLittle), bytes, view });
  }

  #order(view: DataView, start: number, offset: number): void {
    const magic = view.getUint32(start + BLOCK_HEAD_BYTES, true);
    this.#isLittle = magic === BYTE_ORDER_MAGIC;
    if (this.#isLittle || view.getUint32(start + BLOCK_HEAD_BYTES) === BYTE_ORDER_MAGIC) return;
    throw new CaptureError(
      offset + BLOCK_HEAD_BYTES,
      `byte-order magic 0x${magic.toString(16)}; expected 0x${BYTE_ORDER_MAGIC.toString(16)} in either order`,
    );
  }

  #block(whole: Whole): Block {
    switch (whole.type) {
      case BlockType.SECTION:
        return this.#section(whole);
      case BlockType.INTERFACE:
        return this.#interface(whole);
      case BlockType.ENHANCED_PACKET:
      case BlockType.OLD_PACKET:
        return this.#packet(whole);
      case BlockType.SIMPLE_PACKET:
        return this.#simplePacket(whole);
      case BlockType.CUSTOM:
      case BlockType.CUSTOM_NO_COPY:
        return this.#custom(whole);
      default: {
        const { offset, start, length, type } = whole;
        return { kind: "other", offset, start, length, type };
      }
    }
  }

  /** @param at - behind the head, as for a word */
  #half(whole: Whole, at: number): number {
    return whole.view.getUint16(whole.start + BLOCK_HEAD_BYTES + at, this.#isLittle);
  }

  #word(whole: Whole, at: number): number {
    return whole.view.getUint32(whole.start + BLOCK_HEAD_BYTES + at, this.#isLittle);
  }

  #section(whole: Whole): Block {
    const { offset, start, length } = whole;
    expectBytes(whole, SECTION_BYTES);
    const [major, minor] = [this.#half(whole, 4), this.#half(whole, 6)];
    if (major !== VERSION.MAJOR || !MINORS.has(minor)) {
      throw new CaptureError(offset, `pcapng of version ${major}.${minor}; expected 1.0 or 1.2`);
    }
    this.#interfaces = [];
    return { kind: "section", offset, start, length };
  }

  #interface(whole: Whole): InterfaceBlock {
    const { offset, start, length } = whole;
    expectBytes(whole, INTERFACE_BYTES);
    const options = optionsOf(whole, INTERFACE_BYTES, this.#isLittle);
    const linkType = this.#half(whole, 0);
    const resolution = options.get(Option.INTERFACE_RESOLUTION)?.[0] ?? RESOLUTION_DEFAULT;
    const seconds = options.get(Option.INTERFACE_OFFSET);
    this.#interfaces.push({
      linkType,
      snapLength: this.#word(whole, 4),
      unitsPerSecond: unitsOf(resolution),
      offsetSeconds: seconds?.length === 8 ? viewOf(seconds).getBigInt64(0, this.#isLittle) : 0n,
    });
    return {
      kind: "interface",
      offset,
      start,
      length,
      number: this.#interfaces.length - 1,
      linkType,
      name: textOf(options.get(Option.INTERFACE_NAME)),
      description: textOf(options.get(Option.INTERFACE_DESCRIPTION)),
    };
  }

  /** An Enhanced Packet Block, or the Packet Block that it replaced, which differs in the first word. */
  #packet(whole: Whole): PacketBlock {
    expectBytes(whole, PACKET_BYTES);
    const number = whole.type === BlockType.OLD_PACKET ? this.#half(whole, 0) : this.#word(whole, 0);
    const of = this.#interfaceOf(whole, number);
    const captured = this.#word(whole, 12);
    expectBytes(whole, PACKET_BYTES, captured);
    return new EnhancedPacket(whole, { number, captured, of, isLittle: this.#isLittle });
  }

  /** Of the section's first interface, without a time; its length is the original's, as far as that was captured. */
  #simplePacket(whole: Whole): PacketBlock {
    const { offset, start, length } = whole;
    expectBytes(whole, SIMPLE_BYTES);
    const { linkType, snapLength } = this.#interfaceOf(whole, 0);
    const originalLength = this.#word(whole, 0);
    const captured = snapLength === 0 ? originalLength : Math.min(originalLength, snapLength);
    expectBytes(whole, SIMPLE_BYTES, captured);
    return {
      kind: "packet",
      offset,
      start,
      length,
      interface: 0,
      linkType,
      nanoseconds: undefined,
      bytes: bytesOf(whole, SIMPLE_BYTES, captured),
      span: spanOf(whole, SIMPLE_BYTES, captured),
      originalLength,
      direction: undefined,
      comment: undefined,
    };
  }

  #custom(whole: Whole): Block {
    expectBytes(whole, CUSTOM_BYTES);
    return new Custom(whole, this.#word(whole, 0));
  }

  #interfaceOf({ offset }: Whole, number: number): Interface {
    const found = this.#interfaces[number];
    if (found !== undefined) return found;
    const { length } = this.#interfaces;
    throw new CaptureError(offset, `packet of interface ${number}; the section has described ${length}`);
  }
}

/** Where a packet is from, and how long what was captured of it is. */
interface PacketHead {
  readonly number: number;
  readonly captured: number;
  readonly of: Interface;
  readonly isLittle: boolean;
}

/** A packet with options: what most readers do not want of it is made when it is asked for. */
class EnhancedPacket implements PacketBlock {
  readonly kind = "packet";
  readonly offset: number;
  readonly start: number;
  readonly length: number;
  readonly interface: number;
  readonly linkType: number;
  readonly span: Span;
  readonly #whole: Whole;
  readonly #head: PacketHead;
  #options: Options | undefined;

  constructor(whole: Whole, head: PacketHead) {
    this.offset = whole.offset;
    this.start = whole.start;
    this.length = whole.length;
    this.interface = head.number;
    this.linkType = head.of.linkType;
    this.span = spanOf(whole, PACKET_BYTES, head.captured);
    this.#whole = whole;
    this.#head = head;
  }

  get bytes(): Uint8Array {
    return bytesOf(this.#whole, PACKET_BYTES, this.#head.captured);
  }

  get originalLength(): number {
    return this.#word(16);
  }

  get nanoseconds(): bigint | undefined {
    return nanosecondsOf(this.#word(4), this.#word(8), this.#head.of);
  }

  get comment(): string | undefined {
    return textOf(this.#read().get(Option.COMMENT));
  }

  get direction(): Direction | undefined {
    const flags = this.#read().get(Option.PACKET_FLAGS);
    const { isLittle } = this.#head;
    return flags?.length === 4 ? DIRECTIONS[viewOf(flags).getUint32(0, isLittle) & DIRECTION_MASK] : undefined;
  }

  #word(at: number): number {
    const { view, start } = this.#whole;
    return view.getUint32(start + BLOCK_HEAD_BYTES + at, this.#head.isLittle);
  }

  #read(): Options {
    const { captured, isLittle } = this.#head;
    this.#options ??= optionsOf(this.#whole, PACKET_BYTES + captured + (-captured & 3), isLittle);
    return this.#options;
  }
}

class Custom implements CustomBlock {
  readonly kind = "custom";
  readonly offset: number;
  readonly start: number;
  readonly length: number;
  readonly span: Span;
  readonly #whole: Whole;

  constructor(
    whole: Whole,
    readonly pen: number,
  ) {
    this.offset = whole.offset;
    this.start = whole.start;
    this.length = whole.length;
    this.span = spanOf(whole, CUSTOM_BYTES, whole.length - BLOCK_BYTES_MIN - CUSTOM_BYTES);
    this.#whole = whole;
  }

  get data(): Uint8Array {
    return bytesOf(this.#whole, CUSTOM_BYTES, this.span.length);
  }
}

/** @throws CaptureError */
function optionsOf(whole: Whole, at: number, isLittle: boolean): Options {
  const bytes = bytesOf(whole, at, whole.length - BLOCK_BYTES_MIN - at);
  return readOptions(bytes, { isLittle, offset: whole.offset + BLOCK_HEAD_BYTES + at });
}

/** @param packet - bytes of it behind the fixed ones @throws CaptureError the block is shorter */
function expectBytes({ length, offset, type }: Whole, fixed: number, packet = 0): void {
  const least = fixed + packet + BLOCK_BYTES_MIN;
  if (length >= least) return;
  throw new CaptureError(offset, `block of type 0x${type.toString(16)}: ${length} bytes; expected at least ${least}`);
}

function nanosecondsOf(high: number, low: number, { unitsPerSecond, offsetSeconds }: Interface): bigint {
  const units = (BigInt(high) << 32n) | BigInt(low);
  return (units * NANOSECONDS) / unitsPerSecond + offsetSeconds * NANOSECONDS;
}

function unitsOf(resolution: number): bigint {
  const power = BigInt(resolution & ~RESOLUTION_BINARY);
  return (resolution & RESOLUTION_BINARY ? 2n : 10n) ** power;
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && decoder.decode(bytes);
}

/** @param at - behind the head */
function spanOf({ start }: Whole, at: number, length: number): Span {
  return { start: start + BLOCK_HEAD_BYTES + at, length };
}

/** @param at - behind the head */
function bytesOf({ bytes, start }: Whole, at: number, length: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start + BLOCK_HEAD_BYTES + at, length);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
