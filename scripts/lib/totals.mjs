// The real totals of a test run, from vitest's JSON report.

/** @typedef {{ passed: number, failed: number }} Totals */
/** @typedef {{ status: string, fullName: string }} TestResult */
/** @typedef {{ testResults: { name: string, status: string, assertionResults: TestResult[] }[] }} Report */

/**
 * Counts tests. A file that failed without a failed test (it did not load, a hook threw) is one failure; so is a run
 * that failed without saying where, or that left no report.
 * @param {Report | undefined} report
 * @param {boolean} hasSucceeded - vitest ended with status 0
 * @param {boolean} isStrict - a skipped test is a failure
 * @returns {Totals & { skipped: string[] }} `skipped` is named only when strict
 */
export function totalsOf(report, hasSucceeded, isStrict) {
  const files = report?.testResults ?? [];
  const tests = files.flatMap((file) => file.assertionResults);
  const count = (/** @type {string} */ status) => tests.filter((test) => test.status === status).length;
  const broken = files.filter((file) => file.status === "failed" && !hasFailedTest(file)).length;
  const skipped = isStrict ? tests.filter(isSkipped).map((test) => test.fullName) : [];
  const failed = count("failed") + broken + skipped.length;
  return { passed: count("passed"), failed: failed === 0 && !hasSucceeded ? 1 : failed, skipped };
}

/** @param {Report["testResults"][number]} file */
function hasFailedTest(file) {
  return file.assertionResults.some((test) => test.status === "failed");
}

/** @param {TestResult} test */
function isSkipped(test) {
  return test.status !== "passed" && test.status !== "failed";
}
