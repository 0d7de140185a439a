// Writing messages (netlink/netlink_message_writer.c). A writer fills one buffer with whole messages and hands it over when
// the next piece does not fit, at the end of a send buffer, or when told to.
//   openUnicast, openGroup       whom the messages go to
//   begin … end                  one message; abort forgets it
//   reserve                      zeroed room in the open message; its address holds until the next reserve
//   putU32, putBytes, beginNest  attributes
// Without memory the writer is marked: the open message is dropped when it ends, and every later one (netlink-core N7.4).

import { NLMSG, NetlinkLimit, NetlinkSize, NlMsgHdr } from "../abi/netlink";
import { Buffer, allocateBuffer, release } from "../mem/buffer";
import { Slab, give, take } from "../mem/slab";
import { zero } from "../mem/zero";
import { grownCapacity } from "./growth";
import { deliver } from "./multicast";
import { appendReply } from "./queue";
import { Socket } from "./socket";

@unmanaged
export class Writer {
  /** Buffer; 0 = none yet. Its length is that of the complete messages. */
  buffer: usize;
  /** Bytes written, those of the open message included. */
  end: u32;
  isOpen: bool;
  isOutOfMemory: bool;
  /** The handler ended a dump: no ack follows. */
  suppressesAck: bool;
  /** Socket; 0 = the group. */
  socket: usize;
  protocol: u32;
  group: u32;
  privilege: u32;
}

const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));

/** The writer of a socket's replies, for as long as the socket lives; 0 without memory. */
export function allocateWriter(): usize {
  return take<Writer>(slab);
}

export function freeWriter(writer: usize): void {
  give<Writer>(slab, writer);
}

export function repliesOf(socket: Socket): Writer {
  return changetype<Writer>(socket.writer);
}

/** @returns false without memory */
export function openUnicast(writer: Writer, socket: Socket, capacity: u32): bool {
  memory.fill(changetype<usize>(writer), 0, offsetof<Writer>());
  writer.socket = changetype<usize>(socket);
  return takeBuffer(writer, capacity);
}

/** @returns false without memory */
export function openGroup(writer: Writer, capacity: u32, protocol: u32, group: u32, privilege: u32): bool {
  memory.fill(changetype<usize>(writer), 0, offsetof<Writer>());
  writer.protocol = protocol;
  writer.group = group;
  writer.privilege = privilege;
  return takeBuffer(writer, capacity);
}

function takeBuffer(writer: Writer, capacity: u32): bool {
  writer.buffer = changetype<usize>(allocateBuffer(capacity));
  writer.end = 0;
  return writer.buffer != 0;
}

/** Moves the open message to a larger buffer and hands over the complete ones. */
function grow(writer: Writer, more: u32): bool {
  if (writer.isOutOfMemory) return false;
  const old = writer.buffer;
  if (old == 0) {
    writer.isOutOfMemory = !takeBuffer(writer, max<u32>(NetlinkLimit.NLMBUFSIZE, more));
    return !writer.isOutOfMemory;
  }
  const complete = changetype<Buffer>(old).length;
  const open = writer.end - complete;
  const next = allocateBuffer(grownCapacity(changetype<Buffer>(old).capacity, complete, open, more));
  if (next == null) {
    writer.isOutOfMemory = true;
    return false;
  }
  memory.copy(next.data, changetype<Buffer>(old).data + complete, open);
  writer.buffer = changetype<usize>(next);
  writer.end = open;
  if (complete > 0) handOver(writer, changetype<Buffer>(old));
  else release(changetype<Buffer>(old));
  return true;
}

/** Gives a buffer of whole messages to the socket or the group. */
function handOver(writer: Writer, buffer: Buffer): void {
  if (writer.socket == 0) {
    deliver(buffer, writer.protocol, writer.group, writer.privilege);
  } else if (!appendReply(changetype<Socket>(writer.socket), buffer)) {
    writer.isOutOfMemory = true;
  }
}

/** Sends what is complete; an open message is dropped. */
export function flush(writer: Writer): void {
  if (writer.buffer == 0) return;
  const buffer = changetype<Buffer>(writer.buffer);
  writer.buffer = 0;
  writer.end = 0;
  writer.isOpen = false;
  if (buffer.length == 0) release(buffer);
  else handOver(writer, buffer);
}

/** As flush, before a dump that goes on in the same reply buffer (`continues`) or in the next. */
export function flushContinued(writer: Writer, continues: bool): void {
  if (writer.buffer != 0) changetype<Buffer>(writer.buffer).isContinued = continues;
  flush(writer);
}

/** Zeroed room for align4(bytes) in the open message; 0 without memory. */
@inline
export function reserve(writer: Writer, bytes: u32): usize {
  const size = (bytes + 3) & ~3;
  if (writer.buffer == 0 || writer.end + size > changetype<Buffer>(writer.buffer).capacity) {
    if (!grow(writer, size)) return 0;
  }
  const at = changetype<Buffer>(writer.buffer).data + writer.end;
  zero(at, size);
  writer.end += size;
  return at;
}

/** Opens a message; false without memory. `payload` bytes behind the header are expected, not yet reserved. */
export function begin(writer: Writer, port: u32, seq: u32, type: u32, flags: u32, payload: u32): bool {
  assert(!writer.isOpen, "one message is open at a time");
  if (writer.isOutOfMemory) return false;
  const needed = (NetlinkSize.NLMSGHDR + payload + 3) & ~3;
  if (writer.buffer == 0 || writer.end + needed > changetype<Buffer>(writer.buffer).capacity) {
    if (!grow(writer, needed)) return false;
  }
  const header = reserve(writer, NetlinkSize.NLMSGHDR);
  store<u16>(header, <u16>type, NlMsgHdr.TYPE);
  store<u16>(header, <u16>flags, NlMsgHdr.FLAGS);
  store<u32>(header, seq, NlMsgHdr.SEQ);
  store<u32>(header, port, NlMsgHdr.PID);
  writer.isOpen = true;
  return true;
}

/** Opens a reply: port, sequence, type and flags of a header (nlmsg_reply). */
export function reply(writer: Writer, header: usize, payload: u32): bool {
  return begin(
    writer,
    load<u32>(header, NlMsgHdr.PID),
    load<u32>(header, NlMsgHdr.SEQ),
    load<u16>(header, NlMsgHdr.TYPE),
    load<u16>(header, NlMsgHdr.FLAGS),
    payload,
  );
}

/** Ends the open message; false when memory ran out while it was written, and then it is gone. */
export function end(writer: Writer): bool {
  if (!writer.isOpen) return false;
  if (writer.isOutOfMemory) {
    abort(writer);
    return false;
  }
  const buffer = changetype<Buffer>(writer.buffer);
  store<u32>(buffer.data + buffer.length, writer.end - buffer.length, NlMsgHdr.LEN);
  buffer.length = writer.end;
  buffer.messages++;
  writer.isOpen = false;
  return true;
}

/** Forgets the open message. */
export function abort(writer: Writer): void {
  if (writer.buffer != 0) writer.end = changetype<Buffer>(writer.buffer).length;
  writer.isOpen = false;
}

/** NLMSG_DONE, the end of a dump: no ack follows (netlink-core N7.6). False without memory. */
export function done(writer: Writer, port: u32, seq: u32, error: u32): bool {
  writer.suppressesAck = true;
  if (!begin(writer, port, seq, NLMSG.DONE, 0, 4)) return false;
  const at = reserve(writer, 4);
  if (at != 0) store<u32>(at, error);
  return end(writer);
}

/** An attribute of `bytes` payload, padded with zeros; the address of its payload, 0 without memory. */
export function putAttribute(writer: Writer, type: u32, bytes: u32): usize {
  const at = reserve(writer, NetlinkSize.NLATTR + bytes);
  if (at == 0) return 0;
  store<u16>(at, <u16>(NetlinkSize.NLATTR + bytes));
  store<u16>(at, <u16>type, 2);
  return at + NetlinkSize.NLATTR;
}

export function putU8(writer: Writer, type: u32, value: u32): void {
  const at = putAttribute(writer, type, 1);
  if (at != 0) store<u8>(at, <u8>value);
}

export function putU16(writer: Writer, type: u32, value: u32): void {
  const at = putAttribute(writer, type, 2);
  if (at != 0) store<u16>(at, <u16>value);
}

export function putU32(writer: Writer, type: u32, value: u32): void {
  const at = putAttribute(writer, type, 4);
  if (at != 0) store<u32>(at, value);
}

export function putBytes(writer: Writer, type: u32, bytes: usize, count: u32): void {
  const at = putAttribute(writer, type, count);
  if (at != 0) memory.copy(at, bytes, count);
}

/** @param text - NUL-terminated; the NUL is sent and counted */
export function putString(writer: Writer, type: u32, text: usize): void {
  let length: u32 = 0;
  while (load<u8>(text + length) != 0) length++;
  putBytes(writer, type, text, length + 1);
}

/** Opens a nest, without NLA_F_NESTED (netlink-core N7.5); its place, for endNest. u32.MAX_VALUE without memory. */
export function beginNest(writer: Writer, type: u32): u32 {
  if (putAttribute(writer, type, 0) == 0) return u32.MAX_VALUE;
  return writer.end - NetlinkSize.NLATTR - changetype<Buffer>(writer.buffer).length;
}

/** Sets the nest's length to everything since; beyond 65,535 it wraps, as in FreeBSD (netlink-core N7.3). */
export function endNest(writer: Writer, nest: u32): void {
  if (nest == u32.MAX_VALUE || writer.isOutOfMemory) return;
  const buffer = changetype<Buffer>(writer.buffer);
  store<u16>(buffer.data + buffer.length + nest, <u16>(writer.end - buffer.length - nest));
}

/** Bytes of the complete messages in the writer's buffer, and what it has room for: where a dump that goes on begins. */
export function completeBytes(writer: Writer): u32 {
  return writer.buffer == 0 ? 0 : changetype<Buffer>(writer.buffer).length;
}
export function bufferCapacity(writer: Writer): u32 {
  return writer.buffer == 0 ? 0 : changetype<Buffer>(writer.buffer).capacity;
}
