// NETLINK_GENERIC: which handler answers which message (netlink/netlink_generic.c, genl_handle_message; netlink-core N10.2).
//   attachGeneric, detachGeneric   when the netlink module comes and goes

import { Errno } from "../abi/errno";
import { NETLINK, NetlinkSize } from "../abi/netlink";
import { registerProtocol } from "../netlink/protocol";
import { Request } from "../netlink/request";
import { attachController } from "./controller";
import { CommandHandler, clearRegistry, commandOf, familyById } from "./registry";

export function attachGeneric(): void {
  clearRegistry();
  attachController();
  registerProtocol(NETLINK.GENERIC, handleGeneric);
}

export function detachGeneric(): void {
  clearRegistry();
}

/**
 * EINVAL without a genlmsghdr; ENOTSUP for an unknown family or command; EPERM without the command's privilege. No text for
 * any of these, and no look at version and flags.
 */
function handleGeneric(request: Request): Errno {
  if (<u32>(request.end - request.header) < <u32>(NetlinkSize.NLMSGHDR + NetlinkSize.GENLMSGHDR)) return Errno.EINVAL;
  const family = familyById(request.type);
  if (family == null) return Errno.EOPNOTSUPP;
  const command = commandOf(family, load<u8>(request.header, NetlinkSize.NLMSGHDR));
  if (command == null) return Errno.EOPNOTSUPP;
  if (!request.from.hasPrivilege(command.privilege)) return Errno.EPERM;
  return changetype<CommandHandler>(<usize>command.handler)(request);
}
