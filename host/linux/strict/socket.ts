// A netlink socket as a Linux program has it on FreeBSD, in the mode `strict`: one socket of the kernel, whose messages are
// rewritten both ways (linux-compat Part 1). Requests are processed by the socket's task, later; what is read is a stream
// of whole messages, so that each receive of the program has to be made here (receiveMessages), and none ahead of it.

import { FIO, NETLINK, NETLINK_OPTION, SOL } from "../../../assembly/abi/netlink.js";
import { RTNLGRP } from "../../../assembly/abi/rtnetlink.js";
import { Errno, NetlinkError, type Socket } from "../../kernel/kernel.js";
import type { Datagram } from "../datagram.js";
import { asLinux, LinuxErrno, LinuxError, linuxErrnoOf } from "../errno.js";
import { MessageReader } from "../messagereader.js";
import { LinuxMSG, LinuxSOL } from "../number.js";
import { SocketJournal } from "../recorded.js";
import type { Observed, Tap } from "../rewrite.js";
import type { LinuxSocketOptions, SocketAddress } from "../socket.js";
import type { LinuxVnet } from "../vnet.js";
import { checkControl } from "./control.js";
import { type StrictOptionState, StrictOptions } from "./options.js";
import { type Reading, StrictReader } from "./reading.js";
import { freebsdAddressOf, linuxAddressOf } from "./sockaddr.js";
import { asksForLinks, noteFailure, rewriteRequest } from "./tokernel.js";
import { ETHERNET_NAME_BYTES, LINK_GROWTH } from "./toprogram.js";
import { Untaken, type UntakenState } from "./untaken.js";

/** How FreeBSD's layer is. */
export interface StrictRules {
  /** As FreeBSD 14's. */
  readonly is14: boolean;
  /** compat.linux.use_real_ifnames */
  readonly usesRealNames: boolean;
}

/** What came with the bytes of a send. */
export interface StrictSend {
  /** MSG_*, Linux's. */
  readonly flags?: number;
  /** Control data as the program gave it. What is only known to be there is taken for credentials, and dropped. */
  readonly control?: Uint8Array;
  readonly hasControl?: boolean;
  /** As long as the program said. */
  readonly address?: Uint8Array | undefined;
}

/** A receive as the program made it. */
export interface StrictReceive {
  /** Bytes of all its buffers. */
  readonly room: number;
  /** MSG_*, Linux's. */
  readonly flags: number;
  /** Bytes of room for control data, of which there is none. */
  readonly control?: number;
  /** Bytes of room for the sender's address. */
  readonly name: number;
}

/** What it gave. */
export interface StrictReceived {
  /** What recvmsg returns: with MSG_TRUNC more than the bytes, where there was no room for a message. */
  readonly result: number;
  /** The flags that went in: that a message was cut is not told (L10.9). */
  readonly flags: number;
  /** Valid until the next call. */
  readonly bytes: Uint8Array;
  readonly name: Uint8Array;
  readonly control: Uint8Array;
}

/** A socket as plain data, and maps and sets of it. */
export interface StrictSocketState {
  /** Number of the kernel's socket. */
  readonly socket: number;
  readonly isClosed: boolean;
  readonly options: StrictOptionState;
  readonly untaken: UntakenState;
  readonly isLinkMember: boolean;
  readonly mayGrow: boolean;
}

const NOTHING = new Uint8Array(0);
/** Ports that connect tries, from the process id on (nl_autobind_port). */
const AUTOBIND_TRIES = 10;
const INT_MAX = 0x7fffffff;
/** LINUX_SOCK_TYPE_MASK, LINUX_SOCK_MAX, and SOCK_CLOEXEC and SOCK_NONBLOCK, which are the descriptor's matter. */
const TYPE_MASK = 0xf;
const TYPE_MAX = 10;
const TYPE_FLAGS = 0x80000 | 0x800;
/** FIONREAD */
const IOCTL_QUEUED = 0x541b;

export class StrictSocket {
  readonly vnet: LinuxVnet;
  /** In order of opening, from 1, over all vnets. */
  readonly number: number;
  readonly #journal: SocketJournal;
  readonly #options: LinuxSocketOptions;
  readonly #rules: StrictRules;
  readonly #socket: Socket;
  readonly #table: StrictOptions;
  readonly #reader: StrictReader;
  readonly #request = new MessageReader();
  readonly #untaken = new Untaken();
  /** A member of the links' group has links to read at any time. */
  #isLinkMember = false;

  /** Made by LinuxAbi. @param socket - the kernel's */
  constructor(vnet: LinuxVnet, options: LinuxSocketOptions, rules: StrictRules, number: number, socket: Socket) {
    this.vnet = vnet;
    this.number = number;
    this.#journal = new SocketJournal(vnet.kernel, vnet.vnet, number);
    this.#options = options;
    this.#rules = rules;
    this.#socket = socket;
    vnet.strictSockets.add(this);
    this.#table = new StrictOptions(this.#socket);
    this.#reader = new StrictReader(this.#socket, this.#isRoute, (index, name, type) =>
      vnet.names.plainOf(index, name, type, rules.is14),
    );
  }

  /** The kernel's socket of a new one. @throws NetlinkError what socket(2) is refused with; LinuxError EINVAL */
  static open({ vnet }: LinuxVnet, options: LinuxSocketOptions, rules: StrictRules): Socket {
    return vnet.socket({
      type: freebsdTypeOf(options.type),
      protocol: options.protocol,
      pid: options.pid,
      cred: { uid: options.isPrivileged ? 0 : 1 },
      foreign: {
        linkGrowth: LINK_GROWTH,
        ethernetNameBytes: rules.usesRealNames ? 0 : ETHERNET_NAME_BYTES,
        losesDepartures: rules.is14,
      },
    });
  }

  get #isRoute(): boolean {
    return this.#options.protocol === NETLINK.ROUTE;
  }

  // ---- in snapshots

  /** What it was opened with. */
  get opened(): LinuxSocketOptions {
    return this.#options;
  }

  save(): StrictSocketState {
    return {
      socket: this.#socket.number,
      isClosed: this.#socket.isClosed,
      options: this.#table.save(),
      untaken: this.#untaken.save(),
      isLinkMember: this.#isLinkMember,
      mayGrow: this.#reader.mayGrow,
    };
  }

  /** What it was, whatever became of it since. The kernel's socket is as it was then. */
  load({ isClosed, options, untaken, isLinkMember, mayGrow }: StrictSocketState): void {
    this.#table.load(options);
    this.#untaken.load(untaken);
    this.#isLinkMember = isLinkMember;
    this.#reader.mayGrow = mayGrow;
    if (isClosed) this.vnet.strictSockets.delete(this);
    else this.vnet.strictSockets.add(this);
  }

  /** It is not there any more, as the kernel's socket. */
  forget(): void {
    this.vnet.strictSockets.delete(this);
  }

  // ---- calls

  /**
   * Takes a port and sets groups 1 … 32 to exactly a mask.
   * @param address - a port, 0 letting the kernel choose; or a sockaddr_nl as the program gave it
   * @throws LinuxError EINVAL bound already to another port, or a length that is impossible; EADDRINUSE; EAFNOSUPPORT
   */
  bind(address: number | Uint8Array, groups = 0): void {
    this.#journal.do("bind", [address, groups], () => {
      if (typeof address === "number") {
        asLinux("bind", () => this.#socket.bind(address, groups));
      } else {
        const converted = freebsdAddressOf("bind", address);
        asLinux("bind", () => this.#socket.bind(converted));
      }
      this.#noteGroups();
    });
  }

  /**
   * Binds, if it is not yet, to the process id or one of the nine numbers after it; the address makes no difference.
   * @throws LinuxError EADDRINUSE; EINVAL, EAFNOSUPPORT for the address
   */
  connect(address: number | Uint8Array, groups = 0): void {
    this.#journal.do("connect", [address, groups], () => this.#connect(address));
  }

  #connect(address: number | Uint8Array): void {
    if (typeof address !== "number") freebsdAddressOf("connect", address);
    if (asLinux("connect", () => this.#socket.getsockname()).port !== 0) return;
    const groups = this.#socket.getsockopt(SOL.NETLINK, NETLINK_OPTION.LIST_MEMBERSHIPS);
    for (let i = 0; i < AUTOBIND_TRIES; i++) {
      try {
        this.#socket.bind((this.#options.pid + i) >>> 0, groups);
        return;
      } catch (error) {
        if (!(error instanceof NetlinkError)) throw error;
        if (error.errno !== Errno.EADDRINUSE) throw new LinuxError("connect", linuxErrnoOf(error.errno));
      }
    }
    throw new LinuxError("connect", LinuxErrno.EADDRINUSE);
  }

  /** nl_groups is always 0. */
  getsockname(): SocketAddress {
    return { port: asLinux("getsockname", () => this.#socket.getsockname()).port, groups: 0 };
  }

  /** @throws LinuxError EOPNOTSUPP */
  getpeername(): never {
    return asLinux("getpeername", () => this.#socket.getpeername());
  }

  /** @throws LinuxError ENOPROTOOPT, EINVAL, ERANGE, EPERM, ENOBUFS, EDOM */
  setsockopt(level: number, option: number, value: Uint8Array): void {
    this.#journal.do("setsockopt", [level, option, value], () => {
      this.#table.set(level, option, value);
      if (level === LinuxSOL.NETLINK) this.#noteGroups();
    });
  }

  /** @param room - bytes the program has. @throws LinuxError EINVAL, ENOPROTOOPT */
  getsockopt(level: number, option: number, room: number): Uint8Array {
    return this.#journal.perform("getsockopt", [level, option, room], () => this.#table.get(level, option, room));
  }

  #noteGroups(): void {
    const groups = this.#socket.getsockopt(SOL.NETLINK, NETLINK_OPTION.LIST_MEMBERSHIPS);
    this.#isLinkMember = this.#isRoute && (groups & (1 << (RTNLGRP.LINK - 1))) !== 0;
    this.#reader.mayGrow ||= this.#isLinkMember;
  }

  /** Links that were asked for are read: from here on there are none, unless they are asked for again. */
  #forgetLinks(): void {
    const isWaiting = this.#reader.queuedBytes > 0 || this.#socket.ioctl(FIO.NWRITE) > 0;
    if (!this.#isLinkMember && !isWaiting) this.#reader.mayGrow = false;
  }

  /**
   * Queues any number of messages for the socket's task.
   * @param how - a destination, which makes no difference; or what else came with the bytes
   * @returns the number of bytes
   * @throws LinuxError ENOBUFS below 16 bytes; EMSGSIZE; EAGAIN no room until what was sent is processed; EOPNOTSUPP
   *   MSG_OOB; EINVAL, EAFNOSUPPORT for the address; EINVAL control data of another kind than rights and credentials
   */
  send(bytes: Uint8Array, how: SocketAddress | StrictSend = {}): number {
    return this.#journal.perform("send", [bytes, { ...how }], () => this.#put(bytes, how));
  }

  #put(bytes: Uint8Array, how: SocketAddress | StrictSend): number {
    const { flags = 0, control = NOTHING, address = undefined } = "port" in how ? {} : how;
    if (flags & LinuxMSG.OOB) throw new LinuxError("send", LinuxErrno.EOPNOTSUPP);
    checkControl(control);
    if (address !== undefined) freebsdAddressOf("send", address);
    if (this.#reader.mayGrow && !this.#socket.isClosed) this.#forgetLinks();
    const rewritten = new Uint8Array(bytes);
    const observed = this.#rewriteRequests(rewritten);
    const sent = asLinux("send", () => this.#socket.send(rewritten));
    for (const tell of observed) tell();
    return sent;
  }

  /** @returns what the tap is to be told when the send has succeeded */
  #rewriteRequests(bytes: Uint8Array): (() => void)[] {
    const message = this.#request;
    const { tap } = this.vnet;
    const observed: (() => void)[] = [];
    message.use(bytes);
    for (let at = 0; message.seek(at); at = message.next) {
      const before = tap && message.message.slice();
      const errno = this.#isRoute ? rewriteRequest(message, this.#rules.is14) : 0;
      if (this.#isRoute && asksForLinks(message)) this.#reader.mayGrow = true;
      if (tap !== undefined && before !== undefined) observed.push(this.#observe(tap, before, errno));
      noteFailure(message, errno);
    }
    return observed;
  }

  /** The message as the kernel's handler sees it, with the socket's port. */
  #observe(tap: Tap, before: Uint8Array, errno: Errno): () => void {
    const of = this.#observed;
    noteFailure(this.#request, of.port);
    const after = [this.#request.message.slice()];
    const refused = errno === 0 ? undefined : linuxErrnoOf(errno);
    return () => {
      tap.toKernel(of, before, after, refused);
    };
  }

  /** Whose messages the tap is told of. */
  get #observed(): Observed {
    return { vnet: this.vnet.vnet.name, port: this.#socket.getsockname().port, protocol: this.#options.protocol };
  }

  /**
   * One receive with this much room and no flag.
   * @returns undefined when nothing is queued
   */
  receive(offer: number): Datagram | undefined {
    try {
      const { bytes } = this.receiveMessages({ room: offer, flags: 0, name: 0 });
      return { bytes, port: 0, groups: 0, group: 0 };
    } catch (error) {
      if (error instanceof LinuxError && error.errno === LinuxErrno.EAGAIN) return undefined;
      throw error;
    }
  }

  /** What was received is off the queue already: nothing is read ahead. */
  taken(_bytes: number): void {}

  /** No dump goes on by itself. */
  get isDumping(): boolean {
    return false;
  }

  /**
   * recvmsg as the program made it: the flags PEEK and TRUNC count.
   * @throws LinuxError EAGAIN nothing is queued; ENOBUFS no memory to look at a dump, and nothing is lost
   */
  receiveMessages(how: StrictReceive): StrictReceived {
    let received: StrictReceived | undefined;
    this.#journal.perform("receiveMessages", [{ ...how }], () => {
      received = this.#receive(how);
      return { ...received };
    });
    return received as unknown as StrictReceived;
  }

  #receive({ room, flags, name }: StrictReceive): StrictReceived {
    this.vnet.settle();
    const request = { room, isPeek: (flags & LinuxMSG.PEEK) !== 0, isTrunc: (flags & LinuxMSG.TRUNC) !== 0 };
    const { result, bytes } = this.#untaken.read(request) ?? this.#read(request);
    return { result, flags, bytes, name: linuxAddressOf(0).subarray(0, name), control: NOTHING };
  }

  #read(request: { room: number; isPeek: boolean; isTrunc: boolean }): Reading {
    const { tap } = this.vnet;
    const of = tap && this.#observed;
    this.#reader.observer = of && ((before, after) => tap?.toProgram(of, before, after === undefined ? [] : [after]));
    this.#untaken.note(undefined);
    const reading = asLinux("recv", () => this.#reader.read(request));
    if (!request.isPeek) this.#untaken.note(reading.bytes);
    return reading;
  }

  /** What the last receive gave never reached the program: the next one gives it. */
  untake(): void {
    this.#journal.do("untake", [], () => this.#untaken.giveBack());
  }

  /** Bytes to read, in their rewritten form (FIONREAD). */
  get queuedBytes(): number {
    return Math.min(this.#reader.queuedBytes + this.#untaken.bytes, INT_MAX);
  }

  /** FIONREAD; a netlink socket has no other. @throws LinuxError EOPNOTSUPP */
  ioctl(request: number): number {
    if (request !== IOCTL_QUEUED) throw new LinuxError("ioctl", LinuxErrno.EOPNOTSUPP);
    return this.queuedBytes;
  }

  get isReadable(): boolean {
    return !this.#socket.isClosed && (this.#untaken.bytes > 0 || this.#socket.poll().readable);
  }

  get isWritable(): boolean {
    return !this.#socket.isClosed && this.#socket.poll().writable;
  }

  /** A second close does nothing. */
  close(): void {
    if (this.#socket.isClosed) return;
    this.#journal.do("close", [], () => {
      this.vnet.strictSockets.delete(this);
      this.#socket.close();
      this.vnet.owner.socketClosed(this.number);
    });
  }
}

/**
 * The type of a socket(2) without its flags (L10.2).
 * @throws LinuxError EINVAL a type or a flag that Linux does not have
 */
function freebsdTypeOf(type: number): number {
  const plain = type & TYPE_MASK;
  if (plain > TYPE_MAX || (type & ~TYPE_MASK & ~TYPE_FLAGS) !== 0) throw new LinuxError("socket", LinuxErrno.EINVAL);
  return plain;
}
