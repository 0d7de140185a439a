// Whether the outputs of a build step are those of its inputs, by a hash over names and contents: times say nothing
// after a clone or a checkout.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./command.mjs";

const STAMPS = join(root, "build/stamps.json");

/**
 * Files below a folder of the root, sorted; paths from the root.
 * @param {string} folder
 * @param {RegExp} pattern
 * @returns {string[]}
 */
export function filesBelow(folder, pattern) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((path) => pattern.test(path))
    .sort();
}

/** @param {string[]} inputs - paths from the root; one that is missing counts as empty */
export function hashOf(inputs) {
  const hash = createHash("sha256");
  for (const path of inputs) {
    const absolute = join(root, path);
    hash
      .update(`${path}\0`)
      .update(existsSync(absolute) ? readFileSync(absolute) : "")
      .update("\0");
  }
  return hash.digest("hex");
}

/**
 * @param {string} step
 * @param {string} hash
 * @param {string[]} outputs - paths from the root that must exist
 */
export function isFresh(step, hash, outputs) {
  return readStamps()[step] === hash && outputs.every((path) => existsSync(join(root, path)));
}

/** @param {string} step @param {string} hash */
export function stamp(step, hash) {
  mkdirSync(dirname(STAMPS), { recursive: true });
  writeFileSync(STAMPS, `${JSON.stringify({ ...readStamps(), [step]: hash }, null, 2)}\n`);
}

/** @returns {Record<string, string>} */
function readStamps() {
  return existsSync(STAMPS) ? JSON.parse(readFileSync(STAMPS, "utf8")) : {};
}
