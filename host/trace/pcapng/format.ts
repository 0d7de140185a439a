// Numbers of the capture file formats: pcapng (draft-ietf-opsawg-pcapng) and the older pcap (draft-ietf-opsawg-pcap).

export const BlockType = {
  SECTION: 0x0a0d0d0a,
  INTERFACE: 1,
  /** The obsolete Packet Block. */
  OLD_PACKET: 2,
  SIMPLE_PACKET: 3,
  ENHANCED_PACKET: 6,
  CUSTOM: 0x00000bad,
  /** A custom block that tools must not copy to other files. */
  CUSTOM_NO_COPY: 0x40000bad,
} as const;

/** A section's byte order is the one in which this reads so. */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** The section header says how long the section is, or with this that it does not. */
export const LENGTH_UNKNOWN = 0xffffffff;
export const VERSION = { MAJOR: 1, MINOR: 0 } as const;
/** Minor versions that readers take alike. */
export const MINORS: ReadonlySet<number> = new Set([0, 2]);

/** Type and length in front, the length once more behind. */
export const BLOCK_HEAD_BYTES = 8;
export const BLOCK_TAIL_BYTES = 4;
export const BLOCK_BYTES_MIN = BLOCK_HEAD_BYTES + BLOCK_TAIL_BYTES;
/** Of a custom block, the enterprise number too. */
export const CUSTOM_HEAD_BYTES = 12;
/** A block may have any length; longer ones than this are taken for damage. Source: none, a module's file fits many times. */
export const BLOCK_BYTES_MAX = 1 << 28;

export const Option = {
  END: 0,
  COMMENT: 1,
  SECTION_OS: 3,
  SECTION_APPLICATION: 4,
  INTERFACE_NAME: 2,
  INTERFACE_DESCRIPTION: 3,
  INTERFACE_RESOLUTION: 9,
  /** Seconds to add to every time stamp. */
  INTERFACE_OFFSET: 14,
  PACKET_FLAGS: 2,
} as const;

/** The two low bits of epb_flags. */
export const DIRECTION_MASK = 3;
export type Direction = "inbound" | "outbound";
export const DIRECTIONS: readonly (Direction | undefined)[] = [undefined, "inbound", "outbound", undefined];

/** The time stamps of an interface that does not say: microseconds. */
export const RESOLUTION_DEFAULT = 6;
/** With this bit a resolution is a power of 2, without of 10. */
export const RESOLUTION_BINARY = 0x80;

/** LINKTYPE_NETLINK: Linux's netlink monitor, each packet with a cooked header. */
export const LINKTYPE_NETLINK = 253;
