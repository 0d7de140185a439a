// How FreeBSD's writer cuts what it is told to write into reply buffers, as a model to compare with (netlink-core N7.2;
// netlink_message_writer.c, nlmsg_refill_buffer), and how the cuts are seen from outside.

import { MSG, NetlinkLimit, NetlinkSize } from "../../assembly/abi/netlink.js";
import { NetlinkError, type Socket } from "../../host/kernel/kernel.js";

/** A message: the bytes that are asked for when it is opened, and those that are added to it later, piece by piece. */
export interface Written {
  readonly opened: number;
  readonly added?: readonly number[];
}

/** The lengths of the messages in each reply buffer. */
export function cut(messages: readonly Written[]): number[][] {
  const buffers: number[][] = [[]];
  let capacity: number = NetlinkLimit.NLMSG_SMALL;
  let complete = 0;
  const makeRoom = (open: number, more: number): void => {
    if (complete + open + more <= capacity) return;
    if (complete > 0 && more < NetlinkLimit.NLMBUFSIZE) capacity = Math.max(capacity, NetlinkLimit.NLMBUFSIZE);
    else capacity = capacity < NetlinkLimit.NLMBUFSIZE ? NetlinkLimit.NLMBUFSIZE : capacity * 2;
    while (capacity < open + more) capacity *= 2;
    if (complete > 0) buffers.push([]);
    complete = 0;
  };
  for (const { opened, added = [] } of messages) {
    makeRoom(0, opened);
    let open = opened;
    for (const piece of added) {
      makeRoom(open, piece);
      open += piece;
    }
    buffers.at(-1)?.push(open);
    complete += open;
  }
  return buffers.filter((each) => each.length > 0);
}

/**
 * Reads everything that is queued, and tells in which reply buffers it was: a read of less than a message with MSG_TRUNC
 * gives the message's length, but of the last message in a buffer only what was copied (N3.3, quirk).
 */
export function buffersOf(socket: Socket): number[][] {
  const room = new Uint8Array(NetlinkSize.NLMSGHDR);
  const length = new DataView(room.buffer);
  const buffers: number[][] = [[]];
  while (true) {
    try {
      const told = socket.recv(room, MSG.TRUNC);
      buffers.at(-1)?.push(length.getUint32(0, true));
      if (told === room.length) buffers.push([]);
    } catch (error) {
      if (error instanceof NetlinkError && error.code === "EAGAIN") return buffers.filter((each) => each.length > 0);
      throw error;
    }
  }
}
