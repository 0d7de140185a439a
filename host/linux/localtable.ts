// Linux's table 255, which FreeBSD has not: made from addresses and links (linux-compat E7.6). The kernel forwards nothing, so
// there are no anycast entries, which Linux makes for IPv6 when it forwards.
//   hostRoutes, networkRoutes, multicastRoutes   the entries of an address, of the network of some, of an interface
//   localRoutes                                  all of them, in the order of a dump
//   localRouteOf                                 what an address is to this host

import { IFF } from "../../assembly/abi/ifnet.js";
import { AddressSize, AF } from "../../assembly/abi/inet.js";
import { RT_SCOPE, RTN } from "../../assembly/abi/rtnetlink.js";
import { compareAddresses, lastOf, masked, shareBits } from "./addressbits.js";
import type { Address } from "./addressmirror.js";
import type { Link } from "./linkmirror.js";
import type { OwnRoute } from "./ownroute.js";
import { Metric6 } from "./routenumber.js";
import { LinuxTable } from "./tables.js";
import type { LinuxVnet } from "./vnet.js";

/** What the route of an address leads to: its prefix, or the other end. */
export interface Network {
  /** Of the interface. */
  readonly index: number;
  /** FreeBSD's. */
  readonly family: number;
  readonly bits: number;
  readonly address: Uint8Array;
  /** The first address of the interface in it: Linux's primary one. */
  readonly primary: Address;
}

/** Linux makes no broadcast entry for longer prefixes. */
const BROADCAST_BITS = 30;
const MULTICAST6 = Uint8Array.of(0xff, ...new Array<number>(15).fill(0));
const MULTICAST6_BITS = 8;

/** The networks of an interface's addresses of one family, by name. */
export function networksOn(vnet: LinuxVnet, index: number, family: number): Map<string, Network> {
  const networks = new Map<string, Network>();
  for (const primary of vnet.addresses.on(index, family)) {
    const name = networkName(primary);
    if (!networks.has(name)) networks.set(name, { index, family, ...rangeOf(primary), primary });
  }
  return networks;
}

/** What the route of an address leads to, without who it is. */
export function rangeOf({ local, peer, prefixLength }: Address): {
  readonly bits: number;
  readonly address: Uint8Array;
} {
  if (compareAddresses(local, peer) !== 0) return { bits: peer.length * 8, address: peer };
  return { bits: prefixLength, address: masked(local, prefixLength) };
}

/** What the network of an address is known by. */
export function networkName(of: Address): string {
  const { bits, address } = rangeOf(of);
  return `${of.index} ${address.join(".")}/${bits}`;
}

// ---- entries

/** Of an address. Linux takes those of IPv6 away while the interface is down. */
export function hostRoutes(link: Link, { family, local, index }: Address, primary: Address): OwnRoute[] {
  const isInet6 = family === AF.INET6;
  if (isInet6 && (link.flags & IFF.UP) === 0) return [];
  const route = {
    family,
    table: LinuxTable.LOCAL,
    type: RTN.LOCAL,
    scope: isInet6 ? RT_SCOPE.UNIVERSE : RT_SCOPE.HOST,
    bits: local.length * 8,
    address: local,
    prefsrc: isInet6 ? undefined : primary.local,
    index,
    priority: 0,
  };
  return [route];
}

/** Of an IPv4 network: all of it on a loopback interface, and the broadcast address. */
export function networkRoutes(link: Link, { family, bits, address, index, primary }: Network): OwnRoute[] {
  if (family !== AF.INET || bits === AddressSize.INET_BITS) return [];
  const table = LinuxTable.LOCAL;
  const network = { family, table, bits, address, prefsrc: primary.local, index, priority: 0 };
  const routes: OwnRoute[] = [];
  const isLoopback = (link.flags & IFF.LOOPBACK) !== 0;
  if (isLoopback) routes.push({ ...network, type: RTN.LOCAL, scope: RT_SCOPE.HOST });
  const isShared = isLoopback || (link.flags & IFF.BROADCAST) !== 0;
  if (isShared && (link.flags & IFF.UP) !== 0 && bits <= BROADCAST_BITS) {
    const last = { bits: AddressSize.INET_BITS, address: lastOf(address, bits) };
    routes.push({ ...network, ...last, type: RTN.BROADCAST, scope: RT_SCOPE.LINK });
  }
  return routes;
}

/** Of an interface that has IPv6 and is up. */
export function multicastRoutes(vnet: LinuxVnet, link: Link): OwnRoute[] {
  const flags = link.flags & (IFF.UP | IFF.MULTICAST | IFF.LOOPBACK);
  if (flags !== (IFF.UP | IFF.MULTICAST) || vnet.addresses.on(link.index, AF.INET6).length === 0) return [];
  const route = {
    family: AF.INET6,
    table: LinuxTable.LOCAL,
    type: RTN.MULTICAST,
    scope: RT_SCOPE.UNIVERSE,
    bits: MULTICAST6_BITS,
    address: MULTICAST6,
    prefsrc: undefined,
    index: link.index,
    priority: Metric6.KERNEL,
  };
  return [route];
}

// ---- the table

/** The entries of a family in the order of Linux's dump: by address, the shorter prefix first. */
export function localRoutes(vnet: LinuxVnet, family: number): OwnRoute[] {
  const routes: OwnRoute[] = [];
  for (const link of vnet.links.all()) {
    const networks = networksOn(vnet, link.index, family);
    for (const address of vnet.addresses.on(link.index, family)) {
      const primary = networks.get(networkName(address))?.primary ?? address;
      routes.push(...hostRoutes(link, address, primary));
    }
    for (const network of networks.values()) routes.push(...networkRoutes(link, network));
    if (family === AF.INET6) routes.push(...multicastRoutes(vnet, link));
  }
  return routes.sort((left, right) => compareAddresses(left.address, right.address) || left.bits - right.bits);
}

/**
 * The entry with the longest match for an address.
 * @param index - of the interface that multicast is to leave by, 0 for any
 */
export function localRouteOf(vnet: LinuxVnet, address: Uint8Array, index: number): OwnRoute | undefined {
  const family = address.length === AddressSize.INET6 ? AF.INET6 : AF.INET;
  let best: OwnRoute | undefined;
  for (const route of localRoutes(vnet, family)) {
    if (!shareBits(route.address, address, route.bits) || (best !== undefined && route.bits <= best.bits)) continue;
    if (route.type !== RTN.MULTICAST || index === 0 || route.index === index) best = route;
  }
  return best;
}

/** The first address of an interface in the network that one of the kernel's routes leads to. */
export function sourceIn(vnet: LinuxVnet, index: number, address: Uint8Array, bits: number): Uint8Array | undefined {
  const family = address.length === AddressSize.INET6 ? AF.INET6 : AF.INET;
  return vnet.addresses.on(index, family).find((each) => shareBits(each.peer, address, bits))?.local;
}
