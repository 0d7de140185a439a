// The route of a prefix on its link (netinet6/nd6_rtr.c, nd6_prefix_onlink, nd6_prefix_offlink). Of one network on several
// interfaces of a fib one prefix has it; when that goes, another takes its place. Nobody is told of it on netlink
// (rtnetlink E.7.3), routing sockets are.
//   putOnLink        the route is there, or nothing has changed; then keepOnLink, or undoOnLink
//   stageOffLink     takes all that removing it may need; then leaveLink, which cannot fail, or unstageOffLink
//   goOnLink, goOffLink   both at once
// What an added route displaced is held until it is kept or undone, so that undoing takes no memory. With
// net.add_addr_allfibs the route is in every fib.

import { Errno } from "../abi/errno";
import { IN6_IFF } from "../abi/ifnet";
import { AF, AddressSize } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { allocateBlock, giveBlock, orderOf } from "../mem/block";
import { isLinkLocal } from "./address";
import { onRoute } from "./hooks";
import { IfAddress } from "./ifaddr";
import { Interface } from "./ifnet";
import { purgeNetwork } from "./neighbour";
import { NHF, Nexthop, clearDraft, draft } from "./nexthop";
import { tellAdded, tellReplaced } from "./ownroute";
import { headOf, holdPayload, payloadOfDraft, releasePayload } from "./payload";
import { Prefix, PrefixRoute, firstPrefix, isSameNetwork } from "./prefix";
import { completeDraft } from "./resolve";
import { Rib, entryPayload, fibCount, findRoute, ribOf } from "./rib";
import { keepAside } from "./ribwalk";
import { RouteFilter, RouteOp, change, finishChange, routeAdd, routeDelete } from "./routectl";
import { settings } from "./settings";

const filter = changetype<RouteFilter>(memory.data(offsetof<RouteFilter>(), 16));
/** The kernel's own routes replace what is there. */
const OWN: u32 = RouteOp.CREATE | RouteOp.REPLACE | RouteOp.FORCE;
/** An address that cannot be used yet, or never (IN6_IFF_NOTREADY), or that several hosts share. */
const UNFIT: u32 = IN6_IFF.TENTATIVE | IN6_IFF.DUPLICATED | IN6_IFF.ANYCAST;

function ribAt(fib: u32): Rib {
  return changetype<Rib>(changetype<usize>(ribOf(fib, AF.INET6)));
}

/** The fib of the n-th of a prefix's routes. */
function fibOf(prefix: Prefix, n: u32): u32 {
  return prefix.fibs == 1 ? prefix.home.fib : n;
}

function networkOf(prefix: Prefix, n: u32): PrefixRoute {
  return changetype<PrefixRoute>(prefix.networks + n * offsetof<PrefixRoute>());
}

/** Decides the fibs of the route, and takes what keeps account of them; false without memory. */
function openNetworks(prefix: Prefix): bool {
  const fibs = settings.addAddrAllFibs != 0 ? fibCount() : 1;
  prefix.networks = prefix.ownNetwork;
  if (fibs != 1) {
    const bytes = fibs * offsetof<PrefixRoute>();
    const block = allocateBlock(orderOf(bytes));
    if (block == 0) return false;
    memory.fill(block, 0, bytes);
    prefix.networks = block;
  }
  prefix.fibs = fibs;
  return true;
}

function closeNetworks(prefix: Prefix): void {
  if (prefix.networks != prefix.ownNetwork) giveBlock(prefix.networks, orderOf(prefix.fibs * offsetof<PrefixRoute>()));
  prefix.networks = 0;
  prefix.fibs = 0;
}

/** The source of the route: the interface's link-local address if it can be used, else its first. */
function sourceOn(ifp: Interface): usize {
  let first: usize = 0;
  for (let at = ifp.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    if (address.family != AF.INET6) continue;
    if (isLinkLocal(AF.INET6, address.high) && (address.flags & UNFIT) == 0) return at;
    if (first == 0) first = at;
  }
  return first;
}

/** The payload of a prefix's route in a fib, held by the caller; 0 without memory. */
function payloadOf(prefix: Prefix, source: usize, fib: u32): u32 {
  clearDraft(fib, AF.INET6);
  draft.ifp = prefix.ifp;
  draft.source = source;
  draft.rtFlags = RTF.PINNED;
  if (prefix.bits == AddressSize.INET6_BITS) {
    draft.flags = NHF.HOST;
    draft.rtFlags |= RTF.HOST;
  } else if (prefix.bits == 0) {
    draft.flags = NHF.DEFAULT;
  }
  completeDraft(prefix.high, prefix.low);
  return payloadOfDraft(1);
}

/**
 * Gives a prefix its route, unless another interface has it, or its own has no IPv6 address yet.
 * @returns ENOMEM, and nothing has changed
 */
export function putOnLink(prefix: Prefix): Errno {
  if (prefix.isOnLink || isServed(prefix)) return Errno.OK;
  const source = sourceOn(prefix.home);
  if (source == 0) return Errno.OK;
  if (!openNetworks(prefix)) return Errno.ENOMEM;
  for (let n: u32 = 0; n < prefix.fibs; n++) {
    if (addRoute(prefix, source, n)) continue;
    undoRoutes(prefix);
    closeNetworks(prefix);
    return Errno.ENOMEM;
  }
  prefix.isOnLink = true;
  return Errno.OK;
}

/** Whether the network's route is there on behalf of another prefix of the fib. */
function isServed(prefix: Prefix): bool {
  for (let at = firstPrefix(); at != 0; at = changetype<Prefix>(at).next) {
    const other = changetype<Prefix>(at);
    if (other == prefix || !other.isOnLink || !isSameNetwork(other, prefix)) continue;
    if (settings.addAddrAllFibs != 0 || other.home.fib == prefix.home.fib) return true;
  }
  return false;
}

function addRoute(prefix: Prefix, source: usize, n: u32): bool {
  const fib = fibOf(prefix, n);
  const rib = ribAt(fib);
  const payload = payloadOf(prefix, source, fib);
  if (payload == 0) return false;
  const error = routeAdd(rib, prefix.high, prefix.low, prefix.bits, payload, OWN);
  if (error == Errno.OK) {
    const network = networkOf(prefix, n);
    network.isAdded = true;
    network.displaced = change.oldPayload;
    if (network.displaced != 0) holdPayload(rib, network.displaced);
  }
  finishChange();
  releasePayload(rib, payload);
  return error == Errno.OK;
}

/** A prefix's new route is there for good: tells of it, and lets go of what it displaced. */
export function keepOnLink(prefix: Prefix): void {
  for (let n: u32 = 0; n < prefix.fibs; n++) {
    const network = networkOf(prefix, n);
    const rib = ribAt(fibOf(prefix, n));
    if (network.isAdded) tellAdded(rib, prefix.high, prefix.low, prefix.bits, network.displaced);
    if (network.displaced != 0) releasePayload(rib, network.displaced);
    network.displaced = 0;
    network.isAdded = false;
  }
}

/** Takes the new route away again and puts back what it displaced. */
export function undoOnLink(prefix: Prefix): void {
  if (!prefix.isOnLink) return;
  undoRoutes(prefix);
  closeNetworks(prefix);
  prefix.isOnLink = false;
}

function undoRoutes(prefix: Prefix): void {
  for (let n: u32 = 0; n < prefix.fibs; n++) {
    const network = networkOf(prefix, n);
    if (!network.isAdded) continue;
    const rib = ribAt(fibOf(prefix, n));
    if (network.displaced == 0) {
      removeHere(rib, prefix, false);
    } else {
      replaceHere(rib, prefix, network.displaced, false);
      releasePayload(rib, network.displaced);
    }
    network.displaced = 0;
    network.isAdded = false;
  }
}

/**
 * Removes a prefix's route. What walks keep of it was staged, or it is younger than they.
 * @param isTold - routing sockets hear of it
 */
function removeHere(rib: Rib, prefix: Prefix, isTold: bool): void {
  memory.fill(changetype<usize>(filter), 0, offsetof<RouteFilter>());
  filter.includesPinned = true;
  const error = routeDelete(rib, prefix.high, prefix.low, prefix.bits, filter);
  assert(error == Errno.OK, "a staged removal cannot fail");
  if (isTold) onRoute(changetype<usize>(change));
  finishChange();
}

/** Replaces a prefix's route, likewise: for routing sockets the old one goes and the new one comes. */
function replaceHere(rib: Rib, prefix: Prefix, payload: u32, isTold: bool): void {
  const error = routeAdd(rib, prefix.high, prefix.low, prefix.bits, payload, OWN);
  assert(error == Errno.OK, "a staged replacement cannot fail");
  if (isTold) tellReplaced();
  finishChange();
}

/** Whether the route at the prefix is the link's: a user's, who removed it by force, may be there instead. */
function owns(rib: Rib, prefix: Prefix): bool {
  const entry = findRoute(rib, prefix.high, prefix.low, prefix.bits);
  if (entry == 0) return false;
  const head = headOf(rib, entryPayload(rib, entry));
  return !head.isGroup && head.neighbourFamily == AF.LINK && changetype<Nexthop>(head).oif == prefix.home.index;
}

/** The prefix that takes the place of one that goes: the newest of the network that has no route and is not detached. */
function heirOf(prefix: Prefix): usize {
  for (let at = firstPrefix(); at != 0; at = changetype<Prefix>(at).next) {
    const other = changetype<Prefix>(at);
    if (other == prefix || other.isOnLink || other.isDetached || !isSameNetwork(other, prefix)) continue;
    if (other.home.isLeaving) continue;
    if (prefix.fibs != 1 || other.home.fib == prefix.home.fib) return at;
  }
  return 0;
}

/** Takes what removing the route may need: its heir's payloads, and the old state for walks. False without memory. */
export function stageOffLink(prefix: Prefix): bool {
  if (!prefix.isOnLink || prefix.isStaged) return true;
  prefix.isStaged = true;
  prefix.heir = heirOf(prefix);
  const source: usize = prefix.heir == 0 ? 0 : sourceOn(changetype<Prefix>(prefix.heir).home);
  for (let n: u32 = 0; n < prefix.fibs; n++) {
    if (stageRoute(prefix, source, n)) continue;
    unstageOffLink(prefix);
    return false;
  }
  return true;
}

/** @param source - the heir's; 0 = it cannot take the place, or there is none */
function stageRoute(prefix: Prefix, source: usize, n: u32): bool {
  const fib = fibOf(prefix, n);
  const rib = ribAt(fib);
  const entry: usize = rib.walks == 0 ? 0 : findRoute(rib, prefix.high, prefix.low, prefix.bits);
  if (entry != 0 && !keepAside(rib, prefix.high, prefix.low, prefix.bits, entryPayload(rib, entry))) return false;
  if (source == 0) return true;
  const heir = payloadOf(changetype<Prefix>(prefix.heir), source, fib);
  networkOf(prefix, n).heir = heir;
  return heir != 0;
}

/** Lets go of what stageOffLink took, when the route stays. */
export function unstageOffLink(prefix: Prefix): void {
  if (!prefix.isStaged) return;
  for (let n: u32 = 0; n < prefix.fibs; n++) {
    const network = networkOf(prefix, n);
    if (network.heir != 0) releasePayload(ribAt(fibOf(prefix, n)), network.heir);
    network.heir = 0;
  }
  prefix.isStaged = false;
  prefix.heir = 0;
}

/**
 * Takes a prefix's route away, or hands it over; where nobody takes it, the neighbours of the network go too, in silence.
 * After stageOffLink. A prefix whose route somebody else removed counts as on the link still, as it does in FreeBSD.
 */
function takeOffLink(prefix: Prefix): void {
  if (!prefix.isOnLink) return;
  assert(prefix.isStaged, "a prefix goes off its link after staging");
  // Between staging and this, other prefixes may have come to their routes or lost them.
  const heir = heirOf(prefix);
  const isReady = heir != 0 && heir == prefix.heir;
  let wasThere = false;
  let isHandedOver = false;
  for (let n: u32 = 0; n < prefix.fibs; n++) {
    const rib = ribAt(fibOf(prefix, n));
    if (!owns(rib, prefix)) continue;
    wasThere = true;
    const payload = isReady ? networkOf(prefix, n).heir : 0;
    if (payload == 0) {
      removeHere(rib, prefix, true);
    } else {
      replaceHere(rib, prefix, payload, true);
      isHandedOver = true;
    }
  }
  unstageOffLink(prefix);
  if (wasThere) {
    prefix.isOnLink = false;
    if (isHandedOver) passOn(prefix, changetype<Prefix>(heir));
    else closeNetworks(prefix);
    if (heir != 0 && !isReady) goOnLink(changetype<Prefix>(heir));
  }
  if (!wasThere || heir == 0) purgeNetwork(AF.INET6, prefix.high, prefix.low, prefix.bits, true);
}

/** The heir has the routes: it keeps account of them from now on. */
function passOn(prefix: Prefix, heir: Prefix): void {
  heir.isOnLink = true;
  heir.fibs = prefix.fibs;
  heir.networks = prefix.networks == prefix.ownNetwork ? heir.ownNetwork : prefix.networks;
  prefix.fibs = 0;
  prefix.networks = 0;
}

/** As takeOffLink, for a prefix that goes, also where somebody else removed its route. */
export function leaveLink(prefix: Prefix): void {
  takeOffLink(prefix);
  unstageOffLink(prefix);
  if (!prefix.isOnLink) return;
  prefix.isOnLink = false;
  closeNetworks(prefix);
}

/** Gives a prefix its route for good, if there is memory. */
export function goOnLink(prefix: Prefix): void {
  if (putOnLink(prefix) == Errno.OK) keepOnLink(prefix);
}

/** Takes a prefix's route away; false without memory. */
export function goOffLink(prefix: Prefix): bool {
  if (!stageOffLink(prefix)) return false;
  takeOffLink(prefix);
  return true;
}
