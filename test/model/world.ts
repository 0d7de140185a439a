// A kernel with two vnets beside the model of it. Each operation is done to both; what they hold is compared.

import { expect } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { NLMSG } from "../../assembly/abi/netlink.js";
import { RTF, RTM } from "../../assembly/abi/rtnetlink.js";
import { Kernel, NetlinkError, type Socket } from "../../host/kernel/kernel.js";
import { nexthopRequest } from "../rows/requests.js";
import { ackOf } from "../support/messages.js";
import { openSocket } from "../support/setups.js";
import { isDefined } from "./defined.js";
import { CHOSEN, newNetwork } from "./links.js";
import { FIBS, linkNamed, type Network } from "./network.js";
import { callOf, type Operation, perform, requestOf, type Side, silentTables } from "./operations.js";
import { ask } from "./reading.js";
import { Replica } from "./replica.js";
import { dumpTable, TABLES, type Tables, tablesOfKernel, tablesOfModel } from "./tables.js";

const SIDES: readonly Side[] = [0, 1];
const LOOPBACK = ["127.0.0.1/8", "::1/128", "fe80::1/64"];
const SYSCTLS = { "net.inet6.ip6.dad_count": 0, "net.inet6.ip6.auto_linklocal": 0 };

/** Netlink shows tunnels, and a gre's endpoints as they are. */
const SWITCHES = { tunnelData: true, greEndpoints: true };

/** What came of an operation: an errno, or no answer at all. */
type Outcome = Errno | "lost";

/** Refusals for want of memory. */
const WANT: readonly Outcome[] = [Errno.ENOMEM, Errno.ENOBUFS];

export interface Counts {
  /** Operations that were done or refused. */
  operations: number;
  /** Those refused for want of memory, and those whose answer was lost. */
  refused: number;
  lost: number;
}

export class World {
  readonly kernel: Kernel;
  readonly counts: Counts = { operations: 0, refused: 0, lost: 0 };
  #network: Network = newNetwork();
  readonly #clients: readonly Socket[];
  readonly #replicas: readonly Replica[];
  readonly #atFirst: object[];

  /** @param hasReplicas - whether clients follow the notifications: not where those may be lost */
  constructor({ hasReplicas }: { hasReplicas: boolean }) {
    this.kernel = Kernel.boot({ modules: ["netlink"], fibs: FIBS, sysctls: SYSCTLS, switches: SWITCHES });
    const other = this.kernel.vnetCreate("other");
    other.interfaceUp("lo0");
    for (const address of LOOPBACK) other.addressAdd("lo0", address);
    this.#clients = this.kernel.vnets.map((vnet) => openSocket(vnet));
    this.#replicas = hasReplicas
      ? this.kernel.vnets.map((vnet, side) => new Replica(vnet, this.#clients[side] as Socket))
      : [];
    if (!hasReplicas) for (const side of SIDES) this.#makeNexthopTable(side);
    this.#atFirst = this.#objects();
  }

  /** Of a nexthop refused for want of memory it is not said whether it leaves the table behind: there is one from the start. */
  #makeNexthopTable(side: Side): void {
    ask(this.#clients[side] as Socket, nexthopRequest(RTM.NEWNEXTHOP, { id: 1, group: [[1, 1]] }));
    this.#network.vnets[side].hadNexthop = true;
  }

  isDefined(operation: Operation): boolean {
    return isDefined(this.#network, operation);
  }

  /** Does an operation to both, and follows what was told of it. The kernel's answer must be the model's. */
  play(operation: Operation): void {
    const after = structuredClone(this.#network);
    const expected = perform(after, operation);
    const silent = SIDES.map((side) => silentTables(this.#network, operation, side));
    const outcome = this.#act(operation);
    expect([operation, nameOf(outcome)]).toEqual([operation, nameOf(expected)]);
    const isAsked = after.vnets[operation.side].hadNexthop;
    if (expected === Errno.OK) this.#network = this.#learn(after);
    // A nexthop that is refused leaves the table of nexthops behind.
    this.#network.vnets[operation.side].hadNexthop = isAsked;
    this.counts.operations++;
    this.#replicas.forEach((replica, side) => {
      replica.follow(silent[side] ?? []);
    });
  }

  /**
   * As play, while each n-th allocation fails. What is refused for want of memory is as if it had not been asked; where the
   * answer was lost, the tables tell which it was.
   */
  playFaulty(operation: Operation, n: number): void {
    const after = structuredClone(this.#network);
    const expected = perform(after, operation);
    for (const vnet of this.kernel.vnets) vnet.failAllocation(n, true);
    const outcome = this.#act(operation);
    for (const vnet of this.kernel.vnets) vnet.failAllocation(0);
    this.counts.operations++;
    if (WANT.includes(outcome) && outcome !== expected) {
      this.counts.refused++;
      this.compare(operation);
    } else if (outcome === "lost") {
      this.counts.lost++;
      if (expected === Errno.OK && this.#isAs(this.#learn(after))) {
        // The flags of a route's several paths are not shown, but decide what goes with an interface: where the tables were
        // the same before, the operation is done once more, with memory.
        if (this.#isAs(this.#network)) this.#act(operation);
        this.#network = after;
      }
      this.compare(operation);
    } else {
      expect([operation, nameOf(outcome)]).toEqual([operation, nameOf(expected)]);
      if (expected === Errno.OK) this.#network = this.#learn(after);
    }
    this.#expectConsistent();
  }

  #act(operation: Operation): Outcome {
    const request = requestOf(this.#network, operation);
    try {
      if (request !== undefined) return answerTo(this.#clients[operation.side] as Socket, request);
      callOf(this.kernel, operation);
      return Errno.OK;
    } catch (error) {
      if (error instanceof NetlinkError) return error.errno;
      throw error;
    }
  }

  /** Fills in the link-layer addresses that the kernel chose. */
  #learn(network: Network): Network {
    for (const side of SIDES) {
      const vnet = network.vnets[side];
      if (!vnet.links.some(({ lladdr }) => lladdr === CHOSEN)) continue;
      const lines = dumpTable(this.#clients[side] as Socket, "links");
      vnet.links = vnet.links.map((link) => {
        const line = lines.find(({ key }) => key === `${link.index}`);
        return link.lladdr === CHOSEN && line ? { ...link, lladdr: line.text.split(" ").at(-1) } : link;
      });
    }
    return network;
  }

  #kernelTables(): Tables[] {
    return this.#clients.map(tablesOfKernel);
  }

  #isAs(network: Network): boolean {
    return JSON.stringify(this.#kernelTables()) === JSON.stringify(network.vnets.map(tablesOfModel));
  }

  /** Dumps of both vnets show what the model has. @param operation - the last one, for the report */
  compare(operation?: Operation): void {
    const expected = this.#network.vnets.map(tablesOfModel);
    expect({ operation, tables: this.#kernelTables() }).toEqual({ operation, tables: expected });
  }

  /** What clients made of the notifications is what fresh dumps show. */
  compareReplicas(): void {
    this.#replicas.forEach((replica, side) => {
      for (const table of TABLES) {
        const fresh = dumpTable(this.#clients[side] as Socket, table).map(({ text }) => text);
        expect({ side, table, lines: replica.lines(table) }).toEqual({ side, table, lines: fresh.sort() });
      }
    });
  }

  #expectConsistent(): void {
    for (const vnet of this.kernel.vnets) expect(vnet.check()).toBe(0);
  }

  /** Takes away everything that operations made. What the tables then hold, the vnets had from the start. */
  clear(): void {
    for (const side of SIDES) {
      const vnet = this.#network.vnets[side];
      for (const { name } of vnet.links.filter(({ name }) => name !== "lo0")) {
        if (linkNamed(this.#network.vnets[side], name) !== undefined) this.play({ kind: "detach", side, link: name });
      }
      for (const { fib, prefix, hops } of [...this.#network.vnets[side].routes.values()]) {
        const isOwn = hops.some(({ rtFlags }) => (rtFlags & RTF.PINNED) !== 0);
        if (!isOwn) this.play({ kind: "routeGone", side, fib, prefix, filter: {} });
      }
      for (const { id } of this.#network.vnets[side].nexthops) this.play({ kind: "nexthopGone", side, id });
    }
    this.compare();
    expect(this.#objects()).toEqual(this.#atFirst);
  }

  /** Objects of each vnet by kind. */
  #objects(): object[] {
    return this.kernel.vnets.map((vnet) => {
      const { interfaces, addresses, neighbours, routes, nexthops, groups, userNexthops } = vnet.statistics();
      return { interfaces, addresses, neighbours, routes, nexthops, groups, userNexthops };
    });
  }

  /** Bytes of blocks in use, in each vnet. */
  blockBytes(): number[] {
    return this.kernel.vnets.map((vnet) => vnet.statistics().blockBytes);
  }

  /** Nothing is half done, and with the sockets all memory of messages goes. */
  end(): void {
    this.#expectConsistent();
    for (const client of this.#clients) client.close();
    for (const replica of this.#replicas) replica.close();
    this.#expectConsistent();
    for (const vnet of this.kernel.vnets) {
      const { sockets, buffers, bufferBytes, walks, runnable } = vnet.statistics();
      expect({ sockets, buffers, bufferBytes, walks, runnable }).toEqual({
        sockets: 0,
        buffers: 0,
        bufferBytes: 0,
        walks: 0,
        runnable: 0,
      });
    }
  }
}

function nameOf(outcome: Outcome): string {
  return outcome === "lost" ? outcome : (Errno[outcome] ?? `${outcome}`);
}

function answerTo(socket: Socket, request: Uint8Array): Outcome {
  const last = ask(socket, request).at(-1);
  return last?.type === NLMSG.ERROR ? ackOf(last).error : "lost";
}
