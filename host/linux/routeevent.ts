// What Linux programs are told of routes: the kernel's notifications in Linux's form (linux-compat E11.1, E11.2). What was
// noted of a route is kept or dropped here, as its notification says what became of it.

import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { IfInfoMsg, RTA, RTM, RTNLGRP, RtMsg } from "../../assembly/abi/rtnetlink.js";
import { MessageReader } from "./messagereader.js";
import type { Prefix } from "./prefixtable.js";
import type { RouteNote } from "./routenotes.js";
import { isHidden, prefixOf, writeRoute } from "./routeobject.js";
import type { Cause, EventHandler, LinuxVnet } from "./vnet.js";

/** RTM_NEWROUTE of the kernel: a route came, or changed. */
export const routeArrived: EventHandler = (vnet, message, cause) => {
  const prefix = prefixOf(message);
  const change = vnet.routes.changeOf(prefix);
  if (change?.removed !== undefined) {
    tell(vnet, readerOf(change.removed), RTM.DELROUTE, 0, prefix, cause);
    return;
  }
  if (change?.note !== undefined) vnet.notes.routes.set(prefix, settledNote(change.note, message));
  // A program of the kernel's own ABI changed it: what was said of it before is said no more (E7.7).
  else if (cause === undefined && !vnet.isSilenced) vnet.notes.routes.delete(prefix);
  tell(vnet, message, RTM.NEWROUTE, flagsOf(message, cause), prefix, cause);
};

/** RTM_DELROUTE of the kernel. */
export const routeDeparted: EventHandler = (vnet, message, cause) => {
  const prefix = prefixOf(message);
  tell(vnet, message, RTM.DELROUTE, 0, prefix, cause);
  vnet.notes.routes.delete(prefix);
};

/**
 * Less what the kernel shows by itself: FreeBSD 16 has metrics. A nexthop's protocol is not the route's, though it may be the
 * same today.
 */
function settledNote(note: RouteNote, message: MessageReader): RouteNote {
  const isStored = note.protocol === message.header8(RtMsg.PROTOCOL) && !message.has(RTA.NH_ID);
  return {
    ...note,
    protocol: isStored ? 0 : note.protocol,
    type: note.type === message.header8(RtMsg.TYPE) ? 0 : note.type,
    priority: note.priority === message.u32(RTA.PRIORITY) ? 0 : note.priority,
  };
}

/**
 * nlmsg_flags: a new route, a replaced one, or one that others joined, of which the kernel's CHANGE does not say which.
 */
function flagsOf(message: MessageReader, cause: Cause | undefined): number {
  if ((message.flags & NLM_F.CREATE) !== 0) return NLM_F.CREATE | NLM_F.EXCL;
  const asked = cause?.flags ?? 0;
  const isJoined = (asked & NLM_F.REPLACE) === 0 && (asked & (NLM_F.CREATE | NLM_F.APPEND)) !== 0;
  return isJoined ? NLM_F.CREATE | (asked & NLM_F.APPEND) : NLM_F.REPLACE;
}

function tell(
  vnet: LinuxVnet,
  message: MessageReader,
  type: number,
  flags: number,
  { family }: Prefix,
  cause: Cause | undefined,
): void {
  if (isHidden(vnet, message)) return;
  const group = family === AF.INET ? RTNLGRP.IPV4_ROUTE : RTNLGRP.IPV6_ROUTE;
  vnet.multicast(group, cause, (writer, seq, port) => writeRoute(vnet, message, type, writer, { flags, seq, port }));
}

/** RTM_NEWLINK and RTM_DELLINK of the kernel, behind the link's own notification: routes come and go with it. */
export const linkRoutesChanged: EventHandler = (vnet, message) => {
  vnet.routes.own.followLink(vnet, message.header32(IfInfoMsg.INDEX));
};

function readerOf(bytes: Uint8Array): MessageReader {
  const reader = new MessageReader(bytes);
  reader.seek(0);
  prefixOf(reader);
  return reader;
}
