// neigh: the neighbour tables, through RTM_GETNEIGH, RTM_NEWNEIGH and RTM_DELNEIGH; a packet that wants out; and what routers
// advertised, which the host shows as `ndp -r` and `ndp -p` do.
import { AF } from "../../../assembly/abi/inet.js";
import { NTF, NUD } from "../../../assembly/abi/rtnetlink.js";
import type { Client, NeighbourPath } from "../../client/client.js";
import type { Neighbour } from "../../codec/neighbour.js";
import type { PrefixEntry } from "../../kernel/kernel.js";
import { columns } from "./columns.js";
import type { Noun, Verb } from "./noun.js";
import type { Session } from "./session.js";
import { address, lladdr } from "./values.js";
import { integer, type Parser, ShellError, text, type Words } from "./words.js";

const FOREVER = 0xffffffff;

const family: Parser<AF> = (word, noun) => {
  if (word === "inet") return AF.INET;
  if (word === "inet6") return AF.INET6;
  throw new ShellError(`${noun}: "${word}"; expected inet, inet6`);
};

/** The index of the interface that must be named. */
function indexOf(words: Words, client: Client, dev: string | undefined): number {
  if (dev === undefined) throw new ShellError(`${words.noun}: expected "dev" and the name of an interface`);
  return client.link({ name: dev }).index;
}

interface PathParameters {
  lladdr: string;
  dev: string;
  seconds: number;
}

function changing(change: (client: Client, destination: string, path: NeighbourPath) => void): Verb {
  return {
    usage: "ADDRESS lladdr LLADDR dev NAME [seconds N]",
    words: ["lladdr", "dev", "seconds"],
    run(words, session) {
      const destination = words.value(address, "an address");
      const typed = words.parameters<PathParameters>({ lladdr, dev: text, seconds: integer(1, 0xffffffff) });
      const { lladdr: mac, dev, seconds } = typed;
      if (mac === undefined) throw new ShellError(`${words.noun}: expected "lladdr" and a link-level address`);
      session.withClient((client) => {
        const end = seconds === undefined ? {} : { until: session.kernel.wallClock + seconds };
        change(client, destination, { index: indexOf(words, client, dev), lladdr: mac, ...end });
      });
    },
  };
}

export const neigh: Noun = {
  name: "neigh",
  summary: "neighbours",
  verbs: {
    show: {
      usage: "[dev NAME] [family inet|inet6]",
      words: ["dev", "family", "inet", "inet6"],
      run(words, session) {
        const { dev, family: wanted } = words.parameters<{ dev: string; family: AF }>({ dev: text, family });
        session.withClient((client) => {
          const index = dev === undefined ? {} : { index: indexOf(words, client, dev) };
          const found = client.neighbours({ ...index, ...(wanted === undefined ? {} : { family: wanted }) });
          const names = session.interfaceNames(client);
          const rows = found.map((entry) => rowOf(entry, names, session));
          session.print(...columns([["Neighbour", "Lladdr", "Netif", "State", "Flags", "Expire", "Probes"], ...rows]));
        });
      },
    },
    add: changing((client, destination, path) => client.neighbourAdd(destination, path)),
    replace: changing((client, destination, path) => client.neighbourReplace(destination, path)),
    del: {
      usage: "ADDRESS dev NAME",
      words: ["dev"],
      run(words, session) {
        const destination = words.value(address, "an address");
        const { dev } = words.parameters<{ dev: string }>({ dev: text });
        session.withClient((client) => client.neighbourDelete(destination, indexOf(words, client, dev)));
      },
    },
    resolve: {
      usage: "ADDRESS dev NAME",
      words: ["dev"],
      run(words, session) {
        const destination = words.value(address, "an address");
        const { dev } = words.parameters<{ dev: string }>({ dev: text });
        if (dev === undefined) throw new ShellError(`${words.noun}: expected "dev" and the name of an interface`);
        session.print(session.vnet.neighbourResolve(dev, destination) ?? "(incomplete)");
      },
    },
    routers: {
      usage: "",
      run(words, session) {
        words.end();
        const names = session.withClient((client) => session.interfaceNames(client));
        const rows = session.vnet.neighbours
          .routers()
          .map((router) => [
            router.address,
            names.get(router.index) ?? `#${router.index}`,
            router.preference,
            String(router.lifetime),
            `${router.left}s`,
            router.isInstalled ? "default" : "",
          ]);
        session.print(...columns([["Router", "Netif", "Preference", "Lifetime", "Expire", "Route"], ...rows]));
      },
    },
    prefixes: {
      usage: "",
      run(words, session) {
        words.end();
        const names = session.withClient((client) => session.interfaceNames(client));
        const rows = session.vnet.neighbours.prefixes().map((entry) => rowOfPrefix(entry, names));
        const heading = ["Prefix", "Netif", "Flags", "Valid", "Preferred", "Expire", "Addresses", "Routers"];
        session.print(...columns([heading, ...rows]));
      },
    },
  },
};

function rowOf(entry: Neighbour, names: ReadonlyMap<number, string>, session: Session): string[] {
  const { destination = "", lladdr: mac, index, state, flags, probes = 0, freebsd } = entry;
  const end = freebsd?.nextStateAt ?? 0;
  return [
    destination,
    mac ?? "(incomplete)",
    names.get(index) ?? `#${index}`,
    (NUD[state] ?? String(state)).toLowerCase(),
    flagNames(flags),
    end === 0 ? "never" : `${end - session.kernel.wallClock}s`,
    String(probes),
  ];
}

/** Flags as `ndp -p` has them: L addresses are on the link, A hosts make addresses, O it has its route, D it is detached. */
function rowOfPrefix(entry: PrefixEntry, names: ReadonlyMap<number, string>): string[] {
  const { onLink, autonomous, hasRoute, isDetached } = entry;
  const isLasting = entry.left === FOREVER;
  return [
    entry.prefix,
    names.get(entry.index) ?? `#${entry.index}`,
    `${onLink ? "L" : ""}${autonomous ? "A" : ""}${hasRoute ? "O" : ""}${isDetached ? "D" : ""}`,
    seconds(entry.valid),
    seconds(entry.preferred),
    isLasting ? "never" : `${entry.left}s`,
    String(entry.addresses),
    String(entry.routers),
  ];
}

function seconds(lifetime: number): string {
  return lifetime === FOREVER ? "infinity" : String(lifetime);
}

function flagNames(flags: number): string {
  const names = Object.entries(NTF).filter(([, bit]) => typeof bit === "number" && (flags & bit) !== 0);
  return names.map(([name]) => name.toLowerCase()).join(",");
}
