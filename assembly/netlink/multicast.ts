// Groups: joining, leaving, and delivering to all members (netlink-core N8).
//   join, leave, setLegacyGroups, legacyGroups
//   hasMembers    whether anybody would get a notification: asked before one is built
//   deliver       one buffer to each member, newest socket first; a full socket loses it alone

import { NETLINK, NetlinkLimit } from "../abi/netlink";
import { Buffer, release } from "../mem/buffer";
import { appendNotification } from "./queue";
import { Socket, firstSocket } from "./socket";

/** Members of each group: ROUTE's 128 words, then GENERIC's. */
const members: usize = memory.data(1024);

@inline
function memberCount(protocol: u32, group: u32): usize {
  const first: u32 = protocol == <u32>NETLINK.GENERIC ? NetlinkLimit.GROUPS : 0;
  return members + (first + group) * 4;
}

export function isMember(socket: Socket, group: u32): bool {
  const bit = <u64>1 << (group & 63);
  return ((group < 64 ? socket.groupsLow : socket.groupsHigh) & bit) != 0;
}

/** @param group - 1 … 127. In a jail without a vnet nothing happens. */
export function join(socket: Socket, group: u32): void {
  if (socket.isConstrained || isMember(socket, group)) return;
  if (group < 64) socket.groupsLow |= <u64>1 << group;
  else socket.groupsHigh |= <u64>1 << (group - 64);
  const count = memberCount(socket.protocol, group);
  store<u32>(count, load<u32>(count) + 1);
}

export function leave(socket: Socket, group: u32): void {
  if (!isMember(socket, group)) return;
  if (group < 64) socket.groupsLow &= ~(<u64>1 << group);
  else socket.groupsHigh &= ~(<u64>1 << (group - 64));
  const count = memberCount(socket.protocol, group);
  store<u32>(count, load<u32>(count) - 1);
}

export function leaveAll(socket: Socket): void {
  for (let group: u32 = 1; group < <u32>NetlinkLimit.GROUPS; group++) leave(socket, group);
}

/** Every socket leaves a group, of whatever protocol: its owner is gone (nl_clear_group). */
export function forgetGroup(group: u32): void {
  for (let at = firstSocket(); at != 0; at = changetype<Socket>(at).next) leave(changetype<Socket>(at), group);
}

/** Groups 1 … 32 become exactly those of a mask (nl_groups); the others stay. */
export function setLegacyGroups(socket: Socket, mask: u32): void {
  for (let group: u32 = 1; group <= 32; group++) {
    if ((mask & (<u32>1 << (group - 1))) != 0) join(socket, group);
    else leave(socket, group);
  }
}

/** Groups 1 … 32 as a mask; higher ones are never shown (netlink-core N8.3). */
export function legacyGroups(socket: Socket): u32 {
  return <u32>(socket.groupsLow >> 1);
}

export function hasMembers(protocol: u32, group: u32): bool {
  return load<u32>(memberCount(protocol, group)) != 0;
}

/** Queues a buffer at every member that has the privilege, by reference, and lets go of it. */
export function deliver(buffer: Buffer, protocol: u32, group: u32, privilege: u32): void {
  for (let at = firstSocket(); at != 0; at = changetype<Socket>(at).next) {
    const socket = changetype<Socket>(at);
    if (socket.protocol == protocol && isMember(socket, group) && socket.hasPrivilege(privilege)) {
      appendNotification(socket, buffer);
    }
  }
  release(buffer);
}
