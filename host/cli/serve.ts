// nlvm serve: a kernel that many programs use at once, each started by nlvm exec.
import { once } from "node:events";
import { Server } from "../node/server.js";
import { writeLine } from "./io.js";
import { addKernelOptions, bootMachine, type KernelOptions } from "./program.js";
import type { Registration } from "./registration.js";
import { defaultSocketPath } from "./socketpath.js";
import { Status } from "./status.js";

export function addServeCommand({ program, io, finish }: Registration): void {
  const command = program
    .command("serve")
    .description("serve a kernel to many programs, which nlvm exec runs")
    .option("--listen <path>", `the socket to make, for its owner alone (default: ${defaultSocketPath()})`);
  addKernelOptions(command).action(async (options: KernelOptions & { listen?: string }) => {
    const machine = await bootMachine(options, (line) => writeLine(io.stderr, line));
    const server = await Server.listen(machine, options.listen ?? defaultSocketPath());
    writeLine(io.stdout, `listens on ${server.path}; nlvm exec --connect ${server.path} -- PROGRAM runs a program`);
    await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), once(process, "SIGHUP")]);
    await server.close();
    machine.end();
    finish(Status.SUCCESS);
  });
}
