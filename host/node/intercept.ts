// The supervisor program: where it is, and how it is started.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

/** What a machine lacks for unmodified programs to run; the message says how to get it. */
export class MissingInterceptError extends Error {
  override readonly name = "MissingInterceptError";
}

export interface InterceptOptions {
  readonly abi: "linux" | "freebsd";
  readonly vnet?: string | undefined;
  /** The program and its arguments. */
  readonly command: readonly string[];
}

const PATH = new URL("../../nlvm-intercept", import.meta.url);
/** The signals that end a program and are sent to `nlvm run` alone: the supervisor passes them on. */
const FORWARDED = ["SIGTERM", "SIGHUP"] as const;
/** Those that a terminal sends to the whole process group: the program has them already, and decides. */
const LEFT_TO_PROGRAM = ["SIGINT", "SIGQUIT"] as const;
const SIGNAL_STATUS = 128;

/**
 * Starts the supervisor with this process's own streams.
 * @param source - `inherit`: a pipe to this process is its descriptor 3; else the path of a server's socket
 * @throws MissingInterceptError it was not built, or this is not Linux
 */
export function startIntercept(
  source: "inherit" | { readonly connect: string },
  options: InterceptOptions,
): ChildProcess {
  const path = fileURLToPath(PATH);
  if (process.platform !== "linux") {
    throw new MissingInterceptError(`programs run under Linux's seccomp, and this is ${process.platform}`);
  }
  if (!existsSync(path)) {
    throw new MissingInterceptError(
      "build/nlvm-intercept is missing: it needs a C compiler (apt-get install gcc libc6-dev), then npm run build",
    );
  }
  const vnet = options.vnet === undefined ? [] : ["--vnet", options.vnet];
  const from = source === "inherit" ? ["--inherit", "3"] : ["--connect", source.connect];
  return spawn(path, [...from, "--abi", options.abi, ...vnet, "--", ...options.command], {
    stdio: ["inherit", "inherit", "inherit", source === "inherit" ? "pipe" : "ignore"],
  });
}

/**
 * Waits for the supervisor's end, and passes signals on meanwhile.
 * @returns its exit status, which is the program's; 128 and its number for a signal
 */
export async function statusOf(child: ChildProcess): Promise<number> {
  const handlers = new Map<NodeJS.Signals, () => void>([
    ...FORWARDED.map((signal) => [signal, () => child.kill(signal)] as const),
    ...LEFT_TO_PROGRAM.map((signal) => [signal, () => {}] as const),
  ]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        resolve(code ?? SIGNAL_STATUS + (signal === null ? 0 : constants.signals[signal]));
      });
    });
  } finally {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  }
}
