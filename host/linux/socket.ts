// A netlink socket as an unmodified Linux program knows it, in the mode `extended`: requests are processed before send
// returns, and what is read are datagrams (linux-compat E2). Errnos are Linux's.

import { NETLINK, NETLINK_OPTION, NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import { NetlinkError } from "../kernel/kernel.js";
import { Channel, type ChannelState } from "./channel.js";
import { type Datagram, ReceiveQueue, type ReceiveQueueState } from "./datagram.js";
import { Dump, type DumpSource, type DumpState, type SourceState } from "./dump.js";
import { asLinux, LinuxErrno, LinuxError, linuxErrnoOf } from "./errno.js";
import type { GenericGroups, GenericGroupsState, Hear } from "./genericgroups.js";
import { MessageReader } from "./messagereader.js";
import type { Mode } from "./modes.js";
import { LinuxLimit, LinuxSO, LinuxSOL } from "./number.js";
import { type SocketOptionState, SocketOptionTable } from "./options.js";
import { SocketJournal } from "./recorded.js";
import { Refusal } from "./refusal.js";
import { Request, type Requester, type RequestHandler } from "./request.js";
import { messagesIn } from "./rewrite.js";
import type { LinuxVnet } from "./vnet.js";

export type { Datagram } from "./datagram.js";

/** A socket's address: its port id and, as a mask, groups 1 … 32. */
export interface SocketAddress {
  readonly port: number;
  readonly groups: number;
}

export interface LinuxSocketOptions {
  /** SOCK_RAW 3 or SOCK_DGRAM 2. */
  readonly type: number;
  readonly protocol: number;
  /** Process id of the opener (its thread group's): the port id it gets if that is free. */
  readonly pid: number;
  /** CAP_NET_ADMIN. */
  readonly isPrivileged: boolean;
  /** Default: the layer's. */
  readonly mode?: Mode;
}

/** What the layer gives a socket of a protocol. */
export interface SocketProtocol {
  /** Of every request. @throws Refusal */
  readonly handle: RequestHandler;
  /** Listens to groups of the kernel; a protocol without has none of its own. */
  openGroups?(hear: Hear): GenericGroups;
  /** Makes a source of a dump again. */
  loadSource(state: SourceState): DumpSource;
  /** Takes the port, or one of the layer's choice for 0. @throws LinuxError EADDRINUSE */
  openChannel(port: number, options: LinuxSocketOptions): Channel;
}

/** A socket as plain data, and maps and sets of it. */
export interface LinuxSocketState {
  readonly options: SocketOptionState;
  readonly queue: ReceiveQueueState;
  /** Undefined while it has no port, and once it is closed. */
  readonly channel: ChannelState | undefined;
  /** What it hears of the kernel's groups. */
  readonly groups: GenericGroupsState | undefined;
  readonly port: number;
  readonly dump: DumpState | undefined;
  readonly offer: number;
  readonly isOverrun: boolean;
  readonly isClosed: boolean;
}

const NO_GROUPS: ReadonlySet<number> = new Set();

export class LinuxSocket implements Requester {
  readonly vnet: LinuxVnet;
  readonly isPrivileged: boolean;
  /** In order of opening, from 1, over all vnets. */
  readonly number: number;
  readonly #journal: SocketJournal;
  readonly #options: LinuxSocketOptions;
  readonly #protocol: SocketProtocol;
  readonly #table: SocketOptionTable;
  readonly #queue: ReceiveQueue;
  readonly #reader = new MessageReader();
  readonly #groups: GenericGroups | undefined;
  #channel: Channel | undefined;
  #port = 0;
  #dump: Dump | undefined;
  /** Largest receive buffer that the program has offered, in bytes. */
  #offer = 0;
  /** A notification was lost: the next receive says so, once. */
  #isOverrun = false;
  #isClosed = false;

  /** Made by LinuxAbi.socket. */
  constructor(vnet: LinuxVnet, options: LinuxSocketOptions, protocol: SocketProtocol, number: number) {
    this.vnet = vnet;
    this.number = number;
    this.#journal = new SocketJournal(vnet.kernel, vnet.vnet, number);
    this.isPrivileged = options.isPrivileged;
    this.#options = options;
    this.#protocol = protocol;
    this.#table = new SocketOptionTable(options.type, options.protocol, options.isPrivileged);
    this.#queue = new ReceiveQueue(this.#table.receiveLimit);
    this.#groups = protocol.openGroups?.((bytes, group) => this.#hear(bytes, group));
    if (this.#groups !== undefined) vnet.listeners.add(this.#groups);
    vnet.members.add(this);
  }

  // ---- in snapshots

  /** What it was opened with. */
  get opened(): LinuxSocketOptions {
    return this.#options;
  }

  save(): LinuxSocketState {
    return {
      options: this.#table.save(),
      queue: this.#queue.save(),
      channel: this.#isClosed ? undefined : this.#channel?.save(),
      groups: this.#groups?.save(),
      port: this.#port,
      dump: this.#dump?.save(),
      offer: this.#offer,
      isOverrun: this.#isOverrun,
      isClosed: this.#isClosed,
    };
  }

  /** What it was, whatever became of it since. The kernel's sockets are as they were then. */
  load({ options, queue, channel, groups, port, dump, offer, isOverrun, isClosed }: LinuxSocketState): void {
    this.#table.load(options);
    this.#queue.load(queue);
    this.#queue.limit = this.#table.receiveLimit;
    this.#channel = channel && Channel.load(this.vnet.kernel, channel);
    if (groups !== undefined) this.#groups?.load(groups);
    this.#port = port;
    this.#dump = dump && this.#loadDump(dump);
    this.#offer = offer;
    this.#isOverrun = isOverrun;
    this.#isClosed = isClosed;
    this.#leave();
    if (isClosed) return;
    this.vnet.members.add(this);
    if (this.#groups !== undefined) this.vnet.listeners.add(this.#groups);
  }

  #loadDump(state: DumpState): Dump {
    const dump = Dump.load(state, this.#protocol.loadSource(state.source));
    const of = { vnet: this.vnet.vnet.name, port: this.#port, protocol: this.protocol };
    if (this.vnet.tap !== undefined) {
      dump.observer = (before, after) => this.vnet.tap?.toProgram(of, before, messagesIn(after));
    }
    return dump;
  }

  /** It is not there any more: what it held in the kernel is gone already. */
  forget(): void {
    this.#isClosed = true;
    this.#dump = undefined;
    this.#channel = undefined;
    this.#leave();
  }

  #leave(): void {
    this.vnet.members.delete(this);
    if (this.#groups !== undefined) this.vnet.listeners.delete(this.#groups);
  }

  // ---- as requester and member

  get port(): number {
    return this.#port;
  }
  get protocol(): number {
    return this.#options.protocol;
  }
  get pid(): number {
    return this.#options.pid;
  }
  get groups(): ReadonlySet<number> {
    // Those that the layer tells of interfaces, routes and the like.
    return this.protocol === NETLINK.ROUTE ? this.#table.groups : NO_GROUPS;
  }
  get channel(): Channel {
    this.#autobind();
    return this.#channel as Channel;
  }
  get hasExtAck(): boolean {
    return this.#table.isOn(NETLINK_OPTION.EXT_ACK);
  }
  get hasCapAck(): boolean {
    return this.#table.isOn(NETLINK_OPTION.CAP_ACK);
  }
  get isStrict(): boolean {
    return this.#table.isOn(NETLINK_OPTION.GET_STRICT_CHK);
  }
  get isDumping(): boolean {
    return this.#dump !== undefined;
  }

  reply(bytes: Uint8Array): void {
    const kept = this.#filtered(bytes);
    if (kept !== undefined) this.#queue.push(kept);
  }

  notify(bytes: Uint8Array, group: number): void {
    const kept = this.#filtered(bytes);
    if (kept === undefined) return;
    if (this.#queue.fits(kept.length)) this.#queue.push(kept, group);
    else if (!this.#table.isOn(NETLINK_OPTION.NO_ENOBUFS)) this.#isOverrun = true;
  }

  /** A notification of the kernel that passes as it is. */
  #hear(bytes: Uint8Array, group: number): void {
    this.notify(bytes, group);
    const { port, protocol, vnet } = this;
    vnet.tap?.toProgram({ vnet: vnet.vnet.name, port, protocol }, bytes.slice(), [bytes.slice()]);
  }

  /** What the attached filter leaves of a datagram: undefined for nothing. */
  #filtered(bytes: Uint8Array): Uint8Array | undefined {
    const { filter } = this.#table;
    if (filter === undefined) return bytes;
    const length = filter.run(bytes);
    return length === 0 ? undefined : bytes.subarray(0, length);
  }

  startDump(dump: Dump): void {
    this.#dump = dump;
    this.#makeChunk();
  }

  /** Makes the next datagram of the dump, as Linux does inside a receive while the queue is at most half full. */
  #continueDump(): void {
    // One datagram of the dump is queued at most: its bytes are the dump's, which has room for two. One that the program's
    // filter drops is not the last.
    while (this.#dump !== undefined && this.#queue.isEmpty && this.#queue.hasRoomForDump) this.#makeChunk();
  }

  #makeChunk(): void {
    const dump = this.#dump;
    if (dump === undefined) return;
    const bytes = dump.chunk(this.#offer);
    if (dump.isOver) this.#dump = undefined;
    const kept = this.#filtered(bytes);
    if (kept !== undefined) this.#queue.push(kept, 0, true);
  }

  // ---- calls

  /**
   * Takes a port and sets groups 1 … 32 to exactly a mask.
   * @param port - 0 leaves the choice to the layer: the process id if it is free, else one from 0x80000000 on
   * @throws LinuxError EINVAL bound already to another port, also when the choice is left to the layer; EADDRINUSE
   */
  bind(port: number, groups: number): void {
    this.#journal.do("bind", [port, groups], () => {
      this.#open("bind");
      if (this.#channel !== undefined && port !== this.#port) throw new LinuxError("bind", LinuxErrno.EINVAL);
      if (this.#channel === undefined) this.#take(port);
      this.#table.setGroupMask(groups);
      asLinux("bind", () => this.#groups?.follow(this.#table.groups));
    });
  }

  /** Binds, if it is not yet; where to is what send is for. @throws LinuxError EADDRINUSE */
  connect(port: number, groups: number): void {
    this.#journal.do("connect", [port, groups], () => {
      this.#open("connect");
      this.#autobind();
    });
  }

  #autobind(): void {
    if (this.#channel === undefined) this.#take(0);
  }

  #take(port: number): void {
    this.#channel = asLinux("bind", () => this.#protocol.openChannel(port, this.#options));
    this.#port = this.#channel.socket.getsockname().port;
  }

  getsockname(): SocketAddress {
    this.#open("getsockname");
    return { port: this.#port, groups: this.#table.groupMask };
  }

  /** The kernel, to which every socket talks. */
  getpeername(): SocketAddress {
    this.#open("getpeername");
    return { port: 0, groups: 0 };
  }

  /**
   * @param value - bytes of the value; of SO_ATTACH_FILTER the instructions themselves
   * @throws LinuxError ENOPROTOOPT, EINVAL, EPERM, ENOENT
   */
  setsockopt(level: number, option: number, value: Uint8Array): void {
    this.#journal.do("setsockopt", [level, option, value], () => {
      this.#open("setsockopt");
      this.#table.set(level, option, value);
      this.#queue.limit = this.#table.receiveLimit;
      asLinux("setsockopt", () => this.#groups?.follow(this.#table.groups));
    });
  }

  /** @param room - bytes the program has. @throws LinuxError ENOPROTOOPT, EINVAL */
  getsockopt(level: number, option: number, room: number): Uint8Array {
    return this.#journal.perform("getsockopt", [level, option, room], () => this.#option(level, option, room));
  }

  #option(level: number, option: number, room: number): Uint8Array {
    this.#open("getsockopt");
    if (level === LinuxSOL.SOCKET && option === LinuxSO.ERROR) {
      const errno = this.#isOverrun ? LinuxErrno.ENOBUFS : 0;
      this.#isOverrun = false;
      return Uint8Array.of(errno, 0, 0, 0);
    }
    return this.#table.get(level, option, room);
  }

  /**
   * Processes any number of messages; their answers are queued when it returns.
   * @param destination - a port other than 0 is another program, and none listens
   * @returns the number of bytes
   * @throws LinuxError ENODATA nothing to send; EADDRINUSE when no port is left; EMSGSIZE above SO_SNDBUF; ECONNREFUSED
   */
  send(bytes: Uint8Array, destination: SocketAddress = { port: 0, groups: 0 }): number {
    return this.#journal.perform("send", [bytes, { ...destination }], () => this.#put(bytes, destination));
  }

  #put(bytes: Uint8Array, destination: SocketAddress): number {
    this.#open("send");
    if (bytes.length === 0) throw new LinuxError("send", LinuxErrno.ENODATA);
    this.#autobind();
    if (bytes.length > this.#table.sendLimit - LinuxLimit.SNDBUF_OVERHEAD) {
      throw new LinuxError("send", LinuxErrno.EMSGSIZE);
    }
    if (destination.port !== 0) throw new LinuxError("send", LinuxErrno.ECONNREFUSED);
    this.vnet.settle();
    // What the program sent is echoed in errors, perhaps after its buffer has changed.
    this.#reader.use(bytes.slice());
    // A tail that is no whole message is ignored: iproute2 sends one of zeros (E3.1).
    for (let at = 0; this.#reader.seek(at); at = this.#reader.next) this.#process();
    return bytes.length;
  }

  #process(): void {
    const { flags, type } = this.#reader;
    if ((flags & NLM_F.REQUEST) === 0 || type < NLMSG.MIN_TYPE) {
      if (flags & NLM_F.ACK) new Request(this, this.#reader).finish(undefined);
      return;
    }
    const request = new Request(this, this.#reader);
    let refusal: Refusal | undefined;
    try {
      this.#protocol.handle(request);
    } catch (error) {
      // What the kernel refuses the layer itself, as memory, is the answer too.
      if (error instanceof NetlinkError) refusal = new Refusal(linuxErrnoOf(error.errno));
      else if (error instanceof Refusal) refusal = error;
      else throw error;
    }
    this.vnet.settle(request.cause);
    request.finish(refusal);
  }

  /**
   * Takes the next datagram off the queue. It counts against the receive limit until `taken` has its bytes. Those of a dump
   * last until the next call.
   * @param offer - largest buffer that the program has offered in a receive with data, in bytes: it sizes the datagrams of
   *   dumps
   * @returns undefined when nothing is queued
   * @throws LinuxError ENOBUFS, once, when a notification was lost
   */
  receive(offer: number): Datagram | undefined {
    let datagram: Datagram | undefined;
    this.#journal.perform("receive", [offer], () => {
      datagram = this.#next(offer);
      return datagram && { ...datagram };
    });
    return datagram;
  }

  #next(offer: number): Datagram | undefined {
    this.#open("recv");
    this.vnet.settle();
    if (this.#isOverrun) {
      this.#isOverrun = false;
      throw new LinuxError("recv", LinuxErrno.ENOBUFS);
    }
    this.#offer = Math.max(this.#offer, Math.min(offer, LinuxLimit.OFFER));
    if (this.#queue.isEmpty) this.#continueDump();
    const datagram = this.#queue.shift();
    this.#continueDump();
    return datagram;
  }

  /** The program has bytes of what `receive` gave, in order. */
  taken(bytes: number): void {
    this.#journal.do("taken", [bytes], () => this.#queue.taken(bytes));
  }

  /** Whether a receive would give something: a datagram, a part of a dump, or an error. */
  get isReadable(): boolean {
    if (this.#isClosed) return false;
    this.vnet.settle();
    return !this.#queue.isEmpty || this.#isOverrun || (this.#dump !== undefined && this.#queue.hasRoomForDump);
  }

  /** A second close does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#journal.do("close", [], () => {
      this.#isClosed = true;
      this.#dump?.close();
      this.#dump = undefined;
      this.#leave();
      this.#groups?.close();
      this.#channel?.close();
      this.vnet.owner.socketClosed(this.number);
    });
  }

  #open(operation: string): void {
    if (this.#isClosed) throw new LinuxError(operation, LinuxErrno.EBADF);
  }
}
