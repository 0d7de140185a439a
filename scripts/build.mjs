// Builds what is stale: the core (AssemblyScript to build/kernel.wasm and build/kernel-wasm.js), the checksum of traces
// (assembly/trace/chain.ts to build/chain.wasm and build/chain-wasm.js), the loadable modules (modules/NAME/NAME.ts to
// build/modules/NAME.wasm), the host (TypeScript to build/host and build/assembly/abi), and where there is a C compiler the
// supervisor (intercept/ to build/nlvm-intercept) and the reader of `nlvm bench compat` (bench/ to build/nlvm-reader).
//   node scripts/build.mjs            core, chain, modules, host, supervisor, reader
//   node scripts/build.mjs --debug    the debug core too: build/kernel.debug.wasm and .wat
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, runAsProgram, runNode, StepError, say } from "./lib/command.mjs";
import { withLock } from "./lib/lock.mjs";
import { filesBelow, hashOf, isFresh, stamp } from "./lib/stale.mjs";

/**
 * `lacks`: what the step needs and this machine has not, in which case it is left out.
 * @typedef {{ title: string, inputs: () => string[], outputs: string[], make: () => boolean,
 *   lacks?: () => string | undefined }} Step
 */

const ASSEMBLYSCRIPT = "node_modules/assemblyscript/package.json";
const COMPILERS = [ASSEMBLYSCRIPT, "node_modules/typescript/package.json"];

/** A module by itself, which is no part of the core. */
const CHAIN = "assembly/trace/chain.ts";
const CHAIN_OPTIONS = "assembly/trace/asconfig.json";
const coreInputs = () => [
  ...filesBelow("assembly", /(?<!\.d)\.ts$/).filter((path) => path !== CHAIN),
  "asconfig.json",
  ...COMPILERS,
];

/** The loadable modules that have a source of their own here; modules/sdk is what they share. */
const MODULES = ["dummy", "ktest_example"];

/** @typedef {"core" | "chain" | "modules" | "debug" | "host" | "intercept" | "reader"} StepName */

/** @type {Record<StepName, Step>} In the order of building. */
const STEPS = {
  core: {
    title: "compiles the core (assembly/) to build/kernel.wasm",
    inputs: coreInputs,
    outputs: pastedOutputs("kernel"),
    make: () => pasted("kernel", () => compileCore("release")),
  },
  chain: {
    title: "compiles the checksum of traces (assembly/trace/) to build/chain.wasm",
    inputs: () => [CHAIN, CHAIN_OPTIONS, ASSEMBLYSCRIPT],
    outputs: pastedOutputs("chain"),
    make: () => pasted("chain", compileChain),
  },
  modules: {
    title: "compiles the loadable modules (modules/) to build/modules",
    inputs: () => [...filesBelow("modules", /\.ts$|asconfig\.json$/), ASSEMBLYSCRIPT],
    outputs: MODULES.map((name) => `build/modules/${name}.wasm`),
    make: () => MODULES.every(compileModule),
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
      "build/kernel-wasm.d.ts",
      "build/chain-wasm.d.ts",
      ...COMPILERS,
    ],
    outputs: ["build/host", "build/assembly/abi"],
    make: makeHost,
  },
  intercept: {
    title: "compiles the supervisor (intercept/) to build/nlvm-intercept",
    inputs: () => filesBelow("intercept", /\.[ch]$/),
    outputs: ["build/nlvm-intercept"],
    make: () => compileC("intercept", "build/nlvm-intercept"),
    lacks: compilerLacks,
  },
  reader: {
    title: "compiles the reader of nlvm bench compat (bench/) to build/nlvm-reader",
    inputs: () => filesBelow("bench", /\.[ch]$/),
    outputs: ["build/nlvm-reader"],
    make: () => compileC("bench", "build/nlvm-reader"),
    lacks: compilerLacks,
  },
};

/** What is built when nobody says what. @type {StepName[]} */
const PARTS = ["core", "chain", "modules", "host", "intercept", "reader"];

/**
 * Builds the named steps where their inputs changed; does nothing and says nothing when all is fresh.
 * @param {StepName[]} names
 * @throws {StepError} a compiler refused the sources; what it said has been shown
 */
export async function build(names = PARTS) {
  if (names.every((name) => fresh(name))) return;
  await withLock(join(root, "build/lock"), () => {
    for (const name of names) buildStep(name);
  });
}

/** @param {StepName} name */
function fresh(name) {
  const step = STEPS[name];
  return isFresh(name, hashOf(step.inputs()), step.outputs) || step.lacks?.() !== undefined;
}

/** @param {StepName} name */
function buildStep(name) {
  const step = STEPS[name];
  const hash = hashOf(step.inputs());
  if (isFresh(name, hash, step.outputs) || step.lacks?.() !== undefined) return;
  say(`build: ${step.title}`);
  if (!step.make()) throw new StepError(`build: failed: ${step.title}`);
  stamp(name, hash);
}

/** @param {string} name */
function pastedOutputs(name) {
  return [`build/${name}.wasm`, `build/${name}-wasm.js`, `build/${name}-wasm.d.ts`];
}

/**
 * Compiles to build/NAME.wasm, and pastes that into a module rather than have it read or fetched, so that it loads the same
 * way in Node, browsers and bundlers.
 * @param {string} name @param {() => boolean} compile
 */
function pasted(name, compile) {
  const target = `build/${name}-wasm`;
  if (!compile()) {
    rmSync(join(root, `${target}.js`), { force: true }); // what needs it must not run with an old one
    return false;
  }
  const base64 = readFileSync(join(root, `build/${name}.wasm`)).toString("base64");
  replaceFile(`${target}.d.ts`, "export declare const wasm: Uint8Array<ArrayBuffer>;\n");
  replaceFile(`${target}.js`, pastedModule(name, base64));
  return true;
}

/** @param {"release" | "debug"} target */
function compileCore(target) {
  return runNode("node_modules/assemblyscript/bin/asc.js", ["--config", "asconfig.json", "--target", target]);
}

function compileChain() {
  return runNode("node_modules/assemblyscript/bin/asc.js", [
    CHAIN,
    "--config",
    CHAIN_OPTIONS,
    "--outFile",
    "build/chain.wasm",
  ]);
}

/** @param {string} name */
function compileModule(name) {
  const files = [`modules/${name}/${name}.ts`, "--outFile", `build/modules/${name}.wasm`];
  return runNode("node_modules/assemblyscript/bin/asc.js", ["--config", "modules/asconfig.json", ...files]);
}

/** @param {string} name @param {string} base64 */
function pastedModule(name, base64) {
  return [
    `// Made by scripts/build.mjs: build/${name}.wasm.`,
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

/** @returns {string | undefined} */
function compilerLacks() {
  if (process.platform !== "linux") return `this is ${process.platform}, and it is for Linux`;
  const { error } = spawnSync("cc", ["--version"], { stdio: "ignore" });
  return error === undefined ? undefined : "there is no C compiler (apt-get install gcc libc6-dev)";
}

/**
 * Compiles a folder's C to one program: static where the machine has the libraries for it, so that it runs on any
 * distribution.
 * @param {string} folder @param {string} output
 */
function compileC(folder, output) {
  const common = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", `${output}.new`, ...filesBelow(folder, /\.c$/)];
  mkdirSync(join(root, "build"), { recursive: true });
  const isStatic = spawnSync("cc", ["-static", ...common], { cwd: root, stdio: "ignore" }).status === 0;
  const isMade = isStatic || spawnSync("cc", common, { cwd: root, stdio: ["ignore", 2, 2] }).status === 0;
  if (isMade) renameSync(join(root, `${output}.new`), join(root, output));
  return isMade;
}

/** Says which steps are left out, to whoever builds. */
async function main() {
  await build(process.argv.includes("--debug") ? [...PARTS, "debug"] : PARTS);
  const lacking = existsSync(join(root, "build/nlvm-intercept")) ? undefined : compilerLacks();
  if (lacking !== undefined) say(`build: without build/nlvm-intercept, so nlvm run and exec end with 3: ${lacking}`);
}

await runAsProgram(import.meta.url, main);
