// The vnet's interfaces as the kernel last told of them, in order of arrival.

import { IFF, IFT } from "../../assembly/abi/ifnet.js";
import { HeaderSize, IFLA, IFLA_INFO, IfInfoMsg } from "../../assembly/abi/rtnetlink.js";
import { ownTypeOf } from "./linktype.js";
import type { MessageReader } from "./messagereader.js";
import { refill } from "./plain.js";

/** An interface, with FreeBSD's numbers. */
export interface Link {
  readonly index: number;
  /** FreeBSD's name. */
  readonly name: string;
  /** IFLA_INFO_KIND: the driver. Empty when no cloner has its name. */
  readonly driver: string;
  /** IFT. */
  readonly type: number;
  /** IFF bits, with LOWER_UP. */
  readonly flags: number;
  /** IF_OPER. */
  readonly operstate: number;
  readonly carrier: number;
  readonly mtu: number;
  readonly lladdr: Uint8Array;
}

const PAIR_DRIVER = "epair";

/** What a mirror of links goes on from. */
export interface LinkMirrorState {
  readonly links: ReadonlyMap<number, Link>;
  readonly partners: ReadonlyMap<number, number>;
}

export class LinkMirror {
  readonly #links = new Map<number, Link>();
  /** Halves of epairs, by the index of the other. */
  readonly #partners = new Map<number, number>();

  save(): LinkMirrorState {
    return { links: this.#links, partners: this.#partners };
  }

  load({ links, partners }: LinkMirrorState): void {
    refill(this.#links, links);
    refill(this.#partners, partners);
  }

  /** @param message - RTM_NEWLINK of the kernel; it is indexed afterwards */
  set(message: MessageReader): Link {
    const link = readLink(message);
    const isNew = !this.#links.has(link.index);
    this.#links.set(link.index, link);
    if (isNew && link.driver === PAIR_DRIVER && !this.#partners.has(link.index)) this.#pair(link);
    return link;
  }

  /** While both halves are here and have the names they were made with, these tell who belongs together. */
  #pair(link: Link): void {
    const name = partnerName(link.name);
    for (const { index, driver, name: each } of this.#links.values()) {
      if (driver === PAIR_DRIVER && each === name && !this.#partners.has(index)) this.join(link.index, index);
    }
  }

  /** Two halves of an epair belong together, wherever they are and whatever they are called. */
  join(index: number, other: number): void {
    this.#partners.set(index, other);
    this.#partners.set(other, index);
  }

  /** The index of the other half of an epair; undefined when it is not known. */
  partner(index: number): number | undefined {
    return this.#partners.get(index);
  }

  /** @param isGone - it is nowhere any more, else in another vnet */
  delete(index: number, isGone = true): void {
    this.#links.delete(index);
    const partner = this.#partners.get(index);
    if (!isGone || partner === undefined) return;
    this.#partners.delete(index);
    this.#partners.delete(partner);
  }

  clear(): void {
    this.#links.clear();
    this.#partners.clear();
  }

  get(index: number): Link | undefined {
    return this.#links.get(index);
  }

  /** In order of arrival. */
  all(): IterableIterator<Link> {
    return this.#links.values();
  }

  /** lo0's, else the first loopback's; 0 when there is none. */
  get loopback(): number {
    let found = 0;
    for (const { type, flags, name, index } of this.#links.values()) {
      if (type !== IFT.LOOP || (flags & IFF.LOOPBACK) === 0) continue;
      if (name === "lo0") return index;
      if (found === 0) found = index;
    }
    return found;
  }
}

/** What the other half of an epair is called when they are made. @param name - "epair0a" or "epair0b" */
export function partnerName(name: string): string {
  return name.endsWith("a") ? `${name.slice(0, -1)}b` : `${name.slice(0, -1)}a`;
}

/** @param message - RTM_NEWLINK or RTM_DELLINK of the kernel */
export function readLink(message: MessageReader): Link {
  message.index(HeaderSize.IFINFOMSG);
  const linkinfo = message.has(IFLA.LINKINFO) ? message.at(IFLA.LINKINFO) : 0;
  const linkinfoEnd = linkinfo + message.size(IFLA.LINKINFO);
  const link = {
    index: message.header32(IfInfoMsg.INDEX),
    name: message.text(IFLA.IFNAME) ?? "",
    driver: "",
    type: message.header16(IfInfoMsg.TYPE),
    flags: message.header32(IfInfoMsg.FLAGS),
    operstate: message.u8(IFLA.OPERSTATE),
    carrier: message.u8(IFLA.CARRIER),
    mtu: message.u32(IFLA.MTU),
    lladdr: message.payload(IFLA.ADDRESS)?.slice() ?? new Uint8Array(0),
  };
  if (linkinfo !== 0) {
    message.each(linkinfo, linkinfoEnd, (type, at, size) => {
      if (type === IFLA_INFO.KIND) link.driver = textOf(message.bytes, at, size);
    });
  }
  link.type = ownTypeOf(link.driver, link.type);
  return link;
}

/** A string payload up to its NUL. */
function textOf(bytes: Uint8Array, at: number, size: number): string {
  let text = "";
  for (let i = at; i < at + size && bytes[i] !== 0; i++) text += String.fromCharCode(bytes[i] as number);
  return text;
}
