// What a start of the command waits for: the modules that are imported before anything is asked for.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const HOST = new URL("../../build/host/", import.meta.url);
/** Of what the compiler leaves of `import … from "…"` and `export … from "…"`. */
const IMPORT = /^(?:import|export)\b[^;]*?\bfrom "([^"]+)"|^import "([^"]+)"/gm;

/** Files below build/host, and packages, that a file imports, and what it imports does. */
function importsOf(file: string): Set<string> {
  const found = new Set<string>();
  const follow = (url: URL): void => {
    if (found.has(url.href)) return;
    found.add(url.href);
    for (const [, from, bare] of readFileSync(fileURLToPath(url), "utf8").matchAll(IMPORT)) {
      const name = (from ?? bare) as string;
      if (name.startsWith(".")) follow(new URL(name, url));
      else found.add(name);
    }
  };
  follow(new URL(file, HOST));
  return new Set([...found].map((name) => name.replace(HOST.href, "")));
}

describe("nlvm run, without options, waits for no module that reads or writes files", () => {
  const needed = new Set([...importsOf("cli/main.js"), ...importsOf("cli/run.js")]);

  it("but for those it needs", () => {
    expect([...needed]).toEqual(expect.arrayContaining(["commander", "node/blocking.js", "linux/abi.js"]));
  });

  it.each([
    ["yaml", "a configuration"],
    ["node/config.js", "a configuration"],
    ["cborg", "a trace"],
    ["trace/recorder.js", "a trace"],
    ["fflate", "a snapshot"],
    ["ynl/specification.js", "a family's specification"],
  ])("as %s is, for %s", (name) => {
    expect(needed).not.toContain(name);
  });
});
