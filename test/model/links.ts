// Links coming, changing and going (rtnetlink B.3 to B.6), and the two vnets of the model.

import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { addAddress, bringDown, bringUp, depart } from "./addresses.js";
import { type Family, freeIndex, type Kind, type Link, linkNamed, type Network, type Vnet } from "./network.js";
import { movedTunnel, newTunnel } from "./tunnels.js";

/** MTU at creation (rtnetlink B.3.6). */
const MTU: Readonly<Record<Kind, number>> = {
  em: 1500,
  tap: 1500,
  epair: 1500,
  bridge: 1500,
  lo: 16384,
  tun: 1500,
  gif: 1280,
  gre: 1476,
};
const MTU_LEAST = 72;
/** A link-layer address that the kernel chooses: to be read from it. */
export const CHOSEN = "?";

/** The driver in a link's name. */
export function kindOf(name: string): Kind {
  return name.replace(/\d+[ab]?$/, "") as Kind;
}

export function newUid(network: Network): number {
  network.uid++;
  return network.uid;
}

function attach(network: Network, vnet: Vnet, name: string, lladdr: string | undefined): Link {
  const kind = kindOf(name);
  const link: Link = {
    uid: newUid(network),
    index: freeIndex(network),
    name,
    kind,
    isUp: false,
    mtu: MTU[kind],
    alias: "",
    lladdr,
    tunnel: newTunnel(kind),
    addresses: [],
    neighbours: [],
  };
  vnet.links.push(link);
  return link;
}

export function newAddress(network: Network, family: Family, text: string, length: number) {
  return { uid: newUid(network), family, text, length, hasPrefixRoute: false };
}

/** Two vnets whose lo0 is up, with 127.0.0.1/8, ::1 and fe80::1. */
export function newNetwork(): Network {
  const empty = (): Vnet => ({ lo0: 0, links: [], routes: new Map(), nexthops: [], hadNexthop: false });
  const network: Network = { vnets: [empty(), empty()], uid: 0 };
  for (const vnet of network.vnets) {
    const lo0 = attach(network, vnet, "lo0", undefined);
    vnet.lo0 = lo0.uid;
    bringUp(vnet, lo0);
    addAddress(vnet, lo0, newAddress(network, AF.INET, "127.0.0.1", 8));
    addAddress(vnet, lo0, newAddress(network, AF.INET6, "::1", 128));
    addAddress(vnet, lo0, newAddress(network, AF.INET6, "fe80::1", 64));
  }
  return network;
}

/** The names of an epair's halves, or the name alone. */
export function namesOf(name: string): string[] {
  return kindOf(name) === "epair" ? [name.replace(/[ab]$/, "a"), name.replace(/[ab]$/, "b")] : [name];
}

/** A link that the host attaches, or a client creates. */
export function createLink(network: Network, vnet: Vnet, name: string, lladdr?: string): Errno {
  const names = namesOf(name);
  if (names.some((each) => linkNamed(vnet, each) !== undefined)) return Errno.EEXIST;
  const hasNone = ["lo", "tun", "gif", "gre"].includes(kindOf(name));
  for (const each of names) attach(network, vnet, each, hasNone ? undefined : (lladdr ?? CHOSEN));
  return Errno.OK;
}

/** A link that goes, an epair with its other half wherever that is. */
export function destroyLink(network: Network, vnet: Vnet, name: string): Errno {
  if (linkNamed(vnet, name) === undefined) return Errno.ENOENT;
  for (const each of namesOf(name)) {
    for (const home of network.vnets) {
      const link = linkNamed(home, each);
      if (link !== undefined) depart(home, link);
    }
  }
  return Errno.OK;
}

export function setUp(vnet: Vnet, name: string, isUp: boolean, byHost: boolean): Errno {
  const link = linkNamed(vnet, name);
  if (link === undefined) return byHost ? Errno.ENXIO : Errno.ENOENT;
  if (isUp) bringUp(vnet, link);
  else bringDown(vnet, link);
  return Errno.OK;
}

/** An MTU that the driver refuses is no error (B.4.3). */
export function setMtu(vnet: Vnet, name: string, mtu: number): Errno {
  const link = linkNamed(vnet, name);
  if (link === undefined) return Errno.ENOENT;
  if (mtu >= MTU_LEAST) link.mtu = mtu;
  return Errno.OK;
}

export function setAlias(vnet: Vnet, name: string, alias: string): Errno {
  const link = linkNamed(vnet, name);
  if (link === undefined) return Errno.ENOENT;
  link.alias = alias;
  return Errno.OK;
}

/** A link leaves one vnet and arrives in the other: down, without addresses and a tunnel's endpoints, with its index (all vnets share one table). */
export function moveLink(network: Network, from: Vnet, to: Vnet, name: string): Errno {
  const link = linkNamed(from, name);
  if (link === undefined) return Errno.ENXIO;
  depart(from, link);
  const uid = newUid(network);
  const tunnel = movedTunnel(link.tunnel);
  to.links.push({ ...link, uid, tunnel, isUp: false, addresses: [], neighbours: [] });
  return Errno.OK;
}
