// A kernel that programs use while it runs: its sockets for either ABI, its clock, and everybody who is told of changes.

import type { Kernel, Vnet } from "../kernel/kernel.js";
import { LinuxAbi, type Mode } from "../linux/abi.js";
import { asLinux } from "../linux/errno.js";
import { Domain } from "./domain.js";
import { LiveClock } from "./liveclock.js";
import { NativeSocket } from "./native.js";
import { nativeIoctl } from "./nativeioctl.js";
import { NativeRoutingSocket } from "./nativerouting.js";
import type { Recording } from "./recording.js";
import type { ForwardedSocket, ServedSocket } from "./served.js";
import { type TraceLine, traceMessages, traceRewrite, traceRouting } from "./trace.js";

export interface OpenRequest {
  readonly type: number;
  readonly protocol: number;
  /** Of the program's process. */
  readonly pid: number;
  /** Its effective user. */
  readonly uid: number;
}

/** Who wants to know that something may have changed. */
export interface Listener {
  /** Sends what its sockets have to receive. */
  push(): void;
}

export interface MachineOptions {
  /** Of the Linux layer. Default extended. */
  readonly mode?: Mode;
  /** The user whose programs are root in the kernel, as are root's: who runs it. Default: of this process. */
  readonly owner?: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
  /** Gets lines on every message. */
  readonly trace?: TraceLine | undefined;
  /** Where the kernel's events go, to be ended with the machine. */
  readonly recording?: Recording | undefined;
}

const ROOT = 0;

export class Machine {
  readonly kernel: Kernel;
  readonly #clock: LiveClock;
  readonly #mode: Mode;
  readonly #trace: TraceLine | undefined;
  readonly #owner: number;
  readonly #recording: Recording | undefined;
  readonly #listeners = new Set<Listener>();
  #linuxAbi: LinuxAbi | undefined;

  constructor(kernel: Kernel, options: MachineOptions = {}) {
    const { mode = "extended", owner = process.getuid?.() ?? ROOT, now, trace, recording } = options;
    this.kernel = kernel;
    this.#recording = recording;
    this.#clock = new LiveClock(kernel, now);
    this.#mode = mode;
    this.#owner = owner;
    this.#trace = trace;
  }

  /** Made when a Linux program comes: it loads a module. */
  get #linux(): LinuxAbi {
    if (this.#linuxAbi === undefined) {
      this.#linuxAbi = new LinuxAbi(this.kernel, { mode: this.#mode });
      const print = this.#trace;
      if (print !== undefined) this.#linuxAbi.tap = (rewrite) => traceRewrite(print, rewrite);
    }
    return this.#linuxAbi;
  }

  /** @throws LinuxError what the kernel or the Linux layer refuses */
  open(domain: Domain, vnet: Vnet, { type, protocol, pid, uid }: OpenRequest): ServedSocket | ForwardedSocket {
    const isPrivileged = this.#isPrivileged(uid);
    if (domain === Domain.LINUX) {
      return asLinux("socket", () => this.#linux.socket(vnet, { type, protocol, pid, isPrivileged }));
    }
    const cred = { uid: isPrivileged ? ROOT : uid };
    const socket = asLinux("socket", () => vnet.socket({ domain, type, protocol, pid, cred }));
    const print = this.#trace;
    if (print === undefined) return new NativeSocket(socket);
    return new NativeSocket(socket, (arrow, bytes) => {
      traceMessages(print, arrow, { vnet: vnet.name, port: socket.getsockname().port, protocol }, bytes);
    });
  }

  /** @throws LinuxError what the kernel refuses */
  openRouting(vnet: Vnet, { type, protocol, pid, uid }: OpenRequest): ForwardedSocket {
    const cred = { uid: this.#isPrivileged(uid) ? ROOT : uid };
    const socket = asLinux("socket", () => vnet.routingSocket({ type, protocol, pid, cred }));
    const print = this.#trace;
    if (print === undefined) return new NativeRoutingSocket(socket);
    return new NativeRoutingSocket(socket, (arrow, bytes) => traceRouting(print, arrow, vnet.name, bytes));
  }

  #isPrivileged(uid: number): boolean {
    return uid === ROOT || uid === this.#owner;
  }

  /**
   * An interface ioctl of a program, on whatever socket.
   * @returns what goes back: an ifreq, for SIOCGIFCONF a list of them
   * @throws LinuxError ENODEV, EADDRNOTAVAIL, EOPNOTSUPP
   */
  interfaceIoctl(domain: Domain, vnet: Vnet, request: number, ifreq: Uint8Array): Uint8Array {
    return asLinux("ioctl", () =>
      domain === Domain.LINUX ? this.#linux.interfaceIoctl(vnet, request, ifreq) : nativeIoctl(vnet, request, ifreq),
    );
  }

  /** Programs are gone, and nothing is to come. @throws RecordingError */
  end(): void {
    this.#recording?.end(this.kernel);
  }

  join(listener: Listener): void {
    this.#listeners.add(listener);
  }

  leave(listener: Listener): void {
    this.#listeners.delete(listener);
  }

  /** Lets time pass up to now. @returns whether any has */
  catchUp(): boolean {
    return this.#clock.catchUp();
  }

  /** Something may have changed: everybody is given what there is to receive. */
  settle(): void {
    this.#linuxAbi?.settle();
    for (const listener of this.#listeners) listener.push();
  }
}
