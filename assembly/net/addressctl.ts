// One address as it comes and goes, with its routes and those that need it (netinet/in.c, netinet6/in6.c; rtnetlink C.3 to
// C.6). What can fail is staged first.
//   newAddress, discard       a record on an interface, with its routes; and all of it undone
//   tellAdded, tellRemoved    what follows once an address is there, and before it goes: here, and nowhere else
//   stageAddress, dropAddress, deleteAddress
//   stageFamily, sweepFamily  routes of all fibs that go in silence

import { Errno } from "../abi/errno";
import { IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { maskHigh, withZone } from "./address";
import { uptimeSeconds } from "./clock";
import { AddressEvent, onAddress } from "./hooks";
import { IfAddress, allocateAddress, appendAddress, freeAddress, removeAddress } from "./ifaddr";
import { Interface } from "./ifnet";
import { heirOf } from "./ifnetwork";
import { addRoutes, closeNetworks, keepRoutes, openNetworks, removeRoutes, stageRemoval, undoRoutes, unstage } from "./ifroutes";
import { armNd, setLifetimes, stopDad } from "./inet6";
import { Nexthop } from "./nexthop";
import { PathTest, dropSpares } from "./nhshrink";
import { addOwnNeighbour, endsPrefix, removeOwnNeighbour, stageOwnNeighbour, unstageOwnNeighbour } from "./ownneighbour";
import { Rib, fibCount, ribOf } from "./rib";
import { deleteMatching, stageMatching } from "./routectl";
import { followSource } from "./tunnel";
import { forgetAddress } from "./usernexthop";

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

/** A new address at the end of an interface's list, with its routes, telling nobody yet; 0 without memory. */
export function newAddress(ifp: Interface, request: AddressRequest): usize {
  const record = allocateAddress();
  if (record == 0) return 0;
  const address = changetype<IfAddress>(record);
  appendAddress(ifp, address);
  describe(address, ifp, request);
  if (openNetworks(address) && stageOwnNeighbour(address) && addRoutes(address) == Errno.OK) return record;
  free(address);
  return 0;
}

function describe(address: IfAddress, ifp: Interface, request: AddressRequest): void {
  address.family = request.family;
  address.prefixLength = request.prefixLength;
  address.high = withZone(request.family, request.high, ifp.index);
  address.low = request.low;
  address.hasPeer = request.hasPeer;
  address.peerHigh = withZone(request.family, request.peerHigh, ifp.index);
  address.peerLow = request.peerLow;
  address.createdSeconds = uptimeSeconds();
  if (request.family == AF.INET6) {
    setLifetimes(address, request.flags, request.preferredSeconds, request.validSeconds, true);
  } else if ((ifp.flags & IFF.BROADCAST) != 0) {
    address.broadcast = broadcastOf(request);
  }
}

/** rtnetlink C.4.2: given, or the last address of the network; of a /31 the limited broadcast. */
function broadcastOf(request: AddressRequest): u64 {
  if (request.hasBroadcast) return request.broadcast;
  if (request.prefixLength == 31) return 0xffffffff00000000;
  return (request.high | ~maskHigh(request.prefixLength)) & 0xffffffff00000000;
}

/** Takes back an address that nobody was told of, with its new routes. */
export function discard(address: IfAddress): void {
  undoRoutes(address);
  free(address);
}

function free(address: IfAddress): void {
  removeAddress(address);
  unstageOwnNeighbour(address);
  closeNetworks(address);
  freeAddress(address);
}

/** An address is there for good: its own neighbour entry comes first, then whoever listens hears of it (C.4.5, C.5.5). */
export function tellAdded(address: IfAddress): void {
  keepRoutes(address);
  addOwnNeighbour(address);
  onAddress(changetype<usize>(address), AddressEvent.NEW);
  if (address.family == AF.INET6) armNd();
  followSource(address.family, address.high, address.low);
}

/** An address is about to go. Where another takes over an IPv4 network's route, nobody is told (in_scrubprefix; Z.3). */
function tellRemoved(address: IfAddress, isHandedOver: bool): void {
  stopDad(address);
  if (!isHandedOver) onAddress(changetype<usize>(address), AddressEvent.DELETED);
}

/** Takes an address from its interface, with its routes and, for IPv4, those whose source it is (rtnetlink C.6). */
export function deleteAddress(address: IfAddress): Errno {
  const isStaged = stageAddress(address);
  if (isStaged) dropAddress(address, null);
  dropSpares();
  return isStaged ? Errno.OK : Errno.ENOMEM;
}

/** Takes what dropAddress may need; false without memory, and nothing is staged. */
export function stageAddress(address: IfAddress): bool {
  if (!stageRemoval(address)) return false;
  if (address.family != AF.INET || stageFamily(AF.INET, usesSource, changetype<usize>(address))) return true;
  unstage(address);
  return false;
}

/** @param successor - the address that replaces it, if that is why it goes */
export function dropAddress(address: IfAddress, successor: IfAddress | null): void {
  const heir = heirOf(address, 0);
  const isHandedOver = address.family == AF.INET && address.hasPrefixRoute && heir != null && heir != successor;
  const isPrefixOver = endsPrefix(address) || (successor != null && heir == successor && address.hasPrefixRoute);
  removeRoutes(address);
  if (address.family == AF.INET) sweepFamily(AF.INET, usesSource, changetype<usize>(address));
  tellRemoved(address, isHandedOver);
  removeOwnNeighbour(address, isPrefixOver);
  unstage(address);
  forgetAddress(address);
  const family = address.family;
  const high = address.high;
  const low = address.low;
  free(address);
  followSource(family, high, low);
}

export function usesSource(nexthop: usize, address: usize): bool {
  return changetype<Nexthop>(nexthop).source == address;
}

/** Paths with the address as source that nobody made to stay. */
export function usesSourceInPassing(nexthop: usize, address: usize): bool {
  return usesSource(nexthop, address) && (changetype<Nexthop>(nexthop).rtFlags & RTF.STATIC) == 0;
}

export function usesInterface(nexthop: usize, ifp: usize): bool {
  return changetype<Nexthop>(nexthop).ifp == ifp;
}

function ribAt(fib: u32, family: u32): Rib {
  return changetype<Rib>(changetype<usize>(ribOf(fib, family)));
}

/** Lets walks keep the routes of all fibs that a sweep will remove; false without memory. */
export function stageFamily(family: u32, test: PathTest, argument: usize): bool {
  for (let fib: u32 = 0; fib < fibCount(); fib++) if (!stageMatching(ribAt(fib, family), test, argument)) return false;
  return true;
}

/** Removes routes of all fibs in silence, after stageFamily. */
export function sweepFamily(family: u32, test: PathTest, argument: usize): void {
  for (let fib: u32 = 0; fib < fibCount(); fib++) deleteMatching(ribAt(fib, family), test, argument);
}
