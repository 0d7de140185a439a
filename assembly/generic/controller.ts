// The controller, "nlctrl": tells which families there are (netlink/netlink_generic.c; netlink-core N10.3, N10.4, N10.6).
// familyobject.ts writes a family.

import { Errno } from "../abi/errno";
import { CTRL_ATTR, CTRL_CMD, GENL, GENL_OP } from "../abi/genetlink";
import { NETLINK, NLM_F, NetlinkLimit, NetlinkSize, PRIV } from "../abi/netlink";
import { hasMembers } from "../netlink/multicast";
import { Field, Payload, parse } from "../netlink/parser";
import { Request } from "../netlink/request";
import { Writer, abort, done, flush, openGroup } from "../netlink/writer";
import { Switch, hasSwitch } from "../net/switches";
import { writeFamily } from "./familyobject";
import { Family, familyAt, isSameName, registerCommand, setFamily, setGroup } from "./registry";

/** A GETFAMILY request after parsing; what was absent is 0. */
@unmanaged
class ParsedFamily {
  id: u16;
  version: u8;
  name: usize;
}

const record = changetype<ParsedFamily>(memory.data(offsetof<ParsedFamily>(), 16));

/** Offset in a genlmsghdr. */
const GENL_VERSION: usize = 1;

const FIELDS: StaticArray<usize> = [
  // in the header          kind              into
  GENL_VERSION,             Field.U8,         offsetof<ParsedFamily>("version"),
];

const ATTRIBUTES: StaticArray<usize> = [
  // attribute              payload           into                              argument
  CTRL_ATTR.FAMILY_ID,      Payload.U16,      offsetof<ParsedFamily>("id"),     0,
  CTRL_ATTR.FAMILY_NAME,    Payload.STRING,   offsetof<ParsedFamily>("name"),   0,
];

const PARSER: StaticArray<usize> = [
  NetlinkSize.GENLMSGHDR, 0, changetype<usize>(FIELDS), changetype<usize>(ATTRIBUTES), 0,
];

/** "nlctrl", "notify" */
const CONTROLLER_NAME: usize = memory.data<u8>([110, 108, 99, 116, 114, 108, 0]);
const GROUP_NAME: usize = memory.data<u8>([110, 111, 116, 105, 102, 121, 0]);
const CONTROLLER_VERSION: u32 = 2;

/** The controller is there with the module, and announces nothing of itself. */
export function attachController(): void {
  const family = setFamily(0, CONTROLLER_NAME, 0, CONTROLLER_VERSION, CTRL_ATTR.OP);
  setGroup(0, family, GROUP_NAME);
  const flags = GENL_OP.CAP_DO | GENL_OP.CAP_DUMP | GENL_OP.CAP_HASPOL;
  registerCommand(family, CTRL_CMD.GETFAMILY, flags, PRIV.NONE, <u32>changetype<usize>(getFamily));
}

/** One family by id or name, ENOENT when none fits both; without either all, whatever NLM_F_DUMP says. */
function getFamily(request: Request): Errno {
  const error = parse(request, PARSER, changetype<usize>(record), offsetof<ParsedFamily>());
  if (error != Errno.OK) return error;
  if (record.id == 0 && record.name == 0) return dumpFamilies(request);
  for (let slot: u32 = 0; slot < <u32>GENL.FAMILIES; slot++) {
    const family = familyAt(slot);
    if (!family.isThere || !passes(family)) continue;
    return writeFamily(request.replies, family, request.from.port, request.seq, request.flags, CTRL_CMD.NEWFAMILY);
  }
  return Errno.ENOENT;
}

function passes(family: Family): bool {
  if (record.id != 0 && <u32>record.id != family.id) return false;
  return record.name == 0 || isSameName(family.name, record.name);
}

function dumpFamilies(request: Request): Errno {
  const port = request.from.port;
  let error: Errno = Errno.OK;
  for (let slot: u32 = 0; slot < <u32>GENL.FAMILIES && error == Errno.OK; slot++) {
    const family = familyAt(slot);
    if (!family.isThere) continue;
    error = writeFamily(request.replies, family, port, request.seq, request.flags | NLM_F.MULTI, CTRL_CMD.NEWFAMILY);
  }
  return done(request.replies, port, request.seq, error) ? error : Errno.ENOMEM;
}

const groupWriter = changetype<Writer>(memory.data(offsetof<Writer>(), 16));

/**
 * CTRL_CMD_NEWFAMILY or DELFAMILY to the controller's group. FreeBSD's newest source sends it to the group of the slot's
 * number, 0, which nobody can join (netlink-core N10.6): by a switch it is lost here too.
 */
export function announceFamily(family: Family, command: u32): void {
  if (hasSwitch(Switch.GENL_NOTIFY_GROUP0) || !hasMembers(NETLINK.GENERIC, GENL.MIN_GROUP)) return;
  if (!openGroup(groupWriter, NetlinkLimit.NLMSG_LARGE, NETLINK.GENERIC, GENL.MIN_GROUP, PRIV.NONE)) return;
  if (writeFamily(groupWriter, family, 0, 0, 0, command) != Errno.OK) abort(groupWriter);
  flush(groupWriter);
}
