// RTM_NEWNEXTHOP as Linux writes it (linux-compat E9.1), and as the kernel takes it.

import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, NexthopGrp, NHA, NhMsg, RT_SCOPE, RTM } from "../../assembly/abi/rtnetlink.js";
import type { ReplyHeader } from "./dump.js";
import { linuxFamilyOf } from "./family.js";
import type { MessageWriter } from "./messagewriter.js";
import type { Nexthop } from "./nexthopmirror.js";

/** A number that FreeBSD uses for NHA_FREEBSD. */
const NHA_OP_FLAGS = 14;
/** NHA_OP_FLAG_RESP_GRP_RESVD_0: the bytes of a member behind its weight are 0. */
const RESERVED_ARE_ZERO = 0x80000000;
/** NEXTHOP_GRP_TYPE_MPATH */
const MULTIPATH = 0;

/** One message of a nexthop or a group, RTM_NEWNEXTHOP or RTM_DELNEXTHOP. */
export function writeNexthop(nexthop: Nexthop, type: number, writer: MessageWriter, header: ReplyHeader): void {
  writer.begin(type, header.flags, header.seq, header.port, HeaderSize.NHMSG);
  writer.header8(NhMsg.FAMILY, linuxFamilyOf(nexthop.family));
  writer.header8(NhMsg.SCOPE, scopeOf(nexthop));
  writer.header8(NhMsg.PROTOCOL, nexthop.protocol);
  writer.header32(NhMsg.FLAGS, nexthop.flags);
  writer.u32(NHA.ID, nexthop.id);
  if (nexthop.members !== undefined) {
    writer.u16(NHA.GROUP_TYPE, MULTIPATH);
    writeMembers(nexthop.members, -1, writer);
    writer.u32(NHA_OP_FLAGS, RESERVED_ARE_ZERO);
  } else if (nexthop.isBlackhole) {
    writer.zeros(NHA.BLACKHOLE, 0);
  } else {
    writer.u32(NHA.OIF, nexthop.index);
    if (nexthop.gateway !== undefined) writer.raw(NHA.GATEWAY, nexthop.gateway);
  }
  writer.end();
}

/** How far a gateway is: on the link. What IPv4 reaches without one is, to Linux, on this host (fib_check_nh_nongw). */
function scopeOf({ members, isBlackhole, gateway, family }: Nexthop): number {
  if (members !== undefined || isBlackhole) return RT_SCOPE.UNIVERSE;
  return gateway === undefined && family === AF.INET ? RT_SCOPE.HOST : RT_SCOPE.LINK;
}

/** @param more - what is added to FreeBSD's weights: −1 for Linux, where 0 means one share */
function writeMembers(members: NonNullable<Nexthop["members"]>, more: number, writer: MessageWriter): void {
  let at = writer.zeros(NHA.GROUP, members.length * NexthopGrp.BYTES);
  for (const { id, weight } of members) {
    writer.view.setUint32(at + NexthopGrp.ID, id, true);
    writer.view.setUint8(at + NexthopGrp.WEIGHT, Math.max(weight + more, 0));
    at += NexthopGrp.BYTES;
  }
}

/** The request that makes it in the kernel. */
export function writeKernelNexthop(nexthop: Nexthop, writer: MessageWriter): void {
  writer.begin(RTM.NEWNEXTHOP, NLM_F.REQUEST | NLM_F.CREATE | NLM_F.EXCL, 0, 0, HeaderSize.NHMSG);
  writer.header8(NhMsg.FAMILY, nexthop.family);
  writer.header8(NhMsg.PROTOCOL, nexthop.protocol);
  writer.u32(NHA.ID, nexthop.id);
  if (nexthop.members !== undefined) {
    writeMembers(nexthop.members, 0, writer);
  } else {
    writer.u32(NHA.OIF, nexthop.index);
    if (nexthop.gateway !== undefined) writer.raw(NHA.GATEWAY, nexthop.gateway);
  }
  writer.end();
}
