// A socket that a client has open: one class for each way to read it, with the addresses that go with it.

import { LinuxErrno, LinuxError } from "../linux/errno.js";
import { type Address, linuxAddress, linuxPeer, nameBytes, plainAddress } from "./address.js";
import { Domain } from "./domain.js";
import { Feed, type Pull } from "./feed.js";
import { FrameType, ProtocolError, StateFlag, viewOf } from "./frames.js";
import { ANSWER_BYTES_MAX } from "./limits.js";
import type { Outgoing } from "./outgoing.js";
import type { Destination, ForwardedSocket, Received, ReceiveRequest, ServedSocket } from "./served.js";
import type { SharedFile } from "./sharedfile.js";

/** One message of a send, as the program gave it. */
export interface Message {
  readonly bytes: Uint8Array;
  /** MSG_*, the host's. */
  readonly flags: number;
  readonly hasControl: boolean;
  readonly address: Address | undefined;
}

/** Calls throw LinuxError with the host's errno, and ProtocolError for what the ABI does not have. */
export interface Opened {
  bind(address: Address): void;
  connect(address: Address): void;
  /** A sockaddr_nl. */
  name(isPeer: boolean): Uint8Array;
  setsockopt(level: number, option: number, value: Uint8Array): void;
  getsockopt(level: number, option: number, room: number): Uint8Array;
  send(message: Message): void;
  /** Puts what a send has brought into the client's frames. */
  answer(): void;
  /** The same for what came otherwise. */
  push(): void;
  pull(pull: Pull): void;
  taken(bytes: number): void;
  receive(request: ReceiveRequest): Received;
  untake(): void;
  /** @param how - SHUT_RD, SHUT_WR, SHUT_RDWR */
  shutdown(how: number): void;
  /** @returns what goes to where the call points */
  ioctl(request: number): Uint8Array;
  close(): void;
}

const HOST_MSG_OOB = 0x1;

/** A socket of datagrams, which are read ahead. */
export class OpenedAhead implements Opened {
  readonly #socket: ServedSocket;
  readonly #feed: Feed;

  constructor(socket: ServedSocket, number: number, out: Outgoing, shared: SharedFile | undefined) {
    this.#socket = socket;
    this.#feed = new Feed(socket, number, out, shared);
  }

  bind(address: Address): void {
    const { port, groups } = linuxAddress("bind", address);
    this.#socket.bind(port, groups);
  }

  connect(address: Address): void {
    const { port, groups } = linuxPeer(address);
    this.#socket.connect(port, groups);
  }

  name(isPeer: boolean): Uint8Array {
    return nameBytes(Domain.LINUX, isPeer ? this.#socket.getpeername() : this.#socket.getsockname());
  }

  setsockopt(level: number, option: number, value: Uint8Array): void {
    this.#socket.setsockopt(level, option, value);
  }

  getsockopt(level: number, option: number, room: number): Uint8Array {
    return this.#socket.getsockopt(level, option, room);
  }

  send({ bytes, flags, address }: Message): void {
    if (flags & HOST_MSG_OOB) throw new LinuxError("send", LinuxErrno.EOPNOTSUPP);
    const destination: Destination | undefined = address && linuxAddress("send", address);
    this.#socket.send(bytes, destination);
  }

  answer(): void {
    this.#feed.push(ANSWER_BYTES_MAX);
  }

  push(): void {
    this.#feed.push();
  }

  pull(pull: Pull): void {
    this.#feed.pull(pull);
  }

  taken(bytes: number): void {
    this.#feed.taken(bytes);
  }

  receive(): never {
    throw new ProtocolError("a RECEIVE on a socket that is read by datagrams");
  }

  untake(): never {
    throw new ProtocolError("an UNTAKEN on a socket that is read by datagrams");
  }

  shutdown(): never {
    throw new LinuxError("shutdown", LinuxErrno.EOPNOTSUPP);
  }

  ioctl(): never {
    throw new LinuxError("ioctl", LinuxErrno.ENOTTY);
  }

  close(): void {
    this.#socket.close();
  }
}

/** A socket without datagrams: each receive is a request, and the client is told when one would find something. */
export class OpenedForwarded implements Opened {
  readonly #socket: ForwardedSocket;
  readonly #domain: Domain;
  readonly #number: number;
  readonly #out: Outgoing;
  #state: number = StateFlag.WRITABLE;
  #queuedBytes = 0;

  constructor(socket: ForwardedSocket, domain: Domain, number: number, out: Outgoing) {
    this.#socket = socket;
    this.#domain = domain;
    this.#number = number;
    this.#out = out;
  }

  bind(address: Address): void {
    this.#socket.bind(plainAddress(address));
  }

  connect(address: Address): void {
    this.#socket.connect(plainAddress(address));
  }

  name(isPeer: boolean): Uint8Array {
    return nameBytes(this.#domain, isPeer ? this.#socket.getpeername() : this.#socket.getsockname());
  }

  setsockopt(level: number, option: number, value: Uint8Array): void {
    this.#socket.setsockopt(level, option, value);
  }

  getsockopt(level: number, option: number, room: number): Uint8Array {
    return this.#socket.getsockopt(level, option, room);
  }

  send({ bytes, flags, hasControl, address }: Message): void {
    this.#socket.send(bytes, { flags, hasControl, address: address && plainAddress(address) });
  }

  answer(): void {
    this.push();
  }

  push(): void {
    const { isReadable, isWritable, queuedBytes } = this.#socket;
    const state = (isReadable ? StateFlag.READABLE : 0) | (isWritable ? StateFlag.WRITABLE : 0);
    const hasArrived = queuedBytes > this.#queuedBytes;
    this.#queuedBytes = queuedBytes;
    if (state === this.#state && !hasArrived) return;
    this.#state = state;
    this.#out.begin(FrameType.STATE, this.#number, 0);
    this.#out.putWord(state | (hasArrived ? StateFlag.ARRIVED : 0));
    this.#out.end();
  }

  pull(): never {
    throw new ProtocolError("a PULL on a socket without datagrams");
  }

  taken(): never {
    throw new ProtocolError("a TAKEN on a socket without datagrams");
  }

  receive(request: ReceiveRequest): Received {
    return this.#socket.receiveMessages(request);
  }

  untake(): void {
    this.#socket.untake();
  }

  shutdown(how: number): void {
    if (this.#socket.shutdown === undefined) throw new LinuxError("shutdown", LinuxErrno.EOPNOTSUPP);
    this.#socket.shutdown(how);
  }

  ioctl(request: number): Uint8Array {
    const bytes = new Uint8Array(4);
    viewOf(bytes).setInt32(0, this.#socket.ioctl(request), true);
    return bytes;
  }

  close(): void {
    this.#socket.close();
  }
}
