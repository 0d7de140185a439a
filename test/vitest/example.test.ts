// The example project (examples/vitest) as a user has it: with the package and vitest beside it.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A copy of the example, its dependencies linked. */
function project(): string {
  const folder = mkdtempSync(join(tmpdir(), "nlvm-example-"));
  folders.push(folder);
  cpSync(join(ROOT, "examples/vitest"), folder, { recursive: true });
  mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
  symlinkSync(ROOT, join(folder, "node_modules/netlink-vm"), "dir");
  symlinkSync(join(ROOT, "node_modules/vitest"), join(folder, "node_modules/vitest"), "dir");
  symlinkSync(join(ROOT, "bin/nlvm.js"), join(folder, "node_modules/.bin/nlvm"));
  return folder;
}

interface Ran {
  readonly status: number | null;
  readonly output: string;
}

function run(folder: string, command: string, args: readonly string[], shell = false): Ran {
  const env = { ...process.env, NO_COLOR: "1", CI: "1" };
  for (const name of Object.keys(env)) if (name.startsWith("VITEST")) delete (env as Record<string, unknown>)[name];
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8", shell, env });
  return { status, output: stdout + stderr };
}

const runTests = (folder: string): Ran => run(folder, process.execPath, ["node_modules/vitest/vitest.mjs", "run"]);

/** Plants a wrong expectation in the second test. */
function plant(folder: string): void {
  const file = join(folder, "linknames.test.js");
  writeFileSync(file, readFileSync(file, "utf8").replace('["lo0", "uplink"]', '["lo0", "downlink"]'));
}

/** The command that a failed test printed. */
function replayCommand({ output }: Ran): string {
  const found = /^\s*(npx nlvm replay \S+) --print$/m.exec(output)?.[1];
  if (found === undefined) throw new Error(`no replay command in:\n${output}`);
  return found;
}

describe("the example project", { timeout: 60_000 }, () => {
  it("has fewer than 60 lines of client and tests, which pass and leave nothing behind", () => {
    const folder = project();
    const lines = ["linknames.js", "linknames.test.js"].map((name) =>
      readFileSync(join(folder, name), "utf8").split("\n"),
    );
    expect(lines.flat().length).toBeLessThan(60);
    const { status, output } = runTests(folder);
    expect([status, output]).toEqual([0, expect.stringContaining("2 passed")]);
    expect(existsSync(join(folder, "traces"))).toBe(false);
  });

  it("a failing test keeps its trace, and the command that it prints runs it again", () => {
    const folder = project();
    plant(folder);
    const failed = runTests(folder);
    expect([failed.status, failed.output]).toEqual([1, expect.stringContaining("1 failed | 1 passed")]);
    const command = replayCommand(failed);
    expect(command).toBe("npx nlvm replay traces/linknames-link-names-follow-what-happens-to-its-links.pcapng");
    const replayed = run(folder, `${command} --print`, [], true);
    expect([replayed.status, replayed.output]).toEqual([0, expect.stringContaining("verified")]);
    expect(replayed.output).toContain("RTM_NEWLINK");
    expect(replayed.output).toContain("uplink");
  });

  it("one byte of one recorded output changed: the replay says which message and attribute", () => {
    const folder = project();
    plant(folder);
    const command = replayCommand(runTests(folder));
    const path = join(folder, command.split(" ").at(-1) as string);
    const trace = readFileSync(path);
    const at = trace.lastIndexOf(Buffer.from("uplink\0"));
    trace.write("UPLINK", at, "latin1");
    writeFileSync(path, trace);
    const { status, output } = run(folder, command, [], true);
    expect(status).toBe(1);
    expect(output).toMatch(/RTM_NEWLINK.*IFLA_IFNAME/);
    expect(output).toMatch(/expected .*UPLINK/);
    expect(output).toMatch(/seen .*uplink/);
  });
});
