// `ip route get`: where a packet to one address would go (net/ipv4/route.c, inet_rtm_getroute and rt_fill_info;
// net/ipv6/route.c, inet6_rtm_getroute and rt6_fill_node; linux-compat E7.9). Linux looks into table 255 first.

import { AddressSize, AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, RTA, RTM, RTM_F, RTN, RTPROT, RtMsg } from "../../assembly/abi/rtnetlink.js";
import type { ReplyHeader } from "./dump.js";
import { LinuxErrno } from "./errno.js";
import { LinuxAF, linuxFamilyOf } from "./family.js";
import { localRouteOf } from "./localtable.js";
import type { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";
import { type OwnRoute, writeOwnRoute } from "./ownroute.js";
import { Refusal } from "./refusal.js";
import type { Request } from "./request.js";
import { checkGetStrictly } from "./routefilter.js";
import { copyOf, findRoute, refreshNotes } from "./routelookup.js";
import { NO_NOTE, type RouteNote } from "./routenotes.js";
import { CacheInfo, RTCF } from "./routenumber.js";
import { isDead, isHidden, prefixOf, priorityOf, writeMetrics, writeRoute } from "./routeobject.js";
import { gatewayOf, ViaFamily, writeGateway } from "./routepaths.js";
import { sourceFor } from "./source.js";
import { headerTableOf, LinuxTable, tableOf } from "./tables.js";
import type { LinuxVnet } from "./vnet.js";

/** What the program asks for, with FreeBSD's number of the family. */
interface Question {
  readonly family: number;
  readonly address: Uint8Array;
  /** RTA_SRC. */
  readonly source: Uint8Array | undefined;
  readonly iif: number;
  readonly oif: number;
  readonly mark: number;
  readonly uid: number;
}

/** Where the packet goes, with Linux's numbers. */
interface Way {
  readonly type: number;
  /** Id. */
  readonly table: number;
  readonly protocol: number;
  /** rtm_flags, of IPv4. */
  readonly flags: number;
  /** Of the interface. */
  readonly oif: number;
  readonly prefsrc: Uint8Array | undefined;
  /** RTA_PRIORITY, of IPv6. */
  readonly priority: number;
  /** RTM_NEWROUTE of the kernel, indexed, with the gateway and the metrics; undefined for table 255. */
  readonly route: MessageReader | undefined;
  readonly note: RouteNote;
}

/** References that Linux counts: the cache's and the asker's. */
const CLNTREF = 2;

/** RTM_GETROUTE without NLM_F_DUMP. @throws Refusal */
export function getRoute(request: Request): void {
  const { message, vnet, requester } = request;
  const family = message.header8(RtMsg.FAMILY);
  if (family !== LinuxAF.INET && family !== LinuxAF.INET6) throw new Refusal(LinuxErrno.EOPNOTSUPP);
  if (message.attributesFrom(HeaderSize.RTMSG) > message.end) throw new Refusal(LinuxErrno.EINVAL);
  message.index(HeaderSize.RTMSG);
  if (requester.isStrict) checkGetStrictly(message);
  const question = questionOf(message);
  for (const index of [question.iif, question.oif]) {
    if (index !== 0 && vnet.links.get(index) === undefined) throw new Refusal(LinuxErrno.ENODEV);
  }
  refreshNotes(vnet);
  const isMatch = (message.header32(RtMsg.FLAGS) & RTM_F.FIB_MATCH) !== 0;
  const local = localRouteOf(vnet, question.address, question.oif);
  if (local !== undefined) {
    expectWayOut(question, local.type === RTN.LOCAL ? [local.index, vnet.links.loopback] : [local.index]);
    if (isMatch) request.reply((writer, header) => writeOwnRoute(local, RTM.NEWROUTE, writer, header));
    else request.reply((writer, header) => writeWay(writer, header, question, wayOf(vnet, question, local)));
    return;
  }
  const route = ask(vnet, question);
  expectWayOut(question, [route.u32(RTA.OIF)]);
  if (isMatch) {
    const whole = findRoute(vnet, prefixOf(route), route.u32(RTA.OIF)) ?? route;
    request.reply((writer, header) => writeRoute(vnet, whole, RTM.NEWROUTE, writer, header));
  } else {
    request.reply((writer, header) => writeWay(writer, header, question, wayAlong(vnet, question, route)));
  }
}

function questionOf(message: MessageReader): Question {
  const isInet6 = message.header8(RtMsg.FAMILY) === LinuxAF.INET6;
  const size = isInet6 ? AddressSize.INET6 : AddressSize.INET;
  const destination = message.payload(RTA.DST);
  const source = message.payload(RTA.SRC);
  for (const each of [destination, source]) {
    if (each !== undefined && each.length !== size) throw new Refusal(LinuxErrno.EINVAL);
  }
  return {
    family: isInet6 ? AF.INET6 : AF.INET,
    address: destination ?? new Uint8Array(size),
    source,
    iif: message.u32(RTA.IIF),
    oif: message.u32(RTA.OIF),
    mark: message.u32(RTA.MARK),
    uid: message.u32(RTA.UID),
  };
}

/** RTA_OIF is where it is to leave by. @throws Refusal ENETUNREACH */
function expectWayOut({ oif }: Question, ways: readonly number[]): void {
  if (oif !== 0 && !ways.includes(oif)) throw new Refusal(LinuxErrno.ENETUNREACH);
}

/** The kernel's route with the longest match, of a multipath route one path. @throws Refusal */
function ask(vnet: LinuxVnet, { family, address, oif }: Question): MessageReader {
  const writer = new MessageWriter(64);
  writer.begin(RTM.GETROUTE, NLM_F.REQUEST, 0, 0, HeaderSize.RTMSG);
  writer.header8(RtMsg.FAMILY, family);
  writer.header8(RtMsg.DST_LEN, address.length * 8);
  writer.raw(RTA.DST, address);
  if (oif !== 0) writer.u32(RTA.OIF, oif);
  writer.end();
  let found: MessageReader | undefined;
  vnet.agent.ask(writer.written, (message) => {
    found = copyOf(message);
  });
  if (found === undefined || isHidden(vnet, found)) throw new Refusal(LinuxErrno.ENETUNREACH);
  const type = vnet.notes.routes.get(prefixOf(found)).type || found.header8(RtMsg.TYPE);
  if (isDead(type)) throw new Refusal(REFUSALS[type] as number);
  return found;
}

/** What a packet is refused with that a route leads nowhere (E4.4). */
const REFUSALS: { readonly [type: number]: number } = {
  [RTN.BLACKHOLE]: LinuxErrno.EINVAL,
  [RTN.UNREACHABLE]: LinuxErrno.EHOSTUNREACH,
  [RTN.PROHIBIT]: LinuxErrno.EACCES,
};

/** rtm_flags by the type, for IPv4. */
const FLAGS: { readonly [type: number]: number } = {
  [RTN.LOCAL]: RTCF.LOCAL,
  [RTN.BROADCAST]: RTCF.BROADCAST | RTCF.LOCAL,
  [RTN.MULTICAST]: RTCF.MULTICAST,
};

/** What table 255 has: an own address goes over the loopback interface, from itself. */
function wayOf(vnet: LinuxVnet, question: Question, local: OwnRoute): Way {
  const isInet6 = question.family === AF.INET6;
  const isOwn = local.type === RTN.LOCAL;
  const oif = isOwn ? vnet.links.loopback : local.index;
  return {
    type: local.type,
    table: isInet6 ? LinuxTable.LOCAL : LinuxTable.MAIN,
    protocol: isInet6 ? RTPROT.KERNEL : 0,
    flags: FLAGS[local.type] ?? 0,
    oif,
    prefsrc: isOwn ? question.address : (local.prefsrc ?? sourceFor(vnet, oif, question.address, undefined)),
    priority: local.priority,
    route: undefined,
    note: NO_NOTE,
  };
}

/** RTN of an IPv4 address that no route makes special: 224.0.0.0/4, 255.255.255.255. */
function typeOf4(address: Uint8Array): number {
  if (((address[0] as number) & 0xf0) === 0xe0) return RTN.MULTICAST;
  return address.every((byte) => byte === 0xff) ? RTN.BROADCAST : RTN.UNICAST;
}

function wayAlong(vnet: LinuxVnet, question: Question, route: MessageReader): Way {
  const note = vnet.notes.routes.get(prefixOf(route));
  const isInet6 = question.family === AF.INET6;
  const oif = route.u32(RTA.OIF);
  const gateway = gatewayOf(route, ViaFamily.FREEBSD);
  const type = isInet6 ? RTN.UNICAST : typeOf4(question.address);
  return {
    type,
    table: isInet6 ? tableOf(vnet, route.u32(RTA.TABLE)) : LinuxTable.MAIN,
    protocol: isInet6 ? note.protocol || route.header8(RtMsg.PROTOCOL) : 0,
    flags: FLAGS[type] ?? 0,
    oif,
    prefsrc: note.prefsrc ?? sourceFor(vnet, oif, question.address, gateway),
    priority: priorityOf(route, note),
    route,
    note,
  };
}

// ---- the answer

function writeWay(writer: MessageWriter, header: ReplyHeader, question: Question, way: Way): void {
  const { family, address, source } = question;
  const bits = address.length * 8;
  writer.begin(RTM.NEWROUTE, header.flags, header.seq, header.port, HeaderSize.RTMSG);
  writer.header8(RtMsg.FAMILY, linuxFamilyOf(family));
  writer.header8(RtMsg.DST_LEN, bits);
  writer.header8(RtMsg.SRC_LEN, family === AF.INET6 || source !== undefined ? bits : 0);
  writer.header8(RtMsg.TABLE, headerTableOf(way.table));
  writer.header8(RtMsg.PROTOCOL, way.protocol);
  writer.header8(RtMsg.TYPE, way.type);
  if (family === AF.INET) writer.header32(RtMsg.FLAGS, RTM_F.CLONED | way.flags);
  writer.u32(RTA.TABLE, way.table);
  writer.raw(RTA.DST, address);
  if (family === AF.INET) writeWay4(writer, question, way);
  else writeWay6(writer, question, way);
  writer.end();
}

function writeWay4(writer: MessageWriter, { source, iif, mark, uid }: Question, way: Way): void {
  if (source !== undefined) writer.raw(RTA.SRC, source);
  writer.u32(RTA.OIF, way.oif);
  if (source === undefined && iif === 0 && way.prefsrc !== undefined) writer.raw(RTA.PREFSRC, way.prefsrc);
  if (way.route !== undefined) writeGateway(way.route, writer);
  writeWayMetrics(writer, way);
  if (mark !== 0) writer.u32(RTA.MARK, mark);
  // A packet that comes in belongs to nobody.
  if (iif === 0) writer.u32(RTA.UID, uid);
  else writer.u32(RTA.IIF, iif);
  writeCacheInfo(writer);
}

function writeWay6(writer: MessageWriter, { source, iif }: Question, way: Way): void {
  if (source !== undefined) writer.raw(RTA.SRC, source);
  else writer.zeros(RTA.SRC, AddressSize.INET6);
  if (iif !== 0) writer.u32(RTA.IIF, iif);
  else if (way.prefsrc !== undefined) writer.raw(RTA.PREFSRC, way.prefsrc);
  writeWayMetrics(writer, way);
  writer.u32(RTA.PRIORITY, way.priority);
  if (way.route !== undefined) writeGateway(way.route, writer);
  writer.u32(RTA.OIF, way.oif);
  writeCacheInfo(writer);
  writer.u8(RTA.PREF, way.note.pref);
}

function writeWayMetrics(writer: MessageWriter, { route, note }: Way): void {
  if (route !== undefined) writeMetrics(route, note, writer);
}

function writeCacheInfo(writer: MessageWriter): void {
  const cacheinfo = writer.zeros(RTA.CACHEINFO, CacheInfo.BYTES);
  writer.view.setUint32(cacheinfo + CacheInfo.CLNTREF, CLNTREF, true);
}
