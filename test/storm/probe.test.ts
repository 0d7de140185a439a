import fc from "fast-check";
import { it } from "vitest";
import { drain, numberAt } from "../support/messages.js";
import { damagedIn, steps, worlds } from "./steps.js";
import { World } from "./world.js";

it("probe", () => {
  const counts: Record<string, number> = {};
  const inc = (k: string, n = 1) => {
    counts[k] = (counts[k] ?? 0) + n;
  };
  fc.assert(
    fc.property(worlds, fc.array(steps, { minLength: 30, maxLength: 40 }), (options, storm) => {
      const world = new World(options);
      const before = world.vnet.statistics().routes;
      for (const step of storm) {
        world.play(step);
        const s = world.vnet.statistics();
        if (s.walks) inc("walks");
        if (s.buffers) inc("buffers");
      }
      inc("routes+", Math.max(0, world.vnet.statistics().routes - before));
      inc("damaged", damagedIn(storm));
      for (let i = 0; i < 4; i++) {
        world.kernel.runUntilIdle();
        for (const m of drain(world.sockets[i]!))
          inc(m.type === 2 ? `ack ${numberAt(m.body, 0, 4)}` : `type ${m.type}`);
      }
      world.end();
    }),
    { numRuns: 450 },
  );
  console.log(counts);
}, 60000);
