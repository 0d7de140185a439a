// What RTM_NEWNEXTHOP asks for, with the checks and the words of Linux (net/ipv4/nexthop.c, rtm_to_nh_config; linux-compat
// E9.2, linux-clients C8).

import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, NexthopGrp, NHA, NhMsg, RTA, RTM, RTN, RtMsg } from "../../assembly/abi/rtnetlink.js";
import { isLinkLocal, shareBits } from "./addressbits.js";
import { LinuxErrno } from "./errno.js";
import { addressBytesOf, freebsdFamilyOf, LinuxAF } from "./family.js";
import { LinuxIFF, linuxFlagsOf, operstateOf } from "./linkflags.js";
import type { Link } from "./linkmirror.js";
import type { MessageReader } from "./messagereader.js";
import { type Nexthop, type NexthopMember, nexthopOf, readMembers } from "./nexthopmirror.js";
import { Refusal } from "./refusal.js";
import type { Request } from "./request.js";
import { sameBytes } from "./routenotes.js";
import type { LinuxVnet } from "./vnet.js";

/** Offset of nh_resvd in an nhmsg. */
const RESERVED = 3;
/** The only flag that a program may set (NEXTHOP_VALID_USER_FLAGS). */
const RTNH_F_ONLINK = 4;
/** NEXTHOP_GRP_TYPE_RES */
const RESILIENT = 1;
/** NHA_GROUP's largest weight as sent; one more could not be said. */
const WEIGHT_MAX = 254;
/** Bytes of a nexthop_grp behind the weight. */
const GROUP_RESERVED = { FIRST: 5, SECOND: 6 } as const;
/** What a group cannot have. */
const NOT_FOR_GROUPS = [NHA.BLACKHOLE, NHA.OIF, NHA.GATEWAY, NHA.ENCAP_TYPE, NHA.ENCAP] as const;
/** What a blackhole cannot have. */
const NOT_FOR_BLACKHOLES = [NHA.GATEWAY, NHA.OIF, NHA.ENCAP_TYPE, NHA.ENCAP] as const;

/** @returns the nexthop, id 0 when the program leaves that to the layer. @throws Refusal */
export function readRequest(request: Request): Nexthop {
  const { message } = request;
  message.index(HeaderSize.NHMSG);
  const flags = message.header32(NhMsg.FLAGS);
  if (message.header8(RESERVED) || message.header8(NhMsg.SCOPE)) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid values in ancillary header");
  }
  if (flags & ~RTNH_F_ONLINK) throw new Refusal(LinuxErrno.EINVAL, "Invalid nexthop flags in ancillary header");
  const family = readFamily(message);
  if (message.has(NHA.FDB)) throw new Refusal(LinuxErrno.EOPNOTSUPP, "Fdb nexthops are not supported");
  const id = message.u32(NHA.ID);
  const said = { id, protocol: message.header8(NhMsg.PROTOCOL), flags };
  const nothing = { family, index: 0, gateway: undefined, isBlackhole: false, members: undefined };
  if (message.has(NHA.GROUP)) {
    return { ...said, ...nothing, members: readGroup(request.vnet, message) };
  }
  if (message.has(NHA.BLACKHOLE)) {
    if (NOT_FOR_BLACKHOLES.some((type) => message.has(type))) {
      throw new Refusal(LinuxErrno.EINVAL, "Blackhole attribute can not be used with gateway, oif, encap or fdb");
    }
    return { ...said, ...nothing, isBlackhole: true };
  }
  const { index } = readDevice(request.vnet, message);
  const gateway = readGateway(message, family, flags);
  refuseEncapsulation(message);
  return { ...said, ...nothing, index, gateway };
}

/** NHA_ID, which the request must have and nothing else. @throws Refusal EINVAL */
export function readId(message: MessageReader): number {
  if (message.header8(NhMsg.PROTOCOL) || message.header8(RESERVED) || message.header8(NhMsg.SCOPE)) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid values in header");
  }
  if (message.header32(NhMsg.FLAGS)) throw new Refusal(LinuxErrno.EINVAL, "Invalid values in header");
  message.index(HeaderSize.NHMSG);
  if (!message.has(NHA.ID)) throw new Refusal(LinuxErrno.EINVAL, "Nexthop id is missing");
  const id = message.u32(NHA.ID);
  if (id === 0) throw new Refusal(LinuxErrno.EINVAL, "Invalid nexthop id");
  return id;
}

/** @returns FreeBSD's. @throws Refusal EOPNOTSUPP, EAFNOSUPPORT (E3.3) */
function readFamily(message: MessageReader): number {
  const family = message.header8(NhMsg.FAMILY);
  if (family === LinuxAF.BRIDGE) throw new Refusal(LinuxErrno.EOPNOTSUPP);
  const isKnown = family === LinuxAF.INET || family === LinuxAF.INET6;
  if (!isKnown && !(family === LinuxAF.UNSPEC && message.has(NHA.GROUP))) {
    throw new Refusal(LinuxErrno.EAFNOSUPPORT, "Invalid address family");
  }
  return freebsdFamilyOf(family);
}

// ---- groups

function readGroup(vnet: LinuxVnet, message: MessageReader): NexthopMember[] {
  if (message.header8(NhMsg.FAMILY) !== LinuxAF.UNSPEC) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid family for group");
  }
  const type = message.u16(NHA.GROUP_TYPE);
  if (type > RESILIENT) throw new Refusal(LinuxErrno.EINVAL, "Invalid group type");
  if (type === RESILIENT || message.has(NHA.RES_GROUP)) {
    throw new Refusal(LinuxErrno.EOPNOTSUPP, "Resilient nexthop groups are not supported");
  }
  const size = message.size(NHA.GROUP);
  if (size === 0 || size % NexthopGrp.BYTES !== 0) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid length for nexthop group attribute");
  }
  checkEntries(message);
  const members = readMembers(message, 1) as NexthopMember[];
  for (const { id } of members) checkMember(nexthopOf(vnet, id), members.length);
  if (NOT_FOR_GROUPS.some((each) => message.has(each))) {
    throw new Refusal(LinuxErrno.EINVAL, "No other attributes can be set in nexthop groups");
  }
  return members;
}

/** Each entry by itself, and that no id comes twice. */
function checkEntries(message: MessageReader): void {
  const { view } = message;
  const from = message.at(NHA.GROUP);
  const ids = new Set<number>();
  for (let at = from; at < from + message.size(NHA.GROUP); at += NexthopGrp.BYTES) {
    if (view.getUint8(at + GROUP_RESERVED.FIRST) || view.getUint16(at + GROUP_RESERVED.SECOND, true)) {
      throw new Refusal(LinuxErrno.EINVAL, "Reserved fields in nexthop_grp must be 0");
    }
    if (view.getUint8(at + NexthopGrp.WEIGHT) > WEIGHT_MAX) {
      throw new Refusal(LinuxErrno.EINVAL, "Invalid value for weight");
    }
    ids.add(view.getUint32(at + NexthopGrp.ID, true));
  }
  if (ids.size * NexthopGrp.BYTES < message.size(NHA.GROUP)) {
    throw new Refusal(LinuxErrno.EINVAL, "Nexthop id can not be used twice in a group");
  }
}

function checkMember(member: Nexthop | undefined, count: number): void {
  if (member === undefined) throw new Refusal(LinuxErrno.EINVAL, "Invalid nexthop id");
  if (member.members !== undefined) {
    throw new Refusal(LinuxErrno.EINVAL, "Hash-threshold group can not be a nexthop within a group");
  }
  if (member.isBlackhole && count > 1) {
    throw new Refusal(LinuxErrno.EINVAL, "Blackhole nexthop can not be used in a group with more than 1 path");
  }
}

// ---- single nexthops

/** The interface, which must be in use. @throws Refusal EINVAL, ENETDOWN */
function readDevice(vnet: LinuxVnet, message: MessageReader): Link {
  if (!message.has(NHA.OIF)) {
    throw new Refusal(LinuxErrno.EINVAL, "Device attribute required for non-blackhole and non-fdb nexthops");
  }
  const link = vnet.links.get(message.u32(NHA.OIF));
  if (link === undefined) throw new Refusal(LinuxErrno.EINVAL, "Invalid device index");
  const flags = shownFlagsOf(link);
  if (!(flags & LinuxIFF.UP)) throw new Refusal(LinuxErrno.ENETDOWN, "Nexthop device is not up");
  if (!(flags & LinuxIFF.LOWER_UP)) {
    throw new Refusal(LinuxErrno.ENETDOWN, "Carrier for nexthop device is down");
  }
  return link;
}

/** Linux's flags of an interface, as far as nexthops go. */
export function shownFlagsOf({ flags, operstate, carrier }: Link): number {
  return linuxFlagsOf(flags, operstateOf(flags, operstate), carrier);
}

/** @returns undefined for none: no attribute, or an address of zeros. @throws Refusal EINVAL */
function readGateway(message: MessageReader, family: number, flags: number): Uint8Array | undefined {
  const gateway = message.payload(NHA.GATEWAY)?.slice();
  if (gateway === undefined) {
    if (flags & RTNH_F_ONLINK) {
      throw new Refusal(LinuxErrno.EINVAL, "ONLINK flag can not be set for nexthop without a gateway");
    }
    return undefined;
  }
  if (gateway.length !== addressBytesOf(family)) throw new Refusal(LinuxErrno.EINVAL, "Invalid gateway");
  return gateway.some((byte) => byte !== 0) ? gateway : undefined;
}

function refuseEncapsulation(message: MessageReader): void {
  if (message.has(NHA.ENCAP)) {
    if (!message.has(NHA.ENCAP_TYPE)) throw new Refusal(LinuxErrno.EINVAL, "LWT encapsulation type is missing");
    throw new Refusal(LinuxErrno.EOPNOTSUPP, "lwt encapsulation type not supported");
  }
  if (message.has(NHA.ENCAP_TYPE)) {
    throw new Refusal(LinuxErrno.EINVAL, "LWT encapsulation attribute is missing");
  }
}

/**
 * Whether the gateway can be reached directly: Linux looks, the kernel does not.
 * @throws Refusal ENETUNREACH, of IPv6 EHOSTUNREACH; EINVAL an own IPv6 address
 */
export function checkGateway(request: Request, { family, index, gateway, flags }: Nexthop): void {
  if (gateway === undefined) return;
  const { addresses } = request.vnet;
  if (family === AF.INET6 && [...addresses.all()].some(({ local }) => sameBytes(local, gateway))) {
    throw new Refusal(LinuxErrno.EINVAL, "Gateway can not be a local address");
  }
  if (flags & RTNH_F_ONLINK || isLinkLocal(gateway)) return;
  if (addresses.on(index, family).some(({ local, prefixLength }) => shareBits(gateway, local, prefixLength))) return;
  if (leadsTo(request, family, gateway) === index) return;
  const errno = family === AF.INET6 ? LinuxErrno.EHOSTUNREACH : LinuxErrno.ENETUNREACH;
  throw new Refusal(errno, "Nexthop has invalid gateway");
}

/** The interface that an address is reached by without a gateway; 0 for none. */
function leadsTo(request: Request, family: number, address: Uint8Array): number {
  let index = 0;
  request.ask(
    (writer) => {
      writer.begin(RTM.GETROUTE, NLM_F.REQUEST, 0, 0, HeaderSize.RTMSG);
      writer.header8(RtMsg.FAMILY, family);
      writer.header8(RtMsg.DST_LEN, address.length * 8);
      writer.raw(RTA.DST, address);
      writer.end();
    },
    (route) => {
      route.index(HeaderSize.RTMSG);
      const isDirect = route.header8(RtMsg.TYPE) === RTN.UNICAST && !route.has(RTA.GATEWAY) && !route.has(RTA.VIA);
      if (isDirect) index = route.u32(RTA.OIF);
    },
  );
  return index;
}
