// Nexthop requests, multipath routes, and what comes back, for the tests of both.

import { AF } from "../../assembly/abi/inet.js";
import { HeaderSize, NexthopGrp, NHA, NHAF, NhMsg, RTA, RTAX, RTM, RtNextHop } from "../../assembly/abi/rtnetlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import {
  ask,
  attribute,
  attributes,
  concat,
  errorOf,
  ip,
  message,
  numberAt,
  type Seen,
  u8,
  u16,
  u32,
} from "../support/messages.js";
import { addressText, type Route, routeOf } from "./routes.js";

/** What a nexthop request says. */
export interface NexthopFields {
  readonly id?: number;
  readonly gateway?: string;
  readonly oif?: number;
  /** Members as [id, weight]. */
  readonly group?: readonly (readonly [id: number, weight: number])[];
  readonly family?: number;
  readonly protocol?: number;
  /** Inside NHA_FREEBSD. */
  readonly freebsd?: readonly Uint8Array[];
  readonly extra?: readonly Uint8Array[];
  readonly seq?: number;
}

function nexthopRequest(type: RTM, flags: string, fields: NexthopFields): Uint8Array {
  const parts = [u8(fields.family ?? 0), u8(0), u8(fields.protocol ?? 0), u8(0), u32(0)];
  if (fields.id !== undefined) parts.push(attribute(NHA.ID, u32(fields.id)));
  if (fields.group !== undefined) parts.push(attribute(NHA.GROUP, ...fields.group.map(groupMember)));
  if (fields.oif !== undefined) parts.push(attribute(NHA.OIF, u32(fields.oif)));
  if (fields.gateway !== undefined) parts.push(attribute(NHA.GATEWAY, ip(fields.gateway)));
  if (fields.freebsd !== undefined) parts.push(attribute(NHA.FREEBSD, ...fields.freebsd));
  return message({ type, flags, seq: fields.seq ?? 1 }, ...parts, ...(fields.extra ?? []));
}

export function groupMember([id, weight]: readonly [number, number]): Uint8Array {
  return concat(u32(id), u8(weight), u8(0), u16(0));
}

export function newNexthop(fields: NexthopFields, flags = "qaC"): Uint8Array {
  return nexthopRequest(RTM.NEWNEXTHOP, flags, fields);
}
export function delNexthop(fields: NexthopFields, flags = "qa"): Uint8Array {
  return nexthopRequest(RTM.DELNEXTHOP, flags, fields);
}
export function getNexthop(fields: NexthopFields, flags = "qa"): Uint8Array {
  return nexthopRequest(RTM.GETNEXTHOP, flags, fields);
}

/** NHA_FREEBSD that asks for a kernel nexthop by index, or with 0 for all. */
export function kernelNexthop(index: number, table = 0, family: number = AF.INET): Uint8Array[] {
  const which = index === 0 ? attribute(NHAF.KNHOPS) : attribute(NHAF.KID, u32(index));
  return [which, attribute(NHAF.TABLE, u32(table)), attribute(NHAF.FAMILY, u8(family))];
}

/** A nexthop as a message shows it; what is not there is undefined. */
export interface Nexthop {
  readonly family: number;
  readonly protocol: number;
  readonly id: number | undefined;
  readonly isBlackhole: boolean;
  readonly oif: number | undefined;
  readonly gateway: string | undefined;
  readonly groupType: number | undefined;
  readonly group: readonly (readonly [id: number, weight: number])[] | undefined;
  /** Members of NHA_FREEBSD in order, as [type, value]. */
  readonly freebsd: readonly (readonly [type: number, value: number])[] | undefined;
  /** Attribute types in order. */
  readonly order: readonly number[];
  readonly seen: Seen;
}

export function nexthopOf(seen: Seen): Nexthop {
  if (seen.type !== RTM.NEWNEXTHOP && seen.type !== RTM.DELNEXTHOP)
    throw new Error(`expected a nexthop, got ${seen.type}`);
  const found = attributes(seen.body.slice(HeaderSize.NHMSG));
  const payload = (type: NHA): Uint8Array | undefined => found.find(([each]) => each === type)?.[1];
  const word = (type: NHA): number | undefined => {
    const bytes = payload(type);
    return bytes === undefined ? undefined : numberAt(bytes, 0, type === NHA.GROUP_TYPE ? 2 : 4);
  };
  const gateway = payload(NHA.GATEWAY);
  const group = payload(NHA.GROUP);
  const freebsd = payload(NHA.FREEBSD);
  return {
    family: numberAt(seen.body, NhMsg.FAMILY, 1),
    protocol: numberAt(seen.body, NhMsg.PROTOCOL, 1),
    id: word(NHA.ID),
    isBlackhole: payload(NHA.BLACKHOLE) !== undefined,
    oif: word(NHA.OIF),
    gateway: gateway === undefined ? undefined : addressText(gateway),
    groupType: word(NHA.GROUP_TYPE),
    group: group === undefined ? undefined : members(group),
    freebsd:
      freebsd === undefined ? undefined : attributes(freebsd).map(([type, bytes]) => [type, numberAt(bytes, 0, 4)]),
    order: found.map(([type]) => type),
    seen,
  };
}

function members(bytes: Uint8Array): [number, number][] {
  return Array.from({ length: bytes.length / NexthopGrp.BYTES }, (_, i) => [
    numberAt(bytes, i * NexthopGrp.BYTES, 4),
    numberAt(bytes, i * NexthopGrp.BYTES + NexthopGrp.WEIGHT, 1),
  ]);
}

/** The nexthops among messages, in order. */
export function nexthopsIn(seen: readonly Seen[]): Nexthop[] {
  return seen.filter(({ type }) => type === RTM.NEWNEXTHOP).map(nexthopOf);
}

/** Makes nexthops. @throws Error when one is refused */
export function made(socket: Socket, ...all: readonly NexthopFields[]): void {
  for (const fields of all) succeed(socket, newNexthop(fields));
}

/** Sends a request that must succeed. */
export function succeed(socket: Socket, request: Uint8Array): void {
  const error = errorOf(ask(socket, request));
  if (error !== 0) throw new Error(`errno ${error}`);
}

/** One path to send in RTA_MULTIPATH. */
export interface PathFields {
  readonly gateway?: string;
  readonly via?: string;
  readonly hops?: number;
  readonly index?: number;
  /** rtnh_len, where it is to differ. */
  readonly length?: number;
}

export function pathBytes({ gateway, via, hops = 1, index = 0, length }: PathFields): Uint8Array {
  const parts: Uint8Array[] = [];
  if (gateway !== undefined) parts.push(attribute(RTA.GATEWAY, ip(gateway)));
  if (via !== undefined) parts.push(attribute(RTA.VIA, u8(AF.INET6), ip(via)));
  const body = concat(...parts);
  return concat(u16(length ?? HeaderSize.RTNEXTHOP + body.length), u8(0), u8(hops), u32(index), body);
}

/** RTA_MULTIPATH. */
export function multipath(...paths: readonly PathFields[]): Uint8Array {
  return attribute(RTA.MULTIPATH, ...paths.map(pathBytes));
}

/** A path as a route shows it. */
export interface Path {
  readonly gateway: string | undefined;
  readonly hops: number;
  readonly flags: number;
  readonly oif: number;
  readonly rtFlags: number | undefined;
  readonly mtu: number | undefined;
}

/** The paths of a multipath route. @throws Error when it is none */
export function pathsOf(route: Route): Path[] {
  const bytes = attributes(route.seen.body.slice(HeaderSize.RTMSG)).find(([type]) => type === RTA.MULTIPATH)?.[1];
  if (bytes === undefined) throw new Error(`${route.prefix} is no multipath route`);
  const paths: Path[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = numberAt(bytes, at + RtNextHop.LEN, 2);
    paths.push(pathIn(bytes.slice(at, at + length)));
    at += (length + 3) & ~3;
  }
  return paths;
}

function pathIn(bytes: Uint8Array): Path {
  const found = attributes(bytes.slice(HeaderSize.RTNEXTHOP));
  const payload = (type: RTA): Uint8Array | undefined => found.find(([each]) => each === type)?.[1];
  const gateway = payload(RTA.GATEWAY) ?? payload(RTA.VIA)?.slice(1);
  const rtFlags = payload(RTA.RTFLAGS);
  const metrics = payload(RTA.METRICS);
  const mtu = metrics === undefined ? undefined : attributes(metrics).find(([type]) => type === RTAX.MTU)?.[1];
  return {
    gateway: gateway === undefined ? undefined : addressText(gateway),
    hops: numberAt(bytes, RtNextHop.HOPS, 1),
    flags: numberAt(bytes, RtNextHop.FLAGS, 1),
    oif: numberAt(bytes, RtNextHop.IFINDEX, 4),
    rtFlags: rtFlags === undefined ? undefined : numberAt(rtFlags, 0, 4),
    mtu: mtu === undefined ? undefined : numberAt(mtu, 0, 4),
  };
}

/** Gateways of a route's paths, in order; of a plain route its gateway. */
export function gatewaysOf(route: Route): (string | undefined)[] {
  return route.order.includes(RTA.MULTIPATH)
    ? pathsOf(route).map(({ gateway }) => gateway)
    : [route.gateway ?? route.via];
}

/** RTA_NH_ID of a route. */
export function nexthopIdOf(route: Route): number | undefined {
  const bytes = attributes(route.seen.body.slice(HeaderSize.RTMSG)).find(([type]) => type === RTA.NH_ID)?.[1];
  return bytes === undefined ? undefined : numberAt(bytes, 0, 4);
}

/** The routes among messages that tell of changes, as [type, flags, gateways]. */
export function changesIn(
  seen: readonly Seen[],
): [type: string | undefined, flags: number, gateways: (string | undefined)[]][] {
  return seen.map((each) => [RTM[each.type], each.flags, gatewaysOf(routeOf(each))]);
}
