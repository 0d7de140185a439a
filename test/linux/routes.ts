// Route messages of Linux programs, written out and taken apart by hand.

import {
  type Attribute,
  attribute,
  attributesOf,
  F,
  find,
  int,
  join,
  type Message,
  nest,
  type Program,
  u8,
  u16,
  u32,
} from "./program.js";

export const RTM = { NEWROUTE: 24, DELROUTE: 25, GETROUTE: 26 } as const;
export const RTA = {
  DST: 1,
  SRC: 2,
  IIF: 3,
  OIF: 4,
  GATEWAY: 5,
  PRIORITY: 6,
  PREFSRC: 7,
  METRICS: 8,
  MULTIPATH: 9,
  FLOW: 11,
  CACHEINFO: 12,
  TABLE: 15,
  MARK: 16,
  VIA: 18,
  NEWDST: 19,
  PREF: 20,
  ENCAP_TYPE: 21,
  ENCAP: 22,
  EXPIRES: 23,
  UID: 25,
  NH_ID: 30,
} as const;
export const INET = 2;
export const INET6 = 10;
/** nlmsg_flags of `ip route add`, `replace`, `change` and `append`. */
export const ADD = F.CREATE | F.EXCL;
export const REPLACE = F.CREATE | F.REPLACE;
export const CHANGE = F.REPLACE;
export const APPEND = F.CREATE | F.APPEND;
export const DUMP = F.REQUEST | F.DUMP;
export const RTMSG_BYTES = 12;

/** An address as bytes: dotted, or IPv6 with at most one `::`. */
export function ip(text: string): Uint8Array {
  if (!text.includes(":")) return u8(...text.split(".").map(Number));
  const [head = "", tail] = text.split("::");
  const groups = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((each) => Number.parseInt(each, 16));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return u8(...all.flatMap((group) => [group >> 8, group & 0xff]));
}

interface RtMsg {
  readonly bits?: number;
  readonly srcBits?: number;
  readonly tos?: number;
  readonly table?: number;
  readonly protocol?: number;
  readonly scope?: number;
  readonly type?: number;
  readonly flags?: number;
}

export function rtmsg(family: number, fields: RtMsg = {}): Uint8Array {
  const { bits = 0, srcBits = 0, tos = 0, table = 0, protocol = 0, scope = 0, type = 0, flags = 0 } = fields;
  return join(u8(family, bits, srcBits, tos, table, protocol, scope, type), u32(flags));
}

/** A prefix and the rest of an rtmsg as `ip route add` sends it: protocol BOOT, table main, type unicast. */
export function route(prefix: string, fields: RtMsg = {}): Uint8Array[] {
  const [address = "", bits = "0"] = prefix.split("/");
  const bytes = ip(address);
  const header = { bits: Number(bits), table: 254, protocol: 3, type: 1, ...fields };
  return [rtmsg(bytes.length === 4 ? INET : INET6, header), attribute(RTA.DST, bytes)];
}

/** As `ip route del` sends it: protocol and type 0, scope NOWHERE. */
export function deletion(prefix: string, fields: RtMsg = {}): Uint8Array[] {
  const isInet = !prefix.includes(":");
  return route(prefix, { protocol: 0, type: 0, scope: isInet ? 255 : 0, ...fields });
}

export function via(gateway: string): Uint8Array {
  return attribute(RTA.GATEWAY, ip(gateway));
}
export function dev(index: number): Uint8Array {
  return attribute(RTA.OIF, u32(index));
}
export function metric(priority: number): Uint8Array {
  return attribute(RTA.PRIORITY, u32(priority));
}

/** An rtnexthop. */
export function path(gateway: string, { hops = 0, flags = 0, index = 0 } = {}, ...more: Uint8Array[]): Uint8Array {
  const behind = join(via(gateway), ...more);
  return join(u16(8 + behind.length), u8(flags, hops), u32(index), behind);
}
export function paths(...all: Uint8Array[]): Uint8Array {
  return nest(RTA.MULTIPATH, ...all);
}

/** A route message that was read. */
export interface Shown {
  readonly message: Message;
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly family: number;
  readonly bits: number;
  readonly table: number;
  readonly protocol: number;
  readonly scope: number;
  readonly routeType: number;
  /** rtm_flags. */
  readonly routeFlags: number;
  readonly attributes: readonly Attribute[];
  /** Attribute types in order. */
  readonly order: readonly number[];
}

export function shown(message: Message): Shown {
  const { body, bytes, type, flags } = message;
  const attributes = attributesOf(body, RTMSG_BYTES);
  return {
    message,
    length: bytes.length,
    type,
    flags,
    family: body[0] as number,
    bits: body[1] as number,
    table: body[4] as number,
    protocol: body[5] as number,
    scope: body[6] as number,
    routeType: body[7] as number,
    routeFlags: int(body, 8) >>> 0,
    attributes,
    order: attributes.map((each) => each.type),
  };
}

/** The u32 of an attribute, undefined when it is absent. */
export function word({ attributes }: Shown, type: number): number | undefined {
  const payload = find(attributes, type);
  return payload === undefined ? undefined : int(payload, 0) >>> 0;
}

/** All routes of a table as a strict socket's `ip route` gets them. */
export function dumped(program: Program, family = INET, table = 254): Shown[] {
  strict(program);
  return program
    .ask(RTM.GETROUTE, DUMP, rtmsg(family), ...(table === 0 ? [] : [attribute(RTA.TABLE, u32(table))]))
    .filter(({ type }) => type === RTM.NEWROUTE)
    .map(shown);
}

/** The route of a prefix in a dump of its table. */
export function listed(program: Program, prefix: string, table = 254): Shown | undefined {
  const [address = "", bits = "0"] = prefix.split("/");
  const bytes = ip(address);
  return dumped(program, bytes.length === 4 ? INET : INET6, table).find((each) => {
    const destination = find(each.attributes, RTA.DST) ?? new Uint8Array(bytes.length);
    return each.bits === Number(bits) && destination.every((byte, i) => byte === bytes[i]);
  });
}

const SOL_NETLINK = 270;

export function strict({ socket }: Program): void {
  socket.setsockopt(SOL_NETLINK, 12, u32(1));
}
export function wantsTexts({ socket }: Program): void {
  socket.setsockopt(SOL_NETLINK, 11, u32(1));
}

/** A change with NLM_F_ACK. @returns its errno, positive, and the text of the ext ack */
export function refused(
  program: Program,
  type: number,
  flags: number,
  ...parts: readonly Uint8Array[]
): [errno: number, text: string] {
  wantsTexts(program);
  const ack = program.ask(type, F.REQUEST | F.ACK | flags, ...parts).find((each) => each.type === 2);
  if (ack === undefined) throw new Error("no ack");
  const errno = -int(ack.body, 0);
  if ((ack.flags & F.ACK_TLVS) === 0) return [errno, ""];
  const isCapped = (ack.flags & F.CAPPED) !== 0;
  const echoed = isCapped ? 16 : int(ack.body, 4);
  const text = find(attributesOf(ack.body, 4 + ((echoed + 3) & ~3)), 1);
  return [errno, text === undefined ? "" : new TextDecoder().decode(text.subarray(0, -1))];
}
