// Link and address requests and what comes back, for the tests of both: requests byte by byte, answers as plain records.

import ipaddr from "ipaddr.js";
import { NLMSG } from "../../assembly/abi/netlink.js";
import { HeaderSize, IFA, IFLA, IfAddrMsg, IfInfoMsg, RTM } from "../../assembly/abi/rtnetlink.js";
import type { Socket, Vnet } from "../../host/kernel/kernel.js";
import {
  ask,
  attributes,
  doneOf,
  drain,
  ifaddrmsg,
  ifinfomsg,
  type MessageOptions,
  message,
  numberAt,
  type Seen,
} from "../support/messages.js";
import { neighbourOf } from "./neighbours.js";

export interface Link {
  readonly type: number;
  readonly index: number;
  readonly flags: number;
  readonly change: number;
  readonly name: string;
  readonly mtu: number;
  readonly operState: number;
  readonly carrier: number;
  readonly alias: string | undefined;
  /** Attribute types in order. */
  readonly order: readonly number[];
  /** Payload of an attribute. */
  readonly payload: (type: number) => Uint8Array | undefined;
  readonly seen: Seen;
}

/** RTM_GETLINK; a dump unless the header or an attribute names a link. */
export function getLink(
  header: Parameters<typeof ifinfomsg>[0] = {},
  flags: MessageOptions["flags"] = "qD",
  ...parts: readonly Uint8Array[]
): Uint8Array {
  return message({ type: RTM.GETLINK, flags }, ifinfomsg(header), ...parts);
}

/** Text before the NUL, which must be the last byte. */
function string(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  if (bytes.indexOf(0) !== bytes.length - 1) throw new Error("expected one NUL, at the end");
  return new TextDecoder().decode(bytes.slice(0, -1));
}

/** Takes an RTM_NEWLINK or RTM_DELLINK apart. */
export function linkOf(seen: Seen | undefined): Link {
  if (seen?.type !== RTM.NEWLINK && seen?.type !== RTM.DELLINK) throw new Error(`expected a link, got ${seen?.type}`);
  const found = attributes(seen.body.slice(HeaderSize.IFINFOMSG));
  const payload = (type: number): Uint8Array | undefined => found.find(([each]) => each === type)?.[1];
  const number = (type: IFLA, size: 1 | 4): number => numberAt(payload(type) ?? new Uint8Array(), 0, size);
  return {
    type: numberAt(seen.body, IfInfoMsg.TYPE, 2),
    index: numberAt(seen.body, IfInfoMsg.INDEX, 4),
    flags: numberAt(seen.body, IfInfoMsg.FLAGS, 4),
    change: numberAt(seen.body, IfInfoMsg.CHANGE, 4),
    name: string(payload(IFLA.IFNAME)) ?? "",
    mtu: number(IFLA.MTU, 4),
    operState: number(IFLA.OPERSTATE, 1),
    carrier: number(IFLA.CARRIER, 1),
    alias: string(payload(IFLA.IFALIAS)),
    order: found.map(([type]) => type),
    payload,
    seen,
  };
}

/** What comes before an NLMSG_DONE, which must be the last message and carry errno 0. */
function dumped(seen: readonly Seen[]): readonly Seen[] {
  const error = doneOf(seen.at(-1));
  if (error !== 0) throw new Error(`the dump ended with errno ${error}`);
  return seen.slice(0, -1);
}

/** All links, in order. */
export function links(socket: Socket): Link[] {
  return dumped(ask(socket, getLink())).map(linkOf);
}

/** The link of a name. @throws Error when there is none */
export function linkNamed(socket: Socket, name: string): Link {
  const link = links(socket).find((each) => each.name === name);
  if (link === undefined) throw new Error(`no link ${name}`);
  return link;
}

/** An address as a message shows it; addresses as text. */
export interface Address {
  readonly family: number;
  readonly prefixLength: number;
  /** ifa_flags */
  readonly headerFlags: number;
  readonly scope: number;
  readonly index: number;
  readonly address: string | undefined;
  readonly local: string | undefined;
  readonly broadcast: string | undefined;
  readonly label: string | undefined;
  /** IFA_FLAGS */
  readonly flags: number;
  readonly order: readonly number[];
  readonly payload: (type: number) => Uint8Array | undefined;
  readonly seen: Seen;
}

/** RTM_GETADDR. */
export function getAddress(
  header: Parameters<typeof ifaddrmsg>[0] = {},
  flags: MessageOptions["flags"] = "qD",
  ...parts: readonly Uint8Array[]
): Uint8Array {
  return message({ type: RTM.GETADDR, flags }, ifaddrmsg(header), ...parts);
}

/** Takes an RTM_NEWADDR or RTM_DELADDR apart. */
export function addressOf(seen: Seen | undefined): Address {
  if (seen?.type !== RTM.NEWADDR && seen?.type !== RTM.DELADDR) {
    throw new Error(`expected an address, got ${seen?.type}`);
  }
  const found = attributes(seen.body.slice(HeaderSize.IFADDRMSG));
  const payload = (type: number): Uint8Array | undefined => found.find(([each]) => each === type)?.[1];
  const ipText = (type: IFA): string | undefined => {
    const bytes = payload(type);
    return bytes === undefined ? undefined : ipaddr.fromByteArray([...bytes]).toString();
  };
  return {
    family: numberAt(seen.body, IfAddrMsg.FAMILY, 1),
    prefixLength: numberAt(seen.body, IfAddrMsg.PREFIXLEN, 1),
    headerFlags: numberAt(seen.body, IfAddrMsg.FLAGS, 1),
    scope: numberAt(seen.body, IfAddrMsg.SCOPE, 1),
    index: numberAt(seen.body, IfAddrMsg.INDEX, 4),
    address: ipText(IFA.ADDRESS),
    local: ipText(IFA.LOCAL),
    broadcast: ipText(IFA.BROADCAST),
    label: string(payload(IFA.LABEL)),
    flags: numberAt(payload(IFA.FLAGS) ?? new Uint8Array(), 0, 4),
    order: found.map(([type]) => type),
    payload,
    seen,
  };
}

/** What a dump with these filters gives. */
export function addresses(socket: Socket, header: Parameters<typeof ifaddrmsg>[0] = {}): Address[] {
  return dumped(ask(socket, getAddress(header))).map(addressOf);
}

/** Addresses with their lengths, as "192.0.2.1/24". */
export function addressTexts(socket: Socket, header: Parameters<typeof ifaddrmsg>[0] = {}): string[] {
  return addresses(socket, header).map((each) => `${each.address}/${each.prefixLength}`);
}

/** The index of an interface that must be there. */
export function indexOf(vnet: Vnet, name: string): number {
  const index = vnet.interfaceIndex(name);
  if (index === undefined) throw new Error(`no interface ${name}`);
  return index;
}

/** A message in a few words: "NEWLINK em0 0x1", with the flags that changed, "DELADDR 192.0.2.1/24", "DELNEIGH 192.0.2.1". */
export function inWords(seen: Seen): string {
  if (seen.type === RTM.NEWLINK || seen.type === RTM.DELLINK) {
    const link = linkOf(seen);
    return `${RTM[seen.type]} ${link.name} 0x${link.change.toString(16)}`;
  }
  if (seen.type === RTM.NEWADDR || seen.type === RTM.DELADDR) {
    const address = addressOf(seen);
    return `${RTM[seen.type]} ${address.address}/${address.prefixLength}`;
  }
  if (seen.type === RTM.NEWNEIGH || seen.type === RTM.DELNEIGH) {
    return `${RTM[seen.type]} ${neighbourOf(seen).destination}`;
  }
  if (seen.type === NLMSG.DONE) return `DONE ${doneOf(seen)}`;
  return RTM[seen.type] ?? NLMSG[seen.type] ?? `type ${seen.type}`;
}

/** What a monitor has got since it was last asked, in words. */
export function events(socket: Socket): string[] {
  return drain(socket).map(inWords);
}
