// Sockets and messages of generic netlink for tests.

import { GENL } from "../../assembly/abi/genetlink.js";
import { NETLINK, NETLINK_OPTION, SOL } from "../../assembly/abi/netlink.js";
import type { Socket, SocketOptions, Vnet } from "../../host/kernel/kernel.js";
import { attribute, attributes, message, numberAt, payloadOf, type Seen, text, u16 } from "../support/messages.js";
import { openSocket } from "../support/setups.js";

export const CTRL = { NEWFAMILY: 1, DELFAMILY: 2, GETFAMILY: 3 } as const;
const ATTR = { ID: 1, NAME: 2, VERSION: 3, HDRSIZE: 4, MAXATTR: 5, OPS: 6, GROUPS: 7 } as const;

/** G: a root socket on NETLINK_GENERIC, CAP_ACK and EXT_ACK on, member of some groups. */
export function openGeneric(vnet: Vnet, groups: readonly number[] = [], options: SocketOptions = {}): Socket {
  const socket = openSocket(vnet, { protocol: NETLINK.GENERIC, ...options });
  for (const group of groups) socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, group);
  return socket;
}

/** A request to a family: genlmsghdr and attributes. */
export function genl(
  type: number,
  command: number,
  flags: string,
  parts: readonly Uint8Array[] = [],
  version = 1,
): Uint8Array {
  return message({ type, flags, seq: 7 }, Uint8Array.of(command, version, 0, 0), ...parts);
}

export const byName = (name: string): Uint8Array => attribute(ATTR.NAME, text(name));
export const byId = (id: number): Uint8Array => attribute(ATTR.ID, u16(id));

export function getFamily(flags: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return genl(GENL.MIN_ID, CTRL.GETFAMILY, flags, parts);
}

export interface FamilySeen {
  readonly command: number;
  readonly name: string;
  readonly id: number;
  readonly version: number;
  readonly hdrsize: number;
  readonly maxattr: number;
  /** [number, flags]; undefined without CTRL_ATTR_OPS. */
  readonly commands: readonly (readonly [number, number])[] | undefined;
  /** Numbers by name; undefined without CTRL_ATTR_MCAST_GROUPS. */
  readonly groups: Readonly<Record<string, number>> | undefined;
}

const string = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(0, -1));

/** What a message of the controller tells of a family. */
export function familyOf({ body }: Seen): FamilySeen {
  const inside = body.slice(4);
  const payload = (type: number): Uint8Array => payloadOf(inside, type) ?? new Uint8Array(0);
  const commands = payloadOf(inside, ATTR.OPS);
  const groups = payloadOf(inside, ATTR.GROUPS);
  return {
    command: body[0] as number,
    name: string(payload(ATTR.NAME)),
    id: numberAt(payload(ATTR.ID), 0, 2),
    version: numberAt(payload(ATTR.VERSION), 0, 4),
    hdrsize: numberAt(payload(ATTR.HDRSIZE), 0, 4),
    maxattr: numberAt(payload(ATTR.MAXATTR), 0, 4),
    commands:
      commands &&
      attributes(commands).map(
        ([, each]) =>
          [numberAt(payloadOf(each, 1) as Uint8Array, 0, 4), numberAt(payloadOf(each, 2) as Uint8Array, 0, 4)] as const,
      ),
    groups:
      groups &&
      Object.fromEntries(
        attributes(groups).map(([, each]) => [
          string(payloadOf(each, 1) as Uint8Array),
          numberAt(payloadOf(each, 2) as Uint8Array, 0, 4),
        ]),
      ),
  };
}
