// The clock of a core: it stands still until it is moved.

import type { Core } from "./core.js";

const U32 = 2 ** 32;

/** Milliseconds since boot, and Unix second. */
export function readClock(core: Core): { uptime: number; wallClock: number } {
  core.call.readClock();
  const data = core.views.data;
  return {
    uptime: Number(data.getBigUint64(core.exchange, true)),
    wallClock: Number(data.getBigUint64(core.exchange + 8, true)),
  };
}

/** @param milliseconds - an integer, 0 or more */
export function moveClock(core: Core, milliseconds: number): void {
  core.call.advance(milliseconds % U32, Math.floor(milliseconds / U32));
}
