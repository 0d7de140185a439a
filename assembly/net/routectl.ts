// Adding, changing and deleting routes, with all rules (net/route/route_ctl.c).
//   routeAdd, routeDelete   the answer is an errno; `change` says what was done, for those who must be told
//   finishChange            after they were told: what the change removed may go
//   stageMatching, deleteMatching   all paths that a test picks, and routes that have no others
// What can fail comes first; what changes the table comes last, so that a failed call leaves everything as it was.

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { addressBits, maskHigh, maskLow } from "./address";
import { Entry4, Entry6, settle } from "./btree";
import { freeSpare, insert, remove, replace, reserve } from "./btreechange";
import { setCallout, stopCallout, uptimeMs, uptimeSeconds } from "./clock";
import { maskHighOf, maskLowOf, nextGapped, removeGapped } from "./gappedroutes";
import { onRoute } from "./hooks";
import { NHF, Nexthop, NexthopHead } from "./nexthop";
import {
  NexthopGroup, addPath, addPathsOf, beginPaths, internGroup, internedGroup, pathCount, workingPath,
} from "./nhgroup";
import { Meant, PathTest, dropSpares, pathsMeant, remainderOf, stageRemainder } from "./nhshrink";
import { tellPathsGone } from "./pathwatch";
import { expiryOf, freePayloadIfUnused, headOf, holdPayload, payloadFor, releasePayload } from "./payload";
import { Rib, entryBits, entryHigh, entryLow, entryPayload, findRoute, seekPlace, word0, word2 } from "./rib";
import { finishWalks, keepAside } from "./ribwalk";
import { canMultipath, noteMultipath } from "./settings";

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
  /** What a sweep removed had this mask with gaps; 0 = the mask is `bits` long. */
  gapsHigh: u64;
  gapsLow: u64;

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
  /** Just this one: a Nexthop, 0 = any. */
  nexthop: usize;
  /** Interface routes may go too. */
  includesPinned: bool;
}

/** The last change made; one at a time. */
export const change = changetype<RouteChange>(memory.data(offsetof<RouteChange>(), 16));

export function note(rib: Rib, command: u32, high: u64, low: u64, bits: u32, oldPayload: u32, newPayload: u32): void {
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
  if (operation & RouteOp.REPLACE) {
    if (!(operation & RouteOp.FORCE) && isPinned(headOf(rib, old))) return Errno.EEXIST;
    return exchange(rib, high, low, bits, old, payload);
  }
  if (!(operation & RouteOp.APPEND)) return Errno.EEXIST;
  if (!canJoin(headOf(rib, old)) || !canJoin(headOf(rib, payload))) return Errno.EEXIST;
  const joined = joinPaths(rib, old, payload);
  if (joined != Errno.OK) return joined;
  const group = payloadFor(internedGroup(), 0, 0);
  if (group == 0) return Errno.ENOMEM;
  const error = exchange(rib, high, low, bits, old, group);
  if (error == Errno.OK) noteMultipath();
  releasePayload(rib, group);
  return error;
}

/** An interface's own route; a group is never one. */
export function isPinned(head: NexthopHead): bool {
  return !head.isGroup && (changetype<Nexthop>(head).rtFlags & RTF.PINNED) != 0;
}

/** Whether a route may have a path beside others: a gateway, and not by a redirect (nhop_can_multipath). */
function canJoin(head: NexthopHead): bool {
  if (!canMultipath()) return false;
  return head.isGroup || ((head.flags & NHF.GATEWAY) != 0 && (head.flags & NHF.REDIRECT) == 0);
}

/**
 * Finds the group of the paths of two payloads (nhgrp_get_addition_group). It must live in the table of the routes' own
 * family: paths over gateways of another are refused with EINVAL.
 */
function joinPaths(rib: Rib, old: u32, added: u32): Errno {
  beginPaths();
  addPathsOf(headOf(rib, added), rib.payload(added).weight);
  addPathsOf(headOf(rib, old), rib.payload(old).weight);
  return internGroup(rib, 0, 0, 0);
}

/** Gives a route, on which the rib's position is, another payload. */
function exchange(rib: Rib, high: u64, low: u64, bits: u32, old: u32, payload: u32): Errno {
  if (!prepare(rib, high, low, bits, old)) return Errno.ENOMEM;
  replaceHere(rib, high, low, bits, payload);
  note(rib, RouteCommand.CHANGE, high, low, bits, old, payload);
  attach(rib, payload);
  tellPathsGone(rib, old, payload);
  detach(rib, old);
  return Errno.OK;
}

function replaceHere(rib: Rib, high: u64, low: u64, bits: u32, payload: u32): void {
  if (rib.family == AF.INET) replace<Entry4>(rib.routes, word0(rib, high, bits, payload), 0, 0);
  else replace<Entry6>(rib.routes, high, low, word2(bits, payload));
}

/** Deletes the route of exactly a prefix, or of a multipath route the paths that are meant (rtnetlink E.6). */
export function routeDelete(rib: Rib, high: u64, low: u64, bits: u32, filter: RouteFilter): Errno {
  assert(change.command == RouteCommand.NONE, "the change before was finished");
  if (bits > addressBits(rib.family)) return Errno.EINVAL;
  high &= maskHigh(bits);
  low &= maskLow(bits);
  const entry = findRoute(rib, high, low, bits);
  if (entry == 0) return Errno.ESRCH;
  const old = entryPayload(rib, entry);
  const meant = pathsMeant(rib.payload(old), matches, changetype<usize>(filter));
  if (meant == Meant.NONE) return Errno.ESRCH;
  if (meant == Meant.SOME) return deletePaths(rib, high, low, bits, old, filter);
  if (!filter.includesPinned && isPinned(headOf(rib, old))) return Errno.EADDRINUSE;
  if (!prepare(rib, high, low, bits, old)) return Errno.ENOMEM;
  removeHere(rib);
  note(rib, RouteCommand.DELETE, high, low, bits, old, 0);
  tellPathsGone(rib, old, 0);
  detach(rib, old);
  return Errno.OK;
}

/** Leaves a multipath route the paths that are not meant (nhgrp_get_filtered_group); a single one becomes a nexthop. */
function deletePaths(rib: Rib, high: u64, low: u64, bits: u32, old: u32, filter: RouteFilter): Errno {
  const group = changetype<NexthopGroup>(headOf(rib, old));
  beginPaths();
  for (let i: u32 = 0; i < group.count; i++) {
    const path = group.path(i);
    if (!matches(path.nexthop, changetype<usize>(filter))) addPath(path.nexthop, path.weight);
  }
  let payload: u32 = 0;
  if (pathCount() == 1) {
    payload = payloadFor(workingPath(0).target, workingPath(0).weight, 0);
  } else {
    const error = internGroup(rib, 0, 0, 0);
    if (error != Errno.OK) return error;
    payload = payloadFor(internedGroup(), 0, 0);
  }
  if (payload == 0) return Errno.ENOMEM;
  const error = exchange(rib, high, low, bits, old, payload);
  releasePayload(rib, payload);
  return error;
}

/** A PathTest by a RouteFilter. */
function matches(path: usize, argument: usize): bool {
  const nexthop = changetype<Nexthop>(path);
  const filter = changetype<RouteFilter>(argument);
  if (filter.nexthop != 0 && filter.nexthop != path) return false;
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

export function attach(rib: Rib, payload: u32): void {
  rib.payload(payload).routes++;
  const expire = expiryOf(headOf(rib, payload));
  if (expire == 0) return;
  rib.expiring++;
  const dueMs = <u64>expire * 1000;
  if (rib.expiry.dueMs == 0 || dueMs < rib.expiry.dueMs) setCallout(rib.expiry, dueMs, expireRoutes, changetype<usize>(rib));
}

export function detach(rib: Rib, payload: u32): void {
  rib.payload(payload).routes--;
  if (expiryOf(headOf(rib, payload)) != 0 && --rib.expiring == 0) stopCallout(rib.expiry);
  freePayloadIfUnused(rib, payload);
}

/**
 * Lets walks under way keep every route that a sweep by the same test will change, and takes what the sweep may need.
 * @returns false when memory ran out; nothing has changed, and dropSpares gives back what was taken
 */
export function stageMatching(rib: Rib, test: PathTest, argument: usize): bool {
  if (!stageRemainders(rib, test, argument)) return false;
  if (rib.walks == 0 || !anyPayload(rib, test, argument)) return true;
  if (anyGapped(rib, test, argument) && !finishWalks(rib)) return false;
  let entry = firstEntry(rib);
  while (entry != 0) {
    const payload = entryPayload(rib, entry);
    const isMeant = pathsMeant(rib.payload(payload), test, argument) != Meant.NONE;
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

function stageRemainders(rib: Rib, test: PathTest, argument: usize): bool {
  for (let index: u32 = 1; index < rib.payloadTop; index++) {
    const payload = rib.payload(index);
    if (payload.nexthop == 0 || payload.routes == 0 || !headOf(rib, index).isGroup) continue;
    if (pathsMeant(payload, test, argument) == Meant.SOME && !stageRemainder(rib, payload)) return false;
  }
  return true;
}

/**
 * Removes every path that passes a test (rib_walk_del), after stageMatching.
 * @param isTold - routing sockets hear of each; else nobody does
 */
export function deleteMatching(rib: Rib, test: PathTest, argument: usize, isTold: bool): void {
  if (!anyPayload(rib, test, argument)) return;
  // Of the group seen last, what is left of it.
  let group: u32 = 0;
  let remainder: u32 = 0;
  let entry = firstEntry(rib);
  while (entry != 0) {
    const payload = entryPayload(rib, entry);
    const meant = pathsMeant(rib.payload(payload), test, argument);
    if (meant == Meant.NONE) {
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
    if (meant == Meant.ALL) {
      removeHere(rib);
      if (isTold) tellSwept(rib, high, low, bits, payload, 0);
      tellPathsGone(rib, payload, 0);
    } else {
      if (group != payload) {
        if (remainder != 0) releasePayload(rib, remainder);
        remainder = remainderOf(rib, payload, test, argument);
        group = payload;
      }
      replaceHere(rib, high, low, bits, remainder);
      attach(rib, remainder);
      if (isTold) tellSwept(rib, high, low, bits, payload, remainder);
      tellPathsGone(rib, payload, remainder);
    }
    detach(rib, payload);
    seekPlace(rib, rib.routes, high, low, bits, 0);
    entry = entryHere(rib);
  }
  if (remainder != 0) releasePayload(rib, remainder);
  if (rib.gapped != 0) deleteGapped(rib, test, argument, isTold);
}

/** Those with gaps, after all others; they have one path. */
function deleteGapped(rib: Rib, test: PathTest, argument: usize, isTold: bool): void {
  let next: usize = 0;
  for (let at = rib.gapped; at != 0; at = next) {
    next = nextGapped(at);
    const payload = entryPayload(rib, at);
    if (pathsMeant(rib.payload(payload), test, argument) == Meant.NONE) continue;
    const high = entryHigh(rib, at);
    const low = entryLow(rib, at);
    const bits = entryBits(rib, at);
    swept.gapsHigh = maskHighOf(rib, at);
    swept.gapsLow = maskLowOf(rib, at);
    removeGapped(rib, at);
    if (isTold) tellSwept(rib, high, low, bits, payload, 0);
    tellPathsGone(rib, payload, 0);
    detach(rib, payload);
  }
  swept.gapsHigh = 0;
  swept.gapsLow = 0;
}

function anyGapped(rib: Rib, test: PathTest, argument: usize): bool {
  for (let at = rib.gapped; at != 0; at = nextGapped(at)) {
    if (pathsMeant(rib.payload(entryPayload(rib, at)), test, argument) != Meant.NONE) return true;
  }
  return false;
}

/** A change that a sweep makes. */
const swept = changetype<RouteChange>(memory.data(offsetof<RouteChange>(), 16));

function tellSwept(rib: Rib, high: u64, low: u64, bits: u32, old: u32, remainder: u32): void {
  swept.rib = changetype<usize>(rib);
  swept.command = remainder == 0 ? RouteCommand.DELETE : RouteCommand.CHANGE;
  swept.high = high;
  swept.low = low;
  swept.bits = bits;
  swept.oldPayload = old;
  swept.newPayload = remainder;
  onRoute(changetype<usize>(swept));
}

function firstEntry(rib: Rib): usize {
  seekPlace(rib, rib.routes, 0, 0, addressBits(rib.family), 0);
  return entryHere(rib);
}

function entryHere(rib: Rib): usize {
  return rib.family == AF.INET ? settle<Entry4>(rib.routes) : settle<Entry6>(rib.routes);
}

function anyPayload(rib: Rib, test: PathTest, argument: usize): bool {
  for (let index: u32 = 1; index < rib.payloadTop; index++) {
    const payload = rib.payload(index);
    if (payload.nexthop == 0 || payload.routes == 0) continue;
    if (pathsMeant(payload, test, argument) != Meant.NONE) return true;
  }
  return false;
}

function hasExpired(nexthop: usize, argument: usize): bool {
  const expire = changetype<Nexthop>(nexthop).expireSeconds;
  return expire != 0 && expire <= uptimeSeconds();
}

/** Runs when the next path of a rib expires (net/route/route_temporal.c); nobody is told on netlink (rtnetlink E.7.3). */
function expireRoutes(owner: usize): void {
  const rib = changetype<Rib>(owner);
  if (stageMatching(rib, hasExpired, 0)) deleteMatching(rib, hasExpired, 0, true);
  dropSpares();
  let next: u32 = 0;
  for (let index: u32 = 1; index < rib.payloadTop; index++) {
    const payload = rib.payload(index);
    if (payload.nexthop == 0 || payload.routes == 0) continue;
    const expire = expiryOf(headOf(rib, index));
    if (expire != 0 && (next == 0 || expire < next)) next = expire;
  }
  // A path that could not go for want of memory is tried again a second later.
  if (next != 0) setCallout(rib.expiry, max(<u64>next * 1000, uptimeMs() + 1000), expireRoutes, owner);
}
