// The task of a socket: working through what was sent to it (netlink/netlink_io.c; netlink-core N4, N5).
//   schedule     after a send and after a receive
//   stepTask     one message of one socket's task
//   runSocket    a socket's task until it rests: for closing
// A pass takes the send buffers in order. It begins nothing while the receive queue is full, and stops at the message
// after which it became full; the rest waits, in order, for the next schedule.

import { Errno } from "../abi/errno";
import { NLMSG, NLM_F, NetlinkLimit, NetlinkSize, NlMsgHdr } from "../abi/netlink";
import { Buffer, release } from "../mem/buffer";
import { randomWord } from "../mem/random";
import { ack } from "./ack";
import { failureOf, scratchBytes, scratchOffset } from "./foreign";
import { handleByProtocol } from "./protocol";
import { Request, request } from "./request";
import { Socket, SocketOption } from "./socket";
import { flush, openUnicast, repliesOf } from "./writer";

/** Which runnable socket's task goes on. */
export const enum Policy {
  /** In order of scheduling, each to the end of its pass. */
  FIFO = 0,
  /** A seeded choice for each message, to explore interleavings. */
  SEEDED = 1,
}

@unmanaged
class Scheduler {
  first: usize;
  last: usize;
  count: u32;
  policy: u32;
}

const scheduler = changetype<Scheduler>(memory.data(offsetof<Scheduler>(), 16));

export function setPolicy(policy: u32): void {
  scheduler.policy = policy;
}

/** Sockets whose task is to run. */
export function runnableCount(): u32 {
  return scheduler.count;
}

/** Asks for a pass; once is enough (nl_schedule_taskqueue). */
export function schedule(socket: Socket): void {
  if (socket.isPending) return;
  socket.isPending = true;
  enqueue(socket);
}

function enqueue(socket: Socket): void {
  if (socket.isQueued) return;
  socket.isQueued = true;
  socket.nextRunnable = 0;
  if (scheduler.first == 0) scheduler.first = changetype<usize>(socket);
  else changetype<Socket>(scheduler.last).nextRunnable = changetype<usize>(socket);
  scheduler.last = changetype<usize>(socket);
  scheduler.count++;
}

/** Takes a socket out of the queue of runnable ones. */
export function dequeue(socket: Socket): void {
  if (!socket.isQueued) return;
  let previous: usize = 0;
  let at = scheduler.first;
  while (at != changetype<usize>(socket)) {
    previous = at;
    at = changetype<Socket>(at).nextRunnable;
  }
  if (previous == 0) scheduler.first = socket.nextRunnable;
  else changetype<Socket>(previous).nextRunnable = socket.nextRunnable;
  if (scheduler.last == at) scheduler.last = previous;
  scheduler.count--;
  socket.isQueued = false;
}

function choose(): Socket {
  let at = scheduler.first;
  if (scheduler.policy == Policy.SEEDED) {
    for (let left = randomWord() % scheduler.count; left > 0; left--) at = changetype<Socket>(at).nextRunnable;
  }
  return changetype<Socket>(at);
}

/** Processes at most `budget` messages of runnable sockets; the number that were. */
export function runTasks(budget: u32): u32 {
  let processed: u32 = 0;
  while (processed < budget && scheduler.first != 0) processed += stepTask(choose());
  return processed;
}

/** Runs a socket's task until it rests: everything that was sent, or as far as its receive queue allows. */
export function runSocket(socket: Socket): void {
  while (socket.isQueued) stepTask(socket);
}

/** One message of a socket's task, or the end of its run; the number of messages processed. */
function stepTask(socket: Socket): u32 {
  if (!socket.isProcessing && !beginBuffer(socket)) {
    rest(socket);
    return 0;
  }
  const buffer = changetype<Buffer>(socket.sent.at(0));
  let processed: u32 = 0;
  if (buffer.offset + NetlinkSize.NLMSGHDR <= buffer.length) {
    processed = 1;
    const isGood = processMessage(socket, buffer);
    if (isGood && !socket.isBlocked && buffer.offset + NetlinkSize.NLMSGHDR <= buffer.length) return processed;
  }
  endBuffer(socket, buffer);
  return processed;
}

/** Begins a pass, or goes on with its next send buffer; false when there is nothing to do. */
function beginBuffer(socket: Socket): bool {
  if (!socket.isInPass) {
    socket.isPending = false;
    socket.isInPass = true;
    if (socket.isFull) return false;
  }
  while (socket.sent.count != 0) {
    if (openUnicast(repliesOf(socket), socket, NetlinkLimit.NLMSG_SMALL)) {
      socket.isProcessing = true;
      socket.isStrict = socket.has(SocketOption.STRICT);
      return true;
    }
    // Without memory for answers the whole send is dropped (netlink-core N5.1).
    finishBuffer(socket);
  }
  return false;
}

function endBuffer(socket: Socket, buffer: Buffer): void {
  flush(repliesOf(socket));
  socket.isProcessing = false;
  if (socket.isBlocked) {
    // The buffer stays at the head with its offset, even if all of it is done (netlink-core N4.3).
    socket.isBlocked = false;
    rest(socket);
    return;
  }
  finishBuffer(socket);
  // The next buffer of the pass is begun without looking at the receive queue. After the last the pass is repeated, which
  // takes back what was asked for meanwhile and finds nothing.
  if (socket.sent.count != 0) return;
  socket.isPending = false;
  rest(socket);
}

/** Ends the run, unless a pass was asked for meanwhile. */
function rest(socket: Socket): void {
  socket.isInPass = false;
  dequeue(socket);
  if (socket.isPending) enqueue(socket);
}

/** Lets go of the send buffer at the head. */
function finishBuffer(socket: Socket): void {
  const buffer = changetype<Buffer>(socket.sent.shift());
  socket.sentBytes -= buffer.length;
  release(buffer);
}

/** Handles the message at the buffer's offset and moves it on; false when the rest of the buffer is to be dropped. */
function processMessage(socket: Socket, buffer: Buffer): bool {
  const header = buffer.data + buffer.offset;
  const left = buffer.length - buffer.offset;
  const length = load<u32>(header, NlMsgHdr.LEN);
  // The step is taken before the handler can change the header.
  const aligned = (<u64>length + 3) & ~3;
  buffer.offset = <u32>min<u64>(<u64>buffer.offset + aligned, buffer.length);
  if (length > left || length < <u32>NetlinkSize.NLMSGHDR) {
    buffer.offset = buffer.length;
    return false;
  }
  request.socket = changetype<usize>(socket);
  request.writer = socket.writer;
  request.header = header;
  request.end = header + length;
  request.isStrict = socket.isStrict;
  request.isLast = buffer.offset + NetlinkSize.NLMSGHDR > buffer.length;
  request.clear();
  if (!socket.isForeign) request.shareScratch();
  else request.ownScratch(buffer.data + scratchOffset(buffer.length), scratchBytes(buffer.length));
  answer(request);
  return true;
}

function answer(request: Request): void {
  const socket = request.from;
  const header = request.header;
  const failure = failureOf(socket, header);
  store<u32>(header, socket.port, NlMsgHdr.PID);
  let error: Errno = Errno.OK;
  if ((load<u16>(header, NlMsgHdr.FLAGS) & NLM_F.REQUEST) != 0 && load<u16>(header, NlMsgHdr.TYPE) >= <u16>NLMSG.MIN_TYPE) {
    error = failure != 0 ? failure : handleByProtocol(socket.protocol, request);
  }
  const isAsked = (load<u16>(header, NlMsgHdr.FLAGS) & NLM_F.ACK) != 0;
  if ((isAsked || (error != Errno.OK && error != Errno.EINTR)) && !request.replies.suppressesAck) ack(request, error);
}
