// Operations as fast-check's commands: what the reference leaves open is not run.

import type fc from "fast-check";
import type { Operation } from "./operations.js";
import type { World } from "./world.js";

/** What commands share besides the kernel: the model is the world's own. */
export type Run = Record<string, never>;

/** Operations between two comparisons of all tables. */
const STRIDE = 10;

export class Play implements fc.Command<{ world: World }, World> {
  readonly operation: Operation;

  constructor(operation: Operation) {
    this.operation = operation;
  }

  check({ world }: Readonly<{ world: World }>): boolean {
    return world.isDefined(this.operation);
  }

  run(_: { world: World }, world: World): void {
    world.play(this.operation);
    if (world.counts.operations % STRIDE === 0) {
      world.compare(this.operation);
      world.compareReplicas();
    }
  }

  toString(): string {
    return JSON.stringify(this.operation);
  }
}

/** The same while each n-th allocation fails. */
export class PlayFaulty extends Play {
  readonly n: number;

  constructor(operation: Operation, n: number) {
    super(operation);
    this.n = n;
  }

  override run(_: { world: World }, world: World): void {
    world.playFaulty(this.operation, this.n);
  }

  override toString(): string {
    return `${super.toString()} n=${this.n}`;
  }
}
