// nlvm sh: the shell on a kernel of its own, at a terminal with completion and history, or fed from a pipe.
import { createInterface } from "node:readline";
import pc from "picocolors";
import type { Kernel } from "../kernel/kernel.js";
import { bootConfig } from "../node/setup.js";
import { readSpecification } from "../node/specfile.js";
import type { Specification } from "../ynl/specification.js";
import { type Io, writeLine } from "./io.js";
import { configOf } from "./machine.js";
import { addRecordOption, type RecordOptions, startRecording } from "./record.js";
import type { Registration } from "./registration.js";
import { Session } from "./shell/session.js";
import { complete, messageOf, runLine } from "./shell/shell.js";
import { specOption } from "./spec.js";
import { Status } from "./status.js";

interface ShellOptions extends RecordOptions {
  readonly config?: string;
  /** Files of specifications. */
  readonly spec: readonly string[];
}

export function addShellCommand({ program, io, finish }: Registration): void {
  const command = program
    .command("sh")
    .description("open a shell on a kernel: links, addresses, routes, modules, vnets")
    .option("--config <file>", "boot what this YAML file says")
    .addOption(specOption());
  addRecordOption(command).action(async ({ config, spec, ...recorded }: ShellOptions) => {
    const specifications = spec.map(readSpecification);
    const recording = await startRecording(recorded);
    const kernel = bootConfig(await configOf(config), recording);
    recording?.watch(kernel);
    finish(await runShell(kernel, io, specifications));
    recording?.end(kernel);
  });
}

/**
 * Reads commands until the input ends or one ends the shell.
 * @param specifications - of families of generic netlink, besides those that come along
 * @returns FAILURE when a command of a pipe failed; at a terminal the user has seen it
 */
export async function runShell(kernel: Kernel, io: Io, specifications: readonly Specification[] = []): Promise<Status> {
  const session = new Session(kernel, io.stdout, specifications);
  const isInteractive = io.stdin.isTTY === true;
  let status: Status = Status.SUCCESS;
  const lines = createInterface({
    input: io.stdin,
    terminal: isInteractive,
    ...(isInteractive ? { output: io.stdout, completer: (line: string) => completer(line, session) } : {}),
  });
  const prompt = (): void => {
    lines.setPrompt(`${session.vnet.name}> `);
    if (isInteractive) lines.prompt();
  };
  if (isInteractive) writeLine(io.stdout, "help shows the commands, Tab completes, exit ends");
  prompt();
  for await (const line of lines) {
    try {
      runLine(line, session);
    } catch (error) {
      const message = messageOf(error);
      writeLine(io.stderr, pc.createColors(io.stderr.isTTY === true).red(message));
      if (!isInteractive) status = Status.FAILURE;
    }
    if (session.isOver) break;
    prompt();
  }
  lines.close();
  session.stopMonitor();
  return status;
}

/** Completions as readline inserts them: whole words, so a space follows. */
function completer(line: string, session: Session): [string[], string] {
  const [words, last] = complete(line, session);
  return [words.map((word) => `${word} `), last];
}
