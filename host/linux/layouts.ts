// What messages of NETLINK_ROUTE, and of the controller of NETLINK_GENERIC, are made of, by name, for those who compare and
// print them: family headers, attributes, nests. Numbers that mean something else on the other side have both names.

import { CTRL_ATTR, CTRL_ATTR_MCAST_GRP, CTRL_ATTR_OP, GENL } from "../../assembly/abi/genetlink.js";
import { NETLINK } from "../../assembly/abi/netlink.js";
import { IFA, IFLA, IFLA_INFO, NDA, NHA, RTA, RTAX, RTM } from "../../assembly/abi/rtnetlink.js";

/** Who a message is for, or from: the kernel speaks FreeBSD's form, programs speak Linux's. */
export type Side = "kernel" | "program";

/** What a payload holds. Numbers are little endian. */
export type Kind = "number" | "text" | "address" | "bytes";

/** A field of fixed place. */
export interface Field {
  readonly name: string;
  readonly at: number;
  readonly size: 1 | 2 | 4;
}

/** Attributes of one space: their names by number, and what is inside. */
export interface AttributeSpace {
  readonly prefix: string;
  readonly names: Readonly<Record<Side, ReadonlyMap<number, string>>>;
  readonly kinds: ReadonlyMap<number, Kind>;
  readonly nests: ReadonlyMap<number, Nest>;
  /** What is inside each of the others: their numbers count them. */
  readonly each?: Nest;
}

/** Attributes inside an attribute, or records, each with a length of its own or all of one size. */
export interface Nest {
  readonly fields: readonly Field[];
  /** Bytes of a record; 0: there are no records, only attributes. */
  readonly recordBytes: number;
  /** A u16 at the record's start says how long it is, its attributes included. */
  readonly hasLength: boolean;
  readonly space: AttributeSpace | undefined;
}

export interface Layout {
  /** Of the family header. */
  readonly fields: readonly Field[];
  readonly headerSize: number;
  /** Undefined where nobody here knows what follows. */
  readonly space: AttributeSpace | undefined;
}

export const NLMSGHDR: readonly Field[] = fields("nlmsg_", 0, { len: 4, type: 2, flags: 2, seq: 4, pid: 4 });

/** Fields one behind the other; `_` is padding. */
function fields(prefix: string, start: number, sizes: Readonly<Record<string, number>>): Field[] {
  let at = start;
  const list: Field[] = [];
  for (const [name, size] of Object.entries(sizes)) {
    if (!name.startsWith("_")) list.push({ name: prefix + name, at, size: size as Field["size"] });
    at += size;
  }
  return list;
}

interface SpaceOptions {
  /** Numbers that are Linux's alone, or mean something else there. */
  readonly linux?: Readonly<Record<number, string>>;
  readonly kinds?: Readonly<Record<number, Kind>>;
  readonly nests?: Readonly<Record<number, Nest>>;
}

/** @param enumeration - FreeBSD's numbers by name */
function space(
  prefix: string,
  enumeration: object,
  { linux = {}, kinds = {}, nests = {} }: SpaceOptions,
): AttributeSpace {
  const kernel = new Map<number, string>();
  for (const [name, number] of Object.entries(enumeration)) if (typeof number === "number") kernel.set(number, name);
  const program = new Map([...kernel, ...numbered(linux)]);
  return { prefix, names: { kernel, program }, kinds: numbered(kinds), nests: numbered(nests) };
}

function numbered<Value>(record: Readonly<Record<number, Value>>): Map<number, Value> {
  return new Map(Object.entries(record).map(([number, value]) => [Number(number), value]));
}

function nest(inside: AttributeSpace): Nest {
  return { fields: [], recordBytes: 0, hasLength: false, space: inside };
}

const LINKINFO = space("IFLA_INFO_", IFLA_INFO, {
  kinds: { [IFLA_INFO.KIND]: "text", [IFLA_INFO.SLAVE_KIND]: "text", [IFLA_INFO.DATA]: "bytes" },
});

const LINK = space("IFLA_", IFLA, {
  linux: {
    59: "TSO_MAX_SIZE",
    60: "TSO_MAX_SEGS",
    61: "ALLMULTI",
    62: "DEVLINK_PORT",
    63: "GSO_IPV4_MAX_SIZE",
    64: "GRO_IPV4_MAX_SIZE",
    65: "DPLL_PIN",
  },
  kinds: {
    [IFLA.IFNAME]: "text",
    [IFLA.ALT_IFNAME]: "text",
    [IFLA.IFALIAS]: "text",
    [IFLA.QDISC]: "text",
    [IFLA.FREEBSD]: "bytes",
  },
  nests: { [IFLA.LINKINFO]: nest(LINKINFO) },
});

const ADDRESS = space("IFA_", IFA, {
  linux: { [IFA.FREEBSD]: "PROTO" },
  kinds: {
    [IFA.ADDRESS]: "address",
    [IFA.LOCAL]: "address",
    [IFA.BROADCAST]: "address",
    [IFA.ANYCAST]: "address",
    [IFA.LABEL]: "text",
  },
});

const NEIGHBOUR = space("NDA_", NDA, { kinds: { [NDA.DST]: "address" } });

const ROUTE_LINUX = { [RTA.KNH_ID]: "PROTOINFO", [RTA.WEIGHT]: "SESSION", [RTA.RTFLAGS]: "MP_ALGO" };
const ROUTE_KINDS: Readonly<Record<number, Kind>> = {
  [RTA.DST]: "address",
  [RTA.SRC]: "address",
  [RTA.GATEWAY]: "address",
  [RTA.PREFSRC]: "address",
  [RTA.VIA]: "bytes",
};
const METRICS = space("RTAX_", RTAX, {});
const PATH = space("RTA_", RTA, {
  linux: ROUTE_LINUX,
  kinds: ROUTE_KINDS,
  nests: { [RTA.METRICS]: nest(METRICS) },
});
const ROUTE = space("RTA_", RTA, {
  linux: ROUTE_LINUX,
  kinds: ROUTE_KINDS,
  nests: {
    [RTA.METRICS]: nest(METRICS),
    [RTA.MULTIPATH]: {
      fields: fields("rtnh_", 0, { len: 2, flags: 1, hops: 1, ifindex: 4 }),
      recordBytes: 8,
      hasLength: true,
      space: PATH,
    },
  },
});

const NEXTHOP = space("NHA_", NHA, {
  linux: { [NHA.FREEBSD]: "OP_FLAGS" },
  kinds: { [NHA.GATEWAY]: "address" },
  nests: {
    [NHA.GROUP]: {
      fields: fields("", 0, { id: 4, weight: 1, _: 3 }),
      recordBytes: 8,
      hasLength: false,
      space: undefined,
    },
  },
});

/** Linux's alone: FreeBSD has no rules. */
const RULE = space(
  "FRA_",
  {},
  {
    linux: {
      1: "DST",
      2: "SRC",
      3: "IIFNAME",
      4: "GOTO",
      6: "PRIORITY",
      10: "FWMARK",
      11: "FLOW",
      12: "TUN_ID",
      13: "SUPPRESS_IFGROUP",
      14: "SUPPRESS_PREFIXLEN",
      15: "TABLE",
      16: "FWMASK",
      17: "OIFNAME",
      19: "L3MDEV",
      20: "UID_RANGE",
      21: "PROTOCOL",
      22: "IP_PROTO",
      23: "SPORT_RANGE",
      24: "DPORT_RANGE",
    },
    kinds: { 1: "address", 2: "address", 3: "text", 17: "text" },
  },
);

const LINK_HEADER = { family: 1, _: 1, type: 2, index: 4, flags: 4, change: 4 };
const ADDRESS_HEADER = { family: 1, prefixlen: 1, flags: 1, scope: 1, index: 4 };
const NEIGHBOUR_HEADER = { family: 1, _: 3, ifindex: 4, state: 2, flags: 1, type: 1 };
const ROUTE_HEADER = { family: 1, dst_len: 1, src_len: 1, tos: 1, table: 1, protocol: 1, scope: 1, type: 1, flags: 4 };
const RULE_HEADER = { family: 1, dst_len: 1, src_len: 1, tos: 1, table: 1, _: 2, action: 1, flags: 4 };
const NEXTHOP_HEADER = { family: 1, scope: 1, protocol: 1, _: 1, flags: 4 };

/** By the first message type of an object: NEW, of which DEL, GET and SET are the next three. */
const BY_OBJECT: ReadonlyMap<number, Layout> = new Map<number, Layout>([
  [RTM.NEWLINK, { fields: fields("ifi_", 0, LINK_HEADER), headerSize: 16, space: LINK }],
  [RTM.NEWADDR, { fields: fields("ifa_", 0, ADDRESS_HEADER), headerSize: 8, space: ADDRESS }],
  [RTM.NEWROUTE, { fields: fields("rtm_", 0, ROUTE_HEADER), headerSize: 12, space: ROUTE }],
  [RTM.NEWNEIGH, { fields: fields("ndm_", 0, NEIGHBOUR_HEADER), headerSize: 12, space: NEIGHBOUR }],
  [RTM.NEWRULE, { fields: fields("", 0, RULE_HEADER), headerSize: 12, space: RULE }],
  [RTM.NEWNEXTHOP, { fields: fields("nh_", 0, NEXTHOP_HEADER), headerSize: 8, space: NEXTHOP }],
]);

function list(of: AttributeSpace): Nest {
  return nest({ ...space("", {}, {}), each: nest(of) });
}

const CONTROLLER = space("CTRL_ATTR_", CTRL_ATTR, {
  kinds: { [CTRL_ATTR.FAMILY_NAME]: "text", [CTRL_ATTR.POLICY]: "bytes", [CTRL_ATTR.OP_POLICY]: "bytes" },
  nests: {
    [CTRL_ATTR.OPS]: list(space("CTRL_ATTR_OP_", CTRL_ATTR_OP, {})),
    [CTRL_ATTR.MCAST_GROUPS]: list(
      space("CTRL_ATTR_MCAST_GRP_", CTRL_ATTR_MCAST_GRP, { kinds: { [CTRL_ATTR_MCAST_GRP.NAME]: "text" } }),
    ),
  },
});

/** Of any family: what follows is the family's own. */
const GENERIC: Layout = { fields: fields("", 0, { cmd: 1, version: 1, reserved: 2 }), headerSize: 4, space: undefined };
const GENERIC_CONTROLLER: Layout = { ...GENERIC, space: CONTROLLER };

/** The four types of an object differ in these bits. */
const OPERATION_MASK = 3;

/** @returns undefined for a message whose inside has no names here */
export function layoutOf(protocol: number, type: number): Layout | undefined {
  if (protocol === NETLINK.GENERIC && type >= GENL.MIN_ID) {
    return type === GENL.MIN_ID ? GENERIC_CONTROLLER : GENERIC;
  }
  return protocol !== NETLINK.ROUTE ? undefined : BY_OBJECT.get(type & ~OPERATION_MASK);
}
