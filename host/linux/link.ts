// Links as Linux programs ask for them (linux-compat E3, E5): RTM_GETLINK. linkchange.ts and linkcreate.ts change them,
// linkevent.ts tells of them.

import { Errno } from "../../assembly/abi/errno.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, IFLA, IfInfoMsg, RTM } from "../../assembly/abi/rtnetlink.js";
import { type DumpSource, type KernelDumpState, kernelDump, listSource, type SourceState } from "./dump.js";
import { LinuxErrno, linuxErrnoOf } from "./errno.js";
import { LinuxAF } from "./family.js";
import { isLinkKind } from "./linkkind.js";
import { readLink } from "./linkmirror.js";
import { writeLink } from "./linkobject.js";
import { readLinkInfo } from "./linkrequest.js";
import { linkTypeOf } from "./linktype.js";
import type { MessageReader } from "./messagereader.js";
import { Refusal } from "./refusal.js";
import type { Request } from "./request.js";
import type { LinuxVnet } from "./vnet.js";

/** IFLA_MASTER of a dump: those that are members of nothing. */
const NO_MASTER = 0xffffffff;
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
  const { isNamed, index } = lookUpLink(vnet, message);
  if (isNamed && index === undefined) throw new Refusal(LinuxErrno.ENODEV);
  return index;
}

/** As findLink; an interface that is named and not there has no index. */
export function lookUpLink(vnet: LinuxVnet, message: MessageReader): { isNamed: boolean; index: number | undefined } {
  const index = message.header32(IfInfoMsg.INDEX);
  if (index !== 0) return { isNamed: true, index: vnet.links.get(index)?.index };
  const name = message.text(IFLA.IFNAME) ?? message.text(IFLA.ALT_IFNAME);
  return { isNamed: name !== undefined, index: name === undefined ? undefined : vnet.names.find(name) };
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
  const asked = readLinkInfo(message).kind;
  // By a kind that Linux knows nothing of it does not filter (linux-clients C3).
  const kind = asked !== undefined && isLinkKind(asked) ? asked : undefined;
  const master = message.u32(IFLA.MASTER);
  const isFiltered = kind !== undefined || master !== 0;
  const source = linkSource(vnet, { kind, master }, vnet.dumpRequest(RTM.GETLINK, HeaderSize.IFINFOMSG));
  // Recorded: NLM_F_DUMP_FILTERED is in the messages, and not in NLMSG_DONE.
  request.dump(source, { isFiltered, doneIsPlain: true });
}

/** Which links a dump shows. */
interface LinkFilter {
  /** IFLA_INFO_KIND, undefined for all. */
  readonly kind: string | undefined;
  /** IFLA_MASTER, 0 for all. */
  readonly master: number;
}

export interface LinkDumpState extends SourceState {
  readonly filter: LinkFilter;
  readonly dump: KernelDumpState;
}

/** All links that the filter leaves. @param from - see kernelDump */
export function linkSource(vnet: LinuxVnet, filter: LinkFilter, from: Uint8Array | KernelDumpState): DumpSource {
  const { kind, master } = filter;
  const dump = kernelDump(vnet.channels, from, {
    translate: (link, writer, header) => {
      const { index, driver, type } = readLink(link);
      const note = vnet.notes.links.get(index);
      if (kind !== undefined && linkTypeOf(driver, type, note?.kind).kind !== kind) return;
      if (master !== 0 && (note?.master || NO_MASTER) !== master) return;
      writeLink(vnet, link, RTM.NEWLINK, writer, header, 0);
    },
    failed: (errno) => new Refusal(linuxErrnoOf(errno)),
  });
  return { ...dump, save: () => ({ source: "links", filter, dump: dump.save() }) as LinkDumpState };
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

/** What Linux says of links where the kernel's errno alone is another (E4.4). */
export const LINK_CORRECTIONS = {
  [Errno.ENOENT]: [LinuxErrno.ENODEV],
  [Errno.ENODEV]: [LinuxErrno.ENODEV],
} as const;
