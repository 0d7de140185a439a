// Recorded runs and their replay: the log and the core are the run.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NETLINK_OPTION, SOL } from "../../assembly/abi/netlink.js";
import { RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { type EventLog, Kernel, type KernelEvent, type Policy, ReplayError } from "../../host/kernel/kernel.js";
import { type EventValue, sameValue } from "../../host/kernel/value.js";
import { RandomRun } from "../storm/calls.js";
import { ifinfomsg, message } from "../support/messages.js";

const CALLS = 1000;
const KINDS: readonly [Policy, boolean][] = [
  ["fifo", false],
  ["fifo", true],
  ["seeded", false],
  ["seeded", true],
];

function expectSameMemories(left: Map<string, Buffer>, right: Map<string, Buffer>): void {
  expect([...left.keys()]).toEqual([...right.keys()]);
  for (const [name, bytes] of left) {
    const other = right.get(name) as Buffer;
    if (!bytes.equals(other)) {
      const at = bytes.findIndex((byte, i) => byte !== other[i]);
      throw new Error(`memory of ${name}: ${bytes.length} and ${other.length} bytes, first different at ${at}`);
    }
  }
}

/** toEqual compares bytes one by one, and a log of 1,000 calls has millions. */
function sameLog(left: EventLog, right: EventLog): boolean {
  return sameValue(left as unknown as EventValue, right as unknown as EventValue);
}

function memoriesOf(kernel: Kernel): Map<string, Buffer> {
  return new Map(kernel.vnets.map((vnet) => [vnet.name, Buffer.from(vnet.memory)]));
}

/** A property of runs of any seed; each failure prints its seed. */
function forSeeds(numRuns: number, check: (seed: number) => void): void {
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 31 }), check), { numRuns, endOnFailure: true });
}

describe("two runs with the same seed", () => {
  it.each(KINDS)(" give the same bytes (%s, stepped %s)", (policy, stepped) => {
    forSeeds(4, (seed) => {
      const left = new RandomRun({ seed, policy, stepped, record: false }).play(CALLS);
      const right = new RandomRun({ seed, policy, stepped, record: false }).play(CALLS);
      expect(left.outputs).toEqual(right.outputs);
      expect(left.outputs.length).toBe(CALLS);
      expectSameMemories(left.memories(), right.memories());
    });
  });

  it("give the same bytes whether one of them is recorded or not", () => {
    forSeeds(4, (seed) => {
      const left = new RandomRun({ seed, policy: "seeded", stepped: false, record: false }).play(CALLS);
      const right = new RandomRun({ seed, policy: "seeded", stepped: false, record: true }).play(CALLS);
      expect(left.outputs).toEqual(right.outputs);
      expectSameMemories(left.memories(), right.memories());
    });
  });

  it("[N2.5] draw the same ports, and with another seed others", () => {
    const portOf = (seed: number): number => {
      const vnet = Kernel.boot({ seed, modules: ["netlink"] }).vnet0;
      vnet.socket().bind(0);
      const second = vnet.socket();
      second.bind(0);
      return second.getsockname().port;
    };
    const ports = [1, 2, 3, 2 ** 40, Number.MAX_SAFE_INTEGER].map(portOf);
    expect([1, 2, 3, 2 ** 40, Number.MAX_SAFE_INTEGER].map(portOf)).toEqual(ports);
    expect(new Set(ports).size).toBe(ports.length);
  });
});

describe("an event sink", () => {
  it("gets the events that a record keeps, each with its place", () => {
    forSeeds(4, (seed) => {
      const given: KernelEvent[] = [];
      const options = { seed, policy: "seeded", stepped: false } as const;
      const events = {
        note: (event: KernelEvent, place: number) => {
          expect(place).toBe(given.length);
          given.push(structuredClone(event));
        },
      };
      const kept = new RandomRun({ ...options, record: true }).play(200).kernel.record();
      new RandomRun({ ...options, record: false, events }).play(200);
      const [boot, ...rest] = given as unknown as [EventValue, ...EventValue[]];
      expect(sameValue(rest, kept.events.slice(1) as unknown as EventValue)).toBe(true);
      expect(boot).toMatchObject({ call: "boot", arguments: [{ seed, record: false }] });
    });
  });

  it("lets a kernel keep nothing, unless it records besides", () => {
    const places: number[] = [];
    const kernel = Kernel.boot({ modules: ["netlink"] }, undefined, { note: (_event, place) => places.push(place) });
    kernel.advance(1);
    expect(places).toEqual([0, 1]);
    expect(kernel.journal.events).toEqual([]);
    expect(kernel.journal.position).toBe(2);
    expect(() => kernel.record()).toThrow("boot it with { record: true }");
  });
});

describe("a recorded run", () => {
  it.each(KINDS)(
    "of 1,000 random calls replays to the same outcomes and memory (%s, stepped %s)",
    (policy, stepped) => {
      forSeeds(4, (seed) => {
        const run = new RandomRun({ seed, policy, stepped, record: true }).play(CALLS);
        const log = run.kernel.record();
        const memories = run.memories();
        const replayed = Kernel.replay(log);
        expectSameMemories(memoriesOf(replayed), memories);
        expect(replayed.uptime).toBe(run.kernel.uptime);
        expect(replayed.kldstat()).toEqual(run.kernel.kldstat());
        expect(sameLog(replayed.record(), log)).toBe(true);
      });
    },
  );

  it("holds a call of every kind that can change a kernel", () => {
    const kinds = new Set<string>();
    for (let seed = 1; seed <= 4; seed++) {
      const run = new RandomRun({ seed, policy: "fifo", stepped: true, record: true }).play(CALLS);
      for (const { call } of run.kernel.record().events) kinds.add(call);
    }
    expect([...kinds].sort()).toEqual(
      [
        "addressAdd addressDelete addressDuplicate advance bind boot check close connect failAllocation forgetHighWater",
        "interfaceAttach interfaceDetach interfaceDown interfaceInet6 interfaceSet interfaceUp kldload kldunload",
        "neighbourResolve peerAdvertise peerRemove peerSend peerSet recvmsg run send setsockopt socket sysctl vnetCreate vnetDestroy vnetSysctl",
      ]
        .join(" ")
        .split(" "),
    );
  });

  it("goes on after its replay as the first did", () => {
    const { kernel, socket } = recordedRun();
    const replayed = Kernel.replay(kernel.record());
    const again = replayed.socketByNumber(1);
    for (const each of [socket, again]) each?.send(getLink(9));
    const [left, right] = [socket, again].map((each) => {
      const into = new Uint8Array(4096);
      return into.slice(0, each?.recv(into));
    });
    expect(right).toEqual(left);
    expect(replayed.record()).toEqual(kernel.record());
  });

  it("keeps copies: what the caller does with its bytes afterwards changes no event", () => {
    const { kernel, socket } = recordedRun();
    const bytes = getLink(5);
    const into = new Uint8Array(4096);
    const value = Uint8Array.of(1, 0, 0, 0);
    const interfaceOptions = { name: "em5", addresses: ["10.5.0.1/16"] };
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.CAP_ACK, value);
    kernel.vnet0.interfaceAttach(interfaceOptions);
    socket.send(bytes);
    socket.recv(into);
    bytes.fill(0xff);
    into.fill(0xff);
    value.fill(0xff);
    interfaceOptions.addresses[0] = "10.6.0.1/16";
    expect(() => Kernel.replay(kernel.record())).not.toThrow();
  });

  it("does not hold a call with a wrong argument, which changes nothing", () => {
    const { kernel, socket } = recordedRun();
    const count = kernel.record().events.length;
    const { vnet0 } = kernel;
    const addresses = Array.from({ length: 41 }, (_, n) => `10.0.0.${n}`);
    const wrong = [
      () => vnet0.addressAdd("em0", "10.0.0.1"),
      () => vnet0.addressAdd("em0", "10.0.0.1/33"),
      () => vnet0.addressDelete("em0", "ten"),
      () => vnet0.interfaceAttach({ name: "em8", mtu: 71 }),
      () => vnet0.interfaceAttach({ name: "em8", lladdr: "02:00" }),
      () => vnet0.interfaceAttach({ name: "em8", addresses: ["10.8.0.1/24", "10.8.0.1"] }),
      () => vnet0.socket({ cred: { jail: { vnet: false, addresses } } }),
      () => kernel.vnetCreate("jail", { interfaces: [{ name: "em8", mtu: 71 }] }),
      () => kernel.advance(-1),
    ];
    for (const call of wrong) expect(call).toThrow(RangeError);
    expect(kernel.record().events.length).toBe(count);
    expect(kernel.vnets.map(({ name }) => name)).toEqual(["vnet0"]);
    expect(socket.send(getLink(3))).toBe(32);
    expect(() => Kernel.replay(kernel.record())).not.toThrow();
  });

  it("is there only when it was asked for", () => {
    expect(() => Kernel.boot().record()).toThrow(/record: .*boot it with \{ record: true \}/);
  });
});

function getLink(seq: number): Uint8Array {
  return message({ type: 18, flags: "qa", seq }, ifinfomsg({ index: 1 }));
}

/** A short run: events 1 to 8 after the boot. */
function recordedRun() {
  const kernel = Kernel.boot({ record: true, modules: ["netlink"], interfaces: [{ name: "em0", up: true }] });
  const socket = kernel.vnet0.socket();
  socket.bind(77);
  socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, RTNLGRP.LINK);
  socket.send(getLink(4));
  socket.recv(new Uint8Array(4096));
  kernel.vnet0.interfaceDown("em0");
  socket.recvmsg(new Uint8Array(100));
  kernel.advance(1000);
  return { kernel, socket };
}

/** The error of a replay that must fail. */
function replayError(log: EventLog): ReplayError {
  try {
    Kernel.replay(log);
  } catch (error) {
    if (error instanceof ReplayError) return error;
    throw error;
  }
  throw new Error("the replay succeeded");
}

/** The log with some event another one. */
function withEvent(log: EventLog, place: number, change: (event: KernelEvent) => KernelEvent): EventLog {
  return { ...log, events: log.events.map((event, i) => (i === place ? change(event) : event)) };
}

function without(log: EventLog, place: number): EventLog {
  return { ...log, events: log.events.filter((_, i) => i !== place) };
}

/** The event with a byte, number or text of its outcome changed. */
function withOtherOutcome(event: KernelEvent, at: number): KernelEvent {
  const { outcome } = event;
  if ("errno" in outcome) return { ...event, outcome: { errno: outcome.errno + 1 } };
  const { value } = outcome;
  if (typeof value === "number") return { ...event, outcome: { value: value + 1 } };
  if (value !== null && typeof value === "object" && "bytes" in value) {
    const { length, bytes } = value as unknown as { length: number; bytes: Uint8Array };
    if (bytes.length === 0) return { ...event, outcome: { value: { ...value, length: length + 1 } } };
    const changed = bytes.slice();
    changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ 1;
    return { ...event, outcome: { value: { ...value, bytes: changed } } };
  }
  return { ...event, outcome: { value: 1 } };
}

describe("a log that was changed", () => {
  const log = recordedRun().kernel.record();
  const calls = log.events.map(({ call }) => call);

  it("is of the run that the tests here take for granted", () => {
    expect(calls).toEqual([
      "boot",
      "socket",
      "bind",
      "setsockopt",
      "send",
      "recvmsg",
      "interfaceDown",
      "recvmsg",
      "advance",
    ]);
    expect(() => Kernel.replay(log)).not.toThrow();
  });

  it("in any one outcome is refused at that event", () => {
    const run = new RandomRun({ seed: 5, policy: "seeded", stepped: false, record: true }).play(200);
    const random = run.kernel.record();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: random.events.length - 1 }), fc.nat(100_000), (place, at) => {
        const error = replayError(withEvent(random, place, (event) => withOtherOutcome(event, at)));
        expect(error.event).toBe(place);
        expect(error.message).toContain(`event ${place}: ${random.events[place]?.call}`);
      }),
      { numRuns: 60 },
    );
  });

  it.each<[string, number, readonly unknown[], number]>([
    // what        event  arguments                         refused at
    ["bind", 2, [78, 0], 5],
    ["bind that is refused", 2, [new Uint8Array(11), 0], 2],
    ["setsockopt", 3, [SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, RTNLGRP.NEIGH], 7],
    ["send", 4, [getLink(6), {}], 5],
    ["send with options", 4, [getLink(4), { control: true }], 4],
    ["recvmsg", 5, [30, 0, 0, 0], 5],
    ["recvmsg, flags", 5, [4096, 2, 0, 0], 5],
    ["interfaceDown", 6, ["em1"], 6],
    ["advance", 8, [1001], 9],
  ])("in the arguments of %s is refused where the run goes another way", (_, place, parameters, refusedAt) => {
    const changed = withEvent(log, place, (event) => ({
      ...event,
      arguments: parameters as KernelEvent["arguments"],
    }));
    expect(replayError(changed).event).toBe(refusedAt);
  });

  it.each([
    // without   refused at the place that the next event that differs has then
    ["boot", 0, 0],
    ["socket", 1, 1],
    ["bind", 2, 4],
    ["setsockopt", 3, 6],
    ["send", 4, 4],
    ["recvmsg", 5, 6],
    ["interfaceDown", 6, 6],
    ["the last recvmsg", 7, 8],
    ["advance", 8, 8],
  ])("by the loss of %s is refused where the run goes another way", (_, place, refusedAt) => {
    const error = replayError(without(log, place));
    expect(error.event).toBe(refusedAt);
    expect(error.message).toMatch(new RegExp(`^replay: event ${refusedAt}: `));
  });

  it("by the loss of any one send, receive, bind or change of an interface of a random run is refused, not before it", () => {
    const run = new RandomRun({ seed: 11, policy: "fifo", stepped: false, record: true }).play(150);
    const random = run.kernel.record();
    // What a socket had that is closed in the end may leave no trace.
    const isClosed = (socket: number | undefined): boolean =>
      random.events.some(({ call, target }) => call === "close" && target.socket === socket);
    // An IPv6 address that is given once more gets the lifetimes and flags that it has.
    const isRepeated = (place: number): boolean => {
      const { call, target, arguments: own } = random.events[place] as KernelEvent;
      if (call !== "addressAdd" || !String(own[1]).includes(":")) return false;
      return random.events
        .slice(0, place)
        .some((each) => each.call === call && each.target.vnet === target.vnet && each.arguments[1] === own[1]);
    };
    random.events.forEach(({ call, target, outcome }, place) => {
      const isChange = ["send", "bind", "interfaceAttach", "addressAdd"].includes(call) && "value" in outcome;
      if (isChange && !isRepeated(place) && !isClosed(target.socket))
        expect(replayError(without(random, place)).event).toBeGreaterThanOrEqual(place);
    });
  });

  it("in the memory at the end is refused after the last event", () => {
    const error = replayError({ ...log, memory: { vnet0: "0123456789abcdef" } });
    expect(error.event).toBe(log.events.length);
    expect(error.message).toMatch(/memory of vnet0: .*expected 0123456789abcdef/);
  });

  it("by an event of an unknown kind, or one on what is not there, is refused at it", () => {
    const unknown = withEvent(log, 3, (event) => ({ ...event, call: "reboot" as KernelEvent["call"] }));
    expect(replayError(unknown)).toMatchObject({ event: 3, message: expect.stringMatching(/unknown call reboot/) });
    const socketless = withEvent(log, 4, (event) => ({ ...event, target: { vnet: "vnet0", socket: 9 } }));
    expect(replayError(socketless)).toMatchObject({ event: 4, message: expect.stringMatching(/no socket 9/) });
    const vnetless = withEvent(log, 6, (event) => ({ ...event, target: { vnet: "jail" } }));
    expect(replayError(vnetless)).toMatchObject({ event: 6, message: expect.stringMatching(/no vnet jail/) });
  });

  it("into nothing, or of another version, is refused at event 0", () => {
    expect(replayError({ ...log, events: [] })).toMatchObject({
      event: 0,
      message: expect.stringMatching(/expected boot/),
    });
    expect(replayError({ ...log, version: 2 as 1 })).toMatchObject({
      event: 0,
      message: expect.stringMatching(/version 2/),
    });
  });
});
