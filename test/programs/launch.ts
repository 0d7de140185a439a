// How a program gets to a kernel: the emulated one through `nlvm run`, or, to check the tests themselves, this machine's
// own in a fresh network namespace. PROGRAMS_ON=kernel or PROGRAMS_ON=both asks for the latter.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { namespaceCommand } from "../../host/node/namespace.js";

export type KernelName = "emulated" | "machine";

/** The command that runs `program` on a kernel; `config` is the file that the emulated one boots from. */
export type Launch = (program: readonly string[], config: string) => string[];

const NLVM = fileURLToPath(new URL("../../bin/nlvm.js", import.meta.url));

const MILLISECONDS = 20_000;

export const launches: Record<KernelName, Launch> = {
  emulated: (program, config) => [process.execPath, NLVM, "run", "--config", config, "--", ...program],
  machine: (program) => [...namespaceCommand(), ...program],
};

/** The kernels that the environment asks to run the programs on. */
export function kernelsUnderTest(): KernelName[] {
  const asked = process.env.PROGRAMS_ON ?? "emulated";
  const byName: Record<string, KernelName[]> = {
    emulated: ["emulated"],
    kernel: ["machine"],
    both: ["emulated", "machine"],
  };
  const kernels = byName[asked];
  if (kernels === undefined) throw new Error(`PROGRAMS_ON=${asked}: expected emulated, kernel or both`);
  return kernels;
}

/** Whether `nlvm run` can run programs here, and else what it says is missing. */
export function emulationIsMissing(): string | undefined {
  const { status, stderr } = spawnSync(process.execPath, [NLVM, "run", "--", "true"], {
    encoding: "utf8",
    timeout: MILLISECONDS,
  });
  const MISSING_PREREQUISITE = 3;
  return status === MISSING_PREREQUISITE ? stderr.trim() : undefined;
}
