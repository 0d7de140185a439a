// nlvm run: a program, unmodified, whose netlink sockets are those of a kernel booted for it.
import { writeSync } from "node:fs";
import type { Duplex } from "node:stream";
import { openPipes, serveBlocking } from "../node/blocking.js";
import { startIntercept, statusOf } from "../node/intercept.js";
import {
  addKernelOptions,
  addProgramOptions,
  bootMachine,
  type KernelOptions,
  type ProgramOptions,
} from "./program.js";
import type { Registration } from "./registration.js";

/** The supervisor's end of it is its descriptor of the same number. */
const CHANNEL = 3;

export function addRunCommand({ program, finish }: Registration): void {
  const command = program.command("run").description("run a program against a kernel of its own, without root");
  addProgramOptions(addKernelOptions(command)).action(
    async (words: string[], options: ProgramOptions & KernelOptions) => {
      finish(await runProgram(words, options));
    },
  );
}

/** At once: while a program is served, this process does not come to writing later. */
function printTrace(line: string): void {
  writeSync(process.stderr.fd, `${line}\n`);
}

/** @returns the program's exit status; 128 and the signal's number when one ended it */
async function runProgram(words: readonly string[], options: ProgramOptions & KernelOptions): Promise<number> {
  const child = startIntercept("inherit", { abi: options.abi, vnet: options.vnet, command: words });
  const status = statusOf(child);
  const channel = child.stdio[CHANNEL] as Duplex;
  try {
    // Both start at the same time.
    const machine = await bootMachine(options, printTrace);
    const pipes = await openPipes(channel, child.pid as number);
    if (pipes !== undefined) await serveBlocking(machine, pipes);
    machine.end();
  } catch (error) {
    child.kill("SIGKILL");
    await status;
    throw error;
  }
  return await status;
}
