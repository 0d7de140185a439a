// Where the emulated kernel answers otherwise than Linux, and why: what FreeBSD does. A row without a reason, and one that
// nothing needs, fails the test.
import type { Difference } from "./compare.js";

export interface Row {
  /** The whole command, or what matches it. */
  readonly command: string | RegExp;
  /** Matches the whole path of the difference. */
  readonly path: RegExp;
  readonly reason: string;
}

export const ROWS: readonly Row[] = [];

export function explains(row: Row, command: string, { path }: Difference): boolean {
  const isOfCommand = typeof row.command === "string" ? row.command === command : row.command.test(command);
  return isOfCommand && new RegExp(`^(?:${row.path.source})$`).test(path);
}
