// Whether the sockets' queues are as they should be: for tests, which ask after every storm of requests.

import { NlMsgHdr } from "../abi/netlink";
import { Buffer, QueueEntry } from "../mem/buffer";
import { Dump } from "./dump";
import { chargeOf } from "./foreign";
import { Socket, firstSocket } from "./socket";

/** What is wrong with the sockets. */
export const enum SocketFault {
  NONE = 0,
  RECEIVED_BYTES = 101,
  SENT_BYTES = 102,
  MESSAGE = 103,
}

/** Checks that what each socket counts is what its queues hold, and that replies are whole messages. */
export function checkSockets(): u32 {
  for (let at = firstSocket(); at != 0; at = changetype<Socket>(at).next) {
    const socket = changetype<Socket>(at);
    let bytes: u64 = 0;
    for (let i: u32 = 0; i < socket.received.count; i++) {
      const entry = socket.received.at(i);
      if (changetype<Buffer>(entry).kind == QueueEntry.DUMP) {
        bytes += changetype<Dump>(entry).remaining;
        continue;
      }
      const buffer = changetype<Buffer>(entry);
      const start = i == 0 ? socket.headOffset : 0;
      if (!holdsWholeMessages(buffer, start)) return SocketFault.MESSAGE;
      bytes += chargeOf(socket, buffer, start, buffer.length);
    }
    if (bytes != socket.receivedBytes) return SocketFault.RECEIVED_BYTES;
    let sent: u32 = 0;
    for (let i: u32 = 0; i < socket.sent.count; i++) sent += changetype<Buffer>(socket.sent.at(i)).length;
    if (sent != socket.sentBytes) return SocketFault.SENT_BYTES;
  }
  return SocketFault.NONE;
}

function holdsWholeMessages(buffer: Buffer, start: u32): bool {
  let offset = start;
  while (offset < buffer.length) {
    const length = load<u32>(buffer.data + offset, NlMsgHdr.LEN);
    if (length < 16 || (length & 3) != 0 || length > buffer.length - offset) return false;
    offset += length;
  }
  return true;
}
