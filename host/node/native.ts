// A socket of FreeBSD's ABI for a program on another system: the kernel's own socket, with the host's numbers for flags,
// options and errnos. What is inside messages stays FreeBSD's.

import { Errno } from "../../assembly/abi/errno.js";
import { FIO, NetlinkSize, NlMsgHdr } from "../../assembly/abi/netlink.js";
import { NetlinkError, type Socket } from "../kernel/kernel.js";
import { asLinux } from "../linux/errno.js";
import { viewOf } from "./frames.js";
import { flagsFromHost, flagsToHost, HOST_MSG_CTRUNC, ioctlFromHost, optionFromHost } from "./hostnumbers.js";
import type { Destination, ForwardedSocket, Received, ReceiveRequest, SendRequest } from "./served.js";

/** Flags of the host that matter here. */
const HOST_MSG = { PEEK: 0x2, TRUNC: 0x20 } as const;
/** What control data may take: more than the one message there is. */
const CONTROL_ROOM = 256;
const NOTHING = new Uint8Array(0);
const INT_MAX = 0x7fffffff;

/** Gets what was sent to the kernel, and what was received of it. */
export type Observe = (arrow: ">" | "<", bytes: Uint8Array) => void;

export class NativeSocket implements ForwardedSocket {
  readonly #socket: Socket;
  readonly #observe: Observe;
  /** Where receives are copied to; it grows to the largest that found as much. */
  #buffer = new Uint8Array(4096);
  /** What the last receive gave, for untake. */
  #last: Received | undefined;
  /** What was given back, and the next receive gets. */
  #untaken: Received | undefined;

  constructor(socket: Socket, observe: Observe = () => {}) {
    this.#socket = socket;
    this.#observe = observe;
  }

  bind(address: Uint8Array): void {
    asLinux("bind", () => this.#socket.bind(address));
  }

  connect(address: Uint8Array): void {
    asLinux("connect", () => this.#socket.connect(address));
  }

  getsockname(): Destination {
    return asLinux("getsockname", () => this.#socket.getsockname());
  }

  getpeername(): Destination {
    return asLinux("getpeername", () => this.#socket.getpeername());
  }

  setsockopt(hostLevel: number, hostOption: number, value: Uint8Array): void {
    const { level, option } = optionFromHost(hostLevel, hostOption);
    asLinux("setsockopt", () => this.#socket.setsockopt(level, option, value));
  }

  getsockopt(hostLevel: number, hostOption: number, room: number): Uint8Array {
    const { level, option } = optionFromHost(hostLevel, hostOption);
    const value = asLinux("getsockopt", () => this.#socket.getsockopt(level, option));
    return wordBytes(value).subarray(0, Math.min(room, 4));
  }

  send(bytes: Uint8Array, { flags, hasControl, address }: SendRequest): number {
    const options = { flags: flagsFromHost(flags), control: hasControl, ...(address === undefined ? {} : { address }) };
    const sent = asLinux("send", () => this.#socket.send(bytes, options));
    this.#observe(">", bytes);
    return sent;
  }

  receiveMessages(request: ReceiveRequest): Received {
    const isPeek = (request.flags & HOST_MSG.PEEK) !== 0;
    if (this.#untaken !== undefined) return this.#receiveUntaken(this.#untaken, request, isPeek);
    const received = this.#receive(request);
    this.#last = isPeek ? undefined : received;
    if (!isPeek) this.#observe("<", received.bytes);
    return received;
  }

  #receive({ room, flags, control, name }: ReceiveRequest): Received {
    // The room decides what is cut: a smaller buffer will do only while all that is queued fits it.
    if (this.#buffer.length < room) {
      this.#buffer = new Uint8Array(Math.min(room, Math.max(this.#buffer.length, this.#socket.ioctl(FIO.NREAD))));
    }
    const into = this.#buffer.subarray(0, room);
    const options = { flags: flagsFromHost(flags), control: control === 0 ? 0 : CONTROL_ROOM, name };
    const message = asLinux("recv", () => this.#socket.recvmsg(into, options));
    const told = hostControl(message.control);
    return {
      result: message.length,
      flags: flagsToHost(message.flags) | (told.length > control ? HOST_MSG_CTRUNC : 0),
      bytes: into.subarray(0, message.copied),
      name: message.name,
      control: told.subarray(0, control),
    };
  }

  /** What was given back comes again, as far as its messages fit. */
  #receiveUntaken(untaken: Received, { room, flags }: ReceiveRequest, isPeek: boolean): Received {
    const whole = untaken.bytes.length;
    if (whole <= room) {
      if (!isPeek) this.#keep(untaken, undefined);
      return untaken;
    }
    const fitting = wholeMessages(untaken.bytes, room);
    const isCut = fitting === 0 && room > 0;
    const length = isCut ? firstLength(untaken.bytes) : 0;
    const copied = isCut ? room : fitting;
    const given = {
      ...untaken,
      result: flags & HOST_MSG.TRUNC ? Math.max(copied, length) : copied,
      flags: untaken.flags | (isCut ? HOST_MSG.TRUNC : 0),
      bytes: untaken.bytes.subarray(0, copied),
    };
    const rest = untaken.bytes.subarray(isCut ? Math.min(length, whole) : fitting);
    if (!isPeek) this.#keep(given, rest.length === 0 ? undefined : { ...untaken, result: rest.length, bytes: rest });
    return given;
  }

  #keep(last: Received, untaken: Received | undefined): void {
    this.#last = last;
    this.#untaken = untaken;
  }

  untake(): void {
    if (this.#last === undefined) return;
    const bytes = new Uint8Array(this.#last.bytes.length + (this.#untaken?.bytes.length ?? 0));
    bytes.set(this.#last.bytes);
    bytes.set(this.#untaken?.bytes ?? NOTHING, this.#last.bytes.length);
    this.#untaken = { ...this.#last, bytes };
    this.#last = undefined;
  }

  ioctl(request: number): number {
    const freebsd = ioctlFromHost(request);
    return asLinux("ioctl", () => {
      if (freebsd === undefined) throw new NetlinkError("ioctl", Errno.EOPNOTSUPP);
      return freebsd === FIO.NREAD ? this.queuedBytes : this.#socket.ioctl(freebsd);
    });
  }

  get queuedBytes(): number {
    return Math.min(this.#socket.ioctl(FIO.NREAD) + (this.#untaken?.bytes.length ?? 0), INT_MAX);
  }

  get isReadable(): boolean {
    return this.#untaken !== undefined || this.#socket.poll().readable;
  }

  get isWritable(): boolean {
    return this.#socket.poll().writable;
  }

  close(): void {
    this.#socket.close();
  }
}

function firstLength(messages: Uint8Array): number {
  return viewOf(messages).getUint32(NlMsgHdr.LEN, true);
}

/** Bytes of the messages that fit a room. */
function wholeMessages(messages: Uint8Array, room: number): number {
  let at = 0;
  while (messages.length - at >= NetlinkSize.NLMSGHDR) {
    const next = at + firstLength(messages.subarray(at));
    if (next > room || next > messages.length || next === at) break;
    at = next;
  }
  return at;
}

/** A cmsghdr of FreeBSD begins with three words and padding, the host's with a length of 8 bytes and two words. */
function hostControl(control: Uint8Array): Uint8Array {
  if (control.length < 16) return control;
  const from = viewOf(control);
  const bytes = new Uint8Array(control);
  const to = viewOf(bytes);
  to.setUint32(4, 0, true);
  to.setUint32(8, from.getUint32(4, true), true);
  to.setUint32(12, from.getUint32(8, true), true);
  return bytes;
}

function wordBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return bytes;
}
