// The recordings of test/fixtures/linux: what programs sent, and what Linux answered, request by request.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

/** One message of a datagram, its header taken apart. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly port: number;
  /** All of it, header included, without padding. */
  readonly bytes: Uint8Array;
}

/** A request, and the messages that Linux sent back to its sender with its sequence number. */
export interface Exchange {
  readonly request: Message;
  /** The socket it was sent on; numbers are the program's own. */
  readonly socket: number;
  readonly answers: readonly Message[];
}

/** A datagram that a program sent, of one or more messages. */
export interface Sent {
  readonly bytes: Uint8Array;
  readonly socket: number;
  readonly exchanges: readonly Exchange[];
}

/** One run of one program. */
export interface Run {
  readonly id: string;
  readonly command: string;
  /** [level, name, errno] of each setsockopt, over all sockets. */
  readonly options: readonly (readonly [number, number, number])[];
  readonly protocols: readonly number[];
  readonly sent: readonly Sent[];
  /** Every datagram that the program received. */
  readonly received: readonly Uint8Array[];
}

interface Line {
  readonly id: string;
  readonly command: string;
  readonly options: Run["options"];
  readonly protocols: readonly number[];
  readonly requests: readonly string[];
  readonly replies: readonly string[];
  readonly order: string;
  readonly sockets?: readonly number[];
}

const HEADER_BYTES = 16;

export type RecordingName = "iproute2-a" | "iproute2-c" | "clients";

export function readRuns(name: RecordingName): Run[] {
  const text = gunzipSync(readFileSync(fixture(`${name}.jsonl.gz`))).toString("utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => runOf(JSON.parse(line) as Line));
}

/** The changes that made the state at the beginning of a recording. */
export function readSetup(name: RecordingName): Uint8Array[] {
  const file = name === "iproute2-c" ? "iproute2-c-setup.txt" : "iproute2-a-setup.txt";
  return readFileSync(fixture(file), "utf8").trimEnd().split("\n").map(bytesOfHex);
}

/** The messages of a datagram. A tail that is no message is left out (linux-compat E3.1). */
export function messagesOf(datagram: Uint8Array): Message[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const messages: Message[] = [];
  for (let at = 0; at + HEADER_BYTES <= datagram.length; ) {
    const length = view.getUint32(at, true);
    if (length < HEADER_BYTES || at + length > datagram.length) break;
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      port: view.getUint32(at + 12, true),
      bytes: datagram.subarray(at, at + length),
    });
    at += (length + 3) & ~3;
  }
  return messages;
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/linux/${name}`, import.meta.url));
}

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

function runOf(line: Line): Run {
  const received = line.replies.map(bytesOfHex);
  return {
    id: line.id.replace(/^linux-/, ""),
    command: line.command,
    options: line.options,
    protocols: line.protocols,
    sent: sentOf(line, line.requests.map(bytesOfHex), received),
    received,
  };
}

/** A datagram in the order of the run. */
interface Event {
  readonly isRequest: boolean;
  readonly datagram: Uint8Array;
  readonly socket: number | undefined;
}

function sentOf(line: Line, requests: readonly Uint8Array[], replies: readonly Uint8Array[]): Sent[] {
  let request = 0;
  let reply = 0;
  const events = [...line.order].map((letter, i): Event => {
    const isRequest = letter === "S";
    const datagram = (isRequest ? requests[request++] : replies[reply++]) ?? new Uint8Array();
    return { isRequest, datagram, socket: line.sockets?.[i] };
  });
  const portNumbers = new Map<number, number>();
  return events.flatMap((event, at) => {
    if (!event.isRequest) return [];
    const messages = messagesOf(event.datagram).map((message) => ({
      message,
      answers: answersOf(message, event.socket, events.slice(at + 1)),
    }));
    const socket = event.socket ?? numberOf(portNumbers, messages);
    const exchanges = messages.map(({ message, answers }) => ({ request: message, socket, answers }));
    return [{ bytes: event.datagram, socket, exchanges }];
  });
}

/** What came with the request's sequence number to its socket, until a request with the same number was sent on it. */
function answersOf(request: Message, socket: number | undefined, later: readonly Event[]): Message[] {
  const answers: Message[] = [];
  let port: number | undefined;
  for (const event of later) {
    if (event.socket !== socket) continue;
    const alike = messagesOf(event.datagram).filter(({ sequence }) => sequence === request.sequence);
    if (event.isRequest && alike.length > 0) break;
    if (event.isRequest) continue;
    for (const answer of alike) {
      if (answer.port === 0) continue; // made by the kernel itself, or for nobody
      port ??= answer.port;
      if (answer.port === port) answers.push(answer);
    }
  }
  return answers;
}

/** Where the recording does not say the socket: answers carry its port. Without an answer it is the first one. */
function numberOf(numbers: Map<number, number>, messages: readonly { readonly answers: readonly Message[] }[]): number {
  const port = messages.flatMap(({ answers }) => answers)[0]?.port;
  if (port === undefined) return 0;
  const number = numbers.get(port) ?? numbers.size;
  numbers.set(port, number);
  return number;
}
