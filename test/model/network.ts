// A network stack as plain data: what the reference says a vnet holds, in the words of test/model. Nothing of it is shared
// with the kernel. A uid marks an object for good; indices and names come back.

import { AF } from "../../assembly/abi/inet.js";
import type { Endpoints } from "../../host/kernel/kernel.js";
import { familyOf, ip } from "../support/messages.js";

export type Family = AF.INET | AF.INET6;
/** Kinds of link: "em" is attached by the host, the others are made by a client. */
export type Kind = "em" | "tap" | "epair" | "bridge" | "lo" | "tun" | "gif" | "gre";

export interface Address {
  readonly uid: number;
  readonly family: Family;
  readonly text: string;
  readonly length: number;
  /** IPv4: whether the network's route is this address's. */
  hasPrefixRoute: boolean;
}

export interface Neighbour {
  readonly family: Family;
  readonly dst: string;
  readonly lladdr: string;
  /** NTF_* */
  readonly flags: number;
}

/** What a gif or gre has set. */
export interface Tunnel {
  endpoints: Endpoints | undefined;
  flags: number;
  key: number;
}

export interface Link {
  readonly uid: number;
  readonly index: number;
  readonly name: string;
  readonly kind: Kind;
  isUp: boolean;
  mtu: number;
  alias: string;
  readonly lladdr: string | undefined;
  /** Nothing where it is none. */
  readonly tunnel: Tunnel | undefined;
  /** In order of their coming. */
  addresses: Address[];
  neighbours: Neighbour[];
}

/** Where a route leads: a kernel nexthop. */
export interface Hop {
  readonly gateway: string | undefined;
  readonly link: number;
  readonly oif: number;
  /** uid of the source address, 0 = none */
  readonly source: number;
  readonly rtFlags: number;
  /** Of the user nexthop that it is made from, 0 = none. */
  readonly nhId: number;
  readonly weight: number;
}

export interface Route {
  readonly fib: number;
  readonly family: Family;
  readonly prefix: string;
  /** RTN_* as shown. */
  readonly type: number;
  readonly hops: readonly Hop[];
  /** Of the user group that the route was given and still has whole, 0 = none. */
  readonly groupId: number;
}

export interface Nexthop {
  readonly id: number;
  readonly gateway: string | undefined;
  readonly oif: number;
  /** Empty for a single one. */
  readonly members: readonly (readonly [id: number, weight: number])[];
  /** What a route through it leads by. */
  readonly hops: readonly Hop[];
}

export interface Vnet {
  lo0: number;
  links: Link[];
  routes: Map<string, Route>;
  /** In order of their coming. */
  nexthops: Nexthop[];
  /** Whether there ever was one. */
  hadNexthop: boolean;
}

export interface Network {
  readonly vnets: readonly [Vnet, Vnet];
  uid: number;
}

export const FIBS = 2;
const STEP = 8n;

/** An address as one number. */
export function numberOf(text: string): bigint {
  return ip(text).reduce((sum, byte) => (sum << STEP) | BigInt(byte), 0n);
}

export function widthOf(family: Family): number {
  return family === AF.INET ? 32 : 128;
}

export function familyOfText(text: string): Family {
  return familyOf(text) === AF.INET ? AF.INET : AF.INET6;
}

/** Whether an address lies in the network of another one's first bits. */
export function isWithin(text: string, network: string, length: number): boolean {
  if (familyOfText(text) !== familyOfText(network)) return false;
  const shift = BigInt(widthOf(familyOfText(text)) - length);
  return numberOf(text) >> shift === numberOf(network) >> shift;
}

/** The network of an address, as dumps write it: "10.2.0.0/24", "2001:db8:2::/64". Lengths are 8, 24, 64 or all bits. */
export function networkOf({ text, length, family }: Address): string {
  if (length === widthOf(family)) return `${text}/${length}`;
  if (family === AF.INET) {
    const kept = text.split(".").slice(0, length / 8);
    return `${[...kept, "0", "0", "0", "0"].slice(0, 4).join(".")}/${length}`;
  }
  return `${text.slice(0, text.indexOf("::"))}::/${length}`;
}

export function isSameNetwork(a: Address, b: Address): boolean {
  return a.family === b.family && a.length === b.length && isWithin(a.text, b.text, b.length);
}

export function routeKey(fib: number, prefix: string): string {
  return `${fib} ${prefix}`;
}

export function linkNamed(vnet: Vnet, name: string): Link | undefined {
  return vnet.links.find((link) => link.name === name);
}

export function linkOfUid(vnet: Vnet, uid: number): Link | undefined {
  return vnet.links.find((link) => link.uid === uid);
}

/** The route that an address takes: the longest match in a fib. */
export function longestMatch(vnet: Vnet, fib: number, text: string): Route | undefined {
  let best: Route | undefined;
  let longest = -1;
  for (const route of vnet.routes.values()) {
    const [network = "", length = "0"] = route.prefix.split("/");
    if (route.fib !== fib || Number(length) <= longest || !isWithin(text, network, Number(length))) continue;
    best = route;
    longest = Number(length);
  }
  return best;
}

/** The lowest index that no link of any vnet has. */
export function freeIndex(network: Network): number {
  const taken = new Set(network.vnets.flatMap((vnet) => vnet.links.map(({ index }) => index)));
  let index = 1;
  while (taken.has(index)) index++;
  return index;
}

/** Whether routes of all kinds and neighbours' tables know the link as Ethernet-like. */
export function resolves({ kind }: Link): boolean {
  return !["lo", "tun", "gif", "gre"].includes(kind);
}

/** An address and its prefix length. */
export function splitAddress(address: string): [text: string, length: number] {
  const [text = "", length = ""] = address.split("/");
  return [text, Number(length)];
}

/** Whether two IPv4 addresses of a link are in one network. */
export function twins(link: Link | undefined): boolean {
  // On loopback each has a route of its own.
  const inet = link?.kind === "lo" ? [] : (link?.addresses ?? []).filter(({ family }) => family === AF.INET);
  return inet.some((one, n) => inet.slice(n + 1).some((other) => isSameNetwork(one, other)));
}
