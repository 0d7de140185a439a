// Making interfaces by name (net/if_clone.c; rtnetlink B.3); unclone.ts lets them go.
//   cloneInterface    made, known to all; a failed one leaves nothing, though its coming and going may have been told
//   attachHardware    what no cloner makes
//   joinParent, leaveParent   a vlan and its parent

import { Errno } from "../abi/errno";
import { IFCAP, IFF, IFT, IfLimit, LINK_STATE } from "../abi/ifnet";
import { finish, mix } from "../mem/hash";
import { append } from "../mem/text";
import {
  Cloner, Kind, Lladdr, Runs, UNIT_ANY, UNIT_BAD, clonerAt, clonerMatching, freeUnit, parentInName, takeUnit, unitInName,
  unitTaken, vidInName, writeName,
} from "./cloner";
import { changeLinkState, holdOnParent } from "./ifchange";
import { depart } from "./ifdown";
import { freeIndex } from "./ifindex";
import {
  ETHER_LLADDR, Interface, Media, announce, discardInterface, findByIndex, findByName, freeInterface, linkInterface,
  makeInterface, setDriverByName,
} from "./ifnet";
import { ownVnet } from "./ifoutbox";
import { attachVlan, detachVlan } from "./vlan";

/** What is to be made, and then what was. */
@unmanaged
export class CloneRequest {
  /** IFNAMSIZ bytes and a suffix; the final name afterwards. */
  name0: u64;
  name1: u64;
  name2: u64;
  name3: u64;
  /** vlan: the Interface that is to be its parent, 0 = none; then vid and ethertype. */
  parent: usize;
  vid: u32;
  protocol: u32;
  unit: i32;
  /** The Interface made; of an epair the first half. */
  made: usize;

  get name(): usize {
    return changetype<usize>(this);
  }
}

const GIF_MTU: u32 = 1280;
const ETHER_MTU: u32 = 1500;
/** The number of the loopback cloner, whose unit 0 stays as long as its vnet. */
export const LO: u32 = 1;

type Create = (cloner: Cloner, request: CloneRequest) => Errno;

const CREATE: StaticArray<usize> = [
  // by kind
  changetype<usize>(createSimple),
  changetype<usize>(createPair),
  changetype<usize>(createVlan),
  changetype<usize>(createSimple),
  changetype<usize>(createSimple),
];

/** Copies a name into the request, cut to IFNAMSIZ. */
export function requestName(request: CloneRequest, name: usize): void {
  memory.fill(request.name, 0, 32);
  append(request.name, IfLimit.NAMSIZ, 0, name);
}

/**
 * Makes an interface by the request's name.
 * @returns EEXIST name or unit in use; EINVAL unit, vid; ENOSPC unit; ENXIO, EPROTONOSUPPORT, EEXIST of a vlan; ENOMEM
 */
export function cloneInterface(cloner: Cloner, request: CloneRequest): Errno {
  if (findByName(request.name) != null) return Errno.EEXIST;
  return changetype<Create>(CREATE[cloner.kind - 1])(cloner, request);
}

/** Takes the unit that the name asks for, and completes the name (ifc_handle_unit). */
function handleUnit(cloner: Cloner, request: CloneRequest): Errno {
  const wanted = unitInName(request.name);
  if (wanted == UNIT_BAD) return Errno.EINVAL;
  const error = takeUnit(cloner, wanted);
  if (error != Errno.OK) return error;
  request.unit = unitTaken();
  if (wanted == UNIT_ANY) writeName(request.name, cloner, request.unit);
  return Errno.OK;
}

function createSimple(cloner: Cloner, request: CloneRequest): Errno {
  const error = handleUnit(cloner, request);
  if (error != Errno.OK) return error;
  const ifp = makeClone(cloner, request.name, request.unit);
  if (ifp == null) {
    freeUnit(cloner, request.unit);
    return Errno.ENOMEM;
  }
  arrive(ifp, cloner);
  request.made = changetype<usize>(ifp);
  return Errno.OK;
}

/** A record with everything that the table says; on no list yet. Null without memory. */
function makeClone(cloner: Cloner, name: usize, unit: i32): Interface | null {
  const ifp = makeInterface(name);
  if (ifp == null) return null;
  writeName(ifp.driver, cloner, UNIT_ANY);
  ifp.type = cloner.type;
  ifp.flags = cloner.flags;
  ifp.mtu = cloner.mtu;
  ifp.media = <u8>cloner.media;
  ifp.capabilities = cloner.capabilities;
  ifp.enabledCapabilities = cloner.enabledCapabilities;
  ifp.cloner = cloner.number;
  ifp.unit = unit;
  ifp.home = ownVnet();
  ifp.isTunnel = cloner.kind == Kind.GIF || cloner.kind == Kind.GRE;
  if (cloner.lladdr == Lladdr.NONE) return ifp;
  ifp.lladdrBytes = ETHER_LLADDR;
  generateLladdr(ifp, cloner.lladdr);
  ifp.originalLladdr = ifp.lladdr;
  return ifp;
}

/** FreeBSD hashes the host's identity with the name or the index; here the index, unique over all vnets, is enough. */
function generateLladdr(ifp: Interface, rule: u32): void {
  const at = ifp.lladdrPointer;
  const hash = finish(mix(mix(0, ifp.index), rule));
  if (rule == Lladdr.GENERATED) {
    store<u8>(at, 0x58);
    store<u8>(at, 0x9c, 1);
    store<u8>(at, 0xfc, 2);
    // The range that FreeBSD generates addresses in (net/ieee_oui.h).
    store<u8>(at, <u8>(hash & 0x10), 3);
    store<u16>(at, <u16>(hash >> 16), 4);
  } else if (rule == Lladdr.PAIR) {
    store<u8>(at, 0x02);
    store<u32>(at, hash, 1);
    store<u8>(at, 0x0a, 5);
  }
}

/**
 * The interface is there, and is told of; what the driver does after that is told of by the next event. Who has a link-layer
 * address is Ethernet till then (ether_ifattach).
 */
function arrive(ifp: Interface, cloner: Cloner): void {
  const isEarly = (cloner.runs & Runs.CREATED) != 0 && cloner.lladdr == Lladdr.NONE;
  if (isEarly) ifp.driverFlags |= IFF.RUNNING;
  linkInterface(ifp);
  if (cloner.lladdr != Lladdr.NONE) ifp.type = IFT.ETHER;
  announce(ifp);
  ifp.type = cloner.type;
  if ((cloner.runs & Runs.CREATED) != 0) ifp.driverFlags |= IFF.RUNNING;
}

/**
 * Hardware, or lo, as found at boot: an Ethernet interface with media, or the unit of the loopback cloner that its name
 * says. Its link-layer address is made from its index. On no list yet; null without memory.
 * @param isPointToPoint - it has a peer, and no link-layer address
 */
export function attachHardware(name: usize, isPointToPoint: bool): Interface | null {
  const cloner = clonerMatching(name);
  if (cloner != null && cloner.type == IFT.LOOP && cloner.number == LO) return attachLoopback(cloner, name);
  const ifp = makeInterface(name);
  if (ifp == null) return null;
  setDriverByName(ifp);
  ifp.home = ownVnet();
  if (isPointToPoint) {
    ifp.type = IFT.GIF;
    ifp.flags = IFF.POINTOPOINT | IFF.MULTICAST;
    ifp.mtu = GIF_MTU;
    return ifp;
  }
  ifp.type = IFT.ETHER;
  ifp.flags = IFF.BROADCAST | IFF.SIMPLEX | IFF.MULTICAST;
  ifp.mtu = ETHER_MTU;
  ifp.lladdrBytes = ETHER_LLADDR;
  ifp.lladdr = 0x02 | (<u64>(ifp.index >> 8) << 32) | (<u64>(ifp.index & 0xff) << 40);
  ifp.originalLladdr = ifp.lladdr;
  ifp.linkState = LINK_STATE.UP;
  ifp.media = <u8>Media.ACTIVE;
  ifp.capabilities = (1 << IFCAP.VLAN_MTU) | (1 << IFCAP.LINKSTATE);
  ifp.enabledCapabilities = ifp.capabilities;
  return ifp;
}

function attachLoopback(cloner: Cloner, name: usize): Interface | null {
  const unit = unitInName(name);
  if (unit < 0 || takeUnit(cloner, unit) != Errno.OK) return null;
  const ifp = makeClone(cloner, name, unit);
  if (ifp == null) freeUnit(cloner, unit);
  return ifp;
}

/** Two interfaces, a and b, joined (epair_clone_create). */
function createPair(cloner: Cloner, request: CloneRequest): Errno {
  const error = handleUnit(cloner, request);
  if (error != Errno.OK) return error;
  let end = request.name;
  while (load<u8>(end) != 0) end++;
  const made = makePair(cloner, request, end);
  if (made != Errno.OK) {
    freeUnit(cloner, request.unit);
    return made;
  }
  const first = changetype<Interface>(request.made);
  const second = changetype<Interface>(changetype<usize>(findByIndex(first.peerIndex)));
  linkInterface(first);
  announce(first);
  linkInterface(second);
  announce(second);
  first.driverFlags |= IFF.RUNNING;
  second.driverFlags |= IFF.RUNNING;
  changeLinkState(first, LINK_STATE.UP, first.media);
  changeLinkState(second, LINK_STATE.UP, second.media);
  return Errno.OK;
}

/** Both halves, on no list yet. @param end - where the letter goes in the name */
function makePair(cloner: Cloner, request: CloneRequest, end: usize): Errno {
  if (<u32>(end - request.name) > <u32>(IfLimit.NAMSIZ - 2)) return Errno.ENOSPC;
  store<u8>(end, 0x62);
  if (findByName(request.name) != null) return Errno.EEXIST;
  store<u8>(end, 0x61);
  if (findByName(request.name) != null) return Errno.EEXIST;
  const first = makeClone(cloner, request.name, request.unit);
  if (first == null) return Errno.ENOMEM;
  store<u8>(end, 0x62);
  const second = makeClone(cloner, request.name, request.unit);
  store<u8>(end, 0x61);
  if (second == null) {
    discardInterface(first);
    return Errno.ENOMEM;
  }
  first.peerIndex = second.index;
  second.peerIndex = first.index;
  second.lladdr = first.lladdr;
  store<u8>(second.lladdrPointer, 0x0b, 5);
  second.originalLladdr = second.lladdr;
  request.made = changetype<usize>(first);
  return Errno.OK;
}

/**
 * vlanN, with or without a parent, or PARENT.VID, where the parent and the vid of the name count (vlan_clone_create).
 * When the parent refuses, the interface goes again, and both is told.
 */
function createVlan(cloner: Cloner, request: CloneRequest): Errno {
  let hasUnit = true;
  let error: Errno = Errno.OK;
  if (unitInName(request.name) == UNIT_BAD) {
    const parent = parentInName(request.name);
    if (parent == 0) return Errno.ENXIO;
    if (request.parent != 0 && request.parent != parent) return Errno.EINVAL;
    request.parent = parent;
    request.vid = vidInName(request.name);
    request.unit = -1;
    hasUnit = false;
  } else {
    error = handleUnit(cloner, request);
    if (error != Errno.OK) return error;
  }
  const ifp = makeClone(cloner, request.name, request.unit);
  if (ifp == null) {
    if (hasUnit) freeUnit(cloner, request.unit);
    return Errno.ENOMEM;
  }
  arrive(ifp, cloner);
  const parent = changetype<Interface | null>(request.parent);
  if (parent != null) error = joinParent(ifp, parent, request.vid, request.protocol);
  if (error != Errno.OK) {
    // It has no addresses: nothing to stage.
    ifp.flags |= IFF.DYING;
    depart(ifp);
    forget(ifp);
    return error;
  }
  request.made = changetype<usize>(ifp);
  return Errno.OK;
}

/** Attaches a vlan to a parent, which then holds what the vlan has. @returns as attachVlan */
export function joinParent(ifp: Interface, parent: Interface, vid: u32, protocol: u32): Errno {
  const error = attachVlan(ifp, parent, vid, protocol);
  if (error != Errno.OK) return error;
  holdOnParent(ifp, IFF.PROMISC, true);
  holdOnParent(ifp, IFF.ALLMULTI, true);
  return Errno.OK;
}

/** Takes a vlan from its parent. */
export function leaveParent(ifp: Interface): void {
  if (ifp.parentIndex == 0) return;
  holdOnParent(ifp, IFF.PROMISC, false);
  holdOnParent(ifp, IFF.ALLMULTI, false);
  detachVlan(ifp);
}

/** Gives everything back that an interface had. */
export function forget(ifp: Interface): void {
  giveUnit(ifp);
  freeIndex(ifp.index);
  freeInterface(ifp);
}

export function giveUnit(ifp: Interface): void {
  if (ifp.cloner != 0 && ifp.unit >= 0) freeUnit(clonerAt(ifp.cloner), ifp.unit);
  ifp.unit = -1;
}
