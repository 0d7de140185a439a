// The dump of routes: RTM_GETROUTE with NLM_F_DUMP (rtnetlink E.3.1).
//   dumpRoutes   the tables of one fib, one family or both
// A table whose messages fill the receive queue is not written at the request: an entry of the queue stands for it
// (netlink/dump.ts) and copies a prepared message for each nexthop, patched with the prefix, when the reader comes.
// Smaller ones, and those of a jail that sees only part, are written at once.

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { NLMSG, NLM_F, NetlinkLimit, NetlinkSize, NlMsgHdr } from "../abi/netlink";
import { RTM } from "../abi/rtnetlink";
import { allocateBlock, giveBlock } from "../mem/block";
import { charge, discharge } from "../mem/buffer";
import { Slab, give, take } from "../mem/slab";
import { Dump, initDump } from "../netlink/dump";
import { appendDump, materializeAll } from "../netlink/queue";
import { Request } from "../netlink/request";
import { Socket, seesAddress } from "../netlink/socket";
import { bufferCapacity, completeBytes, done, flushContinued } from "../netlink/writer";
import { addressBits, storeAddress, withoutZone } from "../net/address";
import { Entry4, Entry6, entrySize, settle } from "../net/btree";
import { uptimeSeconds } from "../net/clock";
import { nextGapped, standsBefore } from "../net/gappedroutes";
import { Rib, entryBits, entryHigh, entryLow, entryPayload, ribOf, seekPlace } from "../net/rib";
import { RibWalk, closeWalk, nextRun, openWalk, resumeWalk, skipRun } from "../net/ribwalk";
import { DST_LEN_OFFSET, DST_OFFSET, composeRoute, routeLength, view, viewRoute, writeRoute } from "./routeobject";

/** Dumps shorter than this are written at the request. */
const PULLED_BYTES_MIN: u32 = 1 << 15;
/** Prepared messages of a dump, by the low bits of the payload's index. */
const TEMPLATES: u32 = 256;
const TEMPLATE_BYTES: u32 = 128;
/** Order of the block: 256 messages of 128 bytes; and of their tags. */
const TEMPLATES_ORDER: u32 = 15;
const TAGS_ORDER: u32 = 10;
const PREPARED_BYTES: u32 = (1 << 15) + (1 << 10);
/** NLMSG_DONE with its errno. */
const DONE_BYTES: u32 = NetlinkSize.NLMSGHDR + 4;

if (TEMPLATES * TEMPLATE_BYTES != 1 << 15) ERROR("TEMPLATES_ORDER");
if (TEMPLATES * 4 != 1 << 10) ERROR("TAGS_ORDER");

@unmanaged
class RouteDump extends Dump {
  /** RibWalk under way, 0 = past the last; and the one of the next family. */
  walk: usize;
  nextWalk: usize;
  port: u32;
  seq: u32;
  flags: u32;
  /** Uptime at the request: remaining seconds of expiring routes count from it. */
  nowSeconds: u32;
  templates: usize;
  /** Payload index of each template, 0 = none. */
  tags: usize;
}

const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));

/** ESRCH, inside NLMSG_DONE, for a family without table; ENOMEM. */
export function dumpRoutes(request: Request, fib: u32, family: u32): Errno {
  const inet = family == AF.INET || family == AF.UNSPEC ? ribOf(fib, AF.INET) : null;
  const inet6 = family == AF.INET6 || family == AF.UNSPEC ? ribOf(fib, AF.INET6) : null;
  const seq = request.seq;
  const flags = request.flags | NLM_F.MULTI;
  let bytes: u64 = DONE_BYTES;
  if (inet != null) bytes += tableBytes(inet);
  if (inet6 != null) bytes += tableBytes(inet6);
  if (isPulled(request, bytes)) {
    if (startDump(request, inet, inet6, bytes, seq, flags)) {
      request.replies.suppressesAck = true;
      return Errno.OK;
    }
    done(request.replies, request.from.port, seq, Errno.ENOMEM);
    return Errno.ENOMEM;
  }
  let error: Errno = inet == null && inet6 == null ? Errno.ESRCH : Errno.OK;
  if (inet != null) error = writeTable(request, inet, seq, flags);
  if (inet6 != null && error == Errno.OK) error = writeTable(request, inet6, seq, flags);
  if (!done(request.replies, request.from.port, seq, error)) return Errno.ENOMEM;
  return error;
}

/** Bytes of the messages of all routes of a table. */
function tableBytes(rib: Rib): u64 {
  let bytes: u64 = 0;
  for (let index: u32 = 1; index < rib.payloadTop; index++) {
    const payload = rib.payload(index);
    if (payload.nexthop != 0 && payload.routes != 0) bytes += <u64>payload.routes * routeLength(rib, payload);
  }
  return bytes;
}

/**
 * Whether the reader makes the messages. FreeBSD's writer keeps the last, unfinished reply buffer of a dump until the next
 * message or the end of the send: that is the end of the dump only if the send ends with it or is interrupted by it.
 */
function isPulled(request: Request, bytes: u64): bool {
  const socket = request.from;
  if (socket.isConstrained || bytes < PULLED_BYTES_MIN) return false;
  const flushed = bytes - NetlinkLimit.NLMBUFSIZE;
  return request.isLast || socket.receivedBytes + flushed >= socket.receiveLimit;
}

/** Whether a socket may see a route: in a jail without vnet, host routes to the jail's addresses (rt_is_exportable). */
export function seesRoute(socket: Socket, rib: Rib, high: u64, low: u64, bits: u32): bool {
  if (!socket.isConstrained) return true;
  return bits == addressBits(rib.family) && seesAddress(socket, rib.family, high, low);
}

/** Writes a table at once. */
function writeTable(request: Request, rib: Rib, seq: u32, flags: u32): Errno {
  const tree = rib.routes;
  const isInet = rib.family == AF.INET;
  const socket = request.from;
  seekPlace(rib, tree, 0, 0, addressBits(rib.family), 0);
  let gapped = rib.gapped;
  while (true) {
    const place = isInet ? settle<Entry4>(tree) : settle<Entry6>(tree);
    const entry = gapped != 0 && standsBefore(rib, gapped, place) ? gapped : place;
    if (entry == 0) return Errno.OK;
    viewRoute(rib, entryHigh(rib, entry), entryLow(rib, entry), entryBits(rib, entry), entryPayload(rib, entry));
    if (seesRoute(socket, rib, view.high, view.low, view.bits)) {
      const error = writeRoute(request.replies, socket.port, seq, RTM.NEWROUTE, flags);
      if (error != Errno.OK) return error;
    }
    if (entry == gapped) gapped = nextGapped(gapped);
    else tree.slot++;
  }
  return Errno.OK;
}

/** Queues the entry that stands for the dump; false without memory, and then nothing is left of it. */
function startDump(request: Request, inet: Rib | null, inet6: Rib | null, bytes: u64, seq: u32, flags: u32): bool {
  const record = take<RouteDump>(slab);
  if (record == 0) return false;
  const dump = changetype<RouteDump>(record);
  initDump(dump, fillRoutes, nextRouteLength, freeDump);
  dump.port = request.from.port;
  dump.seq = seq;
  dump.flags = flags;
  dump.nowSeconds = uptimeSeconds();
  if (!prepare(dump, inet, inet6)) {
    freeDump(dump);
    return false;
  }
  dump.remaining = bytes;
  const writer = request.replies;
  dump.chunkUsed = completeBytes(writer);
  dump.chunkCapacity = max<u32>(bufferCapacity(writer), NetlinkLimit.NLMSG_SMALL);
  flushContinued(writer, dump.fitsChunk(dump.nextLength()));
  // Where what was written before is lost, so is what follows it in the send (netlink-core N7.4).
  if (!writer.isOutOfMemory && appendDump(request.from, dump)) return true;
  freeDump(dump);
  return false;
}

/** Opens the walks and takes the memory of the prepared messages. */
function prepare(dump: RouteDump, inet: Rib | null, inet6: Rib | null): bool {
  const owner = changetype<usize>(dump);
  dump.templates = allocateBlock(TEMPLATES_ORDER);
  if (dump.templates == 0) return false;
  dump.tags = allocateBlock(TAGS_ORDER);
  if (dump.tags == 0) return false;
  memory.fill(dump.tags, 0, TEMPLATES * 4);
  charge(PREPARED_BYTES);
  if (inet != null) {
    dump.walk = openWalk(inet, bufferRest, owner);
    if (dump.walk == 0) return false;
  }
  if (inet6 != null) {
    const walk = openWalk(inet6, bufferRest, owner);
    if (walk == 0) return false;
    if (dump.walk == 0) dump.walk = walk;
    else dump.nextWalk = walk;
  }
  return true;
}

/** Too much was kept aside for this dump: what is left of it is buffered (design 2.1). */
function bufferRest(owner: usize): bool {
  return materializeAll(changetype<Dump>(owner));
}

function freeDump(base: Dump): void {
  const dump = changetype<RouteDump>(changetype<usize>(base));
  if (dump.walk != 0) closeWalk(changetype<RibWalk>(dump.walk));
  if (dump.nextWalk != 0) closeWalk(changetype<RibWalk>(dump.nextWalk));
  if (dump.tags != 0) {
    discharge(PREPARED_BYTES);
    giveBlock(dump.tags, TAGS_ORDER);
  }
  if (dump.templates != 0) giveBlock(dump.templates, TEMPLATES_ORDER);
  give<RouteDump>(slab, changetype<usize>(dump));
}

/** The walk's next run; goes on to the next family at the end of one, and gives 0 after the last. */
function currentRun(dump: RouteDump): u32 {
  while (dump.walk != 0) {
    const count = nextRun(changetype<RibWalk>(dump.walk));
    if (count != 0) return count;
    closeWalk(changetype<RibWalk>(dump.walk));
    dump.walk = dump.nextWalk;
    dump.nextWalk = 0;
    if (dump.walk != 0) {
      memory.fill(dump.tags, 0, TEMPLATES * 4);
      resumeWalk(changetype<RibWalk>(dump.walk));
    }
  }
  return 0;
}

function nextRouteLength(base: Dump): u32 {
  const dump = changetype<RouteDump>(changetype<usize>(base));
  if (dump.walk != 0) resumeWalk(changetype<RibWalk>(dump.walk));
  if (currentRun(dump) == 0) return DONE_BYTES;
  const walk = changetype<RibWalk>(dump.walk);
  const rib = changetype<Rib>(walk.rib);
  return routeLength(rib, rib.payload(entryPayload(rib, walk.run)));
}

function fillRoutes(base: Dump, into: usize, room: u32): u32 {
  const dump = changetype<RouteDump>(changetype<usize>(base));
  if (dump.walk != 0) resumeWalk(changetype<RibWalk>(dump.walk));
  let used: u32 = 0;
  while (true) {
    const count = currentRun(dump);
    if (count == 0) break;
    const walk = changetype<RibWalk>(dump.walk);
    const rib = changetype<Rib>(walk.rib);
    fillRun(dump, rib, walk.run, count, into, used, room);
    used = filled.used;
    skipRun(walk, filled.count);
    if (filled.count < count) return used;
  }
  if (used + DONE_BYTES > room) return used;
  const at = into + used;
  store<u32>(at, DONE_BYTES);
  store<u16>(at, NLMSG.DONE, NlMsgHdr.TYPE);
  store<u16>(at, 0, NlMsgHdr.FLAGS);
  store<u32>(at, dump.seq, NlMsgHdr.SEQ);
  store<u32>(at, dump.port, NlMsgHdr.PID);
  store<u32>(at, Errno.OK, NetlinkSize.NLMSGHDR);
  dump.countMessage(DONE_BYTES);
  return used + DONE_BYTES;
}

/** How far fillRun came. */
@unmanaged
class Filled {
  used: u32;
  count: u32;
}

const filled = changetype<Filled>(memory.data(offsetof<Filled>(), 16));

/** Writes the messages of the entries of a run, as many as fit. */
function fillRun(dump: RouteDump, rib: Rib, run: usize, count: u32, into: usize, used: u32, room: u32): void {
  const isInet = rib.family == AF.INET;
  const size = isInet ? entrySize<Entry4>() : entrySize<Entry6>();
  let i: u32 = 0;
  for (; i < count; i++) {
    const entry = run + i * size;
    const payload = entryPayload(rib, entry);
    const slot = payload & (TEMPLATES - 1);
    let template = dump.templates + slot * TEMPLATE_BYTES;
    if (load<u32>(dump.tags + slot * 4) != payload) template = prepareMessage(dump, rib, payload, slot);
    const length = load<u32>(template);
    if (used + length > room) break;
    const at = into + used;
    if (length <= TEMPLATE_BYTES && used + TEMPLATE_BYTES <= room) copyTemplate(at, template, length);
    else memory.copy(at, template, length);
    if (isInet) {
      const word = load<u64>(entry);
      store<u32>(at, bswap<u32>(<u32>(word >> 32)), DST_OFFSET);
      store<u8>(at, <u8>(32 - (<u32>(word >> 26) & 63)), DST_LEN_OFFSET);
    } else {
      storeAddress(AF.INET6, at + DST_OFFSET, withoutZone(AF.INET6, load<u64>(entry)), load<u64>(entry, 8));
      store<u8>(at, <u8>entryBits(rib, entry), DST_LEN_OFFSET);
    }
    dump.countMessage(length);
    used += length;
  }
  filled.used = used;
  filled.count = i;
}

/** Copies a prepared message in whole vectors; up to 15 bytes behind it are written too. */
@inline
function copyTemplate(at: usize, template: usize, length: u32): void {
  v128.store(at, v128.load(template));
  v128.store(at, v128.load(template, 16), 16);
  v128.store(at, v128.load(template, 32), 32);
  v128.store(at, v128.load(template, 48), 48);
  v128.store(at, v128.load(template, 64), 64);
  if (length <= 80) return;
  v128.store(at, v128.load(template, 80), 80);
  v128.store(at, v128.load(template, 96), 96);
  v128.store(at, v128.load(template, 112), 112);
}

/** The message of a payload without its prefix, kept in its slot if it fits one. */
function prepareMessage(dump: RouteDump, rib: Rib, payload: u32, slot: u32): usize {
  viewRoute(rib, 0, 0, 0, payload);
  view.nowSeconds = dump.nowSeconds;
  const composed = composeRoute(dump.port, dump.seq, dump.flags);
  const length = load<u32>(composed);
  assert(length == routeLength(rib, rib.payload(payload)), "a route's message is as long as its payload says");
  if (length > TEMPLATE_BYTES) return composed;
  const template = dump.templates + slot * TEMPLATE_BYTES;
  memory.copy(template, composed, length);
  store<u32>(dump.tags + slot * 4, payload);
  return template;
}
