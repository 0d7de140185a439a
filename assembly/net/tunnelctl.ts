// The settings of tunnels as ioctls set and read them, in the layout of the exchange (SIOCSIFPHYADDR, SIOCGIFPSRCADDR, GIFSOPTS,
// GRESKEY and their likes).
//   changeTunnel, changeTunnelFlags, changeTunnelKey, changeTunnelPort
//   readTunnel

import { Errno } from "../abi/errno";
import { TunnelLayout } from "../abi/exchange";
import { IfLimit, LINK_STATE } from "../abi/ifnet";
import { format } from "../mem/text";
import { Kind } from "./cloner";
import { setGifFlags } from "./gif";
import { setGreFlags, setGreKey, setGrePort } from "./gre";
import { changeLinkState } from "./ifchange";
import { Interface, findByIndex } from "./ifnet";
import { Endpoints, deleteEndpoints, dropZone, embedZone, setEndpoints, tunnelKind, tunnelOf, zoneOf } from "./tunnel";

const wanted = changetype<Endpoints>(memory.data(offsetof<Endpoints>(), 16));

/**
 * Sets the endpoints, which brings the carrier, or takes them away.
 * @param at - a TunnelLayout
 * @returns ENXIO no interface of a zone; EINVAL, EADDRNOTAVAIL, ENXIO, ENOMEM as setEndpoints
 */
export function changeTunnel(ifp: Interface, at: u32, other: u32): Errno {
  const family = load<u32>(at, TunnelLayout.FAMILY);
  if (family == 0) return deleteEndpoints(ifp);
  const localZone = load<u32>(at, TunnelLayout.LOCAL_ZONE);
  const remoteZone = load<u32>(at, TunnelLayout.REMOTE_ZONE);
  if (isUnknown(localZone) || isUnknown(remoteZone)) return Errno.ENXIO;
  wanted.family = family;
  wanted.localHigh = embedZone(family, load<u64>(at, TunnelLayout.LOCAL_HIGH), localZone);
  wanted.localLow = load<u64>(at, TunnelLayout.LOCAL_LOW);
  wanted.remoteHigh = embedZone(family, load<u64>(at, TunnelLayout.REMOTE_HIGH), remoteZone);
  wanted.remoteLow = load<u64>(at, TunnelLayout.REMOTE_LOW);
  const error = setEndpoints(ifp, wanted);
  if (error == Errno.OK) changeLinkState(ifp, LINK_STATE.UP, ifp.media);
  return error;
}

function isUnknown(zone: u32): bool {
  return zone != 0 && findByIndex(zone) == null;
}

/** EINVAL for an interface that is neither; what setGifFlags and setGreFlags say. */
export function changeTunnelFlags(ifp: Interface, flags: u32, other: u32): Errno {
  const kind = tunnelKind(ifp);
  if (kind == Kind.GIF) return setGifFlags(ifp, flags);
  return kind == Kind.GRE ? setGreFlags(ifp, flags) : Errno.EINVAL;
}

/** EINVAL for an interface that is no gre. */
export function changeTunnelKey(ifp: Interface, key: u32, other: u32): Errno {
  return tunnelKind(ifp) == Kind.GRE ? setGreKey(ifp, key) : Errno.EINVAL;
}

/** EINVAL for an interface that is no gre, and as setGrePort. */
export function changeTunnelPort(ifp: Interface, port: u32, other: u32): Errno {
  return tunnelKind(ifp) == Kind.GRE ? setGrePort(ifp, port) : Errno.EINVAL;
}

/** Writes what is set as a TunnelLayout; false for an interface that is no tunnel. */
export function readTunnel(ifp: Interface, into: usize): bool {
  if (!ifp.isTunnel) return false;
  const tunnel = tunnelOf(ifp);
  const family = tunnel == null ? 0 : tunnel.family;
  store<u32>(into, family, TunnelLayout.FAMILY);
  store<u32>(into, ifp.tunnelFlags, TunnelLayout.FLAGS);
  store<u32>(into, ifp.tunnelKey, TunnelLayout.KEY);
  store<u32>(into, ifp.tunnelPort, TunnelLayout.PORT);
  if (tunnel == null) return true;
  writeZone(into + TunnelLayout.LOCAL_NAME, zoneOf(family, tunnel.localHigh));
  writeZone(into + TunnelLayout.REMOTE_NAME, zoneOf(family, tunnel.remoteHigh));
  store<u64>(into, dropZone(family, tunnel.localHigh), TunnelLayout.LOCAL_HIGH);
  store<u64>(into, tunnel.localLow, TunnelLayout.LOCAL_LOW);
  store<u64>(into, dropZone(family, tunnel.remoteHigh), TunnelLayout.REMOTE_HIGH);
  store<u64>(into, tunnel.remoteLow, TunnelLayout.REMOTE_LOW);
  return true;
}

/** The name of the interface with an index, or else the index, NUL-terminated; nothing for 0. */
function writeZone(into: usize, index: u32): void {
  memory.fill(into, 0, IfLimit.NAMSIZ);
  if (index == 0) return;
  const ifp = findByIndex(index);
  if (ifp != null) memory.copy(into, ifp.name, IfLimit.NAMSIZ);
  else format(into, IfLimit.NAMSIZ, "%", index, 0);
}
