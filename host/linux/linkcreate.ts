// Links as Linux programs make them (net/core/rtnetlink.c, rtnl_newlink_create; linux-compat E5.8): RTM_NEWLINK with
// NLM_F_CREATE. The kernel makes what its cloner makes, the rest follows step by step; when a step fails nothing is left.

import { Errno } from "../../assembly/abi/errno.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, IFLA, IFLA_INFO, IFLA_VLAN, IfInfoMsg, RTM } from "../../assembly/abi/rtnetlink.js";
import type { Answer } from "./channel.js";
import { LinuxErrno } from "./errno.js";
import { LinkEdit, NO_CHANGE } from "./linkedit.js";
import { ALL_CHANGED, forgetLink, linkArrived, tellLink } from "./linkevent.js";
import { writeVlanSettings } from "./linkinfo.js";
import { type LinkKind, linkKind } from "./linkkind.js";
import { partnerName } from "./linkmirror.js";
import { moveLink, namespaceOf } from "./linkmove.js";
import { checkLink, expectName, type LinkInfo, nestedLink, readLinkInfo } from "./linkrequest.js";
import { readVlan, VLAN_CORRECTIONS, type Vlan } from "./linkvlan.js";
import { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";
import { mergeAttributes } from "./nest.js";
import { Refusal } from "./refusal.js";
import { type Request, refusalOf } from "./request.js";
import type { LinuxVnet } from "./vnet.js";

const VETH_INFO_PEER = 1;
/** IFLA_BR_VLAN_FILTERING: off. BIRD reads it. */
const BRIDGE_DATA = Uint8Array.of(5, 0, 7, 0, 0, 0, 0, 0);
const UNKNOWN_KIND = "Unknown device type";

/** An interface that is asked for. */
interface Wanted {
  /** Indexed. */
  readonly message: MessageReader;
  /** Where it is to be. */
  readonly target: LinuxVnet;
  /** Undefined for one of the kernel's choice. */
  readonly name: string | undefined;
}

/** @param target - vnet that it is to go to. @throws Refusal EOPNOTSUPP no such kind; EEXIST the name is taken; EINVAL */
export function createLink(request: Request, target: LinuxVnet | undefined): void {
  const { message, vnet } = request;
  if (message.has(IFLA.PROTINFO)) throw new Refusal(LinuxErrno.EOPNOTSUPP);
  const info = readLinkInfo(message);
  const kind = info.kind === undefined ? undefined : linkKind(info.kind);
  if (kind === undefined) throw new Refusal(LinuxErrno.EOPNOTSUPP, UNKNOWN_KIND);
  const vlan = info.kind === "vlan" ? readVlan(vnet, message, info.data) : undefined;
  const first = readWanted(message, target ?? vnet);
  const wanted = info.kind === "veth" ? [first, readPeer(request, info.data)] : [first];
  const [one, other] = wanted.map(({ name, target: place }) => name !== undefined && [name, place]);
  if (one && other && one[0] === other[0] && one[1] === other[1]) throw new Refusal(LinuxErrno.EEXIST);
  new Creation(request, info, kind, vlan, wanted).run();
}

/** @throws Refusal EINVAL a name that Linux would not take; EEXIST one that somebody has; EOPNOTSUPP an index is asked for */
function readWanted(message: MessageReader, target: LinuxVnet): Wanted {
  if (message.header32(IfInfoMsg.INDEX) !== 0) {
    throw new Refusal(LinuxErrno.EOPNOTSUPP, "The index of an interface cannot be chosen");
  }
  const given = message.text(IFLA.IFNAME);
  if (given === undefined) return { message, target, name: undefined };
  expectName(given);
  const name = target.names.number(given);
  if (target.names.find(name) !== undefined) throw new Refusal(LinuxErrno.EEXIST);
  return { message, target, name };
}

/** VETH_INFO_PEER: an ifinfomsg and attributes of the other half. Without, it is one that nothing is said of. */
function readPeer(request: Request, data: Uint8Array | undefined): Wanted {
  const { vnet } = request;
  let peer: MessageReader | undefined;
  if (data !== undefined) {
    // A message header's room lies before it, as in a message of its own.
    const bytes = new Uint8Array(HeaderSize.IFINFOMSG + data.length);
    bytes.set(data, HeaderSize.IFINFOMSG);
    const walk = nestedLink(bytes, HeaderSize.IFINFOMSG, 0);
    walk.each(HeaderSize.IFINFOMSG, bytes.length, (type, at, size) => {
      if (type !== VETH_INFO_PEER) return;
      if (size < HeaderSize.IFINFOMSG) throw new Refusal(LinuxErrno.EINVAL);
      peer = nestedLink(bytes, at, size);
    });
  }
  const message = peer ?? nestedLink(new Uint8Array(2 * HeaderSize.IFINFOMSG), HeaderSize.IFINFOMSG, 0);
  checkLink(message);
  return readWanted(message, namespaceOf(vnet, message, request.requester.pid) ?? vnet);
}

/** The making of one interface, or of a pair. */
class Creation {
  readonly #request: Request;
  readonly #vnet: LinuxVnet;
  readonly #info: LinkInfo;
  readonly #kind: LinkKind;
  readonly #vlan: Vlan | undefined;
  readonly #wanted: readonly Wanted[];
  /** Where each one is by now. */
  readonly #places: { readonly vnet: LinuxVnet; readonly index: number }[] = [];

  constructor(request: Request, info: LinkInfo, kind: LinkKind, vlan: Vlan | undefined, wanted: readonly Wanted[]) {
    this.#request = request;
    this.#vnet = request.vnet;
    this.#info = info;
    this.#kind = kind;
    this.#vlan = vlan;
    this.#wanted = wanted;
  }

  /** @throws Refusal, and then nothing is left of it */
  run(): void {
    const made = this.#make();
    this.#places.push(...made.map((index) => ({ vnet: this.#vnet, index })));
    try {
      this.#note(made[0] as number);
      for (const [i, wanted] of this.#wanted.entries()) this.#complete(wanted, i);
      this.#announce();
      for (const [i, { message }] of this.#wanted.entries()) this.#edit(message, i).setFlags();
    } catch (error) {
      this.#undo();
      throw error;
    }
  }

  /** @returns the indices; of a pair both. @throws Refusal what the kernel refuses */
  #make(): number[] {
    const own = this.#ownName();
    const first = this.#ask(own ?? this.#kind.cloner);
    // Its unit may be in use in another vnet, or by what has another name.
    const isTaken = first.answer.errno === Errno.EEXIST && own !== undefined;
    const { answer, made } = isTaken ? this.#ask(this.#kind.cloner) : first;
    if (answer.errno === 0) return made.length === this.#wanted.length ? made : findArrived(this.#vnet);
    for (const index of made) destroy(this.#vnet, index);
    if (this.#vlan !== undefined) throw refusalOf(answer, VLAN_CORRECTIONS);
    throw refusalOf(answer, { [Errno.EINVAL]: [LinuxErrno.EOPNOTSUPP, UNKNOWN_KIND] });
  }

  /** The program's name, where the kernel's own are like it. */
  #ownName(): string | undefined {
    const [first, second] = this.#wanted;
    const name = first?.name;
    if (name === undefined || !this.#kind.form.test(name)) return undefined;
    if (second === undefined) return name;
    return name.endsWith("a") && second.name === partnerName(name) ? name.slice(0, -1) : undefined;
  }

  #ask(name: string): { answer: Answer; made: number[] } {
    let answer: Answer | undefined;
    const made = this.#vnet.transit.during(() => {
      answer = this.#request.ask((writer) => {
        writer.begin(RTM.NEWLINK, NLM_F.REQUEST | NLM_F.CREATE, 0, 0, HeaderSize.IFINFOMSG);
        // The kernel takes a vlan's parent from here (rtnetlink B.3.7).
        writer.header32(IfInfoMsg.INDEX, this.#vlan?.parent ?? 0);
        writer.header32(IfInfoMsg.CHANGE, NO_CHANGE);
        writer.string(IFLA.IFNAME, name);
        this.#writeInfo(writer);
        writer.end();
      });
    });
    return { answer: answer as Answer, made };
  }

  #writeInfo(writer: MessageWriter): void {
    const info = writer.nest(IFLA.LINKINFO);
    writer.string(IFLA_INFO.KIND, this.#kind.cloner);
    if (this.#vlan !== undefined) {
      const data = writer.nest(IFLA_INFO.DATA);
      writer.u16(IFLA_VLAN.ID, this.#vlan.vid);
      writer.u16(IFLA_VLAN.PROTOCOL, this.#vlan.protocol);
      writer.endNest(data);
    }
    writer.endNest(info);
  }

  /** What the kernel has no place for. */
  #note(index: number): void {
    const { kind, data } = this.#info;
    const lower = this.#request.message.u32(IFLA.LINK);
    if (this.#kind.isNoted) this.#vnet.notes.link(index).kind = kind;
    if (this.#vlan !== undefined) {
      const writer = new MessageWriter(64);
      writeVlanSettings(writer, this.#vlan.vid, this.#vlan.protocol);
      this.#vnet.notes.link(index).data = writer.written.slice();
    } else if (this.#kind.takesData && data !== undefined) {
      const before = kind === "bridge" ? BRIDGE_DATA : undefined;
      this.#vnet.notes.link(index).data = mergeAttributes(before, data);
    }
    if (lower !== 0 && this.#vnet.links.get(lower) !== undefined) this.#vnet.notes.link(index).lower = lower;
  }

  /** What it is asked to be, but up. */
  #complete({ message, target, name }: Wanted, i: number): void {
    const edit = this.#edit(message, i);
    edit.setAddress();
    edit.setMtu();
    edit.setWords();
    edit.setDescription();
    const { index } = edit;
    if (target === this.#vnet) {
      if (name !== undefined) edit.setName(name);
    } else {
      target.transit.during(() => moveLink(this.#vnet, index, target, name));
      this.#places[i] = { vnet: target, index };
    }
    this.#edit(message, i).setMaster();
  }

  #edit(message: MessageReader, i: number): LinkEdit {
    const { vnet, index } = this.#places[i] as { vnet: LinuxVnet; index: number };
    return new LinkEdit(this.#request, message, vnet, index);
  }

  /** Tells of all that is complete: as Linux does, of a pair's other half first, and only the first one is an echo. */
  #announce(): void {
    for (const { vnet, index } of this.#places) vnet.transit.unfinished.delete(index);
    for (let i = this.#places.length - 1; i >= 0; i--) {
      const { vnet, index } = this.#places[i] as { vnet: LinuxVnet; index: number };
      tellLink(vnet, index, ALL_CHANGED, i === 0 ? this.#request.cause : undefined);
    }
  }

  /** Of a pair the other half goes too. */
  #undo(): void {
    for (const { vnet, index } of this.#places) destroy(vnet, index);
  }
}

/** Takes away what was made. Where memory lacks the kernel may tell nobody. */
function destroy(vnet: LinuxVnet, index: number): void {
  if (vnet.links.get(index) === undefined) return;
  const writer = new MessageWriter(64);
  writer.begin(RTM.DELLINK, NLM_F.REQUEST, 0, 0, HeaderSize.IFINFOMSG);
  writer.header32(IfInfoMsg.INDEX, index);
  writer.end();
  vnet.agent.ask(writer.written);
  vnet.settle();
  forgetLink(vnet, index);
}

/** Interfaces that arrived and the kernel had no memory to tell of. @returns their indices */
function findArrived(vnet: LinuxVnet): number[] {
  const unknown: Uint8Array[] = [];
  vnet.agent.ask(vnet.dumpRequest(RTM.GETLINK, HeaderSize.IFINFOMSG), (message) => {
    if (vnet.links.get(message.header32(IfInfoMsg.INDEX)) === undefined) unknown.push(message.message.slice());
  });
  vnet.transit.during(() => {
    for (const bytes of unknown) {
      const reader = new MessageReader(bytes);
      reader.seek(0);
      linkArrived(vnet, reader, undefined);
    }
  });
  return [...vnet.transit.unfinished].sort((left, right) => left - right);
}
