// Installs the programs of the system that test/programs runs, where it may: on Debian and Ubuntu, as root or with a
// sudo that asks for no password. Elsewhere it says which suites do not run. Costs a look into folders when all is there.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root, runAsProgram, say } from "./lib/command.mjs";
import { findProgram, missingPrograms, PROGRAMS, rootCommand } from "./lib/programs.mjs";

/** Lines of apt-get's output that are shown when it failed. */
const SHOWN_LINES = 10;

/** @returns {string[]} the programs that are missing still */
export function installPrograms() {
  if (process.platform !== "linux") {
    say("programs: test/programs is skipped: it runs programs of Linux");
    return Object.keys(PROGRAMS);
  }
  const wanted = missingPrograms();
  if (wanted.length === 0) return [];
  const rights = findProgram("apt-get") === undefined ? undefined : rootCommand();
  if (rights !== undefined) install(wanted, rights);
  const missing = rights === undefined ? wanted : missingPrograms();
  for (const name of missing) {
    const { package: packageName, suite } = programOf(name);
    say(`programs: skipped: test/programs, ${suite}: ${name} is missing (apt-get install ${packageName})`);
  }
  return missing;
}

/** @param {string[]} names @param {string[]} rights */
function install(names, rights) {
  const packages = names.map((name) => programOf(name).package);
  const services = names.flatMap((name) => programOf(name).service ?? []);
  say(`programs: installs ${packages.join(", ")} (apt-get)`);
  const script = join(root, "scripts/install-packages.sh");
  const [command = "", ...args] = [...rights, "env", `SERVICES=${services.join(" ")}`, "sh", script, ...packages];
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  if (status === 0) return;
  const lines = `${stdout}${stderr}`.trimEnd().split("\n").slice(-SHOWN_LINES);
  for (const line of lines) say(line);
}

/** @param {string} name @returns {import("./lib/programs.mjs").Program} */
function programOf(name) {
  const program = PROGRAMS[name];
  if (program === undefined) throw new RangeError(`program ${name}: expected one of ${Object.keys(PROGRAMS)}`);
  return program;
}

await runAsProgram(import.meta.url, () => {
  installPrograms();
});
