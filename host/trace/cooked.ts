// The head that LINKTYPE_NETLINK puts before a packet's messages (tcpdump.org, LINKTYPE_NETLINK; Linux's cooked capture),
// in network order:
//   0            2        4         14         16
//   | direction  | ARPHRD | 10 zero | protocol |
// Linux's monitor knows a packet as sent by the machine (4) or for it (0); to a program, it is the one that sends.

import type { Span } from "./capture.js";
import type { Direction } from "./pcapng/format.js";

export const COOKED_BYTES = 16;
const ARPHRD_NETLINK = 824;
const PACKET_HOST = 0;
const PACKET_OUTGOING = 4;
const HARDWARE_AT = 2;
const PROTOCOL_AT = 14;

/** @param protocol - NETLINK_ROUTE and so on */
export function cookedHead(direction: Direction, protocol: number): Uint8Array {
  const head = new Uint8Array(COOKED_BYTES);
  const view = new DataView(head.buffer);
  view.setUint16(0, direction === "outbound" ? PACKET_OUTGOING : PACKET_HOST);
  view.setUint16(HARDWARE_AT, ARPHRD_NETLINK);
  view.setUint16(PROTOCOL_AT, protocol);
  return head;
}

/** What a packet of LINKTYPE_NETLINK holds; undefined when it is too short, or of other hardware. */
export function readCooked(packet: Uint8Array): { protocol: number; messages: Uint8Array } | undefined {
  const protocol = cookedProtocol(packet, { start: 0, length: packet.length });
  return protocol === undefined ? undefined : { protocol, messages: packet.subarray(COOKED_BYTES) };
}

/** The protocol of a packet that lies somewhere in bytes; undefined as for readCooked. */
export function cookedProtocol(bytes: Uint8Array, { start, length }: Span): number | undefined {
  if (length < COOKED_BYTES || half(bytes, start + HARDWARE_AT) !== ARPHRD_NETLINK) return undefined;
  return half(bytes, start + PROTOCOL_AT);
}

function half(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
