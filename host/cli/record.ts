// The option --record, and what it does.
import type { Command } from "commander";
import type { Recording } from "../node/recording.js";
import { version } from "./version.js";

export function addRecordOption(command: Command): Command {
  return command.option(
    "--record <file>",
    "write all that happens to this file: a trace, which nlvm replay runs again",
  );
}

/** @param file - of --record. @throws RecordingError it cannot be written */
export async function startRecording(file: string | undefined): Promise<Recording | undefined> {
  if (file === undefined) return undefined;
  // Commands that record nothing need not wait for it.
  const { Recording } = await import("../node/recording.js");
  return new Recording(file, { application: `netlink-vm ${version()}` });
}
