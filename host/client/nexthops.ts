// The requests of nexthops: RTM_GETNEXTHOP, RTM_NEWNEXTHOP, RTM_DELNEXTHOP.

import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { RTM, RTPROT } from "../../assembly/abi/rtnetlink.js";
import type { Message } from "../codec/messages.js";
import { type Nexthop, nexthop } from "../codec/nexthop.js";
import { one, type Requests } from "./connection.js";

/** A gateway on an interface, or a group of nexthops that are there; protocol STATIC without one. */
export type NexthopPath = { protocol?: number } & (
  | { gateway: string; oif: number }
  | {
      /** Members by id; a weight is 0..255, 1 without it. */
      group: readonly { id: number; weight?: number }[];
    }
);

export interface NexthopFilter {
  /** Groups alone. */
  groups?: boolean;
  /** Those on one interface, by its index. */
  oif?: number;
}

export function listNexthops(on: Requests, { groups = false, oif }: NexthopFilter): Nexthop[] {
  const filter = { ...(groups ? { groups: true as const } : {}), ...(oif === undefined ? {} : { oif }) };
  return nexthopsOf(on.request(nexthop.message(RTM.GETNEXTHOP, { flags: NLM_F.DUMP }, filter)));
}

export function getNexthop(on: Requests, id: number): Nexthop {
  return one(nexthopsOf(on.request(nexthop.message(RTM.GETNEXTHOP, {}, { id }))), "RTM_GETNEXTHOP");
}

export function listKernelNexthops(
  on: Requests,
  { fib = 0, family = AF.INET }: { fib?: number; family?: AF },
): Nexthop[] {
  const freebsd = { family, fib, kernelNexthops: true } as const;
  return nexthopsOf(on.request(nexthop.message(RTM.GETNEXTHOP, { flags: NLM_F.DUMP }, { freebsd })));
}

export function newNexthop(on: Requests, id: number | undefined, path: NexthopPath): void {
  const flags = NLM_F.CREATE | NLM_F.EXCL;
  const { protocol = RTPROT.STATIC } = path;
  const what =
    "group" in path
      ? { group: path.group.map((member) => ({ weight: 1, ...member, reserved1: 0, reserved2: 0 })) }
      : { gateway: path.gateway, oif: path.oif };
  on.change(nexthop.message(RTM.NEWNEXTHOP, { flags }, { protocol, ...(id === undefined ? {} : { id }), ...what }));
}

export function deleteNexthop(on: Requests, id: number): void {
  on.change(nexthop.message(RTM.DELNEXTHOP, {}, { id }));
}

function nexthopsOf(answers: readonly Message[]): Nexthop[] {
  return answers.flatMap((answer) => (answer.kind === "nexthop" ? [answer.body] : []));
}
