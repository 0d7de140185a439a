// Builds the clients of test/programs/clients with the compilers of the system, once a content, into build/clients.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram } from "../../scripts/lib/programs.mjs";

/** How a client in C is linked. musl's own headers lack those of the kernel, which are looked up last. */
export type Linking = "dynamic" | "static" | "musl";

const CLIENTS = fileURLToPath(new URL("clients", import.meta.url));
const BUILT = fileURLToPath(new URL("../../build/clients", import.meta.url));
const WARNINGS = ["-O2", "-Wall", "-Wextra", "-Werror"];

/** @returns the path of the built program */
export function buildC(source: string, linking: Linking): string {
  const path = join(CLIENTS, source);
  return built(`${basename(source, ".c")}-${linking}`, [path], (output) => {
    const [compiler = "", ...options] = compilers[linking]();
    execFileSync(compiler, [...options, ...WARNINGS, "-o", output, path], { stdio: "inherit" });
  });
}

/** The client in Go, of the standard library alone and without C. @returns the path of the built program */
export function buildGo(): string {
  const folder = join(CLIENTS, "go");
  const sources = readdirSync(folder).map((name) => join(folder, name));
  return built("go-client", sources, (output) => {
    const env = {
      ...process.env,
      CGO_ENABLED: "0",
      GOCACHE: join(BUILT, "go-cache"),
      GOFLAGS: "",
      GOTOOLCHAIN: "local",
    };
    execFileSync(findProgram("go") ?? "go", ["build", "-trimpath", "-o", output, "."], {
      cwd: folder,
      env,
      stdio: "inherit",
    });
  });
}

const compilers: Record<Linking, () => string[]> = {
  dynamic: () => ["cc"],
  static: () => ["cc", "-static"],
  musl: () => {
    const multiarch = execFileSync("cc", ["-print-multiarch"], { encoding: "utf8" }).trim();
    return ["musl-gcc", "-static", "-idirafter", "/usr/include", "-idirafter", `/usr/include/${multiarch}`];
  },
};

/** Two test files may build at the same time: the output gets its name when it is whole. */
function built(name: string, sources: readonly string[], make: (output: string) => void): string {
  const hash = createHash("sha256");
  for (const source of sources) hash.update(readFileSync(source));
  const path = join(BUILT, `${name}-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(path)) return path;
  mkdirSync(BUILT, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  make(unfinished);
  renameSync(unfinished, path);
  return path;
}
