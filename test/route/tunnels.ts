// The data of gif and gre in requests, and as dumps show it, byte by byte; the set-up with a kernel that knows it.

import { expect } from "vitest";
import { IFLA, IFLA_GRE, IFLA_INFO, IFLA_IPTUN } from "../../assembly/abi/rtnetlink.js";
import type { Socket, Switches } from "../../host/kernel/kernel.js";
import { attribute, attributes, concat, ip, text, toHex, u8, u16, u32 } from "../support/messages.js";
import { setupR } from "../support/setups.js";
import { type LinkFields, newLink } from "./linkrequests.js";
import { linkNamed } from "./links.js";

/** A change mask that changes no flag. */
export const NONE = 0x80000000;

export interface Data {
  readonly local?: string;
  readonly remote?: string;
  readonly flags?: number;
  readonly key?: number;
  readonly encapType?: number;
  readonly port?: number;
}

/** IFLA_INFO_DATA, in the order of the types. */
export function data({ local, remote, flags, key, encapType, port }: Data): Uint8Array {
  return concat(
    ...(local === undefined ? [] : [attribute(IFLA_GRE.LOCAL, ip(local))]),
    ...(remote === undefined ? [] : [attribute(IFLA_GRE.REMOTE, ip(remote))]),
    ...(flags === undefined ? [] : [attribute(IFLA_GRE.FLAGS, u32(flags))]),
    ...(key === undefined ? [] : [attribute(IFLA_GRE.OKEY, u32(key))]),
    ...(encapType === undefined ? [] : [attribute(IFLA_GRE.ENCAP_TYPE, u32(encapType))]),
    ...(port === undefined ? [] : [attribute(IFLA_GRE.ENCAP_SPORT, u16(port))]),
  );
}

export function kindOf(name: string): string {
  return name.replace(/\d+$/, "");
}

/** RTM_NEWLINK of one that is there, by name. */
export function change(name: string, settings: Data | Uint8Array, more: LinkFields = {}): Uint8Array {
  const bytes = settings instanceof Uint8Array ? settings : data(settings);
  return newLink({ header: { change: NONE }, name, kind: kindOf(name), data: bytes, ...more });
}

export function setup(switches: Switches = {}) {
  return setupR({ switches: { tunnelData: true, ...switches } });
}

/** The data of a link's kind: types and payloads in hex. */
export function shown(socket: Socket, name: string): [number, string][] {
  const info = attributes(linkNamed(socket, name).payload(IFLA.LINKINFO) ?? u8(0));
  expect(info.map(([type]) => type)).toEqual([IFLA_INFO.KIND, IFLA_INFO.DATA]);
  expect(info[0]?.[1]).toEqual(text(kindOf(name)));
  return attributes(info[1]?.[1] ?? u8(0)).map(([type, payload]) => [type, toHex(payload)]);
}

/** A gre's data without endpoints. */
export function greOf(flags: number, key: number, encapType: number, port: number): [number, string][] {
  return [
    [IFLA_GRE.FLAGS, toHex(u32(flags))],
    [IFLA_GRE.OKEY, toHex(u32(key))],
    [IFLA_GRE.ENCAP_TYPE, toHex(u32(encapType))],
    [IFLA_GRE.ENCAP_SPORT, toHex(u16(port))],
  ];
}

/** What FreeBSD's gre shows for an IPv4 endpoint: length, family and port of a sockaddr_in, as the local one. */
export const HEAD: [number, string] = [IFLA_GRE.LOCAL, "10020000"];
export const LOCAL: [number, string] = [IFLA_IPTUN.LOCAL, "7f000001"];
export const REMOTE: [number, string] = [IFLA_IPTUN.REMOTE, "7f000002"];
export const BOTH: Data = { local: "127.0.0.1", remote: "127.0.0.2" };
