// One script of ip commands on the real Linux kernel and on the emulated one: outputs, exit statuses and errors are the
// same but for the rows of differences.ts. What was recorded counts too: network namespaces may not be allowed, this
// machine's kernel may be another one, and on a busy machine a link's state comes late.
// PROGRAMS_ON=record writes the recording anew; PROGRAMS_ON=kernel compares the machine's kernel with it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasNamespaces } from "../../../host/node/namespace.js";
import { findProgram } from "../../../scripts/lib/programs.mjs";
import { emulationIsMissing } from "../launch.js";
import { type Difference, differences } from "./compare.js";
import { explains, ROWS } from "./differences.js";
import { commands, normalised, type Result, readRecording, run, writeRecording } from "./results.js";

const COMMANDS_AT_LEAST = 150;
const RUN_MILLISECONDS = 120_000;

/** lo with the addresses that Linux's lo gets when it comes up. */
const CONFIG = `
sysctls: { net.inet6.ip6.dad_count: 0 }
interfaces:
  - { name: lo0, addresses: [127.0.0.1/8, "::1/128"] }
`;

const asked = process.env.PROGRAMS_ON ?? "emulated";
const lines = commands();

function between(linux: Result | undefined, emulated: Result | undefined): Difference[] {
  if (linux === undefined || emulated === undefined) throw new Error("no result: expected one for each command");
  return differences(normalised(linux), normalised(emulated));
}

function unexplained(command: string, found: readonly Difference[]): Difference[] {
  return found.filter((difference) => !ROWS.some((row) => explains(row, command, difference)));
}

// What is not asked for is not defined: a skipped test would be a failure under CI.
if (asked === "record") {
  it("the machine's kernel is recorded", () => writeRecording(run("machine", "")), RUN_MILLISECONDS);
}

const againstRecording = asked === "kernel" || asked === "both" ? describe : undefined;
againstRecording?.("the machine's kernel answers as recorded", () => {
  let live: readonly Result[] = [];
  beforeAll(() => {
    live = run("machine", "");
  }, RUN_MILLISECONDS);

  it.each(lines.map((command, i) => [command, i] as const))("%s", (_, i) => {
    expect(between(readRecording().results[i], live[i])).toEqual([]);
  });
});

const canRun = findProgram("ip") !== undefined && emulationIsMissing() === undefined;

const againstLinux = asked === "emulated" || asked === "both" ? describe.skipIf(!canRun) : undefined;
againstLinux?.("the emulated kernel answers as Linux", () => {
  const recording = readRecording();
  const folder = mkdtempSync(join(tmpdir(), "nlvm-differential-"));
  let linux: readonly Result[] = recording.results;
  let emulated: readonly Result[] = [];

  beforeAll(() => {
    const config = join(folder, "config.yaml");
    writeFileSync(config, CONFIG);
    emulated = run("emulated", config);
    if (hasNamespaces()) linux = run("machine", "");
  }, RUN_MILLISECONDS);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(lines.map((command, i) => [command, i] as const))("%s", (command, i) => {
    const now = unexplained(command, between(linux[i], emulated[i]));
    const then = unexplained(command, between(recording.results[i], emulated[i]));
    expect(now.length < then.length ? now : then).toEqual([]);
  });

  it("every row of the table of differences is needed", () => {
    const all = lines.flatMap((command, i) =>
      between(recording.results[i], emulated[i]).map((difference) => ({ command, difference })),
    );
    const idle = ROWS.filter((row) => !all.some(({ command, difference }) => explains(row, command, difference)));
    expect(idle).toEqual([]);
  });
});

describe("the table of differences", () => {
  it("gives a reason in each row", () => {
    for (const { reason } of ROWS) expect(reason).toMatch(/^\S.{20,}\.$/s);
  });

  it("is about a script of enough commands", () => {
    expect(lines.filter((line) => /\bip\b/.test(line)).length).toBeGreaterThanOrEqual(COMMANDS_AT_LEAST);
    expect(readRecording().results.map(({ command }) => command)).toEqual(lines);
  });
});
