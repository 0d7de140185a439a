// The routes that an address brings and takes with it (netinet/in.c, netinet6/in6.c; rtnetlink C.7). Nobody is told of them
// on netlink (E.7.3).
//   addRoutes      both, or neither; then keepRoutes, or undoRoutes
//   stageRemoval   takes all that removing them may need; then removeRoutes cannot fail; unstage in any case
// What an added route displaced is held until it is kept or undone, so that undoing takes no memory.

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { addressBits, maskHigh, maskLow } from "./address";
import { IfAddress, addressEqualElsewhere, addressOfSameNetwork } from "./ifaddr";
import { Interface, loopbackInterface } from "./ifnet";
import { NHF, clearDraft, draft } from "./nexthop";
import { headOf, holdPayload, nexthopOf, payloadOfDraft, releasePayload } from "./payload";
import { completeDraft } from "./resolve";
import { Rib, entryPayload, findRoute, ribOf } from "./rib";
import { keepAside } from "./ribwalk";
import { RouteFilter, RouteOp, change, finishChange, routeAdd, routeDelete } from "./routectl";

/** Which of an address's two routes. */
const enum Own {
  /** Of its network or peer; of itself where it has no network. */
  NETWORK = 0,
  HOST = 1,
}

/** The place of a route: set by locate. */
@unmanaged
class Place {
  high: u64;
  low: u64;
  bits: u32;
}

const place = changetype<Place>(memory.data(offsetof<Place>(), 16));
const filter = changetype<RouteFilter>(memory.data(offsetof<RouteFilter>(), 16));
/** The kernel's own routes replace what is there. */
const OWN: u32 = RouteOp.CREATE | RouteOp.REPLACE | RouteOp.FORCE;

function interfaceOf(address: IfAddress): Interface {
  return changetype<Interface>(address.ifp);
}

function ribFor(address: IfAddress): Rib {
  return changetype<Rib>(changetype<usize>(ribOf(interfaceOf(address).fib, address.family)));
}

/** An IPv4 host address, and any on a loopback interface, is its own network route (rtnetlink C.7, Z.4). */
export function isHostOnly(address: IfAddress): bool {
  if (address.family != AF.INET || address.hasPeer) return false;
  return address.prefixLength == addressBits(AF.INET) || interfaceOf(address).isLoopback;
}

/** The address that takes over the network's route when this one goes, or null. */
export function heirOf(address: IfAddress): IfAddress | null {
  return address.hasPeer || isHostOnly(address) ? null : addressOfSameNetwork(address);
}

/** Puts `place` where the address's route is or belongs. */
function locate(address: IfAddress, own: Own): void {
  const all = addressBits(address.family);
  const isNetwork = own == Own.NETWORK && !address.hasPeer && !isHostOnly(address);
  const isPeer = own == Own.NETWORK && address.hasPeer;
  place.bits = isNetwork ? address.prefixLength : all;
  place.high = (isPeer ? address.peerHigh : address.high) & maskHigh(place.bits);
  place.low = (isPeer ? address.peerLow : address.low) & maskLow(place.bits);
}

/** The payload of one of the address's routes, held by the caller; 0 without memory. `place` is set. */
function payloadOf(address: IfAddress, own: Own): u32 {
  const ifp = interfaceOf(address);
  const isToItself = own == Own.HOST || isHostOnly(address);
  locate(address, own);
  clearDraft(ifp.fib, address.family);
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

/** Whether the address has a route of this kind at all. */
function needs(address: IfAddress, own: Own): bool {
  // A vnet without lo0 has nowhere to lead its own addresses to.
  const hasLoopback = interfaceOf(address).isLoopback || loopbackInterface() != null;
  if (own == Own.HOST) {
    if (isHostOnly(address) || !hasLoopback) return false;
    return !address.hasPeer || address.peerHigh != address.high || address.peerLow != address.low;
  }
  if (isHostOnly(address)) return hasLoopback;
  return address.hasPeer || address.prefixLength != addressBits(address.family);
}

/** ENOMEM, and then neither route is there. */
export function addRoutes(address: IfAddress): Errno {
  const other = heirOf(address);
  if (needs(address, Own.NETWORK) && (other == null || !other.hasPrefixRoute)) {
    const error = addRoute(address, Own.NETWORK);
    if (error != Errno.OK) return error;
    address.hasPrefixRoute = true;
  }
  if (!needs(address, Own.HOST)) return Errno.OK;
  const error = addRoute(address, Own.HOST);
  if (error != Errno.OK) undoRoutes(address);
  return error;
}

function addRoute(address: IfAddress, own: Own): Errno {
  const rib = ribFor(address);
  const payload = payloadOf(address, own);
  if (payload == 0) return Errno.ENOMEM;
  const error = routeAdd(rib, place.high, place.low, place.bits, payload, OWN);
  if (error == Errno.OK) {
    const displaced = change.oldPayload;
    if (displaced != 0) holdPayload(rib, displaced);
    if (own == Own.NETWORK) {
      address.addedNetwork = true;
      address.displacedNetwork = displaced;
    } else {
      address.addedHost = true;
      address.displacedHost = displaced;
    }
  }
  finishChange();
  releasePayload(rib, payload);
  return error;
}

/** Whether addRoutes added something that is neither kept nor undone. */
export function hasNewRoutes(address: IfAddress): bool {
  return address.addedNetwork || address.addedHost;
}

/** Lets go of what the address's new routes displaced. */
export function keepRoutes(address: IfAddress): void {
  const rib = ribFor(address);
  if (address.displacedNetwork != 0) releasePayload(rib, address.displacedNetwork);
  if (address.displacedHost != 0) releasePayload(rib, address.displacedHost);
  forgetNew(address);
}

/** Takes the new routes away again and puts back what they displaced. */
export function undoRoutes(address: IfAddress): void {
  if (address.addedNetwork) {
    undoRoute(address, Own.NETWORK, address.displacedNetwork);
    address.hasPrefixRoute = false;
  }
  if (address.addedHost) undoRoute(address, Own.HOST, address.displacedHost);
  forgetNew(address);
}

function undoRoute(address: IfAddress, own: Own, displaced: u32): void {
  locate(address, own);
  if (displaced == 0) removeHere(ribFor(address));
  else replaceHere(ribFor(address), displaced);
  if (displaced != 0) releasePayload(ribFor(address), displaced);
}

function forgetNew(address: IfAddress): void {
  address.addedNetwork = false;
  address.addedHost = false;
  address.displacedNetwork = 0;
  address.displacedHost = 0;
}

/** Removes the route at `place`. What walks keep of it was staged, or it is younger than they. */
function removeHere(rib: Rib): void {
  memory.fill(changetype<usize>(filter), 0, offsetof<RouteFilter>());
  filter.includesPinned = true;
  const error = routeDelete(rib, place.high, place.low, place.bits, filter);
  assert(error == Errno.OK, "a staged removal cannot fail");
  finishChange();
}

/** Replaces the route at `place`, likewise. */
function replaceHere(rib: Rib, payload: u32): void {
  const error = routeAdd(rib, place.high, place.low, place.bits, payload, OWN);
  assert(error == Errno.OK, "a staged replacement cannot fail");
  finishChange();
}

/**
 * Takes what removing the address's routes may need: the payloads of those who take them over, and the old states for
 * walks. Without memory false, and nothing is staged.
 */
export function stageRemoval(address: IfAddress): bool {
  const heir = heirOf(address);
  const equal = addressEqualElsewhere(address);
  if (heir != null) address.stagedHeir = payloadOf(heir, Own.NETWORK);
  if (equal != null) address.stagedEqual = payloadOf(equal, isHostOnly(equal) ? Own.NETWORK : Own.HOST);
  const isComplete = (heir == null || address.stagedHeir != 0) && (equal == null || address.stagedEqual != 0);
  if (isComplete && stageRoute(address, Own.NETWORK) && stageRoute(address, Own.HOST)) return true;
  unstage(address);
  return false;
}

function stageRoute(address: IfAddress, own: Own): bool {
  const rib = ribFor(address);
  if (rib.walks == 0) return true;
  locate(address, own);
  const entry = findRoute(rib, place.high, place.low, place.bits);
  return entry == 0 || keepAside(rib, place.high, place.low, place.bits, entryPayload(rib, entry));
}

/** Lets go of what stageRemoval took. */
export function unstage(address: IfAddress): void {
  const rib = ribFor(address);
  if (address.stagedHeir != 0) releasePayload(rib, address.stagedHeir);
  if (address.stagedEqual != 0) releasePayload(rib, address.stagedEqual);
  address.stagedHeir = 0;
  address.stagedEqual = 0;
}

/** Removes the address's routes; the network's goes over to its heir, the host route to another interface's equal address. */
export function removeRoutes(address: IfAddress): void {
  removeNetworkRoute(address);
  const equal = addressEqualElsewhere(address);
  if (!owns(address, Own.HOST)) return;
  if (equal == null) {
    removeHere(ribFor(address));
    return;
  }
  replaceHere(ribFor(address), address.stagedEqual);
  if (isHostOnly(equal)) equal.hasPrefixRoute = true;
}

/** Removes the route of the address's network, or hands it over. */
export function removeNetworkRoute(address: IfAddress): void {
  if (!address.hasPrefixRoute) return;
  address.hasPrefixRoute = false;
  if (!owns(address, Own.NETWORK)) return;
  const heir = heirOf(address);
  const equal = isHostOnly(address) ? addressEqualElsewhere(address) : null;
  if (heir != null) {
    replaceHere(ribFor(address), address.stagedHeir);
    heir.hasPrefixRoute = true;
  } else if (equal != null) {
    replaceHere(ribFor(address), address.stagedEqual);
    if (isHostOnly(equal)) equal.hasPrefixRoute = true;
  } else {
    removeHere(ribFor(address));
  }
}

/** Whether the route at the place, which is set, is the address's own. */
function owns(address: IfAddress, own: Own): bool {
  const rib = ribFor(address);
  locate(address, own);
  const entry = findRoute(rib, place.high, place.low, place.bits);
  if (entry == 0 || headOf(rib, entryPayload(rib, entry)).isGroup) return false;
  return nexthopOf(rib, entryPayload(rib, entry)).source == changetype<usize>(address);
}
