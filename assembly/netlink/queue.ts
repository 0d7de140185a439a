// The receive queue of a socket: reply buffers in order, each of whole messages, and what a reader gets of them.
//   appendReply         always, past the limit too (netlink-core N4.4)
//   appendNotification  unless the queue is full; then it is counted as dropped (N4.5)
//   appendDump          as if the whole dump were queued
//   receive             whole messages as far as the reader's room goes; no boundary between buffers (N3.3)
// A message is never split, unless it alone exceeds the room: then its tail is lost (netlink_domain.c, nl_soreceive).

import { Errno } from "../abi/errno";
import { NlMsgHdr } from "../abi/netlink";
import { giveBlock, orderOf, takeBlock } from "../mem/block";
import { Buffer, QueueEntry, release, retain } from "../mem/buffer";
import { Ring } from "../mem/ring";
import { writeLog } from "../mem/text";
import { Dump, takeChunk } from "./dump";
import { chargeOf, isLost } from "./foreign";
import { Socket } from "./socket";

/** The window is at most this; larger reads are taken piece by piece. */
const WINDOW_BYTES_MAX: u32 = 1 << 18;
const WINDOW_BYTES_MIN: u32 = 4096;

/** Where receive puts what was read, and how a call went. */
@unmanaged
class Received {
  window: usize;
  windowOrder: u32;
  /** What the reader's room lacked for the next or the cut message: MSG_TRUNC adds it to the result (N3.3, quirk). */
  excess: u32;
  /** A message was cut: MSG_TRUNC comes out. */
  isCut: bool;
  /** The window was too small for all that the reader has room for: call again. */
  hasMore: bool;
}

export const received = changetype<Received>(memory.data(offsetof<Received>(), 16));

function noteFill(socket: Socket): void {
  if (socket.isFull) socket.isBlocked = true;
}

/** @returns false without memory: the buffer is lost, and counted */
export function appendReply(socket: Socket, buffer: Buffer): bool {
  if (!socket.received.reserve()) {
    countDropped(socket, buffer);
    release(buffer);
    return false;
  }
  socket.received.push(changetype<usize>(buffer));
  socket.receivedBytes += chargeOf(socket, buffer, 0, buffer.length);
  noteFill(socket);
  return true;
}

/** Queues a buffer that others hold too, or drops it for this socket. */
export function appendNotification(socket: Socket, buffer: Buffer): void {
  if (isLost(socket, buffer)) return;
  if (socket.isFull) {
    countDropped(socket, buffer);
    return;
  }
  // Without memory for its copy a socket is only woken (netlink-core N8.4).
  if (!socket.received.reserve()) return;
  retain(buffer);
  socket.received.push(changetype<usize>(buffer));
  socket.receivedBytes += chargeOf(socket, buffer, 0, buffer.length);
  noteFill(socket);
}

/** @returns false without memory: the dump is the caller's still */
export function appendDump(socket: Socket, dump: Dump): bool {
  if (!socket.received.reserve()) return false;
  dump.socket = changetype<usize>(socket);
  socket.received.push(changetype<usize>(dump));
  socket.receivedBytes += dump.remaining;
  noteFill(socket);
  return true;
}

function countDropped(socket: Socket, buffer: Buffer): void {
  socket.droppedMessages += buffer.messages;
  socket.droppedBytes += chargeOf(socket, buffer, 0, buffer.length);
}

/** After a receive the losses before it are told to the log and forgotten (nl_on_transmit). */
export function forgetDropped(socket: Socket): void {
  if (socket.droppedBytes != 0) {
    writeLog("netlink: socket RX overflowed, % messages (% bytes) dropped", socket.droppedMessages, socket.droppedBytes);
  }
  socket.droppedMessages = 0;
  socket.droppedBytes = 0;
}

/**
 * Copies messages to the window.
 * @param room - what the reader has room for in all
 * @param taken - what earlier calls of this receive copied already
 * @returns bytes copied now, or a negative errno: EAGAIN nothing queued; ENOBUFS no memory for the window, a peek or a
 *   cut message, and nothing is lost. `received` tells the rest.
 */
export function receive(socket: Socket, room: u32, taken: u32, isPeek: bool): i32 {
  received.excess = 0;
  received.isCut = false;
  received.hasMore = false;
  const queue = socket.received;
  if (queue.count == 0 && taken == 0) return -Errno.EAGAIN;
  const left = room - taken;
  if (!ensureWindow(min(left, <u32>min<u64>(socket.receivedBytes, WINDOW_BYTES_MAX)))) return -Errno.ENOBUFS;
  let copied: u32 = 0;
  let skip = isPeek ? taken : 0;
  let at: u32 = 0;
  while (at < queue.count) {
    const budget = min(left, windowBytes());
    let next: u32;
    if (isDump(queue.at(at))) {
      const dump = changetype<Dump>(queue.at(at));
      if (!isPeek) {
        const bytes = dump.fill(received.window + copied, budget - copied);
        copied += bytes;
        socket.receivedBytes -= bytes;
        if (dump.remaining == 0) {
          removeDump(socket, dump);
          continue;
        }
      }
      next = dump.nextLength();
      if (isPeek || copied + taken == 0) {
        // Who peeks, or has no room for a single message, is served from a buffer.
        if (isPeek || next > left) {
          if (!materialize(socket, dump, max<u64>(isPeek ? left - copied : 1, 1))) return copied != 0 ? copied : -Errno.ENOBUFS;
          continue;
        }
      }
    } else {
      const buffer = changetype<Buffer>(queue.at(at));
      let offset = at == 0 ? socket.headOffset : 0;
      next = 0;
      while (offset < buffer.length) {
        const length = load<u32>(buffer.data + offset, NlMsgHdr.LEN);
        if (skip != 0) {
          skip -= length;
        } else if (copied + length > budget) {
          next = length;
          break;
        } else {
          memory.copy(received.window + copied, buffer.data + offset, length);
          copied += length;
        }
        offset += length;
      }
      if (!isPeek) moveHead(socket, offset);
      if (next == 0) {
        if (isPeek) at++;
        continue;
      }
    }
    if (copied + next <= left) {
      // The window ends here, not the reader's room.
      if (copied != 0) {
        received.hasMore = true;
        return copied;
      }
      if (!ensureWindow(next)) return -Errno.ENOBUFS;
      continue;
    }
    if (copied + taken == 0 && room != 0) return cut(socket, at, next, room, isPeek);
    received.excess = taken + copied + next - room;
    return copied;
  }
  return copied;
}

/** Copies as much of the first message as fits; the rest of it is lost (N3.3, rows with T = 0). */
function cut(socket: Socket, at: u32, length: u32, room: u32, isPeek: bool): i32 {
  if (!ensureWindow(room)) return -Errno.ENOBUFS;
  const buffer = changetype<Buffer>(socket.received.at(at));
  const offset = at == 0 ? socket.headOffset : 0;
  memory.copy(received.window, buffer.data + offset, room);
  received.isCut = true;
  // Quirk: of the last message of a reply buffer the true length is not told.
  const isLast = offset + length == buffer.length && !buffer.isContinued;
  received.excess = isPeek || !isLast ? length - room : 0;
  if (!isPeek) moveHead(socket, offset + length);
  return room;
}

function isDump(entry: usize): bool {
  return changetype<Buffer>(entry).kind == QueueEntry.DUMP;
}

/** Takes what lies before `offset` of the first buffer out of the queue. */
function moveHead(socket: Socket, offset: u32): void {
  const buffer = changetype<Buffer>(socket.received.at(0));
  socket.receivedBytes -= chargeOf(socket, buffer, socket.headOffset, offset);
  socket.headOffset = offset;
  if (offset != buffer.length) return;
  socket.headOffset = 0;
  socket.received.shift();
  release(buffer);
}

/** Buffers all that is left of a dump, as FreeBSD would have at the request; false without memory: the rest still waits. */
export function materializeAll(dump: Dump): bool {
  return materialize(changetype<Socket>(dump.socket), dump, u64.MAX_VALUE);
}

/** What stands behind a dump while its reply buffers are put into the queue. */
const behind = changetype<Ring>(memory.data(offsetof<Ring>(), 16));

/**
 * Puts the dump's next reply buffers before it into the queue: one, and more until they hold `bytes`. The dump goes with its
 * last. False without memory: what was put in stays, the rest still waits.
 */
function materialize(socket: Socket, dump: Dump, bytes: u64): bool {
  const queue = socket.received;
  const count = queue.count - placeOf(socket, dump) - 1;
  if (!behind.reserveFor(count)) return false;
  for (let i: u32 = 0; i < count; i++) behind.unshift(queue.pop());
  queue.pop();
  let made: u64 = 0;
  let isComplete = true;
  while (dump.remaining != 0 && made < bytes) {
    const chunk = queue.reserveFor(count + 2) ? takeChunk(dump) : null;
    if (chunk == null) {
      isComplete = false;
      break;
    }
    queue.push(changetype<usize>(chunk));
    made += chunk.length;
  }
  // The dump's own place, and those behind it, were there before.
  if (dump.remaining != 0) queue.push(changetype<usize>(dump));
  else dump.free();
  while (behind.count != 0) queue.push(behind.shift());
  behind.free();
  return isComplete;
}

/** The dump's place in the queue; the queue's count when it is not there. */
function placeOf(socket: Socket, dump: Dump): u32 {
  const queue = socket.received;
  for (let i: u32 = 0; i < queue.count; i++) if (queue.at(i) == changetype<usize>(dump)) return i;
  return queue.count;
}

function removeDump(socket: Socket, dump: Dump): void {
  socket.received.remove(placeOf(socket, dump));
  dump.free();
}

/** Throws away everything that was not read, when the socket closes. */
export function clearReceived(socket: Socket): void {
  while (socket.received.count != 0) {
    const entry = socket.received.shift();
    if (isDump(entry)) changetype<Dump>(entry).free();
    else release(changetype<Buffer>(entry));
  }
  socket.receivedBytes = 0;
  socket.headOffset = 0;
}

function windowBytes(): u32 {
  return received.window == 0 ? 0 : <u32>1 << received.windowOrder;
}

/** Makes the window at least `bytes` large. It is the host's and no allocation of the kernel: no fault makes it fail. */
function ensureWindow(bytes: u32): bool {
  if (bytes <= windowBytes()) return true;
  const order = orderOf(max(bytes, WINDOW_BYTES_MIN));
  const window = takeBlock(order);
  if (window == 0) return false;
  if (received.window != 0) giveBlock(received.window, received.windowOrder);
  received.window = window;
  received.windowOrder = order;
  return true;
}
