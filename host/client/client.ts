// A typed client over one NETLINK_ROUTE socket: every object is read and changed by method calls. The requests of each
// kind of object are in a file of its own beside this one; connection.ts tells answers from notifications.

import type { AF } from "../../assembly/abi/inet.js";
import type { Address } from "../codec/address.js";
import type { Link } from "../codec/link.js";
import type { Neighbour } from "../codec/neighbour.js";
import type { Nexthop } from "../codec/nexthop.js";
import type { Route } from "../codec/route.js";
import { type AddressParameters, deleteAddress, listAddresses, newAddress } from "./addresses.js";
import { Connection } from "./connection.js";
import {
  deleteLink,
  getLink,
  type LinkName,
  type LinkSettings,
  listLinks,
  type NewLink,
  newLink,
  setLink,
} from "./links.js";
import {
  deleteNeighbour,
  getNeighbour,
  listNeighbours,
  NEW_NEIGHBOUR,
  type NeighbourPath,
  newNeighbour,
} from "./neighbours.js";
import {
  deleteNexthop,
  getNexthop,
  listKernelNexthops,
  listNexthops,
  type NexthopFilter,
  type NexthopPath,
  newNexthop,
} from "./nexthops.js";
import { deleteRoute, listRoutes, lookupRoute, NEW_ROUTE, newRoute, type RoutePath } from "./routes.js";

export type { AddressParameters } from "./addresses.js";
export type { ClientSocket, Monitor } from "./connection.js";
export { type FamilyDescription, GenericClient, type KnownFamily, type RawCommand } from "./generic.js";
export type { LinkName, LinkSettings, NewLink } from "./links.js";
export type { NeighbourPath } from "./neighbours.js";
export type { NexthopFilter, NexthopPath } from "./nexthops.js";
export type { RouteHop, RoutePath } from "./routes.js";

export class Client extends Connection {
  // ---- links

  /** All links, in the order they were attached. */
  links(): Link[] {
    return listLinks(this);
  }

  /** @throws NetlinkError ENODEV when there is none */
  link(which: LinkName): Link {
    return getLink(this, which);
  }

  /**
   * Makes an interface. FreeBSD chooses its driver by the name.
   * @param name - `bridge0`; without a number, `bridge`, the lowest free one
   * @returns the name and index that it got
   * @throws NetlinkError EEXIST; EINVAL for a name without a driver; ENOSPC; what the driver refuses
   */
  linkAdd(name: string, link: NewLink): Required<Pick<Link, "name" | "index">> {
    return newLink(this, name, link);
  }

  /** @throws NetlinkError ENOENT when there is no such link; EPERM */
  linkSet(which: LinkName, settings: LinkSettings): void {
    setLink(this, which, settings);
  }

  /** @throws NetlinkError ENOENT; EINVAL for lo0 and hardware; EBUSY for a parent of vlans */
  linkDelete(which: LinkName): void {
    deleteLink(this, which);
  }

  // ---- addresses

  /**
   * @param family - AF.INET, AF.INET6; all without it
   * @param index - of one interface; all without it
   * @throws NetlinkError ENOENT for an unknown index
   */
  addresses(filter: { family?: AF; index?: number } = {}): Address[] {
    return listAddresses(this, filter);
  }

  /**
   * Adds an address; one that the interface has is replaced.
   * @param address - with its prefix length, `192.0.2.1/24`
   * @throws NetlinkError ENOENT for an unknown index; EINVAL for a length, peer or lifetimes that do not fit; EPERM
   */
  addressAdd(address: string, options: AddressParameters): void {
    newAddress(this, address, options);
  }

  /** @param address - with or without its prefix length. @throws NetlinkError EADDRNOTAVAIL when the interface does not have it; ENOENT; EPERM */
  addressDelete(address: string, { index }: { index: number }): void {
    deleteAddress(this, address, index);
  }

  // ---- routes

  /**
   * The routes of one fib.
   * @param family - AF.INET, AF.INET6; both without it
   * @param fib - 0 without it
   * @throws NetlinkError EINVAL for a fib that is not there, ESRCH for a family without routes
   */
  routes(filter: { family?: AF; fib?: number } = {}): Route[] {
    return listRoutes(this, filter);
  }

  /**
   * The route that packets to an address take: the longest match, and one of its paths where it has several.
   * @throws NetlinkError ESRCH when none matches; RangeError when `destination` is no address
   */
  route(destination: string, options: { fib?: number } = {}): Route {
    return lookupRoute(this, destination, options);
  }

  /**
   * Adds a route.
   * @param destination - `10.1.0.0/16`; without a length, the one address
   * @throws NetlinkError EEXIST when the prefix is there, EINVAL for a path that leads nowhere, ESRCH for an unknown
   *   nexthop id, EPERM
   */
  routeAdd(destination: string, path: RoutePath): void {
    newRoute(this, NEW_ROUTE.ADD, destination, path);
  }

  /** Adds a route, or gives the one that is there another path. @throws NetlinkError as routeAdd; EEXIST for an interface's own */
  routeReplace(destination: string, path: RoutePath): void {
    newRoute(this, NEW_ROUTE.REPLACE, destination, path);
  }

  /** Adds a route, or paths to the one that is there. @throws NetlinkError as routeAdd; EEXIST for a path it has, or one without gateway */
  routeAppend(destination: string, path: RoutePath): void {
    newRoute(this, NEW_ROUTE.APPEND, destination, path);
  }

  /** @param path - which path of a multipath route; without it the whole route. @throws NetlinkError ESRCH; EADDRINUSE for an interface's own; EPERM */
  routeDelete(destination: string, path: Pick<RoutePath, "fib" | "gateway" | "via" | "oif"> = {}): void {
    deleteRoute(this, destination, path);
  }

  // ---- neighbours

  /**
   * @param family - AF.INET, AF.INET6; both without it
   * @param index - of one interface; all without it
   * @throws NetlinkError ENOENT for an unknown index
   */
  neighbours(filter: { family?: AF; index?: number } = {}): Neighbour[] {
    return listNeighbours(this, filter);
  }

  /** The entry of an address on an interface's link. @throws NetlinkError ESRCH when there is none; RangeError */
  neighbour(destination: string, index: number): Neighbour {
    return getNeighbour(this, destination, index);
  }

  /**
   * Makes an entry by hand.
   * @throws NetlinkError EEXIST; ENOMEM for an address that is not on the link; EINVAL, EAFNOSUPPORT, EPERM; RangeError
   */
  neighbourAdd(destination: string, path: NeighbourPath): void {
    newNeighbour(this, NEW_NEIGHBOUR.ADD, destination, path);
  }

  /** Makes an entry, or puts it in the place of the one that is there. @throws NetlinkError as neighbourAdd; EPERM for an own address */
  neighbourReplace(destination: string, path: NeighbourPath): void {
    newNeighbour(this, NEW_NEIGHBOUR.REPLACE, destination, path);
  }

  /** @throws NetlinkError ENOENT; EPERM, for an own address too; RangeError */
  neighbourDelete(destination: string, index: number): void {
    deleteNeighbour(this, destination, index);
  }

  // ---- nexthops

  /** Nexthops and groups made with an id. @throws NetlinkError ESRCH while none was ever made; ENOENT for an unknown interface */
  nexthops(filter: NexthopFilter = {}): Nexthop[] {
    return listNexthops(this, filter);
  }

  /** @throws NetlinkError ESRCH when there is none */
  nexthop(id: number): Nexthop {
    return getNexthop(this, id);
  }

  /**
   * The nexthops that routes use, of one fib and family.
   * @param fib - 0 without it
   * @param family - AF.INET without it; IPv4 routes over IPv6 gateways have theirs with AF.INET6
   */
  kernelNexthops(table: { fib?: number; family?: AF } = {}): Nexthop[] {
    return listKernelNexthops(this, table);
  }

  /**
   * Makes a nexthop, or a group of nexthops.
   * @param id - 1 or more; without one the kernel takes a free one at random, which only the notification tells
   * @throws NetlinkError EEXIST; ESRCH for a member that is not there; ENOTSUP for one that is a group; EINVAL for a
   *   gateway out of reach; ENOENT for an unknown interface; EPERM
   */
  nexthopAdd(id: number | undefined, path: NexthopPath): void {
    newNexthop(this, id, path);
  }

  /** Routes and groups that use it keep what they have. @throws NetlinkError ENOENT; ESRCH while none was ever made; EPERM */
  nexthopDelete(id: number): void {
    deleteNexthop(this, id);
  }
}
