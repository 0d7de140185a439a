// What a dump of routes is asked for, and narrowed to on a strict socket (linux-compat E3.3 to E3.5).

import { NetlinkSize } from "../../assembly/abi/netlink.js";
import { HeaderSize, RTA, RTM_F, RTPROT, RtMsg } from "../../assembly/abi/rtnetlink.js";
import { LinuxErrno } from "./errno.js";
import { LinuxAF } from "./family.js";
import type { MessageReader } from "./messagereader.js";
import type { OwnRoute } from "./ownroute.js";
import { Refusal } from "./refusal.js";
import type { RouteNote } from "./routenotes.js";
import { isDead } from "./routeobject.js";
import { pathsOf, ViaFamily } from "./routepaths.js";
import { LinuxTable } from "./tables.js";
import type { LinuxVnet } from "./vnet.js";

/** 0 is all. */
export interface RouteFilter {
  readonly protocol: number;
  /** RTN. */
  readonly type: number;
  /** Index of an interface. */
  readonly oif: number;
}

/** What a dump of routes is asked for. */
export interface RouteSelection {
  /** Table id, 0 for all. */
  readonly table: number;
  /** rtm_flags. */
  readonly flags: number;
  /** Undefined for all routes. */
  readonly filter: RouteFilter | undefined;
}

/** Flags that a strict dump may have: there is no route cache to show, and no route that an advertisement made. */
const DUMP_FLAGS = RTM_F.CLONED | RTM_F.PREFIX;

/**
 * What a strict socket asks for.
 * @param message - indexed
 * @throws Refusal EINVAL for what is no filter, ENODEV for an interface that is not there
 */
export function strictSelection(vnet: LinuxVnet, message: MessageReader): RouteSelection {
  checkStrictly(message);
  const oif = message.u32(RTA.OIF);
  if (oif !== 0 && vnet.links.get(oif) === undefined) throw new Refusal(LinuxErrno.ENODEV);
  const filter = { protocol: message.header8(RtMsg.PROTOCOL), type: message.header8(RtMsg.TYPE), oif };
  const isAny = filter.protocol === 0 && filter.type === 0 && filter.oif === 0;
  return {
    table: message.u32(RTA.TABLE) || message.header8(RtMsg.TABLE),
    flags: message.header32(RtMsg.FLAGS),
    filter: isAny ? undefined : filter,
  };
}

/** @throws Refusal EINVAL */
function checkStrictly(message: MessageReader): void {
  const refuse = (text: string): never => {
    throw new Refusal(LinuxErrno.EINVAL, text);
  };
  const attributes = message.attributesFrom(HeaderSize.RTMSG);
  if (attributes > message.end) refuse("Invalid header for FIB dump request");
  const { DST_LEN, SRC_LEN, TOS, SCOPE } = RtMsg;
  if (message.header8(DST_LEN) || message.header8(SRC_LEN) || message.header8(TOS) || message.header8(SCOPE)) {
    refuse("Invalid values in header for FIB dump request");
  }
  if ((message.header32(RtMsg.FLAGS) & ~DUMP_FLAGS) !== 0) refuse("Invalid flags for FIB dump request");
  message.each(attributes, message.end, (type) => {
    if (type !== RTA.TABLE && type !== RTA.OIF) refuse("Unsupported attribute in dump request");
  });
}

/** What any other socket asks for: only the family and the flags count, and the program picks. */
export function plainSelection(message: MessageReader): RouteSelection {
  const hasHeader = message.length >= NetlinkSize.NLMSGHDR + HeaderSize.RTMSG;
  return { table: LinuxTable.UNSPEC, flags: hasHeader ? message.header32(RtMsg.FLAGS) : 0, filter: undefined };
}

/** Whether it asks for something that is never there. */
export function isForNothing({ flags }: RouteSelection): boolean {
  return (flags & DUMP_FLAGS) !== 0;
}

/** Whether it asks for less than everything: NLMSG_DONE says so. */
export function isNarrowed({ table, flags, filter }: RouteSelection): boolean {
  return table !== LinuxTable.UNSPEC || flags !== 0 || filter !== undefined;
}

/** @param route - of the kernel, indexed */
export function selects(filter: RouteFilter, route: MessageReader, note: RouteNote): boolean {
  const type = note.type || route.header8(RtMsg.TYPE);
  const protocol = note.protocol || route.header8(RtMsg.PROTOCOL);
  if (filter.protocol !== 0 && filter.protocol !== protocol) return false;
  if (filter.type !== 0 && filter.type !== type) return false;
  if (filter.oif === 0) return true;
  if (isDead(type)) return false;
  if (!route.has(RTA.MULTIPATH)) return route.u32(RTA.OIF) === filter.oif;
  return pathsOf(route, ViaFamily.FREEBSD)?.some(({ index }) => index === filter.oif) ?? false;
}

export function selectsOwn({ protocol, type, oif }: RouteFilter, route: OwnRoute): boolean {
  return (
    (protocol === 0 || protocol === RTPROT.KERNEL) &&
    (type === 0 || type === route.type) &&
    (oif === 0 || oif === route.index)
  );
}

/** Attributes that a strict `route get` may have. */
const GET_ATTRIBUTES: ReadonlySet<number> = new Set([
  RTA.DST,
  RTA.SRC,
  RTA.IIF,
  RTA.OIF,
  RTA.MARK,
  RTA.UID,
  RTA.IP_PROTO,
  RTA.SPORT,
  RTA.DPORT,
]);

/**
 * The checks of `route get` on a strict socket, with each family's words (net/ipv4/route.c, inet_rtm_valid_getroute_req;
 * net/ipv6/route.c, inet6_rtm_valid_getroute_req).
 * @param message - indexed, with a whole header
 * @throws Refusal EINVAL
 */
export function checkGetStrictly(message: MessageReader): void {
  const isInet6 = message.header8(RtMsg.FAMILY) === LinuxAF.INET6;
  const refuse = (inet: string, inet6: string): never => {
    throw new Refusal(LinuxErrno.EINVAL, isInet6 ? `ipv6: ${inet6}` : `ipv4: ${inet}`);
  };
  const bits = isInet6 ? 128 : 32;
  const isNoHost = (field: number): boolean => message.header8(field) !== 0 && message.header8(field) !== bits;
  const { DST_LEN, SRC_LEN, TABLE, PROTOCOL, SCOPE, TYPE } = RtMsg;
  if (
    isNoHost(DST_LEN) ||
    isNoHost(SRC_LEN) ||
    [TABLE, PROTOCOL, SCOPE, TYPE].some((field) => message.header8(field))
  ) {
    refuse("Invalid values in header for route get request", "Invalid values in header for get route request");
  }
  const flags = RTM_F.FIB_MATCH | (isInet6 ? 0 : RTM_F.NOTIFY | RTM_F.LOOKUP_TABLE);
  if ((message.header32(RtMsg.FLAGS) & ~flags) !== 0) {
    refuse("Unsupported rtm_flags for route get request", "Invalid flags for get route request");
  }
  const lacksBits = (attribute: number, field: number): boolean => message.has(attribute) && !message.header8(field);
  if (lacksBits(RTA.SRC, SRC_LEN) || lacksBits(RTA.DST, DST_LEN)) {
    const text = `rtm_src_len and rtm_dst_len must be ${bits} for ${isInet6 ? "IPv6" : "IPv4"}`;
    refuse(text, text);
  }
  message.each(message.attributesFrom(HeaderSize.RTMSG), message.end, (type) => {
    if (GET_ATTRIBUTES.has(type)) return;
    refuse("Unsupported attribute in route get request", "Unsupported attribute in get route request");
  });
}
