// Vlans and their parents (net/if_vlan.c; rtnetlink B.3.7, B.4.2).
//   attachVlan, detachVlan   a vlan gets its parent, or loses it
//   detachVlans              the parent leaves
//   followLladdr             the vlans take over a new link-level address

import { Errno } from "../abi/errno";
import { IFCAP, IFF, IFT, LINK_STATE } from "../abi/ifnet";
import { ETHER_LLADDR, Interface, Media, findByIndex, firstInterface } from "./ifnet";

export const enum EtherType {
  VLAN = 0x8100,
  QINQ = 0x88a8,
}

/** Highest vid of a network; 0xfff is reserved, and 0 is no vid. */
export const VID_MAX: u32 = 0xffe;
const ETHER_MTU: u32 = 1500;
/** Bytes of the tag, where the parent cannot take frames that much longer. */
const TAG_BYTES: u32 = 4;
/** What a parent must be (VLAN_IFFLAGS). */
const PARENT_FLAGS: u32 = IFF.BROADCAST | IFF.SIMPLEX | IFF.MULTICAST;
/** Capabilities that a vlan has when its parent does, whatever the hardware does with tags. */
const TAKEN_OVER: u64 = (<u64>1 << IFCAP.LINKSTATE) | (<u64>1 << IFCAP.TXRTLMT) | (<u64>1 << IFCAP.MEXTPG);

/**
 * Attaches a vlan, or gives one that is attached another vid and ethertype. Nobody is told.
 * @returns EPROTONOSUPPORT the parent cannot carry vlans; EINVAL vid; EBUSY it has another parent; EEXIST the parent
 *   has this vid and ethertype
 */
export function attachVlan(ifp: Interface, parent: Interface, vid: u32, protocol: u32): Errno {
  const type = parent.type;
  const hasTags = (parent.enabledCapabilities & (1 << IFCAP.VLAN_HWTAGGING)) != 0;
  if (type != IFT.ETHER && type != IFT.L2VLAN && type != IFT.BRIDGE && !hasTags) return Errno.EPROTONOSUPPORT;
  if ((parent.flags & PARENT_FLAGS) != PARENT_FLAGS) return Errno.EPROTONOSUPPORT;
  if (vid == 0 || vid > VID_MAX) return Errno.EINVAL;
  if (ifp.parentIndex != 0 && ifp.parentIndex != parent.index) return Errno.EBUSY;
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    const other = changetype<Interface>(at);
    if (other.parentIndex != parent.index || other == ifp) continue;
    if (<u32>other.vid == vid && <u32>other.protocol == protocol) return Errno.EEXIST;
  }
  ifp.vid = <u16>vid;
  ifp.protocol = <u16>protocol;
  if (ifp.parentIndex == parent.index) return Errno.OK;
  ifp.parentIndex = parent.index;
  parent.vlanCount++;
  ifp.mtuFudge = (parent.enabledCapabilities & (1 << IFCAP.VLAN_MTU)) != 0 ? 0 : TAG_BYTES;
  ifp.mtu = parent.mtu - ifp.mtuFudge;
  ifp.lladdrBytes = parent.lladdrBytes;
  ifp.lladdr = parent.lladdr;
  ifp.linkState = parent.linkState;
  ifp.media = parent.media;
  ifp.capabilities = parent.capabilities & TAKEN_OVER;
  ifp.enabledCapabilities = parent.enabledCapabilities & TAKEN_OVER;
  ifp.driverFlags |= IFF.RUNNING;
  return Errno.OK;
}

/** The vlan has no parent any more. Nobody is told (vlan_unconfig_locked). */
export function detachVlan(ifp: Interface): void {
  const parent = findByIndex(ifp.parentIndex);
  if (parent != null) parent.vlanCount--;
  ifp.parentIndex = 0;
  ifp.mtu = ETHER_MTU;
  ifp.linkState = LINK_STATE.UNKNOWN;
  ifp.media = <u8>Media.NONE;
  ifp.driverFlags &= ~IFF.RUNNING;
}

/** An interface leaves: its vlans stay, without parent. @param index - its index; it may be in another vnet */
export function detachVlans(index: u32): void {
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    if (changetype<Interface>(at).parentIndex == index) detachVlan(changetype<Interface>(at));
  }
}

/** The link-level address of a parent became another one: so does its vlans' (vlan_iflladdr). */
export function followLladdr(parent: Interface): void {
  if (parent.lladdrBytes != ETHER_LLADDR || parent.vlanCount == 0) return;
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    const vlan = changetype<Interface>(at);
    if (vlan.parentIndex != parent.index) continue;
    vlan.lladdr = parent.lladdr;
    followLladdr(vlan);
  }
}
