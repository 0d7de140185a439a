// The nlvm command: finds the subcommand, and turns how it ended into an exit status (status.ts).
import { Command, CommanderError } from "commander";
import { addBenchCommand } from "./bench.js";
import { addDecodeCommand } from "./decode.js";
import { addExecCommand } from "./exec.js";
import { type Io, processIo } from "./io.js";
import { addLabCommand } from "./lab.js";
import type { Registration } from "./registration.js";
import { addRunCommand } from "./run.js";
import { addServeCommand } from "./serve.js";
import { addShellCommand } from "./sh.js";
import { reportError, Status } from "./status.js";
import { version } from "./version.js";

/**
 * Runs the nlvm command.
 * @param argv - the arguments after the program's name
 * @param io - the process's own streams unless a test gives others
 * @returns the exit status: 0 success, 1 a check failed, 2 wrong usage, 3 a missing prerequisite; of run and exec the
 *   program's own
 */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  let status: number = Status.SUCCESS;
  const program = newProgram(io);
  const registration: Registration = {
    program,
    io,
    finish: (ended) => {
      status = ended;
    },
  };
  addLabCommand(registration);
  addShellCommand(registration);
  addRunCommand(registration);
  addServeCommand(registration);
  addExecCommand(registration);
  addDecodeCommand(registration);
  addBenchCommand(registration);
  try {
    await program.parseAsync(argv, { from: "user" });
    return status;
  } catch (error) {
    // commander has written what there is to say: help, the version, or what outputError made of a usage error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? Status.SUCCESS : Status.USAGE;
    return reportError(error, io);
  }
}

function newProgram(io: Io): Command {
  return new Command("nlvm")
    .description("FreeBSD's netlink subsystem as a program")
    .version(version(), "--version", "print the version")
    .helpCommand("help [command]", "show the help of a command")
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(usageLine(text)),
    });
}

/** "error: unknown option '--foo'\n(Did you mean …?)" as one line that begins with the program's name. */
function usageLine(text: string): string {
  return `nlvm: ${text
    .replace(/^error: /, "")
    .trim()
    .replaceAll("\n", " ")}\n`;
}
