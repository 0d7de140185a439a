// The kernel that a storm of modules breaks over: kernel tests; the dummy module, which must count every request of a witness in a vnet of
// its own; sockets of two more vnets that send, read little, and hear groups; and what is done to it.

import { NETLINK, SO, SOL } from "../../../assembly/abi/netlink.js";
import { RTM } from "../../../assembly/abi/rtnetlink.js";
import {
  type Kernel,
  NetlinkError,
  type Policy,
  type Snapshot,
  type Socket,
  type Vnet,
} from "../../../host/kernel/kernel.js";
import { byId, byName, familyOf, genl, getFamily, openGeneric } from "../../generic/families.js";
import { ackOf, concat, drain, ifinfomsg, message, numberAt, payloadOf, type Seen } from "../../support/messages.js";
import { assembled, bootWith, DUMMY, DUMMY_ATTRIBUTE, dummyFile, exampleFile } from "../modules.js";

export interface WorldOptions {
  readonly policy: Policy;
  readonly stepped: boolean;
  readonly seed: number;
}

export type Step =
  | { readonly kind: "load"; readonly slot: number; readonly text: string }
  | { readonly kind: "unload"; readonly slot: number }
  | { readonly kind: "send"; readonly from: number; readonly bytes: Uint8Array }
  | { readonly kind: "read"; readonly from: number; readonly room: number; readonly flags: number }
  /** The witness has the dummy module count. */
  | { readonly kind: "count"; readonly times: number }
  | { readonly kind: "run"; readonly budget: number }
  | { readonly kind: "advance"; readonly milliseconds: number }
  /** A sender closes, whatever it has queued, and another opens in its place. */
  | { readonly kind: "reopen"; readonly from: number; readonly receiveLimit: number }
  | { readonly kind: "vnet"; readonly comes: boolean }
  | { readonly kind: "fault"; readonly n: number }
  | { readonly kind: "snapshot" }
  | { readonly kind: "revert" };

export const SENDERS = 4;
/** The vnet that comes and goes, and whose allocations fail. */
const OTHER = "other";
const RECEIVE_LIMIT = 1 << 18;
/** Groups of generic netlink that a socket joins; modules' are among them. */
const GROUPS = [49, 50, 51, 52];
const ROUNDS_MAX = 10_000;

/** What the world knows beside its kernel, at the time of a snapshot. */
interface Memory {
  readonly snapshot: Snapshot;
  readonly senders: readonly (Socket | undefined)[];
  readonly asked: number;
  readonly counted: number;
}

export class World {
  readonly kernel: Kernel;
  /** Requests of modules' families that were answered by something. */
  answered = 0;
  readonly #vnet: Vnet;
  readonly #before: Record<string, number>;
  readonly #witness: Socket;
  readonly #dummy: number;
  #senders: (Socket | undefined)[] = [];
  /** Counts that the witness asked for, and that it got. */
  #asked = 0;
  #counted = 0;
  #memory: Memory | undefined;

  constructor({ policy, stepped, seed }: WorldOptions) {
    this.kernel = bootWith(
      { dummy: dummyFile(), ktest_example: exampleFile() },
      { policy, stepped, seed, record: true },
    );
    this.#vnet = this.kernel.vnet0;
    this.#before = this.#use();
    this.#witness = openGeneric(this.kernel.vnetCreate("quiet"));
    this.#witness.setsockopt(SOL.SOCKET, SO.RCVBUF, RECEIVE_LIMIT);
    this.#dummy = this.#idOfDummy();
    for (let n = 0; n < SENDERS; n++) this.#open(n, RECEIVE_LIMIT);
  }

  #idOfDummy(): number {
    this.#witness.send(getFamily("q", byName("dummy")));
    this.kernel.runUntilIdle();
    return familyOf(drain(this.#witness)[0] as Seen).id;
  }

  /** Sender 0 is root in the first vnet, 1 nobody; 2 and 3 are in the other vnet while there is one. */
  #open(n: number, receiveLimit: number): void {
    const vnet = n < 2 ? this.#vnet : (this.kernel.vnet(OTHER) ?? this.#vnet);
    const socket = openGeneric(vnet, n % 2 === 0 ? GROUPS : [], { cred: n === 1 ? { uid: 1001 } : {} });
    socket.setsockopt(SOL.SOCKET, SO.RCVBUF, receiveLimit);
    this.#senders[n] = socket;
  }

  /** @throws what is no refusal, and Error for tables that are not consistent */
  play(step: Step): void {
    try {
      this.#act(step);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
    }
    this.#expectConsistent();
  }

  #act(step: Step): void {
    switch (step.kind) {
      case "load":
        this.kernel.kldload(`m${step.slot}`, assembled(step.text));
        return;
      case "unload":
        this.kernel.kldunload(`m${step.slot}`);
        return;
      case "send":
        this.#senders[step.from]?.send(step.bytes);
        return;
      case "read":
        this.#senders[step.from]?.recv(new Uint8Array(step.room), step.flags);
        return;
      case "count":
        this.#witness.send(concat(...Array.from({ length: step.times }, () => genl(this.#dummy, DUMMY.COUNT, "qa"))));
        this.#asked += step.times;
        this.#readWitness();
        return;
      case "run":
        this.kernel.run(step.budget);
        return;
      case "advance":
        this.kernel.advance(step.milliseconds);
        return;
      case "reopen":
        this.#senders[step.from]?.close();
        this.#senders[step.from] = undefined;
        this.#open(step.from, step.receiveLimit);
        return;
      case "vnet":
        if (step.comes) this.kernel.vnetCreate(OTHER);
        else this.#dropOther();
        return;
      case "fault":
        this.kernel.vnet(OTHER)?.failAllocation(step.n);
        return;
      case "snapshot":
        this.#memory = {
          snapshot: this.kernel.snapshot(),
          senders: [...this.#senders],
          asked: this.#asked,
          counted: this.#counted,
        };
        return;
      case "revert":
        this.#revert();
        return;
    }
  }

  #dropOther(): void {
    const other = this.kernel.vnet(OTHER);
    if (other === undefined) return;
    for (const [n, socket] of this.#senders.entries()) {
      if (socket === undefined || !other.sockets.has(socket)) continue;
      socket.close();
      this.#senders[n] = undefined;
    }
    this.kernel.vnetDestroy(OTHER);
  }

  #revert(): void {
    if (this.#memory === undefined) return;
    const { snapshot, senders, asked, counted } = this.#memory;
    this.kernel.revert(snapshot);
    this.#senders = [...senders];
    this.#asked = asked;
    this.#counted = counted;
  }

  /** The counts must be 1, 2, 3 … */
  #readWitness(): void {
    for (const each of drain(this.#witness)) {
      if (each.type === this.#dummy) this.#expect(countOf(each), ++this.#counted, "count");
      else this.#expect(ackOf(each).error, 0, "ack of a count");
    }
  }

  #expect(found: number, expected: number, what: string): void {
    if (found !== expected) throw new Error(`${what} ${found}; expected ${expected}`);
  }

  #expectConsistent(): void {
    for (const vnet of this.kernel.vnets) this.#expect(vnet.check(), 0, `check of ${vnet.name}`);
  }

  /**
   * After the storm: everything queued is read and whole, the witness has all its counts, other families and protocols
   * answer, and with sockets, vnets and modules all memory goes.
   */
  end(): void {
    this.kernel.vnet(OTHER)?.failAllocation(0);
    this.#drain();
    this.#expect(this.#counted, this.#asked, "counts");
    this.#expectOthers();
  }

  /** @throws Error for memory that is left */
  close(): void {
    this.#dropOther();
    for (const each of [...this.#senders, this.#witness]) each?.close();
    for (const { name } of this.kernel.kldstat()) if (/^m\d$/.test(name)) this.#unload(name);
    this.#expectConsistent();
    const [before, after] = [this.#before, this.#use()].map((use) => JSON.stringify(use));
    if (before !== after) throw new Error(`left behind: ${after}; expected ${before}`);
  }

  /** A module may refuse to go; it need not go then. */
  #unload(name: string): void {
    try {
      this.kernel.kldunload(name);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
    }
  }

  #use(): Record<string, number> {
    const { bufferBytes, buffers, walks, sockets, runnable } = this.#vnet.statistics();
    return { bufferBytes, buffers, walks, sockets, runnable };
  }

  /** A read lets a full socket's task go on, so sockets are read until all of them are silent. */
  #drain(): void {
    let count: number;
    let rounds = 0;
    do {
      this.kernel.runUntilIdle();
      this.#readWitness();
      count = 0;
      for (const socket of this.#senders) count += socket === undefined ? 0 : this.#readAll(socket);
      if (rounds++ > ROUNDS_MAX) throw new Error("the sockets never fall silent");
    } while (count > 0 || this.kernel.vnets.some((vnet) => vnet.statistics().runnable > 0));
  }

  /** An overrun is told once, and the rest is read. */
  #readAll(socket: Socket): number {
    try {
      const seen = drain(socket);
      this.answered += seen.length;
      return seen.length;
    } catch (error) {
      if (error instanceof NetlinkError && error.code === "ENOBUFS") return 1;
      throw error;
    }
  }

  #expectOthers(): void {
    const controller = this.#answerTo(NETLINK.GENERIC, getFamily("qa", byId(this.#dummy)));
    const route = this.#answerTo(NETLINK.ROUTE, message({ type: RTM.GETLINK, flags: "qa" }, ifinfomsg({ index: 1 })));
    this.#expect(controller.length, 2, "answers of the controller");
    this.#expect(route.length, 2, "answers of NETLINK_ROUTE");
  }

  #answerTo(protocol: NETLINK, request: Uint8Array): Seen[] {
    const socket = this.#vnet.socket({ protocol });
    socket.send(request);
    this.kernel.runUntilIdle();
    const seen = drain(socket);
    socket.close();
    return seen;
  }
}

function countOf(seen: Seen): number {
  return numberAt(payloadOf(seen.body.slice(4), DUMMY_ATTRIBUTE.VALUE) as Uint8Array, 0, 4);
}
