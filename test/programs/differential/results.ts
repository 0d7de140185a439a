// What the commands of commands.txt gave on a kernel, in a form in which two kernels can be compared: no indices, no
// addresses that the kernel chose, no counters; lists of links by name, since a pair's ends come in another order, and of
// neighbours by address, since Linux's order is a hash's.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type KernelName, launches } from "../launch.js";

/** One command's outcome, as the driver prints it. */
export interface Result {
  readonly command: string;
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the real kernel gave, and which one: for machines without network namespaces. */
export interface Recording {
  /** Of the kernel, as in "6.18". */
  readonly kernel: string;
  /** Of iproute2, as in "6.1.0". */
  readonly iproute2: string;
  readonly results: readonly Result[];
}

/** Data as JSON has it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const COMMANDS = here("commands.txt");
const RECORDING = here("../../fixtures/linux/differential.json");
const MILLISECONDS_MAX = 120_000;

/** Addresses that commands.txt gives are from 02:00; others are the kernel's choice. */
const CHOSEN_ADDRESS = /\b(?!02:00:|00:00:00:00:00:00|ff:ff:)[0-9a-f]{2}(:[0-9a-f]{2}){5}\b/g;

/** Keys of ip's JSON whose values belong to the machine or the moment; a veth has as many queues as there are processors. */
const VOLATILE = new Set(["ifindex", "link_index", "cstamp", "tstamp", "num_tx_queues", "num_rx_queues"]);

export function commands(): string[] {
  return readFileSync(COMMANDS, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Runs all commands on a kernel. @throws Error when the driver could not be run */
export function run(kernel: KernelName, config: string): Result[] {
  const driver = [process.execPath, here("driver.mjs"), COMMANDS];
  // Duplicate address detection takes seconds, and its end is no event of a script's.
  const withoutDetection = `echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad; exec "$@"`;
  const program = kernel === "machine" ? ["sh", "-c", withoutDetection, "sh", ...driver] : driver;
  const [command = "", ...args] = launches[kernel](program, config);
  const options = { encoding: "utf8", maxBuffer: 2 ** 26, timeout: MILLISECONDS_MAX } as const;
  const { status, stdout, stderr } = spawnSync(command, args, options);
  if (status !== 0) throw new Error(`the driver on the ${kernel} kernel: exit status ${status}\n${stderr}`);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Result);
}

export function readRecording(): Recording {
  return JSON.parse(readFileSync(RECORDING, "utf8")) as Recording;
}

export function writeRecording(results: readonly Result[]): void {
  const lines = results.map((result) => `    ${JSON.stringify(result)}`).join(",\n");
  const { kernel, iproute2 } = versions();
  writeFileSync(
    RECORDING,
    `{\n  "kernel": "${kernel}",\n  "iproute2": "${iproute2}",\n  "results": [\n${lines}\n  ]\n}\n`,
  );
}

/** Of this machine. */
function versions(): { kernel: string; iproute2: string } {
  const ip = spawnSync("ip", ["-V"], { encoding: "utf8" }).stdout ?? "";
  const kernel = spawnSync("uname", ["-r"], { encoding: "utf8" }).stdout ?? "";
  return {
    kernel: /^\d+\.\d+/.exec(kernel)?.[0] ?? "unknown",
    iproute2: /iproute2-([\d.]+)/.exec(ip)?.[1] ?? "unknown",
  };
}

/** The outcome without what belongs to the machine. Output that is JSON is taken apart. */
export function normalised({ status, stdout, stderr }: Result): { [key: string]: Json } {
  return { status, stderr: normalisedText(stderr), stdout: normalisedOutput(stdout) };
}

function normalisedOutput(text: string): Json {
  try {
    return normalisedJson(JSON.parse(text) as Json);
  } catch {
    return normalisedText(text); // no JSON, or the beginning of some before an error
  }
}

function normalisedText(text: string): string {
  const lines = text.replace(CHOSEN_ADDRESS, "MAC").replace(/^\d+: /gm, "N: ");
  // `ip -br` prints one link a line, in the order of indices.
  return /^\S+ +(UP|DOWN|UNKNOWN) /.test(lines) ? lines.split("\n").sort().join("\n") : lines;
}

function normalisedJson(value: Json): Json {
  if (typeof value === "string") return value.replace(CHOSEN_ADDRESS, "MAC");
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return sorted((value as readonly Json[]).map(normalisedJson));
  const entries = Object.entries(value).filter(([key]) => !VOLATILE.has(key));
  return Object.fromEntries(entries.map(([key, part]) => [key, isCounter(key) ? "counters" : normalisedJson(part)]));
}

function isCounter(key: string): boolean {
  return key === "stats" || key === "stats64";
}

/** Links by name and neighbours by address; other lists stay as they are. */
function sorted(values: readonly Json[]): Json {
  const place = (value: Json): string => {
    const { ifname, lladdr, dst } = keyed(value) ?? {};
    return String(ifname ?? (lladdr === undefined ? "" : dst));
  };
  return values.every((value) => place(value) !== "")
    ? values.toSorted((a, b) => (place(a) < place(b) ? -1 : 1))
    : values;
}

function keyed(value: Json): { readonly [key: string]: Json } | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as { readonly [key: string]: Json })
    : undefined;
}
