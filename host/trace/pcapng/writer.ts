// Writes pcapng, block by block, into bytes that whoever keeps the file takes from time to time. Little endian.

import type { ByteWriter } from "../bytewriter.js";
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
  readonly direction?: Direction;
  readonly comment?: string;
}

const U32 = 2 ** 32;
/** An option's length has 16 bits. */
const OPTION_BYTES_MAX = 0xffff;
const NOTHING = new Uint8Array(0);

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
    this.#text(Option.COMMENT, comment);
    this.#text(Option.SECTION_OS, os);
    this.#text(Option.SECTION_APPLICATION, application);
    this.#endOptions();
    this.#end(start);
  }

  /** @returns its number in the section */
  interface({ linkType, name, description, resolution = RESOLUTION_DEFAULT }: InterfaceOptions): number {
    const start = this.#begin(BlockType.INTERFACE);
    const out = this.#out;
    out.u16(linkType);
    out.u16(0);
    out.u32(0); // no limit of a packet's bytes
    this.#text(Option.INTERFACE_NAME, name);
    this.#text(Option.INTERFACE_DESCRIPTION, description);
    this.#option(Option.INTERFACE_RESOLUTION, Uint8Array.of(resolution));
    this.#endOptions();
    this.#end(start);
    return this.#interfaces++;
  }

  packet({ interface: number, timestamp, head = NOTHING, bytes, direction, comment }: PacketOptions): void {
    const start = this.#begin(BlockType.ENHANCED_PACKET);
    const out = this.#out;
    const length = head.length + bytes.length;
    out.u32(number);
    out.u32(Math.floor(timestamp / U32));
    out.u32(timestamp % U32);
    out.u32(length);
    out.u32(length);
    out.put(head);
    out.put(bytes);
    out.pad();
    this.#text(Option.COMMENT, comment);
    if (direction !== undefined) {
      out.u16(Option.PACKET_FLAGS);
      out.u16(4);
      out.u32(DIRECTIONS.indexOf(direction));
    }
    this.#endOptions();
    this.#end(start);
  }

  /**
   * A custom block without options.
   * @param pen - private enterprise number of whose block it is
   * @param write - writes its data, as many bytes as it likes
   */
  custom(pen: number, write: (out: ByteWriter) => void): void {
    const start = this.#begin(BlockType.CUSTOM);
    this.#out.u32(pen);
    write(this.#out);
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

  #option(code: number, value: Uint8Array): void {
    this.#out.u16(code);
    this.#out.u16(value.length);
    this.#out.put(value);
    this.#out.pad();
  }

  #text(code: number, value: string | undefined): void {
    if (value === undefined) return;
    const out = this.#out;
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

  #endOptions(): void {
    this.#out.u16(Option.END);
    this.#out.u16(0);
  }
}
