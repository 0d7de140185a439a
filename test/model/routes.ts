// Routes and nexthops as the reference has them (rtnetlink E.4 to E.6, F.2, F.5): each call gives an errno, and changes the
// vnet when that is 0.

import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { RTF, RTN } from "../../assembly/abi/rtnetlink.js";
import {
  type Family,
  familyOfText,
  type Hop,
  isWithin,
  type Link,
  linkNamed,
  linkOfUid,
  type Route,
  routeKey,
  type Vnet,
} from "./network.js";

/** Takes away every path that a test picks, without a word; a route without paths is gone. */
export function sweep(vnet: Vnet, test: (hop: Hop) => boolean): void {
  for (const [key, route] of vnet.routes) {
    if (!route.hops.some(test)) continue;
    const hops = route.hops.filter((hop) => !test(hop));
    if (hops.length === 0) vnet.routes.delete(key);
    else vnet.routes.set(key, { ...route, hops, groupId: 0 });
  }
}

/** The source address for a destination: in its network, else the first of the family (ifaof_ifpforaddr). */
function sourceOn(link: Link, family: Family, target: string): number {
  const all = link.addresses.filter((address) => address.family === family);
  const best = all.find(({ text, length }) => isWithin(target, text, length)) ?? all[0];
  return best?.uid ?? 0;
}

/** What a request says of one path. */
export interface PathRequest {
  readonly gateway?: string | undefined;
  /** Name of a link. */
  readonly oif?: string | undefined;
  readonly weight?: number | undefined;
}

/** E.4.2. @returns the hop, or why there is none */
export function complete(vnet: Vnet, fib: number, prefix: string, path: PathRequest, rtFlags: number): Hop | Errno {
  const [destination = "", length = ""] = prefix.split("/");
  const family = familyOfText(destination);
  const kept = (rtFlags & RTF.STATIC) | (Number(length) === (family === AF.INET ? 32 : 128) ? RTF.HOST : 0);
  const named = path.oif === undefined ? undefined : linkNamed(vnet, path.oif);
  const { gateway } = path;
  if (gateway !== undefined && family === AF.INET6 && familyOfText(gateway) === AF.INET) return Errno.EINVAL;
  const link = named ?? (gateway === undefined ? undefined : linkTowards(vnet, fib, gateway));
  if (link === undefined) return Errno.EINVAL;
  let source: number;
  if (gateway === undefined || familyOfText(gateway) === family)
    source = sourceOn(link, family, gateway ?? destination);
  else source = sourceOn(link, family, destination) || sourceOn(link, familyOfText(gateway), gateway);
  if (source === 0 && gateway !== undefined) return Errno.EINVAL;
  return {
    gateway,
    link: link.uid,
    oif: link.index,
    source,
    rtFlags: gateway === undefined ? kept : kept | RTF.GATEWAY,
    nhId: 0,
    weight: path.weight || 1,
  };
}

/** The link whose network has the gateway; all are of fib 0, and no route of the model leads to a gateway. */
function linkTowards(vnet: Vnet, fib: number, gateway: string): Link | undefined {
  if (fib !== 0) return undefined;
  return vnet.links.find((link) => link.addresses.some(({ text, length }) => isWithin(gateway, text, length)));
}

export interface RouteRequest {
  readonly fib: number;
  readonly prefix: string;
  /** Letters: C, X, P, A. */
  readonly flags: string;
  readonly type: RTN.UNICAST | RTN.BLACKHOLE | RTN.PROHIBIT;
  readonly rtFlags: number;
  readonly paths: readonly PathRequest[];
  readonly nhId: number;
}

interface Draft {
  readonly hops: readonly Hop[];
  readonly groupId: number;
}

function isAlike(a: Hop, b: Hop): boolean {
  return (
    a.gateway === b.gateway &&
    a.link === b.link &&
    a.source === b.source &&
    a.rtFlags === b.rtFlags &&
    a.nhId === b.nhId
  );
}

function hasTwins(hops: readonly Hop[]): boolean {
  return hops.some((hop, n) => hops.slice(n + 1).some((other) => isAlike(hop, other)));
}

function draftOf(vnet: Vnet, request: RouteRequest): Draft | Errno {
  const { fib, prefix, paths } = request;
  // Parsing looks interfaces up, before anything is done.
  if (paths.some(({ oif }) => oif !== undefined && linkNamed(vnet, oif) === undefined)) return Errno.ENOENT;
  const family = familyOfText(prefix.split("/")[0] ?? "");
  if (request.nhId !== 0) {
    const nexthop = vnet.nexthops.find(({ id }) => id === request.nhId);
    if (nexthop === undefined) return Errno.ESRCH;
    // Also an IPv6 gateway for IPv4 routes: the source asks the wrong way round (nhop_set_upper_family).
    const isForeign = nexthop.hops.some(({ gateway = "" }) => familyOfText(gateway) !== family);
    return isForeign ? Errno.ENOMEM : { hops: nexthop.hops, groupId: nexthop.members.length > 0 ? nexthop.id : 0 };
  }
  if (request.type !== RTN.UNICAST) return { hops: [discarding(vnet, prefix, request)], groupId: 0 };
  const hops: Hop[] = [];
  for (const path of paths) {
    const hop = complete(vnet, fib, prefix, path, request.rtFlags);
    if (typeof hop === "number") return hop;
    hops.push(hop);
  }
  if (hasTwins(hops)) return Errno.EEXIST;
  const families = new Set(hops.map(({ gateway }) => gateway?.includes(":")));
  return families.size > 1 ? Errno.EINVAL : { hops, groupId: 0 };
}

/** A route that discards leads by lo0. */
function discarding(vnet: Vnet, prefix: string, { type, rtFlags }: RouteRequest): Hop {
  const [destination = "", length = ""] = prefix.split("/");
  const family = familyOfText(destination);
  const lo0 = linkOfUid(vnet, vnet.lo0) as Link;
  const isHost = Number(length) === (family === AF.INET ? 32 : 128);
  const kind = type === RTN.BLACKHOLE ? RTF.BLACKHOLE : RTF.REJECT;
  return {
    gateway: undefined,
    link: lo0.uid,
    oif: lo0.index,
    source: sourceOn(lo0, family, family === AF.INET ? "127.0.0.1" : "::1"),
    rtFlags: (rtFlags & RTF.STATIC) | kind | (isHost ? RTF.HOST : 0),
    nhId: 0,
    weight: 1,
  };
}

function isPinned(route: Route): boolean {
  return route.hops.length === 1 && ((route.hops[0]?.rtFlags ?? 0) & RTF.PINNED) !== 0;
}

/** E.5 */
export function newRoute(vnet: Vnet, request: RouteRequest): Errno {
  const { fib, prefix, flags, type } = request;
  const draft = draftOf(vnet, request);
  if (typeof draft === "number") return draft;
  const key = routeKey(fib, prefix);
  const present = vnet.routes.get(key);
  const put = (hops: readonly Hop[], groupId: number): Errno => {
    const family = familyOfText(prefix.split("/")[0] ?? "");
    vnet.routes.set(key, { fib, family, prefix, type, hops, groupId });
    return Errno.OK;
  };
  if (present === undefined) return flags.includes("C") ? put(draft.hops, draft.groupId) : Errno.ESRCH;
  if (flags.includes("X")) return Errno.EEXIST;
  if (flags.includes("P")) return isPinned(present) ? Errno.EEXIST : put(draft.hops, draft.groupId);
  if (!flags.includes("A")) return Errno.EEXIST;
  const all = [...present.hops, ...draft.hops];
  if (all.some(({ gateway }) => gateway === undefined)) return Errno.EEXIST;
  // The group is the prefix's family's, where a nexthop of IPv6 is none (net/route/nhgrp_ctl.c, nhgrp_alloc).
  if (all.some(({ gateway = "" }) => familyOfText(gateway) !== present.family)) return Errno.EINVAL;
  return hasTwins(all) ? Errno.EEXIST : put(all, 0);
}

/** E.6 */
export function deleteRoute(vnet: Vnet, fib: number, prefix: string, filter: PathRequest): Errno {
  const key = routeKey(fib, prefix);
  const route = vnet.routes.get(key);
  const oif = filter.oif === undefined ? undefined : linkNamed(vnet, filter.oif);
  if (filter.oif !== undefined && oif === undefined) return Errno.ENOENT;
  if (route === undefined) return Errno.ESRCH;
  const left = route.hops.filter(
    (hop) =>
      (filter.gateway !== undefined && hop.gateway !== filter.gateway) || (oif !== undefined && hop.link !== oif.uid),
  );
  if (left.length === route.hops.length) return Errno.ESRCH;
  if (isPinned(route)) return Errno.EADDRINUSE;
  if (left.length === 0) vnet.routes.delete(key);
  else vnet.routes.set(key, { ...route, hops: left, groupId: 0 });
  return Errno.OK;
}

/** F.2, a single one. Its route flags are the gateway's own. */
export function newNexthop(vnet: Vnet, id: number, gateway: string, oif: string): Errno {
  const prefix = familyOfText(gateway) === AF.INET ? "0.0.0.0/0" : "::/0";
  // The table is made before the request is parsed (nexthop.c, rtnl_handle_newnhop).
  vnet.hadNexthop = true;
  if (linkNamed(vnet, oif) === undefined) return Errno.ENOENT;
  const hop = complete(vnet, 0, prefix, { gateway, oif }, 0);
  if (typeof hop === "number") return hop;
  if (vnet.nexthops.some((each) => each.id === id)) return Errno.EEXIST;
  vnet.nexthops.push({ id, gateway, oif: hop.oif, members: [], hops: [{ ...hop, nhId: id }] });
  return Errno.OK;
}

/** F.2, a group. */
export function newGroup(vnet: Vnet, id: number, members: readonly (readonly [number, number])[]): Errno {
  vnet.hadNexthop = true;
  const hops: Hop[] = [];
  for (const [member, weight] of members) {
    const nexthop = vnet.nexthops.find((each) => each.id === member);
    if (nexthop === undefined) return Errno.ESRCH;
    if (nexthop.members.length > 0) return Errno.EOPNOTSUPP;
    hops.push(...nexthop.hops.map((hop) => ({ ...hop, weight })));
  }
  if (vnet.nexthops.some((each) => each.id === id)) return Errno.EEXIST;
  vnet.nexthops.push({ id, gateway: undefined, oif: 0, members, hops });
  return Errno.OK;
}

/** F.5 */
export function deleteNexthop(vnet: Vnet, id: number): Errno {
  if (!vnet.hadNexthop) return Errno.ESRCH;
  if (!vnet.nexthops.some((each) => each.id === id)) return Errno.ENOENT;
  vnet.nexthops = vnet.nexthops.filter((each) => each.id !== id);
  return Errno.OK;
}
