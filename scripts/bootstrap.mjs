// Installs the dependencies when they are not those of package-lock.json. Uses only what Node brings along, so that
// `npm start` and `npm test` work as the first command in a fresh clone.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, runAsProgram, StepError, say } from "./lib/command.mjs";

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, link?: boolean }} Locked */

const OLDEST_NODE = [20, 19];
/** The status of a missing prerequisite, as the nlvm command has it. */
const MISSING_PREREQUISITE = 3;

/** @throws {StepError} this Node is too old, or npm failed */
export function bootstrap() {
  checkNode();
  const lock = join(root, "package-lock.json");
  const installed = join(root, "node_modules/.package-lock.json"); // npm's own note of what it installed
  if (existsSync(lock) ? existsSync(installed) && isInstalled(lock, installed) : existsSync(installed)) return;
  const command = existsSync(lock) ? "ci" : "install";
  say(`bootstrap: installs the dependencies (npm ${command})`);
  if (!npm([command, "--include=dev", "--no-audit", "--no-fund"])) {
    throw new StepError(`bootstrap: npm ${command} failed; the dependencies are needed to build`, MISSING_PREREQUISITE);
  }
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new StepError(
    `bootstrap: this is Node ${process.versions.node}; expected ${OLDEST_NODE.join(".")} or newer (https://nodejs.org)`,
    MISSING_PREREQUISITE,
  );
}

/**
 * Whether every package of the lock file is there in its version. Optional ones are for other platforms.
 * @param {string} lock @param {string} installed
 */
function isInstalled(lock, installed) {
  const there = packagesOf(installed);
  return Object.entries(packagesOf(lock)).every(([path, wanted]) => {
    if (path === "" || wanted.link) return true;
    const found = there[path];
    if (!found) return wanted.optional === true || wanted.devOptional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

/** @param {string} path @returns {Record<string, Locked>} */
function packagesOf(path) {
  return JSON.parse(readFileSync(path, "utf8")).packages ?? {};
}

/** @param {string[]} args */
function npm(args) {
  const own = process.env.npm_execpath; // set by npm; npx sets its own program there
  const result = own?.endsWith("npm-cli.js")
    ? spawnSync(process.execPath, [own, ...args], { cwd: root, stdio: ["ignore", 2, 2] })
    : spawnSync("npm", args, { cwd: root, stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
  return result.status === 0;
}

await runAsProgram(import.meta.url, bootstrap);
