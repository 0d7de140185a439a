// C programs of the tests, built as real programs are: dynamic, static, and with musl where it is there.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/lib/command.mjs";
import { filesBelow } from "../../scripts/lib/stale.mjs";

export const BUILDS = {
  dynamic: ["cc"],
  static: ["cc", "-static"],
  musl: ["musl-gcc", "-static"],
} as const;

export type Build = keyof typeof BUILDS;

/** Whether a program of this name can be run. */
export function isInstalled(name: string): boolean {
  return spawnSync(name, ["--version"], { stdio: "ignore" }).error === undefined;
}

export function canBuild(build: Build): boolean {
  return process.platform === "linux" && isInstalled(BUILDS[build][0]);
}

/**
 * Compiles a program of several files, without a warning.
 * @param folder - of its sources, from the root
 * @param name - tells the outputs of several compilations apart
 * @returns its path
 * @throws Error with what the compiler said
 */
export function compile(folder: string, build: Build, flags: readonly string[] = [], name: string = build): string {
  const [compiler, ...options] = BUILDS[build];
  const output = join(root, "build/test", `${folder.replaceAll("/", "-")}-${name}`);
  mkdirSync(join(root, "build/test"), { recursive: true });
  const sources = filesBelow(folder, /\.c$/);
  const common = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread"];
  const words = [...options, ...common, ...flags, "-o", `${output}.new`, ...sources];
  const { status, stderr } = spawnSync(compiler, words, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`${compiler}: ${stderr}`);
  renameSync(`${output}.new`, output);
  return output;
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Whom to run as, where we are root. */
  readonly uid?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** On one core only. */
  readonly isPinned?: boolean;
  /** What is run instead of this clone. */
  readonly installed?: string;
}

const SECONDS = 1000;

/** Runs a command to its end; one that hangs is ended after 30 s, with status null. */
export function runToEnd(
  words: readonly string[],
  { uid, environment = {}, isPinned = false }: RunOptions = {},
): Ended {
  const [program, ...rest] = isPinned && isInstalled("taskset") ? ["taskset", "-c", firstCore(), ...words] : words;
  const { status, stdout, stderr } = spawnSync(program as string, rest, {
    cwd: "/",
    encoding: "utf8",
    timeout: 30 * SECONDS,
    killSignal: "SIGKILL",
    env: { ...process.env, ...environment },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  return { status, stdout, stderr };
}

/** The nlvm command, with these words. */
export function nlvm(words: readonly string[], options: RunOptions = {}): Ended {
  return runToEnd([process.execPath, join(options.installed ?? root, "bin/nlvm.js"), ...words], options);
}

function firstCore(): string {
  const { stdout } = spawnSync("taskset", ["-cp", String(process.pid)], { encoding: "utf8" });
  return /(\d+)/.exec(stdout.split(":").at(-1) ?? "")?.[1] ?? "0";
}

export const hasSupervisor = existsSync(join(root, "build/nlvm-intercept"));
