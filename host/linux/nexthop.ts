// Nexthops and groups as Linux programs ask for them and are told of them (linux-compat E9).
//   nexthopOf   what an id stands for
//   writePath   what takes a route there, in a request for the kernel

import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, IfInfoMsg, NHA, NhMsg, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { listSource } from "./dump.js";
import { LinuxErrno } from "./errno.js";
import { linuxFamilyOf } from "./family.js";
import { LinuxIFF } from "./linkflags.js";
import type { MessageReader } from "./messagereader.js";
import { NexthopChange, spareId } from "./nexthopchange.js";
import { type Nexthop, nexthopIds, nexthopOf, readNexthop } from "./nexthopmirror.js";
import { writeNexthop } from "./nexthopobject.js";
import { checkGateway, readRequest, shownFlagsOf } from "./nexthoprequest.js";
import { Refusal } from "./refusal.js";
import type { Request } from "./request.js";
import type { EventHandler, LinuxVnet } from "./vnet.js";

export { type Nexthop, type NexthopMember, nexthopOf } from "./nexthopmirror.js";
export { writePath } from "./nexthoproutes.js";

/** Offset of nh_resvd in an nhmsg. */
const RESERVED = 3;
const INDEX_MAX = 0x7fffffff;
/** What filters a dump of nexthops. */
const DUMP_ATTRIBUTES: ReadonlySet<number> = new Set([NHA.OIF, NHA.GROUPS, NHA.MASTER, NHA.FDB]);
const BUCKET_ATTRIBUTES: ReadonlySet<number> = new Set([NHA.ID, NHA.OIF, NHA.MASTER, NHA.RES_BUCKET]);

// ---- requests

/** RTM_GETNEXTHOP: one by id, or all. @throws Refusal */
export function getNexthops(request: Request): void {
  if (request.isDump) {
    dumpNexthops(request);
    return;
  }
  const id = readId(request.message);
  const nexthop = nexthopOf(request.vnet, id);
  if (nexthop === undefined) throw new Refusal(LinuxErrno.ENOENT);
  request.reply((writer, header) => writeNexthop(nexthop, RTM.NEWNEXTHOP, writer, header));
}

/** NHA_ID, which the request must have and nothing else. @throws Refusal EINVAL */
function readId(message: MessageReader): number {
  if (message.header8(NhMsg.PROTOCOL) || message.header8(RESERVED) || message.header8(NhMsg.SCOPE)) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid values in header");
  }
  if (message.header32(NhMsg.FLAGS)) throw new Refusal(LinuxErrno.EINVAL, "Invalid values in header");
  message.index(HeaderSize.NHMSG);
  if (!message.has(NHA.ID)) throw new Refusal(LinuxErrno.EINVAL, "Nexthop id is missing");
  const id = message.u32(NHA.ID);
  if (id === 0) throw new Refusal(LinuxErrno.EINVAL, "Invalid nexthop id");
  return id;
}

/** In ascending order of ids. As recorded, nothing tells that a filter was applied. */
function dumpNexthops(request: Request): void {
  const { message, vnet } = request;
  checkDump(request, DUMP_ATTRIBUTES);
  const family = message.header8(NhMsg.FAMILY);
  const [index, master] = [message.u32(NHA.OIF), message.u32(NHA.MASTER)];
  const isShown = (nexthop: Nexthop): boolean => {
    if (message.has(NHA.FDB)) return false;
    if (nexthop.members !== undefined) return index === 0 && master === 0 && family === 0;
    if (message.has(NHA.GROUPS)) return false;
    if (family !== 0 && linuxFamilyOf(nexthop.family) !== family) return false;
    if (index !== 0 && nexthop.index !== index) return false;
    return master === 0 || (nexthop.index !== 0 && vnet.notes.links.get(nexthop.index)?.master === master);
  };
  const ids = nexthopIds(vnet).sort((left, right) => left - right);
  const shown = ids.map((id) => nexthopOf(vnet, id) as Nexthop).filter(isShown);
  const source = listSource(
    shown.map((nexthop) => (writer, header) => writeNexthop(nexthop, RTM.NEWNEXTHOP, writer, header)),
  );
  request.dump(source, { doneJoins: true });
}

/** Dumps of nexthops are always checked (E3.5), but for a header that is short. @throws Refusal EINVAL */
function checkDump({ message, requester }: Request, attributes: ReadonlySet<number>): void {
  if (requester.isStrict && message.attributesFrom(HeaderSize.NHMSG) > message.end) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid header length");
  }
  message.index(HeaderSize.NHMSG);
  message.each(message.attributesFrom(HeaderSize.NHMSG), message.end, (type) => {
    if (!attributes.has(type)) throw new Refusal(LinuxErrno.EINVAL, "Unsupported attribute");
  });
  if (message.u32(NHA.OIF) > INDEX_MAX) throw new Refusal(LinuxErrno.EINVAL, "Invalid device index");
  if (message.u32(NHA.MASTER) > INDEX_MAX) throw new Refusal(LinuxErrno.EINVAL, "Invalid master device index");
  const isClear = !message.header8(NhMsg.PROTOCOL) && !message.header8(RESERVED) && !message.header8(NhMsg.SCOPE);
  if (!isClear || message.header32(NhMsg.FLAGS)) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid values in header for nexthop dump request");
  }
}

/**
 * RTM_GETNEXTHOPBUCKET: resilient groups have buckets, and there are none.
 * @throws Refusal ENOENT, EINVAL for a nexthop that has none
 */
export function getNexthopBuckets(request: Request): void {
  const { message, vnet } = request;
  if (!request.isDump) {
    findResilient(vnet, readId(message));
    return;
  }
  checkDump(request, BUCKET_ATTRIBUTES);
  if (message.has(NHA.ID)) findResilient(vnet, message.u32(NHA.ID));
  request.dump(listSource([]), { doneJoins: true });
}

function findResilient(vnet: LinuxVnet, id: number): never {
  if (id === 0) throw new Refusal(LinuxErrno.EINVAL, "Invalid nexthop id");
  const nexthop = nexthopOf(vnet, id);
  if (nexthop === undefined) throw new Refusal(LinuxErrno.ENOENT);
  const text = nexthop.members === undefined ? "Not a nexthop group" : "Nexthop group not of type resilient";
  throw new Refusal(LinuxErrno.EINVAL, text);
}

/** RTM_NEWNEXTHOP. @throws Refusal */
export function newNexthop(request: Request): void {
  const { vnet } = request;
  const asked = readRequest(request);
  if (asked.id === 0 && request.has(NLM_F.REPLACE)) {
    throw new Refusal(LinuxErrno.EINVAL, "Replace requires nexthop id");
  }
  const nexthop = asked.id === 0 ? { ...asked, id: spareId(vnet) } : asked;
  checkGateway(request, nexthop);
  const before = nexthopOf(vnet, nexthop.id);
  const change = new NexthopChange(vnet, request.cause);
  if (before !== undefined) {
    if (!request.has(NLM_F.REPLACE)) throw new Refusal(LinuxErrno.EEXIST);
    change.replace(before, nexthop);
    return;
  }
  if (request.has(NLM_F.REPLACE) && !request.has(NLM_F.CREATE)) {
    throw new Refusal(LinuxErrno.ENOENT, "Replace specified without create and no entry exists");
  }
  change.create(nexthop);
}

/** RTM_DELNEXTHOP. @throws Refusal ENOENT, EINVAL */
export function delNexthop(request: Request): void {
  const nexthop = nexthopOf(request.vnet, readId(request.message));
  if (nexthop === undefined) throw new Refusal(LinuxErrno.ENOENT);
  new NexthopChange(request.vnet, request.cause).remove(nexthop);
}

// ---- notifications

/** RTM_NEWNEXTHOP of the kernel: another program made it, for the layer asks in silence. */
export const nexthopArrived: EventHandler = (vnet, message) => {
  const nexthop = vnet.nexthops.set(message);
  // Another program took an id of the layer's own: the kernel's is what both sides have from now on.
  if (vnet.notes.nexthops.get(nexthop.id)?.own !== undefined) vnet.notes.nexthops.delete(nexthop.id);
  announce(vnet, nexthop, RTM.NEWNEXTHOP, message.flags);
};

/** RTM_DELNEXTHOP of the kernel. */
export const nexthopDeparted: EventHandler = (vnet, message) => {
  const nexthop = nexthopOf(vnet, readNexthop(message).id);
  if (nexthop === undefined) return;
  announce(vnet, nexthop, RTM.DELNEXTHOP, message.flags);
  vnet.nexthops.delete(nexthop.id);
  vnet.notes.nexthops.delete(nexthop.id);
};

function announce(vnet: LinuxVnet, nexthop: Nexthop, type: number, flags: number): void {
  vnet.multicast(RTNLGRP.NEXTHOP, undefined, (writer, seq, port) => {
    writeNexthop(nexthop, type, writer, { flags, seq, port });
  });
}

/**
 * An interface that is down, has no carrier or is gone has no nexthops on Linux: they go without a word, and their routes
 * (nexthop_flush_dev; recorded of an interface set down). To be handled before the mirror of links knows.
 */
export const nexthopsFollowLink: EventHandler = (vnet, message) => {
  const index = message.header32(IfInfoMsg.INDEX);
  const before = vnet.links.get(index);
  if (before === undefined || !isUsable(shownFlagsOf(before))) return;
  vnet.defer(() => {
    const after = vnet.links.get(index);
    if (after === undefined || !isUsable(shownFlagsOf(after))) flush(vnet, index);
  });
};

function isUsable(flags: number): boolean {
  return (flags & LinuxIFF.UP) !== 0 && (flags & (LinuxIFF.RUNNING | LinuxIFF.LOWER_UP)) !== 0;
}

function flush(vnet: LinuxVnet, index: number): void {
  if (vnet.owner.settings.nexthopRemoval === "plain") return;
  for (const id of nexthopIds(vnet)) {
    const nexthop = nexthopOf(vnet, id);
    if (nexthop?.index === index && nexthop.members === undefined) new NexthopChange(vnet, undefined).remove(nexthop);
  }
}
