// The requests of routes: RTM_GETROUTE, RTM_NEWROUTE, RTM_DELROUTE.

import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { RTF, RTM, RTN, RTPROT } from "../../assembly/abi/rtnetlink.js";
import { familyOf, parsePrefix } from "../codec/ip.js";
import type { Message } from "../codec/messages.js";
import { type Route, route } from "../codec/route.js";
import { one, type Requests } from "./connection.js";

/** One path of several, named as in an answer; `index` is its interface. Without a weight it counts 1. */
export type RouteHop = Partial<NonNullable<Route["multipath"]>[number]>;

/**
 * Where a route leads, and how it is marked; by default a unicast route of protocol and flag STATIC in fib 0, as route(8)
 * adds it.
 */
export type RoutePath = Partial<
  Pick<
    Route,
    | "fib"
    | "gateway"
    | "via"
    | "oif"
    | "nexthopId"
    | "routeFlags"
    | "metrics"
    | "expires"
    | "weight"
    | "protocol"
    | "type"
  >
> & { multipath?: readonly RouteHop[] };

/** What of an existing prefix RTM_NEWROUTE may do: nothing, take its place, or become one more path of it. */
export const NEW_ROUTE = {
  ADD: NLM_F.CREATE | NLM_F.EXCL,
  REPLACE: NLM_F.CREATE | NLM_F.REPLACE,
  APPEND: NLM_F.CREATE | NLM_F.APPEND,
} as const;

export function listRoutes(on: Requests, { family = 0, fib = 0 }: { family?: AF; fib?: number }): Route[] {
  return routesOf(on.request(route.message(RTM.GETROUTE, { flags: NLM_F.DUMP }, { family, fib })));
}

export function lookupRoute(on: Requests, destination: string, { fib = 0 }: { fib?: number }): Route {
  const request = route.message(RTM.GETROUTE, {}, { ...destinationOf(destination), fib });
  return one(routesOf(on.request(request)), "RTM_GETROUTE");
}

export function newRoute(on: Requests, flags: number, destination: string, path: RoutePath): void {
  const { multipath, ...rest } = path;
  on.change(
    route.message(
      RTM.NEWROUTE,
      { flags },
      {
        ...{ type: RTN.UNICAST, protocol: RTPROT.STATIC, routeFlags: RTF.STATIC },
        ...destinationOf(destination),
        ...rest,
        ...(multipath === undefined ? {} : { multipath: multipath.map(hopOf) }),
      },
    ),
  );
}

export function deleteRoute(
  on: Requests,
  destination: string,
  { fib, gateway, via, oif }: Pick<RoutePath, "fib" | "gateway" | "via" | "oif">,
): void {
  const path = {
    ...(fib === undefined ? {} : { fib }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(via === undefined ? {} : { via }),
    ...(oif === undefined ? {} : { oif }),
  };
  on.change(route.message(RTM.DELROUTE, {}, { ...destinationOf(destination), ...path }));
}

/** A prefix as people write it: `default` is of the gateway's family, IPv4 without one. */
export function prefixOf(typed: string, gateway: string | undefined): string {
  if (typed !== "default") return typed;
  return gateway !== undefined && familyOf(gateway) === AF.INET6 ? "::/0" : "0.0.0.0/0";
}

/** A gateway as the attribute that takes it: RTA_GATEWAY, or RTA_VIA where the families differ. */
export function gatewayOf(destination: string, gateway: string | undefined): Pick<RoutePath, "via" | "gateway"> {
  if (gateway === undefined) return {};
  const isAcross = parsePrefix(destination).family === AF.INET && familyOf(gateway) === AF.INET6;
  return isAcross ? { via: gateway } : { gateway };
}

function hopOf(hop: RouteHop): NonNullable<Route["multipath"]>[number] {
  return { flags: 0, weight: 0, index: 0, ...hop };
}

function destinationOf(text: string): Pick<Route, "family" | "destinationLength"> & { destination: string } {
  const { address: destination, length: destinationLength, family } = parsePrefix(text);
  return { family, destination, destinationLength };
}

function routesOf(answers: readonly Message[]): Route[] {
  return answers.flatMap((answer) => (answer.kind === "route" ? [answer.body] : []));
}
