// The requests of neighbours: RTM_GETNEIGH, RTM_NEWNEIGH, RTM_DELNEIGH.

import type { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { NTF, RTM } from "../../assembly/abi/rtnetlink.js";
import { familyOf } from "../codec/ip.js";
import type { Message } from "../codec/messages.js";
import { type Neighbour, neighbour } from "../codec/neighbour.js";
import { one, type Requests } from "./connection.js";

/** What a neighbour's entry is to say. */
export interface NeighbourPath {
  /** Of the interface whose link it is on. */
  readonly index: number;
  readonly lladdr: string;
  /** Unix second at which it ends as far as is shown; without it the entry is permanent. */
  readonly until?: number;
  /** This host answers for it. */
  readonly proxy?: boolean;
}

/** What of an existing entry RTM_NEWNEIGH may do: nothing, or take its place. */
export const NEW_NEIGHBOUR = {
  ADD: NLM_F.CREATE | NLM_F.EXCL,
  REPLACE: NLM_F.CREATE | NLM_F.REPLACE,
} as const;

export function listNeighbours(on: Requests, filter: { family?: AF; index?: number }): Neighbour[] {
  return neighboursOf(on.request(neighbour.message(RTM.GETNEIGH, { flags: NLM_F.DUMP }, filter)));
}

export function getNeighbour(on: Requests, destination: string, index: number): Neighbour {
  const request = neighbour.message(RTM.GETNEIGH, {}, { ...destinationOf(destination), index });
  return one(neighboursOf(on.request(request)), "RTM_GETNEIGH");
}

export function newNeighbour(on: Requests, flags: number, destination: string, path: NeighbourPath): void {
  const { index, lladdr, until, proxy } = path;
  const ndmFlags = (until === undefined ? NTF.STICKY : 0) | (proxy ? NTF.PROXY : 0);
  const end = until === undefined ? {} : { freebsd: { nextStateAt: until } };
  const body = { ...destinationOf(destination), index, lladdr, flags: ndmFlags, ...end };
  on.change(neighbour.message(RTM.NEWNEIGH, { flags }, body));
}

export function deleteNeighbour(on: Requests, destination: string, index: number): void {
  on.change(neighbour.message(RTM.DELNEIGH, {}, { ...destinationOf(destination), index }));
}

function destinationOf(destination: string): Pick<Neighbour, "family"> & { destination: string } {
  const family = familyOf(destination);
  if (family === undefined) throw new RangeError(`neighbour: "${destination}"; expected an IPv4 or IPv6 address`);
  return { family, destination };
}

function neighboursOf(answers: readonly Message[]): Neighbour[] {
  return answers.flatMap((answer) => (answer.kind === "neighbour" ? [answer.body] : []));
}
