// npm test: installs, builds, lints, checks types, runs every test. Arguments go to vitest: npm test -- test/core
// What is installed: the dependencies, and the system's programs that test/programs runs (programs.mjs).
// The last line on standard output is `N passed, N failed`; a lint, type check or build that fails is one failure.
// With CI set, a test that was skipped is a failure.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bootstrap } from "./bootstrap.mjs";
import { build } from "./build.mjs";
import { root, runNode, StepError, say } from "./lib/command.mjs";
import { totalsOf } from "./lib/totals.mjs";
import { installPrograms } from "./programs.mjs";

const RESULTS = "build/vitest.json";
const VITEST_ARGS = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${RESULTS}`];

/** @returns {Promise<import("./lib/totals.mjs").Totals>} */
async function runAll() {
  try {
    bootstrap();
    installPrograms(); // before the build: a compiler is among them
    await build();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    say(error.message);
    return { passed: 0, failed: 1 };
  }
  const lint = check("lint", "node_modules/@biomejs/biome/bin/biome", ["check", "--error-on-warnings"]);
  const types = check("types", "node_modules/typescript/bin/tsc", ["-b", "test"]);
  const { passed, failed } = vitest();
  return { passed, failed: failed + lint + types };
}

/**
 * @param {string} name @param {string} script @param {string[]} args
 * @returns {number} failures: 0 or 1
 */
function check(name, script, args) {
  say(`test: checks ${name}`);
  if (runNode(script, args)) return 0;
  say(`test: failed: ${name}`);
  return 1;
}

function vitest() {
  const results = join(root, RESULTS);
  rmSync(results, { force: true });
  const args = ["node_modules/vitest/vitest.mjs", ...VITEST_ARGS, ...process.argv.slice(2)];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  const report = existsSync(results) ? JSON.parse(readFileSync(results, "utf8")) : undefined;
  const totals = totalsOf(report, status === 0, Boolean(process.env.CI));
  for (const name of totals.skipped) say(`test: skipped: ${name}`);
  return totals;
}

const { passed, failed } = await runAll();
process.exitCode = failed === 0 ? 0 : 1;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
