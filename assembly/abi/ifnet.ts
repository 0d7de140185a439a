// Interfaces: flags, types, states and capabilities (net/if.h, net/if_types.h).

export enum IFF {
  UP = 0x1,
  BROADCAST = 0x2,
  DEBUG = 0x4,
  LOOPBACK = 0x8,
  POINTOPOINT = 0x10,
  NEEDSEPOCH = 0x20,
  RUNNING = 0x40,
  NOARP = 0x80,
  PROMISC = 0x100,
  ALLMULTI = 0x200,
  OACTIVE = 0x400,
  SIMPLEX = 0x800,
  LINK0 = 0x1000,
  LINK1 = 0x2000,
  LINK2 = 0x4000,
  MULTICAST = 0x8000,
  CANTCONFIG = 0x10000,
  PPROMISC = 0x20000,
  MONITOR = 0x40000,
  STATICARP = 0x80000,
  STICKYARP = 0x100000,
  DYING = 0x200000,
  RENAMING = 0x400000,
  PALLMULTI = 0x800000,
  /** Only in ifi_flags: the operational state is UP (netlink/route/iface.c). */
  LOWER_UP = 0x1000000,
}

export enum IFT {
  ETHER = 6,
  PPP = 23,
  LOOP = 24,
  PROPVIRTUAL = 53,
  IEEE80211 = 71,
  TUNNEL = 131,
  L2VLAN = 135,
  IEEE1394 = 144,
  IEEE8023ADLAG = 161,
  INFINIBAND = 199,
  BRIDGE = 209,
  STF = 215,
  GIF = 240,
  WIREGUARD = 241,
  ENC = 244,
  PFLOG = 246,
  PFSYNC = 247,
}

/** RFC 2863 operational states, as IFLA_OPERSTATE carries them. */
export enum IF_OPER {
  UNKNOWN = 0,
  NOTPRESENT = 1,
  DOWN = 2,
  LOWERLAYERDOWN = 3,
  TESTING = 4,
  DORMANT = 5,
  UP = 6,
}

/** if_data's link state. */
export enum LINK_STATE {
  UNKNOWN = 0,
  DOWN = 1,
  UP = 2,
}

/** Interface capabilities, as bit numbers (net/if.h, IFCAP_B_*). */
export enum IFCAP {
  RXCSUM = 0,
  TXCSUM = 1,
  NETCONS = 2,
  VLAN_MTU = 3,
  VLAN_HWTAGGING = 4,
  JUMBO_MTU = 5,
  POLLING = 6,
  VLAN_HWCSUM = 7,
  TSO4 = 8,
  TSO6 = 9,
  LRO = 10,
  WOL_UCAST = 11,
  WOL_MCAST = 12,
  WOL_MAGIC = 13,
  TOE4 = 14,
  TOE6 = 15,
  VLAN_HWFILTER = 16,
  VLAN_HWTSO = 18,
  LINKSTATE = 19,
  NETMAP = 20,
  RXCSUM_IPV6 = 21,
  TXCSUM_IPV6 = 22,
  HWSTATS = 23,
  TXRTLMT = 24,
  HWRXTSTMP = 25,
  MEXTPG = 26,
  TXTLS4 = 27,
  TXTLS6 = 28,
  VXLAN_HWCSUM = 29,
  VXLAN_HWTSO = 30,
  TXTLS_RTLMT = 31,
  RXTLS4 = 32,
  RXTLS6 = 33,
  IPSEC_OFFLOAD = 34,
  /** Bits reported in IFLAF_CAPS (rtnetlink B.1.4). */
  COUNT = 35,
}

/** What the host can change of an interface by one call, as an ioctl or a driver would. */
export enum IfChange {
  /** Bytes. */
  MTU = 0,
  /** The text, NUL-terminated; empty = none. */
  DESCRIPTION = 1,
  /** The address; its length. */
  LLADDR = 2,
  /** IFF bits to set, and to clear. */
  FLAGS = 3,
  /** A reference is taken or given back. */
  PROMISCUOUS = 4,
  ALLMULTI = 5,
  /** The capabilities that are switched on, in eight bytes. */
  CAPABILITIES = 6,
  /** Whether there is one. */
  CARRIER = 7,
  /** COUNTERS times eight bytes. */
  COUNTERS = 8,
  /** Whether a program opens or closes it. */
  DEVICE = 9,
  /** The fib of its routes. */
  FIB = 10,
  /** gif, gre: a TunnelLayout; its family 0 takes the endpoints away. */
  TUNNEL = 11,
  /** GIF or GRE bits, all that are to be on. */
  TUNNEL_FLAGS = 12,
  /** gre: the key of packets that go out, 0 = none; the UDP port they come from, 0 = any. */
  TUNNEL_KEY = 13,
  TUNNEL_PORT = 14,
  /** ND6_IFF bits to set, and to clear. */
  ND6 = 15,
}

/** What a gif does (net/if_gif.h). */
export enum GIF {
  /** The interface's MTU counts for outer packets of IPv6 too. */
  NOCLAMP = 0x1,
  /** Packets to the local endpoint are taken from anywhere. */
  IGNORE_SOURCE = 0x2,
}

/** What a gre does (net/if_gre.h). */
export enum GRE {
  ENABLE_CSUM = 0x1,
  ENABLE_SEQ = 0x2,
  /** GRE in UDP (RFC 8086). */
  UDPENCAP = 0x4,
}

/** Limits of interfaces (net/if.h, net/if_clone.h). */
export enum IfLimit {
  /** Bytes of a name, NUL included. */
  NAMSIZ = 16,
  MIN_MTU = 72,
  MAX_MTU = 65535,
  MAX_UNIT = 0x7fff,
  /** Bytes of a link-layer address that an interface record holds. */
  LLADDR = 8,
  /** Bytes of a description, NUL included (ifdescr_maxlen). */
  DESCRIPTION = 64,
}

/** Address flags of IPv6 (netinet6/in6_var.h); IFAF_FLAGS carries them raw. */
export enum IN6_IFF {
  ANYCAST = 0x1,
  TENTATIVE = 0x2,
  DUPLICATED = 0x4,
  DETACHED = 0x8,
  DEPRECATED = 0x10,
  NODAD = 0x20,
  AUTOCONF = 0x40,
  TEMPORARY = 0x80,
  PREFER_SOURCE = 0x100,
}

/** What IPv6 does on an interface (netinet6/nd6.h). */
export enum ND6_IFF {
  PERFORMNUD = 0x1,
  /** Router advertisements are heeded. */
  ACCEPT_RTADV = 0x2,
  /** IPv6 is off: no link-local address, no duplicate address detection, until the first address is given. */
  IFDISABLED = 0x8,
  /** A link-local address is made when the interface comes up. */
  AUTO_LINKLOCAL = 0x20,
  /** Advertisements make no default router. */
  NO_RADR = 0x40,
  NO_DAD = 0x100,
}
