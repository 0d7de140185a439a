// A loadable module by what a user calls it: a file, or the name of one that comes along (modules/).
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Errno } from "../../assembly/abi/errno.js";
import { type Kernel, NetlinkError } from "../kernel/kernel.js";

/** A path that has a slash in it or ends like a WebAssembly file; any other text is a name. */
const EXTENSION = ".wasm";
/** Beside the built host; the second, where this runs from its source. */
const FOLDERS = ["../../modules/", "../../build/modules/"].map((each) => fileURLToPath(new URL(each, import.meta.url)));

/** Names of the loadable modules that come along. */
export function shippedModules(): string[] {
  const files = FOLDERS.flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  return files.filter((name) => name.endsWith(EXTENSION)).map((name) => basename(name, EXTENSION));
}

/**
 * Loads a module as `kldload` does: a built-in one, one that comes along, or a file, named as the file without ".wasm".
 * @param folder - that a relative path is below
 * @throws NetlinkError as Kernel.kldload; ENOENT with a text for a file that cannot be read
 */
export function loadModule(kernel: Kernel, module: string, folder = "."): void {
  const isFile = module.includes("/") || module.endsWith(EXTENSION);
  const shipped = FOLDERS.map((each) => resolve(each, module + EXTENSION)).find((path) => existsSync(path));
  if (isFile) kernel.kldload(basename(module, EXTENSION), readModule(module, resolve(folder, module)));
  else if (shipped !== undefined) kernel.kldload(module, readFileSync(shipped));
  else kernel.kldload(module);
}

function readModule(module: string, path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const message = `cannot be read (${(error as NodeJS.ErrnoException).code}); expected a WebAssembly file`;
    throw new NetlinkError(`kldload ${module}`, Errno.ENOENT, { message });
  }
}
