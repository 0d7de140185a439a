// What RTM_NEWROUTE and RTM_DELROUTE of a Linux program say, checked as Linux checks it before it looks at its tables
// (net/ipv4/fib_frontend.c, rtm_to_fib_config; net/ipv6/route.c, rtm_to_fib6_config; linux-compat E3.3, E7.1, E7.5).

import { AddressSize, AF } from "../../assembly/abi/inet.js";
import { HeaderSize, RTA, RTN, RtMsg } from "../../assembly/abi/rtnetlink.js";
import { masked } from "./addressbits.js";
import { LinuxErrno } from "./errno.js";
import { LinuxAF } from "./family.js";
import type { MessageReader } from "./messagereader.js";
import { Refusal } from "./refusal.js";
import { type Path, pathsOf, ViaFamily } from "./routepaths.js";
import { LinuxTable } from "./tables.js";

/** A route as a request has it, with FreeBSD's numbers of families; what was absent is 0, or undefined. */
export interface RouteRequest {
  /** Indexed. */
  readonly message: MessageReader;
  readonly family: number;
  readonly bits: number;
  /** 4 or 16 bytes, without host bits. */
  readonly address: Uint8Array;
  /** Id. */
  readonly table: number;
  readonly protocol: number;
  readonly scope: number;
  /** RTN. */
  readonly type: number;
  /** RTA_PRIORITY. */
  readonly priority: number;
  readonly prefsrc: Uint8Array | undefined;
  readonly gateway: Uint8Array | undefined;
  /** RTA_OIF. */
  readonly oif: number;
  readonly paths: readonly Path[] | undefined;
  /** RTA_NH_ID. */
  readonly nexthop: number;
}

/** @throws Refusal EAFNOSUPPORT, EOPNOTSUPP the family; EINVAL */
export function parseRoute(message: MessageReader): RouteRequest {
  const family = familyOf(message.header8(RtMsg.FAMILY));
  if (message.attributesFrom(HeaderSize.RTMSG) > message.end) throw invalid();
  message.index(HeaderSize.RTMSG);
  const size = family === AF.INET6 ? AddressSize.INET6 : AddressSize.INET;
  const bits = message.header8(RtMsg.DST_LEN);
  if (bits > size * 8) throw invalid("Invalid prefix length");
  const destination = destinationOf(message, size, bits);
  const address = masked(destination, bits);
  if (family === AF.INET && destination.some((byte, i) => byte !== address[i])) {
    throw invalid("Invalid prefix for given prefix length");
  }
  return {
    message,
    family,
    bits,
    address,
    table: tableOf(message),
    protocol: message.header8(RtMsg.PROTOCOL),
    scope: message.header8(RtMsg.SCOPE),
    type: message.header8(RtMsg.TYPE),
    priority: message.u32(RTA.PRIORITY),
    prefsrc: addressOf(message, RTA.PREFSRC, size),
    gateway: message.has(RTA.VIA) ? viaOf(message) : addressOf(message, RTA.GATEWAY, size),
    oif: message.u32(RTA.OIF),
    paths: message.has(RTA.MULTIPATH) ? checkedPaths(message) : undefined,
    nexthop: message.u32(RTA.NH_ID),
  };
}

export function invalid(text?: string): Refusal {
  return new Refusal(LinuxErrno.EINVAL, text);
}

function familyOf(family: number): number {
  if (family === LinuxAF.INET) return AF.INET;
  if (family === LinuxAF.INET6) return AF.INET6;
  throw new Refusal(family === LinuxAF.BRIDGE ? LinuxErrno.EOPNOTSUPP : LinuxErrno.EAFNOSUPPORT);
}

/** RTA_DST, which `ip` leaves out for the default route. Of IPv6, as many bytes do as the prefix has. */
function destinationOf(message: MessageReader, size: number, bits: number): Uint8Array {
  const result = new Uint8Array(size);
  const given = message.payload(RTA.DST);
  if (given === undefined) return result;
  const least = size === AddressSize.INET6 ? (bits + 7) >> 3 : size;
  if (given.length < least) throw invalid();
  result.set(given.subarray(0, size));
  return result;
}

/** rtm_table, unless RTA_TABLE says more. */
function tableOf(message: MessageReader): number {
  const inHeader = message.header8(RtMsg.TABLE);
  const table = message.has(RTA.TABLE) ? message.u32(RTA.TABLE) : inHeader === LinuxTable.COMPAT ? 0 : inHeader;
  return table === LinuxTable.UNSPEC ? LinuxTable.MAIN : table;
}

function addressOf(message: MessageReader, type: number, size: number): Uint8Array | undefined {
  const payload = message.payload(type);
  if (payload !== undefined && payload.length < size) throw invalid();
  return payload?.subarray(0, size);
}

/** The address in RTA_VIA, which is as long as its family says. */
function viaOf(message: MessageReader): Uint8Array {
  const family = message.u16(RTA.VIA);
  const size = family === LinuxAF.INET6 ? AddressSize.INET6 : AddressSize.INET;
  const address = message.payload(RTA.VIA)?.subarray(ViaFamily.LINUX);
  if ((family !== LinuxAF.INET6 && family !== LinuxAF.INET) || address?.length !== size) throw wrongVia();
  return address;
}

function wrongVia(): Refusal {
  return invalid("Invalid address length in RTA_VIA");
}

function checkedPaths(message: MessageReader): Path[] {
  const paths = pathsOf(message, ViaFamily.LINUX);
  if (paths === undefined || paths.length === 0) {
    throw invalid("Invalid nexthop configuration - extra data after nexthops");
  }
  return paths;
}

// ---- what a new route may not say

/** The kernel's weight has a byte, and is one more than rtnh_hops. */
const HOPS_MOST = 254;
/** Types that the kernel has routes of; 0 is unicast. */
const TYPES: ReadonlySet<number> = new Set([RTN.UNSPEC, RTN.UNICAST, RTN.BLACKHOLE, RTN.UNREACHABLE, RTN.PROHIBIT]);

/** @throws Refusal EINVAL, EOPNOTSUPP what Linux takes and the kernel cannot, or Linux refuses too */
export function expectNew({ message, family, type, paths, nexthop }: RouteRequest): void {
  if (!TYPES.has(type)) throw invalid("Route type not supported");
  if (message.header8(RtMsg.SRC_LEN) !== 0) throw invalid("Source routes are not supported");
  if (message.header8(RtMsg.TOS) !== 0) throw invalid("Routes by type of service are not supported");
  if (message.has(RTA.IIF)) throw invalid("Routes by input interface are not supported");
  if (message.has(RTA.NEWDST)) throw new Refusal(LinuxErrno.EOPNOTSUPP);
  if (message.has(RTA.ENCAP) || message.has(RTA.ENCAP_TYPE)) throw encapsulated();
  if (message.has(RTA.VIA) && family === AF.INET6) throw invalid("IPv6 does not support RTA_VIA attribute");
  if (message.has(RTA.VIA) && message.has(RTA.GATEWAY)) {
    throw invalid("Nexthop configuration can not contain both GATEWAY and VIA");
  }
  const isSpecified = [RTA.OIF, RTA.GATEWAY, RTA.VIA, RTA.MULTIPATH].some((each) => message.has(each));
  if (nexthop !== 0 && isSpecified) throw invalid("Nexthop specification and nexthop id are mutually exclusive");
  for (const path of paths ?? []) expectPath(path, family);
}

function encapsulated(): Refusal {
  return new Refusal(LinuxErrno.EOPNOTSUPP, "lwt encapsulation type not supported");
}

function expectPath({ isEncapsulated, gateway, isVia, hops }: Path, family: number): void {
  if (isEncapsulated) throw encapsulated();
  if (gateway === undefined) throw invalid("Nexthop without gateway not supported");
  const size = family === AF.INET6 ? AddressSize.INET6 : AddressSize.INET;
  if (!isVia && gateway.length !== size) throw invalid();
  if (isVia && gateway.length !== AddressSize.INET && gateway.length !== AddressSize.INET6) throw wrongVia();
  if (hops > HOPS_MOST) throw invalid("Nexthop weight not supported");
}
