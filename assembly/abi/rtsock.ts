// Routing sockets, PF_ROUTE: messages, sockaddrs, metrics and sysctls (net/route.h, net/if.h, net/if_dl.h, sys/socket.h).
// Netlink has an RTM_NEWADDR, an RTA_DST and an RTAX_MTU of its own, with other numbers (rtsock G.8): these begin with ROUTE.

/** rtm_type (RTM_*). */
export enum ROUTE_RTM {
  ADD = 0x1,
  DELETE = 0x2,
  CHANGE = 0x3,
  GET = 0x4,
  LOSING = 0x5,
  REDIRECT = 0x6,
  MISS = 0x7,
  LOCK = 0x8,
  RESOLVE = 0xb,
  NEWADDR = 0xc,
  DELADDR = 0xd,
  IFINFO = 0xe,
  NEWMADDR = 0xf,
  DELMADDR = 0x10,
  IFANNOUNCE = 0x11,
  IEEE80211 = 0x12,
}

/** The third byte of every message (RTM_VERSION). */
export const ROUTE_VERSION = 5;

/** Bits of rtm_addrs: which sockaddrs follow, in ascending order (RTA_*). */
export enum ROUTE_RTA {
  DST = 0x1,
  GATEWAY = 0x2,
  NETMASK = 0x4,
  GENMASK = 0x8,
  IFP = 0x10,
  IFA = 0x20,
  AUTHOR = 0x40,
  BRD = 0x80,
}

/** The places of those sockaddrs (RTAX_*). */
export enum ROUTE_RTAX {
  DST = 0,
  GATEWAY = 1,
  NETMASK = 2,
  GENMASK = 3,
  IFP = 4,
  IFA = 5,
  AUTHOR = 6,
  BRD = 7,
  MAX = 8,
}

/** Bits of rtm_inits: which metrics a request sets. */
export enum RTV {
  MTU = 0x1,
  HOPCOUNT = 0x2,
  EXPIRE = 0x4,
  RPIPE = 0x8,
  SPIPE = 0x10,
  SSTHRESH = 0x20,
  RTT = 0x40,
  RTTVAR = 0x80,
  WEIGHT = 0x100,
}

/** ifan_what */
export enum IFAN {
  ARRIVAL = 0,
  DEPARTURE = 1,
}

/** Bytes of headers. */
export enum RouteSize {
  RT_MSGHDR = 152,
  RT_METRICS = 112,
  IF_MSGHDR = 168,
  IF_MSGHDRL = 176,
  IFA_MSGHDR = 20,
  IFA_MSGHDRL = 176,
  IFMA_MSGHDR = 16,
  IF_ANNOUNCEMSGHDR = 24,
  IF_DATA = 152,
  NHOP_EXTERNAL = 120,
  NHOP_ADDRS = 8,
}

/** struct rt_msghdr; every message begins with the first three. */
export enum RtMsgHdr {
  MSGLEN = 0,
  VERSION = 2,
  TYPE = 3,
  INDEX = 4,
  SPARE = 6,
  FLAGS = 8,
  ADDRS = 12,
  PID = 16,
  SEQ = 20,
  ERRNO = 24,
  FMASK = 28,
  INITS = 32,
  RMX = 40,
  MTU = 48,
  EXPIRE = 64,
  PKSENT = 112,
  WEIGHT = 120,
  NHIDX = 128,
}

/** struct if_msghdr, ifa_msghdr and ifma_msghdr, and those of NET_RT_IFLISTL. */
export enum IfMsgHdr {
  ADDRS = 4,
  FLAGS = 8,
  INDEX = 12,
  /** if_msghdr */
  DATA = 16,
  /** ifa_msghdr */
  METRIC = 16,
  /** if_msghdrl, ifa_msghdrl */
  LEN = 16,
  DATA_OFF = 18,
  METRICL = 20,
  DATAL = 24,
}

/** struct if_announcemsghdr */
export enum IfAnnounceMsgHdr {
  INDEX = 4,
  NAME = 6,
  WHAT = 22,
}

/** struct if_data */
export enum IfData {
  TYPE = 0,
  ADDRLEN = 2,
  HDRLEN = 3,
  LINK_STATE = 4,
  VHID = 5,
  DATALEN = 6,
  MTU = 8,
  METRIC = 12,
  BAUDRATE = 16,
  IPACKETS = 24,
  IERRORS = 32,
  OPACKETS = 40,
  OERRORS = 48,
  COLLISIONS = 56,
  IBYTES = 64,
  OBYTES = 72,
  IMCASTS = 80,
  OMCASTS = 88,
  IQDROPS = 96,
  OQDROPS = 104,
  NOPROTO = 112,
  HWASSIST = 120,
  EPOCH = 128,
  LASTCHANGE_SEC = 136,
  LASTCHANGE_USEC = 144,
}

/** Lengths of sockaddrs; in a message each takes its length rounded up to ALIGN, and a length of 0 takes ALIGN. */
export enum RouteSockaddr {
  ALIGN = 8,
  INET = 16,
  INET6 = 28,
  /** A link-level one of an interface with its name (RTAX_IFP). */
  LINK_NAMED = 56,
  /** struct sockaddr_dl */
  LINK = 54,
  /** The gateway of a route through an interface (struct sockaddr_dl_short). */
  LINK_SHORT = 16,
  /** sockaddr: the sender of every message. */
  SENDER = 2,
}

/** Offsets in sockaddrs. */
export enum RouteSockaddrAt {
  LEN = 0,
  FAMILY = 1,
  /** sockaddr_in */
  PORT = 2,
  INET_ADDRESS = 4,
  /** sockaddr_in6 */
  FLOWINFO = 4,
  INET6_ADDRESS = 8,
  SCOPE_ID = 24,
  /** sockaddr_dl */
  LINK_INDEX = 2,
  LINK_TYPE = 4,
  LINK_NLEN = 5,
  LINK_ALEN = 6,
  LINK_SLEN = 7,
  LINK_DATA = 8,
}

/** ifam_flags. */
export enum ROUTE_IFA {
  /** It owns its prefix's route. */
  ROUTE = 0x1,
  /** Its own host route is recorded. */
  RTSELF = 0x4,
}

/** Socket options of level SOL_SOCKET that routing sockets know besides those of all (sys/socket.h). */
export enum ROUTE_SO {
  USELOOPBACK = 0x40,
  SETFIB = 0x1014,
  RERROR = 0x20000,
}

/** How a socket is shut down. */
export enum SHUT {
  RD = 0,
  WR = 1,
  RDWR = 2,
}

/** The fifth number of the sysctl { CTL_NET, PF_ROUTE, 0, family, … }. */
export enum NET_RT {
  DUMP = 1,
  FLAGS = 2,
  IFLIST = 3,
  IFMALIST = 4,
  IFLISTL = 5,
  NHOP = 6,
  NHGRP = 7,
}

/** The first number of the sysctls of PF_ROUTE. */
export const CTL_NET = 4;

/** struct nhop_external, the addresses behind it, and what NET_RT_NHGRP has (net/route/nhop.h). */
export enum NhopExternal {
  LEN = 0,
  IDX = 4,
  FIB = 8,
  IFINDEX = 12,
  AIFINDEX = 16,
  FAMILY = 21,
  TYPE = 22,
  MTU = 24,
  FLAGS = 26,
  REFCOUNT = 112,
}

/** struct nhop_addrs */
export enum NhopAddrs {
  LEN = 0,
  GW_OFF = 4,
  SRC_OFF = 6,
}

/** struct nhgrp_container, and an item of one: index and weight. */
export enum NhGrpContainer {
  LEN = 0,
  COUNT = 4,
  TYPE = 6,
  BYTES = 8,
  ITEM_BYTES = 8,
}

/** What a container holds. */
export enum NhGrpType {
  PATHS = 1,
  SLOTS = 2,
}

/** net.rtsock.sendspace, net.rtsock.recvspace: bytes. */
export const ROUTE_SPACE = 8192;
