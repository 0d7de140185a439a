// Routes, as both ABIs write and read them.

import { ip } from "../../support/messages.js";
import { attribute, join, nest, u8, u16, u32 } from "../program.js";
import { BOOT, EM0, type Kind, numberOf, type Story, same, type Value } from "./story.js";

const RTA = {
  DST: 1,
  OIF: 4,
  GATEWAY: 5,
  PRIORITY: 6,
  PREFSRC: 7,
  METRICS: 8,
  MULTIPATH: 9,
  FLOW: 11,
  WEIGHT: 13,
  TABLE: 15,
  VIA: 18,
  PREF: 20,
  EXPIRES: 23,
  NH_ID: 30,
} as const;
const RTAX = { MTU: 2, ADVMSS: 8 } as const;
const NEWNEXTHOP = 104;
const NHA = { ID: 1, OIF: 5, GATEWAY: 6 } as const;
const INET = 2;
const LINUX_INET6 = 10;
const FREEBSD_INET6 = 28;
const LINUX_MAIN = 254;
const KERNEL = 2;
const BIRD = 12;
/** Unix second at boot; time stands still. */
const BOOT_SECOND = 1_767_225_600;
const UNICAST = 1;
const BLACKHOLE = 6;

const ROUTE: Kind = { name: "route", makes: 24, lists: 26, all: new Uint8Array(12) };

function rtmsg(family: number, dstLength: number, { table = 0, protocol = BIRD, type = UNICAST } = {}): Uint8Array {
  return u8(family, dstLength, 0, 0, table, protocol, 0, type, 0, 0, 0, 0);
}
function to(prefix: string): Story["isIt"] {
  return (value) => String(value("RTA_DST")) === String(ip(prefix));
}
const isThere: Value = (value) => value !== undefined;
const gateway = attribute(RTA.GATEWAY, ip("198.51.100.9"));
const DST = attribute(RTA.DST, ip("10.0.0.0"));
const V6 = [attribute(RTA.DST, ip("2001:db9::")), attribute(RTA.GATEWAY, ip("2001:db8::9"))];

/** A route to 10.0.0.0/8 of protocol 12, said by both in the same words but for the table. */
function route(title: string, parts: readonly Uint8Array[], rows: Story["rows"], freebsd = parts): Story {
  const linux = (mine: readonly Uint8Array[]): Uint8Array[] => [rtmsg(INET, 8, { table: LINUX_MAIN }), DST, ...mine];
  return {
    kind: ROUTE,
    title,
    linux: { strict: linux(freebsd), extended: linux(parts) },
    native: [rtmsg(INET, 8), DST, ...freebsd],
    isIt: to("10.0.0.0"),
    rows,
  };
}

function path(hops: number, ...inner: Uint8Array[]): Uint8Array {
  const attributes = join(...inner);
  return join(u16(8 + attributes.length), u8(0, hops), u32(0), attributes);
}
const paths = (first: number, second: number): Uint8Array =>
  nest(RTA.MULTIPATH, path(first, gateway), path(second, attribute(RTA.GATEWAY, ip("198.51.100.8"))));

export const ROUTES: readonly Story[] = [
  route(
    "through a gateway",
    [gateway],
    [
      same("rtm_family", INET),
      same("rtm_dst_len", 8),
      same("rtm_src_len", 0),
      same("rtm_tos", 0),
      { field: "rtm_table", linux: { strict: 0, extended: LINUX_MAIN }, freebsd: 0 },
      same("rtm_protocol", BIRD),
      same("rtm_scope", 0),
      same("rtm_type", UNICAST),
      same("rtm_flags", 0),
      { field: "RTA_TABLE", linux: LINUX_MAIN, freebsd: 0 },
      same("RTA_DST", ip("10.0.0.0")),
      same("RTA_GATEWAY", ip("198.51.100.9")),
      same("RTA_OIF", EM0),
      { field: ["RTA_PROTOINFO", "RTA_KNH_ID"], linux: { strict: isThere, extended: undefined }, freebsd: isThere },
      { field: ["RTA_MP_ALGO", "RTA_RTFLAGS"], linux: { strict: isThere, extended: undefined }, freebsd: isThere },
    ],
  ),
  {
    kind: ROUTE,
    title: "of IPv6",
    linux: {
      strict: [
        rtmsg(LINUX_INET6, 32, { table: LINUX_MAIN }),
        attribute(RTA.DST, ip("2001:db9::")),
        attribute(RTA.GATEWAY, ip("2001:db8::9")),
      ],
      extended: [
        rtmsg(LINUX_INET6, 32, { table: LINUX_MAIN }),
        attribute(RTA.DST, ip("2001:db9::")),
        attribute(RTA.GATEWAY, ip("2001:db8::9")),
      ],
    },
    native: [rtmsg(FREEBSD_INET6, 32), attribute(RTA.DST, ip("2001:db9::")), attribute(RTA.GATEWAY, ip("2001:db8::9"))],
    isIt: to("2001:db9::"),
    rows: [
      { field: "rtm_family", linux: LINUX_INET6, freebsd: FREEBSD_INET6 },
      same("rtm_dst_len", 32),
      same("RTA_DST", ip("2001:db9::")),
      same("RTA_GATEWAY", ip("2001:db8::9")),
      same("RTA_OIF", EM0),
    ],
  },
  route(
    "with an MTU",
    [gateway, nest(RTA.METRICS, attribute(RTAX.MTU, u32(1400)))],
    [same("RTA_METRICS.RTAX_MTU", 1400)],
  ),
  route(
    "with a metric, which the kernel has no place for",
    [gateway, attribute(RTA.PRIORITY, u32(32))],
    [{ field: "RTA_PRIORITY", linux: { strict: undefined, extended: 32 }, freebsd: undefined, isLinuxOnly: true }],
  ),
  route(
    "with what else the kernel has no place for",
    [
      gateway,
      attribute(RTA.PREFSRC, ip("198.51.100.1")),
      attribute(RTA.FLOW, u32(7)),
      nest(RTA.METRICS, attribute(RTAX.ADVMSS, u32(1360))),
    ],
    [
      {
        field: "RTA_PREFSRC",
        linux: { strict: undefined, extended: ip("198.51.100.1") },
        freebsd: undefined,
        isLinuxOnly: true,
      },
      { field: "RTA_FLOW", linux: { strict: undefined, extended: 7 }, freebsd: undefined, isLinuxOnly: true },
      {
        field: "RTA_METRICS.RTAX_ADVMSS",
        linux: { strict: undefined, extended: 1360 },
        freebsd: undefined,
        isLinuxOnly: true,
      },
    ],
  ),
  {
    kind: ROUTE,
    title: "of IPv6 with a preference",
    linux: {
      strict: [rtmsg(LINUX_INET6, 32), ...V6, attribute(RTA.PREF, u8(1))],
      extended: [rtmsg(LINUX_INET6, 32), ...V6, attribute(RTA.PREF, u8(1))],
    },
    native: [rtmsg(FREEBSD_INET6, 32), ...V6],
    isIt: to("2001:db9::"),
    rows: [{ field: "RTA_PREF", linux: { strict: undefined, extended: 1 }, freebsd: undefined, isLinuxOnly: true }],
  },
  route(
    "of several paths",
    [paths(0, 4)],
    [
      { field: "RTA_MULTIPATH[0].rtnh_hops", linux: { strict: 1, extended: 0 }, freebsd: 1 },
      { field: "RTA_MULTIPATH[1].rtnh_hops", linux: { strict: 5, extended: 4 }, freebsd: 5 },
      same("RTA_MULTIPATH[0].rtnh_len", 16),
      same("RTA_MULTIPATH[0].rtnh_flags", 0),
      same("RTA_MULTIPATH[0].rtnh_ifindex", EM0),
      same("RTA_MULTIPATH[0].RTA_GATEWAY", ip("198.51.100.9")),
      same("RTA_MULTIPATH[1].RTA_GATEWAY", ip("198.51.100.8")),
    ],
    [paths(1, 5)],
  ),
  route(
    "through a gateway of the other family",
    [attribute(RTA.VIA, join(u16(LINUX_INET6), ip("2001:db8::9")))],
    [
      {
        field: "RTA_VIA",
        linux: {
          strict: join(u8(FREEBSD_INET6), ip("2001:db8::9")),
          extended: join(u16(LINUX_INET6), ip("2001:db8::9")),
        },
        freebsd: join(u8(FREEBSD_INET6), ip("2001:db8::9")),
      },
    ],
    [attribute(RTA.VIA, join(u8(FREEBSD_INET6), ip("2001:db8::9")))],
  ),
  {
    kind: ROUTE,
    title: "that leads nowhere",
    linux: {
      strict: [rtmsg(INET, 8, { table: LINUX_MAIN, type: BLACKHOLE }), DST],
      extended: [rtmsg(INET, 8, { table: LINUX_MAIN, type: BLACKHOLE }), DST],
    },
    native: [rtmsg(INET, 8, { type: BLACKHOLE }), DST],
    isIt: to("10.0.0.0"),
    rows: [same("rtm_type", BLACKHOLE), { field: "RTA_OIF", linux: { strict: 1, extended: undefined }, freebsd: 1 }],
  },
  {
    kind: ROUTE,
    title: "of another table",
    boot: { ...BOOT, interfaces: [{ name: "em0", up: true, fib: 1, addresses: ["198.51.100.1/24"] }] },
    linux: {
      strict: [rtmsg(INET, 8), DST, gateway, attribute(RTA.TABLE, u32(1))],
      extended: [rtmsg(INET, 8, { table: 1 }), DST, gateway],
    },
    native: [rtmsg(INET, 8), DST, gateway, attribute(RTA.TABLE, u32(1))],
    all: join(new Uint8Array(12), attribute(RTA.TABLE, u32(1))),
    isIt: to("10.0.0.0"),
    rows: [{ field: "rtm_table", linux: 1, freebsd: 1 }, same("RTA_TABLE", 1)],
  },
  {
    kind: ROUTE,
    title: "the default one",
    linux: {
      strict: [rtmsg(INET, 0, { table: LINUX_MAIN }), attribute(RTA.DST, ip("0.0.0.0")), gateway],
      extended: [rtmsg(INET, 0, { table: LINUX_MAIN }), gateway],
    },
    native: [rtmsg(INET, 0), attribute(RTA.DST, ip("0.0.0.0")), gateway],
    isIt: (value) => value("rtm_dst_len") === 0,
    rows: [
      { field: "RTA_DST", linux: { strict: ip("0.0.0.0"), extended: undefined }, freebsd: ip("0.0.0.0") },
      same("RTA_GATEWAY", ip("198.51.100.9")),
    ],
  },
  {
    kind: ROUTE,
    title: "an interface's own network",
    isIt: to("198.51.100.0"),
    rows: [
      same("rtm_protocol", KERNEL),
      { field: "rtm_scope", linux: { strict: 0, extended: 253 }, freebsd: 0 },
      { field: "RTA_PREFSRC", linux: { strict: undefined, extended: ip("198.51.100.1") }, freebsd: undefined },
      same("RTA_OIF", EM0),
    ],
  },
  {
    kind: ROUTE,
    title: "that expires",
    linux: {
      strict: [rtmsg(LINUX_INET6, 32), ...V6, attribute(RTA.EXPIRES, u32(BOOT_SECOND + 600))],
      extended: [rtmsg(LINUX_INET6, 32), ...V6, attribute(RTA.EXPIRES, u32(600))],
    },
    native: [rtmsg(FREEBSD_INET6, 32), ...V6, attribute(RTA.EXPIRES, u32(BOOT_SECOND + 600))],
    isIt: to("2001:db9::"),
    rows: [
      { field: "RTA_EXPIRES", linux: { strict: 600, extended: undefined }, freebsd: 600 },
      {
        field: "RTA_CACHEINFO",
        // rta_cacheinfo: the third word, in hundredths of a second.
        linux: { strict: undefined, extended: (value) => numberOf((value as Uint8Array).subarray(8, 12)) === 60_000 },
        freebsd: undefined,
      },
    ],
  },
  {
    kind: ROUTE,
    title: "with a weight, which Linux has for paths only",
    linux: { strict: [rtmsg(INET, 8), DST, gateway, attribute(RTA.WEIGHT, u32(5))] },
    native: [rtmsg(INET, 8), DST, gateway, attribute(RTA.WEIGHT, u32(5))],
    isIt: to("10.0.0.0"),
    rows: [{ field: ["RTA_SESSION", "RTA_WEIGHT"], linux: { strict: 5, extended: undefined }, freebsd: 5 }],
  },
  {
    ...route(
      "by the id of a nexthop",
      [attribute(RTA.NH_ID, u32(7))],
      [same("RTA_NH_ID", 7), same("RTA_DST", ip("10.0.0.0"))],
    ),
    before: [
      [
        NEWNEXTHOP,
        u8(0, 0, 0, 0),
        u32(0),
        attribute(NHA.ID, u32(7)),
        attribute(NHA.OIF, u32(EM0)),
        attribute(NHA.GATEWAY, ip("198.51.100.9")),
      ],
    ],
  },
];
