// npm run conformance: which rules and cases are pinned by tests, by group.
//   --json           one JSON document
//   --group NAME     only the group of that name, or of that file: CORE, "netlink-core N", rtnetlink
// Status 1 when the name of a test holds an id that does not exist.
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { parseArgs } from "node:util";
import { parseCases, parseRules } from "./conformance/catalogue.mjs";
import { testNames } from "./conformance/names.mjs";
import { formatReport, report } from "./conformance/report.mjs";
import { root, runAsProgram, StepError } from "./lib/command.mjs";
import { filesBelow } from "./lib/stale.mjs";

const FOLDER = "test/conformance";

/** @param {string} path */
function read(path) {
  return readFileSync(join(root, path), "utf8");
}

/**
 * Reads what a test imports by a relative path, which ends in .js and means the .ts file.
 * @param {string} file
 * @returns {import("./conformance/tables.mjs").ReadImport}
 */
function importsOf(file) {
  return (specifier) => {
    const path = posix.join(posix.dirname(file), specifier.replace(/\.js$/, ".ts"));
    return path.startsWith("test/") && existsSync(join(root, path)) ? read(path) : undefined;
  };
}

function makeReport() {
  const items = [...parseCases(read(`${FOLDER}/conformance.md`)), ...parseRules(read(`${FOLDER}/rules.txt`))];
  const tests = filesBelow("test", /\.test\.ts$/).flatMap((file) =>
    testNames(read(file), importsOf(file)).map((name) => ({ name, file })),
  );
  return report(items, tests, JSON.parse(read(`${FOLDER}/wrong.json`)));
}

function options() {
  try {
    return parseArgs({ options: { json: { type: "boolean" }, group: { type: "string" } } }).values;
  } catch (error) {
    throw new StepError(`conformance: ${error instanceof Error ? error.message : error}`, 2);
  }
}

await runAsProgram(import.meta.url, () => {
  const { json, group } = options();
  const { groups, unknown } = makeReport();
  const wanted = groups.filter(({ name }) => group === undefined || name === group || name.startsWith(`${group} `));
  if (wanted.length === 0) {
    throw new StepError(
      `conformance: no group ${group}; expected one of ${groups.map(({ name }) => name).join(", ")}`,
      2,
    );
  }
  const result = { groups: wanted, unknown };
  process.stdout.write(`${json ? JSON.stringify(result, null, 2) : formatReport(result)}\n`);
  if (unknown.length > 0) process.exitCode = 1;
});
