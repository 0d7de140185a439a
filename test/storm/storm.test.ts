// Requests of every kind, damaged in every part, from sockets of every kind: whatever is sent, the kernel stands.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { damagedIn, steps, worlds } from "./steps.js";
import { World } from "./world.js";

const RUNS = 500;
const STEPS = 30;
const MESSAGES_LEAST = 20_000;
/** Ends the search for a smaller example in time to print the one that was found. */
const PATIENCE_MS = 40_000;

describe("a storm of damaged messages", () => {
  it(
    "[N5.1] [N5.2] [N6.1] [N6.2] [N2.9] [FB-63] leaves tables consistent, answers whole, other sockets served and no buffer",
    () => {
      let damaged = 0;
      fc.assert(
        fc.property(worlds, fc.array(steps, { minLength: STEPS, maxLength: STEPS + 10 }), (options, storm) => {
          const world = new World(options);
          for (const step of storm) world.play(step);
          world.end();
          damaged += damagedIn(storm);
        }),
        { numRuns: RUNS, interruptAfterTimeLimit: PATIENCE_MS, markInterruptAsFailure: true },
      );
      expect(damaged).toBeGreaterThanOrEqual(MESSAGES_LEAST);
    },
    PATIENCE_MS + 20_000,
  );
});
