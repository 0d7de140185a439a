// Multicast groups that interfaces are members of (net/if.c, if_addmulti, if_delmulti_locked; netinet/in.c;
// netinet6/in6.c, in6_update_ifa_join_mc).
//   joinOwnGroups, tellOwnGroups, leaveOwnGroups   those that an address brings: all hosts; its solicited-node group, all nodes
//   joinByProgram, leaveByProgram                  those that programs ask for
//   joinByCarp, tellCarpGroups, leaveByCarp        those of the advertisements of virtual addresses
//   tellLeft              who was left is told of last, as FreeBSD's task does (netinet6/in6_mcast.c, in6m_release_task)
//   dropMemberships       an interface goes
//   checkMemberships      that users are counted rightly
// A group that a link maps to an address of its own takes a membership of that too, which nobody is told of.

import { Errno } from "../abi/errno";
import { IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { Slab, give, take } from "../mem/slab";
import { onMembership } from "./hooks";
import { IfAddress } from "./ifaddr";
import { ETHER_LLADDR, Interface, firstInterface, isEthernet } from "./ifnet";

@unmanaged
export class Membership {
  /** Of the interface, the newest first. */
  next: usize;
  /** Interface. */
  ifp: usize;
  /** AF.LINK: the link-layer group is in `low`, its first byte lowest. */
  family: u32;
  /** Addresses and programs, of which so many are programs. */
  users: u32;
  programs: u32;
  /** Virtual addresses whose advertisements go to it. */
  virtuals: u32;
  /** Whoever listens knows of it. */
  isTold: bool;
  high: u64;
  low: u64;
  /** The link-layer membership that it needs; 0 = none. */
  linkGroup: usize;

  /** The link-layer group that it maps to; 0 = none. */
  get lladdr(): u64 {
    return this.linkGroup == 0 ? 0 : changetype<Membership>(this.linkGroup).low;
  }
}

@unmanaged
class Left {
  /** Memberships that ended, the first one first; nobody is told yet. */
  first: usize;
  last: usize;
}

const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));
const left = changetype<Left>(memory.data(offsetof<Left>(), 16));

const ALL_HOSTS: u64 = 0xe000000100000000;
const LINK_SCOPE: u64 = 0xff02000000000000;
const INTERFACE_SCOPE: u64 = 0xff01000000000000;
const ALL_NODES: u64 = 1;
const SOLICITED_NODE: u64 = 0x00000001ff000000;
const SOLICITED_NODE_MASK: u64 = 0xffffff;
const SCOPE_MASK: u64 = 0x000f000000000000;
const SCOPE_SHIFT: u64 = 48;

// An address's own groups in the order of joining.
function ownGroupCount(address: IfAddress): u32 {
  return address.family == AF.INET ? 1 : 3;
}
function ownGroupHigh(address: IfAddress, i: u32): u64 {
  if (address.family == AF.INET) return ALL_HOSTS;
  return zoned(AF.INET6, i == 2 ? INTERFACE_SCOPE : LINK_SCOPE, changetype<Interface>(address.ifp));
}
function ownGroupLow(address: IfAddress, i: u32): u64 {
  if (address.family == AF.INET) return 0;
  return i == 0 ? SOLICITED_NODE | (address.low & SOLICITED_NODE_MASK) : ALL_NODES;
}

/** Groups of an interface's or a link's scope have their zone embedded (in6_setscope). */
function zoned(family: u32, high: u64, ifp: Interface): u64 {
  const scope = (high & SCOPE_MASK) >> SCOPE_SHIFT;
  if (family == AF.INET || scope == 0 || scope > 2) return high;
  return (high & ~0x0000ffff00000000) | (<u64>ifp.index << 32);
}

/** Joins the groups of a new address, telling nobody yet. False without memory, and nothing is joined. */
export function joinOwnGroups(address: IfAddress): bool {
  const ifp = changetype<Interface>(address.ifp);
  if ((ifp.flags & IFF.MULTICAST) == 0) return true;
  const count = ownGroupCount(address);
  while (address.ownGroups < count) {
    const i = address.ownGroups;
    if (join(ifp, address.family, ownGroupHigh(address, i), ownGroupLow(address, i)) == null) return false;
    address.ownGroups++;
  }
  return true;
}

/** Tells of the groups that nobody was told of. */
export function tellOwnGroups(address: IfAddress): void {
  for (let i: u32 = 0; i < address.ownGroups; i++) tell(changetype<Membership>(findOwn(address, i)));
}

/** Leaves what joinOwnGroups joined, or as much of it as it did. */
export function leaveOwnGroups(address: IfAddress): void {
  for (let i: u32 = 0; i < address.ownGroups; i++) leave(changetype<Membership>(findOwn(address, i)));
  address.ownGroups = 0;
}

function findOwn(address: IfAddress, i: u32): Membership | null {
  return find(changetype<Interface>(address.ifp), address.family, ownGroupHigh(address, i), ownGroupLow(address, i));
}

/** A program joins. @returns EINVAL no group; EADDRNOTAVAIL the interface has no multicast (inp_join_group); ENOMEM */
export function joinByProgram(ifp: Interface, family: u32, high: u64, low: u64): Errno {
  if (!isGroup(family, high)) return Errno.EINVAL;
  if ((ifp.flags & IFF.MULTICAST) == 0) return Errno.EADDRNOTAVAIL;
  const membership = join(ifp, family, zoned(family, high, ifp), low);
  if (membership == null) return Errno.ENOMEM;
  membership.programs++;
  tell(membership);
  return Errno.OK;
}

/** A program leaves. @returns EINVAL no group; EADDRNOTAVAIL no program joined it (inp_leave_group) */
export function leaveByProgram(ifp: Interface, family: u32, high: u64, low: u64): Errno {
  if (!isGroup(family, high)) return Errno.EINVAL;
  const membership = find(ifp, family, zoned(family, high, ifp), low);
  if (membership == null || membership.programs == 0) return Errno.EADDRNOTAVAIL;
  membership.programs--;
  leave(membership);
  tellLeft();
  return Errno.OK;
}

// What advertisements are sent to: 224.0.0.18; ff02::12, and with it a solicited-node group (carp_multicast_setup).
const CARP_GROUP: u64 = 0xe000001200000000;
const CARP_GROUP6: u64 = 0x12;

function carpGroupCount(family: u32): u32 {
  return family == AF.INET ? 1 : 2;
}
function carpGroup(ifp: Interface, family: u32, i: u32): Membership | null {
  return find(ifp, family, carpGroupHigh(ifp, family), carpGroupLow(family, i));
}
function carpGroupHigh(ifp: Interface, family: u32): u64 {
  return family == AF.INET ? CARP_GROUP : zoned(AF.INET6, LINK_SCOPE, ifp);
}
function carpGroupLow(family: u32, i: u32): u64 {
  if (family == AF.INET) return 0;
  return i == 0 ? CARP_GROUP6 : SOLICITED_NODE;
}

/** Joins what a virtual address needs, telling nobody yet. False without memory, and nothing is joined. */
export function joinByCarp(ifp: Interface, family: u32): bool {
  for (let i: u32 = 0; i < carpGroupCount(family); i++) {
    const membership = join(ifp, family, carpGroupHigh(ifp, family), carpGroupLow(family, i));
    if (membership == null) {
      leaveFirst(ifp, family, i);
      return false;
    }
    membership.virtuals++;
  }
  return true;
}

export function tellCarpGroups(ifp: Interface, family: u32): void {
  for (let i: u32 = 0; i < carpGroupCount(family); i++) tell(changetype<Membership>(carpGroup(ifp, family, i)));
}

/** Leaves what joinByCarp joined. */
export function leaveByCarp(ifp: Interface, family: u32): void {
  leaveFirst(ifp, family, carpGroupCount(family));
}

function leaveFirst(ifp: Interface, family: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const membership = changetype<Membership>(carpGroup(ifp, family, i));
    membership.virtuals--;
    leave(membership);
  }
}

function isGroup(family: u32, high: u64): bool {
  return family == AF.INET ? high >> 60 == 0xe : high >> 56 == 0xff;
}

function find(ifp: Interface, family: u32, high: u64, low: u64): Membership | null {
  for (let at = ifp.memberships; at != 0; at = changetype<Membership>(at).next) {
    const membership = changetype<Membership>(at);
    if (membership.family == family && membership.high == high && membership.low == low) return membership;
  }
  return null;
}

/** One user more; null without memory. */
function join(ifp: Interface, family: u32, high: u64, low: u64): Membership | null {
  const present = find(ifp, family, high, low);
  if (present != null) {
    present.users++;
    return present;
  }
  const record = take<Membership>(slab);
  if (record == 0) return null;
  const membership = changetype<Membership>(record);
  membership.ifp = changetype<usize>(ifp);
  membership.family = family;
  membership.high = high;
  membership.low = low;
  membership.users = 1;
  if (family != AF.LINK && isEthernet(ifp)) {
    membership.linkGroup = changetype<usize>(join(ifp, AF.LINK, 0, etherGroup(family, high, low)));
    if (membership.linkGroup == 0) {
      give<Membership>(slab, record);
      return null;
    }
  }
  membership.next = ifp.memberships;
  ifp.memberships = record;
  return membership;
}

/** 01:00:5e and 23 bits of an IPv4 group, 33:33 and 32 bits of an IPv6 group (net/if_ethersubr.c, ether_resolvemulti). */
function etherGroup(family: u32, high: u64, low: u64): u64 {
  const bytes = family == AF.INET ? 0x01005e000000 | ((high >> 32) & 0x7fffff) : 0x333300000000 | (low & 0xffffffff);
  return bswap<u64>(bytes) >> ((8 - ETHER_LLADDR) * 8);
}

function tell(membership: Membership): void {
  if (membership.isTold) return;
  membership.isTold = true;
  onMembership(changetype<usize>(membership), true);
}

/** One user less. What nobody uses leaves the interface, and tellLeft tells of it. */
function leave(membership: Membership): void {
  if (--membership.users != 0) return;
  const ifp = changetype<Interface>(membership.ifp);
  const record = changetype<usize>(membership);
  if (ifp.memberships == record) {
    ifp.memberships = membership.next;
  } else {
    let previous = changetype<Membership>(ifp.memberships);
    while (previous.next != record) previous = changetype<Membership>(previous.next);
    previous.next = membership.next;
  }
  if (!membership.isTold) {
    discard(membership);
    return;
  }
  membership.next = 0;
  if (left.last != 0) changetype<Membership>(left.last).next = record;
  else left.first = record;
  left.last = record;
}

function discard(membership: Membership): void {
  if (membership.linkGroup != 0) leave(changetype<Membership>(membership.linkGroup));
  give<Membership>(slab, changetype<usize>(membership));
}

/** Tells of the memberships that ended. */
export function tellLeft(): void {
  while (left.first != 0) {
    const membership = changetype<Membership>(left.first);
    left.first = membership.next;
    if (left.first == 0) left.last = 0;
    onMembership(changetype<usize>(membership), false);
    discard(membership);
  }
}

/** All memberships of an interface end, those of programs too (if_purgemaddrs). Its addresses are gone already. */
export function dropMemberships(ifp: Interface): void {
  while (ifp.memberships != 0) {
    let membership = changetype<Membership>(ifp.memberships);
    // A link-layer membership goes with the last of those that need it.
    while (membership.family == AF.LINK) membership = changetype<Membership>(membership.next);
    membership.users = 1;
    leave(membership);
    tellLeft();
  }
}

/** What is wrong with memberships. */
export const enum MembershipFault {
  NONE = 0,
  USERS = 421,
  LINK_GROUP = 422,
  LEFT = 423,
  COUNT = 424,
}

/** Checks that each membership counts whoever uses it, and that nothing else is kept. */
export function checkMemberships(): u32 {
  let count: u32 = 0;
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    const ifp = changetype<Interface>(at);
    for (let entry = ifp.memberships; entry != 0; entry = changetype<Membership>(entry).next) {
      const membership = changetype<Membership>(entry);
      count++;
      const users = membership.family == AF.LINK ? groupsOn(membership) : usersOf(membership);
      if (users != membership.users || users == 0) return MembershipFault.USERS;
      if ((membership.linkGroup != 0) != (membership.family != AF.LINK && isEthernet(ifp))) return MembershipFault.LINK_GROUP;
    }
  }
  if (left.first != 0 || left.last != 0) return MembershipFault.LEFT;
  return count == slab.inUse ? MembershipFault.NONE : MembershipFault.COUNT;
}

/** How many groups map to a link-layer one. */
function groupsOn(linkGroup: Membership): u32 {
  let count: u32 = 0;
  for (let at = changetype<Interface>(linkGroup.ifp).memberships; at != 0; at = changetype<Membership>(at).next) {
    if (changetype<Membership>(at).linkGroup == changetype<usize>(linkGroup)) count++;
  }
  return count;
}

function usersOf(membership: Membership): u32 {
  return membership.programs + membership.virtuals + addressesOf(membership);
}

/** How many addresses have joined a group. */
function addressesOf(membership: Membership): u32 {
  let count: u32 = 0;
  for (let at = changetype<Interface>(membership.ifp).addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    for (let i: u32 = 0; address.family == membership.family && i < address.ownGroups; i++) {
      if (ownGroupHigh(address, i) == membership.high && ownGroupLow(address, i) == membership.low) count++;
    }
  }
  return count;
}
