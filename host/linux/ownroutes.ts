// Notifications of the routes that come and go with addresses and links (linux-compat E11.1; linux-clients C6): those of table
// 255, and those to networks, of which the kernel tells nobody. What programs were told of is remembered, and compared with
// what is there when an address or an interface has changed.

import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { RT_SCOPE, RTA, RTF, RTM, RTN, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { Address } from "./addressmirror.js";
import { hostRoutes, multicastRoutes, type Network, networkName, networkRoutes, networksOn } from "./localtable.js";
import { isSameRoute, type OwnRoute, writeOwnRoute } from "./ownroute.js";
import { refill } from "./plain.js";
import { findRoute } from "./routelookup.js";
import { sameBytes } from "./routenotes.js";
import { Metric6 } from "./routenumber.js";
import { tableOf } from "./tables.js";
import type { LinuxVnet } from "./vnet.js";

/** Linux tells of IPv6 routes that go with a link, and says nothing of IPv4's. */
type Departures = "told" | "told for IPv6";

export class OwnRoutes {
  /** By what they come from: an address, a network, an interface. */
  readonly #told = new Map<string, readonly OwnRoute[]>();

  /** By what they come from. */
  save(): ReadonlyMap<string, readonly OwnRoute[]> {
    return this.#told;
  }

  load(told: ReadonlyMap<string, readonly OwnRoute[]>): void {
    refill(this.#told, told);
  }

  /** Takes what is there as told. */
  learn(vnet: LinuxVnet): void {
    this.#told.clear();
    for (const { index } of vnet.links.all()) {
      for (const [source, routes] of routesOn(vnet, index)) this.#told.set(source, routes);
    }
  }

  /** An address came or went, and the mirror has it so. */
  followAddress(vnet: LinuxVnet, address: Address): void {
    vnet.routes.mayHaveLost = true;
    const { index, family } = address;
    const network = networksOn(vnet, index, family).get(networkName(address));
    const changed: [source: string, now: readonly OwnRoute[]][] = [
      [hostSource(address), hostRoutesOf(vnet, address, network)],
      [networkName(address), network === undefined ? [] : networkRoutesOf(vnet, network)],
      [multicastSource(index), multicastRoutesOn(vnet, index)],
    ];
    // What came last goes first.
    if (changed[0]?.[1].length === 0) changed.reverse();
    for (const [source, now] of changed) this.#update(vnet, source, now, "told");
  }

  /** An interface changed, or went, and the mirrors have it so. */
  followLink(vnet: LinuxVnet, index: number): void {
    vnet.routes.mayHaveLost = true;
    const now = routesOn(vnet, index);
    const gone = [...this.#told].filter(([source, routes]) => routes[0]?.index === index && !now.has(source));
    for (const [source] of gone.reverse()) this.#update(vnet, source, [], "told for IPv6");
    for (const [source, routes] of now) this.#update(vnet, source, routes, "told for IPv6");
  }

  #update(vnet: LinuxVnet, source: string, now: readonly OwnRoute[], departures: Departures): void {
    const before = this.#told.get(source) ?? [];
    const gone = before.filter((route) => !now.some((each) => isSameRoute(each, route)));
    for (const route of gone.reverse()) {
      if (departures === "told" || route.family === AF.INET6) tell(vnet, RTM.DELROUTE, route, 0);
    }
    for (const route of now) {
      if (!before.some((each) => isSameRoute(each, route))) tell(vnet, RTM.NEWROUTE, route, this.#arrivalFlags(route));
    }
    if (now.length === 0) this.#told.delete(source);
    else this.#told.set(source, now);
  }

  /** Linux says EXCL but of the second IPv6 route to the same place, as that of multicast over another interface. */
  #arrivalFlags(route: OwnRoute): number {
    const isSecond = route.family === AF.INET6 && this.#hasPlace(route);
    return NLM_F.CREATE | (isSecond ? 0 : NLM_F.EXCL);
  }

  #hasPlace({ table, bits, address }: OwnRoute): boolean {
    for (const routes of this.#told.values()) {
      for (const each of routes) {
        if (each.table === table && each.bits === bits && sameBytes(each.address, address)) return true;
      }
    }
    return false;
  }
}

function tell(vnet: LinuxVnet, type: number, route: OwnRoute, flags: number): void {
  const group = route.family === AF.INET ? RTNLGRP.IPV4_ROUTE : RTNLGRP.IPV6_ROUTE;
  // The kernel does it by itself, whatever made the address come or go.
  vnet.multicast(group, undefined, (writer, seq, port) => writeOwnRoute(route, type, writer, { flags, seq, port }));
}

// ---- what is there

/** Of an interface, by what they come from, in the order of arrival. */
function routesOn(vnet: LinuxVnet, index: number): Map<string, readonly OwnRoute[]> {
  const routes = new Map<string, readonly OwnRoute[]>();
  const put = (source: string, some: readonly OwnRoute[]): void => {
    if (some.length > 0) routes.set(source, some);
  };
  for (const family of [AF.INET, AF.INET6]) {
    const networks = networksOn(vnet, index, family);
    for (const address of vnet.addresses.on(index, family)) {
      const name = networkName(address);
      const network = networks.get(name);
      put(hostSource(address), hostRoutesOf(vnet, address, network));
      if (network?.primary === address) put(name, networkRoutesOf(vnet, network));
    }
  }
  put(multicastSource(index), multicastRoutesOn(vnet, index));
  return routes;
}

function hostSource({ index, local }: Address): string {
  return `${index} ${local.join(".")}`;
}

function multicastSource(index: number): string {
  return `${index} multicast`;
}

function hostRoutesOf(vnet: LinuxVnet, address: Address, network: Network | undefined): OwnRoute[] {
  const { index, family, local } = address;
  const link = vnet.links.get(index);
  if (link === undefined || vnet.addresses.get(index, family, local) === undefined) return [];
  return hostRoutes(link, address, network?.primary ?? address);
}

function multicastRoutesOn(vnet: LinuxVnet, index: number): OwnRoute[] {
  const link = vnet.links.get(index);
  return link === undefined ? [] : multicastRoutes(vnet, link);
}

/** Of table 255, and the route to the network in each table where the kernel has it over this interface. */
function networkRoutesOf(vnet: LinuxVnet, network: Network): OwnRoute[] {
  const link = vnet.links.get(network.index);
  if (link === undefined) return [];
  return [...networkRoutes(link, network), ...connectedRoutes(vnet, network)];
}

function connectedRoutes(vnet: LinuxVnet, { family, bits, address, index, primary }: Network): OwnRoute[] {
  const isInAll = vnet.vnet.sysctl("net.add_addr_allfibs") !== 0;
  const routes: OwnRoute[] = [];
  for (let fib = 0; fib < vnet.kernel.fibs; fib++) {
    const route = findRoute(vnet, { fib, family, bits, address }, index);
    if (route === undefined || route.u32(RTA.OIF) !== index || (route.u32(RTA.RTFLAGS) & RTF.PINNED) === 0) continue;
    const isInet6 = family === AF.INET6;
    routes.push({
      family,
      table: tableOf(vnet, fib),
      type: RTN.UNICAST,
      scope: isInet6 ? RT_SCOPE.UNIVERSE : RT_SCOPE.LINK,
      bits,
      address,
      prefsrc: isInet6 ? undefined : primary.local,
      index,
      priority: Metric6.KERNEL,
    });
    if (!isInAll) break;
  }
  return routes;
}
