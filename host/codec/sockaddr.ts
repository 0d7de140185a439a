// Socket addresses of routing messages (sys/socket.h, netinet/in.h, net/if_dl.h; rtsock G.2.3): a length, a family, and in a
// message zeros up to a multiple of 8. One that says more than its family's fields, or less, is kept as its bytes.

import { AddressSize, AF } from "../../assembly/abi/inet.js";
import { RouteSockaddr, RouteSockaddrAt } from "../../assembly/abi/rtsock.js";
import { equalBytes, hex, type Reader, Writer } from "./bytes.js";
import { formatIp, parseIp } from "./ip.js";
import { lladdr as lladdrKind } from "./kind.js";

export interface InetSockaddr {
  readonly family: AF.INET;
  readonly address: string;
  readonly port?: number;
}

export interface Inet6Sockaddr {
  readonly family: AF.INET6;
  readonly address: string;
  readonly port?: number;
  readonly flowinfo?: number;
  /** Index of the interface that the address belongs to. */
  readonly scope?: number;
}

/** An interface, a link-layer address on it, or both. */
export interface LinkSockaddr {
  readonly family: AF.LINK;
  /** sdl_len; by default sizeof(struct sockaddr_dl), 54. */
  readonly length?: number;
  readonly index: number;
  /** IFT_* */
  readonly type: number;
  readonly name?: string;
  readonly lladdr?: string;
}

/** Any other: the whole of it, length and family first. Nothing stands for a length of 0. */
export interface RawSockaddr {
  readonly bytes: Uint8Array;
}

export type Sockaddr = InetSockaddr | Inet6Sockaddr | LinkSockaddr | RawSockaddr;

const LENGTH_MAX = 255;

/** What a sockaddr takes in a message (SA_SIZE). */
export function sockaddrSize(length: number): number {
  return length === 0 ? RouteSockaddr.ALIGN : Math.ceil(length / RouteSockaddr.ALIGN) * RouteSockaddr.ALIGN;
}

/**
 * Reads one, and what pads it, which the last one of a request may lack.
 * @param end - of the message
 */
export function readSockaddr(reader: Reader, end: number): Sockaddr {
  const start = reader.at;
  const left = end - start;
  if (left < 1) throw reader.error("a sockaddr", "the end of the message");
  const length = reader.bytes[start] ?? 0;
  if (length > left) throw reader.error(`sa_len of at most ${left}`, `${length}`);
  const whole = reader.take(length);
  reader.at = Math.min(start + sockaddrSize(length), end);
  const value = interpret(whole);
  // What the fields do not say would be lost.
  return equalBytes(sockaddrBytes(value), whole) ? value : { bytes: whole };
}

function interpret(whole: Uint8Array): Sockaddr {
  const [length = 0, family] = whole;
  const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength);
  if (family === AF.INET && length === RouteSockaddr.INET) {
    const port = view.getUint16(RouteSockaddrAt.PORT);
    const address = formatIp(
      whole.slice(RouteSockaddrAt.INET_ADDRESS, RouteSockaddrAt.INET_ADDRESS + AddressSize.INET),
    );
    return { family: AF.INET, address, ...(port === 0 ? {} : { port }) };
  }
  if (family === AF.INET6 && length === RouteSockaddr.INET6) {
    const port = view.getUint16(RouteSockaddrAt.PORT);
    const flowinfo = view.getUint32(RouteSockaddrAt.FLOWINFO);
    const scope = view.getUint32(RouteSockaddrAt.SCOPE_ID, true);
    const at = RouteSockaddrAt.INET6_ADDRESS;
    return {
      family: AF.INET6,
      address: formatIp(whole.slice(at, at + AddressSize.INET6)),
      ...(port === 0 ? {} : { port }),
      ...(flowinfo === 0 ? {} : { flowinfo }),
      ...(scope === 0 ? {} : { scope }),
    };
  }
  return family === AF.LINK && length >= RouteSockaddrAt.LINK_DATA ? interpretLink(whole, view) : { bytes: whole };
}

function interpretLink(whole: Uint8Array, view: DataView): Sockaddr {
  const nameEnd = RouteSockaddrAt.LINK_DATA + view.getUint8(RouteSockaddrAt.LINK_NLEN);
  const end = nameEnd + view.getUint8(RouteSockaddrAt.LINK_ALEN);
  if (end > whole.length) return { bytes: whole };
  const name = new TextDecoder().decode(whole.subarray(RouteSockaddrAt.LINK_DATA, nameEnd));
  const lladdr = Array.from(whole.subarray(nameEnd, end), (byte) => hex(Uint8Array.of(byte))).join(":");
  return {
    family: AF.LINK,
    ...(whole.length === RouteSockaddr.LINK ? {} : { length: whole.length }),
    index: view.getUint16(RouteSockaddrAt.LINK_INDEX, true),
    type: view.getUint8(RouteSockaddrAt.LINK_TYPE),
    ...(name === "" ? {} : { name }),
    ...(lladdr === "" ? {} : { lladdr }),
  };
}

/** Writes one, and zeros up to a multiple of 8. @throws CodecError for a value that does not fit */
export function writeSockaddr(writer: Writer, value: Sockaddr): void {
  const start = writer.length;
  put(writer, value);
  const length = writer.length - start;
  writer.put(new Uint8Array(sockaddrSize(length) - length));
}

/** Without what pads it. */
function sockaddrBytes(value: Sockaddr): Uint8Array {
  const writer = new Writer();
  put(writer, value);
  return writer.copy();
}

function put(writer: Writer, value: Sockaddr): void {
  if ("bytes" in value) {
    const [length = 0] = value.bytes;
    if (length !== value.bytes.length) throw writer.error(`sa_len ${value.bytes.length}`, `${length}`);
    writer.put(value.bytes);
  } else if (value.family === AF.INET) {
    putHead(writer, RouteSockaddr.INET, AF.INET, value.port);
    writer.put(addressBytes(writer, value.address, AddressSize.INET));
    writer.put(new Uint8Array(RouteSockaddr.INET - RouteSockaddrAt.INET_ADDRESS - AddressSize.INET));
  } else if (value.family === AF.INET6) {
    putHead(writer, RouteSockaddr.INET6, AF.INET6, value.port);
    putNetworkOrder(writer, value.flowinfo ?? 0, 4);
    writer.put(addressBytes(writer, value.address, AddressSize.INET6));
    writer.u32(value.scope ?? 0);
  } else {
    putLink(writer, value);
  }
}

function putHead(writer: Writer, length: number, family: AF, port = 0): void {
  writer.u8(length);
  writer.u8(family);
  putNetworkOrder(writer, port, 2);
}

function putNetworkOrder(writer: Writer, value: number, bytes: number): void {
  for (let shift = 8 * (bytes - 1); shift >= 0; shift -= 8) writer.u8((value >>> shift) & 0xff);
}

function addressBytes(writer: Writer, text: string, size: number): Uint8Array {
  const bytes = parseIp(text);
  if (bytes?.length !== size) throw writer.error(`an IPv${size === AddressSize.INET ? 4 : 6} address`, `"${text}"`);
  return bytes;
}

function putLink(
  writer: Writer,
  { length = RouteSockaddr.LINK, index, type, name = "", lladdr = "" }: LinkSockaddr,
): void {
  const nameBytes = new TextEncoder().encode(name);
  const inner = new Writer();
  lladdrKind.write(inner, lladdr, {});
  const least = RouteSockaddrAt.LINK_DATA + nameBytes.length + inner.length;
  if (length < least || length > LENGTH_MAX) throw writer.error(`sdl_len of ${least} to ${LENGTH_MAX}`, `${length}`);
  writer.u8(length);
  writer.u8(AF.LINK);
  writer.u16(index);
  writer.u8(type);
  writer.u8(nameBytes.length);
  writer.u8(inner.length);
  writer.u8(0);
  writer.put(nameBytes);
  writer.put(inner.copy());
  writer.put(new Uint8Array(length - least));
}

/** `10.1.0.0`, `fe80::1%2`, `link#2 em0 02:00:00:00:00:0a`; what is none of these in hexadecimal. */
export function showSockaddr(value: Sockaddr): string {
  if ("bytes" in value) return value.bytes.length === 0 ? "(empty)" : hex(value.bytes);
  if (value.family === AF.INET) return value.address;
  if (value.family === AF.INET6) return value.scope === undefined ? value.address : `${value.address}%${value.scope}`;
  return [`link#${value.index}`, ...(value.name ? [value.name] : []), ...(value.lladdr ? [value.lladdr] : [])].join(
    " ",
  );
}
