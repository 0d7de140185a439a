// What a request of a Linux program says of a link beyond single attributes, checked as Linux does before anything is done
// (net/core/rtnetlink.c, validate_linkmsg).

import { NetlinkSize } from "../../assembly/abi/netlink.js";
import { HeaderSize, IFLA, IFLA_INFO, IfInfoMsg } from "../../assembly/abi/rtnetlink.js";
import { LinuxErrno } from "./errno.js";
import { LinuxAF } from "./family.js";
import { LinuxIFF } from "./linkflags.js";
import { MessageReader } from "./messagereader.js";
import { readAttributes } from "./nest.js";
import { LinuxLimit } from "./number.js";
import { Refusal } from "./refusal.js";

/** IFALIASZ, with the NUL. */
const ALIAS_BYTES = 256;
const ETHERNET_BYTES = 6;
const QUEUES_MAX = 4096;
/** Not there on any interface (E5.7). */
const UNSUPPORTED = [IFLA.VFINFO_LIST, IFLA.VF_PORTS, IFLA.PORT_SELF, IFLA.XDP, IFLA.MAP, IFLA.CARRIER] as const;

/** Inside IFLA_LINKINFO. */
export interface LinkInfo {
  readonly kind: string | undefined;
  readonly data: Uint8Array | undefined;
  readonly slaveData: Uint8Array | undefined;
}

/** @param message - indexed */
export function readLinkInfo(message: MessageReader): LinkInfo {
  const nest = message.payload(IFLA.LINKINFO);
  const attributes = nest === undefined ? new Map<number, Uint8Array>() : readAttributes(nest);
  const kind = attributes.get(IFLA_INFO.KIND);
  return {
    kind: kind === undefined ? undefined : textOf(kind),
    data: attributes.get(IFLA_INFO.DATA)?.slice(),
    slaveData: attributes.get(IFLA_INFO.SLAVE_DATA)?.slice(),
  };
}

/** A string payload up to its NUL. */
export function textOf(payload: Uint8Array): string {
  const end = payload.indexOf(0);
  return new TextDecoder().decode(end < 0 ? payload : payload.subarray(0, end));
}

/** An ifinfomsg with attributes that lies inside another message, as one of its own, indexed. @param from - in the buffer */
export function nestedLink(bytes: Uint8Array, from: number, size: number): MessageReader {
  const reader = new MessageReader(bytes);
  reader.start = from - NetlinkSize.NLMSGHDR;
  reader.end = from + size;
  reader.index(HeaderSize.IFINFOMSG);
  return reader;
}

/** What no link takes. @param message - indexed. @throws Refusal EOPNOTSUPP, EINVAL */
export function checkLink(message: MessageReader): void {
  if (message.header8(IfInfoMsg.FAMILY) === LinuxAF.BRIDGE) throw new Refusal(LinuxErrno.EOPNOTSUPP);
  if (message.header32(IfInfoMsg.INDEX) > 0x7fffffff) {
    throw new Refusal(LinuxErrno.EINVAL, "ifindex can't be negative");
  }
  for (const type of UNSUPPORTED) if (message.has(type)) throw new Refusal(LinuxErrno.EOPNOTSUPP);
  if (message.size(IFLA.IFALIAS) >= ALIAS_BYTES) throw new Refusal(LinuxErrno.EINVAL);
  for (const [type, what] of [
    [IFLA.NUM_TX_QUEUES, "transmit"],
    [IFLA.NUM_RX_QUEUES, "receive"],
  ] as const) {
    const queues = message.u32(type, 1);
    if (queues < 1 || queues > QUEUES_MAX) throw new Refusal(LinuxErrno.EINVAL, `Invalid number of ${what} queues`);
  }
}

/**
 * A link-layer address as an Ethernet driver takes it (eth_mac_addr).
 * @param bytes - of the interface's own address; 0 when it has none
 * @returns what of the payload counts
 * @throws Refusal EOPNOTSUPP the interface has none; EINVAL too short; EADDRNOTAVAIL a group's address, or none
 */
export function linkAddress(payload: Uint8Array, bytes: number): Uint8Array {
  if (bytes === 0) throw new Refusal(LinuxErrno.EOPNOTSUPP);
  if (payload.length < bytes) throw new Refusal(LinuxErrno.EINVAL);
  const address = payload.slice(0, bytes);
  const isGroup = ((address[0] as number) & 1) !== 0;
  if (bytes === ETHERNET_BYTES && (isGroup || address.every((byte) => byte === 0))) {
    throw new Refusal(LinuxErrno.EADDRNOTAVAIL);
  }
  return address;
}

/** @throws Refusal EINVAL a name that Linux would not take */
export function expectName(name: string): void {
  if (name === "" || name === "." || name === ".." || name.length >= LinuxLimit.IFNAMSIZ || /[/:\s]/.test(name)) {
    throw new Refusal(LinuxErrno.EINVAL);
  }
}

/** Which flags a request changes: those of its mask, or all if it gives flags alone (E5.6). */
export function flagMask(message: MessageReader): number {
  const change = message.header32(IfInfoMsg.CHANGE);
  if (change !== 0) return change;
  return message.header32(IfInfoMsg.FLAGS) === 0 ? 0 : 0xffffffff;
}

/** Flags that are kept and shown, without effect. */
export const NOTED_FLAGS = LinuxIFF.NOARP | LinuxIFF.MULTICAST | LinuxIFF.ALLMULTI | LinuxIFF.DEBUG;
