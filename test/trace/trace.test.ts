// Traces: a run goes into a file while it happens, and comes out of it again, to be run once more.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CTRL_CMD, GENL } from "../../assembly/abi/genetlink.js";
import { NETLINK, NLM_F } from "../../assembly/abi/netlink.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { coreHash, Kernel, type KernelEvent, ReplayError } from "../../host/kernel/kernel.js";
import { type EventValue, sameValue } from "../../host/kernel/value.js";
import type { Block } from "../../host/trace/capture.js";
import { CaptureReader } from "../../host/trace/capturereader.js";
import { readCooked } from "../../host/trace/cooked.js";
import { firstDifference } from "../../host/trace/difference.js";
import { Recorder } from "../../host/trace/recorder.js";
import { TRACE_VERSION } from "../../host/trace/traceblock.js";
import { type TraceEvent, TraceReader } from "../../host/trace/tracereader.js";
import { TraceReplay } from "../../host/trace/tracereplay.js";
import { ifinfomsg, message } from "../support/messages.js";
import { eventsOf, randomTrace, summed, Tape } from "./recording.js";

const CALLS = 300;

function forSeeds(check: (seed: number) => void): void {
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 31 }), check), { numRuns: 6, endOnFailure: true });
}

function blocksOf(trace: Uint8Array): Block[] {
  return [...CaptureReader.blocks(trace)];
}

/** One socket that asks for all links, in a kernel at a time of its own. */
function linksTrace(): Uint8Array {
  const tape = new Tape();
  const kernel = Kernel.boot({ wallClock: 1000, modules: ["netlink"] }, undefined, tape.recorder);
  const socket = kernel.vnet0.socket();
  kernel.advance(250);
  socket.send(message({ type: RTM.GETLINK, flags: NLM_F.REQUEST | NLM_F.DUMP, seq: 7 }, ifinfomsg()));
  socket.recv(new Uint8Array(4096));
  tape.recorder.end(kernel);
  return tape.bytes;
}

describe("a trace", () => {
  it("holds every event of the run, byte for byte", () => {
    forSeeds((seed) => {
      const given: KernelEvent[] = [];
      const { trace } = randomTrace(seed, CALLS, { note: (event) => given.push(structuredClone(event)) });
      const { events, reader } = eventsOf(trace);
      expect(events.map(({ place }) => place)).toEqual(given.map((_, i) => i));
      const same = sameValue(
        events.map(({ event }) => event as unknown as EventValue),
        given as unknown as EventValue,
      );
      expect(same).toBe(true);
      expect(reader.end?.memory).toHaveProperty("vnet0");
    });
  });

  it("can be read in pieces of any size", () => {
    const { trace } = randomTrace(5, 200);
    const whole = eventsOf(trace).events;
    for (const step of [1, 7, 100, 4096]) {
      const reader = new TraceReader();
      const events: TraceEvent[] = [];
      for (let at = 0; at < trace.length; at += step) {
        const piece = trace.slice(at, at + step);
        reader.push(piece);
        piece.fill(0xff);
        for (let event = reader.next(); event !== undefined; event = reader.next()) events.push(structuredClone(event));
      }
      reader.finish();
      expect(sameValue(events as unknown as EventValue, whole as unknown as EventValue)).toBe(true);
    }
  });

  it("runs again to the same outcomes, to the same memory in every vnet", () => {
    forSeeds((seed) => {
      const { trace, run } = randomTrace(seed, CALLS);
      const { events, reader } = eventsOf(trace);
      const replay = new TraceReplay();
      for (const { event } of events) replay.play(event);
      if (reader.end !== undefined) replay.finish(reader.end);
      expect(replay.kernel.uptime).toBe(run.kernel.uptime);
      expect(replay.kernel.kldstat()).toEqual(run.kernel.kldstat());
    });
  });

  it("is pcapng: messages are netlink packets of the vnet's interface, at the kernel's time, with a comment", () => {
    const [section, , ...blocks] = blocksOf(linksTrace());
    expect(section?.kind).toBe("section");
    const links = blocks.filter(({ kind }) => kind === "interface");
    expect(links).toMatchObject([{ name: "vnet0.freebsd", linkType: 253 }]);
    const packets = blocks.filter((block) => block.kind === "packet");
    expect(packets).toMatchObject([
      { direction: "outbound", nanoseconds: 1_000_250_000_000n, comment: "socket 1 > RTM_GETLINK" },
      { direction: "inbound", comment: "socket 1 < RTM_NEWLINK, 2 messages" },
    ]);
    const [request] = packets.map(({ bytes }) => readCooked(bytes));
    expect(request).toMatchObject({ protocol: 0 });
    expect(request?.messages).toHaveLength(32);
  });

  it("has each message once: the event refers to the packet before it", () => {
    const trace = Buffer.from(linksTrace());
    const request = Buffer.from(message({ type: RTM.GETLINK, flags: NLM_F.REQUEST | NLM_F.DUMP, seq: 7 }, ifinfomsg()));
    expect(trace.indexOf(request)).toBeGreaterThan(0);
    expect(trace.indexOf(request)).toBe(trace.lastIndexOf(request));
  });

  it("has at most 256 messages in a packet", () => {
    const tape = new Tape();
    const kernel = Kernel.boot({ modules: ["netlink"] }, undefined, tape.recorder);
    const socket = kernel.vnet0.socket();
    const one = message({ type: RTM.GETLINK, flags: NLM_F.REQUEST }, ifinfomsg({ index: 1 }));
    const given = [255, 256, 257, 513].map((count) => Uint8Array.from(Buffer.concat(Array(count).fill(one))));
    for (const bytes of given) socket.send(bytes);
    const comments = blocksOf(tape.bytes).flatMap((block) => (block.kind === "packet" ? [block.comment] : []));
    const named = (text: string): string => `socket 1 > RTM_GETLINK${text}`;
    const whole = named(", 256 messages");
    expect(comments).toEqual([named(", 255 messages"), whole, whole, named(""), whole, whole, named("")]);
    const sent = eventsOf(tape.bytes).events.filter(({ event }) => event.call === "send");
    expect(sent.map(({ event }) => event.arguments[0])).toEqual(given);
  });

  it("names messages of generic netlink by the first one's command, which may have none", () => {
    const tape = new Tape();
    const kernel = Kernel.boot({ modules: ["netlink"] }, undefined, tape.recorder);
    const socket = kernel.vnet0.socket({ protocol: NETLINK.GENERIC });
    const command = (number: number): Uint8Array => Uint8Array.of(number, 1, 0, 0);
    const get = message({ type: GENL.MIN_ID, flags: NLM_F.REQUEST }, command(CTRL_CMD.GETFAMILY));
    const bare = message({ type: GENL.MIN_ID, flags: NLM_F.REQUEST });
    for (const sent of [get, bare, [...bare, ...get], [...get, ...bare]]) socket.send(Uint8Array.from(sent));
    const comments = blocksOf(tape.bytes).flatMap((block) => (block.kind === "packet" ? [block.comment] : []));
    expect(comments).toEqual([
      "socket 1 > CTRL_CMD_GETFAMILY",
      "socket 1 > CTRL_CMD_UNSPEC",
      "socket 1 > CTRL_CMD_UNSPEC, 2 messages",
      "socket 1 > CTRL_CMD_GETFAMILY, 2 messages",
    ]);
  });

  it("is readable up to what was handed over when nobody ends it", () => {
    const tape = new Tape();
    const kernel = Kernel.boot({}, undefined, tape.recorder);
    kernel.advance(5);
    const { events, reader } = eventsOf(tape.bytes);
    expect(events.map(({ event }) => event.call)).toEqual(["boot", "advance"]);
    expect(reader.end).toBeUndefined();
  });

  it("is handed over in whole blocks, at 256 KiB, at a flush and at the end", () => {
    const sizes: number[] = [];
    const reader = new CaptureReader();
    const recorder = new Recorder((blocks) => {
      sizes.push(blocks.length);
      reader.push(blocks);
      while (reader.next() !== undefined) {}
      expect(() => reader.end()).not.toThrow();
    });
    const kernel = Kernel.boot({}, undefined, recorder);
    for (let n = 0; n < 6_100; n++) kernel.advance(1);
    expect(sizes).toHaveLength(1);
    expect(sizes[0]).toBeGreaterThanOrEqual(1 << 18);
    recorder.flush();
    recorder.flush();
    recorder.end(kernel);
    expect(sizes).toHaveLength(3);
  });

  it("of another core is refused, with both named", () => {
    const trace = linksTrace();
    const at = Buffer.from(trace).indexOf(coreHash());
    expect(at).toBeGreaterThan(0);
    const digit = trace[at] === 0x30 ? "1" : "0";
    trace[at] = digit.charCodeAt(0);
    const other = digit + coreHash().slice(1);
    expect(() => eventsOf(trace)).toThrow(/after 0 events: byte \d+: checksum/);
    expect(() => eventsOf(summed(trace))).toThrow(`trace of the core ${other}; expected one of ${coreHash()}`);
  });

  it("of another version is refused as that, whatever its checksum is", () => {
    const trace = linksTrace();
    const at = Buffer.from(trace).indexOf("version") + "version".length;
    expect(trace[at]).toBe(TRACE_VERSION);
    trace[at] = TRACE_VERSION - 1;
    const refusal = `trace of version ${TRACE_VERSION - 1}; expected version ${TRACE_VERSION}`;
    expect(() => eventsOf(trace)).toThrow(refusal);
    expect(() => eventsOf(summed(trace))).toThrow(refusal);
  });
});

describe("a run that goes another way", () => {
  function differenceOf(change: (event: KernelEvent) => KernelEvent): ReplayError {
    const replay = new TraceReplay();
    try {
      for (const { event } of eventsOf(linksTrace()).events) replay.play(change(event));
    } catch (error) {
      if (error instanceof ReplayError) return error;
      throw error;
    }
    throw new Error("no difference");
  }

  /** The bytes of what was received, changed at a place. */
  function received(event: KernelEvent, at: number): KernelEvent {
    if (event.call !== "recvmsg" || !("value" in event.outcome)) return event;
    const value = event.outcome.value as { bytes: Uint8Array };
    const bytes = value.bytes.slice();
    bytes[at] = (bytes[at] as number) ^ 1;
    return { ...event, outcome: { value: { ...value, bytes } } };
  }

  it.each([
    // byte   field          expected  seen
    [20, "ifi_index", "0", "1"],
    [8, "nlmsg_seq", "6", "7"],
  ])("is named by event, message and field (byte %i)", (at, field, expected, seen) => {
    const error = differenceOf((event) => received(event, at));
    expect(error.event).toBe(4);
    expect(firstDifference(error.difference as NonNullable<ReplayError["difference"]>)).toEqual({
      message: "RTM_NEWLINK, message 1 of 2",
      field,
      expected,
      seen,
    });
  });

  it("is named by attribute", () => {
    // IFLA_IFNAME is the first attribute: header 16, ifinfomsg 16, attribute header 4.
    const error = differenceOf((event) => received(event, 36));
    expect(firstDifference(error.difference as NonNullable<ReplayError["difference"]>)).toMatchObject({
      field: "IFLA_IFNAME",
      expected: '6d6f3000 "mo0"',
      seen: '6c6f3000 "lo0"',
    });
  });

  it("is named by its errno where a call was refused", () => {
    const error = differenceOf((event) => (event.call === "recvmsg" ? { ...event, outcome: { errno: 35 } } : event));
    expect(firstDifference(error.difference as NonNullable<ReplayError["difference"]>)).toMatchObject({
      field: "outcome",
      expected: "EAGAIN",
    });
  });

  it("is named by the part of the outcome that is another", () => {
    const error = differenceOf((event) => (event.call === "socket" ? { ...event, outcome: { value: 9 } } : event));
    expect(firstDifference(error.difference as NonNullable<ReplayError["difference"]>)).toEqual({
      field: "outcome.value",
      expected: "9",
      seen: "1",
    });
  });

  it("is found in memory at the end, where no outcome shows it", () => {
    const { events } = eventsOf(linksTrace());
    const replay = new TraceReplay();
    for (const { event } of events) replay.play(event);
    expect(() => replay.finish({ memory: { vnet0: "0".repeat(16) } })).toThrow(/event 5: memory of vnet0/);
  });
});
