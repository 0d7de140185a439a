// For whom a module is at work: every call into one is made for somebody.

import type { Answers } from "./answers.js";

export interface Work {
  /** The number of the vnet. */
  readonly vnet: number;
  readonly answers: Answers;
  /** attach: it may register what it has; request: there is somebody to reply to; test: there is a log. */
  readonly occasion: "attach" | "request" | "event" | "test";
  /** Where a running test logs. */
  readonly testLog?: (line: TestLine) => void;
}

/** What a kernel test says while it runs (tests/ktest.h, KTEST_LOG_LEVEL). */
export interface TestLine {
  /** Of syslog: 3 an error, 6 information, 7 what helps to find errors. */
  readonly level: number;
  readonly text: string;
  readonly function: string;
  readonly file: string;
  readonly line: number;
}

/** A kernel test that a module has. */
export interface KernelTest {
  readonly name: string;
  readonly description: string;
}
