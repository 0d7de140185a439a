// Layouts in the exchange: the place where host and core leave each other what is longer than a number. Offsets in bytes.
// The core checks at compile time that its records lie so.

export enum Exchange {
  /** Bytes of the exchange. */
  BYTES = 1024,
}

/** What a socket is opened with. */
export enum OpenLayout {
  TYPE = 0,
  PROTOCOL = 4,
  PROCESS_ID = 8,
  PRIVILEGES = 12,
  IS_CONSTRAINED = 16,
  IS_CAPABILITY_MODE = 17,
  JAIL_ADDRESS_COUNT = 24,
  IS_FOREIGN = 28,
  LOSES_DEPARTURES = 29,
  LINK_GROWTH = 30,
  ETHERNET_NAME_BYTES = 31,
  /** Where the addresses of the jail follow. */
  JAIL_ADDRESSES = 32,
}

/** An address that a jail may see. */
export enum JailAddressLayout {
  FAMILY = 0,
  HIGH = 8,
  LOW = 16,
  BYTES = 24,
}

/** What a sysctl of PF_ROUTE is asked with besides who asks: its numbers, as many as count. */
export enum SysctlLayout {
  MIB = 992,
  NUMBERS_MAX = 8,
}

/** Addresses of a jail that fit the exchange. */
export const JAIL_ADDRESSES_MAX = 40;

/** How a receive went. */
export enum ReceiveLayout {
  WINDOW = 0,
  EXCESS = 4,
  IS_CUT = 8,
  HAS_MORE = 12,
}

/** What interfaceAttach is told beside the exchange. */
export enum AttachFlag {
  /** It has a peer, and no link-layer address. */
  POINT_TO_POINT = 1,
  /** LLADDR is given; else one is made from the index. */
  LLADDR = 2,
}

/** An interface to attach. */
export enum AttachLayout {
  NAME = 0,
  LLADDR = 16,
  MTU = 24,
  FIB = 28,
  DESCRIPTION = 32,
}

/** An interface to make by its cloner; the name that it got comes back. */
export enum CloneLayout {
  NAME = 0,
  /** Index of a vlan's parent, 0 = none. */
  PARENT = 32,
  VID = 36,
  PROTOCOL = 40,
}

/** Between what a gif or gre tunnels, and what else is set of it. */
export enum TunnelLayout {
  /** Of both endpoints; 0 = there are none. */
  FAMILY = 0,
  FLAGS = 4,
  KEY = 8,
  PORT = 12,
  /** Index of the interface that a link-local endpoint is on the link of, 0 = none. */
  LOCAL_ZONE = 16,
  REMOTE_ZONE = 20,
  LOCAL_HIGH = 24,
  LOCAL_LOW = 32,
  REMOTE_HIGH = 40,
  REMOTE_LOW = 48,
  /** Of what is read: the name of that interface, NUL-terminated; its index where there is none, empty without. */
  LOCAL_NAME = 56,
  REMOTE_NAME = 72,
}

/** What other vnets are to know of an interface. */
export enum PostedLayout {
  INDEX = 0,
  IS_GONE = 4,
  /** Of a vlan that is gone: the parent, if it is elsewhere. */
  PARENT = 8,
  LINK_STATE = 12,
  MEDIA = 16,
  /** Of one that is gone: the vnet, the cloner and the unit that is free again; unit -1 = none. */
  HOME = 20,
  CLONER = 24,
  UNIT = 28,
}

/** The counters of an interface, eight bytes each, in the order of the core's Counter. */
export const COUNTERS = 10;

/** An address to add to an interface, or to delete. */
export enum AddressLayout {
  FAMILY = 0,
  PREFIX_LENGTH = 4,
  HIGH = 8,
  LOW = 16,
  HAS_PEER = 24,
  PEER_HIGH = 32,
  PEER_LOW = 40,
  BROADCAST = 48,
  HAS_BROADCAST = 56,
  FLAGS = 60,
  PREFERRED_SECONDS = 64,
  VALID_SECONDS = 68,
  VHID = 72,
  BYTES = 76,
}

/** A neighbour to resolve, or a host of the link and what it sends. */
export enum PeerLayout {
  FAMILY = 0,
  /** PeerMessage.* */
  MESSAGE = 4,
  HIGH = 8,
  LOW = 16,
  LLADDR = 24,
  TARGET_HIGH = 32,
  TARGET_LOW = 40,
  /** PeerFlag.* */
  FLAGS = 48,
  DESTINATION_HIGH = 56,
  DESTINATION_LOW = 64,
  BYTES = 72,
}

/** What a host of the link sends. */
export enum PeerMessage {
  ARP_REQUEST = 1,
  ARP_REPLY = 2,
  NEIGHBOUR_SOLICITATION = 3,
  NEIGHBOUR_ADVERTISEMENT = 4,
  ROUTER_SOLICITATION = 5,
  ROUTER_ADVERTISEMENT = 6,
  REDIRECT = 7,
}

/** What a host of the link is, and what its message says. */
export enum PeerFlag {
  ANSWERS = 0x1,
  ROUTER = 0x2,
  /** Of an advertisement. */
  SOLICITED = 0x4,
  OVERRIDE = 0x8,
  /** The message carries its link-layer address. */
  HAS_LLADDR = 0x10,
  /** A redirect to a better router, not to the destination itself. */
  TO_ROUTER = 0x20,
  /** A redirect says for which destination. */
  HAS_DESTINATION = 0x40,
}

/** A router's advertisement. */
export enum AdvertisementLayout {
  HIGH = 0,
  LOW = 8,
  LLADDR = 16,
  /** AdvertisementFlag.* */
  FLAGS = 24,
  /** Seconds. */
  LIFETIME = 28,
  /** RouterPreference.* */
  PREFERENCE = 32,
  HOP_LIMIT = 36,
  /** Milliseconds. */
  REACHABLE = 40,
  RETRANSMIT = 44,
  /** Bytes. */
  MTU = 48,
  PREFIX_COUNT = 52,
  /** Where its prefixes follow. */
  PREFIXES = 56,
}

/** A prefix of an advertisement. */
export enum AdvertisedPrefixLayout {
  HIGH = 0,
  LOW = 8,
  LENGTH = 16,
  /** PrefixFlag.* */
  FLAGS = 20,
  VALID_SECONDS = 24,
  PREFERRED_SECONDS = 28,
  BYTES = 32,
}

/** Prefixes of an advertisement that fit the exchange. */
export const ADVERTISED_PREFIXES_MAX = 30;

/** What an advertisement carries. */
export enum AdvertisementFlag {
  /** Its sender's link-layer address. */
  HAS_LLADDR = 0x1,
  HAS_MTU = 0x2,
  /** It goes to one host alone. */
  UNICAST = 0x4,
}

/** What is said of a prefix. */
export enum PrefixFlag {
  /** Its addresses are on the link. */
  ON_LINK = 0x1,
  /** Hosts make addresses of it. */
  AUTONOMOUS = 0x2,
  /** Its route is there on its behalf. */
  HAS_ROUTE = 0x4,
  /** None of its routers can be reached, while others can. */
  DETACHED = 0x8,
}

/** A default router, as it is known here. */
export enum RouterLayout {
  HIGH = 0,
  LOW = 8,
  /** Its interface's. */
  INDEX = 16,
  /** Seconds, as advertised, and what is left of them. */
  LIFETIME = 20,
  LEFT = 24,
  /** RouterPreference.* */
  PREFERENCE = 28,
  IS_INSTALLED = 32,
}

/** A prefix of an interface. */
export enum PrefixLayout {
  HIGH = 0,
  LOW = 8,
  INDEX = 16,
  LENGTH = 20,
  /** PrefixFlag.* */
  FLAGS = 24,
  /** Seconds; 0xffffffff = for ever. */
  VALID_SECONDS = 28,
  PREFERRED_SECONDS = 32,
  LEFT = 36,
  /** How many addresses it has, and routers that advertise it. */
  ADDRESSES = 40,
  ROUTERS = 44,
}

/** What IPv6 is and knows on an interface. */
export enum DiscoveryLayout {
  /** ND6_IFF.* */
  FLAGS = 0,
  /** Bytes. */
  MTU = 4,
  /** Milliseconds. */
  BASE_REACHABLE = 8,
  RETRANSMIT = 12,
  HOP_LIMIT = 16,
}

/** How much a router is preferred to others, in two bits (RFC 4191); RESERVED counts as MEDIUM. */
export enum RouterPreference {
  MEDIUM = 0,
  HIGH = 1,
  RESERVED = 2,
  LOW = 3,
}

/** What this host has sent to its links, in words of four bytes. */
export enum TrafficWord {
  ARP_REQUESTS = 0,
  ARP_ANNOUNCEMENTS = 1,
  ARP_REPLIES = 2,
  MULTICAST_SOLICITATIONS = 3,
  UNICAST_SOLICITATIONS = 4,
  ADVERTISEMENTS = 5,
  COUNT = 6,
}

/** What the core counts, in words of four bytes. */
export enum StatisticsWord {
  /** Bytes of memory that were handed out at least once. */
  TOP = 0,
  /** Bytes of blocks in use. */
  BLOCKS = 1,
  BUFFERS = 2,
  BUFFERS_HIGH_WATER = 3,
  BUFFER_COUNT = 4,
  SOCKETS = 5,
  INTERFACES = 6,
  ADDRESSES = 7,
  ROUTES = 8,
  NEXTHOPS = 9,
  WALKS = 10,
  ALLOCATION_FAILURES = 11,
  RUNNABLE = 12,
  GROUPS = 13,
  USER_NEXTHOPS = 14,
  NEIGHBOURS = 15,
}

/** What a call leaves for the host to do, as bits of the word at `attention()`. */
export enum Attention {
  /** The set of interface indices changed, or other vnets are to know of an interface. */
  SHARED = 1,
  /** A task waits for a module outside the core: the record at `externalAwaited()` says which messages. */
  EXTERNAL = 2,
}

/** Messages that wait for a module outside the core. */
export enum AwaitedLayout {
  SOCKET = 0,
  /** Where the first message lies, and the bytes from there to the end of the last, paddings between them included. */
  MESSAGES = 4,
  BYTES = 8,
  COUNT = 12,
  /** Bytes of answers from which on no further message may be handled. */
  ROOM = 16,
}

/** What a module answered, record after record; the payload is padded to 4 bytes. */
export enum ExternalRecordLayout {
  KIND = 0,
  /** Of the payload. */
  BYTES = 4,
  ARGUMENT = 8,
  PAYLOAD = 12,
}

export enum ExternalRecord {
  /** The message is done; argument: its errno, 0 for success. */
  END = 0,
  /** Payload: whole messages to the requester. */
  REPLY = 1,
  /** Payload: whole messages to the group of number `argument`. */
  GROUP = 2,
  /** Payload: the text of the ext ack, without NUL. */
  REPORT = 3,
  /** Argument: the offset in the request of the attribute that the ext ack is about. */
  OFFSET = 4,
}

/** The policy of a command in the exchange, in words of four bytes: the number of tables, and of each its rows. */
export enum PolicyWord {
  TABLES = 0,
  /** Words of a row: attribute type, PolicyKind, argument. */
  ROW = 3,
}

/** What an attribute of a family outside the core must be. */
export enum PolicyKind {
  FLAG = 1,
  U8 = 2,
  U16 = 3,
  U32 = 4,
  U64 = 5,
  /** NUL-terminated. */
  STRING = 6,
  /** Exactly `argument` bytes, at most 256. */
  BYTES = 7,
  /** Attributes of the policy's table of number `argument`. */
  NESTED = 8,
  /** Anything. */
  BINARY = 9,
}
