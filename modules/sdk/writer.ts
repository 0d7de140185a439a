// Writes messages and hands them to the kernel: as replies to the request that is being handled, as many at a time as fit, or
// to a group.
//   beginReply … put … end   one message that answers a request
//   begin … put … end     one message that nobody asked for; `end` gives false when flushTo must come before
//   putHeader             the family's own header, where it has one, before attributes
//   done                  the end of a dump
//   flush                 hands over what is complete, as replies
//   flushTo               … to a group

import { notify, reply } from "./kernel";
import { ATTRIBUTE_BYTES, HEADER_BYTES, Message } from "./message";
import { NLMSG } from "./numbers";

/** Room for messages; the longest one can have half of it. */
const BUFFER_BYTES: u32 = 32768;
const LONGEST: u32 = BUFFER_BYTES / 2;
const buffer: usize = memory.data(32768, 16);

@unmanaged
class Writer {
  /** Bytes of complete messages, and with the open one. */
  complete: u32;
  end: u32;
  /** Something did not fit the open message. */
  isTooLong: bool;
}

const writer = changetype<Writer>(memory.data(offsetof<Writer>(), 16));

/** Opens a message of a family. @param flags - NLM_F; @param version - of the family */
export function begin(family: u32, command: u32, flags: u32 = 0, version: u32 = 1): void {
  writer.end = writer.complete;
  writer.isTooLong = false;
  const at = reserve(HEADER_BYTES);
  if (at == 0) return;
  store<u16>(at, <u16>family, 4);
  store<u16>(at, <u16>flags, 6);
  store<u8>(at, <u8>command, 16);
  store<u8>(at, <u8>version, 17);
}

/** Opens an answer: with the request's flags, as families of FreeBSD answer (nlmsg_reply). @param flags - NLM_F besides */
export function beginReply(message: Message, command: u32, flags: u32 = 0, version: u32 = 1): void {
  makeRoom();
  begin(message.type, command, <u32>message.flags | flags, version);
}

/** Replies that are complete can go at any time. */
function makeRoom(): void {
  if (writer.complete + LONGEST > BUFFER_BYTES) flush();
}

/** Zeroed room in the open message; 0 when it is too long, and then it will not be sent. */
function reserve(bytes: u32): usize {
  const padded = (bytes + 3) & ~3;
  if (writer.end + padded > min(writer.complete + LONGEST, BUFFER_BYTES)) {
    writer.isTooLong = true;
    return 0;
  }
  const at = buffer + writer.end;
  memory.fill(at, 0, padded);
  writer.end += padded;
  return at;
}

function put(type: u32, bytes: u32): usize {
  const at = reserve(ATTRIBUTE_BYTES + bytes);
  if (at == 0) return 0;
  store<u16>(at, <u16>(ATTRIBUTE_BYTES + bytes));
  store<u16>(at, <u16>type, 2);
  return at + ATTRIBUTE_BYTES;
}

/** @param bytes - hdrsize of the family */
export function putHeader(header: usize, bytes: u32): void {
  const at = reserve(bytes);
  if (at != 0) memory.copy(at, header, bytes);
}

export function putU32(type: u32, value: u32): void {
  const at = put(type, 4);
  if (at != 0) store<u32>(at, value);
}

export function putU64(type: u32, value: u64): void {
  const at = put(type, 8);
  if (at != 0) store<u64>(at, value);
}

export function putBytes(type: u32, bytes: usize, count: u32): void {
  const at = put(type, count);
  if (at != 0) memory.copy(at, bytes, count);
}

/** NUL-terminated. */
export function putString(type: u32, text: string): void {
  const at = put(type, text.length + 1);
  if (at == 0) return;
  for (let i = 0; i < text.length; i++) store<u8>(at + i, <u8>load<u16>(changetype<usize>(text) + (<usize>i << 1)));
}

/** Opens a nest; its place, for endNest. */
export function beginNest(type: u32): u32 {
  const place = writer.end;
  put(type, 0);
  return place;
}

export function endNest(place: u32): void {
  if (!writer.isTooLong) store<u16>(buffer + place, <u16>(writer.end - place));
}

/** Ends the message. @returns false when it did not fit, and is forgotten */
export function end(): bool {
  if (writer.isTooLong) {
    writer.end = writer.complete;
    return false;
  }
  store<u32>(buffer + writer.complete, writer.end - writer.complete);
  writer.complete = writer.end;
  return true;
}

/** NLMSG_DONE: a dump is complete, and no ack follows. @param error - an errno */
export function done(error: u32 = 0): void {
  makeRoom();
  begin(NLMSG.DONE, 0);
  // In place of a genlmsghdr the errno.
  store<u32>(buffer + writer.complete, error, 16);
  end();
}

/** Hands over what is complete to the requester. */
export function flush(): void {
  if (writer.complete > 0) reply(buffer, writer.complete);
  forget();
}

export function flushTo(group: u32): void {
  if (writer.complete > 0) notify(group, buffer, writer.complete);
  forget();
}

/** Forgets what was not handed over. */
export function forget(): void {
  writer.complete = 0;
  writer.end = 0;
}
