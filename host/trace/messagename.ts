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

/** The first messages of a buffer, as many as were looked at. */
export interface Stretch {
  /** nlmsg_type of the first. */
  readonly type: number;
  readonly count: number;
  /** Bytes up to the next message; all of them where no whole message follows. */
  readonly end: number;
}

/** @param start - in the bytes. @param most - messages to look at */
export function stretchOf(bytes: Uint8Array, start: number, most: number): Stretch {
  const words = bytes.length < WORDS_BYTES ? undefined : wordsOf(bytes);
  let at = start;
  let count = 0;
  while (count < most && at + NetlinkSize.NLMSGHDR <= bytes.length) {
    const length =
      words === undefined
        ? half(bytes, at + NlMsgHdr.LEN) + half(bytes, at + NlMsgHdr.LEN + 2) * 0x10000
        : (words[(at + NlMsgHdr.LEN) >>> 2] as number);
    if (length < NetlinkSize.NLMSGHDR || length > bytes.length - at) break;
    at += (length + 3) & ~3;
    count++;
  }
  const isWhole = count === most && at < bytes.length;
  return { type: count === 0 ? 0 : half(bytes, start + NlMsgHdr.TYPE), count, end: isWhole ? at : bytes.length };
}

/** "RTM_NEWROUTE", "RTM_NEWROUTE, 3 messages"; of what is no message "no message". */
export function stretchName({ type, count }: Stretch, protocol: number): string {
  if (count === 0) return "no message";
  const first = messageName(type, protocol);
  return count === 1 ? first : `${first}, ${count} messages`;
}

/** From so many bytes on a view costs less than it saves. */
const WORDS_BYTES = 1024;

/** The bytes as words; undefined where they do not lie so. Messages begin at words. */
function wordsOf({ buffer, byteOffset, length }: Uint8Array): Uint32Array | undefined {
  return byteOffset % 4 === 0 ? new Uint32Array(buffer, byteOffset, length >>> 2) : undefined;
}

/** Of a short one a view would take longer than the reading. */
function half(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}
