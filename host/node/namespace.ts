// This machine's own Linux kernel, in a network namespace of its own: what programs and figures are compared with.

import { spawnSync } from "node:child_process";

const ROOT = 0;

/** The command before a command that gives it an empty network namespace; without root by a user namespace. */
export function namespaceCommand(): string[] {
  return process.getuid?.() === ROOT ? ["unshare", "--net"] : ["unshare", "--user", "--map-root-user", "--net"];
}

/** Whether this machine lets us have one. */
export function hasNamespaces(): boolean {
  if (process.platform !== "linux") return false;
  const [command = "", ...args] = [...namespaceCommand(), "true"];
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}
