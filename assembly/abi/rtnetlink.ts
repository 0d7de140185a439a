// NETLINK_ROUTE's numbers (netlink/netlink_route.h, netlink/route/*.h), FreeBSD's where Linux has others.

/** Message types. */
export enum RTM {
  NEWLINK = 16,
  DELLINK = 17,
  GETLINK = 18,
  SETLINK = 19,
  NEWADDR = 20,
  DELADDR = 21,
  GETADDR = 22,
  NEWROUTE = 24,
  DELROUTE = 25,
  GETROUTE = 26,
  NEWNEIGH = 28,
  DELNEIGH = 29,
  GETNEIGH = 30,
  NEWRULE = 32,
  DELRULE = 33,
  GETRULE = 34,
  NEWQDISC = 36,
  DELQDISC = 37,
  GETQDISC = 38,
  NEWTCLASS = 40,
  DELTCLASS = 41,
  GETTCLASS = 42,
  NEWTFILTER = 44,
  DELTFILTER = 45,
  GETTFILTER = 46,
  NEWACTION = 48,
  DELACTION = 49,
  GETACTION = 50,
  NEWPREFIX = 52,
  GETMULTICAST = 58,
  GETANYCAST = 62,
  NEWNEIGHTBL = 64,
  GETNEIGHTBL = 66,
  SETNEIGHTBL = 67,
  NEWNDUSEROPT = 68,
  NEWADDRLABEL = 72,
  DELADDRLABEL = 73,
  GETADDRLABEL = 74,
  GETDCB = 78,
  SETDCB = 79,
  NEWNETCONF = 80,
  GETNETCONF = 82,
  NEWMDB = 84,
  DELMDB = 85,
  GETMDB = 86,
  NEWNSID = 88,
  DELNSID = 89,
  GETNSID = 90,
  NEWSTATS = 92,
  GETSTATS = 94,
  NEWNEXTHOP = 104,
  DELNEXTHOP = 105,
  GETNEXTHOP = 106,
}

/** Types from here on are unknown: NL_RTM_MAX (107) + 10. */
export const RTM_LIMIT = 117;

export enum RTNLGRP {
  NONE = 0,
  LINK = 1,
  NOTIFY = 2,
  NEIGH = 3,
  TC = 4,
  IPV4_IFADDR = 5,
  IPV4_MROUTE = 6,
  IPV4_ROUTE = 7,
  IPV4_RULE = 8,
  IPV6_IFADDR = 9,
  IPV6_MROUTE = 10,
  IPV6_ROUTE = 11,
  IPV6_IFINFO = 12,
  DECNET_IFADDR = 13,
  NOP2 = 14,
  DECNET_ROUTE = 15,
  DECNET_RULE = 16,
  NOP4 = 17,
  IPV6_PREFIX = 18,
  IPV6_RULE = 19,
  ND_USEROPT = 20,
  PHONET_IFADDR = 21,
  PHONET_ROUTE = 22,
  DCB = 23,
  IPV4_NETCONF = 24,
  IPV6_NETCONF = 25,
  MDB = 26,
  MPLS_ROUTE = 27,
  NSID = 28,
  MPLS_NETCONF = 29,
  IPV4_MROUTE_R = 30,
  IPV6_MROUTE_R = 31,
  NEXTHOP = 32,
  BRVLAN = 33,
}

/** Sizes of the family headers. */
export enum HeaderSize {
  RTGENMSG = 1,
  IFINFOMSG = 16,
  IFADDRMSG = 8,
  NDMSG = 12,
  RTMSG = 12,
  NHMSG = 8,
  RTNEXTHOP = 8,
  IFA_CACHEINFO = 16,
  NDA_CACHEINFO = 16,
  STATS64 = 192,
}

/** Offsets in an ifinfomsg. */
export enum IfInfoMsg {
  FAMILY = 0,
  PAD = 1,
  TYPE = 2,
  INDEX = 4,
  FLAGS = 8,
  CHANGE = 12,
}

/** Offsets in an ifaddrmsg. */
export enum IfAddrMsg {
  FAMILY = 0,
  PREFIXLEN = 1,
  FLAGS = 2,
  SCOPE = 3,
  INDEX = 4,
}

/** Offsets in an rtmsg. */
export enum RtMsg {
  FAMILY = 0,
  DST_LEN = 1,
  SRC_LEN = 2,
  TOS = 3,
  TABLE = 4,
  PROTOCOL = 5,
  SCOPE = 6,
  TYPE = 7,
  FLAGS = 8,
}

/** Offsets in an ndmsg. */
export enum NdMsg {
  FAMILY = 0,
  IFINDEX = 4,
  STATE = 8,
  FLAGS = 10,
  TYPE = 11,
}

/** Offsets in an rtnexthop. */
export enum RtNextHop {
  LEN = 0,
  FLAGS = 2,
  HOPS = 3,
  IFINDEX = 4,
}

/** A member of NHA_GROUP (struct nexthop_grp). */
export enum NexthopGrp {
  ID = 0,
  WEIGHT = 4,
  BYTES = 8,
}

/** Offsets in an nhmsg. */
export enum NhMsg {
  FAMILY = 0,
  SCOPE = 1,
  PROTOCOL = 2,
  FLAGS = 4,
}

export enum IFLA {
  ADDRESS = 1,
  BROADCAST = 2,
  IFNAME = 3,
  MTU = 4,
  LINK = 5,
  QDISC = 6,
  STATS = 7,
  COST = 8,
  PRIORITY = 9,
  MASTER = 10,
  WIRELESS = 11,
  PROTINFO = 12,
  TXQLEN = 13,
  MAP = 14,
  WEIGHT = 15,
  OPERSTATE = 16,
  LINKMODE = 17,
  LINKINFO = 18,
  NET_NS_PID = 19,
  IFALIAS = 20,
  NUM_VF = 21,
  VFINFO_LIST = 22,
  STATS64 = 23,
  VF_PORTS = 24,
  PORT_SELF = 25,
  AF_SPEC = 26,
  GROUP = 27,
  NET_NS_FD = 28,
  EXT_MASK = 29,
  PROMISCUITY = 30,
  NUM_TX_QUEUES = 31,
  NUM_RX_QUEUES = 32,
  CARRIER = 33,
  PHYS_PORT_ID = 34,
  CARRIER_CHANGES = 35,
  PHYS_SWITCH_ID = 36,
  LINK_NETNSID = 37,
  PHYS_PORT_NAME = 38,
  PROTO_DOWN = 39,
  GSO_MAX_SEGS = 40,
  GSO_MAX_SIZE = 41,
  PAD = 42,
  XDP = 43,
  EVENT = 44,
  NEW_NETNSID = 45,
  IF_NETNSID = 46,
  CARRIER_UP_COUNT = 47,
  CARRIER_DOWN_COUNT = 48,
  NEW_IFINDEX = 49,
  MIN_MTU = 50,
  MAX_MTU = 51,
  PROP_LIST = 52,
  ALT_IFNAME = 53,
  PERM_ADDRESS = 54,
  PROTO_DOWN_REASON = 55,
  PARENT_DEV_NAME = 56,
  PARENT_DEV_BUS_NAME = 57,
  GRO_MAX_SIZE = 58,
  TSO_MAX_SEGS = 59,
  ALLMULTI = 60,
  DEVLINK_PORT = 61,
  GSO_IPV4_MAX_SIZE = 62,
  GRO_IPV4_MAX_SIZE = 63,
  FREEBSD = 64,
}

export enum IFLA_INFO {
  KIND = 1,
  DATA = 2,
  XSTATS = 3,
  SLAVE_KIND = 4,
  SLAVE_DATA = 5,
}

export enum IFLA_VLAN {
  ID = 1,
  FLAGS = 2,
  EGRESS_QOS = 3,
  INGRESS_QOS = 4,
  PROTOCOL = 5,
}

/** Of a gif (FreeBSD 16). */
export enum IFLA_IPTUN {
  LOCAL = 1,
  REMOTE = 2,
  /** GIF bits. */
  FLAGS = 3,
}

/** Of a gre (FreeBSD 16). */
export enum IFLA_GRE {
  LOCAL = 1,
  REMOTE = 2,
  /** GRE bits. */
  FLAGS = 3,
  OKEY = 4,
  /** IFLA_TUNNEL_* */
  ENCAP_TYPE = 5,
  /** Host order. */
  ENCAP_SPORT = 6,
}

/** Encapsulation types. */
export enum IFLA_TUNNEL {
  NONE = 0,
  GRE_UDP = 1,
}

/** Inside IFLA_FREEBSD. */
export enum IFLAF {
  ORIG_IFNAME = 1,
  ORIG_HWADDR = 2,
  CAPS = 3,
}

/** Members of a bitset (netlink/netlink_bitset.h). */
export enum NLA_BITSET {
  NOMASK = 1,
  SIZE = 2,
  BITS = 3,
  VALUE = 4,
  MASK = 5,
}

export enum IFA {
  ADDRESS = 1,
  LOCAL = 2,
  LABEL = 3,
  BROADCAST = 4,
  ANYCAST = 5,
  CACHEINFO = 6,
  MULTICAST = 7,
  FLAGS = 8,
  RT_PRIORITY = 9,
  TARGET_NETNSID = 10,
  FREEBSD = 11,
}

/** Inside IFA_FREEBSD. */
export enum IFAF {
  VHID = 1,
  FLAGS = 2,
}

export enum IFA_F {
  TEMPORARY = 0x1,
  NODAD = 0x2,
  OPTIMISTIC = 0x4,
  DADFAILED = 0x8,
  HOMEADDRESS = 0x10,
  DEPRECATED = 0x20,
  TENTATIVE = 0x40,
  PERMANENT = 0x80,
  MANAGETEMPADDR = 0x100,
  NOPREFIXROUTE = 0x200,
  MCAUTOJOIN = 0x400,
  STABLE_PRIVACY = 0x800,
}

export enum NDA {
  DST = 1,
  LLADDR = 2,
  CACHEINFO = 3,
  PROBES = 4,
  VLAN = 5,
  PORT = 6,
  VNI = 7,
  IFINDEX = 8,
  MASTER = 9,
  LINK_NETNSID = 10,
  SRC_VNI = 11,
  PROTOCOL = 12,
  NH_ID = 13,
  FDB_EXT_ATTRS = 14,
  FLAGS_EXT = 15,
  NDM_STATE_MASK = 16,
  NDM_FLAGS_MASK = 17,
  FREEBSD = 18,
}

/** Inside NDA_FREEBSD. */
export enum NDAF {
  NEXT_STATE_TS = 1,
}

export enum RTA {
  DST = 1,
  SRC = 2,
  IIF = 3,
  OIF = 4,
  GATEWAY = 5,
  PRIORITY = 6,
  PREFSRC = 7,
  METRICS = 8,
  MULTIPATH = 9,
  KNH_ID = 10,
  FLOW = 11,
  CACHEINFO = 12,
  WEIGHT = 13,
  RTFLAGS = 14,
  TABLE = 15,
  MARK = 16,
  MFC_STATS = 17,
  VIA = 18,
  NEWDST = 19,
  PREF = 20,
  ENCAP_TYPE = 21,
  ENCAP = 22,
  EXPIRES = 23,
  PAD = 24,
  UID = 25,
  TTL_PROPAGATE = 26,
  IP_PROTO = 27,
  SPORT = 28,
  DPORT = 29,
  NH_ID = 30,
}

/** Members of RTA_METRICS (NL_RTAX_*). */
export enum RTAX {
  LOCK = 1,
  MTU = 2,
  WINDOW = 3,
  RTT = 4,
  RTTVAR = 5,
  SSTHRESH = 6,
  CWND = 7,
  ADVMSS = 8,
  REORDERING = 9,
  HOPLIMIT = 10,
  INITCWND = 11,
  FEATURES = 12,
  RTO_MIN = 13,
  INITRWND = 14,
  QUICKACK = 15,
  FASTOPEN_NO_COOKIE = 16,
}

/** rtm_flags; only PREFIX has an effect. */
export enum RTM_F {
  NOTIFY = 0x100,
  CLONED = 0x200,
  EQUALIZE = 0x400,
  PREFIX = 0x800,
  LOOKUP_TABLE = 0x1000,
  FIB_MATCH = 0x2000,
  OFFLOAD = 0x4000,
  TRAP = 0x8000,
  OFFLOAD_FAILED = 0x20000000,
}

export enum RTN {
  UNSPEC = 0,
  UNICAST = 1,
  LOCAL = 2,
  BROADCAST = 3,
  ANYCAST = 4,
  MULTICAST = 5,
  BLACKHOLE = 6,
  UNREACHABLE = 7,
  PROHIBIT = 8,
  THROW = 9,
  NAT = 10,
  XRESOLVE = 11,
}

export enum RTPROT {
  UNSPEC = 0,
  REDIRECT = 1,
  KERNEL = 2,
  BOOT = 3,
  STATIC = 4,
  GATED = 8,
  RA = 9,
  MRT = 10,
  ZEBRA = 11,
  BIRD = 12,
  DNROUTED = 13,
  XORP = 14,
  NTK = 15,
  DHCP = 16,
  MROUTED = 17,
  KEEPALIVED = 18,
  BABEL = 42,
  OPENR = 99,
  BGP = 186,
  ISIS = 187,
  OSPF = 188,
  RIP = 189,
  EIGRP = 192,
}

export enum RT_SCOPE {
  UNIVERSE = 0,
  SITE = 200,
  LINK = 253,
  HOST = 254,
  NOWHERE = 255,
}

/** Route flags (net/route.h), in RTA_RTFLAGS. */
export enum RTF {
  UP = 0x1,
  GATEWAY = 0x2,
  HOST = 0x4,
  REJECT = 0x8,
  DYNAMIC = 0x10,
  MODIFIED = 0x20,
  DONE = 0x40,
  XRESOLVE = 0x200,
  LLDATA = 0x400,
  STATIC = 0x800,
  BLACKHOLE = 0x1000,
  PROTO2 = 0x4000,
  PROTO1 = 0x8000,
  PROTO3 = 0x40000,
  FIXEDMTU = 0x80000,
  PINNED = 0x100000,
  LOCAL = 0x200000,
  BROADCAST = 0x400000,
  MULTICAST = 0x800000,
  STICKY = 0x10000000,
}

export enum NHA {
  ID = 1,
  GROUP = 2,
  GROUP_TYPE = 3,
  BLACKHOLE = 4,
  OIF = 5,
  GATEWAY = 6,
  ENCAP_TYPE = 7,
  ENCAP = 8,
  GROUPS = 9,
  MASTER = 10,
  FDB = 11,
  RES_GROUP = 12,
  RES_BUCKET = 13,
  FREEBSD = 14,
}

/** Inside NHA_FREEBSD. */
export enum NHAF {
  KNHOPS = 1,
  KGROUPS = 2,
  TABLE = 3,
  FAMILY = 4,
  KID = 5,
  AIF = 6,
}

export enum NUD {
  NONE = 0,
  INCOMPLETE = 0x1,
  REACHABLE = 0x2,
  STALE = 0x4,
  DELAY = 0x8,
  PROBE = 0x10,
  FAILED = 0x20,
  NOARP = 0x40,
  PERMANENT = 0x80,
}

export enum NTF {
  USE = 0x1,
  SELF = 0x2,
  MASTER = 0x4,
  PROXY = 0x8,
  EXT_LEARNED = 0x10,
  OFFLOADED = 0x20,
  STICKY = 0x40,
  ROUTER = 0x80,
}

/** Limits of routes and nexthops (net/route/nhop.h, net/route.h). */
export enum RouteLimit {
  FIBS = 65535,
  WEIGHT_DEFAULT = 1,
  WEIGHT = 0x00ffffff,
  PATHS = 64,
}
