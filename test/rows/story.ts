// One client and one monitor: the client asks, the monitor is a member of every group that is ever sent to.

import { NLM_F } from "../../assembly/abi/netlink.js";
import { RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { BootOptions, InterfaceOptions, Kernel, Socket, Vnet } from "../../host/kernel/kernel.js";
import { ask, drain, type Seen } from "../support/messages.js";
import { monitor, setupR } from "../support/setups.js";
import { inWords } from "./objects.js";

/** The port id of a story's client. */
export const PORT = 4711;
export const EM0 = 2;
export const EM1 = 3;

/** The groups that the kernel sends to (rtnetlink A.2). */
export const GROUPS = [
  RTNLGRP.LINK,
  RTNLGRP.NEIGH,
  RTNLGRP.IPV4_IFADDR,
  RTNLGRP.IPV6_IFADDR,
  RTNLGRP.IPV4_ROUTE,
  RTNLGRP.IPV6_ROUTE,
  RTNLGRP.NEXTHOP,
];

/** Two Ethernet interfaces that are up, em0 (2) with an address of each family, em1 (3) without; no DAD. */
const INTERFACES: readonly InterfaceOptions[] = [
  { name: "em0", lladdr: "02:00:00:00:00:0a", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] },
  { name: "em1", lladdr: "02:00:00:00:00:0b", up: true },
];

export class Story {
  readonly kernel: Kernel;
  readonly vnet: Vnet;
  readonly client: Socket;
  readonly #monitor: Socket;

  constructor(options: BootOptions = {}) {
    const { kernel, vnet, socket } = setupR({ interfaces: INTERFACES, ...options });
    this.kernel = kernel;
    this.vnet = vnet;
    this.client = socket;
    this.client.bind(PORT);
    this.#monitor = monitor(vnet, ...GROUPS);
  }

  /** What the client is answered, as it comes. */
  seen(...requests: readonly Uint8Array[]): Seen[] {
    return ask(this.client, ...requests);
  }

  /** What the client is answered, in words. */
  ask(...requests: readonly Uint8Array[]): string[] {
    return this.seen(...requests).map(inWords);
  }

  /** What the monitor has got since it was last read. */
  heard(): Seen[] {
    return drain(this.#monitor);
  }

  /** The same in words. */
  told(): string[] {
    return this.heard().map(inWords);
  }
}

/** Type, flags, sequence number and port id: what a header says besides its length. */
export function heads(seen: readonly Seen[]): number[][] {
  return seen.map((each) => [each.type, each.flags, each.seq, each.pid]);
}

/** Whether each message but the last, NLMSG_DONE, has NLM_F_MULTI, and that one no flags. */
export function isDump(seen: readonly Seen[]): boolean {
  return seen.every((each, n) => (n === seen.length - 1 ? each.flags === 0 : (each.flags & NLM_F.MULTI) !== 0));
}

/** Without link-local addresses and what they bring: interfaces give themselves one with their first IPv6 address (C.6.5). */
export function withoutLinkLocal(words: readonly string[]): string[] {
  return words.filter((line) => !line.includes(" fe80:"));
}
