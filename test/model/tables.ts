// The five tables of a vnet as lines of text, from the model and from the kernel's dumps, to be compared.

import { IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { NLMSG } from "../../assembly/abi/netlink.js";
import { RTF, RTM, RTN } from "../../assembly/abi/rtnetlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import { getAddress, getLink } from "../route/links.js";
import { dumpRequest } from "../route/routes.js";
import { addressOf, linkOf, neighbourOf, nexthopOf, routeOf } from "../rows/objects.js";
import { neighbourDump, nexthopDump } from "../rows/requests.js";
import { doneOf, type Seen } from "../support/messages.js";
import { inOrder } from "./neighbours.js";
import { FIBS, type Hop, numberOf, type Route, type Vnet } from "./network.js";
import { ask } from "./reading.js";
import { tunnelOfMessage, tunnelOfModel } from "./tunnels.js";

export const TABLES = ["links", "addresses", "neighbours", "routes", "nexthops"] as const;
export type Table = (typeof TABLES)[number];
export type Tables = Readonly<Record<Table, readonly string[]>>;

/** A line, and the key of the object it is about. */
export interface Line {
  readonly table: Table;
  readonly key: string;
  readonly text: string;
}

interface LinkShown {
  readonly index: number;
  readonly name: string;
  readonly kind: string;
  readonly isUp: boolean;
  readonly mtu: number;
  readonly alias: string;
  readonly lladdr: string | undefined;
  /** Settings of a tunnel, or nothing. */
  readonly tunnel: string;
}

function linkLine({ index, name, kind, isUp, mtu, alias, lladdr = "-", tunnel }: LinkShown): string {
  return `#${index} ${name} ${kind} ${isUp ? "up" : "down"} mtu ${mtu} "${alias}" ${tunnel || lladdr}`;
}

function hopText(gateway: string | undefined, oif: number | undefined, weight: number): string {
  return `${gateway ?? "-"} #${oif} *${weight}`;
}

interface RouteShown {
  readonly fib: number;
  readonly prefix: string;
  readonly type: number;
  readonly nhId: number;
  readonly rtFlags: number;
  readonly hops: readonly string[];
}

/** Paths are in the order of kernel nexthops' indices, which the model does not know: they are compared as a set. */
function routeLine({ fib, prefix, type, nhId, rtFlags, hops }: RouteShown): string {
  // A user nexthop keeps the kind of prefix of the route that first used it (rtnetlink F.6); of a group the first path tells.
  const marks = nhId !== 0 ? rtFlags & ~RTF.HOST : rtFlags;
  const flags = hops.length > 1 ? "" : ` flags 0x${marks.toString(16)}`;
  const id = nhId === 0 ? "" : ` nhid ${nhId}`;
  return `${fib} ${prefix} ${RTN[type]}${id}${flags} [${[...hops].sort().join(", ")}]`;
}

function neighbourLine(index: number, dst: string, lladdr: string | undefined, flags: number): string {
  return `#${index} ${dst} ${lladdr} 0x${flags.toString(16)}`;
}

function nexthopLine(id: number, gateway = "-", oif = 0, group: readonly (readonly [number, number])[] = []): string {
  const members = group.map(([member, weight]) => `${member}*${weight}`).join(" ");
  return group.length > 0 ? `${id} group ${members}` : `${id} ${gateway} #${oif}`;
}

function modelRoute(route: Route): string {
  const [first] = route.hops as readonly [Hop, ...Hop[]];
  const isMany = route.hops.length > 1;
  return routeLine({
    fib: route.fib,
    prefix: route.prefix,
    type: route.type,
    nhId: isMany ? route.groupId : first.nhId,
    rtFlags: first.rtFlags,
    hops: route.hops.map((hop) => hopText(hop.gateway, hop.oif, hop.weight)),
  });
}

/** In the order of a radix walk: family, address, longer masks first. */
function byPlace(a: Route, b: Route): number {
  if (a.fib !== b.fib) return a.fib - b.fib;
  if (a.family !== b.family) return a.family - b.family;
  const [left, right] = [a, b].map(({ prefix }) => prefix.split("/") as [string, string]) as [
    [string, string],
    [string, string],
  ];
  const [x, y] = [numberOf(left[0]), numberOf(right[0])];
  return x === y ? Number(right[1]) - Number(left[1]) : x < y ? -1 : 1;
}

/** What a vnet's dumps must show. */
export function tablesOfModel(vnet: Vnet): Tables {
  return {
    links: vnet.links.map((link) => linkLine({ ...link, tunnel: tunnelOfModel(vnet, link) })),
    addresses: vnet.links.flatMap(({ index, addresses }) =>
      addresses.map(({ text, length }) => `#${index} ${text}/${length}`),
    ),
    neighbours: vnet.links.flatMap((link) =>
      inOrder(link).map(({ dst, lladdr, flags }) => neighbourLine(link.index, dst, lladdr, flags)),
    ),
    routes: [...vnet.routes.values()].sort(byPlace).map(modelRoute),
    nexthops: vnet.nexthops.map(({ id, gateway, oif, members }) => nexthopLine(id, gateway, oif, members)).sort(),
  };
}

/** The line of a message that tells of an object; undefined for other messages. */
export function lineOf(seen: Seen): Line | undefined {
  switch (seen.type) {
    case RTM.NEWLINK:
    case RTM.DELLINK: {
      const { index, name, kind, flags, mtu, alias, lladdr } = linkOf(seen);
      const isUp = (flags & IFF.UP) !== 0;
      const tunnel = tunnelOfMessage(seen);
      const text = linkLine({ index, name, kind: kind ?? "em", isUp, mtu, alias: alias ?? "", lladdr, tunnel });
      return { table: "links", key: `${index}`, text };
    }
    case RTM.NEWADDR:
    case RTM.DELADDR: {
      const { index, address, prefixLength } = addressOf(seen);
      return { table: "addresses", key: `${index} ${address}`, text: `#${index} ${address}/${prefixLength}` };
    }
    case RTM.NEWNEIGH:
    case RTM.DELNEIGH: {
      const { index, dst, lladdr, flags } = neighbourOf(seen);
      return { table: "neighbours", key: `${index} ${dst}`, text: neighbourLine(index, dst, lladdr, flags) };
    }
    case RTM.NEWROUTE:
    case RTM.DELROUTE: {
      const route = routeOf(seen);
      const hops = route.hops.map(({ gateway, oif, weight }) => hopText(gateway, oif, weight));
      const text = routeLine({ ...route, nhId: route.nhId ?? 0, hops });
      return { table: "routes", key: `${route.fib} ${route.prefix}`, text };
    }
    case RTM.NEWNEXTHOP:
    case RTM.DELNEXTHOP: {
      const { id, gateway, oif, group } = nexthopOf(seen);
      return { table: "nexthops", key: `${id}`, text: nexthopLine(id, gateway, oif, group) };
    }
    default:
      return undefined;
  }
}

const REQUESTS: Readonly<Record<Table, readonly Uint8Array[]>> = {
  links: [getLink()],
  addresses: [getAddress()],
  neighbours: [neighbourDump()],
  routes: Array.from({ length: FIBS }, (_, table) => dumpRequest(AF.UNSPEC, { table })),
  nexthops: [nexthopDump()],
};

/** The lines of one table as the kernel dumps it now. */
export function dumpTable(socket: Socket, table: Table): Line[] {
  return REQUESTS[table].flatMap((request) => {
    const seen = ask(socket, request);
    // Before the first nexthop there is no table of them (F.4).
    if (table === "nexthops" && seen.length === 1 && seen[0]?.type === NLMSG.ERROR) return [];
    if (doneOf(seen.at(-1)) !== 0) throw new Error(`the dump of ${table} ended with errno ${doneOf(seen.at(-1))}`);
    return seen.slice(0, -1).map((each) => {
      const line = lineOf(each);
      if (line?.table !== table) throw new Error(`a message of type ${each.type} among ${table}`);
      return line;
    });
  });
}

export function tablesOfKernel(socket: Socket): Tables {
  const textsOf = (table: Table): string[] => dumpTable(socket, table).map(({ text }) => text);
  return {
    links: textsOf("links"),
    addresses: textsOf("addresses"),
    neighbours: textsOf("neighbours"),
    routes: textsOf("routes"),
    // Their buckets double with the kernel nexthops made from them (F.4), which the model does not count.
    nexthops: textsOf("nexthops").sort(),
  };
}
