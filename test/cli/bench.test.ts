import { describe, expect, it } from "vitest";
import { nlvm } from "./streams.js";

const CONDITIONS = { table: "synthetic", family: "inet", runs: 2 };

describe("nlvm bench", () => {
  it("--json prints one document with every benchmark's figures and conditions", async () => {
    const { status, stdout, stderr } = await nlvm(["bench", "--json", "--routes", "2000", "--runs", "2"]);
    expect([status, stderr]).toEqual([0, ""]);
    const { dump, insert, lookup, layer, modules, snapshot, trace, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({});
    expect(dump).toEqual({
      routes: expect.any(Number),
      bytes: expect.any(Number),
      nsPerRoute: expect.any(Number),
      bytesPerRoute: expect.any(Number),
      memcpyNsPerRoute: expect.any(Number),
      order: "sorted",
      ...CONDITIONS,
    });
    expect(insert).toEqual({
      routes: 2000,
      nsPerRoute: expect.any(Number),
      memoryBytesPerRoute: expect.any(Number),
      order: "sorted",
      ...CONDITIONS,
    });
    expect(lookup).toEqual({
      routes: 2000,
      lookups: 100_000,
      nsPerLookup: expect.any(Number),
      order: "sorted",
      ...CONDITIONS,
    });
    expect(layer).toEqual({
      routes: expect.any(Number),
      bytes: expect.any(Number),
      nsPerRoute: expect.any(Number),
      bytesPerRoute: expect.any(Number),
      kernelNsPerRoute: expect.any(Number),
      order: "sorted",
      ...CONDITIONS,
    });
    expect(modules).toEqual({
      requests: expect.any(Number),
      runs: 2,
      sends: [1, 64].map((requestsPerSend) => ({
        requestsPerSend,
        modulePerSecond: expect.any(Number),
        builtInPerSecond: expect.any(Number),
        ratio: expect.any(Number),
      })),
      ratio: expect.any(Number),
    });
    expect(trace).toEqual({
      routes: expect.any(Number),
      recordPercent: expect.any(Number),
      recordFilePercent: expect.any(Number),
      recordMs: expect.any(Number),
      replayMs: expect.any(Number),
      events: 100_000,
      seekMs: expect.any(Number),
      seekMsMax: expect.any(Number),
      order: "sorted",
      table: "synthetic",
      family: "inet",
      runs: 2,
    });
    expect(snapshot).toEqual({
      routes: 2000,
      MiB: expect.any(Number),
      saveMs: expect.any(Number),
      restoreMs: expect.any(Number),
      memcpyMs: expect.any(Number),
      order: "sorted",
      ...CONDITIONS,
    });
  });

  it("dumps the table and the kernel's own routes, 76 bytes a route over a gateway", async () => {
    const { stdout } = await nlvm(["bench", "dump", "--json", "--routes", "2000", "--runs", "1"]);
    const { dump } = JSON.parse(stdout);
    expect(dump.routes).toBeGreaterThan(2000);
    expect(dump.routes).toBeLessThan(2010);
    expect(dump.bytesPerRoute).toBeGreaterThan(75.9);
    expect(dump.bytesPerRoute).toBeLessThanOrEqual(76);
    expect(dump.nsPerRoute).toBeGreaterThan(0);
    expect(dump.memcpyNsPerRoute).toBeGreaterThan(0);
  });

  it("dumps the table in Linux's form, 60 bytes a route over a gateway, with the interface's own", async () => {
    const { stdout } = await nlvm(["bench", "layer", "--json", "--routes", "2000", "--runs", "1"]);
    const { layer } = JSON.parse(stdout);
    expect(layer.routes).toBe(2001);
    expect(layer.bytes).toBe(2001 * 60);
    expect(layer.nsPerRoute).toBeGreaterThan(0);
    expect(layer.kernelNsPerRoute).toBeGreaterThan(0);
  });

  it("measures the benchmarks that are named, each once, and no other", async () => {
    const { stdout } = await nlvm(["bench", "lookup", "dump", "lookup", "--json", "--routes", "2000", "--runs", "1"]);
    expect(Object.keys(JSON.parse(stdout))).toEqual(["dump", "lookup"]);
  });

  it("for people prints conditions, unit and floor", async () => {
    const argv = ["bench", "dump", "--routes", "2000", "--runs", "2", "--order", "shuffled"];
    const { status, stdout, stderr } = await nlvm(argv);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(
      /^2,000 IPv4 routes \(synthetic table\), shuffled; median of 2 runs after one that is discarded\n/,
    );
    expect(stdout).toMatch(
      /^dump {4}[\d.]+ ns a route of [\d.]+ bytes, .* floor: copying the same bytes [\d.]+ ns a route$/m,
    );
    expect(stdout).not.toContain("insert");
  });
});
