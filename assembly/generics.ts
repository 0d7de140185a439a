// The exports for generic netlink: families and groups that come and go, and events. Every vnet's core has the same
// families: the host makes each call on all of them.

import { Errno } from "./abi/errno";
import { CTRL_CMD, GENL } from "./abi/genetlink";
import { exchangeArea } from "./exchangearea";
import { loadCarpFamily, unloadCarpFamily } from "./generic/carp";
import { announceFamily } from "./generic/controller";
import { handleExternal } from "./generic/external";
import { writePolicy } from "./generic/policy";
import {
  NO_COMMAND, REGISTRY_BYTES, commandOf, familyById, familyByName, groupAt, groupByName, registerCommand, registerFamily,
  registerGroup, registryPlace, unregisterCommand, unregisterFamily, unregisterGroup,
} from "./generic/registry";
import { loadSysevent, postEvent, unloadSysevent } from "./generic/sysevent";
import { allocateBlock, giveBlock, orderOf } from "./mem/block";
import { virtualHostCount } from "./net/carp";
import { applyRecords, awaited } from "./netlink/external";
import { forgetGroup } from "./netlink/multicast";
import { request } from "./netlink/request";
import { concludeAwaited, mayResume, resumeTasks } from "./netlink/task";

/** Exchange: the name. Announced to the controller's group. The family's id; EEXIST, ENOSPC. */
export function genericFamilyAdd(hdrsize: u32, version: u32, maxattr: u32): i32 {
  if (familyByName(exchangeArea) != null) return -Errno.EEXIST;
  const family = registerFamily(exchangeArea, hdrsize, version, maxattr);
  if (family == null) return -Errno.ENOSPC;
  announceFamily(family, CTRL_CMD.NEWFAMILY);
  return family.id;
}

/** Announced with all it has. False when there is no such family, or it is the controller. */
export function genericFamilyRemove(id: u32): bool {
  const family = familyById(id);
  if (family == null || family.slot == 0) return false;
  announceFamily(family, CTRL_CMD.DELFAMILY);
  unregisterFamily(family);
  return true;
}

/** Exchange: the name. The group's number; ENOENT, EEXIST, ENOSPC. */
export function genericGroupAdd(id: u32): i32 {
  const family = familyById(id);
  if (family == null) return -Errno.ENOENT;
  if (groupByName(family, exchangeArea) != null) return -Errno.EEXIST;
  const group = registerGroup(family, exchangeArea);
  return group == null ? -Errno.ENOSPC : group.number;
}

/** Memberships of the number end in this vnet, whatever the protocol. False when the family has no such group. */
export function genericGroupRemove(id: u32, number: u32): bool {
  const family = familyById(id);
  if (family == null || number < <u32>GENL.MIN_GROUP || number >= <u32>(GENL.MIN_GROUP + GENL.GROUPS)) return false;
  const group = groupAt(number - GENL.MIN_GROUP);
  if (!group.isThere || <u32>group.family != family.slot || family.slot == 0) return false;
  forgetGroup(number);
  unregisterGroup(group);
  return true;
}

/**
 * A command whose messages wait for the host.
 * Exchange: its policy, `policyBytes` of it (PolicyWord); none without.
 * @param flags - GENL_OP; @param privilege - PRIV
 * @returns 0; ENOENT no such family; EEXIST the family has the command; EINVAL a number above 255, a policy that is none;
 *   ENOSPC
 */
export function genericCommandAdd(id: u32, number: u32, flags: u32, privilege: u32, policyBytes: u32): i32 {
  const family = familyById(id);
  if (family == null) return -Errno.ENOENT;
  if (number >= NO_COMMAND) return -Errno.EINVAL;
  if (commandOf(family, number) != null) return -Errno.EEXIST;
  const handler = <u32>changetype<usize>(handleExternal);
  if (!registerCommand(family, number, flags, privilege, handler)) return -Errno.ENOSPC;
  const command = commandOf(family, number);
  if (policyBytes == 0 || command == null) return 0;
  const error = writePolicy(family, command, exchangeArea, policyBytes);
  if (error != Errno.OK) unregisterCommand(family, number);
  return -error;
}

/** Where the registry lies, which a new vnet gets as a copy. */
export function genericRegistry(): usize {
  return registryPlace();
}
export function genericRegistryBytes(): u32 {
  return REGISTRY_BYTES;
}

// ---- messages that wait for the host

/** Where the record of what waits lies (AwaitedLayout). */
export function externalAwaited(): usize {
  return changetype<usize>(awaited);
}

/** Room for what a module answered (ExternalRecordLayout), or 0 without memory. */
export function externalReserve(bytes: u32): usize {
  return allocateBlock(orderOf(bytes));
}

/**
 * Answers the first `count` of the messages that wait, and gives back the room.
 * @param records - what externalReserve gave; 0 = it gave nothing, and the messages end with ENOMEM
 * @returns whether the interrupted call has left something to process: then externalResume is due
 */
export function externalAnswer(records: usize, bytes: u32, count: u32): bool {
  concludeAwaited(records, count);
  if (records != 0) giveBlock(records, orderOf(bytes));
  return mayResume();
}

/** Processes what the interrupted call had left to process; the number of messages. */
export function externalResume(): u32 {
  return resumeTasks();
}

/** Sends what a module told its groups when no request was handled: ExternalRecord.GROUP, up to an END. */
export function externalNotify(records: usize, bytes: u32): void {
  applyRecords(request, records);
  giveBlock(records, orderOf(bytes));
}

// ---- nlsysevent

export function syseventLoad(hasEvents: bool): bool {
  return loadSysevent(hasEvents);
}
export function syseventUnload(): void {
  unloadSysevent();
}
/** Exchange: system, subsystem, type and data, NUL-terminated, at 0, 64, 192 and 256. @param hasData - 0 = no data */
export function syseventPost(hasData: bool): void {
  postEvent(exchangeArea, exchangeArea + 64, exchangeArea + 192, hasData ? exchangeArea + 256 : 0);
}

// ---- carp

/** False when the family cannot be registered. */
export function carpLoad(): bool {
  return loadCarpFamily();
}
export function carpUnload(): void {
  unloadCarpFamily();
}
/** Virtual hosts there are: the module stays while it is not 0. */
export function carpCount(): u32 {
  return virtualHostCount();
}
