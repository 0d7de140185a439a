// Reads a trace: blocks in, events out, as far as it is whole.
//   push, end   as of CaptureReader
//   next        the next event
// Everything is held against the checksum that runs through the file: an event that is given is as it was recorded. What
// follows damage is not read.

import { decode } from "cborg";
import { coreHash } from "../kernel/core.js";
import type { KernelEvent } from "../kernel/log.js";
import { type Block, CaptureError, type CustomBlock, type Span } from "./capture.js";
import { CaptureReader } from "./capturereader.js";
import { Chain } from "./chain.js";
import { COOKED_BYTES, cookedProtocol } from "./cooked.js";
import { EventDecoder } from "./eventcode.js";
import { BLOCK_TAIL_BYTES } from "./pcapng/format.js";
import {
  CHECKSUM_BYTES,
  TRACE_HEAD_BYTES,
  TRACE_MAGIC,
  TRACE_PEN,
  TRACE_VERSION,
  type TraceBegin,
  type TraceEnd,
  TraceKind,
} from "./traceblock.js";

/** What is no trace, is one of another core or version, or is damaged. What came before the damage was given. */
export class TraceError extends Error {
  override readonly name = "TraceError";

  constructor(
    /** How many events were read before. */
    readonly events: number,
    what: string,
    options?: ErrorOptions,
    /** The event that is damaged, as far as it can be read: for a closer look, and nothing else. */
    readonly damaged?: TraceEvent,
  ) {
    super(`trace: after ${events} events: ${what}`, options);
  }
}

export interface TraceEvent {
  /** In the run, from 0. */
  readonly place: number;
  /** Its message lasts until the reader's next call. */
  readonly event: KernelEvent;
  /** NETLINK_ROUTE and so on, where the event has a message. */
  readonly protocol: number | undefined;
}

/** One of our custom blocks. */
interface TraceBlock {
  readonly kind: number;
  readonly number: number;
  readonly payload: Span;
}

export class TraceReader {
  readonly #chain = new Chain();
  readonly #reader = new CaptureReader(this.#chain);
  readonly #decoder = new EventDecoder();
  #events = 0;
  /** Nothing came behind the first block. */
  #isFresh = true;
  #state: "section" | "begin" | "events" | "end" = "section";
  /** What packets hold that wait for their event, and of which protocol. */
  readonly #packets: Uint8Array[] = [];
  #protocol: number | undefined;
  #end: TraceEnd | undefined;
  #start: Uint8Array | undefined;

  /**
   * Gets the snapshots on the way, each with the place of the event that comes next (snapshotfile.ts). Its bytes last until the
   * reader's next call.
   */
  onSnapshot: ((place: number, snapshot: Uint8Array) => void) | undefined;

  /** The place of the next event. */
  get events(): number {
    return this.#events;
  }

  /** The snapshot that the run goes on from (snapshotfile.ts); undefined of a run that begins with the boot. */
  get start(): Uint8Array | undefined {
    return this.#start;
  }

  /** Bytes of the file that were read. */
  get offset(): number {
    return this.#reader.offset;
  }

  /** What the trace says after the last event; undefined before, and of a run that was cut off. */
  get end(): TraceEnd | undefined {
    return this.#end;
  }

  push(chunk: Uint8Array): void {
    // The reader is about to use its buffer for something else.
    for (const [i, messages] of this.#packets.entries()) this.#packets[i] = messages.slice();
    this.#reader.push(chunk);
  }

  /** @returns undefined when more bytes are needed, or the trace is over. @throws TraceError */
  next(): TraceEvent | undefined {
    return this.#guarded(() => {
      for (let block = this.#reader.next(); block !== undefined; block = this.#reader.next()) {
        const event = this.#block(block);
        if (event !== undefined) return event;
      }
      return undefined;
    });
  }

  /** There are no more bytes. @throws TraceError the last block is cut */
  finish(): void {
    this.#guarded(() => this.#reader.end());
    if (this.#packets.length > 0) throw this.#damage(this.offset, "the file ends with a packet; expected its event");
  }

  #guarded<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof CaptureError) throw new TraceError(this.#events, error.message, { cause: error });
      throw error;
    }
  }

  #damage(offset: number, what: string, options?: ErrorOptions, damaged?: TraceEvent): TraceError {
    return new TraceError(this.#events, `byte ${offset}: ${what}`, options, damaged);
  }

  #block(block: Block): TraceEvent | undefined {
    if (this.#state === "end") {
      throw this.#damage(block.offset, "a block behind the end of the trace; expected the end of the file");
    }
    if (this.#state === "section" ? block.kind !== "section" : block.kind === "section") {
      throw this.#damage(block.offset, `a block of kind ${block.kind}; expected one section, at the begin of the file`);
    }
    if (block.kind === "custom" && block.pen === TRACE_PEN) return this.#own(block);
    if (this.#state === "begin")
      throw this.#damage(block.offset, "no recording of netlink-vm; expected its first block");
    this.#chain.add(block.start, block.start + block.length);
    if (block.kind === "packet") this.#keep(block.span, block.offset);
    if (this.#state === "section") this.#state = "begin";
    return undefined;
  }

  #keep({ start, length }: Span, offset: number): void {
    const { bytes } = this.#chain;
    const protocol = cookedProtocol(bytes, { start, length });
    if (protocol === undefined) throw this.#damage(offset, "a packet of something else; expected netlink");
    this.#packets.push(bytes.subarray(start + COOKED_BYTES, start + length));
    this.#protocol = protocol;
  }

  #own(block: CustomBlock): TraceEvent | undefined {
    const own = this.#read(block);
    if (this.#state === "begin") {
      this.#expectVersion(own, block.offset);
      this.#verify(block, own);
      this.#begin(own, block.offset);
      return undefined;
    }
    this.#verify(block, own);
    const isFirst = this.#isFresh;
    this.#isFresh = false;
    if (own.kind === TraceKind.SNAPSHOT && isFirst) {
      this.#start = this.#payload(own).slice();
      this.#events = own.number;
      return undefined;
    }
    if (own.number !== this.#events) {
      throw this.#damage(block.offset, `event ${own.number}; expected event ${this.#events}`);
    }
    if (own.kind === TraceKind.EVENT) return this.#event(own, block.offset);
    if (own.kind === TraceKind.SNAPSHOT && this.#packets.length === 0) {
      this.onSnapshot?.(own.number, this.#payload(own));
      return undefined;
    }
    if (own.kind !== TraceKind.END) throw this.#damage(block.offset, `a block of kind ${own.kind}; expected 2, 3 or 4`);
    if (this.#packets.length > 0) throw this.#damage(block.offset, "the end behind a packet; expected its event");
    this.#end = this.#decoded<TraceEnd>(own, block.offset);
    this.#state = "end";
    return undefined;
  }

  #read({ span: { start, length }, offset }: CustomBlock): TraceBlock {
    const least = TRACE_HEAD_BYTES + CHECKSUM_BYTES;
    if (length < least) throw this.#damage(offset, `a block of ${length} bytes; expected at least ${least}`);
    const magic = this.#word(start);
    if (magic !== TRACE_MAGIC) {
      throw this.#damage(offset, `a block with the magic 0x${magic.toString(16)}; expected "NLVM"`);
    }
    const bytes = this.#word(start + 12);
    if (bytes + (-bytes & 3) !== length - least) {
      throw this.#damage(offset, `a payload of ${bytes} bytes; the block has room for ${length - least}`);
    }
    const payload = { start: start + TRACE_HEAD_BYTES, length: bytes };
    return { kind: this.#word(start + 4), number: this.#word(start + 8), payload };
  }

  /** @param at - in the room */
  #word(at: number): number {
    return this.#chain.view.getUint32(at, true);
  }

  #payload({ payload: { start, length } }: TraceBlock): Uint8Array {
    return this.#chain.bytes.subarray(start, start + length);
  }

  /** @throws TraceError the block, or something before it, is not as it was written */
  #verify({ start, length, offset }: CustomBlock, own: TraceBlock): void {
    const at = start + length - BLOCK_TAIL_BYTES - CHECKSUM_BYTES;
    this.#chain.add(start, at);
    const { low, high } = this.#chain;
    const [seenLow, seenHigh] = [this.#word(at), this.#word(at + 4)];
    if (low === seenLow && high === seenHigh) return;
    throw this.#damage(
      offset,
      `checksum ${hex(seenHigh, seenLow)}; expected ${hex(high, low)}: this block, or one since the event before, is not ` +
        "as it was recorded",
      {},
      this.#attempt(own),
    );
  }

  /** The event of a damaged block, if it is one still. */
  #attempt({ kind, number, payload }: TraceBlock): TraceEvent | undefined {
    if (this.#state !== "events" || kind !== TraceKind.EVENT || number !== this.#events) return undefined;
    try {
      return {
        place: number,
        event: this.#decoder.decode(this.#chain.bytes, payload, this.#packets),
        protocol: this.#protocol,
      };
    } catch {
      return undefined;
    }
  }

  /** Before the checksum: that of another version may be another. */
  #expectVersion(own: TraceBlock, offset: number): void {
    let version: unknown;
    try {
      version = (decode(this.#payload(own)) as Partial<TraceBegin> | null)?.version;
    } catch {
      return; // The checksum tells more.
    }
    if (typeof version !== "number" || version === TRACE_VERSION) return;
    throw this.#damage(offset, `trace of version ${version}; expected version ${TRACE_VERSION}`);
  }

  #begin(own: TraceBlock, offset: number): void {
    const { core } = this.#decoded<TraceBegin>(own, offset);
    if (own.kind !== TraceKind.BEGIN) {
      throw this.#damage(offset, `a block of kind ${own.kind}; expected the first of a trace, ${TraceKind.BEGIN}`);
    }
    if (core !== coreHash()) {
      throw this.#damage(offset, `trace of the core ${core}; expected one of ${coreHash()}, which runs here`);
    }
    this.#state = "events";
  }

  #event({ number, payload }: TraceBlock, offset: number): TraceEvent {
    try {
      const event = this.#decoder.decode(this.#chain.bytes, payload, this.#packets);
      const protocol = this.#packets.length === 0 ? undefined : this.#protocol;
      this.#events++;
      this.#packets.length = 0;
      return { place: number, event, protocol };
    } catch (error) {
      throw this.#damage(offset, (error as Error).message, { cause: error });
    }
  }

  #decoded<T>(own: TraceBlock, offset: number): T {
    try {
      return decode(this.#payload(own)) as T;
    } catch (error) {
      throw this.#damage(offset, (error as Error).message, { cause: error });
    }
  }
}

function hex(...words: number[]): string {
  return words.map((word) => word.toString(16).padStart(8, "0")).join("");
}
