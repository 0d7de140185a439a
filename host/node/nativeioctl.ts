// The interface ioctls of the host for programs of FreeBSD's ABI: its C library asks with them for names and indices, in
// the host's structures. What they tell is the kernel's, under the kernel's names.

import { IFT } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { Client } from "../client/client.js";
import type { Link } from "../codec/link.js";
import type { Vnet } from "../kernel/kernel.js";
import { LinuxErrno, LinuxError } from "../linux/errno.js";
import { plainFlagsOf } from "../linux/linkflags.js";

/** struct ifreq: a name, then a union. */
const IFREQ_BYTES = 40;
const NAME_BYTES = 16;
const VALUE = NAME_BYTES;
const SOCKADDR_BYTES = 16;

const SIOCGIFNAME = 0x8910;
const SIOCGIFCONF = 0x8912;
/** ARPHRD_ETHER, ARPHRD_LOOPBACK; others are ARPHRD_VOID. */
const HARDWARE = new Map<number, number>([
  [IFT.ETHER, 1],
  [IFT.L2VLAN, 1],
  [IFT.BRIDGE, 1],
  [IFT.LOOP, 772],
]);
const HARDWARE_VOID = 0xffff;

/** Writes what a request tells of a link into the union. */
type Answer = (into: DataView, link: Link, client: Client) => void;

const BY_NAME: ReadonlyMap<number, Answer> = new Map<number, Answer>([
  [0x8933, (into, link) => into.setInt32(0, link.index ?? 0, true)], // SIOCGIFINDEX
  [0x8913, (into, link) => into.setInt16(0, plainFlagsOf(link.flags ?? 0), true)], // SIOCGIFFLAGS
  [0x8921, (into, link) => into.setInt32(0, link.mtu ?? 0, true)], // SIOCGIFMTU
  [0x8942, (into) => into.setInt32(0, 0, true)], // SIOCGIFTXQLEN: the kernel tells of none
  [0x8927, putHardware], // SIOCGIFHWADDR
  [0x8915, putFirstAddress], // SIOCGIFADDR
]);

/**
 * @param ifreq - as the program gave it
 * @returns the ifreq to give back; for SIOCGIFCONF all of them, each with an IPv4 address
 * @throws LinuxError ENODEV no such interface; EADDRNOTAVAIL it has no IPv4 address; EOPNOTSUPP another request
 */
export function nativeIoctl(vnet: Vnet, request: number, ifreq: Uint8Array): Uint8Array {
  const socket = vnet.socket();
  try {
    const client = new Client(socket);
    return request === SIOCGIFCONF ? listOf(client) : answerOf(client, request, ifreq);
  } finally {
    socket.close();
  }
}

function answerOf(client: Client, request: number, ifreq: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(IFREQ_BYTES);
  bytes.set(ifreq.subarray(0, IFREQ_BYTES));
  const value = new DataView(bytes.buffer, VALUE);
  const put = BY_NAME.get(request);
  if (put === undefined && request !== SIOCGIFNAME) throw new LinuxError("ioctl", LinuxErrno.EOPNOTSUPP);
  const index = value.getInt32(0, true);
  const name = nameIn(bytes);
  const link = client.links().find((each) => (put === undefined ? each.index === index : each.name === name));
  if (link === undefined) throw new LinuxError("ioctl", LinuxErrno.ENODEV);
  if (put === undefined) putName(bytes, link);
  else put(value, link, client);
  return bytes;
}

function listOf(client: Client): Uint8Array {
  const links = new Map(client.links().map((link) => [link.index, link]));
  const pieces = client.addresses({ family: AF.INET }).flatMap(({ index, local }) => {
    const link = links.get(index as number);
    if (link === undefined || local === undefined) return [];
    const bytes = new Uint8Array(IFREQ_BYTES);
    putName(bytes, link);
    putAddress(new DataView(bytes.buffer, VALUE), local);
    return [bytes];
  });
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

function nameIn(ifreq: Uint8Array): string {
  const end = ifreq.subarray(0, NAME_BYTES).indexOf(0);
  return new TextDecoder().decode(ifreq.subarray(0, end < 0 ? NAME_BYTES : end));
}

function putName(ifreq: Uint8Array, link: Link): void {
  ifreq.fill(0, 0, NAME_BYTES);
  ifreq.set(new TextEncoder().encode(link.name).subarray(0, NAME_BYTES - 1));
}

function putHardware(into: DataView, link: Link): void {
  into.setUint16(0, HARDWARE.get(link.type ?? 0) ?? HARDWARE_VOID, true);
  const address = (link.address ?? "").split(":").map((byte) => Number.parseInt(byte, 16) || 0);
  for (let at = 0; at < 6; at++) into.setUint8(2 + at, address[at] ?? 0);
}

function putFirstAddress(into: DataView, link: Link, client: Client): void {
  const [first] = client.addresses({ family: AF.INET, index: link.index as number });
  if (first?.local === undefined) throw new LinuxError("ioctl", LinuxErrno.EADDRNOTAVAIL);
  putAddress(into, first.local);
}

/** A sockaddr_in of the host. */
function putAddress(into: DataView, address: string): void {
  for (let at = 0; at < SOCKADDR_BYTES; at++) into.setUint8(at, 0);
  into.setUint16(0, AF.INET, true);
  address.split(".").forEach((part, at) => {
    into.setUint8(4 + at, Number(part));
  });
}
