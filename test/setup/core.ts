// Before the tests: a fresh core, so that `npx vitest` alone never runs an old one. When the core does not compile,
// what needs it fails at the import of "#core" and the other tests still run; `npm test` stops before.
import { build } from "../../scripts/build.mjs";
import { StepError, say } from "../../scripts/lib/command.mjs";

export default async function setup(): Promise<void> {
  try {
    await build(["core"]);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    say(error.message);
  }
}
