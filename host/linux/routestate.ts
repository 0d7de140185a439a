// What the layer has in hand about the routes of one vnet while it works on them.

import { OwnRoutes } from "./ownroutes.js";
import type { Prefix } from "./prefixtable.js";
import { type RouteNote, sameBytes } from "./routenotes.js";

/** What a request is about to do. */
export interface RouteChange {
  readonly prefix: Prefix;
  /** What is to be noted of the route once the kernel has it. */
  readonly note?: RouteNote;
  /** RTM_DELROUTE in the kernel's form, of the only path that goes. */
  readonly removed?: Uint8Array;
}

export class RouteState {
  /** Routes that only Linux has, as far as programs were told of them. */
  readonly own = new OwnRoutes();
  /** Routes may have gone without a word since the notes were looked through. */
  mayHaveLost = false;
  #change: RouteChange | undefined;

  /** Makes a change, whose notification comes before this returns. */
  during<T>(change: RouteChange, act: () => T): T {
    this.#change = change;
    try {
      return act();
    } finally {
      this.#change = undefined;
    }
  }

  /** The change under way, if it is to this prefix. */
  changeOf({ fib, family, bits, address }: Prefix): RouteChange | undefined {
    const prefix = this.#change?.prefix;
    if (prefix === undefined || prefix.fib !== fib || prefix.family !== family || prefix.bits !== bits)
      return undefined;
    return sameBytes(prefix.address, address) ? this.#change : undefined;
  }
}
