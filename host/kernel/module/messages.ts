// What a module may send: whole messages of its own families, in one piece of its memory.

import { NetlinkSize, NLMSG, NlMsgHdr } from "../../../assembly/abi/netlink.js";
import { Fault } from "./fault.js";

const ATTRIBUTE_LENGTH = 0;
const DONE_BYTES = NetlinkSize.NLMSGHDR + 4;

const aligned = (bytes: number): number => (bytes + 3) & ~3;

/**
 * Whether everything is whole messages of the families given, with whole attributes; in an answer NLMSG_DONE too.
 * @param hdrsizes - by family id, of the module's families
 * @throws Fault naming the byte where it is not
 */
export function checkMessages(
  view: DataView,
  start: number,
  bytes: number,
  hdrsizes: ReadonlyMap<number, number>,
  isAnswer: boolean,
): void {
  const end = start + bytes;
  let at = start;
  while (at < end) {
    const left = end - at;
    const length = left >= NetlinkSize.NLMSGHDR ? view.getUint32(at + NlMsgHdr.LEN, true) : 0;
    const type = left >= NetlinkSize.NLMSGHDR ? view.getUint16(at + NlMsgHdr.TYPE, true) : 0;
    if (isAnswer && type === NLMSG.DONE && length === DONE_BYTES && length <= left) {
      at += DONE_BYTES;
      continue;
    }
    const hdrsize = hdrsizes.get(type);
    if (hdrsize === undefined)
      throw new Fault("answer", `message at byte ${at - start} of type ${type}, no family of its own`);
    const head = NetlinkSize.NLMSGHDR + NetlinkSize.GENLMSGHDR + aligned(hdrsize);
    if (length < head || length > left) {
      throw new Fault(
        "answer",
        `message at byte ${at - start} with a length of ${length}; expected ${head} to ${left}`,
      );
    }
    checkAttributes(view, { start, at: at + head, end: at + length });
    at += aligned(length);
  }
}

function checkAttributes(view: DataView, { start, at, end }: { start: number; at: number; end: number }): void {
  while (at < end) {
    const left = end - at;
    const length = left >= NetlinkSize.NLATTR ? view.getUint16(at + ATTRIBUTE_LENGTH, true) : 0;
    if (length < NetlinkSize.NLATTR || length > left) {
      throw new Fault("answer", `attribute at byte ${at - start} with a length of ${length}; ${left} bytes are left`);
    }
    at += aligned(length);
  }
}
