// Operations for fast-check, over few links, addresses, prefixes and ids, so that they meet each other.

import fc from "fast-check";
import { NTF, RTN } from "../../assembly/abi/rtnetlink.js";
import { FIBS } from "./network.js";
import type { Operation, Side } from "./operations.js";

/** Links by name; the number of a link is that of its networks. */
const ATTACHED = ["em0", "em1"] as const;
const CREATED = ["tap0", "tap1", "epair0a", "bridge0", "lo1", "tun0"] as const;
const LINKS = [...ATTACHED, "tap0", "tap1", "epair0a", "epair0b", "bridge0", "lo1", "tun0"] as const;

function numberOf(link: string): number {
  return (LINKS as readonly string[]).indexOf(link) + 1;
}

const side = fc.constantFrom<Side>(0, 0, 1);
const attached = fc.constantFrom(...ATTACHED);
const created = fc.constantFrom(...CREATED);
const link = fc.constantFrom(...LINKS, "em0", "em0", "tap0", "tap0");
const fib = fc.constantFrom(...Array.from({ length: FIBS + 2 }, (_, n) => Math.max(0, n - 2)));

/** Addresses of a link: two of one network, one alone, and two of IPv6. */
function addressesOf(name: string): string[] {
  const n = numberOf(name);
  return [`10.${n}.0.1/24`, `10.${n}.0.2/24`, `10.${n}.1.1/32`, `2001:db8:${n}::1/64`, `2001:db8:${n}::2/64`];
}

const INET = ["0.0.0.0/0", "172.16.0.0/16", "172.16.0.0/24", "172.17.0.1/32", "203.0.113.0/24"];
const INET6 = ["::/0", "2001:db9::/32", "2001:dba:1::/48", "2001:dbb::1/128"];
const prefix = fc.constantFrom(...INET, ...INET6);

function gatewayOf(name: string, isInet6: boolean, host: number): string {
  return isInet6 ? `2001:db8:${numberOf(name)}::fe${host}` : `10.${numberOf(name)}.0.25${host}`;
}

const path = fc.record({
  link,
  host: fc.integer({ min: 1, max: 3 }),
  hasOif: fc.boolean(),
  weight: fc.constantFrom(1, 1, 2, 5),
});

const flags = fc.constantFrom("C", "C", "C", "CX", "CP", "CP", "P", "CA", "CA", "A", "");
const parts = { side, fib, prefix, flags, isStatic: fc.boolean() };
/** In fib 1 a gateway needs its interface named. */
const id = fc.integer({ min: 1, max: 6 }).map((n) => (n === 6 ? 17 : n));

function isInet6(text: string): boolean {
  return text.includes(":");
}

const route = fc
  .record({ ...parts, path, way: fc.constantFrom("gateway", "gateway", "gateway", "link", "foreign") })
  .map(({ path: { link: name, host, hasOif, weight }, way, ...rest }): Operation => {
    if (way === "link") return { kind: "route", ...rest, path: { oif: name, weight } };
    const gateway = gatewayOf(name, way === "foreign" || isInet6(rest.prefix), host);
    return { kind: "route", ...rest, path: { gateway, weight, ...(hasOif || rest.fib > 0 ? { oif: name } : {}) } };
  });

const discarding = fc.record({
  ...parts,
  kind: fc.constant("discard" as const),
  type: fc.constantFrom<RTN.BLACKHOLE | RTN.PROHIBIT>(RTN.BLACKHOLE, RTN.PROHIBIT),
});

const multipathRoute = fc.record({ ...parts, paths: fc.array(path, { minLength: 2, maxLength: 4 }) }).map(
  ({ paths, ...rest }): Operation => ({
    kind: "multipath",
    ...rest,
    paths: paths.map(({ link: name, host, hasOif, weight }) => ({
      gateway: gatewayOf(name, isInet6(rest.prefix), host),
      weight,
      ...(hasOif || rest.fib > 0 ? { oif: name } : {}),
    })),
  }),
);

const routeById = fc.record({ ...parts, kind: fc.constant("routeById" as const), id });

const routeGone = fc
  .record({ side, fib, prefix, path, filter: fc.constantFrom("", "", "gateway", "oif") })
  .map(({ path: { link: name, host }, filter, ...rest }): Operation => {
    const gateway = gatewayOf(name, isInet6(rest.prefix), host);
    return {
      kind: "routeGone",
      ...rest,
      filter: filter === "" ? {} : filter === "gateway" ? { gateway } : { oif: name },
    };
  });

const nexthop = fc.record({ side, id, path, inet6: fc.boolean() }).map(
  ({ path: { link: oif, host }, inet6, ...rest }): Operation => ({
    kind: "nexthop",
    ...rest,
    gateway: gatewayOf(oif, inet6, host),
    oif,
  }),
);

const group = fc.record({
  kind: fc.constant("group" as const),
  side,
  id,
  members: fc.uniqueArray(id, { minLength: 2, maxLength: 3 }),
});

const address = fc.record({ side, link, n: fc.nat(4), kind: fc.constantFrom("address", "address", "addressGone") }).map(
  ({ n, kind, ...rest }): Operation => ({
    kind: kind === "address" ? "address" : "addressGone",
    ...rest,
    address: addressesOf(rest.link)[n] ?? "",
  }),
);

/** A neighbour in the link's own networks, now and then in another link's. */
const neighbour = fc
  .record({
    side,
    link,
    other: link,
    isStray: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
    inet6: fc.boolean(),
    host: fc.integer({ min: 50, max: 53 }),
    lladdr: fc.integer({ min: 10, max: 12 }).map((n) => `02:00:00:00:02:${n}`),
    flags: fc.constantFrom<number>(NTF.STICKY, NTF.STICKY | NTF.PROXY),
    letters: fc.constantFrom("C", "C", "CX", "CP", "P", ""),
    isGone: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
  })
  .map(({ other, isStray, inet6, host, isGone, ...rest }): Operation => {
    const n = numberOf(isStray ? other : rest.link);
    const dst = inet6 ? `2001:db8:${n}::${host}` : `10.${n}.0.${host}`;
    const { side: at, link: name } = rest;
    return isGone ? { kind: "neighbourGone", side: at, link: name, dst } : { kind: "neighbour", ...rest, dst };
  });

export const operations: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("attach" as const), side, link: attached }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("detach" as const), side, link: attached }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("create" as const), side, link: created }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("destroy" as const), side, link: created }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("move" as const), side, link }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom("up", "up", "down"), side, link, byHost: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("mtu" as const), side, link, mtu: fc.constantFrom(71, 1400, 1500) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("alias" as const),
      side,
      link,
      alias: fc.constantFrom("", "a", "uplink"),
    }),
  },
  { weight: 12, arbitrary: address },
  { weight: 10, arbitrary: route },
  { weight: 2, arbitrary: discarding },
  { weight: 5, arbitrary: multipathRoute },
  { weight: 4, arbitrary: routeById },
  { weight: 6, arbitrary: routeGone },
  { weight: 5, arbitrary: nexthop },
  { weight: 2, arbitrary: group },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("nexthopGone" as const), side, id }) },
  { weight: 6, arbitrary: neighbour },
);
