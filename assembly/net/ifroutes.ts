// The routes that an address brings and takes with it (netinet/in.c, netinet6/in6.c, net/route/route_ifaddrs.c; rtnetlink
// C.7): its own, and of IPv4 its network's, of IPv6 its peer's (the network's is the prefix's: prefixroute.ts). Nobody is
// told of them on netlink (E.7.3); routing sockets hear of the network's, not of its own (rtsock G.5.2).
//   openNetworks   before an address is used; closeNetworks before it is freed
//   addRoutes      both, or neither; then keepRoutes, or undoRoutes
//   stageRemoval   takes all that removing them may need; then removeRoutes cannot fail; unstage in any case
//   handElsewhere  first, where all addresses of an interface go
// What an added route displaced is held until it is kept or undone, so that undoing takes no memory. With
// net.add_addr_allfibs the network's route is in every fib; the own address's always in the interface's alone.

import { Errno } from "../abi/errno";
import { RTF } from "../abi/rtnetlink";
import { allocateBlock, giveBlock, orderOf } from "../mem/block";
import { addressBits } from "./address";
import { onRoute } from "./hooks";
import { IfAddress, NetworkRoute, addressEqualElsewhere } from "./ifaddr";
import { Interface, loopbackInterface } from "./ifnet";
import { Own, Place, heirOf, isHostOnly, isNetworkRouted, locate, needs } from "./ifnetwork";
import { NHF, clearDraft, draft } from "./nexthop";
import { headOf, holdPayload, nexthopOf, payloadOfDraft, releasePayload } from "./payload";
import { completeDraft } from "./resolve";
import { Rib, entryPayload, fibCount, findRoute, ribOf } from "./rib";
import { tellAdded, tellRemoved, tellReplaced } from "./ownroute";
import { keepAside } from "./ribwalk";
import { RouteFilter, RouteOp, change, finishChange, routeAdd, routeDelete } from "./routectl";
import { settings } from "./settings";

/** Where the route at hand is or belongs. */
const place = changetype<Place>(memory.data(offsetof<Place>(), 16));
const filter = changetype<RouteFilter>(memory.data(offsetof<RouteFilter>(), 16));
/** The kernel's own routes replace what is there. */
const OWN: u32 = RouteOp.CREATE | RouteOp.REPLACE | RouteOp.FORCE;

function interfaceOf(address: IfAddress): Interface {
  return changetype<Interface>(address.ifp);
}

function ribAt(address: IfAddress, fib: u32): Rib {
  return changetype<Rib>(changetype<usize>(ribOf(fib, address.family)));
}

/** The rib of the own address's route. */
function homeOf(address: IfAddress): Rib {
  return ribAt(address, interfaceOf(address).fib);
}

/** The fib of the n-th of the routes of the address's network. */
function fibOf(address: IfAddress, n: u32): u32 {
  return address.fibs == 1 ? interfaceOf(address).fib : n;
}

function networkOf(address: IfAddress, n: u32): NetworkRoute {
  return changetype<NetworkRoute>(address.networks + n * offsetof<NetworkRoute>());
}

/** Decides the fibs of the network's route, and takes what keeps account of them; false without memory. */
export function openNetworks(address: IfAddress): bool {
  address.fibs = settings.addAddrAllFibs != 0 ? fibCount() : 1;
  address.networks = address.ownNetwork;
  if (address.fibs == 1) return true;
  const bytes = address.fibs * offsetof<NetworkRoute>();
  const block = allocateBlock(orderOf(bytes));
  if (block == 0) return false;
  memory.fill(block, 0, bytes);
  address.networks = block;
  return true;
}

export function closeNetworks(address: IfAddress): void {
  if (address.networks == 0 || address.networks == address.ownNetwork) return;
  giveBlock(address.networks, orderOf(address.fibs * offsetof<NetworkRoute>()));
  address.networks = address.ownNetwork;
}

/** The payload of one of the address's routes in a fib, held by the caller; 0 without memory. `place` is set. */
function payloadOf(address: IfAddress, own: Own, fib: u32): u32 {
  const ifp = interfaceOf(address);
  const isToItself = own == Own.HOST || isHostOnly(address);
  locate(place, address, own);
  clearDraft(fib, address.family);
  draft.ifp = changetype<usize>(isToItself && !ifp.isLoopback ? loopbackInterface() : ifp);
  draft.source = changetype<usize>(address);
  // The own address's route is STATIC as well, unless it is the network's (rtnetlink C.7).
  draft.rtFlags = isToItself && !isHostOnly(address) ? RTF.STATIC | RTF.PINNED : RTF.PINNED;
  if (place.bits == addressBits(address.family)) {
    draft.flags = NHF.HOST;
    draft.rtFlags |= RTF.HOST;
  }
  completeDraft(place.high, place.low);
  return payloadOfDraft(1);
}

/** ENOMEM, and then neither route is there. */
export function addRoutes(address: IfAddress): Errno {
  let error: Errno = Errno.OK;
  const isRouted = address.hasPrefixRoute || isNetworkRouted(address, null);
  if (needs(address, Own.NETWORK) && !isRouted) error = addNetworks(address);
  if (error == Errno.OK && needs(address, Own.HOST)) error = addHost(address);
  if (error != Errno.OK) undoRoutes(address);
  return error;
}

function addNetworks(address: IfAddress): Errno {
  for (let n: u32 = 0; n < address.fibs; n++) {
    const network = networkOf(address, n);
    const error = addRoute(address, Own.NETWORK, fibOf(address, n));
    if (error != Errno.OK) return error;
    network.isAdded = true;
    network.displaced = added.displaced;
  }
  address.hasPrefixRoute = true;
  return Errno.OK;
}

function addHost(address: IfAddress): Errno {
  const error = addRoute(address, Own.HOST, interfaceOf(address).fib);
  if (error != Errno.OK) return error;
  address.addedHost = true;
  address.displacedHost = added.displaced;
  return Errno.OK;
}

/** What addRoute displaced, held; 0 = nothing. */
const added = changetype<NetworkRoute>(memory.data(offsetof<NetworkRoute>(), 16));

function addRoute(address: IfAddress, own: Own, fib: u32): Errno {
  const rib = ribAt(address, fib);
  const payload = payloadOf(address, own, fib);
  if (payload == 0) return Errno.ENOMEM;
  const error = routeAdd(rib, place.high, place.low, place.bits, payload, OWN);
  added.displaced = error == Errno.OK ? change.oldPayload : 0;
  if (added.displaced != 0) holdPayload(rib, added.displaced);
  finishChange();
  releasePayload(rib, payload);
  return error;
}

/** Whether addRoutes added something that is neither kept nor undone. */
export function hasNewRoutes(address: IfAddress): bool {
  return address.addedHost || networkOf(address, 0).isAdded;
}

/** The address's new routes are there for good: tells of them, and lets go of what they displaced. */
export function keepRoutes(address: IfAddress): void {
  for (let n: u32 = 0; n < address.fibs; n++) {
    const network = networkOf(address, n);
    if (network.isAdded) {
      locate(place, address, Own.NETWORK);
      tellAdded(ribAt(address, fibOf(address, n)), place.high, place.low, place.bits, network.displaced);
    }
    if (network.displaced != 0) releasePayload(ribAt(address, fibOf(address, n)), network.displaced);
    network.displaced = 0;
    network.isAdded = false;
  }
  if (address.displacedHost != 0) releasePayload(homeOf(address), address.displacedHost);
  address.displacedHost = 0;
  address.addedHost = false;
}

/** Takes the new routes away again and puts back what they displaced. */
export function undoRoutes(address: IfAddress): void {
  for (let n: u32 = 0; n < address.fibs; n++) {
    const network = networkOf(address, n);
    if (!network.isAdded) continue;
    undoRoute(address, Own.NETWORK, ribAt(address, fibOf(address, n)), network.displaced);
    network.displaced = 0;
    network.isAdded = false;
    address.hasPrefixRoute = false;
  }
  if (address.addedHost) undoRoute(address, Own.HOST, homeOf(address), address.displacedHost);
  address.displacedHost = 0;
  address.addedHost = false;
}

function undoRoute(address: IfAddress, own: Own, rib: Rib, displaced: u32): void {
  locate(place, address, own);
  if (displaced == 0) {
    removeHere(rib, false);
  } else {
    replaceHere(rib, displaced, false);
    releasePayload(rib, displaced);
  }
}

/**
 * Removes the route at `place`. What walks keep of it was staged, or it is younger than they.
 * @param isTold - routing sockets hear of it
 */
function removeHere(rib: Rib, isTold: bool): void {
  memory.fill(changetype<usize>(filter), 0, offsetof<RouteFilter>());
  filter.includesPinned = true;
  const error = routeDelete(rib, place.high, place.low, place.bits, filter);
  assert(error == Errno.OK, "a staged removal cannot fail");
  if (isTold) onRoute(changetype<usize>(change));
  finishChange();
}

/** Replaces the route at `place`, likewise: for routing sockets the old one goes and the new one comes. */
function replaceHere(rib: Rib, payload: u32, isTold: bool): void {
  const error = routeAdd(rib, place.high, place.low, place.bits, payload, OWN);
  assert(error == Errno.OK, "a staged replacement cannot fail");
  if (isTold) tellReplaced();
  finishChange();
}

/**
 * Takes what removing the address's routes may need: the payloads of those who take them over, and the old states for
 * walks. Without memory false, and nothing is staged.
 */
export function stageRemoval(address: IfAddress): bool {
  const equal = addressEqualElsewhere(address);
  let isComplete = true;
  if (equal != null) {
    address.stagedEqual = payloadOf(equal, isHostOnly(equal) ? Own.NETWORK : Own.HOST, interfaceOf(equal).fib);
    isComplete = address.stagedEqual != 0;
  }
  address.isStaged = isComplete && stageNetworks(address) && stageRoute(homeOf(address), address, Own.HOST);
  if (!address.isStaged) unstage(address);
  return address.isStaged;
}

function stageNetworks(address: IfAddress): bool {
  if (!needs(address, Own.NETWORK)) return true;
  const heir = heirOf(address, 0);
  const elsewhere = heirOf(address, address.ifp);
  for (let n: u32 = 0; n < address.fibs; n++) {
    const fib = fibOf(address, n);
    if (!stageRoute(ribAt(address, fib), address, Own.NETWORK)) return false;
    const network = networkOf(address, n);
    if (heir != null && reaches(heir, fib)) {
      network.heir = payloadOf(heir, Own.NETWORK, fib);
      if (network.heir == 0) return false;
    }
    if (elsewhere != null && reaches(elsewhere, fib)) {
      network.heirElsewhere = payloadOf(elsewhere, Own.NETWORK, fib);
      if (network.heirElsewhere == 0) return false;
    }
  }
  return true;
}

/** Whether an address has its network's route in a fib, when it has it at all. */
function reaches(address: IfAddress, fib: u32): bool {
  return address.fibs != 1 || interfaceOf(address).fib == fib;
}

function stageRoute(rib: Rib, address: IfAddress, own: Own): bool {
  if (rib.walks == 0) return true;
  locate(place, address, own);
  const entry = findRoute(rib, place.high, place.low, place.bits);
  return entry == 0 || keepAside(rib, place.high, place.low, place.bits, entryPayload(rib, entry));
}

/** Lets go of what stageRemoval took. */
export function unstage(address: IfAddress): void {
  for (let n: u32 = 0; n < address.fibs; n++) {
    const network = networkOf(address, n);
    const rib = ribAt(address, fibOf(address, n));
    if (network.heir != 0) releasePayload(rib, network.heir);
    if (network.heirElsewhere != 0) releasePayload(rib, network.heirElsewhere);
    network.heir = 0;
    network.heirElsewhere = 0;
  }
  if (address.stagedEqual != 0) releasePayload(homeOf(address), address.stagedEqual);
  address.stagedEqual = 0;
  address.isStaged = false;
}

/**
 * Removes the address's routes; the network's goes over to its heir, the host route to another interface's equal address.
 * @param successor - the address that replaces it, if that is why it goes
 */
export function removeRoutes(address: IfAddress, successor: IfAddress | null): void {
  removeNetworkRoute(address, successor);
  const rib = homeOf(address);
  if (!owns(rib, address, Own.HOST)) return;
  if (address.stagedEqual == 0) removeHere(rib, false);
  else giveToEqual(rib, address, false);
}

/** Removes the route of the address's network, or hands it over; of a successor's keepRoutes will tell. */
export function removeNetworkRoute(address: IfAddress, successor: IfAddress | null): void {
  if (!address.hasPrefixRoute) return;
  address.hasPrefixRoute = false;
  const heir = heirOf(address, 0);
  // IFA_ROUTE passes on also where the route itself is elsewhere already.
  if (heir != null) heir.hasPrefixRoute = true;
  for (let n: u32 = 0; n < address.fibs; n++) {
    const rib = ribAt(address, fibOf(address, n));
    if (!owns(rib, address, Own.NETWORK)) continue;
    const payload = networkOf(address, n).heir;
    if (heir != null && payload != 0) {
      if (heir == successor) passOn(rib, heir, n);
      replaceHere(rib, payload, heir != successor);
    } else if (isHostOnly(address) && address.stagedEqual != 0 && rib == homeOf(address)) {
      giveToEqual(rib, address, true);
    } else {
      removeHere(rib, true);
    }
  }
}

/** The route at `place` goes, and is about to be a successor's, whose keepRoutes tells of it. */
function passOn(rib: Rib, successor: IfAddress, n: u32): void {
  tellRemoved(rib, place.high, place.low, place.bits, entryPayload(rib, findRoute(rib, place.high, place.low, place.bits)));
  if (n < successor.fibs) networkOf(successor, n).isAdded = true;
}

/**
 * Hands the route of the address's network to an address of another interface, before all addresses of its own go; the
 * address still counts as the one that has it, until it goes. After stageRemoval.
 */
export function handElsewhere(address: IfAddress): void {
  const heir = address.hasPrefixRoute ? heirOf(address, address.ifp) : null;
  if (heir == null) return;
  for (let n: u32 = 0; n < address.fibs; n++) {
    const rib = ribAt(address, fibOf(address, n));
    const payload = networkOf(address, n).heirElsewhere;
    if (payload == 0 || !owns(rib, address, Own.NETWORK)) continue;
    replaceHere(rib, payload, true);
    heir.hasPrefixRoute = true;
  }
}

/** The route at `place` becomes that of the equal address that was staged. */
function giveToEqual(rib: Rib, address: IfAddress, isTold: bool): void {
  const equal = addressEqualElsewhere(address);
  replaceHere(rib, address.stagedEqual, isTold);
  if (equal != null && isHostOnly(equal)) equal.hasPrefixRoute = true;
}

/** Whether the route is the address's own; `place` is set to it. */
function owns(rib: Rib, address: IfAddress, own: Own): bool {
  locate(place, address, own);
  const entry = findRoute(rib, place.high, place.low, place.bits);
  if (entry == 0 || headOf(rib, entryPayload(rib, entry)).isGroup) return false;
  return nexthopOf(rib, entryPayload(rib, entry)).source == changetype<usize>(address);
}

/**
 * Gives an IPv6 address another peer; the route moves to it (netinet6/in6.c, in6_notify_ifa).
 * @returns ENOMEM, and nothing has changed
 */
export function changePeer(address: IfAddress, high: u64, low: u64): Errno {
  const hadPeer = address.hasPeer;
  const oldHigh = address.peerHigh;
  const oldLow = address.peerLow;
  if (hadPeer && !stageNetworks(address)) return Errno.ENOMEM;
  setPeer(address, true, high, low);
  const error = addNetworks(address);
  if (error != Errno.OK) {
    undoRoutes(address);
    address.hasPrefixRoute = hadPeer;
    setPeer(address, hadPeer, oldHigh, oldLow);
    return error;
  }
  if (hadPeer) {
    setPeer(address, true, oldHigh, oldLow);
    for (let n: u32 = 0; n < address.fibs; n++) {
      const rib = ribAt(address, fibOf(address, n));
      if (owns(rib, address, Own.NETWORK)) removeHere(rib, true);
    }
    setPeer(address, true, high, low);
  }
  keepRoutes(address);
  return Errno.OK;
}

function setPeer(address: IfAddress, hasPeer: bool, high: u64, low: u64): void {
  address.hasPeer = hasPeer;
  address.peerHigh = high;
  address.peerLow = low;
}
