// IFLA_LINKINFO as Linux writes it: the kind, the settings that Linux's kind has, and of a member what it is a member of
// (linux-compat E5.1, E5.8).

import { IFLA, IFLA_INFO, IFLA_VLAN } from "../../assembly/abi/rtnetlink.js";
import type { Link } from "./linkmirror.js";
import { linkTypeOf } from "./linktype.js";
import type { MessageReader } from "./messagereader.js";
import type { MessageWriter } from "./messagewriter.js";
import { readAttributes } from "./nest.js";
import type { LinkNote } from "./notes.js";
import type { LinuxVnet } from "./vnet.js";

/** IFLA_TUN_TYPE, with IFF_TUN and IFF_TAP. */
const TUN_TYPE = 3;
const BR_VLAN_FILTERING = 7;
/** VLAN_FLAG_REORDER_HDR: on by default. */
const VLAN_FLAGS = 1;
const ALL_BITS = 0xffffffff;
const ETHERTYPE_VLAN = 0x8100;

/** Where the settings of a tunnel have its local and its remote end (if_tunnel.h). */
const TUNNEL_ENDS: ReadonlyMap<string, readonly [local: number, remote: number]> = new Map([
  ["ipip", [2, 3] as const],
  ["sit", [2, 3] as const],
  ["ip6tnl", [2, 3] as const],
  ["gre", [6, 7] as const],
]);

/** Local and remote address in a tunnel's settings; undefined when it has none. @param data - IFLA_INFO_DATA */
export function tunnelEnds(kind: string, data: Uint8Array): [Uint8Array, Uint8Array] | undefined {
  const places = TUNNEL_ENDS.get(kind);
  if (places === undefined) return undefined;
  const settings = readAttributes(data);
  const [local, remote] = places.map((type) => settings.get(type));
  const bytes = local?.length ?? remote?.length ?? 0;
  if (bytes === 0) return undefined;
  return [local ?? new Uint8Array(bytes), remote ?? new Uint8Array(bytes)];
}

/** @param kind - undefined for hardware and lo */
export function writeLinkInfo(
  vnet: LinuxVnet,
  writer: MessageWriter,
  source: MessageReader,
  link: Link,
  kind: string | undefined,
  note: LinkNote | undefined,
): void {
  const master = note === undefined || note.master === 0 ? undefined : vnet.links.get(note.master);
  if (kind === undefined && master === undefined) return;
  const linkinfo = writer.nest(IFLA.LINKINFO);
  if (kind !== undefined) {
    writer.string(IFLA_INFO.KIND, kind);
    writeData(writer, source, link, kind, note);
  }
  if (master !== undefined) {
    writer.string(IFLA_INFO.SLAVE_KIND, linkTypeOf(master.driver, master.type).kind ?? "bridge");
    if (note?.slaveData !== undefined) writer.raw(IFLA_INFO.SLAVE_DATA, note.slaveData);
  }
  writer.endNest(linkinfo);
}

function writeData(
  writer: MessageWriter,
  source: MessageReader,
  link: Link,
  kind: string,
  note: LinkNote | undefined,
): void {
  if (kind === "vlan" && writeVlan(writer, source)) return;
  if (note?.data !== undefined) {
    writer.raw(IFLA_INFO.DATA, note.data);
    return;
  }
  if (kind !== "tun" && kind !== "bridge") return;
  const data = writer.nest(IFLA_INFO.DATA);
  if (kind === "tun") writer.u8(TUN_TYPE, link.driver === "tun" ? 1 : 2);
  else writer.u8(BR_VLAN_FILTERING, 0);
  writer.endNest(data);
}

/** What the kernel tells of a vlan, if it does. The ethertype is big endian on Linux, the host's order on FreeBSD. */
function writeVlan(writer: MessageWriter, source: MessageReader): boolean {
  const from = source.at(IFLA.LINKINFO);
  let vid: number | undefined;
  let protocol = ETHERTYPE_VLAN;
  source.each(from, from + source.size(IFLA.LINKINFO), (type, at, size) => {
    if (type !== IFLA_INFO.DATA) return;
    source.each(at, at + size, (inner, place) => {
      if (inner === IFLA_VLAN.ID) vid = source.view.getUint16(place, true);
      if (inner === IFLA_VLAN.PROTOCOL) protocol = source.view.getUint16(place, true);
    });
  });
  if (vid === undefined) return false;
  const data = writer.nest(IFLA_INFO.DATA);
  writeVlanSettings(writer, vid, protocol);
  writer.endNest(data);
  return true;
}

/** Inside IFLA_INFO_DATA, in Linux's order. @param protocol - ethertype, in the host's order */
export function writeVlanSettings(writer: MessageWriter, vid: number, protocol: number): void {
  writer.be16(IFLA_VLAN.PROTOCOL, protocol);
  writer.u16(IFLA_VLAN.ID, vid);
  const flags = writer.zeros(IFLA_VLAN.FLAGS, 8);
  writer.view.setUint32(flags, VLAN_FLAGS, true);
  writer.view.setUint32(flags + 4, ALL_BITS, true);
}
