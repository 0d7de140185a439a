// Running other programs from the scripts, and talking about it. Everything goes to standard error, so that the
// standard output of `nlvm --json` holds its document and nothing else.
import { spawnSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder of package.json, without a slash at the end. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");

/** A step that failed; its own output has been shown already. `status` is the exit status to end with. */
export class StepError extends Error {
  /** @param {string} message @param {number} status */
  constructor(message, status = 1) {
    super(message);
    this.status = status;
  }
}

/** @param {string} line */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs a JavaScript program with this Node in the root folder; its output goes to standard error.
 * @param {string} script - path from the root
 * @param {string[]} args
 * @returns {boolean} whether it ended with status 0
 */
export function runNode(script, args) {
  const result = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: ["ignore", 2, 2] });
  if (result.error) throw result.error;
  return result.status === 0;
}

/**
 * Runs `main` when the module at `url` is the program, and turns a StepError into a line and an exit status.
 * @param {string} url - import.meta.url of the caller
 * @param {() => void | Promise<void>} main
 */
export async function runAsProgram(url, main) {
  const program = process.argv[1];
  if (program === undefined || realpathSync(program) !== realpathSync(fileURLToPath(url))) return;
  try {
    await main();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    say(error.message);
    process.exitCode = error.status;
  }
}
