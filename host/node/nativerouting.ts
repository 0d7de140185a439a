// A routing socket for a program on another system: the kernel's own, with the host's numbers for flags, options and errnos.
// What is inside messages is FreeBSD's.

import { Errno } from "../../assembly/abi/errno.js";
import { FIO, MSG } from "../../assembly/abi/netlink.js";
import { NetlinkError, type RoutingSocket } from "../kernel/kernel.js";
import { asLinux } from "../linux/errno.js";
import { viewOf } from "./frames.js";
import { flagsFromHost, flagsToHost, ioctlFromHost, routingOptionFromHost } from "./hostnumbers.js";
import type { Observe } from "./native.js";
import type { ForwardedSocket, Received, ReceiveRequest, SendRequest } from "./served.js";

/** rtm_msglen has 16 bits. */
const MESSAGE_BYTES_MAX = 0xffff;
const NOTHING = new Uint8Array(0);

export class NativeRoutingSocket implements ForwardedSocket {
  readonly #socket: RoutingSocket;
  readonly #observe: Observe;
  readonly #buffer = new Uint8Array(MESSAGE_BYTES_MAX);
  /** The message that the last receive took, and one that was given back, which the next receive gets. */
  #last: Whole | undefined;
  #untaken: Whole | undefined;

  constructor(socket: RoutingSocket, observe: Observe = () => {}) {
    this.#socket = socket;
    this.#observe = observe;
  }

  bind(): void {
    asLinux("bind", () => this.#socket.bind());
  }

  connect(): void {
    asLinux("connect", () => this.#socket.connect());
  }

  getsockname(): never {
    return asLinux("getsockname", () => this.#socket.getsockname());
  }

  getpeername(): never {
    return asLinux("getpeername", () => this.#socket.getpeername());
  }

  setsockopt(hostLevel: number, hostOption: number, value: Uint8Array): void {
    const { level, option } = routingOptionFromHost(hostLevel, hostOption);
    asLinux("setsockopt", () => {
      if (value.length < 4) throw new NetlinkError("setsockopt", Errno.EINVAL);
      this.#socket.setsockopt(level, option, viewOf(value).getInt32(0, true));
    });
  }

  getsockopt(hostLevel: number, hostOption: number, room: number): Uint8Array {
    const { level, option } = routingOptionFromHost(hostLevel, hostOption);
    const bytes = new Uint8Array(4);
    viewOf(bytes).setInt32(
      0,
      asLinux("getsockopt", () => this.#socket.getsockopt(level, option)),
      true,
    );
    return bytes.subarray(0, Math.min(room, 4));
  }

  send(bytes: Uint8Array, { flags, hasControl }: SendRequest): number {
    this.#observe(">", bytes);
    return asLinux("write", () => this.#socket.write(bytes, { flags: flagsFromHost(flags), control: hasControl }));
  }

  receiveMessages({ room, flags: hostFlags, name: nameRoom }: ReceiveRequest): Received {
    const flags = flagsFromHost(hostFlags);
    const isPeek = (flags & MSG.PEEK) !== 0;
    const whole = this.#untaken ?? this.#read(flags);
    if (!isPeek) {
      this.#untaken = undefined;
      this.#last = whole;
      this.#observe("<", whole.bytes);
    }
    const bytes = whole.bytes.subarray(0, room);
    return {
      result: bytes.length,
      flags: flagsToHost(bytes.length < whole.bytes.length ? MSG.TRUNC : 0),
      bytes,
      name: nameRoom === 0 ? NOTHING : whole.name,
      control: NOTHING,
    };
  }

  /** The next message as a whole: a room that is too small does not lose what a peek left. */
  #read(flags: number): Whole {
    const { length, name } = asLinux("read", () => this.#socket.recvmsg(this.#buffer, flags));
    return { bytes: this.#buffer.slice(0, length), name };
  }

  untake(): void {
    this.#untaken = this.#last;
    this.#last = undefined;
  }

  shutdown(how: number): void {
    asLinux("shutdown", () => this.#socket.shutdown(how));
  }

  /** Nothing that was written waits. */
  ioctl(request: number): number {
    const freebsd = ioctlFromHost(request);
    return asLinux("ioctl", () => {
      if (freebsd === undefined) throw new NetlinkError("ioctl", Errno.EOPNOTSUPP);
      return freebsd === FIO.NREAD ? this.queuedBytes : 0;
    });
  }

  get queuedBytes(): number {
    return this.#socket.queuedBytes + (this.#untaken?.bytes.length ?? 0);
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

/** A message as it was queued. */
interface Whole {
  readonly bytes: Uint8Array;
  readonly name: Uint8Array;
}
