// What a loadable module may use. Every limit ends a module that goes beyond it, or refuses to load it.

import { NetlinkLimit } from "../../../assembly/abi/netlink.js";

export const ModuleLimit = {
  /** Bytes of a module's file. */
  FILE_BYTES: 4 << 20,
  /** Pages of 64 KiB that its memory may have. */
  MEMORY_PAGES: 256,
  /** Steps of one call into it (ModuleStep). */
  FUEL: 20_000_000,
  /** Bytes that it may answer to one message: messages, notifications and texts, with 12 bytes of the kernel's for each. */
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

/** What a module's doings cost, so that a step takes about as long whatever it is. A function entered is one step, as is a turn of a loop. */
export const ModuleStep = {
  /** Bytes of a function's or a loop's code for one step more, and bytes of memory filled or copied: 64. */
  BYTES_SHIFT: 6,
  /** Steps of a call of the kernel's. */
  CALL: 32,
  /** Bytes that a call of the kernel's looks at for one step more: 16. */
  DATA_SHIFT: 4,
  /** Steps of growing the memory, by nothing too. */
  GROW: 1024,
} as const;

/** The version of the calls between kernel and module, which a module names in the constant global that it exports as `abi`. */
export const MODULE_ABI = 1;
