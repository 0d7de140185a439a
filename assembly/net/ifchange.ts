// Changes of an interface, as the ioctls of ifconfig(8) and the drivers make them (net/if.c; rtnetlink B.6), each with
// the events it has. What needs the addresses (up, down) is in ifcontrol.ts.
//   setMtu, setLladdr, rename, setFlags
//   holdPromiscuous, holdAllMulticast   references
//   changeLinkState                     the carrier came or went

import { Errno } from "../abi/errno";
import { IFF, IFT, IfLimit, LINK_STATE } from "../abi/ifnet";
import { Cloner, Kind, clonerOf } from "./cloner";
import { followCarrier } from "./carpstate";
import { wallClockMs } from "./clock";
import { DeviceEvent, LinkEvent, onDevice, onLink } from "./hooks";
import { Interface, findByIndex, findByName, firstInterface, setName } from "./ifnet";
import { isKnownElsewhere, post } from "./ifoutbox";
import { followMtu } from "./mtu";
import { followLladdr } from "./vlan";

/** Flags that SIOCSIFFLAGS leaves as they are (IFF_CANTCHANGE), and UP, which is set with all that follows. */
const KEPT: u32 =
  IFF.UP | IFF.BROADCAST | IFF.POINTOPOINT | IFF.LOOPBACK | IFF.NEEDSEPOCH | IFF.RUNNING | IFF.PROMISC | IFF.ALLMULTI |
  IFF.OACTIVE | IFF.SIMPLEX | IFF.MULTICAST | IFF.CANTCONFIG | IFF.DYING | IFF.RENAMING;

/** EINVAL beyond the limits of all interfaces, or of the driver; a vlan's is that of its parent (rtnetlink B.4.6). */
export function setMtu(ifp: Interface, mtu: u32): Errno {
  if (mtu < <u32>IfLimit.MIN_MTU || mtu > <u32>IfLimit.MAX_MTU) return Errno.EINVAL;
  const cloner = clonerOf(ifp.driver);
  if (cloner != null && !acceptsMtu(cloner, ifp, mtu)) return Errno.EINVAL;
  ifp.mtu = mtu;
  ifp.changedMs = wallClockMs();
  onLink(changetype<usize>(ifp), LinkEvent.CHANGED, 0);
  followMtu(ifp);
  return Errno.OK;
}

function acceptsMtu(cloner: Cloner, ifp: Interface, mtu: u32): bool {
  if (mtu < cloner.mtuMin || mtu > cloner.mtuMax) return false;
  if (cloner.kind != Kind.VLAN) return true;
  if (ifp.parentIndex == 0) return false;
  const parent = findByIndex(ifp.parentIndex);
  return parent == null || mtu <= parent.mtu - ifp.mtuFudge;
}

/**
 * A new link-level address, also of the vlans on the interface; nobody is told of it on netlink.
 * @returns EINVAL length; ENODEV for a type without such addresses
 */
export function setLladdr(ifp: Interface, address: usize, bytes: u32): Errno {
  if (bytes != ifp.lladdrBytes || bytes == 0) return Errno.EINVAL;
  const type = ifp.type;
  if (type != IFT.ETHER && type != IFT.L2VLAN && type != IFT.BRIDGE && type != IFT.IEEE8023ADLAG) return Errno.ENODEV;
  memory.copy(ifp.lladdrPointer, address, bytes);
  followLladdr(ifp);
  return Errno.OK;
}

/**
 * Another name: told of as gone with the old one, then as come with the new one (if_rename).
 * @param name - NUL-terminated
 * @returns EINVAL empty; EEXIST in use
 */
export function rename(ifp: Interface, name: usize): Errno {
  if (load<u8>(name) == 0) return Errno.EINVAL;
  const present = findByName(name);
  if (present == ifp) return Errno.OK;
  if (present != null) return Errno.EEXIST;
  memory.copy(formerName, ifp.name, IfLimit.NAMSIZ);
  ifp.flags |= IFF.RENAMING;
  onLink(changetype<usize>(ifp), LinkEvent.DEPARTED, 0);
  setName(ifp, name);
  onLink(changetype<usize>(ifp), LinkEvent.ARRIVED, 0);
  ifp.flags &= ~IFF.RENAMING;
  onDevice(formerName, DeviceEvent.RENAME, ifp.name);
  return Errno.OK;
}

/** The name before a rename. */
const formerName: usize = memory.data(16);

if (IfLimit.NAMSIZ != 16) ERROR("formerName");

/** Sets and clears flags that a user may; PPROMISC brings PROMISC along. Nobody is told (SIOCSIFFLAGS). */
export function setFlags(ifp: Interface, on: u32, off: u32): void {
  const before = ifp.flags;
  ifp.flags = (before & ~(off & ~KEPT)) | (on & ~KEPT);
  if (((before ^ ifp.flags) & IFF.PPROMISC) == 0) return;
  if ((ifp.flags & IFF.PPROMISC) != 0) ifp.flags |= IFF.PROMISC;
  else if (ifp.promiscuous == 0) ifp.flags &= ~IFF.PROMISC;
}

/** Takes or gives back a reference of promiscuous mode; the first and the last one are told of (ifpromisc). */
export function holdPromiscuous(ifp: Interface, isOn: bool): Errno {
  if (!isOn && ifp.promiscuous == 0) return Errno.EINVAL;
  ifp.promiscuous += isOn ? 1 : -1;
  if ((ifp.flags & IFF.PPROMISC) == 0 && ifp.promiscuous == (isOn ? 1 : 0)) switchFlag(ifp, IFF.PROMISC, isOn);
  return Errno.OK;
}

/** Likewise for the mode that takes all multicasts (if_allmulti). */
export function holdAllMulticast(ifp: Interface, isOn: bool): Errno {
  if (!isOn && ifp.allMulticast == 0) return Errno.EINVAL;
  ifp.allMulticast += isOn ? 1 : -1;
  if (ifp.allMulticast == (isOn ? 1 : 0)) switchFlag(ifp, IFF.ALLMULTI, isOn);
  return Errno.OK;
}

/** A vlan's driver holds the same on its parent (vlan_setflags). */
function switchFlag(ifp: Interface, flag: u32, isOn: bool): void {
  if (isOn) ifp.flags |= flag;
  else ifp.flags &= ~flag;
  if (ifp.parentIndex != 0) holdOnParent(ifp, flag, isOn);
  onLink(changetype<usize>(ifp), LinkEvent.CHANGED, flag);
}

/** Makes what a vlan holds on its parent what the vlan is itself, or nothing. */
export function holdOnParent(ifp: Interface, flag: u32, isOn: bool): void {
  const parent = findByIndex(ifp.parentIndex);
  const wanted = isOn ? ifp.flags & flag : 0;
  if (parent == null || wanted == (ifp.parentFlags & flag)) return;
  ifp.parentFlags = (ifp.parentFlags & ~flag) | wanted;
  if (flag == IFF.PROMISC) holdPromiscuous(parent, wanted != 0);
  else holdAllMulticast(parent, wanted != 0);
}

/**
 * The carrier came or went: told twice, and vlans follow (if_link_state_change, do_link_state_change).
 * @param state - LINK_STATE.*
 * @param media - Media.*
 */
export function changeLinkState(ifp: Interface, state: u32, media: u32): void {
  ifp.media = <u8>media;
  if (ifp.linkState == state) return;
  ifp.linkState = state;
  onLink(changetype<usize>(ifp), LinkEvent.CHANGED, 0);
  onLink(changetype<usize>(ifp), LinkEvent.LINK_STATE, 0);
  followCarrier(ifp);
  onDevice(ifp.name, state == LINK_STATE.UP ? DeviceEvent.LINK_UP : DeviceEvent.LINK_DOWN, 0);
  followLinkState(ifp.index, state, media);
  if (isKnownElsewhere(ifp)) post(ifp);
}

/** The vlans of an interface, which may be in another vnet, take over its carrier. */
export function followLinkState(index: u32, state: u32, media: u32): void {
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    if (changetype<Interface>(at).parentIndex == index) changeLinkState(changetype<Interface>(at), state, media);
  }
}

/** The carrier as somebody pulls or plugs the cable: the two ends of an epair see the same. */
export function setCarrier(ifp: Interface, state: u32, media: u32): void {
  changeLinkState(ifp, state, media);
  const peer = findByIndex(ifp.peerIndex);
  if (peer != null) changeLinkState(peer, state, media);
}
