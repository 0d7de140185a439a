// Links: ifinfomsg and IFLA_* (netlink/route/interface.h), in the order of dump_iface (netlink/route/iface.c).

import { GIF, GRE, IF_OPER, IFCAP, IFF, IFT } from "../../assembly/abi/ifnet.js";
import { NETLINK } from "../../assembly/abi/netlink.js";
import {
  IFLA,
  IFLA_GRE,
  IFLA_INFO,
  IFLA_IPTUN,
  IFLA_TUNNEL,
  IFLA_VLAN,
  IFLAF,
  NLA_BITSET,
  RTM,
} from "../../assembly/abi/rtnetlink.js";
import { type AttributeValues, attributes, nest } from "./attributes.js";
import {
  bits,
  bytes,
  family,
  flag,
  flags,
  hexadecimal,
  i32,
  ip,
  lladdr,
  named,
  string,
  stringn,
  u8,
  u16,
  u32,
  u64,
  variant,
} from "./kind.js";
import { message, type TypeOf } from "./schema.js";
import { struct } from "./struct.js";

const ifinfomsg = struct("ifinfomsg", {
  family: ["ifi_family", family],
  pad: ["__ifi_pad", u8],
  type: ["ifi_type", named(u16, "IFT_", IFT)],
  index: ["ifi_index", i32],
  flags: ["ifi_flags", flags(u32, "IFF_", IFF)],
  change: ["ifi_change", flags(u32, "IFF_", IFF)],
});

/** rtnl_link_stats64 without Linux' last counter. FreeBSD fills the first eight, multicast and rx_nohandler. */
const statistics = struct("rtnl_link_stats64", {
  rxPackets: ["rx_packets", u64],
  txPackets: ["tx_packets", u64],
  rxBytes: ["rx_bytes", u64],
  txBytes: ["tx_bytes", u64],
  rxErrors: ["rx_errors", u64],
  txErrors: ["tx_errors", u64],
  rxDropped: ["rx_dropped", u64],
  txDropped: ["tx_dropped", u64],
  multicast: ["multicast", u64],
  collisions: ["collisions", u64],
  rxLengthErrors: ["rx_length_errors", u64],
  rxOverErrors: ["rx_over_errors", u64],
  rxCrcErrors: ["rx_crc_errors", u64],
  rxFrameErrors: ["rx_frame_errors", u64],
  rxFifoErrors: ["rx_fifo_errors", u64],
  rxMissedErrors: ["rx_missed_errors", u64],
  txAbortedErrors: ["tx_aborted_errors", u64],
  txCarrierErrors: ["tx_carrier_errors", u64],
  txFifoErrors: ["tx_fifo_errors", u64],
  txHeartbeatErrors: ["tx_heartbeat_errors", u64],
  txWindowErrors: ["tx_window_errors", u64],
  rxCompressed: ["rx_compressed", u64],
  txCompressed: ["tx_compressed", u64],
  rxNoHandler: ["rx_nohandler", u64],
});

/** Interface capabilities. FreeBSD sends the enabled ones as MASK and the supported ones as VALUE (iface.c). */
const capabilities = attributes("NLA_BITSET_", NLA_BITSET, {
  size: [NLA_BITSET.SIZE, u32],
  enabled: [NLA_BITSET.MASK, bits("IFCAP_", IFCAP)],
  supported: [NLA_BITSET.VALUE, bits("IFCAP_", IFCAP)],
  noMask: [NLA_BITSET.NOMASK, flag],
  bits: [NLA_BITSET.BITS, bytes],
});

const freebsd = attributes("IFLAF_", IFLAF, {
  originalName: [IFLAF.ORIG_IFNAME, string],
  originalAddress: [IFLAF.ORIG_HWADDR, lladdr],
  capabilities: [IFLAF.CAPS, nest(capabilities)],
});

const vlan = attributes("IFLA_VLAN_", IFLA_VLAN, {
  id: [IFLA_VLAN.ID, u16],
  protocol: [IFLA_VLAN.PROTOCOL, hexadecimal(u16)],
  flags: [IFLA_VLAN.FLAGS, bytes],
});

/** FreeBSD 16. */
const gif = attributes("IFLA_IPTUN_", IFLA_IPTUN, {
  local: [IFLA_IPTUN.LOCAL, ip],
  remote: [IFLA_IPTUN.REMOTE, ip],
  flags: [IFLA_IPTUN.FLAGS, flags(u32, "GIF_", GIF)],
});

/** FreeBSD 16, whose driver writes LOCAL twice (if_gre.c): the second is what counts, the first comes with the unknown ones. */
const gre = attributes("IFLA_GRE_", IFLA_GRE, {
  local: [IFLA_GRE.LOCAL, ip],
  remote: [IFLA_GRE.REMOTE, ip],
  flags: [IFLA_GRE.FLAGS, flags(u32, "GRE_", GRE)],
  key: [IFLA_GRE.OKEY, u32],
  encapType: [IFLA_GRE.ENCAP_TYPE, named(u32, "IFLA_TUNNEL_", IFLA_TUNNEL)],
  encapPort: [IFLA_GRE.ENCAP_SPORT, u16],
});

const information = attributes("IFLA_INFO_", IFLA_INFO, {
  kind: [IFLA_INFO.KIND, stringn],
  data: [IFLA_INFO.DATA, variant("kind", { vlan: nest(vlan), gif: nest(gif), gre: nest(gre) })],
});

export type GifData = AttributeValues<typeof gif.entries>;
export type GreData = AttributeValues<typeof gre.entries>;

export const link = message("link", {
  protocol: NETLINK.ROUTE,
  types: { prefix: "RTM_", names: RTM, of: [RTM.NEWLINK, RTM.DELLINK, RTM.GETLINK, RTM.SETLINK] },
  header: ifinfomsg,
  attributes: attributes("IFLA_", IFLA, {
    name: [IFLA.IFNAME, string],
    operState: [IFLA.OPERSTATE, named(u8, "IF_OPER_", IF_OPER)],
    carrier: [IFLA.CARRIER, u8],
    address: [IFLA.ADDRESS, lladdr],
    broadcast: [IFLA.BROADCAST, lladdr],
    mtu: [IFLA.MTU, u32],
    alias: [IFLA.IFALIAS, string],
    freebsd: [IFLA.FREEBSD, nest(freebsd)],
    statistics: [IFLA.STATS64, statistics],
    promiscuity: [IFLA.PROMISCUITY, u32],
    link: [IFLA.LINK, u32],
    information: [IFLA.LINKINFO, nest(information)],
    // Only in requests.
    alternativeName: [IFLA.ALT_IFNAME, string],
    group: [IFLA.GROUP, u32],
    extMask: [IFLA.EXT_MASK, u32],
    /** Only in the cookie of an ack: the index that a new link got. */
    newIndex: [IFLA.NEW_IFINDEX, u32],
  }),
  summary: [
    "{name}",
    "index {index?}",
    "type {type?}",
    "address {address}",
    "mtu {mtu}",
    "state {operState}",
    "flags {flags?}",
    "change {change?}",
  ],
});

export type Link = TypeOf<typeof link>;
