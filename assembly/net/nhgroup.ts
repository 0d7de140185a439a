// Nexthop groups: the paths of a multipath route with their weights, shared by all routes that have them alike
// (net/route/nhgrp.c, nhgrp_ctl.c).
//   beginPaths, addPath, addPathsOf   the group being put together
//   internGroup                       the group of exactly those paths, made if there is none
// A group lives where its nexthops do, takes its index from the same set as they (struct nh_control has one bitmask for
// both), and keeps its paths in ascending order of their indices. It is never changed: other paths are another group.

import { Errno } from "../abi/errno";
import { RouteLimit } from "../abi/rtnetlink";
import { allocateBlock, giveBlock, orderOf } from "../mem/block";
import { Hashed, finish, mix } from "../mem/hash";
import { Slab, give, take } from "../mem/slab";
import { NHF, Nexthop, NexthopHead, holdNexthop, releaseNexthop } from "./nexthop";
import { Rib } from "./rib";

/** A path of a group (struct weightened_nhop), and how many slots of the data plane it has. */
@unmanaged
export class GroupPath {
  nexthop: usize;
  weight: u32;
  slots: u32;

  get target(): Nexthop {
    return changetype<Nexthop>(this.nexthop);
  }
}

@unmanaged
export class NexthopGroup extends NexthopHead {
  count: u32;
  /** RTPROT_* of who made it; 0 = not stored. */
  origin: u32;
  /** NHA_ID of the user's group it stands for; 0 = none. */
  userId: u32;
  /** Block of GroupPaths, and its order. */
  paths: usize;
  order: u32;
  /** Slots of the data plane. */
  slots: u32;

  path(i: u32): GroupPath {
    return changetype<GroupPath>(this.paths + i * offsetof<GroupPath>());
  }
  /** The nexthop in the first slot. */
  get first(): Nexthop {
    let i: u32 = 0;
    while (i + 1 < this.count && this.path(i).slots == 0) i++;
    return this.path(i).target;
  }
}

/** Paths that can be put together: those of two groups that are joined. */
const WORKING_PATHS: u32 = 128;

if (WORKING_PATHS != 2 * RouteLimit.PATHS) ERROR("two groups fit");
if (WORKING_PATHS * offsetof<GroupPath>() != 1536) ERROR("workingPaths");

/** The group being put together. */
@unmanaged
class Working {
  /** Paths added, also those beyond what fits. */
  count: u32;
  /** Slots that compileSlots found. */
  slots: u32;
  /** NexthopGroup that internGroup gives. */
  result: usize;
}

const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));
const workingPaths: usize = memory.data(1536, 16);
const weights: usize = memory.data(512);
const working = changetype<Working>(memory.data(offsetof<Working>(), 16));

if (RouteLimit.PATHS * 8 != 512) ERROR("weights");

export function beginPaths(): void {
  working.count = 0;
}

export function addPath(nexthop: usize, weight: u32): void {
  if (working.count < WORKING_PATHS) {
    const path = workingPath(working.count);
    path.nexthop = nexthop;
    path.weight = weight;
  }
  working.count++;
}

/** Adds a nexthop with its weight, or all paths of a group with theirs. */
export function addPathsOf(head: NexthopHead, weight: u32): void {
  if (!head.isGroup) {
    addPath(changetype<usize>(head), weight);
    return;
  }
  const group = changetype<NexthopGroup>(head);
  for (let i: u32 = 0; i < group.count; i++) addPath(group.path(i).nexthop, group.path(i).weight);
}

export function pathCount(): u32 {
  return working.count;
}

export function workingPath(i: u32): GroupPath {
  return changetype<GroupPath>(workingPaths + i * offsetof<GroupPath>());
}

/** What internGroup found or made. A new group has no reference yet. */
export function internedGroup(): NexthopGroup {
  return changetype<NexthopGroup>(working.result);
}

/**
 * Finds or makes the group of the paths that were added: nhgrp_alloc, nhgrp_get_nhgrp.
 * @param home - the rib whose nexthops the paths are
 * @param spare - a group taken before (takeGroup), to be used or given back; 0 = none
 * @returns E2BIG more than 64 paths; EINVAL a nexthop of another table; EEXIST a path twice; ENOMEM also without any weight
 */
export function internGroup(home: Rib, userId: u32, origin: u32, spare: usize): Errno {
  const error = arrangePaths(home);
  if (error != Errno.OK) {
    if (spare != 0) giveGroup(changetype<NexthopGroup>(spare));
    return error;
  }
  const hash = hashPaths(userId);
  for (let found = home.groups.first(hash); found != 0; found = home.groups.next(found)) {
    if (!equalsWorking(changetype<NexthopGroup>(found), userId)) continue;
    if (spare != 0) giveGroup(changetype<NexthopGroup>(spare));
    working.result = found;
    return Errno.OK;
  }
  const record = spare != 0 ? spare : takeGroup(home, working.count);
  if (record == 0) return Errno.ENOMEM;
  const group = changetype<NexthopGroup>(record);
  if (!home.groups.insert(record, hash)) {
    giveGroup(group);
    return Errno.ENOMEM;
  }
  group.upperFamily = workingPath(0).target.upperFamily;
  group.flags = NHF.MULTIPATH;
  group.count = working.count;
  group.slots = working.slots;
  group.userId = userId;
  group.origin = origin;
  memory.copy(group.paths, workingPaths, working.count * offsetof<GroupPath>());
  for (let i: u32 = 0; i < group.count; i++) holdNexthop(group.path(i).target);
  working.result = record;
  return Errno.OK;
}

/** A group with an index and room for paths, in no table yet; 0 without memory. */
export function takeGroup(home: Rib, count: u32): usize {
  const record = take<NexthopGroup>(slab);
  if (record == 0) return 0;
  const group = changetype<NexthopGroup>(record);
  group.order = orderOf(count * offsetof<GroupPath>());
  group.paths = allocateBlock(group.order);
  if (group.paths == 0) {
    give<NexthopGroup>(slab, record);
    return 0;
  }
  group.fib = home.fib;
  group.neighbourFamily = home.family;
  group.index = home.indices.acquire();
  if (group.index != 0) return record;
  giveBlock(group.paths, group.order);
  give<NexthopGroup>(slab, record);
  return 0;
}

/** Gives back what takeGroup gave. */
export function giveGroup(group: NexthopGroup): void {
  group.home.indices.free(group.index);
  giveBlock(group.paths, group.order);
  give<NexthopGroup>(slab, changetype<usize>(group));
}

/** Frees a group that nobody has. */
export function freeGroup(group: NexthopGroup): void {
  group.home.groups.remove(changetype<usize>(group));
  for (let i: u32 = 0; i < group.count; i++) releaseNexthop(group.path(i).target);
  giveGroup(group);
}

/** Kernel nexthop groups of all fibs. */
export function groupCount(): u32 {
  return slab.inUse;
}

/** Sorts the paths by their nexthops' indices, checks them, and divides the slots. */
function arrangePaths(home: Rib): Errno {
  const count = working.count;
  if (count > <u32>RouteLimit.PATHS) return Errno.E2BIG;
  for (let i: u32 = 1; i < count; i++) {
    const nexthop = workingPath(i).nexthop;
    const weight = workingPath(i).weight;
    let at = i;
    for (; at > 0 && workingPath(at - 1).target.index > changetype<Nexthop>(nexthop).index; at--) {
      workingPath(at).nexthop = workingPath(at - 1).nexthop;
      workingPath(at).weight = workingPath(at - 1).weight;
    }
    workingPath(at).nexthop = nexthop;
    workingPath(at).weight = weight;
  }
  let last: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const nexthop = workingPath(i).target;
    if (nexthop.home != home) return Errno.EINVAL;
    if (nexthop.index == last) return Errno.EEXIST;
    last = nexthop.index;
  }
  return compileSlots() ? Errno.OK : Errno.ENOMEM;
}

function hashPaths(userId: u32): u32 {
  let hash = mix(0, userId);
  for (let i: u32 = 0; i < working.count; i++) {
    hash = mix(hash, workingPath(i).target.index);
    hash = mix(hash, workingPath(i).weight);
  }
  return finish(hash);
}

function equalsWorking(group: NexthopGroup, userId: u32): bool {
  if (group.count != working.count || group.userId != userId) return false;
  for (let i: u32 = 0; i < group.count; i++) {
    const path = group.path(i);
    if (path.nexthop != workingPath(i).nexthop || path.weight != workingPath(i).weight) return false;
  }
  return true;
}

/** Gives each path its share of the slots (compile_nhgrp); false when no path has a weight. */
function compileSlots(): bool {
  let slots = slotsNeeded();
  working.slots = slots;
  if (slots == 0) return false;
  let sum: u64 = 0;
  for (let i: u32 = 0; i < working.count; i++) sum += workingPath(i).weight;
  for (let i: u32 = 0; i < working.count; i++) {
    const path = workingPath(i);
    path.slots = sum == 0 ? 0 : <u32>((<u64>path.weight * slots) / sum);
    sum -= path.weight;
    slots -= path.slots;
  }
  return true;
}

/**
 * The fewest slots that keep the proportions of the weights: their sum in units of the smallest weight or difference,
 * if all are multiples of it; else 64 (calc_min_mpath_slots). 0 when all weights are 0.
 */
function slotsNeeded(): u32 {
  const count = working.count;
  for (let i: u32 = 0; i < count; i++) {
    const weight = <u64>workingPath(i).weight;
    let at = i;
    for (; at > 0 && load<u64>(weights + (at - 1) * 8) > weight; at--) {
      store<u64>(weights + at * 8, load<u64>(weights + (at - 1) * 8));
    }
    store<u64>(weights + at * 8, weight);
  }
  let total: u64 = 0;
  let last: u64 = 0;
  let unit = load<u64>(weights);
  for (let i: u32 = 0; i < count; i++) {
    const weight = load<u64>(weights + i * 8);
    total += weight;
    if (weight != last && (weight - last < unit || unit == 0)) unit = weight - last;
    last = weight;
  }
  if (total == 0) return 0;
  for (let i: u32 = 0; i < count; i++) if (load<u64>(weights + i * 8) % unit != 0) return RouteLimit.PATHS;
  return <u32>min<u64>(total / unit, RouteLimit.PATHS);
}

if (offsetof<Hashed>() != 8) ERROR("a group is hashed as a nexthop is");
