// The custom blocks of a trace: what of a run is no packet. Behind the private enterprise number lies, little endian:
//   0       4      8        12             16           16 + n, padded
//   | magic | kind | number | payload, n | payload ... | checksum, 8 bytes |
// The checksum is over every block of the file so far, and this one up to itself.

/** The enterprise number that RFC 5612 sets aside for documentation; the magic tells our blocks from others'. */
export const TRACE_PEN = 32473;
/** "NLVM" */
export const TRACE_MAGIC = 0x4d564c4e;
/** Of this layout, and of everything in the payloads. */
export const TRACE_VERSION = 2;

export const TraceKind = {
  /** The first block behind the section header: version and core, as CBOR. */
  BEGIN: 1,
  /** An event, by its place in the run (eventcode.ts). Packets before it, if there are some, carry its messages. */
  EVENT: 2,
  /** The last block: how many events there were, and the hash of each vnet's memory, as CBOR. */
  END: 3,
  /** A snapshot, by the place of the event that comes next. Behind the first block the run goes on from it. */
  SNAPSHOT: 4,
} as const;

export const TRACE_HEAD_BYTES = 16;
export const CHECKSUM_BYTES = 8;

/** The payload of TraceKind.BEGIN. */
export interface TraceBegin {
  readonly version: number;
  /** The hash of the core that ran. */
  readonly core: string;
}

/** The payload of TraceKind.END. */
export interface TraceEnd {
  readonly memory: Readonly<Record<string, string>>;
}
