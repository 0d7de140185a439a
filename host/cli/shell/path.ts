// A route as typed: its prefix, and where it leads.
//   [blackhole|reject] PREFIX [via ADDRESS] [dev NAME] …              one path, or the id of a nexthop
//   PREFIX … nexthop via ADDRESS [dev NAME] [weight N] nexthop …      several
import { AF } from "../../../assembly/abi/inet.js";
import { RouteLimit, RTN, RTPROT } from "../../../assembly/abi/rtnetlink.js";
import type { Client, RouteHop, RoutePath } from "../../client/client.js";
import { gatewayOf, prefixOf } from "../../client/routes.js";
import { familyOf, parsePrefix } from "../../codec/ip.js";
import { integer, named, type Parser, ShellError, text, type Words } from "./words.js";

export const address: Parser<string> = (word, noun) => {
  if (familyOf(word) !== undefined) return word;
  throw new ShellError(`${noun}: "${word}"; expected an address like 192.0.2.1 or 2001:db8::1`);
};

export const family: Parser<AF.INET | AF.INET6> = (word, noun) => {
  if (word === "inet") return AF.INET;
  if (word === "inet6") return AF.INET6;
  throw new ShellError(`${noun}: "${word}"; expected inet, inet6`);
};

export const fib = integer(0, RouteLimit.FIBS - 1);
/** Of a nexthop. */
export const id = integer(1, 0xffffffff);

const prefix: Parser<string> = (word, noun) => {
  if (word === "default") return word;
  try {
    parsePrefix(word);
    return word;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ShellError(`${noun}: "${word}"; expected a prefix like 10.0.0.0/8 or 2001:db8::/32, or default`);
  }
};

interface PathParameters {
  via: string;
  dev: string;
  fib: number;
  mtu: number;
  weight: number;
  proto: number;
  table: number;
  nhid: number;
  /** Seconds from now. */
  expires: number;
}

const PATH: { readonly [K in keyof PathParameters]: Parser<PathParameters[K]> } = {
  via: address,
  dev: text,
  fib,
  mtu: integer(1, 0xffffffff),
  weight: integer(1, RouteLimit.WEIGHT),
  proto: named(RTPROT, 255),
  table: fib,
  nhid: id,
  expires: integer(1, 0xffffffff),
};

interface HopParameters {
  via: string;
  dev: string;
  weight: number;
}

/** rtnh_hops has 8 bits. */
const HOP: { readonly [K in keyof HopParameters]: Parser<HopParameters[K]> } = {
  via: address,
  dev: text,
  weight: integer(1, 255),
};

/** Begins each of several paths. */
const NEXTHOP = "nexthop";

/** Kinds of route that lead nowhere; the word stands before the prefix, as with ip(8). */
const KINDS: Readonly<Record<string, RTN>> = { blackhole: RTN.BLACKHOLE, reject: RTN.UNREACHABLE };

export const PATH_USAGE =
  "[blackhole|reject] PREFIX [via ADDRESS] [dev NAME] [fib N] [mtu BYTES] [weight N] [proto NAME] [table N] [nhid N] " +
  "[expires SECONDS] [nexthop via ADDRESS [dev NAME] [weight N]]…";

export const PATH_WORDS: readonly string[] = [...Object.keys(KINDS), "default", ...Object.keys(PATH), NEXTHOP];

/** @param now - unix second; RTA_EXPIRES is one in a request */
export function routeOf(words: Words, client: Client, now: number): { destination: string; path: RoutePath } {
  const kind = words.peek === undefined ? undefined : KINDS[words.peek];
  if (kind !== undefined) words.next("a kind");
  const typed = words.value(prefix, "a prefix");
  const { via, dev, mtu, weight, proto, nhid, expires, ...tables } = words.parameters<PathParameters>(PATH, NEXTHOP);
  const hops = hopsOf(words);
  const destination = prefixOf(typed, via ?? hops[0]?.via);
  const hopOf = (hop: Partial<HopParameters>): RouteHop => ({
    ...gatewayOf(destination, hop.via),
    ...(hop.dev === undefined ? {} : { index: client.link({ name: hop.dev }).index }),
    ...(hop.weight === undefined ? {} : { weight: hop.weight }),
  });
  const path: RoutePath = {
    ...(kind === undefined ? {} : { type: kind }),
    ...gatewayOf(destination, via),
    ...(dev === undefined ? {} : { oif: client.link({ name: dev }).index }),
    ...(mtu === undefined ? {} : { metrics: { mtu } }),
    ...(weight === undefined ? {} : { weight }),
    ...(proto === undefined ? {} : { protocol: proto }),
    ...(nhid === undefined ? {} : { nexthopId: nhid }),
    ...(expires === undefined ? {} : { expires: now + expires }),
    ...(hops.length === 0 ? {} : { multipath: hops.map(hopOf) }),
    ...fibOf(words, tables),
  };
  return { destination, path };
}

/** A route to delete, as typed: "PREFIX [via ADDRESS] [dev NAME] [fib N] [table N]". */
export function deletionOf(words: Words, client: Client): { destination: string; path: RoutePath } {
  const typed = words.value(prefix, "a prefix");
  const { via, dev, ...tables } = words.parameters<Pick<PathParameters, "via" | "dev" | "fib" | "table">>({
    via: address,
    dev: text,
    fib,
    table: fib,
  });
  const destination = prefixOf(typed, via);
  const path: RoutePath = {
    ...gatewayOf(destination, via),
    ...(dev === undefined ? {} : { oif: client.link({ name: dev }).index }),
    ...fibOf(words, tables),
  };
  return { destination, path };
}

/** "nexthop via ADDRESS …" as often as it comes, to the end of the line. */
function hopsOf(words: Words): Partial<HopParameters>[] {
  const hops: Partial<HopParameters>[] = [];
  while (!words.isAtEnd) {
    words.choice([NEXTHOP]);
    const hop = words.parameters<HopParameters>(HOP, NEXTHOP);
    if (hop.via === undefined) throw new ShellError(`${words.noun}: expected "via" and an address after "${NEXTHOP}"`);
    hops.push(hop);
  }
  return hops;
}

/** fib(9) and table are two words for one thing. */
export function fibOf(words: Words, { fib, table }: { fib?: number; table?: number }): { fib?: number } {
  if (fib !== undefined && table !== undefined && fib !== table) {
    throw new ShellError(`${words.noun}: fib ${fib} and table ${table} name one thing; expected one of them`);
  }
  const number = fib ?? table;
  return number === undefined ? {} : { fib: number };
}
