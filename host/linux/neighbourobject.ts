// RTM_NEWNEIGH as Linux writes it (linux-compat E8.1): what the kernel tells of a neighbour, and what programs noted.

import { AF } from "../../assembly/abi/inet.js";
import { HeaderSize, NDA, NdMsg, NTF, NUD, RTM, RTN } from "../../assembly/abi/rtnetlink.js";
import type { ReplyHeader } from "./dump.js";
import { linuxFamilyOf } from "./family.js";
import type { MessageReader } from "./messagereader.js";
import type { MessageWriter } from "./messagewriter.js";
import type { LinuxVnet } from "./vnet.js";

/** ndm_refcnt in an nda_cacheinfo; the ages before it are unknown, 0. */
const CACHE_REFERENCES = 12;
const IPV4_MULTICAST = 0xe0;
const IPV6_MULTICAST = 0xff;

/** Bits of ndm_flags that both sides have and Linux shows. */
const SHOWN_FLAGS = NTF.ROUTER | NTF.PROXY;

/** By which notes of neighbours are kept. @param family - FreeBSD's */
export function neighbourKey(index: number, family: number, destination: Uint8Array): string {
  return `${index} ${family} ${destination.join(".")}`;
}

/** The key of the entry that a message of the kernel is about. @param message - indexed */
export function keyOfNeighbour(message: MessageReader): string {
  const destination = message.payload(NDA.DST) ?? new Uint8Array(0);
  return neighbourKey(message.header32(NdMsg.IFINDEX), message.header8(NdMsg.FAMILY), destination);
}

/** What Linux calls the state of an entry (NUD). @param message - RTM_NEWNEIGH or RTM_DELNEIGH of the kernel, indexed */
export function stateOf(vnet: LinuxVnet, message: MessageReader): number {
  const note = vnet.notes.neighbours.get(keyOfNeighbour(message));
  if (message.header8(NdMsg.FLAGS) & NTF.STICKY) return note?.state || NUD.PERMANENT;
  const state = message.header16(NdMsg.STATE);
  // The kernel takes an address that a program gave, but its state stays that of an entry without one.
  if (state === NUD.INCOMPLETE && message.has(NDA.LLADDR)) return note?.state || NUD.REACHABLE;
  return state;
}

/**
 * One message of an entry, RTM_NEWNEIGH or RTM_DELNEIGH.
 * @param source - RTM_NEWNEIGH or RTM_DELNEIGH of the kernel, indexed
 * @param state - NUD; FAILED has no link-layer address any more
 */
export function writeNeighbour(
  vnet: LinuxVnet,
  source: MessageReader,
  type: number,
  writer: MessageWriter,
  header: ReplyHeader,
  state: number,
): void {
  const note = vnet.notes.neighbours.get(keyOfNeighbour(source));
  const family = source.header8(NdMsg.FAMILY);
  const destination = source.payload(NDA.DST) ?? new Uint8Array(0);
  writer.begin(type, header.flags, header.seq, header.port, HeaderSize.NDMSG);
  writer.header8(NdMsg.FAMILY, linuxFamilyOf(family));
  writer.header32(NdMsg.IFINDEX, source.header32(NdMsg.IFINDEX));
  writer.header16(NdMsg.STATE, state);
  writer.header8(NdMsg.FLAGS, (source.header8(NdMsg.FLAGS) & SHOWN_FLAGS) | (note?.flags ?? 0));
  writer.header8(NdMsg.TYPE, isMulticast(family, destination) ? RTN.MULTICAST : RTN.UNICAST);
  writer.raw(NDA.DST, destination);
  const lladdr = source.payload(NDA.LLADDR);
  if (lladdr !== undefined && state !== NUD.FAILED) writer.raw(NDA.LLADDR, lladdr);
  writer.u32(NDA.PROBES, source.u32(NDA.PROBES));
  const cache = writer.zeros(NDA.CACHEINFO, HeaderSize.NDA_CACHEINFO);
  writer.view.setUint32(cache + CACHE_REFERENCES, Math.max(referencesOf(source) - 1, 0), true);
  if (note !== undefined && note.protocol !== 0) writer.u8(NDA.PROTOCOL, note.protocol);
  if (note !== undefined && note.extendedFlags !== 0) writer.u32(NDA.FLAGS_EXT, note.extendedFlags);
  writer.end();
}

/** A proxy entry, of which Linux tells little more than the address (pneigh_fill_info). @param source - indexed */
export function writeProxy(source: MessageReader, writer: MessageWriter, header: ReplyHeader): void {
  writer.begin(RTM.NEWNEIGH, header.flags, header.seq, header.port, HeaderSize.NDMSG);
  writer.header8(NdMsg.FAMILY, linuxFamilyOf(source.header8(NdMsg.FAMILY)));
  writer.header32(NdMsg.IFINDEX, source.header32(NdMsg.IFINDEX));
  writer.header8(NdMsg.FLAGS, NTF.PROXY);
  writer.header8(NdMsg.TYPE, RTN.UNICAST);
  writer.raw(NDA.DST, source.payload(NDA.DST) ?? new Uint8Array(0));
  writer.end();
}

function referencesOf(source: MessageReader): number {
  if (source.size(NDA.CACHEINFO) < HeaderSize.NDA_CACHEINFO) return 0;
  return source.view.getUint32(source.at(NDA.CACHEINFO) + CACHE_REFERENCES, true);
}

function isMulticast(family: number, destination: Uint8Array): boolean {
  const first = destination[0] ?? 0;
  return family === AF.INET ? (first & 0xf0) === IPV4_MULTICAST : first === IPV6_MULTICAST;
}
