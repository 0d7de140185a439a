// Routing sockets: what each one filters, and its queue of whole messages (net/rtsock.c, struct rcb; rtsock G.3).
//   openSocket, closeSocket    the list of a vnet's routing sockets, in order of opening
//   deliver                    one message to everybody whom it concerns
//   firstReceived, dropFirst   one message a read
// A message is stored once, whoever hears it. One that does not fit a socket's receive space is lost for that socket alone.

import { Errno } from "../abi/errno";
import { RouteSockaddr } from "../abi/rtsock";
import { Buffer, allocateBuffer, release, retain } from "../mem/buffer";
import { Ring } from "../mem/ring";
import { Slab, give, take } from "../mem/slab";
import { loopbackInterface } from "../net/ifnet";
import { settings } from "../net/settings";

/** A message that concerns the sockets of every fib. */
export const ALL_FIBS: u32 = u32.MAX_VALUE;

@unmanaged
export class RoutingSocket {
  next: usize;
  previous: usize;
  /** The family whose messages it hears; 0 = all. */
  filter: u32;
  fib: u32;
  /** It hears the echoes of its own requests (SO_USELOOPBACK). */
  usesLoopback: bool;
  /** A read tells of a lost message, when there is nothing else to read (SO_RERROR). */
  reportsLoss: bool;
  hasLost: bool;
  /** Shut down. */
  isDeaf: bool;
  isMute: bool;
  receiveLimit: u32;
  sendLimit: u32;
  /** Ring of Buffer: messages not yet read, and the bytes that they and their senders' addresses take. */
  receivedEntries: usize;
  receivedCapacity: u32;
  receivedHead: u32;
  receivedCount: u32;
  receivedBytes: u32;
  /** Buffer of a write under way. */
  sending: usize;

  get received(): Ring {
    return changetype<Ring>(changetype<usize>(this) + offsetof<RoutingSocket>("receivedEntries"));
  }
}

if (offsetof<RoutingSocket>("receivedCount") - offsetof<RoutingSocket>("receivedEntries") != offsetof<Ring>("count")) ERROR("Ring");

@unmanaged
class RoutingSockets {
  first: usize;
  last: usize;
  count: u32;
}

const sockets = changetype<RoutingSockets>(memory.data(offsetof<RoutingSockets>(), 16));
const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));

export function routingSocketCount(): u32 {
  return sockets.count;
}

/** @param protocol - of it one byte is the family filter; @param fib - the process's. 0 without memory */
export function openSocket(protocol: u32, fib: u32): usize {
  const record = take<RoutingSocket>(slab);
  if (record == 0) return 0;
  const socket = changetype<RoutingSocket>(record);
  socket.filter = protocol & 0xff;
  socket.fib = fib;
  socket.usesLoopback = true;
  socket.sendLimit = settings.routeSendSpace;
  socket.receiveLimit = settings.routeReceiveSpace;
  socket.previous = sockets.last;
  if (sockets.last != 0) changetype<RoutingSocket>(sockets.last).next = record;
  else sockets.first = record;
  sockets.last = record;
  sockets.count++;
  return record;
}

export function closeSocket(socket: RoutingSocket): void {
  clearReceived(socket);
  if (socket.sending != 0) release(changetype<Buffer>(socket.sending));
  if (socket.previous != 0) changetype<RoutingSocket>(socket.previous).next = socket.next;
  else sockets.first = socket.next;
  if (socket.next != 0) changetype<RoutingSocket>(socket.next).previous = socket.previous;
  else sockets.last = socket.previous;
  socket.received.free();
  sockets.count--;
  give<RoutingSocket>(slab, changetype<usize>(socket));
}

/** Drops what was not read. */
export function clearReceived(socket: RoutingSocket): void {
  while (socket.received.count != 0) release(changetype<Buffer>(socket.received.shift()));
  socket.receivedBytes = 0;
}

/**
 * Hands a message to every socket that it concerns (rt_dispatch, rts_input). A vnet without lo0 delivers nothing: lo0 is what
 * FreeBSD has the message come from. Without memory nobody gets it.
 * @param tag - its family; 0 reaches only sockets that hear all families
 * @param fib - ALL_FIBS, or the fib of the sockets that are meant
 */
export function deliver(message: usize, length: u32, tag: u32, fib: u32): void {
  if (loopbackInterface() == null) return;
  let buffer: Buffer | null = null;
  for (let at = sockets.first; at != 0; at = changetype<RoutingSocket>(at).next) {
    const socket = changetype<RoutingSocket>(at);
    if (socket.isDeaf || (socket.filter != 0 && socket.filter != tag)) continue;
    if (fib != ALL_FIBS && socket.fib != fib) continue;
    if (!hasRoom(socket, length)) {
      socket.hasLost = socket.reportsLoss;
      continue;
    }
    if (buffer == null) {
      buffer = allocateBuffer(length);
      if (buffer == null) return;
      memory.copy(buffer.data, message, length);
      buffer.length = length;
      buffer.messages = 1;
    }
    retain(buffer);
    socket.received.push(changetype<usize>(buffer));
    socket.receivedBytes += length + RouteSockaddr.SENDER;
  }
  if (buffer != null) release(buffer);
}

/** Also without memory for its place in the queue a message is lost. */
function hasRoom(socket: RoutingSocket, length: u32): bool {
  const used = socket.receivedBytes;
  if (used > socket.receiveLimit || length + RouteSockaddr.SENDER > socket.receiveLimit - used) return false;
  return socket.received.reserve();
}

/**
 * The first message of the queue, to be read and then dropped by dropFirst; 0 at the end of file.
 * @returns a Buffer, or a negative errno: with SO_RERROR ENOBUFS once after a loss, when the queue is empty
 *   (soreceive_generic); EAGAIN nothing queued
 */
export function firstReceived(socket: RoutingSocket): i32 {
  if (socket.isDeaf) return 0;
  if (socket.received.count != 0) return <i32>socket.received.at(0);
  if (!socket.hasLost) return -Errno.EAGAIN;
  socket.hasLost = false;
  return -Errno.ENOBUFS;
}

export function dropFirst(socket: RoutingSocket): void {
  const buffer = changetype<Buffer>(socket.received.shift());
  socket.receivedBytes -= buffer.length + RouteSockaddr.SENDER;
  release(buffer);
}

/** What is wrong with the routing sockets. */
export const enum RoutingFault {
  NONE = 0,
  BYTES = 401,
}

/** Checks that what each socket counts is what its queue holds. */
export function checkRoutingSockets(): u32 {
  for (let at = sockets.first; at != 0; at = changetype<RoutingSocket>(at).next) {
    const socket = changetype<RoutingSocket>(at);
    let bytes: u32 = 0;
    for (let i: u32 = 0; i < socket.received.count; i++) {
      bytes += changetype<Buffer>(socket.received.at(i)).length + RouteSockaddr.SENDER;
    }
    if (bytes != socket.receivedBytes) return RoutingFault.BYTES;
  }
  return RoutingFault.NONE;
}
