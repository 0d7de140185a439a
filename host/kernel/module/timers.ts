// Timers on the kernel's clock: each fires once, and those due at one time in the order in which they were set.

export interface DueTimer<Owner> {
  readonly owner: Owner;
  readonly timer: number;
}

export interface SetTimer<Owner> extends DueTimer<Owner> {
  /** Milliseconds since boot. */
  readonly due: number;
}

/** The clock moves before a timer fires. */
const DELAY_MIN = 1;

export class Timers<Owner> {
  #timers: SetTimer<Owner>[] = [];

  /** In the order of setting. */
  get all(): readonly SetTimer<Owner>[] {
    return this.#timers;
  }

  /** Sets a timer of its owner, or sets it anew. @param milliseconds - from now; below 0 it is off */
  set(owner: Owner, timer: number, milliseconds: number, now: number): void {
    this.#timers = this.#timers.filter((each) => each.owner !== owner || each.timer !== timer);
    if (milliseconds < 0) return;
    this.#timers.push({ owner, timer, due: now + Math.max(DELAY_MIN, milliseconds) });
  }

  forget(owner: Owner): void {
    this.#timers = this.#timers.filter((each) => each.owner !== owner);
  }

  /** @param timers - in the order of setting */
  replace(timers: readonly SetTimer<Owner>[]): void {
    this.#timers = [...timers];
  }

  /** When the next one fires, in milliseconds since boot; undefined without. */
  get nextDue(): number | undefined {
    let next: number | undefined;
    for (const { due } of this.#timers) if (next === undefined || due < next) next = due;
    return next;
  }

  /** Takes out those that are due. */
  takeDue(now: number): DueTimer<Owner>[] {
    const due = this.#timers.filter((each) => each.due <= now);
    this.#timers = this.#timers.filter((each) => each.due > now);
    return due.sort((left, right) => left.due - right.due);
  }
}
