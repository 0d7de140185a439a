// The option --record, and what it does.
import type { Command } from "commander";
import type { Recording } from "../node/recording.js";
import { integer } from "./integer.js";
import { usageError } from "./status.js";
import { version } from "./version.js";

export function addRecordOption(command: Command): Command {
  return command
    .option("--record <file>", "write all that happens to this file: a trace, which nlvm replay runs again")
    .option(
      "--snapshots <n>",
      "put a snapshot into the trace every n events, from which nlvm replay --until goes on",
      integer(1, Number.MAX_SAFE_INTEGER),
    );
}

export interface RecordOptions {
  readonly record?: string;
  readonly snapshots?: number;
}

/** @throws RecordingError the file cannot be written; CommandError --snapshots without --record */
export async function startRecording({ record: file, snapshots }: RecordOptions): Promise<Recording | undefined> {
  if (file === undefined) {
    if (snapshots !== undefined) throw usageError("--snapshots goes with --record");
    return undefined;
  }
  // Commands that record nothing need not wait for it.
  const { Recording } = await import("../node/recording.js");
  return new Recording(file, { application: `netlink-vm ${version()}`, snapshotEvery: snapshots });
}
