// Interfaces that Linux programs are not told of as they come: those that a request is still making, and those on their way
// from another vnet, with what they bring along.

import type { LinkNote } from "./notes.js";
import { refill, refillSet } from "./plain.js";

/** What an interface keeps when it goes to another vnet, besides its index. */
export interface Luggage {
  readonly note: LinkNote | undefined;
  /** The name that it is to have there, unless somebody has it; undefined for one of that vnet's own choice. */
  readonly name: string | undefined;
  readonly alternatives: readonly string[];
  /** Of an epair: index of the other half, 0 for none. */
  readonly partner: number;
}

/** What goes on from between two requests. */
export interface LinkTransitState {
  readonly unfinished: ReadonlySet<number>;
  readonly expected: ReadonlyMap<number, Luggage>;
}

export class LinkTransit {
  /** A request makes interfaces, or takes one in: what arrives meanwhile is unfinished. */
  isMaking = false;
  /** By index: nobody is told of these, until the request tells of them. */
  readonly unfinished = new Set<number>();
  /** By index, what those bring along that left another vnet for this one and have not arrived. */
  readonly expected = new Map<number, Luggage>();

  save(): LinkTransitState {
    return { unfinished: this.unfinished, expected: this.expected };
  }

  load({ unfinished, expected }: LinkTransitState): void {
    refillSet(this.unfinished, unfinished);
    refill(this.expected, expected);
  }

  /** What arrives in the meantime is unfinished. @returns the indices, ascending: of an epair the first half first */
  during(call: () => void): number[] {
    const before = new Set(this.unfinished);
    this.isMaking = true;
    try {
      call();
    } finally {
      this.isMaking = false;
    }
    return [...this.unfinished].filter((index) => !before.has(index)).sort((left, right) => left - right);
  }
}
