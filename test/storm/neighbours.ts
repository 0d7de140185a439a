// What storms and random runs do with neighbours: packets that want out, and messages of other hosts.

import type { PeerSending, RouterAdvertisement, Vnet } from "../../host/kernel/kernel.js";

const ADDRESSES = ["192.0.2.7", "192.0.2.1", "10.1.2.7", "198.51.100.7", "2001:db8::7", "2001:db8::1", "fe80::7", "::"];
const ROUTERS = ["fe80::7", "fe80::8", "fe80::9", "2001:db8::7", "192.0.2.7"];
const LLADDRS = ["02:00:00:00:00:07", "02:00:00:00:00:08", "ff:ff:ff:ff:ff:ff", "02:00:00:00:00:02"];
const MESSAGES: readonly PeerSending["message"][] = [
  "request",
  "announcement",
  "reply",
  "solicitation",
  "advertisement",
  "router solicitation",
  "redirect",
];

/** Whom a choice is left to: an index below the limit. */
export type Below = (limit: number) => number;

const PREFIXES = ["2001:db8::/64", "2001:db8:a::/64", "2001:db8:b::/64", "2001:db8:c::/48", "fe80::/64"];

function advertisement(below: Below): RouterAdvertisement {
  const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  return {
    lifetime: pick([0, 1, 3, 1800, 1800, 65_535, 65_536]),
    preference: pick(["low", "medium", "medium", "high"] as const),
    prefixes: Array.from({ length: below(3) }, () => ({
      prefix: pick(PREFIXES),
      onLink: below(4) !== 0,
      autonomous: below(4) !== 0,
      valid: pick([0, 2, 5, 86_400, 0xffffffff]),
      preferred: pick([0, 1, 3, 3600, 0xffffffff]),
    })),
    ...(below(4) === 0 ? { mtu: pick([1279, 1280, 1400, 9000]) } : {}),
    hopLimit: pick([0, 0, 64]),
    reachable: pick([0, 0, 5000]),
    retransmit: pick([0, 0, 2000]),
    withoutLladdr: below(4) === 0,
    unicast: below(2) === 0,
  };
}

/** One call about neighbours of an interface. What is refused is thrown, as by any call. */
export function changeNeighbours(vnet: Vnet, name: string, below: Below): unknown {
  const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  const address = pick(ADDRESSES);
  const from = { address, lladdr: pick(LLADDRS), answers: below(2) === 0, router: below(4) === 0 };
  switch (below(7)) {
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
    case 3:
    case 4:
      return vnet.neighbours.advertise(name, { ...from, address: pick(ROUTERS) }, advertisement(below));
    default:
      return vnet.neighbourResolve(name, address);
  }
}
