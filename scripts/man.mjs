// Makes the manual pages (man/) of their sources (man/src/): a line `.\" @name argument` becomes a table of the code's own
// (scripts/lib/mantables.mjs).
//   node scripts/man.mjs            writes them
//   node scripts/man.mjs --check    says which are not what they would be, with status 1
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { root, runAsProgram, say } from "./lib/command.mjs";
import { arranged } from "./lib/mdoc.mjs";

const SOURCES = join(root, "man/src");
const PAGES = join(root, "man");
const TABLE_LINE = /^\.\\" @(\w+) ?(.*)$/;

/** The pages by name, as they should be. @returns {Promise<Map<string, string>>} */
export async function manualPages() {
  const { TABLES } = await import("./lib/mantables.mjs");
  const pages = new Map();
  for (const name of readdirSync(SOURCES).sort()) {
    const lines = readFileSync(join(SOURCES, name), "utf8").split("\n");
    const made = [];
    for (const [number, line] of lines.entries()) {
      const [, table = "", argument = ""] = TABLE_LINE.exec(line) ?? [];
      if (table === "") {
        made.push(line);
        continue;
      }
      const make = TABLES[table];
      if (make === undefined) throw new RangeError(`man/src/${name}:${number + 1}: no table "${table}"`);
      made.push(...(await make(argument)));
    }
    pages.set(name, arranged(made).join("\n"));
  }
  return pages;
}

/** @returns {Promise<string[]>} names of pages that are not as they should be */
export async function stalePages() {
  const stale = [];
  for (const [name, text] of await manualPages()) {
    const path = join(PAGES, name);
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) stale.push(name);
  }
  return stale;
}

await runAsProgram(import.meta.url, async () => {
  await build();
  if (process.argv.includes("--check")) {
    const stale = await stalePages();
    for (const name of stale) say(`man: man/${name} is not what man/src/${name} gives; run: npm run man`);
    if (stale.length > 0) process.exitCode = 1;
    return;
  }
  for (const [name, text] of await manualPages()) writeFileSync(join(PAGES, name), text);
});
