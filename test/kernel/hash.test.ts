// The hash of memories, cores and files.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashBytes } from "../../host/kernel/hash.js";

describe("the hash of bytes", () => {
  it("is the same wherever they lie", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), fc.nat(7), (bytes, offset) => {
        const elsewhere = new Uint8Array(64);
        elsewhere.set(bytes, offset);
        expect(hashBytes(elsewhere.subarray(offset, offset + bytes.length))).toBe(hashBytes(bytes));
      }),
    );
  });

  it("is another when one bit changes, the last byte too", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.nat(), fc.nat(7), (bytes, at, bit) => {
        const changed = bytes.slice();
        const place = at % bytes.length;
        changed[place] = (changed[place] as number) ^ (1 << bit);
        expect(hashBytes(changed)).not.toBe(hashBytes(bytes));
      }),
    );
  });
});
