// The exports for generic netlink: families and groups that come and go, and events. Every vnet's core has the same
// families: the host makes each call on all of them.

import { Errno } from "./abi/errno";
import { CTRL_CMD, GENL } from "./abi/genetlink";
import { exchangeArea } from "./exchangearea";
import { announceFamily } from "./generic/controller";
import {
  REGISTRY_BYTES, familyById, familyByName, groupAt, groupByName, registerFamily, registerGroup, registryPlace,
  unregisterFamily, unregisterGroup,
} from "./generic/registry";
import { loadSysevent, postEvent, unloadSysevent } from "./generic/sysevent";
import { forgetGroup } from "./netlink/multicast";

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

/** Where the registry lies, which a new vnet gets as a copy. */
export function genericRegistry(): usize {
  return registryPlace();
}
export function genericRegistryBytes(): u32 {
  return REGISTRY_BYTES;
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
