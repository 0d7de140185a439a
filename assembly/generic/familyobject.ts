// A family as the controller's messages show it (netlink/netlink_generic.c, dump_family; netlink-core N10.4).

import { Errno } from "../abi/errno";
import { CTRL_ATTR, CTRL_ATTR_MCAST_GRP, CTRL_ATTR_OP, GENL, GENL_OP } from "../abi/genetlink";
import { NetlinkSize, PRIV } from "../abi/netlink";
import { Writer, begin, beginNest, end, endNest, putString, putU16, putU32, reserve } from "../netlink/writer";
import { Family, NO_COMMAND, commandOf, groupAt, nextCommand } from "./registry";

/** @param command - CTRL_CMD. ENOMEM */
export function writeFamily(writer: Writer, family: Family, port: u32, seq: u32, flags: u32, command: u32): Errno {
  if (!begin(writer, port, seq, GENL.MIN_ID, flags, NetlinkSize.GENLMSGHDR)) return Errno.ENOMEM;
  const header = reserve(writer, NetlinkSize.GENLMSGHDR);
  if (header != 0) {
    store<u8>(header, <u8>command);
    store<u8>(header, <u8>family.version, 1);
  }
  putString(writer, CTRL_ATTR.FAMILY_NAME, family.name);
  putU16(writer, CTRL_ATTR.FAMILY_ID, family.id);
  putU32(writer, CTRL_ATTR.VERSION, family.version);
  putU32(writer, CTRL_ATTR.HDRSIZE, family.hdrsize);
  putU32(writer, CTRL_ATTR.MAXATTR, family.maxattr);
  writeCommands(writer, family);
  writeGroups(writer, family);
  return end(writer) ? Errno.OK : Errno.ENOMEM;
}

/** Members 1, 2, 3 … in ascending command number; no nest for a family without commands. */
function writeCommands(writer: Writer, family: Family): void {
  let number = nextCommand(family, 0);
  if (number == NO_COMMAND) return;
  const nest = beginNest(writer, CTRL_ATTR.OPS);
  for (let member: u32 = 1; number < NO_COMMAND; member++) {
    const command = commandOf(family, number);
    if (command != null) {
      const each = beginNest(writer, member);
      putU32(writer, CTRL_ATTR_OP.ID, number);
      putU32(writer, CTRL_ATTR_OP.FLAGS, command.flags | (command.privilege != PRIV.NONE ? GENL_OP.ADMIN_PERM : 0));
      endNest(writer, each);
    }
    number = nextCommand(family, number + 1);
  }
  endNest(writer, nest);
}

/** Members 1, 2, 3 … in the order of their numbers, number before name; no nest for a family without groups. */
function writeGroups(writer: Writer, family: Family): void {
  let member: u32 = 0;
  let nest: u32 = 0;
  for (let slot: u32 = 0; slot < <u32>GENL.GROUPS; slot++) {
    const group = groupAt(slot);
    if (!group.isThere || <u32>group.family != family.slot) continue;
    if (member == 0) nest = beginNest(writer, CTRL_ATTR.MCAST_GROUPS);
    const each = beginNest(writer, ++member);
    putU32(writer, CTRL_ATTR_MCAST_GRP.ID, group.number);
    putString(writer, CTRL_ATTR_MCAST_GRP.NAME, group.name);
    endNest(writer, each);
  }
  if (member != 0) endNest(writer, nest);
}
