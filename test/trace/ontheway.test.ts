// Snapshots on the way in a trace: a replay begins at the last one before where it is to stop, and holds each against its own
// memory.

import { describe, expect, it } from "vitest";
import { Kernel } from "../../host/kernel/kernel.js";
import { LINUX_PLAYER } from "../../host/linux/replay.js";
import { Recorder } from "../../host/trace/recorder.js";
import { lastSnapshot, verifyTrace } from "../../host/trace/verify.js";
import { RandomRun } from "../storm/calls.js";
import { eventsOf } from "./recording.js";

const EVERY = 40;

/** A recorded run of random calls, with snapshots. @param watched - another kernel than the one that runs, to be wrong */
function trace(seed: number, watched?: Kernel): { bytes: Uint8Array; events: number } {
  const pieces: Uint8Array[] = [];
  const recorder = new Recorder((blocks) => pieces.push(blocks.slice()), { snapshotEvery: EVERY });
  const run = new RandomRun({ seed, policy: "seeded", stepped: true, record: false, events: recorder });
  recorder.watch(watched ?? run.kernel);
  run.play(300);
  recorder.end(run.kernel);
  return { bytes: Uint8Array.from(Buffer.concat(pieces)), events: recorder.events };
}

const options = { layers: LINUX_PLAYER };

describe("snapshots on the way", () => {
  const { bytes, events } = trace(11);

  it("are in the trace, and the whole of it is verified", () => {
    const places: number[] = [];
    const { reader } = eventsOf(bytes);
    expect(reader.end).toBeDefined();
    for (let until = 0; until <= events; until += EVERY) {
      const place = lastSnapshot([bytes], until)?.place;
      if (place !== undefined) places.push(place);
    }
    expect(new Set(places).size).toBeGreaterThan(4);
    expect(verifyTrace([bytes], options)).toEqual({ verified: true, events, complete: true });
  });

  it("are begun from, and all from there on is compared", () => {
    for (const until of [1, EVERY, EVERY + 1, 2 * EVERY + 7, events - 1, events]) {
      const from = lastSnapshot([bytes], until);
      const seen = verifyTrace([bytes], { ...options, from, until });
      expect(seen).toMatchObject({ verified: true, events: until });
      expect(seen.from).toBe(from?.place);
      expect(from?.place ?? 0).toBeLessThanOrEqual(until);
      expect(until - (from?.place ?? 0)).toBeLessThan(2 * EVERY);
    }
  });

  it("run fewer events than there are before them", () => {
    const from = lastSnapshot([bytes], events - 1);
    let run = 0;
    verifyTrace([bytes], { ...options, from, onEvent: () => run++ });
    expect(run).toBe(events - (from?.place ?? 0));
  });

  it("of another memory are told of by their place", () => {
    const other = trace(12, Kernel.boot({ seed: 99 }));
    expect(verifyTrace([other.bytes], options)).toMatchObject({
      verified: false,
      error: expect.stringMatching(/event 4\d: the memory of vnet0 is not as in the snapshot there/),
    });
  });

  it("are none where the trace is damaged before them", () => {
    const damaged = bytes.slice();
    damaged[600] = (damaged[600] as number) ^ 1;
    expect(lastSnapshot([damaged], events)).toBeUndefined();
    expect(verifyTrace([damaged], options).verified).toBe(false);
  });
});
