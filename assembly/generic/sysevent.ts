// nlsysevent: what devctl tells goes to a group of the event's system (netlink/netlink_sysevent.c; netlink-core N10.7). A
// module of its own. Only the first vnet has events.
//   loadSysevent, unloadSysevent
//   postEvent   any event: a system that had none yet gets a group, whose first event nobody hears

import { CTRL_CMD, NLSE_ATTR, NLSE_CMD } from "../abi/genetlink";
import { NETLINK, NetlinkLimit, NetlinkSize, PRIV } from "../abi/netlink";
import { append, format } from "../mem/text";
import { hasMembers } from "../netlink/multicast";
import { Writer, abort, begin, end, flush, openGroup, putString, reserve } from "../netlink/writer";
import { VirtualHost } from "../net/carp";
import { attachDeviceHooks, detachDeviceHooks } from "../net/hooks";
import { announceFamily } from "./controller";
import { Family, familyByName, groupByName, isName, registerFamily, registerGroup, unregisterFamily } from "./registry";

const FAMILY_NAME = "nlsysevent";
const VERSION: u32 = 2;
/** Systems that can have a group. */
const SYSTEMS_MAX: u32 = 64;

/** In the order of their groups. */
const SYSTEMS: StaticArray<string> = [
  "ACPI", "AEON", "CAM", "CARP", "coretemp", "DEVFS", "device", "ETHERNET", "GEOM", "HYPERV_NIC_VF",
  "IFNET", "INFINIBAND", "KERNEL", "nvme", "PMU", "RCTL", "USB", "VFS", "VT", "ZFS",
];

/** By CARP_STATE. */
const STATES: StaticArray<string> = ["INIT", "BACKUP", "MASTER"];

/** By DeviceEvent. */
const TYPES: StaticArray<string> = ["ATTACH", "DETACH", "LINK_UP", "LINK_DOWN", "RENAME"];

@unmanaged
class Sysevent {
  isLoaded: bool;
  systems: u32;
}

const sysevent = changetype<Sysevent>(memory.data(offsetof<Sysevent>(), 16));
const groupWriter = changetype<Writer>(memory.data(offsetof<Writer>(), 16));

/** Texts in the making: NUL-terminated ASCII. */
const TEXT_BYTES: u32 = 64;
const text: usize = memory.data(64);
const data: usize = memory.data(64);
const familyName: usize = memory.data(16);

/** @returns where the text lies, as ASCII */
function ascii(into: usize, source: string): usize {
  for (let i = 0; i < source.length; i++) store<u8>(into + i, <u8>load<u16>(changetype<usize>(source) + (<usize>i << 1)));
  store<u8>(into + source.length, 0);
  return into;
}

/** @param hasEvents - in the first vnet. @returns false when the family cannot be registered */
export function loadSysevent(hasEvents: bool): bool {
  if (familyByName(ascii(text, FAMILY_NAME)) != null) return false;
  const family = registerFamily(text, 0, VERSION, NLSE_ATTR.DATA);
  if (family == null) return false;
  announceFamily(family, CTRL_CMD.NEWFAMILY);
  sysevent.isLoaded = true;
  sysevent.systems = 0;
  for (let i = 0; i < SYSTEMS.length; i++) {
    if (registerGroup(family, ascii(text, SYSTEMS[i])) != null) sysevent.systems++;
  }
  if (hasEvents) attachDeviceHooks(postDevice, postVirtualHost);
  return true;
}

export function unloadSysevent(): void {
  if (!sysevent.isLoaded) return;
  detachDeviceHooks();
  sysevent.isLoaded = false;
  const family = familyByName(ascii(text, FAMILY_NAME));
  if (family == null) return;
  announceFamily(family, CTRL_CMD.DELFAMILY);
  unregisterFamily(family);
}

/** What the stack tells of an interface. */
function postDevice(name: usize, event: u32, newName: usize): void {
  let about: usize = 0;
  if (newName != 0) {
    ascii(data, "name=");
    append(data, TEXT_BYTES, 5, newName);
    about = data;
  }
  const system: usize = ascii(text, "IFNET");
  const type = ascii(text + 16, TYPES[event]);
  postEvent(system, name, type, about);
}

/** A virtual host, as "vhid@interface", is in another state (carp_set_state). */
function postVirtualHost(record: usize): void {
  const host = changetype<VirtualHost>(record);
  append(data, TEXT_BYTES, format(data, TEXT_BYTES, "%@", host.vhid, 0), host.home.name);
  const system: usize = ascii(text, "CARP");
  postEvent(system, data, ascii(text + 16, STATES[host.state]), 0);
}

/**
 * @param system - NUL-terminated, as the others
 * @param about - data of the event, 0 = none
 */
export function postEvent(system: usize, subsystem: usize, type: usize, about: usize): void {
  if (!sysevent.isLoaded) return;
  const family = familyByName(ascii(familyName, FAMILY_NAME));
  if (family == null) return;
  let group = groupByName(family, system);
  if (group == null) {
    if (sysevent.systems >= SYSTEMS_MAX || !isName(system)) return;
    group = registerGroup(family, system);
    if (group == null) return;
    sysevent.systems++;
  }
  if (!hasMembers(NETLINK.GENERIC, group.number)) return;
  if (!openGroup(groupWriter, NetlinkLimit.NLMSG_LARGE, NETLINK.GENERIC, group.number, PRIV.NONE)) return;
  if (!writeEvent(family, system, subsystem, type, about)) abort(groupWriter);
  flush(groupWriter);
}

function writeEvent(family: Family, system: usize, subsystem: usize, type: usize, about: usize): bool {
  if (!begin(groupWriter, 0, 0, family.id, 0, NetlinkSize.GENLMSGHDR)) return false;
  const header = reserve(groupWriter, NetlinkSize.GENLMSGHDR);
  if (header != 0) store<u8>(header, NLSE_CMD.NEWEVENT);
  putString(groupWriter, NLSE_ATTR.SYSTEM, system);
  putString(groupWriter, NLSE_ATTR.SUBSYSTEM, subsystem);
  putString(groupWriter, NLSE_ATTR.TYPE, type);
  if (about != 0) putString(groupWriter, NLSE_ATTR.DATA, about);
  return end(groupWriter);
}
