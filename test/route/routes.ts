// Route requests and what comes back, for the tests of routes: requests byte by byte, answers as plain records.

import ipaddr from "ipaddr.js";
import { AF } from "../../assembly/abi/inet.js";
import { NLMSG } from "../../assembly/abi/netlink.js";
import { HeaderSize, RTA, RTAX, RTM, RtMsg } from "../../assembly/abi/rtnetlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import {
  ask,
  attribute,
  attributes,
  concat,
  errorOf,
  familyOf,
  ip,
  message,
  numberAt,
  rtmsg,
  type Seen,
  u8,
  u32,
} from "../support/messages.js";

/** What a request says beyond its prefix; addresses as text. */
export interface RouteFields {
  readonly gateway?: string;
  /** RTA_VIA with an IPv6 gateway. */
  readonly via?: string;
  readonly oif?: number;
  /** RTA_TABLE. */
  readonly table?: number;
  readonly rtFlags?: number;
  readonly mtu?: number;
  readonly weight?: number;
  /** Unix second. */
  readonly expires?: number;
  readonly nexthopId?: number;
  /** Header fields; the family is that of the prefix by default. */
  readonly family?: number;
  readonly headerTable?: number;
  readonly headerFlags?: number;
  readonly protocol?: number;
  readonly type?: number;
  readonly seq?: number;
  /** More attributes, at the end. */
  readonly extra?: readonly Uint8Array[];
}

/** Header and attributes of a route request. @param prefix - "10.1.0.0/16", or undefined for no RTA_DST */
function routeBody(prefix: string | undefined, fields: RouteFields): Uint8Array {
  const [address, length = "0"] = prefix === undefined ? [undefined] : prefix.split("/");
  const family = fields.family ?? (address === undefined ? AF.INET : familyOf(address));
  const { protocol = 0, type = 1, headerTable: table = 0, headerFlags: flags = 0 } = fields;
  const parts = [rtmsg({ family, dstLength: Number(length), table, protocol, type, flags })];
  if (address !== undefined) parts.push(attribute(RTA.DST, ip(address)));
  if (fields.table !== undefined) parts.push(attribute(RTA.TABLE, u32(fields.table)));
  if (fields.gateway !== undefined) parts.push(attribute(RTA.GATEWAY, ip(fields.gateway)));
  if (fields.via !== undefined) parts.push(attribute(RTA.VIA, u8(AF.INET6), ip(fields.via)));
  if (fields.oif !== undefined) parts.push(attribute(RTA.OIF, u32(fields.oif)));
  if (fields.rtFlags !== undefined) parts.push(attribute(RTA.RTFLAGS, u32(fields.rtFlags)));
  if (fields.mtu !== undefined) parts.push(attribute(RTA.METRICS, attribute(RTAX.MTU, u32(fields.mtu))));
  if (fields.weight !== undefined) parts.push(attribute(RTA.WEIGHT, u32(fields.weight)));
  if (fields.expires !== undefined) parts.push(attribute(RTA.EXPIRES, u32(fields.expires)));
  if (fields.nexthopId !== undefined) parts.push(attribute(RTA.NH_ID, u32(fields.nexthopId)));
  return concat(...parts, ...(fields.extra ?? []));
}

function request(type: RTM, flags: string, prefix: string | undefined, fields: RouteFields): Uint8Array {
  return message({ type, flags, seq: fields.seq ?? 1 }, routeBody(prefix, fields));
}

/** RTM_NEWROUTE; by default it creates and asks for an ack. */
export function newRoute(prefix: string | undefined, fields: RouteFields = {}, flags = "qaC"): Uint8Array {
  return request(RTM.NEWROUTE, flags, prefix, fields);
}

export function delRoute(prefix: string | undefined, fields: RouteFields = {}, flags = "qa"): Uint8Array {
  return request(RTM.DELROUTE, flags, prefix, fields);
}

/** RTM_GETROUTE of one route. The address may come without a length. */
export function getRoute(prefix: string | undefined, fields: RouteFields = {}, flags = "qa"): Uint8Array {
  return request(RTM.GETROUTE, flags, prefix, fields);
}

/** RTM_GETROUTE with NLM_F_DUMP. */
export function dumpRequest(family: number, fields: RouteFields = {}, flags = "qD"): Uint8Array {
  return request(RTM.GETROUTE, flags, undefined, { ...fields, family });
}

/** A route as a message shows it; what is not there is undefined. */
export interface Route {
  /** "10.1.0.0/16" */
  readonly prefix: string;
  readonly family: number;
  readonly table: number;
  readonly headerTable: number;
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  readonly headerFlags: number;
  readonly gateway: string | undefined;
  readonly via: string | undefined;
  readonly knhId: number;
  readonly rtFlags: number;
  readonly mtu: number | undefined;
  readonly expires: number | undefined;
  readonly oif: number | undefined;
  readonly weight: number | undefined;
  /** Attribute types in order. */
  readonly order: readonly number[];
  readonly seen: Seen;
}

export function addressText(bytes: Uint8Array): string {
  return ipaddr.fromByteArray([...bytes]).toString();
}

/** Takes an RTM_NEWROUTE or RTM_DELROUTE apart. */
export function routeOf(seen: Seen): Route {
  if (seen.type !== RTM.NEWROUTE && seen.type !== RTM.DELROUTE) throw new Error(`expected a route, got ${seen.type}`);
  const found = attributes(seen.body.slice(HeaderSize.RTMSG));
  const payload = (type: RTA): Uint8Array | undefined => found.find(([each]) => each === type)?.[1];
  const word = (type: RTA): number | undefined => {
    const bytes = payload(type);
    return bytes === undefined ? undefined : numberAt(bytes, 0, 4);
  };
  const address = (type: RTA): string | undefined => {
    const bytes = payload(type);
    return bytes === undefined ? undefined : addressText(bytes);
  };
  const metrics = payload(RTA.METRICS);
  const mtu = metrics === undefined ? undefined : attributes(metrics).find(([type]) => type === RTAX.MTU)?.[1];
  const via = payload(RTA.VIA);
  return {
    prefix: `${address(RTA.DST)}/${seen.body[RtMsg.DST_LEN]}`,
    family: numberAt(seen.body, RtMsg.FAMILY, 1),
    table: word(RTA.TABLE) ?? -1,
    headerTable: numberAt(seen.body, RtMsg.TABLE, 1),
    protocol: numberAt(seen.body, RtMsg.PROTOCOL, 1),
    scope: numberAt(seen.body, RtMsg.SCOPE, 1),
    type: numberAt(seen.body, RtMsg.TYPE, 1),
    headerFlags: numberAt(seen.body, RtMsg.FLAGS, 4),
    gateway: address(RTA.GATEWAY),
    via: via?.[0] === AF.INET6 ? addressText(via.slice(1)) : undefined,
    knhId: word(RTA.KNH_ID) ?? -1,
    rtFlags: word(RTA.RTFLAGS) ?? -1,
    mtu: mtu === undefined ? undefined : numberAt(mtu, 0, 4),
    expires: word(RTA.EXPIRES),
    oif: word(RTA.OIF),
    weight: word(RTA.WEIGHT),
    order: found.map(([type]) => type),
    seen,
  };
}

/** The routes among messages, in order. */
export function routesIn(seen: readonly Seen[]): Route[] {
  return seen.filter((each) => each.type === RTM.NEWROUTE).map(routeOf);
}

/** Dumps a family, 0 for all. @throws Error when the last message is not NLMSG_DONE with errno 0 */
export function dump(socket: Socket, family: number, fields: RouteFields = {}): Route[] {
  const seen = ask(socket, dumpRequest(family, fields));
  const last = seen.at(-1);
  if (last?.type !== NLMSG.DONE || numberAt(last.body, 0, 4) !== 0) throw new Error("the dump did not end well");
  return routesIn(seen);
}

/** The route of exactly a prefix, as a dump shows it; undefined when there is none. */
export function find(socket: Socket, prefix: string, fields: RouteFields = {}): Route | undefined {
  return dump(socket, familyOf(prefix), fields).find((route) => route.prefix === prefix);
}

/** As `find`, for a route that must be there. */
export function routeTo(socket: Socket, prefix: string, fields: RouteFields = {}): Route {
  const route = find(socket, prefix, fields);
  if (route === undefined) throw new Error(`no route to ${prefix}`);
  return route;
}

/** Adds a route and gives it as the dump shows it. @throws Error when it is refused */
export function added(socket: Socket, prefix: string, fields: RouteFields): Route {
  const error = errorOf(ask(socket, newRoute(prefix, fields)));
  if (error !== 0) throw new Error(`${prefix}: errno ${error}`);
  return routeTo(socket, prefix, fields.table === undefined ? {} : { table: fields.table });
}
