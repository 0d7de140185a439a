// The manual pages: they are what their sources and the code give, mandoc finds nothing wrong with them, and they name each other
// rightly.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findProgram } from "../../scripts/lib/programs.mjs";
import { manualPages } from "../../scripts/man.mjs";

const FOLDER = fileURLToPath(new URL("../../man/", import.meta.url));
const PAGES = readdirSync(FOLDER).filter((name) => /\.\d$/.test(name));
const NAMES = PAGES.map((name) => name.replace(/\.(\d)$/, " $1"));
const pageOf = (name: string): string => readFileSync(FOLDER + name, "utf8");
const mandoc = findProgram("mandoc");

describe("the manual pages", () => {
  it("are those of the sources, and no others", () => {
    expect(PAGES).toEqual(readdirSync(`${FOLDER}src`));
  });

  it("are what their sources and the code give (npm run man)", async () => {
    const pages = await manualPages();
    for (const [name, text] of pages) expect(pageOf(name) === text, `man/${name}`).toBe(true);
  });

  it.skipIf(mandoc === undefined && process.env.CI === undefined).each(PAGES)(
    "%s is clean for mandoc -T lint",
    (name) => {
      const { stdout, stderr } = spawnSync(mandoc as string, ["-T", "lint", "-W", "all", FOLDER + name], {
        encoding: "utf8",
      });
      // Whether the pages that it names are installed is no fault of its own: the next test looks at those.
      const lines = (stdout + stderr)
        .split("\n")
        .filter((line) => line !== "" && !/referenced manual not found/.test(line));
      expect(lines).toEqual([]);
    },
  );

  it.each(PAGES)("%s refers to pages that there are", (name) => {
    const references = [...pageOf(name).matchAll(/\bXr (\S+) (\d)/g)].map(([, page, section]) => `${page} ${section}`);
    expect(references.length).toBeGreaterThan(0);
    expect(references.filter((each) => !NAMES.includes(each))).toEqual([]);
  });

  it.each(PAGES)("%s is dated, and has its name and section in its head", (name) => {
    const [, page = "", section = ""] = /^(.*)\.(\d)$/.exec(name) ?? [];
    expect(pageOf(name)).toMatch(
      new RegExp(`^\\.Dd \\w+ \\d+, \\d{4}\\n\\.Dt ${page.toUpperCase()} ${section}\\n\\.Os\\n`),
    );
  });
});
