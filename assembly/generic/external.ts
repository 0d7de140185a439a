// Families outside the core, those of loadable modules: a message that passed every check of the core's waits for the host,
// which has the module handle it (netlink/external.ts). Messages behind it in the send buffer go along, as far as they are
// for commands of the same family and would have passed too.
//   handleExternal   the handler of every such command

import { Errno } from "../abi/errno";
import { NLM_F, NetlinkSize, NlMsgHdr } from "../abi/netlink";
import { Buffer } from "../mem/buffer";
import { awaitHost } from "../netlink/external";
import { Request } from "../netlink/request";
import { awaitedMax } from "../netlink/task";
import { checkPolicy } from "./policy";
import { Command, Family, commandOf, familyById } from "./registry";

/** How many messages wait at once: the answers to all of them lie in memory together. */
const TOGETHER_MAX: u32 = 256;

export function handleExternal(request: Request): Errno {
  const family = changetype<Family>(changetype<usize>(familyById(request.type)));
  const command = changetype<Command>(changetype<usize>(commandOf(family, commandNumber(request.header))));
  const error = checkPolicy(request, command);
  if (error != Errno.OK) return error;
  const header = request.header;
  const end = request.end;
  const count = gather(request, family);
  const last = request.end;
  request.header = header;
  request.end = end;
  request.clear();
  awaitHost(request, last, count);
  return Errno.OK;
}

@inline
function commandNumber(header: usize): u32 {
  return load<u8>(header, NetlinkSize.NLMSGHDR);
}

/** Counts the messages that can be handled together; the request becomes the last of them. */
function gather(request: Request, family: Family): u32 {
  const socket = request.from;
  // The message of a foreign socket tells in its header how its rewrite went, until its turn comes.
  const most: u32 = socket.isForeign ? 1 : min<u32>(awaitedMax(), TOGETHER_MAX);
  const buffer = changetype<Buffer>(socket.sent.at(0));
  const end = buffer.data + buffer.length;
  let count: u32 = 1;
  let at = buffer.data + buffer.offset;
  for (; count < most && at + NetlinkSize.NLMSGHDR + NetlinkSize.GENLMSGHDR <= end; count++) {
    const bytes = load<u32>(at, NlMsgHdr.LEN);
    if (bytes < <u32>(NetlinkSize.NLMSGHDR + NetlinkSize.GENLMSGHDR) || bytes > <u32>(end - at)) break;
    if (!passes(request, family, at, bytes)) break;
    at += (bytes + 3) & ~3;
  }
  return count;
}

/** Whether a message would reach a handler outside the core as well. */
function passes(request: Request, family: Family, header: usize, bytes: u32): bool {
  if (<u32>load<u16>(header, NlMsgHdr.TYPE) != family.id) return false;
  if ((load<u16>(header, NlMsgHdr.FLAGS) & NLM_F.REQUEST) == 0) return false;
  const command = commandOf(family, commandNumber(header));
  if (command == null || !request.from.hasPrivilege(command.privilege)) return false;
  const before = request.header;
  const beforeEnd = request.end;
  request.header = header;
  request.end = header + bytes;
  request.clear();
  if (checkPolicy(request, command) != Errno.OK) {
    request.header = before;
    request.end = beforeEnd;
    return false;
  }
  store<u32>(header, request.from.port, NlMsgHdr.PID);
  return true;
}
