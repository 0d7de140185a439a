// nlvm replay: runs a trace again and holds every outcome against what was recorded.
import { LINUX_PLAYER } from "../linux/replay.js";
import { piecesOf } from "../node/tracefile.js";
import { messageOf } from "../trace/eventcode.js";
import { describeEvent, describeMessages } from "../trace/messagetext.js";
import type { TraceEvent } from "../trace/tracereader.js";
import { lastSnapshot, type Verification, verifyTrace } from "../trace/verify.js";
import { grouped } from "./figures.js";
import { integer } from "./integer.js";
import { type Output, writeLine } from "./io.js";
import { type Progress, startProgress } from "./progress.js";
import type { Registration } from "./registration.js";
import { Status, usageError } from "./status.js";

interface ReplayOptions {
  readonly until?: number;
  readonly print?: boolean;
  readonly json?: boolean;
  readonly requestsOnly?: boolean;
  readonly config?: string;
}

/** Below this a replay is over before a bar is seen. */
const PROGRESS_BYTES_MIN = 1 << 22;

export function addReplayCommand({ program, io, finish }: Registration): void {
  program
    .command("replay")
    .description("run a recorded trace again, and compare every output byte with the recording")
    .argument("<trace>", "a file that --record wrote; with --requests-only a capture too")
    .option("--until <n>", "stop when n events have happened", integer(0, Number.MAX_SAFE_INTEGER))
    .option("--print", "print each event, its messages decoded")
    .option("--json", "print one JSON document")
    .option(
      "--requests-only",
      "send the requests of a capture from Linux, or of a trace, and compare the kinds of the answers alone",
    )
    .option("--config <file>", "with --requests-only: boot what this YAML file says")
    .action(async (file: string, options: ReplayOptions) => {
      if (options.requestsOnly) {
        const { replayRequests } = await import("./requestsonly.js");
        finish(await replayRequests(file, options, io));
        return;
      }
      const printed: string[] = [];
      const print = (line: string): void => {
        if (options.json) printed.push(line);
        else writeLine(io.stdout, line);
      };
      const from = options.until === undefined ? undefined : lastSnapshot(pieces(file, io.stderr), options.until);
      const verification = verifyTrace(pieces(file, io.stderr), {
        from,
        layers: LINUX_PLAYER,
        until: options.until,
        ...(options.print ? { onEvent: (event: TraceEvent) => linesOf(event).forEach(print) } : {}),
      });
      if (options.json) {
        writeLine(io.stdout, JSON.stringify({ replay: verification, ...(options.print ? { events: printed } : {}) }));
      } else {
        for (const line of report(verification)) writeLine(verification.verified ? io.stdout : io.stderr, line);
      }
      finish(verification.verified ? Status.SUCCESS : Status.FAILURE);
    });
}

/** @throws CommandError the file cannot be read */
function* pieces(file: string, stderr: Output): Generator<Uint8Array> {
  let shown: Progress | undefined;
  try {
    for (const { bytes, done, total } of piecesOf(file)) {
      if (total >= PROGRESS_BYTES_MIN) shown ??= startProgress(stderr, `replays ${file}`, total);
      shown?.update(done);
      yield bytes;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw usageError(`replay: ${file} cannot be read (${code}); expected a trace`);
  } finally {
    shown?.stop();
  }
}

/** The event, and below it its messages. */
function linesOf({ place, event, protocol = 0 }: TraceEvent): string[] {
  const message = messageOf(event);
  const abi = event.call.startsWith("linux.") ? "linux" : "freebsd";
  const messages = message === undefined ? [] : describeMessages(message.bytes, { abi, protocol });
  const arrow = message?.direction === "outbound" ? ">" : "<";
  return [`${place} ${describeEvent(event)}`, ...messages.map((line) => `  ${arrow} ${line}`)];
}

function report({ verified, events, from, complete, difference, error }: Verification): string[] {
  const lines = error === undefined ? [] : [`nlvm: replay: ${error}`];
  if (difference !== undefined) {
    const { event, call, message, field, expected, seen } = difference;
    const where = message === undefined ? field : `${message}: ${field}`;
    return [...lines, `event ${event}, ${call}: ${where}`, `  expected ${expected}`, `  seen     ${seen}`];
  }
  if (!verified) return lines;
  const whole = complete ? ", and the memory of every vnet at the end" : "";
  if (from !== undefined) {
    return [
      `verified: from the snapshot after ${grouped(from)} events on, up to ${grouped(events)}, all is as recorded${whole}`,
    ];
  }
  return [`verified: ${grouped(events)} events are as recorded${whole}`];
}
