// Makes the layer's calls of a recording again, on a layer of its own.

import type { Kernel, Vnet } from "../kernel/kernel.js";
import type { KernelEvent } from "../kernel/log.js";
import type { LayerPlayers } from "../kernel/replay.js";
import { LINUX_LAYER, LinuxAbi, type LinuxAbiOptions, type ProgramSocket } from "./abi.js";
import type { LinuxCall } from "./recorded.js";
import { LinuxSocket, type LinuxSocketOptions, type SocketAddress } from "./socket.js";
import { type StrictReceive, StrictSocket } from "./strict/socket.js";

/** What calls are made on. Whichever is missing is an error of the recording. */
class Place {
  readonly #event: KernelEvent;
  readonly #kernel: Kernel;
  readonly #abi: LinuxAbi | undefined;

  constructor(event: KernelEvent, kernel: Kernel, abi: LinuxAbi | undefined) {
    this.#event = event;
    this.#kernel = kernel;
    this.#abi = abi;
  }

  get abi(): LinuxAbi {
    if (this.#abi === undefined) throw new Error("no layer; expected linux.open");
    return this.#abi;
  }

  get vnet(): Vnet {
    const vnet = this.#kernel.vnet(this.#event.target.vnet ?? "");
    if (vnet === undefined) throw new Error(`no vnet ${this.#event.target.vnet}`);
    return vnet;
  }

  get socket(): ProgramSocket {
    const socket = this.abi.socketByNumber(this.#event.target.socket ?? 0);
    if (socket === undefined) throw new Error(`no socket ${this.#event.target.socket} of a Linux program`);
    return socket;
  }

  get strict(): StrictSocket {
    const { socket } = this;
    if (!(socket instanceof StrictSocket)) throw new Error("a socket of the mode extended; expected strict");
    return socket;
  }

  number(i: number): number {
    return this.#event.arguments[i] as number;
  }

  bytes(i: number): Uint8Array {
    return this.#event.arguments[i] as Uint8Array;
  }

  argument(i: number): unknown {
    return this.#event.arguments[i];
  }
}

type Play = (place: Place) => void;

const PLAYERS: Readonly<Record<Exclude<LinuxCall, "open">, Play>> = {
  attach: (at) => void at.abi.vnet(at.vnet),
  settle: (at) => at.abi.vnet(at.vnet).settle(),
  interfaceIoctl: (at) => void at.abi.interfaceIoctl(at.vnet, at.number(0), at.bytes(1)),
  socket: (at) => void at.abi.socket(at.vnet, at.argument(0) as LinuxSocketOptions),
  bind: (at) => bindOrConnect("bind", at),
  connect: (at) => bindOrConnect("connect", at),
  setsockopt: (at) => at.socket.setsockopt(at.number(0), at.number(1), at.bytes(2)),
  getsockopt: (at) => void at.socket.getsockopt(at.number(0), at.number(1), at.number(2)),
  send: (at) => void at.socket.send(at.bytes(0), at.argument(1) as SocketAddress),
  receive: (at) => void at.socket.receive(at.number(0)),
  receiveMessages: (at) => void at.strict.receiveMessages(at.argument(0) as StrictReceive),
  taken: (at) => at.socket.taken(at.number(0)),
  untake: (at) => at.strict.untake(),
  close: (at) => at.socket.close(),
};

function bindOrConnect(call: "bind" | "connect", at: Place): void {
  const { socket } = at;
  if (socket instanceof LinuxSocket) socket[call](at.number(0), at.number(1));
  else socket[call](at.argument(0) as number | Uint8Array, at.number(1));
}

/** What Kernel.replay and the like need for runs with Linux programs. */
export const LINUX_PLAYER: LayerPlayers<Kernel> = {
  linux: (kernel) => {
    return (event) => {
      const call = event.call.slice("linux.".length);
      // The layer comes and goes with snapshots that are put back: the kernel knows whether there is one.
      if (kernel.awaitsLayer(LINUX_LAYER)) new LinuxAbi(kernel);
      const abi = kernel.layer(LINUX_LAYER) as LinuxAbi | undefined;
      if (call === "open") {
        if (abi !== undefined) throw new Error("a second layer; expected one for each kernel");
        new LinuxAbi(kernel, event.arguments[0] as LinuxAbiOptions);
        return;
      }
      const play = Object.hasOwn(PLAYERS, call) ? PLAYERS[call as keyof typeof PLAYERS] : undefined;
      if (play === undefined) throw new Error(`unknown call ${event.call}`);
      play(new Place(event, kernel, abi));
    };
  },
};
