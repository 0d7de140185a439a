import { PassThrough } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { expect, it } from "vitest";
import { main } from "../../host/cli/main.js";

it("at a terminal the shell prompts, completes with Tab, and a failed command does not make the status", async () => {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
  const stderr = new PassThrough();
  const shown = { stdout: "", stderr: "" };
  stdout.on("data", (chunk: Buffer) => {
    shown.stdout += chunk.toString();
  });
  stderr.on("data", (chunk: Buffer) => {
    shown.stderr += chunk.toString();
  });
  const ended = main(["sh"], { stdin, stdout, stderr });
  for (const typed of ["vn", "\t", "ent", "\t", "vnet0\r", "bogus\r", "vnet\r", "exit\r"]) {
    stdin.write(typed);
    await wait(20);
  }
  expect(await ended).toBe(0);
  expect(shown.stdout).toContain("vnet0> ");
  expect(shown.stdout).toContain("* vnet0\n");
  expect(shown.stderr).toMatch(/^unknown word "bogus"; expected link, [^\n]+\n$/);
});
