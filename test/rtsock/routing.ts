// Routing sockets' messages for tests: requests byte by byte, and what is read as plain records (rtsock G.1, G.2).

import ipaddr from "ipaddr.js";
import { expect } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { Errno, NetlinkError, type RoutingSocket } from "../../host/kernel/kernel.js";
import { concat, ip, u8, u16, u32 } from "../support/messages.js";

/** Bytes of the header of each message type; of all others those of rt_msghdr. */
const HEADERS: Readonly<Record<number, number>> = { 12: 20, 13: 20, 14: 168, 15: 16, 16: 16, 17: 24 };
const RT_MSGHDR = 152;
const TYPES = ["", "ADD", "DELETE", "CHANGE", "GET", "LOSING", "REDIRECT", "MISS", "LOCK", "", "", "RESOLVE"];
const MORE_TYPES = ["NEWADDR", "DELADDR", "IFINFO", "NEWMADDR", "DELMADDR", "IFANNOUNCE"];
const SLOTS = ["dst", "gateway", "netmask", "genmask", "ifp", "ifa", "author", "brd"] as const;
export type Slot = (typeof SLOTS)[number];

/** A message as it was read. Sockaddrs are texts: "10.0.0.0", "fe80::1%2", "link#2", "link#2 name em0 02:00:…", "" for 8 zeroes. */
export interface Routing extends Partial<Record<Slot, string>> {
  readonly bytes: Uint8Array;
  readonly type: string;
  readonly length: number;
  readonly addrs: number;
  readonly flags: number;
  readonly index: number;
  readonly pid: number;
  readonly seq: number;
  readonly errno: number;
  readonly inits: number;
  readonly mtu: number;
  readonly expire: number;
  readonly weight: number;
  readonly nhidx: number;
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function sockaddrText(bytes: Uint8Array): string {
  const data = view(bytes);
  const [length = 0, family] = bytes;
  if (length === 0) return "";
  if (family === AF.INET) return bytes.slice(4, 8).join(".");
  if (family === AF.INET6) {
    const address = new ipaddr.IPv6([...bytes.slice(8, 24)]).toRFC5952String();
    const scope = data.getUint32(24, true);
    return scope === 0 ? address : `${address}%${scope}`;
  }
  expect(family).toBe(AF.LINK);
  const [nameBytes = 0, lladdrBytes = 0] = bytes.slice(5, 7);
  const name = new TextDecoder().decode(bytes.slice(8, 8 + nameBytes));
  const lladdr = [...bytes.slice(8 + nameBytes, 8 + nameBytes + lladdrBytes)].map((byte) =>
    byte.toString(16).padStart(2, "0"),
  );
  return [
    `link#${data.getUint16(2, true)}`,
    ...(name === "" ? [] : [name]),
    ...(lladdr.length ? [lladdr.join(":")] : []),
  ].join(" ");
}

/** [FB-129] Checks what holds of every message, and reads it. */
export function decode(bytes: Uint8Array): Routing {
  const data = view(bytes);
  const type = bytes[3] as number;
  const header = HEADERS[type] ?? RT_MSGHDR;
  expect(data.getUint16(0, true)).toBe(bytes.length);
  expect(bytes[2]).toBe(5);
  const isRoute = header === RT_MSGHDR;
  const isAnnounce = type === 0x11;
  const addrs = isAnnounce ? 0 : data.getInt32(isRoute ? 12 : 4, true);
  const found: Partial<Record<Slot, string>> = {};
  let at = header;
  SLOTS.forEach((slot, i) => {
    if ((addrs & (1 << i)) === 0) return;
    const length = bytes[at] as number;
    const size = length === 0 ? 8 : (length + 7) & ~7;
    expect(at + size).toBeLessThanOrEqual(bytes.length);
    expect([...bytes.slice(at + length, at + size)]).toEqual(new Array(size - length).fill(0));
    found[slot] = sockaddrText(bytes.slice(at, at + length));
    at += size;
  });
  expect(bytes.length - at).toBeLessThan(8);
  const route = (offset: number): number => (isRoute ? Number(data.getBigUint64(offset, true)) : 0);
  return {
    bytes,
    type: TYPES[type] || MORE_TYPES[type - 0xc] || String(type),
    length: bytes.length,
    addrs,
    flags: isAnnounce ? 0 : data.getInt32(8, true),
    index: data.getUint16(isRoute || isAnnounce ? 4 : 12, true),
    pid: isRoute ? data.getInt32(16, true) : 0,
    seq: isRoute ? data.getInt32(20, true) : 0,
    errno: isRoute ? data.getInt32(24, true) : 0,
    inits: route(32),
    mtu: route(48),
    expire: route(64),
    weight: route(120),
    nhidx: route(128),
    ...found,
  };
}

/** The next message's bytes, undefined when there is none. */
export function readBytes(socket: RoutingSocket): Uint8Array | undefined {
  const room = new Uint8Array(16384);
  try {
    return room.slice(0, socket.read(room));
  } catch (error) {
    if (error instanceof NetlinkError && error.errno === Errno.EAGAIN) return undefined;
    throw error;
  }
}

/** Everything that is queued. */
export function readAll(socket: RoutingSocket): Routing[] {
  const found: Routing[] = [];
  for (let bytes = readBytes(socket); bytes !== undefined; bytes = readBytes(socket)) found.push(decode(bytes));
  return found;
}

/** What is queued in a few words: "ADD 192.0.2.0/255.255.255.0 link#2 0x100041 of 2". */
export function words(messages: readonly Routing[]): string[] {
  return messages.map(({ type, dst, netmask, gateway, ifa, flags, index, bytes }) => {
    const hex = `0x${flags.toString(16)}`;
    if (type === "IFANNOUNCE") {
      const name = new TextDecoder().decode(bytes.slice(6, bytes.indexOf(0, 6)));
      return `IFANNOUNCE ${bytes[22]} ${name} of ${index}`;
    }
    if (type === "IFINFO") return `IFINFO of ${index}`;
    if (ifa !== undefined && dst === undefined) return `${type} ${ifa} ${hex} of ${index}`;
    return `${type} ${dst}${netmask === undefined ? "" : `/${netmask}`} ${gateway} ${hex} of ${index}`;
  });
}

export const heard = (socket: RoutingSocket): string[] => words(readAll(socket));

// ---- requests

export function padded(sockaddr: Uint8Array): Uint8Array {
  return concat(sockaddr, new Uint8Array(sockaddr.length === 0 ? 8 : -sockaddr.length & 7));
}

/** A sockaddr_in or sockaddr_in6; "fe80::1%2" has scope id 2. */
export function inet(text: string): Uint8Array {
  const [address = "", scope = "0"] = text.split("%");
  if (!address.includes(":")) return concat(u8(16), u8(AF.INET), u16(0), ip(address), new Uint8Array(8));
  return concat(u8(28), u8(AF.INET6), u16(0), u32(0), ip(address), u32(Number(scope)));
}

/** A sockaddr_dl of 54 bytes. */
export function link(index: number, options: { name?: string; lladdr?: string; type?: number; length?: number } = {}) {
  const name = new TextEncoder().encode(options.name ?? "");
  const lladdr = Uint8Array.from(options.lladdr?.split(":") ?? [], (byte) => Number.parseInt(byte, 16));
  const length = options.length ?? 54;
  const whole = new Uint8Array(Math.max(length, 8 + name.length + lladdr.length));
  whole.set(
    concat(
      u8(length),
      u8(AF.LINK),
      u16(index),
      u8(options.type ?? 6),
      u8(name.length),
      u8(lladdr.length),
      u8(0),
      name,
      lladdr,
    ),
  );
  return whole;
}

export interface RequestFields extends Partial<Record<Slot, string | Uint8Array>> {
  readonly flags?: number;
  readonly seq?: number;
  readonly pid?: number;
  readonly errno?: number;
  readonly inits?: number;
  readonly mtu?: number;
  readonly expire?: number;
  readonly weight?: number;
  readonly version?: number;
  /** rtm_msglen, where it is to differ from the bytes. */
  readonly length?: number;
  /** rtm_addrs, likewise. */
  readonly addrs?: number;
}

/** A request; sockaddrs given as texts are addresses. */
export function request(type: number, fields: RequestFields): Uint8Array {
  const given = SLOTS.map((slot) => fields[slot]);
  const sockaddrs = given.map((each) =>
    each === undefined ? new Uint8Array(0) : padded(typeof each === "string" ? inet(each) : each),
  );
  const addrs = given.reduce((bits: number, each, i) => (each === undefined ? bits : bits | (1 << i)), 0);
  const header = new Uint8Array(RT_MSGHDR);
  const data = view(header);
  const all = concat(header, ...sockaddrs);
  data.setUint16(0, fields.length ?? all.length, true);
  header[2] = fields.version ?? 5;
  header[3] = type;
  data.setInt32(8, fields.flags ?? 0, true);
  data.setInt32(12, fields.addrs ?? addrs, true);
  data.setInt32(16, fields.pid ?? 0, true);
  data.setInt32(20, fields.seq ?? 1, true);
  data.setInt32(24, fields.errno ?? 0, true);
  data.setBigUint64(32, BigInt(fields.inits ?? 0), true);
  data.setBigUint64(48, BigInt(fields.mtu ?? 0), true);
  data.setBigUint64(64, BigInt(fields.expire ?? 0), true);
  data.setBigUint64(120, BigInt(fields.weight ?? 0), true);
  return concat(header, ...sockaddrs);
}

/** The errno of a call, 0 when it succeeds. */
export function errnoOf(call: () => unknown): Errno {
  try {
    call();
    return Errno.OK;
  } catch (error) {
    if (error instanceof NetlinkError) return error.errno;
    throw error;
  }
}
