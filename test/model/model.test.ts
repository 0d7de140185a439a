// Random histories of two vnets against a plain model of the reference: whatever was done, dumps show what the model has,
// and a client that followed the notifications knows the same.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { histories, playIn, playOrShrink } from "./commands.js";
import { BEGINNING } from "./sequences.js";
import { World } from "./world.js";

const RUNS = 1200;
/** Operations at random; at least OPERATIONS_LEAST of them are run, the others the reference leaves open. */
const LENGTH = 64;
const OPERATIONS_LEAST = 50;
/** Some of it for making a history small that fails. */
const PATIENCE_MS = 180_000;
const SEED = Date.now() % 2 ** 31;

describe(`a model of links, addresses, routes, nexthops and neighbours in two vnets (seed ${SEED})`, () => {
  it(
    "[B.2.4] [C.2.3] [D.2.3] [E.3.1] [F.4] after each history dumps equal the model, and so does what notifications told",
    () => {
      let least = Number.POSITIVE_INFINITY;
      fc.assert(
        fc.property(histories(LENGTH, fc.constant(0)), (history) => {
          playOrShrink(history, (each) => {
            const world = new World({ hasReplicas: true });
            playIn(world, each);
            world.compare();
            world.compareReplicas();
            world.end();
            if (each === history) least = Math.min(least, world.counts.operations - BEGINNING.length);
          });
        }),
        { numRuns: RUNS, seed: SEED },
      );
      expect(least).toBeGreaterThanOrEqual(OPERATIONS_LEAST);
    },
    PATIENCE_MS,
  );
});
