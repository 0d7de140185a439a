// The families of generic netlink with their commands and groups, by slot (netlink/netlink_generic_kpi.c; netlink-core
// N10.5). All of a kernel's vnets have the same ones: the registry is flat, so that a new vnet's is a copy.
//   registerFamily, registerCommand, registerGroup
//   unregisterFamily, unregisterGroup
//   familyAt, groupAt, commandOf      what is there
// Slot 0 of families and of groups is the controller's.

import { Errno } from "../abi/errno";
import { GENL } from "../abi/genetlink";
import { Request } from "../netlink/request";

/** Handles one request of a command. */
export type CommandHandler = (request: Request) => Errno;

@unmanaged
export class Family {
  isThere: bool;
  version: u16;
  hdrsize: u16;
  maxattr: u32;
  /** NUL-terminated. */
  name0: u64;
  name1: u64;

  get name(): usize {
    return changetype<usize>(this) + offsetof<Family>("name0");
  }
  get slot(): u32 {
    return <u32>((changetype<usize>(this) - families) / offsetof<Family>());
  }
  get id(): u32 {
    return GENL.MIN_ID + this.slot;
  }
}

@unmanaged
export class Command {
  /** CommandHandler; 0 = this place is free. */
  handler: u32;
  /** PRIV. */
  privilege: u32;
  /** GENL_OP. */
  flags: u32;
  /** What policy.ts made of the command's policy, and its bytes; 0 = none. */
  policy: usize;
  policyBytes: u32;
}

@unmanaged
export class Group {
  isThere: bool;
  family: u8;
  name0: u64;
  name1: u64;

  get name(): usize {
    return changetype<usize>(this) + offsetof<Group>("name0");
  }
  /** Number that sockets join. */
  get number(): u32 {
    return GENL.MIN_GROUP + <u32>((changetype<usize>(this) - groups) / offsetof<Group>());
  }
}

/** Command numbers are one byte. */
const COMMAND_NUMBERS: u32 = 256;
/** Commands of all families together; place 0 is none. */
const COMMANDS: u32 = 512;

const FAMILY_BYTES: u32 = 640;
const GROUP_BYTES: u32 = 1536;
const COMMAND_BYTES: u32 = 10240;
const PLACE_BYTES: u32 = 10240;
const POLICY_BYTES: u32 = 4096;

/** Families, groups, commands, the place of each family's each command as a u16, and policies. */
const registry: usize = memory.data(26752, 16);
const families: usize = registry;
const groups: usize = families + FAMILY_BYTES;
const commands: usize = groups + GROUP_BYTES;
const places: usize = commands + COMMAND_BYTES;
const policies: usize = places + PLACE_BYTES;
export const REGISTRY_BYTES: u32 = FAMILY_BYTES + GROUP_BYTES + COMMAND_BYTES + PLACE_BYTES + POLICY_BYTES;

if (REGISTRY_BYTES != 26752) ERROR("registry");
if (<u32>offsetof<Family>() * GENL.FAMILIES != FAMILY_BYTES) ERROR("FAMILY_BYTES");
if (<u32>offsetof<Group>() * GENL.GROUPS != GROUP_BYTES) ERROR("GROUP_BYTES");
if (<u32>offsetof<Command>() * COMMANDS != COMMAND_BYTES) ERROR("COMMAND_BYTES");
if (GENL.FAMILIES * COMMAND_NUMBERS * 2 != PLACE_BYTES) ERROR("PLACE_BYTES");

/** Where the registry lies, to be copied to another vnet's core. */
export function registryPlace(): usize {
  return registry;
}

export function clearRegistry(): void {
  memory.fill(registry, 0, REGISTRY_BYTES);
}

// ---- what is there

/** @param slot - below GENL.FAMILIES */
export function familyAt(slot: u32): Family {
  return changetype<Family>(families + slot * offsetof<Family>());
}

/** @param slot - below GENL.GROUPS */
export function groupAt(slot: u32): Group {
  return changetype<Group>(groups + slot * offsetof<Group>());
}

/** Null when there is none of that id. */
export function familyById(id: u32): Family | null {
  if (id < <u32>GENL.MIN_ID || id >= <u32>(GENL.MIN_ID + GENL.FAMILIES)) return null;
  const family = familyAt(id - GENL.MIN_ID);
  return family.isThere ? family : null;
}

/** Null when there is none of that name. */
export function familyByName(name: usize): Family | null {
  for (let slot: u32 = 0; slot < <u32>GENL.FAMILIES; slot++) {
    const family = familyAt(slot);
    if (family.isThere && isSameName(family.name, name)) return family;
  }
  return null;
}

/** Null when the family has none of that name. */
export function groupByName(family: Family, name: usize): Group | null {
  for (let slot: u32 = 0; slot < <u32>GENL.GROUPS; slot++) {
    const group = groupAt(slot);
    if (group.isThere && <u32>group.family == family.slot && isSameName(group.name, name)) return group;
  }
  return null;
}

@inline
function placeOf(family: Family, number: u32): usize {
  return places + (family.slot * COMMAND_NUMBERS + number) * 2;
}

/** Null when the family has no such command. */
export function commandOf(family: Family, number: u32): Command | null {
  const place = <u32>load<u16>(placeOf(family, number));
  return place == 0 ? null : changetype<Command>(commands + place * offsetof<Command>());
}

/** The next number from `number` on that has a handler; COMMAND_NUMBERS when there is none. */
export function nextCommand(family: Family, number: u32): u32 {
  while (number < COMMAND_NUMBERS && load<u16>(placeOf(family, number)) == 0) number++;
  return number;
}

export const NO_COMMAND: u32 = COMMAND_NUMBERS;

/** Whether a name is 1 … 15 characters: FreeBSD does not look, and would not end it (netlink-core N14.11). */
export function isName(text: usize): bool {
  let length: u32 = 0;
  while (length < <u32>GENL.NAMSIZ && load<u8>(text + length) != 0) length++;
  return length > 0 && length < <u32>GENL.NAMSIZ;
}

export function isSameName(one: usize, other: usize): bool {
  let at: usize = 0;
  while (load<u8>(one + at) != 0 && load<u8>(one + at) == load<u8>(other + at)) at++;
  return load<u8>(one + at) == load<u8>(other + at);
}

function copyName(into: usize, text: usize): void {
  memory.fill(into, 0, GENL.NAMSIZ);
  for (let i: u32 = 0; load<u8>(text + i) != 0; i++) store<u8>(into + i, load<u8>(text + i));
}

// ---- registration

/** The lowest free slot from 1 on; null without one: FreeBSD panics, or overwrites the last (netlink-core N14.12). */
export function registerFamily(name: usize, hdrsize: u32, version: u32, maxattr: u32): Family | null {
  assert(isName(name) && familyByName(name) == null, "a name of its own");
  for (let slot: u32 = 1; slot < <u32>GENL.FAMILIES; slot++) {
    if (!familyAt(slot).isThere) return setFamily(slot, name, hdrsize, version, maxattr);
  }
  return null;
}

/** As registerFamily, in a slot of one's own choice: the controller's. */
export function setFamily(slot: u32, name: usize, hdrsize: u32, version: u32, maxattr: u32): Family {
  const family = familyAt(slot);
  family.isThere = true;
  family.version = <u16>version;
  family.hdrsize = <u16>hdrsize;
  family.maxattr = maxattr;
  copyName(family.name, name);
  return family;
}

/** False for a command that is there already, that has no handler, or without a place. */
export function registerCommand(family: Family, number: u32, flags: u32, privilege: u32, handler: u32): bool {
  if (number >= COMMAND_NUMBERS || handler == 0 || commandOf(family, number) != null) return false;
  for (let place: u32 = 1; place < COMMANDS; place++) {
    const command = changetype<Command>(commands + place * offsetof<Command>());
    if (command.handler != 0) continue;
    command.handler = handler;
    command.privilege = privilege;
    command.flags = flags;
    store<u16>(placeOf(family, number), <u16>place);
    return true;
  }
  return false;
}

/**
 * Room for a command's policy: the lowest that no other command has; 0 without.
 * The registry lies at the same address in every vnet, so that a policy may hold addresses of its own parts.
 */
export function reservePolicy(command: Command, bytes: u32): usize {
  assert(command.policy == 0, "a command has one policy");
  let at = policies;
  for (let place: u32 = 1; place < COMMANDS; place++) {
    const other = changetype<Command>(commands + place * offsetof<Command>());
    if (other.policy == 0 || other.policy + other.policyBytes <= at || other.policy >= at + bytes) continue;
    at = other.policy + other.policyBytes;
    place = 0;
  }
  if (at + bytes > policies + POLICY_BYTES) return 0;
  command.policy = at;
  command.policyBytes = bytes;
  return at;
}

/** The lowest free slot from 1 on; null without one. */
export function registerGroup(family: Family, name: usize): Group | null {
  assert(isName(name) && groupByName(family, name) == null, "a name of its own in the family");
  for (let slot: u32 = 1; slot < <u32>GENL.GROUPS; slot++) {
    if (!groupAt(slot).isThere) return setGroup(slot, family, name);
  }
  return null;
}

/** As registerGroup, in a slot of one's own choice: the controller's. */
export function setGroup(slot: u32, family: Family, name: usize): Group {
  const group = groupAt(slot);
  group.isThere = true;
  group.family = <u8>family.slot;
  copyName(group.name, name);
  return group;
}

export function unregisterGroup(group: Group): void {
  memory.fill(changetype<usize>(group), 0, offsetof<Group>());
}

export function unregisterCommand(family: Family, number: u32): void {
  const command = commandOf(family, number);
  if (command != null) memory.fill(changetype<usize>(command), 0, offsetof<Command>());
  store<u16>(placeOf(family, number), 0);
}

/** Its groups and commands go with it; memberships of its groups' numbers stay (N10.5). */
export function unregisterFamily(family: Family): void {
  const slot = family.slot;
  for (let at: u32 = 0; at < <u32>GENL.GROUPS; at++) {
    if (groupAt(at).isThere && groupAt(at).family == <u8>slot) unregisterGroup(groupAt(at));
  }
  for (let number = nextCommand(family, 0); number < NO_COMMAND; number = nextCommand(family, number + 1)) {
    unregisterCommand(family, number);
  }
  memory.fill(changetype<usize>(family), 0, offsetof<Family>());
}
