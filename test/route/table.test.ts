// The route table against a plain model: order, exact match and longest match after any sequence of changes, with
// prefixes that lie inside each other, begin at one address, and fill and empty many nodes of the tree.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { RTM, RTM_F, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { shuffledOrder } from "../../host/table/order.js";
import { Random } from "../../host/table/random.js";
import { syntheticTable } from "../../host/table/synthetic.js";
import { monitor, type Setup, setupR } from "../support/setups.js";
import {
  type Change,
  dumpShown,
  eachMessage,
  type Family,
  keyOf,
  lookUp,
  masked,
  type Prefix,
  perform,
  performAll,
  prefixOf,
  Requests,
  readShown,
  type Shown,
  TableModel,
  widthOf,
} from "./model.js";

/** Fib 1 of this set-up is empty: what is in it is what a test put there. */
const TABLE = 1;
const FIELDS = { table: TABLE, oif: 2 };
const FAMILIES: readonly [string, Family][] = [
  ["IPv4", AF.INET],
  ["IPv6", AF.INET6],
];

function setupTable(): Setup {
  return setupR({
    fibs: 2,
    interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] }],
  });
}

/** Bits that addresses are made of, and lengths: few, so that prefixes nest, repeat and share addresses. */
const BITS = { [AF.INET]: [0, 1, 7, 8, 9, 15, 24, 30, 31], [AF.INET6]: [0, 1, 8, 62, 63, 64, 65, 126, 127] } as const;
const LENGTHS = {
  [AF.INET]: [0, 1, 2, 8, 9, 10, 16, 24, 25, 31, 32],
  [AF.INET6]: [0, 1, 2, 8, 9, 63, 64, 65, 66, 127, 128],
} as const;

function addressOf(family: Family, bits: readonly number[]): bigint {
  return bits.reduce((address, bit) => address | (1n << BigInt(widthOf(family) - 1 - bit)), 0n);
}

function addresses(family: Family): fc.Arbitrary<bigint> {
  return fc.subarray([...BITS[family]]).map((bits) => addressOf(family, bits));
}

function prefixes(family: Family): fc.Arbitrary<Prefix> {
  return fc.record({ address: addresses(family), length: fc.constantFrom(...LENGTHS[family]) });
}

function changes(family: Family): fc.Arbitrary<Change> {
  return fc.record({
    // Twice as many additions as deletions, so that tables fill.
    command: fc.constantFrom("add", "set", "set", "replace", "delete"),
    prefix: prefixes(family),
    gateway: fc.integer({ min: 2, max: 5 }),
  });
}

describe.each(FAMILIES)("a table of %s", (_, family) => {
  it("[E.3.1] [E.3.2] [E.4.3] [E.5] [E.6.1] after any changes is dumped in order and found by prefix and by address as in a plain model", () => {
    fc.assert(
      fc.property(
        fc.array(changes(family), { maxLength: 150 }),
        fc.array(prefixes(family), { minLength: 10, maxLength: 25 }),
        (sequence, asked) => {
          const { socket, vnet } = setupTable();
          const model = new TableModel(family);
          const half = sequence.length >> 1;
          for (const part of [sequence.slice(0, half), sequence.slice(half)]) {
            const expected = part.map((change) => model.apply(change));
            expect(part.length === 0 ? [] : perform(socket, new Requests(family, FIELDS), part)).toEqual(expected);
            expect(dumpShown(socket, family, TABLE)).toEqual(model.shown());
            for (const prefix of asked) {
              const network = masked(family, prefix);
              const exact = lookUp(socket, family, network, { table: TABLE, headerFlags: RTM_F.PREFIX });
              expect(exact).toBe(model.has(model.keyOf(network)) ? model.keyOf(network) : undefined);
              expect(lookUp(socket, family, prefix, { table: TABLE })).toBe(model.longest(prefix.address));
            }
            expect(vnet.check()).toBe(0);
          }
        },
      ),
      { numRuns: 40, seed: 20260101 },
    );
  });

  it("[RF-ROUTE-41] [E.7.1] 10,000 changes at random: dumps, longest match and events agree with the model", () => {
    const { socket, vnet } = setupTable();
    const watcher = monitor(vnet, family === AF.INET ? RTNLGRP.IPV4_ROUTE : RTNLGRP.IPV6_ROUTE);
    const model = new TableModel(family);
    const random = new Random(family);
    const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
    const address = (): bigint =>
      addressOf(
        family,
        BITS[family].filter(() => random.below(2) === 0),
      );
    for (let round = 0; round < 100; round++) {
      const part = Array.from({ length: 100 }, (): Change => {
        const prefix = { address: address(), length: pick(LENGTHS[family]) };
        return { command: pick(["add", "set", "replace", "delete"] as const), prefix, gateway: 2 + random.below(60) };
      });
      const events: string[] = [];
      const expected = part.map((change) => {
        const key = model.keyOf(masked(family, change.prefix));
        const old = model.gatewayOf(key);
        const errno = model.apply(change);
        const isDelete = change.command === "delete";
        const flags = isDelete ? 0 : old === undefined ? NLM_F.CREATE | NLM_F.EXCL : NLM_F.REPLACE;
        const type = isDelete ? RTM.DELROUTE : RTM.NEWROUTE;
        const gateway = isDelete ? old : change.gateway;
        if (errno === 0) events.push(`${type} ${flags | NLM_F.REQUEST | NLM_F.ACK} ${key} ${gateway}`);
        return errno;
      });
      expect(perform(socket, new Requests(family, FIELDS), part)).toEqual(expected);
      const told: string[] = [];
      eachMessage(watcher, (bytes, at) => {
        const { key, gateway } = readShown(family, bytes, at);
        const flags = (bytes[at + 6] ?? 0) | ((bytes[at + 7] ?? 0) << 8);
        told.push(`${bytes[at + 4]} ${flags} ${key} ${gateway}`);
      });
      expect(told).toEqual(events);
      for (let n = 0; n < 10; n++) {
        const asked = address();
        expect(lookUp(socket, family, { address: asked, length: 0 }, { table: TABLE })).toBe(model.longest(asked));
      }
      if (round % 10 === 9) expect(dumpShown(socket, family, TABLE)).toEqual(model.shown());
    }
    expect(model.size).toBeGreaterThan(100);
    expect(vnet.check()).toBe(0);
  });
});

const MANY = 20_000;

/** 20,000 prefixes in walk order, half of them inside another; IPv6 ones lie across the middle of the address. */
function manyPrefixes(family: Family): Prefix[] {
  const table = syntheticTable({ routes: MANY, seed: 7 });
  return Array.from({ length: MANY }, (_, i) => {
    const address = BigInt(table.addresses[i] ?? 0);
    const length = table.lengths[i] ?? 0;
    return family === AF.INET
      ? { address, length }
      : { address: (0x2001n << 112n) | (address << 48n), length: length + 48 };
  });
}

/** Orders of the numbers 0 to count - 1. */
const ORDERS: Readonly<Record<string, (count: number) => number[]>> = {
  ascending: (count) => Array.from({ length: count }, (_, i) => i),
  descending: (count) => Array.from({ length: count }, (_, i) => count - 1 - i),
  shuffled: (count) => [...shuffledOrder(count, 3)],
  "outside in": (count) => Array.from({ length: count }, (_, i) => (i % 2 === 0 ? i / 2 : count - (i + 1) / 2)),
  "inside out": (count) =>
    Array.from({ length: count }, (_, i) => (i % 2 === 0 ? i / 2 : count - (i + 1) / 2)).reverse(),
  strided: (count) => Array.from({ length: count }, (_, i) => (i * 7919) % count),
};

describe.each(FAMILIES)("20,000 routes of %s", (_, family) => {
  const all = manyPrefixes(family);
  /** In walk order. */
  const keys = all.map((prefix) => keyOf(family, prefix)).sort((a, b) => (a < b ? -1 : 1));

  it.each([
    ["ascending", "descending"],
    ["descending", "ascending"],
    ["shuffled", "shuffled"],
    ["strided", "outside in"],
    ["outside in", "inside out"],
  ])(
    "[E.3.1] [E.5] [E.6.1] added %s and deleted %s are in order when half, a quarter and a few are left, and at the end nothing is",
    (adding, deleting) => {
      const { socket, vnet } = setupTable();
      const before = vnet.statistics();
      const model = new TableModel(family);
      const requests = new Requests(family, FIELDS);
      const change = (command: Change["command"], order: readonly number[]): void => {
        const list = order.map((i): Change => ({ command, prefix: all[i] as Prefix, gateway: 2 + (i % 60) }));
        for (const each of list) expect(model.apply(each)).toBe(0);
        performAll(socket, requests, list);
        expect(vnet.check()).toBe(0);
        expect(vnet.statistics().routes).toBe(before.routes + model.size);
      };
      const agree = (): void => {
        const shown = dumpShown(socket, family, TABLE);
        const expected = keys.filter((key) => model.has(key));
        expect(shown.length).toBe(expected.length);
        const isWrong = (each: Shown, i: number): boolean =>
          each.key !== expected[i] || each.gateway !== model.gatewayOf(each.key);
        expect(shown.findIndex(isWrong)).toBe(-1);
        for (let i = 0; i < MANY; i += 997) {
          const { address } = all[i] as Prefix;
          for (const asked of [address, address | 1n, address - 1n]) {
            expect(lookUp(socket, family, { address: asked, length: 0 }, { table: TABLE })).toBe(model.longest(asked));
          }
        }
      };
      change("add", ORDERS[adding]?.(MANY) ?? []);
      agree();
      const deleted = ORDERS[deleting]?.(MANY) ?? [];
      for (const [from, to] of [
        [0, 10_000],
        [10_000, 15_000],
        [15_000, 19_900],
        [19_900, 20_000],
      ]) {
        change("delete", deleted.slice(from, to));
        agree();
      }
      expect(vnet.statistics()).toMatchObject({ routes: before.routes, nexthops: before.nexthops });
    },
  );

  it("[E.6.1] filled and emptied again and again take no more memory than once", () => {
    const { socket, vnet } = setupTable();
    const requests = new Requests(family, FIELDS);
    const blocks: number[] = [];
    for (const order of ["shuffled", "descending", "strided"]) {
      const numbers = ORDERS[order]?.(MANY) ?? [];
      for (const command of ["add", "delete"] as const) {
        performAll(
          socket,
          requests,
          numbers.map((i): Change => ({ command, prefix: all[i] as Prefix, gateway: 2 + (i % 60) })),
        );
      }
      blocks.push(vnet.statistics().blockBytes);
    }
    expect(blocks).toEqual([blocks[0], blocks[0], blocks[0]]);
    expect(vnet.check()).toBe(0);
  });
});

describe("one address", () => {
  it.each(FAMILIES)(
    "[E.3.1] [E.3.2] with a route of every length of %s: each is found, and each match falls to the next",
    (_, family) => {
      const { socket, vnet } = setupTable();
      const width = widthOf(family);
      const model = new TableModel(family);
      const requests = new Requests(family, FIELDS);
      const chain = Array.from(
        { length: width + 1 },
        (_, length): Change => ({ command: "add", prefix: { address: 0n, length }, gateway: 2 + length }),
      );
      for (const change of chain) model.apply(change);
      performAll(socket, requests, chain);
      expect(dumpShown(socket, family, TABLE)).toEqual(model.shown());
      for (let bit = 0; bit <= width; bit++) {
        const address = bit === width ? 0n : 1n << BigInt(width - 1 - bit);
        const found = lookUp(socket, family, { address, length: 0 }, { table: TABLE });
        expect(found === undefined ? undefined : prefixOf(family, found)).toEqual({ address: 0n, length: bit });
      }
      for (let length = width; length >= 0; length--) {
        const change: Change = { command: "delete", prefix: { address: 0n, length }, gateway: 0 };
        performAll(socket, requests, [change]);
        model.apply(change);
        expect(lookUp(socket, family, { address: 0n, length: 0 }, { table: TABLE })).toBe(model.longest(0n));
      }
      expect(vnet.check()).toBe(0);
    },
  );
});
