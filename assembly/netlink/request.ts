// The request being handled: the message, what is found out about it, and the scratch memory of its parsing (struct
// nl_pstate, netlink/netlink_message_parser.h). One message is handled at a time, so one record serves.
//   report          the text of the extended ack; the first one of a message is kept
//   reportOffset    the attribute it is about; the first one is kept
//   scratch         zeroed memory for the time of the message, within its limit

import { Errno } from "../abi/errno";
import { NetlinkLimit, NlMsgHdr } from "../abi/netlink";
import { append, format } from "../mem/text";
import { zero } from "../mem/zero";
import { Socket } from "./socket";
import { Writer } from "./writer";

/** Scratch is handed out in multiples of this (struct linear_buffer). */
const SCRATCH_ALIGN: u32 = 16;

@unmanaged
export class Request {
  /** Socket. */
  socket: usize;
  /** Writer of its replies. */
  writer: usize;
  /** The message's nlmsghdr, in the send buffer. */
  header: usize;
  /** End of the message. */
  end: usize;
  isStrict: bool;
  /** No message follows in the send buffer. */
  isLast: bool;
  /** Text of the extended ack, NUL-terminated; 0 = none. */
  text: usize;
  textLength: u32;
  /** Bytes from the nlmsghdr to the attribute at fault; 0 = none. */
  offset: u32;
  /** An nlattr for NLMSGERR_ATTR_COOKIE; 0 = none. */
  cookie: usize;
  scratchUsed: u32;
  scratchAt: usize;
  scratchBytes: u32;

  get from(): Socket {
    return changetype<Socket>(this.socket);
  }
  get replies(): Writer {
    return changetype<Writer>(this.writer);
  }
  /** nlmsg_type. */
  get type(): u32 {
    return <u32>load<u16>(this.header, NlMsgHdr.TYPE);
  }
  /** nlmsg_flags. */
  get flags(): u32 {
    return <u32>load<u16>(this.header, NlMsgHdr.FLAGS);
  }
  get seq(): u32 {
    return load<u32>(this.header, NlMsgHdr.SEQ);
  }

  /** The request's own header becomes another's, where FreeBSD writes into it: the ack echoes it. */
  rewrite(type: u32, flags: u32): void {
    store<u16>(this.header, <u16>type, NlMsgHdr.TYPE);
    store<u16>(this.header, <u16>flags, NlMsgHdr.FLAGS);
  }

  /** The scratch that all messages have in turn. */
  shareScratch(): void {
    this.ownScratch(scratchMemory, NetlinkLimit.SCRATCH);
  }

  /** Scratch of the message's own, 16-aligned. */
  ownScratch(at: usize, bytes: u32): void {
    this.scratchAt = at;
    this.scratchBytes = bytes;
  }

  /**
   * `bytes` of zeroed scratch, or 0 when the message's share is used up (netlink-core N6.6).
   */
  scratch(bytes: u32): usize {
    const size = (bytes + SCRATCH_ALIGN - 1) & ~(SCRATCH_ALIGN - 1);
    if (this.scratchUsed + size > this.scratchBytes) return 0;
    const at = this.scratchAt + this.scratchUsed;
    this.scratchUsed += size;
    zero(at, size);
    return at;
  }

  /** Keeps a text for the extended ack and gives back the errno; the first text wins, for an ack carries one. */
  report(error: Errno, template: string, first: u32, second: u32): Errno {
    if (this.text != 0) return error;
    const at = this.scratch(NetlinkLimit.ERROR_TEXT);
    if (at == 0) return error;
    this.textLength = format(at, NetlinkLimit.ERROR_TEXT, template, first, second);
    this.text = at;
    return error;
  }

  /** As report, with a NUL-terminated text at the end. */
  reportName(error: Errno, template: string, name: usize): Errno {
    if (this.text != 0) return error;
    this.report(error, template, 0, 0);
    if (this.text != 0) this.textLength = append(this.text, NetlinkLimit.ERROR_TEXT, this.textLength, name);
    return error;
  }

  /** As report, of a text that lies somewhere, cut to what an ext ack has room for. */
  reportBytes(text: usize, bytes: u32): void {
    if (this.text != 0) return;
    const at = this.scratch(NetlinkLimit.ERROR_TEXT);
    if (at == 0) return;
    this.textLength = min<u32>(bytes, NetlinkLimit.ERROR_TEXT - 1);
    memory.copy(at, text, this.textLength);
    this.text = at;
  }

  /** Keeps where an attribute lies. */
  reportOffset(attribute: usize): void {
    if (this.offset == 0) this.offset = <u32>(attribute - this.header);
  }

  /** Forgets the message before (npt_clear). */
  clear(): void {
    this.scratchUsed = 0;
    this.text = 0;
    this.textLength = 0;
    this.offset = 0;
    this.cookie = 0;
    this.replies.suppressesAck = false;
  }
}

const scratchMemory: usize = memory.data(1152, 16);
export const request = changetype<Request>(memory.data(offsetof<Request>(), 16));
