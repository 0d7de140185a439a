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
  const words = wordsOf(bytes);
  const total = bytes.length;
  let at = start;
  let count = 0;
  // Messages of a batch are often as long as the one before: a step that comes from there does not wait for the next read.
  let length = 0;
  let step = 0;
  while (count < most && at + NetlinkSize.NLMSGHDR <= total) {
    const seen = words[(at + NlMsgHdr.LEN) >>> 2] as number;
    if (seen !== length) {
      if (seen < NetlinkSize.NLMSGHDR) break;
      length = seen;
      step = (length + 3) & ~3;
    }
    if (length > total - at) break;
    at += step;
    count++;
  }
  const type = count === 0 ? 0 : (words[(start + NlMsgHdr.TYPE) >>> 2] as number) & 0xffff;
  return { type, count, end: count === most && at < total ? at : total };
}

/** "RTM_NEWROUTE", "RTM_NEWROUTE, 3 messages"; of what is no message "no message". */
export function stretchName({ type, count }: Stretch, protocol: number): string {
  if (count === 0) return "no message";
  const first = messageName(type, protocol);
  return count === 1 ? first : `${first}, ${count} messages`;
}

/** From so many bytes on a view costs less than a copy. */
const VIEW_BYTES = 1024;
const copied = new Uint8Array(VIEW_BYTES);
const copiedWords = new Uint32Array(copied.buffer);

/** The bytes as words, until the next call. Messages begin at words. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  if (bytes.length < VIEW_BYTES) {
    copied.set(bytes);
    return copiedWords;
  }
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(buffer, byteOffset, length >>> 2);
}
