#!/usr/bin/env node
// The nlvm command. In a clone it first installs and builds what is missing or stale; the package that is published
// has no scripts folder and only runs.
import { existsSync } from "node:fs";

/** @returns {Promise<number>} 0, or the exit status when the build failed */
async function prepare() {
  if (!existsSync(new URL("../scripts/build.mjs", import.meta.url))) return 0;
  const { bootstrap } = await import("../scripts/bootstrap.mjs");
  const { build } = await import("../scripts/build.mjs");
  const { StepError, say } = await import("../scripts/lib/command.mjs");
  try {
    bootstrap();
    await build();
    return 0;
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    say(error.message);
    return error.status;
  }
}

const status = await prepare();
if (status === 0) {
  const { main } = await import("../build/host/cli/main.js");
  process.exitCode = await main(process.argv.slice(2));
} else {
  process.exitCode = status;
}
