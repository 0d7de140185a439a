// How a command joins the program.
import type { Command } from "commander";
import type { Io } from "./io.js";
import type { Status } from "./status.js";

/** What a command needs to add itself: where to, the streams, and whom to tell how it ended. */
export interface Registration {
  readonly program: Command;
  readonly io: Io;
  readonly finish: (status: Status) => void;
}
