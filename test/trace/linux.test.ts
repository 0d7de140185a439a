// Runs with Linux programs: what they called is recorded, not what the layer did for them in the kernel; a replay has a
// layer of its own do it again, and compares what the programs read.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Kernel, ReplayError } from "../../host/kernel/kernel.js";
import { LinuxAbi } from "../../host/linux/abi.js";
import type { Mode } from "../../host/linux/modes.js";
import { LINUX_PLAYER } from "../../host/linux/replay.js";
import { CaptureReader } from "../../host/trace/capturereader.js";
import { TraceReplay } from "../../host/trace/tracereplay.js";
import { ProgramRun } from "./programs.js";
import { eventsOf, Tape } from "./recording.js";

const CALLS = 400;
const MODES: readonly Mode[] = ["extended", "strict"];

function record(seed: number, mode: Mode): { trace: Uint8Array; run: ProgramRun } {
  const tape = new Tape();
  const run = new ProgramRun({ seed, mode, events: tape.recorder }).play(CALLS);
  run.end();
  tape.recorder.end(run.kernel);
  return { trace: tape.bytes, run };
}

function forSeeds(check: (seed: number) => void): void {
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 31 }), check), { numRuns: 5, endOnFailure: true });
}

describe.each(MODES)("a recorded run of Linux programs (%s)", (mode) => {
  it("runs again to what the programs read, and to the same memory", () => {
    forSeeds((seed) => {
      const { events, reader } = eventsOf(record(seed, mode).trace);
      const replay = new TraceReplay(LINUX_PLAYER);
      for (const { event } of events) replay.play(event);
      expect(reader.end).toBeDefined();
      if (reader.end !== undefined) replay.finish(reader.end);
    });
  });

  it("goes as one that nobody records", () => {
    forSeeds((seed) => {
      const silent = new ProgramRun({ seed, mode, events: undefined }).play(CALLS);
      silent.end();
      expect(record(seed, mode).run.outputs).toEqual(silent.outputs);
    });
  });

  it("has calls of programs, and none of what the layer asks the kernel", () => {
    const { events } = eventsOf(record(7, mode).trace);
    const calls = new Set(events.map(({ event }) => event.call));
    expect([...calls]).toContain("linux.send");
    for (const nested of ["send", "recvmsg", "socket", "bind"]) expect(calls).not.toContain(nested);
  });

  it("has packets on the interface of the vnet's Linux programs", () => {
    const { trace } = record(3, mode);
    const blocks = [...CaptureReader.blocks(trace)];
    const names = blocks.flatMap((block) => (block.kind === "interface" ? [block.name] : []));
    expect(names.sort()).toEqual(["blue.linux", "vnet0.linux"]);
  });

  it("is kept in memory and replayed just as well", () => {
    const events = { note: () => {} };
    const run = new ProgramRun({ seed: 3, mode, events, record: true }).play(CALLS);
    run.end();
    expect(() => Kernel.replay(run.kernel.record(), undefined, LINUX_PLAYER)).not.toThrow();
  });
});

describe("a recording of Linux programs", () => {
  it("is refused where nobody knows the layer, with the layers that are known", () => {
    const kernel = Kernel.boot({ record: true });
    new LinuxAbi(kernel);
    expect(() => Kernel.replay(kernel.record())).toThrow(ReplayError);
    expect(() => Kernel.replay(kernel.record())).toThrow(/event 1: a call on the layer linux; layers to replay: none/);
  });

  it("cannot be made with namespaces that answer otherwise in a replay", () => {
    const kernel = Kernel.boot({ record: true });
    expect(() => new LinuxAbi(kernel, { namespaces: { ofProcess: () => undefined } })).toThrow(/expected none/);
  });
});
