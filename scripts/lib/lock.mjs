// One build at a time: a file that holds the process id of the builder. A builder that died leaves a file that nobody
// owns, which the next one takes over.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StepError, say } from "./command.mjs";

const POLL_MILLISECONDS = 100;
const WAIT_MILLISECONDS = 180_000;

/**
 * @template T
 * @param {string} path
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, work) {
  await take(path);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** @param {string} path */
async function take(path) {
  mkdirSync(dirname(path), { recursive: true });
  for (let waited = 0; !tryTake(path); waited += POLL_MILLISECONDS) {
    if (!isHeld(path)) {
      rmSync(path, { force: true });
      continue;
    }
    if (waited === 0) say("build: waits for another build to end");
    if (waited >= WAIT_MILLISECONDS) throw new StepError(`build: ${path} is held by another build; expected it to end`);
    await sleep(POLL_MILLISECONDS);
  }
}

/** @param {string} path */
function tryTake(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** @param {string} path */
function isHeld(path) {
  try {
    const owner = Number(readFileSync(path, "utf8"));
    if (owner > 0) process.kill(owner, 0); // signal 0 only asks whether the process is there
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
