// bench compat: the table through the Linux layer and the supervisor, as an unmodified program reads it, beside this
// machine's own Linux kernel. One C reader (bench/reader.c) with one recv loop for both, in turn: what slows the machine
// down meanwhile slows both down.
//   nsPerRoute   a dump through nlvm run
//   native       the same dump from Linux, in a network namespace
//   layer        the kernel's dump and its rewriting, in this process, without supervisor and program
//   show         the whole `ip route show`
//   start        what `nlvm run -- true` takes more than `true`
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AF } from "../../../assembly/abi/inet.js";
import { hasNamespaces, namespaceCommand } from "../../node/namespace.js";
import { GATEWAY_INTERFACE_ADDRESSES } from "../../table/gateways.js";
import { median, nanoseconds, rounded } from "../figures.js";
import { CommandError, Status } from "../status.js";
import { type ConditionKeys, type Conditions, conditionKeys } from "./conditions.js";
import { benchLayer } from "./layer.js";
import { hasReader, Reader, writeBatches } from "./reader.js";

export interface CompatFigures extends ConditionKeys {
  /** Messages of one dump through nlvm run; the kernel's own routes are among them. */
  readonly routes?: number;
  readonly nsPerRoute?: number;
  readonly native?: { readonly nsPerRoute: number };
  /** How many times faster than Linux. */
  readonly ratio?: number;
  readonly layer: { readonly nsPerRoute: number };
  readonly show?: { readonly milliseconds: number; readonly native?: { readonly milliseconds: number } };
  readonly start?: { readonly milliseconds: number };
  /** What could not be measured, and why. */
  readonly missing: readonly string[];
}

/** Runs of `ip route show` and of `true`: each takes as long as many dumps. */
const PROGRAM_RUNS_MAX = 3;

const NLVM = [process.execPath, fileURLToPath(new URL("../../../../bin/nlvm.js", import.meta.url))];

/** The reader makes its own interface, on both kernels. */
const CONFIG = "sysctls: { net.inet6.ip6.dad_count: 0 }\n";

export async function benchCompat(conditions: Conditions): Promise<CompatFigures> {
  const layer = { nsPerRoute: benchLayer(conditions).nsPerRoute };
  const missing: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), "nlvm-bench-"));
  try {
    const config = join(folder, "config.yaml");
    writeFileSync(config, CONFIG);
    const emulated = whyNoPrograms();
    const native = hasReader() && hasNamespaces();
    if (emulated !== undefined) missing.push(`through nlvm run: ${emulated}`);
    if (!native) missing.push(`this machine's Linux: ${whyNoLinux()}`);
    const kernels = {
      ...(emulated === undefined && { emulated: [...NLVM, "run", "--config", config, "--"] }),
      ...(native && { native: namespaceCommand() }),
    };
    return { ...(await measureKernels(kernels, conditions, folder)), layer, missing, ...conditionKeys(conditions) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Commands that give the reader a kernel. */
interface Kernels<T> {
  readonly emulated?: T;
  readonly native?: T;
}

async function measureKernels(
  commands: Kernels<string[]>,
  conditions: Conditions,
  folder: string,
): Promise<Partial<CompatFigures>> {
  const readers = mapKernels(commands, (command) => new Reader(command));
  try {
    for (const reader of Object.values(readers)) await load(reader, conditions, join(folder, "routes"));
    const family = conditions.routes.family === AF.INET6 ? "inet6" : "inet";
    const dumps = await inTurn(readers, `dump ${family}`, conditions.runs);
    const shows = await inTurn(readers, showCommand(family), Math.min(conditions.runs, PROGRAM_RUNS_MAX));
    return figuresOf(dumps, shows, commands.emulated);
  } finally {
    for (const reader of Object.values(readers)) await reader.close();
  }
}

/** Gives a fresh kernel an interface that reaches the gateways, and the table. */
async function load(reader: Reader, { routes }: Conditions, path: string): Promise<void> {
  const { index = 0 } = await reader.order(`setup ${GATEWAY_INTERFACE_ADDRESSES.join(" ")}`);
  writeBatches(path, routes, index);
  await reader.order(`load ${path}`);
}

/** What the runs of one order gave. */
interface Taken {
  readonly routes: number;
  readonly nanoseconds: number;
}

/** One order to each reader after the other, once more than `runs`; the first time does not count. */
async function inTurn(readers: Kernels<Reader>, order: string | undefined, runs: number): Promise<Kernels<Taken>> {
  if (order === undefined) return {};
  const times = mapKernels(readers, (): number[] => []);
  let counted: Kernels<number> = {};
  for (let run = 0; run <= runs; run++) {
    for (const [name, reader] of Object.entries(readers)) {
      const { routes = 0, nanoseconds: taken = 0 } = await reader.order(order);
      counted = { ...counted, [name]: routes };
      if (run > 0) times[name as keyof Kernels<Reader>]?.push(taken);
    }
  }
  return mapKernels(times, (each, name) => ({ routes: counted[name] ?? 0, nanoseconds: median(each) }));
}

function figuresOf(
  dumps: Kernels<Taken>,
  shows: Kernels<Taken>,
  command: readonly string[] | undefined,
): Partial<CompatFigures> {
  const { emulated, native } = mapKernels(dumps, ({ routes, nanoseconds: taken }) => taken / routes);
  const { emulated: show, native: nativeShow } = mapKernels(shows, ({ nanoseconds: taken }) => rounded(taken / 1e6, 1));
  return {
    ...(dumps.emulated && emulated && { routes: dumps.emulated.routes, nsPerRoute: rounded(emulated) }),
    ...(native && { native: { nsPerRoute: rounded(native) } }),
    ...(emulated && native && { ratio: rounded(native / emulated) }),
    ...(show && { show: { milliseconds: show, ...(nativeShow && { native: { milliseconds: nativeShow } }) } }),
    ...(command && { start: { milliseconds: startMilliseconds() } }),
  };
}

function mapKernels<T, U>(
  kernels: Kernels<T>,
  change: (each: T, name: keyof Kernels<T>) => U,
): { emulated?: U; native?: U } {
  return {
    ...(kernels.emulated !== undefined && { emulated: change(kernels.emulated, "emulated") }),
    ...(kernels.native !== undefined && { native: change(kernels.native, "native") }),
  };
}

function startMilliseconds(): number {
  const time = (command: readonly string[]): number => {
    const [program = "", ...args] = command;
    const run = (): number => nanoseconds(() => spawnSync(program, args, { stdio: "ignore" }));
    run();
    return median(Array.from({ length: PROGRAM_RUNS_MAX }, run));
  };
  return rounded((time([...NLVM, "run", "--", "true"]) - time(["true"])) / 1e6, 1);
}

/** `ip` where it is installed. */
function showCommand(family: "inet" | "inet6"): string | undefined {
  if (spawnSync("ip", ["-V"], { stdio: "ignore" }).status !== 0) return undefined;
  return `run ip ${family === "inet" ? "-4" : "-6"} route show`;
}

/** @returns what keeps programs from running on the emulated kernel */
function whyNoPrograms(): string | undefined {
  if (!hasReader()) return NO_READER;
  const { status, stderr } = spawnSync(NLVM[0] as string, [...NLVM.slice(1), "run", "--", "true"], {
    encoding: "utf8",
  });
  if (status === Status.SUCCESS) return undefined;
  if (status === Status.MISSING_PREREQUISITE) return stderr.trim();
  throw new CommandError(Status.FAILURE, `bench: nlvm run -- true: exit status ${status}\n${stderr}`);
}

function whyNoLinux(): string {
  return hasReader() ? "network namespaces are not allowed here (unshare --net)" : NO_READER;
}

const NO_READER =
  "build/nlvm-reader is missing: it needs a C compiler (apt-get install gcc libc6-dev), then npm run build";
