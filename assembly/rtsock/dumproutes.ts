// NET_RT_DUMP and NET_RT_FLAGS: routes, a message for each path (net/rtsock.c, sysctl_dumpentry; rtsock G.6.4).

import { AF } from "../abi/inet";
import { RTF } from "../abi/rtnetlink";
import { ROUTE_RTAX, ROUTE_RTM, RouteSize, RtMsgHdr } from "../abi/rtsock";
import { addressBits } from "../net/address";
import { Entry4, Entry6, settle } from "../net/btree";
import { GappedRoute, nextGapped, standsBefore } from "../net/gappedroutes";
import { Interface } from "../net/ifnet";
import { Nexthop } from "../net/nexthop";
import { NexthopGroup } from "../net/nhgroup";
import { headOf } from "../net/payload";
import { Rib, entryBits, entryHigh, entryLow, entryPayload, seekPlace } from "../net/rib";
import { Caller, isJailsOwn } from "./caller";
import { putPeer, putSource, writeMetrics } from "./echo";
import { beginMessage, endMessage, putInet, putMask, putMaskWords, putNamedLink } from "./message";
import { putGateway } from "./object";
import { emit } from "./output";

/** @param mask - of a path's flags, of which one must be set; 0 = any path. False when there is no more room */
export function dumpRoutes(rib: Rib, mask: u32, caller: Caller): bool {
  seekPlace(rib, rib.routes, 0, 0, addressBits(rib.family), 0);
  let gapped = rib.gapped;
  while (true) {
    const place = rib.family == AF.INET ? settle<Entry4>(rib.routes) : settle<Entry6>(rib.routes);
    const entry = gapped != 0 && standsBefore(rib, gapped, place) ? gapped : place;
    if (entry == 0) return true;
    const hasGaps = entry == gapped;
    if (isVisible(rib, entry, caller) && !dumpPaths(rib, entry, hasGaps, mask)) return false;
    if (hasGaps) gapped = nextGapped(gapped);
    else rib.routes.slot++;
  }
  return true;
}

/** A jail without a vnet sees the host routes of its own addresses (can_export_rte). */
function isVisible(rib: Rib, entry: usize, caller: Caller): bool {
  if (!caller.isConstrained) return true;
  const isHost = entryBits(rib, entry) == addressBits(rib.family);
  return isHost && isJailsOwn(caller, rib.family, entryHigh(rib, entry), entryLow(rib, entry));
}

function dumpPaths(rib: Rib, entry: usize, hasGaps: bool, mask: u32): bool {
  const payload = entryPayload(rib, entry);
  const head = headOf(rib, payload);
  if (!head.isGroup) return dumpPath(rib, entry, hasGaps, changetype<Nexthop>(head), rib.payload(payload).weight, mask);
  const group = changetype<NexthopGroup>(head);
  for (let i: u32 = 0; i < group.count; i++) {
    if (!dumpPath(rib, entry, hasGaps, group.path(i).target, group.path(i).weight, mask)) return false;
  }
  return true;
}

function dumpPath(rib: Rib, entry: usize, hasGaps: bool, nexthop: Nexthop, weight: u32, mask: u32): bool {
  if (mask != 0 && (nexthop.rtFlags & mask) == 0) return true;
  const bits = entryBits(rib, entry);
  const isHost = bits == addressBits(rib.family);
  const ifp = changetype<Interface>(nexthop.ifp);
  const header = beginMessage(ROUTE_RTM.GET, RouteSize.RT_MSGHDR);
  store<u16>(header, <u16>nexthop.oif, RtMsgHdr.INDEX);
  store<u32>(header, nexthop.rtFlags | RTF.UP | (isHost ? RTF.HOST : 0), RtMsgHdr.FLAGS);
  writeMetrics(header, nexthop, weight);
  putInet(ROUTE_RTAX.DST, rib.family, entryHigh(rib, entry), entryLow(rib, entry));
  putGateway(nexthop);
  if (hasGaps) {
    const route = changetype<GappedRoute>(entry);
    putMaskWords(ROUTE_RTAX.NETMASK, rib.family, route.maskHigh, route.maskLow);
  } else if (!isHost) {
    putMask(ROUTE_RTAX.NETMASK, rib.family, bits);
  }
  putNamedLink(ROUTE_RTAX.IFP, ifp);
  putSource(nexthop, nexthop.source);
  if (ifp.isPointToPoint) putPeer(nexthop);
  return emit(endMessage(RtMsgHdr.ADDRS, true));
}
