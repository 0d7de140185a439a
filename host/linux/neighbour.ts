// Neighbours as Linux programs ask for them (linux-compat E3, E8).

import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, NDA, NdMsg, NTF, RTM } from "../../assembly/abi/rtnetlink.js";
import { type DumpSource, type KernelDumpState, kernelDump, listSource, type SourceState, sequence } from "./dump.js";
import { LinuxErrno, linuxErrnoOf } from "./errno.js";
import { addressBytesOf, freebsdFamilyOf, LinuxAF } from "./family.js";
import type { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";
import { stateOf, writeNeighbour, writeProxy } from "./neighbourobject.js";
import { Refusal } from "./refusal.js";
import type { Request } from "./request.js";
import type { LinuxVnet } from "./vnet.js";

/** Bytes of an ndmsg that Linux calls padding. */
const PAD = { FIRST: 1, SECOND: 2 } as const;
/** NDA_MASTER: interfaces that are members of nothing. */
const NO_MASTER = 0xffffffff;

/** RTM_GETNEIGH: one by address and interface, or all. @throws Refusal */
export function getNeighbours(request: Request): void {
  if (request.isDump) dumpNeighbours(request);
  else getNeighbour(request);
}

function dumpNeighbours(request: Request): void {
  const { message, vnet } = request;
  const { isStrict } = request.requester;
  const family = message.header8(NdMsg.FAMILY);
  if (isStrict) checkStrictly(message, family === LinuxAF.BRIDGE);
  message.index(HeaderSize.NDMSG);
  if (family === LinuxAF.BRIDGE) {
    request.dump(listSource([]), { doneJoins: true }); // forwarding tables of bridges are not shown
    return;
  }
  const filter = {
    index: isStrict ? message.u32(NDA.IFINDEX) : 0,
    master: isStrict ? message.u32(NDA.MASTER) : 0,
    wantsProxies: message.attributesFrom(HeaderSize.NDMSG) <= message.end && message.header8(NdMsg.FLAGS) === NTF.PROXY,
  };
  const isAsked = (each: number): boolean => (family !== LinuxAF.INET && family !== LinuxAF.INET6) || family === each;
  const sources: DumpSource[] = [];
  if (isAsked(LinuxAF.INET)) sources.push(tableDump(vnet, AF.INET, filter));
  if (isAsked(LinuxAF.INET6)) sources.push(tableDump(vnet, AF.INET6, filter));
  request.dump(sequence(sources), { doneJoins: true });
}

interface Filter {
  /** Interface, 0 for all. */
  readonly index: number;
  /** What the interface is a member of, 0 for all. */
  readonly master: number;
  readonly wantsProxies: boolean;
}

export interface NeighbourDumpState extends SourceState {
  readonly filter: Filter;
  readonly dump: KernelDumpState;
}

/** All entries of a family: Linux keeps a table for each, whatever interfaces they are on. */
function tableDump(vnet: LinuxVnet, family: number, filter: Filter): DumpSource {
  const request = new MessageWriter(64);
  request.begin(RTM.GETNEIGH, NLM_F.REQUEST | NLM_F.DUMP, 0, 0, HeaderSize.NDMSG);
  request.header8(NdMsg.FAMILY, family);
  request.end();
  return neighbourSource(vnet, filter, request.written);
}

/** Entries that the filter leaves. @param from - see kernelDump */
export function neighbourSource(vnet: LinuxVnet, filter: Filter, from: Uint8Array | KernelDumpState): DumpSource {
  // As recorded, the messages say that they were filtered, and NLMSG_DONE does not.
  const filtered = filter.index !== 0 || filter.master !== 0 ? NLM_F.DUMP_FILTERED : 0;
  const dump = kernelDump(vnet.channels, from, {
    translate: (entry, writer, { flags, seq, port }) => {
      entry.index(HeaderSize.NDMSG);
      const shown = entry.header8(NdMsg.FLAGS);
      if (shown & NTF.SELF || isOther(vnet, entry.header32(NdMsg.IFINDEX), filter)) return;
      const header = { flags: flags | filtered, seq, port };
      if (((shown & NTF.PROXY) !== 0) !== filter.wantsProxies) return;
      if (filter.wantsProxies) writeProxy(entry, writer, header);
      else writeNeighbour(vnet, entry, RTM.NEWNEIGH, writer, header, stateOf(vnet, entry));
    },
    failed: (errno) => new Refusal(linuxErrnoOf(errno)),
  });
  return { ...dump, save: () => ({ source: "neighbours", filter, dump: dump.save() }) as NeighbourDumpState };
}

/** Whether the filter is for other interfaces. */
function isOther(vnet: LinuxVnet, index: number, filter: Filter): boolean {
  if (filter.index !== 0 && filter.index !== index) return true;
  if (filter.master === 0) return false;
  const master = vnet.notes.links.get(index)?.master ?? 0;
  return filter.master === NO_MASTER ? master !== 0 : filter.master !== master;
}

/**
 * The checks of a strict socket (E3.4, E3.5).
 * @param isForwarding - of a dump of forwarding tables, which may name an interface in the header (rtnetlink.c,
 *   valid_fdb_dump_strict)
 * @throws Refusal EINVAL
 */
function checkStrictly(message: MessageReader, isForwarding: boolean): void {
  const { IFINDEX, STATE, TYPE, FLAGS } = NdMsg;
  const kind = isForwarding ? "fdb" : "neighbor";
  const flags = message.header8(FLAGS);
  if (message.attributesFrom(HeaderSize.NDMSG) > message.end) {
    throw new Refusal(LinuxErrno.EINVAL, `Invalid header for ${kind} dump request`);
  }
  const hasOthers = isForwarding ? flags !== 0 : message.header32(IFINDEX) !== 0;
  if (hasPadding(message) || hasOthers || message.header16(STATE) || message.header8(TYPE)) {
    throw new Refusal(LinuxErrno.EINVAL, `Invalid values in header for ${kind} dump request`);
  }
  if (flags & ~NTF.PROXY) throw new Refusal(LinuxErrno.EINVAL, "Invalid flags in header for neighbor dump request");
  message.each(message.attributesFrom(HeaderSize.NDMSG), message.end, (type) => {
    if (type !== NDA.IFINDEX && type !== NDA.MASTER) {
      throw new Refusal(LinuxErrno.EINVAL, `Unsupported attribute in ${kind} dump request`);
    }
  });
}

function hasPadding(message: MessageReader): boolean {
  return message.header8(PAD.FIRST) !== 0 || message.header16(PAD.SECOND) !== 0;
}

function getNeighbour(request: Request): void {
  const { vnet } = request;
  const { family, destination, index, isProxy } = readGet(request);
  let isFound = false;
  askNeighbour(request, index, family, destination, (entry) => {
    const flags = entry.header8(NdMsg.FLAGS);
    if (flags & NTF.SELF || ((flags & NTF.PROXY) !== 0) !== isProxy) return;
    isFound = true;
    request.reply((writer, header) => {
      if (isProxy) writeProxy(entry, writer, header);
      else writeNeighbour(vnet, entry, RTM.NEWNEIGH, writer, header, stateOf(vnet, entry));
    });
  });
  if (isFound) return;
  throw new Refusal(LinuxErrno.ENOENT, isProxy ? "Proxy neighbour entry not found" : "Neighbour entry not found");
}

/** @throws Refusal EAFNOSUPPORT, ENODEV, EINVAL what the request lacks, or has too much */
function readGet({ message, vnet }: Request) {
  const flags = message.header8(NdMsg.FLAGS);
  if (hasPadding(message) || message.header16(NdMsg.STATE) || message.header8(NdMsg.TYPE)) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid values in header for neighbor get request");
  }
  if (flags & ~NTF.PROXY) throw new Refusal(LinuxErrno.EINVAL, "Invalid flags in header for neighbor get request");
  const linuxFamily = message.header8(NdMsg.FAMILY);
  if (linuxFamily === LinuxAF.BRIDGE) throw new Refusal(LinuxErrno.EOPNOTSUPP);
  if (linuxFamily !== LinuxAF.INET && linuxFamily !== LinuxAF.INET6) {
    throw new Refusal(LinuxErrno.EAFNOSUPPORT, "Unsupported family in header for neighbor get request");
  }
  const family = freebsdFamilyOf(linuxFamily);
  message.index(HeaderSize.NDMSG);
  message.each(message.attributesFrom(HeaderSize.NDMSG), message.end, (type) => {
    if (type !== NDA.DST) throw new Refusal(LinuxErrno.EINVAL, "Unsupported attribute in neighbor get request");
  });
  const destination = message.payload(NDA.DST);
  if (destination !== undefined && destination.length !== addressBytesOf(family)) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid network address in neighbor get request");
  }
  const index = message.header32(NdMsg.IFINDEX);
  if (index !== 0 && vnet.links.get(index) === undefined) {
    throw new Refusal(LinuxErrno.ENODEV, "Unknown device ifindex");
  }
  if (destination === undefined) throw new Refusal(LinuxErrno.EINVAL, "Network address not specified");
  if (index === 0) throw new Refusal(LinuxErrno.EINVAL, "No device specified");
  return { family, destination, index, isProxy: (flags & NTF.PROXY) !== 0 };
}

/** Asks the kernel for one entry. @param visit - gets it, indexed, if it is there */
export function askNeighbour(
  request: Request,
  index: number,
  family: number,
  destination: Uint8Array,
  visit: (entry: MessageReader) => void,
): void {
  request.ask(
    (writer) => {
      writer.begin(RTM.GETNEIGH, NLM_F.REQUEST, 0, 0, HeaderSize.NDMSG);
      writer.header8(NdMsg.FAMILY, family);
      writer.header32(NdMsg.IFINDEX, index);
      writer.raw(NDA.DST, destination);
      writer.end();
    },
    (entry) => {
      entry.index(HeaderSize.NDMSG);
      visit(entry);
    },
  );
}
