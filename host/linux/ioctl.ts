// The ioctls on interfaces that Linux programs make beside netlink (net/core/dev_ioctl.c, net/ipv4/devinet.c; linux-clients
// C5). They must agree with what netlink tells.

import { AF } from "../../assembly/abi/inet.js";
import type { Address } from "./addressmirror.js";
import { labelOf, shownPeer } from "./addressobject.js";
import { LinuxErrno, LinuxError } from "./errno.js";
import { LinuxAF } from "./family.js";
import { refreshLink } from "./linkevent.js";
import type { Link } from "./linkmirror.js";
import { shownFlags, shownTxqlen } from "./linkobject.js";
import { linkTypeOf } from "./linktype.js";
import { LinuxLimit } from "./number.js";
import type { LinuxVnet } from "./vnet.js";

/** Requests (sockios.h). */
export const SIOC = {
  GIFNAME: 0x8910,
  GIFCONF: 0x8912,
  GIFFLAGS: 0x8913,
  GIFADDR: 0x8915,
  GIFDSTADDR: 0x8917,
  GIFBRDADDR: 0x8919,
  GIFNETMASK: 0x891b,
  GIFMTU: 0x8921,
  GIFHWADDR: 0x8927,
  GIFINDEX: 0x8933,
  GIFTXQLEN: 0x8942,
  ETHTOOL: 0x8946,
} as const;

/** struct ifreq of 64-bit systems: a name, and a union of what the request is about. */
const IFREQ_BYTES = 40;
const VALUE = LinuxLimit.IFNAMSIZ;
/** Bytes of sockaddr's sa_data; where sockaddr_in has its address. */
const SA_DATA_BYTES = 14;
const SIN_ADDR = 4;

/** The ifreq that is answered. */
interface Ifreq {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** What is written of an interface. */
type LinkAnswer = (vnet: LinuxVnet, link: Link, ifreq: Ifreq) => void;
/** Which address of one of its IPv4 addresses. */
type AddressAnswer = (vnet: LinuxVnet, address: Address) => Uint8Array;

const LINK_ANSWERS: ReadonlyMap<number, LinkAnswer> = new Map<number, LinkAnswer>([
  [SIOC.GIFINDEX, (_, { index }, { view }) => view.setInt32(VALUE, index, true)],
  [SIOC.GIFFLAGS, (vnet, link, { view }) => view.setUint16(VALUE, shownFlags(vnet, link) & 0xffff, true)],
  [SIOC.GIFMTU, (_, { mtu }, { view }) => view.setInt32(VALUE, mtu, true)],
  [SIOC.GIFTXQLEN, (vnet, { index }, { view }) => view.setInt32(VALUE, shownTxqlen(vnet.notes.links.get(index)), true)],
  [SIOC.GIFHWADDR, writeHardware],
]);

const ADDRESS_ANSWERS: ReadonlyMap<number, AddressAnswer> = new Map<number, AddressAnswer>([
  [SIOC.GIFADDR, (_, { local }) => local],
  [SIOC.GIFDSTADDR, (vnet, address) => shownPeer(vnet, address)],
  [SIOC.GIFBRDADDR, (vnet, address) => broadcastOf(vnet, address)],
  [SIOC.GIFNETMASK, (_, { prefixLength }) => maskOf(prefixLength)],
]);

/**
 * @param request - SIOC…
 * @param ifreq - 40 bytes
 * @returns the ifreq with its answer; of SIOCGIFCONF the ifreqs of all IPv4 addresses, one behind the other
 * @throws LinuxError ENODEV no such interface; EADDRNOTAVAIL it has no such address; EOPNOTSUPP ethtool; EFAULT too short;
 *   ENOTTY another request
 */
export function interfaceIoctl(vnet: LinuxVnet, request: number, ifreq: Uint8Array): Uint8Array {
  vnet.settle();
  if (request === SIOC.GIFCONF) return listAddresses(vnet);
  if (ifreq.length < IFREQ_BYTES) throw new LinuxError("ioctl", LinuxErrno.EFAULT);
  const bytes = ifreq.slice(0, IFREQ_BYTES);
  const answer = { bytes, view: new DataView(bytes.buffer) };
  if (request === SIOC.GIFNAME) return nameOf(vnet, answer);
  const ofLink = LINK_ANSWERS.get(request);
  const ofAddress = ADDRESS_ANSWERS.get(request);
  if (ofLink === undefined && ofAddress === undefined && request !== SIOC.ETHTOOL) {
    throw new LinuxError("ioctl", LinuxErrno.ENOTTY);
  }
  const label = readName(bytes);
  const link = linkOf(vnet, label);
  if (ofLink !== undefined) {
    bytes.fill(0, VALUE);
    ofLink(vnet, link, answer);
  } else if (ofAddress !== undefined) {
    const address = ofAddress(vnet, addressOf(vnet, link.index, label, answer));
    bytes.fill(0, VALUE);
    writeInet(answer, address);
  } else {
    throw new LinuxError("ioctl", LinuxErrno.EOPNOTSUPP);
  }
  return bytes;
}

function readName(bytes: Uint8Array): string {
  const name = bytes.subarray(0, LinuxLimit.IFNAMSIZ - 1);
  const end = name.indexOf(0);
  return new TextDecoder().decode(end < 0 ? name : name.subarray(0, end));
}

function writeName(bytes: Uint8Array, name: string): void {
  bytes.fill(0, 0, LinuxLimit.IFNAMSIZ);
  bytes.set(new TextEncoder().encode(name).subarray(0, LinuxLimit.IFNAMSIZ - 1));
}

/** By any of its names; a label's part behind the colon does not matter. As it is now: the kernel does not tell all changes. */
function linkOf(vnet: LinuxVnet, label: string): Link {
  const index = vnet.names.find(label.split(":", 1)[0] as string);
  const link = index === undefined ? undefined : refreshLink(vnet, index);
  if (link === undefined) throw new LinuxError("ioctl", LinuxErrno.ENODEV);
  return link;
}

/** SIOCGIFNAME: ENODEV, of which if_indextoname makes ENXIO. */
function nameOf(vnet: LinuxVnet, { bytes, view }: Ifreq): Uint8Array {
  const name = vnet.names.of(view.getInt32(VALUE, true));
  if (name === undefined) throw new LinuxError("ioctl", LinuxErrno.ENODEV);
  writeName(bytes, name);
  return bytes;
}

/** sockaddr with ARPHRD and as much of the address as fits. */
function writeHardware(vnet: LinuxVnet, link: Link, { bytes, view }: Ifreq): void {
  const given = vnet.notes.links.get(link.index)?.kind;
  view.setUint16(VALUE, linkTypeOf(link.driver, link.type, given).hardware, true);
  bytes.set(link.lladdr.subarray(0, SA_DATA_BYTES), VALUE + 2);
}

/** The address of a label that is given too, else the label's first (devinet_ioctl). */
function addressOf(vnet: LinuxVnet, index: number, label: string, { bytes, view }: Ifreq): Address {
  const labelled = vnet.addresses.on(index, AF.INET).filter((each) => labelOf(vnet, each) === label);
  const isGiven = view.getUint16(VALUE, true) === LinuxAF.INET;
  const given = bytes.subarray(VALUE + SIN_ADDR, VALUE + SIN_ADDR + 4).join(".");
  const exact = isGiven ? labelled.find(({ local }) => local.join(".") === given) : undefined;
  const found = exact ?? labelled[0];
  if (found === undefined) throw new LinuxError("ioctl", LinuxErrno.EADDRNOTAVAIL);
  return found;
}

function writeInet({ bytes, view }: Ifreq, address: Uint8Array): void {
  view.setUint16(VALUE, LinuxAF.INET, true);
  bytes.set(address, VALUE + SIN_ADDR);
}

/** Linux has a broadcast address where a program gave one, else zeros. */
function broadcastOf(vnet: LinuxVnet, { key, broadcast }: Address): Uint8Array {
  const isGiven = vnet.notes.addresses.get(key)?.hasBroadcast ?? false;
  return (isGiven ? broadcast : undefined) ?? new Uint8Array(4);
}

function maskOf(prefixLength: number): Uint8Array {
  const mask = prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;
  return Uint8Array.of(mask >>> 24, (mask >>> 16) & 0xff, (mask >>> 8) & 0xff, mask & 0xff);
}

/** SIOCGIFCONF: label and address of each, interface by interface. */
function listAddresses(vnet: LinuxVnet): Uint8Array {
  const all = [...vnet.links.all()].flatMap(({ index }) => vnet.addresses.on(index, AF.INET));
  const list = new Uint8Array(all.length * IFREQ_BYTES);
  for (const [i, address] of all.entries()) {
    const bytes = list.subarray(i * IFREQ_BYTES, (i + 1) * IFREQ_BYTES);
    writeName(bytes, labelOf(vnet, address));
    writeInet({ bytes, view: new DataView(bytes.buffer, bytes.byteOffset, IFREQ_BYTES) }, address.local);
  }
  return list;
}
