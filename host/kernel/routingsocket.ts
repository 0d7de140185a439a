// A routing socket (PF_ROUTE), as a program sees it. No call blocks: where FreeBSD would wait, the answer is EAGAIN.

import { Errno } from "../../assembly/abi/errno.js";
import { ReceiveLayout } from "../../assembly/abi/exchange.js";
import { AF } from "../../assembly/abi/inet.js";
import { MSG } from "../../assembly/abi/netlink.js";
import { RouteSockaddr } from "../../assembly/abi/rtsock.js";
import { PROCESS_ID_DEFAULT, writeCaller } from "./caller.js";
import type { Core } from "./core.js";
import { expectSuccess, NetlinkError } from "./errno.js";
import type { Journal, Target } from "./log.js";
import type { Cred, RoutingSocketOptions } from "./options.js";
import type { Readiness } from "./socket.js";

export interface RoutingMessage {
  /** Bytes that were copied; 0 at the end of file. */
  readonly length: number;
  /** MSG.TRUNC when the rest of the message is lost. */
  readonly flags: number;
  /** The 2-byte sockaddr of every sender: { 2, AF_ROUTE }. */
  readonly name: Uint8Array;
}

/** What a routing socket needs of its vnet. */
export interface RoutingOwner {
  readonly name: string;
  /** @throws NetlinkError ENXIO when the vnet is destroyed */
  readonly core: Core;
  /** @throws NetlinkError ENXIO when the vnet is destroyed */
  readonly journal: Journal;
  forgetRouting(socket: RoutingSocket): void;
}

export interface WriteOptions {
  /** MSG bits: OOB is refused. */
  readonly flags?: number;
  /** Control data came with the request; it is refused. */
  readonly control?: boolean;
  /** Who writes, and their process: by default as the socket was opened. */
  readonly cred?: Cred;
  readonly pid?: number;
}

/** A routing socket as plain data. */
export interface RoutingSocketState {
  readonly number: number;
  /** Address of the core's record; 0 of a closed one, which is kept while the kernel records. */
  readonly handle: number;
  readonly cred: Cred;
  readonly pid: number;
}

const SENDER = Uint8Array.of(RouteSockaddr.SENDER, AF.ROUTE);

export class RoutingSocket {
  /** In order of opening, from 1, over all routing sockets of its vnet. */
  readonly number: number;
  readonly #owner: RoutingOwner;
  /** Address of the core's record; 0 once closed. */
  #handle: number;
  readonly #target: Target;
  readonly #cred: Cred;
  readonly #pid: number;

  /** Made by Vnet.routingSocket, and when a snapshot is put back. */
  constructor(owner: RoutingOwner, handle: number, number: number, { cred = {}, pid }: RoutingSocketOptions) {
    this.#owner = owner;
    this.#handle = handle;
    this.number = number;
    this.#cred = cred;
    this.#pid = pid ?? PROCESS_ID_DEFAULT;
    this.#target = { vnet: owner.name, socket: number };
  }

  save(): RoutingSocketState {
    return { number: this.number, handle: this.#handle, cred: this.#cred, pid: this.#pid };
  }

  /** As Socket.restore. */
  restore(handle: number): void {
    this.#handle = handle;
  }

  get #call(): Core["call"] {
    return this.#owner.core.call;
  }

  #open(operation: string): number {
    if (this.#handle === 0) throw new NetlinkError(operation, Errno.EBADF);
    return this.#handle;
  }

  /**
   * Writes one request, which is carried out and echoed before this returns.
   * @returns the number of its bytes
   * @throws NetlinkError EPIPE shut down; EMSGSIZE above the send space; EOPNOTSUPP MSG_OOB or control data; ENOBUFS below 8
   *   bytes; and the request's own errno, which its echo carries too
   */
  write(bytes: Uint8Array, options: WriteOptions = {}): number {
    return this.#owner.journal.perform("routingWrite", this.#target, [bytes, { ...options }], () => {
      const socket = this.#open("write");
      const { core } = this.#owner;
      const { flags = 0, control = false, cred = this.#cred, pid = this.#pid } = options;
      const reserved = core.call.routingReserve(socket, bytes.length, flags, control ? 1 : 0);
      core.views.bytes.set(bytes, expectSuccess("write", reserved));
      writeCaller(core, cred, pid);
      expectSuccess("write", core.call.routingWrite(socket));
      return bytes.length;
    });
  }

  /**
   * Reads one message; of a longer one the rest is lost.
   * @returns its bytes, as many as there was room for; 0 at the end of file
   * @throws NetlinkError EAGAIN nothing queued; ENOBUFS messages were lost, with SO_RERROR
   */
  read(into: Uint8Array): number {
    return this.recvmsg(into).length;
  }

  /**
   * As read, with the sender's address and flags.
   * @param flags - MSG bits: PEEK leaves the message
   * @throws NetlinkError also EOPNOTSUPP MSG_OOB
   */
  recvmsg(into: Uint8Array, flags = 0): RoutingMessage {
    let message: RoutingMessage | undefined;
    this.#owner.journal.perform("routingRead", this.#target, [into.length, flags], () => {
      message = this.#take(into, flags);
      return { length: message.length, flags: message.flags, bytes: into.subarray(0, message.length) };
    });
    return message as unknown as RoutingMessage;
  }

  #take(into: Uint8Array, flags: number): RoutingMessage {
    const socket = this.#open("read");
    if ((flags & MSG.OOB) !== 0) throw new NetlinkError("read", Errno.EOPNOTSUPP);
    const { call, exchange, views } = this.#owner.core;
    const length = expectSuccess("read", call.routingFirst(socket));
    if (length === 0) return { length, flags: 0, name: new Uint8Array(0) };
    const copied = Math.min(length, into.length);
    const place = views.data.getUint32(exchange + ReceiveLayout.WINDOW, true);
    into.set(views.bytes.subarray(place, place + copied));
    if ((flags & MSG.PEEK) === 0) call.routingDrop(socket);
    return { length: copied, flags: copied < length ? MSG.TRUNC : 0, name: SENDER.slice() };
  }

  /**
   * SO_USELOOPBACK, SO_RERROR, SO_SETFIB, SO_RCVBUF, SO_SNDBUF of level SOL_SOCKET.
   * @throws NetlinkError ENOPROTOOPT; EINVAL for a fib that there is not, or limits below 1; ENOBUFS for limits
   */
  setsockopt(level: number, option: number, value: number): void {
    this.#owner.journal.perform("routingSetsockopt", this.#target, [level, option, value], () => {
      const result = this.#call.routingSetOption(this.#open("setsockopt"), level, option, value, 4);
      expectSuccess("setsockopt", result);
    });
  }

  /** SO_USELOOPBACK, SO_RERROR, SO_RCVBUF, SO_SNDBUF, SO_TYPE, SO_DOMAIN … @throws NetlinkError ENOPROTOOPT */
  getsockopt(level: number, option: number): number {
    return expectSuccess("getsockopt", this.#call.routingGetOption(this.#open("getsockopt"), level, option));
  }

  /** Bytes of messages that were not read (FIONREAD). */
  get queuedBytes(): number {
    return this.#call.routingQueued(this.#open("ioctl"));
  }

  /**
   * SHUT.RD drops what was not read, and reads give the end of file; SHUT.WR lets writes fail with EPIPE; SHUT.RDWR is both.
   * @throws NetlinkError EINVAL for another number
   */
  shutdown(how: number): void {
    this.#owner.journal.perform("routingShutdown", this.#target, [how], () => {
      expectSuccess("shutdown", this.#call.routingShutdown(this.#open("shutdown"), how));
    });
  }

  /** @throws NetlinkError EOPNOTSUPP: a routing socket has no name */
  bind(): never {
    return this.#refuse("bind", Errno.EOPNOTSUPP);
  }
  /** @throws NetlinkError EISCONN: it counts as connected from the start */
  connect(): never {
    return this.#refuse("connect", Errno.EISCONN);
  }
  /** @throws NetlinkError EOPNOTSUPP */
  listen(): never {
    return this.#refuse("listen", Errno.EOPNOTSUPP);
  }
  /** @throws NetlinkError EOPNOTSUPP */
  getsockname(): never {
    return this.#refuse("getsockname", Errno.EOPNOTSUPP);
  }
  /** @throws NetlinkError EOPNOTSUPP */
  getpeername(): never {
    return this.#refuse("getpeername", Errno.EOPNOTSUPP);
  }

  #refuse(operation: string, errno: Errno): never {
    this.#open(operation);
    throw new NetlinkError(operation, errno);
  }

  poll(): Readiness {
    const ready = this.#call.routingPoll(this.#open("poll"));
    return { readable: (ready & 1) !== 0, writable: (ready & 2) !== 0 };
  }

  /** A second close does nothing. */
  close(): void {
    if (this.#handle === 0) return;
    this.#owner.journal.perform("routingClose", this.#target, [], () => {
      const socket = this.#handle;
      this.#handle = 0;
      this.#call.routingClose(socket);
      this.#owner.forgetRouting(this);
    });
  }
}
