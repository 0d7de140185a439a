// clock: the time of the kernel, which stands still until it is moved: timers fire, lifetimes and states of neighbours end.
import type { Noun } from "./noun.js";
import { integer } from "./words.js";

/** An hour: a module's timer may fire in every millisecond of it. */
const MOST_MS = 3_600_000;

export const clock: Noun = {
  name: "clock",
  summary: "the kernel's time, which stands still until it is moved",
  verbs: {
    show: {
      usage: "",
      run(words, session) {
        words.end();
        session.print(`${session.kernel.uptime} ms since boot`);
      },
    },
    advance: {
      usage: "MILLISECONDS",
      run(words, session) {
        const milliseconds = words.value(integer(0, MOST_MS), "milliseconds");
        words.end();
        session.kernel.advance(milliseconds);
      },
    },
  },
};
