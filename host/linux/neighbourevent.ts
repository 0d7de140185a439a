// What Linux programs are told of neighbours (linux-compat E8.4, E11): what the kernel tells, and how Linux says that an entry
// failed.

import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, NdMsg, NTF, NUD, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { MessageReader } from "./messagereader.js";
import { keyOfNeighbour, stateOf, writeNeighbour } from "./neighbourobject.js";
import type { Cause, EventHandler, LinuxVnet } from "./vnet.js";

/** RTM_NEWNEIGH of the kernel: an entry was resolved, or made. */
export const neighbourArrived: EventHandler = (vnet, message, cause) => {
  message.index(HeaderSize.NDMSG);
  if (message.header8(NdMsg.FLAGS) & (NTF.SELF | NTF.PROXY)) return; // Linux has no such entries, or tells nobody
  const request = ofType(cause, RTM.NEWNEIGH);
  // What a Linux program said of the entry ends when somebody else, or the other host, says something of it.
  if (request === undefined) vnet.notes.neighbours.delete(keyOfNeighbour(message));
  announce(vnet, message, RTM.NEWNEIGH, request, stateOf(vnet, message));
};

/** RTM_DELNEIGH of the kernel. What was noted of the entry goes with it. */
export const neighbourDeparted: EventHandler = (vnet, message, cause) => {
  message.index(HeaderSize.NDMSG);
  if ((message.header8(NdMsg.FLAGS) & (NTF.SELF | NTF.PROXY)) === 0) tellDeparture(vnet, message, cause);
  vnet.notes.neighbours.delete(keyOfNeighbour(message));
};

/**
 * Linux takes an entry away as failed when a program wants it gone, or nobody answered: it says that first, then that the
 * entry is gone. One that is only old, or whose interface goes, is gone as it was (as recorded).
 */
function tellDeparture(vnet: LinuxVnet, message: MessageReader, cause: Cause | undefined): void {
  const request = ofType(cause, RTM.DELNEIGH);
  const state = stateOf(vnet, message);
  const isFailed = request !== undefined || state === NUD.INCOMPLETE || state === NUD.PROBE;
  if (!isFailed) {
    announce(vnet, message, RTM.DELNEIGH, undefined, state);
    return;
  }
  const silentCause = request && { ...request, flags: request.flags & ~NLM_F.ECHO };
  announce(vnet, message, RTM.NEWNEIGH, silentCause, NUD.FAILED);
  announce(vnet, message, RTM.DELNEIGH, request, NUD.FAILED);
}

function ofType(cause: Cause | undefined, type: number): Cause | undefined {
  return cause?.type === type ? cause : undefined;
}

/** Linux names the port of the program that did it, but no sequence number (as recorded), unless it is an echo. */
function announce(
  vnet: LinuxVnet,
  message: MessageReader,
  type: number,
  cause: Cause | undefined,
  state: number,
): void {
  const isEcho = cause !== undefined && (cause.flags & NLM_F.ECHO) !== 0;
  vnet.multicast(RTNLGRP.NEIGH, cause, (writer, seq, port) => {
    writeNeighbour(vnet, message, type, writer, { flags: 0, seq: isEcho ? seq : 0, port }, state);
  });
}
