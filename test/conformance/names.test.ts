import { describe, expect, it } from "vitest";
import { idsIn, testNames } from "../../scripts/conformance/names.mjs";

describe("testNames", () => {
  it.each([
    ["a string", `it("one", () => {});`, ["one"]],
    ["single quotes and escapes", `test('it\\'s', f);`, ["it's"]],
    ["a template with a substitution", `it(\`a \${f({ x: \`}\` })} b\`, f);`, ["a … b"]],
    ["strings that are joined", `it("one " +\n  "two", f);`, ["one two"]],
    ["a describe and what is in it", `describe("out", () => { it("in", f); });`, ["out", "in"]],
    [
      "modifiers",
      `it.concurrent("one", f); describe.sequential("two", f); it.skipIf(x)("three", f);`,
      ["one", "two", "three"],
    ],
    ["a table", `it.each([["row", 1], ["other", 2]])("%s", f);`, ["row", "other", "%s"]],
    ["a table with type arguments", `it.each<[string, Map<string, number>]>([["row", m]])("%s", f);`, ["row", "%s"]],
    ["a function type in them", `it.each<[string, (a: A) => void]>([["row", f]])("%s", f);`, ["row", "%s"]],
    ["a table in a template", `it.each\`a | b\n\${1} | \${2}\`("$a", f);`, ["a | b\n… | …", "$a"]],
    ["a cited name of a function call", `it(f("inner"), g);`, []],
  ])("reads %s", (_, source, names) => {
    expect(testNames(source)).toEqual(names);
  });

  it.each([
    ["line comments", `// it("one", f);\nit("two", f);`],
    ["block comments", `/* it("one", f); */ it("two", f);`],
    ["strings", `const s = 'it("one", f)'; it("two", f);`],
    ["regular expressions", `const r = /it\\("one["']/; it("two", f);`],
    ["members", `suite.it("one", f); it("two", f);`],
    ["other calls", `emit("one", f); it("two", f);`],
    ["skipped and planned tests", `it.skip("one", f); it.todo("one"); it.skip.each(["one"])("%s", f); it("two", f);`],
  ])("reads nothing from %s", (_, source) => {
    expect(testNames(source)).toEqual(["two"]);
  });

  it("finds a table that is declared in the file", () => {
    const source = `const ROWS = [["row", { a: "b" }]] as const; const other = "no"; it.each(ROWS)("%s", f);`;
    expect(testNames(source)).toEqual(["row", "b", "%s"]);
  });

  it("finds a table that is imported by a relative path", () => {
    const readImport = (specifier: string) => (specifier === "./rows.js" ? `export const ROWS: Row[] = ["row"];` : "");
    const source = `import x from "x"; import { it } from "vitest"; import { ROWS } from "./rows.js"; it.each(ROWS)("%s", f);`;
    expect(testNames(source, readImport)).toEqual(["row", "%s"]);
  });

  it("takes a slash behind a value as a division", () => {
    expect(testNames(`const a = b / c; it("one", f); const d = (e) / 2;`)).toEqual(["one"]);
  });
});

describe("idsIn", () => {
  it("finds every id in brackets", () => {
    expect(idsIn("[N5.2] [RF-CORE-34b, 0.9] [X-3 FB-1] drops the rest")).toEqual([
      "N5.2",
      "RF-CORE-34b",
      "0.9",
      "X-3",
      "FB-1",
    ]);
  });

  it("takes brackets with other words as text", () => {
    expect(idsIn("[16] a list [1, 2] of [R] and [N5.2 or so] and N5.3")).toEqual([]);
  });
});
