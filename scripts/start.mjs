// npm start: installs and builds what is needed, then runs `nlvm lab` with the arguments given.
import { bootstrap } from "./bootstrap.mjs";
import { build } from "./build.mjs";
import { runAsProgram } from "./lib/command.mjs";

await runAsProgram(import.meta.url, async () => {
  bootstrap();
  await build();
  const { main } = await import("../build/host/cli/main.js");
  process.exitCode = await main(["lab", ...process.argv.slice(2)]);
});
