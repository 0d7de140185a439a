// Addresses: ifaddrmsg and IFA_* (netlink/route/ifaddrs.h), in the order of dump_iface_addr (netlink/route/iface.c).

import { IN6_IFF } from "../../assembly/abi/ifnet.js";
import { NETLINK } from "../../assembly/abi/netlink.js";
import { IFA, IFA_F, IFAF, RT_SCOPE, RTM } from "../../assembly/abi/rtnetlink.js";
import { attributes, nest } from "./attributes.js";
import { family, flags, ip, named, string, u8, u32 } from "./kind.js";
import { message, type TypeOf } from "./schema.js";
import { struct } from "./struct.js";

const ifaddrmsg = struct("ifaddrmsg", {
  family: ["ifa_family", family],
  prefixLength: ["ifa_prefixlen", u8],
  /** The low eight flags; FreeBSD leaves them 0 and sends IFA_FLAGS. */
  headerFlags: ["ifa_flags", flags(u8, "IFA_F_", IFA_F)],
  scope: ["ifa_scope", named(u8, "RT_SCOPE_", RT_SCOPE)],
  index: ["ifa_index", u32],
});

/** Lifetimes in seconds, 0xffffffff for ever; stamps in milliseconds of uptime. */
const cacheInfo = struct("ifa_cacheinfo", {
  preferred: ["ifa_prefered", u32],
  valid: ["ifa_valid", u32],
  created: ["cstamp", u32],
  updated: ["tstamp", u32],
});

const freebsd = attributes("IFAF_", IFAF, {
  vhid: [IFAF.VHID, u32],
  flags: [IFAF.FLAGS, flags(u32, "IN6_IFF_", IN6_IFF)],
});

export const address = message("address", {
  protocol: NETLINK.ROUTE,
  types: { prefix: "RTM_", names: RTM, of: [RTM.NEWADDR, RTM.DELADDR, RTM.GETADDR] },
  header: ifaddrmsg,
  attributes: attributes("IFA_", IFA, {
    /** On a point-to-point interface the destination. */
    address: [IFA.ADDRESS, ip],
    local: [IFA.LOCAL, ip],
    broadcast: [IFA.BROADCAST, ip],
    label: [IFA.LABEL, string],
    flags: [IFA.FLAGS, flags(u32, "IFA_F_", IFA_F)],
    cacheInfo: [IFA.CACHEINFO, cacheInfo],
    freebsd: [IFA.FREEBSD, nest(freebsd)],
  }),
  summary: [
    "{address}/{prefixLength}",
    "local {local}",
    "broadcast {broadcast}",
    "dev {index?}",
    "label {label}",
    "scope {scope?}",
    "flags {flags?}",
  ],
});

export type Address = TypeOf<typeof address>;
