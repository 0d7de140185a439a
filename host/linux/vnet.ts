// What the layer knows of one vnet: its Linux sockets, what is there (kept from the kernel's notifications), and what Linux
// programs said that the kernel has no place for. In FreeBSD the layer is part of the kernel; here it holds sockets of its
// own, which do not keep the vnet in place.

import { NETLINK, NETLINK_OPTION, NLM_F, SOL } from "../../assembly/abi/netlink.js";
import { HeaderSize, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { Attendant, Kernel, Vnet } from "../kernel/kernel.js";
import { type Address, AddressMirror } from "./addressmirror.js";
import { Channel, ChannelPool, type ChannelState } from "./channel.js";
import { LinkMirror, type LinkMirrorState } from "./linkmirror.js";
import { LinkTransit, type LinkTransitState } from "./linktransit.js";
import type { MessageReader } from "./messagereader.js";
import { MessageWriter } from "./messagewriter.js";
import { NameTable, type NameTableState } from "./names.js";
import { NexthopMirror, type NexthopMirrorState } from "./nexthopmirror.js";
import { Notes, type NotesState } from "./notes.js";
import type { OwnRoute } from "./ownroute.js";
import { refill } from "./plain.js";
import type { Tap } from "./rewrite.js";
import { RouteState } from "./routestate.js";

/** A Linux socket, as far as notifications go. */
export interface Member {
  /** Groups that it joined. */
  readonly groups: ReadonlySet<number>;
  readonly port: number;
  /** Process id of its opener. */
  readonly pid: number;
  /** Queues a notification, or notes that there was no room for it. */
  notify(bytes: Uint8Array, group: number): void;
  /** Queues a reply, which always has room. */
  reply(bytes: Uint8Array): void;
}

/** Passes on what the kernel tells, as it is. */
export interface Listener {
  readonly hasNext: boolean;
  drain(): void;
}

/** The request that a notification is caused by. */
export interface Cause {
  readonly socket: Member;
  readonly seq: number;
  /** nlmsg_type. */
  readonly type: number;
  /** nlmsg_flags. */
  readonly flags: number;
  /** What the request names, by its key: of all that follows from it, only what happens to that has this cause. */
  subject: string | undefined;
  /** Does something once the request is acknowledged. */
  afterAck(task: () => void): void;
}

/** What a vnet's layer needs of the whole. */
export interface LinuxVnetOwner {
  /** What the layer knows of a vnet. @throws NetlinkError EAFNOSUPPORT when the netlink module is not loaded */
  vnet(vnet: Vnet): LinuxVnet;
  /** Of every vnet that a Linux program is in, or was. */
  readonly known: Iterable<LinuxVnet>;
  readonly namespaces: Namespaces;
  readonly settings: LayerSettings;
  /** A program closed its socket of that number. */
  socketClosed(number: number): void;
  /** The vnet or the module went. */
  ended(vnet: Vnet): void;
}

/** Where the layer can do one thing or another. */
export interface LayerSettings {
  /** RTM_NEWRULE: policy rules are kept and listed, or refused (linux-compat X-56). */
  readonly rules: "store" | "refuse";
  /** A nexthop that goes takes its routes and its place in groups along, as on Linux, or nothing, as in the kernel (E9.4). */
  readonly nexthopRemoval: "cascade" | "plain";
}

/** Which vnet a program means by a network namespace. */
export interface Namespaces {
  /** The one that a process is in. */
  ofProcess(pid: number): Vnet | undefined;
  /** The one behind a descriptor of a process. */
  ofDescriptor(pid: number, descriptor: number): Vnet | undefined;
}

/**
 * Takes note of what the kernel tells of, and tells Linux sockets.
 * @param cause - the request that did it; undefined for another program, or the kernel by itself
 */
export type EventHandler = (vnet: LinuxVnet, message: MessageReader, cause: Cause | undefined) => void;

/** An IPv4 address whose lifetime may be over at a time. */
export interface Expiry {
  /** Milliseconds since boot. */
  readonly time: number;
  /** Of its interface. */
  readonly index: number;
  readonly local: Uint8Array;
}

/** What objects do of themselves. */
export interface LinuxVnetHandlers {
  /** By message type. */
  readonly events: ReadonlyMap<number, EventHandler>;
  expire(vnet: LinuxVnet, expiry: Expiry): void;
}

/** A vnet's layer as plain data, and maps and sets of it; its sockets are apart. */
export interface LinuxVnetState {
  readonly names: NameTableState;
  readonly links: LinkMirrorState;
  readonly addresses: ReadonlyMap<number, Map<string, Address>>;
  readonly nexthops: NexthopMirrorState;
  readonly notes: NotesState;
  readonly transit: LinkTransitState;
  readonly doubts: ReadonlyMap<number, Uint8Array[]>;
  readonly ownRoutes: ReadonlyMap<string, readonly OwnRoute[]>;
  readonly mayHaveLostRoutes: boolean;
  readonly agent: ChannelState | undefined;
  readonly silent: ChannelState | undefined;
  readonly observer: ChannelState | undefined;
  readonly idle: readonly ChannelState[];
  readonly waiting: readonly Expiry[];
}

/** Groups that the kernel sends to (rtnetlink A.2). */
const GROUPS = [
  RTNLGRP.LINK,
  RTNLGRP.NEIGH,
  RTNLGRP.IPV4_IFADDR,
  RTNLGRP.IPV6_IFADDR,
  RTNLGRP.IPV4_ROUTE,
  RTNLGRP.IPV6_ROUTE,
  RTNLGRP.NEXTHOP,
] as const;

/** Notifications of one call into the kernel that the layer can hear: 256 MiB, memory that is used only while they wait. */
const OBSERVER_LIMIT = 1 << 28;

/** Port of the silent channel, by which its notifications are known: above all that sockets are given (E2.9). */
const SILENT_PORT = 0xffff_fffe;

export class LinuxVnet implements Attendant {
  readonly kernel: Kernel;
  readonly vnet: Vnet;
  readonly names: NameTable;
  readonly links = new LinkMirror();
  readonly addresses = new AddressMirror();
  readonly nexthops = new NexthopMirror();
  readonly notes = new Notes();
  /** Interfaces that are not complete yet, or on their way here. */
  readonly transit = new LinkTransit();
  /** By interface: RTM_DELADDRs of IPv4 addresses that may be there all the same. */
  readonly doubts = new Map<number, Uint8Array[]>();
  readonly owner: LinuxVnetOwner;
  readonly routes = new RouteState();
  readonly members = new Set<Member>();
  /** Who hears the kernel itself, as sockets of generic netlink do. */
  readonly listeners = new Set<Listener>();
  /** Sockets of the mode strict, which the kernel itself serves: while one is open the layer stays. */
  readonly strictSockets = new Set<object>();
  /** Observes what is rewritten. */
  tap: Tap | undefined;
  readonly channels: ChannelPool;
  /** Asks on the layer's own behalf, with every privilege. */
  #agent: Channel | undefined;
  /** Asks for what nobody is told of. */
  #silent: Channel | undefined;
  /** Member of every group. */
  #observer: Channel | undefined;
  #isSilenced = false;
  readonly #writer = new MessageWriter();
  /** The kernel's notification that is being carried. */
  #event: MessageReader | undefined;
  readonly #handlers: LinuxVnetHandlers;
  /** What waits for the end of a settle. */
  readonly #deferred: (() => void)[] = [];
  /** What waits for the kernel's clock, in no order. */
  #waiting: Expiry[] = [];
  /** The least of those times. */
  #due = Number.POSITIVE_INFINITY;
  #isSettling = false;

  constructor(kernel: Kernel, vnet: Vnet, handlers: LinuxVnetHandlers, usesRealNames: boolean, owner: LinuxVnetOwner) {
    this.#handlers = handlers;
    this.owner = owner;
    this.kernel = kernel;
    this.vnet = vnet;
    this.names = new NameTable(usesRealNames);
    this.channels = new ChannelPool(kernel, vnet);
    vnet.attend(this);
  }

  // ---- as attendant of the vnet

  get sockets(): number {
    const own = [this.#agent, this.#silent, this.#observer].filter((each) => each !== undefined);
    return own.length + this.channels.idle;
  }

  get isBusy(): boolean {
    return this.members.size > 0 || this.strictSockets.size > 0;
  }

  /** The vnet or the layer goes: what the layer knew of it goes too. */
  leave(): void {
    this.#agent?.close();
    this.#silent?.close();
    this.#observer?.close();
    this.channels.close();
    this.#agent = undefined;
    this.#silent = undefined;
    this.#observer = undefined;
    this.owner.ended(this.vnet);
  }

  // ---- in snapshots

  save(): LinuxVnetState {
    if (this.#isSettling || this.#deferred.length > 0)
      throw new Error("snapshot: a call on the Linux layer is under way");
    return {
      names: this.names.save(),
      links: this.links.save(),
      addresses: this.addresses.save(),
      nexthops: this.nexthops.save(),
      notes: this.notes.save(),
      transit: this.transit.save(),
      doubts: this.doubts,
      ownRoutes: this.routes.own.save(),
      mayHaveLostRoutes: this.routes.mayHaveLost,
      agent: this.#agent?.save(),
      silent: this.#silent?.save(),
      observer: this.#observer?.save(),
      idle: this.channels.save(),
      waiting: this.#waiting,
    };
  }

  /** What it was, whatever became of it since; its sockets come one by one afterwards. */
  load(state: LinuxVnetState): void {
    this.vnet.attend(this);
    this.members.clear();
    this.strictSockets.clear();
    this.listeners.clear();
    this.names.load(state.names);
    this.links.load(state.links);
    this.addresses.load(state.addresses);
    this.nexthops.load(state.nexthops);
    this.notes.load(state.notes);
    this.transit.load(state.transit);
    refill(this.doubts, state.doubts);
    this.routes.own.load(state.ownRoutes);
    this.routes.mayHaveLost = state.mayHaveLostRoutes;
    this.#agent = state.agent && Channel.load(this.kernel, state.agent);
    this.#silent = state.silent && Channel.load(this.kernel, state.silent);
    this.#observer = state.observer && Channel.load(this.kernel, state.observer);
    this.channels.load(state.idle);
    this.#deferred.length = 0;
    this.#keep(state.waiting);
  }

  // ---- what is there

  /**
   * Begins to listen, if it does not yet, and learns what is there.
   * @throws NetlinkError EAFNOSUPPORT when the module is not loaded
   */
  attach(): void {
    if (this.#observer !== undefined) return;
    this.kernel.journal.perform("linux.attach", { vnet: this.vnet.name }, [], () => this.#listen());
  }

  #listen(): void {
    const observer = Channel.open(this.kernel, this.vnet);
    observer.setReceiveLimit(OBSERVER_LIMIT);
    for (const group of GROUPS) observer.socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, group);
    this.#observer = observer;
    this.#learn();
  }

  get agent(): Channel {
    this.#agent ??= Channel.open(this.kernel, this.vnet);
    return this.#agent;
  }

  /** A channel for changes that Linux sockets are not told of: steps of a larger one, or what Linux keeps to itself. */
  get silent(): Channel {
    this.#silent ??= Channel.open(this.kernel, this.vnet, { port: SILENT_PORT });
    return this.#silent;
  }

  /** Whether the notification that is being carried tells of what `silent` did. */
  get isSilenced(): boolean {
    return this.#isSilenced;
  }

  #learn(): void {
    this.agent.ask(this.dumpRequest(RTM.GETLINK, HeaderSize.IFINFOMSG), (message) => {
      const link = this.links.set(message);
      this.names.set(link.index, link.name, link.type);
    });
    this.agent.ask(this.dumpRequest(RTM.GETADDR, HeaderSize.IFADDRMSG), (message) => this.addresses.set(message));
    this.routes.own.learn(this);
    this.agent.ask(this.dumpRequest(RTM.GETNEXTHOP, HeaderSize.NHMSG), (message) => this.nexthops.set(message));
  }

  /** A request for all objects of a type, as the kernel's own ABI has it. */
  dumpRequest(type: number, headerSize: number): Uint8Array {
    const writer = new MessageWriter(64);
    writer.begin(type, NLM_F.REQUEST | NLM_F.DUMP, 0, 0, headerSize);
    writer.end();
    return writer.written;
  }

  /**
   * Carries to Linux sockets what the kernel did since the last call.
   * @param cause - the request that is being handled, when everything since the last call is its doing
   */
  settle(cause?: Cause): void {
    // A handler may settle another vnet, and that one this: the messages left are the outer call's.
    const observer = this.#observer;
    if (observer === undefined || this.#isSettling) return;
    const isDue = this.#due !== Number.POSITIVE_INFINITY && this.kernel.uptime >= this.#due;
    // Most often there is nothing, and nothing is no event.
    const isTold = observer.hasNext || this.#isHeard;
    if (!isDue && !isTold && this.#deferred.length === 0) return;
    this.kernel.journal.perform("linux.settle", { vnet: this.vnet.name }, [], () => {
      for (const listener of this.listeners) listener.drain();
      this.#drain(observer, cause);
      if (!isDue) return;
      this.#runDue();
      this.#drain(observer, undefined);
    });
  }

  /** Whether a listener has something to pass on. */
  get #isHeard(): boolean {
    for (const listener of this.listeners) if (listener.hasNext) return true;
    return false;
  }

  #drain(observer: Channel, cause: Cause | undefined): void {
    this.#isSettling = true;
    try {
      for (let message = observer.next(); message !== undefined; message = observer.next()) {
        this.#isSilenced = message.pid === SILENT_PORT;
        this.#event = message;
        this.#handlers.events.get(message.type)?.(this, message, cause);
      }
    } finally {
      this.#isSettling = false;
      this.#isSilenced = false;
      this.#event = undefined;
    }
    // A task may ask the kernel and settle: no message is being looked at.
    for (const task of this.#deferred.splice(0)) task();
  }

  /** Does something when all that the kernel has told of is handled. */
  defer(task: () => void): void {
    this.#deferred.push(task);
  }

  /** Looks after an address in the first settle from a time on. */
  wait(expiry: Expiry): void {
    this.#waiting.push(expiry);
    this.#due = Math.min(this.#due, expiry.time);
  }

  #keep(waiting: readonly Expiry[]): void {
    this.#waiting = [...waiting];
    this.#due = waiting.reduce((least, { time }) => Math.min(least, time), Number.POSITIVE_INFINITY);
  }

  #runDue(): void {
    const now = this.kernel.uptime;
    const due = this.#waiting.filter(({ time }) => time <= now).sort((left, right) => left.time - right.time);
    this.#keep(this.#waiting.filter(({ time }) => time > now));
    for (const expiry of due) this.#handlers.expire(this, expiry);
  }

  // ---- notifications

  /** Whether a group has a Linux member, or the cause wants its own notification back: else there is nothing to write. */
  hasMembers(group: number, cause?: Cause): boolean {
    if (cause !== undefined && (cause.flags & NLM_F.ECHO) !== 0) return true;
    for (const member of this.members) if (member.groups.has(group)) return true;
    return false;
  }

  /**
   * Sends one message to the Linux members of a group.
   * @param write - writes it, with the port id and sequence number of its cause: 0 for what the kernel does by itself
   */
  multicast(
    group: number,
    cause: Cause | undefined,
    write: (writer: MessageWriter, seq: number, port: number) => void,
  ): void {
    if (this.#isSilenced || !this.hasMembers(group, cause)) return;
    this.#writer.rewind();
    write(this.#writer, cause?.seq ?? 0, cause?.socket.port ?? 0);
    const bytes = this.#writer.written.slice();
    if (bytes.length === 0) return;
    // NLM_F_ECHO: the requester has it as a reply, and not a second time as a member (E3.9).
    const isEchoed = cause !== undefined && (cause.flags & NLM_F.ECHO) !== 0;
    if (isEchoed) {
      cause.socket.reply(bytes);
      this.#observe(cause.socket, bytes);
    }
    for (const member of this.members) {
      if (!member.groups.has(group) || (isEchoed && member === cause.socket)) continue;
      member.notify(bytes, group);
      this.#observe(member, bytes);
    }
  }

  #observe({ port }: Member, bytes: Uint8Array): void {
    this.tap?.toProgram({ vnet: this.vnet.name, port, protocol: NETLINK.ROUTE }, this.#event?.message.slice(), [
      bytes.slice(),
    ]);
  }
}
