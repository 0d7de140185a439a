// Addresses coming and going, with the routes and neighbours that they bring and take (rtnetlink B.6.1, C.4 to C.7, D.5.3).

import { AF } from "../../assembly/abi/inet.js";
import { NTF, RTF, RTN } from "../../assembly/abi/rtnetlink.js";
import {
  type Address,
  type Hop,
  isSameNetwork,
  isWithin,
  type Link,
  linkOfUid,
  networkOf,
  resolves,
  routeKey,
  type Vnet,
  widthOf,
} from "./network.js";
import { sweep } from "./routes.js";

/** Fib of all interfaces. */
const FIB = 0;

/** C.7, Z.4: the address's own route is the only one. */
function isHostOnly(link: Link, address: Address): boolean {
  return address.family === AF.INET && (address.length === 32 || link.kind === "lo");
}

/** Another address of the link whose network's route serves both. */
function sharesNetwork(link: Link, address: Address): (other: Address) => boolean {
  return (other) => other !== address && !isHostOnly(link, address) && isSameNetwork(other, address);
}

function putOwn(vnet: Vnet, address: Address, prefix: string, out: Link, rtFlags: number): void {
  const hop: Hop = {
    gateway: undefined,
    link: out.uid,
    oif: out.index,
    source: address.uid,
    rtFlags,
    nhId: 0,
    weight: 1,
  };
  const { family } = address;
  vnet.routes.set(routeKey(FIB, prefix), { fib: FIB, family, prefix, type: RTN.UNICAST, hops: [hop], groupId: 0 });
}

function loopbackFor(vnet: Vnet, link: Link): Link {
  return link.kind === "lo" ? link : (linkOfUid(vnet, vnet.lo0) as Link);
}

function hostPrefix(address: Address): string {
  return `${address.text}/${widthOf(address.family)}`;
}

/** The network's route, or of an address without a network its own. */
function putNetwork(vnet: Vnet, link: Link, address: Address): void {
  if (isHostOnly(link, address)) {
    putOwn(vnet, address, hostPrefix(address), loopbackFor(vnet, link), RTF.HOST | RTF.PINNED);
  } else {
    putOwn(vnet, address, networkOf(address), link, RTF.PINNED);
  }
  address.hasPrefixRoute = true;
}

function putRoutes(vnet: Vnet, link: Link, address: Address): void {
  const others = link.addresses.filter(sharesNetwork(link, address));
  const hasNetwork = address.family === AF.INET || address.length !== widthOf(address.family);
  if (hasNetwork && !others.some((each) => each.hasPrefixRoute)) putNetwork(vnet, link, address);
  if (isHostOnly(link, address)) return;
  putOwn(vnet, address, hostPrefix(address), loopbackFor(vnet, link), RTF.HOST | RTF.STATIC | RTF.PINNED);
}

/** A new address, at the end of the link's list; an IPv4 one that is there goes first (C.4.4). */
export function addAddress(vnet: Vnet, link: Link, address: Address): void {
  const present = link.addresses.find(({ text }) => text === address.text);
  if (present !== undefined && address.family === AF.INET6) return;
  if (present !== undefined) deleteAddress(vnet, link, present);
  link.addresses.push(address);
  if (resolves(link)) {
    const { family, text: dst } = address;
    link.neighbours.push({ family, dst, lladdr: link.lladdr ?? "", flags: NTF.SELF | NTF.STICKY });
  }
  putRoutes(vnet, link, address);
  // The driver accepts an address by going up (C.3.3).
  if (!link.isUp) bringUp(vnet, link);
}

export function deleteAddress(vnet: Vnet, link: Link, address: Address): void {
  link.addresses = link.addresses.filter((each) => each !== address);
  const heir = link.addresses.find(sharesNetwork(link, address));
  if (address.hasPrefixRoute) {
    vnet.routes.delete(routeKey(FIB, isHostOnly(link, address) ? hostPrefix(address) : networkOf(address)));
    if (heir !== undefined) putNetwork(vnet, link, heir);
  }
  vnet.routes.delete(routeKey(FIB, hostPrefix(address)));
  if (address.family === AF.INET) sweep(vnet, (hop) => hop.source === address.uid);
  link.neighbours = link.neighbours.filter(({ dst }) => dst !== address.text);
  if (!address.hasPrefixRoute || heir !== undefined) return;
  // With the prefix go its entries, on whichever link they are (net/if_llatbl.c, lltable_prefix_free).
  for (const each of vnet.links) {
    each.neighbours = each.neighbours.filter(({ dst }) => !isWithin(dst, address.text, address.length));
  }
}

/** C.6.5: IPv4 addresses without their network's route get it back. */
export function bringUp(vnet: Vnet, link: Link): void {
  link.isUp = true;
  for (const address of link.addresses) {
    if (address.family === AF.INET && !address.hasPrefixRoute) putRoutes(vnet, link, address);
  }
}

/** C.6.4: IPv4 addresses lose their network's route, and the routes through them that are not static. */
export function bringDown(vnet: Vnet, link: Link): void {
  for (const address of link.addresses) {
    if (address.family !== AF.INET || !address.hasPrefixRoute) continue;
    address.hasPrefixRoute = false;
    vnet.routes.delete(routeKey(FIB, isHostOnly(link, address) ? hostPrefix(address) : networkOf(address)));
    sweep(vnet, (hop) => hop.source === address.uid && (hop.rtFlags & RTF.STATIC) === 0);
  }
  link.isUp = false;
}

/** B.6.1: with the link go its addresses, its neighbours and every route through it. */
export function depart(vnet: Vnet, link: Link): void {
  sweep(vnet, (hop) => hop.link === link.uid);
  while (link.addresses[0] !== undefined) deleteAddress(vnet, link, link.addresses[0]);
  vnet.links = vnet.links.filter((each) => each !== link);
}
