// Neighbour requests and what comes back: requests byte by byte, answers as plain records.

import ipaddr from "ipaddr.js";
import { HeaderSize, NDA, NDAF, NdMsg, RTM } from "../../assembly/abi/rtnetlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import {
  ask,
  attribute,
  attributes,
  concat,
  doneOf,
  familyOf,
  message,
  numberAt,
  type Seen,
  u8,
  u16,
  u32,
} from "../support/messages.js";

export interface Neighbour {
  readonly type: number;
  readonly family: number;
  readonly index: number;
  readonly state: number;
  readonly flags: number;
  /** ndm_type */
  readonly kind: number;
  readonly destination: string;
  readonly lladdr: string | undefined;
  readonly probes: number;
  /** NDAF_NEXT_STATE_TS */
  readonly nextStateAt: number;
  /** ndm_refcnt */
  readonly references: number;
  readonly order: readonly number[];
  readonly payload: (type: number) => Uint8Array | undefined;
  readonly seen: Seen;
}

export interface NdHeader {
  readonly family?: number;
  readonly index?: number;
  readonly state?: number;
  readonly flags?: number;
  readonly type?: number;
}

export function ndmsg({ family = 0, index = 0, state = 0, flags = 0, type = 0 }: NdHeader = {}): Uint8Array {
  return concat(u8(family), u8(0), u16(0), u32(index), u16(state), u8(flags), u8(type));
}

/** Bytes of "02:00:00:00:00:07". */
export function mac(text: string): Uint8Array {
  return Uint8Array.from(text.split(":"), (byte) => Number.parseInt(byte, 16));
}

export function ipBytes(text: string): Uint8Array {
  return Uint8Array.from(ipaddr.parse(text).toByteArray());
}

export const dst = (text: string): Uint8Array => attribute(NDA.DST, ipBytes(text));
export const lladdrOf = (text: string): Uint8Array => attribute(NDA.LLADDR, mac(text));
export const until = (second: number): Uint8Array => attribute(NDA.FREEBSD, attribute(NDAF.NEXT_STATE_TS, u32(second)));

/** A request about a destination, of its family. */
export function aboutNeighbour(
  type: RTM,
  flags: string | number,
  destination: string,
  header: NdHeader = {},
  ...parts: readonly Uint8Array[]
): Uint8Array {
  return message({ type, flags }, ndmsg({ family: familyOf(destination), ...header }), dst(destination), ...parts);
}

export function getNeighbours(
  header: NdHeader = {},
  flags: string | number = "qD",
  ...parts: readonly Uint8Array[]
): Uint8Array {
  return message({ type: RTM.GETNEIGH, flags }, ndmsg(header), ...parts);
}

/** Takes an RTM_NEWNEIGH or RTM_DELNEIGH apart. */
export function neighbourOf(seen: Seen | undefined): Neighbour {
  if (seen?.type !== RTM.NEWNEIGH && seen?.type !== RTM.DELNEIGH) {
    throw new Error(`expected a neighbour, got ${seen?.type}`);
  }
  const found = attributes(seen.body.slice(HeaderSize.NDMSG));
  const payload = (type: number): Uint8Array | undefined => found.find(([each]) => each === type)?.[1];
  const must = (type: number): Uint8Array => {
    const bytes = payload(type);
    if (bytes === undefined) throw new Error(`a neighbour without attribute ${type}`);
    return bytes;
  };
  const lladdr = payload(NDA.LLADDR);
  const next = attributes(must(NDA.FREEBSD)).find(([type]) => type === NDAF.NEXT_STATE_TS)?.[1];
  return {
    type: seen.type,
    family: numberAt(seen.body, NdMsg.FAMILY, 1),
    index: numberAt(seen.body, NdMsg.IFINDEX, 4),
    state: numberAt(seen.body, NdMsg.STATE, 2),
    flags: numberAt(seen.body, NdMsg.FLAGS, 1),
    kind: numberAt(seen.body, NdMsg.TYPE, 1),
    destination: ipaddr.fromByteArray([...must(NDA.DST)]).toString(),
    lladdr: lladdr && [...lladdr].map((byte) => byte.toString(16).padStart(2, "0")).join(":"),
    probes: numberAt(must(NDA.PROBES), 0, 4),
    nextStateAt: numberAt(next ?? new Uint8Array(), 0, 4),
    references: numberAt(must(NDA.CACHEINFO), 12, 4),
    order: found.map(([type]) => type),
    payload,
    seen,
  };
}

/** All entries that these filters let through, in order. */
export function neighbours(socket: Socket, header: NdHeader = {}): Neighbour[] {
  const seen = ask(socket, getNeighbours(header));
  if (doneOf(seen.at(-1)) !== 0) throw new Error("the dump ended with an error");
  return seen.slice(0, -1).map(neighbourOf);
}

/** The entry of an address, or undefined. */
export function neighbourAt(socket: Socket, destination: string): Neighbour | undefined {
  return neighbours(socket).find((each) => each.destination === destination);
}

/** A neighbour event in words: "NEWNEIGH 192.0.2.7 0x2". */
export function stateInWords(seen: Seen): string {
  const { type, destination, state } = neighbourOf(seen);
  return `${RTM[type]} ${destination} 0x${state.toString(16)}`;
}
