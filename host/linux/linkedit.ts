// What RTM_NEWLINK and RTM_SETLINK change of an interface, one step an attribute (net/core/rtnetlink.c, do_setlink;
// linux-compat E5.6, E5.7). Each step tells of itself as Linux does; while the interface is being made nobody is told.

import { IFF, IfLimit } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, IFLA, IfInfoMsg, RTM } from "../../assembly/abi/rtnetlink.js";
import type { Answer } from "./channel.js";
import { LinuxErrno } from "./errno.js";
import { tellLink } from "./linkevent.js";
import { linkKind } from "./linkkind.js";
import type { Link } from "./linkmirror.js";
import { LinuxIFLA, shownFlags } from "./linkobject.js";
import { expectName, flagMask, type LinkInfo, linkAddress, NOTED_FLAGS, textOf } from "./linkrequest.js";
import { ARPHRD, linkTypeOf } from "./linktype.js";
import type { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";
import { mergeAttributes } from "./nest.js";
import { Refusal } from "./refusal.js";
import { type Request, refusalOf } from "./request.js";
import type { LinuxVnet } from "./vnet.js";

/** ifi_change that changes nothing: 0 would take an interface down (L13, Q4). */
export const NO_CHANGE = 0x80000000;

/** Attributes that are kept and shown back, without effect. */
const WORDS = [
  IFLA.GROUP,
  IFLA.TXQLEN,
  IFLA.NUM_TX_QUEUES,
  IFLA.NUM_RX_QUEUES,
  IFLA.GSO_MAX_SEGS,
  IFLA.GSO_MAX_SIZE,
  IFLA.GRO_MAX_SIZE,
  LinuxIFLA.GSO_IPV4_MAX_SIZE,
  LinuxIFLA.GRO_IPV4_MAX_SIZE,
] as const;
const BYTES = [IFLA.OPERSTATE, IFLA.LINKMODE, IFLA.PROTO_DOWN] as const;
/** Those that are told of when all is done. */
const TOLD_LAST: ReadonlySet<number> = new Set([IFLA.GROUP, IFLA.LINKMODE, IFLA.PROTO_DOWN]);

export class LinkEdit {
  readonly #request: Request;
  /** Indexed. */
  readonly #message: MessageReader;
  readonly vnet: LinuxVnet;
  readonly index: number;
  /** A change that is told of once, when all is done. */
  isToTell = false;

  /** @param message - the request, or the part of it that is about this interface; indexed */
  constructor(request: Request, message: MessageReader, vnet: LinuxVnet, index: number) {
    this.#request = request;
    this.#message = message;
    this.vnet = vnet;
    this.index = index;
  }

  get #link(): Link {
    const link = this.vnet.links.get(this.index);
    if (link === undefined) throw new Refusal(LinuxErrno.ENODEV);
    return link;
  }

  #tell(change: number): void {
    if (!this.vnet.transit.unfinished.has(this.index)) tellLink(this.vnet, this.index, change);
  }

  /** @throws Refusal what the kernel refuses */
  #ask(flags: number, change: number, write: (writer: MessageWriter) => void = () => {}): void {
    const writeRequest = (writer: MessageWriter): void => {
      writer.begin(RTM.NEWLINK, NLM_F.REQUEST, 0, 0, HeaderSize.IFINFOMSG);
      writer.header32(IfInfoMsg.INDEX, this.index);
      writer.header32(IfInfoMsg.FLAGS, flags);
      writer.header32(IfInfoMsg.CHANGE, change);
      write(writer);
      writer.end();
    };
    const answer = askIn(this.#request, this.vnet, writeRequest);
    if (answer.errno !== 0) throw refusalOf(answer);
  }

  /** @throws Refusal as linkAddress */
  setAddress(): void {
    const payload = this.#message.payload(IFLA.ADDRESS);
    if (payload === undefined) return;
    const address = linkAddress(payload, this.#link.lladdr.length);
    this.#ask(0, NO_CHANGE, (writer) => writer.raw(IFLA.ADDRESS, address));
    this.#tell(0);
  }

  /** The kernel says nothing of an MTU that the driver refuses (rtnetlink B.4.3). @throws Refusal EINVAL */
  setMtu(): void {
    if (!this.#message.has(IFLA.MTU)) return;
    const mtu = this.#message.u32(IFLA.MTU);
    const before = this.#link.mtu;
    if (mtu === before) return;
    this.#ask(0, NO_CHANGE, (writer) => writer.u32(IFLA.MTU, mtu));
    if (this.#link.mtu === mtu) return;
    const text = mtu < before ? "mtu less than device minimum" : "mtu greater than device maximum";
    throw new Refusal(LinuxErrno.EINVAL, text);
  }

  /** @throws Refusal EINVAL no name for Linux; EEXIST somebody has it */
  setName(name: string): void {
    const { names } = this.vnet;
    const before = names.of(this.index) as string;
    if (name === before) return;
    expectName(name);
    const wanted = names.number(name);
    const holder = names.find(wanted);
    const isOwnAlternative = names.alternatives(this.index).includes(wanted);
    if ((holder !== undefined && holder !== this.index) || isOwnAlternative) throw new Refusal(LinuxErrno.EEXIST);
    names.rename(this.index, wanted);
    this.#relabel(before, wanted);
    this.#tell(0);
  }

  /** Labels of addresses begin with the name. */
  #relabel(before: string, name: string): void {
    for (const { key } of this.vnet.addresses.on(this.index, AF.INET)) {
      const note = this.vnet.notes.addresses.get(key);
      if (note?.label?.startsWith(before)) note.label = `${name}${note.label.slice(before.length)}`;
    }
  }

  /** IFLA_IFALIAS, which Linux programs send without a NUL; empty for none. */
  setDescription(): void {
    const payload = this.#message.payload(IFLA.IFALIAS);
    if (payload === undefined) return;
    const text = textOf(payload);
    this.#ask(0, NO_CHANGE, (writer) => writer.string(IFLA.IFALIAS, text));
    const isCut = payload.length >= IfLimit.DESCRIPTION;
    if (isCut || this.vnet.notes.links.has(this.index)) {
      this.vnet.notes.link(this.index).description = isCut ? text : undefined;
    }
    this.isToTell = true;
  }

  /** UP and PROMISC are the kernel's, others are shown. What is so already changes nothing, and nobody is told. */
  setFlags(): void {
    const mask = flagMask(this.#message);
    const flags = this.#message.header32(IfInfoMsg.FLAGS);
    this.#noteFlags(flags, mask & NOTED_FLAGS);
    const differs = (this.#link.flags ^ flags) & mask;
    const change = (differs & IFF.UP) | (mask & IFF.PROMISC);
    if (change !== 0) this.#ask(flags & change, change);
  }

  #noteFlags(flags: number, bits: number): void {
    const changed = (shownFlags(this.vnet, this.#link) ^ flags) & bits;
    if (changed === 0) return;
    const note = this.vnet.notes.link(this.index);
    note.flagsMask |= changed;
    note.flags = (note.flags & ~changed) | (flags & changed);
    this.#tell(changed);
  }

  /**
   * Membership of a bridge or bond, which the kernel's netlink does not know: 0 for none (E5.7).
   * @throws Refusal ENODEV no such interface; EOPNOTSUPP it has no members; ELOOP, EINVAL what cannot be one
   */
  setMaster(): void {
    if (!this.#message.has(IFLA.MASTER)) return;
    const master = this.#message.u32(IFLA.MASTER);
    const before = this.vnet.notes.links.get(this.index)?.master ?? 0;
    if (master === before) return;
    if (master !== 0) this.#expectMaster(master);
    const note = this.vnet.notes.link(this.index);
    note.master = master;
    note.slaveData = undefined;
    this.#tell(0);
  }

  #expectMaster(master: number): void {
    const upper = this.vnet.links.get(master);
    if (upper === undefined) throw new Refusal(LinuxErrno.ENODEV);
    if (upper.driver !== "bridge" && upper.driver !== "lagg") throw new Refusal(LinuxErrno.EOPNOTSUPP);
    const { driver, type } = this.#link;
    if (upper.driver === "bridge" && driver === "bridge") {
      throw new Refusal(LinuxErrno.ELOOP, "Can not enslave a bridge to a bridge");
    }
    if (linkTypeOf(driver, type).hardware !== ARPHRD.ETHER) throw new Refusal(LinuxErrno.EINVAL);
  }

  /** Attributes that are kept and shown back (E5.7). */
  setWords(): void {
    for (const type of WORDS) if (this.#message.size(type) >= 4) this.#setWord(type, this.#message.u32(type));
    for (const type of BYTES) if (this.#message.size(type) >= 1) this.#setWord(type, this.#message.u8(type));
    if (this.#message.has(IFLA.AF_SPEC)) this.isToTell = true;
  }

  #setWord(type: number, value: number): void {
    this.vnet.notes.link(this.index).words.set(type, value);
    if (type === IFLA.TXQLEN) this.#tell(0);
    if (TOLD_LAST.has(type)) this.isToTell = true;
  }

  /** Settings of the interface's kind, and as a member. @throws Refusal EOPNOTSUPP it has none, or is of another kind */
  setInfo({ kind, data, slaveData }: LinkInfo): void {
    const { driver, type } = this.#link;
    const noted = this.vnet.notes.links.get(this.index);
    if (data !== undefined) {
      const own = linkTypeOf(driver, type, noted?.kind).kind;
      if (kind === undefined || kind !== own || !linkKind(kind)?.changesData) {
        throw new Refusal(LinuxErrno.EOPNOTSUPP);
      }
      this.mergeData(kind, data);
      this.isToTell = true;
    }
    if (slaveData !== undefined) {
      if (noted === undefined || noted.master === 0) throw new Refusal(LinuxErrno.EOPNOTSUPP);
      noted.slaveData = mergeAttributes(noted.slaveData, slaveData);
      this.isToTell = true;
    }
  }

  /** Of a vlan only flags and priorities can change, and those are nobody's here. */
  mergeData(kind: string, data: Uint8Array): void {
    if (kind === "vlan") return;
    const note = this.vnet.notes.link(this.index);
    note.data = mergeAttributes(note.data, data);
  }

  /** Tells of what waited until all is done. */
  finish(): void {
    if (this.isToTell) this.#tell(0);
    this.isToTell = false;
  }
}

/** Asks the kernel in the program's name, or in the layer's where the program is in another vnet. */
export function askIn(request: Request, vnet: LinuxVnet, write: (writer: MessageWriter) => void): Answer {
  if (vnet === request.vnet) return request.ask(write);
  const writer = new MessageWriter(512);
  write(writer);
  const answer = vnet.agent.ask(writer.written);
  vnet.settle();
  return answer;
}
