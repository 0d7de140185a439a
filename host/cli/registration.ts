// How a command joins the program.
import type { Command } from "commander";
import type { Io } from "./io.js";

/** What a command needs to add itself: where to, the streams, and whom to tell how it ended. */
export interface Registration {
  readonly program: Command;
  readonly io: Io;
  /** @param status - one of Status, or that of a program that was run */
  readonly finish: (status: number) => void;
}
