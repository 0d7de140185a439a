// link: interfaces. They are shown as RTM_GETLINK tells them; they come, go and change as hardware does, by the host.
import { IF_OPER, IFF, IFT } from "../../../assembly/abi/ifnet.js";
import type { Link } from "../../codec/link.js";
import { columns } from "./columns.js";
import type { Noun } from "./noun.js";
import { integer, type Parser, ShellError, text } from "./words.js";

const lladdr: Parser<string> = (word, noun) => {
  if (/^[\da-f]{2}(:[\da-f]{2}){5}$/i.test(word)) return word;
  throw new ShellError(`${noun}: "${word}"; expected a link-level address like 02:00:00:00:00:01`);
};

interface LinkParameters {
  lladdr: string;
  mtu: number;
}

export const link: Noun = {
  name: "link",
  summary: "interfaces",
  verbs: {
    show: {
      usage: "[NAME]",
      run(words, session) {
        const name = words.isAtEnd ? undefined : words.next("a name");
        words.end();
        const links = session.withClient((client) => (name === undefined ? client.links() : [client.link({ name })]));
        session.print(...columns([["Index", "Name", "Type", "State", "MTU", "Address", "Flags"], ...links.map(rowOf)]));
      },
    },
    set: {
      usage: "NAME up|down",
      words: ["up", "down"],
      run(words, session) {
        const name = words.next("the name of an interface");
        const state = words.choice(["up", "down"]);
        words.end();
        if (state === "up") session.vnet.interfaceUp(name);
        else session.vnet.interfaceDown(name);
      },
    },
    add: {
      usage: "NAME [lladdr ADDRESS] [mtu BYTES]",
      words: ["lladdr", "mtu"],
      run(words, session) {
        const name = words.next("a name");
        session.vnet.interfaceAttach({
          name,
          ...words.parameters<LinkParameters>({ lladdr, mtu: integer(72, 65535) }),
        });
      },
    },
    del: {
      usage: "NAME",
      run(words, session) {
        const name = words.value(text, "the name of an interface");
        words.end();
        session.vnet.interfaceDetach(name);
      },
    },
  },
};

function rowOf({ index, name = "", type, operState, mtu, address, flags }: Link): string[] {
  return [
    String(index),
    name,
    (IFT[type] ?? String(type)).toLowerCase(),
    (IF_OPER[operState ?? IF_OPER.UNKNOWN] ?? String(operState)).toLowerCase(),
    mtu === undefined ? "" : String(mtu),
    address ?? "",
    flagNames(flags),
  ];
}

function flagNames(flags: number): string {
  const names = Object.entries(IFF).filter(([, bit]) => typeof bit === "number" && (flags & bit) !== 0);
  return names.map(([name]) => name).join(",");
}
