// docs/linux.md against the code: its tables cannot drift from what they describe.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { linkKind } from "../../host/linux/linkkind.js";
import { DIFFERENCES } from "../../host/linux/modes.js";
import { REPLY_RULES, REQUEST_RULES } from "../../host/linux/strict/rules.js";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const manual = read("../../docs/linux.md");

/** The rows of the table under a heading, without its head. */
function rowsUnder(heading: string): string[][] {
  const section = manual.split(`\n${heading}\n`)[1]?.split(/\n#+ /)[0] ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe("table X", () => {
  it("is the manual's", () => {
    const rows = DIFFERENCES.map(({ id, topic, strict, extended }) => [id, topic, strict, extended]);
    expect(rowsUnder("## Table X")).toEqual(rows);
  });

  it("has every difference of the reference, in order", () => {
    const ids = read("../conformance/rules.txt").match(/^X-\d+(?=\t)/gm);
    expect(DIFFERENCES.map(({ id }) => id)).toEqual(ids);
  });
});

describe("what strict rewrites", () => {
  it("is the manual's table", () => {
    const changes = { link: "rebuilt", table: "family, RTA_TABLE", none: "family" } as const;
    const types = [...new Set([...REQUEST_RULES.keys(), ...REPLY_RULES.keys()])].sort((a, b) => a - b);
    const rows = types.map((type) => {
      const request = REQUEST_RULES.get(type);
      const reply = REPLY_RULES.get(type);
      const toKernel = request === undefined ? "-" : request.hasTable ? "family, tables" : "family";
      return [`\`${RTM[type]}\``, toKernel, reply === undefined ? "-" : changes[reply.change]];
    });
    expect(rowsUnder("### What is rewritten")).toEqual(rows);
  });

  it("[L1.8] is what the reference says", () => {
    const touched = rowsUnder("### What is rewritten").map(([type, toKernel, toProgram]) => [
      type?.slice(1, -1),
      toKernel !== "-",
      toProgram !== "-",
    ]);
    expect(touched).toEqual([
      ["NEWLINK", false, true],
      ["DELLINK", false, true],
      ["GETLINK", false, true],
      ["NEWADDR", false, true],
      ["DELADDR", false, true],
      ["GETADDR", true, false],
      ["NEWROUTE", true, true],
      ["DELROUTE", true, true],
      ["GETROUTE", true, false],
      ["NEWNEIGH", false, true],
      ["DELNEIGH", false, true],
      ["GETNEIGH", true, true],
    ]);
  });
});

describe("kinds of links", () => {
  const rows = rowsUnder("### Links");

  it.each(rows)("%s is made by %s", (kind, cloner) => {
    expect(linkKind(kind?.slice(1, -1) ?? "")?.cloner).toBe(cloner?.slice(1, -1));
  });

  it("are all in the manual", () => {
    const code = read("../../host/linux/linkkind.ts").match(/^ {2}\["\w+", \{ cloner/gm) ?? [];
    expect(rows).toHaveLength(code.length);
  });
});

describe("options", () => {
  it("of the layer are all in the manual", () => {
    const source =
      read("../../host/linux/abi.ts").split("export interface LinuxAbiOptions {")[1]?.split("\n}\n")[0] ?? "";
    const options = [...source.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name]) => name);
    const section = manual.split("\n## ")[0] ?? "";
    const rows = [...section.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name);
    expect([...rows].sort()).toEqual([...options].sort());
  });
});
