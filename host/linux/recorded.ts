// Calls on the layer are events of its kernel's journal, named "linux." and the call: what they do in the kernel, through
// sockets of the layer's own, is part of them. A replay makes them again on a layer of its own (replay.ts).

import type { Kernel, Vnet } from "../kernel/kernel.js";
import type { EventValue } from "../kernel/value.js";

/** The calls that are events. */
export type LinuxCall =
  | "open"
  | "attach"
  | "settle"
  | "interfaceIoctl"
  | "socket"
  | "bind"
  | "connect"
  | "setsockopt"
  | "getsockopt"
  | "send"
  | "receive"
  | "receiveMessages"
  | "taken"
  | "untake"
  | "close";

/** Makes the calls of one socket, by its number in order of opening. */
export class SocketJournal {
  readonly #kernel: Kernel;
  readonly #target: { readonly vnet: string; readonly socket: number };

  constructor(kernel: Kernel, vnet: Vnet, socket: number) {
    this.#kernel = kernel;
    this.#target = { vnet: vnet.name, socket };
  }

  /** See Journal.perform. */
  perform<T extends EventValue>(call: LinuxCall, parameters: readonly EventValue[], action: () => T): T {
    return this.#kernel.journal.perform(`linux.${call}`, this.#target, parameters, action);
  }

  /** The same for a call that gives nothing. */
  do(call: LinuxCall, parameters: readonly EventValue[], action: () => void): void {
    this.#kernel.journal.perform(`linux.${call}`, this.#target, parameters, action);
  }
}
