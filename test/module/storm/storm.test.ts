// Random modules, and random clients of them: whatever they do, the kernel stands, and does it again.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashBytes } from "../../../host/kernel/hash.js";
import { Kernel } from "../../../host/kernel/kernel.js";
import { loads, steps, worlds } from "./steps.js";
import { World } from "./world.js";

const RUNS = 120;
const STEPS = 30;
/** Ends the search for a smaller example in time to print the one that was found. */
const PATIENCE_MS = 15_000;

/** What a replay must come to besides memory: modules with theirs, timers, faults. */
function hostState(kernel: Kernel): string {
  const { modules, external } = kernel.snapshot().state;
  return JSON.stringify({ modules, external }, (_, value) => {
    if (value instanceof Uint8Array) return hashBytes(value);
    return typeof value === "bigint" ? `${value}n` : value;
  });
}

describe("a storm of modules and clients", () => {
  it(
    "leaves tables consistent, other families served, nothing behind, and replays to the same memory",
    () => {
      let answered = 0;
      const stopped = new Set<string>();
      fc.assert(
        fc.property(
          worlds,
          fc.tuple(loads, loads),
          fc.array(steps, { minLength: STEPS, maxLength: STEPS + 10 }),
          (options, first, storm) => {
            const world = new World(options);
            for (const step of [...first, ...storm]) world.play(step);
            world.end();
            const log = world.kernel.record();
            const again = Kernel.replay(log);
            expect(again.record().memory).toEqual(log.memory);
            expect(hostState(again)).toBe(hostState(world.kernel));
            world.close();
            answered += world.answered;
            for (const { reason } of world.kernel.moduleFaults) stopped.add(reason);
          },
        ),
        { numRuns: RUNS, interruptAfterTimeLimit: PATIENCE_MS, markInterruptAsFailure: true },
      );
      expect(answered).toBeGreaterThan(1000);
      expect([...stopped]).toEqual(expect.arrayContaining(["answer", "trap"]));
    },
    PATIENCE_MS + 20_000,
  );
});
