// Looking up what the kernel has at a prefix.

import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, RTA, RTF, RTM, RTM_F, RtMsg } from "../../assembly/abi/rtnetlink.js";
import { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";
import { type Prefix, PrefixTable } from "./prefixtable.js";
import { sameBytes } from "./routenotes.js";
import { prefixOf, writeRoute } from "./routeobject.js";
import { routesRequest } from "./tables.js";
import type { LinuxVnet } from "./vnet.js";

/**
 * The kernel's route of exactly a prefix, with all its paths.
 * @param oif - index of the interface that a link-local prefix belongs to
 * @returns at RTM_NEWROUTE of the kernel, indexed; undefined when there is none
 */
export function findRoute(vnet: LinuxVnet, prefix: Prefix, oif = 0): MessageReader | undefined {
  let found: MessageReader | undefined;
  vnet.agent.ask(exactRequest(prefix, oif), (message) => {
    found = copyOf(message);
  });
  // Of a multipath route one path comes, with a weight of the route's own; only a route with one path has 1, which is not
  // written (rtnetlink E.3.2).
  return found?.has(RTA.WEIGHT) ? (wholeRoute(vnet, prefix, oif) ?? found) : found;
}

function exactRequest({ fib, family, bits, address }: Prefix, oif: number): Uint8Array {
  const writer = new MessageWriter(128);
  writer.begin(RTM.GETROUTE, NLM_F.REQUEST, 0, 0, HeaderSize.RTMSG);
  writer.header8(RtMsg.FAMILY, family);
  writer.header8(RtMsg.DST_LEN, bits);
  writer.header32(RtMsg.FLAGS, RTM_F.PREFIX);
  writer.raw(RTA.DST, address);
  if (fib !== 0) writer.u32(RTA.TABLE, fib);
  if (oif !== 0) writer.u32(RTA.OIF, oif);
  writer.end();
  return writer.written;
}

/** Only a dump shows a multipath route whole. */
function wholeRoute(vnet: LinuxVnet, { fib, family, bits, address }: Prefix, oif: number): MessageReader | undefined {
  let found: MessageReader | undefined;
  vnet.agent.ask(routesRequest(fib, family), (message) => {
    if (found !== undefined || message.header8(RtMsg.DST_LEN) !== bits) return;
    message.index(HeaderSize.RTMSG);
    if (!sameBytes(message.payload(RTA.DST), address)) return;
    if (oif === 0 || !message.has(RTA.OIF) || message.u32(RTA.OIF) === oif) found = copyOf(message);
  });
  return found;
}

/** A reader of its own, indexed, at a copy of a message. */
export function copyOf(message: MessageReader): MessageReader {
  const copy = new MessageReader(message.message.slice());
  copy.seek(0);
  copy.index(HeaderSize.RTMSG);
  return copy;
}

/** A route as Linux programs see it, indexed. @param route - of the kernel */
export function shownRoute(vnet: LinuxVnet, route: MessageReader): MessageReader {
  const writer = new MessageWriter(256);
  writeRoute(vnet, route, RTM.NEWROUTE, writer, { flags: 0, seq: 0, port: 0 });
  const shown = new MessageReader(writer.written);
  shown.seek(0);
  shown.index(HeaderSize.RTMSG);
  return shown;
}

/**
 * Lets go of the notes of routes that are not there any more. The kernel takes routes away, and puts its own in their place,
 * without telling, when an interface or an address comes or goes (rtnetlink E.7.3).
 */
export function refreshNotes(vnet: LinuxVnet): void {
  if (!vnet.routes.mayHaveLost) return;
  vnet.routes.mayHaveLost = false;
  for (const { fib, family } of [...vnet.notes.routes.tables()]) {
    const kept = new PrefixTable<ReturnType<typeof vnet.notes.routes.get>>(family);
    const noted = vnet.notes.routes.table(fib, family);
    vnet.agent.ask(routesRequest(fib, family), (message) => {
      const { bits, address } = prefixOf(message);
      const note = noted?.get(bits, address, 0);
      if (note !== undefined && (message.u32(RTA.RTFLAGS) & RTF.PINNED) === 0) kept.set(bits, address, 0, note);
    });
    vnet.notes.routes.replace(fib, kept);
  }
}
