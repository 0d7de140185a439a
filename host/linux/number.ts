// Linux's numbers where FreeBSD has others, or none (include/uapi/linux: netlink.h, rtnetlink.h, if_link.h, if_arp.h, if.h,
// asm-generic/socket.h). What both share is in assembly/abi.

/** Message types of NETLINK_ROUTE that FreeBSD's header does not name. */
export const LinuxRTM = {
  NEWNEXTHOPBUCKET: 116,
  GETNEXTHOPBUCKET: 118,
  NEWVLAN: 112,
  DELVLAN: 113,
  GETVLAN: 114,
  NEWLINKPROP: 108,
  DELLINKPROP: 109,
  GETCHAIN: 102,
  GETTUNNEL: 122,
} as const;

/** Options of level SOL_SOCKET. */
export const LinuxSO = {
  DEBUG: 1,
  REUSEADDR: 2,
  TYPE: 3,
  ERROR: 4,
  DONTROUTE: 5,
  BROADCAST: 6,
  SNDBUF: 7,
  RCVBUF: 8,
  KEEPALIVE: 9,
  OOBINLINE: 10,
  PRIORITY: 12,
  REUSEPORT: 15,
  PASSCRED: 16,
  PEERCRED: 17,
  RCVLOWAT: 18,
  SNDLOWAT: 19,
  RCVTIMEO: 20,
  SNDTIMEO: 21,
  ATTACH_FILTER: 26,
  DETACH_FILTER: 27,
  TIMESTAMP: 29,
  TIMESTAMPNS: 35,
  SNDBUFFORCE: 32,
  RCVBUFFORCE: 33,
  MARK: 36,
  PROTOCOL: 38,
  DOMAIN: 39,
} as const;

/** Flags of send and receive calls. */
export const LinuxMSG = {
  OOB: 0x1,
  PEEK: 0x2,
  DONTROUTE: 0x4,
  CTRUNC: 0x8,
  TRUNC: 0x20,
  DONTWAIT: 0x40,
  EOR: 0x80,
  WAITALL: 0x100,
  NOSIGNAL: 0x4000,
} as const;

export const LinuxSOL = { SOCKET: 1, NETLINK: 270 } as const;

/** Limits and sizes of Linux's netlink sockets. */
export const LinuxLimit = {
  /** RTNLGRP_MAX of 6.x. */
  GROUPS: 39,
  /** Of generic netlink: as many as the kernel lets join, more than its families can have. */
  GENERIC_GROUPS: 127,
  /** net.core.rmem_default and wmem_default, rmem_max and wmem_max, in bytes. */
  SOCKBUF: 212_992,
  /** SOCK_MIN_RCVBUF, SOCK_MIN_SNDBUF: what a smaller value becomes, already doubled. */
  RCVBUF_LEAST: 2304,
  SNDBUF_LEAST: 4608,
  /** Of SO_SNDBUF: what a message cannot use (af_netlink.c, netlink_sendmsg). */
  SNDBUF_OVERHEAD: 32,
  /** Largest receive buffer that makes a difference to dumps: 32,768. */
  OFFER: 32_768,
  /** A dump's datagram is filled up to what the reader offered, within these (E2.3). */
  CHUNK_LEAST: 3776,
  CHUNK_MOST: 32_448,
  /** RTM_MAX of 6.x: types above are nobody's. */
  TYPE: 123,
  /** IFNAMSIZ, with the NUL. */
  IFNAMSIZ: 16,
} as const;

/** A lifetime in seconds that never ends (INFINITY_LIFE_TIME). */
export const FOREVER = 0xffffffff;

/** Flags of TLVs behind an NLMSG_ERROR that FreeBSD lacks (NLMSGERR_ATTR_*). */
export const LinuxErrorAttribute = { MSG: 1, OFFS: 2, COOKIE: 3, POLICY: 4, MISS_TYPE: 5, MISS_NEST: 6 } as const;
