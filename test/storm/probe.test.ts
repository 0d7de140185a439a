import { it } from "vitest";
import { RandomRun } from "./calls.js";

it("probe", () => {
  for (const [policy, stepped] of [
    ["fifo", false],
    ["seeded", true],
  ] as const) {
    const run = new RandomRun({ seed: 3, policy, stepped, record: true }).play(1000);
    const counts: Record<string, number> = {};
    for (const e of run.kernel.record().events) {
      const k = `${e.call} ${"errno" in e.outcome ? e.outcome.errno : "ok"}`;
      counts[k] = (counts[k] ?? 0) + 1;
    }
    console.log(
      JSON.stringify(counts),
      run.outputs.filter((o) => o.length > 100).length,
      run.kernel.vnets.map((v) => JSON.stringify(v.statistics())),
    );
  }
});
