// Addresses, as both ABIs write and read them.

import { ip } from "../../support/messages.js";
import { attribute, join, text, u8, u32 } from "../program.js";
import { EM0, EM1, type Kind, type Story, same, type Value } from "./story.js";

const IFA = {
  ADDRESS: 1,
  LOCAL: 2,
  LABEL: 3,
  BROADCAST: 4,
  CACHEINFO: 6,
  FLAGS: 8,
  RT_PRIORITY: 9,
  PROTO: 11,
} as const;
const INET = 2;
const LINUX_INET6 = 10;
const FREEBSD_INET6 = 28;
const PERMANENT = 0x80;
const NOPREFIXROUTE = 0x200;
const FOREVER = 0xffffffff;

const ADDRESS: Kind = { name: "address", makes: 20, lists: 22, all: new Uint8Array(8) };

function ifaddrmsg(family: number, prefixLength: number, index: number): Uint8Array {
  return join(u8(family, prefixLength, 0, 0), u32(index));
}
function isAddress(index: number, address: string): Story["isIt"] {
  return (value) => {
    const own = value("IFA_LOCAL") ?? value("IFA_ADDRESS");
    return value("ifa_index") === index && String(own) === String(ip(address));
  };
}
const lifetimes = (preferred: number, valid: number): Uint8Array => join(u32(preferred), u32(valid), u32(0), u32(0));
/** IFA_CACHEINFO begins so; what follows are times. */
const begins =
  (start: Uint8Array) =>
  (value: Uint8Array | number | undefined): boolean =>
    typeof value === "object" && start.every((byte, i) => value[i] === byte);
const isThere: Value = (value) => value !== undefined;

const IPV4 = [attribute(IFA.LOCAL, ip("203.0.113.1")), attribute(IFA.ADDRESS, ip("203.0.113.1"))];
const WITH_PEER = [attribute(IFA.LOCAL, ip("203.0.113.1")), attribute(IFA.ADDRESS, ip("203.0.113.2"))];
const IPV6 = attribute(IFA.ADDRESS, ip("2001:db8:7::1"));
const INFINITE = attribute(IFA.CACHEINFO, lifetimes(FOREVER, FOREVER));

export const ADDRESSES: readonly Story[] = [
  {
    kind: ADDRESS,
    title: "an IPv4 address as it is",
    isIt: isAddress(EM0, "198.51.100.1"),
    rows: [
      same("ifa_family", INET),
      same("ifa_prefixlen", 24),
      { field: "ifa_flags", linux: { strict: 0, extended: PERMANENT }, freebsd: 0 },
      same("ifa_scope", 0),
      same("ifa_index", EM0),
      same("IFA_ADDRESS", ip("198.51.100.1")),
      same("IFA_LOCAL", ip("198.51.100.1")),
      { field: "IFA_LABEL", linux: { strict: "em0", extended: "eth0" }, freebsd: "em0" },
      { field: "IFA_FLAGS", linux: { strict: 0, extended: PERMANENT }, freebsd: 0 },
      { field: ["IFA_PROTO", "IFA_FREEBSD"], linux: { strict: u8(), extended: undefined }, freebsd: u8() },
      {
        field: "IFA_CACHEINFO",
        linux: { strict: undefined, extended: begins(lifetimes(FOREVER, FOREVER).subarray(0, 8)) },
        freebsd: undefined,
      },
    ],
  },
  {
    kind: ADDRESS,
    title: "an IPv6 address as it is",
    isIt: isAddress(EM0, "2001:db8::1"),
    rows: [
      { field: "ifa_family", linux: LINUX_INET6, freebsd: FREEBSD_INET6 },
      same("ifa_prefixlen", 64),
      same("ifa_scope", 0),
      same("IFA_ADDRESS", ip("2001:db8::1")),
      { field: "IFA_LABEL", linux: { strict: "em0", extended: undefined }, freebsd: "em0" },
      { field: "IFA_FLAGS", linux: { strict: 0, extended: PERMANENT }, freebsd: 0 },
      same("IFA_CACHEINFO", begins(lifetimes(FOREVER, FOREVER).subarray(0, 8))),
      { field: ["IFA_PROTO", "IFA_FREEBSD"], linux: { strict: isThere, extended: undefined }, freebsd: isThere },
    ],
  },
  {
    kind: ADDRESS,
    title: "an IPv4 address with a broadcast address",
    linux: bothModes([ifaddrmsg(INET, 24, EM1), ...IPV4, attribute(IFA.BROADCAST, ip("203.0.113.99"))]),
    native: [ifaddrmsg(INET, 24, EM1), ...IPV4, attribute(IFA.BROADCAST, ip("203.0.113.99"))],
    isIt: isAddress(EM1, "203.0.113.1"),
    rows: [
      same("ifa_prefixlen", 24),
      same("IFA_LOCAL", ip("203.0.113.1")),
      same("IFA_ADDRESS", ip("203.0.113.1")),
      {
        field: "IFA_BROADCAST",
        linux: ip("203.0.113.99"),
        freebsd: ip("203.0.113.99"),
        isLinuxOnly: true,
      },
    ],
  },
  {
    kind: ADDRESS,
    title: "an IPv4 address with a metric, which the kernel has no place for",
    linux: bothModes([ifaddrmsg(INET, 24, EM1), ...IPV4, attribute(IFA.RT_PRIORITY, u32(50))]),
    native: [ifaddrmsg(INET, 24, EM1), ...IPV4],
    isIt: isAddress(EM1, "203.0.113.1"),
    rows: [
      { field: "IFA_RT_PRIORITY", linux: { strict: undefined, extended: 50 }, freebsd: undefined, isLinuxOnly: true },
    ],
  },
  {
    kind: ADDRESS,
    title: "an IPv6 address with lifetimes",
    linux: { extended: [ifaddrmsg(LINUX_INET6, 64, EM1), IPV6, attribute(IFA.CACHEINFO, lifetimes(500, 900))] },
    native: [ifaddrmsg(FREEBSD_INET6, 64, EM1), IPV6, attribute(IFA.CACHEINFO, lifetimes(500, 900))],
    isIt: isAddress(EM1, "2001:db8:7::1"),
    rows: [
      { field: "ifa_family", linux: LINUX_INET6, freebsd: FREEBSD_INET6 },
      same("IFA_ADDRESS", ip("2001:db8:7::1")),
      same("IFA_CACHEINFO", begins(lifetimes(500, 900).subarray(0, 8))),
    ],
  },
  {
    kind: ADDRESS,
    title: "an IPv6 address for ever",
    linux: { extended: [ifaddrmsg(LINUX_INET6, 64, EM1), IPV6] },
    native: [ifaddrmsg(FREEBSD_INET6, 64, EM1), IPV6, INFINITE],
    isIt: isAddress(EM1, "2001:db8:7::1"),
    rows: [same("IFA_CACHEINFO", begins(lifetimes(FOREVER, FOREVER).subarray(0, 8)))],
  },
  {
    kind: ADDRESS,
    title: "an IPv4 address with a peer",
    boot: { modules: ["netlink"], interfaces: [{ name: "ppp0", pointToPoint: true, up: true }] },
    linux: bothModes([ifaddrmsg(INET, 32, EM0), ...WITH_PEER]),
    native: [ifaddrmsg(INET, 32, EM0), ...WITH_PEER],
    isIt: isAddress(EM0, "203.0.113.1"),
    rows: [
      same("IFA_LOCAL", ip("203.0.113.1")),
      same("IFA_ADDRESS", ip("203.0.113.2")),
      same("IFA_BROADCAST", undefined),
    ],
  },
  {
    kind: ADDRESS,
    title: "an IPv4 address with a label",
    linux: bothModes([ifaddrmsg(INET, 24, EM1), ...IPV4, attribute(IFA.LABEL, text("eth1:1"))]),
    native: [ifaddrmsg(INET, 24, EM1), ...IPV4],
    isIt: isAddress(EM1, "203.0.113.1"),
    rows: [{ field: "IFA_LABEL", linux: { strict: "em1", extended: "eth1:1" }, freebsd: "em1", isLinuxOnly: true }],
  },
  {
    kind: ADDRESS,
    title: "an IPv6 address with a protocol, and a flag that the kernel has not",
    linux: {
      extended: [
        ifaddrmsg(LINUX_INET6, 64, EM1),
        IPV6,
        attribute(IFA.FLAGS, u32(NOPREFIXROUTE)),
        attribute(IFA.PROTO, u8(12)),
      ],
    },
    native: [ifaddrmsg(FREEBSD_INET6, 64, EM1), IPV6, INFINITE],
    isIt: isAddress(EM1, "2001:db8:7::1"),
    rows: [
      { field: "IFA_FLAGS", linux: NOPREFIXROUTE | PERMANENT, freebsd: 0, isLinuxOnly: true },
      {
        field: ["IFA_PROTO", "IFA_FREEBSD"],
        linux: { strict: isThere, extended: 12 },
        freebsd: isThere,
        isLinuxOnly: true,
      },
    ],
  },
];

function bothModes(parts: readonly Uint8Array[]): NonNullable<Story["linux"]> {
  return { strict: parts, extended: parts };
}
