// addr: the addresses of interfaces. They are shown as RTM_GETADDR tells them and changed by the host.
import { AF } from "../../../assembly/abi/inet.js";
import { RT_SCOPE } from "../../../assembly/abi/rtnetlink.js";
import { parsePrefix } from "../../codec/ip.js";
import { columns } from "./columns.js";
import type { Noun } from "./noun.js";
import { type Parser, ShellError, text, type Words } from "./words.js";

const addressWithLength: Parser<string> = (word, noun) => {
  try {
    if (word.includes("/") && parsePrefix(word)) return word;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new ShellError(`${noun}: "${word}"; expected an address with its prefix length, like 192.0.2.1/24`);
};

/** "ADDRESS/LENGTH dev NAME" to the end of the line. */
function addressAndDevice(words: Words): { address: string; dev: string } {
  const address = words.value(addressWithLength, "an address with its prefix length");
  const { dev } = words.parameters<{ dev: string }>({ dev: text });
  if (dev === undefined) throw new ShellError(`${words.noun}: expected "dev" and the name of an interface`);
  return { address, dev };
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
          return client
            .addresses(filter)
            .map(({ index, family, address = "", prefixLength, broadcast = "", scope }) => [
              names.get(index) ?? `#${index}`,
              family === AF.INET ? "inet" : "inet6",
              `${address}/${prefixLength}`,
              broadcast,
              (RT_SCOPE[scope] ?? String(scope)).toLowerCase(),
            ]);
        });
        session.print(...columns([["Netif", "Family", "Address", "Broadcast", "Scope"], ...rows]));
      },
    },
    add: {
      usage: "ADDRESS/LENGTH dev NAME",
      words: ["dev"],
      run(words, session) {
        const { address, dev } = addressAndDevice(words);
        session.vnet.addressAdd(dev, address);
      },
    },
    del: {
      usage: "ADDRESS/LENGTH dev NAME",
      words: ["dev"],
      run(words, session) {
        const { address, dev } = addressAndDevice(words);
        session.vnet.addressDelete(dev, address);
      },
    },
  },
};
