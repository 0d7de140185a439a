// bench snapshot: a kernel with the whole table is saved into buffers that are kept, and put back. The floor beside it is one
// plain copy of as many bytes between two buffers that were written before.
import { median, nanoseconds, rounded } from "../figures.js";
import { type ConditionKeys, type Conditions, conditionKeys } from "./conditions.js";
import { loadedMachine } from "./machine.js";

export interface SnapshotFigures extends ConditionKeys {
  readonly routes: number;
  /** Memory that a snapshot holds. */
  readonly MiB: number;
  readonly saveMs: number;
  readonly restoreMs: number;
  /** The floor. */
  readonly memcpyMs: number;
}

/** One copy of a few megabytes is too short to be timed alone. */
const REPEATS = 20;

export function benchSnapshot(conditions: Conditions): SnapshotFigures {
  const { kernel } = loadedMachine(conditions.routes);
  const snapshot = kernel.snapshot();
  const save = (): void => void kernel.snapshot(snapshot);
  const restore = (): void => kernel.revert(snapshot);
  const copy = copier(snapshot.bytes);
  const calls = [save, restore, copy];
  for (const call of calls) call();
  // Turn by turn: what slows the machine down meanwhile slows all down.
  const times = calls.map((): number[] => []);
  for (let run = 0; run < conditions.runs; run++) {
    for (const [i, call] of calls.entries()) times[i]?.push(repeated(call));
  }
  const [saveMs, restoreMs, memcpyMs] = times.map((each) => rounded(median(each) / 1e6, 3)) as [number, number, number];
  return {
    routes: conditions.routes.count,
    MiB: rounded(snapshot.bytes / 2 ** 20),
    saveMs,
    restoreMs,
    memcpyMs,
    ...conditionKeys(conditions),
  };
}

/** Nanoseconds of one call. */
function repeated(call: () => void): number {
  const elapsed = nanoseconds(() => {
    for (let n = 0; n < REPEATS; n++) call();
  });
  return elapsed / REPEATS;
}

function copier(bytes: number): () => void {
  const source = new Uint8Array(bytes).fill(1);
  const target = new Uint8Array(bytes).fill(2);
  return () => target.set(source);
}
