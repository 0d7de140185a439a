// Snapshots of a kernel with Linux programs: what the layer knows, and what its sockets have under way, goes along. Programs
// that go on from a snapshot read what they read the first time, to the byte.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashBytes } from "../../host/kernel/hash.js";
import { Kernel, type Snapshot } from "../../host/kernel/kernel.js";
import { LINUX_LAYER, LinuxAbi, LinuxErrno, type Mode } from "../../host/linux/abi.js";
import { LINUX_PLAYER } from "../../host/linux/replay.js";
import { decodeSnapshot, encodeSnapshot } from "../../host/trace/snapshotfile.js";
import { Timeline } from "../../host/trace/timeline.js";
import { ProgramRun } from "../trace/programs.js";

const MODES: readonly Mode[] = ["extended", "strict"];
const CALLS = 150;

function hashes(kernel: Kernel): string {
  return kernel.vnets.map(({ name, memory }) => `${name} ${hashBytes(memory)}`).join(", ");
}

/** What a run reads in some more calls, and the memory that it leaves. */
function further(run: ProgramRun): { outputs: readonly string[]; memory: string } {
  const before = run.outputs.length;
  run.play(CALLS);
  return { outputs: run.outputs.slice(before), memory: hashes(run.kernel) };
}

function forHistories(check: (seed: number, calls: number) => void): void {
  const [seed, calls] = [fc.integer({ min: 1, max: 2 ** 31 }), fc.integer({ min: 0, max: 2 * CALLS })];
  fc.assert(fc.property(seed, calls, check), { numRuns: 12, endOnFailure: true });
}

function abiOf(kernel: Kernel): LinuxAbi {
  return new LinuxAbi(kernel);
}

describe.each(MODES)("Linux programs on a kernel that is put back (%s)", (mode) => {
  it("read the same again, and leave the same memory", () => {
    forHistories((seed, calls) => {
      const run = new ProgramRun({ seed, mode, events: undefined }).play(calls);
      const place = run.place();
      const snapshot = run.kernel.snapshot();
      const first = further(run);
      for (let n = 0; n < 2; n++) {
        run.kernel.revert(snapshot);
        run.goTo(place);
        expect(further(run)).toEqual(first);
      }
    });
  });

  it("go on in a kernel that is restored from a file, as if nothing had happened", () => {
    forHistories((seed, calls) => {
      const run = new ProgramRun({ seed, mode, events: undefined }).play(calls);
      const place = run.place();
      const bytes = encodeSnapshot(run.kernel.snapshot());
      const first = further(run);
      const kernel = Kernel.restore(decodeSnapshot(bytes));
      const restored = run.on(kernel, abiOf(kernel));
      restored.goTo(place);
      expect(further(restored)).toEqual(first);
    });
  });

  it("go on in a fork, and do nothing to the kernel that it was made of", () => {
    const run = new ProgramRun({ seed: 5, mode, events: undefined }).play(CALLS);
    const place = run.place();
    const memory = hashes(run.kernel);
    const kernel = run.kernel.fork();
    const forked = run.on(kernel, abiOf(kernel));
    forked.goTo(place);
    const there = further(forked);
    expect(hashes(run.kernel)).toBe(memory);
    run.goTo(place);
    expect(further(run)).toEqual(there);
  });

  it("are undisturbed by a snapshot that is taken", () => {
    const [plain, taken] = [1, 2].map(() => new ProgramRun({ seed: 9, mode, events: undefined }));
    let spare: Snapshot | undefined;
    for (let n = 0; n < CALLS; n++) {
      plain?.play(1);
      spare = taken?.kernel.snapshot(spare);
      taken?.play(1);
    }
    expect(taken?.outputs).toEqual(plain?.outputs);
  });

  it("are gone to in a timeline from both sides", () => {
    const run = new ProgramRun({ seed: 3, mode, events: undefined, record: true }).play(2 * CALLS);
    run.end();
    const timeline = new Timeline(run.kernel.record(), { spacing: 8, limitBytes: 1 << 23, layers: LINUX_PLAYER });
    const seen: string[] = [];
    do seen[timeline.position] = hashes(timeline.kernel);
    while (timeline.stepForward());
    fc.assert(
      fc.property(fc.integer({ min: timeline.start, max: timeline.end }), (place) => {
        timeline.seek(place);
        expect(hashes(timeline.kernel)).toBe(seen[place]);
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });
});

describe("the Linux layer of a kernel that is put back", () => {
  const SOCKET = { type: 3, protocol: 0, pid: 1, isPrivileged: true };

  it("is not there when the snapshot was taken before it was, and opens no socket", () => {
    const kernel = Kernel.boot({ modules: ["linux_common"] });
    const before = kernel.snapshot();
    const abi = new LinuxAbi(kernel);
    const after = kernel.snapshot();
    kernel.revert(before);
    expect(kernel.layer(LINUX_LAYER)).toBeUndefined();
    expect(() => abi.socket(kernel.vnet0, SOCKET)).toThrow(expect.objectContaining({ errno: LinuxErrno.EAFNOSUPPORT }));
    kernel.revert(after);
    expect(kernel.layer(LINUX_LAYER)).toBe(abi);
    expect(() => abi.socket(kernel.vnet0, SOCKET)).not.toThrow();
  });

  it("has no socket that was opened since", () => {
    const kernel = Kernel.boot();
    const abi = new LinuxAbi(kernel);
    const snapshot = kernel.snapshot();
    const later = abi.socket(kernel.vnet0, SOCKET);
    kernel.revert(snapshot);
    expect(() => later.getsockname()).toThrow(expect.objectContaining({ errno: LinuxErrno.EBADF }));
    expect(abi.socketByNumber(1)).toBeUndefined();
  });

  it("waits in a restored kernel until somebody makes it, and stays in its snapshots meanwhile", () => {
    const kernel = Kernel.boot();
    const abi = new LinuxAbi(kernel, { mode: "strict" });
    abi.socket(kernel.vnet0, SOCKET).bind(7, 0);
    const restored = Kernel.restore(Kernel.restore(kernel.snapshot()).snapshot());
    expect(restored.awaitsLayer(LINUX_LAYER)).toBe(true);
    const again = new LinuxAbi(restored);
    expect(restored.awaitsLayer(LINUX_LAYER)).toBe(false);
    expect(again.socketByNumber(1)?.getsockname()).toEqual({ port: 7, groups: 0 });
  });
});
