import { describe, expect, it } from "vitest";
import { totalsOf } from "../../scripts/lib/totals.mjs";

function file(status: string, ...tests: string[]) {
  return { name: "a.test.ts", status, assertionResults: tests.map((test) => ({ status: test, fullName: test })) };
}

describe("the totals of a test run", () => {
  it.each([
    ["tests that passed", [file("passed", "passed", "passed")], true, [2, 0]],
    ["tests that failed, not their files", [file("failed", "passed", "failed")], false, [1, 1]],
    ["a file that did not load", [file("failed"), file("passed", "passed")], false, [1, 1]],
    ["a run that failed outside of tests", [file("passed", "passed")], false, [1, 1]],
    ["a run without a test", [], false, [0, 1]],
  ])("count %s", (_, testResults, hasSucceeded, [passed, failed]) => {
    expect(totalsOf({ testResults }, hasSucceeded, false)).toMatchObject({ passed, failed });
  });

  it("count one failure when there is no report", () => {
    expect(totalsOf(undefined, false, false)).toMatchObject({ passed: 0, failed: 1 });
  });

  it("count a skipped test as a failure only when strict", () => {
    const report = { testResults: [file("passed", "passed", "skipped", "todo")] };
    expect(totalsOf(report, true, false)).toEqual({ passed: 1, failed: 0, skipped: [] });
    expect(totalsOf(report, true, true)).toEqual({ passed: 1, failed: 2, skipped: ["skipped", "todo"] });
  });
});
