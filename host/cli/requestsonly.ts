// nlvm replay --requests-only: what programs asked on Linux is asked here, and the kinds of the answers are compared.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { messageName } from "../linux/messagename.js";
import { bootConfig } from "../node/setup.js";
import { CaptureError } from "../trace/capture.js";
import { isCaptureFile } from "../trace/capturereader.js";
import { capturedRun, shownSettings } from "../trace/traffic/captured.js";
import { Emulation, type RunNotes } from "../trace/traffic/emulation.js";
import { RunError, runsOfJsonLines } from "../trace/traffic/jsonlines.js";
import type { Run } from "../trace/traffic/run.js";
import { grouped } from "./figures.js";
import { type Io, writeLine } from "./io.js";
import { configOf } from "./machine.js";
import { CommandError, Status, usageError } from "./status.js";

export interface RequestsOnlyOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** A request that is answered otherwise. */
interface Other {
  readonly run: string;
  /** In the run, from 1. */
  readonly request: number;
  readonly message: string;
  readonly socket: number;
  readonly recorded: string;
  readonly emulated: string;
}

const GZIP_MAGIC = 0x1f8b;

/** @returns SUCCESS when all answers are of the kinds that were recorded */
export async function replayRequests(file: string, options: RequestsOnlyOptions, io: Io): Promise<Status> {
  const runs = runsOf(file, contentOf(file));
  const received = runs.flatMap((run) => run.received);
  const kernel = options.config === undefined ? undefined : bootConfig(await configOf(options.config));
  const emulation = new Emulation([], received, kernel);
  const others = runs.flatMap((run) => othersOf(run, emulation));
  const requests = runs.reduce((sum, { sent }) => sum + sent.flatMap(({ exchanges }) => exchanges).length, 0);
  if (options.json) {
    writeLine(io.stdout, JSON.stringify({ requests, differences: others }, null, 2));
  } else {
    for (const { run, request, message, socket, recorded, emulated } of others) {
      const what = `${run}: request ${request}, ${message} on socket ${socket}`;
      writeLine(io.stdout, `${what}: recorded ${recorded}; here ${emulated}`);
    }
    writeLine(
      io.stdout,
      `${grouped(requests)} requests, ${grouped(others.length)} of them with answers of other kinds`,
    );
  }
  return others.length === 0 ? Status.SUCCESS : Status.FAILURE;
}

function othersOf(run: Run, emulation: Emulation): Other[] {
  const requests = run.sent.flatMap(({ socket, exchanges }) => exchanges.map(({ request }) => ({ socket, request })));
  return emulation.run(run, notesOf(run)).map(({ request, linux, emulated }) => {
    const { socket = 0, request: message } = requests[request - 1] ?? {};
    const name = message === undefined ? "no message" : messageName(message.bytes, run.protocols[socket] ?? 0);
    return { run: run.id, request, message: name, socket, recorded: linux, emulated };
  });
}

/** Recorded runs say themselves what was set; of a capture the answers show it. */
function notesOf(run: Run): RunNotes {
  return run.options.length > 0 ? {} : { sockets: shownSettings(run) };
}

/** @throws CommandError */
function contentOf(file: string): Uint8Array {
  try {
    const content = readFileSync(file);
    const isPacked = content.length > 1 && content.readUInt16BE(0) === GZIP_MAGIC;
    return isPacked ? gunzipSync(content) : content;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw usageError(`replay: ${file} cannot be read (${code}); expected a capture, or recorded runs as lines of JSON`);
  }
}

/** @throws CommandError what is neither */
function runsOf(file: string, content: Uint8Array): Run[] {
  try {
    if (isCaptureFile(content)) return [capturedRun(file, [content])];
    return runsOfJsonLines(new TextDecoder().decode(content));
  } catch (error) {
    if (!(error instanceof CaptureError || error instanceof RunError)) throw error;
    throw new CommandError(Status.FAILURE, `replay: ${file}: ${error.message}`);
  }
}
