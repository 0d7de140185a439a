// addr: the addresses of interfaces, shown as RTM_GETADDR tells them and changed by RTM_NEWADDR and RTM_DELADDR.
import { AF } from "../../../assembly/abi/inet.js";
import { IFA_F, RT_SCOPE } from "../../../assembly/abi/rtnetlink.js";
import type { Address } from "../../codec/address.js";
import { parsePrefix } from "../../codec/ip.js";
import { columns } from "./columns.js";
import type { Noun } from "./noun.js";
import { integer, type Parser, ShellError, text, type Words } from "./words.js";

const addressWithLength: Parser<string> = (word, noun) => {
  try {
    if (word.includes("/") && parsePrefix(word)) return word;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new ShellError(`${noun}: "${word}"; expected an address with its prefix length, like 192.0.2.1/24`);
};

/** Seconds of a lifetime, or "forever". */
const lifetime: Parser<number> = (word, noun) => {
  if (word === "forever") return FOREVER;
  return integer(0, FOREVER)(word, noun);
};

const FOREVER = 0xffffffff;

interface AddressParameters {
  dev: string;
  peer: string;
  broadcast: string;
  preferred: number;
  valid: number;
}

/** "ADDRESS/LENGTH dev NAME …" to the end of the line. */
function addressAndParameters(words: Words): { own: string; dev: string } & Partial<AddressParameters> {
  const own = words.value(addressWithLength, "an address with its prefix length");
  const all = { dev: text, peer: text, broadcast: text, preferred: lifetime, valid: lifetime };
  const { dev, ...rest } = words.parameters<AddressParameters>(all);
  if (dev === undefined) throw new ShellError(`${words.noun}: expected "dev" and the name of an interface`);
  return { own, dev, ...rest };
}

export const addr: Noun = {
  name: "addr",
  summary: "addresses of interfaces",
  verbs: {
    show: {
      usage: "[dev NAME]",
      words: ["dev"],
      run(words, session) {
        const { dev } = words.parameters<{ dev: string }>({ dev: text });
        const rows = session.withClient((client) => {
          const names = session.interfaceNames(client);
          const filter = dev === undefined ? {} : { index: client.link({ name: dev }).index };
          return client.addresses(filter).map((each) => rowOf(each, names));
        });
        session.print(...columns([["Netif", "Family", "Address", "Peer", "Broadcast", "Scope", "Flags"], ...rows]));
      },
    },
    add: {
      usage: "ADDRESS/LENGTH dev NAME [peer ADDRESS] [broadcast ADDRESS] [preferred SECONDS] [valid SECONDS]",
      words: ["dev", "peer", "broadcast", "preferred", "valid", "forever"],
      run(words, session) {
        const { own, dev, ...rest } = addressAndParameters(words);
        session.withClient((client) => client.addressAdd(own, { ...rest, index: client.link({ name: dev }).index }));
      },
    },
    del: {
      usage: "ADDRESS/LENGTH dev NAME",
      words: ["dev"],
      run(words, session) {
        const own = words.value(addressWithLength, "an address with its prefix length");
        const { dev } = words.parameters<{ dev: string }>({ dev: text });
        if (dev === undefined) throw new ShellError(`${words.noun}: expected "dev" and the name of an interface`);
        session.withClient((client) => client.addressDelete(own, { index: client.link({ name: dev }).index }));
      },
    },
  },
};

/** Where both are told and differ, IFA_LOCAL is the interface's own and IFA_ADDRESS the peer. */
function rowOf(each: Address, names: ReadonlyMap<number, string>): string[] {
  const { index, family, address = "", local = address, prefixLength, broadcast = "", scope, flags = 0 } = each;
  const set = Object.entries(IFA_F).filter(([, bit]) => typeof bit === "number" && (flags & bit) !== 0);
  return [
    names.get(index) ?? `#${index}`,
    family === AF.INET ? "inet" : "inet6",
    `${local}/${prefixLength}`,
    local === address ? "" : address,
    broadcast,
    (RT_SCOPE[scope] ?? String(scope)).toLowerCase(),
    set.map(([name]) => name).join(","),
  ];
}
