// What Linux programs do to neighbours: RTM_NEWNEIGH, RTM_DELNEIGH (linux-compat E8.2).

import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, NDA, NDAF, NdMsg, NTF, NUD, RTM } from "../../assembly/abi/rtnetlink.js";
import { LinuxErrno } from "./errno.js";
import { addressBytesOf, freebsdFamilyOf, LinuxAF } from "./family.js";
import type { MessageReader } from "./messagereader.js";
import type { MessageWriter } from "./messagewriter.js";
import { askNeighbour } from "./neighbour.js";
import { neighbourKey } from "./neighbourobject.js";
import type { NeighbourNote } from "./notes.js";
import { Refusal } from "./refusal.js";
import { type Corrections, type Request, refusalOf } from "./request.js";
import type { LinuxVnet } from "./vnet.js";

/** Attributes of entries in forwarding tables of bridges and tunnels, which there are none of. */
const FORWARDING = [NDA.VLAN, NDA.PORT, NDA.VNI, NDA.MASTER, NDA.SRC_VNI, NDA.NH_ID, NDA.FDB_EXT_ATTRS] as const;
/** NTF_EXT_MANAGED and NTF_EXT_LOCKED, of NDA_FLAGS_EXT; LOCKED is for forwarding tables. */
const EXTENDED = { MANAGED: 1, ALL: 3 } as const;
/** Seconds until the kernel would let an entry go that it had resolved by itself (rtnetlink D.5.1, D.5.2). */
const LIFETIME = { INET: 1200, INET6: 86_400 } as const;
/** Never to be resolved: what the kernel calls sticky. */
const STATIC_STATES = NUD.PERMANENT | NUD.NOARP;

const CORRECTIONS: Corrections = {
  [Errno.ENOMEM]: [LinuxErrno.EINVAL], // not on the link: the kernel has no other number for it
  [Errno.ENOENT]: [LinuxErrno.ENOENT],
  [Errno.EEXIST]: [LinuxErrno.EEXIST],
};

interface Neighbour {
  /** FreeBSD's. */
  readonly family: number;
  readonly index: number;
  readonly destination: Uint8Array;
}

/** @throws Refusal */
export function newNeighbour(request: Request): void {
  const { message, vnet } = request;
  const neighbour = readNeighbour(request);
  const flags = message.header8(NdMsg.FLAGS);
  const state = message.header16(NdMsg.STATE);
  const extendedFlags = readExtendedFlags(message, state);
  const lladdr = readLladdr(vnet, message, neighbour.index, flags, state);
  if (lladdr === undefined) return; // wants resolution, or nothing
  const key = neighbourKey(neighbour.index, neighbour.family, neighbour.destination);
  const before = vnet.notes.neighbours.get(key);
  const note = { state, flags: flags & NTF.EXT_LEARNED, extendedFlags, protocol: message.u8(NDA.PROTOCOL) };
  // Before the kernel is told: its notification shows the note.
  setNote(vnet, key, flags & NTF.PROXY ? undefined : note);
  const answer = request.ask((writer) => writeNew(request, writer, neighbour, flags, state, lladdr));
  if (answer.errno === 0) return;
  setNote(vnet, key, before);
  // Without NLM_F_REPLACE an address that differs is not taken, which is no error.
  if (answer.errno === Errno.EEXIST && !request.has(NLM_F.EXCL)) return;
  throw refusalOf(answer, CORRECTIONS);
}

function setNote(vnet: LinuxVnet, key: string, note: NeighbourNote | undefined): void {
  if (note === undefined) vnet.notes.neighbours.delete(key);
  else vnet.notes.neighbours.set(key, note);
}

/** What a change names. @param request - its message is indexed. @throws Refusal EOPNOTSUPP, EAFNOSUPPORT, EINVAL, ENODEV */
function readNeighbour({ message, vnet }: Request): Neighbour {
  message.index(HeaderSize.NDMSG);
  const family = message.header8(NdMsg.FAMILY);
  if (family === LinuxAF.BRIDGE || FORWARDING.some((type) => message.has(type))) {
    throw new Refusal(LinuxErrno.EOPNOTSUPP);
  }
  const destination = message.payload(NDA.DST);
  if (destination === undefined) throw new Refusal(LinuxErrno.EINVAL, "Network address not specified");
  const index = message.header32(NdMsg.IFINDEX) || message.u32(NDA.IFINDEX);
  if (index !== 0 && vnet.links.get(index) === undefined) throw new Refusal(LinuxErrno.ENODEV);
  if (family !== LinuxAF.INET && family !== LinuxAF.INET6) throw new Refusal(LinuxErrno.EAFNOSUPPORT);
  const bytes = addressBytesOf(freebsdFamilyOf(family));
  if (destination.length < bytes) throw new Refusal(LinuxErrno.EINVAL, "Invalid network address");
  if (index === 0) throw new Refusal(LinuxErrno.EINVAL, "Device not specified");
  return { family: freebsdFamilyOf(family), index, destination: destination.slice(0, bytes) };
}

/** NDA_FLAGS_EXT, which is noted. @throws Refusal EINVAL */
function readExtendedFlags(message: MessageReader, state: number): number {
  const flags = message.u32(NDA.FLAGS_EXT);
  if (flags & ~EXTENDED.ALL) throw new Refusal(LinuxErrno.EINVAL);
  if (flags & EXTENDED.MANAGED && (message.header8(NdMsg.FLAGS) & NTF.PROXY) !== 0) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid NTF_* flag combination");
  }
  if (flags & EXTENDED.MANAGED && state & NUD.PERMANENT) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid NTF_* flag for permanent entry");
  }
  return flags & EXTENDED.MANAGED;
}

/** @returns undefined when there is nothing to do without one. @throws Refusal EINVAL */
function readLladdr(
  vnet: LinuxVnet,
  message: MessageReader,
  index: number,
  flags: number,
  state: number,
): Uint8Array | undefined {
  const own = vnet.links.get(index)?.lladdr ?? new Uint8Array(0);
  const lladdr = message.payload(NDA.LLADDR);
  if (lladdr !== undefined && lladdr.length !== own.length) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid link address");
  }
  if (flags & NTF.PROXY) return own; // a proxy answers with the interface's own address
  if (lladdr !== undefined) return lladdr;
  if (flags & NTF.USE || state === 0) return undefined;
  throw new Refusal(LinuxErrno.EINVAL, "No link layer address given");
}

function writeNew(
  request: Request,
  writer: MessageWriter,
  { family, index, destination }: Neighbour,
  flags: number,
  state: number,
  lladdr: Uint8Array,
): void {
  const asked = request.flags & (NLM_F.CREATE | NLM_F.EXCL | NLM_F.REPLACE);
  const isStatic = (state & STATIC_STATES) !== 0 || (flags & NTF.STICKY) !== 0;
  const change = asked & (NLM_F.CREATE | NLM_F.REPLACE) ? asked : asked | NLM_F.REPLACE;
  writer.begin(RTM.NEWNEIGH, NLM_F.REQUEST | change, 0, 0, HeaderSize.NDMSG);
  writer.header8(NdMsg.FAMILY, family);
  writer.header32(NdMsg.IFINDEX, index);
  writer.header8(NdMsg.FLAGS, (flags & NTF.PROXY) | (isStatic ? NTF.STICKY : 0));
  writer.raw(NDA.DST, destination);
  writer.raw(NDA.LLADDR, lladdr);
  if (!isStatic) {
    const lifetime = family === AF.INET ? LIFETIME.INET : LIFETIME.INET6;
    const freebsd = writer.nest(NDA.FREEBSD);
    writer.u32(NDAF.NEXT_STATE_TS, request.vnet.kernel.wallClock + lifetime);
    writer.endNest(freebsd);
  }
  writer.end();
}

/**
 * Takes an entry away; only what names it counts. Entries of own addresses are none on Linux, and proxies are apart.
 * @throws Refusal ENOENT there is none
 */
export function delNeighbour(request: Request): void {
  const { family, index, destination } = readNeighbour(request);
  const isProxy = (request.message.header8(NdMsg.FLAGS) & NTF.PROXY) !== 0;
  let isThere = false;
  askNeighbour(request, index, family, destination, (entry) => {
    const flags = entry.header8(NdMsg.FLAGS);
    isThere = (flags & NTF.SELF) === 0 && ((flags & NTF.PROXY) !== 0) === isProxy;
  });
  if (!isThere) throw new Refusal(LinuxErrno.ENOENT);
  request.tell((writer) => {
    writer.begin(RTM.DELNEIGH, NLM_F.REQUEST, 0, 0, HeaderSize.NDMSG);
    writer.header8(NdMsg.FAMILY, family);
    writer.header32(NdMsg.IFINDEX, index);
    writer.raw(NDA.DST, destination);
    writer.end();
  });
}
