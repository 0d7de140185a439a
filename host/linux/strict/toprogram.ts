// Messages on their way to a program: replies, acks and notifications (linux-compat L4 to L9, L12). All but links keep
// their length and are rewritten in place; links are rebuilt.
//
// FreeBSD rebuilds a buffer as it queues it; here its messages are rewritten as they are read, in the order in which they
// were queued. What counts meanwhile is the core's matter (assembly/netlink/foreign.ts), and names.ts knows what an
// interface was called then.

import { IFT } from "../../../assembly/abi/ifnet.js";
import { NetlinkSize, NLMSG } from "../../../assembly/abi/netlink.js";
import { HeaderSize, IFLA, IfInfoMsg, RTA } from "../../../assembly/abi/rtnetlink.js";
import { linuxErrnoOf } from "../errno.js";
import { linuxFamilyOf } from "../family.js";
import { plainFlagsOf } from "../linkflags.js";
import { ARPHRD } from "../linktype.js";
import type { MessageReader } from "../messagereader.js";
import type { MessageWriter } from "../messagewriter.js";
import { eachAttribute } from "./attributes.js";
import { FIB_MAIN, REPLY_RULES, type ReplyRule, TABLE_MAIN } from "./rules.js";

/** What is added to every link (L4.7). */
const QDISC = "noqueue";
const TXQLEN = 1000;
/** Bytes of the two attributes: what every link's message gains besides its name. */
export const LINK_GROWTH = NetlinkSize.NLATTR + 8 + NetlinkSize.NLATTR + 4;
/** Bytes of "ethN" with its NUL and padding, for N below 10,000. */
export const ETHERNET_NAME_BYTES = 8;

/** What an interface is called by programs, as its message names it. */
export type NameOf = (index: number, name: string, type: number) => string | undefined;

/** Whether a message of NETLINK_ROUTE is rebuilt, and may have another length afterwards. */
export function isLink(type: number): boolean {
  return REPLY_RULES.get(type)?.change === "link";
}

/**
 * Rewrites a message that keeps its length, or any message of another protocol than NETLINK_ROUTE.
 * @param message - at it; of one that was cut, what there is
 * @param isRoute - of NETLINK_ROUTE
 * @returns where it ends afterwards: sooner when an attribute's length is impossible (L6.1); -1 when it has no other form,
 *   and with it none of its buffer (L1.7)
 */
export function rewriteReply(message: MessageReader, isRoute: boolean): number {
  const { type, start, end, view } = message;
  if (type === NLMSG.ERROR) {
    const at = start + NetlinkSize.NLMSGHDR;
    view.setInt32(at, -linuxErrnoOf(view.getInt32(at, true)), true);
    return end;
  }
  const rule = isRoute ? REPLY_RULES.get(type) : undefined;
  return rule === undefined ? end : rewriteObject(message, rule);
}

/** The walk is eachAttribute's, written out: a dump does it for every message. */
function rewriteObject(message: MessageReader, { headerSize, change }: ReplyRule): number {
  const { bytes, view, start, end } = message;
  const header = start + NetlinkSize.NLMSGHDR;
  bytes[header] = linuxFamilyOf(bytes[header] as number);
  for (let at = header + headerSize; at < end; ) {
    const length = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    const next = at + ((length + 3) & ~3);
    if (next > end) break;
    if (length < NetlinkSize.NLATTR) return change === "table" ? cutMessage(view, start, at) : -1;
    if (change === "table" && view.getUint16(at + 2, true) === RTA.TABLE) rewriteTable(view, at + NetlinkSize.NLATTR);
    if (length & 3) bytes.fill(0, at + length, next);
    at = next;
  }
  return end;
}

function cutMessage(view: DataView, start: number, end: number): number {
  view.setUint32(start, end - start, true);
  return end;
}

function rewriteTable(view: DataView, at: number): void {
  if (view.getUint32(at, true) === FIB_MAIN) view.setUint32(at, TABLE_MAIN, true);
}

/**
 * Writes a link anew.
 * @returns whether it could be: not when an attribute's length is impossible, or the interface has no name (L1.7)
 */
export function rebuildLink(message: MessageReader, writer: MessageWriter, nameOf: NameOf): boolean {
  const { bytes, view, start, end } = message;
  const header = start + NetlinkSize.NLMSGHDR;
  const type = message.header16(IfInfoMsg.TYPE);
  writer.begin(message.type, message.flags, message.seq, message.pid, HeaderSize.IFINFOMSG);
  writer.header8(IfInfoMsg.FAMILY, linuxFamilyOf(message.header8(IfInfoMsg.FAMILY)));
  writer.header8(IfInfoMsg.PAD, message.header8(IfInfoMsg.PAD));
  writer.header16(IfInfoMsg.TYPE, type === IFT.ETHER ? ARPHRD.ETHER : type);
  writer.header32(IfInfoMsg.INDEX, message.header32(IfInfoMsg.INDEX));
  writer.header32(IfInfoMsg.FLAGS, plainFlagsOf(message.header32(IfInfoMsg.FLAGS)));
  writer.header32(IfInfoMsg.CHANGE, message.header32(IfInfoMsg.CHANGE));
  let isNamed = true;
  const impossible = eachAttribute(view, header + HeaderSize.IFINFOMSG, end, (at, length, attribute) => {
    const payload = bytes.subarray(at + NetlinkSize.NLATTR, at + length);
    if (attribute !== IFLA.IFNAME) writer.raw(attribute, payload);
    else isNamed = writeName(writer, nameOf(message.header32(IfInfoMsg.INDEX), textOf(payload), type));
    return isNamed;
  });
  if (impossible !== undefined || !isNamed) return false;
  writer.string(IFLA.QDISC, QDISC);
  writer.u32(IFLA.TXQLEN, TXQLEN);
  writer.end();
  return true;
}

function writeName(writer: MessageWriter, name: string | undefined): boolean {
  if (name !== undefined) writer.string(IFLA.IFNAME, name);
  return name !== undefined;
}

/** Up to the first NUL. */
function textOf(payload: Uint8Array): string {
  const end = payload.indexOf(0);
  return new TextDecoder().decode(end < 0 ? payload : payload.subarray(0, end));
}
