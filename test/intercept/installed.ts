// The package as npm would install it, in a folder that every user can read: what an ordinary user runs in the tests.
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import lock from "../../package-lock.json" with { type: "json" };
import { root } from "../../scripts/lib/command.mjs";

export interface Installed {
  readonly path: string;
  remove(): void;
}

/** Copies what the package holds and the packages it depends on. */
export function install(): Installed {
  const path = mkdtempSync(join(tmpdir(), "nlvm-"));
  chmodSync(path, 0o755);
  const files = manifest.files.filter((name) => !name.startsWith("!"));
  const packages = Object.entries<{ readonly dev?: boolean }>(lock.packages as Record<string, object>).filter(
    ([name, { dev }]) => name !== "" && dev !== true,
  );
  for (const name of ["package.json", ...files, ...packages.map(([folder]) => folder)]) {
    if (!existsSync(join(root, name))) continue;
    mkdirSync(join(path, name, ".."), { recursive: true });
    cpSync(join(root, name), join(path, name), { recursive: statSync(join(root, name)).isDirectory() });
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
