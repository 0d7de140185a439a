// Serves one supervisor over two pipes from the thread that owns the kernel. It waits in a plain read: four times as fast
// as the event loop for a request and its answer. The supervisor says regularly that time has passed, so that the kernel's
// clock goes on and signals of this process are noticed.

import { closeSync, openSync, readSync, writeSync } from "node:fs";
import type { Duplex } from "node:stream";
import { setImmediate as turnOfEventLoop } from "node:timers/promises";
import { FrameParser, FrameType, ProtocolError } from "./frames.js";
import { TICK_MILLISECONDS } from "./limits.js";
import type { Machine } from "./machine.js";
import { Session, type SessionOptions } from "./session.js";

/** Bytes of frames from the supervisor that are read at once. */
const READ_BYTES = 1 << 17;
/** A supervisor started by this process is trusted with frames of any size that a call can have. */
const FRAME_BYTES = 1 << 26;

/** The two pipes that the supervisor has made for us. */
export interface Pipes {
  readonly input: number;
  readonly output: number;
}

/**
 * @param channel - where the supervisor names the two descriptors; it is closed when we have them
 * @param process - its process id
 * @returns undefined when it ended instead
 */
export async function openPipes(channel: Duplex, process: number): Promise<Pipes | undefined> {
  const [input, output] = (await lineFrom(channel)).split(" ");
  const pipes =
    input === undefined || output === undefined
      ? undefined
      : {
          input: openSync(`/proc/${process}/fd/${input}`, "r"),
          output: openSync(`/proc/${process}/fd/${output}`, "w"),
        };
  channel.destroy(); // the supervisor waits for it
  return pipes;
}

/** @returns the first line; what came when there is none */
function lineFrom(channel: Duplex): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    channel.on("data", (chunk) => {
      text += String(chunk);
      if (text.endsWith("\n")) resolve(text.trim());
    });
    channel.once("close", () => resolve(""));
  });
}

/** Serves until the supervisor closes its end, and closes ours. */
export async function serveBlocking(machine: Machine, pipes: Pipes, options: SessionOptions = {}): Promise<void> {
  const session = new Session(machine, { tickMilliseconds: TICK_MILLISECONDS, ...options });
  const parser = new FrameParser(FRAME_BYTES);
  const chunk = new Uint8Array(READ_BYTES);
  try {
    for (let length = read(pipes.input, chunk); length > 0 && !session.isOver; length = read(pipes.input, chunk)) {
      let isTick = false;
      parser.feed(chunk.subarray(0, length), (frame) => {
        session.handle(frame);
        isTick ||= frame.type === FrameType.TICK;
      });
      write(pipes.output, session.out.take());
      if (isTick) await turnOfEventLoop();
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    session.goodbye(error.message);
    write(pipes.output, session.out.take());
  } finally {
    session.end();
    closeSync(pipes.input);
    closeSync(pipes.output);
  }
}

function read(file: number, into: Uint8Array): number {
  for (;;) {
    try {
      return readSync(file, into);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EINTR") throw error;
    }
  }
}

/** A supervisor that has gone needs nothing more. */
function write(file: number, bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
}
