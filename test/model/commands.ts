// Histories as fast-check's commands: what the reference leaves open is not run. A history that fails is made small by
// leaving commands out; fast-check alone would keep its length.

import fc from "fast-check";
import type { Operation } from "./operations.js";
import { BEGINNING, operations } from "./sequences.js";
import type { World } from "./world.js";

/** Operations between two comparisons of all tables. */
const STRIDE = 10;

/** The model is the world's own. */
interface State {
  readonly world: World;
}

class Play implements fc.Command<State, World> {
  readonly operation: Operation;
  /** Each n-th allocation fails; 0 = none. */
  readonly n: number;

  constructor(operation: Operation, n: number) {
    this.operation = operation;
    this.n = n;
  }

  check({ world }: Readonly<State>): boolean {
    return world.isDefined(this.operation);
  }

  run(_: State, world: World): void {
    if (this.n === 0) world.play(this.operation);
    else world.playFaulty(this.operation, this.n);
    if (world.counts.operations % STRIDE !== 0) return;
    world.compare(this.operation);
    world.compareReplicas();
  }

  toString(): string {
    return `${JSON.stringify(this.operation)}${this.n === 0 ? "" : ` n=${this.n}`}`;
  }
}

export type History = readonly Play[];

/**
 * @param length - operations at random, after the beginning that all histories have
 * @param failing - which n's of "each n-th allocation" occur; 0 = none fails
 */
export function histories(length: number, failing: fc.Arbitrary<number>): fc.Arbitrary<History> {
  const command = fc.tuple(operations, failing).map(([operation, n]) => new Play(operation, n));
  const beginning = BEGINNING.map((operation) => new Play(operation, 0));
  const random = fc.array(command, { minLength: length, maxLength: length, size: "max" });
  return fc.noShrink(random).map((commands) => [...beginning, ...commands]);
}

function failureOf(play: (history: History) => void, history: History): unknown {
  try {
    play(history);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Plays a history in a world. */
export function playIn(world: World, history: History): void {
  fc.modelRun(() => ({ model: { world }, real: world }), history);
}

/**
 * Plays a history, and when that fails, shorter ones.
 * @throws Error with the shortest that fails still, and why
 */
export function playOrShrink(history: History, play: (history: History) => void): void {
  let error = failureOf(play, history);
  if (error === undefined) return;
  let smallest = history;
  for (let size = history.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at + size <= smallest.length; ) {
      const shorter = [...smallest.slice(0, at), ...smallest.slice(at + size)];
      const stillFails = failureOf(play, shorter);
      if (stillFails === undefined) at += size;
      else [smallest, error] = [shorter, stillFails];
    }
  }
  throw new Error(`after\n  ${smallest.join("\n  ")}\n${error instanceof Error ? error.message : error}`, {
    cause: error,
  });
}
