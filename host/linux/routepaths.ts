// The paths of a route: gateways, RTA_VIA and RTA_MULTIPATH, which differ on the two sides (linux-compat E7.3, E7.5; L6.5,
// L6.6). rtnh_hops is the weight on FreeBSD and one less on Linux; the family in RTA_VIA takes one byte or two.

import { AddressSize, AF } from "../../assembly/abi/inet.js";
import { HeaderSize, RTA, RtNextHop } from "../../assembly/abi/rtnetlink.js";
import { LinuxAF } from "./family.js";
import type { MessageReader } from "./messagereader.js";
import type { MessageWriter } from "./messagewriter.js";
import { type PathNote, type RouteNote, sameBytes } from "./routenotes.js";

/** Bytes of the family in RTA_VIA. */
export const ViaFamily = { FREEBSD: 1, LINUX: 2 } as const;

/** A path of RTA_MULTIPATH. */
export interface Path {
  /** rtnh_hops. */
  readonly hops: number;
  /** rtnh_flags. */
  readonly flags: number;
  /** Of its interface, 0 for none. */
  readonly index: number;
  /** Of RTA_GATEWAY, or the address in RTA_VIA; the bytes are the message's. */
  readonly gateway: Uint8Array | undefined;
  readonly isVia: boolean;
  /** RTA_FLOW. */
  readonly flow: number;
  /** RTA_ENCAP or RTA_ENCAP_TYPE. */
  readonly isEncapsulated: boolean;
}

/**
 * The paths in RTA_MULTIPATH.
 * @param source - indexed
 * @param viaFamily - whose form it has
 * @returns undefined when a length is impossible, or something is left behind the last one
 */
export function pathsOf(source: MessageReader, viaFamily: number): Path[] | undefined {
  const { bytes, view } = source;
  const paths: Path[] = [];
  let at = source.at(RTA.MULTIPATH);
  const end = at + source.size(RTA.MULTIPATH);
  while (at + HeaderSize.RTNEXTHOP <= end) {
    const length = view.getUint16(at + RtNextHop.LEN, true);
    if (length < HeaderSize.RTNEXTHOP || at + length > end) return undefined;
    const path = {
      hops: bytes[at + RtNextHop.HOPS] as number,
      flags: bytes[at + RtNextHop.FLAGS] as number,
      index: view.getUint32(at + RtNextHop.IFINDEX, true),
      gateway: undefined as Uint8Array | undefined,
      isVia: false,
      flow: 0,
      isEncapsulated: false,
    };
    source.each(at + HeaderSize.RTNEXTHOP, at + length, (type, payload, size) => {
      if (type === RTA.GATEWAY) path.gateway = bytes.subarray(payload, payload + size);
      if (type === RTA.VIA) path.gateway = bytes.subarray(payload + viaFamily, payload + size);
      if (type === RTA.VIA) path.isVia = true;
      if (type === RTA.FLOW && size >= 4) path.flow = view.getUint32(payload, true);
      if (type === RTA.ENCAP || type === RTA.ENCAP_TYPE) path.isEncapsulated = true;
    });
    paths.push(path);
    at += (length + 3) & ~3;
  }
  return at < end ? undefined : paths;
}

/** The gateway of a route with one path: RTA_GATEWAY, or the address in RTA_VIA. */
export function gatewayOf(source: MessageReader, viaFamily: number): Uint8Array | undefined {
  return source.payload(RTA.GATEWAY) ?? source.payload(RTA.VIA)?.subarray(viaFamily);
}

/** What was noted of the path over a gateway, or of a route without one. */
export function pathNoteOf(note: RouteNote, gateway: Uint8Array | undefined): Omit<PathNote, "gateway"> {
  if (gateway === undefined) return { flags: 0, flow: note.flow };
  return note.paths.find((path) => sameBytes(path.gateway, gateway)) ?? { flags: 0, flow: 0 };
}

// ---- as Linux has them. @param source - of the kernel, indexed

/** RTA_GATEWAY or RTA_VIA of a route with one path. */
export function writeGateway(source: MessageReader, writer: MessageWriter): void {
  const gateway = gatewayOf(source, ViaFamily.FREEBSD);
  if (gateway !== undefined) writeOneGateway(writer, gateway, source.has(RTA.VIA));
}

function writeOneGateway(writer: MessageWriter, gateway: Uint8Array, isVia: boolean): void {
  if (!isVia) writer.raw(RTA.GATEWAY, gateway);
  else writeVia(writer, gateway, ViaFamily.LINUX, LinuxAF.INET6);
}

/** RTA_MULTIPATH; behind each path stand its gateway and what was noted. */
export function writePaths(source: MessageReader, note: RouteNote, writer: MessageWriter): void {
  const nest = writer.nest(RTA.MULTIPATH);
  for (const { hops, index, gateway, isVia } of pathsOf(source, ViaFamily.FREEBSD) ?? []) {
    const { flags, flow } = pathNoteOf(note, gateway);
    const at = beginPath(writer, flags, hops - 1, index);
    if (gateway !== undefined) writeOneGateway(writer, gateway, isVia);
    if (flow !== 0) writer.u32(RTA.FLOW, flow);
    endPath(writer, at);
  }
  writer.endNest(nest);
}

// ---- as FreeBSD has them

/** RTA_VIA of a program, family and address, with FreeBSD's family in one byte. */
export function writeViaForKernel(writer: MessageWriter, address: Uint8Array): void {
  const family = address.length === AddressSize.INET6 ? AF.INET6 : AF.INET;
  writeVia(writer, address, ViaFamily.FREEBSD, family);
}

/** RTA_MULTIPATH with only what the kernel reads. */
export function writePathsForKernel(writer: MessageWriter, paths: readonly Path[]): void {
  const nest = writer.nest(RTA.MULTIPATH);
  for (const { hops, index, gateway, isVia } of paths) {
    const at = beginPath(writer, 0, hops + 1, index);
    if (gateway !== undefined && isVia) writeViaForKernel(writer, gateway);
    else if (gateway !== undefined) writer.raw(RTA.GATEWAY, gateway);
    endPath(writer, at);
  }
  writer.endNest(nest);
}

function writeVia(writer: MessageWriter, address: Uint8Array, familyBytes: number, family: number): void {
  const at = writer.zeros(RTA.VIA, familyBytes + address.length);
  writer.bytes[at] = family;
  writer.bytes.set(address, at + familyBytes);
}

function beginPath(writer: MessageWriter, flags: number, hops: number, index: number): number {
  const at = writer.struct(HeaderSize.RTNEXTHOP);
  writer.bytes[at + RtNextHop.FLAGS] = flags;
  writer.bytes[at + RtNextHop.HOPS] = hops;
  writer.view.setUint32(at + RtNextHop.IFINDEX, index, true);
  return at;
}

function endPath(writer: MessageWriter, at: number): void {
  writer.view.setUint16(at + RtNextHop.LEN, writer.at - at, true);
}
