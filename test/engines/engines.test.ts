// One trace in every engine: what Node 20, 22 and 24 and Chromium record is the same to the byte, and each replays what another
// recorded. The engines are npm packages of a project of their own (package.json beside this), installed when they lack.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const DUMMY = fileURLToPath(new URL("../../build/modules/dummy.wasm", import.meta.url));
const NODES = ["node20", "node22", "node24"];
/** The engines' packages are for it alone. */
const IS_LINUX_X64 = process.platform === "linux" && process.arch === "x64";
const INSTALL_MS = 240_000;
const RUN_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), "nlvm-engines-"));
const trace = join(folder, "trace.pcapng");

const nodeOf = (name: string): string => join(HERE, "node_modules", name, "bin/node");

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: HERE, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: status ${status}\n${stderr}`);
  return stdout;
}

/** How the replay of the trace went in an engine, and what the engine recorded. */
interface Seen {
  readonly engine: string;
  readonly verified: boolean;
  readonly events: number;
  readonly recorded: Buffer;
}

function expectSame({ verified, events, recorded }: Seen): void {
  expect([verified, events]).toEqual([true, expect.any(Number)]);
  expect(events).toBeGreaterThan(600);
  expect(recorded.equals(readFileSync(trace))).toBe(true);
}

function runEngine(command: string, args: readonly string[]): Seen {
  const recorded = join(folder, "recorded.pcapng");
  const output = run(command, [...args, DUMMY, trace, recorded]);
  return { ...JSON.parse(output), recorded: readFileSync(recorded) };
}

describe.skipIf(!IS_LINUX_X64)("a trace across engines", () => {
  beforeAll(async () => {
    if (!existsSync(join(HERE, "node_modules/.package-lock.json"))) run("npm", ["ci", "--no-audit", "--no-fund"]);
    const { record } = await import("./run.mjs");
    writeFileSync(trace, record(readFileSync(DUMMY)));
  }, INSTALL_MS);

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each(NODES)(
    "%s records the same bytes, and replays them",
    (name) => {
      const seen = runEngine(nodeOf(name), ["node.mjs"]);
      expect(seen.engine).toMatch(new RegExp(`^v${name.slice(4)}\\.`));
      expectSame(seen);
    },
    RUN_MS,
  );

  it(
    "Chromium records the same bytes, and replays them",
    async () => {
      const lib = { entry: "page.mjs", formats: ["iife" as const], name: "page", fileName: () => "page.js" };
      await build({
        root: HERE,
        configFile: false,
        logLevel: "error",
        build: { lib, outDir: folder, emptyOutDir: false },
      });
      const seen = runEngine(nodeOf("node24"), ["browser.mjs", join(folder, "page.js")]);
      expect(seen.engine).toMatch(/Chrome\/\d+/);
      expectSame(seen);
    },
    RUN_MS,
  );
});
