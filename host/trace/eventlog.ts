// A whole trace in memory: the event log that Kernel.replay and Timeline take.

import type { EventLog, KernelEvent } from "../kernel/log.js";
import type { Snapshot } from "../kernel/snapshot.js";
import { messageOf, withMessage } from "./eventcode.js";
import { decodeSnapshot } from "./snapshotfile.js";
import { TraceReader } from "./tracereader.js";

export interface ReadLog {
  readonly log: EventLog;
  /** The snapshot that the run goes on from, where it does not begin with a boot. */
  readonly from: Snapshot | undefined;
  /** The trace has its end; without, the log's memory is not known, and is not compared. */
  readonly complete: boolean;
}

/**
 * @param pieces - of the file, in order
 * @throws TraceError what is no trace, or is damaged; SnapshotError
 */
export function readEventLog(pieces: Iterable<Uint8Array>): ReadLog {
  const reader = new TraceReader();
  const events: KernelEvent[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (let read = reader.next(); read !== undefined; read = reader.next()) events.push(kept(read.event));
  }
  reader.finish();
  const from = reader.start === undefined ? undefined : decodeSnapshot(reader.start);
  const start = reader.events - events.length;
  const log: EventLog = { version: 1, ...(start === 0 ? {} : { start }), events, memory: reader.end?.memory ?? {} };
  return { log, from, complete: reader.end !== undefined };
}

/** The message of an event lasts until the reader's next call. */
function kept(event: KernelEvent): KernelEvent {
  const message = messageOf(event);
  return message === undefined ? event : withMessage(event, message.bytes.slice());
}
