// Interfaces that go: destroyed, taken out, or to another vnet (net/if_clone.c, net/if.c; rtnetlink B.5, B.6.1).
//   destroyInterface   what a cloner made; of an epair both halves
//   removeInterface    that, and what no cloner made
//   leaveVnet, enterVnet, followElsewhere   what goes to, comes from and happens in other vnets

import { Errno } from "../abi/errno";
import { IFF, LINK_STATE } from "../abi/ifnet";
import { resumeFault, suspendFault } from "../mem/pages";
import { LO, forget, giveUnit, leaveParent } from "./clone";
import { clonerOf } from "./cloner";
import { changeLinkState, followLinkState } from "./ifchange";
import { depart, stageDeparture, unstageDeparture } from "./ifdown";
import { freeIndex } from "./ifindex";
import { Interface, announce, findByIndex, firstInterface, freeInterface, linkInterface } from "./ifnet";
import { countAway, isKnownElsewhere, ownVnet, post } from "./ifoutbox";
import { arriveTunnel, endTunnel, leaveEndpoints } from "./tunnel";
import { detachVlans } from "./vlan";

type Destroy = (ifp: Interface) => Errno;

const DESTROY: StaticArray<usize> = [
  // by kind
  changetype<usize>(destroySimple),
  changetype<usize>(destroyPair),
  changetype<usize>(destroyVlan),
  changetype<usize>(destroySimple),
  changetype<usize>(destroySimple),
];

/**
 * Destroys what a cloner made (if_clone_destroy).
 * @returns EINVAL its driver has no cloner, or lo0; ENXIO its cloner did not make it; EBUSY a vlan with vlans; ENOMEM
 */
export function destroyInterface(ifp: Interface): Errno {
  const cloner = clonerOf(ifp.driver);
  if (cloner == null) return Errno.EINVAL;
  if (ifp.cloner == 0) return Errno.ENXIO;
  return changetype<Destroy>(DESTROY[cloner.kind - 1])(ifp);
}

/** Hardware is taken out, or what was attached like it. EINVAL for lo0. */
export function removeInterface(ifp: Interface): Errno {
  return ifp.cloner != 0 ? destroyInterface(ifp) : removeStaged(ifp);
}

/** lo0, which stays as long as its vnet. */
function isLoopback(ifp: Interface): bool {
  return ifp.cloner == LO && ifp.unit == 0 && ifp.home == ownVnet();
}

function removeStaged(ifp: Interface): Errno {
  if (!stageDeparture(ifp)) return Errno.ENOMEM;
  remove(ifp);
  return Errno.OK;
}

function destroySimple(ifp: Interface): Errno {
  if (isLoopback(ifp)) return Errno.EINVAL;
  return removeStaged(ifp);
}

function destroyVlan(ifp: Interface): Errno {
  if (ifp.vlanCount != 0) return Errno.EBUSY;
  return removeStaged(ifp);
}

/** Both halves lose the carrier, then they leave one after the other (epair_clone_destroy). */
function destroyPair(ifp: Interface): Errno {
  const peer = findByIndex(ifp.peerIndex);
  if (peer != null) {
    // Only what the second half needs before the first has left can be found out beforehand.
    if (!stageDeparture(peer)) return Errno.ENOMEM;
    unstageDeparture(peer);
  }
  if (!stageDeparture(ifp)) return Errno.ENOMEM;
  ifp.driverFlags &= ~IFF.RUNNING;
  if (peer != null) peer.driverFlags &= ~IFF.RUNNING;
  changeLinkState(ifp, LINK_STATE.DOWN, ifp.media);
  if (peer != null) changeLinkState(peer, LINK_STATE.DOWN, peer.media);
  remove(ifp);
  if (peer == null) return Errno.OK;
  const fault = suspendFault();
  const isStaged = stageDeparture(peer);
  resumeFault(fault);
  assert(isStaged, "what could be staged before can be staged again");
  remove(peer);
  return Errno.OK;
}

/** The other half of an epair, in another vnet, was destroyed: so is this one. */
function destroyOrphan(ifp: Interface): void {
  const fault = suspendFault();
  const isStaged = stageDeparture(ifp);
  resumeFault(fault);
  assert(isStaged, "memory for an interface that must go");
  // Its unit went with the other half.
  ifp.unit = -1;
  ifp.peerIndex = 0;
  ifp.driverFlags &= ~IFF.RUNNING;
  changeLinkState(ifp, LINK_STATE.DOWN, ifp.media);
  remove(ifp);
}

/** A vnet is gone: what was made in it goes too. @param vnet - its number */
export function destroyHomeless(vnet: u32): void {
  let at = firstInterface();
  while (at != 0) {
    const ifp = changetype<Interface>(at);
    at = ifp.next;
    if (ifp.home != vnet) continue;
    const fault = suspendFault();
    const isStaged = stageDeparture(ifp);
    resumeFault(fault);
    assert(isStaged, "memory for an interface that must go");
    remove(ifp);
  }
}

/** Takes a staged interface away; its vlans lose their parent, other vnets learn of it. */
function remove(ifp: Interface): void {
  const isKnown = isKnownElsewhere(ifp);
  // The two halves of an epair have one unit: the second gives it back.
  if (findByIndex(ifp.peerIndex) != null) ifp.unit = -1;
  endTunnel(ifp);
  ifp.flags |= IFF.DYING;
  depart(ifp);
  detachVlans(ifp.index);
  const parentElsewhere = findByIndex(ifp.parentIndex) == null ? ifp.parentIndex : 0;
  leaveParent(ifp);
  if (!isKnown) {
    forget(ifp);
    return;
  }
  ifp.isGone = true;
  ifp.parentIndex = parentElsewhere;
  if (ifp.home == ownVnet()) giveUnit(ifp);
  freeIndex(ifp.index);
  post(ifp);
}


/** Something became of an interface of another vnet: what belongs to it here follows. */
export function followElsewhere(index: u32, isGone: bool, parentIndex: u32, linkState: u32, media: u32): void {
  if (!isGone) {
    const half = peerOf(index);
    if (half != null) changeLinkState(half, linkState, media);
    followLinkState(index, linkState, media);
    return;
  }
  const parent = findByIndex(parentIndex);
  if (parent != null) parent.vlanCount--;
  detachVlans(index);
  const half = peerOf(index);
  if (half != null) destroyOrphan(half);
}

/** The half here of the epair whose other half, elsewhere, has this index. */
function peerOf(index: u32): Interface | null {
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    if (changetype<Interface>(at).peerIndex == index) return changetype<Interface>(at);
  }
  return null;
}

/**
 * An interface goes to another vnet: it leaves as if destroyed, and all it has is copied, its index too (if_vmove). Its
 * vlans lose their parent, it loses its endpoints (gif_reassign, gre_reassign).
 * @returns EINVAL lo0; ENOMEM, and nothing changed
 */
export function leaveVnet(ifp: Interface, into: usize): Errno {
  if (isLoopback(ifp)) return Errno.EINVAL;
  if (!stageDeparture(ifp)) return Errno.ENOMEM;
  depart(ifp);
  leaveEndpoints(ifp);
  detachVlans(ifp.index);
  ifp.vlanCount = 0;
  if (ifp.home == ownVnet()) countAway(1);
  memory.copy(into, changetype<usize>(ifp), offsetof<Interface>());
  freeInterface(ifp);
  return Errno.OK;
}

/** An interface of another vnet arrives in the record that was made for it, at the end of the list. */
export function enterVnet(record: usize, from: usize): void {
  const kept = offsetof<Interface>("index");
  memory.copy(record + kept, from + kept, offsetof<Interface>() - kept);
  const ifp = changetype<Interface>(record);
  if (ifp.home == ownVnet()) countAway(-1);
  linkInterface(ifp);
  announce(ifp);
  arriveTunnel(ifp);
}
