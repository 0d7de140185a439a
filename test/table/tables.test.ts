import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { findInternetPackage, loadInternet } from "../../host/node/internet.js";
import { Inet6TableBuilder, InetTableBuilder } from "../../host/table/builder.js";
import { GATEWAYS, gatewayOfOrigin } from "../../host/table/gateways.js";
import { shuffledOrder } from "../../host/table/order.js";
import { SYNTHETIC_ROUTES_MAX, syntheticTable } from "../../host/table/synthetic.js";
import { type InetTable, prefixText, reordered } from "../../host/table/table.js";

/** address << 6 | host bits: ascending in walk order. */
function walkKeys(table: InetTable): number[] {
  return Array.from(table.addresses, (address, route) => address * 64 + 32 - (table.lengths[route] ?? 0));
}

/** How many routes lie inside another one, by trying every shorter length. */
function nestedCount(table: InetTable): number {
  const keys = new Set(walkKeys(table));
  let nested = 0;
  table.addresses.forEach((address, route) => {
    for (let bits = 33 - (table.lengths[route] ?? 0); bits <= 32; bits++) {
      if (!keys.has((address - (address % 2 ** bits)) * 64 + bits)) continue;
      nested++;
      return;
    }
  });
  return nested;
}

describe("the synthetic table", () => {
  it.each([1, 2, 3, 4, 5, 7, 1000, 100_001])("of %i routes has that many, half of them inside another", (routes) => {
    const table = syntheticTable({ routes, seed: 7 });
    expect(table.count).toBe(routes);
    expect(table.addresses).toHaveLength(routes);
    expect(nestedCount(table)).toBe(Math.floor(routes / 2));
  });

  it("is in walk order: ascending addresses, at one address the longest prefix first, none twice", () => {
    const table = syntheticTable({ routes: 20_000, seed: 3 });
    const keys = walkKeys(table);
    for (let route = 1; route < keys.length; route++) expect(keys[route]).toBeGreaterThan(keys[route - 1] ?? 0);
    const sameAddress = keys.filter((key, route) => Math.floor(key / 64) === Math.floor((keys[route - 1] ?? 0) / 64));
    expect(sameAddress.length).toBeGreaterThan(1000);
  });

  it("has no bit behind a prefix's length and stays clear of 127/8 and 192/8, where the kernel's own routes are", () => {
    const table = syntheticTable({ routes: 4_000, seed: 5 });
    table.addresses.forEach((address, route) => {
      expect(address % 2 ** (32 - (table.lengths[route] ?? 0))).toBe(0);
      expect([0, 127, 192]).not.toContain(address >>> 24);
      expect(address >>> 24).toBeLessThan(224);
    });
  });

  it("is the same for a seed and another for another", () => {
    const table = syntheticTable({ routes: 1000, seed: 1 });
    expect(syntheticTable({ routes: 1000, seed: 1 })).toEqual(table);
    expect(syntheticTable({ routes: 1000, seed: 2 }).addresses).not.toEqual(table.addresses);
  });

  it.each([0, -1, 1.5, SYNTHETIC_ROUTES_MAX + 1])("of %d routes is refused", (routes) => {
    expect(() => syntheticTable({ routes, seed: 1 })).toThrow(RangeError);
  });
});

describe("an order", () => {
  it("holds each number once and is the seed's", () => {
    const order = shuffledOrder(1000, 9);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, place) => place));
    expect(shuffledOrder(1000, 9)).toEqual(order);
    expect(shuffledOrder(1000, 10)).not.toEqual(order);
  });

  it("moves whole routes", () => {
    const table = syntheticTable({ routes: 500, seed: 1 });
    const shuffled = reordered(table, shuffledOrder(500, 2)) as InetTable;
    const routes = (of: InetTable): string[] =>
      Array.from({ length: of.count }, (_, route) => `${prefixText(of, route)} ${of.gateways[route]}`);
    expect(routes(shuffled)).not.toEqual(routes(table));
    expect(routes(shuffled).sort()).toEqual(routes(table).sort());
  });
});

describe("a built table", () => {
  it("keeps a prefix that occurs twice once, the first, and names it", () => {
    const builder = new InetTableBuilder();
    builder.add(0x0a000000, 8, 1);
    builder.add(0x0a000000, 8, 2);
    const table = builder.finish();
    expect([table.count, [...table.gateways], table.duplicates]).toEqual([1, [1], ["10.0.0.0/8"]]);
  });

  it("puts prefixes into walk order", () => {
    const builder = new InetTableBuilder();
    const inet: [number, number][] = [
      [0x0a000100, 24],
      [0x0a000000, 8],
      [0x0a000000, 24],
      [0x0a000000, 16],
    ];
    for (const [address, length] of inet) builder.add(address, length, 0);
    const table = builder.finish();
    const prefixes = Array.from({ length: table.count }, (_, route) => prefixText(table, route));
    expect(prefixes).toEqual(["10.0.0.0/24", "10.0.0.0/16", "10.0.0.0/8", "10.0.1.0/24"]);
  });

  it("does so for IPv6 too", () => {
    const builder = new Inet6TableBuilder();
    builder.add(0x20010db8_00010000n, 0n, 48, 3);
    builder.add(0x20010db8_00000000n, 0n, 32, 4);
    builder.add(0x20010db8_00000000n, 1n, 128, 5);
    builder.add(0x20010db8_00010000n, 0n, 48, 6);
    const table = builder.finish();
    const prefixes = Array.from({ length: table.count }, (_, route) => prefixText(table, route));
    expect(prefixes).toEqual(["2001:db8::/32", "2001:db8::1/128", "2001:db8:1::/48"]);
    expect([...table.gateways]).toEqual([4, 5, 3]);
    expect(table.duplicates).toEqual(["2001:db8:1::/48"]);
  });
});

describe("the Internet's table", () => {
  const from = findInternetPackage();

  it("has 564,580 IPv4 prefixes in release 2.3.2026061719, of which one occurs twice", () => {
    const { table, ranges, prefixes } = loadInternet(AF.INET, { from });
    expect(from.version).toBe("2.3.2026061719");
    expect([ranges, prefixes, table.count]).toEqual([411_961, 564_580, 564_579]);
    expect(table.duplicates).toEqual(["215.0.0.0/16"]);
    expect(prefixText(table, 0)).toBe("1.0.0.0/24");
    expect(new Set(table.gateways).size).toBe(GATEWAYS);
  });

  it("has 167,903 IPv6 prefixes, none twice", () => {
    const seen: number[] = [];
    const { table, ranges, prefixes } = loadInternet(AF.INET6, { from, progress: (bytes) => seen.push(bytes) });
    expect([ranges, prefixes, table.count, table.duplicates]).toEqual([103_197, 167_903, 167_903, []]);
    expect(prefixText(table, 0)).toBe("2001::/32");
    expect(seen.at(-1)).toBe(11_312_725);
  });

  it("gives all routes of one origin one gateway, of 64", () => {
    expect(gatewayOfOrigin(13335)).toBe(gatewayOfOrigin(13335));
    for (const origin of [0, 1, 4_294_967_295]) expect(gatewayOfOrigin(origin)).toBeLessThan(GATEWAYS);
  });
});
