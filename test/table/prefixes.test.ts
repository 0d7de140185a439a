import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inet6Prefixes, inetPrefixes } from "../../host/table/prefixes.js";

function inet(first: number, last: number): [number, number][] {
  const prefixes: [number, number][] = [];
  inetPrefixes(first, last, (address, length) => prefixes.push([address, length]));
  return prefixes;
}

function inet6(first: bigint, last: bigint): [bigint, number][] {
  const prefixes: [bigint, number][] = [];
  inet6Prefixes(first, last, (high, low, length) => prefixes.push([(high << 64n) | low, length]));
  return prefixes;
}

const TOP6 = (1n << 128n) - 1n;

describe("an IPv4 range becomes the fewest prefixes", () => {
  it.each<[string, number, number, [number, number][]]>([
    ["the whole space is the default route", 0, 0xffffffff, [[0, 0]]],
    ["the upper half", 0x80000000, 0xffffffff, [[0x80000000, 1]]],
    ["one address", 0xc0000201, 0xc0000201, [[0xc0000201, 32]]],
    ["the first address", 0, 0, [[0, 32]]],
    ["the last address", 0xffffffff, 0xffffffff, [[0xffffffff, 32]]],
    ["an aligned block", 0x01000000, 0x010000ff, [[0x01000000, 24]]],
    [
      "from an odd address to an odd one",
      1,
      6,
      [
        [1, 32],
        [2, 31],
        [4, 31],
        [6, 32],
      ],
    ],
    [
      "three /24s",
      0x01000100,
      0x010003ff,
      [
        [0x01000100, 24],
        [0x01000200, 23],
      ],
    ],
  ])("%s", (_name, first, last, prefixes) => {
    expect(inet(first, last)).toEqual(prefixes);
  });

  it("1.0.0.0 to 255.255.255.254 takes as many as a range can", () => {
    expect(inet(1, 0xfffffffe)).toHaveLength(62);
  });

  it.each([
    [2, 1],
    [-1, 1],
    [0, 2 ** 32],
  ])("%i to %i is refused", (first, last) => {
    expect(() => inet(first, last)).toThrow(RangeError);
  });

  it("any range: the prefixes are aligned, adjoin, cover it exactly and no two could be one", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), (a, b) => {
        const [first, last] = a <= b ? [a, b] : [b, a];
        const prefixes = inet(first, last);
        let next = first;
        for (const [address, length] of prefixes) {
          expect(address).toBe(next);
          expect(address % 2 ** (32 - length)).toBe(0);
          next = address + 2 ** (32 - length);
        }
        expect(next).toBe(last + 1);
        for (let place = 1; place < prefixes.length; place++) {
          const [address, length] = prefixes[place - 1] ?? [0, 0];
          const joins = prefixes[place]?.[1] === length && address % 2 ** (33 - length) === 0;
          expect(joins).toBe(false);
        }
      }),
    );
  });
});

describe("an IPv6 range becomes the fewest prefixes", () => {
  it.each<[string, bigint, bigint, [bigint, number][]]>([
    ["the whole space is the default route", 0n, TOP6, [[0n, 0]]],
    ["one address", 5n, 5n, [[5n, 128]]],
    ["the last address", TOP6, TOP6, [[TOP6, 128]]],
    ["an aligned /32", 0x20010db8n << 96n, ((0x20010db8n + 1n) << 96n) - 1n, [[0x20010db8n << 96n, 32]]],
    [
      "across the middle of an address",
      (1n << 64n) - 1n,
      1n << 64n,
      [
        [(1n << 64n) - 1n, 128],
        [1n << 64n, 128],
      ],
    ],
  ])("%s", (_name, first, last, prefixes) => {
    expect(inet6(first, last)).toEqual(prefixes);
  });

  it("1 to the last but one takes as many as a range can", () => {
    expect(inet6(1n, TOP6 - 1n)).toHaveLength(254);
  });

  it.each([
    [2n, 1n],
    [-1n, 1n],
    [0n, TOP6 + 1n],
  ])("%i to %i is refused", (first, last) => {
    expect(() => inet6(first, last)).toThrow(RangeError);
  });

  it("any range of 32 bits gives what the IPv4 function gives, wherever it lies", () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), fc.nat(95), (a, b, shift) => {
        const [first, last] = a <= b ? [a, b] : [b, a];
        const base = 1n << BigInt(32 + shift);
        const expected = inet(first, last).map(([address, length]) => [base + BigInt(address), length + 96]);
        expect(inet6(base + BigInt(first), base + BigInt(last))).toEqual(expected);
      }),
    );
  });
});
