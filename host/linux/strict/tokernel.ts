// Requests on their way to the kernel: families and tables, in place; no length ever changes (linux-compat L1.3 to L1.5).
//
// FreeBSD rewrites a message in the socket's task, just before its handler; here all of a send are rewritten before it is
// queued. That makes no difference, because a rewrite looks at nothing but the message: which messages there are, in which
// order they are handled and what nlmsg_pid they carry is the core's to say as ever. A rewrite that fails leaves its errno
// in nlmsg_pid, and the core answers with it in the message's turn (assembly/netlink/foreign.ts).

import { NetlinkSize, NLM_F, NLMSG, NlMsgHdr } from "../../../assembly/abi/netlink.js";
import { HeaderSize, RTA, RTM, RtMsg } from "../../../assembly/abi/rtnetlink.js";
import { Errno } from "../../kernel/kernel.js";
import { AF_UNKNOWN, freebsdFamilyOf } from "../family.js";
import type { MessageReader } from "../messagereader.js";
import { eachAttribute } from "./attributes.js";
import { FIB_MAIN, REQUEST_RULES, type RequestRule, TABLE_MAIN } from "./rules.js";

/**
 * Rewrites one message in place. Some of it may have changed although it fails (L1.5).
 * @param message - at it
 * @param is14 - as FreeBSD 14 does, where nothing fails
 * @returns FreeBSD's errno, 0 for success
 */
export function rewriteRequest(message: MessageReader, is14: boolean): Errno {
  const rule = ruleOf(message);
  if (rule === undefined) return 0;
  if (message.length < (is14 ? rule.least14 : rule.least)) return is14 ? 0 : Errno.EBADMSG;
  const error = rewriteFamily(message, is14);
  if (error !== 0 || !rule.hasTable) return error;
  return rewriteTables(message, is14);
}

/** Only what is handled is rewritten (L1.4). */
function ruleOf({ flags, type }: MessageReader): RequestRule | undefined {
  return (flags & NLM_F.REQUEST) !== 0 && type >= NLMSG.MIN_TYPE ? REQUEST_RULES.get(type) : undefined;
}

/** Every family header begins with its family. */
function rewriteFamily({ bytes, start, end }: MessageReader, is14: boolean): Errno {
  const at = start + NetlinkSize.NLMSGHDR;
  if (at >= end) return 0;
  const family = freebsdFamilyOf(bytes[at] as number);
  if (family === AF_UNKNOWN && !is14) return Errno.EPFNOSUPPORT;
  bytes[at] = family;
  return 0;
}

function rewriteTables({ bytes, view, start, end }: MessageReader, is14: boolean): Errno {
  const header = start + NetlinkSize.NLMSGHDR;
  const place = header + RtMsg.TABLE;
  if (place < end && bytes[place] === TABLE_MAIN) bytes[place] = FIB_MAIN;
  let error: Errno = 0;
  eachAttribute(view, header + HeaderSize.RTMSG, end, (at, length, type) => {
    if (type !== RTA.TABLE) return true;
    if (length !== NetlinkSize.NLATTR + 4) {
      if (!is14) error = Errno.EBADMSG;
      return false;
    }
    bytes[place] = FIB_MAIN;
    const table = at + NetlinkSize.NLATTR;
    if (view.getUint32(table, true) === TABLE_MAIN) view.setUint32(table, FIB_MAIN, true);
    return true;
  });
  return error;
}

/** What nlmsg_pid tells the core, which stamps the socket's port there: 0, or the errno of a rewrite that failed. */
export function noteFailure({ view, start }: MessageReader, errno: Errno): void {
  view.setUint32(start + NlMsgHdr.PID, errno, true);
}

/** Whether the answer may hold links, whose messages grow. */
export function asksForLinks({ type }: MessageReader): boolean {
  return type === RTM.GETLINK;
}
