// What the test files here have in common: one describe a kernel, in which one world lives; without the program, or
// without a way to the kernel, its tests are skipped, which fails under CI (scripts/lib/totals.mjs).
import { afterAll, beforeAll, describe } from "vitest";
import { hasNamespaces } from "../../host/node/namespace.js";
import { findProgram, findPython, PROGRAMS, rootCommand } from "../../scripts/lib/programs.mjs";
import { emulationIsMissing, type KernelName, kernelsUnderTest } from "./launch.js";
import { World } from "./world.js";

/** Gives the world of the tests that are running. */
export type CurrentWorld = () => World;

/**
 * Runs tests against each kernel that is asked for.
 * @param program - a key of PROGRAMS that the tests need
 * @param needsRoot - the program is run as root; without sudo or root the tests are skipped
 */
export function onKernels(
  title: string,
  program: string,
  tests: (world: CurrentWorld, kernel: KernelName) => void,
  needsRoot = false,
): void {
  const rights = needsRoot ? rootCommand() : [];
  describe.each(kernelsUnderTest())(`${title} on the %s kernel`, (kernel) => {
    describe.skipIf(!isThere(program) || !isReachable(kernel) || rights === undefined)("", () => {
      let world: World | undefined;
      beforeAll(async () => {
        world = await World.open(kernel, rights);
      });
      afterAll(async () => world?.close());
      tests(() => {
        if (world === undefined) throw new Error("no world yet: expected inside a test");
        return world;
      }, kernel);
    });
  });
}

function isThere(name: string): boolean {
  const pythonModule = PROGRAMS[name]?.pythonModule;
  return (pythonModule === undefined ? findProgram(name) : findPython(pythonModule)) !== undefined;
}

function isReachable(kernel: KernelName): boolean {
  return kernel === "machine" ? hasNamespaces() : emulationIsMissing() === undefined;
}

/** Waits until `check` no longer throws. @throws what it threw last */
export async function eventually<T>(check: () => Promise<T>, milliseconds = 10_000): Promise<T> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
