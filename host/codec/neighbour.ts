// Neighbours: ndmsg and NDA_* (netlink/route/neigh.h), in the order of dump_lle_locked (netlink/route/neigh.c).

import { NETLINK } from "../../assembly/abi/netlink.js";
import { NDA, NDAF, NTF, NUD, RTM } from "../../assembly/abi/rtnetlink.js";
import { attributes, nest } from "./attributes.js";
import { family, flags, i32, ip, lladdr, u8, u16, u32 } from "./kind.js";
import { message, type TypeOf } from "./schema.js";
import { struct } from "./struct.js";

const ndmsg = struct("ndmsg", {
  family: ["ndm_family", family],
  pad1: ["ndm_pad1", u8],
  pad2: ["ndm_pad2", u16],
  index: ["ndm_ifindex", i32],
  state: ["ndm_state", flags(u16, "NUD_", NUD)],
  flags: ["ndm_flags", flags(u8, "NTF_", NTF)],
  type: ["ndm_type", u8],
});

/** FreeBSD fills the number of references alone. */
const cacheInfo = struct("nda_cacheinfo", {
  confirmed: ["ndm_confirmed", u32],
  used: ["ndm_used", u32],
  updated: ["ndm_updated", u32],
  references: ["ndm_refcnt", u32],
});

const freebsd = attributes("NDAF_", NDAF, {
  /** Unix second of the next change of state, 0 = none. */
  nextStateAt: [NDAF.NEXT_STATE_TS, u32],
});

export const neighbour = message("neighbour", {
  protocol: NETLINK.ROUTE,
  types: { prefix: "RTM_", names: RTM, of: [RTM.NEWNEIGH, RTM.DELNEIGH, RTM.GETNEIGH] },
  header: ndmsg,
  attributes: attributes("NDA_", NDA, {
    destination: [NDA.DST, ip],
    lladdr: [NDA.LLADDR, lladdr],
    /** Requests sent since it was last confirmed. */
    probes: [NDA.PROBES, u32],
    cacheInfo: [NDA.CACHEINFO, cacheInfo],
    freebsd: [NDA.FREEBSD, nest(freebsd)],
    // Only in requests.
    interfaceIndex: [NDA.IFINDEX, u32],
    flagsExt: [NDA.FLAGS_EXT, flags(u32, "NTF_", NTF)],
  }),
  summary: ["{destination}", "lladdr {lladdr}", "dev {index?}", "state {state?}", "flags {flags?}", "probes {probes}"],
});

export type Neighbour = TypeOf<typeof neighbour>;
