// Adding, changing and deleting routes, with all rules (net/route/route_ctl.c).
//   routeAdd, routeDelete   the answer is an errno; `change` says what was done, for those who must be told
//   finishChange            after they were told: what the change removed may go
//   stageMatching, deleteMatching   silently, all routes whose payload a test picks
// What can fail comes first; what changes the table comes last, so that a failed call leaves everything as it was.

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { addressBits, maskHigh, maskLow } from "./address";
import { Entry4, Entry6, settle } from "./btree";
import { freeSpare, insert, remove, replace, reserve } from "./btreechange";
import { setCallout, stopCallout, uptimeMs, uptimeSeconds } from "./clock";
import { Nexthop, freePayloadIfUnused, holdPayload, nexthopOf, releasePayload } from "./nexthop";
import { Rib, RoutePayload, entryBits, entryHigh, entryLow, entryPayload, findRoute, seekPlace, word0, word2 } from "./rib";
import { keepAside } from "./ribwalk";

/** How a route is added (net/route/route_ctl.h, RTM_F_*). */
export const enum RouteOp {
  CREATE = 0x1,
  EXCL = 0x2,
  REPLACE = 0x4,
  APPEND = 0x8,
  /** The kernel's own: what is there gives way, interface routes too. */
  FORCE = 0x10,
}

export const enum RouteCommand {
  NONE = 0,
  ADD = 1,
  CHANGE = 2,
  DELETE = 3,
}

/** What a call did (struct rib_cmd_info). */
@unmanaged
export class RouteChange {
  command: u32;
  bits: u32;
  high: u64;
  low: u64;
  rib: usize;
  oldPayload: u32;
  newPayload: u32;

  /** The state to tell: what is there now, or for a deletion what was. */
  get payload(): u32 {
    return this.command == RouteCommand.DELETE ? this.oldPayload : this.newPayload;
  }
}

/** Which paths of a route a deletion means; 0 = any. */
@unmanaged
export class RouteFilter {
  /** Index of an interface. */
  oif: u32;
  /** Family of the gateway, 0 = no gateway asked for. */
  gatewayFamily: u32;
  gatewayHigh: u64;
  gatewayLow: u64;
  /** Interface routes may go too. */
  includesPinned: bool;
}

/** The last change made; one at a time. */
export const change = changetype<RouteChange>(memory.data(offsetof<RouteChange>(), 16));

function note(rib: Rib, command: u32, high: u64, low: u64, bits: u32, oldPayload: u32, newPayload: u32): void {
  change.rib = changetype<usize>(rib);
  change.command = command;
  change.high = high;
  change.low = low;
  change.bits = bits;
  change.oldPayload = oldPayload;
  change.newPayload = newPayload;
  if (oldPayload != 0) holdPayload(rib, oldPayload);
}

/** Lets go of what the last change removed. */
export function finishChange(): void {
  if (change.command != RouteCommand.NONE && change.oldPayload != 0) {
    releasePayload(changetype<Rib>(change.rib), change.oldPayload);
  }
  change.command = RouteCommand.NONE;
}

/**
 * Adds or changes the route of a prefix (rtnetlink E.5). Bits beyond the prefix length are cleared.
 * @param payload - held by the caller, who releases it afterwards whatever the answer
 */
export function routeAdd(rib: Rib, high: u64, low: u64, bits: u32, payload: u32, operation: u32): Errno {
  assert(change.command == RouteCommand.NONE, "the change before was finished");
  if (bits > addressBits(rib.family)) return Errno.EINVAL;
  high &= maskHigh(bits);
  low &= maskLow(bits);
  const entry = findRoute(rib, high, low, bits);
  if (entry == 0) {
    if (!(operation & RouteOp.CREATE)) return Errno.ESRCH;
    if (!prepare(rib, high, low, bits, 0)) return Errno.ENOMEM;
    if (!(rib.family == AF.INET ? reserve<Entry4>(rib.routes) : reserve<Entry6>(rib.routes))) return Errno.ENOMEM;
    if (rib.family == AF.INET) insert<Entry4>(rib.routes, word0(rib, high, bits, payload), 0, 0);
    else insert<Entry6>(rib.routes, high, low, word2(bits, payload));
    freeSpare(rib.routes);
    note(rib, RouteCommand.ADD, high, low, bits, 0, payload);
    attach(rib, payload);
    return Errno.OK;
  }
  if (operation & RouteOp.EXCL) return Errno.EEXIST;
  const old = entryPayload(rib, entry);
  // Joining paths (APPEND) needs nexthop groups; a kernel without ROUTE_MPATH answers so.
  if (!(operation & RouteOp.REPLACE)) return Errno.EEXIST;
  if (!(operation & RouteOp.FORCE) && nexthopOf(rib, old).rtFlags & RTF.PINNED) return Errno.EEXIST;
  if (!prepare(rib, high, low, bits, old)) return Errno.ENOMEM;
  if (rib.family == AF.INET) replace<Entry4>(rib.routes, word0(rib, high, bits, payload), 0, 0);
  else replace<Entry6>(rib.routes, high, low, word2(bits, payload));
  note(rib, RouteCommand.CHANGE, high, low, bits, old, payload);
  attach(rib, payload);
  detach(rib, old);
  return Errno.OK;
}

/** Deletes the route of exactly a prefix (rtnetlink E.6). */
export function routeDelete(rib: Rib, high: u64, low: u64, bits: u32, filter: RouteFilter): Errno {
  assert(change.command == RouteCommand.NONE, "the change before was finished");
  if (bits > addressBits(rib.family)) return Errno.EINVAL;
  high &= maskHigh(bits);
  low &= maskLow(bits);
  const entry = findRoute(rib, high, low, bits);
  if (entry == 0) return Errno.ESRCH;
  const old = entryPayload(rib, entry);
  const nexthop = nexthopOf(rib, old);
  if (!matches(nexthop, filter)) return Errno.ESRCH;
  if (!filter.includesPinned && nexthop.rtFlags & RTF.PINNED) return Errno.EADDRINUSE;
  if (!prepare(rib, high, low, bits, old)) return Errno.ENOMEM;
  removeHere(rib);
  note(rib, RouteCommand.DELETE, high, low, bits, old, 0);
  detach(rib, old);
  return Errno.OK;
}

function matches(nexthop: Nexthop, filter: RouteFilter): bool {
  if (filter.oif != 0 && filter.oif != nexthop.oif) return false;
  if (filter.gatewayFamily == 0) return true;
  return (
    filter.gatewayFamily == nexthop.neighbourFamily &&
    filter.gatewayHigh == nexthop.gatewayHigh &&
    filter.gatewayLow == nexthop.gatewayLow
  );
}

/** Keeps the old state for walks under way; the rib's position is on the place again afterwards. */
function prepare(rib: Rib, high: u64, low: u64, bits: u32, payload: u32): bool {
  if (rib.walks == 0) return true;
  if (!keepAside(rib, high, low, bits, payload)) return false;
  findRoute(rib, high, low, bits);
  return true;
}

function removeHere(rib: Rib): void {
  if (rib.family == AF.INET) remove<Entry4>(rib.routes);
  else remove<Entry6>(rib.routes);
}

function attach(rib: Rib, payload: u32): void {
  rib.payload(payload).routes++;
  const expire = nexthopOf(rib, payload).expireSeconds;
  if (expire == 0) return;
  rib.expiring++;
  const dueMs = <u64>expire * 1000;
  if (rib.expiry.dueMs == 0 || dueMs < rib.expiry.dueMs) setCallout(rib.expiry, dueMs, expireRoutes, changetype<usize>(rib));
}

function detach(rib: Rib, payload: u32): void {
  rib.payload(payload).routes--;
  if (nexthopOf(rib, payload).expireSeconds != 0 && --rib.expiring == 0) stopCallout(rib.expiry);
  freePayloadIfUnused(rib, payload);
}

/** Whether routes of a payload are meant by a sweep. */
export type PayloadTest = (payload: RoutePayload, argument: usize) => bool;

/**
 * Lets walks under way keep every route that a sweep by the same test will remove.
 * @returns false when memory ran out; nothing has changed
 */
export function stageMatching(rib: Rib, test: PayloadTest, argument: usize): bool {
  if (rib.walks == 0 || !anyPayload(rib, test, argument)) return true;
  let entry = firstEntry(rib);
  while (entry != 0) {
    const payload = entryPayload(rib, entry);
    const isMeant = test(rib.payload(payload), argument);
    const high = entryHigh(rib, entry);
    const low = entryLow(rib, entry);
    const bits = entryBits(rib, entry);
    // A walk that has to be finished moves the position.
    if (isMeant && !prepare(rib, high, low, bits, payload)) return false;
    rib.routes.slot++;
    entry = entryHere(rib);
  }
  return true;
}

/** Removes, without telling anybody, every route whose payload passes a test (rib_walk_del), after stageMatching. */
export function deleteMatching(rib: Rib, test: PayloadTest, argument: usize): void {
  if (!anyPayload(rib, test, argument)) return;
  let entry = firstEntry(rib);
  while (entry != 0) {
    const payload = entryPayload(rib, entry);
    if (!test(rib.payload(payload), argument)) {
      rib.routes.slot++;
      entry = entryHere(rib);
      continue;
    }
    const high = entryHigh(rib, entry);
    const low = entryLow(rib, entry);
    const bits = entryBits(rib, entry);
    const isKept = prepare(rib, high, low, bits, payload);
    assert(isKept, "a staged sweep cannot fail");
    findRoute(rib, high, low, bits);
    removeHere(rib);
    detach(rib, payload);
    seekPlace(rib, rib.routes, high, low, bits, 0);
    entry = entryHere(rib);
  }
}

function firstEntry(rib: Rib): usize {
  seekPlace(rib, rib.routes, 0, 0, addressBits(rib.family), 0);
  return entryHere(rib);
}

function entryHere(rib: Rib): usize {
  return rib.family == AF.INET ? settle<Entry4>(rib.routes) : settle<Entry6>(rib.routes);
}

function anyPayload(rib: Rib, test: PayloadTest, argument: usize): bool {
  for (let index: u32 = 1; index < rib.payloadTop; index++) {
    const payload = rib.payload(index);
    if (payload.nexthop != 0 && payload.routes != 0 && test(payload, argument)) return true;
  }
  return false;
}

function hasExpired(payload: RoutePayload, argument: usize): bool {
  const expire = changetype<Nexthop>(payload.nexthop).expireSeconds;
  return expire != 0 && expire <= uptimeSeconds();
}

/** Runs when the next route of a rib expires (net/route/route_temporal.c); nobody is told (rtnetlink E.7.3). */
function expireRoutes(owner: usize): void {
  const rib = changetype<Rib>(owner);
  if (stageMatching(rib, hasExpired, 0)) deleteMatching(rib, hasExpired, 0);
  let next: u32 = 0;
  for (let index: u32 = 1; index < rib.payloadTop; index++) {
    const payload = rib.payload(index);
    if (payload.nexthop == 0 || payload.routes == 0) continue;
    const expire = changetype<Nexthop>(payload.nexthop).expireSeconds;
    if (expire != 0 && (next == 0 || expire < next)) next = expire;
  }
  // A route that could not go for want of memory is tried again a second later.
  if (next != 0) setCallout(rib.expiry, max(<u64>next * 1000, uptimeMs() + 1000), expireRoutes, owner);
}
