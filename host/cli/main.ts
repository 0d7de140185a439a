// The nlvm command: finds the subcommand, and turns how it ended into an exit status (status.ts).
import { Command, CommanderError } from "commander";
import { type Io, processIo } from "./io.js";
import type { Registration } from "./registration.js";
import { reportError, Status } from "./status.js";
import { version } from "./version.js";

type AddCommand = (registration: Registration) => void;

/** In the order of the help. */
const COMMANDS: ReadonlyMap<string, () => Promise<AddCommand>> = new Map([
  ["lab", async () => (await import("./lab.js")).addLabCommand],
  ["sh", async () => (await import("./sh.js")).addShellCommand],
  ["run", async () => (await import("./run.js")).addRunCommand],
  ["serve", async () => (await import("./serve.js")).addServeCommand],
  ["exec", async () => (await import("./exec.js")).addExecCommand],
  ["replay", async () => (await import("./replay.js")).addReplayCommand],
  ["decode", async () => (await import("./decode.js")).addDecodeCommand],
  ["bench", async () => (await import("./bench.js")).addBenchCommand],
]);

/** A command that is named needs no other, and `nlvm run` should not wait for what only the others load. */
function commandsFor(argv: readonly string[]): Iterable<() => Promise<AddCommand>> {
  const named = COMMANDS.get(argv[0] ?? "");
  return named === undefined ? COMMANDS.values() : [named];
}

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
  for (const load of commandsFor(argv)) (await load())(registration);
  try {
    await program.parseAsync(argv, { from: "user" });
    return status;
  } catch (error) {
    // commander has written what there is to say: help, the version, or what outputError made of a usage error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? Status.SUCCESS : Status.USAGE;
    return reportError(error, io);
  }
}

/** The program with all commands, to be looked at: none of them runs. */
export async function wholeProgram(): Promise<Command> {
  const io = processIo();
  const program = newProgram(io);
  for (const load of COMMANDS.values()) (await load())({ program, io, finish: () => {} });
  return program;
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
