// A kernel that programs use while it runs: its sockets for either ABI, its clock, and everybody who is told of changes.

import type { Kernel, Vnet } from "../kernel/kernel.js";
import { LinuxAbi, type Mode } from "../linux/abi.js";
import { asLinux, LinuxErrno, LinuxError } from "../linux/errno.js";
import { Domain } from "./domain.js";
import { LiveClock } from "./liveclock.js";
import { NativeSocket } from "./native.js";
import type { ForwardedSocket, ServedSocket } from "./served.js";

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
}

const ROOT = 0;

export class Machine {
  readonly kernel: Kernel;
  readonly #clock: LiveClock;
  readonly #linux: LinuxAbi;
  readonly #owner: number;
  readonly #listeners = new Set<Listener>();

  constructor(kernel: Kernel, { mode = "extended", owner = process.getuid?.() ?? ROOT, now }: MachineOptions = {}) {
    this.kernel = kernel;
    this.#clock = new LiveClock(kernel, now);
    this.#linux = new LinuxAbi(kernel, { mode });
    this.#owner = owner;
  }

  /** @throws LinuxError what the kernel or the Linux layer refuses */
  open(domain: Domain, vnet: Vnet, { type, protocol, pid, uid }: OpenRequest): ServedSocket | ForwardedSocket {
    const isPrivileged = uid === ROOT || uid === this.#owner;
    if (domain === Domain.LINUX) return this.#linux.socket(vnet, { type, protocol, pid, isPrivileged });
    const cred = { uid: isPrivileged ? ROOT : uid };
    return new NativeSocket(asLinux("socket", () => vnet.socket({ domain, type, protocol, pid, cred })));
  }

  /** @throws LinuxError always, as yet */
  interfaceIoctl(_domain: Domain, _vnet: Vnet, _request: number, _ifreq: Uint8Array): Uint8Array {
    throw new LinuxError("ioctl", LinuxErrno.EOPNOTSUPP);
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
    this.#linux.settle();
    for (const listener of this.#listeners) listener.push();
  }
}
