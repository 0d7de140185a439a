// route: the routing tables, through RTM_GETROUTE, RTM_NEWROUTE and RTM_DELROUTE.
import { AF } from "../../../assembly/abi/inet.js";
import { RouteLimit, RTN, RTPROT } from "../../../assembly/abi/rtnetlink.js";
import type { Client, RoutePath } from "../../client/client.js";
import { familyOf, parsePrefix } from "../../codec/ip.js";
import type { Noun, Verb } from "./noun.js";
import { routeSections } from "./routes.js";
import type { Session } from "./session.js";
import { integer, named, type Parser, ShellError, text, type Words } from "./words.js";

const address: Parser<string> = (word, noun) => {
  if (familyOf(word) !== undefined) return word;
  throw new ShellError(`${noun}: "${word}"; expected an address like 192.0.2.1 or 2001:db8::1`);
};

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

const fib = integer(0, RouteLimit.FIBS - 1);

interface PathParameters {
  via: string;
  dev: string;
  fib: number;
  mtu: number;
  weight: number;
  proto: number;
  table: number;
}

const PATH: { readonly [K in keyof PathParameters]: Parser<PathParameters[K]> } = {
  via: address,
  dev: text,
  fib,
  mtu: integer(1, 0xffffffff),
  weight: integer(1, RouteLimit.WEIGHT),
  proto: named(RTPROT, 255),
  table: fib,
};

/** Kinds of route that lead nowhere; the word stands before the prefix, as with ip(8). */
const KINDS: Readonly<Record<string, RTN>> = { blackhole: RTN.BLACKHOLE, reject: RTN.UNREACHABLE };

/** A route as typed: "[blackhole|reject] PREFIX" and the path. */
function routeOf(words: Words, client: Client): { destination: string; path: RoutePath } {
  const kind = words.peek === undefined ? undefined : KINDS[words.peek];
  if (kind !== undefined) words.next("a kind");
  const typed = words.value(prefix, "a prefix");
  const { via, dev, mtu, weight, proto, ...tables } = words.parameters<PathParameters>(PATH);
  const isInet6 = via !== undefined && familyOf(via) === AF.INET6;
  const destination = typed !== "default" ? typed : isInet6 ? "::/0" : "0.0.0.0/0";
  const isAcross = isInet6 && parsePrefix(destination).family === AF.INET;
  const path: RoutePath = {
    ...(kind === undefined ? {} : { type: kind }),
    ...(via === undefined ? {} : isAcross ? { via } : { gateway: via }),
    ...(dev === undefined ? {} : { oif: client.link({ name: dev }).index }),
    ...(mtu === undefined ? {} : { metrics: { mtu } }),
    ...(weight === undefined ? {} : { weight }),
    ...(proto === undefined ? {} : { protocol: proto }),
    ...fibOf(words, tables),
  };
  return { destination, path };
}

/** fib(9) and table are two words for one thing. */
function fibOf(words: Words, { fib, table }: { fib?: number; table?: number }): { fib?: number } {
  if (fib !== undefined && table !== undefined && fib !== table) {
    throw new ShellError(`${words.noun}: fib ${fib} and table ${table} name one thing; expected one of them`);
  }
  const number = fib ?? table;
  return number === undefined ? {} : { fib: number };
}

function changing(change: (client: Client, destination: string, path: RoutePath) => void): Verb {
  return {
    usage: "[blackhole|reject] PREFIX [via ADDRESS] [dev NAME] [fib N] [mtu BYTES] [weight N] [proto NAME] [table N]",
    words: [...Object.keys(KINDS), "default", ...Object.keys(PATH)],
    run(words, session) {
      session.withClient((client) => {
        const { destination, path } = routeOf(words, client);
        change(client, destination, path);
      });
    },
  };
}

export const route: Noun = {
  name: "route",
  summary: "routes",
  verbs: {
    show: {
      usage: "[family inet|inet6] [fib N] [table N] [first COUNT]",
      words: ["family", "inet", "inet6", "fib", "table", "first"],
      run: show,
    },
    get: {
      usage: "ADDRESS [fib N] [table N]",
      words: ["fib", "table"],
      run(words, session) {
        const destination = words.value(address, "an address");
        const options = fibOf(words, words.parameters<{ fib: number; table: number }>({ fib, table: fib }));
        session.withClient((client) => {
          const found = client.route(destination, options);
          session.print(...routeSections([found], session.interfaceNames(client)));
        });
      },
    },
    add: changing((client, destination, path) => client.routeAdd(destination, path)),
    replace: changing((client, destination, path) => client.routeReplace(destination, path)),
    del: {
      usage: "PREFIX [via ADDRESS] [dev NAME] [fib N] [table N]",
      words: ["default", ...Object.keys(PATH)],
      run(words, session) {
        session.withClient((client) => {
          const { destination, path } = routeOf(words, client);
          client.routeDelete(destination, path);
        });
      },
    },
  },
};

interface ShowParameters {
  family: AF;
  fib: number;
  table: number;
  first: number;
}

const family: Parser<AF> = (word, noun) => {
  if (word === "inet") return AF.INET;
  if (word === "inet6") return AF.INET6;
  throw new ShellError(`${noun}: "${word}"; expected inet, inet6`);
};

function show(words: Words, session: Session): void {
  const {
    first,
    family: wanted,
    ...tables
  } = words.parameters<ShowParameters>({
    family,
    fib,
    table: fib,
    first: integer(1, 0xffffffff),
  });
  session.withClient((client) => {
    const filter = { ...(wanted === undefined ? {} : { family: wanted }), ...fibOf(words, tables) };
    const routes = client.routes(filter);
    session.print(...routeSections(routes.slice(0, first), session.interfaceNames(client)));
  });
}
