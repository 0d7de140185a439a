// The file name of a failed test's trace.

/** Characters of a name: with the test file's, below what file systems take. */
const NAME_MAX = 100;

/** "client.test.ts" and "suite a test!" as "client-suite-a-test.pcapng". */
export function traceName(file: string, test: string): string {
  const stem = file
    .replace(/^.*\//, "")
    .replace(/\.(test|spec)\.\w+$/, "")
    .replace(/\.\w+$/, "");
  return `${`${stem} ${test}`
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "")
    .slice(0, NAME_MAX)}.pcapng`;
}
