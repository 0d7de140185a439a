// One netlink socket, and which of what comes on it answers what was asked.
// An answer belongs to a request when it has its sequence number and the socket's own port id; what else comes is a
// notification, also the one a request of this very connection caused (it carries the request's sequence number).
// The kernel must run by itself: over one that is stepped, a request finds no answer, EAGAIN.

import { Errno } from "../../assembly/abi/errno.js";
import { NETLINK, NETLINK_OPTION, NetlinkLimit, NLM_F, SO, SOL } from "../../assembly/abi/netlink.js";
import type { NlmsgError } from "../codec/control.js";
import { decode } from "../codec/decode.js";
import { type DescribeOptions, nameOf } from "../codec/describe.js";
import { encode } from "../codec/encode.js";
import { type Message, namesOf } from "../codec/messages.js";
import { NetlinkError } from "../kernel/errno.js";

/** What a client needs of a socket; a Socket of a Vnet has it. */
export interface ClientSocket {
  bind(port: number, groups?: number): void;
  getsockname(): { port: number };
  setsockopt(level: number, option: number, value: number): void;
  getsockopt(level: number, option: number): number;
  send(bytes: Uint8Array): number;
  recv(into: Uint8Array): number;
}

/** Notifications of the groups a client has joined. All monitors of one client read the same queue. */
export interface Monitor {
  /** The oldest notification not yet read; undefined when there is none. */
  next(): Message | undefined;
  /** Leaves the groups and forgets what was not read. */
  close(): void;
}

/** What the calls of an object (links.ts, routes.ts …) need of the connection. */
export type Requests = Pick<Connection, "request" | "change">;

type End = Extract<Message, { kind: "error" | "done" }>;

export class Connection {
  /** nl_pid of the socket. */
  readonly port: number;
  readonly #socket: ClientSocket;
  readonly #reading: DescribeOptions;
  readonly #buffer: Uint8Array;
  #sequence = 0;
  #monitors = 0;
  #notifications: Message[] = [];

  /**
   * Takes over a socket: binds it, if it is not bound, and sets NETLINK_EXT_ACK and NETLINK_CAP_ACK. Its SO_RCVBUF is the
   * size of the buffer that all answers are read into.
   * @param reading - the socket's protocol, NETLINK.ROUTE without, and what is known of families
   * @throws NetlinkError what bind answers
   */
  constructor(socket: ClientSocket, reading: DescribeOptions = {}) {
    if (socket.getsockname().port === 0) socket.bind(0);
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.EXT_ACK, 1);
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.CAP_ACK, 1);
    this.#buffer = new Uint8Array(Math.max(socket.getsockopt(SOL.SOCKET, SO.RCVBUF), NetlinkLimit.NLMBUFSIZE));
    this.#socket = socket;
    this.#reading = reading;
    this.port = socket.getsockname().port;
  }

  /**
   * Joins groups.
   * @param groups - numbers, 1..127: of NETLINK_ROUTE, RTNLGRP
   * @throws NetlinkError ERANGE for others
   */
  monitor(groups: readonly number[]): Monitor {
    for (const group of groups) this.#socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, group);
    this.#monitors++;
    let isOpen = true;
    return {
      next: () => {
        if (isOpen && this.#notifications.length === 0) this.#poll();
        return isOpen ? this.#notifications.shift() : undefined;
      },
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        for (const group of groups) this.#socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.DROP_MEMBERSHIP, group);
        this.#monitors--;
        if (this.#monitors === 0) this.#notifications = [];
      },
    };
  }

  /**
   * Sends one message and reads to its ack, or to the end of its dump.
   * @param message - NLM_F_REQUEST, NLM_F_ACK and the sequence number are filled in
   * @returns what came before the ack
   * @throws NetlinkError the errno of the ack or of NLMSG_DONE, with the ext ack's text and offset; EAGAIN when no answer came
   */
  request(message: Message): Message[] {
    return this.#exchange(message).answers;
  }

  /**
   * Sends one message that changes something, and reads to its ack.
   * @returns the cookie of the ack, where it has one: attributes that say what was made
   * @throws NetlinkError as request
   */
  change(message: Message): Uint8Array | undefined {
    const { end } = this.#exchange(message);
    return end.kind === "error" ? end.body.cookie : undefined;
  }

  #exchange(message: Message): { answers: Message[]; end: End } {
    const seq = this.#nextSequence();
    const flags = message.header.flags | NLM_F.REQUEST | NLM_F.ACK;
    const { protocol, families } = this.#reading;
    const operation = nameOf(message, namesOf(protocol, families));
    this.#socket.send(encode({ ...message, header: { ...message.header, flags, seq } }));
    const answers: Message[] = [];
    for (let end: End | undefined; ; ) {
      for (const answer of this.#receive()) {
        const isOurs = answer.header.seq === seq && answer.header.pid === this.port;
        if (isOurs && isEnd(answer)) end = answer;
        else if (isOurs && isGet(message, protocol)) answers.push(answer);
        else this.#notify(answer);
      }
      if (end) {
        throwError(end, operation);
        return { answers, end };
      }
    }
  }

  /** From 1; 0 is what the kernel's own notifications carry. */
  #nextSequence(): number {
    this.#sequence = this.#sequence === 0xffffffff ? 1 : this.#sequence + 1;
    return this.#sequence;
  }

  #receive(): Message[] {
    const length = this.#socket.recv(this.#buffer);
    return decode(this.#buffer.subarray(0, length), { ...this.#reading, isFromKernel: true });
  }

  #poll(): void {
    try {
      for (const message of this.#receive()) this.#notify(message);
    } catch (error) {
      if (!(error instanceof NetlinkError && error.errno === Errno.EAGAIN)) throw error;
    }
  }

  /** Keeps a notification. An ack that nobody waits for, as after a request that was given up, is dropped. */
  #notify(message: Message): void {
    if (this.#monitors > 0 && !isEnd(message)) this.#notifications.push(message);
  }
}

/** The one object that was asked for. @throws NetlinkError ESRCH when the kernel acknowledged without an answer */
export function one<T>(found: readonly T[], operation: string): T {
  const [first] = found;
  if (first === undefined)
    throw new NetlinkError(operation, Errno.ESRCH, { message: "acknowledged without an answer" });
  return first;
}

function isEnd(message: Message): message is End {
  return message.kind === "error" || message.kind === "done";
}

/**
 * Only a GET of NETLINK_ROUTE is answered by objects; what a NEW or DELETE gets beside its ack is the notification of the
 * change. Elsewhere what carries the request's numbers is its answer: notifications have none.
 */
function isGet(message: Message, protocol: number = NETLINK.ROUTE): boolean {
  if (protocol !== NETLINK.ROUTE) return true;
  return namesOf().messageType(message.header.type)?.startsWith("RTM_GET") ?? true;
}

function throwError(end: End, operation: string): void {
  if (end.kind === "done" && end.body.error !== Errno.OK) throw new NetlinkError(operation, end.body.error);
  if (end.kind === "error" && end.body.error !== Errno.OK)
    throw new NetlinkError(operation, end.body.error, ackOf(end.body));
}

function ackOf({ message, offset, cookie }: NlmsgError): NetlinkError["ack"] {
  return {
    ...(message === undefined ? {} : { message }),
    ...(offset === undefined ? {} : { offset }),
    ...(cookie === undefined ? {} : { cookie }),
  };
}
