// Messages whose handler lies outside the core: families of loadable modules (generic/external.ts). The core cannot call
// out, so it stops there; the host has the module handle them, and brings the answers.
//   awaitHost     a handler leaves its message, and those that follow for the same module, to the host
//   isAwaiting    no task goes on meanwhile
//   applyRecords  what the module answered to one message becomes replies and notifications, in its order
// Messages that stand one behind the other in a send buffer go out together. Those that come after the receive queue may
// have become full stay inside: the host stops where the answers could exceed `room`.

import { Attention, AwaitedLayout, ExternalRecord, ExternalRecordLayout } from "../abi/exchange";
import { NETLINK, NLMSG, NetlinkLimit, NetlinkSize, NlMsgHdr, PRIV } from "../abi/netlink";
import { Buffer } from "../mem/buffer";
import { wantAttention } from "../net/attention";
import { hasMembers } from "./multicast";
import { Request } from "./request";
import { Socket } from "./socket";
import { Writer, begin, completeBytes, done, end, flush, openGroup, reserve } from "./writer";

/** What waits for the host, which reads the record itself (AwaitedLayout). */
@unmanaged
export class Awaited {
  /** Socket whose task waits; 0 = none does. */
  socket: usize;
  /** The first message, and the bytes from there to the end of the last. */
  messages: usize;
  bytes: u32;
  count: u32;
  /** Bytes of answers from which on no further message may be handled. */
  room: u32;
}

if (offsetof<Awaited>("messages") != AwaitedLayout.MESSAGES) ERROR("AwaitedLayout");
if (offsetof<Awaited>("room") != AwaitedLayout.ROOM) ERROR("AwaitedLayout");

export const awaited = changetype<Awaited>(memory.data(offsetof<Awaited>(), 16));
const groupWriter = changetype<Writer>(memory.data(offsetof<Writer>(), 16));

export function isAwaiting(): bool {
  return awaited.socket != 0;
}

/** @param end - of the last message that is left to the host; @param count - how many there are */
export function awaitHost(request: Request, end: usize, count: u32): void {
  const socket = request.from;
  awaited.socket = request.socket;
  awaited.messages = request.header;
  awaited.bytes = <u32>(end - request.header);
  awaited.count = count;
  const pending = socket.receivedBytes + completeBytes(request.replies);
  awaited.room = pending < socket.receiveLimit ? socket.receiveLimit - <u32>pending : 0;
  wantAttention(Attention.EXTERNAL);
}

/** The send buffer that the awaited messages are in. */
export function awaitedBuffer(): Buffer {
  return changetype<Buffer>(changetype<Socket>(awaited.socket).sent.at(0));
}

/** Nothing is awaited any more. */
export function endAwait(): void {
  memory.fill(changetype<usize>(awaited), 0, offsetof<Awaited>());
}

/**
 * Carries out the records of one message, up to the one that ends it (ExternalRecord).
 * @returns where the next message's begin; the errno is left in `outcome`
 */
export function applyRecords(request: Request, at: usize): usize {
  let kind = load<u32>(at, ExternalRecordLayout.KIND);
  for (; kind != ExternalRecord.END; kind = load<u32>(at, ExternalRecordLayout.KIND)) {
    const bytes = load<u32>(at, ExternalRecordLayout.BYTES);
    applyRecord(request, kind, load<u32>(at, ExternalRecordLayout.ARGUMENT), at + ExternalRecordLayout.PAYLOAD, bytes);
    at += ExternalRecordLayout.PAYLOAD + ((bytes + 3) & ~3);
  }
  outcome.error = load<u32>(at, ExternalRecordLayout.ARGUMENT);
  return at + ExternalRecordLayout.PAYLOAD;
}

function applyRecord(request: Request, kind: u32, argument: u32, payload: usize, bytes: u32): void {
  switch (kind) {
    case ExternalRecord.REPLY:
      writeReplies(request, payload, payload + bytes);
      break;
    case ExternalRecord.GROUP:
      sendToGroup(argument, payload, bytes);
      break;
    case ExternalRecord.REPORT:
      request.reportBytes(payload, bytes);
      break;
    case ExternalRecord.OFFSET:
      if (request.offset == 0) request.offset = argument;
      break;
    default:
      assert(false, "a record has a known kind");
  }
}

@unmanaged
class Outcome {
  /** Errno. */
  error: u32;
}

/** How the message ended whose records were applied last. */
export const outcome = changetype<Outcome>(memory.data(offsetof<Outcome>(), 16));

/** Whole messages, with the request's port and sequence number; NLMSG_DONE among them ends a dump, and no ack follows. */
function writeReplies(request: Request, at: usize, end: usize): void {
  const writer = request.replies;
  for (; at < end; at += (load<u32>(at, NlMsgHdr.LEN) + 3) & ~3) {
    const port = request.from.port;
    if (load<u16>(at, NlMsgHdr.TYPE) != <u16>NLMSG.DONE) writeMessage(writer, at, port, request.seq);
    else done(writer, port, request.seq, load<u32>(at, NetlinkSize.NLMSGHDR));
  }
}

function writeMessage(writer: Writer, message: usize, port: u32, seq: u32): bool {
  const payload = load<u32>(message, NlMsgHdr.LEN) - NetlinkSize.NLMSGHDR;
  const type = <u32>load<u16>(message, NlMsgHdr.TYPE);
  if (!begin(writer, port, seq, type, <u32>load<u16>(message, NlMsgHdr.FLAGS), payload)) return false;
  const into = reserve(writer, payload);
  if (into != 0) memory.copy(into, message + NetlinkSize.NLMSGHDR, payload);
  return end(writer);
}

/** Whole messages to the members of a group of NETLINK_GENERIC; port and sequence number are 0, the kernel's. */
function sendToGroup(group: u32, messages: usize, bytes: u32): void {
  if (!hasMembers(NETLINK.GENERIC, group)) return;
  if (!openGroup(groupWriter, NetlinkLimit.NLMSG_LARGE, NETLINK.GENERIC, group, PRIV.NONE)) return;
  const end = messages + bytes;
  for (let at = messages; at < end; at += (load<u32>(at, NlMsgHdr.LEN) + 3) & ~3) writeMessage(groupWriter, at, 0, 0);
  flush(groupWriter);
}
