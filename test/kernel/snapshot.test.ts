// Snapshots: a kernel that goes on from one goes the same way, whatever happened to it meanwhile.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Exchange } from "../../assembly/abi/exchange.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import {
  Errno,
  Kernel,
  type Layer,
  NetlinkError,
  type Policy,
  ReplayError,
  Snapshot,
  SnapshotError,
  type Socket,
} from "../../host/kernel/kernel.js";
import { expectMemory, Player, startReplay } from "../../host/kernel/replay.js";
import { type Moment, RandomRun } from "../storm/calls.js";
import { route } from "../storm/routes.js";
import { concat } from "../support/messages.js";

const KINDS: readonly [Policy, boolean][] = [
  ["fifo", false],
  ["fifo", true],
  ["seeded", false],
  ["seeded", true],
];

/** A property of runs of any seed; each failure prints its seed. */
function forSeeds(numRuns: number, check: (seed: number) => void): void {
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 31 }), check), { numRuns, endOnFailure: true });
}

interface Outcome {
  readonly outputs: readonly string[];
  readonly memories: ReadonlyMap<string, Buffer>;
  readonly kldstat: unknown;
  readonly uptime: number;
}

/** So many further calls, and what came of them. */
function playOn(run: RandomRun, calls: number): Outcome {
  run.play(calls);
  const { kernel } = run;
  return { outputs: [...run.outputs], memories: run.memories(), kldstat: kernel.kldstat(), uptime: kernel.uptime };
}

function expectSame(seen: Outcome, expected: Outcome): void {
  expect(seen.outputs).toEqual(expected.outputs);
  expect([...seen.memories.keys()]).toEqual([...expected.memories.keys()]);
  for (const [name, bytes] of expected.memories) {
    expect(seen.memories.get(name)?.equals(bytes), `memory of ${name}`).toBe(true);
  }
  expect(seen.kldstat).toEqual(expected.kldstat);
  expect(seen.uptime).toBe(expected.uptime);
}

/** The same run on a kernel made from a snapshot, whose sockets it finds by number. */
function runOn(kernel: Kernel, moment: Moment): RandomRun {
  const run = new RandomRun({ seed: 0, policy: "fifo", stepped: false, record: false }, kernel);
  return run.goOn(moment, ({ number }) => kernel.socketByNumber(number) as Socket);
}

/** A state as another process has it: without any object of the kernel. */
function apart(snapshot: Snapshot): Snapshot {
  return new Snapshot(structuredClone(snapshot.state));
}

function errnoOf(call: () => unknown): Errno {
  try {
    call();
  } catch (error) {
    if (error instanceof NetlinkError) return error.errno;
    throw error;
  }
  return Errno.OK;
}

/** More routes than memory has room for without growing. */
function manyRoutes(): Uint8Array[] {
  return Array.from({ length: 100 }, (_, high) =>
    concat(
      ...Array.from({ length: 200 }, (_, low) =>
        route(RTM.NEWROUTE, "qC", `10.${high}.${low}.0/24`, { gateway: "192.0.2.254" }),
      ),
    ),
  );
}

describe("a run that is put back to a snapshot", () => {
  it.each(KINDS)("goes the same way again, to the same memory (%s, stepped %s)", (policy, stepped) => {
    forSeeds(4, (seed) => {
      const run = new RandomRun({ seed, policy, stepped, record: seed % 2 === 0 }).play(300);
      const moment = run.moment();
      const snapshot = run.kernel.snapshot();
      const first = playOn(run, 300);
      for (let again = 0; again < 2; again++) {
        run.kernel.revert(snapshot);
        expectSame(playOn(run.goOn(moment), 300), first);
      }
    });
  });

  it.each(KINDS)("goes the same way in a kernel restored from it (%s, stepped %s)", (policy, stepped) => {
    forSeeds(4, (seed) => {
      const run = new RandomRun({ seed, policy, stepped, record: true }).play(300);
      const moment = run.moment();
      const snapshot = apart(run.kernel.snapshot());
      const forked = run.kernel.fork();
      const first = playOn(run, 300);
      expectSame(playOn(runOn(Kernel.restore(snapshot), moment), 300), first);
      expectSame(playOn(runOn(forked, moment), 300), first);
    });
  });

  it("goes the same way after another kernel's state was in its place", () => {
    forSeeds(4, (seed) => {
      const options = { policy: "seeded", stepped: false, record: true } as const;
      const run = new RandomRun({ seed, ...options }).play(300);
      const moment = run.moment();
      const snapshot = apart(run.kernel.snapshot());
      const first = playOn(run, 300);
      const other = run.kernel;
      other.revert(snapshot);
      expectSame(playOn(runOn(other, moment), 300), first);
    });
  });

  it("goes as one of which no snapshot was taken", () => {
    const run = new RandomRun({ seed: 3, policy: "seeded", stepped: false, record: false });
    const other = new RandomRun({ seed: 3, policy: "seeded", stepped: false, record: false });
    let snapshot: Snapshot | undefined;
    for (let n = 0; n < 200; n++) {
      run.play(1);
      snapshot = run.kernel.snapshot(snapshot);
      if (n % 7 === 0) run.kernel.revert(snapshot);
    }
    expectSame(playOn(run, 1), playOn(other.play(200), 1));
  });
});

describe("what host and core left each other in a call before", () => {
  it("makes no difference, whatever lies there", () => {
    for (let seed = 1; seed <= 6; seed++) {
      const log = new RandomRun({ seed, policy: "seeded", stepped: false, record: true }).play(400).kernel.record();
      const kernel = startReplay(log, { boot: (options) => Kernel.boot(options), restored: undefined });
      const player = new Player(kernel);
      for (const event of log.events.slice(1)) {
        for (const { core } of kernel.vnets) {
          core.views.bytes.fill(0xee, core.exchange, core.exchange + Exchange.BYTES);
        }
        player.play(event);
      }
      expectMemory(kernel, log);
    }
  });
});

describe("memory that grew after a snapshot", () => {
  it("is as never handed out once the kernel is put back", () => {
    const kernel = Kernel.boot({
      modules: ["netlink"],
      interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24"] }],
    });
    const { vnet0 } = kernel;
    const socket = vnet0.socket();
    const before = vnet0.statistics();
    const snapshot = kernel.snapshot();
    const grow = (): string => {
      for (const batch of manyRoutes()) socket.send(batch);
      expect(vnet0.statistics().memoryBytes).toBeGreaterThan(before.memoryBytes);
      return kernel.fork().vnet0.memory.length.toString();
    };
    const length = grow();
    const memory = vnet0.memory.slice();
    kernel.revert(snapshot);
    expect(vnet0.statistics()).toEqual(before);
    const { bytes } = vnet0.core.views;
    expect(bytes.length).toBe(memory.length);
    expect(bytes.subarray(before.touchedBytes).every((byte) => byte === 0)).toBe(true);
    expect(grow()).toBe(length);
    expect(Buffer.compare(vnet0.memory, memory)).toBe(0);
    expect(vnet0.check()).toBe(0);
  });
});

describe("sockets and vnets", () => {
  function world() {
    const kernel = Kernel.boot({ modules: ["netlink"] });
    const blue = kernel.vnetCreate("blue");
    const socket = blue.socket();
    socket.bind(77);
    const routing = kernel.vnet0.routingSocket();
    return { kernel, blue, socket, routing };
  }

  it("that were closed and destroyed since are back, and the objects of then are valid", () => {
    const { kernel, blue, socket, routing } = world();
    const snapshot = kernel.snapshot();
    socket.close();
    routing.close();
    kernel.vnetDestroy("blue");
    const other = kernel.vnetCreate("blue");
    kernel.revert(snapshot);
    expect(kernel.vnet("blue")).toBe(blue);
    expect(kernel.socketByNumber(1)).toBe(socket);
    expect(socket.getsockname().port).toBe(77);
    expect(routing.poll().writable).toBe(true);
    expect(kernel.vnet0.hasRoutingSockets).toBe(true);
    expect(errnoOf(() => other.socket())).toBe(Errno.ENXIO);
    expect(errnoOf(() => kernel.vnetDestroy("blue"))).toBe(Errno.EBUSY);
  });

  it("that were made since are gone, and their numbers are given again", () => {
    const { kernel } = world();
    const snapshot = kernel.snapshot();
    const late = kernel.vnet0.socket();
    const lateRouting = kernel.vnet0.routingSocket();
    const red = kernel.vnetCreate("red");
    kernel.revert(snapshot);
    expect(kernel.vnets.map(({ name }) => name)).toEqual(["vnet0", "blue"]);
    expect(errnoOf(() => red.socket())).toBe(Errno.ENXIO);
    expect([late, lateRouting].map((each) => errnoOf(() => each.poll()))).toEqual([Errno.EBADF, Errno.EBADF]);
    expect(kernel.vnet0.socket().number).toBe(late.number);
    expect(errnoOf(() => late.poll())).toBe(Errno.EBADF);
    expect(kernel.vnet0.routingSocket().number).toBe(lateRouting.number);
    expect(kernel.vnetCreate("red").port.number).toBe(red.port.number);
  });

  it("go back and forth between two futures, each with its own objects", () => {
    const { kernel } = world();
    const fork = kernel.snapshot();
    const left = kernel.vnet0.socket();
    left.bind(5);
    const leftward = kernel.snapshot();
    kernel.revert(fork);
    const right = kernel.vnet0.socket();
    right.bind(6);
    const rightward = kernel.snapshot();
    kernel.revert(leftward);
    expect(left.getsockname().port).toBe(5);
    expect(errnoOf(() => right.poll())).toBe(Errno.EBADF);
    kernel.revert(rightward);
    expect(right.getsockname().port).toBe(6);
    expect(errnoOf(() => left.poll())).toBe(Errno.EBADF);
  });

  it("of a restored kernel are there by number, with port and queue", () => {
    const { kernel, socket } = world();
    socket.send(route(RTM.GETROUTE, "q", "192.0.2.0/24", {}));
    const { readable } = socket.poll();
    const restored = Kernel.restore(apart(kernel.snapshot()));
    const again = restored.socketByNumber(1) as Socket;
    expect(readable).toBe(true);
    expect(again.poll().readable).toBe(true);
    expect(again.getsockname().port).toBe(77);
    const [left, right] = [new Uint8Array(512), new Uint8Array(512)];
    expect(again.recv(right)).toBe(socket.recv(left));
    expect(right).toEqual(left);
    expect(restored.vnet0.routingSocketByNumber(1)?.poll().writable).toBe(true);
  });

  it("of a fork are its own: what one kernel does the other does not see", () => {
    const { kernel, socket } = world();
    const forked = kernel.fork();
    forked.socketByNumber(1)?.close();
    forked.vnetDestroy("blue");
    expect(socket.getsockname().port).toBe(77);
    expect(kernel.vnets.length).toBe(2);
  });
});

describe("a snapshot", () => {
  it("that is given again becomes the new one, in the same buffers", () => {
    const kernel = Kernel.boot({ modules: ["netlink"] });
    const snapshot = kernel.snapshot();
    const bufferOf = ({ state }: Snapshot) => state.vnets[0]?.memory.bytes.buffer;
    const buffer = bufferOf(snapshot);
    kernel.vnet0.interfaceAttach({ name: "em0" });
    expect(kernel.snapshot(snapshot)).toBe(snapshot);
    expect(bufferOf(snapshot)).toBe(buffer);
    kernel.vnet0.interfaceAttach({ name: "em1" });
    kernel.revert(snapshot);
    expect(["em0", "em1"].map((name) => kernel.vnet0.interfaceIndex(name))).toEqual([2, undefined]);
  });

  it("of another core is refused", () => {
    const kernel = Kernel.boot();
    const other = new Snapshot({ ...kernel.snapshot().state, core: "0123456789abcdef" });
    for (const call of [() => Kernel.restore(other), () => kernel.revert(other)]) {
      expect(call).toThrow(SnapshotError);
      expect(call).toThrow(/snapshot of the core 0123456789abcdef; expected one of [0-9a-f]{16}/);
    }
  });

  it("of a kernel that was booted otherwise is refused by revert, and nothing changes", () => {
    const kernel = Kernel.boot({ modules: ["netlink"] });
    const socket = kernel.vnet0.socket();
    const other = Kernel.boot({ fibs: 2, modules: ["netlink"] }).snapshot();
    expect(() => kernel.revert(other)).toThrow(/booted with fibs 2; expected 1/);
    expect(socket.poll().writable).toBe(true);
    expect(Kernel.restore(other).fibs).toBe(2);
  });
});

describe("the event log of a kernel from a snapshot", () => {
  function recorded() {
    const kernel = Kernel.boot({ record: true, modules: ["netlink"] });
    const socket = kernel.vnet0.socket();
    socket.bind(77);
    return { kernel, socket };
  }

  it("goes on from the snapshot's place when the kernel is put back", () => {
    const { kernel } = recorded();
    const snapshot = kernel.snapshot();
    expect(snapshot.position).toBe(3);
    kernel.advance(1000);
    kernel.revert(snapshot);
    kernel.advance(5);
    const log = kernel.record();
    expect(log.events.map(({ call }) => call)).toEqual(["boot", "socket", "bind", "advance"]);
    expect(Kernel.replay(log).uptime).toBe(kernel.uptime);
  });

  it("is whole in a fork, and neither has the other's events", () => {
    const { kernel } = recorded();
    const forked = kernel.fork();
    forked.advance(1);
    kernel.advance(2);
    kernel.advance(2);
    for (const each of [kernel, forked]) expect(Kernel.replay(each.record()).uptime).toBe(each.uptime);
    expect(forked.record().events.length).toBe(4);
  });

  it("begins at the snapshot where that came from elsewhere, and is replayed from it", () => {
    const { kernel } = recorded();
    const snapshot = apart(kernel.snapshot());
    const restored = Kernel.restore(snapshot);
    restored.socketByNumber(1)?.close();
    restored.advance(7);
    const log = restored.record();
    expect(log).toMatchObject({ start: 3, events: [{ call: "close" }, { call: "advance" }] });
    expect(Kernel.replay(log, snapshot).record()).toEqual(log);
    expect(() => Kernel.replay(log)).toThrow(/log from event 3 on; expected a snapshot/);
  });

  it("is replayed from any snapshot of its run, and from no other", () => {
    const { kernel } = recorded();
    const middle = apart(kernel.snapshot());
    kernel.advance(7);
    const log = kernel.record();
    expect(Kernel.replay(log, middle).uptime).toBe(kernel.uptime);
    const beyond = new Snapshot({ ...middle.state, position: 9 });
    expect(() => Kernel.replay(log, beyond)).toThrow(ReplayError);
    expect(() => Kernel.replay(log, beyond)).toThrow(/snapshot at event 9; expected one from 0 to 4/);
  });

  it("can begin at a snapshot of a kernel that kept none", () => {
    const snapshot = Kernel.boot({ modules: ["netlink"] }).snapshot();
    const restored = Kernel.restore(snapshot, { record: true });
    restored.advance(9);
    expect(restored.record().events.map(({ call }) => call)).toEqual(["advance"]);
    expect(() => Kernel.restore(snapshot).record()).toThrow(/keeps no log/);
  });
});

describe("a layer of the host", () => {
  class Counter implements Layer {
    readonly name = "counter";
    count = 0;
    readonly #objects = {};
    restored: unknown[] = [];
    save() {
      return { state: { count: this.count }, objects: this.#objects };
    }
    restore(state: unknown, objects: unknown): void {
      this.count = (state as { count: number } | undefined)?.count ?? 0;
      this.restored.push(objects === this.#objects);
    }
  }

  it("goes back with its kernel, and gets its own objects again", () => {
    const kernel = Kernel.boot();
    const without = kernel.snapshot();
    const layer = new Counter();
    kernel.addLayer(layer);
    layer.count = 1;
    const snapshot = kernel.snapshot();
    layer.count = 2;
    kernel.revert(snapshot);
    expect(layer.count).toBe(1);
    expect(() => kernel.addLayer(new Counter())).toThrow(/there is a layer counter/);
    kernel.revert(without);
    expect(layer.count).toBe(0);
    expect(layer.restored).toEqual([true, false]);
    expect(kernel.layer(layer.name)).toBeUndefined();
  });

  it("of a restored kernel gets its state when it is made, and until then the state stays with the kernel", () => {
    const kernel = Kernel.boot();
    const layer = new Counter();
    kernel.addLayer(layer);
    layer.count = 4;
    const restored = Kernel.restore(Kernel.restore(apart(kernel.snapshot())).snapshot());
    const again = new Counter();
    restored.addLayer(again);
    expect(again.count).toBe(4);
  });
});
