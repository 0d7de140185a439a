// The same histories while each n-th allocation fails: what was refused was not done, what was done is all done, and in the
// end nothing is left over.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { histories, playIn, playOrShrink } from "./commands.js";
import { World } from "./world.js";

const RUNS = 1200;
const LENGTH = 64;
/** Some of it for making a history small that fails. */
const PATIENCE_MS = 180_000;
const SEED = Date.now() % 2 ** 31;
/** Of the allocations that a request takes, which ones fail. */
const periods = fc.integer({ min: 1, max: 14 });

describe(`the model without memory (seed ${SEED})`, () => {
  it(
    "[N5.1] [N7.4] what is refused for want of memory is not done, what is answered or lost is as the tables say",
    () => {
      let refused = 0;
      let lost = 0;
      fc.assert(
        fc.property(histories(LENGTH, periods), (history) => {
          playOrShrink(history, (each) => {
            const world = new World({ hasReplicas: false });
            playIn(world, each);
            world.compare();
            refused += world.counts.refused;
            lost += world.counts.lost;
            world.clear();
            world.end();
          });
        }),
        { numRuns: RUNS, seed: SEED },
      );
      // Both happen often, or the histories say little.
      expect(refused).toBeGreaterThan(RUNS * 5);
      expect(lost).toBeGreaterThan(RUNS);
    },
    PATIENCE_MS,
  );

  it("a history played again takes no more memory than before", () => {
    const [history] = fc.sample(histories(LENGTH * 4, periods), { numRuns: 1, seed: 7 });
    const world = new World({ hasReplicas: false });
    const peaks = Array.from({ length: 4 }, () => {
      playIn(world, history ?? []);
      world.clear();
      return world.blockBytes();
    });
    expect(peaks.slice(2)).toEqual([peaks[1], peaks[1]]);
    world.end();
  });
});
