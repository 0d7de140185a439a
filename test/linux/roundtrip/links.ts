// Links, as both ABIs write and read them.

import { attribute, join, nest, text, u8, u16, u32 } from "../program.js";
import { BOOT, EM0, type Kind, numberOf, type Story, same, type Value } from "./story.js";

const IFLA = { ADDRESS: 1, IFNAME: 3, MTU: 4, LINK: 5, TXQLEN: 13, LINKINFO: 18, IFALIAS: 20, GROUP: 27 } as const;
const INFO = { KIND: 1, DATA: 2 } as const;
const VLAN = { ID: 1, PROTOCOL: 5 } as const;
const IFF = { UP: 1, PROMISC: 0x100 } as const;
/** MULTICAST and LOWER_UP as each side numbers them. */
const FREEBSD = { MULTICAST: 0x8000, LOWER_UP: 0x1000000, RUNNING: 0x40 } as const;
const LINUX = { MULTICAST: 0x1000, LOWER_UP: 0x10000, RUNNING: 0x40 } as const;

const LINK: Kind = { name: "link", makes: 16, lists: 18, all: new Uint8Array(16) };
const MODIFY = 0;

function ifinfomsg(index: number, flags = 0, change = 0): Uint8Array {
  return join(u32(0), u32(index), u32(flags), u32(change));
}
const of =
  (index: number): Story["isIt"] =>
  (value) =>
    value("ifi_index") === index;
const has =
  (...bits: readonly number[]) =>
  (value: Uint8Array | number | undefined): boolean =>
    bits.every((bit) => ((numberOf(value) as number) & bit) !== 0);
const isThere = (value: unknown): boolean => value !== undefined;

/** Drivers: Linux's kind, IFT, ARPHRD. */
const KINDS: readonly (readonly [name: string, kind: string, freebsdType: number, linuxType: number])[] = [
  ["bridge", "bridge", 209, 1],
  ["tap", "tun", 6, 1],
  ["tun", "tun", 23, 65_534],
  ["gif", "ipip", 240, 768],
  ["gre", "gre", 131, 778],
  ["edsc", "dummy", 6, 1],
  ["vxlan", "vxlan", 6, 1],
];

/** What every link has in the mode extended (linux-compat E5.3). */
const LINUX_ALONE: readonly (readonly [field: string, extended: Value])[] = [
  ["IFLA_LINKMODE", 0],
  ["IFLA_MIN_MTU", 68],
  ["IFLA_MAX_MTU", 65_535],
  ["IFLA_GROUP", 0],
  ["IFLA_ALLMULTI", 0],
  ["IFLA_NUM_TX_QUEUES", 1],
  ["IFLA_NUM_RX_QUEUES", 1],
  ["IFLA_GSO_MAX_SEGS", 65_535],
  ["IFLA_GSO_MAX_SIZE", 65_536],
  ["IFLA_GRO_MAX_SIZE", 65_536],
  ["IFLA_GSO_IPV4_MAX_SIZE", 65_536],
  ["IFLA_TSO_MAX_SIZE", 524_280],
  ["IFLA_TSO_MAX_SEGS", 65_535],
  ["IFLA_CARRIER_CHANGES", 0],
  ["IFLA_CARRIER_UP_COUNT", 0],
  ["IFLA_CARRIER_DOWN_COUNT", 0],
  ["IFLA_PROTO_DOWN", 0],
  ["IFLA_STATS", new Uint8Array(96)],
  ["IFLA_XDP", attribute(2, u8(0))],
  ["IFLA_AF_SPEC", isThere],
  ["IFLA_MAP", new Uint8Array(32)],
  ["IFLA_PERM_ADDRESS", u8(2, 0, 0, 0, 0, 1)],
];

/** The same words from both: index, ifi_change that changes nothing, attributes. */
function change(title: string, parts: readonly Uint8Array[], rows: Story["rows"], flags = 0, mask = 0x80000000): Story {
  const all = [ifinfomsg(EM0, flags, mask), ...parts];
  return { kind: LINK, title, flags: MODIFY, linux: { strict: all, extended: all }, native: all, isIt: of(EM0), rows };
}

export const LINKS: readonly Story[] = [
  {
    kind: LINK,
    title: "an Ethernet interface as it is",
    isIt: of(EM0),
    rows: [
      same("nlmsg_type", 16),
      { field: "nlmsg_flags", linux: { strict: 0x303, extended: 2 }, freebsd: 0x303 },
      same("ifi_family", 0),
      { field: "ifi_type", linux: 1, freebsd: 6 },
      same("ifi_index", EM0),
      {
        field: "ifi_flags",
        linux: {
          strict: has(IFF.UP, LINUX.RUNNING, LINUX.MULTICAST),
          extended: has(IFF.UP, LINUX.MULTICAST, LINUX.LOWER_UP),
        },
        freebsd: has(IFF.UP, FREEBSD.RUNNING, FREEBSD.MULTICAST, FREEBSD.LOWER_UP),
      },
      same("ifi_change", 0),
      { field: "IFLA_IFNAME", linux: "eth0", freebsd: "em0" },
      same("IFLA_OPERSTATE", 6),
      same("IFLA_CARRIER", 1),
      same("IFLA_ADDRESS", u8(2, 0, 0, 0, 0, 1)),
      same("IFLA_BROADCAST", u8(255, 255, 255, 255, 255, 255)),
      same("IFLA_MTU", 1500),
      same("IFLA_PROMISCUITY", 0),
      {
        field: "IFLA_STATS64",
        linux: { strict: new Uint8Array(192), extended: new Uint8Array(200) },
        freebsd: new Uint8Array(192),
      },
      {
        field: ["IFLA_GRO_IPV4_MAX_SIZE", "IFLA_FREEBSD"],
        linux: { strict: isThere, extended: 65_536 },
        freebsd: isThere,
      },
      { field: "IFLA_QDISC", linux: "noqueue", freebsd: undefined },
      { field: "IFLA_TXQLEN", linux: 1000, freebsd: undefined },
    ],
  },
  {
    kind: LINK,
    title: "the loopback interface as it is",
    isIt: of(1),
    rows: [
      { field: "ifi_type", linux: { strict: 24, extended: 772 }, freebsd: 24 },
      { field: "IFLA_IFNAME", linux: "lo", freebsd: "lo0" },
      { field: "IFLA_LINKINFO.IFLA_INFO_KIND", linux: { strict: "lo", extended: undefined }, freebsd: "lo" },
      { field: "IFLA_ADDRESS", linux: { strict: undefined, extended: new Uint8Array(6) }, freebsd: undefined },
      same("IFLA_MTU", 16_384),
    ],
  },
  {
    kind: LINK,
    title: "what only Linux has",
    isIt: of(EM0),
    rows: LINUX_ALONE.map(([field, extended]) => ({
      field,
      linux: { strict: undefined, extended },
      freebsd: undefined,
    })),
  },
  change("an MTU", [attribute(IFLA.MTU, u32(1400))], [same("IFLA_MTU", 1400)]),
  change(
    "another link-layer address",
    [attribute(IFLA.ADDRESS, u8(2, 0, 0, 0, 0, 7))],
    [same("IFLA_ADDRESS", u8(2, 0, 0, 0, 0, 7))],
  ),
  change("a description", [attribute(IFLA.IFALIAS, text("uplink"))], [same("IFLA_IFALIAS", "uplink")]),
  change(
    "promiscuous mode",
    [],
    [same("ifi_flags", has(IFF.PROMISC)), same("IFLA_PROMISCUITY", 1)],
    IFF.PROMISC,
    IFF.PROMISC,
  ),
  change(
    "what the kernel has no place for",
    [attribute(IFLA.TXQLEN, u32(77)), attribute(IFLA.GROUP, u32(5))],
    [
      { field: "IFLA_TXQLEN", linux: { strict: 1000, extended: 77 }, freebsd: undefined, isLinuxOnly: true },
      { field: "IFLA_GROUP", linux: { strict: undefined, extended: 5 }, freebsd: undefined, isLinuxOnly: true },
    ],
  ),
  {
    kind: LINK,
    title: "a pair, by its kind",
    linux: {
      strict: [
        ifinfomsg(0),
        attribute(IFLA.IFNAME, text("epair5")),
        nest(IFLA.LINKINFO, attribute(INFO.KIND, text("epair"))),
      ],
      extended: [
        ifinfomsg(0),
        attribute(IFLA.IFNAME, text("v0")),
        nest(IFLA.LINKINFO, attribute(INFO.KIND, text("veth"))),
      ],
    },
    native: [
      ifinfomsg(0),
      attribute(IFLA.IFNAME, text("epair5")),
      nest(IFLA.LINKINFO, attribute(INFO.KIND, text("epair"))),
    ],
    isIt: of(4),
    rows: [
      { field: "ifi_type", linux: 1, freebsd: 6 },
      { field: "IFLA_LINKINFO.IFLA_INFO_KIND", linux: { strict: "epair", extended: "veth" }, freebsd: "epair" },
      { field: "IFLA_IFNAME", linux: { strict: "eth2", extended: "v0" }, freebsd: isThere, isLinuxOnly: true },
    ],
  },
  {
    kind: LINK,
    title: "a vlan: its interface, id and ethertype",
    boot: { ...BOOT, switches: { vlanDump: true } },
    linux: {
      strict: [ifinfomsg(EM0), attribute(IFLA.IFNAME, text("vlan7")), vlan("vlan", 7, u16(0x8100))],
      extended: [
        ifinfomsg(0),
        attribute(IFLA.IFNAME, text("vlan7")),
        attribute(IFLA.LINK, u32(EM0)),
        vlan("vlan", 7, u8(0x81, 0x00)),
      ],
    },
    native: [ifinfomsg(EM0), attribute(IFLA.IFNAME, text("vlan7")), vlan("vlan", 7, u16(0x8100))],
    isIt: of(4),
    rows: [
      { field: "ifi_type", linux: { strict: 135, extended: 1 }, freebsd: 135 },
      same("IFLA_IFNAME", "vlan7"),
      same("IFLA_LINK", EM0),
      same("IFLA_LINKINFO.IFLA_INFO_KIND", "vlan"),
      {
        field: "IFLA_LINKINFO.IFLA_INFO_DATA",
        linux: { strict: vlanData(7, u16(0x8100)), extended: contains(attribute(VLAN.PROTOCOL, u8(0x81, 0x00))) },
        freebsd: vlanData(7, u16(0x8100)),
      },
    ],
  },
  ...KINDS.map(
    ([name, kind, freebsdType, linuxType]): Story => ({
      kind: LINK,
      title: `${name}, a ${kind} for Linux programs`,
      before: [
        [
          LINK.makes,
          ifinfomsg(0),
          attribute(IFLA.IFNAME, text(`${name}0`)),
          nest(IFLA.LINKINFO, attribute(INFO.KIND, text(name))),
        ],
      ],
      isIt: of(4),
      rows: [
        {
          field: "ifi_type",
          linux: { strict: freebsdType === 6 ? 1 : freebsdType, extended: linuxType },
          freebsd: freebsdType,
        },
        { field: "IFLA_LINKINFO.IFLA_INFO_KIND", linux: { strict: name, extended: kind }, freebsd: name },
      ],
    }),
  ),
];

function vlanData(id: number, protocol: Uint8Array): Uint8Array {
  return join(attribute(VLAN.ID, u16(id)), attribute(VLAN.PROTOCOL, protocol));
}
function vlan(kind: string, id: number, protocol: Uint8Array): Uint8Array {
  return nest(IFLA.LINKINFO, attribute(INFO.KIND, text(kind)), nest(INFO.DATA, vlanData(id, protocol)));
}

/** The value has these bytes somewhere. */
function contains(part: Uint8Array) {
  return (value: Uint8Array | number | undefined): boolean =>
    typeof value === "object" && Buffer.from(value).includes(Buffer.from(part));
}
