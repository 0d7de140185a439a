import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Chain } from "../../host/trace/chain.js";

/** The sum of stretches one behind the other. */
function sumOf(...stretches: readonly Uint8Array[]): string {
  const chain = new Chain();
  chain.grow(Math.max(...stretches.map(({ length }) => length)));
  for (const bytes of stretches) {
    chain.bytes.set(bytes);
    chain.add(0, bytes.length);
  }
  return [chain.high, chain.low].map((word) => word.toString(16).padStart(8, "0")).join("");
}

const stretch = fc
  .integer({ min: 1, max: 60 })
  .chain((words) => fc.uint8Array({ minLength: 4 * words, maxLength: 4 * words }));

describe("the checksum of a trace", () => {
  it("is of the bytes and of nothing else", () => {
    fc.assert(
      fc.property(stretch, stretch, (left, right) => sumOf(left, right) === sumOf(left.slice(), right.slice())),
    );
  });

  it("is another one when any one byte is", () => {
    const changed = (left: Uint8Array, right: Uint8Array, place: number, bits: number): void => {
      const before = sumOf(left, right);
      const at = place % left.length;
      left[at] = (left[at] as number) ^ bits;
      expect(sumOf(left, right)).not.toBe(before);
    };
    fc.assert(fc.property(stretch, stretch, fc.nat(), fc.integer({ min: 1, max: 255 }), changed));
  });

  it("is another one when a stretch comes twice, or two come the other way round", () => {
    const different = (left: Uint8Array, right: Uint8Array): void => {
      fc.pre(Buffer.compare(left, right) !== 0);
      const sums = [sumOf(left, right), sumOf(right, left), sumOf(left, left, right), sumOf(left, right, right)];
      expect(new Set(sums).size).toBe(sums.length);
    };
    fc.assert(fc.property(stretch, stretch, different));
  });

  it("goes on when the room has grown, which keeps what is in it", () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, i) => i);
    const chain = new Chain();
    expect(chain.bytes.length).toBe(0);
    chain.grow(bytes.length);
    chain.bytes.set(bytes);
    chain.add(0, 32);
    const before = chain.bytes.length;
    chain.grow(before + 1);
    expect(chain.bytes.length).toBeGreaterThanOrEqual(before + 1);
    expect(chain.bytes.slice(0, 64)).toEqual(bytes);
    chain.add(32, 64);
    expect([chain.high, chain.low].map((word) => word.toString(16).padStart(8, "0")).join("")).toBe(
      sumOf(bytes.subarray(0, 32), bytes.subarray(32)),
    );
  });
});
