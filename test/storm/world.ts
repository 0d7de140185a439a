// The kernel that a storm breaks over: two sockets that send, two members of all groups, one socket nobody touches; and
// what is done to it besides sending.

import { NETLINK_OPTION, SO, SOL } from "../../assembly/abi/netlink.js";
import { RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { type Cred, Kernel, NetlinkError, type Policy, type Socket, type Vnet } from "../../host/kernel/kernel.js";
import { codeOf, drain, ifinfomsg, message } from "../support/messages.js";
import type { Sending } from "./arbitraries.js";
import { sendHostRoutes } from "./routes.js";
import { expectWhole } from "./whole.js";

/** A socket that sends: who opened it, what it asked for. */
export interface Sender {
  readonly cred: Cred;
  readonly options: readonly NETLINK_OPTION[];
  readonly port?: number;
  readonly receiveLimit?: number;
  readonly group?: RTNLGRP;
}

const JAIL: Cred = { jail: { vnet: false, addresses: ["127.0.0.1", "192.0.2.1", "::1", "2001:db8::1"] } };
const { CAP_ACK, EXT_ACK, GET_STRICT_CHK, MSG_INFO } = NETLINK_OPTION;

export const SENDERS: Readonly<Record<string, Sender>> = {
  root: { cred: {}, options: [CAP_ACK, EXT_ACK], port: 77 },
  "root, uncapped acks": { cred: {}, options: [EXT_ACK], group: RTNLGRP.IPV4_ROUTE },
  "root, strict": { cred: {}, options: [CAP_ACK, EXT_ACK, GET_STRICT_CHK] },
  "root without extended acks": { cred: {}, options: [MSG_INFO], receiveLimit: 700 },
  unprivileged: { cred: { uid: 1001 }, options: [CAP_ACK, EXT_ACK], receiveLimit: 3000 },
  "unprivileged, strict": { cred: { uid: 1001 }, options: [GET_STRICT_CHK], group: RTNLGRP.LINK },
  "in a jail": { cred: JAIL, options: [EXT_ACK] },
  "in a jail, strict": { cred: JAIL, options: [GET_STRICT_CHK, EXT_ACK, CAP_ACK] },
};

export interface WorldOptions {
  readonly policy: Policy;
  readonly stepped: boolean;
  /** So many that a dump of them is read while it is made. */
  readonly hasManyRoutes: boolean;
  readonly senders: readonly (keyof typeof SENDERS)[];
}

/** One thing that happens in a storm. */
export type Step =
  | { readonly kind: "send"; readonly from: number; readonly sending: Sending }
  | { readonly kind: "read"; readonly from: number; readonly room: number; readonly flags: number }
  | { readonly kind: "stack"; readonly change: StackChange }
  | { readonly kind: "run"; readonly budget: number }
  /** A sender closes, whatever it has queued, and another of its kind opens. */
  | { readonly kind: "reopen"; readonly from: number }
  | { readonly kind: "fault"; readonly n: number; readonly every: boolean };

/** What happens in the stack by itself. */
const STACK_CHANGES = {
  up: (vnet: Vnet) => vnet.interfaceUp("em0"),
  down: (vnet: Vnet) => vnet.interfaceDown("em0"),
  "second address": (vnet: Vnet) => vnet.addressAdd("em1", "192.0.2.9/24"),
  "second address goes": (vnet: Vnet) => vnet.addressDelete("em1", "192.0.2.9"),
  "address of IPv6": (vnet: Vnet) => vnet.addressAdd("em1", "2001:db8:1::1/64"),
  "address with little time": (vnet: Vnet) => vnet.addressAdd("em0", "2001:db8:2::1/64", { preferred: 1, valid: 2 }),
  "IPv6 off": (vnet: Vnet) => vnet.interfaceInet6("em0", false),
  "IPv6 on": (vnet: Vnet) => vnet.interfaceInet6("em0", true),
  "an epair comes": (vnet: Vnet) => vnet.interfaceCreate("epair3"),
  "an epair goes": (vnet: Vnet) => vnet.interfaceDestroy("epair3b"),
  "an epair has an address": (vnet: Vnet) => vnet.addressAdd("epair3a", "10.9.0.1/24"),
  "a vlan comes": (vnet: Vnet) => vnet.interfaceCreate("vlan5", { parent: "em0", vid: 5 }),
  "a vlan goes": (vnet: Vnet) => vnet.interfaceDestroy("vlan5"),
  "a gif comes": (vnet: Vnet) => vnet.interfaceCreate("gif0"),
  "a gif goes": (vnet: Vnet) => vnet.interfaceDestroy("gif0"),
  "a gif has endpoints": (vnet: Vnet) =>
    vnet.interfaceSet("gif0", { tunnel: { flags: 2, endpoints: { local: "192.0.2.1", remote: "192.0.2.2" } } }),
  "a gif has none": (vnet: Vnet) => vnet.interfaceSet("gif0", { tunnel: { endpoints: null } }),
  "a cable is pulled": (vnet: Vnet) => vnet.interfaceSet("em0", { carrier: false, promiscuous: true }),
  "a cable is plugged": (vnet: Vnet) => vnet.interfaceSet("em0", { carrier: true, promiscuous: false }),
  "another name": (vnet: Vnet) => vnet.interfaceRename("epair3a", "em7"),
  "interface leaves": (vnet: Vnet) => vnet.interfaceDetach("em1"),
  "a packet to a neighbour": (vnet: Vnet) => vnet.neighbourResolve("em0", "192.0.2.7"),
  "a packet to a neighbour of IPv6": (vnet: Vnet) => vnet.neighbourResolve("em0", "2001:db8::7"),
  "a host answers": (vnet: Vnet) => vnet.peer("em0", { address: "192.0.2.7", lladdr: "02:00:00:00:00:07" }),
  "a host of IPv6 asks": (vnet: Vnet) =>
    vnet.neighbours.send(
      "em0",
      { address: "2001:db8::7", lladdr: "02:00:00:00:00:07" },
      { message: "solicitation", target: "2001:db8::1" },
    ),
  "interface comes": (vnet: Vnet) => vnet.interfaceAttach({ name: "em1", up: true, addresses: ["10.0.0.9/24"] }),
} satisfies Readonly<Record<string, (vnet: Vnet) => unknown>>;
export type StackChange = keyof typeof STACK_CHANGES | "time passes";
export const STACK_CHANGE_NAMES: readonly StackChange[] = [
  ...(Object.keys(STACK_CHANGES) as (keyof typeof STACK_CHANGES)[]),
  "time passes",
];

/** Refusals that a sender, a reader or an administrator may meet. */
const EXPECTED = [
  "EAGAIN",
  "ENOBUFS",
  "EMSGSIZE",
  "ENXIO",
  "EEXIST",
  "EADDRNOTAVAIL",
  "ENOMEM",
  "ENETDOWN",
  "EHOSTDOWN",
  "EINVAL",
  "EBUSY",
];

const GROUPS = [
  RTNLGRP.LINK,
  RTNLGRP.NEIGH,
  RTNLGRP.IPV4_IFADDR,
  RTNLGRP.IPV6_IFADDR,
  RTNLGRP.IPV4_ROUTE,
  RTNLGRP.IPV6_ROUTE,
  RTNLGRP.NEXTHOP,
];
const SLOW_LIMIT = 2048;
const MANY_ROUTES = 600;
const EM0 = 2;
const ASK_AGAIN = 0xfffe;

export class World {
  readonly kernel: Kernel;
  readonly vnet: Vnet;
  /** Two senders, then the members. */
  readonly sockets: Socket[];
  readonly #senders: readonly Sender[];
  readonly #untouched: Socket;

  constructor(options: WorldOptions) {
    this.kernel = Kernel.boot({
      modules: ["netlink"],
      policy: options.policy,
      stepped: options.stepped,
      fibs: 2,
      switches: { tunnelData: true },
      interfaces: [
        { name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] },
        { name: "em1", up: true, description: "the other end" },
      ],
    });
    this.vnet = this.kernel.vnet0;
    this.#untouched = this.vnet.socket();
    if (options.hasManyRoutes) this.#addRoutes();
    this.#senders = options.senders.map((name) => SENDERS[name] as Sender);
    this.sockets = [...this.#senders.map((sender) => this.#open(sender)), ...this.#members()];
  }

  #addRoutes(): void {
    const socket = this.vnet.socket();
    sendHostRoutes(socket, MANY_ROUTES, EM0);
    this.kernel.runUntilIdle();
    socket.close();
  }

  #open({ cred, options, port, receiveLimit, group }: Sender): Socket {
    const socket = this.vnet.socket({ cred });
    for (const option of options) socket.setsockopt(SOL.NETLINK, option, 1);
    if (port !== undefined && codeOf(() => socket.bind(port)) !== undefined) socket.bind(0);
    if (receiveLimit !== undefined) socket.setsockopt(SOL.SOCKET, SO.RCVBUF, receiveLimit);
    if (group !== undefined) socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, group);
    return socket;
  }

  #members(): Socket[] {
    return [undefined, SLOW_LIMIT].map((limit) => {
      const member = this.vnet.socket();
      for (const group of GROUPS) member.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, group);
      if (limit !== undefined) member.setsockopt(SOL.SOCKET, SO.RCVBUF, limit);
      return member;
    });
  }

  play(step: Step): void {
    try {
      this.#act(step);
    } catch (error) {
      if (!(error instanceof NetlinkError) || !EXPECTED.includes(error.code)) throw error;
    }
  }

  #act(step: Step): void {
    switch (step.kind) {
      case "send":
        this.sockets[step.from % 2]?.send(step.sending.bytes);
        return;
      case "read":
        this.sockets[step.from % this.sockets.length]?.recv(new Uint8Array(step.room), step.flags);
        return;
      case "stack":
        if (step.change === "time passes") this.kernel.advance(1500);
        else STACK_CHANGES[step.change](this.vnet);
        return;
      case "run":
        this.kernel.run(step.budget);
        return;
      case "reopen":
        this.#reopen(step.from % 2);
        return;
      case "fault":
        this.vnet.failAllocation(step.n, step.every);
        return;
    }
  }

  #reopen(n: number): void {
    this.sockets[n]?.close();
    // A socket opens without faults: what happens when it cannot is another test's.
    this.vnet.failAllocation(0);
    this.sockets[n] = this.#open(this.#senders[n] as Sender);
  }

  /**
   * After the storm: what is queued is read and is whole, tables and queues are consistent, the socket nobody touched is
   * answered, and with the last socket all memory of messages goes.
   * @throws Error saying what is wrong
   */
  end(): void {
    this.vnet.failAllocation(0);
    this.#expectConsistent();
    this.#drain();
    this.#expectAnswer();
    this.#expectConsistent();
    for (const socket of [...this.sockets, this.#untouched]) socket.close();
    this.#expectConsistent();
    const { buffers, bufferBytes, walks, sockets, runnable } = this.vnet.statistics();
    const left = { buffers, bufferBytes, walks, sockets, runnable };
    if (Object.values(left).some((count) => count !== 0)) throw new Error(`left behind: ${JSON.stringify(left)}`);
  }

  #expectConsistent(): void {
    const fault = this.vnet.check();
    if (fault !== 0) throw new Error(`check: ${fault}`);
  }

  /** A read lets a full socket's task go on, so sockets are read until all of them are silent. */
  #drain(): void {
    let count: number;
    do {
      this.kernel.runUntilIdle();
      count = 0;
      for (const socket of this.sockets) {
        const seen = drain(socket);
        expectWhole(seen);
        count += seen.length;
      }
    } while (count > 0 || this.vnet.statistics().runnable > 0);
  }

  #expectAnswer(): void {
    const request = message({ type: RTM.GETLINK, flags: "qa", seq: ASK_AGAIN }, ifinfomsg({ index: 1 }));
    this.#untouched.send(request);
    this.kernel.runUntilIdle();
    const seen = drain(this.#untouched);
    expectWhole(seen);
    const types = seen.map(({ type, seq }) => `${type}/${seq}`).join(" ");
    if (types !== `${RTM.NEWLINK}/${ASK_AGAIN} 2/${ASK_AGAIN}`) throw new Error(`the untouched socket got: ${types}`);
  }
}
