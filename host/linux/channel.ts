// A socket of the kernel's own ABI through which the layer asks on a program's behalf, or on its own. What it sends is
// answered when the call returns, and what the kernel answers is FreeBSD's, errnos too.

import { Errno } from "../../assembly/abi/errno.js";
import {
  NETLINK,
  NETLINK_OPTION,
  NetlinkSize,
  NLM_F,
  NLMSG,
  NLMSGERR_ATTR,
  NlMsgHdr,
  SO,
  SOL,
} from "../../assembly/abi/netlink.js";
import { type Cred, type Kernel, NetlinkError, SnapshotError, type Socket, type Vnet } from "../kernel/kernel.js";
import { MessageReader } from "./messagereader.js";

/** How a request ended. */
export interface Answer {
  /** FreeBSD's, 0 for success. */
  readonly errno: Errno;
  /** Of the ext ack. */
  readonly text?: string;
  /** Bytes from the start of the request as the kernel saw it. */
  readonly offset?: number;
}

export interface ChannelOptions {
  readonly cred?: Cred;
  /** Port to take; 0 or none leaves the choice to the kernel. */
  readonly port?: number;
  /** Process id of the opener. */
  readonly pid?: number;
  readonly protocol?: number;
}

/** A channel as plain data. */
export interface ChannelState {
  /** The socket's number in order of opening. */
  readonly socket: number;
  /** Messages that were received and not read yet. */
  readonly unread: Uint8Array;
}

/** No message of the kernel is longer, and a receive takes as many as fit: large, so that a dump takes few calls. */
const RECEIVE_BYTES = 1 << 18;

/** Channels that a pool keeps. */
const IDLE_MAX = 4;

export class Channel {
  readonly socket: Socket;
  readonly #kernel: Kernel;
  readonly #reader: MessageReader;
  readonly #bytes = new Uint8Array(RECEIVE_BYTES);
  #filled = 0;
  #at = 0;

  private constructor(kernel: Kernel, socket: Socket) {
    this.#kernel = kernel;
    this.#reader = new MessageReader(this.#bytes);
    this.socket = socket;
  }

  /** @throws NetlinkError what the kernel refuses: EADDRINUSE for the port, EAFNOSUPPORT when the module is not loaded */
  static open(kernel: Kernel, vnet: Vnet, { cred, port, pid, protocol }: ChannelOptions = {}): Channel {
    const socket = vnet.socket({
      protocol: protocol ?? NETLINK.ROUTE,
      ...(cred === undefined ? {} : { cred }),
      ...(pid === undefined ? {} : { pid }),
    });
    try {
      if (port !== undefined && port !== 0) socket.bind(port);
      socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.EXT_ACK, 1);
      socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.CAP_ACK, 1);
    } catch (error) {
      socket.close();
      throw error;
    }
    return new Channel(kernel, socket);
  }

  save(): ChannelState {
    return { socket: this.socket.number, unread: this.#bytes.subarray(this.#at, this.#filled) };
  }

  /** The channel of a state, on the kernel's socket of that number. */
  static load(kernel: Kernel, { socket, unread }: ChannelState): Channel {
    const found = kernel.socketByNumber(socket);
    if (found === undefined) throw new SnapshotError(`snapshot: a channel on socket ${socket}, which is not there`);
    const channel = new Channel(kernel, found);
    channel.#bytes.set(unread);
    channel.#filled = unread.length;
    return channel;
  }

  /** @throws NetlinkError EPERM above the limit for programs, without privilege */
  setReceiveLimit(bytes: number): void {
    this.socket.setsockopt(SOL.SOCKET, SO.RCVBUF, bytes);
  }

  /**
   * Sends one request and gives each message of its answer, without the ack or NLMSG_DONE that ends it.
   * @param request - with or without NLM_F_ACK: the channel sets it, to know the end
   * @param each - gets a reader at a message; the bytes are the channel's and last until it returns
   * @throws NetlinkError what the kernel refuses of the send: EMSGSIZE
   */
  ask(request: Uint8Array, each: (message: MessageReader) => void = () => {}): Answer {
    this.start(request);
    for (let message = this.next(); message !== undefined; message = this.next()) {
      const end = endOf(message);
      if (end !== undefined) return end;
      each(message);
    }
    throw new NetlinkError("ask", Errno.ENOBUFS); // the kernel had no memory even for the ack
  }

  /** Sends a request whose answer `next` gives. NLM_F_ACK is set in the bytes given. */
  start(request: Uint8Array): void {
    const flags = NlMsgHdr.FLAGS;
    request[flags] = (request[flags] as number) | NLM_F.ACK;
    this.socket.send(request);
    // A stepped kernel runs nothing by itself, but a Linux program's send returns when its request was processed (E2.1).
    if (this.#kernel.isStepped) while (!this.socket.poll().readable && this.#kernel.step()) {}
  }

  /** Whether `next` would give something. */
  get hasNext(): boolean {
    return this.#reader.seek(this.#at, this.#filled) || this.socket.poll().readable;
  }

  /** The next message that is queued, undefined when there is none. The reader is the channel's own. */
  next(): MessageReader | undefined {
    if (!this.#reader.seek(this.#at, this.#filled)) {
      if (!this.#fill()) return undefined;
      if (!this.#reader.seek(0, this.#filled)) return undefined;
    }
    this.#at = this.#reader.next;
    return this.#reader;
  }

  #fill(): boolean {
    this.#at = 0;
    this.#filled = 0;
    if (!this.socket.poll().readable) return false;
    this.#filled = this.socket.recv(this.#bytes);
    return true;
  }

  close(): void {
    this.socket.close();
  }
}

/** Channels of the layer's own that have nothing under way, kept for the next dump. */
export class ChannelPool {
  readonly #kernel: Kernel;
  readonly #vnet: Vnet;
  readonly #idle: Channel[] = [];

  constructor(kernel: Kernel, vnet: Vnet) {
    this.#kernel = kernel;
    this.#vnet = vnet;
  }

  /** Sockets that the pool holds open, of those that nobody has taken. */
  get idle(): number {
    return this.#idle.length;
  }

  take(): Channel {
    return this.#idle.pop() ?? Channel.open(this.#kernel, this.#vnet);
  }

  /** @param channel - one whose last request was answered to the end */
  giveBack(channel: Channel): void {
    if (this.#idle.length < IDLE_MAX) this.#idle.push(channel);
    else channel.close();
  }

  close(): void {
    for (const channel of this.#idle.splice(0)) channel.close();
  }

  save(): ChannelState[] {
    return this.#idle.map((channel) => channel.save());
  }

  load(states: readonly ChannelState[]): void {
    this.#idle.splice(0, this.#idle.length, ...states.map((state) => this.restore(state)));
  }

  /** A channel that was taken. */
  restore(state: ChannelState): Channel {
    return Channel.load(this.#kernel, state);
  }
}

/** What an ack, an error or NLMSG_DONE says; undefined for another message. */
export function endOf(message: MessageReader): Answer | undefined {
  const { type, start, view } = message;
  if (type === NLMSG.DONE) return { errno: view.getInt32(start + NetlinkSize.NLMSGHDR, true) };
  if (type !== NLMSG.ERROR) return undefined;
  const errno = view.getInt32(start + NetlinkSize.NLMSGHDR, true) as Errno;
  // Behind the errno the request's header alone: the channel asks for capped acks.
  message.indexRange(start + NetlinkSize.NLMSGHDR + NetlinkSize.NLMSGERR, message.end);
  const text = message.text(NLMSGERR_ATTR.MSG);
  const offset = message.has(NLMSGERR_ATTR.OFFS) ? message.u32(NLMSGERR_ATTR.OFFS) : undefined;
  return { errno, ...(text === undefined ? {} : { text }), ...(offset === undefined ? {} : { offset }) };
}
