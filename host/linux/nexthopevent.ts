// What Linux programs are told of nexthops that others change, and what goes with an interface (linux-compat E9, E11).

import { IfInfoMsg, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { LinuxIFF } from "./linkflags.js";
import { NexthopChange } from "./nexthopchange.js";
import { type Nexthop, nexthopIds, nexthopOf, readNexthop } from "./nexthopmirror.js";
import { writeNexthop } from "./nexthopobject.js";
import { shownFlagsOf } from "./nexthoprequest.js";
import type { EventHandler, LinuxVnet } from "./vnet.js";

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
