// Netlink's own numbers and layouts (netlink/netlink.h, netlink/netlink_ctl.h). Sizes in bytes, integers little endian.

/** Protocols of AF_NETLINK; only those with a handler can be opened. */
export enum NETLINK {
  ROUTE = 0,
  UNUSED = 1,
  USERSOCK = 2,
  FIREWALL = 3,
  SOCK_DIAG = 4,
  NFLOG = 5,
  XFRM = 6,
  SELINUX = 7,
  ISCSI = 8,
  AUDIT = 9,
  FIB_LOOKUP = 10,
  CONNECTOR = 11,
  NETFILTER = 12,
  IP6_FW = 13,
  DNRTMSG = 14,
  KOBJECT_UEVENT = 15,
  GENERIC = 16,
}

export enum SOCK {
  STREAM = 1,
  DGRAM = 2,
  RAW = 3,
  RDM = 4,
  SEQPACKET = 5,
}

/** nlmsg_flags. The 0x100 … 0x800 bits mean something else for GET, NEW, DELETE and NLMSG_ERROR. */
export enum NLM_F {
  REQUEST = 0x1,
  MULTI = 0x2,
  ACK = 0x4,
  ECHO = 0x8,
  DUMP_INTR = 0x10,
  DUMP_FILTERED = 0x20,
  ROOT = 0x100,
  MATCH = 0x200,
  ATOMIC = 0x400,
  DUMP = 0x300,
  REPLACE = 0x100,
  EXCL = 0x200,
  CREATE = 0x400,
  APPEND = 0x800,
  NONREC = 0x100,
  CAPPED = 0x100,
  ACK_TLVS = 0x200,
}

export enum NLMSG {
  NOOP = 1,
  ERROR = 2,
  DONE = 3,
  OVERRUN = 4,
  /** Types below are reserved for control messages. */
  MIN_TYPE = 0x10,
}

/** TLVs behind an NLMSG_ERROR. */
export enum NLMSGERR_ATTR {
  MSG = 1,
  OFFS = 2,
  COOKIE = 3,
  POLICY = 4,
}

/** TLVs of the control message that NETLINK_MSG_INFO asks for. */
export enum NLMSGINFO_ATTR {
  PROCESS_ID = 1,
  PORT_ID = 2,
  SEQ_ID = 3,
}

export enum NLA_F {
  NESTED = 0x8000,
  NET_BYTEORDER = 0x4000,
  TYPE_MASK = 0x3fff,
}

/** Sizes of fixed structures. */
export enum NetlinkSize {
  NLMSGHDR = 16,
  NLATTR = 4,
  /** errno and the request's header. */
  NLMSGERR = 20,
  SOCKADDR_NL = 12,
  /** cmsghdr, padding and two u32 TLVs. */
  CONTROL = 32,
  GENLMSGHDR = 4,
}

/** Offsets in an nlmsghdr. */
export enum NlMsgHdr {
  LEN = 0,
  TYPE = 4,
  FLAGS = 6,
  SEQ = 8,
  PID = 12,
}

/** Socket options of level SOL_NETLINK. */
export enum NETLINK_OPTION {
  ADD_MEMBERSHIP = 1,
  DROP_MEMBERSHIP = 2,
  PKTINFO = 3,
  BROADCAST_ERROR = 4,
  NO_ENOBUFS = 5,
  RX_RING = 6,
  TX_RING = 7,
  LISTEN_ALL_NSID = 8,
  LIST_MEMBERSHIPS = 9,
  CAP_ACK = 10,
  EXT_ACK = 11,
  GET_STRICT_CHK = 12,
  MSG_INFO = 257,
}

export enum SOL {
  SOCKET = 0xffff,
  NETLINK = 270,
}

/** Socket options of level SOL_SOCKET that netlink sockets know (sys/socket.h). */
export enum SO {
  SNDBUF = 0x1001,
  RCVBUF = 0x1002,
  SNDLOWAT = 0x1003,
  RCVLOWAT = 0x1004,
  ERROR = 0x1007,
  TYPE = 0x1008,
  PROTOCOL = 0x1016,
  DOMAIN = 0x1019,
}

/** Flags of send and receive calls (sys/socket.h). */
export enum MSG {
  OOB = 0x1,
  PEEK = 0x2,
  DONTROUTE = 0x4,
  EOR = 0x8,
  TRUNC = 0x10,
  CTRUNC = 0x20,
  WAITALL = 0x40,
  DONTWAIT = 0x80,
  EOF = 0x100,
  NBIO = 0x4000,
  NOSIGNAL = 0x20000,
}

/** ioctls that tell a socket's fill (sys/filio.h). */
export enum FIO {
  NREAD = 0x4004667f,
  NWRITE = 0x40046677,
  NSPACE = 0x40046676,
}

/** Limits of the subsystem (netlink-core N1.7 to N1.9). */
export enum NetlinkLimit {
  /** Places of the handler table. */
  PROTOCOLS = 20,
  /** Groups are 1 … 127. */
  GROUPS = 128,
  /** Scratch bytes of a message: SCRATCH_BUFFER_SIZE + NLMSG_SMALL. */
  SCRATCH = 1152,
  /** Bytes of an error text, NUL included. */
  ERROR_TEXT = 128,
  NLMSG_SMALL = 128,
  NLMSG_LARGE = 2048,
  NLMBUFSIZE = 2048,
  /** Bytes that SO_SNDBUF, and SO_RCVBUF without privilege, may reach: kern.ipc.maxsockbuf scaled by 2048/2304. */
  SOCKBUF = 1864135,
  /** Bytes that SO_RCVBUF may reach with privilege: net.netlink.nl_maxsockbuf's default scaled the same way. */
  SOCKBUF_PRIVILEGED = 477218588,
  SPACE = 65536,
  MAXSOCKBUF = 536870912,
  /** A buffer charged with its overhead: MCLBYTES + MSIZE; nl_maxsockbuf cannot go below. */
  SOCKBUF_OVERHEAD = 2304,
  SNDLOWAT = 2048,
  RCVLOWAT = 1,
  /** Draws of a random port before the last try. */
  PORT_DRAWS = 16,
  PORT_FIRST = 262144,
  PORT_SPAN = 65536,
  /** Bytes of a socket address that the system-call layer takes (SOCK_MAXADDRLEN). */
  SOCKADDR = 255,
}

/** Privileges that a message can ask for (sys/priv.h), as bits of a credential. */
export enum PRIV {
  NONE = 0,
  NET_ROUTE = 0x1,
  NET_IFCREATE = 0x2,
  NET_IFDESTROY = 0x4,
  NET_ADDIFADDR = 0x8,
  NET_DELIFADDR = 0x10,
  NET_SETIFMTU = 0x20,
  NET_SETIFDESCR = 0x40,
  NET_SETIFMAC = 0x80,
  NET_SETIFNAME = 0x100,
  NET_SETIFVNET = 0x200,
  NETINET_CARP = 0x400,
  /** What root has. */
  ALL = 0x7ff,
}
