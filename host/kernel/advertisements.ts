// Router advertisements as a script sends them, and what a vnet made of them: its default routers, the prefixes of its links,
// and what IPv6 knows of an interface (assembly/net/advertisement.ts; ndp -r, ndp -p, ndp -i).

import {
  ADVERTISED_PREFIXES_MAX,
  AdvertisedPrefixLayout,
  AdvertisementFlag,
  AdvertisementLayout,
  DiscoveryLayout,
  PrefixFlag,
  PrefixLayout,
  RouterLayout,
  RouterPreference,
} from "../../assembly/abi/exchange.js";
import { AF } from "../../assembly/abi/inet.js";
import { formatAddress, parseAddress, parsePrefixed } from "./address.js";
import type { Core } from "./core.js";
import { Errno, expectSuccess, NetlinkError } from "./errno.js";
import { integer, parseLladdr, U32_MAX } from "./options.js";

/** How much a router is preferred to others (RFC 4191). */
export type Preference = "low" | "medium" | "high";

/** A prefix that a router advertises. */
export interface AdvertisedPrefix {
  /** "2001:db8:1::/64" */
  readonly prefix: string;
  /** Its addresses are on the link. Default true. */
  readonly onLink?: boolean;
  /** Hosts make addresses of it. Default true. */
  readonly autonomous?: boolean;
  /** Seconds, 0 … 2^32 - 1, which is for ever. Default 2,592,000 (30 days). */
  readonly valid?: number;
  /** Seconds, likewise. Default 604,800 (7 days). */
  readonly preferred?: number;
}

/** What a router advertises; the defaults of what is left out are RFC 4861's, 6.2.1. */
export interface RouterAdvertisement {
  /** Seconds that it is a default router, 0 … 65,535; 0 = it is none, or none any more. Default 1,800. */
  readonly lifetime?: number;
  readonly preference?: Preference;
  /** At most 30; a kernel reads the first 11 options of a message, the link-layer address and the MTU among them. */
  readonly prefixes?: readonly AdvertisedPrefix[];
  /** Bytes, 0 … 2^32 - 1. By default nothing is said of it. */
  readonly mtu?: number;
  /** 0 … 255; 0, the default, says nothing. */
  readonly hopLimit?: number;
  /** Milliseconds that neighbours count as reachable, 0 … 2^32 - 1; 0, the default, says nothing. */
  readonly reachable?: number;
  /** Milliseconds between two solicitations, likewise. */
  readonly retransmit?: number;
  /** It does not say its link-layer address. */
  readonly withoutLladdr?: boolean;
  /** It goes to one host, not to all. */
  readonly unicast?: boolean;
}

/** A default router, as `ndp -r` lists it. */
export interface RouterEntry {
  readonly address: string;
  /** Its interface's. */
  readonly index: number;
  /** Seconds, as advertised, and what is left of them. */
  readonly lifetime: number;
  readonly left: number;
  readonly preference: Preference;
  /** The default route of the interface's fib leads to it, on its behalf. */
  readonly isInstalled: boolean;
}

/** A prefix of a link, as `ndp -p` lists it. */
export interface PrefixEntry {
  readonly prefix: string;
  readonly index: number;
  /** What was said of it: addresses are on the link, hosts make addresses of it. */
  readonly onLink: boolean;
  readonly autonomous: boolean;
  /** Its route is there on its behalf. */
  readonly hasRoute: boolean;
  /** None of its routers can be reached, while others can. */
  readonly isDetached: boolean;
  /** Seconds when it was last told of, and what is left until it was to end; 2^32 - 1 = for ever. */
  readonly valid: number;
  readonly preferred: number;
  readonly left: number;
  /** How many addresses it has, and routers that advertise it. */
  readonly addresses: number;
  readonly routers: number;
}

/** What IPv6 is and knows on an interface, as `ndp -i` shows it. */
export interface Discovery {
  /** ND6_IFF bits. */
  readonly flags: number;
  /** Bytes. */
  readonly mtu: number;
  /** Milliseconds: what the time is drawn from that neighbours count as reachable, and between two solicitations. */
  readonly reachable: number;
  readonly retransmit: number;
  readonly hopLimit: number;
}

const LIFETIME_MAX = 0xffff;
const LIFETIME_DEFAULT = 1800;
const HOP_LIMIT_MAX = 0xff;
const VALID_DEFAULT = 2_592_000;
const PREFERRED_DEFAULT = 604_800;

const PREFERENCES: Readonly<Record<Preference, RouterPreference>> = {
  low: RouterPreference.LOW,
  medium: RouterPreference.MEDIUM,
  high: RouterPreference.HIGH,
};

/** @throws RangeError naming what is no such word, and those that are */
function preferenceOf(word: Preference): RouterPreference {
  const number = PREFERENCES[word] as RouterPreference | undefined;
  if (number === undefined) throw new RangeError(`preference: ${word}; expected "low", "medium" or "high"`);
  return number;
}

/**
 * Writes an advertisement to the exchange.
 * @throws NetlinkError EINVAL for a router of IPv4; RangeError naming what is out of its range, or no prefix of IPv6
 */
export function writeAdvertisement(
  core: Core,
  router: { readonly address: string; readonly lladdr: string },
  advertisement: RouterAdvertisement,
): void {
  const { family, high, low } = parseAddress(router.address);
  if (family !== AF.INET6) throw new NetlinkError(`peer ${router.address}`, Errno.EINVAL);
  const lladdr = parseLladdr(router.lladdr);
  const { prefixes = [], mtu, preference = "medium" } = advertisement;
  if (prefixes.length > ADVERTISED_PREFIXES_MAX) {
    throw new RangeError(`prefixes: ${prefixes.length}; expected at most ${ADVERTISED_PREFIXES_MAX}`);
  }
  const words: readonly (readonly [AdvertisementLayout, number])[] = [
    [AdvertisementLayout.LIFETIME, integer(advertisement.lifetime ?? LIFETIME_DEFAULT, "lifetime", 0, LIFETIME_MAX)],
    [AdvertisementLayout.PREFERENCE, preferenceOf(preference)],
    [AdvertisementLayout.HOP_LIMIT, integer(advertisement.hopLimit ?? 0, "hopLimit", 0, HOP_LIMIT_MAX)],
    [AdvertisementLayout.REACHABLE, integer(advertisement.reachable ?? 0, "reachable", 0, U32_MAX)],
    [AdvertisementLayout.RETRANSMIT, integer(advertisement.retransmit ?? 0, "retransmit", 0, U32_MAX)],
    [AdvertisementLayout.MTU, integer(mtu ?? 0, "mtu", 0, U32_MAX)],
    [AdvertisementLayout.PREFIX_COUNT, prefixes.length],
    [AdvertisementLayout.FLAGS, flagsOf(advertisement)],
  ];
  const records = prefixes.map(wordsOfPrefix);
  const { exchange, views } = core;
  const { data, bytes } = views;
  data.setBigUint64(exchange + AdvertisementLayout.HIGH, high, true);
  data.setBigUint64(exchange + AdvertisementLayout.LOW, low, true);
  data.setBigUint64(exchange + AdvertisementLayout.LLADDR, 0n, true);
  bytes.set(lladdr, exchange + AdvertisementLayout.LLADDR);
  for (const [offset, value] of words) data.setUint32(exchange + offset, value, true);
  records.forEach((record, n) => {
    const at = exchange + AdvertisementLayout.PREFIXES + n * AdvertisedPrefixLayout.BYTES;
    data.setBigUint64(at + AdvertisedPrefixLayout.HIGH, record.high, true);
    data.setBigUint64(at + AdvertisedPrefixLayout.LOW, record.low, true);
    data.setUint32(at + AdvertisedPrefixLayout.LENGTH, record.length, true);
    data.setUint32(at + AdvertisedPrefixLayout.FLAGS, record.flags, true);
    data.setUint32(at + AdvertisedPrefixLayout.VALID_SECONDS, record.valid, true);
    data.setUint32(at + AdvertisedPrefixLayout.PREFERRED_SECONDS, record.preferred, true);
  });
}

function flagsOf({ withoutLladdr = false, mtu, unicast = false }: RouterAdvertisement): number {
  let flags = withoutLladdr ? 0 : AdvertisementFlag.HAS_LLADDR;
  if (mtu !== undefined) flags |= AdvertisementFlag.HAS_MTU;
  return unicast ? flags | AdvertisementFlag.UNICAST : flags;
}

function wordsOfPrefix({ prefix, onLink = true, autonomous = true, ...lifetimes }: AdvertisedPrefix) {
  const { family, high, low, prefixLength } = parsePrefixed(prefix);
  if (family !== AF.INET6) throw new RangeError(`prefix: "${prefix}"; expected one of IPv6, like 2001:db8::/64`);
  return {
    high,
    low,
    length: prefixLength,
    flags: (onLink ? PrefixFlag.ON_LINK : 0) | (autonomous ? PrefixFlag.AUTONOMOUS : 0),
    valid: integer(lifetimes.valid ?? VALID_DEFAULT, `${prefix}: valid`, 0, U32_MAX),
    preferred: integer(lifetimes.preferred ?? PREFERRED_DEFAULT, `${prefix}: preferred`, 0, U32_MAX),
  };
}

/** The default routers, in the order in which they are preferred. */
export function readRouters({ call, exchange, views }: Core): RouterEntry[] {
  const entries: RouterEntry[] = [];
  while (call.routerAt(entries.length)) {
    const { data } = views;
    const word = (offset: RouterLayout): number => data.getUint32(exchange + offset, true);
    const preference = word(RouterLayout.PREFERENCE);
    entries.push({
      address: formatAddress(
        AF.INET6,
        data.getBigUint64(exchange + RouterLayout.HIGH, true),
        data.getBigUint64(exchange + RouterLayout.LOW, true),
      ),
      index: word(RouterLayout.INDEX),
      lifetime: word(RouterLayout.LIFETIME),
      left: word(RouterLayout.LEFT),
      preference:
        preference === RouterPreference.HIGH ? "high" : preference === RouterPreference.LOW ? "low" : "medium",
      isInstalled: word(RouterLayout.IS_INSTALLED) !== 0,
    });
  }
  return entries;
}

/** The prefixes of all links, newest first. */
export function readPrefixes({ call, exchange, views }: Core): PrefixEntry[] {
  const entries: PrefixEntry[] = [];
  while (call.prefixAt(entries.length)) {
    const { data } = views;
    const word = (offset: PrefixLayout): number => data.getUint32(exchange + offset, true);
    const flags = word(PrefixLayout.FLAGS);
    const address = formatAddress(
      AF.INET6,
      data.getBigUint64(exchange + PrefixLayout.HIGH, true),
      data.getBigUint64(exchange + PrefixLayout.LOW, true),
    );
    entries.push({
      prefix: `${address}/${word(PrefixLayout.LENGTH)}`,
      index: word(PrefixLayout.INDEX),
      onLink: (flags & PrefixFlag.ON_LINK) !== 0,
      autonomous: (flags & PrefixFlag.AUTONOMOUS) !== 0,
      hasRoute: (flags & PrefixFlag.HAS_ROUTE) !== 0,
      isDetached: (flags & PrefixFlag.DETACHED) !== 0,
      valid: word(PrefixLayout.VALID_SECONDS),
      preferred: word(PrefixLayout.PREFERRED_SECONDS),
      left: word(PrefixLayout.LEFT),
      addresses: word(PrefixLayout.ADDRESSES),
      routers: word(PrefixLayout.ROUTERS),
    });
  }
  return entries;
}

/** @throws NetlinkError ENXIO */
export function readDiscovery({ call, exchange, views }: Core, index: number): Discovery {
  expectSuccess("discovery", call.interfaceDiscovery(index));
  const word = (offset: DiscoveryLayout): number => views.data.getUint32(exchange + offset, true);
  return {
    flags: word(DiscoveryLayout.FLAGS),
    mtu: word(DiscoveryLayout.MTU),
    reachable: word(DiscoveryLayout.BASE_REACHABLE),
    retransmit: word(DiscoveryLayout.RETRANSMIT),
    hopLimit: word(DiscoveryLayout.HOP_LIMIT),
  };
}
