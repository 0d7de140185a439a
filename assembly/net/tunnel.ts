// Tunnels: what a gif or gre has its endpoints for (net/if_gif.c, net/if_gre.c; netinet/in_gif.c, ip_gre.c and their
// likes of IPv6). There are no packets, so an endpoint is seen by what the interface is: it runs while its local endpoint is
// an address of this vnet, and its MTU stays as it is.
//   setEndpoints, deleteEndpoints      between which addresses
//   stageEndpoints, unstageEndpoints   the memory for them, before the interface is made
//   followSource                       an address came or went
//   endTunnel                          the interface is destroyed
//   leaveEndpoints, arriveTunnel       it moves to another vnet
//   keepTunnel, restoreTunnel          takes back a change for the rest of which memory lacks
// What only one of the two has is in gif.ts and gre.ts.

import { Errno } from "../abi/errno";
import { GIF, GRE, IFF, LINK_STATE } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { Slab, give, take } from "../mem/slab";
import { Kind, clonerAt } from "./cloner";
import { IfAddress, firstAddress } from "./ifaddr";
import { changeLinkState } from "./ifchange";
import { highestIndex } from "./ifindex";
import { Interface, findByIndex } from "./ifnet";
import { armNd } from "./ndtimer";

/** Two addresses of one family. One of IPv6 that is valid on a link only has the index of an interface in it (address.ts). */
@unmanaged
export class Endpoints {
  family: u32;
  localHigh: u64;
  localLow: u64;
  remoteHigh: u64;
  remoteLow: u64;
}

/** An interface that has endpoints. */
@unmanaged
export class Tunnel extends Endpoints {
  ifp: usize;
  next: usize;
  previous: usize;
}

/** Those of the vnet, the newest first, and a record for one that is about to be made; 0 = none. */
@unmanaged
class Tunnels {
  first: usize;
  spare: usize;
}

/** What restoreTunnel needs. */
@unmanaged
class Kept extends Endpoints {
  hasEndpoints: bool;
  isRunning: bool;
  flags: u32;
  key: u32;
  port: u32;
}

const slab = changetype<Slab>(memory.data(offsetof<Slab>(), 16));
const tunnels = changetype<Tunnels>(memory.data(offsetof<Tunnels>(), 16));
const kept = changetype<Kept>(memory.data(offsetof<Kept>(), 16));

/** Bytes 2 and 3 of an address: the interface on whose link it is. */
const ZONE_SHIFT: u64 = 32;
const ZONE_MASK: u64 = 0x0000ffff00000000;

// ---- what an interface is

/** Kind.GIF, Kind.GRE; 0 for an interface whose driver keeps no settings of a tunnel. */
export function tunnelKind(ifp: Interface): u32 {
  return ifp.isTunnel ? clonerAt(ifp.cloner).kind : 0;
}

export function tunnelOf(ifp: Interface): Tunnel | null {
  return changetype<Tunnel | null>(ifp.tunnel);
}

// ---- addresses that are valid on one link

/** Link-local addresses, and multicast ones of a link or an interface (IN6_IS_SCOPE_LINKLOCAL, …_MC_INTFACELOCAL). */
function isOfLink(family: u32, high: u64): bool {
  if (family != AF.INET6) return false;
  const first = <u32>(high >> 48);
  return (first & 0xffc0) == 0xfe80 || (first & 0xff0f) == 0xff01 || (first & 0xff0f) == 0xff02;
}

/** The index of the interface on whose link an address is, 0 = it has none. */
export function zoneOf(family: u32, high: u64): u32 {
  return isOfLink(family, high) ? <u32>((high & ZONE_MASK) >> ZONE_SHIFT) : 0;
}

/** The high word with the index of an interface in it (sa6_embedscope); other addresses as they are. */
export function embedZone(family: u32, high: u64, index: u32): u64 {
  return index != 0 && isOfLink(family, high) ? (high & ~ZONE_MASK) | (<u64>(index & 0xffff) << ZONE_SHIFT) : high;
}

/** The high word without it. */
export function dropZone(family: u32, high: u64): u64 {
  return isOfLink(family, high) ? high & ~ZONE_MASK : high;
}

/** Whether an address can be shown: the index in it is not above that of every interface (sa6_recoverscope). */
export function isShown(family: u32, high: u64): bool {
  return zoneOf(family, high) <= highestIndex();
}

// ---- endpoints

/**
 * Sets the endpoints, or others; the same ones again change nothing (SIOCSIFPHYADDR, but for the carrier).
 * @returns EINVAL no tunnel; EADDRNOTAVAIL an unspecified address, or those of another tunnel; ENXIO as attach; ENOMEM
 */
export function setEndpoints(ifp: Interface, wanted: Endpoints): Errno {
  if (!ifp.isTunnel) return Errno.EINVAL;
  if ((wanted.localHigh | wanted.localLow) == 0 || (wanted.remoteHigh | wanted.remoteLow) == 0) {
    return Errno.EADDRNOTAVAIL;
  }
  const present = tunnelOf(ifp);
  if (present != null && isSame(present, wanted)) return Errno.OK;
  if (hasTwin(ifp, wanted, ifp.tunnelFlags)) return Errno.EADDRNOTAVAIL;
  if (present == null && !open(ifp)) return Errno.ENOMEM;
  copyEndpoints(changetype<Endpoints>(ifp.tunnel), wanted);
  return attach(ifp);
}

function isSame(left: Endpoints, right: Endpoints): bool {
  return (
    left.family == right.family &&
    left.localHigh == right.localHigh &&
    left.localLow == right.localLow &&
    left.remoteHigh == right.remoteHigh &&
    left.remoteLow == right.remoteLow
  );
}

/**
 * Whether another tunnel of the driver would get the packets for these endpoints: a gif that looks at where they come
 * from, whatever this one does (in_gif_checkdup); a gre that wraps them the same way (in_gre_checkdup).
 */
export function hasTwin(ifp: Interface, endpoints: Endpoints, flags: u32): bool {
  for (let at = tunnels.first; at != 0; at = changetype<Tunnel>(at).next) {
    const other = changetype<Interface>(changetype<Tunnel>(at).ifp);
    if (other == ifp || other.cloner != ifp.cloner || !isSame(changetype<Endpoints>(at), endpoints)) continue;
    const isGif = tunnelKind(ifp) == Kind.GIF;
    const apart = isGif ? other.tunnelFlags & GIF.IGNORE_SOURCE : (other.tunnelFlags ^ flags) & GRE.UDPENCAP;
    if (apart == 0) return true;
  }
  return false;
}

function copyEndpoints(into: Endpoints, from: Endpoints): void {
  memory.copy(changetype<usize>(into), changetype<usize>(from), offsetof<Endpoints>());
}

/** Takes the memory that setEndpoints may need; false without. unstageEndpoints is to follow. */
export function stageEndpoints(): bool {
  tunnels.spare = take<Tunnel>(slab);
  return tunnels.spare != 0;
}

/** Gives back what setEndpoints did not need. */
export function unstageEndpoints(): void {
  if (tunnels.spare != 0) give<Tunnel>(slab, tunnels.spare);
  tunnels.spare = 0;
}

/** A Tunnel on the list; false without memory. */
function open(ifp: Interface): bool {
  const record = tunnels.spare != 0 ? tunnels.spare : take<Tunnel>(slab);
  tunnels.spare = 0;
  if (record == 0) return false;
  const tunnel = changetype<Tunnel>(record);
  tunnel.ifp = changetype<usize>(ifp);
  tunnel.next = tunnels.first;
  if (tunnels.first != 0) changetype<Tunnel>(tunnels.first).previous = record;
  tunnels.first = record;
  ifp.tunnel = record;
  return true;
}

function close(ifp: Interface): void {
  const tunnel = tunnelOf(ifp);
  if (tunnel == null) return;
  if (tunnel.previous != 0) changetype<Tunnel>(tunnel.previous).next = tunnel.next;
  else tunnels.first = tunnel.next;
  if (tunnel.next != 0) changetype<Tunnel>(tunnel.next).previous = tunnel.previous;
  give<Tunnel>(slab, changetype<usize>(tunnel));
  ifp.tunnel = 0;
}

/**
 * The endpoints are in use from now on.
 * @returns ENXIO a UDP socket cannot be bound to an address of no interface's link: the endpoints are lost, and whether
 *   the interface runs is not looked at (in6_gre_setup_socket)
 */
export function attach(ifp: Interface): Errno {
  const tunnel = changetype<Tunnel>(ifp.tunnel);
  const zone = zoneOf(tunnel.family, tunnel.localHigh);
  const isUdp = tunnelKind(ifp) == Kind.GRE && (ifp.tunnelFlags & GRE.UDPENCAP) != 0;
  if (isUdp && zone != 0 && findByIndex(zone) == null) {
    close(ifp);
    return Errno.ENXIO;
  }
  setRunning(ifp, isOwn(tunnel));
  return Errno.OK;
}

/** Nobody is told; IPv6 addresses of an interface that stopped running become tentative (nd6_timer). */
function setRunning(ifp: Interface, isRunning: bool): void {
  if (((ifp.driverFlags & IFF.RUNNING) != 0) == isRunning) return;
  ifp.driverFlags ^= IFF.RUNNING;
  armNd();
}

/** Whether some interface has the local endpoint as an address (in_localip, in6_localip). */
function isOwn(tunnel: Tunnel): bool {
  for (let at = firstAddress(); at != 0; at = changetype<IfAddress>(at).nextOfAll) {
    const address = changetype<IfAddress>(at);
    if (isLocal(tunnel, address.family, address.high, address.low)) return true;
  }
  return false;
}

function isLocal(tunnel: Tunnel, family: u32, high: u64, low: u64): bool {
  return tunnel.family == family && tunnel.localHigh == high && tunnel.localLow == low;
}

/** An address came or went: tunnels from there run, or do so no more (in_gif_srcaddr). */
export function followSource(family: u32, high: u64, low: u64): void {
  for (let at = tunnels.first; at != 0; at = changetype<Tunnel>(at).next) {
    const tunnel = changetype<Tunnel>(at);
    if (isLocal(tunnel, family, high, low)) setRunning(changetype<Interface>(tunnel.ifp), isOwn(tunnel));
  }
}

/** Takes the endpoints away, and the carrier (SIOCDIFPHYADDR). EINVAL no tunnel. */
export function deleteEndpoints(ifp: Interface): Errno {
  if (!ifp.isTunnel) return Errno.EINVAL;
  if (ifp.tunnel != 0) loseTunnel(ifp);
  return Errno.OK;
}

/** gif_delete_tunnel */
function loseTunnel(ifp: Interface): void {
  leaveEndpoints(ifp);
  changeLinkState(ifp, LINK_STATE.DOWN, ifp.media);
}

// ---- interfaces that go

/** It is about to be destroyed: it loses the carrier, had it endpoints or not; a gif's settings are shown no more. */
export function endTunnel(ifp: Interface): void {
  if (!ifp.isTunnel) return;
  const isGif = tunnelKind(ifp) == Kind.GIF;
  leaveEndpoints(ifp);
  if (isGif) ifp.isTunnel = false;
  changeLinkState(ifp, LINK_STATE.DOWN, ifp.media);
}

/** Its endpoints stay behind, what else was set does not. */
export function leaveEndpoints(ifp: Interface): void {
  if (!ifp.isTunnel) return;
  close(ifp);
  setRunning(ifp, false);
}

/**
 * It arrived in a vnet: the carrier went with the endpoints. FreeBSD tells of that whenever its task queue runs; here it is
 * once there is somebody to tell.
 */
export function arriveTunnel(ifp: Interface): void {
  if (ifp.isTunnel) changeLinkState(ifp, LINK_STATE.DOWN, ifp.media);
}

// ---- changes taken back

/** Keeps what is set, for restoreTunnel. */
export function keepTunnel(ifp: Interface): void {
  if (!ifp.isTunnel) return;
  const tunnel = tunnelOf(ifp);
  kept.hasEndpoints = tunnel != null;
  if (tunnel != null) copyEndpoints(kept, tunnel);
  kept.isRunning = (ifp.driverFlags & IFF.RUNNING) != 0;
  kept.flags = ifp.tunnelFlags;
  kept.key = ifp.tunnelKey;
  kept.port = ifp.tunnelPort;
}

/** As it was when it was kept. What had endpoints has some still: nothing here takes memory. */
export function restoreTunnel(ifp: Interface): void {
  if (!ifp.isTunnel) return;
  if (!kept.hasEndpoints) close(ifp);
  else copyEndpoints(changetype<Endpoints>(ifp.tunnel), kept);
  setRunning(ifp, kept.isRunning);
  ifp.tunnelFlags = kept.flags;
  ifp.tunnelKey = kept.key;
  ifp.tunnelPort = kept.port;
}
