// The figures of programs: a reader in C on both kernels. Small tables: what is tested is that all is measured and named.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { hasNamespaces } from "../../host/node/namespace.js";
import { findProgram } from "../../scripts/lib/programs.mjs";
import { emulationIsMissing } from "../programs/launch.js";

const MILLISECONDS = 60_000;
const NLVM = fileURLToPath(new URL("../../bin/nlvm.js", import.meta.url));
const READER = fileURLToPath(new URL("../../build/nlvm-reader", import.meta.url));

function bench(...options: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [NLVM, "bench", "compat", "--runs", "1", ...options], {
    encoding: "utf8",
    timeout: MILLISECONDS,
  });
}

const number = expect.any(Number);

describe.skipIf(emulationIsMissing() !== undefined || !existsSync(READER))("nlvm bench compat", () => {
  const hasLinux = hasNamespaces();
  const hasIp = findProgram("ip") !== undefined;

  it.each(["inet", "inet6"])(
    "--json prints one document with every figure, family %s",
    (family) => {
      const table = family === "inet" ? ["--routes", "2000"] : ["--table", "real", "--family", "inet6"];
      const { status, stdout, stderr } = bench("--json", ...table);
      expect([status, stderr]).toEqual([0, ""]);
      const { compat, ...rest } = JSON.parse(stdout);
      expect(rest).toEqual({});
      expect(compat).toEqual({
        routes: number,
        nsPerRoute: number,
        ...(hasLinux && { native: { nsPerRoute: number }, ratio: number }),
        layer: { nsPerRoute: number },
        ...(hasIp && { show: { milliseconds: number, ...(hasLinux && { native: { milliseconds: number } }) } }),
        start: { milliseconds: number },
        missing: hasLinux ? [] : [expect.stringContaining("network namespaces are not allowed")],
        order: "sorted",
        table: family === "inet" ? "synthetic" : "real",
        family,
        runs: 1,
      });
      expect(compat.routes).toBeGreaterThanOrEqual(2000);
    },
    MILLISECONDS,
  );

  it(
    "for people prints each figure with its unit",
    () => {
      const { status, stdout, stderr } = bench("--routes", "2000");
      expect([status, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/^compat {2}[\d.]+ ns a route to dump and rewrite in this process$/m);
      expect(stdout).toMatch(/^ {8}[\d.]+ ns a route through nlvm run$/m);
      expect(stdout).toMatch(/^ {8}nlvm run -- true: [\d.]+ ms more than true$/m);
    },
    MILLISECONDS,
  );
});
