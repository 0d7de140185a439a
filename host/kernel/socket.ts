// A netlink socket, as a program sees it. No call blocks: where FreeBSD would wait, the answer is EAGAIN.

import { Errno } from "../../assembly/abi/errno.js";
import { ReceiveLayout } from "../../assembly/abi/exchange.js";
import { MSG, NetlinkSize } from "../../assembly/abi/netlink.js";
import type { Core } from "./core.js";
import { expectSuccess, NetlinkError } from "./errno.js";
import type { Journal, Target } from "./log.js";
import type { RelayPort } from "./relay.js";

export interface SendOptions {
  /** MSG bits: OOB is refused, the others make no difference. */
  readonly flags?: number;
  /** Control data came with the message; it is refused. */
  readonly control?: boolean;
  /** A destination address; its contents are ignored, its length is checked. */
  readonly address?: Uint8Array;
}

export interface ReceiveOptions {
  /** MSG bits: PEEK and TRUNC. */
  readonly flags?: number;
  /** Bytes of room for control data. Default 0. */
  readonly control?: number;
  /** Bytes of room for the sender's address. Default 12. */
  readonly name?: number;
  /** Of a look that is no receive of a program's: what there is room for now is processed at the next call. */
  readonly isLook?: boolean;
}

export interface ReceivedMessage {
  /** What recvmsg returns: more than the bytes copied where MSG_TRUNC asks for it. */
  readonly length: number;
  /** Bytes that were copied. */
  readonly copied: number;
  /** The flags given, and MSG.TRUNC for a cut message, MSG.CTRUNC for cut control data. */
  readonly flags: number;
  /** sockaddr_nl of the kernel. */
  readonly name: Uint8Array;
  readonly control: Uint8Array;
}

export interface SocketName {
  readonly family: number;
  /** nl_pid; 0 while the socket is unbound. */
  readonly port: number;
  readonly groups: number;
  readonly bytes: Uint8Array;
}

export interface Readiness {
  readonly readable: boolean;
  readonly writable: boolean;
}

/** What a socket needs of its vnet. */
export interface SocketOwner {
  /** @throws NetlinkError ENXIO when the vnet is destroyed */
  readonly core: Core;
  /** @throws NetlinkError ENXIO when the vnet is destroyed */
  readonly journal: Journal;
  /** @throws NetlinkError ENXIO when the vnet is destroyed */
  expectAlive(): void;
  /** Messages that the core processes on its own after a send or a receive: all, or none when the kernel is stepped. */
  readonly budget: number;
  /** Before and after a call that processes messages: what vnets have in common is brought up to date, and carried over. */
  readonly port: RelayPort;
  forget(socket: Socket): void;
}

/** Offsets in a sockaddr_nl. */
const SOCKADDR_PORT = 4;
const SOCKADDR_GROUPS = 8;
const SOCKADDR_MIN = 2;
const SOCKADDR_MAX = 255;
const NOTHING = new Uint8Array(0);
const NO_OPTIONS: SendOptions = {};

/** A socket as plain data. */
export interface SocketState {
  readonly number: number;
  /** The name of its vnet. */
  readonly vnet: string;
  /** Address of the core's record; 0 of a closed one, which is kept while the kernel records. */
  readonly handle: number;
  readonly protocol: number;
}

export class Socket {
  /** In order of opening, from 1, over all vnets of its kernel. */
  readonly number: number;
  /** NETLINK_ROUTE, NETLINK_GENERIC and so on. */
  readonly protocol: number;
  readonly #owner: SocketOwner;
  // Kept here as well, because each send and each receive needs them; #open refuses those of a destroyed vnet.
  readonly #core: Core;
  readonly #port: RelayPort;
  readonly #isRecorded: boolean;
  /** Address of the core's record; 0 once closed. */
  #handle: number;
  readonly #target: Target & { readonly vnet: string };

  /** Made by Vnet.socket, and when a snapshot is put back. */
  constructor(owner: SocketOwner, { number, vnet, handle, protocol }: SocketState) {
    this.#owner = owner;
    this.#core = owner.core;
    this.#port = owner.port;
    this.#isRecorded = owner.journal.isOn;
    this.#handle = handle;
    this.number = number;
    this.protocol = protocol;
    this.#target = { vnet, socket: number };
  }

  get #journal(): Journal {
    return this.#owner.journal;
  }

  get isClosed(): boolean {
    return this.#handle === 0;
  }

  belongsTo(owner: SocketOwner): boolean {
    return this.#owner === owner;
  }

  /** The name of its vnet. */
  get vnet(): string {
    return this.#target.vnet;
  }

  save(): SocketState {
    return { number: this.number, vnet: this.#target.vnet, handle: this.#handle, protocol: this.protocol };
  }

  /** A snapshot was put back, in which the socket has this record, or with 0 is closed, or was not opened yet. */
  restore(handle: number): void {
    this.#handle = handle;
  }

  #open(operation: string): number {
    this.#owner.expectAlive();
    if (this.#handle === 0) throw new NetlinkError(operation, Errno.EBADF);
    return this.#handle;
  }

  /**
   * Takes a port and sets groups 1 … 32 to exactly a mask.
   * @param address - a port, 0 letting the kernel choose (the process id if it is free, else one of 262,144 … 327,679);
   *   or a sockaddr_nl as a program gives it, of which the length, nl_pid and nl_groups count
   * @param groups - nl_groups, with a port
   * @throws NetlinkError EINVAL bound already to another port, wrong length; EADDRINUSE; ENAMETOOLONG
   */
  bind(address: number | Uint8Array, groups = 0): void {
    this.#journal.perform("bind", this.#target, [address, groups], () => {
      const socket = this.#open("bind");
      const [bytes, port, mask] =
        typeof address === "number"
          ? [NetlinkSize.SOCKADDR_NL, address, groups]
          : [address.length, wordAt(address, SOCKADDR_PORT), wordAt(address, SOCKADDR_GROUPS)];
      expectSuccess("bind", this.#core.call.socketBind(socket, bytes, port, mask));
    });
  }

  /**
   * Never works: a netlink socket counts as connected.
   * @param address - a sockaddr, of which only the length counts
   * @throws NetlinkError EISCONN; EINVAL below 2 bytes; ENAMETOOLONG above 255
   */
  connect(address: Uint8Array = new Uint8Array(NetlinkSize.SOCKADDR_NL)): never {
    this.#journal.perform("connect", this.#target, [address], () => {
      this.#open("connect");
      expectSuccess("connect", this.#core.call.socketConnect(address.length));
    });
    throw new NetlinkError("connect", Errno.EISCONN);
  }

  getsockname(): SocketName {
    this.#core.call.socketName(this.#open("getsockname"));
    const { data, exchange } = { data: this.#core.views.data, exchange: this.#core.exchange };
    return {
      family: data.getUint8(exchange + 1),
      port: data.getUint32(exchange + 4, true),
      groups: data.getUint32(exchange + 8, true),
      bytes: this.#core.views.bytes.slice(exchange, exchange + NetlinkSize.SOCKADDR_NL),
    };
  }

  /** The socket is connected to nobody, and the protocol has no such operation. @throws NetlinkError EOPNOTSUPP */
  getpeername(): never {
    this.#open("getpeername");
    throw new NetlinkError("getpeername", Errno.EOPNOTSUPP);
  }

  /** @throws NetlinkError EOPNOTSUPP */
  listen(): never {
    this.#open("listen");
    throw new NetlinkError("listen", Errno.EOPNOTSUPP);
  }

  /** @throws NetlinkError EINVAL: the socket does not listen */
  accept(): never {
    this.#open("accept");
    throw new NetlinkError("accept", Errno.EINVAL);
  }

  /** @param how - 0, 1, 2. @throws NetlinkError EOPNOTSUPP, EINVAL for another number */
  shutdown(how: number): never {
    this.#open("shutdown");
    throw new NetlinkError("shutdown", how >= 0 && how <= 2 ? Errno.EOPNOTSUPP : Errno.EINVAL);
  }

  /**
   * @param value - an int, or its bytes: fewer than 4 are refused, of more the first 4 count
   * @throws NetlinkError ENOPROTOOPT, EINVAL, ERANGE, EPERM, ENOBUFS
   */
  setsockopt(level: number, option: number, value: number | Uint8Array): void {
    this.#journal.perform("setsockopt", this.#target, [level, option, value], () => {
      const socket = this.#open("setsockopt");
      const [number, bytes] = typeof value === "number" ? [value, 4] : [wordAt(value, 0), value.length];
      expectSuccess("setsockopt", this.#core.call.socketSetOption(socket, level, option, number, bytes));
    });
  }

  /** @throws NetlinkError ENOPROTOOPT */
  getsockopt(level: number, option: number): number {
    expectSuccess("getsockopt", this.#core.call.socketGetOption(this.#open("getsockopt"), level, option));
    return this.#core.views.data.getUint32(this.#core.exchange, true);
  }

  /**
   * Queues bytes, any number of messages, for the socket's task.
   * @returns their number
   * @throws NetlinkError ENOBUFS below 16 bytes; EMSGSIZE above SO_SNDBUF; EAGAIN no room until what was sent is
   *   processed; EINVAL control data; EOPNOTSUPP MSG_OOB; ENAMETOOLONG
   */
  send(bytes: Uint8Array, options: SendOptions = NO_OPTIONS): number {
    if (!this.#isRecorded) return this.#put(bytes, options);
    return this.#journal.perform("send", this.#target, [bytes, options === NO_OPTIONS ? options : { ...options }], () =>
      this.#put(bytes, options),
    );
  }

  #put(bytes: Uint8Array, options: SendOptions): number {
    const socket = this.#open("send");
    const address = options.address;
    if (address !== undefined) {
      if (address.length > SOCKADDR_MAX) throw new NetlinkError("send", Errno.ENAMETOOLONG);
      if (address.length < SOCKADDR_MIN) throw new NetlinkError("send", Errno.EINVAL);
    }
    const call = this.#core.call;
    const reserved = call.socketReserve(socket, bytes.length, options.flags ?? 0, options.control ? 1 : 0);
    const place = expectSuccess("send", reserved);
    this.#core.views.bytes.set(bytes, place);
    this.#port.prepare();
    call.socketSend(socket, this.#owner.budget);
    this.#port.settle();
    return bytes.length;
  }

  /**
   * Reads whole messages, as many as fit, over all that is queued.
   * @param flags - MSG.PEEK, MSG.TRUNC
   * @returns as recvmsg's length
   * @throws NetlinkError EAGAIN nothing queued; ENOBUFS no memory to look at a dump, and nothing is lost
   */
  recv(into: Uint8Array, flags = 0): number {
    if (this.#isRecorded) return this.#receive(into, { flags, control: 0, name: 0, isLook: false }).length;
    const socket = this.#open("recv");
    const copied = this.#copy(socket, into, flags, this.#owner.budget);
    const excess = flags & MSG.TRUNC ? this.#received(ReceiveLayout.EXCESS) : 0;
    return copied + excess;
  }

  /** As recv, with the sender's address and control data. */
  recvmsg(into: Uint8Array, options: ReceiveOptions = {}): ReceivedMessage {
    const { flags = 0, control = 0, name = NetlinkSize.SOCKADDR_NL, isLook = false } = options;
    return this.#receive(into, { flags, control, name, isLook });
  }

  #receive(into: Uint8Array, options: Required<ReceiveOptions>): ReceivedMessage {
    const { flags, control, name, isLook } = options;
    const given = [into.length, flags, control, name];
    let message: ReceivedMessage | undefined;
    this.#journal.perform("recvmsg", this.#target, isLook ? [...given, true] : given, () => {
      message = this.#take(into, options);
      const { length, copied } = message;
      // Member by member: spread, it would cost as much as the receive.
      const { flags, name, control } = message;
      return { length, copied, flags, name, control, bytes: into.subarray(0, copied) };
    });
    return message as unknown as ReceivedMessage;
  }

  #take(
    into: Uint8Array,
    { flags, control: controlRoom, name: nameRoom, isLook }: Required<ReceiveOptions>,
  ): ReceivedMessage {
    const socket = this.#open("recv");
    const copied = this.#copy(socket, into, flags, isLook ? 0 : this.#owner.budget);
    const excess = flags & MSG.TRUNC ? this.#received(ReceiveLayout.EXCESS) : 0;
    let out = this.#received(ReceiveLayout.IS_CUT) ? flags | MSG.TRUNC : flags;
    const control = controlRoom === 0 ? NOTHING : this.#control(socket, controlRoom);
    if (controlRoom !== 0 && this.#core.call.socketControl(socket) > controlRoom) out |= MSG.CTRUNC;
    const name = nameRoom === 0 ? NOTHING : this.#sender(socket, nameRoom);
    return { length: copied + excess, copied, flags: out, name, control };
  }

  /** Copies what a receive gives, window by window. @param budget - messages to process afterwards. @returns bytes */
  #copy(socket: number, into: Uint8Array, flags: number, budget: number): number {
    const { call, exchange, views } = this.#core;
    const isPeek = flags & MSG.PEEK ? 1 : 0;
    let copied = 0;
    let hasMore = true;
    this.#port.prepare();
    while (hasMore) {
      const piece = call.socketReceive(socket, into.length, copied, isPeek, budget);
      if (piece < 0) throw new NetlinkError("recv", -piece);
      const { bytes, words } = views;
      const window = words[(exchange + ReceiveLayout.WINDOW) >>> 2] as number;
      into.set(bytes.subarray(window, window + piece), copied);
      copied += piece;
      hasMore = words[(exchange + ReceiveLayout.HAS_MORE) >>> 2] !== 0;
    }
    this.#port.settle();
    return copied;
  }

  /** A word of how the receive went. */
  #received(word: ReceiveLayout): number {
    return this.#core.views.words[(this.#core.exchange + word) >>> 2] as number;
  }

  #control(socket: number, room: number): Uint8Array {
    const length = this.#core.call.socketControl(socket);
    return this.#core.views.bytes.slice(this.#core.exchange, this.#core.exchange + Math.min(length, room));
  }

  #sender(socket: number, room: number): Uint8Array {
    this.#core.call.socketName(socket);
    const start = this.#core.exchange + NetlinkSize.SOCKADDR_NL;
    return this.#core.views.bytes.slice(start, start + Math.min(NetlinkSize.SOCKADDR_NL, room));
  }

  poll(): Readiness {
    const ready = this.#core.call.socketPoll(this.#open("poll"));
    return { readable: (ready & 1) !== 0, writable: (ready & 2) !== 0 };
  }

  /** @param request - FIO.NREAD, FIO.NWRITE, FIO.NSPACE. @throws NetlinkError EOPNOTSUPP */
  ioctl(request: number): number {
    expectSuccess("ioctl", this.#core.call.socketIoctl(this.#open("ioctl"), request));
    return Number(this.#core.views.data.getBigUint64(this.#core.exchange, true));
  }

  /** Carries out what was sent, as far as the receive queue has room, and ends the socket. A second close does nothing. */
  close(): void {
    if (this.#handle === 0) return;
    this.#journal.perform("close", this.#target, [], () => {
      const socket = this.#handle;
      this.#handle = 0;
      this.#port.prepare();
      while (this.#core.call.socketClose(socket) === 0) this.#port.answer();
      this.#owner.forget(this);
      this.#core.call.run(this.#owner.budget);
      this.#port.settle();
    });
  }
}

/** The word at an offset; bytes that lack count as 0. */
function wordAt(bytes: Uint8Array, offset: number): number {
  const word = new Uint8Array(4);
  word.set(bytes.subarray(offset, offset + 4));
  return new DataView(word.buffer).getInt32(0, true);
}
