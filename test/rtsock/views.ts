// One network as three kinds of client see it: facts ("route 10.1.0.0/16" is "via 192.0.2.9 dev 2"), read from dumps and from
// what each client is told of. Only what the test changes itself counts: its routes, its addresses, its link.

import { IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { RTF, RTM, RTN } from "../../assembly/abi/rtnetlink.js";
import { NET_RT } from "../../assembly/abi/rtsock.js";
import type { Socket, Vnet } from "../../host/kernel/kernel.js";
import * as linuxAddresses from "../linux/addresses.js";
import * as linuxLinks from "../linux/links.js";
import { attributesOf, F, find, int, type Message, type Program } from "../linux/program.js";
import * as linuxRoutes from "../linux/routes.js";
import { addressText, dumpRequest, routeOf } from "../route/routes.js";
import { ask, ifaddrmsg, ifinfomsg, message, payloadOf, type Seen } from "../support/messages.js";
import { decode, type Routing } from "./routing.js";

/** Something by its name, and what is so of it; undefined = it is gone. */
export interface Fact {
  readonly name: string;
  readonly is: string | undefined;
}

/** The indices of the interfaces whose addresses and whose flags are changed. */
export interface Watched {
  readonly addresses: number;
  readonly flags: number;
}

/** What a client knows that began with nothing and heard everything. */
export class Replica {
  readonly facts = new Map<string, string>();
  /** Each change that it was told of; what says nothing new is none. */
  readonly changes: string[] = [];

  follow(facts: readonly (Fact | undefined)[]): void {
    for (const fact of facts) {
      if (fact === undefined || this.facts.get(fact.name) === fact.is) continue;
      this.changes.push(`${fact.name}: ${this.facts.get(fact.name) ?? "none"} -> ${fact.is ?? "none"}`);
      if (fact.is === undefined) this.facts.delete(fact.name);
      else this.facts.set(fact.name, fact.is);
    }
  }
}

/** The facts of a dump as lines, sorted. */
export function linesOf(facts: Iterable<readonly [string, string]>): string[] {
  return [...facts].map(([name, is]) => `${name}: ${is}`).sort();
}

const known = (facts: readonly (Fact | undefined)[]): string[] =>
  linesOf(facts.flatMap((fact) => (fact?.is === undefined ? [] : [[fact.name, fact.is] as const])));

/** Routes of networks that no interface has. */
function isOurs(prefix: string): boolean {
  return prefix.startsWith("10.") || prefix.startsWith("2001:db8:");
}

function routeFact(
  prefix: string,
  gateway: string | undefined,
  index: number | undefined,
  is: boolean,
): Fact | undefined {
  if (!isOurs(prefix)) return undefined;
  const path = gateway === undefined ? "blackhole" : `via ${gateway} dev ${index}`;
  return { name: `route ${prefix}`, is: is ? path : undefined };
}

function addressFact(address: string, index: number, is: boolean, of: Watched): Fact | undefined {
  return index === of.addresses ? { name: `address ${address}`, is: is ? "there" : undefined } : undefined;
}

function linkFact(index: number, flags: number, of: Watched): Fact | undefined {
  return index === of.flags ? { name: "link", is: (flags & IFF.UP) !== 0 ? "up" : "down" } : undefined;
}

const wordAt = (bytes: Uint8Array, at: number): number => int(bytes, at) >>> 0;

// ---- netlink, FreeBSD's

export function nativeFact(seen: Seen, of: Watched): Fact | undefined {
  switch (seen.type) {
    case RTM.NEWROUTE:
    case RTM.DELROUTE: {
      const { prefix, type, gateway, oif } = routeOf(seen);
      return routeFact(prefix, type === RTN.BLACKHOLE ? undefined : gateway, oif, seen.type === RTM.NEWROUTE);
    }
    case RTM.NEWADDR:
    case RTM.DELADDR: {
      const address = addressText(payloadOf(seen.body.slice(8), 1) as Uint8Array);
      return addressFact(`${address}/${seen.body[1]}`, wordAt(seen.body, 4), seen.type === RTM.NEWADDR, of);
    }
    case RTM.NEWLINK:
      return linkFact(wordAt(seen.body, 4), wordAt(seen.body, 8), of);
    default:
      return undefined;
  }
}

export function nativeView(socket: Socket, of: Watched): string[] {
  const requests = [
    dumpRequest(0),
    message({ type: RTM.GETADDR, flags: "qD" }, ifaddrmsg({})),
    message({ type: RTM.GETLINK, flags: "qD" }, ifinfomsg({})),
  ];
  return known(requests.flatMap((request) => ask(socket, request).map((seen) => nativeFact(seen, of))));
}

// ---- routing sockets and sysctls

const bitsOf = (mask: string | undefined, address: string): number => {
  if (mask === undefined) return address.includes(":") ? 128 : 32;
  const bytes = linuxRoutes.ip(mask);
  return [...bytes].reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
};

export function routingFact(seen: Routing, of: Watched): Fact | undefined {
  const { type, flags, errno, dst, netmask, gateway, index, ifa } = seen;
  if (errno !== 0) return undefined;
  switch (type) {
    case "ADD":
    case "CHANGE":
    case "DELETE":
    case "GET": {
      const prefix = `${dst}/${bitsOf(netmask, dst as string)}`;
      // RTM_CHANGE gives a blackhole another gateway, and it stays one.
      const isBlackhole = (flags & RTF.BLACKHOLE) !== 0;
      return routeFact(prefix, isBlackhole ? undefined : gateway, index, type !== "DELETE");
    }
    case "NEWADDR":
    case "DELADDR":
      return addressFact(`${ifa}/${bitsOf(netmask, ifa as string)}`, index, type === "NEWADDR", of);
    case "IFINFO":
      return linkFact(index, flags, of);
    default:
      return undefined;
  }
}

export function routingView(vnet: Vnet, of: Watched): string[] {
  const facts: (Fact | undefined)[] = [];
  for (const operation of [NET_RT.DUMP, NET_RT.IFLIST]) {
    const { bytes } = vnet.sysctlNet([4, 17, 0, 0, operation, 0], { room: 1 << 20 });
    for (let at = 0; at < bytes.length; ) {
      const length = wordAt(bytes, at) & 0xffff;
      facts.push(routingFact(decode(bytes.slice(at, at + length)), of));
      at += length;
    }
  }
  return known(facts);
}

// ---- netlink, Linux's

export function linuxFact(seen: Message, of: Watched): Fact | undefined {
  switch (seen.type) {
    case linuxRoutes.RTM.NEWROUTE:
    case linuxRoutes.RTM.DELROUTE: {
      const { attributes, bits, routeType, table } = linuxRoutes.shown(seen);
      if (table !== 254) return undefined;
      const destination = find(attributes, linuxRoutes.RTA.DST);
      const gateway = find(attributes, linuxRoutes.RTA.GATEWAY);
      const oif = find(attributes, linuxRoutes.RTA.OIF);
      const prefix = destination === undefined ? "default" : `${addressText(destination)}/${bits}`;
      const isBlackhole = routeType === 6 || gateway === undefined;
      const path = isBlackhole ? undefined : addressText(gateway);
      return routeFact(prefix, path, oif && int(oif, 0), seen.type === linuxRoutes.RTM.NEWROUTE);
    }
    case linuxAddresses.RTM.NEWADDR:
    case linuxAddresses.RTM.DELADDR: {
      const payload = find(attributesOf(seen.body, linuxAddresses.IFADDRMSG), 1) as Uint8Array;
      const address = `${addressText(payload)}/${seen.body[1]}`;
      return addressFact(address, int(seen.body, 4), seen.type === linuxAddresses.RTM.NEWADDR, of);
    }
    case linuxLinks.RTM.NEWLINK:
      return linkFact(int(seen.body, 4), int(seen.body, 8), of);
    default:
      return undefined;
  }
}

export function linuxView(program: Program, of: Watched): string[] {
  const dumps = [
    () => program.ask(linuxRoutes.RTM.GETROUTE, linuxRoutes.DUMP, linuxRoutes.rtmsg(linuxRoutes.INET)),
    () => program.ask(linuxRoutes.RTM.GETROUTE, linuxRoutes.DUMP, linuxRoutes.rtmsg(linuxRoutes.INET6)),
    () => linuxAddresses.getAddr(program, F.REQUEST | F.DUMP),
    () => program.ask(linuxLinks.RTM.GETLINK, F.REQUEST | F.DUMP, linuxLinks.ifinfomsg({})),
  ];
  return known(dumps.flatMap((dump) => dump().map((seen) => linuxFact(seen, of))));
}

/** The families of a text's address as the two systems number them. */
export const familiesOf = (text: string): { native: number; linux: number } =>
  text.includes(":") ? { native: AF.INET6, linux: linuxRoutes.INET6 } : { native: AF.INET, linux: linuxRoutes.INET };
