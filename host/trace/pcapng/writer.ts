// Writes pcapng, block by block, into bytes that whoever keeps the file takes from time to time. Little endian.

import { ByteWriter } from "../bytewriter.js";
import {
  BlockType,
  BYTE_ORDER_MAGIC,
  DIRECTIONS,
  type Direction,
  LENGTH_UNKNOWN,
  Option,
  RESOLUTION_DEFAULT,
  VERSION,
} from "./format.js";

export interface SectionOptions {
  /** What writes it. */
  readonly application?: string;
  readonly os?: string;
  readonly comment?: string;
}

export interface InterfaceOptions {
  readonly linkType: number;
  readonly name?: string;
  readonly description?: string;
  /** Time stamps count units of 10 to the power of minus this, in seconds. Default 6. */
  readonly resolution?: number;
}

export interface PacketOptions {
  /** In order of the interfaces in the section, from 0. */
  readonly interface: number;
  /** Units of the interface's resolution since 1970. */
  readonly timestamp: number;
  /** What comes before `bytes` in the packet. */
  readonly head?: Uint8Array;
  readonly bytes: Uint8Array;
  /** Of packetOptions. Default: none. */
  readonly options?: Uint8Array;
}

/** What a packet's options say, which may be the same of many packets. */
export interface PacketRemarks {
  readonly direction?: Direction;
  readonly comment?: string;
}

const U32 = 2 ** 32;
/** An option's length has 16 bits. */
const OPTION_BYTES_MAX = 0xffff;
const NOTHING = new Uint8Array(0);

const scratch = new ByteWriter();

/** @throws RangeError the comment has more than 65,535 bytes */
export function packetOptions({ comment, direction }: PacketRemarks): Uint8Array {
  const out = scratch;
  out.clear();
  putText(out, Option.COMMENT, comment);
  if (direction !== undefined) {
    out.u16(Option.PACKET_FLAGS);
    out.u16(4);
    out.u32(DIRECTIONS.indexOf(direction));
  }
  if (out.length > 0) endOptions(out);
  return out.from(0).slice();
}

export class BlockWriter {
  readonly #out: ByteWriter;
  #interfaces = 0;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  /** Begins a section, whose interfaces are numbered anew. */
  section({ application, os, comment }: SectionOptions = {}): void {
    this.#interfaces = 0;
    const start = this.#begin(BlockType.SECTION);
    const out = this.#out;
    out.u32(BYTE_ORDER_MAGIC);
    out.u16(VERSION.MAJOR);
    out.u16(VERSION.MINOR);
    out.u32(LENGTH_UNKNOWN);
    out.u32(LENGTH_UNKNOWN);
    putText(out, Option.COMMENT, comment);
    putText(out, Option.SECTION_OS, os);
    putText(out, Option.SECTION_APPLICATION, application);
    endOptions(out);
    this.#end(start);
  }

  /** @returns its number in the section */
  interface({ linkType, name, description, resolution = RESOLUTION_DEFAULT }: InterfaceOptions): number {
    const start = this.#begin(BlockType.INTERFACE);
    const out = this.#out;
    out.u16(linkType);
    out.u16(0);
    out.u32(0); // no limit of a packet's bytes
    putText(out, Option.INTERFACE_NAME, name);
    putText(out, Option.INTERFACE_DESCRIPTION, description);
    putOption(out, Option.INTERFACE_RESOLUTION, Uint8Array.of(resolution));
    endOptions(out);
    this.#end(start);
    return this.#interfaces++;
  }

  packet({ interface: number, timestamp, head = NOTHING, bytes, options = NOTHING }: PacketOptions): void {
    const start = this.#begin(BlockType.ENHANCED_PACKET);
    const out = this.#out;
    const length = head.length + bytes.length;
    const high = Math.floor(timestamp / U32);
    out.u32(number);
    out.u32(high);
    out.u32(timestamp - high * U32);
    out.u32(length);
    out.u32(length);
    out.put(head);
    out.put(bytes);
    out.pad();
    out.put(options);
    this.#end(start);
  }

  /**
   * Begins a custom block without options; its data is what is written until endCustom.
   * @param pen - private enterprise number of whose block it is
   * @returns where it begins
   */
  beginCustom(pen: number): number {
    const start = this.#begin(BlockType.CUSTOM);
    this.#out.u32(pen);
    return start;
  }

  /** @param start - of beginCustom */
  endCustom(start: number): void {
    this.#out.pad();
    this.#end(start);
  }

  #begin(type: number): number {
    const start = this.#out.length;
    this.#out.u32(type);
    this.#out.u32(0);
    return start;
  }

  #end(start: number): void {
    const length = this.#out.length + 4 - start;
    this.#out.patchU32(start + 4, length);
    this.#out.u32(length);
  }
}

function putOption(out: ByteWriter, code: number, value: Uint8Array): void {
  out.u16(code);
  out.u16(value.length);
  out.put(value);
  out.pad();
}

function putText(out: ByteWriter, code: number, value: string | undefined): void {
  if (value === undefined) return;
  out.u16(code);
  const at = out.length;
  out.u16(0);
  const length = out.text(value);
  if (length > OPTION_BYTES_MAX) {
    throw new RangeError(`pcapng: option of ${length} bytes; expected at most ${OPTION_BYTES_MAX}`);
  }
  out.patchU16(at, length);
  out.pad();
}

function endOptions(out: ByteWriter): void {
  out.u16(Option.END);
  out.u16(0);
}
