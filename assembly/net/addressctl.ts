// One address as it comes and goes, with its routes and those that need it (netinet/in.c, netinet6/in6.c; rtnetlink C.3 to
// C.6). What can fail is staged first.
//   newAddress, discard       a record on an interface, with its prefix and routes; and all of it undone
//   tellAdded, tellRemoved    what follows once an address is there, and before it goes: here, and nowhere else
//   stageAddress, dropAddress, deleteAddress, expireAddress
//   removePrefix              a prefix that nobody needs any more

import { Errno } from "../abi/errno";
import { IFF, IN6_IFF } from "../abi/ifnet";
import { AF, AddressSize } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { maskHigh, withZone } from "./address";
import { findVirtualHost } from "./carp";
import { attachVirtual, detachVirtual } from "./carpctl";
import { uptimeSeconds } from "./clock";
import { AddressEvent, onAddress } from "./hooks";
import { IfAddress, allocateAddress, appendAddress, freeAddress, removeAddress } from "./ifaddr";
import { Interface } from "./ifnet";
import { heirOf } from "./ifnetwork";
import { addRoutes, closeNetworks, keepRoutes, openNetworks, removeRoutes, stageRemoval, undoRoutes, unstage } from "./ifroutes";
import { setLifetimes, stopDad } from "./inet6";
import { joinByCarp, joinOwnGroups, leaveByCarp, leaveOwnGroups, tellLeft, tellOwnGroups } from "./membership";
import { armNd } from "./ndtimer";
import { Nexthop } from "./nexthop";
import { dropSpares } from "./nhshrink";
import { checkOnLink } from "./onlinkcheck";
import { addOwnNeighbour, endsPrefix, removeOwnNeighbour, stageOwnNeighbour, unstageOwnNeighbour } from "./ownneighbour";
import { Prefix, findPrefix, freePrefix, linkPrefix, takePrefix, unlinkPrefix } from "./prefix";
import { keepOnLink, leaveLink, putOnLink, stageOffLink, undoOnLink } from "./prefixroute";
import { stageFamily, sweepFamily } from "./sweep";
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
  /** Of the interface's virtual host that it is to be attached to; 0 = none. */
  vhid: u32;
}

/**
 * A new address at the end of an interface's list, with its routes, telling nobody yet; 0 without memory.
 * @param prefix - IPv6: the Prefix it is of; 0 = that of its network, made if there is none
 */
export function newAddress(ifp: Interface, request: AddressRequest, prefix: usize): usize {
  const record = allocateAddress();
  if (record == 0) return 0;
  const address = changetype<IfAddress>(record);
  appendAddress(ifp, address);
  describe(address, ifp, request);
  if (expectVirtual(address, request.vhid) && stageOwn(address)) {
    if (joinPrefix(address, request, prefix)) return record;
    undoRoutes(address);
  }
  free(address);
  return 0;
}

/** Takes what an address to be attached needs (attachVirtual); false without memory. */
function expectVirtual(address: IfAddress, vhid: u32): bool {
  if (vhid == 0) return true;
  const ifp = changetype<Interface>(address.ifp);
  if (!joinByCarp(ifp, address.family)) return false;
  address.virtualHost = changetype<usize>(findVirtualHost(ifp, vhid));
  return true;
}

/**
 * What an address brings besides its prefix; false without memory. A virtual IPv4 address has no routes before its host is
 * master (in_aifaddr_ioctl), and no entry of itself (arp_ifinit).
 */
function stageOwn(address: IfAddress): bool {
  if (!openNetworks(address)) return false;
  if (isVirtualInet(address)) return joinOwnGroups(address);
  return stageOwnNeighbour(address) && joinOwnGroups(address) && addRoutes(address) == Errno.OK;
}

function isVirtualInet(address: IfAddress): bool {
  return address.family == AF.INET && address.virtualHost != 0;
}

/** Relates an address to a prefix (in6_addifaddr, in6_ifattach_linklocal); a host address has none. False without memory. */
function joinPrefix(address: IfAddress, request: AddressRequest, prefix: usize): bool {
  if (address.family != AF.INET6 || address.prefixLength == AddressSize.INET6_BITS) return true;
  const ifp = changetype<Interface>(address.ifp);
  let record = prefix;
  if (record == 0) record = changetype<usize>(findPrefix(ifp, address.high, address.low, address.prefixLength));
  if (record == 0) record = makePrefix(address, request);
  if (record == 0) return false;
  address.prefix = record;
  changetype<Prefix>(record).addresses++;
  return true;
}

/** The prefix of a new address, with its route; 0 without memory. */
function makePrefix(address: IfAddress, request: AddressRequest): usize {
  const ifp = changetype<Interface>(address.ifp);
  const record = takePrefix(
    ifp, address.high, address.low, address.prefixLength, request.preferredSeconds, request.validSeconds,
  );
  if (record == 0) return 0;
  const prefix = changetype<Prefix>(record);
  prefix.isForLink = true;
  prefix.isAutonomous = (request.flags & IN6_IFF.AUTOCONF) != 0;
  prefix.isFresh = true;
  linkPrefix(prefix);
  if (putOnLink(prefix) == Errno.OK) return record;
  unlinkPrefix(prefix);
  freePrefix(prefix);
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
  if (address.prefix != 0) undoPrefix(address);
  free(address);
}

/** A prefix that came with the address goes again. */
function undoPrefix(address: IfAddress): void {
  const prefix = changetype<Prefix>(address.prefix);
  address.prefix = 0;
  prefix.addresses--;
  if (!prefix.isFresh) return;
  undoOnLink(prefix);
  unlinkPrefix(prefix);
  freePrefix(prefix);
}

function free(address: IfAddress): void {
  if (address.virtualHost != 0) leaveByCarp(changetype<Interface>(address.ifp), address.family);
  leaveOwnGroups(address);
  removeAddress(address);
  unstageOwnNeighbour(address);
  closeNetworks(address);
  freeAddress(address);
}

/** An address is there for good: its own neighbour entry comes first, then whoever listens hears of it (C.4.5, C.5.5). */
export function tellAdded(address: IfAddress): void {
  // The route to an IPv6 address's peer comes before the address, all others after it (in6_notify_ifa, in_addprefix).
  if (address.family == AF.INET6) keepRoutes(address);
  addOwnNeighbour(address);
  // IPv6 joins its groups before the address is told of, IPv4 afterwards (in6_update_ifa_join_mc, in_aifaddr_ioctl).
  if (address.family == AF.INET6) tellOwnGroups(address);
  // Of a virtual IPv4 address nobody is told before its host is master.
  if (!isVirtualInet(address)) onAddress(changetype<usize>(address), AddressEvent.NEW);
  if (address.family == AF.INET) {
    if (!address.isRaised) keepRoutes(address);
    tellOwnGroups(address);
  } else if (address.virtualHost != 0) {
    attachVirtual(address);
  }
  if (address.prefix != 0 && changetype<Prefix>(address.prefix).isFresh) {
    keepOnLink(changetype<Prefix>(address.prefix));
    changetype<Prefix>(address.prefix).isFresh = false;
  }
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
  const prefix = changetype<Prefix | null>(address.prefix);
  const isLast = prefix != null && prefix.addresses == 1;
  let isStaged = stageAddress(address);
  if (isStaged && isLast && !stageOffLink(changetype<Prefix>(prefix))) {
    unstage(address);
    isStaged = false;
  }
  if (isStaged) dropAddress(address, null);
  dropSpares();
  return isStaged ? Errno.OK : Errno.ENOMEM;
}

/** An address whose valid lifetime is over goes, its prefix in its own time (C.6.6). False without memory. */
export function expireAddress(address: IfAddress): bool {
  if (!stageAddress(address)) return false;
  detach(address, null);
  tellLeft();
  dropSpares();
  return true;
}

/** Takes what dropAddress may need besides what its prefix does; false without memory, and nothing is staged. */
export function stageAddress(address: IfAddress): bool {
  if (!stageRemoval(address)) return false;
  if (address.family != AF.INET || stageFamily(AF.INET, usesSource, changetype<usize>(address))) return true;
  unstage(address);
  return false;
}

/**
 * An address goes, and with it a prefix that has no other and is on the list still (in6_purgeifaddr). After stageAddress,
 * and where it is the last of its prefix stageOffLink.
 * @param successor - the address that replaces it, if that is why it goes
 */
export function dropAddress(address: IfAddress, successor: IfAddress | null): void {
  const prefix = changetype<Prefix | null>(address.prefix);
  const isOver = prefix != null && prefix.addresses == 1 && prefix.isLinked;
  if (isOver) unlinkPrefix(changetype<Prefix>(prefix));
  detach(address, successor);
  if (isOver) removePrefix(changetype<Prefix>(prefix));
  tellLeft();
}

/** in6_purgeaddr, in_control's SIOCDIFADDR */
function detach(address: IfAddress, successor: IfAddress | null): void {
  const heir = heirOf(address, 0);
  const isHandedOver = address.family == AF.INET && address.hasPrefixRoute && heir != null && heir != successor;
  const isPrefixOver = endsPrefix(address) || (successor != null && heir == successor && address.hasPrefixRoute);
  // IPv4 tells of the address before its routes go, IPv6 afterwards (in_scrubprefix, in6_purgeaddr).
  if (address.family == AF.INET) {
    tellRemoved(address, isHandedOver);
    removeRoutes(address, successor);
    sweepFamily(AF.INET, usesSource, changetype<usize>(address));
    if (address.isVirtual) detachVirtual(address, successor != null);
  } else {
    if (address.isVirtual) detachVirtual(address, false);
    removeRoutes(address, null);
    tellRemoved(address, false);
  }
  if (address.prefix != 0) changetype<Prefix>(address.prefix).addresses--;
  address.prefix = 0;
  removeOwnNeighbour(address, isPrefixOver);
  unstage(address);
  forgetAddress(address);
  const family = address.family;
  const high = address.high;
  const low = address.low;
  const isAutomatic = family == AF.INET6 && (address.flags & IN6_IFF.AUTOCONF) != 0;
  free(address);
  followSource(family, high, low);
  if (isAutomatic) checkOnLink();
}

/** A prefix that is off the list goes, with its route (nd6_prefix_del). After stageOffLink. */
export function removePrefix(prefix: Prefix): void {
  leaveLink(prefix);
  freePrefix(prefix);
  checkOnLink();
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
