// Operations for fast-check, over few links, addresses, prefixes and ids, so that they meet each other. Each link has a vnet
// where it is most of the time; a history begins by making links, addresses and nexthops.

import fc from "fast-check";
import { NTF, RTN } from "../../assembly/abi/rtnetlink.js";
import type { Operation, Side } from "./operations.js";
import type { TunnelChange } from "./tunnels.js";

/** Links, and where they are made. The number of a link is that of its networks. */
const HOMES = {
  em0: 0,
  em1: 1,
  tap0: 0,
  epair0a: 0,
  epair0b: 0,
  bridge0: 1,
  lo1: 1,
  tun0: 0,
  gif0: 0,
  gif1: 0,
  gre0: 0,
  gre1: 0,
} as const satisfies Readonly<Record<string, Side>>;
type LinkName = keyof typeof HOMES;
/** They get no addresses. */
const TUNNELS = ["gif0", "gif1", "gre0", "gre1"] as const satisfies readonly LinkName[];
const LINKS = (Object.keys(HOMES) as LinkName[]).filter((name) => !TUNNELS.includes(name as never));
/** More often than the others. */
const FAVOURITES: readonly LinkName[] = ["em0", "em0", "em1", "em1", "tap0", "tap0", "epair0a", "bridge0"];
const ATTACHED = ["em0", "em1"] as const;
const CREATED = ["tap0", "epair0a", "bridge0", "lo1", "tun0"] as const;

function numberOf(link: LinkName): number {
  return LINKS.indexOf(link) + 1;
}

/** One in so many; the others do what makes sense more often. */
function rarely(oneIn: number): fc.Arbitrary<boolean> {
  return fc.integer({ min: 1, max: oneIn }).map((n) => n === oneIn);
}

/** A link, and a vnet where it is most of the time. */
function placed(names: readonly LinkName[]): fc.Arbitrary<{ link: LinkName; side: Side }> {
  return fc.record({ link: fc.constantFrom(...names), isAway: rarely(10) }).map(({ link, isAway }) => {
    const home: Side = HOMES[link];
    return { link, side: isAway ? (home === 0 ? 1 : 0) : home };
  });
}

const anywhere = placed([...LINKS, ...FAVOURITES]);

function namesOn(side: Side): LinkName[] {
  return [...LINKS, ...FAVOURITES].filter((name) => HOMES[name] === side);
}

const INET_ADDRESSES = (n: number) => [`10.${n}.0.1/24`, `10.${n}.0.2/24`, `10.${n}.1.1/32`];
const INET6_ADDRESSES = (n: number) => [`2001:db8:${n}::1/64`, `2001:db8:${n}::2/64`];

const INET = ["0.0.0.0/0", "172.16.0.0/16", "172.17.0.1/32"];
const INET6 = ["::/0", "2001:dbb::1/128"];
const prefix = fc.constantFrom(...INET, ...INET, ...INET6);
const side = fc.constantFrom<Side>(0, 0, 1);
const fib = fc.constantFrom(0, 0, 0, 0, 0, 1);

function isInet6(text: string): boolean {
  return text.includes(":");
}

function gatewayOf(name: LinkName, inet6: boolean, host: number): string {
  return inet6 ? `2001:db8:${numberOf(name)}::fe${host}` : `10.${numberOf(name)}.0.25${host}`;
}

const flags = fc.constantFrom("C", "C", "CX", "CP", "CP", "P", "CA", "CA", "CA", "A", "");
const parts = { fib, prefix, flags, isStatic: fc.boolean() };

interface Place {
  readonly link: LinkName;
  readonly host: number;
  readonly hasOif: boolean;
  readonly weight: number;
}

/** Where a path leads, by way of the links that a vnet has most of the time. */
function placeOn(where: Side): fc.Arbitrary<Place> {
  return fc.record({
    link: fc.constantFrom(...namesOn(where)),
    host: fc.integer({ min: 1, max: 2 }),
    hasOif: fc.boolean(),
    weight: fc.constantFrom(1, 1, 2, 5),
  });
}

const sided = side.chain((where) => placeOn(where).map((place) => ({ side: where, place })));
const sidedMany = side.chain((where) =>
  fc.array(placeOn(where), { minLength: 2, maxLength: 3 }).map((places) => ({ side: where, places })),
);

/** In fib 1 a gateway needs its interface named. */
function pathOf({ link, host, hasOif, weight }: Place, inet6: boolean, inFib: number) {
  return { gateway: gatewayOf(link, inet6, host), weight, ...(hasOif || inFib > 0 ? { oif: link } : {}) };
}

const route = fc
  .record({ ...parts, sided, way: fc.constantFrom("gateway", "gateway", "gateway", "gateway", "link", "foreign") })
  .map(({ sided: { side: where, place }, way, ...rest }): Operation => {
    const path =
      way === "link"
        ? { oif: place.link, weight: place.weight }
        : pathOf(place, way === "foreign" || isInet6(rest.prefix), rest.fib);
    return { kind: "route", side: where, ...rest, path };
  });

const discarding = fc.record({
  ...parts,
  side,
  kind: fc.constant("discard" as const),
  type: fc.constantFrom<RTN.BLACKHOLE | RTN.PROHIBIT>(RTN.BLACKHOLE, RTN.PROHIBIT),
});

const multipathRoute = fc.record({ ...parts, sidedMany }).map(
  ({ sidedMany: { side: where, places }, ...rest }): Operation => ({
    kind: "multipath",
    side: where,
    ...rest,
    paths: places.map((place) => pathOf(place, isInet6(rest.prefix), rest.fib)),
  }),
);

/** Those of the beginning, and others; 17 shares a bucket with 1. */
const id = fc.constantFrom(1, 2, 3, 4, 5, 17);
const groupId = fc.constantFrom(8, 9, 1);

const routeById = fc.record({
  ...parts,
  side,
  kind: fc.constant("routeById" as const),
  id: fc.oneof({ weight: 3, arbitrary: id }, { weight: 2, arbitrary: groupId }),
});

const routeGone = fc
  .record({ sided, fib, prefix, filter: fc.constantFrom("", "gateway", "gateway", "oif") })
  .map(({ sided: { side: where, place }, filter, ...rest }): Operation => {
    const gateway = gatewayOf(place.link, isInet6(rest.prefix), place.host);
    const which = filter === "" ? {} : filter === "gateway" ? { gateway } : { oif: place.link };
    return { kind: "routeGone", side: where, ...rest, filter: which };
  });

const nexthop = fc.record({ sided, id, inet6: rarely(3) }).map(
  ({ sided: { side: where, place }, inet6, ...rest }): Operation => ({
    kind: "nexthop",
    side: where,
    ...rest,
    gateway: gatewayOf(place.link, inet6, place.host),
    oif: place.link,
  }),
);

const group = fc.record({
  kind: fc.constant("group" as const),
  side,
  id: groupId,
  members: fc.uniqueArray(fc.constantFrom(1, 2, 3, 1, 2), { minLength: 2, maxLength: 3 }),
});

const address = fc.record({ place: anywhere, n: fc.nat(4), isGone: rarely(3) }).map(
  ({ place, n, isGone }): Operation => ({
    kind: isGone ? "addressGone" : "address",
    ...place,
    address: [...INET_ADDRESSES(numberOf(place.link)), ...INET6_ADDRESSES(numberOf(place.link))][n] ?? "",
  }),
);

/** A neighbour in the link's own networks, now and then in another link's. */
const neighbour = fc
  .record({
    place: anywhere,
    other: fc.constantFrom(...LINKS),
    isStray: rarely(8),
    inet6: fc.boolean(),
    host: fc.integer({ min: 50, max: 51 }),
    lladdr: fc.integer({ min: 10, max: 12 }).map((n) => `02:00:00:00:02:${n}`),
    flags: fc.constantFrom<number>(NTF.STICKY, NTF.STICKY | NTF.PROXY),
    letters: fc.constantFrom("C", "C", "CX", "CP", "P", ""),
    isGone: rarely(4),
  })
  .map(({ place, other, isStray, inet6, host, isGone, ...rest }): Operation => {
    const n = numberOf(isStray ? other : place.link);
    const dst = inet6 ? `2001:db8:${n}::${host}` : `10.${n}.0.${host}`;
    return isGone ? { kind: "neighbourGone", ...place, dst } : { kind: "neighbour", ...place, ...rest, dst };
  });

/** From addresses that links have now and then. */
const INET_ENDS = fc.record({
  local: fc.constantFrom("10.1.0.1", "10.1.0.2", "10.3.0.1", "127.0.0.1"),
  remote: fc.constantFrom("10.99.0.1", "10.99.0.1", "10.99.0.2"),
});
const INET6_ENDS = fc.record({
  local: fc.constantFrom("2001:db8:1::1", "::1"),
  remote: fc.constant("2001:db8:99::1"),
});

const tunnel = fc
  .record({
    place: placed(TUNNELS),
    what: fc.constantFrom("endpoints", "endpoints", "endpoints", "none", "flags", "flags", "key"),
    ends: fc.oneof({ weight: 3, arbitrary: INET_ENDS }, { weight: 1, arbitrary: INET6_ENDS }),
    flags: fc.integer({ min: 0, max: 8 }),
    key: fc.constantFrom(0, 7, 0xffffffff),
    byHost: rarely(3),
  })
  .map(({ place, what, ends, flags: bits, key, byHost }): Operation => {
    const to = (change: TunnelChange, hostOnly = false): Operation => ({
      ...place,
      kind: "tunnel",
      change,
      byHost: byHost || hostOnly,
    });
    if (what === "none") return to({ endpoints: null }, true);
    if (what === "flags") return to({ flags: bits });
    return what === "key" && place.link.startsWith("gre") ? to({ key }) : to({ endpoints: ends });
  });

function onLinks(kind: "attach" | "detach" | "create" | "destroy" | "move", names: readonly LinkName[]) {
  return placed(names).map((place): Operation => ({ kind, ...place }));
}

export const operations: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 2, arbitrary: onLinks("attach", ATTACHED) },
  { weight: 1, arbitrary: onLinks("detach", ATTACHED) },
  { weight: 4, arbitrary: onLinks("create", CREATED) },
  { weight: 1, arbitrary: onLinks("destroy", CREATED) },
  { weight: 1, arbitrary: onLinks("move", LINKS) },
  { weight: 1, arbitrary: onLinks("create", TUNNELS) },
  { weight: 1, arbitrary: fc.oneof(onLinks("destroy", TUNNELS), onLinks("move", TUNNELS)) },
  { weight: 4, arbitrary: tunnel },
  {
    weight: 4,
    arbitrary: fc
      .record({ place: anywhere, isDown: rarely(3), byHost: fc.boolean() })
      .map(({ place, isDown, byHost }): Operation => ({ kind: isDown ? "down" : "up", ...place, byHost })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ place: anywhere, mtu: fc.constantFrom(71, 1400, 1500) })
      .map(({ place, mtu }): Operation => ({ kind: "mtu", ...place, mtu })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ place: anywhere, alias: fc.constantFrom("", "a", "uplink") })
      .map(({ place, alias }): Operation => ({ kind: "alias", ...place, alias })),
  },
  { weight: 12, arbitrary: address },
  { weight: 10, arbitrary: route },
  { weight: 1, arbitrary: discarding },
  { weight: 8, arbitrary: multipathRoute },
  { weight: 6, arbitrary: routeById },
  { weight: 6, arbitrary: routeGone },
  { weight: 3, arbitrary: nexthop },
  { weight: 3, arbitrary: group },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("nexthopGone" as const), side, id: fc.oneof(id, groupId) }) },
  { weight: 9, arbitrary: neighbour },
);

function addressOn(link: LinkName, n: number): Operation {
  const all = [...INET_ADDRESSES(numberOf(link)), ...INET6_ADDRESSES(numberOf(link))];
  return { kind: "address", side: HOMES[link], link, address: all[n] ?? "" };
}

function nexthopBy(link: LinkName, number: number, inet6: boolean): Operation {
  return { kind: "nexthop", side: HOMES[link], id: number, gateway: gatewayOf(link, inet6, 1), oif: link };
}

/** How every history begins. */
export const BEGINNING: readonly Operation[] = [
  ...ATTACHED.map((link): Operation => ({ kind: "attach", side: HOMES[link], link })),
  ...CREATED.map((link): Operation => ({ kind: "create", side: HOMES[link], link })),
  ...TUNNELS.map((link): Operation => ({ kind: "create", side: HOMES[link], link })),
  addressOn("em0", 0),
  addressOn("em0", 3),
  addressOn("em1", 0),
  addressOn("tap0", 0),
  addressOn("bridge0", 0),
  addressOn("bridge0", 3),
  nexthopBy("em0", 1, false),
  nexthopBy("tap0", 2, false),
  nexthopBy("em0", 3, true),
  nexthopBy("em1", 1, false),
  nexthopBy("bridge0", 2, false),
  { kind: "group", side: 0, id: 8, members: [1, 2] },
  { kind: "group", side: 1, id: 8, members: [2, 1] },
];
