// The options that running a program has, whoever has the kernel.
import { type Command, Option } from "commander";
import type { Config } from "../node/config.js";
import { Machine } from "../node/machine.js";
import { bootConfig } from "../node/setup.js";
import type { TraceLine } from "../node/trace.js";
import { integer } from "./integer.js";
import { configOf, PROGRAM_CONFIG } from "./machine.js";
import { addRecordOption, type RecordOptions, startRecording } from "./record.js";

export interface ProgramOptions {
  readonly vnet?: string;
  readonly abi: "linux" | "freebsd";
}

/** What a kernel for programs is booted with. */
export interface KernelOptions extends RecordOptions {
  readonly config?: string;
  readonly compat: "strict" | "extended";
  readonly seed?: number;
  readonly trace?: boolean;
}

/** `-- PROGRAM ARGS…`, and how the program sees the kernel. */
export function addProgramOptions(command: Command): Command {
  return command
    .argument("<program...>", "the program and its arguments, after --")
    .option("--vnet <name>", "the vnet that it is in (default: vnet0)")
    .addOption(new Option("--abi <abi>", "whose netlink it speaks").choices(["linux", "freebsd"]).default("linux"))
    .passThroughOptions();
}

export function addKernelOptions(command: Command): Command {
  return addRecordOption(command)
    .option("--config <file>", "boot what this YAML file says")
    .addOption(
      new Option("--compat <mode>", "what Linux programs get: FreeBSD's layer as it is, or what they need beyond it")
        .choices(["strict", "extended"])
        .default("extended"),
    )
    .option("--trace", "print each message to standard error, and what the Linux layer changed in it")
    .addOption(new Option("--seed <n>", "the kernel's seed").argParser(integer(0, Number.MAX_SAFE_INTEGER)));
}

/**
 * Boots a kernel for programs.
 * @param trace - where lines on every message go when they are asked for
 * @throws ConfigError, SetupError, RecordingError
 */
export async function bootMachine(options: KernelOptions, trace: TraceLine): Promise<Machine> {
  const { config, compat, seed, trace: isTraced } = options;
  const recording = await startRecording(options);
  const kernel = bootConfig(seeded(await configOf(config, PROGRAM_CONFIG), seed), recording);
  recording?.watch(kernel);
  return new Machine(kernel, { mode: compat, trace: isTraced ? trace : undefined, recording });
}

function seeded(config: Config, seed: number | undefined): Config {
  if (seed === undefined) return config;
  return { ...config, file: { ...config.file, seed } };
}
