// Links as Linux programs ask for them and are told of them (linux-compat E3, E5).

import { Errno } from "../../assembly/abi/errno.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, IFLA, IFLA_INFO, IfInfoMsg, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { kernelDump, listSource } from "./dump.js";
import { LinuxErrno, linuxErrnoOf } from "./errno.js";
import { LinuxAF } from "./family.js";
import { readLink } from "./linkmirror.js";
import { writeLink } from "./linkobject.js";
import { linkTypeOf } from "./linktype.js";
import type { MessageReader } from "./messagereader.js";
import { LinuxLimit } from "./number.js";
import { Refusal } from "./refusal.js";
import type { Request } from "./request.js";
import type { EventHandler, LinuxVnet } from "./vnet.js";

/** ifi_change of an arrival and a departure. */
const ALL_CHANGED = 0xffffffff;
/** Bits of ifi_change that FreeBSD sets and Linux knows. */
const CHANGED = 0x1 | 0x100 | 0x200;
const FILTERS: ReadonlySet<number> = new Set([IFLA.EXT_MASK, IFLA.MASTER, IFLA.LINKINFO]);

// ---- requests

/** RTM_GETLINK: one by index or name, or all. @throws Refusal */
export function getLinks(request: Request): void {
  if (request.isDump) dumpLinks(request);
  else getLink(request);
}

function getLink(request: Request): void {
  const { message, vnet } = request;
  message.index(HeaderSize.IFINFOMSG);
  const index = findLink(vnet, message);
  if (index === undefined) throw new Refusal(LinuxErrno.EINVAL);
  const answer = request.ask(
    (writer) => {
      writer.begin(RTM.GETLINK, NLM_F.REQUEST, 0, 0, HeaderSize.IFINFOMSG);
      writer.header32(IfInfoMsg.INDEX, index);
      writer.end();
    },
    (link) => request.reply((writer, header) => writeLink(vnet, link, RTM.NEWLINK, writer, header, 0)),
  );
  if (answer.errno !== 0) throw new Refusal(LinuxErrno.ENODEV);
}

/**
 * The interface that a request names: by index if it gives one, else by name in any of its forms (E5.4).
 * @param message - indexed
 * @returns undefined when it names none
 * @throws Refusal ENODEV there is no such interface
 */
export function findLink(vnet: LinuxVnet, message: MessageReader): number | undefined {
  const index = message.header32(IfInfoMsg.INDEX);
  if (index !== 0) {
    if (vnet.links.get(index) === undefined) throw new Refusal(LinuxErrno.ENODEV);
    return index;
  }
  const name = message.text(IFLA.IFNAME) ?? message.text(IFLA.ALT_IFNAME);
  if (name === undefined || name === "") return undefined;
  const found = vnet.names.find(name);
  if (found === undefined) throw new Refusal(LinuxErrno.ENODEV);
  return found;
}

function dumpLinks(request: Request): void {
  const { message, vnet } = request;
  const family = message.header8(IfInfoMsg.FAMILY);
  message.index(HeaderSize.IFINFOMSG);
  if (request.requester.isStrict) checkStrictly(message);
  if (family === LinuxAF.BRIDGE) {
    request.dump(listSource([])); // bridge ports are not shown apart
    return;
  }
  const kind = kindFilter(message);
  const master = message.u32(IFLA.MASTER);
  const isFiltered = kind !== undefined || master !== 0;
  const source = kernelDump(
    vnet.channels,
    vnet.dumpRequest(RTM.GETLINK, HeaderSize.IFINFOMSG),
    (link, writer, header) => {
      const { index, driver, type } = readLink(link);
      const note = vnet.notes.links.get(index);
      if (kind !== undefined && (note?.kind ?? linkTypeOf(driver, type).kind) !== kind) return;
      if (master !== 0 && note?.master !== master) return;
      writeLink(vnet, link, RTM.NEWLINK, writer, header, 0);
    },
    (errno) => new Refusal(linuxErrnoOf(errno)),
  );
  request.dump(source, { isFiltered });
}

/** The checks of a strict socket (E3.4, E3.5). @throws Refusal EINVAL */
function checkStrictly(message: MessageReader): void {
  if (message.attributesFrom(HeaderSize.IFINFOMSG) > message.end) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid header for link dump");
  }
  const { FLAGS, TYPE, CHANGE, INDEX, PAD } = IfInfoMsg;
  if (message.header32(FLAGS) || message.header16(TYPE) || message.header32(CHANGE) || message.header8(PAD)) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid values in header for link dump request");
  }
  if (message.header32(INDEX)) {
    throw new Refusal(LinuxErrno.EINVAL, "Filter by device index not supported for link dumps");
  }
  message.each(message.attributesFrom(HeaderSize.IFINFOMSG), message.end, (type) => {
    if (!FILTERS.has(type)) throw new Refusal(LinuxErrno.EINVAL, "Unsupported attribute in link dump request");
  });
}

/** IFLA_LINKINFO{IFLA_INFO_KIND}. */
function kindFilter(message: MessageReader): string | undefined {
  if (!message.has(IFLA.LINKINFO)) return undefined;
  const from = message.at(IFLA.LINKINFO);
  let kind: string | undefined;
  message.each(from, from + message.size(IFLA.LINKINFO), (type, at, size) => {
    if (type !== IFLA_INFO.KIND) return;
    const end = message.bytes.subarray(at, at + size).indexOf(0);
    kind = new TextDecoder().decode(message.bytes.subarray(at, at + (end < 0 ? size : end)));
  });
  return kind;
}

/** @throws Refusal EINVAL a name that Linux would not take */
export function expectName(name: string): void {
  if (name === "" || name === "." || name === ".." || name.length >= LinuxLimit.IFNAMSIZ || /[/:\s]/.test(name)) {
    throw new Refusal(LinuxErrno.EINVAL);
  }
}

// ---- notifications

/** RTM_NEWLINK of the kernel: an interface arrived, or changed. Linux names no cause for links (linux-clients C6). */
export const linkArrived: EventHandler = (vnet, message) => {
  const before = vnet.links.get(message.header32(IfInfoMsg.INDEX));
  const link = vnet.links.set(message);
  vnet.names.set(link.index, link.name, link.type);
  const change = before === undefined ? ALL_CHANGED : message.header32(IfInfoMsg.CHANGE) & CHANGED;
  const note = vnet.notes.links.get(link.index);
  if (note !== undefined && before !== undefined && before.carrier !== link.carrier) note.carrierChanges++;
  vnet.multicast(RTNLGRP.LINK, undefined, (writer, seq, port) => {
    writeLink(vnet, message, RTM.NEWLINK, writer, { flags: 0, seq, port }, change);
  });
};

/** RTM_DELLINK of the kernel. What was noted of the interface goes with it. */
export const linkDeparted: EventHandler = (vnet, message) => {
  const { index } = readLink(message);
  vnet.multicast(RTNLGRP.LINK, undefined, (writer, seq, port) => {
    writeLink(vnet, message, RTM.DELLINK, writer, { flags: 0, seq, port }, ALL_CHANGED);
  });
  vnet.links.delete(index);
  vnet.names.delete(index);
  vnet.notes.links.delete(index);
  vnet.notes.forgetNeighbours(index);
};

/** What Linux says of links where the kernel's errno alone is another (E4.4). */
export const LINK_CORRECTIONS = {
  [Errno.ENOENT]: [LinuxErrno.ENODEV],
  [Errno.ENODEV]: [LinuxErrno.ENODEV],
} as const;
