// neigh: the neighbour tables, through RTM_GETNEIGH, RTM_NEWNEIGH and RTM_DELNEIGH.
import { AF } from "../../../assembly/abi/inet.js";
import { NTF, NUD } from "../../../assembly/abi/rtnetlink.js";
import type { Client, NeighbourPath } from "../../client/client.js";
import { familyOf } from "../../codec/ip.js";
import type { Neighbour } from "../../codec/neighbour.js";
import { columns } from "./columns.js";
import type { Noun, Verb } from "./noun.js";
import type { Session } from "./session.js";
import { integer, type Parser, ShellError, text, type Words } from "./words.js";

const address: Parser<string> = (word, noun) => {
  if (familyOf(word) !== undefined) return word;
  throw new ShellError(`${noun}: "${word}"; expected an address like 192.0.2.7 or 2001:db8::7`);
};

const lladdr: Parser<string> = (word, noun) => {
  if (/^[\da-f]{2}(:[\da-f]{2}){5}$/i.test(word)) return word;
  throw new ShellError(`${noun}: "${word}"; expected a link-level address like 02:00:00:00:00:07`);
};

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

function flagNames(flags: number): string {
  const names = Object.entries(NTF).filter(([, bit]) => typeof bit === "number" && (flags & bit) !== 0);
  return names.map(([name]) => name.toLowerCase()).join(",");
}
