import { describe, expect, it } from "vitest";
import { findProgram, findPython } from "../../scripts/lib/programs.mjs";

describe("a program of the system", () => {
  it("is found on the PATH, by its absolute path", () => {
    expect(findProgram("sh")).toMatch(/^\/.*\/sh$/);
  });

  it("is found by a path too", () => {
    expect(findProgram(process.execPath)).toBe(process.execPath);
  });

  it.each(["no-such-program", "/no/such/program", "/etc/passwd"])("is not found: %s", (name) => {
    expect(findProgram(name)).toBeUndefined();
  });

  it("is no Python without the module", () => {
    expect(findPython("no_such_module")).toBeUndefined();
  });
});
