// Links as Linux programs change and delete them (net/core/rtnetlink.c; linux-compat E3.11, E5.5 to E5.8): RTM_NEWLINK of what
// is there, RTM_SETLINK, RTM_DELLINK, RTM_NEWLINKPROP, RTM_DELLINKPROP. linkedit.ts has the steps, linkcreate.ts makes links.

import { Errno } from "../../assembly/abi/errno.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, IFLA, IfInfoMsg, RTM } from "../../assembly/abi/rtnetlink.js";
import { LinuxErrno } from "./errno.js";
import { findLink, lookUpLink } from "./link.js";
import { createLink } from "./linkcreate.js";
import { LinkEdit } from "./linkedit.js";
import { tellLink } from "./linkevent.js";
import { moveLink, namespaceOf } from "./linkmove.js";
import { checkLink, readLinkInfo, textOf } from "./linkrequest.js";
import type { MessageReader } from "./messagereader.js";
import { LinuxRTM } from "./number.js";
import { Refusal } from "./refusal.js";
import type { Corrections, Request } from "./request.js";
import type { LinuxVnet } from "./vnet.js";

/** ALTIFNAMSIZ, with the NUL. */
const ALTERNATIVE_BYTES = 128;

/** The kernel makes no difference between what cannot be destroyed and what is wrong (E4.4). */
const DELETION: Corrections = {
  [Errno.ENOENT]: [LinuxErrno.ENODEV],
  [Errno.EINVAL]: [LinuxErrno.EOPNOTSUPP],
  [Errno.ENXIO]: [LinuxErrno.EOPNOTSUPP],
};

/**
 * RTM_NEWLINK: changes what it names, or with NLM_F_CREATE makes it. What names nothing is iproute2's probe: ENODEV (E3.11).
 * @throws Refusal
 */
export function newLink(request: Request): void {
  const { message, vnet } = request;
  message.index(HeaderSize.IFINFOMSG);
  checkLink(message);
  const target = namespaceOf(vnet, message, request.requester.pid);
  const isExclusive = request.has(NLM_F.CREATE) && request.has(NLM_F.EXCL);
  const { isNamed, index } = lookUpLink(isExclusive ? (target ?? vnet) : vnet, message);
  if (index !== undefined) {
    if (request.has(NLM_F.EXCL)) throw new Refusal(LinuxErrno.EEXIST);
    if (request.has(NLM_F.REPLACE)) throw new Refusal(LinuxErrno.EOPNOTSUPP);
    changeLink(request, index, target);
  } else if (request.has(NLM_F.CREATE)) {
    createLink(request, target);
  } else if (isNamed || !message.has(IFLA.GROUP)) {
    throw new Refusal(LinuxErrno.ENODEV);
  } else {
    for (const each of inGroup(vnet, message.u32(IFLA.GROUP))) changeLink(request, each, target);
  }
}

/** RTM_SETLINK: as RTM_NEWLINK of what is there (E5.5). @throws Refusal EINVAL it names nothing; ENODEV; as newLink */
export function setLink(request: Request): void {
  const { message, vnet } = request;
  message.index(HeaderSize.IFINFOMSG);
  checkLink(message);
  const target = namespaceOf(vnet, message, request.requester.pid);
  const index = findLink(vnet, message);
  if (index === undefined) throw new Refusal(LinuxErrno.EINVAL);
  changeLink(request, index, target);
}

/** The steps in Linux's order; the first that fails ends them, and what was done stays. */
function changeLink(request: Request, index: number, target: LinuxVnet | undefined): void {
  const { message } = request;
  const here = new LinkEdit(request, message, request.vnet, index);
  here.setInfo(readLinkInfo(message));
  // With the index a name is a new one, else it says which interface is meant.
  const name = message.header32(IfInfoMsg.INDEX) === 0 ? undefined : message.text(IFLA.IFNAME);
  if (target !== undefined) moveLink(request.vnet, index, target, name);
  const edit = target === undefined ? here : new LinkEdit(request, message, target, index);
  try {
    edit.setAddress();
    edit.setMtu();
    if (name !== undefined && edit === here) edit.setName(name);
    edit.setDescription();
    edit.setFlags();
    edit.setMaster();
    edit.setWords();
  } finally {
    edit.finish();
  }
}

/** Interfaces of a group, in order of arrival: without a note, of the default one. */
function inGroup({ links, notes }: LinuxVnet, group: number): number[] {
  const indices = [...links.all()].map(({ index }) => index);
  return indices.filter((index) => (notes.links.get(index)?.words.get(IFLA.GROUP) ?? 0) === group);
}

/** RTM_DELLINK. @throws Refusal EINVAL it names nothing; ENODEV; EOPNOTSUPP lo and hardware; EPERM the default group */
export function deleteLink(request: Request): void {
  const { message, vnet } = request;
  message.index(HeaderSize.IFINFOMSG);
  checkLink(message);
  const index = findLink(vnet, message);
  if (index !== undefined) {
    destroy(request, index);
    return;
  }
  if (!message.has(IFLA.GROUP)) throw new Refusal(LinuxErrno.EINVAL);
  const group = message.u32(IFLA.GROUP);
  if (group === 0) throw new Refusal(LinuxErrno.EPERM);
  const members = inGroup(vnet, group);
  if (members.length === 0) throw new Refusal(LinuxErrno.ENODEV);
  // One may go with another, as the halves of a pair.
  for (const each of members) if (vnet.links.get(each) !== undefined) destroy(request, each);
}

function destroy(request: Request, index: number): void {
  request.tell((writer) => {
    writer.begin(RTM.DELLINK, NLM_F.REQUEST, 0, 0, HeaderSize.IFINFOMSG);
    writer.header32(IfInfoMsg.INDEX, index);
    writer.end();
  }, DELETION);
}

/**
 * RTM_NEWLINKPROP, RTM_DELLINKPROP: names that an interface has besides.
 * @throws Refusal EINVAL it names nothing, or no name for Linux; ENODEV; EEXIST somebody has it; ENOENT it has not
 */
export function changeProperties(request: Request): void {
  const { message, vnet } = request;
  message.index(HeaderSize.IFINFOMSG);
  const index = findLink(vnet, message);
  if (index === undefined) throw new Refusal(LinuxErrno.EINVAL);
  const names = propertyNames(message);
  for (const name of names) {
    if (request.type === LinuxRTM.NEWLINKPROP) addAlternative(vnet, index, name);
    else if (!vnet.names.removeAlternative(index, name)) throw new Refusal(LinuxErrno.ENOENT);
  }
  if (names.length > 0) tellLink(vnet, index, 0);
}

/** IFLA_ALT_IFNAMEs of IFLA_PROP_LIST. */
function propertyNames(message: MessageReader): string[] {
  const names: string[] = [];
  if (!message.has(IFLA.PROP_LIST)) return names;
  const from = message.at(IFLA.PROP_LIST);
  message.each(from, from + message.size(IFLA.PROP_LIST), (type, at, size) => {
    if (type === IFLA.ALT_IFNAME) names.push(textOf(message.bytes.subarray(at, at + size)));
  });
  return names;
}

function addAlternative({ names }: LinuxVnet, index: number, name: string): void {
  if (name === "" || name.length >= ALTERNATIVE_BYTES || /[/:\s]/.test(name)) throw new Refusal(LinuxErrno.EINVAL);
  if (names.find(name) !== undefined) throw new Refusal(LinuxErrno.EEXIST);
  names.addAlternative(index, name);
}
