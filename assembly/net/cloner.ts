// Cloners: the kinds of interface that can be made by name (net/if_clone.c and the drivers; rtnetlink B.3.4, B.3.6).
// Here is what each one makes; clone.ts makes it.
//   clonerOf          the cloner of a driver
//   clonerMatching    the cloner that makes an interface of a name
//   takeUnit, freeUnit
//   startDriver       whether IFF_DRV_RUNNING follows a change

import { Errno } from "../abi/errno";
import { IFCAP, IFF, IFT, IfLimit } from "../abi/ifnet";
import { Indices } from "../mem/indices";
import { Interface, Media, findByName } from "./ifnet";

/** How a cloner makes and destroys. */
export const enum Kind {
  SIMPLE = 1,
  PAIR = 2,
  VLAN = 3,
  GIF = 4,
  GRE = 5,
}

/** Where a link-layer address comes from. */
export const enum Lladdr {
  NONE = 0,
  /** Six zero bytes, until there is a better one. */
  ZERO = 1,
  /** FreeBSD's range 58:9c:fc, by a hash (ether_gen_addr). */
  GENERATED = 2,
  /** 02, a hash, 0a; the other half has the same with 0b. */
  PAIR = 3,
}

/** When the driver runs: from creation on, or once an address or IFF_UP tells it to. */
export const enum Runs {
  NEVER = 0,
  CREATED = 1,
  ADDRESS = 2,
  FLAGS = 4,
}

/** A row of the table. */
@unmanaged
export class Cloner {
  /** From 1. */
  number: u32;
  /** A string. */
  name: usize;
  /** Kind.* */
  kind: u32;
  /** IFT_*; one with a link-layer address arrives as IFT_ETHER and becomes this afterwards. */
  type: u32;
  flags: u32;
  mtu: u32;
  /** What the driver accepts as MTU. */
  mtuMin: u32;
  mtuMax: u32;
  /** Lladdr.* */
  lladdr: u32;
  /** Media.*, at first. */
  media: u32;
  capabilities: u32;
  enabledCapabilities: u32;
  /** Runs.* */
  runs: u32;
  maxUnit: u32;
}

const LOOP: u32 = IFF.LOOPBACK | IFF.MULTICAST;
const ETHER: u32 = IFF.BROADCAST | IFF.SIMPLEX | IFF.MULTICAST;
const TUNNEL: u32 = IFF.POINTOPOINT | IFF.MULTICAST;
const WG: u32 = IFF.NOARP | IFF.MULTICAST;
const LINKSTATE: u32 = 1 << IFCAP.LINKSTATE;
const VLAN_MTU: u32 = 1 << IFCAP.VLAN_MTU;
/** Checksums are never computed on the way to oneself (net/if_loop.c). */
const LO_CAPS: u32 =
  (1 << IFCAP.RXCSUM) | (1 << IFCAP.TXCSUM) | LINKSTATE | (1 << IFCAP.RXCSUM_IPV6) | (1 << IFCAP.TXCSUM_IPV6);
const TAP_CAPS: u32 = LINKSTATE | (1 << IFCAP.RXCSUM) | (1 << IFCAP.RXCSUM_IPV6) | (1 << IFCAP.LRO);
const EDSC_CAPS: u32 =
  VLAN_MTU | (1 << IFCAP.VLAN_HWTAGGING) | (1 << IFCAP.VLAN_HWCSUM) | (1 << IFCAP.RXCSUM) | (1 << IFCAP.TXCSUM) |
  (1 << IFCAP.TSO4) | (1 << IFCAP.TSO6) | (1 << IFCAP.JUMBO_MTU);
const VXLAN_CAPS: u32 = LINKSTATE | (1 << IFCAP.JUMBO_MTU);
const HWSTATS: u32 = 1 << IFCAP.HWSTATS;
const MIN: u32 = IfLimit.MIN_MTU;
const MAX: u32 = IfLimit.MAX_MTU;
const UNITS: u32 = IfLimit.MAX_UNIT;
/** Characters of a name. */
const NAME_BYTES: u32 = IfLimit.NAMSIZ - 1;
const CREATED: u32 = Runs.CREATED;
const ADDRESS: u32 = Runs.ADDRESS;
const FLAGS: u32 = Runs.ADDRESS | Runs.FLAGS;

const CLONERS: StaticArray<usize> = [
  // number, name                  kind          type            flags    MTU     accepted
  //         lladdr, media                       capabilities, enabled         runs      units
  1,  changetype<usize>("lo"),     Kind.SIMPLE,  IFT.LOOP,       LOOP,    16384,  MIN, MAX,
      Lladdr.NONE, Media.NONE,                   LO_CAPS, LO_CAPS,         FLAGS,    UNITS,
  2,  changetype<usize>("epair"),  Kind.PAIR,    IFT.ETHER,      ETHER,   1500,   MIN, MAX,
      Lladdr.PAIR, Media.ACTIVE,                 VLAN_MTU, VLAN_MTU,       CREATED,  UNITS,
  3,  changetype<usize>("vlan"),   Kind.VLAN,    IFT.L2VLAN,     ETHER,   1500,   MIN, MAX,
      Lladdr.ZERO, Media.NONE,                   0, 0,                     0,        UNITS,
  4,  changetype<usize>("bridge"), Kind.SIMPLE,  IFT.BRIDGE,     ETHER,   1500,   576, 9216,
      Lladdr.GENERATED, Media.NONE,              0, 0,                     FLAGS,    UNITS,
  5,  changetype<usize>("tun"),    Kind.SIMPLE,  IFT.PPP,        TUNNEL,  1500,   MIN, MAX,
      Lladdr.NONE, Media.NONE,                   LINKSTATE, LINKSTATE,     ADDRESS,  UNITS,
  6,  changetype<usize>("tap"),    Kind.SIMPLE,  IFT.ETHER,      ETHER,   1500,   MIN, MAX,
      Lladdr.GENERATED, Media.INACTIVE,          TAP_CAPS, LINKSTATE,      ADDRESS,  UNITS,
  7,  changetype<usize>("vmnet"),  Kind.SIMPLE,  IFT.ETHER,      ETHER,   1500,   MIN, MAX,
      Lladdr.GENERATED, Media.INACTIVE,          TAP_CAPS, LINKSTATE,      ADDRESS,  UNITS,
  8,  changetype<usize>("gif"),    Kind.GIF,     IFT.GIF,        TUNNEL,  1280,   1280, 8192,
      Lladdr.NONE, Media.NONE,                   LINKSTATE, LINKSTATE,     0,        UNITS,
  9,  changetype<usize>("gre"),    Kind.GRE,     IFT.TUNNEL,     TUNNEL,  1476,   576, MAX,
      Lladdr.NONE, Media.NONE,                   LINKSTATE, LINKSTATE,     0,        UNITS,
  10, changetype<usize>("me"),     Kind.SIMPLE,  IFT.TUNNEL,     TUNNEL,  1488,   576, MAX,
      Lladdr.NONE, Media.NONE,                   LINKSTATE, LINKSTATE,     0,        UNITS,
  11, changetype<usize>("vxlan"),  Kind.SIMPLE,  IFT.ETHER,      ETHER,   1450,   MIN, 65463,
      Lladdr.GENERATED, Media.INACTIVE,          VXLAN_CAPS, VXLAN_CAPS,   0,        UNITS,
  12, changetype<usize>("lagg"),   Kind.SIMPLE,  IFT.ETHER,      ETHER,   1500,   MIN, MAX,
      Lladdr.ZERO, Media.INACTIVE,               HWSTATS, HWSTATS,         FLAGS,    UNITS,
  13, changetype<usize>("wg"),     Kind.SIMPLE,  IFT.WIREGUARD,  WG,      1420,   MIN, MAX,
      Lladdr.NONE, Media.NONE,                   LINKSTATE, LINKSTATE,     FLAGS,    UNITS,
  14, changetype<usize>("disc"),   Kind.SIMPLE,  IFT.LOOP,       LOOP,    65532,  MIN, MAX,
      Lladdr.NONE, Media.NONE,                   0, 0,                     CREATED,  UNITS,
  15, changetype<usize>("edsc"),   Kind.SIMPLE,  IFT.ETHER,      ETHER,   1500,   MIN, 1500,
      Lladdr.GENERATED, Media.NONE,              EDSC_CAPS, 0,             CREATED,  UNITS,
  16, changetype<usize>("enc"),    Kind.SIMPLE,  IFT.ENC,        0,       1536,   MIN, MAX,
      Lladdr.NONE, Media.NONE,                   0, 0,                     0,        0,
  17, changetype<usize>("stf"),    Kind.SIMPLE,  IFT.STF,        0,       1280,   MIN, MAX,
      Lladdr.NONE, Media.NONE,                   0, 0,                     0,        UNITS,
  18, changetype<usize>("ipsec"),  Kind.SIMPLE,  IFT.TUNNEL,     TUNNEL,  1400,   MIN, MAX,
      Lladdr.NONE, Media.NONE,                   0, 0,                     0,        UNITS,
  19, changetype<usize>("pflog"),  Kind.SIMPLE,  IFT.PFLOG,      0,       33160,  MIN, MAX,
      Lladdr.NONE, Media.NONE,                   0, 0,                     0,        15,
  20, changetype<usize>("pfsync"), Kind.SIMPLE,  IFT.PFSYNC,     0,       1500,   MIN, MAX,
      Lladdr.NONE, Media.NONE,                   0, 0,                     0,        0,
];

const COUNT: u32 = 20;
/** The units in use of each cloner, one more than their number: Indices begin at 1. */
const units: usize = memory.data(320, 16);

if (offsetof<Indices>() != 16) ERROR("units");
if (COUNT * 16 != 320) ERROR("a set of units for each cloner");

/** @param number - 1 … COUNT */
export function clonerAt(number: u32): Cloner {
  return changetype<Cloner>(changetype<usize>(CLONERS) + (number - 1) * offsetof<Cloner>());
}

/** The cloner of a driver, or null. @param driver - NUL-terminated ASCII */
export function clonerOf(driver: usize): Cloner | null {
  for (let n: u32 = 1; n <= COUNT; n++) {
    const cloner = clonerAt(n);
    const length = prefixLength(driver, cloner);
    if (length != 0 && load<u8>(driver + length) == 0) return cloner;
  }
  return null;
}

/** The cloner whose name, with digits or nothing behind it, this is; for PARENT.VID that of vlans. */
export function clonerMatching(name: usize): Cloner | null {
  if (parentInName(name) != 0) return clonerOfKind(Kind.VLAN);
  for (let n: u32 = 1; n <= COUNT; n++) {
    const cloner = clonerAt(n);
    const length = prefixLength(name, cloner);
    if (length != 0 && areDigits(name + length)) return cloner;
  }
  return null;
}

function clonerOfKind(kind: u32): Cloner | null {
  for (let n: u32 = 1; n <= COUNT; n++) if (clonerAt(n).kind == kind) return clonerAt(n);
  return null;
}

/** The length of the cloner's name, when the text begins with it; else 0. */
function prefixLength(text: usize, cloner: Cloner): u32 {
  const length = <u32>changetype<string>(cloner.name).length;
  for (let i: u32 = 0; i < length; i++) {
    if (<u16>load<u8>(text + i) != load<u16>(cloner.name + (i << 1))) return 0;
  }
  return length;
}

export function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39;
}

function areDigits(at: usize): bool {
  while (isDigit(load<u8>(at))) at++;
  return load<u8>(at) == 0;
}

/** PARENT.VID: the Interface before the last dot, when digits follow it; else 0 (vlan_clone_match_ethervid). */
export function parentInName(name: usize): usize {
  let dot: usize = 0;
  let end: usize = name;
  for (; load<u8>(end) != 0 && <u32>(end - name) < NAME_BYTES; end++) if (load<u8>(end) == 0x2e) dot = end;
  if (dot == 0 || dot + 1 == end) return 0;
  for (let at = dot + 1; at < end; at++) if (!isDigit(load<u8>(at))) return 0;
  memory.copy(parentName, name, dot - name);
  store<u8>(parentName + (dot - name), 0);
  return changetype<usize>(findByName(parentName));
}

const parentName: usize = memory.data(16);

/** The vid of PARENT.VID; digits beyond the range of a number wrap. */
export function vidInName(name: usize): u32 {
  let vid: u32 = 0;
  for (let at = name; load<u8>(at) != 0 && <u32>(at - name) < NAME_BYTES; at++) {
    const byte = load<u8>(at);
    vid = byte == 0x2e ? 0 : vid * 10 + (byte - 0x30);
  }
  return vid;
}

// ---- units

/** No unit in the name: the lowest free one is meant. */
export const UNIT_ANY: i32 = -1;
/** The name has no valid unit (EINVAL). */
export const UNIT_BAD: i32 = -2;

/** The number at the end of a name (ifc_name2unit). */
export function unitInName(name: usize): i32 {
  let at = name;
  while (load<u8>(at) != 0 && !isDigit(load<u8>(at))) at++;
  if (load<u8>(at) == 0) return UNIT_ANY;
  if (load<u8>(at) == 0x30 && load<u8>(at, 1) != 0) return UNIT_BAD;
  let unit: u64 = 0;
  for (; load<u8>(at) != 0; at++) {
    if (!isDigit(load<u8>(at))) return UNIT_BAD;
    unit = unit * 10 + (load<u8>(at) - 0x30);
    if (unit > <u64>i32.MAX_VALUE) return UNIT_BAD;
  }
  return <i32>unit;
}

function unitsOf(cloner: Cloner): Indices {
  return changetype<Indices>(units + (cloner.number - 1) * offsetof<Indices>());
}

/** Where takeUnit leaves the unit. */
@unmanaged
class Taken {
  unit: i32;
}

const taken = changetype<Taken>(memory.data(offsetof<Taken>(), 16));

export function unitTaken(): i32 {
  return taken.unit;
}

/**
 * Takes a unit, or with UNIT_ANY the lowest whose name no interface has (ifc_alloc_unit).
 * @returns EEXIST, ENOSPC above the cloner's limit, ENOMEM
 */
export function takeUnit(cloner: Cloner, wanted: i32): Errno {
  const isAny = wanted == UNIT_ANY;
  let unit = isAny ? 0 : wanted;
  while (true) {
    if (<u32>unit > cloner.maxUnit) return Errno.ENOSPC;
    if (!unitsOf(cloner).has(unit + 1)) {
      writeName(unitName, cloner, unit);
      if (findByName(unitName) == null) break;
    }
    if (!isAny) return Errno.EEXIST;
    unit++;
  }
  if (!unitsOf(cloner).use(unit + 1)) return Errno.ENOMEM;
  taken.unit = unit;
  return Errno.OK;
}

const unitName: usize = memory.data(32);

export function freeUnit(cloner: Cloner, unit: i32): void {
  unitsOf(cloner).free(unit + 1);
}

/** Writes the cloner's name and a unit, NUL-terminated; with UNIT_ANY the name alone. At most 17 bytes. */
export function writeName(into: usize, cloner: Cloner, unit: i32): void {
  const length = <u32>changetype<string>(cloner.name).length;
  for (let i: u32 = 0; i < length; i++) store<u8>(into + i, load<u8>(cloner.name + (i << 1)));
  let at = into + length;
  if (unit >= 0) {
    let divisor: i32 = 1;
    while (unit / divisor >= 10) divisor *= 10;
    for (; divisor > 0; divisor /= 10) store<u8>(at++, 0x30 + <u8>((unit / divisor) % 10));
  }
  store<u8>(at, 0);
}

// ---- what the driver does

/** IFF_DRV_RUNNING, when this is what makes the driver run. Hardware runs with IFF_UP. @param reason - Runs.* */
export function startDriver(ifp: Interface, reason: u32): void {
  const cloner = clonerOf(ifp.driver);
  const runs: u32 = cloner == null ? Runs.ADDRESS | Runs.FLAGS : cloner.runs;
  if ((runs & reason) != 0) ifp.driverFlags |= IFF.RUNNING;
}
