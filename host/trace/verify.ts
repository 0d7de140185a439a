// Runs a whole trace again and says how it went: every outcome as recorded, and the memory of every vnet at the end; or where
// it first was not, or where the trace cannot be read.

import type { Kernel } from "../kernel/kernel.js";
import { type LayerPlayers, ReplayError } from "../kernel/replay.js";
import { type Snapshot, SnapshotError } from "../kernel/snapshot.js";
import { type FirstDifference, firstDifference } from "./difference.js";
import { messageOf } from "./eventcode.js";
import { decodeSnapshot } from "./snapshotfile.js";
import { TraceError, type TraceEvent, TraceReader } from "./tracereader.js";
import { TraceReplay } from "./tracereplay.js";

export interface VerifyOptions {
  /** Makes the calls of layers, where the run has some. */
  readonly layers?: LayerPlayers<Kernel>;
  /** Stop when so many events have happened. Default: at the end. */
  readonly until?: number | undefined;
  /** Begin at a snapshot on the way (lastSnapshot); what comes before it is read, and not run. */
  readonly from?: PlacedSnapshot | undefined;
  /** Gets each event before it is run. */
  readonly onEvent?: (event: TraceEvent) => void;
}

export interface Verification {
  /** Everything is as recorded, up to where it was to be run. */
  readonly verified: boolean;
  /** Events that came out as recorded. */
  readonly events: number;
  /** Where it began: events before it were read, and not run. */
  readonly from?: number;
  /** The trace has its end. */
  readonly complete: boolean;
  /** The first event that came out otherwise. */
  readonly difference?: FirstDifference & { readonly event: number; readonly call: string };
  /** What is wrong besides: damage, an unknown call, another memory. */
  readonly error?: string;
}

/** A snapshot in a trace. */
export interface PlacedSnapshot {
  /** Of the event that comes next. */
  readonly place: number;
  readonly snapshot: Snapshot;
}

/**
 * The last snapshot on the way to a place; undefined where there is none, or nothing can be read that far.
 * @param pieces - of the file, as for verifyTrace
 */
export function lastSnapshot(pieces: Iterable<Uint8Array>, until: number): PlacedSnapshot | undefined {
  const reader = new TraceReader();
  let found: { place: number; bytes: Uint8Array } | undefined;
  reader.onSnapshot = (place, bytes) => {
    if (place <= until) found = { place, bytes: bytes.slice() };
  };
  try {
    for (const { place } of eventsOf(reader, pieces)) if (place >= until) break;
    return found && { place: found.place, snapshot: decodeSnapshot(found.bytes) };
  } catch (error) {
    // What is wrong is told by the run itself, when it comes there.
    if (!(error instanceof TraceError) && !(error instanceof SnapshotError)) throw error;
    return undefined;
  }
}

/** @param pieces - of the file, in order; each is used only until the next is asked for */
export function verifyTrace(pieces: Iterable<Uint8Array>, options: VerifyOptions = {}): Verification {
  const { until, from, layers, onEvent } = options;
  const reader = new TraceReader();
  const replay = new TraceReplay(layers);
  let events = 0;
  let current: TraceEvent | undefined;
  reader.onSnapshot = (place, bytes) => {
    if (from !== undefined && place <= from.place) return;
    begin(replay, reader);
    replay.compare(place, decodeSnapshot(bytes));
  };
  try {
    for (current of eventsOf(reader, pieces)) {
      if (current.place === until) return { verified: true, events, complete: false, ...begun(from) };
      if (from === undefined || current.place >= from.place) {
        onEvent?.(current);
        if (current.place === from?.place) replay.goOn(from.snapshot);
        else begin(replay, reader);
        replay.play(current.event);
      }
      events++;
    }
    if (reader.events === until && reader.end === undefined)
      return { verified: true, events, complete: false, ...begun(from) };
    return { ...finished(reader, replay, events, until), ...begun(from) };
  } catch (error) {
    if (error instanceof ReplayError) return { verified: false, events, complete: false, ...told(error, current) };
    if (error instanceof SnapshotError) return { verified: false, events, complete: false, error: error.message };
    if (!(error instanceof TraceError)) throw error;
    return { verified: false, events, complete: false, error: error.message, ...lookAt(error, replay) };
  }
}

function begun(from: PlacedSnapshot | undefined): Pick<Verification, "from"> {
  return from === undefined ? {} : { from: from.place };
}

/** A run that does not begin with a boot goes on from a snapshot. @throws SnapshotError */
function begin(replay: TraceReplay, { start }: TraceReader): void {
  if (start !== undefined && !replay.isBegun) replay.goOn(decodeSnapshot(start));
}

function* eventsOf(reader: TraceReader, pieces: Iterable<Uint8Array>): Generator<TraceEvent> {
  for (const piece of pieces) {
    reader.push(piece);
    for (let event = reader.next(); event !== undefined; event = reader.next()) yield event;
  }
  reader.finish();
}

function finished(reader: TraceReader, replay: TraceReplay, events: number, until: number | undefined): Verification {
  if (reader.end === undefined) {
    const error = `the recording was cut off after ${events} events: they are as recorded, and there is no end`;
    return { verified: false, events, complete: false, error };
  }
  if (until !== undefined && until > reader.events) {
    const error = `the trace has ${reader.events} events; expected ${until}`;
    return { verified: false, events, complete: true, error };
  }
  begin(replay, reader);
  replay.finish(reader.end);
  return { verified: true, events, complete: true };
}

/** A message that was changed in the file: what the run really gives there tells where. */
function lookAt({ damaged }: TraceError, replay: TraceReplay): Pick<Verification, "difference"> {
  // A receive changes little, whatever it is given; any other call of a damaged trace is not made.
  if (damaged === undefined || messageOf(damaged.event)?.direction !== "inbound") return {};
  try {
    replay.play(damaged.event);
    return {};
  } catch (error) {
    if (!(error instanceof ReplayError)) throw error;
    const { difference } = told(error, damaged);
    return difference === undefined ? {} : { difference };
  }
}

function told(error: ReplayError, current: TraceEvent | undefined): Pick<Verification, "difference" | "error"> {
  if (error.difference === undefined) return { error: error.message };
  const { call } = error.difference.expected;
  return { difference: { event: error.event, call, ...firstDifference(error.difference, current?.protocol) } };
}
