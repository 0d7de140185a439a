// RTM_NEWLINK as Linux 6.18 writes it, attributes in its order (linux-compat E5.1 to E5.3): what the kernel tells of an
// interface, what programs noted, and what Linux always has.

import { AF } from "../../assembly/abi/inet.js";
import { HeaderSize, IFLA, IFLAF, IfInfoMsg } from "../../assembly/abi/rtnetlink.js";
import type { ReplyHeader } from "./dump.js";
import { LinuxAF } from "./family.js";
import { LinuxIFF, linuxFlagsOf, operstateOf } from "./linkflags.js";
import { tunnelEnds, writeLinkInfo } from "./linkinfo.js";
import { type Link, partnerName, readLink } from "./linkmirror.js";
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
  const { hardware, kind } = linkTypeOf(link.driver, link.type, note?.kind);
  const flags = shownFlags(vnet, link);
  const isLoopback = hardware === ARPHRD.LOOPBACK;
  writer.begin(type, header.flags, header.seq, header.port, HeaderSize.IFINFOMSG);
  writer.header8(IfInfoMsg.FAMILY, AF.UNSPEC);
  writer.header16(IfInfoMsg.TYPE, hardware);
  writer.header32(IfInfoMsg.INDEX, link.index);
  writer.header32(IfInfoMsg.FLAGS, flags);
  writer.header32(IfInfoMsg.CHANGE, change);
  writer.string(IFLA.IFNAME, vnet.names.of(link.index) ?? link.name);
  writeWords(writer, link, note, { hardware, flags, promiscuity: source.u32(IFLA.PROMISCUITY) });
  writeCarrier(writer, source, link, note);
  if (isLoopback) writeAddresses(writer, new Uint8Array(6), new Uint8Array(6));
  else writeAddresses(writer, ...linkAddresses(link, kind, note));
  writeStatistics(writer, source);
  const xdp = writer.nest(IFLA.XDP);
  writer.u8(XDP_ATTACHED, 0);
  writer.endNest(xdp);
  writeLinkInfo(vnet, writer, source, link, kind, note);
  if (kind === undefined && hardware === ARPHRD.ETHER) writePermanent(writer, source);
  writeLower(vnet, writer, source, link, note);
  writer.string(IFLA.QDISC, QDISC);
  writeFamilies(writer);
  writer.zeros(IFLA.MAP, MAP_BYTES);
  writeAlternatives(writer, vnet.names.alternatives(link.index));
  writer.end();
}

/** ifi_flags: what the kernel tells, computed as Linux does, and what programs noted. */
export function shownFlags(vnet: LinuxVnet, link: Link): number {
  const note = vnet.notes.links.get(link.index);
  let flags = linuxFlagsOf(link.flags, operstateOf(link.flags, link.operstate), link.carrier);
  if (note !== undefined) {
    flags = (flags & ~note.flagsMask) | (note.flags & note.flagsMask);
    const master = note.master === 0 ? undefined : vnet.links.get(note.master);
    if (master !== undefined && master.driver !== "bridge") flags |= LinuxIFF.SLAVE;
  }
  if (link.driver === "lagg") flags |= LinuxIFF.MASTER;
  return flags >>> 0;
}

/** IFLA_TXQLEN: as noted, else Linux's default. */
export function shownTxqlen(note: LinkNote | undefined): number {
  return note?.words.get(IFLA.TXQLEN) ?? TXQLEN;
}

/** What every interface has, in one column of Linux's order. */
function writeWords(
  writer: MessageWriter,
  link: Link,
  note: LinkNote | undefined,
  { hardware, flags, promiscuity }: { hardware: number; flags: number; promiscuity: number },
): void {
  const noted = (type: number, otherwise: number): number => note?.words.get(type) ?? otherwise;
  const isLoopback = hardware === ARPHRD.LOOPBACK;
  const leastMtu = hardware === ARPHRD.ETHER ? ETHERNET_MIN_MTU : OTHER_MIN_MTU;
  writer.u32(IFLA.TXQLEN, shownTxqlen(note));
  writer.u8(IFLA.OPERSTATE, noted(IFLA.OPERSTATE, operstateOf(link.flags, link.operstate)));
  writer.u8(IFLA.LINKMODE, noted(IFLA.LINKMODE, 0));
  writer.u32(IFLA.MTU, link.mtu);
  writer.u32(IFLA.MIN_MTU, isLoopback ? 0 : leastMtu);
  writer.u32(IFLA.MAX_MTU, isLoopback ? 0 : MAX_MTU);
  writer.u32(IFLA.GROUP, noted(IFLA.GROUP, 0));
  writer.u32(IFLA.PROMISCUITY, promiscuity);
  writer.u32(LinuxIFLA.ALLMULTI, flags & LinuxIFF.ALLMULTI ? 1 : 0);
  writer.u32(IFLA.NUM_TX_QUEUES, noted(IFLA.NUM_TX_QUEUES, 1));
  writer.u32(IFLA.GSO_MAX_SEGS, noted(IFLA.GSO_MAX_SEGS, GSO_MAX_SEGS));
  writer.u32(IFLA.GSO_MAX_SIZE, noted(IFLA.GSO_MAX_SIZE, GSO_MAX_SIZE));
  writer.u32(IFLA.GRO_MAX_SIZE, noted(IFLA.GRO_MAX_SIZE, GSO_MAX_SIZE));
  writer.u32(LinuxIFLA.GSO_IPV4_MAX_SIZE, noted(LinuxIFLA.GSO_IPV4_MAX_SIZE, GSO_MAX_SIZE));
  writer.u32(LinuxIFLA.GRO_IPV4_MAX_SIZE, noted(LinuxIFLA.GRO_IPV4_MAX_SIZE, GSO_MAX_SIZE));
  writer.u32(LinuxIFLA.TSO_MAX_SIZE, TSO_MAX_SIZE);
  writer.u32(LinuxIFLA.TSO_MAX_SEGS, GSO_MAX_SEGS);
  writer.u32(IFLA.NUM_RX_QUEUES, noted(IFLA.NUM_RX_QUEUES, 1));
}

function writeCarrier(writer: MessageWriter, source: MessageReader, link: Link, note: LinkNote | undefined): void {
  if (note !== undefined && note.master !== 0) writer.u32(IFLA.MASTER, note.master);
  writer.u8(IFLA.CARRIER, link.carrier);
  writeDescription(writer, source.text(IFLA.IFALIAS), note?.description);
  const changes = note?.carrierChanges ?? 0;
  writer.u32(IFLA.CARRIER_CHANGES, changes);
  writer.u32(IFLA.CARRIER_UP_COUNT, (changes + 1) >>> 1);
  writer.u32(IFLA.CARRIER_DOWN_COUNT, changes >>> 1);
  writer.u8(IFLA.PROTO_DOWN, note?.words.get(IFLA.PROTO_DOWN) ?? 0);
}

/** The kernel cuts a long description: the note is of the same one while it begins alike. */
function writeDescription(writer: MessageWriter, text: string | undefined, noted: string | undefined): void {
  if (text === undefined) return;
  writer.string(IFLA.IFALIAS, noted?.startsWith(text) ? noted : text);
}

/** IFLA_ADDRESS and IFLA_BROADCAST: of tunnels, which have no such addresses, their ends. */
function linkAddresses(link: Link, kind: string | undefined, note: LinkNote | undefined): [Uint8Array, Uint8Array] {
  const ends = note?.data === undefined || kind === undefined ? undefined : tunnelEnds(kind, note.data);
  return ends ?? [link.lladdr, new Uint8Array(link.lladdr.length).fill(0xff)];
}

function writeAddresses(writer: MessageWriter, address: Uint8Array, broadcast: Uint8Array): void {
  if (address.length === 0) return;
  writer.raw(IFLA.ADDRESS, address);
  writer.raw(IFLA.BROADCAST, broadcast);
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

/** The address that hardware came with. */
function writePermanent(writer: MessageWriter, source: MessageReader): void {
  if (!source.has(IFLA.FREEBSD)) return;
  const from = source.at(IFLA.FREEBSD);
  source.each(from, from + source.size(IFLA.FREEBSD), (type, at, size) => {
    if (type === IFLAF.ORIG_HWADDR) writer.raw(IFLA.PERM_ADDRESS, source.bytes.subarray(at, at + size));
  });
}

/**
 * What an interface lies on: a vlan's parent, the other half of a pair. Of one in another vnet Linux tells the index there,
 * and the id of that namespace; there is one id for all.
 */
function writeLower(
  vnet: LinuxVnet,
  writer: MessageWriter,
  source: MessageReader,
  link: Link,
  note: LinkNote | undefined,
): void {
  const lower = source.u32(IFLA.LINK) || note?.lower || (link.driver === "epair" ? partnerOf(vnet, link) : 0);
  if (lower === 0) return;
  writer.u32(IFLA.LINK, lower);
  if (vnet.links.get(lower) === undefined) writer.u32(LinuxIFLA.LINK_NETNSID, 0);
}

/** The index of the other half of an epair, which may have been elsewhere before the layer looked; 0 when it is nowhere. */
function partnerOf(vnet: LinuxVnet, link: Link): number {
  const known = vnet.links.partner(link.index);
  if (known !== undefined) return known;
  const name = partnerName(link.name);
  for (const each of vnet.kernel.vnets) {
    const index = each.interfaceIndex(name);
    if (index === undefined) continue;
    vnet.links.join(link.index, index);
    return index;
  }
  return 0;
}

/** IFLA_PROP_LIST with the names that it has besides. */
function writeAlternatives(writer: MessageWriter, names: readonly string[]): void {
  if (names.length === 0) return;
  const list = writer.nest(IFLA.PROP_LIST);
  for (const name of names) writer.string(IFLA.ALT_IFNAME, name);
  writer.endNest(list);
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
