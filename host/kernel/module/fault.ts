// What ends a module: it did something that no module may do.

/** trap: an instruction that cannot be; steps, memory, stack: more than the limit; answer: what is no answer. */
export type FaultReason = "trap" | "steps" | "memory" | "stack" | "answer";

/** A module that the kernel stopped and unloaded. */
export interface ModuleFault {
  readonly module: string;
  readonly reason: FaultReason;
  /** What it did, in words. */
  readonly detail: string;
  /** Milliseconds since boot. */
  readonly uptime: number;
}

/** Thrown from what a module called, through it, to whoever called it. */
export class Fault extends Error {
  constructor(
    readonly reason: FaultReason,
    detail: string,
  ) {
    super(detail);
    this.name = "Fault";
  }
}

/** FreeBSD's highest errno. */
const ERRNO_MAX = 97;

/** What a module returned. @throws Fault for a number that is no errno */
export function checkedErrno(result: number): number {
  if (result < 0 || result > ERRNO_MAX) throw new Fault("answer", `errno ${result}; expected 0 to ${ERRNO_MAX}`);
  return result;
}

/** It made all the steps that one call may take. */
export function outOfFuel(): Fault {
  return new Fault("steps", "no end in sight");
}

/** What an error that came out of a module says of it; undefined for one that is not the module's. */
export function faultOf(error: unknown, isOutOfFuel: boolean): Fault | undefined {
  if (error instanceof Fault) return error;
  if (error instanceof WebAssembly.RuntimeError) {
    return isOutOfFuel ? outOfFuel() : new Fault("trap", error.message);
  }
  // Engines throw a RangeError or an InternalError for a stack that is too deep.
  if (error instanceof Error && /stack|recursion/i.test(error.message)) return new Fault("stack", "calls too deep");
  return undefined;
}
