// peer: the other hosts of a link, which the script plays. They answer requests, or do not, and advertise themselves as
// routers.
import { AF } from "../../../assembly/abi/inet.js";
import { familyOf, formatIp, parseIp } from "../../codec/ip.js";
import type { AdvertisedPrefix, Preference, RouterAdvertisement } from "../../kernel/kernel.js";
import { columns } from "./columns.js";
import type { Noun } from "./noun.js";
import type { Session } from "./session.js";
import { address, lladdr, onOff } from "./values.js";
import { integer, type Parser, ShellError, text, type Words } from "./words.js";

const U32 = 0xffffffff;

const preference: Parser<Preference> = (word, noun) => {
  if (word === "low" || word === "medium" || word === "high") return word;
  throw new ShellError(`${noun}: "${word}"; expected low, medium, high`);
};

const prefix: Parser<string> = (word, noun) => {
  const [network = "", length = "", ...rest] = word.split("/");
  const isInet6 = familyOf(network) === AF.INET6;
  if (rest.length === 0 && isInet6 && /^\d{1,3}$/.test(length) && Number(length) <= 128) return word;
  throw new ShellError(`${noun}: "${word}"; expected a prefix like 2001:db8:1::/64`);
};

interface Host {
  lladdr: string;
  dev: string;
  answers: boolean;
  router: boolean;
}

/** The parameters of an advertisement before its prefixes. */
interface Said {
  dev: string;
  lifetime: number;
  preference: Preference;
  mtu: number;
  hops: number;
  reachable: number;
  retransmit: number;
}

interface SaidOfPrefix {
  valid: number;
  preferred: number;
  onlink: boolean;
  autonomous: boolean;
}

const HOST = { lladdr, dev: text, answers: onOff, router: onOff };

const SAID = {
  dev: text,
  lifetime: integer(0, 0xffff),
  preference,
  mtu: integer(0, U32),
  hops: integer(0, 0xff),
  reachable: integer(0, U32),
  retransmit: integer(0, U32),
};

const SAID_OF_PREFIX = {
  valid: integer(0, U32),
  preferred: integer(0, U32),
  onlink: onOff,
  autonomous: onOff,
};

function deviceOf(words: Words, dev: string | undefined): string {
  if (dev === undefined) throw new ShellError(`${words.noun}: expected "dev" and the name of an interface`);
  return dev;
}

export const peer: Noun = {
  name: "peer",
  summary: "other hosts of a link, as a script plays them",
  verbs: {
    show: {
      usage: "[dev NAME]",
      words: ["dev"],
      run(words, session) {
        const { dev } = words.parameters<{ dev: string }>({ dev: text });
        const names = session.withClient((client) => session.interfaceNames(client));
        const rows = session.vnet.neighbours
          .peers()
          .map(({ index, ...host }) => ({ ...host, name: names.get(index) ?? `#${index}` }))
          .filter(({ name }) => dev === undefined || name === dev)
          .map(({ address: own, lladdr: mac, name, answers, router }) => [
            own,
            mac,
            name,
            [answers ? "" : "silent", router ? "router" : ""].filter((word) => word !== "").join(","),
          ]);
        session.print(...columns([["Peer", "Lladdr", "Netif", "Flags"], ...rows]));
      },
    },
    add: {
      usage: "ADDRESS lladdr LLADDR dev NAME [answers on|off] [router on|off]",
      words: Object.keys(HOST),
      run(words, session) {
        const own = words.value(address, "an address");
        const { lladdr: mac, dev, ...rest } = words.parameters<Host>(HOST);
        if (mac === undefined) throw new ShellError(`${words.noun}: expected "lladdr" and a link-level address`);
        session.vnet.neighbours.set(deviceOf(words, dev), { address: own, lladdr: mac, ...rest });
      },
    },
    del: {
      usage: "ADDRESS dev NAME",
      words: ["dev"],
      run(words, session) {
        const own = words.value(address, "an address");
        const { dev } = words.parameters<{ dev: string }>({ dev: text });
        session.vnet.neighbours.remove(deviceOf(words, dev), own);
      },
    },
    advertise: {
      usage:
        "ADDRESS dev NAME [lifetime S] [preference low|medium|high] [mtu BYTES] [hops N] [reachable MS] [retransmit MS] " +
        "[prefix PREFIX [valid S] [preferred S] [onlink on|off] [autonomous on|off]] …",
      words: [...Object.keys(SAID), "prefix", ...Object.keys(SAID_OF_PREFIX)],
      run(words, session) {
        const own = words.value(address, "an address");
        const { dev, hops, ...rest } = words.parameters<Said>(SAID, "prefix");
        const name = deviceOf(words, dev);
        const advertisement: RouterAdvertisement = {
          ...rest,
          ...(hops === undefined ? {} : { hopLimit: hops }),
          prefixes: prefixesIn(words),
        };
        session.vnet.neighbours.advertise(name, hostOf(words, session, own, name), advertisement);
      },
    },
  },
};

/** "prefix PREFIX …" as often as it comes. */
function prefixesIn(words: Words): AdvertisedPrefix[] {
  const prefixes: AdvertisedPrefix[] = [];
  while (!words.isAtEnd) {
    words.choice(["prefix"]);
    const network = words.value(prefix, "a prefix");
    const { onlink, ...rest } = words.parameters<SaidOfPrefix>(SAID_OF_PREFIX, "prefix");
    prefixes.push({ prefix: network, ...rest, ...(onlink === undefined ? {} : { onLink: onlink }) });
  }
  return prefixes;
}

/** The peer that was added with an address. */
function hostOf(words: Words, session: Session, own: string, name: string) {
  const index = session.vnet.interfaceIndex(name);
  const bytes = parseIp(own);
  const wanted = bytes && formatIp(bytes);
  const found = session.vnet.neighbours.peers().find((each) => each.index === index && each.address === wanted);
  if (found === undefined)
    throw new ShellError(`${words.noun}: no ${own} on ${name}; expected one that "peer add" made`);
  return found;
}
