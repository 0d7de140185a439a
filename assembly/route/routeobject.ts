// The route object: what a route looks like in a message (netlink/route/rt.c, dump_px; rtnetlink E.1).
//   RouteView      a route to show: place, and nexthop or group with weight
//   writeRoute     as a message of a writer
//   routeLength    the bytes it takes: known from the payload alone, so a dump's length needs no walk
//   composeRoute   the message in a place of its own, to be copied
//   notifyRoute    what a request did, to the family's group
//   notifyRequestedRoute   what a routing socket's request did, likewise

import { Errno } from "../abi/errno";
import { AF } from "../abi/inet";
import { NETLINK, NLM_F, NetlinkLimit, NetlinkSize, PRIV } from "../abi/netlink";
import { HeaderSize, RTA, RTAX, RTF, RTM, RTN, RTNLGRP, RTPROT, RouteLimit, RtMsg, RtNextHop } from "../abi/rtnetlink";
import { Buffer } from "../mem/buffer";
import { hasMembers } from "../netlink/multicast";
import { Request } from "../netlink/request";
import {
  Writer, abort, begin, beginNest, end, endNest, flush, openGroup, putAttribute, putU32, reserve,
} from "../netlink/writer";
import { addressBytes, storeAddress, withoutZone } from "../net/address";
import { uptimeSeconds } from "../net/clock";
import { NHF, Nexthop, NexthopHead } from "../net/nexthop";
import { NexthopGroup } from "../net/nhgroup";
import { Rib, RoutePayload } from "../net/rib";
import { RouteChange, RouteCommand, change } from "../net/routectl";

/** Offsets in a message: the prefix length, and the payload of RTA_DST behind RTA_TABLE. */
export const DST_LEN_OFFSET: u32 = NetlinkSize.NLMSGHDR + RtMsg.DST_LEN;
export const DST_OFFSET: u32 = NetlinkSize.NLMSGHDR + HeaderSize.RTMSG + 8 + NetlinkSize.NLATTR;

/** Fibs from here on do not fit rtm_table, which then is 0. */
const TABLE_IN_HEADER: u32 = 255;
/** Payload of RTA_VIA with an IPv6 gateway: family, address. */
const VIA_BYTES: u32 = 17;

/** A route to show. */
@unmanaged
export class RouteView {
  rib: usize;
  high: u64;
  low: u64;
  bits: u32;
  /** NexthopHead */
  nexthop: usize;
  weight: u32;
  /** Uptime from which the remaining seconds of an expiring route count, or NOW. */
  nowSeconds: u32;
}

/** Stands for the present uptime: a division that only expiring routes need. */
const NOW: u32 = u32.MAX_VALUE;

/** The view that handlers fill in; one route is shown at a time. */
export const view = changetype<RouteView>(memory.data(offsetof<RouteView>(), 16));

/** Points the view to a route as of now. */
export function viewRoute(rib: Rib, high: u64, low: u64, bits: u32, payload: u32): void {
  view.rib = changetype<usize>(rib);
  view.high = high;
  view.low = low;
  view.bits = bits;
  view.nexthop = rib.payload(payload).nexthop;
  view.weight = rib.payload(payload).weight;
  view.nowSeconds = NOW;
}

/** Writes the view as a message; ENOMEM. */
export function writeRoute(writer: Writer, port: u32, seq: u32, type: u32, flags: u32): Errno {
  if (!begin(writer, port, seq, type, flags, HeaderSize.RTMSG)) return Errno.ENOMEM;
  const rib = changetype<Rib>(view.rib);
  const head = changetype<NexthopHead>(view.nexthop);
  const header = reserve(writer, HeaderSize.RTMSG);
  if (header != 0) {
    store<u8>(header, <u8>rib.family, RtMsg.FAMILY);
    store<u8>(header, <u8>view.bits, RtMsg.DST_LEN);
    store<u8>(header, rib.fib < TABLE_IN_HEADER ? <u8>rib.fib : 0, RtMsg.TABLE);
    store<u8>(header, <u8>protocolOf(head), RtMsg.PROTOCOL);
    store<u8>(header, typeOf(head), RtMsg.TYPE);
  }
  putU32(writer, RTA.TABLE, rib.fib);
  putIp(writer, RTA.DST, rib.family, view.high, view.low);
  if (head.isGroup) writeGroup(writer, changetype<NexthopGroup>(head));
  else writeNexthop(writer, changetype<Nexthop>(head));
  return end(writer) ? Errno.OK : Errno.ENOMEM;
}

function writeNexthop(writer: Writer, nexthop: Nexthop): void {
  if ((nexthop.flags & NHF.GATEWAY) != 0) writeGateway(writer, nexthop);
  if (nexthop.userId != 0) putU32(writer, RTA.NH_ID, nexthop.userId);
  putU32(writer, RTA.KNH_ID, nexthop.index);
  putU32(writer, RTA.RTFLAGS, nexthop.rtFlags);
  if ((nexthop.rtFlags & RTF.FIXEDMTU) != 0) writeMetrics(writer, nexthop.mtu);
  if (nexthop.expireSeconds != 0) putU32(writer, RTA.EXPIRES, nexthop.expireSeconds - viewedSeconds());
  putU32(writer, RTA.OIF, nexthop.oif);
  if (view.weight != <u32>RouteLimit.WEIGHT_DEFAULT) putU32(writer, RTA.WEIGHT, view.weight);
}

function viewedSeconds(): u32 {
  return view.nowSeconds == NOW ? uptimeSeconds() : view.nowSeconds;
}

/** The paths of a multipath route: flags are the first one's unless a path has others (dump_rc_nhg; E.1.3). */
function writeGroup(writer: Writer, group: NexthopGroup): void {
  const baseFlags = group.path(0).target.rtFlags;
  if (group.userId != 0) putU32(writer, RTA.NH_ID, group.userId);
  putU32(writer, RTA.KNH_ID, group.index);
  putU32(writer, RTA.RTFLAGS, baseFlags);
  const nest = beginNest(writer, RTA.MULTIPATH);
  for (let i: u32 = 0; i < group.count; i++) {
    const path = group.path(i);
    const nexthop = path.target;
    const at = reserve(writer, HeaderSize.RTNEXTHOP);
    if (at != 0) {
      store<u16>(at, <u16>pathLength(nexthop, baseFlags), RtNextHop.LEN);
      store<u8>(at, <u8>path.weight, RtNextHop.HOPS);
      store<u32>(at, nexthop.oif, RtNextHop.IFINDEX);
    }
    writeGateway(writer, nexthop);
    if (nexthop.rtFlags != baseFlags) putU32(writer, RTA.RTFLAGS, nexthop.rtFlags);
    if ((nexthop.rtFlags & RTF.FIXEDMTU) != 0) writeMetrics(writer, nexthop.mtu);
  }
  endNest(writer, nest);
}

/** The stored origin, else a guess from the flags (rtnetlink E.1.4); of a group without one, that of its first slot. */
function protocolOf(head: NexthopHead): u32 {
  if (head.isGroup && changetype<NexthopGroup>(head).origin != 0) return changetype<NexthopGroup>(head).origin;
  const nexthop = head.isGroup ? changetype<NexthopGroup>(head).first : changetype<Nexthop>(head);
  if (nexthop.origin != 0) return nexthop.origin;
  if ((nexthop.rtFlags & RTF.PROTO1) != 0) return RTPROT.ZEBRA;
  return (nexthop.rtFlags & RTF.STATIC) != 0 ? RTPROT.STATIC : RTPROT.KERNEL;
}

function typeOf(nexthop: NexthopHead): u8 {
  if ((nexthop.flags & NHF.BLACKHOLE) != 0) return <u8>RTN.BLACKHOLE;
  return (nexthop.flags & NHF.REJECT) != 0 ? <u8>RTN.PROHIBIT : <u8>RTN.UNICAST;
}

function putIp(writer: Writer, type: u32, family: u32, high: u64, low: u64): void {
  const at = putAttribute(writer, type, addressBytes(family));
  if (at != 0) storeAddress(family, at, withoutZone(family, high), low);
}

/** RTA_GATEWAY of the routes' own family, RTA_VIA for IPv4 over IPv6. */
function writeGateway(writer: Writer, nexthop: Nexthop): void {
  if (nexthop.neighbourFamily == nexthop.upperFamily) {
    putIp(writer, RTA.GATEWAY, nexthop.neighbourFamily, nexthop.gatewayHigh, nexthop.gatewayLow);
    return;
  }
  const via = putAttribute(writer, RTA.VIA, VIA_BYTES);
  if (via == 0) return;
  store<u8>(via, AF.INET6);
  storeAddress(AF.INET6, via + 1, withoutZone(AF.INET6, nexthop.gatewayHigh), nexthop.gatewayLow);
}

function writeMetrics(writer: Writer, mtu: u32): void {
  const metrics = putAttribute(writer, RTA.METRICS, 8);
  if (metrics == 0) return;
  store<u16>(metrics, 8);
  store<u16>(metrics, RTAX.MTU, 2);
  store<u32>(metrics, mtu, 4);
}

/** Bytes of a route's message: NLMSGHDR, rtmsg and 8 for each of TABLE, KNH_ID, RTFLAGS, OIF, then what varies. */
export function routeLength(rib: Rib, payload: RoutePayload): u32 {
  let length: u32 = NetlinkSize.NLMSGHDR + HeaderSize.RTMSG + 4 * 8;
  length += NetlinkSize.NLATTR + addressBytes(rib.family);
  if (changetype<NexthopHead>(payload.nexthop).isGroup) {
    return length + groupLength(changetype<NexthopGroup>(payload.nexthop));
  }
  const nexthop = changetype<Nexthop>(payload.nexthop);
  if ((nexthop.flags & NHF.GATEWAY) != 0) length += gatewayLength(nexthop);
  if (nexthop.userId != 0) length += 8;
  if ((nexthop.rtFlags & RTF.FIXEDMTU) != 0) length += 12;
  if (nexthop.expireSeconds != 0) length += 8;
  if (payload.weight != <u32>RouteLimit.WEIGHT_DEFAULT) length += 8;
  return length;
}

function gatewayLength(nexthop: Nexthop): u32 {
  return nexthop.neighbourFamily == nexthop.upperFamily
    ? NetlinkSize.NLATTR + addressBytes(nexthop.neighbourFamily)
    : (NetlinkSize.NLATTR + VIA_BYTES + 3) & ~3;
}

/** What a group's message has more than TABLE, DST, KNH_ID and RTFLAGS need; it has no OIF. */
function groupLength(group: NexthopGroup): u32 {
  let length: u32 = NetlinkSize.NLATTR - 8;
  if (group.userId != 0) length += 8;
  const baseFlags = group.path(0).target.rtFlags;
  for (let i: u32 = 0; i < group.count; i++) length += pathLength(group.path(i).target, baseFlags);
  return length;
}

/** Bytes of a path in RTA_MULTIPATH. */
function pathLength(nexthop: Nexthop, baseFlags: u32): u32 {
  let length: u32 = HeaderSize.RTNEXTHOP + gatewayLength(nexthop);
  if (nexthop.rtFlags != baseFlags) length += 8;
  if ((nexthop.rtFlags & RTF.FIXEDMTU) != 0) length += 12;
  return length;
}

/** A route's message is at most this long: 64 paths over IPv6 gateways, each with flags and an MTU of its own. */
const COMPOSED_BYTES: u32 = 4096;
const composedBytes: usize = memory.data(4096, 16);
const composedBuffer = changetype<Buffer>(memory.data(offsetof<Buffer>(), 16));
const composer = changetype<Writer>(memory.data(offsetof<Writer>(), 16));

/** Writes the view as a message that lies at the address given back until the next call. */
export function composeRoute(port: u32, seq: u32, flags: u32): usize {
  memory.fill(changetype<usize>(composer), 0, offsetof<Writer>());
  composedBuffer.data = composedBytes;
  composedBuffer.order = 31 - <u32>clz<u32>(COMPOSED_BYTES);
  composedBuffer.length = 0;
  composer.buffer = changetype<usize>(composedBuffer);
  writeRoute(composer, port, seq, RTM.NEWROUTE, flags);
  return composedBytes;
}

const groupWriter = changetype<Writer>(memory.data(offsetof<Writer>(), 16));

/**
 * Tells the group of a change that a request made. The request's own header becomes the notification's: its flags are
 * edited in place, and the ack echoes them (rtnetlink E.7.1).
 */
export function notifyRoute(request: Request): void {
  let flags = request.flags & ~(NLM_F.REPLACE | NLM_F.CREATE | NLM_F.EXCL | NLM_F.APPEND);
  if (change.command == RouteCommand.ADD) flags |= NLM_F.CREATE | NLM_F.EXCL;
  else if (change.command == RouteCommand.CHANGE) flags |= NLM_F.REPLACE;
  const type = change.command == RouteCommand.DELETE ? RTM.DELROUTE : RTM.NEWROUTE;
  request.rewrite(type, flags);
  tellGroup(change, request.from.port, request.seq, type, flags);
}

/** A RouteHook. No request of netlink's stands behind it: port and sequence are 0 (rtnetlink E.7.2, rtsock G.7.1). */
export function notifyRequestedRoute(made: usize): void {
  const change = changetype<RouteChange>(made);
  if (change.command == RouteCommand.DELETE) tellGroup(change, 0, 0, RTM.DELROUTE, 0);
  else tellGroup(change, 0, 0, RTM.NEWROUTE, change.command == RouteCommand.ADD ? NLM_F.CREATE | NLM_F.EXCL : NLM_F.REPLACE);
}

function tellGroup(change: RouteChange, port: u32, seq: u32, type: u32, flags: u32): void {
  const rib = changetype<Rib>(change.rib);
  const group = rib.family == AF.INET ? RTNLGRP.IPV4_ROUTE : RTNLGRP.IPV6_ROUTE;
  if (!hasMembers(NETLINK.ROUTE, group)) return;
  if (!openGroup(groupWriter, NetlinkLimit.NLMSG_SMALL, NETLINK.ROUTE, group, PRIV.NONE)) return;
  viewRoute(rib, change.high, change.low, change.bits, change.payload);
  if (writeRoute(groupWriter, port, seq, type, flags) != Errno.OK) abort(groupWriter);
  flush(groupWriter);
}
