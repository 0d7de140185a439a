// RTM_NEWROUTE and RTM_DELROUTE of a Linux program in the kernel's form (linux-compat E7.5), and what is to be noted of them.
// Attributes that mean the same on both sides stay as they are and where they are; the layer's own come behind them.

import { AddressSize, AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, RTA, RTAX, RTF, RTM, RTN, RTPROT, RtMsg } from "../../assembly/abi/rtnetlink.js";
import { isLinkLocal } from "./addressbits.js";
import type { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";
import type { Nexthop } from "./nexthopmirror.js";
import { writePath } from "./nexthoproutes.js";
import { NO_NOTE, type PathNote, type RouteNote } from "./routenotes.js";
import { Metric6, RTNH_F } from "./routenumber.js";
import { isDead } from "./routeobject.js";
import { type Path, writePathsForKernel, writeViaForKernel } from "./routepaths.js";
import { invalid, type RouteRequest } from "./routerequest.js";
import type { LinuxVnet } from "./vnet.js";

/** nlmsg_flags that count for a change. */
const CHANGE_FLAGS = NLM_F.REQUEST | NLM_F.REPLACE | NLM_F.EXCL | NLM_F.CREATE | NLM_F.APPEND;
/** RTAX_MAX. */
const METRICS_MOST = 17;
/** RTA_EXPIRES of a route that stays. */
const NEVER = 0xffffffff;

/** What a request is to the kernel. */
export interface KernelChange {
  readonly fib: number;
  /** nlmsg_flags. */
  readonly flags: number;
  readonly seq: number;
  /** Unix second: what RTA_EXPIRES counts from. */
  readonly now: number;
  /** The nexthop whose paths the route is given, where the kernel cannot be given its id. */
  readonly nexthop: Nexthop | undefined;
}

/** RTM_NEWROUTE for the kernel. */
export function writeNewRoute(vnet: LinuxVnet, writer: MessageWriter, route: RouteRequest, change: KernelChange): void {
  const { message, family, type, protocol } = route;
  writer.begin(RTM.NEWROUTE, change.flags & CHANGE_FLAGS, change.seq, 0, HeaderSize.RTMSG);
  writer.header8(RtMsg.FAMILY, family);
  writer.header8(RtMsg.DST_LEN, route.bits);
  writer.header8(RtMsg.PROTOCOL, protocol);
  writer.header8(RtMsg.SCOPE, route.scope);
  writer.header8(RtMsg.TYPE, change.nexthop === undefined ? type : RTN.UNICAST);
  message.each(message.attributesFrom(HeaderSize.RTMSG), message.end, (attribute, at, size) => {
    writeAttribute(writer, route, change, attribute, message.bytes.subarray(at, at + size));
  });
  if (change.nexthop !== undefined) writePath(vnet, writer, change.nexthop, family);
  else if (route.oif !== 0 && !message.has(RTA.OIF) && !isDead(type)) writer.u32(RTA.OIF, route.oif);
  writeEnd(writer, route, change.fib);
  if (protocol <= RTPROT.STATIC) writer.u32(RTA.RTFLAGS, RTF.STATIC);
  writer.end();
}

/** Table and destination, where the program left them out: the kernel reads no rtm_table and wants a destination. */
function writeEnd(writer: MessageWriter, { message, family }: RouteRequest, fib: number): void {
  if (fib !== 0) writer.u32(RTA.TABLE, fib);
  if (!message.has(RTA.DST)) writer.zeros(RTA.DST, family === AF.INET6 ? AddressSize.INET6 : AddressSize.INET);
}

function writeAttribute(
  writer: MessageWriter,
  route: RouteRequest,
  change: KernelChange,
  attribute: number,
  payload: Uint8Array,
): void {
  switch (attribute) {
    case RTA.DST:
      writer.raw(RTA.DST, route.address);
      return;
    case RTA.OIF:
    case RTA.GATEWAY:
      // The kernel leads such routes to the loopback interface whatever is asked for.
      if (!isDead(route.type)) writer.raw(attribute, payload);
      return;
    case RTA.VIA:
      if (!isDead(route.type) && route.gateway !== undefined) writeViaForKernel(writer, route.gateway);
      return;
    case RTA.MULTIPATH:
      if (!isDead(route.type)) writePathsForKernel(writer, route.paths ?? []);
      return;
    case RTA.NH_ID:
      if (change.nexthop === undefined) writer.raw(RTA.NH_ID, payload);
      return;
    case RTA.EXPIRES:
      writeExpiry(writer, route, change.now);
      return;
    case RTA.PRIORITY:
    case RTA.PREFSRC:
    case RTA.METRICS:
      writer.raw(attribute, payload);
  }
}

/** Seconds from now on Linux, which reads them for IPv6 only; a Unix second for the kernel. */
function writeExpiry(writer: MessageWriter, { message, family }: RouteRequest, now: number): void {
  const seconds = message.u32(RTA.EXPIRES, NEVER);
  if (family === AF.INET6 && seconds !== NEVER) writer.u32(RTA.EXPIRES, Math.min(now + seconds, NEVER));
}

/** RTM_DELROUTE for the kernel. @param path - the one of several that goes; undefined: all go, whichever the request names */
export function writeDeleteRoute(
  writer: MessageWriter,
  { family, bits, address, oif }: RouteRequest,
  { fib, seq }: Pick<KernelChange, "fib" | "seq">,
  path: Path | undefined,
): void {
  writer.begin(RTM.DELROUTE, NLM_F.REQUEST, seq, 0, HeaderSize.RTMSG);
  writer.header8(RtMsg.FAMILY, family);
  writer.header8(RtMsg.DST_LEN, bits);
  writer.raw(RTA.DST, address);
  const gateway = path?.gateway;
  if (gateway !== undefined && path?.isVia) writeViaForKernel(writer, gateway);
  else if (gateway !== undefined) writer.raw(RTA.GATEWAY, gateway);
  // A link-local destination is one of many, and belongs to the interface.
  if (oif !== 0 && (path !== undefined || isLinkLocal(address))) writer.u32(RTA.OIF, oif);
  if (fib !== 0) writer.u32(RTA.TABLE, fib);
  writer.end();
}

// ---- what is to be noted

/**
 * All that a new route says and the kernel may not show.
 * @param own - the id of a nexthop that only the layer has, 0 for none
 * @throws Refusal EINVAL a metric that there is not
 */
export function noteOf(route: RouteRequest, own: number): RouteNote {
  const { message, family, protocol, type, prefsrc, gateway, paths, nexthop } = route;
  // The kernel takes the MTU of a route with one path of its own.
  const hidesMtu = paths !== undefined || nexthop !== 0 || isDead(type);
  const isDirect = gateway === undefined && paths === undefined;
  return {
    ...NO_NOTE,
    priority: isDefaultPriority(route) ? 0 : route.priority,
    protocol: protocol === RTPROT.UNSPEC ? RTPROT.BOOT : protocol,
    // Over such a nexthop the route is of the type that the kernel was given for it.
    type: own === 0 ? type : RTN.UNSPEC,
    prefsrc: prefsrc?.slice(),
    pref: family === AF.INET6 ? message.u8(RTA.PREF) : 0,
    metrics: metricsOf(message, hidesMtu),
    flow: isDirect ? message.u32(RTA.FLOW) : 0,
    paths: pathNotesOf(route),
    nexthop: own,
  };
}

function isDefaultPriority({ family, priority }: RouteRequest): boolean {
  return family === AF.INET6 && priority === Metric6.USER;
}

function pathNotesOf({ message, gateway, paths }: RouteRequest): PathNote[] {
  const flags = message.header32(RtMsg.FLAGS);
  const all = paths ?? [{ gateway, flags, flow: message.u32(RTA.FLOW) }];
  const notes: PathNote[] = [];
  for (const path of all) {
    const onlink = path.flags & RTNH_F.ONLINK;
    if (path.gateway === undefined || (onlink === 0 && path.flow === 0)) continue;
    notes.push({ gateway: path.gateway.slice(), flags: onlink, flow: path.flow });
  }
  return notes;
}

/** Metrics that say something, ascending, as Linux keeps them. */
function metricsOf(message: MessageReader, includesMtu: boolean): Uint8Array | undefined {
  const found = new Map<number, Uint8Array>();
  const from = message.has(RTA.METRICS) ? message.at(RTA.METRICS) : 0;
  message.each(from, from + message.size(RTA.METRICS), (type, at, size) => {
    if (type === 0) return;
    if (type > METRICS_MOST) throw invalid("Invalid metric type");
    const payload = message.bytes.subarray(at, at + size);
    if (payload.some((byte) => byte !== 0)) found.set(type, payload);
  });
  if (!includesMtu) found.delete(RTAX.MTU);
  if (found.size === 0) return undefined;
  const writer = new MessageWriter(128);
  for (const [type, payload] of [...found].sort(([left], [right]) => left - right)) writer.raw(type, payload);
  return writer.written.slice();
}
