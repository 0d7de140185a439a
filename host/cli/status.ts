// Exit statuses, and the errors that carry one.
import { NetlinkError } from "../kernel/errno.js";
import { MissingInterceptError } from "../node/intercept.js";
import { MissingTableError } from "../node/internet.js";
import { RecordingError } from "../node/recordingerror.js";
import { ListenError } from "../node/server.js";
import { SetupError } from "../node/setup.js";
import { RouteRefusedError } from "../table/load.js";
import { ConfigError } from "../yaml/configerror.js";
import { type Io, writeLine } from "./io.js";

export const Status = {
  SUCCESS: 0,
  /** A check failed, or the kernel refused something. */
  FAILURE: 1,
  /** Wrong usage: an unknown command, option, file or key. */
  USAGE: 2,
  /** Something is not installed; the message says how to get it. */
  MISSING_PREREQUISITE: 3,
} as const;

export type Status = (typeof Status)[keyof typeof Status];

/** What the user asked for cannot be done; the message is one line, without "nlvm:". */
export class CommandError extends Error {
  override readonly name = "CommandError";

  constructor(
    readonly status: Status,
    message: string,
  ) {
    super(message);
  }
}

/** Wrong usage. */
export function usageError(message: string): CommandError {
  return new CommandError(Status.USAGE, message);
}

/**
 * Says in one line on stderr what went wrong.
 * @returns the exit status
 * @throws what is none of the errors that a command may end with: a mistake in this program
 */
export function reportError(error: unknown, io: Io): Status {
  if (error instanceof ConfigError || error instanceof SetupError) {
    // Begins with file, line and column, and nothing before, as compilers have it: editors jump there.
    writeLine(io.stderr, error.message);
    return error instanceof ConfigError ? Status.USAGE : Status.FAILURE;
  }
  const status = statusOf(error);
  if (status === undefined) throw error;
  writeLine(io.stderr, `nlvm: ${(error as Error).message}`);
  return status;
}

function statusOf(error: unknown): Status | undefined {
  if (error instanceof CommandError) return error.status;
  if (error instanceof MissingTableError || error instanceof MissingInterceptError) return Status.MISSING_PREREQUISITE;
  if (error instanceof NetlinkError || error instanceof RouteRefusedError) return Status.FAILURE;
  if (error instanceof ListenError || error instanceof RecordingError) return Status.FAILURE;
  return undefined;
}
