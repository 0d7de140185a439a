// Stretches of messages: as many as a packet takes, and what a packet's comment says of them.

import { NetlinkSize, NlMsgHdr } from "../../assembly/abi/netlink.js";
import { typeName } from "../linux/messagename.js";

/** The first messages of a buffer, as many as were looked at. */
export interface Stretch {
  /** nlmsg_type of the first. */
  readonly type: number;
  /** The first byte behind its header: of generic netlink the command. 0 where there is none. */
  readonly command: number;
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
  const hasBody = count > 0 && (words[(start + NlMsgHdr.LEN) >>> 2] as number) > NetlinkSize.NLMSGHDR;
  const command = hasBody ? (bytes[start + NetlinkSize.NLMSGHDR] as number) : 0;
  return { type, command, count, end: count === most && at < total ? at : total };
}

/** "RTM_NEWROUTE", "RTM_NEWROUTE, 3 messages"; of what is no message "no message". */
export function stretchName({ type, command, count }: Stretch, protocol: number): string {
  if (count === 0) return "no message";
  const first = typeName(type, command, protocol);
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
