// The task of a socket: working through what was sent to it (netlink/netlink_io.c; netlink-core N4, N5).
//   schedule     after a send and after a receive
//   stepTask     one message of one socket's task
//   runSocket    a socket's task until it rests: for closing
//   concludeAwaited   what a module outside the core answered to the messages that waited for it (external.ts)
// A pass takes the send buffers in order. It begins nothing while the receive queue is full, and stops at the message
// after which it became full; the rest waits, in order, for the next schedule.

import { Errno } from "../abi/errno";
import { NLMSG, NLM_F, NetlinkLimit, NetlinkSize, NlMsgHdr } from "../abi/netlink";
import { Buffer, release } from "../mem/buffer";
import { randomWord } from "../mem/random";
import { ack } from "./ack";
import { applyRecords, awaited, awaitedBuffer, endAwait, isAwaiting, outcome } from "./external";
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
  /** Messages that may be processed, the next one included, before the call ends. */
  budget: u32;
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

/** Processes at most `budget` messages of runnable sockets, or up to one that waits for the host; the number that were. */
export function runTasks(budget: u32): u32 {
  scheduler.budget = budget;
  return resumeTasks();
}

/** Goes on with what runTasks had left to do. */
export function resumeTasks(): u32 {
  let processed: u32 = 0;
  while (scheduler.budget > 0 && scheduler.first != 0 && !isAwaiting()) {
    const step = stepTask(choose());
    scheduler.budget -= step;
    processed += step;
  }
  return processed;
}

/** Whether resumeTasks has anything to do. */
export function mayResume(): bool {
  return scheduler.budget > 0 && scheduler.first != 0;
}

/** Messages that one visit to the host may bring answers to: one where each message's turn is chosen anew. */
export function awaitedMax(): u32 {
  return scheduler.policy == Policy.SEEDED ? 1 : scheduler.budget;
}

/** Runs a socket's task until it rests: everything that was sent, or as far as its receive queue allows, or to a wait. */
export function runSocket(socket: Socket): void {
  scheduler.budget = u32.MAX_VALUE;
  while (socket.isQueued && !isAwaiting()) stepTask(socket);
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
    const isGood = processMessage(socket, buffer);
    if (isAwaiting()) return 0;
    processed = 1;
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
  if (!openMessage(socket, buffer)) return false;
  const error = handle(request);
  if (!isAwaiting()) conclude(request, error);
  return true;
}

/** The message at the buffer's offset becomes the request, and the offset moves on; false for a length that cannot be. */
function openMessage(socket: Socket, buffer: Buffer): bool {
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
  return true;
}

function handle(request: Request): Errno {
  const socket = request.from;
  const header = request.header;
  const failure = failureOf(socket, header);
  store<u32>(header, socket.port, NlMsgHdr.PID);
  if ((load<u16>(header, NlMsgHdr.FLAGS) & NLM_F.REQUEST) == 0) return Errno.OK;
  if (load<u16>(header, NlMsgHdr.TYPE) < <u16>NLMSG.MIN_TYPE) return Errno.OK;
  return failure != 0 ? failure : handleByProtocol(socket.protocol, request);
}

function conclude(request: Request, error: Errno): void {
  const isAsked = (load<u16>(request.header, NlMsgHdr.FLAGS) & NLM_F.ACK) != 0;
  if ((isAsked || (error != Errno.OK && error != Errno.EINTR)) && !request.replies.suppressesAck) ack(request, error);
}

/**
 * Answers the first of the messages that waited for the host, and lets the others come again.
 * @param records - of `count` messages (external.ts); 0 = there was no memory for them, and the messages end with ENOMEM
 * @returns the number of messages answered
 */
export function concludeAwaited(records: usize, count: u32): u32 {
  assert(isAwaiting() && count > 0 && count <= awaited.count, "messages wait, and some are answered");
  const socket = changetype<Socket>(awaited.socket);
  const buffer = awaitedBuffer();
  buffer.offset = <u32>(awaited.messages - buffer.data);
  endAwait();
  let isGood = true;
  for (let left = count; left > 0; left--) {
    isGood = openMessage(socket, buffer);
    assert(isGood, "it was a message before");
    store<u32>(request.header, socket.port, NlMsgHdr.PID);
    if (records != 0) records = applyRecords(request, records);
    conclude(request, records == 0 ? Errno.ENOMEM : <Errno>outcome.error);
  }
  scheduler.budget -= min<u32>(count, scheduler.budget);
  if (socket.isBlocked || buffer.offset + NetlinkSize.NLMSGHDR > buffer.length) endBuffer(socket, buffer);
  return count;
}
