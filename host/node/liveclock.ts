// Real time for a kernel: moves its clock as the machine's monotonic clock goes, in whole milliseconds.

import type { Kernel } from "../kernel/kernel.js";

export class LiveClock {
  readonly #kernel: Kernel;
  readonly #now: () => number;
  #last: number;

  /** @param now - milliseconds of a clock that never goes back */
  constructor(kernel: Kernel, now: () => number = () => performance.now()) {
    this.#kernel = kernel;
    this.#now = now;
    this.#last = now();
  }

  /** Brings the kernel's clock up to now. What falls due meanwhile happens. @returns whether it moved */
  catchUp(): boolean {
    const elapsed = Math.floor(this.#now() - this.#last);
    if (elapsed <= 0) return false;
    this.#last += elapsed;
    this.#kernel.advance(elapsed);
    return true;
  }
}
