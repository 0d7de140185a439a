// User nexthops: what RTM_NEWNEXTHOP makes, by id, for all fibs and families at once (struct user_nhop and unhop_ctl of
// netlink/route/nexthop.c). Each is a pattern of kernel nexthops: one for each fib and family in which a route used it.
//   startUserNexthops   at the first RTM_NEWNEXTHOP of the vnet; until then there is no table
//   findUserNexthop, firstUserNexthop, nextUserNexthop, spareId
//   allocateUserNexthop, insertUserNexthop, removeUserNexthop, freeUserNexthop
//   headFor             the kernel nexthop or group for routes of a rib; keepInstances, undoInstances
//   forgetInterface, forgetAddress, forgetUserNexthops   when what they use goes
// The buckets are FreeBSD's, for dumps show their order: chains newest first, doubled when there are more than half as
// many entries as buckets, halved below a quarter; kernel nexthops made from a user nexthop count as entries.

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { allocateBlock, giveBlock, orderOf } from "../mem/block";
import { randomWord } from "../mem/random";
import { Slab, give, take } from "../mem/slab";
import { IfAddress, addressFor } from "./ifaddr";
import { Interface } from "./ifnet";
import { NHF, Nexthop, NexthopHead, clearDraft, draft, holdNexthop, internNexthop } from "./nexthop";
import { NexthopGroup, addPath, beginPaths, internGroup, internedGroup } from "./nhgroup";
import { releaseHead } from "./payload";
import { completeDraft, setGateway } from "./resolve";
import { Rib } from "./rib";

const BUCKETS_MIN: u32 = 16;
const BUCKETS_MAX: u32 = 65536;
/** Ids given to those who ask for none, and how often one is tried (find_spare_uidx). */
const SPARE_FIRST: u32 = 65536 * 4;
const SPARE_COUNT: u32 = 65536;
const SPARE_ATTEMPTS: u32 = 16;

/** A member of a user's group. */
@unmanaged
export class GroupMember {
  id: u32;
  weight: u32;
}

@unmanaged
export class UserNexthop {
  /** Next in the bucket. */
  next: usize;
  id: u32;
  /** RTPROT_* */
  protocol: u32;
  // A single one: its gateway, and the addresses of records that may go before it; 0 = gone.
  family: u32;
  high: u64;
  low: u64;
  /** Interface, and its index for ever. */
  ifp: usize;
  oif: u32;
  /** IfAddress, and the index of its interface. */
  source: usize;
  aif: u32;
  // A group: a block of GroupMembers.
  members: usize;
  memberCount: u32;
  /** Instances, newest first. */
  instances: usize;

  get isGroup(): bool {
    return this.members != 0;
  }
  member(i: u32): GroupMember {
    return changetype<GroupMember>(this.members + i * offsetof<GroupMember>());
  }
}

/** The kernel nexthop or group that stands for a user nexthop in a rib. */
@unmanaged
class Instance {
  next: usize;
  /** Rib of the routes. */
  rib: usize;
  /** NexthopHead */
  head: usize;
  /** UserNexthop */
  owner: usize;
  /** Of those made for the request under way, the one made before. */
  earlier: usize;
}

@unmanaged
class Table {
  /** Block of `size` chains; 0 = no nexthop was ever made. */
  buckets: usize;
  size: u32;
  /** User nexthops and instances. */
  items: u32;
  /** The instance made last for the request under way. */
  newest: usize;
}

const table = changetype<Table>(memory.data(offsetof<Table>(), 16));
const users = changetype<Slab>(memory.data(offsetof<Slab>(), 16));
const instances = changetype<Slab>(memory.data(offsetof<Slab>(), 16));

/** Makes the table if there is none; false without memory. */
export function startUserNexthops(): bool {
  return table.buckets != 0 || resize(BUCKETS_MIN);
}

export function hasUserNexthops(): bool {
  return table.buckets != 0;
}

export function userNexthopCount(): u32 {
  return users.inUse;
}

function bucketOf(id: u32): usize {
  return table.buckets + (id & (table.size - 1)) * sizeof<usize>();
}

export function findUserNexthop(id: u32): UserNexthop | null {
  if (table.buckets == 0) return null;
  for (let at = load<usize>(bucketOf(id)); at != 0; at = changetype<UserNexthop>(at).next) {
    if (changetype<UserNexthop>(at).id == id) return changetype<UserNexthop>(at);
  }
  return null;
}

/** The first user nexthop in order of the buckets, 0 = none. */
export function firstUserNexthop(): usize {
  return table.buckets == 0 ? 0 : firstFrom(0);
}

export function nextUserNexthop(user: UserNexthop): usize {
  return user.next != 0 ? user.next : firstFrom((user.id & (table.size - 1)) + 1);
}

function firstFrom(bucket: u32): usize {
  for (; bucket < table.size; bucket++) {
    const first = load<usize>(table.buckets + bucket * sizeof<usize>());
    if (first != 0) return first;
  }
  return 0;
}

/** An id that is free, 0 when none of those tried is. */
export function spareId(): u32 {
  for (let attempt: u32 = 0; attempt < SPARE_ATTEMPTS; attempt++) {
    const id = (randomWord() % SPARE_COUNT) + SPARE_FIRST;
    if (findUserNexthop(id) == null) return id;
  }
  return 0;
}

/** A user nexthop that is in no table yet, with room for `memberCount` members; 0 without memory. */
export function allocateUserNexthop(memberCount: u32): usize {
  const record = take<UserNexthop>(users);
  if (record == 0 || memberCount == 0) return record;
  const user = changetype<UserNexthop>(record);
  user.members = allocateBlock(orderOf(memberCount * offsetof<GroupMember>()));
  user.memberCount = memberCount;
  if (user.members != 0) return record;
  give<UserNexthop>(users, record);
  return 0;
}

/** Frees one that is in no table. */
export function freeUserNexthop(user: UserNexthop): void {
  if (user.isGroup) giveBlock(user.members, orderOf(user.memberCount * offsetof<GroupMember>()));
  give<UserNexthop>(users, changetype<usize>(user));
}

/** Adds one whose id is free. A table that cannot grow for want of memory keeps longer chains. */
export function insertUserNexthop(user: UserNexthop): void {
  push(table.buckets, table.size, user);
  table.items++;
  if (table.items * 2 > table.size && table.size < BUCKETS_MAX) resize(table.size << 1);
  else if (table.items * 4 < table.size && table.size > BUCKETS_MIN) resize(table.size >> 1);
}

/** Takes one out of the table and drops what was made from it: routes and groups keep theirs. */
export function removeUserNexthop(user: UserNexthop): void {
  let link = bucketOf(user.id);
  while (load<usize>(link) != changetype<usize>(user)) link = load<usize>(link) + offsetof<UserNexthop>("next");
  store<usize>(link, user.next);
  table.items--;
  while (user.instances != 0) dropInstance(changetype<Instance>(user.instances));
}

function push(buckets: usize, size: u32, user: UserNexthop): void {
  const bucket = buckets + (user.id & (size - 1)) * sizeof<usize>();
  user.next = load<usize>(bucket);
  store<usize>(bucket, changetype<usize>(user));
}

/** CHT_SLIST_RESIZE: bucket after bucket, each entry goes to the front of its new chain. */
function resize(size: u32): bool {
  const order = orderOf(size * sizeof<usize>());
  const buckets = allocateBlock(order);
  if (buckets == 0) return false;
  memory.fill(buckets, 0, <usize>1 << order);
  for (let i: u32 = 0; i < table.size; i++) {
    let at = load<usize>(table.buckets + i * sizeof<usize>());
    while (at != 0) {
      const next = changetype<UserNexthop>(at).next;
      push(buckets, size, changetype<UserNexthop>(at));
      at = next;
    }
  }
  if (table.buckets != 0) giveBlock(table.buckets, orderOf(table.size * sizeof<usize>()));
  table.buckets = buckets;
  table.size = size;
  return true;
}

/**
 * The kernel nexthop or group of a user nexthop for routes of a rib, made at the first use (nl_find_nhop). Its kind of
 * prefix is that of the first route and stays (rtnetlink F.6).
 * @param kind - NHF.HOST, NHF.DEFAULT or 0
 * @returns a NexthopHead; 0 when it cannot be made: no memory, a gateway of another family, a member that is gone
 */
export function headFor(user: UserNexthop, rib: Rib, kind: u32): usize {
  for (let at = user.instances; at != 0; at = changetype<Instance>(at).next) {
    if (changetype<Instance>(at).rib == changetype<usize>(rib)) return changetype<Instance>(at).head;
  }
  const record = take<Instance>(instances);
  if (record == 0) return 0;
  const head = user.isGroup ? groupFor(user, rib, kind) : nexthopFor(user, rib, kind);
  if (head == 0) {
    give<Instance>(instances, record);
    return 0;
  }
  holdNexthop(changetype<NexthopHead>(head));
  const instance = changetype<Instance>(record);
  instance.rib = changetype<usize>(rib);
  instance.head = head;
  instance.owner = changetype<usize>(user);
  instance.next = user.instances;
  instance.earlier = table.newest;
  user.instances = record;
  table.newest = record;
  table.items++;
  return head;
}

function nexthopFor(user: UserNexthop, rib: Rib, kind: u32): usize {
  // A gateway of another family is refused, also an IPv6 one for IPv4 routes: nhop_set_upper_family asks the wrong way
  // round.
  if (user.family != rib.family || user.ifp == 0) return 0;
  const ifp = changetype<Interface>(user.ifp);
  if (user.source == 0) user.source = changetype<usize>(addressFor(ifp, user.family, user.high, user.low));
  if (user.source == 0) return 0;
  clearDraft(rib.fib, rib.family);
  setGateway(user.family, user.high, user.low, ifp);
  draft.ifp = user.ifp;
  draft.source = user.source;
  draft.origin = user.protocol;
  draft.userId = user.id;
  draft.flags |= kind;
  if ((kind & NHF.HOST) != 0) draft.rtFlags |= RTF.HOST;
  completeDraft(user.high, user.low);
  return changetype<usize>(internNexthop());
}

/** Members are found by their ids: one that was deleted and made anew counts as it is now. */
function groupFor(user: UserNexthop, rib: Rib, kind: u32): usize {
  beginPaths();
  let home: usize = 0;
  for (let i: u32 = 0; i < user.memberCount; i++) {
    const member = findUserNexthop(user.member(i).id);
    if (member == null || member.isGroup) return 0;
    const head = headFor(member, rib, kind);
    if (head == 0) return 0;
    if (i == 0) home = changetype<usize>(changetype<NexthopHead>(head).home);
    addPath(head, user.member(i).weight);
  }
  if (internGroup(changetype<Rib>(home), user.id, 0, 0) != Errno.OK) return 0;
  return changetype<usize>(internedGroup());
}

/** What headFor made for the request stays. */
export function keepInstances(): void {
  table.newest = 0;
}

/** What headFor made for the request goes: it failed for want of memory. */
export function undoInstances(): void {
  while (table.newest != 0) {
    const instance = changetype<Instance>(table.newest);
    table.newest = instance.earlier;
    dropInstance(instance);
  }
}

function dropInstance(instance: Instance): void {
  let link = instance.owner + offsetof<UserNexthop>("instances");
  while (load<usize>(link) != changetype<usize>(instance)) link = load<usize>(link) + offsetof<Instance>("next");
  store<usize>(link, instance.next);
  table.items--;
  releaseHead(changetype<NexthopHead>(instance.head));
  give<Instance>(instances, changetype<usize>(instance));
}

/** An interface is about to go: nexthops through it stay listed with its index, but no route can use them any more. */
export function forgetInterface(ifp: Interface): void {
  const target = changetype<usize>(ifp);
  dropInstances(offsetof<Nexthop>("ifp"), target);
  for (let at = firstUserNexthop(); at != 0; at = nextUserNexthop(changetype<UserNexthop>(at))) {
    const user = changetype<UserNexthop>(at);
    if (user.ifp == target) user.ifp = 0;
  }
}

/** An address is about to go: nexthops with it as source take another at their next use. */
export function forgetAddress(address: IfAddress): void {
  const target = changetype<usize>(address);
  if (address.family == AF.INET) dropInstances(offsetof<Nexthop>("source"), target);
  for (let at = firstUserNexthop(); at != 0; at = nextUserNexthop(changetype<UserNexthop>(at))) {
    const user = changetype<UserNexthop>(at);
    if (user.source == target) user.source = 0;
  }
}

/** Drops the instances of which a nexthop has a value in one of its fields. */
function dropInstances(field: usize, value: usize): void {
  for (let at = firstUserNexthop(); at != 0; at = nextUserNexthop(changetype<UserNexthop>(at))) {
    let next: usize = 0;
    for (let each = changetype<UserNexthop>(at).instances; each != 0; each = next) {
      const instance = changetype<Instance>(each);
      next = instance.next;
      if (hasPath(changetype<NexthopHead>(instance.head), field, value)) dropInstance(instance);
    }
  }
}

function hasPath(head: NexthopHead, field: usize, value: usize): bool {
  if (!head.isGroup) return load<usize>(changetype<usize>(head) + field) == value;
  const group = changetype<NexthopGroup>(head);
  for (let i: u32 = 0; i < group.count; i++) if (load<usize>(group.path(i).nexthop + field) == value) return true;
  return false;
}

/** At unload of the module: user nexthops are its own (netlink-core N9.5). Routes keep their kernel nexthops. */
export function forgetUserNexthops(): void {
  if (table.buckets == 0) return;
  while (firstUserNexthop() != 0) {
    const user = changetype<UserNexthop>(firstUserNexthop());
    removeUserNexthop(user);
    freeUserNexthop(user);
  }
  giveBlock(table.buckets, orderOf(table.size * sizeof<usize>()));
  table.buckets = 0;
  table.size = 0;
}
