// Nexthops as a Linux program says them, for the tests of nexthops.

import { attribute, attributesOf, F, find, int, join, type Message, type Program, u8, u16, u32 } from "./program.js";

export const RTM = { NEWNEXTHOP: 104, DELNEXTHOP: 105, GETNEXTHOP: 106, GETNEXTHOPBUCKET: 118 } as const;
export const NHA = {
  ID: 1,
  GROUP: 2,
  GROUP_TYPE: 3,
  BLACKHOLE: 4,
  OIF: 5,
  GATEWAY: 6,
  ENCAP_TYPE: 7,
  ENCAP: 8,
  GROUPS: 9,
  MASTER: 10,
  FDB: 11,
  RES_GROUP: 12,
} as const;
export const NHMSG = 8;
export const EM0 = 2;
export const EM1 = 3;
export const INET = 2;
export const INET6 = 10;
export const ADD = F.CREATE | F.EXCL;
export const REPLACE = F.CREATE | F.REPLACE;
/** Group 32 is bit 31 of bind's mask. */
export const NEXTHOP_GROUP = 0x8000_0000;

export function nhmsg(family = 0, protocol = 0, flags = 0, scope = 0): Uint8Array {
  return join(u8(family, scope, protocol, 0), u32(flags));
}

export const ip4 = (last: number): Uint8Array => u8(198, 51, 100, last);
export const ip6 = (last: number): Uint8Array => u8(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last);
export const id = (value: number): Uint8Array => attribute(NHA.ID, u32(value));
export const oif = (index: number): Uint8Array => attribute(NHA.OIF, u32(index));
export const gateway = (address: Uint8Array): Uint8Array => attribute(NHA.GATEWAY, address);
export const blackhole = attribute(NHA.BLACKHOLE, u8());

/** Members with the byte that Linux sends for a weight: one less. */
export function group(...members: readonly (readonly [number, number])[]): Uint8Array {
  return attribute(NHA.GROUP, join(...members.map(([member, weight]) => join(u32(member), u8(weight, 0), u16(0)))));
}

/** Adds one over an address of em0's networks. */
export function addGateway(program: Program, number: number, address: Uint8Array, flags: number = ADD): number {
  const family = address.length === 4 ? INET : INET6;
  return program.change(RTM.NEWNEXTHOP, flags, nhmsg(family), id(number), gateway(address), oif(EM0));
}

export function addGroup(program: Program, number: number, ...members: readonly (readonly [number, number])[]): number {
  return program.change(RTM.NEWNEXTHOP, ADD, nhmsg(), id(number), group(...members));
}

export function remove(program: Program, number: number): number {
  return program.change(RTM.DELNEXTHOP, 0, nhmsg(), id(number));
}

export function dump(program: Program, ...parts: readonly Uint8Array[]): Message[] {
  const all = parts.length === 0 ? [nhmsg()] : parts;
  return program.ask(RTM.GETNEXTHOP, F.REQUEST | F.DUMP, ...all).filter(({ type }) => type === RTM.NEWNEXTHOP);
}

export function idOf({ body }: Message): number {
  return int(find(attributesOf(body, NHMSG), NHA.ID) as Uint8Array, 0);
}

/** Ids and weights of a group, as shown. */
export function membersOf({ body }: Message): [number, number][] {
  const payload = find(attributesOf(body, NHMSG), NHA.GROUP) ?? new Uint8Array(0);
  const members: [number, number][] = [];
  for (let at = 0; at < payload.length; at += 8) members.push([int(payload, at), payload[at + 4] as number]);
  return members;
}
