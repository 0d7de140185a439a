// RTM_NEWADDR as Linux writes it, attributes in its order (net/ipv4/devinet.c, inet_fill_ifaddr; net/ipv6/addrconf.c,
// inet6_fill_ifaddr; linux-compat E6.1).

import { IN6_IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { HeaderSize, IFA, IFA_F, IFAF, IfAddrMsg, RT_SCOPE } from "../../assembly/abi/rtnetlink.js";
import { type Address, networkOf, readAddress, sameBytes } from "./addressmirror.js";
import type { ReplyHeader } from "./dump.js";
import { LinuxAF } from "./family.js";
import type { MessageReader } from "./messagereader.js";
import type { MessageWriter } from "./messagewriter.js";
import type { AddressNote } from "./notes.js";
import { FOREVER } from "./number.js";
import type { LinuxVnet } from "./vnet.js";

/** IFA numbers from 11 on are Linux's own (L5.2). */
export const LinuxIFA = { PROTO: 11 } as const;

/** Linux's IFA_F that FreeBSD gives another meaning: an address of a network that has an earlier one. */
export const IFA_F_SECONDARY = 0x1;

/** IFA_PROTO of addresses that the kernel made (if_addr.h). */
const IFAPROT = { KERNEL_LO: 1, KERNEL_LL: 3 } as const;

const MS = 1000;
/** Stamps are in 1/100 s. */
const MS_A_TICK = 10;

/** What an address's lifetimes are now, and its stamps. */
interface Lifetimes {
  /** Seconds left; FOREVER for ever. */
  readonly preferred: number;
  readonly valid: number;
  /** 1/100 s since boot. */
  readonly created: number;
  readonly changed: number;
}

/**
 * One message of an address.
 * @param isSecondary - an earlier one is of the same network; IPv4 only
 */
export function writeAddress(
  vnet: LinuxVnet,
  source: MessageReader,
  type: number,
  writer: MessageWriter,
  header: ReplyHeader,
  isSecondary: boolean,
): void {
  const address = readAddress(source); // indexes the attributes
  const note = vnet.notes.addresses.get(address.key);
  const isInet = address.family === AF.INET;
  const now = vnet.kernel.uptime;
  const lifetimes = isInet ? notedLifetimes(note, now) : toldLifetimes(source, now);
  const flags = shownFlags(source, address, note, lifetimes, isSecondary);
  writer.begin(type, header.flags, header.seq, header.port, HeaderSize.IFADDRMSG);
  writer.header8(IfAddrMsg.FAMILY, isInet ? LinuxAF.INET : LinuxAF.INET6);
  writer.header8(IfAddrMsg.PREFIXLEN, address.prefixLength);
  writer.header8(IfAddrMsg.FLAGS, flags & 0xff);
  writer.header8(IfAddrMsg.SCOPE, address.scope);
  writer.header32(IfAddrMsg.INDEX, address.index);
  if (isInet) writeInet(vnet, writer, address, note, lifetimes, flags);
  else writeInet6(writer, address, note, lifetimes, flags);
  writer.end();
}

function writeInet(
  vnet: LinuxVnet,
  writer: MessageWriter,
  address: Address,
  note: AddressNote | undefined,
  lifetimes: Lifetimes,
  flags: number,
): void {
  writer.raw(IFA.ADDRESS, shownPeer(vnet, address));
  writer.raw(IFA.LOCAL, address.local);
  // Linux adds none by itself, FreeBSD computes one (E6.1).
  if (note?.hasBroadcast && address.broadcast !== undefined) writer.raw(IFA.BROADCAST, address.broadcast);
  writer.string(IFA.LABEL, labelOf(vnet, address));
  if (note !== undefined && note.protocol !== 0) writer.u8(LinuxIFA.PROTO, note.protocol);
  writer.u32(IFA.FLAGS, flags);
  if (note !== undefined && note.priority !== 0) writer.u32(IFA.RT_PRIORITY, note.priority);
  writeLifetimes(writer, lifetimes);
}

function writeInet6(
  writer: MessageWriter,
  address: Address,
  note: AddressNote | undefined,
  lifetimes: Lifetimes,
  flags: number,
): void {
  if (!sameBytes(address.local, address.peer)) writer.raw(IFA.LOCAL, address.local);
  writer.raw(IFA.ADDRESS, address.peer);
  if (note !== undefined && note.priority !== 0) writer.u32(IFA.RT_PRIORITY, note.priority);
  writeLifetimes(writer, lifetimes);
  writer.u32(IFA.FLAGS, flags);
  const protocol = note === undefined ? kernelProtocol(address) : note.protocol;
  if (protocol !== 0) writer.u8(LinuxIFA.PROTO, protocol);
}

/** IFA_PROTO of an address that no Linux program gave. */
function kernelProtocol({ scope }: Address): number {
  if (scope === RT_SCOPE.HOST) return IFAPROT.KERNEL_LO;
  return scope === RT_SCOPE.LINK ? IFAPROT.KERNEL_LL : 0;
}

/** IFA_ADDRESS of an IPv4 address: the peer, which the kernel has only on point-to-point interfaces, or itself. */
export function shownPeer(vnet: LinuxVnet, address: Address): Uint8Array {
  return vnet.notes.addresses.get(address.key)?.peer ?? address.peer;
}

/** IFA_LABEL of an IPv4 address: what a program gave, or the interface's name. */
export function labelOf(vnet: LinuxVnet, address: Address): string {
  return vnet.notes.addresses.get(address.key)?.label ?? vnet.names.of(address.index) ?? "";
}

/** Whether an earlier address of the interface is of the same network. */
export function isSecondary(vnet: LinuxVnet, address: Address): boolean {
  if (address.family !== AF.INET) return false;
  const network = networkKey(vnet, address);
  for (const each of vnet.addresses.on(address.index, AF.INET)) {
    if (each.key === address.key) return false;
    if (each.prefixLength === address.prefixLength && networkKey(vnet, each) === network) return true;
  }
  return false;
}

/** Two IPv4 addresses with the same are of one network (inet_ifa_match): that of the peer, where there is one. */
export function networkKey(vnet: LinuxVnet, address: Address): string {
  const { prefixLength } = address;
  return `${networkOf(shownPeer(vnet, address), prefixLength).join(".")}/${prefixLength}`;
}

function shownFlags(
  source: MessageReader,
  address: Address,
  note: AddressNote | undefined,
  { preferred, valid }: Lifetimes,
  isSecondary: boolean,
): number {
  let flags = address.flags | (note?.flags ?? 0);
  if (valid === FOREVER) flags |= IFA_F.PERMANENT;
  if (address.family === AF.INET) {
    if (isSecondary) flags |= IFA_F_SECONDARY;
    if (preferred === 0) flags |= IFA_F.DEPRECATED;
  } else if ((in6FlagsOf(source) & IN6_IFF.DUPLICATED) !== 0) {
    flags |= IFA_F.DADFAILED;
  }
  return flags >>> 0;
}

/** IFAF_FLAGS: what the stack itself has, of which IFA_FLAGS lacks some. */
function in6FlagsOf(source: MessageReader): number {
  let flags = 0;
  if (!source.has(IFA.FREEBSD)) return flags;
  const from = source.at(IFA.FREEBSD);
  source.each(from, from + source.size(IFA.FREEBSD), (type, at) => {
    if (type === IFAF.FLAGS) flags = source.view.getUint32(at, true);
  });
  return flags;
}

/** FreeBSD's IPv4 addresses have no lifetimes: those that a program gave count down from when it gave them. */
export function notedLifetimes(note: AddressNote | undefined, now: number): Lifetimes {
  if (note === undefined) return { preferred: FOREVER, valid: FOREVER, created: 0, changed: 0 };
  return {
    preferred: secondsLeft(note.preferred, note.changed, now),
    valid: secondsLeft(note.valid, note.changed, now),
    created: Math.floor(note.created / MS_A_TICK),
    changed: Math.floor(note.changed / MS_A_TICK),
  };
}

/** IFA_CACHEINFO of the kernel: lifetimes as configured, stamps in milliseconds. */
function toldLifetimes(source: MessageReader, now: number): Lifetimes {
  const at = source.at(IFA.CACHEINFO);
  const word = (offset: number): number => source.view.getUint32(at + offset, true);
  const changed = word(12);
  return {
    preferred: secondsLeft(word(0), changed, now),
    valid: secondsLeft(word(4), changed, now),
    created: Math.floor(word(8) / MS_A_TICK),
    changed: Math.floor(changed / MS_A_TICK),
  };
}

/** @param seconds - from a time on. @param since - that time, in milliseconds */
function secondsLeft(seconds: number, since: number, now: number): number {
  if (seconds === FOREVER) return FOREVER;
  return Math.max(0, seconds - Math.floor((now - since) / MS));
}

function writeLifetimes(writer: MessageWriter, { preferred, valid, created, changed }: Lifetimes): void {
  const at = writer.zeros(IFA.CACHEINFO, HeaderSize.IFA_CACHEINFO);
  writer.view.setUint32(at, preferred, true);
  writer.view.setUint32(at + 4, valid, true);
  writer.view.setUint32(at + 8, created, true);
  writer.view.setUint32(at + 12, changed, true);
}
