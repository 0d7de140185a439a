// Numbers that modules need (FreeBSD's; the kernel has them all in assembly/abi/).

export enum Errno {
  OK = 0,
  EPERM = 1,
  ENOENT = 2,
  ESRCH = 3,
  ENOMEM = 12,
  EBUSY = 16,
  EEXIST = 17,
  EINVAL = 22,
  ENOSPC = 28,
  EOPNOTSUPP = 45,
}

export enum NLM_F {
  MULTI = 0x2,
}

export enum NLMSG {
  DONE = 3,
}

/** What GETFAMILY shows of a command; a privileged one has ADMIN_PERM besides, one with a policy CAP_HASPOL. */
export enum GENL_OP {
  CAP_DO = 0x2,
  CAP_DUMP = 0x4,
}

/** What an attribute must be. */
export enum Policy {
  FLAG = 1,
  U8 = 2,
  U16 = 3,
  U32 = 4,
  U64 = 5,
  /** NUL-terminated. */
  STRING = 6,
  /** Exactly the argument's number of bytes, at most 256. */
  BYTES = 7,
  /** Attributes of the policy's table of the argument's number, a later one. */
  NESTED = 8,
  /** Anything. */
  BINARY = 9,
}
