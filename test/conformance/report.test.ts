import { describe, expect, it } from "vitest";
import { parseCases, parseRules } from "../../scripts/conformance/catalogue.mjs";
import { formatReport, report } from "../../scripts/conformance/report.mjs";

const ITEMS = [
  ...parseCases(`## CORE
- RF-CORE-1 | R | (a) bind 0 (b) bind 1 | (a) ok (b) ok | N2.3, N12
- RF-CORE-2 | R | send | ok | N4.7
- FB-1 | R | send | ok | a.c
`),
  ...parseRules("N2.3\tcore.md\tBind\nN4.7\tcore.md\tSend\nN4.8\tcore.md\tSend\n"),
];

function reportOf(names: string[], wrong: { id: string; reason: string; source: string }[] = []) {
  const tests = names.map((name) => ({ name, file: "a.test.ts" }));
  return report(ITEMS, tests, wrong);
}

const pinnedBy = (...names: string[]) => reportOf(names).groups.flatMap(({ pinned }) => pinned);

describe("report", () => {
  it("without tests everything is missing, with the letters of the inputs", () => {
    expect(reportOf([]).groups.map(({ name, total, missing }) => [name, total, missing])).toEqual([
      [
        "CORE",
        3,
        [
          { id: "RF-CORE-1", inputs: ["a", "b"] },
          { id: "RF-CORE-2", inputs: [] },
          { id: "FB-1", inputs: [] },
        ],
      ],
      [
        "core N",
        3,
        [
          { id: "N2.3", inputs: [] },
          { id: "N4.7", inputs: [] },
          { id: "N4.8", inputs: [] },
        ],
      ],
    ]);
  });

  it("a rule is pinned by its id", () => {
    expect(pinnedBy("[N4.8] x")).toEqual(["N4.8"]);
  });

  it("a case pins the rule it cites", () => {
    expect(pinnedBy("[RF-CORE-2] x")).toEqual(["RF-CORE-2", "N4.7"]);
  });

  it("a case with inputs is pinned when all inputs are", () => {
    expect(pinnedBy("[RF-CORE-1a] x")).toEqual([]);
    expect(pinnedBy("[RF-CORE-1a] x", "[RF-CORE-1b] y")).toEqual(["RF-CORE-1", "N2.3"]);
  });

  it("a case with inputs is pinned when it is named without a letter", () => {
    expect(pinnedBy("[RF-CORE-1] x")).toEqual(["RF-CORE-1", "N2.3"]);
  });

  it("the inputs still to pin are listed", () => {
    expect(reportOf(["[RF-CORE-1a] x"]).groups[0]?.missing[0]).toEqual({ id: "RF-CORE-1", inputs: ["b"] });
  });

  it("what is wrong is neither pinned nor missing", () => {
    const wrong = { id: "FB-1", reason: "not so", source: "a.c" };
    const core = reportOf(["[FB-1] x"], [wrong]).groups[0];
    expect(core?.wrong).toEqual([wrong]);
    expect(core?.pinned).toEqual([]);
    expect(core?.missing.map(({ id }) => id)).toEqual(["RF-CORE-1", "RF-CORE-2"]);
  });

  it("a wrong input needs no test", () => {
    const { groups } = reportOf(["[RF-CORE-1a] x"], [{ id: "RF-CORE-1b", reason: "not so", source: "a.c" }]);
    expect(groups[0]?.pinned).toEqual(["RF-CORE-1"]);
  });

  it("a wrong entry without a reason, or that names nothing, is refused", () => {
    expect(() => reportOf([], [{ id: "FB-1", reason: "", source: "a.c" }])).toThrow("expected id, reason and source");
    expect(() => reportOf([], [{ id: "FB-2", reason: "r", source: "a.c" }])).toThrow("FB-2 is neither");
  });

  it("an id that does not exist is unknown, an input's letter too", () => {
    const { unknown } = reportOf(["[N9.9] x", "[RF-CORE-1c] y", "[RF-CORE-2a] z"]);
    expect(unknown.map(({ id }) => id)).toEqual(["N9.9", "RF-CORE-1c", "RF-CORE-2a"]);
  });

  it("a section may be named, and pins nothing", () => {
    const { unknown, groups } = reportOf(["[N12] [N4] x"]);
    expect(unknown).toEqual([]);
    expect(groups.flatMap(({ pinned }) => pinned)).toEqual([]);
  });
});

describe("formatReport", () => {
  it("prints a line a group, the total, and then what is missing and unknown", () => {
    expect(formatReport(reportOf(["[N4.8] [N9.9] x", "[RF-CORE-1a] y"])).split("\n")).toEqual([
      "group    pinned  missing    wrong",
      "CORE          0        3        0",
      "core N        1        2        0",
      "total         1        5        0",
      "missing in CORE: RF-CORE-1(b) RF-CORE-2 FB-1",
      "missing in core N: N2.3 N4.7",
      "unknown id N9.9 in a.test.ts: [N4.8] [N9.9] x",
    ]);
  });
});
