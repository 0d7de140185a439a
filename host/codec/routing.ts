// Messages of routing sockets and of the sysctls of PF_ROUTE (net/route.h, net/if.h; rtsock G.1, G.2): one of five headers, and
// the sockaddrs whose bits it has set. What is well-formed comes back byte for byte; padding that was not zero is lost.
//   decodeRouting, encodeRouting   one message a read or a write, and many back to back of a sysctl
//   ROUTING_SCHEMAS                the headers by kind; routingdescribe.ts shows messages by them

import { IFF, IFT, LINK_STATE } from "../../assembly/abi/ifnet.js";
import { RTF } from "../../assembly/abi/rtnetlink.js";
import {
  IFAN,
  IfMsgHdr,
  ROUTE_IFA,
  ROUTE_RTA,
  ROUTE_RTAX,
  ROUTE_RTM,
  ROUTE_VERSION,
  RouteSize,
  RTV,
} from "../../assembly/abi/rtsock.js";
import { Reader, Writer } from "./bytes.js";
import { flags, i32, type Kind, named, u8, u16, u32, u64 } from "./kind.js";
import { readSockaddr, type Sockaddr, writeSockaddr } from "./sockaddr.js";
import { type Fields, type FieldValues, type Struct, struct } from "./struct.js";

/** The names of sockaddrs in a message, in the order of their slots. */
export const SLOTS = ["destination", "gateway", "netmask", "genmask", "ifp", "ifa", "author", "broadcast"] as const;
export type Slot = (typeof SLOTS)[number];

if (SLOTS.length !== ROUTE_RTAX.MAX) throw new Error("SLOTS: expected a name for each slot");

/** What every message begins with. rtm_msglen is counted when one is encoded. */
const head = { version: ["rtm_version", u8], type: ["rtm_type", named(u8, "RTM_", ROUTE_RTM)] } as const;
const HEAD_BYTES = 2;

/** A fixed array of characters, filled up with NULs. */
function characters(size: number): Kind<string> {
  return {
    name: `a string of at most ${size - 1} characters`,
    size,
    read: (reader) => new TextDecoder().decode(reader.take(size)).replace(/\0.*$/s, ""),
    write(writer, value) {
      const text = new TextEncoder().encode(value);
      if (text.length >= size || value.includes("\0"))
        throw writer.error(`at most ${size - 1} bytes`, JSON.stringify(value));
      writer.put(text);
      writer.put(new Uint8Array(size - text.length));
    },
    show: (value) => JSON.stringify(value),
    brief: (value) => value,
  };
}

const metrics = struct("rt_metrics", {
  locks: ["rmx_locks", u64],
  mtu: ["rmx_mtu", u64],
  hopcount: ["rmx_hopcount", u64],
  expire: ["rmx_expire", u64],
  receivePipe: ["rmx_recvpipe", u64],
  sendPipe: ["rmx_sendpipe", u64],
  ssthresh: ["rmx_ssthresh", u64],
  rtt: ["rmx_rtt", u64],
  rttVariance: ["rmx_rttvar", u64],
  packetsSent: ["rmx_pksent", u64],
  weight: ["rmx_weight", u64],
  nexthop: ["rmx_nhidx", u64],
  filler1: ["rmx_filler[0]", u64],
  filler2: ["rmx_filler[1]", u64],
});

const interfaceData = struct("if_data", {
  type: ["ifi_type", named(u8, "IFT_", IFT)],
  physical: ["ifi_physical", u8],
  addressLength: ["ifi_addrlen", u8],
  headerLength: ["ifi_hdrlen", u8],
  linkState: ["ifi_link_state", named(u8, "LINK_STATE_", LINK_STATE)],
  vhid: ["ifi_vhid", u8],
  dataLength: ["ifi_datalen", u16],
  mtu: ["ifi_mtu", u32],
  metric: ["ifi_metric", u32],
  baudrate: ["ifi_baudrate", u64],
  receivedPackets: ["ifi_ipackets", u64],
  receiveErrors: ["ifi_ierrors", u64],
  sentPackets: ["ifi_opackets", u64],
  sendErrors: ["ifi_oerrors", u64],
  collisions: ["ifi_collisions", u64],
  receivedBytes: ["ifi_ibytes", u64],
  sentBytes: ["ifi_obytes", u64],
  receivedMulticasts: ["ifi_imcasts", u64],
  sentMulticasts: ["ifi_omcasts", u64],
  receiveDrops: ["ifi_iqdrops", u64],
  sendDrops: ["ifi_oqdrops", u64],
  unknownProtocol: ["ifi_noproto", u64],
  hardwareAssists: ["ifi_hwassist", u64],
  epoch: ["ifi_epoch", u64],
  changedSeconds: ["ifi_lastchange.tv_sec", u64],
  changedMicroseconds: ["ifi_lastchange.tv_usec", u64],
});

/** What the headers of interfaces, addresses and groups have alike. */
function interfaceHead(prefix: string, flagsKind: Kind<number>) {
  return {
    ...head,
    addrs: [`${prefix}_addrs`, flags(u32, "RTA_", ROUTE_RTA)],
    flags: [`${prefix}_flags`, flagsKind],
    index: [`${prefix}_index`, u16],
    spare: [`_${prefix}_spare1`, u16],
  } as const;
}

/** The long headers of NET_RT_IFLISTL say how long they are, and where their data is. */
const longHead = { headerLength: ["len", u16], dataOffset: ["data_off", u16] } as const;

const interfaceFlags = flags(u32, "IFF_", IFF);
const addressFlags = flags(u32, "IFA_", ROUTE_IFA);

export const ROUTING_SCHEMAS = {
  route: struct("rt_msghdr", {
    ...head,
    index: ["rtm_index", u16],
    spare: ["_rtm_spare1", u16],
    flags: ["rtm_flags", flags(u32, "RTF_", RTF)],
    addrs: ["rtm_addrs", flags(u32, "RTA_", ROUTE_RTA)],
    pid: ["rtm_pid", i32],
    seq: ["rtm_seq", i32],
    errno: ["rtm_errno", i32],
    mask: ["rtm_fmask", i32],
    inits: ["rtm_inits", bigFlags("RTV_", RTV)],
    metrics: ["rtm_rmx", metrics],
  }),
  interface: struct("if_msghdr", { ...interfaceHead("ifm", interfaceFlags), data: ["ifm_data", interfaceData] }),
  interfaceLong: struct("if_msghdrl", {
    ...interfaceHead("ifm", interfaceFlags),
    ...longHead,
    spare2: ["_ifm_spare2", u32],
    data: ["ifm_data", interfaceData],
  }),
  address: struct("ifa_msghdr", { ...interfaceHead("ifam", addressFlags), metric: ["ifam_metric", i32] }),
  addressLong: struct("ifa_msghdrl", {
    ...interfaceHead("ifam", addressFlags),
    ...longHead,
    metric: ["ifam_metric", i32],
    data: ["ifam_data", interfaceData],
  }),
  group: struct("ifma_msghdr", interfaceHead("ifmam", u32)),
  announcement: struct("if_announcemsghdr", {
    ...head,
    index: ["ifan_index", u16],
    name: ["ifan_name", characters(16)],
    what: ["ifan_what", named(u16, "IFAN_", IFAN)],
  }),
} as const;

type Schemas = typeof ROUTING_SCHEMAS;
export type RoutingKind = keyof Schemas;

/** A message: its header by our names, and the sockaddrs that are there, which say what the bits of `addrs` are. */
export type RoutingMessage = {
  [K in RoutingKind]: {
    readonly kind: K;
    readonly header: Omit<HeaderOf<Schemas[K]>, "addrs">;
    readonly sockaddrs: Readonly<Partial<Record<Slot, Sockaddr>>>;
    /** What follows them: zeros up to a multiple of 8, or what NET_RT_NHOP and NET_RT_NHGRP show. */
    readonly rest?: Uint8Array;
  };
}[RoutingKind];

type HeaderOf<S> = S extends Struct<infer F extends Fields> ? FieldValues<F> : never;

/** A word of 64 bits whose bits have names. */
function bigFlags(prefix: string, names: Readonly<Record<string, string | number>>): Kind<bigint> {
  const shown = flags(u32, prefix, names);
  const isShort = (value: bigint): boolean => value <= 0xffff_ffffn;
  return {
    ...u64,
    show: (value, all, before) => (isShort(value) ? shown.show(Number(value), all, before) : String(value)),
  };
}

/**
 * Which header a message has. The long ones share their types with the short ones, and are known by what they say of
 * themselves, which in the short ones is an interface type of 176, or a metric above a million.
 */
function kindOf(type: number, view: DataView): RoutingKind {
  const isLong =
    view.byteLength >= RouteSize.IF_MSGHDRL &&
    view.getUint16(IfMsgHdr.LEN, true) === RouteSize.IF_MSGHDRL &&
    view.getUint16(IfMsgHdr.DATA_OFF, true) === IfMsgHdr.DATAL;
  switch (type) {
    case ROUTE_RTM.IFINFO:
      return isLong ? "interfaceLong" : "interface";
    case ROUTE_RTM.NEWADDR:
    case ROUTE_RTM.DELADDR:
      return isLong ? "addressLong" : "address";
    case ROUTE_RTM.NEWMADDR:
    case ROUTE_RTM.DELMADDR:
      return "group";
    case ROUTE_RTM.IFANNOUNCE:
    case ROUTE_RTM.IEEE80211:
      return "announcement";
    default:
      return "route";
  }
}

const LENGTH_BYTES = 2;
/** Length, version and type. */
const PREAMBLE_BYTES = LENGTH_BYTES + HEAD_BYTES;

/**
 * Every message of a buffer: of a read or a write one, of a sysctl many.
 * @throws CodecError naming message number, byte, field and what was expected
 */
export function decodeRouting(bytes: Uint8Array): RoutingMessage[] {
  const reader = new Reader(bytes);
  const messages: RoutingMessage[] = [];
  while (reader.at < bytes.length) {
    reader.messageNumber = messages.length + 1;
    messages.push(readMessage(reader));
  }
  return messages;
}

function readMessage(reader: Reader): RoutingMessage {
  const start = reader.at;
  const left = reader.bytes.length - start;
  reader.path.push("rtm_msglen");
  if (left < PREAMBLE_BYTES) throw reader.error(`${PREAMBLE_BYTES} bytes (length, version, type)`, `${left}`);
  const length = reader.u16();
  if (length < PREAMBLE_BYTES || length > left) throw reader.error(`${PREAMBLE_BYTES} to ${left}`, `${length}`, start);
  reader.path.pop();
  const { buffer, byteOffset } = reader.bytes;
  const view = new DataView(buffer, byteOffset + start, length);
  expectVersion(reader, view.getUint8(LENGTH_BYTES));
  const kind = kindOf(view.getUint8(LENGTH_BYTES + 1), view);
  const schema = ROUTING_SCHEMAS[kind];
  reader.path.push(schema.name.replace("struct ", ""));
  const size = schema.leastSize;
  if (length < LENGTH_BYTES + size)
    throw reader.error(`${LENGTH_BYTES + size} bytes (${schema.name})`, `${length}`, start);
  const { addrs = 0, ...header } = schema.read(reader, size, {}) as { addrs?: number };
  reader.path.pop();
  const end = start + length;
  const sockaddrs = readSockaddrs(reader, addrs, end);
  const rest = reader.take(end - reader.at);
  // The schema says which member of the union this is.
  return { kind, header, sockaddrs, ...(rest.length === 0 ? {} : { rest }) } as unknown as RoutingMessage;
}

function expectVersion(reader: Reader, version: number): void {
  if (version === ROUTE_VERSION) return;
  reader.path.push("rtm_version");
  throw reader.error(`${ROUTE_VERSION}`, `${version}`);
}

function readSockaddrs(reader: Reader, addrs: number, end: number): Partial<Record<Slot, Sockaddr>> {
  const found: Partial<Record<Slot, Sockaddr>> = {};
  for (const [i, slot] of SLOTS.entries()) {
    if ((addrs & (1 << i)) === 0) continue;
    reader.path.push(slot);
    found[slot] = readSockaddr(reader, end);
    reader.path.pop();
  }
  return found;
}

/** @throws CodecError for a value that does not fit its field, naming message and field */
export function encodeRouting(messages: RoutingMessage | readonly RoutingMessage[]): Uint8Array {
  const writer = new Writer();
  const list: readonly RoutingMessage[] = "kind" in messages ? [messages] : messages;
  for (const [i, message] of list.entries()) {
    writer.messageNumber = i + 1;
    writer.path.length = 0;
    writeMessage(writer, message);
  }
  return writer.copy();
}

function writeMessage(writer: Writer, { kind, header, sockaddrs, rest }: RoutingMessage): void {
  const start = writer.length;
  writer.u16(0);
  const schema: Struct<Fields> = ROUTING_SCHEMAS[kind];
  writer.path.push(schema.name.replace("struct ", ""));
  schema.write(writer, { ...header, addrs: addrsOf(sockaddrs) }, {});
  writer.path.pop();
  for (const slot of SLOTS) {
    const value = sockaddrs[slot];
    if (value === undefined) continue;
    writer.path.push(slot);
    writeSockaddr(writer, value);
    writer.path.pop();
  }
  if (rest !== undefined) writer.put(rest);
  writer.patchU16(start, writer.length - start);
}

/** The bits of the sockaddrs that are there. */
export function addrsOf(sockaddrs: Readonly<Partial<Record<Slot, Sockaddr>>>): number {
  return SLOTS.reduce((bits, slot, i) => (sockaddrs[slot] === undefined ? bits : bits | (1 << i)), 0);
}

/** Whatever was left out of a route's header is 0, and its version the one that there is. */
export function routeMessage(
  type: ROUTE_RTM,
  header: Partial<Omit<HeaderOf<Schemas["route"]>, "addrs" | "type" | "metrics">> & {
    metrics?: Partial<FieldValues<typeof metrics.fields>>;
  },
  sockaddrs: Readonly<Partial<Record<Slot, Sockaddr>>>,
): RoutingMessage {
  const { addrs: _addrs, ...zero } = ROUTING_SCHEMAS.route.zero();
  const given = { ...zero, ...header, metrics: { ...zero.metrics, ...header.metrics } };
  return { kind: "route", header: { ...given, type, version: ROUTE_VERSION }, sockaddrs };
}
