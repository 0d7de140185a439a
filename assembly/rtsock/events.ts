// What routing sockets are told of without asking (net/rtsock.c; rtsock G.5): version 5, process, sequence, metrics 0.
//   linkChanged, addressChanged, neighbourChanged, routeChanged, membershipChanged, redirectHeard   the hooks (net/hooks.ts)
// A change of a multipath route is taken apart into changes of single paths (net/route/mpath_ctl.c,
// rib_decompose_notification; G.5.3).

import { IfLimit } from "../abi/ifnet";
import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { IFAN, IfAnnounceMsgHdr, IfMsgHdr, ROUTE_IFA, ROUTE_RTAX, ROUTE_RTM, RouteSize, RtMsgHdr } from "../abi/rtsock";
import { addressBits } from "../net/address";
import { AddressEvent, LinkEvent, NeighbourEvent } from "../net/hooks";
import { IfAddress } from "../net/ifaddr";
import { Interface, loopbackInterface } from "../net/ifnet";
import { Membership } from "../net/membership";
import { Neighbour } from "../net/neighbour";
import { Nexthop, NexthopHead } from "../net/nexthop";
import { GroupPath, NexthopGroup } from "../net/nhgroup";
import { headOf } from "../net/payload";
import { Redirect } from "../net/redirect";
import { Rib } from "../net/rib";
import { RouteChange, RouteCommand } from "../net/routectl";
import { settings } from "../net/settings";
import { beginMessage, endMessage, endPlain, messageAt, putInet, putLink, putMask, putMaskWords, putNamedLink } from "./message";
import { beginMembership, putAddress, putGateway, writeIfData } from "./object";
import { ALL_FIBS, deliver } from "./socket";

/** A LinkHook: RTM_IFANNOUNCE for what comes and goes, RTM_IFINFO, as it is now, for what changes. */
export function linkChanged(record: usize, event: u32, change: u32): void {
  const ifp = changetype<Interface>(record);
  if (event == LinkEvent.LINK_STATE) return;
  if (event == LinkEvent.CHANGED) {
    beginInterface(ifp);
    deliver(messageAt(), endPlain(), AF.UNSPEC, ALL_FIBS);
    return;
  }
  const header = beginMessage(ROUTE_RTM.IFANNOUNCE, RouteSize.IF_ANNOUNCEMSGHDR);
  store<u16>(header, <u16>ifp.index, IfAnnounceMsgHdr.INDEX);
  memory.copy(header + IfAnnounceMsgHdr.NAME, ifp.name, IfLimit.NAMSIZ);
  store<u16>(header, event == LinkEvent.ARRIVED ? IFAN.ARRIVAL : IFAN.DEPARTURE, IfAnnounceMsgHdr.WHAT);
  deliver(messageAt(), endPlain(), AF.UNSPEC, ALL_FIBS);
}

/** The header of an RTM_IFINFO. */
export function beginInterface(ifp: Interface): usize {
  const header = beginMessage(ROUTE_RTM.IFINFO, RouteSize.IF_MSGHDR);
  store<u32>(header, ifp.flags | ifp.driverFlags, IfMsgHdr.FLAGS);
  store<u16>(header, <u16>ifp.index, IfMsgHdr.INDEX);
  writeIfData(header + IfMsgHdr.DATA, ifp);
  return header;
}

/** An address concerns its interface's fib, or all of them where it brings routes to all. */
function fibsOf(ifp: Interface): u32 {
  return settings.addAddrAllFibs != 0 ? ALL_FIBS : ifp.fib;
}

/**
 * An AddressHook. IPv6 tells of the own address's host route besides, which is no message of the table's: after the address
 * that comes, before the one that goes (in6_newaddrmsg; G.5.5).
 */
export function addressChanged(record: usize, event: u32): void {
  const address = changetype<IfAddress>(record);
  const isNew = event == AddressEvent.NEW;
  const isInet6 = address.family == AF.INET6;
  const flags = isNew ? flagsOfNew(address) : flagsOfOld(address);
  if (isInet6 && !isNew) tellOwnRoute(address, false, flags);
  const header = beginMessage(isNew ? ROUTE_RTM.NEWADDR : ROUTE_RTM.DELADDR, RouteSize.IFA_MSGHDR);
  const ifp = changetype<Interface>(address.ifp);
  store<u32>(header, flags, IfMsgHdr.FLAGS);
  store<u16>(header, <u16>ifp.index, IfMsgHdr.INDEX);
  putAddress(address, true);
  deliver(messageAt(), endMessage(IfMsgHdr.ADDRS, false), address.family, fibsOf(ifp));
  if (isInet6 && isNew) tellOwnRoute(address, true, flags);
}

/** ROUTE_IFA bits as they are when the message is made: an IPv4 address gets its routes afterwards. */
function flagsOfNew(address: IfAddress): u32 {
  if (address.family == AF.INET) return 0;
  return ROUTE_IFA.RTSELF | (address.hasPrefixRoute ? ROUTE_IFA.ROUTE : 0);
}
/** An IPv4 address has its routes still. */
function flagsOfOld(address: IfAddress): u32 {
  return address.family == AF.INET && address.hasPrefixRoute ? ROUTE_IFA.ROUTE : 0;
}

function tellOwnRoute(address: IfAddress, isNew: bool, addressFlags: u32): void {
  const ifp = changetype<Interface>(address.ifp);
  const loopback = loopbackInterface();
  const header = beginMessage(isNew ? ROUTE_RTM.ADD : ROUTE_RTM.DELETE, RouteSize.RT_MSGHDR);
  if (isNew && loopback != null) store<u16>(header, <u16>loopback.index, RtMsgHdr.INDEX);
  const flags: u32 = RTF.HOST | RTF.STATIC | RTF.PINNED | RTF.DONE | (isNew ? RTF.UP : 0);
  store<u32>(header, flags | addressFlags, RtMsgHdr.FLAGS);
  putInet(ROUTE_RTAX.DST, AF.INET6, address.high, address.low);
  putLink(ROUTE_RTAX.GATEWAY, ifp, 0, 0);
  deliver(messageAt(), endMessage(RtMsgHdr.ADDRS, false), AF.INET6, fibsOf(ifp));
}

/** A NeighbourHook: of IPv6, what resolved and what expired (netinet6/nd6.c, nd6_lle_event; G.5.6). */
export function neighbourChanged(record: usize, event: u32): void {
  const entry = changetype<Neighbour>(record);
  if (entry.family != AF.INET6) return;
  if (event != NeighbourEvent.RESOLVED && event != NeighbourEvent.EXPIRED) return;
  const isNew = event == NeighbourEvent.RESOLVED;
  const ifp = entry.home;
  const header = beginMessage(isNew ? ROUTE_RTM.ADD : ROUTE_RTM.DELETE, RouteSize.RT_MSGHDR);
  store<u32>(header, RTF.HOST | RTF.LLDATA | RTF.DONE | (isNew ? RTF.UP : 0), RtMsgHdr.FLAGS);
  putInet(ROUTE_RTAX.DST, AF.INET6, entry.high, entry.low);
  putLink(ROUTE_RTAX.GATEWAY, ifp, isNew ? entry.lladdr : 0, ifp.lladdrBytes);
  deliver(messageAt(), endMessage(RtMsgHdr.ADDRS, false), AF.INET6, fibsOf(ifp));
}

/** A MembershipHook: of groups of IPv4 and IPv6 (rt_newmaddrmsg; G.5.7), in whatever fib. */
export function membershipChanged(record: usize, isNew: bool): void {
  const membership = changetype<Membership>(record);
  beginMembership(membership, isNew);
  deliver(messageAt(), endMessage(IfMsgHdr.ADDRS, false), membership.family, ALL_FIBS);
}

/** A RedirectHook (rt_missmsg_fib): the route, and who made us take it. */
export function redirectHeard(record: usize): void {
  const redirect = changetype<Redirect>(record);
  const header = beginMessage(ROUTE_RTM.REDIRECT, RouteSize.RT_MSGHDR);
  const flags: u32 = RTF.DONE | RTF.UP | RTF.HOST | RTF.DYNAMIC | (redirect.isToRouter ? RTF.GATEWAY : 0);
  store<u32>(header, flags, RtMsgHdr.FLAGS);
  putInet(ROUTE_RTAX.DST, AF.INET6, redirect.destinationHigh, redirect.destinationLow);
  if (redirect.isToRouter) putInet(ROUTE_RTAX.GATEWAY, AF.INET6, redirect.targetHigh, redirect.targetLow);
  else putNamedLink(ROUTE_RTAX.GATEWAY, changetype<Interface>(redirect.ifp));
  putInet(ROUTE_RTAX.AUTHOR, AF.INET6, redirect.authorHigh, redirect.authorLow);
  deliver(messageAt(), endMessage(RtMsgHdr.ADDRS, false), AF.INET6, redirect.fib);
}

/** A RouteHook. */
export function routeChanged(record: usize): void {
  const change = changetype<RouteChange>(record);
  const rib = changetype<Rib>(change.rib);
  const oldHead: usize = change.oldPayload == 0 ? 0 : changetype<usize>(headOf(rib, change.oldPayload));
  const newHead: usize = change.newPayload == 0 ? 0 : changetype<usize>(headOf(rib, change.newPayload));
  switch (change.command) {
    case RouteCommand.ADD:
      tellPaths(change, ROUTE_RTM.ADD, newHead);
      break;
    case RouteCommand.DELETE:
      tellPaths(change, ROUTE_RTM.DELETE, oldHead);
      break;
    case RouteCommand.CHANGE:
      if (isGroup(oldHead) || isGroup(newHead)) tellDifference(change, oldHead, newHead);
      else tellPath(change, ROUTE_RTM.CHANGE, newHead);
      break;
    default:
      break;
  }
}

function isGroup(head: usize): bool {
  return changetype<NexthopHead>(head).isGroup;
}

function tellPaths(change: RouteChange, type: u32, head: usize): void {
  for (let i: u32 = 0; i < countOf(head); i++) tellPath(change, type, pathOf(head, i));
}

// A single nexthop counts as a list of one path; groups have theirs in ascending order of nexthop indices.
function countOf(head: usize): u32 {
  return isGroup(head) ? changetype<NexthopGroup>(head).count : 1;
}
function pathOf(head: usize, i: u32): usize {
  return isGroup(head) ? groupPath(head, i).nexthop : head;
}
function groupPath(head: usize, i: u32): GroupPath {
  return changetype<NexthopGroup>(head).path(i);
}
function weightOf(rib: usize, payload: u32, head: usize, i: u32): u32 {
  return isGroup(head) ? groupPath(head, i).weight : changetype<Rib>(rib).payload(payload).weight;
}

/** Merges the paths before and after by nexthop index: gone, come, or another weight, which is both. */
function tellDifference(change: RouteChange, oldHead: usize, newHead: usize): void {
  const oldCount = countOf(oldHead);
  const newCount = countOf(newHead);
  let left: u32 = 0;
  let right: u32 = 0;
  while (left < oldCount || right < newCount) {
    const old = left < oldCount ? pathOf(oldHead, left) : 0;
    const now = right < newCount ? pathOf(newHead, right) : 0;
    const oldIndex = old == 0 ? u32.MAX_VALUE : changetype<Nexthop>(old).index;
    const newIndex = now == 0 ? u32.MAX_VALUE : changetype<Nexthop>(now).index;
    if (oldIndex == newIndex) {
      const isSame =
        weightOf(change.rib, change.oldPayload, oldHead, left) == weightOf(change.rib, change.newPayload, newHead, right);
      if (!isSame) {
        tellPath(change, ROUTE_RTM.DELETE, old);
        tellPath(change, ROUTE_RTM.ADD, now);
      }
      left++;
      right++;
    } else if (oldIndex < newIndex) {
      tellPath(change, ROUTE_RTM.DELETE, old);
      left++;
    } else {
      tellPath(change, ROUTE_RTM.ADD, now);
      right++;
    }
  }
}

function tellPath(change: RouteChange, type: u32, path: usize): void {
  const rib = changetype<Rib>(change.rib);
  const nexthop = changetype<Nexthop>(path);
  const isHost = change.bits == addressBits(rib.family);
  const header = beginMessage(type, RouteSize.RT_MSGHDR);
  store<u16>(header, <u16>nexthop.oif, RtMsgHdr.INDEX);
  let flags = nexthop.rtFlags | RTF.DONE;
  if (isHost) flags |= RTF.HOST;
  if (type != ROUTE_RTM.DELETE) flags |= RTF.UP;
  store<u32>(header, flags, RtMsgHdr.FLAGS);
  putInet(ROUTE_RTAX.DST, rib.family, change.high, change.low);
  putGateway(nexthop);
  const hasGaps = (change.gapsHigh | change.gapsLow) != 0;
  if (hasGaps) putMaskWords(ROUTE_RTAX.NETMASK, rib.family, change.gapsHigh, change.gapsLow);
  else if (!isHost) putMask(ROUTE_RTAX.NETMASK, rib.family, change.bits);
  deliver(messageAt(), endMessage(RtMsgHdr.ADDRS, false), rib.family, rib.fib);
}
