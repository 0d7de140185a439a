// RTM_NEWLINK and RTM_DELLINK byte by byte, what their acks carry, and the set-up with a real epair.

import { NLM_F } from "../../assembly/abi/netlink.js";
import { IFLA, IFLA_INFO, IFLA_VLAN, RTM } from "../../assembly/abi/rtnetlink.js";
import type { BootOptions, Socket, Vnet } from "../../host/kernel/kernel.js";
import {
  type Ack,
  ackOf,
  ask,
  attribute,
  attributes,
  concat,
  ifinfomsg,
  type MessageOptions,
  message,
  numberAt,
  text,
  u16,
  u32,
} from "../support/messages.js";
import { type Setup, setupR } from "../support/setups.js";

export interface LinkFields {
  readonly flags?: MessageOptions["flags"];
  readonly seq?: number;
  readonly header?: Parameters<typeof ifinfomsg>[0];
  readonly name?: string;
  readonly alias?: string;
  readonly mtu?: number;
  readonly address?: Uint8Array;
  readonly link?: number;
  /** IFLA_LINKINFO is there with either of the two. */
  readonly kind?: string;
  readonly data?: Uint8Array;
  /** Any other attributes, at the end. */
  readonly more?: readonly Uint8Array[];
}

function option<T>(value: T | undefined, write: (value: T) => Uint8Array): Uint8Array[] {
  return value === undefined ? [] : [write(value)];
}

/** RTM_NEWLINK; flags "qa" unless given. */
export function newLink(fields: LinkFields): Uint8Array {
  const { flags = "qa", seq, header, name, alias, mtu, address, link, kind, data, more = [] } = fields;
  const info = [
    ...option(kind, (value) => attribute(IFLA_INFO.KIND, text(value))),
    ...option(data, (value) => attribute(IFLA_INFO.DATA, value)),
  ];
  return message(
    { type: RTM.NEWLINK, flags, ...(seq === undefined ? {} : { seq }) },
    ifinfomsg(header),
    ...option(name, (value) => attribute(IFLA.IFNAME, text(value))),
    ...option(alias, (value) => attribute(IFLA.IFALIAS, text(value))),
    ...option(mtu, (value) => attribute(IFLA.MTU, u32(value))),
    ...option(address, (value) => attribute(IFLA.ADDRESS, value)),
    ...option(link, (value) => attribute(IFLA.LINK, u32(value))),
    ...(info.length === 0 ? [] : [attribute(IFLA.LINKINFO, ...info)]),
    ...more,
  );
}

/** RTM_NEWLINK that makes an interface; the kind is the name without its digits. */
export function create(name: string, fields: LinkFields = {}): Uint8Array {
  return newLink({ flags: "qaC", name, kind: name.replace(/[0-9.].*$/, ""), ...fields });
}

/** RTM_DELLINK by index. */
export function deleteLink(index: number, flags: MessageOptions["flags"] = "qa"): Uint8Array {
  return message({ type: RTM.DELLINK, flags }, ifinfomsg({ index }));
}

/** IFLA_INFO_DATA of a vlan. */
export function vlanData(id?: number, protocol?: number): Uint8Array {
  return concat(
    ...option(id, (value) => attribute(IFLA_VLAN.ID, u16(value))),
    ...option(protocol, (value) => attribute(IFLA_VLAN.PROTOCOL, u16(value))),
  );
}

/** The ack of a request: the last message of the answer. */
export function acked(socket: Socket, request: Uint8Array): Ack {
  return ackOf(ask(socket, request).at(-1));
}

/** The errno of a request's ack. */
export function errno(socket: Socket, request: Uint8Array): number {
  return acked(socket, request).error;
}

export interface Cookie {
  readonly index: number;
  readonly name: string;
}

/** What the cookie of an ack says; its attributes must be these two, in this order. */
export function cookieOf({ cookie, flags }: Ack): Cookie {
  if (cookie === undefined) throw new Error("no cookie");
  if (!(flags & NLM_F.CAPPED)) throw new Error("not capped");
  const [first, second, ...rest] = attributes(cookie);
  if (first?.[0] !== IFLA.NEW_IFINDEX || second?.[0] !== IFLA.IFNAME || rest.length > 0) throw new Error("cookie");
  return { index: numberAt(first[1], 0, 4), name: new TextDecoder().decode(second[1].slice(0, -1)) };
}

/** Makes an interface. @returns what the cookie says */
export function made(socket: Socket, name: string, fields: LinkFields = {}): Cookie {
  const ack = acked(socket, create(name, fields));
  if (ack.error !== 0) throw new Error(`create ${name}: errno ${ack.error} ${ack.text ?? ""}`);
  return cookieOf(ack);
}

/** E: R, and epair0a (index 2) and epair0b (index 3), both up; 192.0.2.1/24 on the first. */
export function setupPair(options: BootOptions = {}): Setup {
  const setup = setupR(options);
  addPair(setup.vnet);
  return setup;
}

export function addPair(vnet: Vnet): void {
  vnet.interfaceCreate("epair0");
  vnet.interfaceUp("epair0a");
  vnet.interfaceUp("epair0b");
  vnet.addressAdd("epair0a", "192.0.2.1/24");
}
