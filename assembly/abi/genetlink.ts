// Generic netlink's numbers (netlink/netlink_generic.h).

export enum GENL {
  MIN_ID = 16,
  MAX_ID = 1023,
  /** Family slots; ids are MIN_ID + slot. */
  FAMILIES = 20,
  /** Group slots; numbers are MIN_GROUP + slot. */
  GROUPS = 64,
  MIN_GROUP = 48,
  /** Bytes of a family name, NUL included. */
  NAMSIZ = 16,
}

export enum CTRL_CMD {
  UNSPEC = 0,
  NEWFAMILY = 1,
  DELFAMILY = 2,
  GETFAMILY = 3,
  NEWOPS = 4,
  DELOPS = 5,
  GETOPS = 6,
  NEWMCAST_GRP = 7,
  DELMCAST_GRP = 8,
  GETMCAST_GRP = 9,
  GETPOLICY = 10,
}

export enum CTRL_ATTR {
  FAMILY_ID = 1,
  FAMILY_NAME = 2,
  VERSION = 3,
  HDRSIZE = 4,
  MAXATTR = 5,
  OPS = 6,
  MCAST_GROUPS = 7,
  POLICY = 8,
  OP_POLICY = 9,
  OP = 10,
}

export enum CTRL_ATTR_OP {
  ID = 1,
  FLAGS = 2,
}

export enum CTRL_ATTR_MCAST_GRP {
  NAME = 1,
  ID = 2,
}

export enum GENL_OP {
  ADMIN_PERM = 0x1,
  CAP_DO = 0x2,
  CAP_DUMP = 0x4,
  CAP_HASPOL = 0x8,
  UNS_ADMIN_PERM = 0x10,
}

/** Commands and attributes of nlsysevent (netlink/netlink_sysevent.h). */
export enum NLSE_CMD {
  NEWEVENT = 1,
}

export enum NLSE_ATTR {
  SYSTEM = 1,
  SUBSYSTEM = 2,
  TYPE = 3,
  DATA = 4,
}
