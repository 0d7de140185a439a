// link: interfaces. They are shown as RTM_GETLINK tells them, made, changed and destroyed by RTM_NEWLINK and RTM_DELLINK; what
// netlink cannot do (hardware, names, vnets, the carrier) is done by the host, as ioctls and drivers do it.
import { IF_OPER, IFF, IFT } from "../../../assembly/abi/ifnet.js";
import type { Client, LinkSettings } from "../../client/client.js";
import type { Link } from "../../codec/link.js";
import { rtadvBits } from "../../kernel/options.js";
import { columns } from "./columns.js";
import type { Noun } from "./noun.js";
import type { Session } from "./session.js";
import {
  changesOf,
  dataOf,
  isTunnelTyped,
  TUNNEL,
  TUNNEL_USAGE,
  type TunnelParameters,
  tunnelLines,
  tunnelOf,
} from "./tunnel.js";
import { onOff } from "./values.js";
import { integer, type Parser, ShellError, text, type Words } from "./words.js";

const lladdr: Parser<string> = (word, noun) => {
  if (/^[\da-f]{2}(:[\da-f]{2}){5}$/i.test(word)) return word;
  throw new ShellError(`${noun}: "${word}"; expected a link-level address like 02:00:00:00:00:01`);
};

const ethertype: Parser<number> = (word, noun) => {
  if (word === "802.1q") return 0x8100;
  if (word === "802.1ad") return 0x88a8;
  throw new ShellError(`${noun}: "${word}"; expected 802.1q, 802.1ad`);
};

const mtu = integer(72, 65535);

interface Hardware {
  lladdr: string;
  mtu: number;
}

interface Creation extends Hardware, TunnelParameters {
  dev: string;
  vid: number;
  proto: number;
}

/** "up", "down", or a name with its value. */
interface Settings extends Hardware, TunnelParameters {
  alias: string;
  promisc: boolean;
  carrier: boolean;
  inet6: boolean;
  rtadv: boolean;
  tunnel: "off";
  name: string;
  vnet: string;
}

const off: Parser<"off"> = (word, noun) => {
  if (word === "off") return word;
  throw new ShellError(`${noun}: "${word}"; expected off`);
};

const SETTINGS = {
  mtu,
  lladdr,
  alias: text,
  promisc: onOff,
  carrier: onOff,
  inet6: onOff,
  rtadv: onOff,
  ...TUNNEL,
  tunnel: off,
  name: text,
  vnet: text,
};

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
        const heading = ["Index", "Name", "Kind", "Type", "State", "MTU", "Address", "Flags"];
        session.print(...columns([heading, ...links.map(rowOf)]));
        if (name !== undefined) session.print(...tunnelLines(session, name, links[0]?.information?.kind));
      },
    },
    create: {
      usage: `NAME [dev PARENT vid N [proto 802.1q|802.1ad]] ${TUNNEL_USAGE} [lladdr ADDRESS] [mtu BYTES]`,
      words: ["dev", "vid", "proto", ...Object.keys(TUNNEL), "lladdr", "mtu"],
      run(words, session) {
        const name = words.next("a name, like tap, epair or vlan7");
        const typed = words.parameters<Creation>({
          dev: text,
          vid: integer(1, 4094),
          proto: ethertype,
          ...TUNNEL,
          lladdr,
          mtu,
        });
        session.print(create(session, name, typed, words));
      },
    },
    destroy: {
      usage: "NAME",
      run(words, session) {
        const name = words.value(text, "the name of an interface");
        words.end();
        session.withClient((client) => client.linkDelete({ name }));
      },
    },
    set: {
      usage:
        "NAME up|down|mtu BYTES|lladdr ADDRESS|alias TEXT|promisc on|off|carrier on|off|inet6 on|off|rtadv on|off|" +
        "local ADDRESS remote ADDRESS|flags WORD,…|none|key N|port N|tunnel off|name NAME|vnet NAME …",
      words: ["up", "down", ...Object.keys(SETTINGS)],
      run(words, session) {
        set(words.next("the name of an interface"), words, session);
      },
    },
    add: {
      usage: "NAME [lladdr ADDRESS] [mtu BYTES]",
      words: ["lladdr", "mtu"],
      run(words, session) {
        const name = words.next("a name");
        session.vnet.interfaceAttach({ name, ...words.parameters<Hardware>({ lladdr, mtu }) });
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

/** @returns the name that the link got */
function create(session: Session, name: string, typed: Partial<Creation>, words: Words): string {
  const kind = name.replace(/\d.*$/, "");
  const tunnel = isTunnelTyped(typed) ? tunnelOf(kind, typed, words) : undefined;
  const byNetlink = tunnel !== undefined && session.kernel.switches.tunnelData === true;
  const data = byNetlink ? dataOf(tunnel) : {};
  const made = session.withClient((client) => createByNetlink(client, name, kind, typed, data, words));
  if (tunnel !== undefined && !byNetlink) session.vnet.interfaceSet(made, { tunnel: changesOf(tunnel) });
  return made;
}

function createByNetlink(
  client: Client,
  name: string,
  kind: string,
  typed: Partial<Creation>,
  data: LinkSettings,
  words: Words,
): string {
  const { dev, vid: id, proto: protocol, lladdr: address, mtu: bytes } = typed;
  if ((dev === undefined) !== (id === undefined)) throw new ShellError(`${words.noun}: a vlan takes "dev" and "vid"`);
  const settings = {
    ...(bytes === undefined ? {} : { mtu: bytes }),
    ...(address === undefined ? {} : { address }),
    ...data,
  };
  // The kernel goes by the name, and wants a kind.
  if (dev === undefined || id === undefined) return client.linkAdd(name, { kind, ...settings }).name;
  const vlan = { parent: client.link({ name: dev }).index, id, ...(protocol === undefined ? {} : { protocol }) };
  return client.linkAdd(name, { kind: "vlan", vlan, ...settings }).name;
}

function set(name: string, words: Words, session: Session): void {
  const state = words.peek === "up" || words.peek === "down" ? words.next("a state") === "up" : undefined;
  if (state === undefined && words.isAtEnd) words.choice(["up", "down", ...Object.keys(SETTINGS)]);
  const typed = words.parameters<Settings>(SETTINGS);
  const { mtu: bytes, alias, lladdr: address, promisc, carrier, inet6, rtadv, name: to, vnet } = typed;
  const target = vnet === undefined ? undefined : session.kernel.vnet(vnet);
  if (vnet !== undefined && target === undefined) throw new ShellError(`${words.noun}: no vnet "${vnet}"`);
  if (typed.tunnel === "off" && (typed.local ?? typed.remote) !== undefined) {
    throw new ShellError(`${words.noun}: "tunnel off" takes endpoints away; expected it without "local" and "remote"`);
  }
  const kind = isTunnelTyped(typed)
    ? session.withClient((client) => client.link({ name })).information?.kind
    : undefined;
  const tunnel = isTunnelTyped(typed) ? tunnelOf(kind, typed, words) : undefined;
  const byNetlink = tunnel !== undefined && session.kernel.switches.tunnelData === true;
  const changes: LinkSettings = {
    ...(bytes === undefined ? {} : { mtu: bytes }),
    ...(alias === undefined ? {} : { alias }),
    ...(state === undefined ? {} : { up: state }),
    ...(address === undefined ? {} : { address }),
    ...(promisc === undefined ? {} : { promiscuous: promisc }),
    ...(byNetlink ? dataOf(tunnel) : {}),
  };
  if (Object.keys(changes).length > 0) session.withClient((client) => client.linkSet({ name }, changes));
  if (carrier !== undefined) session.vnet.interfaceSet(name, { carrier });
  if (inet6 !== undefined) session.vnet.interfaceInet6(name, inet6);
  if (rtadv !== undefined) session.vnet.interfaceSet(name, { nd6: rtadvBits(rtadv) });
  if (typed.tunnel === "off") session.vnet.interfaceSet(name, { tunnel: { endpoints: null } });
  if (tunnel !== undefined && !byNetlink) session.vnet.interfaceSet(name, { tunnel: changesOf(tunnel) });
  if (to !== undefined) session.vnet.interfaceRename(name, to);
  if (target !== undefined) session.vnet.interfaceMove(to ?? name, target);
}

function rowOf({ index, name = "", type, operState, mtu: bytes, address, flags, information }: Link): string[] {
  return [
    String(index),
    name,
    information?.kind ?? "",
    (IFT[type] ?? String(type)).toLowerCase(),
    (IF_OPER[operState ?? IF_OPER.UNKNOWN] ?? String(operState)).toLowerCase(),
    bytes === undefined ? "" : String(bytes),
    address ?? "",
    flagNames(flags),
  ];
}

function flagNames(flags: number): string {
  const names = Object.entries(IFF).filter(([, bit]) => typeof bit === "number" && (flags & bit) !== 0);
  return names.map(([name]) => name).join(",");
}
