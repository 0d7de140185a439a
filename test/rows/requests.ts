// Requests of every object of NETLINK_ROUTE, byte by byte; the routes' own are in test/route/routes.ts.

import { AF } from "../../assembly/abi/inet.js";
import { HeaderSize, IFA, IFAF, IFLA, IFLA_INFO, IFLA_VLAN, NDA, NHA, RTA, RTM } from "../../assembly/abi/rtnetlink.js";
import {
  attribute,
  concat,
  familyOf,
  hex,
  ifaddrmsg,
  ifinfomsg,
  ip,
  message,
  text,
  u8,
  u16,
  u32,
} from "../support/messages.js";

/** A lifetime without end, in seconds. */
export const FOREVER = 0xffffffff;

function optional<T>(value: T | undefined, make: (value: T) => Uint8Array): Uint8Array[] {
  return value === undefined ? [] : [make(value)];
}

export interface LinkFields {
  readonly index?: number;
  readonly flags?: number;
  readonly change?: number;
  readonly name?: string;
  /** IFLA_INFO_KIND */
  readonly kind?: string;
  readonly vlanId?: number;
  readonly mtu?: number;
  readonly alias?: string;
  /** "02:00:00:00:00:01" */
  readonly lladdr?: string;
  readonly seq?: number;
}

/** Bits of ifi_change that no request acts on: with them, flags stay as they are. */
const NO_FLAG_CHANGES = 0x4;

/** A link message; without `change`, no flag is to change. */
export function linkRequest(type: RTM, flags: string, fields: LinkFields): Uint8Array {
  const data = optional(fields.vlanId, (id) => attribute(IFLA_INFO.DATA, attribute(IFLA_VLAN.ID, u16(id))));
  return message(
    { type, flags, seq: fields.seq ?? 1 },
    ifinfomsg({ index: fields.index ?? 0, flags: fields.flags ?? 0, change: fields.change ?? NO_FLAG_CHANGES }),
    ...optional(fields.name, (name) => attribute(IFLA.IFNAME, text(name))),
    ...optional(fields.mtu, (mtu) => attribute(IFLA.MTU, u32(mtu))),
    ...optional(fields.alias, (alias) => attribute(IFLA.IFALIAS, text(alias))),
    ...optional(fields.lladdr, (lladdr) => attribute(IFLA.ADDRESS, hex(lladdr))),
    ...optional(fields.kind, (kind) => attribute(IFLA.LINKINFO, attribute(IFLA_INFO.KIND, text(kind)), ...data)),
  );
}

export interface AddressFields {
  readonly index: number;
  /** "192.0.2.1/24" */
  readonly address: string;
  readonly peer?: string;
  readonly broadcast?: string;
  /** Seconds: preferred, valid. For ever by default. */
  readonly lifetimes?: readonly [number, number];
  /** IN6_IFF_* */
  readonly flags?: number;
  readonly seq?: number;
}

export function addressRequest(type: RTM, fields: AddressFields, flags = "qaC"): Uint8Array {
  const [local = "", length = "0"] = fields.address.split("/");
  const family = familyOf(local);
  const [preferred, valid] = fields.lifetimes ?? [FOREVER, FOREVER];
  const cacheInfo = attribute(IFA.CACHEINFO, u32(preferred), u32(valid), u32(0), u32(0));
  return message(
    { type, flags, seq: fields.seq ?? 1 },
    ifaddrmsg({ family, prefixLength: Number(length), index: fields.index }),
    attribute(IFA.LOCAL, ip(local)),
    ...optional(fields.peer, (peer) => attribute(IFA.ADDRESS, ip(peer))),
    ...optional(fields.broadcast, (broadcast) => attribute(IFA.BROADCAST, ip(broadcast))),
    ...(family === AF.INET6 ? [cacheInfo] : []),
    ...optional(fields.flags, (bits) => attribute(IFA.FREEBSD, attribute(IFAF.FLAGS, u32(bits)))),
  );
}

/** ndmsg */
export function ndmsg(fields: { family?: number; index?: number; state?: number; flags?: number } = {}): Uint8Array {
  return concat(
    u8(fields.family ?? 0),
    new Uint8Array(3),
    u32(fields.index ?? 0),
    u16(fields.state ?? 0),
    u8(fields.flags ?? 0),
    u8(0),
  );
}

export interface NeighbourFields {
  readonly index: number;
  readonly dst: string;
  readonly lladdr?: string;
  /** NTF_* */
  readonly flags?: number;
  readonly seq?: number;
}

export function neighbourRequest(type: RTM, fields: NeighbourFields, flags = "qaC"): Uint8Array {
  return message(
    { type, flags, seq: fields.seq ?? 1 },
    ndmsg({ family: familyOf(fields.dst), index: fields.index, flags: fields.flags ?? 0 }),
    attribute(NDA.DST, ip(fields.dst)),
    ...optional(fields.lladdr, (lladdr) => attribute(NDA.LLADDR, hex(lladdr))),
  );
}

/** RTM_GETNEIGH of all, or those of one interface or family. */
export function neighbourDump(filter: { family?: number; index?: number } = {}): Uint8Array {
  return message({ type: RTM.GETNEIGH, flags: "qD" }, ndmsg(filter));
}

/** nhmsg */
export function nhmsg(fields: { family?: number; protocol?: number } = {}): Uint8Array {
  return Uint8Array.of(fields.family ?? 0, 0, fields.protocol ?? 0, 0, 0, 0, 0, 0);
}

/** A member of a group: nexthop id and weight. */
export type Member = readonly [id: number, weight: number];

export interface NexthopFields {
  readonly id?: number;
  readonly gateway?: string;
  readonly oif?: number;
  readonly group?: readonly Member[];
  readonly protocol?: number;
  readonly seq?: number;
  /** More attributes, at the end. */
  readonly extra?: readonly Uint8Array[];
}

export function nexthopRequest(type: RTM, fields: NexthopFields, flags = "qaC"): Uint8Array {
  const family = fields.gateway === undefined ? AF.UNSPEC : familyOf(fields.gateway);
  const members = (fields.group ?? []).map(([id, weight]) => concat(u32(id), u8(weight), new Uint8Array(3)));
  return message(
    { type, flags, seq: fields.seq ?? 1 },
    nhmsg({ family, protocol: fields.protocol ?? 0 }),
    ...optional(fields.id, (id) => attribute(NHA.ID, u32(id))),
    ...(fields.group === undefined ? [] : [attribute(NHA.GROUP, ...members)]),
    ...optional(fields.gateway, (gateway) => attribute(NHA.GATEWAY, ip(gateway))),
    ...optional(fields.oif, (oif) => attribute(NHA.OIF, u32(oif))),
    ...(fields.extra ?? []),
  );
}

/** RTM_GETNEXTHOP of all user nexthops, or as further attributes say. */
export function nexthopDump(...extra: readonly Uint8Array[]): Uint8Array {
  return message({ type: RTM.GETNEXTHOP, flags: "qD" }, nhmsg(), ...extra);
}

/** A path of RTA_MULTIPATH. */
export interface Path {
  readonly gateway: string;
  readonly oif?: number;
  /** rtnh_hops, 0 … 255 */
  readonly weight?: number;
}

/** RTA_MULTIPATH */
export function multipath(...paths: readonly Path[]): Uint8Array {
  return attribute(
    RTA.MULTIPATH,
    ...paths.map(({ gateway, oif = 0, weight = 0 }) => {
      const hop = attribute(RTA.GATEWAY, ip(gateway));
      return concat(u16(HeaderSize.RTNEXTHOP + hop.length), u8(0), u8(weight), u32(oif), hop);
    }),
  );
}
