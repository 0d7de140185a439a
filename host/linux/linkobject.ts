// RTM_NEWLINK as Linux 6.18 writes it, attributes in its order (linux-compat E5.1 to E5.3): what the kernel tells of an
// interface, what programs noted, and what Linux always has.

import { AF } from "../../assembly/abi/inet.js";
import { HeaderSize, IFLA, IFLA_INFO, IFLA_VLAN, IfInfoMsg } from "../../assembly/abi/rtnetlink.js";
import type { ReplyHeader } from "./dump.js";
import { LinuxAF } from "./family.js";
import { LinuxIFF, linuxFlagsOf, operstateOf } from "./linkflags.js";
import { type Link, readLink } from "./linkmirror.js";
import { ARPHRD, linkTypeOf } from "./linktype.js";
import type { MessageReader } from "./messagereader.js";
import type { MessageWriter } from "./messagewriter.js";
import type { LinkNote } from "./notes.js";
import type { LinuxVnet } from "./vnet.js";

/** IFLA numbers from 59 on are Linux's own (L4.8). */
export const LinuxIFLA = {
  LINK_NETNSID: 37,
  TSO_MAX_SIZE: 59,
  TSO_MAX_SEGS: 60,
  ALLMULTI: 61,
  GSO_IPV4_MAX_SIZE: 63,
  GRO_IPV4_MAX_SIZE: 64,
} as const;

const TXQLEN = 1000;
const QDISC = "noqueue";
const ETHERNET_MIN_MTU = 68;
const OTHER_MIN_MTU = 72;
const MAX_MTU = 65_535;
const GSO_MAX_SEGS = 65_535;
const GSO_MAX_SIZE = 65_536;
const TSO_MAX_SIZE = 524_280;
/** STATS64 in bytes: FreeBSD has one counter less. STATS are the low halves of the first ones. */
const STATS64_BYTES = 200;
const STATS_COUNTERS = 24;
const MAP_BYTES = 32;
const XDP_ATTACHED = 2;
const IFLA_INET6_FLAGS = 1;
const IFLA_INET6_ADDR_GEN_MODE = 8;
/** IF_READY. */
const INET6_FLAGS = 0x80000000;
const TUN_TYPE = 3;
const BR_VLAN_FILTERING = 7;

/** One message of an interface. @param change - ifi_change */
export function writeLink(
  vnet: LinuxVnet,
  source: MessageReader,
  type: number,
  writer: MessageWriter,
  header: ReplyHeader,
  change: number,
): void {
  const link = readLink(source); // indexes the attributes
  const note = vnet.notes.links.get(link.index);
  const { hardware, kind } = linkTypeOf(link.driver, link.type);
  const isLoopback = hardware === ARPHRD.LOOPBACK;
  writer.begin(type, header.flags, header.seq, header.port, HeaderSize.IFINFOMSG);
  writer.header8(IfInfoMsg.FAMILY, AF.UNSPEC);
  writer.header16(IfInfoMsg.TYPE, hardware);
  writer.header32(IfInfoMsg.INDEX, link.index);
  writer.header32(IfInfoMsg.FLAGS, shownFlags(vnet, link, note));
  writer.header32(IfInfoMsg.CHANGE, change);
  writer.string(IFLA.IFNAME, vnet.names.of(link.index) ?? link.name);
  writeWords(writer, link, note, isLoopback);
  writeCarrier(writer, source, link, note);
  writeAddresses(writer, link, isLoopback);
  writeStatistics(writer, source);
  const xdp = writer.nest(IFLA.XDP);
  writer.u8(XDP_ATTACHED, 0);
  writer.endNest(xdp);
  writeLinkInfo(vnet, writer, source, link, note?.kind ?? kind, note);
  writeLower(vnet, writer, source, link);
  writer.string(IFLA.QDISC, QDISC);
  writeFamilies(writer);
  writer.zeros(IFLA.MAP, MAP_BYTES);
  writer.end();
}

function shownFlags(vnet: LinuxVnet, link: Link, note: LinkNote | undefined): number {
  let flags = linuxFlagsOf(link.flags, operstateOf(link.flags, link.operstate), link.carrier);
  if (note !== undefined) {
    flags = (flags & ~note.flagsMask) | (note.flags & note.flagsMask);
    const master = note.master === 0 ? undefined : vnet.links.get(note.master);
    if (master !== undefined && master.driver !== "bridge") flags |= LinuxIFF.SLAVE;
  }
  if (link.driver === "lagg") flags |= LinuxIFF.MASTER;
  return flags >>> 0;
}

/** What every interface has, in one column of Linux's order. */
function writeWords(writer: MessageWriter, link: Link, note: LinkNote | undefined, isLoopback: boolean): void {
  const noted = (type: number, otherwise: number): number => note?.words.get(type) ?? otherwise;
  const leastMtu = linkTypeOf(link.driver, link.type).hardware === ARPHRD.ETHER ? ETHERNET_MIN_MTU : OTHER_MIN_MTU;
  writer.u32(IFLA.TXQLEN, noted(IFLA.TXQLEN, TXQLEN));
  writer.u8(IFLA.OPERSTATE, noted(IFLA.OPERSTATE, operstateOf(link.flags, link.operstate)));
  writer.u8(IFLA.LINKMODE, noted(IFLA.LINKMODE, 0));
  writer.u32(IFLA.MTU, link.mtu);
  writer.u32(IFLA.MIN_MTU, isLoopback ? 0 : leastMtu);
  writer.u32(IFLA.MAX_MTU, isLoopback ? 0 : MAX_MTU);
  writer.u32(IFLA.GROUP, noted(IFLA.GROUP, 0));
  writer.u32(IFLA.PROMISCUITY, link.flags & LinuxIFF.PROMISC ? 1 : 0);
  writer.u32(LinuxIFLA.ALLMULTI, link.flags & LinuxIFF.ALLMULTI ? 1 : 0);
  writer.u32(IFLA.NUM_TX_QUEUES, noted(IFLA.NUM_TX_QUEUES, 1));
  writer.u32(IFLA.GSO_MAX_SEGS, noted(IFLA.GSO_MAX_SEGS, GSO_MAX_SEGS));
  writer.u32(IFLA.GSO_MAX_SIZE, noted(IFLA.GSO_MAX_SIZE, GSO_MAX_SIZE));
  writer.u32(IFLA.GRO_MAX_SIZE, noted(IFLA.GRO_MAX_SIZE, GSO_MAX_SIZE));
  writer.u32(LinuxIFLA.GSO_IPV4_MAX_SIZE, GSO_MAX_SIZE);
  writer.u32(LinuxIFLA.GRO_IPV4_MAX_SIZE, GSO_MAX_SIZE);
  writer.u32(LinuxIFLA.TSO_MAX_SIZE, TSO_MAX_SIZE);
  writer.u32(LinuxIFLA.TSO_MAX_SEGS, GSO_MAX_SEGS);
  writer.u32(IFLA.NUM_RX_QUEUES, noted(IFLA.NUM_RX_QUEUES, 1));
}

function writeCarrier(writer: MessageWriter, source: MessageReader, link: Link, note: LinkNote | undefined): void {
  if (note !== undefined && note.master !== 0) writer.u32(IFLA.MASTER, note.master);
  writer.u8(IFLA.CARRIER, link.carrier);
  const description = source.payload(IFLA.IFALIAS);
  if (description !== undefined) writer.raw(IFLA.IFALIAS, description);
  const changes = note?.carrierChanges ?? 0;
  writer.u32(IFLA.CARRIER_CHANGES, changes);
  writer.u32(IFLA.CARRIER_UP_COUNT, (changes + 1) >>> 1);
  writer.u32(IFLA.CARRIER_DOWN_COUNT, changes >>> 1);
  writer.u8(IFLA.PROTO_DOWN, note?.words.get(IFLA.PROTO_DOWN) ?? 0);
}

function writeAddresses(writer: MessageWriter, link: Link, isLoopback: boolean): void {
  const bytes = isLoopback ? 6 : link.lladdr.length;
  if (bytes === 0) return;
  if (isLoopback) writer.zeros(IFLA.ADDRESS, bytes);
  else writer.raw(IFLA.ADDRESS, link.lladdr);
  const broadcast = writer.zeros(IFLA.BROADCAST, bytes);
  if (!isLoopback) writer.bytes.fill(0xff, broadcast, broadcast + bytes);
}

function writeStatistics(writer: MessageWriter, source: MessageReader): void {
  const counters = source.payload(IFLA.STATS64) ?? new Uint8Array(0);
  const long = writer.zeros(IFLA.STATS64, STATS64_BYTES);
  writer.bytes.set(counters.subarray(0, STATS64_BYTES), long);
  const short = writer.zeros(IFLA.STATS, STATS_COUNTERS * 4);
  for (let i = 0; i < STATS_COUNTERS; i++) {
    writer.view.setUint32(short + i * 4, writer.view.getUint32(long + i * 8, true), true);
  }
}

/** IFLA_LINKINFO: the kind, what Linux's kind has for settings, and of a member what it is a member of. */
function writeLinkInfo(
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
  if (master !== undefined)
    writer.string(IFLA_INFO.SLAVE_KIND, linkTypeOf(master.driver, master.type).kind ?? "bridge");
  writer.endNest(linkinfo);
}

function writeData(
  writer: MessageWriter,
  source: MessageReader,
  link: Link,
  kind: string,
  note: LinkNote | undefined,
): void {
  if (kind === "vlan") {
    writeVlan(writer, source);
    return;
  }
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

/** The ethertype is big endian on Linux, the host's order on FreeBSD. */
function writeVlan(writer: MessageWriter, source: MessageReader): void {
  const from = source.at(IFLA.LINKINFO);
  let vid: number | undefined;
  let protocol = 0x8100;
  source.each(from, from + source.size(IFLA.LINKINFO), (type, at, size) => {
    if (type !== IFLA_INFO.DATA) return;
    source.each(at, at + size, (inner, place) => {
      if (inner === IFLA_VLAN.ID) vid = source.view.getUint16(place, true);
      if (inner === IFLA_VLAN.PROTOCOL) protocol = source.view.getUint16(place, true);
    });
  });
  if (vid === undefined) return;
  const data = writer.nest(IFLA_INFO.DATA);
  writer.be16(IFLA_VLAN.PROTOCOL, protocol);
  writer.u16(IFLA_VLAN.ID, vid);
  const flags = writer.zeros(IFLA_VLAN.FLAGS, 8);
  writer.view.setUint32(flags, 1, true);
  writer.view.setUint32(flags + 4, 0xffffffff, true);
  writer.endNest(data);
}

/** What an interface lies on: a vlan's parent, the other half of a pair. */
function writeLower(vnet: LinuxVnet, writer: MessageWriter, source: MessageReader, link: Link): void {
  if (source.has(IFLA.LINK)) {
    writer.u32(IFLA.LINK, source.u32(IFLA.LINK));
    return;
  }
  if (link.driver !== "epair") return;
  const other = link.name.endsWith("a") ? `${link.name.slice(0, -1)}b` : `${link.name.slice(0, -1)}a`;
  for (const each of vnet.links.all()) {
    if (each.name === other) {
      writer.u32(IFLA.LINK, each.index);
      return;
    }
  }
  // Elsewhere: Linux tells its index there, with the id of that namespace; which index it is, this vnet does not know.
  writer.u32(IFLA.LINK, 0);
  writer.u32(LinuxIFLA.LINK_NETNSID, 0);
}

/** IFLA_AF_SPEC with what the readers of IPv6's part need. */
function writeFamilies(writer: MessageWriter): void {
  const families = writer.nest(IFLA.AF_SPEC);
  const inet6 = writer.nest(LinuxAF.INET6);
  writer.u32(IFLA_INET6_FLAGS, INET6_FLAGS);
  writer.u8(IFLA_INET6_ADDR_GEN_MODE, 0);
  writer.endNest(inet6);
  writer.endNest(families);
}
