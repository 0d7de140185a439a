// The system's programs that test/programs runs: where each is found, what package of Debian brings it, and which
// suite is left out without it.
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Folders of programs that are not on every user's PATH. */
const OTHER_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/lib/frr"];

/** The Python for which distributions package modules; another one first on the PATH would not see them. */
const PYTHONS = ["/usr/bin/python3", "python3"];

/**
 * @typedef {object} Program
 * @property {string} package - of Debian and Ubuntu
 * @property {string} suite - the test file that is skipped without it, from test/programs
 * @property {string} [pythonModule] - what is looked for is a module of Python, and no file of this name
 * @property {string} [service] - what the package would start with the system
 */

/** By the name of the file that is run. @type {Record<string, Program>} */
export const PROGRAMS = {
  ip: { package: "iproute2", suite: "iproute2, differential" },
  bird: { package: "bird2", suite: "bird", service: "bird" },
  zebra: { package: "frr", suite: "frr", service: "frr" },
  "nl-route-list": { package: "libnl-utils", suite: "libnl" },
  pyroute2: { package: "python3-pyroute2", suite: "pyroute2", pythonModule: "pyroute2" },
  mandoc: { package: "mandoc", suite: "../man" },
  tshark: { package: "tshark", suite: "trace, in Wireshark" },
  cc: { package: "gcc", suite: "clients in C" },
  "musl-gcc": { package: "musl-tools", suite: "clients in C, with musl" },
  go: { package: "golang-go", suite: "client in Go" },
};

/**
 * @param {string} name
 * @returns {string | undefined} the absolute path of the program, or undefined
 */
export function findProgram(name) {
  if (name.includes("/")) return isExecutable(name) ? name : undefined;
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...OTHER_FOLDERS];
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/**
 * @param {string} module - of Python
 * @returns {string | undefined} the absolute path of a Python that has it, or undefined
 */
export function findPython(module) {
  const question = `import importlib.util, sys; sys.exit(importlib.util.find_spec("${module}") is None)`;
  return PYTHONS.map(findProgram)
    .filter((python) => python !== undefined)
    .find((python) => spawnSync(python, ["-c", question], { stdio: "ignore" }).status === 0);
}

/** @returns {string[]} names of PROGRAMS that are not there */
export function missingPrograms() {
  return Object.entries(PROGRAMS)
    .filter(([name, { pythonModule }]) => (pythonModule ? findPython(pythonModule) : findProgram(name)) === undefined)
    .map(([name]) => name);
}

/** @returns {string[] | undefined} what to write before a command that root must run; undefined when we may not */
export function rootCommand() {
  if (process.getuid?.() === 0) return [];
  const isAllowed =
    findProgram("sudo") !== undefined && spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0;
  return isAllowed ? ["sudo", "-n"] : undefined;
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
