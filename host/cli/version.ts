// The version of this program: the one in its package.json, wherever the package was built or installed.
import { createRequire } from "node:module";

export function version(): string {
  const manifest = createRequire(import.meta.url)("netlink-vm/package.json") as { version: string };
  return manifest.version;
}
