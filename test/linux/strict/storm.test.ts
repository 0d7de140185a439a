// Damaged requests and reads of every size on sockets of the mode strict: what comes is whole, and the kernel stands.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Kernel } from "../../../host/kernel/kernel.js";
import { LinuxAbi, LinuxError, type StrictSocket } from "../../../host/linux/abi.js";
import { sendings } from "../../storm/arbitraries.js";
import { expectWhole } from "../../storm/whole.js";
import { split } from "../../support/messages.js";
import { BOOT } from "../roundtrip/story.js";
import { openStrict } from "./strict.js";

/** Ends the search for a smaller example in time to print the one that was found. */
const PATIENCE_MS = 20_000;
const ALL_GROUPS = 0xffffffff;
const READ_ALL = 1 << 20;
const PEEK = 0x2;
const TRUNC = 0x20;

const step = fc.oneof(
  { weight: 3, arbitrary: sendings.map(({ bytes }) => ({ bytes })) },
  {
    weight: 2,
    arbitrary: fc.record({
      room: fc.oneof(fc.nat(64), fc.nat(5000)),
      flags: fc.constantFrom(0, PEEK, TRUNC, PEEK | TRUNC),
      isUntaken: fc.boolean(),
    }),
  },
);

/** @returns undefined when the socket refuses, as sockets may */
function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof LinuxError) return undefined;
    throw error;
  }
}

function readAll(socket: StrictSocket): void {
  for (;;) {
    const bytes = attempt(() => socket.receiveMessages({ room: READ_ALL, flags: 0, name: 12 }))?.bytes;
    if (bytes === undefined) return;
    expectWhole(split(bytes));
  }
}

describe("a storm of damaged messages", () => {
  it("[L1.3] [L1.6] [L10.8] leaves answers whole and tables consistent, and no buffer", () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { minLength: 5, maxLength: 25 }), (is14, steps) => {
        const kernel = Kernel.boot(BOOT);
        const abi = new LinuxAbi(kernel, { mode: "strict", is14 });
        const { strict } = openStrict(abi, kernel);
        const member = openStrict(abi, kernel, 77).strict;
        member.bind(77, ALL_GROUPS);
        for (const each of steps) {
          if ("bytes" in each) attempt(() => strict.send(each.bytes));
          else if (attempt(() => strict.receiveMessages({ ...each, name: 12 })) && each.isUntaken) strict.untake();
        }
        // What was given back may have lost the tail of its last message: it is read without a look.
        attempt(() => strict.receiveMessages({ room: READ_ALL, flags: 0, name: 0 }));
        readAll(strict);
        readAll(member);
        expect(kernel.vnet0.check()).toBe(0);
        strict.close();
        member.close();
        expect(kernel.vnet0.statistics().buffers).toBe(0);
      }),
      { numRuns: 150, interruptAfterTimeLimit: PATIENCE_MS, markInterruptAsFailure: true },
    );
  });
});
