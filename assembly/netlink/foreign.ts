// Sockets of a foreign ABI (nlp->nl_linux). FreeBSD rewrites their messages inside the kernel: a request just before its
// handler, a reply buffer or a notification just before it is queued. Here the host rewrites them, a request before it is
// sent and the others as they are read, which comes to the same as long as the core keeps what a rewrite changes:
//   failureOf       a request that could not be rewritten skips its handler: nlmsg_pid, which the core stamps, brings the errno
//   chargeOf        what counts against the receive limit is the rewritten form
//   isLost          what FreeBSD could not rewrite is never queued (linux-compat L1.7)
//   foreignScratch  such a socket has more scratch, in its send buffer, for a form that could be longer (netlink-core N1.9)
// How much longer a link becomes is the host's to say: the core knows no other ABI's numbers.

import { IFT } from "../abi/ifnet";
import { NETLINK, NetlinkLimit, NetlinkSize, NlMsgHdr } from "../abi/netlink";
import { HeaderSize, IFLA, IfInfoMsg, RTM } from "../abi/rtnetlink";
import { Buffer } from "../mem/buffer";
import { Socket } from "./socket";

/** The errno with which the rewrite of a request failed, 0 = it did not. Read before nlmsg_pid is stamped. */
export function failureOf(socket: Socket, header: usize): u32 {
  return socket.isForeign ? load<u32>(header, NlMsgHdr.PID) : 0;
}

/** Bytes that whole messages from one offset of a buffer to another count as. */
export function chargeOf(socket: Socket, buffer: Buffer, from: u32, to: u32): u32 {
  const bytes = to - from;
  return socket.isForeign && socket.protocol == NETLINK.ROUTE ? bytes + growth(socket, buffer.data + from, bytes) : bytes;
}

function growth(socket: Socket, messages: usize, bytes: u32): u32 {
  let grown: u32 = 0;
  for (let at: u32 = 0; at < bytes; at += load<u32>(messages + at, NlMsgHdr.LEN)) {
    const type = <u32>load<u16>(messages + at, NlMsgHdr.TYPE);
    if (type == RTM.NEWLINK || type == RTM.DELLINK) grown += socket.linkGrowth + nameGrowth(socket, messages + at);
  }
  return grown;
}

/** A link's name is its first attribute; that of an Ethernet interface becomes another. */
function nameGrowth(socket: Socket, message: usize): u32 {
  const header = message + NetlinkSize.NLMSGHDR;
  if (socket.ethernetNameBytes == 0 || load<u16>(header, IfInfoMsg.TYPE) != <u16>IFT.ETHER) return 0;
  const name = header + HeaderSize.IFINFOMSG;
  assert(load<u16>(name, 2) == <u16>IFLA.IFNAME, "a link's name is its first attribute");
  return socket.ethernetNameBytes - ((load<u16>(name) - NetlinkSize.NLATTR + 3) & ~3);
}

/** Whether a notification can have no other form, and so vanishes for this socket. */
export function isLost(socket: Socket, buffer: Buffer): bool {
  return socket.losesDepartures && load<u16>(buffer.data, NlMsgHdr.TYPE) == <u16>RTM.DELLINK;
}

/** Bytes of scratch that lie behind the messages in a send buffer, in place of what the messages of other sockets share. */
export function foreignScratch(socket: Socket, bytes: u32): u32 {
  if (!socket.isForeign) return 0;
  return scratchOffset(bytes) - bytes + scratchBytes(bytes);
}

/** Where scratch begins behind the messages of a send buffer, and how much there is. */
export function scratchOffset(bytes: u32): u32 {
  return (bytes + 15) & ~15;
}

export function scratchBytes(bytes: u32): u32 {
  return NetlinkLimit.SCRATCH + ((bytes + 7) & ~7);
}
