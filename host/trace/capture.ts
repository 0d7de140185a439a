// Capture files, pcapng and pcap, read piece by piece: bytes go in as they come, blocks come out when they are whole. What
// no reader knows is skipped; what cannot be is refused, with its place.

import type { Direction } from "./pcapng/format.js";
import type { Room } from "./room.js";

/** A file that is none, or is damaged. The message says where, and what was expected there. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";

  constructor(
    /** Bytes of the file before it. */
    readonly offset: number,
    what: string,
  ) {
    super(`byte ${offset}: ${what}`);
  }
}

/** Bytes in the reader's room: where they begin there, and how many they are. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

/** What every block has: the span of it all, head and tail too. Its bytes last until the next call of the reader. */
interface Place extends Span {
  /** Bytes of the file before the block. */
  readonly offset: number;
}

export interface SectionBlock extends Place {
  readonly kind: "section";
}

export interface InterfaceBlock extends Place {
  readonly kind: "interface";
  /** In the section, from 0. */
  readonly number: number;
  readonly linkType: number;
  readonly name: string | undefined;
  readonly description: string | undefined;
}

/** Its options are read when they are asked for, and a CaptureError may come of that. */
export interface PacketBlock extends Place {
  readonly kind: "packet";
  /** The number of its interface. */
  readonly interface: number;
  readonly linkType: number;
  /** Nanoseconds since 1970; undefined where the file does not say. */
  readonly nanoseconds: bigint | undefined;
  /** What was captured of it. */
  readonly bytes: Uint8Array;
  /** Where that lies. */
  readonly span: Span;
  /** How many bytes it had. */
  readonly originalLength: number;
  readonly direction: Direction | undefined;
  readonly comment: string | undefined;
}

export interface CustomBlock extends Place {
  readonly kind: "custom";
  /** Private enterprise number of whose it is. */
  readonly pen: number;
  /** Data, padding and options: where one ends is known to whose it is. */
  readonly data: Uint8Array;
  /** Where that lies. */
  readonly span: Span;
}

export interface OtherBlock extends Place {
  readonly kind: "other";
  readonly type: number;
}

export type Block = SectionBlock | InterfaceBlock | PacketBlock | CustomBlock | OtherBlock;

/** What of a file is there: a part of a room. */
export interface FileWindow {
  readonly room: Room;
  /** Where the next block begins. */
  readonly start: number;
  /** Where what is there ends. */
  readonly end: number;
}

/** Reads blocks out of bytes that are there. */
export interface BlockFormat {
  /**
   * @param offset - bytes of the file before the window's start
   * @returns undefined when the block goes on beyond the window
   * @throws CaptureError
   */
  next(window: FileWindow, offset: number): Block | undefined;
}
