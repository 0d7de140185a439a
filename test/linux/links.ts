// Requests for and messages of links, in Linux's numbers, written out by hand.

import {
  attribute,
  attributesOf,
  F,
  find,
  join,
  type Machine,
  type Message,
  machine,
  nest,
  openProgram,
  type Program,
  text,
  u8,
  u16,
  u32,
} from "./program.js";

export const RTM = { NEWLINK: 16, DELLINK: 17, GETLINK: 18, SETLINK: 19, NEWLINKPROP: 108, DELLINKPROP: 109 } as const;
export const IFINFOMSG = 16;
export const IFLA = {
  ADDRESS: 1,
  BROADCAST: 2,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  TXQLEN: 13,
  OPERSTATE: 16,
  LINKMODE: 17,
  LINKINFO: 18,
  NET_NS_PID: 19,
  IFALIAS: 20,
  VFINFO_LIST: 22,
  AF_SPEC: 26,
  GROUP: 27,
  NET_NS_FD: 28,
  EXT_MASK: 29,
  NUM_TX_QUEUES: 31,
  NUM_RX_QUEUES: 32,
  LINK_NETNSID: 37,
  PROTO_DOWN: 39,
  GSO_MAX_SIZE: 41,
  XDP: 43,
  PROP_LIST: 52,
  ALT_IFNAME: 53,
  PERM_ADDRESS: 54,
  ALLMULTI: 61,
} as const;
export const IFF = {
  UP: 1,
  DEBUG: 4,
  RUNNING: 0x40,
  NOARP: 0x80,
  PROMISC: 0x100,
  ALLMULTI: 0x200,
  MASTER: 0x400,
  SLAVE: 0x800,
  MULTICAST: 0x1000,
  LOWER_UP: 0x10000,
} as const;
export const LINK_GROUP = 1;
/** What `ip link add` and `ip link set` send besides REQUEST and ACK. */
export const ADD = F.CREATE | F.EXCL;
const EXT_ACK = 11;

interface Header {
  readonly family?: number;
  readonly index?: number;
  readonly flags?: number;
  readonly change?: number;
}

export function ifinfomsg({ family = 0, index = 0, flags = 0, change = 0 }: Header): Uint8Array {
  return join(u8(family, 0), u16(0), u32(index), u32(flags), u32(change));
}

/** IFLA_LINKINFO{KIND, DATA}. */
export function kind(name: string, ...data: readonly Uint8Array[]): Uint8Array {
  const info = attribute(1, new TextEncoder().encode(name));
  return data.length === 0 ? nest(IFLA.LINKINFO, info) : nest(IFLA.LINKINFO, info, nest(2, ...data));
}

export const named = (name: string): Uint8Array => attribute(IFLA.IFNAME, text(name));

/** VETH_INFO_PEER. */
export function peer(...parts: readonly Uint8Array[]): Uint8Array {
  return nest(1, ifinfomsg({}), ...parts);
}

/** `ip link add NAME type KIND`. */
export function addLink(program: Program, name: string, ...rest: readonly Uint8Array[]): number {
  return program.change(RTM.NEWLINK, ADD, ifinfomsg({}), named(name), ...rest);
}

/** `ip link set dev INDEX …`. */
export function setLink(program: Program, header: Header, ...rest: readonly Uint8Array[]): number {
  return program.change(RTM.NEWLINK, 0, ifinfomsg(header), ...rest);
}

/** An error by its number and text. */
export function refusal(program: Program, type: number, flags: number, ...parts: readonly Uint8Array[]) {
  program.socket.setsockopt(270, EXT_ACK, u32(1));
  const answers = program.ask(type, F.REQUEST | F.ACK | flags, ...parts);
  const error = answers.find((each) => each.type === 2) as Message;
  const isCapped = (error.flags & F.CAPPED) !== 0;
  const view = new DataView(error.body.buffer, error.body.byteOffset, error.body.byteLength);
  const echoed = isCapped ? 16 : (view.getUint32(4, true) + 3) & ~3;
  const said = error.flags & F.ACK_TLVS ? find(attributesOf(error.body, 4 + echoed), 1) : undefined;
  const words = said === undefined ? undefined : new TextDecoder().decode(said.subarray(0, -1));
  return [view.getInt32(0, true), words] as const;
}

/** What a message says of a link. */
export function linkOf({ type, body, seq, pid, flags }: Message) {
  const header = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const attributes = attributesOf(body, IFINFOMSG);
  const word = (of: number): number | undefined => {
    const payload = find(attributes, of);
    if (payload === undefined) return undefined;
    if (payload.length === 1) return payload[0];
    return new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
  };
  const string = (of: number): string | undefined => stringOf(find(attributes, of));
  const info = find(attributes, IFLA.LINKINFO);
  const inner = info === undefined ? [] : attributesOf(info, 0);
  const props = find(attributes, IFLA.PROP_LIST);
  return {
    type,
    seq,
    pid,
    nlmsgFlags: flags,
    hardware: header.getUint16(2, true),
    index: header.getInt32(4, true),
    flags: header.getUint32(8, true),
    change: header.getUint32(12, true),
    name: string(IFLA.IFNAME),
    alias: string(IFLA.IFALIAS),
    kind: stringOf(find(inner, 1)),
    data: find(inner, 2) === undefined ? undefined : attributesOf(find(inner, 2) as Uint8Array, 0),
    slaveKind: stringOf(find(inner, 4)),
    alternatives: props === undefined ? [] : attributesOf(props, 0).map(({ payload }) => stringOf(payload)),
    address: find(attributes, IFLA.ADDRESS)?.join(":"),
    attributes,
    word,
  };
}

function stringOf(payload: Uint8Array | undefined): string | undefined {
  if (payload === undefined) return undefined;
  return new TextDecoder().decode(payload.at(-1) === 0 ? payload.subarray(0, -1) : payload);
}

/** One link by any of its names; undefined when there is none. */
export function getLink(program: Program, name: string) {
  const [answer] = program.ask(RTM.GETLINK, F.REQUEST, ifinfomsg({}), named(name));
  return answer?.type === RTM.NEWLINK ? linkOf(answer) : undefined;
}

/** Names of all links. */
export function linkNames(program: Program): (string | undefined)[] {
  const answers = program.ask(RTM.GETLINK, F.REQUEST | F.DUMP, ifinfomsg({}));
  return answers.filter(({ type }) => type === RTM.NEWLINK).map((each) => linkOf(each).name);
}

/** em0 (eth0, index 2) and a program that watches links. */
export function watched(): Machine & { watcher: Program } {
  const all = machine({
    modules: ["netlink"],
    interfaces: [{ name: "em0", lladdr: "02:00:00:00:00:01", up: true }],
    sysctls: { "net.inet6.ip6.dad_count": 0 },
  });
  const watcher = openProgram(all.abi, all.vnet, 77);
  watcher.socket.bind(0, LINK_GROUP);
  return { ...all, watcher };
}

/** What a program was told of links: message type, name, ifi_change. */
export function told(watcher: Program): [number, string | undefined, number][] {
  return watcher.messages().map((each) => {
    const { type, name, change } = linkOf(each);
    return [type, name, change];
  });
}
