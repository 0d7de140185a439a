// nexthop: nexthops and groups of them, through RTM_GETNEXTHOP, RTM_NEWNEXTHOP and RTM_DELNEXTHOP; and those that the kernel
// keeps for its routes.
import { AF } from "../../../assembly/abi/inet.js";
import { RTPROT } from "../../../assembly/abi/rtnetlink.js";
import type { NexthopPath } from "../../client/client.js";
import type { Nexthop } from "../../codec/nexthop.js";
import { columns } from "./columns.js";
import type { Noun } from "./noun.js";
import { address, family, fib, id } from "./path.js";
import type { Session } from "./session.js";
import { integer, named, type Parser, ShellError, text, type Words } from "./words.js";

/** "1,weight/2,weight": the ids of the members, each with its weight, 1 without it. */
const members: Parser<{ id: number; weight?: number }[]> = (word, noun) =>
  word.split(",").map((part) => {
    const [member = "", weight, ...more] = part.split("/");
    if (more.length > 0) throw new ShellError(`${noun}: "${part}"; expected ID or ID/WEIGHT`);
    return {
      id: id(member, noun),
      ...(weight === undefined ? {} : { weight: integer(0, 255)(weight, noun) }),
    };
  });

interface AddParameters {
  id: number;
  via: string;
  dev: string;
  group: { id: number; weight?: number }[];
  proto: number;
}

const ADD: { readonly [K in keyof AddParameters]: Parser<AddParameters[K]> } = {
  id,
  via: address,
  dev: text,
  group: members,
  proto: named(RTPROT, 255),
};

export const nexthop: Noun = {
  name: "nexthop",
  summary: "nexthops and their groups",
  verbs: {
    show: {
      usage: "[id N] [dev NAME] [groups] | kernel [fib N] [family inet|inet6]",
      words: ["id", "dev", "groups", "kernel", "fib", "family", "inet", "inet6"],
      run(words, session) {
        if (words.peek === "kernel") showKernel(words, session);
        else show(words, session);
      },
    },
    add: {
      usage: "[id N] via ADDRESS dev NAME [proto NAME] | [id N] group ID[/WEIGHT],ID[/WEIGHT]… [proto NAME]",
      words: Object.keys(ADD),
      run: add,
    },
    del: {
      usage: "id N",
      words: ["id"],
      run(words, session) {
        words.choice(["id"]);
        const number = words.value(id, "an id");
        words.end();
        session.withClient((client) => client.nexthopDelete(number));
      },
    },
  },
};

function show(words: Words, session: Session): void {
  const { id: number, dev } = words.parameters<{ id: number; dev: string }>({ id, dev: text }, "groups");
  const groups = !words.isAtEnd;
  if (groups) words.choice(["groups"]);
  words.end();
  session.withClient((client) => {
    const filter = { groups, ...(dev === undefined ? {} : { oif: client.link({ name: dev }).index }) };
    const found = number === undefined ? client.nexthops(filter) : [client.nexthop(number)];
    const names = session.interfaceNames(client);
    session.print(
      ...columns([["Id", "Gateway", "Netif", "Group", "Proto"], ...found.map((each) => rowOf(each, names))]),
    );
  });
}

function showKernel(words: Words, session: Session): void {
  words.choice(["kernel"]);
  const table = words.parameters<{ fib: number; family: AF }>({ fib, family });
  session.withClient((client) => {
    const names = session.interfaceNames(client);
    const rows = client
      .kernelNexthops(table)
      .map((each) => [
        String(each.freebsd?.kernelNexthop ?? ""),
        familyName(each.freebsd?.family),
        each.gateway ?? (each.blackhole ? "blackhole" : `link#${each.oif ?? 0}`),
        netif(each.oif, names),
        netif(each.freebsd?.addressInterface, names),
        protocolName(each.protocol),
      ]);
    session.print(...columns([["Nhop#", "Family", "Gateway", "Netif", "Addrif", "Proto"], ...rows]));
  });
}

function add(words: Words, session: Session): void {
  const { id: number, via, dev, group, proto } = words.parameters<AddParameters>(ADD);
  const protocol = proto === undefined ? {} : { protocol: proto };
  session.withClient((client) => {
    const path = (): NexthopPath => {
      if (group !== undefined && via === undefined && dev === undefined) return { group, ...protocol };
      if (group === undefined && via !== undefined && dev !== undefined) {
        return { gateway: via, oif: client.link({ name: dev }).index, ...protocol };
      }
      throw new ShellError(`${words.noun}: expected "via" and "dev", or "group"`);
    };
    client.nexthopAdd(number, path());
  });
}

function rowOf(each: Nexthop, names: ReadonlyMap<number, string>): string[] {
  return [
    String(each.id ?? ""),
    each.gateway ?? (each.blackhole ? "blackhole" : ""),
    netif(each.oif, names),
    (each.group ?? []).map((member) => `${member.id}/${member.weight}`).join(","),
    protocolName(each.protocol),
  ];
}

function netif(index: number | undefined, names: ReadonlyMap<number, string>): string {
  return index === undefined ? "" : (names.get(index) ?? `#${index}`);
}

function protocolName(protocol: number): string {
  return (RTPROT[protocol] ?? String(protocol)).toLowerCase();
}

function familyName(number: number | undefined): string {
  return number === undefined ? "" : (AF[number] ?? String(number)).toLowerCase();
}
