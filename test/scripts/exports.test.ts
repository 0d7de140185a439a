// What package.json says that the package exports is there.

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as {
  exports: Record<string, string | { default: string }>;
};

/** The modules that are built from a source in host/. */
const modules = Object.entries(exports).flatMap(([name, target]) => {
  const file = typeof target === "string" ? target : target.default;
  return file.startsWith("./build/host/") ? [[name, file] as const] : [];
});

describe("an export of the package", () => {
  it.each(modules)("%s is %s, which has a source", (_name, file) => {
    const source = file.replace("./build/", "").replace(/\.js$/, ".ts");
    expect(existsSync(new URL(source, root))).toBe(true);
  });
});
