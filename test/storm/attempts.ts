// Attempts for the tests of failed allocations: a kernel prepared in one way or another, and a request or a call.

import { AF } from "../../assembly/abi/inet.js";
import type { RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { BootOptions, Socket, Vnet } from "../../host/kernel/kernel.js";
import { ackOf, ask, type Seen } from "../support/messages.js";
import { monitor, openSocket, setupE } from "../support/setups.js";
import { type Attempt, eachFailure, readAll } from "./failures.js";
import { dumpOf, sendHostRoutes } from "./routes.js";

/** lo0: routes by way of it outlive the other interfaces. */
const LO0 = 1;

/** A dump waits to be read on a socket: changes must keep the old state for it. */
class WaitingDump {
  readonly #vnet: Vnet;
  #socket: Socket | undefined;
  #whole: Buffer = Buffer.alloc(0);

  constructor(vnet: Vnet) {
    this.#vnet = vnet;
  }

  begin(): void {
    const reader = this.#ask();
    this.#whole = readAll(reader);
    reader.close();
    this.#socket = this.#ask();
  }

  #ask(): Socket {
    const socket = this.#vnet.socket();
    socket.send(dumpOf(AF.INET));
    return socket;
  }

  /** Whatever happened meanwhile, the dump shows what was. */
  end(): void {
    const socket = this.#socket as Socket;
    const shown = readAll(socket);
    socket.close();
    if (!shown.equals(this.#whole)) throw new Error("the waiting dump does not show the table as it was");
  }
}

export interface Preparation {
  readonly boot?: BootOptions;
  /** In a vnet whose tables are empty. */
  readonly isEmpty?: boolean;
  /** Requests whose effect is there before. */
  readonly before?: readonly Uint8Array[];
  readonly hostRoutes?: number;
  readonly groups?: readonly RTNLGRP[];
  /** How many members of the groups there are. Default 1. */
  readonly memberCount?: number;
  readonly isDumpWaiting?: boolean;
  /** What else is done before. */
  readonly setUp?: (vnet: Vnet) => void;
}

/** The parts of an attempt that do not depend on what is tried. */
export function prepare(preparation: Preparation): Omit<Attempt, "act" | "undo"> {
  const { kernel } = setupE(preparation.boot);
  const vnet = preparation.isEmpty ? kernel.vnetCreate("empty") : kernel.vnet0;
  const socket = vnet.socket();
  if (preparation.hostRoutes !== undefined) sendHostRoutes(socket, preparation.hostRoutes, LO0);
  for (const each of preparation.before ?? []) ask(socket, each);
  socket.close();
  preparation.setUp?.(vnet);
  const groups = preparation.groups ?? [];
  const length = groups.length === 0 ? 0 : (preparation.memberCount ?? 1);
  const members = Array.from({ length }, () => monitor(vnet, ...groups));
  const dump = new WaitingDump(vnet);
  if (!preparation.isDumpWaiting) return { kernel, vnet, members };
  return { kernel, vnet, members, prepare: () => dump.begin(), conclude: () => dump.end() };
}

/** The outcomes of a request, and of another that takes it back. */
export function ofRequest(
  preparation: Preparation,
  request: Uint8Array | ((vnet: Vnet) => Uint8Array),
  inverse?: Uint8Array,
): string {
  const prepared = prepare(preparation);
  const bytes = typeof request === "function" ? request(prepared.vnet) : request;
  const undo = (): void => {
    if (inverse === undefined) return;
    const socket = openSocket(prepared.vnet);
    const ack = ackOf(ask(socket, inverse).at(-1));
    socket.close();
    if (ack.error !== 0) throw new Error(`undo: errno ${ack.error}`);
  };
  return eachFailure({ ...prepared, act: (socket) => ask(socket, bytes), undo });
}

/** The outcomes of a call of the host. */
export function ofCall(
  preparation: Preparation,
  call: (vnet: Vnet) => unknown,
  inverse: (vnet: Vnet) => unknown,
): string {
  const prepared = prepare(preparation);
  const act = (): Seen[] => {
    call(prepared.vnet);
    return [];
  };
  return eachFailure({ ...prepared, act, undo: () => void inverse(prepared.vnet) });
}
