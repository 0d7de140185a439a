// Who handles the messages of families outside the core.

import type { ModuleInstance } from "./instance.js";
import type { Work } from "./work.js";

export interface FamilyHandler {
  /** hdrsize by id. */
  readonly families: ReadonlyMap<number, number>;
  /**
   * Where the bytes of messages are put.
   * @returns 0 without room
   * @throws Fault
   */
  requestPlace(bytes: number, work: Work): number;
  /** Puts messages, of a piece of a core's memory, there. */
  write(place: number, memory: Uint8Array, at: number, bytes: number): void;
  /** Handles one of them. @returns its errno. @throws Fault, or StoppedTest */
  handle(place: number, bytes: number, work: Work): number;
}

/** A module misbehaved while another's message was handled: that of a kernel test. */
export class StoppedTest extends Error {
  constructor(
    readonly instance: ModuleInstance,
    override readonly cause: Error,
  ) {
    super(cause.message);
  }
}
