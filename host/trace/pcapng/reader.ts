// Reads pcapng: every section in its own byte order, packets of all three kinds, custom blocks; other blocks are given by
// their type.

import { type Block, type BlockFormat, CaptureError, type InterfaceBlock, type PacketBlock } from "../capture.js";
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
  readonly raw: Uint8Array;
  readonly type: number;
  /** Of what is between head and tail. */
  readonly body: DataView;
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

  next(bytes: Uint8Array, offset: number): Block | undefined {
    if (bytes.length < BLOCK_BYTES_MIN) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const type = view.getUint32(0, true);
    if (type === BlockType.SECTION) this.#order(view, offset);
    const length = view.getUint32(4, this.#isLittle);
    if (length < BLOCK_BYTES_MIN || length > BLOCK_BYTES_MAX || length % 4 !== 0) {
      const expected = `a multiple of 4 from ${BLOCK_BYTES_MIN} to ${BLOCK_BYTES_MAX}`;
      throw new CaptureError(offset, `block of ${length} bytes; expected ${expected}`);
    }
    if (bytes.length < length) return undefined;
    const tail = view.getUint32(length - 4, this.#isLittle);
    if (tail !== length) {
      throw new CaptureError(offset + length - 4, `block ends with the length ${tail}; expected ${length}`);
    }
    const body = new DataView(bytes.buffer, bytes.byteOffset + BLOCK_HEAD_BYTES, length - BLOCK_BYTES_MIN);
    const raw = bytes.subarray(0, length);
    return this.#block({ offset, raw, type: view.getUint32(0, this.#isLittle), body });
  }

  #order(view: DataView, offset: number): void {
    const magic = view.getUint32(BLOCK_HEAD_BYTES, true);
    this.#isLittle = magic === BYTE_ORDER_MAGIC;
    if (this.#isLittle || view.getUint32(BLOCK_HEAD_BYTES) === BYTE_ORDER_MAGIC) return;
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
      default:
        return { kind: "other", offset: whole.offset, raw: whole.raw, type: whole.type };
    }
  }

  #section(whole: Whole): Block {
    const { body, offset, raw } = whole;
    expectBytes(whole, SECTION_BYTES);
    const [major, minor] = [body.getUint16(4, this.#isLittle), body.getUint16(6, this.#isLittle)];
    if (major !== VERSION.MAJOR || !MINORS.has(minor)) {
      throw new CaptureError(offset, `pcapng of version ${major}.${minor}; expected 1.0 or 1.2`);
    }
    this.#interfaces = [];
    return { kind: "section", offset, raw };
  }

  #interface(whole: Whole): InterfaceBlock {
    const { body, offset, raw } = whole;
    expectBytes(whole, INTERFACE_BYTES);
    const options = optionsOf(whole, INTERFACE_BYTES, this.#isLittle);
    const linkType = body.getUint16(0, this.#isLittle);
    const resolution = options.get(Option.INTERFACE_RESOLUTION)?.[0] ?? RESOLUTION_DEFAULT;
    const seconds = options.get(Option.INTERFACE_OFFSET);
    this.#interfaces.push({
      linkType,
      snapLength: body.getUint32(4, this.#isLittle),
      unitsPerSecond: unitsOf(resolution),
      offsetSeconds: seconds?.length === 8 ? viewOf(seconds).getBigInt64(0, this.#isLittle) : 0n,
    });
    return {
      kind: "interface",
      offset,
      raw,
      number: this.#interfaces.length - 1,
      linkType,
      name: textOf(options.get(Option.INTERFACE_NAME)),
      description: textOf(options.get(Option.INTERFACE_DESCRIPTION)),
    };
  }

  /** An Enhanced Packet Block, or the Packet Block that it replaced, which differs in the first word. */
  #packet(whole: Whole): PacketBlock {
    const { body, type } = whole;
    expectBytes(whole, PACKET_BYTES);
    const isOld = type === BlockType.OLD_PACKET;
    const number = isOld ? body.getUint16(0, this.#isLittle) : body.getUint32(0, this.#isLittle);
    const of = this.#interfaceOf(whole, number);
    const captured = body.getUint32(12, this.#isLittle);
    expectBytes(whole, PACKET_BYTES, captured);
    return new EnhancedPacket(whole, { number, captured, of, isLittle: this.#isLittle });
  }

  /** Of the section's first interface, without a time; its length is the original's, as far as that was captured. */
  #simplePacket(whole: Whole): PacketBlock {
    const { body, offset, raw } = whole;
    expectBytes(whole, SIMPLE_BYTES);
    const { linkType, snapLength } = this.#interfaceOf(whole, 0);
    const originalLength = body.getUint32(0, this.#isLittle);
    const captured = snapLength === 0 ? originalLength : Math.min(originalLength, snapLength);
    expectBytes(whole, SIMPLE_BYTES, captured);
    return {
      kind: "packet",
      offset,
      raw,
      interface: 0,
      linkType,
      nanoseconds: undefined,
      bytes: bytesOf(body, SIMPLE_BYTES, captured),
      originalLength,
      direction: undefined,
      comment: undefined,
    };
  }

  #custom(whole: Whole): Block {
    const { body, offset, raw } = whole;
    expectBytes(whole, CUSTOM_BYTES);
    const data = bytesOf(body, CUSTOM_BYTES, body.byteLength - CUSTOM_BYTES);
    return { kind: "custom", offset, raw, pen: body.getUint32(0, this.#isLittle), data };
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
  readonly raw: Uint8Array;
  readonly interface: number;
  readonly linkType: number;
  readonly bytes: Uint8Array;
  readonly #whole: Whole;
  readonly #head: PacketHead;
  #options: Options | undefined;

  constructor(whole: Whole, head: PacketHead) {
    this.offset = whole.offset;
    this.raw = whole.raw;
    this.interface = head.number;
    this.linkType = head.of.linkType;
    this.bytes = bytesOf(whole.body, PACKET_BYTES, head.captured);
    this.#whole = whole;
    this.#head = head;
  }

  get originalLength(): number {
    return this.#whole.body.getUint32(16, this.#head.isLittle);
  }

  get nanoseconds(): bigint | undefined {
    const { body } = this.#whole;
    const { of, isLittle } = this.#head;
    return nanosecondsOf(body.getUint32(4, isLittle), body.getUint32(8, isLittle), of);
  }

  get comment(): string | undefined {
    return textOf(this.#read().get(Option.COMMENT));
  }

  get direction(): Direction | undefined {
    const flags = this.#read().get(Option.PACKET_FLAGS);
    const { isLittle } = this.#head;
    return flags?.length === 4 ? DIRECTIONS[viewOf(flags).getUint32(0, isLittle) & DIRECTION_MASK] : undefined;
  }

  #read(): Options {
    const { captured, isLittle } = this.#head;
    this.#options ??= optionsOf(this.#whole, PACKET_BYTES + captured + (-captured & 3), isLittle);
    return this.#options;
  }
}

/** @throws CaptureError */
function optionsOf({ body, offset }: Whole, at: number, isLittle: boolean): Options {
  return readOptions(bytesOf(body, at, body.byteLength - at), { isLittle, offset: offset + BLOCK_HEAD_BYTES + at });
}

/** @param packet - bytes of it behind the fixed ones @throws CaptureError the block is shorter */
function expectBytes({ body, offset, type }: Whole, fixed: number, packet = 0): void {
  if (body.byteLength >= fixed + packet) return;
  const [name, length] = [`block of type 0x${type.toString(16)}`, body.byteLength + BLOCK_BYTES_MIN];
  throw new CaptureError(offset, `${name}: ${length} bytes; expected at least ${fixed + packet + BLOCK_BYTES_MIN}`);
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

function bytesOf(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
