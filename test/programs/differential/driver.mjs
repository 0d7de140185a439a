// Runs the lines of a file one after the other, each by sh, and prints a line of JSON for each: {command, status, stdout,
// stderr}. The same program under both kernels, so that only the kernel differs.
//   node driver.mjs FILE
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const [path = ""] = process.argv.slice(2);

for (const command of readFileSync(path, "utf8").split("\n")) {
  if (command === "" || command.startsWith("#")) continue;
  const { status, stdout, stderr } = spawnSync("sh", ["-c", command], { encoding: "utf8", timeout: 20_000 });
  process.stdout.write(`${JSON.stringify({ command, status: status ?? -1, stdout, stderr })}\n`);
}
