// Nexthops: nhmsg and NHA_* (netlink/route/nexthop.h), in the order of dump_nhop and dump_nhgrp (netlink/route/nexthop.c).
// A user's nexthop has an id. The kernel's own have none, but an index (NHAF_KID) within a fib and a family.

import { AF } from "../../assembly/abi/inet.js";
import { NETLINK } from "../../assembly/abi/netlink.js";
import { NHA, NHAF, RT_SCOPE, RTM, RTPROT } from "../../assembly/abi/rtnetlink.js";
import { attributes, nest } from "./attributes.js";
import { family, flag, ip, type Kind, named, u8, u16, u32 } from "./kind.js";
import { array } from "./records.js";
import { message, type TypeOf } from "./schema.js";
import { struct } from "./struct.js";

const nhmsg = struct("nhmsg", {
  /** Of the gateway; AF_UNSPEC for groups. */
  family: ["nh_family", family],
  scope: ["nh_scope", named(u8, "RT_SCOPE_", RT_SCOPE)],
  protocol: ["nh_protocol", named(u8, "RTPROT_", RTPROT)],
  reserved: ["resvd", u8],
  flags: ["nh_flags", u32],
});

/** A member of a group. FreeBSD takes and shows the weight itself, not the weight - 1. */
const member = struct("nexthop_grp", {
  id: ["id", u32],
  weight: ["weight", u8],
  reserved1: ["resvd1", u8],
  reserved2: ["resvd2", u16],
});

const names = named(u8, "AF_", AF);

/** NHAF_FAMILY: one byte in a request to show nexthops, four in what the kernel writes (nexthop.c). */
const familyOfFib: Kind<number> = {
  name: "an address family of 1 or 4 bytes",
  isLoose: true,
  read(reader, length) {
    if (length !== 1 && length !== 4) throw reader.error(familyOfFib.name, `${length} bytes`);
    return length === 1 ? reader.u8() : reader.u32();
  },
  write: (writer, value, before) => (writer.type === RTM.GETNEXTHOP ? u8 : u32).write(writer, value, before),
  show: names.show,
  ...(names.brief ? { brief: names.brief } : {}),
};

/** A flag that reads as its name in one line. */
function called(name: string): Kind<true> {
  return { ...flag, brief: () => name };
}

const freebsd = attributes("NHAF_", NHAF, {
  /** Index of the interface whose address is the source address. */
  addressInterface: [NHAF.AIF, u32],
  /** Index of the kernel's nexthop; a request for one names its fib and family as well. */
  kernelNexthop: [NHAF.KID, u32],
  family: [NHAF.FAMILY, familyOfFib],
  fib: [NHAF.TABLE, u32],
  // Only in requests: a dump of the kernel's nexthops of a fib and family, or of its groups, which FreeBSD does not answer.
  kernelNexthops: [NHAF.KNHOPS, called("knhops")],
  kernelGroups: [NHAF.KGROUPS, called("kgroups")],
});

export const nexthop = message("nexthop", {
  protocol: NETLINK.ROUTE,
  types: { prefix: "RTM_", names: RTM, of: [RTM.NEWNEXTHOP, RTM.DELNEXTHOP, RTM.GETNEXTHOP] },
  header: nhmsg,
  attributes: attributes("NHA_", NHA, {
    id: [NHA.ID, u32],
    /** NEXTHOP_GRP_TYPE_MPATH, 0. */
    groupType: [NHA.GROUP_TYPE, u16],
    group: [NHA.GROUP, array(member, ["{id}", "weight {weight}"])],
    blackhole: [NHA.BLACKHOLE, called("blackhole")],
    oif: [NHA.OIF, u32],
    gateway: [NHA.GATEWAY, ip],
    freebsd: [
      NHA.FREEBSD,
      nest(freebsd, [
        "aif {addressInterface}",
        "kid {kernelNexthop}",
        "family {family}",
        "fib {fib}",
        "{kernelNexthops}",
        "{kernelGroups}",
      ]),
    ],
    /** Only in requests: a dump of groups alone. */
    groups: [NHA.GROUPS, called("groups")],
  }),
  summary: [
    "id {id}",
    "via {gateway}",
    "dev {oif}",
    "{blackhole}",
    "group {group}",
    "{freebsd}",
    "{groups}",
    "proto {protocol?}",
  ],
});

export type Nexthop = TypeOf<typeof nexthop>;
