// What an interface is in Linux's eyes, by its FreeBSD type and driver (linux-compat E5.1): ARPHRD, IFLA_INFO_KIND.

import { IFT } from "../../assembly/abi/ifnet.js";

/** Linux's hardware types (if_arp.h). */
export const ARPHRD = {
  ETHER: 1,
  IEEE1394: 24,
  INFINIBAND: 32,
  PPP: 512,
  TUNNEL: 768,
  TUNNEL6: 769,
  LOOPBACK: 772,
  SIT: 776,
  IPGRE: 778,
  IEEE80211: 801,
  NONE: 65534,
  VOID: 65535,
} as const;

export interface LinkType {
  /** ARPHRD. */
  readonly hardware: number;
  /** IFLA_INFO_KIND; undefined for hardware and lo. */
  readonly kind: string | undefined;
}

/** By driver, where the driver decides. */
const BY_DRIVER: ReadonlyMap<string, LinkType> = new Map<string, LinkType>([
  ["lo", { hardware: ARPHRD.LOOPBACK, kind: undefined }],
  ["epair", { hardware: ARPHRD.ETHER, kind: "veth" }],
  ["tap", { hardware: ARPHRD.ETHER, kind: "tun" }],
  ["vmnet", { hardware: ARPHRD.ETHER, kind: "tun" }],
  ["tun", { hardware: ARPHRD.NONE, kind: "tun" }],
  ["bridge", { hardware: ARPHRD.ETHER, kind: "bridge" }],
  ["vlan", { hardware: ARPHRD.ETHER, kind: "vlan" }],
  ["vxlan", { hardware: ARPHRD.ETHER, kind: "vxlan" }],
  ["lagg", { hardware: ARPHRD.ETHER, kind: "bond" }],
  ["gif", { hardware: ARPHRD.TUNNEL, kind: "ipip" }],
  ["gre", { hardware: ARPHRD.IPGRE, kind: "gre" }],
  ["me", { hardware: ARPHRD.IPGRE, kind: "gre" }],
  ["stf", { hardware: ARPHRD.SIT, kind: "sit" }],
  ["wg", { hardware: ARPHRD.NONE, kind: "wireguard" }],
  ["edsc", { hardware: ARPHRD.ETHER, kind: "dummy" }],
  ["disc", { hardware: ARPHRD.LOOPBACK, kind: "dummy" }],
  ["geneve", { hardware: ARPHRD.ETHER, kind: "geneve" }],
]);

/** By the kind that a program gave, where the driver serves several. */
const BY_KIND: ReadonlyMap<string, number> = new Map<string, number>([
  ["sit", ARPHRD.SIT],
  ["ip6tnl", ARPHRD.TUNNEL6],
]);

/** By IFT, for hardware, and drivers without a row. */
const BY_TYPE: ReadonlyMap<number, number> = new Map<number, number>([
  [IFT.ETHER, ARPHRD.ETHER],
  [IFT.L2VLAN, ARPHRD.ETHER],
  [IFT.BRIDGE, ARPHRD.ETHER],
  [IFT.IEEE8023ADLAG, ARPHRD.ETHER],
  [IFT.LOOP, ARPHRD.LOOPBACK],
  [IFT.INFINIBAND, ARPHRD.INFINIBAND],
  [IFT.IEEE1394, ARPHRD.IEEE1394],
  [IFT.IEEE80211, ARPHRD.IEEE80211],
  [IFT.PPP, ARPHRD.PPP],
  [IFT.GIF, ARPHRD.TUNNEL],
  [IFT.STF, ARPHRD.SIT],
  [IFT.WIREGUARD, ARPHRD.NONE],
  [IFT.ENC, ARPHRD.NONE],
  [IFT.PFLOG, ARPHRD.NONE],
  [IFT.PFSYNC, ARPHRD.NONE],
]);

/**
 * @param driver - IFLA_INFO_KIND of the kernel: empty for hardware
 * @param type - IFT
 * @param given - the kind that a program made it with, if it did
 */
export function linkTypeOf(driver: string, type: number, given?: string): LinkType {
  const known = BY_DRIVER.get(driver);
  if (known !== undefined && given === undefined) return known;
  if (known !== undefined) return { hardware: BY_KIND.get(given as string) ?? known.hardware, kind: given };
  return { hardware: BY_TYPE.get(type) ?? ARPHRD.VOID, kind: driver === "" ? undefined : driver };
}

/** Drivers whose interfaces attach as Ethernet, and take their own type when that has been told. */
const LATE: ReadonlyMap<string, number> = new Map<string, number>([
  ["bridge", IFT.BRIDGE],
  ["lagg", IFT.IEEE8023ADLAG],
  ["vlan", IFT.L2VLAN],
]);

/** The type that an interface has once it is attached. @param type - IFT, as told */
export function ownTypeOf(driver: string, type: number): number {
  return LATE.get(driver) ?? type;
}
