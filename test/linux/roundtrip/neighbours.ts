// Neighbours, as both ABIs write and read them.

import { ip } from "../../support/messages.js";
import { attribute, join, u8, u16, u32 } from "../program.js";
import { EM0, type Kind, type Story, same, type Value } from "./story.js";

const NDA = { DST: 1, LLADDR: 2, PROTOCOL: 12 } as const;
const NUD = { REACHABLE: 2, PERMANENT: 0x80 } as const;
const NTF = { EXT_LEARNED: 0x10, STICKY: 0x40 } as const;
const INET = 2;
const LINUX_INET6 = 10;
const FREEBSD_INET6 = 28;
const MAC = u8(2, 0, 0, 0, 0, 9);

const NEIGHBOUR: Kind = { name: "neighbour", makes: 28, lists: 30, all: new Uint8Array(12) };

function ndmsg(family: number, state = 0, flags = 0): Uint8Array {
  return join(u8(family, 0, 0, 0), u32(EM0), u16(state), u8(flags, 0));
}
function at(address: string): Story["isIt"] {
  return (value) => String(value("NDA_DST")) === String(ip(address));
}
const what = (address: string): Uint8Array[] => [attribute(NDA.DST, ip(address)), attribute(NDA.LLADDR, MAC)];
const isThere: Value = (value) => value !== undefined;

export const NEIGHBOURS: readonly Story[] = [
  {
    kind: NEIGHBOUR,
    title: "a permanent one",
    linux: {
      strict: [ndmsg(INET, 0, NTF.STICKY), ...what("198.51.100.9")],
      extended: [ndmsg(INET, NUD.PERMANENT), ...what("198.51.100.9")],
    },
    native: [ndmsg(INET, 0, NTF.STICKY), ...what("198.51.100.9")],
    isIt: at("198.51.100.9"),
    rows: [
      same("ndm_family", INET),
      same("ndm_ifindex", EM0),
      { field: "ndm_state", linux: { strict: NUD.REACHABLE, extended: NUD.PERMANENT }, freebsd: NUD.REACHABLE },
      { field: "ndm_flags", linux: { strict: NTF.STICKY, extended: 0 }, freebsd: NTF.STICKY },
      { field: "ndm_type", linux: { strict: 0, extended: 1 }, freebsd: 0 },
      same("NDA_DST", ip("198.51.100.9")),
      same("NDA_LLADDR", MAC),
      same("NDA_PROBES", 0),
      same("NDA_CACHEINFO", isThere),
      { field: ["NDA_FREEBSD", "NDA_FREEBSD"], linux: { strict: isThere, extended: undefined }, freebsd: isThere },
    ],
  },
  {
    kind: NEIGHBOUR,
    title: "one of IPv6",
    linux: { extended: [ndmsg(LINUX_INET6, NUD.PERMANENT), ...what("2001:db8::9")] },
    native: [ndmsg(FREEBSD_INET6, 0, NTF.STICKY), ...what("2001:db8::9")],
    isIt: at("2001:db8::9"),
    rows: [
      { field: "ndm_family", linux: LINUX_INET6, freebsd: FREEBSD_INET6 },
      same("NDA_DST", ip("2001:db8::9")),
      same("NDA_LLADDR", MAC),
    ],
  },
  {
    kind: NEIGHBOUR,
    title: "a reachable one with a protocol, which the kernel has no place for",
    linux: {
      strict: [ndmsg(INET, NUD.REACHABLE), ...what("198.51.100.9"), attribute(NDA.PROTOCOL, u8(12))],
      extended: [ndmsg(INET, NUD.REACHABLE), ...what("198.51.100.9"), attribute(NDA.PROTOCOL, u8(12))],
    },
    native: [ndmsg(INET, NUD.REACHABLE), ...what("198.51.100.9")],
    isIt: at("198.51.100.9"),
    rows: [
      same("NDA_LLADDR", MAC),
      { field: "ndm_state", linux: { strict: 1, extended: NUD.REACHABLE }, freebsd: 1 },
      { field: "NDA_PROTOCOL", linux: { strict: undefined, extended: 12 }, freebsd: undefined, isLinuxOnly: true },
    ],
  },
  {
    kind: NEIGHBOUR,
    title: "one that a program learnt",
    linux: { extended: [ndmsg(INET, NUD.PERMANENT, NTF.EXT_LEARNED), ...what("198.51.100.9")] },
    native: [ndmsg(INET, 0, NTF.STICKY), ...what("198.51.100.9")],
    isIt: at("198.51.100.9"),
    rows: [
      {
        field: "ndm_flags",
        linux: { strict: NTF.STICKY, extended: NTF.EXT_LEARNED },
        freebsd: NTF.STICKY,
        isLinuxOnly: true,
      },
    ],
  },
];
