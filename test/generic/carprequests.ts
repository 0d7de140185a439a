// The family "carp" byte by byte, and the set-up with its module.

import { CARP_NL, CARP_NL_CMD } from "../../assembly/abi/carp.js";
import type { BootOptions, Kernel, Socket, Vnet } from "../../host/kernel/kernel.js";
import { ask, attribute, ip, numberAt, payloadOf, type Seen, text, toHex, u32 } from "../support/messages.js";
import { AS_GIVEN, setupE } from "../support/setups.js";
import { byName, familyOf, genl, getFamily, openGeneric } from "./families.js";

/** What a request says. */
export interface CarpFields {
  readonly vhid?: number;
  readonly state?: number;
  readonly advbase?: number;
  readonly advskew?: number;
  readonly key?: Uint8Array;
  readonly index?: number;
  readonly addr?: string;
  readonly addr6?: string;
  readonly name?: string;
}

const NUMBERS = [
  ["vhid", CARP_NL.VHID],
  ["state", CARP_NL.STATE],
  ["advbase", CARP_NL.ADVBASE],
  ["advskew", CARP_NL.ADVSKEW],
  ["index", CARP_NL.IFINDEX],
] as const;

export interface CarpSetup {
  readonly kernel: Kernel;
  readonly vnet: Vnet;
  /** Of NETLINK_ROUTE, of root. */
  readonly socket: Socket;
  /** Of NETLINK_GENERIC, of root. */
  readonly generic: Socket;
  /** The family's id. */
  readonly id: number;
}

/** E with the module carp, without duplicate address detection and automatic addresses; em0 is index 2. */
export function setupCarp(options: BootOptions = {}): CarpSetup {
  const { kernel, vnet, socket } = setupE({ modules: ["netlink", "carp"], ...AS_GIVEN, ...options });
  const generic = openGeneric(vnet);
  return { kernel, vnet, socket, generic, id: idOf(generic) };
}

export function idOf(generic: Socket): number {
  const [family] = ask(generic, getFamily("q", byName("carp")));
  return familyOf(family as Seen).id;
}

export function carp(id: number, command: CARP_NL_CMD, letters: string, fields: CarpFields): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [name, type] of NUMBERS) {
    const value = fields[name];
    if (value !== undefined) parts.push(attribute(type, u32(value)));
  }
  if (fields.key !== undefined) parts.push(attribute(CARP_NL.KEY, fields.key));
  if (fields.addr !== undefined) parts.push(attribute(CARP_NL.ADDR, ip(fields.addr)));
  if (fields.addr6 !== undefined) parts.push(attribute(CARP_NL.ADDR6, ip(fields.addr6)));
  if (fields.name !== undefined) parts.push(attribute(CARP_NL.IFNAME, text(fields.name)));
  return genl(id, command, letters, parts);
}

export const setCarp = (id: number, fields: CarpFields): Uint8Array => carp(id, CARP_NL_CMD.SET, "qa", fields);
export const getCarp = (id: number, fields: CarpFields): Uint8Array => carp(id, CARP_NL_CMD.GET, "qD", fields);

/** A virtual host as an answer shows it. */
export interface VirtualHostSeen {
  readonly vhid: number;
  readonly state: number;
  readonly advbase: number;
  readonly advskew: number;
  readonly addr: string;
  readonly addr6: string;
  /** Hexadecimal; undefined where it was not shown. */
  readonly key: string | undefined;
}

export function virtualHostOf({ body }: Seen): VirtualHostSeen {
  const inside = body.slice(4);
  const payload = (type: number): Uint8Array => payloadOf(inside, type) ?? new Uint8Array(0);
  const key = payloadOf(inside, CARP_NL.KEY);
  return {
    vhid: numberAt(payload(CARP_NL.VHID), 0, 4),
    state: numberAt(payload(CARP_NL.STATE), 0, 4),
    advbase: numberAt(payload(CARP_NL.ADVBASE), 0, 4),
    advskew: numberAt(payload(CARP_NL.ADVSKEW), 0, 4),
    addr: [...payload(CARP_NL.ADDR)].join("."),
    addr6: toHex(payload(CARP_NL.ADDR6)),
    key: key && toHex(key),
  };
}

/** The virtual hosts of an interface; its messages but the last. */
export function virtualHosts({ generic, id }: CarpSetup, fields: CarpFields): VirtualHostSeen[] {
  return ask(generic, getCarp(id, fields)).slice(0, -1).map(virtualHostOf);
}
