// What a loadable module may use. Every limit ends a module that goes beyond it, or refuses to load it.

import { NetlinkLimit } from "../../../assembly/abi/netlink.js";

export const ModuleLimit = {
  /** Bytes of a module's file. */
  FILE_BYTES: 4 << 20,
  /** Pages of 64 KiB that its memory may have. */
  MEMORY_PAGES: 256,
  /** Steps of one call into it: each function entered and each turn of a loop is one, as are 64 bytes filled or copied. */
  FUEL: 20_000_000,
  /** Bytes that it may answer to one message, notifications included. */
  ANSWER_BYTES: 64 << 20,
  /** Timers, numbered from 0. */
  TIMERS: 16,
  /** Milliseconds that a timer may wait. */
  TIMER_MS: 0x7fff_ffff,
  /** Characters of a text for an ext ack; longer ones are cut. */
  REPORT_BYTES: NetlinkLimit.ERROR_TEXT - 1,
  /** Kernel tests. */
  TESTS: 256,
  /** Characters of a text that a test logs (KTEST_MAX_BUF); longer ones are cut. */
  TEST_TEXT_BYTES: 511,
  /** Characters of a line that it logs; longer ones are cut. */
  LOG_BYTES: 1024,
} as const;

/** The version of the calls between kernel and module, which a module names in the constant global that it exports as `abi`. */
export const MODULE_ABI = 1;
