// bench trace: what recording costs the insert benchmark, how long a recorded run takes to be run again beside the
// recording, and how long it takes to go back in a long one.
//   record   the table is loaded as by bench insert, into a kernel that records, in memory and to a file, and into one that does not
//   replay   a run that makes its messages as it sends them is recorded; then it is read, run again and compared
//   seek     a recording of 100,000 events, from its end back to places all over it
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "../../client/client.js";
import type { EventSink } from "../../kernel/kernel.js";
import { Recording } from "../../node/recording.js";
import { piecesOf } from "../../node/tracefile.js";
import { type BuiltBatch, RouteBatches } from "../../table/batches.js";
import { loadRoutes, RouteLoader } from "../../table/load.js";
import { Random } from "../../table/random.js";
import type { Table } from "../../table/table.js";
import { readEventLog } from "../../trace/eventlog.js";
import { Recorder } from "../../trace/recorder.js";
import { Timeline } from "../../trace/timeline.js";
import { verifyTrace } from "../../trace/verify.js";
import { median, nanoseconds, rounded } from "../figures.js";
import { type ConditionKeys, type Conditions, conditionKeys } from "./conditions.js";
import { freshMachine } from "./machine.js";

export interface TraceFigures extends ConditionKeys {
  readonly routes: number;
  /** How much longer the insert benchmark takes with a recording: up to the blocks in memory, and with them in a file. */
  readonly recordPercent: number;
  readonly recordFilePercent: number;
  /** A run that makes and sends its messages, recorded; and the same read, run again and compared. */
  readonly recordMs: number;
  readonly replayMs: number;
  /** Events of the long recording. */
  readonly events: number;
  /** The median, and the longest, of seeks backwards in it. */
  readonly seekMs: number;
  readonly seekMsMax: number;
}

/** What recording adds is little beside what a round varies: it takes so many times the rounds. */
const RECORD_ROUNDS = 3;
const SEEK_EVENTS = 100_000;
const SEEKS = 25;
const SEED = 1;

export function benchTrace(conditions: Conditions): TraceFigures {
  const folder = mkdtempSync(join(tmpdir(), "nlvm-bench-"));
  try {
    const file = join(folder, "trace.pcapng");
    return {
      routes: conditions.routes.count,
      ...recorded(conditions, file),
      ...replayed(conditions, file),
      ...sought(file),
      ...conditionKeys(conditions),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// ---- record

function recorded(
  { routes, runs }: Conditions,
  file: string,
): Pick<TraceFigures, "recordPercent" | "recordFilePercent"> {
  const batches = new RouteBatches(routes, { interfaceIndex: freshMachine().interfaceIndex }).built();
  const ways = [
    () => insert(batches),
    () => insert(batches, new Recorder(() => {})),
    () => withRecording(file, (events) => insert(batches, events)),
  ];
  const times = ways.map((): number[] => []);
  // Turn by turn: what slows the machine down meanwhile slows all down. The first of each is discarded.
  for (let run = 0; run <= RECORD_ROUNDS * runs; run++) {
    for (const [i, way] of ways.entries()) times[i]?.push(way());
  }
  const [plain = [], inMemory = [], inFile = []] = times.map((each) => each.slice(1));
  // Of each round by itself: a machine that gets slower on the way does so for both.
  const percent = (recorded: readonly number[]): number =>
    rounded(100 * (median(recorded.map((time, round) => time / (plain[round] as number))) - 1), 1);
  return { recordPercent: percent(inMemory), recordFilePercent: percent(inFile) };
}

/** @returns nanoseconds of the sends and their acks */
function insert(batches: readonly BuiltBatch[], events?: EventSink): number {
  const socket = freshMachine(events).kernel.vnet0.socket();
  const loader = new RouteLoader(socket);
  return nanoseconds(() => {
    for (const { bytes, lastSequence } of batches) loader.send(bytes, lastSequence);
  });
}

function withRecording<T>(file: string, work: (events: Recording) => T): T {
  const recording = new Recording(file);
  try {
    return work(recording);
  } finally {
    recording.close();
  }
}

// ---- replay

function replayed({ routes, runs }: Conditions, file: string): Pick<TraceFigures, "recordMs" | "replayMs"> {
  const recordings: number[] = [];
  const replays: number[] = [];
  for (let run = 0; run <= runs; run++) {
    // A file of before would have to be emptied first.
    rmSync(file, { force: true });
    recordings.push(nanoseconds(() => load(routes, file)));
    replays.push(nanoseconds(() => expectVerified(file)));
  }
  const milliseconds = (times: readonly number[]): number => rounded(median(times.slice(1)) / 1e6, 1);
  return { recordMs: milliseconds(recordings), replayMs: milliseconds(replays) };
}

/** A program that loads the table. */
function load(routes: Table, file: string): void {
  withRecording(file, (events) => {
    const { kernel, interfaceIndex } = freshMachine(events);
    const socket = kernel.vnet0.socket();
    loadRoutes(new RouteLoader(socket), new RouteBatches(routes, { interfaceIndex }));
    socket.close();
    events.end(kernel);
  });
}

function expectVerified(file: string): void {
  const { verified, error } = verifyTrace(bytesOf(file));
  if (!verified) throw new Error(`bench trace: the recorded run is not verified: ${error}`);
}

function* bytesOf(file: string): Generator<Uint8Array> {
  for (const { bytes } of piecesOf(file)) yield bytes;
}

// ---- seek

function sought(file: string): Pick<TraceFigures, "events" | "seekMs" | "seekMsMax"> {
  withRecording(file, (events) => {
    const { kernel } = freshMachine(events);
    const client = new Client(kernel.vnet0.socket());
    while (kernel.journal.position < SEEK_EVENTS) client.route("127.0.0.1");
    events.end(kernel);
  });
  const timeline = new Timeline(readEventLog(bytesOf(file)).log);
  timeline.seek(timeline.end);
  const random = new Random(SEED);
  const times = Array.from({ length: SEEKS }, () => {
    const place = timeline.start + random.below(timeline.end - timeline.start);
    const time = nanoseconds(() => timeline.seek(place));
    timeline.seek(timeline.end);
    return time;
  });
  return {
    events: timeline.end,
    seekMs: rounded(median(times) / 1e6, 1),
    seekMsMax: rounded(Math.max(...times) / 1e6, 1),
  };
}
