// The answer to a request: NLMSG_ERROR with the errno, 0 for success (netlink/netlink_io.c, nlmsg_ack; netlink-core N5.4).

import { Errno } from "../abi/errno";
import { NLMSG, NLMSGERR_ATTR, NLM_F, NetlinkSize, NlMsgHdr } from "../abi/netlink";
import { Request } from "./request";
import { SocketOption } from "./socket";
import { begin, end, putAttribute, putBytes, putU32, reserve } from "./writer";

/** Writes the ack of the request's message; without memory it is lost, silently. */
export function ack(request: Request, error: Errno): void {
  const socket = request.from;
  const header = request.header;
  const isCapped = error == Errno.OK || socket.has(SocketOption.CAP_ACK);
  const isExtended = socket.has(SocketOption.EXT_ACK);
  let flags: u32 = isCapped ? NLM_F.CAPPED : 0;
  if (isExtended && (request.text != 0 || request.offset != 0)) flags |= NLM_F.ACK_TLVS;
  const echoed = isCapped ? NetlinkSize.NLMSGHDR : load<u32>(header, NlMsgHdr.LEN);
  const payload = 4 + echoed;
  const writer = request.replies;
  if (!begin(writer, socket.port, load<u32>(header, NlMsgHdr.SEQ), NLMSG.ERROR, flags, payload)) return;
  const at = reserve(writer, payload);
  if (at != 0) {
    store<u32>(at, error);
    memory.copy(at + 4, header, echoed);
  }
  if (isExtended) {
    if (request.text != 0) putBytes(writer, NLMSGERR_ATTR.MSG, request.text, request.textLength + 1);
    if (request.offset != 0) putU32(writer, NLMSGERR_ATTR.OFFS, request.offset);
  }
  // The cookie is sent whether or not the socket asked for extended acks, and changes no flag.
  if (request.cookie != 0) {
    const bytes = <u32>load<u16>(request.cookie);
    const cookie = putAttribute(writer, NLMSGERR_ATTR.COOKIE, bytes - NetlinkSize.NLATTR);
    if (cookie != 0) memory.copy(cookie, request.cookie + NetlinkSize.NLATTR, bytes - NetlinkSize.NLATTR);
  }
  end(writer);
}
