// The messages of a datagram, as Linux's programs send and get them.

import { NetlinkSize, NlMsgHdr } from "../../../assembly/abi/netlink.js";

/** One message of a datagram, its header taken apart. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly port: number;
  /** All of it, header included, without padding. */
  readonly bytes: Uint8Array;
}

/** The messages of a datagram. A tail that is no message is left out (linux-compat E3.1). */
export function messagesOf(datagram: Uint8Array): Message[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const messages: Message[] = [];
  for (let at = 0; at + NetlinkSize.NLMSGHDR <= datagram.length; ) {
    const length = view.getUint32(at + NlMsgHdr.LEN, true);
    if (length < NetlinkSize.NLMSGHDR || at + length > datagram.length) break;
    messages.push({
      type: view.getUint16(at + NlMsgHdr.TYPE, true),
      flags: view.getUint16(at + NlMsgHdr.FLAGS, true),
      sequence: view.getUint32(at + NlMsgHdr.SEQ, true),
      port: view.getUint32(at + NlMsgHdr.PID, true),
      bytes: datagram.subarray(at, at + length),
    });
    at += (length + 3) & ~3;
  }
  return messages;
}
