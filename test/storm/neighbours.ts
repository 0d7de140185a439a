// What storms and random runs do with neighbours: packets that want out, and messages of other hosts.

import type { PeerSending, Vnet } from "../../host/kernel/kernel.js";

const ADDRESSES = ["192.0.2.7", "192.0.2.1", "10.1.2.7", "198.51.100.7", "2001:db8::7", "2001:db8::1", "fe80::7", "::"];
const LLADDRS = ["02:00:00:00:00:07", "02:00:00:00:00:08", "ff:ff:ff:ff:ff:ff", "02:00:00:00:00:02"];
const MESSAGES: readonly PeerSending["message"][] = [
  "request",
  "announcement",
  "reply",
  "solicitation",
  "advertisement",
  "router solicitation",
  "router advertisement",
  "redirect",
];

/** Whom a choice is left to: an index below the limit. */
export type Below = (limit: number) => number;

/** One call about neighbours of an interface. What is refused is thrown, as by any call. */
export function changeNeighbours(vnet: Vnet, name: string, below: Below): unknown {
  const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  const address = pick(ADDRESSES);
  const from = { address, lladdr: pick(LLADDRS), answers: below(2) === 0, router: below(4) === 0 };
  switch (below(5)) {
    case 0:
      return vnet.neighbours.set(name, from);
    case 1:
      return vnet.neighbours.remove(name, address);
    case 2:
      return vnet.neighbours.send(name, from, {
        message: pick(MESSAGES),
        target: pick(ADDRESSES),
        solicited: below(2) === 0,
        override: below(2) === 0,
        withoutLladdr: below(4) === 0,
        toRouter: below(2) === 0,
      } as PeerSending);
    default:
      return vnet.neighbourResolve(name, address);
  }
}
