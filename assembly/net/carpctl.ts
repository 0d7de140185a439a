// What is done to virtual hosts and their addresses (netinet/ip_carp.c).
//   mayHaveCarp          whether an interface can have them (carp_is_supported_if)
//   setVirtualHost       makes one, or changes it (carp_ioctl_set)
//   checkVirtualHost     whether an address may be attached to one
//   attachVirtual, detachVirtual   an address comes, and goes (carp_attach, carp_detach)
//   dropVirtualHosts     an interface leaves
//   checkCarp            that addresses are counted rightly

import { CARP_STATE, CarpLimit } from "../abi/carp";
import { Errno } from "../abi/errno";
import { IFF, IFT } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { VirtualHost, findVirtualHost, freeVirtualHost, hasCarp, makeVirtualHost, virtualHostCount } from "./carp";
import { removeVirtualRoutes } from "./carproutes";
import { becomeBackup, becomeMaster, demote, settle } from "./carpstate";
import { IfAddress } from "./ifaddr";
import { holdPromiscuous } from "./ifchange";
import { Interface, firstInterface } from "./ifnet";
import { leaveByCarp, tellCarpGroups } from "./membership";
import { settings } from "./settings";

/** What a virtual host is to be; a record of the caller. */
@unmanaged
export class VirtualHostRequest {
  vhid: u32;
  /** CARP_STATE to be in, once it is not INIT. */
  state: u32;
  /** Seconds; 0 = as before. */
  advbase: u32;
  advskew: u32;
  /** Where advertisements go, as the bytes lie in a message; 0 = as before. */
  address: u32;
  /** 16 bytes; all 0 = as before. */
  address6High: u64;
  address6Low: u64;
  /** CarpLimit.KEY bytes; the first 0 = as before. */
  key0: u64;
  key1: u64;
  key2: u32;

  get key(): usize {
    return changetype<usize>(this) + offsetof<VirtualHostRequest>("key0");
  }
}

/** EOPNOTSUPP for a type that carp does not know. */
export function mayHaveCarp(ifp: Interface): Errno {
  const isSupported = ifp.type == IFT.ETHER || ifp.type == IFT.L2VLAN || ifp.type == IFT.BRIDGE;
  return isSupported ? Errno.OK : Errno.EOPNOTSUPP;
}

/**
 * The first one makes the interface promiscuous.
 * @param request - vhid and numbers within their limits
 * @returns EADDRNOTAVAIL an interface without multicast; ENOMEM
 */
export function setVirtualHost(ifp: Interface, request: VirtualHostRequest): Errno {
  if ((ifp.flags & IFF.MULTICAST) == 0) return Errno.EADDRNOTAVAIL;
  let host = findVirtualHost(ifp, request.vhid);
  if (host == null) {
    const isFirst = ifp.virtualHosts == 0;
    host = changetype<VirtualHost | null>(makeVirtualHost(ifp, request.vhid));
    if (host == null) return Errno.ENOMEM;
    if (isFirst) holdPromiscuous(ifp, true);
  }
  if (request.advbase != 0) host.advbase = request.advbase;
  host.advskew = request.advskew;
  if (request.address != 0) host.address = request.address;
  if (request.address6High != 0 || request.address6Low != 0) {
    host.address6High = request.address6High;
    host.address6Low = request.address6Low;
  }
  if (load<u8>(request.key) != 0) memory.copy(host.key, request.key, CarpLimit.KEY);
  if (host.state != CARP_STATE.INIT && request.state != host.state) changeState(host, request.state);
  return Errno.OK;
}

function changeState(host: VirtualHost, state: u32): void {
  if (state == CARP_STATE.BACKUP) becomeBackup(host, "user requested via ifconfig");
  if (state == CARP_STATE.MASTER) becomeMaster(host, "user requested via ifconfig");
}

/** @returns EPROTONOSUPPORT no module; ENOPROTOOPT an interface without virtual hosts; ENOENT none of that vhid */
export function checkVirtualHost(ifp: Interface, vhid: u32): Errno {
  if (!hasCarp()) return Errno.EPROTONOSUPPORT;
  if (ifp.virtualHosts == 0) return Errno.ENOPROTOOPT;
  return findVirtualHost(ifp, vhid) == null ? Errno.ENOENT : Errno.OK;
}

/** Attaches an address to its virtualHost, whose groups were joined for it. */
export function attachVirtual(address: IfAddress): void {
  const host = changetype<VirtualHost>(address.virtualHost);
  tellCarpGroups(host.home, address.family);
  count(host, address.family, 1);
  address.isVirtual = true;
  settle(host);
}

/** @param keeps - the virtual host stays when this was its last address */
export function detachVirtual(address: IfAddress, keeps: bool): void {
  const host = changetype<VirtualHost>(address.virtualHost);
  count(host, address.family, -1);
  removeVirtualRoutes(address);
  leaveByCarp(host.home, address.family);
  address.isVirtual = false;
  address.virtualHost = 0;
  settle(host);
  if (!keeps && host.addresses == 0 && host.addresses6 == 0) destroy(host);
}

function count(host: VirtualHost, family: u32, by: i32): void {
  if (family == AF.INET) host.addresses += by;
  else host.addresses6 += by;
}

/** carp_destroy; with its last one the interface is no longer promiscuous. */
function destroy(host: VirtualHost): void {
  const ifp = host.home;
  if (host.isSuppressed) demote(-settings.carpIfdownDemotion, "vhid removed");
  freeVirtualHost(host);
  if (ifp.virtualHosts == 0) holdPromiscuous(ifp, false);
}

/** An interface goes whose addresses have gone: what is left are virtual hosts that have none (ARCHITECTURE.md). */
export function dropVirtualHosts(ifp: Interface): void {
  while (ifp.virtualHosts != 0) destroy(changetype<VirtualHost>(ifp.virtualHosts));
}

/** What is wrong with virtual hosts. */
export const enum CarpFault {
  NONE = 0,
  ADDRESSES = 441,
  COUNT = 442,
}

/** Checks that each virtual host counts its addresses, and that none is lost. */
export function checkCarp(): u32 {
  let found: u32 = 0;
  for (let at = firstInterface(); at != 0; at = changetype<Interface>(at).next) {
    for (let entry = changetype<Interface>(at).virtualHosts; entry != 0; entry = changetype<VirtualHost>(entry).next) {
      const host = changetype<VirtualHost>(entry);
      if (attachedTo(host, AF.INET) != host.addresses) return CarpFault.ADDRESSES;
      if (attachedTo(host, AF.INET6) != host.addresses6) return CarpFault.ADDRESSES;
      found++;
    }
  }
  return found == virtualHostCount() ? CarpFault.NONE : CarpFault.COUNT;
}

function attachedTo(host: VirtualHost, family: u32): u32 {
  let attached: u32 = 0;
  for (let at = host.home.addresses; at != 0; at = changetype<IfAddress>(at).next) {
    const address = changetype<IfAddress>(at);
    if (address.isVirtual && address.virtualHost == changetype<usize>(host) && address.family == family) attached++;
  }
  return attached;
}
