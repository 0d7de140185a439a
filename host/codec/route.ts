// Routes: rtmsg and RTA_* (netlink/route/route.h), in the order of dump_px (netlink/route/rt.c).

import { NETLINK } from "../../assembly/abi/netlink.js";
import { RT_SCOPE, RTA, RTAX, RTF, RTM, RTM_F, RTN, RTPROT } from "../../assembly/abi/rtnetlink.js";
import { attributes, nest } from "./attributes.js";
import { family, flags, i32, ip, named, u8, u32, via } from "./kind.js";
import { records } from "./records.js";
import { message, type TypeOf } from "./schema.js";
import { struct } from "./struct.js";

const rtmsg = struct("rtmsg", {
  family: ["rtm_family", family],
  destinationLength: ["rtm_dst_len", u8],
  sourceLength: ["rtm_src_len", u8],
  tos: ["rtm_tos", u8],
  /** The fib while it is below 255; `fib` has it always. */
  table: ["rtm_table", u8],
  protocol: ["rtm_protocol", named(u8, "RTPROT_", RTPROT)],
  scope: ["rtm_scope", named(u8, "RT_SCOPE_", RT_SCOPE)],
  type: ["rtm_type", named(u8, "RTN_", RTN)],
  flags: ["rtm_flags", flags(u32, "RTM_F_", RTM_F)],
});

const metrics = nest(attributes("RTAX_", RTAX, { mtu: [RTAX.MTU, u32] }));
const routeFlags = flags(u32, "RTF_", RTF);

/** rtnexthop behind its length. FreeBSD keeps the weight itself in rtnh_hops, not the weight - 1. */
const rtnexthop = struct("rtnexthop", {
  flags: ["rtnh_flags", u8],
  weight: ["rtnh_hops", u8],
  index: ["rtnh_ifindex", i32],
});

const path = attributes("RTA_", RTA, {
  gateway: [RTA.GATEWAY, ip],
  via: [RTA.VIA, via],
  routeFlags: [RTA.RTFLAGS, routeFlags],
  metrics: [RTA.METRICS, metrics],
});

export const route = message("route", {
  protocol: NETLINK.ROUTE,
  types: { prefix: "RTM_", names: RTM, of: [RTM.NEWROUTE, RTM.DELROUTE, RTM.GETROUTE] },
  header: rtmsg,
  attributes: attributes("RTA_", RTA, {
    fib: [RTA.TABLE, u32],
    destination: [RTA.DST, ip],
    gateway: [RTA.GATEWAY, ip],
    via: [RTA.VIA, via],
    nexthopId: [RTA.NH_ID, u32],
    /** Index of the kernel's nexthop, or of its group. */
    kernelNexthop: [RTA.KNH_ID, u32],
    routeFlags: [RTA.RTFLAGS, routeFlags],
    metrics: [RTA.METRICS, metrics],
    /** Seconds left when the kernel sends it, an absolute second in a request. */
    expires: [RTA.EXPIRES, u32],
    oif: [RTA.OIF, u32],
    priority: [RTA.PRIORITY, u32],
    multipath: [
      RTA.MULTIPATH,
      records("rtnh_len", rtnexthop, path, ["via {gateway}", "via {via}", "dev {index?}", "weight {weight}"]),
    ],
    weight: [RTA.WEIGHT, u32],
  }),
  summary: [
    "{destination}/{destinationLength}",
    "via {gateway}",
    "via {via}",
    "nhid {nexthopId}",
    "dev {oif}",
    "paths {multipath}",
    "weight {weight}",
    "proto {protocol?}",
    "fib {fib}",
  ],
});

export type Route = TypeOf<typeof route>;
