// Interfaces going up, down and away, and addresses coming and going, each with all that follows (net/if.c, netinet/in.c,
// netinet6/in6.c; rtnetlink B.6, C.3 to C.6). Every call is done, or without memory not begun.
//   addAddress, deleteAddress
//   bringUp, bringDown, withdrawAddresses
//   stageDeparture, depart   an interface leaves; what it needs first

import { Errno } from "../abi/errno";
import { IFF, IN6_IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { addressBits, maskHigh, withZone } from "./address";
import { uptimeSeconds } from "./clock";
import { AddressEvent, onAddress } from "./hooks";
import { IfAddress, allocateAddress, appendAddress, findAddress, freeAddress, removeAddress } from "./ifaddr";
import { Runs, startDriver } from "./cloner";
import { Interface, setDown, setUp, unlinkInterface } from "./ifnet";
import {
  addRoutes, hasNewRoutes, heirOf, keepRoutes, removeNetworkRoute, removeRoutes, stageRemoval, undoRoutes, unstage,
} from "./ifroutes";
import { Nexthop } from "./nexthop";
import { Rib, RoutePayload, fibCount, ribOf } from "./rib";
import { PayloadTest, deleteMatching, stageMatching } from "./routectl";

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

/**
 * Gives an interface an address and the table its routes. An IPv4 address that the interface has is deleted and added
 * again, at the end of the list (rtnetlink C.4.4); an IPv6 one gets the new lifetimes and flags (C.5.4). The first address
 * of an interface that is down brings it up, as its driver does (C.3.3).
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
  const address = changetype<IfAddress>(record);
  const deleted = present == null ? Errno.OK : deleteAddress(ifp, present);
  if (deleted != Errno.OK) {
    freeAddress(address);
    return deleted;
  }
  describe(address, ifp, request);
  appendAddress(ifp, address);
  const wasUp = ifp.isUp;
  let error = addRoutes(address);
  if (error == Errno.OK && !wasUp) {
    error = raise(ifp);
    if (error != Errno.OK) undoRoutes(address);
  }
  if (error != Errno.OK) {
    removeAddress(address);
    freeAddress(address);
    return error;
  }
  keepRoutes(address);
  startDriver(ifp, Runs.ADDRESS);
  onAddress(record, AddressEvent.NEW);
  if (!wasUp) announceUp(ifp);
  return Errno.OK;
}

function describe(address: IfAddress, ifp: Interface, request: AddressRequest): void {
  address.family = request.family;
  address.prefixLength = request.prefixLength;
  address.high = withZone(request.family, request.high, ifp.index);
  address.low = request.low;
  address.hasPeer = request.hasPeer;
  address.peerHigh = withZone(request.family, request.peerHigh, ifp.index);
  address.peerLow = request.peerLow;
  address.flags = request.flags;
  address.preferredSeconds = request.preferredSeconds;
  address.validSeconds = request.validSeconds;
  address.createdSeconds = uptimeSeconds();
  address.updatedSeconds = address.createdSeconds;
  if (request.family == AF.INET && (ifp.flags & IFF.BROADCAST) != 0) address.broadcast = broadcastOf(request);
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

/** Takes an address from an interface, with its routes and, for IPv4, those whose source it is (rtnetlink C.6). */
export function deleteAddress(ifp: Interface, address: IfAddress): Errno {
  if (!stageAddress(address)) return Errno.ENOMEM;
  dropAddress(address);
  return Errno.OK;
}

/** Takes what dropAddress may need; false without memory, and nothing is staged. */
function stageAddress(address: IfAddress): bool {
  if (!stageRemoval(address)) return false;
  if (address.family != AF.INET || stageFamily(AF.INET, usesSource, changetype<usize>(address))) return true;
  unstage(address);
  return false;
}

/** Where another address takes over an IPv4 network's route, nobody is told (netinet/in.c, in_scrubprefix; Z.3). */
function dropAddress(address: IfAddress): void {
  const isHandedOver = address.family == AF.INET && address.hasPrefixRoute && heirOf(address) != null;
  removeRoutes(address);
  if (address.family == AF.INET) sweepFamily(AF.INET, usesSource, changetype<usize>(address));
  if (!isHandedOver) onAddress(changetype<usize>(address), AddressEvent.DELETED);
  unstage(address);
  removeAddress(address);
  freeAddress(address);
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

function ribAt(fib: u32, family: u32): Rib {
  return changetype<Rib>(changetype<usize>(ribOf(fib, family)));
}

/** Lets walks keep the routes of all fibs that a sweep will remove; false without memory. */
function stageFamily(family: u32, test: PayloadTest, argument: usize): bool {
  for (let fib: u32 = 0; fib < fibCount(); fib++) if (!stageMatching(ribAt(fib, family), test, argument)) return false;
  return true;
}

/** Removes routes of all fibs in silence, after stageFamily. */
function sweepFamily(family: u32, test: PayloadTest, argument: usize): void {
  for (let fib: u32 = 0; fib < fibCount(); fib++) deleteMatching(ribAt(fib, family), test, argument);
}

/**
 * IFNET_EVENT_UP: IPv4 addresses without their network's route get it back and are announced (rtnetlink C.6.5).
 * @param isByDriver - its driver takes part, as in an ioctl; a request leaves the driver out (B.4.4)
 */
export function bringUp(ifp: Interface, isByDriver: bool): Errno {
  const error = raise(ifp);
  if (error != Errno.OK) return error;
  if (isByDriver) startDriver(ifp, Runs.FLAGS);
  announceUp(ifp);
  return Errno.OK;
}

/** Sets IFF_UP and adds the routes, telling nobody yet; ENOMEM, and then all is as before. */
function raise(ifp: Interface): Errno {
  const flags = ifp.flags;
  ifp.flags |= IFF.UP;
  for (let entry = ifp.addresses; entry != 0; entry = changetype<IfAddress>(entry).next) {
    const address = changetype<IfAddress>(entry);
    if (address.family != AF.INET || address.hasPrefixRoute) continue;
    const error = addRoutes(address);
    if (error == Errno.OK) {
      address.isRaised = true;
      continue;
    }
    ifp.flags = flags;
    for (let done = ifp.addresses; done != entry; done = changetype<IfAddress>(done).next) undoRaise(changetype<IfAddress>(done));
    return error;
  }
  return Errno.OK;
}

function undoRaise(address: IfAddress): void {
  if (!address.isRaised) return;
  address.isRaised = false;
  undoRoutes(address);
}

/** Tells of an interface that was raised. */
function announceUp(ifp: Interface): void {
  setUp(ifp);
  for (let entry = ifp.addresses; entry != 0; entry = changetype<IfAddress>(entry).next) {
    const address = changetype<IfAddress>(entry);
    if (!address.isRaised) continue;
    address.isRaised = false;
    if (hasNewRoutes(address)) keepRoutes(address);
    onAddress(entry, AddressEvent.NEW);
  }
}

/**
 * IFNET_EVENT_DOWN: IPv4 addresses lose their network's route and the routes through them that are not STATIC; each is
 * announced as gone, though it stays (rtnetlink C.6.4).
 */
export function bringDown(ifp: Interface): Errno {
  if (!stageAll(ifp)) return Errno.ENOMEM;
  lower(ifp);
  unstageAll(ifp, 0);
  return Errno.OK;
}

/** Takes what lowering or dropping every address may need; false without memory, and nothing is staged. */
function stageAll(ifp: Interface): bool {
  for (let entry = ifp.addresses; entry != 0; entry = changetype<IfAddress>(entry).next) {
    if (stageAddress(changetype<IfAddress>(entry))) continue;
    unstageAll(ifp, entry);
    return false;
  }
  return true;
}

function unstageAll(ifp: Interface, end: usize): void {
  for (let entry = ifp.addresses; entry != end; entry = changetype<IfAddress>(entry).next) unstage(changetype<IfAddress>(entry));
}

function lower(ifp: Interface): void {
  for (let entry = ifp.addresses; entry != 0; entry = changetype<IfAddress>(entry).next) {
    const address = changetype<IfAddress>(entry);
    if (address.family != AF.INET || !address.hasPrefixRoute) continue;
    if (heirOf(address) == null) onAddress(entry, AddressEvent.DELETED);
    removeNetworkRoute(address);
    sweepFamily(AF.INET, usesSourceInPassing, entry);
  }
  setDown(ifp);
}

/** Takes what depart may need; false without memory, and nothing is staged. */
export function stageDeparture(ifp: Interface): bool {
  const argument = changetype<usize>(ifp);
  return stageFamily(AF.INET, usesInterface, argument) && stageFamily(AF.INET6, usesInterface, argument) && stageAll(ifp);
}

/** Lets go of what stageDeparture took, when the interface does not leave. */
export function unstageDeparture(ifp: Interface): void {
  unstageAll(ifp, 0);
}

/**
 * An interface leaves, in the order of rtnetlink B.6.1: down, its routes in silence, its addresses, itself. Its record is on
 * no list then. After stageDeparture.
 */
export function depart(ifp: Interface): void {
  const argument = changetype<usize>(ifp);
  lower(ifp);
  sweepFamily(AF.INET, usesInterface, argument);
  sweepFamily(AF.INET6, usesInterface, argument);
  while (ifp.addresses != 0) dropAddress(changetype<IfAddress>(ifp.addresses));
  unlinkInterface(ifp);
}

/** Takes all addresses from an interface, which stays (if_purgeaddrs); ENOMEM, and then all is as before. */
export function withdrawAddresses(ifp: Interface): Errno {
  if (!stageAll(ifp)) return Errno.ENOMEM;
  while (ifp.addresses != 0) dropAddress(changetype<IfAddress>(ifp.addresses));
  return Errno.OK;
}
