// What Linux programs are told of links (linux-compat E5.2, E11; linux-clients C6): what the kernel tells, and what it tells
// nobody, as another link-layer address, or cannot, as another name.

import { IFF } from "../../assembly/abi/ifnet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, IfInfoMsg, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { settleDoubts } from "./addressevent.js";
import { type Link, readLink } from "./linkmirror.js";
import { bringAlong, unpack } from "./linkmove.js";
import { writeLink } from "./linkobject.js";
import type { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";
import type { Cause, EventHandler, LinuxVnet } from "./vnet.js";

/** ifi_change of an arrival and a departure. */
export const ALL_CHANGED = 0xffffffff;
/** Bits of ifi_change that FreeBSD sets and Linux knows. */
const CHANGED = IFF.UP | IFF.PROMISC | IFF.ALLMULTI;

/** RTM_NEWLINK of the kernel: an interface arrived, or changed. */
export const linkArrived: EventHandler = (vnet, message) => {
  const index = message.header32(IfInfoMsg.INDEX);
  settleDoubts(vnet, index);
  const before = vnet.links.get(index);
  const luggage = before === undefined ? awaitLuggage(vnet, index) : undefined;
  if (luggage !== undefined && luggage.partner !== 0) vnet.links.join(index, luggage.partner);
  const link = vnet.links.set(message);
  vnet.names.set(index, link.name, link.type);
  if (luggage !== undefined) unpack(vnet, index, luggage);
  if (before === undefined && vnet.transit.isMaking) vnet.transit.unfinished.add(index);
  const note = vnet.notes.links.get(index);
  if (note !== undefined && before !== undefined && before.carrier !== link.carrier) note.carrierChanges++;
  if (vnet.transit.unfinished.has(index)) return;
  const named = message.header32(IfInfoMsg.CHANGE) & CHANGED;
  const change = before === undefined ? ALL_CHANGED : named & (before.flags ^ link.flags);
  // FreeBSD tells of an interface as up or down also when it was so before (rtnetlink B.4.4).
  if (named !== 0 && change === 0) return;
  multicast(vnet, message, RTM.NEWLINK, change, undefined);
};

/** What an interface brings along: where it comes from may not have heard yet that it left. */
function awaitLuggage(vnet: LinuxVnet, index: number) {
  for (const other of vnet.owner.known) if (other !== vnet && other.links.get(index) !== undefined) other.settle();
  const luggage = vnet.transit.expected.get(index);
  vnet.transit.expected.delete(index);
  return luggage;
}

/**
 * RTM_DELLINK of the kernel. What was noted of the interface goes with it: to another vnet, if that is where it went. One
 * that gets another name is told as gone and come, with the flag RENAMING, but to Linux it is the same as before.
 */
export const linkDeparted: EventHandler = (vnet, message, cause) => {
  const { index, flags } = readLink(message);
  settleDoubts(vnet, index);
  if (flags & IFF.RENAMING) return;
  const isGone = (flags & IFF.DYING) !== 0;
  const luggage = { note: vnet.notes.links.get(index), alternatives: vnet.names.alternatives(index) };
  const name = vnet.names.alias(index);
  releaseMembers(vnet, index);
  if (!vnet.transit.unfinished.delete(index)) multicast(vnet, message, RTM.DELLINK, ALL_CHANGED, cause);
  const partner = vnet.links.partner(index) ?? 0;
  const real = vnet.names.real(index);
  forgetLink(vnet, index, isGone);
  if (!isGone && real !== undefined) bringAlong(vnet, index, real, { ...luggage, name, partner });
};

/** All that the layer knows of an interface. @param isGone - it is nowhere any more, else in another vnet */
export function forgetLink(vnet: LinuxVnet, index: number, isGone = true): void {
  vnet.links.delete(index, isGone);
  vnet.names.delete(index);
  vnet.notes.links.delete(index);
  vnet.notes.forgetNeighbours(index);
  vnet.transit.unfinished.delete(index);
}

/** Members lose a bridge or bond that goes, and what lies on an interface loses it, wherever it is. */
function releaseMembers(vnet: LinuxVnet, index: number): void {
  for (const each of vnet.owner.known) {
    for (const note of each.notes.links.values()) if (note.lower === index) note.lower = 0;
  }
  for (const [member, note] of vnet.notes.links) {
    if (note.master !== index) continue;
    note.master = 0;
    note.slaveData = undefined;
    tellLink(vnet, member, 0);
  }
}

/**
 * Tells of an interface as it is now. Links name no cause, except to the program that asked for its own echo.
 * @param change - ifi_change
 * @returns the interface; undefined when there is none
 */
export function tellLink(vnet: LinuxVnet, index: number, change: number, cause?: Cause): Link | undefined {
  return askLink(vnet, index, (message) => multicast(vnet, message, RTM.NEWLINK, change, cause));
}

/** An interface as it is now: of some changes the kernel tells nobody. Undefined when there is none. */
export function refreshLink(vnet: LinuxVnet, index: number): Link | undefined {
  return askLink(vnet, index, () => {});
}

function askLink(vnet: LinuxVnet, index: number, visit: (message: MessageReader) => void): Link | undefined {
  const writer = new MessageWriter(64);
  writer.begin(RTM.GETLINK, NLM_F.REQUEST, 0, 0, HeaderSize.IFINFOMSG);
  writer.header32(IfInfoMsg.INDEX, index);
  writer.end();
  let link: Link | undefined;
  vnet.agent.ask(writer.written, (message) => {
    if (vnet.links.get(index) !== undefined) link = vnet.links.set(message);
    visit(message);
  });
  return link;
}

function multicast(vnet: LinuxVnet, message: MessageReader, type: number, change: number, cause?: Cause): void {
  const isEchoed = cause !== undefined && (cause.flags & NLM_F.ECHO) !== 0;
  vnet.multicast(RTNLGRP.LINK, isEchoed ? cause : undefined, (writer, seq, port) => {
    writeLink(vnet, message, type, writer, { flags: 0, seq, port }, change);
  });
}
