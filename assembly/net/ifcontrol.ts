// Interfaces going up, and addresses given to them, each with all that follows (net/if.c, netinet/in.c, netinet6/in6.c;
// rtnetlink B.6, C.3 to C.6). Every call is done, or without memory not begun.
//   addAddress
//   bringUp
//   setNdFlags   what IPv6 does on an interface
// What happens to one address, also deleting it, is in addressctl.ts; interfaces go down and away in ifdown.ts.

import { Errno } from "../abi/errno";
import { IFF, IN6_IFF, ND6_IFF } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { addressBits, withZone } from "./address";
import { AddressRequest, deleteAddress, discard, dropAddress, newAddress, stageAddress, tellAdded } from "./addressctl";
import { findVirtualHost } from "./carp";
import { attachVirtual, checkVirtualHost, detachVirtual } from "./carpctl";
import { followCarrier } from "./carpstate";
import { AddressEvent, onAddress } from "./hooks";
import { IfAddress, findAddress } from "./ifaddr";
import { Runs, startDriver } from "./cloner";
import { Interface, setUp } from "./ifnet";
import { isNetworkRouted } from "./ifnetwork";
import { addRoutes, changePeer, hasNewRoutes, keepRoutes, undoRoutes } from "./ifroutes";
import { canEnable, checkRequest, dadDelay, disable, interfaceId, setLifetimes, startDad, wantsLinkLocal } from "./inet6";
import { joinByCarp, leaveByCarp, tellLeft } from "./membership";
import { armNd } from "./ndtimer";
import { dropSpares } from "./nhshrink";
import { checkOnLink } from "./onlinkcheck";
import { FOREVER, Prefix, extendLifetimes } from "./prefix";
import { settings } from "./settings";

const LINK_LOCAL: u64 = 0xfe80000000000000;
const LINK_LOCAL_BITS: u32 = 64;

/** What a change does to its interface besides, until it is done or undone; one at a time. */
@unmanaged
class Effects {
  isRaising: bool;
  isEnabling: bool;
  /** Link-local addresses are made from now on, also while the interface is down. */
  isAttaching: bool;
  flags: u32;
  ndFlags: u32;
  /** The link-local address that comes with IPv6: an IfAddress that nobody was told of; 0 = none. */
  linkLocal: usize;
}

const effects = changetype<Effects>(memory.data(offsetof<Effects>(), 16));
const linkLocalRequest = changetype<AddressRequest>(memory.data(offsetof<AddressRequest>(), 16));

/**
 * Gives an interface an address and the table its routes. An IPv4 address that the interface has is deleted and added
 * again, at the end of the list (rtnetlink C.4.4); an IPv6 one gets the new lifetimes, flags and peer (C.5.4), and nobody is
 * told. An interface that is down comes up, as its driver does (C.3.3); IPv6 is switched on with the first address.
 * @returns EINVAL see checkRequest, and an IPv4 prefix length beyond 32; EDESTADDRREQ no peer on an interface that has one;
 *   EEXIST another address of the network, where that is not wanted; ENOMEM
 */
export function addAddress(ifp: Interface, request: AddressRequest): Errno {
  const family = request.family;
  const present = findAddress(ifp, family, withZone(family, request.high, ifp.index), request.low);
  if (family == AF.INET6) {
    const length = present == null ? 0 : present.prefixLength;
    const error = checkRequest(
      ifp, request.prefixLength, length, request.hasPeer, request.preferredSeconds, request.validSeconds,
    );
    if (error != Errno.OK) return error;
    // FreeBSD finds out when the address is there already, and leaves it without its network (in6_addifaddr).
    const refusal: Errno = request.vhid == 0 ? Errno.OK : checkVirtualHost(ifp, request.vhid);
    if (refusal != Errno.OK) return refusal;
    return present == null ? addNew(ifp, request) : update(ifp, present, request);
  }
  if (request.prefixLength > addressBits(AF.INET)) return Errno.EINVAL;
  request.hasPeer = ifp.isPointToPoint;
  if (ifp.isPointToPoint && request.peerHigh == 0) return Errno.EDESTADDRREQ;
  const refusal: Errno = request.vhid == 0 ? Errno.OK : checkVirtualHost(ifp, request.vhid);
  if (refusal != Errno.OK) return refuse(present, refusal);
  return present == null ? addNew(ifp, request) : replace(ifp, present, request);
}

/** Without the virtual host that it was to have, an IPv4 address that is given again is lost (in_aifaddr_ioctl). */
function refuse(present: IfAddress | null, refusal: Errno): Errno {
  if (present == null || refusal == Errno.EPROTONOSUPPORT) return refusal;
  const error = deleteAddress(present);
  return error == Errno.OK ? refusal : error;
}

/** A virtual IPv4 address is attached before the driver brings its interface up. */
function attachInet(ifp: Interface, address: IfAddress): void {
  if (address.family != AF.INET || address.virtualHost == 0) return;
  if (effects.isRaising) ifp.flags &= ~IFF.UP;
  attachVirtual(address);
  if (effects.isRaising) ifp.flags |= IFF.UP;
}

function addNew(ifp: Interface, request: AddressRequest): Errno {
  const record = newAddress(ifp, request, 0);
  if (record == 0) return Errno.ENOMEM;
  const address = changetype<IfAddress>(record);
  let error: Errno = isRefused(address, null) ? Errno.EEXIST : Errno.OK;
  const isInet6 = request.family == AF.INET6;
  // An IPv6 driver is asked about the first address only (in6_notify_ifa).
  const isRaising = !ifp.isUp && (!isInet6 || countInet6(ifp) == 1);
  if (error == Errno.OK) error = stageEffects(ifp, isRaising, isInet6, false, null);
  if (error != Errno.OK) {
    discard(address);
    return error;
  }
  attachInet(ifp, address);
  if (!isInet6 || countInet6(ifp) == 1) startDriver(ifp, Runs.ADDRESS);
  tellAdded(address);
  if (isInet6) followPrefix(address, request);
  commitEffects(ifp, address);
  return Errno.OK;
}

/** An IPv6 address was added or renewed: its prefix lasts as long, and others may be on their links or not (in6_addifaddr). */
function followPrefix(address: IfAddress, request: AddressRequest): void {
  if (address.prefix == 0) return;
  extendLifetimes(changetype<Prefix>(address.prefix), request.preferredSeconds, request.validSeconds);
  checkOnLink();
}

/** net.inet.ip.no_same_prefix (in_addprefix). */
function isRefused(address: IfAddress, apart: IfAddress | null): bool {
  return settings.noSamePrefix != 0 && address.family == AF.INET && isNetworkRouted(address, apart);
}

function countInet6(ifp: Interface): u32 {
  let count: u32 = 0;
  for (let at = ifp.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    if (changetype<IfAddress>(at).family == AF.INET6) count++;
  }
  return count;
}

/** An IPv4 address gives way to itself: the new one is made before the old one goes, so that nothing is lost. */
function replace(ifp: Interface, present: IfAddress, request: AddressRequest): Errno {
  const record = newAddress(ifp, request, 0);
  if (record == 0) return Errno.ENOMEM;
  const address = changetype<IfAddress>(record);
  let error: Errno = isRefused(address, present) ? Errno.EEXIST : Errno.OK;
  if (error == Errno.OK) error = stageEffects(ifp, !ifp.isUp, false, false, present);
  if (error == Errno.OK && !stageAddress(present)) {
    undoEffects(ifp);
    error = Errno.ENOMEM;
  }
  if (error != Errno.OK) {
    dropSpares();
    discard(address);
    return error;
  }
  dropAddress(present, address);
  dropSpares();
  attachInet(ifp, address);
  startDriver(ifp, Runs.ADDRESS);
  tellAdded(address);
  commitEffects(ifp, null);
  return Errno.OK;
}

/** Flags, lifetimes and peer of an IPv6 address that is there, and its virtual host. */
function update(ifp: Interface, address: IfAddress, request: AddressRequest): Errno {
  if (request.vhid != 0 && !joinByCarp(ifp, AF.INET6)) return Errno.ENOMEM;
  const error = change(ifp, address, request);
  if (error != Errno.OK) {
    if (request.vhid != 0) leaveByCarp(ifp, AF.INET6);
    return error;
  }
  if (address.isVirtual) detachVirtual(address, true);
  if (request.vhid != 0) {
    address.virtualHost = changetype<usize>(findVirtualHost(ifp, request.vhid));
    attachVirtual(address);
  }
  tellLeft();
  followPrefix(address, request);
  armNd();
  commitEffects(ifp, null);
  return Errno.OK;
}

/** What of that can fail, staged effects included. */
function change(ifp: Interface, address: IfAddress, request: AddressRequest): Errno {
  const error = stageEffects(ifp, !ifp.isUp, true, false, null);
  if (error != Errno.OK) return error;
  const high = withZone(AF.INET6, request.peerHigh, ifp.index);
  const isSame = address.hasPeer && address.peerHigh == high && address.peerLow == request.peerLow;
  if (request.hasPeer && !isSame) {
    const moved = changePeer(address, high, request.peerLow);
    if (moved != Errno.OK) {
      undoEffects(ifp);
      return moved;
    }
  }
  setLifetimes(address, request.flags, request.preferredSeconds, request.validSeconds, false);
  return Errno.OK;
}

/**
 * Brings an interface up, switches IPv6 on, and makes the link-local address that comes with that, telling nobody yet.
 * @param apart - an IPv4 address that is about to go
 * @returns ENOMEM, and then all is as before
 */
function stageEffects(ifp: Interface, isRaising: bool, isEnabling: bool, isAttaching: bool, apart: IfAddress | null): Errno {
  effects.isRaising = isRaising;
  effects.isEnabling = isEnabling && (ifp.ndFlags & ND6_IFF.IFDISABLED) != 0 && canEnable(ifp);
  effects.flags = ifp.flags;
  effects.ndFlags = ifp.ndFlags;
  effects.linkLocal = 0;
  effects.isAttaching = isAttaching;
  if (effects.isEnabling) ifp.ndFlags &= ~ND6_IFF.IFDISABLED;
  if (isAttaching) ifp.ndFlags |= ND6_IFF.AUTO_LINKLOCAL;
  let error: Errno = isRaising ? raise(ifp, apart) : Errno.OK;
  const mayAttach = isAttaching || (ifp.isUp && (isRaising || effects.isEnabling));
  if (error == Errno.OK && mayAttach && wantsLinkLocal(ifp)) {
    effects.linkLocal = newLinkLocal(ifp);
    if (effects.linkLocal == 0) error = Errno.ENOMEM;
  }
  if (error != Errno.OK) undoEffects(ifp);
  return error;
}

function newLinkLocal(ifp: Interface): usize {
  const request = linkLocalRequest;
  request.family = AF.INET6;
  request.prefixLength = LINK_LOCAL_BITS;
  request.high = LINK_LOCAL;
  request.low = interfaceId(ifp);
  request.preferredSeconds = FOREVER;
  request.validSeconds = FOREVER;
  return newAddress(ifp, request, 0);
}

function undoEffects(ifp: Interface): void {
  if (effects.linkLocal != 0) discard(changetype<IfAddress>(effects.linkLocal));
  for (let at = ifp.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    if (!address.isRaised) continue;
    address.isRaised = false;
    undoRoutes(address);
  }
  ifp.flags = effects.flags;
  ifp.ndFlags = effects.ndFlags;
}

/**
 * Tells of what was staged. Where IPv6 was switched on, that comes first (in6_addifaddr), then the interface's coming up.
 * @param added - an IPv6 address that is new: its detection begins without delay
 */
function commitEffects(ifp: Interface, added: IfAddress | null): void {
  const linkLocal = effects.linkLocal;
  if (effects.isEnabling) tellLinkLocal();
  if (effects.isRaising) announceUp(ifp);
  tellLinkLocal();
  if (added != null && added.family == AF.INET6) startDad(added, 0);
  if (effects.isAttaching && linkLocal != 0) startDad(changetype<IfAddress>(linkLocal), dadDelay());
  if (!effects.isRaising && !effects.isEnabling) return;
  for (let at = ifp.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    if (address.family == AF.INET6 && (address.flags & IN6_IFF.TENTATIVE) != 0) startDad(address, dadDelay());
  }
}

function tellLinkLocal(): void {
  if (effects.linkLocal != 0) tellAdded(changetype<IfAddress>(effects.linkLocal));
  effects.linkLocal = 0;
}

/**
 * IFNET_EVENT_UP: IPv4 addresses without their network's route get it back and are announced (rtnetlink C.6.5).
 * @param isByDriver - its driver takes part, as in an ioctl; a request leaves the driver out (B.4.4)
 */
export function bringUp(ifp: Interface, isByDriver: bool): Errno {
  const error = stageEffects(ifp, true, false, false, null);
  if (error != Errno.OK) return error;
  if (isByDriver) startDriver(ifp, Runs.FLAGS);
  commitEffects(ifp, null);
  return Errno.OK;
}

/**
 * Sets and clears what IPv6 does on an interface (nd6_ioctl, SIOCSIFINFO_FLAGS): with IFDISABLED it is switched off or on,
 * and AUTO_LINKLOCAL makes the link-local address that it lacks. It stays off where that address is a duplicate.
 * @param on, off - ND6_IFF bits
 * @returns ENOMEM, and nothing has changed
 */
export function setNdFlags(ifp: Interface, on: u32, off: u32): Errno {
  const before = ifp.ndFlags;
  const wanted = (before & ~off) | on;
  if ((wanted & ~before & ND6_IFF.IFDISABLED) != 0) disable(ifp);
  const isEnabling = (before & ~wanted & ND6_IFF.IFDISABLED) != 0;
  const isAttaching = (wanted & ~before & ND6_IFF.AUTO_LINKLOCAL) != 0;
  const error = stageEffects(ifp, false, isEnabling, isAttaching, null);
  if (error != Errno.OK) return error;
  const staysOff = isEnabling && !effects.isEnabling;
  commitEffects(ifp, null);
  ifp.ndFlags = staysOff ? wanted | ND6_IFF.IFDISABLED : wanted;
  return Errno.OK;
}

/** Sets IFF_UP and adds the routes; ENOMEM, and then undoEffects is to follow. */
function raise(ifp: Interface, apart: IfAddress | null): Errno {
  ifp.flags |= IFF.UP;
  for (let at = ifp.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    if (address.family != AF.INET || address.hasPrefixRoute || address == apart) continue;
    // An address just made has its routes, of a network that another one serves only the host's.
    if (hasNewRoutes(address)) continue;
    const error = addRoutes(address);
    if (error != Errno.OK) return error;
    address.isRaised = true;
  }
  return Errno.OK;
}

/** Tells of an interface that was raised. */
function announceUp(ifp: Interface): void {
  followCarrier(ifp);
  setUp(ifp);
  for (let at = ifp.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    if (!address.isRaised) continue;
    address.isRaised = false;
    onAddress(at, AddressEvent.NEW);
    keepRoutes(address);
  }
}
