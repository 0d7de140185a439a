// Builds what is stale: the core (AssemblyScript to build/kernel.wasm and build/kernel-wasm.js), then the host
// (TypeScript to build/host and build/assembly/abi).
//   node scripts/build.mjs            core and host
//   node scripts/build.mjs --debug    the debug core too: build/kernel.debug.wasm and .wat
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, runAsProgram, runNode, StepError, say } from "./lib/command.mjs";
import { withLock } from "./lib/lock.mjs";
import { filesBelow, hashOf, isFresh, stamp } from "./lib/stale.mjs";

/** @typedef {{ title: string, inputs: () => string[], outputs: string[], make: () => boolean }} Step */

/** Pasted rather than read or fetched, so that the core loads the same way in Node, browsers and bundlers. */
const CORE_MODULE = "build/kernel-wasm.js";
const CORE_TYPES = "build/kernel-wasm.d.ts";
const COMPILERS = ["node_modules/assemblyscript/package.json", "node_modules/typescript/package.json"];

const coreInputs = () => [...filesBelow("assembly", /(?<!\.d)\.ts$/), "asconfig.json", ...COMPILERS];

/** @type {Record<"core" | "debug" | "host", Step>} In the order of building. */
const STEPS = {
  core: {
    title: "compiles the core (assembly/) to build/kernel.wasm",
    inputs: coreInputs,
    outputs: ["build/kernel.wasm", CORE_MODULE, CORE_TYPES],
    make: makeCore,
  },
  debug: {
    title: "compiles the debug core (assembly/) to build/kernel.debug.wasm",
    inputs: coreInputs,
    outputs: ["build/kernel.debug.wasm", "build/kernel.debug.wat"],
    make: () => compileCore("debug"),
  },
  host: {
    title: "compiles the host (host/) to build/host",
    inputs: () => [
      ...filesBelow("host", /\.ts$|tsconfig\.json$/),
      ...filesBelow("assembly/abi", /\.ts$|tsconfig\.json$/),
      "tsconfig.json",
      "tsconfig.base.json",
      "package.json",
      CORE_TYPES,
      ...COMPILERS,
    ],
    outputs: ["build/host", "build/assembly/abi"],
    make: makeHost,
  },
};

/**
 * Builds the named steps where their inputs changed; does nothing and says nothing when all is fresh.
 * @param {("core" | "debug" | "host")[]} names
 * @throws {StepError} a compiler refused the sources; what it said has been shown
 */
export async function build(names = ["core", "host"]) {
  if (names.every((name) => fresh(name))) return;
  await withLock(join(root, "build/lock"), () => {
    for (const name of names) buildStep(name);
  });
}

/** @param {keyof typeof STEPS} name */
function fresh(name) {
  const step = STEPS[name];
  return isFresh(name, hashOf(step.inputs()), step.outputs);
}

/** @param {keyof typeof STEPS} name */
function buildStep(name) {
  const step = STEPS[name];
  const hash = hashOf(step.inputs());
  if (isFresh(name, hash, step.outputs)) return;
  say(`build: ${step.title}`);
  if (!step.make()) throw new StepError(`build: failed: ${step.title}`);
  stamp(name, hash);
}

function makeCore() {
  if (!compileCore("release")) {
    rmSync(join(root, CORE_MODULE), { force: true }); // what needs the core must not run with an old one
    return false;
  }
  const base64 = readFileSync(join(root, "build/kernel.wasm")).toString("base64");
  replaceFile(CORE_TYPES, "export declare const wasm: Uint8Array<ArrayBuffer>;\n");
  replaceFile(CORE_MODULE, coreModule(base64));
  return true;
}

/** @param {"release" | "debug"} target */
function compileCore(target) {
  return runNode("node_modules/assemblyscript/bin/asc.js", ["--config", "asconfig.json", "--target", target]);
}

/** @param {string} base64 */
function coreModule(base64) {
  return [
    "// Made by scripts/build.mjs: build/kernel.wasm.",
    `const text = atob("${base64}");`,
    "export const wasm = new Uint8Array(text.length);",
    "for (let at = 0; at < text.length; at++) wasm[at] = text.charCodeAt(at);",
    "",
  ].join("\n");
}

/**
 * Puts a file in place in one step: another process may be reading the old one.
 * @param {string} path @param {string} text
 */
function replaceFile(path, text) {
  const target = join(root, path);
  mkdirSync(join(target, ".."), { recursive: true });
  writeFileSync(`${target}.new`, text);
  renameSync(`${target}.new`, target);
}

function makeHost() {
  removeOrphans();
  return runNode("node_modules/typescript/bin/tsc", ["-b"]);
}

/** Deletes outputs whose source has gone or moved; tsc leaves them behind. */
function removeOrphans() {
  for (const output of [
    ...filesBelow("build/host", /\.(js|d\.ts)$/),
    ...filesBelow("build/assembly", /\.(js|d\.ts)$/),
  ]) {
    const source = output.replace(/^build\//, "").replace(/\.(js|d\.ts)$/, ".ts");
    if (!existsSync(join(root, source))) rmSync(join(root, output));
  }
}

await runAsProgram(import.meta.url, () =>
  build(process.argv.includes("--debug") ? ["core", "debug", "host"] : undefined),
);
