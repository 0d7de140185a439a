// nlvm exec: a program against the kernel of a server, which others use too.
import { startIntercept, statusOf } from "../node/intercept.js";
import { addProgramOptions, type ProgramOptions } from "./program.js";
import type { Registration } from "./registration.js";
import { defaultSocketPath } from "./socketpath.js";

export function addExecCommand({ program, finish }: Registration): void {
  const command = program
    .command("exec")
    .description("run a program against the kernel of nlvm serve")
    .option("--connect <path>", `the server's socket (default: ${defaultSocketPath()})`);
  addProgramOptions(command).action(async (words: string[], options: ProgramOptions & { connect?: string }) => {
    const connect = options.connect ?? defaultSocketPath();
    finish(await statusOf(startIntercept({ connect }, { abi: options.abi, vnet: options.vnet, command: words })));
  });
}
