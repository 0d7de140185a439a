// RTM_NEWROUTE as Linux 6.18 writes it, attributes in its order (linux-compat E7.2, E7.3): what the kernel tells of a route,
// and what programs noted.

import { IFT } from "../../assembly/abi/ifnet.js";
import { AddressSize, AF } from "../../assembly/abi/inet.js";
import { HeaderSize, RT_SCOPE, RTA, RTAX, RTF, RTN, RtMsg } from "../../assembly/abi/rtnetlink.js";
import type { ReplyHeader } from "./dump.js";
import { linuxFamilyOf } from "./family.js";
import { sourceIn } from "./localtable.js";
import type { MessageReader } from "./messagereader.js";
import type { MessageWriter } from "./messagewriter.js";
import type { Prefix } from "./prefixtable.js";
import type { RouteNote } from "./routenotes.js";
import { CacheInfo, Metric6, TICKS } from "./routenumber.js";
import { gatewayOf, pathNoteOf, ViaFamily, writeGateway, writePaths } from "./routepaths.js";
import { headerTableOf, tableOf } from "./tables.js";
import type { LinuxVnet } from "./vnet.js";

/** Where a message of the kernel says that its route is. The address is the message's. */
export function prefixOf(message: MessageReader): Prefix {
  message.index(HeaderSize.RTMSG);
  const family = message.header8(RtMsg.FAMILY);
  const bytes = family === AF.INET6 ? AddressSize.INET6 : AddressSize.INET;
  return {
    fib: message.u32(RTA.TABLE),
    family,
    bits: message.header8(RtMsg.DST_LEN),
    address: message.payload(RTA.DST) ?? new Uint8Array(bytes),
  };
}

/**
 * The kernel's routes of own addresses, over a loopback interface: Linux has those in table 255 (E7.4).
 * @param message - RTM_NEWROUTE of the kernel, indexed
 */
export function isHidden(vnet: LinuxVnet, message: MessageReader): boolean {
  const own = RTF.HOST | RTF.PINNED;
  if ((message.u32(RTA.RTFLAGS) & own) !== own) return false;
  return vnet.links.get(message.u32(RTA.OIF))?.type === IFT.LOOP;
}

/** One message of a route. @param source - RTM_NEWROUTE or RTM_DELROUTE of the kernel; it is indexed afterwards */
export function writeRoute(
  vnet: LinuxVnet,
  source: MessageReader,
  type: number,
  writer: MessageWriter,
  header: ReplyHeader,
): void {
  const prefix = prefixOf(source);
  const note = vnet.notes.routes.get(prefix);
  const routeType = note.type || source.header8(RtMsg.TYPE);
  writer.begin(type, header.flags, header.seq, header.port, HeaderSize.RTMSG);
  writer.header8(RtMsg.FAMILY, linuxFamilyOf(prefix.family));
  writer.header8(RtMsg.DST_LEN, prefix.bits);
  writer.header8(RtMsg.PROTOCOL, note.protocol || source.header8(RtMsg.PROTOCOL));
  writer.header8(RtMsg.TYPE, routeType);
  if (prefix.family === AF.INET) writer.header8(RtMsg.SCOPE, scopeOf(source, routeType));
  writer.header32(RtMsg.FLAGS, pathNoteOf(note, gatewayOf(source, ViaFamily.FREEBSD)).flags);
  const table = tableOf(vnet, prefix.fib);
  writer.header8(RtMsg.TABLE, headerTableOf(table));
  writer.u32(RTA.TABLE, table);
  if (prefix.bits !== 0) writer.raw(RTA.DST, prefix.address);
  if (prefix.family === AF.INET) writeRoute4(vnet, source, prefix, note, routeType, writer);
  else writeRoute6(vnet, source, note, routeType, writer);
  writer.end();
}

/** rtm_scope of an IPv4 route: how far its destination is. */
function scopeOf(source: MessageReader, type: number): number {
  if (type === RTN.LOCAL) return RT_SCOPE.HOST;
  if (type === RTN.BROADCAST) return RT_SCOPE.LINK;
  const hasGateway = source.has(RTA.GATEWAY) || source.has(RTA.VIA) || source.has(RTA.MULTIPATH);
  return type === RTN.UNICAST && !hasGateway ? RT_SCOPE.LINK : RT_SCOPE.UNIVERSE;
}

/** Routes that lead nowhere. */
export function isDead(type: number): boolean {
  return type === RTN.BLACKHOLE || type === RTN.UNREACHABLE || type === RTN.PROHIBIT;
}

function writeRoute4(
  vnet: LinuxVnet,
  source: MessageReader,
  prefix: Prefix,
  note: RouteNote,
  type: number,
  writer: MessageWriter,
): void {
  const nexthop = note.nexthop || source.u32(RTA.NH_ID);
  const priority = priorityOf(source, note);
  if (priority !== 0) writer.u32(RTA.PRIORITY, priority);
  writeMetrics(source, note, writer);
  const prefsrc = note.prefsrc ?? kernelSourceOf(vnet, source, prefix);
  if (prefsrc !== undefined) writer.raw(RTA.PREFSRC, prefsrc);
  if (nexthop !== 0) writer.u32(RTA.NH_ID, nexthop);
  if (source.has(RTA.MULTIPATH)) {
    writePaths(source, note, writer);
    return;
  }
  writeGateway(source, writer);
  // A blackhole that is a nexthop object of its own has the loopback interface, as recorded.
  if (!isDead(type)) writer.u32(RTA.OIF, source.u32(RTA.OIF));
  else if (note.nexthop !== 0) writer.u32(RTA.OIF, vnet.links.loopback);
  const { flow } = pathNoteOf(note, gatewayOf(source, ViaFamily.FREEBSD));
  if (flow !== 0) writer.u32(RTA.FLOW, flow);
}

/** Of a route that came with an address: the first address of its interface in the prefix. */
function kernelSourceOf(vnet: LinuxVnet, source: MessageReader, prefix: Prefix): Uint8Array | undefined {
  if ((source.u32(RTA.RTFLAGS) & RTF.PINNED) === 0) return undefined;
  return sourceIn(vnet, source.u32(RTA.OIF), prefix.address, prefix.bits);
}

function writeRoute6(
  vnet: LinuxVnet,
  source: MessageReader,
  note: RouteNote,
  type: number,
  writer: MessageWriter,
): void {
  const nexthop = note.nexthop || source.u32(RTA.NH_ID);
  if (note.prefsrc !== undefined) writer.raw(RTA.PREFSRC, note.prefsrc);
  writeMetrics(source, note, writer);
  writer.u32(RTA.PRIORITY, priorityOf(source, note));
  if (nexthop !== 0) writer.u32(RTA.NH_ID, nexthop);
  if (source.has(RTA.MULTIPATH)) {
    writePaths(source, note, writer);
  } else {
    writeGateway(source, writer);
    writer.u32(RTA.OIF, isDead(type) ? vnet.links.loopback : source.u32(RTA.OIF));
  }
  const cacheinfo = writer.zeros(RTA.CACHEINFO, CacheInfo.BYTES);
  writer.view.setUint32(cacheinfo + CacheInfo.EXPIRES, source.u32(RTA.EXPIRES) * TICKS, true);
  writer.u8(RTA.PREF, note.pref);
}

/** RTA_PRIORITY that a route is shown with. @param source - of the kernel, indexed */
export function priorityOf(source: MessageReader, note: RouteNote): number {
  const known = note.priority || source.u32(RTA.PRIORITY);
  if (known !== 0) return known;
  if (source.header8(RtMsg.FAMILY) === AF.INET) return 0;
  return source.u32(RTA.RTFLAGS) & RTF.PINNED ? Metric6.KERNEL : Metric6.USER;
}

/** The kernel's MTU among what was noted, ascending as Linux has them. */
export function writeMetrics(source: MessageReader, note: RouteNote, writer: MessageWriter): void {
  const shown = source.payload(RTA.METRICS);
  const { metrics } = note;
  if (metrics === undefined) {
    if (shown !== undefined) writer.raw(RTA.METRICS, shown);
    return;
  }
  const nest = writer.nest(RTA.METRICS);
  const after = firstAfter(metrics, RTAX.MTU);
  writeBytes(writer, metrics.subarray(0, after));
  if (shown !== undefined) writeBytes(writer, shown);
  writeBytes(writer, metrics.subarray(after));
  writer.endNest(nest);
}

function writeBytes(writer: MessageWriter, bytes: Uint8Array): void {
  writer.bytes.set(bytes, writer.struct(bytes.length));
}

/** Where in ascending attributes the first one above a type begins. */
function firstAfter(attributes: Uint8Array, type: number): number {
  const view = new DataView(attributes.buffer, attributes.byteOffset, attributes.byteLength);
  let at = 0;
  while (at < attributes.length && view.getUint16(at + 2, true) <= type) at += (view.getUint16(at, true) + 3) & ~3;
  return at;
}
