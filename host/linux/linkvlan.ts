// What Linux says of a vlan that is to be made (net/8021q/vlan_netlink.c, vlan.c; linux-compat E5.8).

import { Errno } from "../../assembly/abi/errno.js";
import { IFLA, IFLA_VLAN } from "../../assembly/abi/rtnetlink.js";
import { LinuxErrno } from "./errno.js";
import type { MessageReader } from "./messagereader.js";
import { readAttributes } from "./nest.js";
import { Refusal } from "./refusal.js";
import type { Corrections } from "./request.js";
import type { LinuxVnet } from "./vnet.js";

const ETHERTYPE = { VLAN: 0x8100, QINQ: 0x88a8 } as const;
/** VLAN_VID_MASK: no network has this id. */
const VID_LIMIT = 4095;

export interface Vlan {
  /** Index of the interface it lies on. */
  readonly parent: number;
  readonly vid: number;
  /** Ethertype, in the host's order. */
  readonly protocol: number;
}

/** The parent carries no vlans, or has this one. */
export const VLAN_CORRECTIONS: Corrections = {
  [Errno.EPROTONOSUPPORT]: [LinuxErrno.EOPNOTSUPP, "8021q: VLANs not supported on device"],
  [Errno.EEXIST]: [LinuxErrno.EEXIST, "8021q: VLAN device already exists"],
};

/**
 * @param message - indexed
 * @param data - IFLA_INFO_DATA
 * @throws Refusal EINVAL what is not given; EPROTONOSUPPORT another ethertype; ERANGE the id; ENODEV no such parent
 */
export function readVlan(vnet: LinuxVnet, message: MessageReader, data: Uint8Array | undefined): Vlan {
  if (data === undefined) throw new Refusal(LinuxErrno.EINVAL, "8021q: VLAN properties not specified");
  const settings = readAttributes(data);
  const type = settings.get(IFLA_VLAN.PROTOCOL);
  const protocol = type === undefined ? ETHERTYPE.VLAN : ((type[0] ?? 0) << 8) | (type[1] ?? 0);
  if (protocol !== ETHERTYPE.VLAN && protocol !== ETHERTYPE.QINQ) {
    throw new Refusal(LinuxErrno.EPROTONOSUPPORT, "8021q: Invalid VLAN protocol");
  }
  const id = settings.get(IFLA_VLAN.ID);
  const vid = id === undefined ? undefined : (id[0] ?? 0) | ((id[1] ?? 0) << 8);
  if (vid !== undefined && vid >= VID_LIMIT) throw new Refusal(LinuxErrno.ERANGE, "8021q: Invalid VLAN id");
  if (vid === undefined) throw new Refusal(LinuxErrno.EINVAL, "8021q: VLAN id not specified");
  if (!message.has(IFLA.LINK)) throw new Refusal(LinuxErrno.EINVAL, "8021q: link not specified");
  const parent = message.u32(IFLA.LINK);
  if (vnet.links.get(parent) === undefined) throw new Refusal(LinuxErrno.ENODEV, "8021q: link does not exist");
  return { parent, vid, protocol };
}
