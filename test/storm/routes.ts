// Route requests for storms: few fields, many routes.

import { HeaderSize, RTA, RTAX, RTM } from "../../assembly/abi/rtnetlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import { attribute, concat, familyOf, ip, message, rtmsg, u8, u16, u32 } from "../support/messages.js";

export interface RouteOptions {
  readonly gateway?: string;
  readonly oif?: number | undefined;
  readonly mtu?: number;
  readonly seq?: number;
  /** RTA_MULTIPATH: gateways, each with weight 1. */
  readonly gateways?: readonly string[];
  readonly nexthopId?: number;
}

/** A route message of a prefix as "10.1.0.0/16". */
export function route(type: RTM, flags: string, prefix: string, options: RouteOptions = {}): Uint8Array {
  const [address = "", length] = prefix.split("/");
  const parts = [rtmsg({ family: familyOf(address), dstLength: Number(length) }), attribute(RTA.DST, ip(address))];
  if (options.gateway !== undefined) parts.push(attribute(RTA.GATEWAY, ip(options.gateway)));
  if (options.oif !== undefined) parts.push(attribute(RTA.OIF, u32(options.oif)));
  if (options.mtu !== undefined) parts.push(attribute(RTA.METRICS, attribute(RTAX.MTU, u32(options.mtu))));
  if (options.gateways !== undefined) parts.push(attribute(RTA.MULTIPATH, ...options.gateways.map(pathOf)));
  if (options.nexthopId !== undefined) parts.push(attribute(RTA.NH_ID, u32(options.nexthopId)));
  return message({ type, flags, seq: options.seq ?? 1 }, ...parts);
}

/** An rtnexthop with its gateway. */
function pathOf(gateway: string): Uint8Array {
  const inner = attribute(RTA.GATEWAY, ip(gateway));
  return concat(u16(HeaderSize.RTNEXTHOP + inner.length), u8(0), u8(1), u32(0), inner);
}

/** A dump of the routes of a family. */
export function dumpOf(family: number, seq = 1): Uint8Array {
  return message({ type: RTM.GETROUTE, flags: "qD", seq }, rtmsg({ family }));
}

/** "172.16.0.0/32", "172.16.0.1/32", … */
export function hostPrefix(n: number): string {
  return `172.16.${n >> 8}.${n & 255}/32`;
}

/** Routes in one send, so that they stay within SO_SNDBUF. */
const ROUTES_PER_SEND = 1000;

/** Sends the first `count` host prefixes, through an interface, without asking for acks. */
export function sendHostRoutes(socket: Socket, count: number, oif: number): void {
  for (let first = 0; first < count; first += ROUTES_PER_SEND) {
    const length = Math.min(ROUTES_PER_SEND, count - first);
    const some = Array.from({ length }, (_, n) => route(RTM.NEWROUTE, "qC", hostPrefix(first + n), { oif }));
    socket.send(concat(...some));
  }
}
