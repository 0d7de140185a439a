// Before the tests: what is built is fresh, so that `npx vitest` alone never runs an old one. When the core does not compile,
// what needs it fails at the import of "#core" and the other tests still run; `npm test` stops before.
import { build } from "../../scripts/build.mjs";
import { StepError, say } from "../../scripts/lib/command.mjs";

export default async function setup(): Promise<void> {
  try {
    await build();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    say(error.message);
  }
}
