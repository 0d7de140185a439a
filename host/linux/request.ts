// One request of a Linux program while it is handled: what it says, and how it is answered.

import type { Errno } from "../../assembly/abi/errno.js";
import { NetlinkSize, NLM_F, NLMSG, NlMsgHdr } from "../../assembly/abi/netlink.js";
import { NetlinkError } from "../kernel/kernel.js";
import type { Answer, Channel } from "./channel.js";
import { Dump, type DumpOptions, type DumpSource, type ReplyHeader } from "./dump.js";
import { LinuxErrno, linuxErrnoOf } from "./errno.js";
import type { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";
import { LinuxErrorAttribute } from "./number.js";
import { Refusal } from "./refusal.js";
import { messagesIn, type Observed } from "./rewrite.js";
import type { Cause, LinuxVnet, Member } from "./vnet.js";

/** The socket that a request came in on. */
export interface Requester extends Member {
  readonly vnet: LinuxVnet;
  /** Asks the kernel with the program's port and privileges. */
  readonly channel: Channel;
  /** CAP_NET_ADMIN. */
  readonly isPrivileged: boolean;
  /** NETLINK_ROUTE and so on. */
  readonly protocol: number;
  readonly hasExtAck: boolean;
  readonly hasCapAck: boolean;
  /** NETLINK_GET_STRICT_CHK. */
  readonly isStrict: boolean;
  /** A dump that is not read to its end. */
  readonly isDumping: boolean;
  /** Makes the first datagram of a dump; the reader gets the others. */
  startDump(dump: Dump): void;
}

/**
 * Answers a request: by returning (success), by replies before that, by starting a dump, or with a Refusal.
 * @throws Refusal
 */
export type RequestHandler = (request: Request) => void;

export class Request {
  readonly requester: Requester;
  readonly vnet: LinuxVnet;
  /** At the message, as the program sent it. */
  readonly message: MessageReader;
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  readonly cause: Cause;
  /** A text for an ack without error: a warning. */
  warning: string | undefined;
  #hasDump = false;
  readonly #afterAck: (() => void)[] = [];
  /** For observers: the kernel's message that is being answered from, and whether the kernel was asked at all. */
  #source: MessageReader | undefined;
  #wasAsked = false;

  constructor(requester: Requester, message: MessageReader) {
    this.requester = requester;
    this.vnet = requester.vnet;
    this.message = message;
    this.type = message.type;
    this.flags = message.flags;
    this.seq = message.seq;
    const { seq, type, flags } = this;
    const afterAck = (task: () => void) => void this.#afterAck.push(task);
    this.cause = { socket: requester, seq, type, flags, subject: undefined, afterAck };
  }

  /** Both bits of NLM_F_DUMP are needed (E3.7). */
  get isDump(): boolean {
    return (this.flags & NLM_F.DUMP) === NLM_F.DUMP;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  /** Header of a reply that is no dump: no flags (E3.6). */
  get replyHeader(): ReplyHeader {
    return { flags: 0, seq: this.seq, port: this.requester.port };
  }

  /** Queues one reply. @param write - writes one message with the header given; nothing written, nothing queued */
  reply(write: (writer: MessageWriter, header: ReplyHeader) => void): void {
    const writer = new MessageWriter(512);
    write(writer, this.replyHeader);
    if (writer.at === 0) return;
    const bytes = writer.written.slice();
    this.requester.reply(bytes);
    this.#observeReply(this.#source?.message.slice(), bytes);
  }

  /** @throws Refusal EBUSY while another dump runs on the socket (E2.7) */
  dump(source: DumpSource, options: DumpOptions = {}): void {
    if (this.requester.isDumping) {
      source.close();
      throw new Refusal(LinuxErrno.EBUSY);
    }
    this.#hasDump = true;
    const { port, hasExtAck } = this.requester;
    const dump = new Dump(source, this.seq, port, hasExtAck, options);
    if (this.vnet.tap !== undefined) dump.observer = (before, after) => this.#observeReply(before, after);
    this.#observeRequest(source.requests ?? []);
    this.requester.startDump(dump);
  }

  // ---- asking the kernel

  /**
   * Asks the kernel with the program's port and privileges, and carries its notifications to Linux sockets as caused by this
   * request.
   * @param write - writes one request in FreeBSD's form; `begin` it with no flags but the ones that count
   * @param each - gets each message of the answer
   */
  ask(write: (writer: MessageWriter) => void, each?: (message: MessageReader) => void): Answer {
    const writer = new MessageWriter(512);
    write(writer);
    this.#observeRequest([writer.written]);
    const answer = this.#send(writer.written, (message) => {
      this.#source = message;
      each?.(message);
    });
    this.#source = undefined;
    this.vnet.settle(this.cause);
    return answer;
  }

  /** A kernel without memory for the request, or for its answer, says so by the call. */
  #send(request: Uint8Array, each?: (message: MessageReader) => void): Answer {
    try {
      return this.requester.channel.ask(request, each);
    } catch (error) {
      if (error instanceof NetlinkError) return { errno: error.errno };
      throw error;
    }
  }

  /**
   * As ask, where an error of the kernel is the program's.
   * @param corrections - by FreeBSD's errno: what Linux says instead (E4.4)
   * @throws Refusal
   */
  tell(write: (writer: MessageWriter) => void, corrections: Corrections = {}): void {
    const answer = this.ask(write);
    if (answer.errno !== 0) throw refusalOf(answer, corrections);
  }

  // ---- the answer

  /** Queues the ack, if there is to be one. @param refusal - undefined for success */
  finish(refusal: Refusal | undefined): void {
    if (!this.#wasAsked) this.#observeRequest([], refusal?.errno);
    const isSilent = refusal === undefined && (this.#hasDump || !this.has(NLM_F.ACK));
    if (!isSilent) this.#acknowledge(this.#ack(refusal));
    for (const task of this.#afterAck.splice(0)) task();
  }

  #acknowledge(ack: Uint8Array): void {
    this.requester.reply(ack);
    this.#observeReply(undefined, ack);
  }

  // ---- observers

  get #observed(): Observed {
    const { port, protocol } = this.requester;
    return { vnet: this.vnet.vnet.name, port, protocol };
  }

  #observeRequest(asked: readonly Uint8Array[], errno?: number): void {
    this.#wasAsked = true;
    const { tap } = this.vnet;
    if (tap === undefined) return;
    const after = asked.map((each) => asHandled(each, this.requester.port));
    tap.toKernel(this.#observed, this.message.message.slice(), after, errno);
  }

  /** @param after - one message, or several */
  #observeReply(before: Uint8Array | undefined, after: Uint8Array): void {
    this.vnet.tap?.toProgram(this.#observed, before, messagesIn(after));
  }

  /** NLMSG_ERROR: the number, the program's own header, on errors its own bytes, then TLVs (E4.1, E4.2). */
  #ack(refusal: Refusal | undefined): Uint8Array {
    const { message, requester } = this;
    const text = requester.hasExtAck ? (refusal?.text ?? this.warning) : undefined;
    const offset = requester.hasExtAck ? refusal?.details.offset : undefined;
    const isCapped = refusal === undefined || requester.hasCapAck;
    const hasTlvs = text !== undefined || offset !== undefined;
    const flags = (isCapped ? NLM_F.CAPPED : 0) | (hasTlvs ? NLM_F.ACK_TLVS : 0);
    const writer = new MessageWriter(128 + message.length);
    writer.begin(NLMSG.ERROR, flags, this.seq, requester.port, 4);
    writer.header32(0, refusal === undefined ? 0 : -refusal.errno);
    const echoed = isCapped ? message.message.subarray(0, NetlinkSize.NLMSGHDR) : message.message;
    const at = writer.struct((echoed.length + 3) & ~3);
    writer.bytes.set(echoed, at);
    if (text !== undefined) writer.string(LinuxErrorAttribute.MSG, text);
    if (offset !== undefined) writer.u32(LinuxErrorAttribute.OFFS, offset);
    writer.end();
    return writer.written;
  }
}

/** A request as the kernel's handler sees it: stamped with the port, and acked to the layer in any case. */
function asHandled(request: Uint8Array, port: number): Uint8Array {
  // Not slice(): that of a Buffer is no copy.
  const bytes = new Uint8Array(request);
  const view = new DataView(bytes.buffer);
  view.setUint16(NlMsgHdr.FLAGS, view.getUint16(NlMsgHdr.FLAGS, true) | NLM_F.ACK, true);
  view.setUint32(NlMsgHdr.PID, port, true);
  return bytes;
}

/** By FreeBSD's errno: Linux's errno, and the text it comes with. */
export type Corrections = { readonly [freebsd in Errno]?: readonly [errno: number, text?: string] };

/** An error of the kernel in Linux's words: corrected, or by the table of errnos with the kernel's text. */
export function refusalOf({ errno, text }: Answer, corrections: Corrections = {}): Refusal {
  const corrected = corrections[errno];
  if (corrected !== undefined) return new Refusal(corrected[0], corrected[1]);
  return new Refusal(linuxErrnoOf(errno), text);
}
