import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isIdLike, parseCases, parseRules } from "../../scripts/conformance/catalogue.mjs";

const CASES = `# Title
- not a case | of | four | fields

## CORE

### Sockets
- RF-CORE-1 | R | (a) bind 0 (b) [V] bind 1 (c) bind 2 | (a) ok (b) ok (c) EINVAL | N2.3, N12; 0.1
- RF-CORE-2 | R | NEWLINK lo5 (a), NEWLINK lo6 (a) | both | N4.7
## LINK
- FB-7 | E | GETLINK | ok | test_0.1.py N1.1
`;

describe("parseCases", () => {
  const cases = parseCases(CASES);

  it("takes the second-level heading as the group", () => {
    expect(cases.map(({ id, group }) => [id, group])).toEqual([
      ["RF-CORE-1", "CORE"],
      ["RF-CORE-2", "CORE"],
      ["FB-7", "LINK"],
    ]);
  });

  it("reads the letters of inputs, and takes (a) behind a message as its flag", () => {
    expect(cases.map(({ inputs }) => inputs.join(""))).toEqual(["abc", "", ""]);
  });

  it("reads the cited rules of an RF case only", () => {
    expect(cases.map(({ cites }) => cites)).toEqual([["N2.3", "N12", "0.1"], ["N4.7"], []]);
  });

  it("refuses a case that has not five fields", () => {
    expect(() => parseCases("- FB-1 | R | send | ok")).toThrow("conformance.md:1: FB-1: expected 5 fields");
  });

  it("refuses a case that occurs twice", () => {
    const line = "- FB-1 | R | send | ok | a.c";
    expect(() => parseCases(`${line}\n${line}`)).toThrow("conformance.md:2: FB-1 occurs twice");
  });
});

describe("parseRules", () => {
  it("groups rules by file and letter", () => {
    const rules = parseRules("# id\tfile\n0.1\trtnetlink.md\tOne\nB.1.2\trtnetlink.md\tTwo\nRS-3\trtsock.md\tThree\n");
    expect(rules.map(({ id, group }) => [id, group])).toEqual([
      ["0.1", "rtnetlink 0"],
      ["B.1.2", "rtnetlink B"],
      ["RS-3", "rtsock RS"],
    ]);
  });
});

describe("isIdLike", () => {
  it.each(["N5.2", "N12", "0.9", "B.1.2", "E.5", "Z.1", "L10.11", "X-56", "RS-1", "FB-1", "RF-CORE-34b", "FC-NHOP-3"])(
    "%s is an id",
    (text) => expect(isIdLike(text)).toBe(true),
  );

  it.each(["16", "R", "N", "5.2", "192.0.2.1", "RF-34", "N5.2b", "0x10", "RTM.NEWLINK", "RF-CORE-34bc"])(
    "%s is not an id",
    (text) => expect(isIdLike(text)).toBe(false),
  );
});

describe("the project's copies", () => {
  const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");

  it("hold 532 cases and 474 rules, whose ids all look like ids", () => {
    const items = [...parseCases(read("conformance.md")), ...parseRules(read("rules.txt"))];
    expect(items.filter(({ kind }) => kind === "case")).toHaveLength(532);
    expect(items.filter(({ kind }) => kind === "rule")).toHaveLength(474);
    expect(items.filter(({ id }) => !isIdLike(id))).toEqual([]);
  });
});
