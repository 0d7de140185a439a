// Messages of generic netlink (NETLINK_GENERIC): a genlmsghdr, the family's own header if it has one, and attributes
// (netlink/netlink_generic.h). The type of a message is its family's id, and only the controller's is always the same, 16;
// families.ts finds the schema of the others.
//   controller   nlctrl (netlink/netlink_generic.c, dump_family)
//   sysevent     nlsysevent (netlink/netlink_sysevent.c)

import {
  CTRL_ATTR,
  CTRL_ATTR_MCAST_GRP,
  CTRL_ATTR_OP,
  CTRL_CMD,
  GENL,
  GENL_OP,
  NLSE_ATTR,
  NLSE_CMD,
} from "../../assembly/abi/genetlink.js";
import { NETLINK } from "../../assembly/abi/netlink.js";
import { attributes, type Extras, nest } from "./attributes.js";
import { type Enum, flags, type Kind, named, nameOf, string, u8, u16, u32 } from "./kind.js";
import { indexed } from "./list.js";
import { type AnySchema, message, type TypeOf } from "./schema.js";
import { type Struct, struct } from "./struct.js";

/** The fields of every genlmsghdr. They stand together: attributes may be called version, too. */
export interface GenlHeader {
  command: number;
  version: number;
  reserved: number;
}

/** A genlmsghdr, given what its command is. */
export function genlmsghdr(command: Kind<number>): Struct<{ genl: readonly ["genlmsghdr", Kind<GenlHeader>] }> {
  const fields = struct("genlmsghdr", {
    command: ["cmd", command],
    version: ["version", u8],
    reserved: ["reserved", u16],
  });
  return struct("genlmsghdr", { genl: ["genlmsghdr", fields] });
}

/** What a message of generic netlink is called: by its command. */
function titled(prefix: string, commands: Enum): (body: object) => string | undefined {
  return (body) => {
    const { wire }: Extras = body;
    const name = wire?.headerBytes === 0 ? undefined : nameOf(commands, commandOf(body));
    return name === undefined ? undefined : `${prefix}${name}`;
  };
}

/** The command of a message's body. */
export function commandOf(body: object): number {
  return (body as { genl: GenlHeader }).genl.command;
}

const operation = attributes("CTRL_ATTR_OP_", CTRL_ATTR_OP, {
  id: [CTRL_ATTR_OP.ID, u32],
  flags: [CTRL_ATTR_OP.FLAGS, flags(u32, "GENL_", GENL_OP)],
});

/** FreeBSD writes the number first. */
const group = attributes("CTRL_ATTR_MCAST_GRP_", CTRL_ATTR_MCAST_GRP, {
  id: [CTRL_ATTR_MCAST_GRP.ID, u32],
  name: [CTRL_ATTR_MCAST_GRP.NAME, string],
});

export const controller = message("controller", {
  protocol: NETLINK.GENERIC,
  types: { prefix: "", names: { nlctrl: GENL.MIN_ID, [GENL.MIN_ID]: "nlctrl" }, of: [GENL.MIN_ID] },
  header: genlmsghdr(named(u8, "CTRL_CMD_", CTRL_CMD)),
  attributes: attributes("CTRL_ATTR_", CTRL_ATTR, {
    name: [CTRL_ATTR.FAMILY_NAME, string],
    id: [CTRL_ATTR.FAMILY_ID, u16],
    version: [CTRL_ATTR.VERSION, u32],
    /** Bytes of the family's own header. */
    hdrsize: [CTRL_ATTR.HDRSIZE, u32],
    /** Highest number of an attribute. */
    maxattr: [CTRL_ATTR.MAXATTR, u32],
    operations: [CTRL_ATTR.OPS, indexed(nest(operation, ["{id}", "{flags}"]))],
    groups: [CTRL_ATTR.MCAST_GROUPS, indexed(nest(group, ["{name}", "{id}"]))],
  }),
  summary: [
    "{name}",
    "id {id}",
    "version {version}",
    "hdrsize {hdrsize?}",
    "maxattr {maxattr?}",
    "commands {operations}",
    "groups {groups}",
  ],
  title: titled("CTRL_CMD_", CTRL_CMD),
});

/** A family as the controller tells of it. */
export type Family = TypeOf<typeof controller>;

/** The family has whatever id is free when the module is loaded. */
export const sysevent = message("sysevent", {
  protocol: NETLINK.GENERIC,
  types: { prefix: "", names: {}, of: [] },
  header: genlmsghdr(named(u8, "NLSE_CMD_", NLSE_CMD)),
  attributes: attributes("NLSE_ATTR_", NLSE_ATTR, {
    system: [NLSE_ATTR.SYSTEM, string],
    subsystem: [NLSE_ATTR.SUBSYSTEM, string],
    type: [NLSE_ATTR.TYPE, string],
    data: [NLSE_ATTR.DATA, string],
  }),
  summary: ["{system}", "{subsystem}", "{type}", "{data}"],
  title: titled("NLSE_CMD_", NLSE_CMD),
});

export type Sysevent = TypeOf<typeof sysevent>;

/** How messages of a family are read. */
export interface FamilyMessages {
  /** The family's, as the controller knows it. */
  readonly name: string;
  /**
   * @param isRequest - a program sent it: the two directions may number their commands apart
   * @returns undefined for a command that the family does not have
   */
  schemaOf(command: number, isRequest: boolean): AnySchema | undefined;
}

/** nlsysevent has one command, an event. */
export const SYSEVENT_MESSAGES: FamilyMessages = {
  name: "nlsysevent",
  schemaOf: (command) => (command === NLSE_CMD.NEWEVENT ? (sysevent as unknown as AnySchema) : undefined),
};
