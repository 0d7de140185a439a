// The routes that addresses bring and take with them, and interfaces going up, down and away (netinet/in.c,
// netinet6/in6.c, net/if.c; rtnetlink C.7). Nobody is told of these routes on netlink (E.7.3).
//   addAddress, deleteAddress
//   bringUp, bringDown, departInterface

import { Errno } from "../abi/errno";
import { IFF, IN6_IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { addressBits, maskHigh, maskLow, withZone } from "./address";
import { uptimeSeconds } from "./clock";
import { AddressEvent, onAddress } from "./hooks";
import {
  IfAddress, addressEqualElsewhere, addressOfSameNetwork, allocateAddress, appendAddress, findAddress, freeAddress, removeAddress,
} from "./ifaddr";
import { Interface, detachInterface, loopbackInterface, setDown, setUp } from "./ifnet";
import { NHF, Nexthop, clearDraft, draft, payloadOfDraft, releasePayload } from "./nexthop";
import { completeDraft } from "./resolve";
import { Rib, RoutePayload, entryPayload, fibCount, findRoute, ribOf } from "./rib";
import { PayloadTest, RouteFilter, RouteOp, deleteMatching, finishChange, routeAdd, routeDelete } from "./routectl";

/** What an address to add is; a record of the caller. Lifetimes 0xffffffff = for ever. */
@unmanaged
export class AddressRequest {
  family: u32;
  prefixLength: u32;
  high: u64;
  low: u64;
  hasPeer: bool;
  peerHigh: u64;
  peerLow: u64;
  /** Upper half of a high word; used if hasBroadcast, else computed. */
  broadcast: u64;
  hasBroadcast: bool;
  flags: u32;
  preferredSeconds: u32;
  validSeconds: u32;
}

const filter = changetype<RouteFilter>(memory.data(offsetof<RouteFilter>(), 16));

/**
 * Gives an interface an address and the table its routes. An IPv4 address that the interface has is deleted and added
 * again, at the end of the list (rtnetlink C.4.4); an IPv6 one gets the new lifetimes and flags (C.5.4).
 * @returns EINVAL prefix length beyond the family's, 0 for IPv6, or another one for an IPv6 address that is there; ENOMEM
 */
export function addAddress(ifp: Interface, request: AddressRequest): Errno {
  const family = request.family;
  if (request.prefixLength > addressBits(family)) return Errno.EINVAL;
  if (request.prefixLength == 0 && family == AF.INET6) return Errno.EINVAL;
  const high = withZone(family, request.high, ifp.index);
  const present = findAddress(ifp, family, high, request.low);
  if (present != null && family == AF.INET6) return updateAddress(present, request);
  const record = allocateAddress();
  if (record == 0) return Errno.ENOMEM;
  if (present != null) {
    const error = deleteAddress(ifp, present);
    if (error != Errno.OK) {
      freeAddress(changetype<IfAddress>(record));
      return error;
    }
  }
  const address = changetype<IfAddress>(record);
  address.family = family;
  address.prefixLength = request.prefixLength;
  address.high = high;
  address.low = request.low;
  address.hasPeer = request.hasPeer;
  address.peerHigh = withZone(family, request.peerHigh, ifp.index);
  address.peerLow = request.peerLow;
  address.flags = request.flags;
  address.preferredSeconds = request.preferredSeconds;
  address.validSeconds = request.validSeconds;
  address.createdSeconds = uptimeSeconds();
  address.updatedSeconds = address.createdSeconds;
  if (family == AF.INET && !ifp.isLoopback && !ifp.isPointToPoint) address.broadcast = broadcastOf(request);
  appendAddress(ifp, address);
  const error = addRoutes(ifp, address);
  if (error != Errno.OK) {
    removeRoutes(ifp, address, null);
    removeAddress(address);
    freeAddress(address);
    return error;
  }
  onAddress(record, AddressEvent.NEW);
  // The driver sets IFF_UP when it accepts an address (ether_ioctl, loioctl); then the interface comes up (C.3.3).
  return ifp.isUp ? Errno.OK : bringUp(ifp);
}

function updateAddress(address: IfAddress, request: AddressRequest): Errno {
  if (address.prefixLength != request.prefixLength) return Errno.EINVAL;
  address.flags = request.flags | (address.flags & IN6_IFF.TENTATIVE);
  address.preferredSeconds = request.preferredSeconds;
  address.validSeconds = request.validSeconds;
  address.updatedSeconds = uptimeSeconds();
  onAddress(changetype<usize>(address), AddressEvent.NEW);
  return Errno.OK;
}

/** rtnetlink C.4.2: given, or the last address of the network; of a /31 the limited broadcast. */
function broadcastOf(request: AddressRequest): u64 {
  if (request.hasBroadcast) return request.broadcast;
  if (request.prefixLength == 31) return 0xffffffff00000000;
  return (request.high | ~maskHigh(request.prefixLength)) & 0xffffffff00000000;
}

/**
 * Takes an address from an interface, with its routes and, for IPv4, those whose source it is. Where another address takes
 * over an IPv4 network's route, nobody is told (netinet/in.c, in_scrubprefix; rtnetlink C.6, Z.3).
 */
export function deleteAddress(ifp: Interface, address: IfAddress): Errno {
  const heir = heirOf(ifp, address);
  const error = removeRoutes(ifp, address, heir);
  if (error != Errno.OK) return error;
  const isInet = address.family == AF.INET;
  if (isInet && !sweepFamily(AF.INET, usesSource, changetype<usize>(address))) return Errno.ENOMEM;
  if (!isInet || heir == null) onAddress(changetype<usize>(address), AddressEvent.DELETED);
  removeAddress(address);
  freeAddress(address);
  return Errno.OK;
}

/** An IPv4 host address, and any on a loopback interface, is its own prefix route (rtnetlink C.7, Z.4). */
function isHostOnly(ifp: Interface, address: IfAddress): bool {
  return address.family == AF.INET && !address.hasPeer && (address.prefixLength == addressBits(AF.INET) || ifp.isLoopback);
}

/** The address that takes over the network's route when this one goes, or null. */
function heirOf(ifp: Interface, address: IfAddress): IfAddress | null {
  if (!address.hasPrefixRoute || address.hasPeer || isHostOnly(ifp, address)) return null;
  return addressOfSameNetwork(address);
}

/** The host route of the address and the route of its network or peer. */
function addRoutes(ifp: Interface, address: IfAddress): Errno {
  const bits = addressBits(address.family);
  if (address.hasPeer) {
    const error = addRoute(ifp, address, address.peerHigh, address.peerLow, bits, ifp, RTF.PINNED);
    if (error != Errno.OK) return error;
    address.hasPrefixRoute = true;
    if (address.peerHigh == address.high && address.peerLow == address.low) return Errno.OK;
  } else if (!isHostOnly(ifp, address) && address.prefixLength != bits) {
    const error = addPrefixRoute(ifp, address);
    if (error != Errno.OK) return error;
  }
  return addHostRoute(ifp, address);
}

/** The route of an address's network, unless another address of the network brought it. */
function addPrefixRoute(ifp: Interface, address: IfAddress): Errno {
  const other = addressOfSameNetwork(address);
  if (other != null && other.hasPrefixRoute) return Errno.OK;
  const error = addRoute(ifp, address, address.high, address.low, address.prefixLength, ifp, RTF.PINNED);
  if (error == Errno.OK) address.hasPrefixRoute = true;
  return error;
}

/** The route to the address itself: by way of lo0, or of the loopback interface that has it. */
function addHostRoute(ifp: Interface, address: IfAddress): Errno {
  const via = ifp.isLoopback ? ifp : loopbackInterface();
  // A vnet without lo0 has nowhere to lead its own addresses to.
  if (via == null) return Errno.OK;
  const isOwnPrefix = isHostOnly(ifp, address);
  const rtFlags: u32 = isOwnPrefix ? RTF.PINNED : RTF.STATIC | RTF.PINNED;
  const error = addRoute(ifp, address, address.high, address.low, addressBits(address.family), via, rtFlags);
  if (error == Errno.OK && isOwnPrefix) address.hasPrefixRoute = true;
  return error;
}

/** A route without gateway by way of an interface, with the address as its source. */
function addRoute(ifp: Interface, address: IfAddress, high: u64, low: u64, bits: u32, via: Interface, rtFlags: u32): Errno {
  const rib = ribOf(ifp.fib, address.family);
  if (rib == null) return Errno.EAFNOSUPPORT;
  clearDraft(ifp.fib, address.family);
  draft.ifp = changetype<usize>(via);
  draft.source = changetype<usize>(address);
  draft.rtFlags = rtFlags;
  if (bits == addressBits(address.family)) {
    draft.flags = NHF.HOST;
    draft.rtFlags |= RTF.HOST;
  }
  const incomplete = completeDraft(high, low);
  if (incomplete != Errno.OK) return incomplete;
  const payload = payloadOfDraft(1);
  if (payload == 0) return Errno.ENOMEM;
  const error = routeAdd(rib, high, low, bits, payload, RouteOp.CREATE | RouteOp.REPLACE | RouteOp.FORCE);
  finishChange();
  releasePayload(rib, payload);
  return error;
}

/** Removes an address's routes; the network's goes over to the heir, the host route to another interface's equal address. */
function removeRoutes(ifp: Interface, address: IfAddress, heir: IfAddress | null): Errno {
  const rib = ribOf(ifp.fib, address.family);
  if (rib == null) return Errno.OK;
  const error = removePrefixRoute(rib, ifp, address, heir);
  if (error != Errno.OK) return error;
  const hostError = removeOwnRoute(rib, address, address.high, address.low, addressBits(address.family));
  if (hostError != Errno.OK) return hostError;
  const equal = addressEqualElsewhere(address);
  return equal == null ? Errno.OK : addHostRoute(changetype<Interface>(equal.ifp), equal);
}

/** Removes the route of the address's network, peer, or of itself where that is the same. */
function removePrefixRoute(rib: Rib, ifp: Interface, address: IfAddress, heir: IfAddress | null): Errno {
  if (!address.hasPrefixRoute) return Errno.OK;
  const bits = address.hasPeer || isHostOnly(ifp, address) ? addressBits(address.family) : address.prefixLength;
  const high = address.hasPeer ? address.peerHigh : address.high;
  const low = address.hasPeer ? address.peerLow : address.low;
  const error = removeOwnRoute(rib, address, high & maskHigh(bits), low & maskLow(bits), bits);
  if (error != Errno.OK) return error;
  address.hasPrefixRoute = false;
  return heir == null ? Errno.OK : addPrefixRoute(changetype<Interface>(heir.ifp), heir);
}

/** Removes a route if the address is its source; another address may own it. */
function removeOwnRoute(rib: Rib, address: IfAddress, high: u64, low: u64, bits: u32): Errno {
  const payload = routePayloadOf(rib, high, low, bits);
  if (payload == 0 || changetype<Nexthop>(rib.payload(payload).nexthop).source != changetype<usize>(address)) return Errno.OK;
  memory.fill(changetype<usize>(filter), 0, offsetof<RouteFilter>());
  filter.includesPinned = true;
  const error = routeDelete(rib, high, low, bits, filter);
  finishChange();
  return error == Errno.ESRCH ? Errno.OK : error;
}

function routePayloadOf(rib: Rib, high: u64, low: u64, bits: u32): u32 {
  const entry = findRoute(rib, high, low, bits);
  return entry == 0 ? 0 : entryPayload(rib, entry);
}

function usesSource(payload: RoutePayload, address: usize): bool {
  return changetype<Nexthop>(payload.nexthop).source == address;
}

/** Routes with the address as source that nobody made to stay. */
function usesSourceInPassing(payload: RoutePayload, address: usize): bool {
  return usesSource(payload, address) && (changetype<Nexthop>(payload.nexthop).rtFlags & RTF.STATIC) == 0;
}

function usesInterface(payload: RoutePayload, ifp: usize): bool {
  return changetype<Nexthop>(payload.nexthop).ifp == ifp;
}

/** Removes routes of all fibs in silence; false when memory ran out before the end. */
function sweepFamily(family: u32, test: PayloadTest, argument: usize): bool {
  for (let fib: u32 = 0; fib < fibCount(); fib++) {
    if (!deleteMatching(changetype<Rib>(changetype<usize>(ribOf(fib, family))), test, argument)) return false;
  }
  return true;
}

/** IFNET_EVENT_UP: IPv4 addresses without their prefix route get it back (rtnetlink C.6.5). */
export function bringUp(ifp: Interface): Errno {
  setUp(ifp);
  for (let entry = ifp.addresses; entry != 0; entry = changetype<IfAddress>(entry).next) {
    const address = changetype<IfAddress>(entry);
    if (address.family != AF.INET || address.hasPrefixRoute) continue;
    const error = addRoutes(ifp, address);
    if (error != Errno.OK) return error;
    onAddress(changetype<usize>(address), AddressEvent.NEW);
  }
  return Errno.OK;
}

/**
 * IFNET_EVENT_DOWN: IPv4 addresses lose their network's route and the routes through them that are not STATIC; each is
 * announced as gone, though it stays (rtnetlink C.6.4).
 */
export function bringDown(ifp: Interface): Errno {
  for (let entry = ifp.addresses; entry != 0; entry = changetype<IfAddress>(entry).next) {
    const address = changetype<IfAddress>(entry);
    const rib = ribOf(ifp.fib, AF.INET);
    if (address.family != AF.INET || !address.hasPrefixRoute || rib == null) continue;
    const heir = heirOf(ifp, address);
    if (heir == null) onAddress(entry, AddressEvent.DELETED);
    const error = removePrefixRoute(rib, ifp, address, heir);
    if (error != Errno.OK) return error;
    if (!sweepFamily(AF.INET, usesSourceInPassing, entry)) return Errno.ENOMEM;
  }
  setDown(ifp);
  return Errno.OK;
}

/** An interface leaves, in the order of rtnetlink B.6.1: down, its routes in silence, its addresses, itself. */
export function departInterface(ifp: Interface): Errno {
  ifp.flags |= IFF.DYING;
  const error = bringDown(ifp);
  if (error != Errno.OK) return error;
  if (!sweepFamily(AF.INET, usesInterface, changetype<usize>(ifp))) return Errno.ENOMEM;
  if (!sweepFamily(AF.INET6, usesInterface, changetype<usize>(ifp))) return Errno.ENOMEM;
  while (ifp.addresses != 0) {
    const failed = deleteAddress(ifp, changetype<IfAddress>(ifp.addresses));
    if (failed != Errno.OK) return failed;
  }
  detachInterface(ifp);
  return Errno.OK;
}
