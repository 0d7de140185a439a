// Storms for fast-check: a world and what happens in it.

import fc from "fast-check";
import { MSG } from "../../assembly/abi/netlink.js";
import type { Policy } from "../../host/kernel/kernel.js";
import { sendings } from "./arbitraries.js";
import { SENDERS, STACK_CHANGE_NAMES, type Step, type WorldOptions } from "./world.js";

const senderNames = Object.keys(SENDERS);
const rootNames = senderNames.filter((name) => name.startsWith("root"));

export const worlds: fc.Arbitrary<WorldOptions> = fc.record({
  policy: fc.constantFrom<Policy>("fifo", "seeded"),
  stepped: fc.boolean(),
  hasManyRoutes: fc.boolean(),
  senders: fc.tuple(fc.constantFrom(...rootNames), fc.constantFrom(...senderNames)),
});

const sending = fc.record({ kind: fc.constant("send" as const), from: fc.nat(1), sending: sendings });
const reading = fc.record({
  kind: fc.constant("read" as const),
  from: fc.nat(3),
  room: fc.oneof(fc.constantFrom(0, 16, 36, 100, 2048, 65536), fc.nat(5000)),
  flags: fc.constantFrom<number>(0, 0, MSG.PEEK, MSG.TRUNC, MSG.PEEK | MSG.TRUNC),
});
const stack = fc.record({ kind: fc.constant("stack" as const), change: fc.constantFrom(...STACK_CHANGE_NAMES) });
const running = fc.record({ kind: fc.constant("run" as const), budget: fc.integer({ min: 1, max: 5 }) });
const reopening = fc.record({ kind: fc.constant("reopen" as const), from: fc.nat(1) });
const fault = fc.record({
  kind: fc.constant("fault" as const),
  n: fc.integer({ min: 1, max: 12 }),
  every: fc.boolean(),
});

const calm = [
  { weight: 12, arbitrary: sending },
  { weight: 3, arbitrary: reading },
  { weight: 1, arbitrary: stack },
  { weight: 1, arbitrary: running },
  { weight: 1, arbitrary: reopening },
];

/** Sends, reads of odd sizes, changes of the stack, single steps. */
export const steps: fc.Arbitrary<Step> = fc.oneof(...calm);
/** The same, and allocations that fail. */
export const faultySteps: fc.Arbitrary<Step> = fc.oneof(...calm, { weight: 4, arbitrary: fault });

/** Messages with something wrong in what is sent. */
export function damagedIn(storm: readonly Step[]): number {
  return storm.reduce((sum, step) => sum + (step.kind === "send" ? step.sending.damaged : 0), 0);
}
