// Nexthops and groups, as both ABIs write and read them.

import { ip } from "../../support/messages.js";
import { attribute, join, u8, u32 } from "../program.js";
import { EM0, type Kind, numberOf, type Story, same, type Value } from "./story.js";

const NEWNEXTHOP = 104;
const NHA = { ID: 1, GROUP: 2, OIF: 5, GATEWAY: 6 } as const;
const INET = 2;
const LINUX_INET6 = 10;
const FREEBSD_INET6 = 28;
const ZEBRA = 11;

const NEXTHOP: Kind = { name: "nexthop", makes: NEWNEXTHOP, lists: 106, all: new Uint8Array(8) };

function nhmsg(family: number): Uint8Array {
  return join(u8(family, 0, ZEBRA, 0), u32(0));
}
const of =
  (id: number): Story["isIt"] =>
  (value) =>
    numberOf(value("NHA_ID")) === id;
const single = (id: number, address: string): Uint8Array[] => [
  attribute(NHA.ID, u32(id)),
  attribute(NHA.OIF, u32(EM0)),
  attribute(NHA.GATEWAY, ip(address)),
];
const member = (id: number, weight: number): Uint8Array => join(u32(id), u8(weight, 0, 0, 0));
const group = (...members: Uint8Array[]): Uint8Array[] => [
  attribute(NHA.ID, u32(9)),
  attribute(NHA.GROUP, join(...members)),
];
const isThere: Value = (value) => value !== undefined;

export const NEXTHOPS: readonly Story[] = [
  {
    kind: NEXTHOP,
    title: "one of IPv4",
    linux: {
      strict: [nhmsg(INET), ...single(7, "198.51.100.9")],
      extended: [nhmsg(INET), ...single(7, "198.51.100.9")],
    },
    native: [nhmsg(INET), ...single(7, "198.51.100.9")],
    isIt: of(7),
    rows: [
      same("nh_family", INET),
      { field: "nh_scope", linux: { strict: 0, extended: 253 }, freebsd: 0 },
      same("nh_protocol", ZEBRA),
      same("nh_flags", 0),
      same("NHA_ID", 7),
      same("NHA_OIF", EM0),
      same("NHA_GATEWAY", ip("198.51.100.9")),
      { field: ["NHA_OP_FLAGS", "NHA_FREEBSD"], linux: { strict: isThere, extended: undefined }, freebsd: isThere },
    ],
  },
  {
    kind: NEXTHOP,
    title: "one of IPv6",
    linux: {
      strict: [nhmsg(LINUX_INET6), ...single(7, "2001:db8::9")],
      extended: [nhmsg(LINUX_INET6), ...single(7, "2001:db8::9")],
    },
    native: [nhmsg(FREEBSD_INET6), ...single(7, "2001:db8::9")],
    isIt: of(7),
    rows: [
      { field: "nh_family", linux: { strict: FREEBSD_INET6, extended: LINUX_INET6 }, freebsd: FREEBSD_INET6 },
      same("NHA_GATEWAY", ip("2001:db8::9")),
    ],
  },
  {
    kind: NEXTHOP,
    title: "a group with weights",
    before: [
      [NEWNEXTHOP, nhmsg(INET), ...single(7, "198.51.100.9")],
      [NEWNEXTHOP, nhmsg(INET), ...single(8, "198.51.100.8")],
    ],
    linux: {
      strict: [nhmsg(0), ...group(member(7, 1), member(8, 5))],
      extended: [nhmsg(0), ...group(member(7, 0), member(8, 4))],
    },
    native: [nhmsg(0), ...group(member(7, 1), member(8, 5))],
    isIt: of(9),
    rows: [
      same("nh_family", 0),
      same("NHA_GROUP_TYPE", 0),
      same("NHA_GROUP[0].id", 7),
      { field: "NHA_GROUP[0].weight", linux: { strict: 1, extended: 0 }, freebsd: 1 },
      same("NHA_GROUP[1].id", 8),
      { field: "NHA_GROUP[1].weight", linux: { strict: 5, extended: 4 }, freebsd: 5 },
    ],
  },
];
