// carp's numbers (netinet/ip_carp.h, netinet/ip_carp_nl.h).

export enum CARP_NL_CMD {
  GET = 1,
  SET = 2,
}

export enum CARP_NL {
  VHID = 1,
  STATE = 2,
  ADVBASE = 3,
  ADVSKEW = 4,
  KEY = 5,
  IFINDEX = 6,
  ADDR = 7,
  ADDR6 = 8,
  IFNAME = 9,
}

/** CARP_STATES */
export enum CARP_STATE {
  INIT = 0,
  BACKUP = 1,
  MASTER = 2,
}

export enum CarpLimit {
  VHID_MAX = 255,
  STATE_MAX = 2,
  /** Seconds. */
  ADVBASE_MAX = 255,
  /** 256ths of a second; what configures an advskew stays below 255, what demotion makes of it at 240. */
  ADVSKEW_MAX = 254,
  /** CARP_MAXSKEW */
  DEMOTED_MAX = 240,
  /** Bytes. */
  KEY = 20,
}
