// Which operations the reference says all about; the others are left out of histories.

import { AF } from "../../assembly/abi/inet.js";
import { namesOf } from "./links.js";
import {
  familyOfText,
  type Link,
  linkNamed,
  linkOfUid,
  longestMatch,
  type Network,
  routeKey,
  splitAddress,
  twins,
  type Vnet,
} from "./network.js";
import type { Operation, RouteParts } from "./operations.js";
import type { PathRequest } from "./routes.js";

/** Whether the reference says what comes of an operation; the others are left out. */
export function isDefined(network: Network, operation: Operation): boolean {
  const vnet = network.vnets[operation.side];
  const other = network.vnets[operation.side === 0 ? 1 : 0];
  switch (operation.kind) {
    case "attach":
    case "create":
      // Names stay unique over both vnets, so that a link can always move.
      return namesOf(operation.link).every((name) => linkNamed(other, name) === undefined);
    case "detach":
      return linkNamed(vnet, operation.link) !== undefined;
    case "down":
      // Which of two addresses of one network keeps the route while both lose it is not said.
      return !twins(linkNamed(vnet, operation.link));
    case "address": {
      const link = linkNamed(vnet, operation.link);
      if (link === undefined) return true;
      const [text] = splitAddress(operation.address);
      if (familyOfText(text) === AF.INET) return link.kind !== "tun";
      // The driver of a link that is down is asked about its first IPv6 address only.
      return resolves6(link) && (link.isUp || !link.addresses.some(({ family }) => family === AF.INET6));
    }
    case "route":
      return !isMixed(vnet, operation, [operation.path.gateway]) && !isAstray(vnet, operation.fib, operation.path);
    case "multipath": {
      const gateways = operation.paths.map(({ gateway }) => gateway);
      const isAnyAstray = operation.paths.some((path) => isAstray(vnet, operation.fib, path));
      return !isMixed(vnet, operation, gateways) && !isAnyAstray;
    }
    case "routeById":
      return isUsable(vnet, operation);
    default:
      return true;
  }
}

function resolves6({ kind }: Link): boolean {
  return kind !== "lo" && kind !== "tun";
}

/** Whether paths of different families would meet in one route. */
function isMixed(vnet: Vnet, { fib, prefix, flags }: RouteParts, gateways: readonly (string | undefined)[]): boolean {
  const present = flags.includes("A") ? (vnet.routes.get(routeKey(fib, prefix))?.hops ?? []) : [];
  const all = [...present.map(({ gateway }) => gateway), ...gateways].filter((gateway) => gateway !== undefined);
  return new Set(all.map(familyOfText)).size > 1;
}

/**
 * Whether a gateway is on no link's network and the default route has a user nexthop: that leads to gateways or not by the
 * prefix of the first route that used it (rtnetlink F.6).
 */
function isAstray(vnet: Vnet, fib: number, { gateway, oif }: PathRequest): boolean {
  if (gateway === undefined || oif !== undefined) return false;
  return longestMatch(vnet, fib, gateway)?.hops.some(({ nhId }) => nhId !== 0) ?? false;
}

/** Whether a user nexthop, if there is one, still has interface and source, and a group the members it was made of. */
function isUsable(vnet: Vnet, operation: RouteParts & { id: number }): boolean {
  const nexthop = vnet.nexthops.find(({ id }) => id === operation.id);
  if (nexthop === undefined) return true;
  const gateways = nexthop.hops.map(({ gateway }) => gateway);
  if (isMixed(vnet, operation, gateways) || new Set(gateways.map((gateway = "") => familyOfText(gateway))).size > 1) {
    return false;
  }
  return nexthop.hops.every(({ gateway, link, source, nhId }) => {
    const addresses = linkOfUid(vnet, link)?.addresses ?? [];
    const member = vnet.nexthops.find(({ id }) => id === nhId)?.hops[0];
    const isStill = member?.gateway === gateway && member?.link === link && member.source === source;
    return isStill && addresses.some(({ uid }) => uid === source);
  });
}
