// The kinds of answers: type, flags, and of acks and the ends of dumps the errno. How many objects a dump has, and what is
// in them, is not compared here.

import { NETLINK, NetlinkSize, NLM_F, NLMSG } from "../../../assembly/abi/netlink.js";
import { typeName } from "../../linux/messagename.js";
import type { Message } from "./message.js";

/** Flags of acks and errors. */
const ACK_FLAGS = new Map<number, string>([
  [NLM_F.CAPPED, "CAPPED"],
  [NLM_F.ACK_TLVS, "TLVS"],
]);

/** Flags of all other messages. */
const FLAGS = new Map<number, string>([
  [NLM_F.MULTI, "MULTI"],
  [NLM_F.DUMP_FILTERED, "FILTERED"],
  [NLM_F.REPLACE, "REPLACE"],
  [NLM_F.EXCL, "EXCL"],
  [NLM_F.CREATE, "CREATE"],
  [NLM_F.APPEND, "APPEND"],
]);

/** As in "NEWROUTE MULTI", "ERROR CAPPED 0", "DONE MULTI -2". */
export function kindOf({ type, flags, bytes }: Message): string {
  const words = [typeName(type, 0, NETLINK.ROUTE).replace(/^(RTM|NLMSG)_/, "")];
  const names = type === NLMSG.ERROR ? ACK_FLAGS : FLAGS;
  let rest = flags;
  for (const [bit, name] of names) {
    if ((flags & bit) !== 0) words.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) words.push(`0x${rest.toString(16)}`);
  if (type === NLMSG.ERROR || type === NLMSG.DONE) {
    words.push(
      String(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt32(NetlinkSize.NLMSGHDR, true)),
    );
  }
  return words.join(" ");
}

/**
 * The kinds of all answers to a request, each once. In alphabetical order: an event of one's own change may come before its
 * ack or after it, on Linux too.
 */
export function kindsOf(answers: readonly Message[]): string {
  return [...new Set(answers.map(kindOf))].sort().join(", ") || "nothing";
}
