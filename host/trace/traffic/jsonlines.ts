// Recordings of programs as JSON, a line for each run: what a preload library of the reference's wrote on Linux.

import { type Run, sentOf } from "./run.js";

interface Line {
  readonly id: string;
  readonly command: string;
  readonly options?: Run["options"];
  readonly protocols?: readonly number[];
  readonly requests: readonly string[];
  readonly replies: readonly string[];
  readonly order: string;
  readonly sockets?: readonly number[];
}

/** What is no recording. The message names the line. */
export class RunError extends Error {
  override readonly name = "RunError";
}

/** @throws RunError a line is no run */
export function runsOfJsonLines(text: string): Run[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line, i) => runOf(parsed(line, i + 1), i + 1));
}

function parsed(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new RunError(`line ${number}: no JSON; expected a recorded run`, { cause: error });
  }
}

function runOf(line: unknown, number: number): Run {
  if (!isLine(line))
    throw new RunError(`line ${number}: expected an object with id, command, requests, replies and order`);
  const requests = line.requests.map(bytesOfHex);
  const received = line.replies.map(bytesOfHex);
  let [request, reply] = [0, 0];
  const datagrams = [...line.order].map((letter, i) => {
    const isSent = letter === "S";
    const bytes = (isSent ? requests[request++] : received[reply++]) ?? new Uint8Array();
    return { isSent, bytes, socket: line.sockets?.[i] };
  });
  return {
    id: line.id.replace(/^linux-/, ""),
    command: line.command,
    options: line.options ?? [],
    protocols: line.protocols ?? [],
    sent: sentOf(datagrams),
    received,
  };
}

function isLine(line: unknown): line is Line {
  if (typeof line !== "object" || line === null) return false;
  const { id, command, requests, replies, order } = line as Partial<Line>;
  const hasTexts = [id, command, order].every((text) => typeof text === "string");
  return (
    hasTexts &&
    [requests, replies].every((list) => Array.isArray(list) && list.every((each) => typeof each === "string"))
  );
}

/** Digits of bytes, two by two. */
export function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
