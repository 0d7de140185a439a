// Dumps of a Linux socket: messages made as the reader takes them, in datagrams of the size that Linux gives this reader
// (linux-compat E2.2 to E2.4; linux-clients C2.1).

import { NetlinkSize, NLM_F, NLMSG, NlMsgHdr } from "../../assembly/abi/netlink.js";
import { type ChannelPool, type ChannelState, endOf } from "./channel.js";
import { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";
import { LinuxErrorAttribute, LinuxLimit } from "./number.js";
import { Refusal } from "./refusal.js";

/** nlmsg_flags, seq and pid of every message of a dump. */
export interface ReplyHeader {
  readonly flags: number;
  readonly seq: number;
  readonly port: number;
}

/** Messages of a dump, one after the other. */
export interface DumpSource {
  /**
   * Writes the next message, or some, or none.
   * @param limit - bytes in the writer above which no further message is wanted
   * @returns whether there may be more
   * @throws Refusal the dump ends with its errno
   */
  next(writer: MessageWriter, header: ReplyHeader, limit: number): boolean;
  /** Gives back what it holds, finished or not. */
  close(): void;
  /** What is left of it. */
  save(): SourceState;
  /** For observers: the kernel's message that the last `next` rewrote; undefined when the layer made its own. */
  before?(): Uint8Array | undefined;
  /** For observers: what the kernel was asked. */
  readonly requests?: readonly Uint8Array[];
}

/** A source as plain data. Of which kind decides what else there is (dumpsources.ts). */
export interface SourceState {
  readonly source: string;
}

/** A limit that one message is above. */
const NO_MORE = -1;

/** Gets each message that a dump writes, and the kernel's that it was. */
export type DumpObserver = (before: Uint8Array | undefined, after: Uint8Array) => void;

export interface DumpOptions {
  /** The header's filter was applied: NLM_F_DUMP_FILTERED. */
  readonly isFiltered?: boolean;
  /** NLMSG_DONE may share the last datagram (neighbours, nexthops, rules, address labels). */
  readonly doneJoins?: boolean;
  /** NLMSG_DONE is without NLM_F_DUMP_FILTERED all the same (links, routes of all tables). */
  readonly doneIsPlain?: boolean;
}

/** A dump as plain data. */
export interface DumpState {
  readonly seq: number;
  readonly port: number;
  readonly hasExtAck: boolean;
  readonly options: DumpOptions;
  readonly rest: Uint8Array | undefined;
  readonly done: Uint8Array | undefined;
  readonly source: SourceState;
}

/** A dump under way on a socket. */
export class Dump {
  readonly header: ReplyHeader;
  observer: DumpObserver | undefined;
  readonly #source: DumpSource;
  readonly #options: DumpOptions;
  readonly #hasExtAck: boolean;
  /** Turn by turn, so that a datagram lasts while the next one is made. */
  readonly #writers: [MessageWriter, MessageWriter] = [new MessageWriter(), new MessageWriter()];
  /** What was written past the end of the last datagram. */
  #rest: Uint8Array | undefined;
  #done: Uint8Array | undefined;
  #isOver = false;

  constructor(source: DumpSource, seq: number, port: number, hasExtAck: boolean, options: DumpOptions = {}) {
    const flags = NLM_F.MULTI | (options.isFiltered ? NLM_F.DUMP_FILTERED : 0);
    this.header = { flags, seq, port };
    this.#source = source;
    this.#options = options;
    this.#hasExtAck = hasExtAck;
  }

  save(): DumpState {
    const { seq, port } = this.header;
    const source = this.#source.save();
    const [hasExtAck, options, rest, done] = [this.#hasExtAck, this.#options, this.#rest, this.#done];
    return { seq, port, hasExtAck, options, rest, done, source };
  }

  /** @param source - of the state's */
  static load({ seq, port, hasExtAck, options, rest, done }: DumpState, source: DumpSource): Dump {
    const dump = new Dump(source, seq, port, hasExtAck, options);
    dump.#rest = rest;
    dump.#done = done;
    return dump;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * The next datagram. Its bytes are the dump's: the call after the next one overwrites them.
   * @param offer - largest receive buffer that the program has offered, in bytes
   */
  chunk(offer: number): Uint8Array {
    const [next, writer] = this.#writers;
    this.#writers[0] = writer;
    this.#writers[1] = next;
    const limit = Math.max(LinuxLimit.CHUNK_LEAST, Math.min(offer, LinuxLimit.CHUNK_MOST));
    writer.rewind();
    if (this.#rest !== undefined) writer.whole(this.#rest);
    this.#rest = undefined;
    while (this.#done === undefined) {
      const hasMore = this.#next(writer, limit);
      const isFull = writer.at > limit;
      // A message that is too large by itself is alone in its datagram.
      if (isFull && writer.start > 0) {
        this.#rest = writer.written.slice(writer.start);
        writer.rewind(writer.start);
      }
      if (!hasMore) this.#end(undefined);
      if (isFull) return writer.written;
    }
    const fits = this.#options.doneJoins && writer.at + this.#done.length <= limit;
    if (writer.at > 0 && !fits) return writer.written;
    writer.whole(this.#done);
    this.observer?.(undefined, this.#done);
    this.#isOver = true;
    return writer.written;
  }

  /** A dump that ends early gives back what it holds. */
  close(): void {
    if (this.#done === undefined) this.#source.close();
    this.#isOver = true;
  }

  #next(writer: MessageWriter, limit: number): boolean {
    try {
      const mark = writer.at;
      // Who observes is told of one message at a time.
      const hasMore = this.#source.next(writer, this.header, this.observer === undefined ? limit : NO_MORE);
      this.#observe(writer, mark);
      return hasMore;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#end(error);
      return true;
    }
  }

  #observe(writer: MessageWriter, mark: number): void {
    if (this.observer === undefined) return;
    const before = this.#source.before?.();
    const after = writer.bytes.slice(mark, writer.at);
    if (before !== undefined || after.length > 0) this.observer(before, after);
  }

  #end(refusal: Refusal | undefined): void {
    if (this.#done !== undefined) return;
    this.#source.close();
    const flags = this.#options.doneIsPlain ? NLM_F.MULTI : this.header.flags;
    this.#done = doneOf({ ...this.header, flags }, refusal, this.#hasExtAck);
  }
}

/** NLMSG_DONE: the int is 0 or a negative errno, with TLVs directly behind it (E4.5). */
function doneOf({ flags, seq, port }: ReplyHeader, refusal: Refusal | undefined, hasExtAck: boolean): Uint8Array {
  const text = hasExtAck ? refusal?.text : undefined;
  const writer = new MessageWriter(64);
  writer.begin(NLMSG.DONE, flags | (text === undefined ? 0 : NLM_F.ACK_TLVS), seq, port, NetlinkSize.NLMSGERR - 16);
  writer.header32(0, refusal === undefined ? 0 : -refusal.errno);
  if (text !== undefined) writer.string(LinuxErrorAttribute.MSG, text);
  writer.end();
  return writer.written.slice();
}

/** Messages that are all made at once: few, and from the layer's own state at the request. */
export function listSource(writes: Iterable<(writer: MessageWriter, header: ReplyHeader) => void>): DumpSource {
  const list = new MessageWriter();
  for (const write of writes) write(list, { flags: 0, seq: 0, port: 0 });
  return writtenSource(list.written);
}

export interface WrittenState extends SourceState {
  readonly messages: Uint8Array;
}

/** Messages that lack nothing but what the dump's header has. */
export function writtenSource(messages: Uint8Array): DumpSource {
  const reader = new MessageReader(messages);
  let at = 0;
  return {
    next(writer, { flags, seq, port }) {
      if (!reader.seek(at)) return false;
      at = reader.next;
      writer.whole(reader.message);
      const { view, start } = writer;
      view.setUint16(start + NlMsgHdr.FLAGS, view.getUint16(start + NlMsgHdr.FLAGS, true) | flags, true);
      view.setUint32(start + NlMsgHdr.SEQ, seq, true);
      view.setUint32(start + NlMsgHdr.PID, port, true);
      return true;
    },
    close() {},
    save: () => ({ source: "written", messages: messages.subarray(at) }) as WrittenState,
  };
}

export interface RefusedState extends SourceState {
  readonly errno: number;
  readonly text: string | undefined;
}

/** A dump that ends before it begins. */
export function refusedSource(refusal: Refusal): DumpSource {
  const { errno, text } = refusal;
  return {
    next() {
      throw refusal;
    },
    close() {},
    save: () => ({ source: "refused", errno, text }) as RefusedState,
  };
}

export interface SequenceState extends SourceState {
  readonly current: number;
  readonly sources: readonly SourceState[];
}

/** One source after the other. @param first - how many are through */
export function sequence(sources: readonly DumpSource[], first = 0): DumpSource {
  let current = first;
  let last: DumpSource | undefined;
  return {
    next(writer, header, limit) {
      const source = sources[current];
      last = source;
      if (source === undefined) return false;
      if (!source.next(writer, header, limit)) current++;
      return current < sources.length;
    },
    close() {
      for (const source of sources) source.close();
    },
    save: () => ({ source: "sequence", current, sources: sources.map((each) => each.save()) }) as SequenceState,
    before: () => last?.before?.(),
    requests: sources.flatMap(({ requests = [] }) => requests),
  };
}

/** How one message of the kernel's dump becomes Linux's: none, one or more. */
export type Translate = (message: MessageReader, writer: MessageWriter, header: ReplyHeader) => void;

/** A dump of the kernel as plain data. */
export interface KernelDumpState {
  readonly request: Uint8Array;
  /** Whether its end was read, and then whether it was closed. */
  readonly progress: "open" | "read" | "closed";
  /** Undefined once it is closed. */
  readonly channel: ChannelState | undefined;
}

/** A dump of the kernel; a source that has one is made again of its state, and what else the source knows. */
export interface KernelDump extends Omit<DumpSource, "save"> {
  save(): KernelDumpState;
}

/** What a dump of the kernel is, besides its request. */
export interface Translation {
  readonly translate: Translate;
  /** What the dump ends with where the kernel's errno (FreeBSD's) is not 0. */
  readonly failed: (errno: number) => Refusal | undefined;
}

/**
 * A dump of the kernel, rewritten message by message. It is one state, that of the request: the kernel keeps what changes
 * aside.
 * @param from - the request, or what was saved of one under way
 */
export function kernelDump(
  pool: ChannelPool,
  from: Uint8Array | KernelDumpState,
  { translate, failed }: Translation,
): KernelDump {
  const before = from instanceof Uint8Array ? undefined : from;
  const request = from instanceof Uint8Array ? from : from.request;
  let progress = before?.progress ?? "open";
  let channel = before === undefined ? pool.take() : before.channel && pool.restore(before.channel);
  if (before === undefined) channel?.start(request);
  let rewritten: MessageReader | undefined;
  return {
    next(writer, header, limit) {
      if (channel === undefined) return false;
      // Many messages a call: nothing but reading and translating is done for each.
      do {
        const message = channel.next();
        rewritten = undefined;
        if (message === undefined) return false;
        if (message.type >= NLMSG.MIN_TYPE) {
          rewritten = message;
          translate(message, writer, header);
          continue;
        }
        const end = endOf(message);
        if (end === undefined) continue;
        progress = "read";
        const refusal = end.errno === 0 ? undefined : failed(end.errno);
        if (refusal !== undefined) throw refusal;
        return false;
      } while (writer.at <= limit);
      return true;
    },
    close() {
      if (progress === "read" && channel !== undefined) pool.giveBack(channel);
      else channel?.close();
      channel = undefined;
      progress = "closed";
    },
    save: () => ({ request, progress, channel: channel?.save() }),
    before: () => rewritten?.message.slice(),
    requests: [request],
  };
}
