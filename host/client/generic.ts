// A client of generic netlink over one NETLINK_GENERIC socket: families, their groups, their commands. A family's commands
// and attributes are what its description says (host/ynl reads YNL specifications); without one, its messages are bytes.

import { Errno } from "../../assembly/abi/errno.js";
import { CTRL_CMD, GENL } from "../../assembly/abi/genetlink.js";
import { NETLINK, NLM_F } from "../../assembly/abi/netlink.js";
import { decode } from "../codec/decode.js";
import { encode } from "../codec/encode.js";
import { FamilyRegistry } from "../codec/families.js";
import { controller, type Family, type FamilyMessages } from "../codec/generic.js";
import type { Message } from "../codec/messages.js";
import { NetlinkError } from "../kernel/errno.js";
import { type ClientSocket, Connection, type Monitor, one } from "./connection.js";

export type { Family, FamilyMessages } from "../codec/generic.js";

/** A family as the controller shows it in full. */
export type KnownFamily = Family & Required<Pick<Family, "id" | "name">>;

/** A family whose requests can be written from names and plain values. */
export interface FamilyDescription extends FamilyMessages {
  /**
   * A request, of a family that has an id.
   * @throws Error naming what the description does not have, or a value that does not fit
   */
  request(operation: string, mode: RequestMode, values: object, id: number): Message;
}

/** Of an operation: once, or for everything there is. */
export type RequestMode = "do" | "dump";

/** A command as bytes. */
export interface RawCommand {
  readonly command: number;
  /** Of the family, for the genlmsghdr. Default 1. */
  readonly version?: number;
  /** NLM_F, besides REQUEST and ACK. */
  readonly flags?: number;
  /** The family's own header, and attributes. */
  readonly payload?: Uint8Array;
}

export class GenericClient extends Connection {
  /** What is known of families: ids, learned from every answer of the controller, and how messages are read. */
  readonly registry: FamilyRegistry;

  /**
   * @param socket - of NETLINK_GENERIC; see Connection
   * @param families - how their messages are read
   * @throws NetlinkError what bind answers
   */
  constructor(socket: ClientSocket, families: Iterable<FamilyMessages> = []) {
    const registry = new FamilyRegistry(families);
    super(socket, { protocol: NETLINK.GENERIC, families: registry });
    this.registry = registry;
  }

  /** All families, in the order of their ids. */
  families(): KnownFamily[] {
    return this.#ask({}, NLM_F.DUMP);
  }

  /** @param which - name or id. @throws NetlinkError ENOENT when there is none */
  family(which: string | number): KnownFamily {
    return one(this.#ask(typeof which === "string" ? { name: which } : { id: which }, 0), "CTRL_CMD_GETFAMILY");
  }

  /**
   * Listens to groups of a family.
   * @param names - of its groups; all that it has without
   * @throws NetlinkError ENOENT when there is no such family, or it has no such group; EPERM
   */
  listen(family: string | number, names?: readonly string[]): Monitor {
    const { groups = [], name: of } = this.family(family);
    const known = new Map(groups.map(({ name, id }) => [name, id]));
    const numbers = (names ?? groups.map(({ name }) => name)).map((name) => {
      const number = known.get(name);
      if (number !== undefined) return number;
      throw new NetlinkError(`group ${name} of ${of}`, Errno.ENOENT);
    });
    return this.monitor(numbers);
  }

  /**
   * Asks for an operation once.
   * @param values - header fields and attributes by name, as the description has them
   * @returns what the family answered before its ack
   * @throws NetlinkError the errno of the ack, ENOENT when there is no such family; Error for what the description does not have
   */
  do(family: FamilyDescription, operation: string, values: object = {}): Message[] {
    return this.#perform(family, operation, "do", values);
  }

  /** Asks for everything that an operation gives. @throws as do */
  dump(family: FamilyDescription, operation: string, values: object = {}): Message[] {
    return this.#perform(family, operation, "dump", values);
  }

  #perform(family: FamilyDescription, operation: string, mode: RequestMode, values: object): Message[] {
    this.registry.add(family);
    const { id } = this.family(family.name);
    return this.request(family.request(operation, mode, values, id));
  }

  /**
   * Sends a command as bytes.
   * @returns what the family answered before its ack
   * @throws NetlinkError the errno of the ack; ENOENT when there is no such family
   */
  command(
    family: string | number,
    { command, version = 1, flags = 0, payload = new Uint8Array(0) }: RawCommand,
  ): Message[] {
    const id = typeof family === "number" ? family : this.family(family).id;
    const body = { payload: Uint8Array.of(command, version, 0, 0, ...payload) };
    return this.request({ kind: "unknown", header: { type: id, flags, seq: 0, pid: 0 }, body });
  }

  #ask(which: { name?: string; id?: number }, flags: number): KnownFamily[] {
    const genl = { command: CTRL_CMD.GETFAMILY, version: 2, reserved: 0 };
    const answers = this.request(controller.message(GENL.MIN_ID, { flags }, { genl, ...which }));
    return answers.flatMap((answer) => {
      const family = familyIn(answer);
      return family !== undefined && isWhole(family) ? [family] : [];
    });
  }
}

/** What the controller says in a message, also where a description of nlctrl has read it. */
function familyIn(answer: Message): Family | undefined {
  const [message] = answer.kind === "generic" ? decode(encode(answer), { protocol: NETLINK.GENERIC }) : [answer];
  return message?.kind === "controller" ? message.body : undefined;
}

function isWhole(family: Family): family is KnownFamily {
  return family.id !== undefined && family.name !== undefined;
}
