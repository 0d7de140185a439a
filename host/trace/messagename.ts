// Names of messages, for comments and reports.

import { NETLINK, NetlinkSize, NLMSG, NlMsgHdr } from "../../assembly/abi/netlink.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { LinuxRTM } from "../linux/number.js";

const CONTROL_NAMES = namesOf("NLMSG_", NLMSG);
const ROUTE_NAMES = new Map([...namesOf("RTM_", LinuxRTM), ...namesOf("RTM_", RTM)]);

function namesOf(prefix: string, numbers: Readonly<Record<string, string | number>>): Map<number, string> {
  const entries = Object.entries(numbers).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return new Map(entries.map(([name, number]) => [number, prefix + name]));
}

/** "RTM_NEWROUTE", or "type 300" for what has no name. @param protocol - of the socket */
export function messageName(type: number, protocol: number): string {
  if (type < NLMSG.MIN_TYPE) return CONTROL_NAMES.get(type) ?? `type ${type}`;
  const name = protocol === NETLINK.ROUTE ? ROUTE_NAMES.get(type) : undefined;
  return name ?? `type ${type}`;
}

/** Messages that are counted; of more it is said that there are. */
export const COUNTED_MAX = 16;

/** What a buffer begins with, and how many messages it has: up to COUNTED_MAX, of more one above. */
export interface MessageCount {
  /** nlmsg_type of the first. */
  readonly type: number;
  readonly count: number;
}

export function countMessages(bytes: Uint8Array): MessageCount {
  let count = 0;
  for (let at = 0; at + NetlinkSize.NLMSGHDR <= bytes.length && count <= COUNTED_MAX; count++) {
    const length = half(bytes, at + NlMsgHdr.LEN) + half(bytes, at + NlMsgHdr.LEN + 2) * 0x10000;
    if (length < NetlinkSize.NLMSGHDR || length > bytes.length - at) break;
    at += (length + 3) & ~3;
  }
  return { type: count === 0 ? 0 : half(bytes, NlMsgHdr.TYPE), count };
}

/** "RTM_NEWROUTE", "RTM_NEWROUTE, 3 messages"; of what is no message "no message". */
export function messagesName({ type, count }: MessageCount, protocol: number): string {
  if (count === 0) return "no message";
  const first = messageName(type, protocol);
  if (count === 1) return first;
  return `${first}, ${count > COUNTED_MAX ? `more than ${COUNTED_MAX}` : count} messages`;
}

/** A view for each packet would take longer than the reading. */
function half(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}
