// NET_RT_NHOP and NET_RT_NHGRP: kernel nexthops and groups of a fib and family, in the order of their tables
// (net/route/nhop_ctl.c, dump_nhop_entry; nhgrp_ctl.c, dump_nhgrp_entry; rtsock G.6.8).

import { AF } from "../abi/inet";
import {
  NhGrpContainer, NhGrpType, NhopAddrs, NhopExternal, ROUTE_RTAX, ROUTE_RTM, RouteSize, RouteSockaddr, RtMsgHdr,
} from "../abi/rtsock";
import { IfAddress } from "../net/ifaddr";
import { Interface, findByIndex } from "../net/ifnet";
import { linkMtu } from "../net/mtu";
import { NHF, Nexthop, firstNexthop, nextNexthop } from "../net/nexthop";
import { GroupPath, NexthopGroup } from "../net/nhgroup";
import { Rib } from "../net/rib";
import { append, beginMessage, endPlain, putInet, putShortLink, unpad } from "./message";
import { putGateway } from "./object";
import { emit } from "./output";

/** False when there is no more room. */
export function dumpNexthops(rib: Rib): bool {
  for (let at = firstNexthop(rib); at != 0; at = nextNexthop(rib, at)) {
    if (!dumpNexthop(changetype<Nexthop>(at))) return false;
  }
  return true;
}

function dumpNexthop(nexthop: Nexthop): bool {
  const header = beginMessage(ROUTE_RTM.GET, RouteSize.RT_MSGHDR);
  store<u32>(header, nexthop.rtFlags, RtMsgHdr.FLAGS);
  const external = append(RouteSize.NHOP_EXTERNAL);
  store<u32>(external, RouteSize.NHOP_EXTERNAL, NhopExternal.LEN);
  store<u32>(external, nexthop.index, NhopExternal.IDX);
  store<u32>(external, nexthop.fib, NhopExternal.FIB);
  store<u32>(external, nexthop.oif, NhopExternal.IFINDEX);
  store<u32>(external, nexthop.aif, NhopExternal.AIFINDEX);
  store<u8>(external, <u8>nexthop.upperFamily, NhopExternal.FAMILY);
  store<u16>(external, typeOf(nexthop), NhopExternal.TYPE);
  store<u16>(external, <u16>mtuOf(nexthop), NhopExternal.MTU);
  store<u16>(external, <u16>nexthop.flags, NhopExternal.FLAGS);
  store<u64>(external, nexthop.references, NhopExternal.REFCOUNT);
  const addresses = append(RouteSize.NHOP_ADDRS);
  const gatewayBytes = lengthOf(nexthop.neighbourFamily);
  putGateway(nexthop);
  unpad(gatewayBytes);
  const source = changetype<IfAddress | null>(nexthop.source);
  const sourceBytes = lengthOf(source == null ? AF.LINK : source.family);
  putNexthopSource(nexthop, source);
  unpad(sourceBytes);
  store<u32>(addresses, RouteSize.NHOP_ADDRS + gatewayBytes + sourceBytes, NhopAddrs.LEN);
  store<u16>(addresses, RouteSize.NHOP_ADDRS, NhopAddrs.GW_OFF);
  store<u16>(addresses, <u16>(RouteSize.NHOP_ADDRS + gatewayBytes), NhopAddrs.SRC_OFF);
  return emit(endPlain());
}

function lengthOf(family: u32): u32 {
  return family == AF.INET6 ? RouteSockaddr.INET6 : family == AF.INET ? RouteSockaddr.INET : RouteSockaddr.LINK_SHORT;
}

/** 1 and 2: IPv4, direct and by a gateway; 3 and 4: IPv6. */
function typeOf(nexthop: Nexthop): u16 {
  const isGateway = (nexthop.flags & NHF.GATEWAY) != 0;
  return <u16>((nexthop.upperFamily == AF.INET ? 1 : 3) + i32(isGateway));
}

function mtuOf(nexthop: Nexthop): u32 {
  return nexthop.mtu != 0 ? nexthop.mtu : linkMtu(changetype<Interface>(nexthop.ifp), nexthop.upperFamily);
}

function putNexthopSource(nexthop: Nexthop, source: IfAddress | null): void {
  if (source != null) {
    putInet(ROUTE_RTAX.IFA, source.family, source.high, source.low);
    return;
  }
  const owner = findByIndex(nexthop.aif);
  putShortLink(ROUTE_RTAX.IFA, nexthop.aif, owner == null ? 0 : owner.type);
}

export function dumpGroups(rib: Rib): bool {
  for (let at = rib.groups.firstFrom(0); at != 0; at = rib.groups.after(at)) {
    if (!dumpGroup(changetype<NexthopGroup>(at))) return false;
  }
  return true;
}

function dumpGroup(group: NexthopGroup): bool {
  beginMessage(ROUTE_RTM.GET, RouteSize.RT_MSGHDR);
  const external = append(8);
  store<u32>(external, group.index);
  store<u32>(external, group.references, 4);
  beginContainer(NhGrpType.PATHS, group.count);
  for (let i: u32 = 0; i < group.count; i++) putItem(group.path(i).target.index, group.path(i).weight);
  beginContainer(NhGrpType.SLOTS, group.slots);
  for (let i: u32 = 0; i < group.count; i++) putSlots(group.path(i));
  return emit(endPlain());
}

function beginContainer(type: NhGrpType, count: u32): void {
  const at = append(NhGrpContainer.BYTES);
  store<u32>(at, NhGrpContainer.BYTES + count * NhGrpContainer.ITEM_BYTES, NhGrpContainer.LEN);
  store<u16>(at, <u16>count, NhGrpContainer.COUNT);
  store<u8>(at, <u8>type, NhGrpContainer.TYPE);
}

function putItem(index: u32, weight: u32): void {
  const at = append(NhGrpContainer.ITEM_BYTES);
  store<u32>(at, index);
  store<u32>(at, weight, 4);
}

/** A path's slots of the data plane, which have no weight. */
function putSlots(path: GroupPath): void {
  for (let i: u32 = 0; i < path.slots; i++) putItem(path.target.index, 0);
}
