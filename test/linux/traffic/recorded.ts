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
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const PORT_OF_LATER_SOCKETS = 0x8000_0000;

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

/** An exchange that is being put together. */
interface Open {
  readonly request: Message;
  readonly answers: Message[];
  /** The number of its socket, where the recording says it. */
  readonly socket: number | undefined;
}

function sentOf(line: Line, requests: readonly Uint8Array[], replies: readonly Uint8Array[]): Sent[] {
  const opened: Open[] = [];
  const sent: { bytes: Uint8Array; exchanges: Open[] }[] = [];
  let reply = 0;
  for (const [i, letter] of [...line.order].entries()) {
    const socket = line.sockets?.[i];
    if (letter === "S") {
      const bytes = requests[sent.length] ?? new Uint8Array();
      const exchanges = messagesOf(bytes).map((request) => ({ request, answers: [], socket }));
      sent.push({ bytes, exchanges });
      opened.push(...exchanges);
    } else {
      for (const answer of messagesOf(replies[reply++] ?? new Uint8Array())) {
        questionOf(answer, socket, opened)?.answers.push(answer);
      }
    }
  }
  const numbers = new Map<number, number>();
  return sent.map(({ bytes, exchanges }) => {
    const socket = exchanges[0]?.socket ?? numberOf(exchanges, numbers);
    return { bytes, socket, exchanges: exchanges.map(({ request, answers }) => ({ request, answers, socket })) };
  });
}

/**
 * The exchange that a message belongs to: the latest with its sequence number whose answers have its port and did not end;
 * else the first that has no answer yet and is about the same kind of object, because `ip` begins all its sockets with the
 * same number, and Go does.
 */
function questionOf(answer: Message, socket: number | undefined, opened: readonly Open[]): Open | undefined {
  if (answer.port === 0) return undefined; // made by the kernel itself, or for nobody
  const alike = opened.filter((each) => each.socket === socket && each.request.sequence === answer.sequence);
  const known = alike.findLast(
    ({ answers }) => answers[0]?.port === answer.port && answers.at(-1)?.type !== NLMSG_DONE,
  );
  return known ?? alike.find(({ request, answers }) => answers.length === 0 && isAbout(answer, request));
}

/** Whether a message may be the first answer to a request. */
function isAbout(answer: Message, request: Message): boolean {
  if (answer.type === NLMSG_DONE) return true;
  return objectOf(answer.type === NLMSG_ERROR ? echoedType(answer) : answer.type) === objectOf(request.type);
}

/** The type of the request that an error echoes. */
function echoedType({ bytes }: Message): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(HEADER_BYTES + 4 + 4, true);
}

/** NEW, DEL, GET and SET of an object come one after the other. */
function objectOf(type: number): number {
  return type & ~3;
}

/**
 * Where the recording does not say the socket, its port does, which answers carry. A program's first socket has its process
 * id, later ones have ports from 0x80000000 on. Without an answer it is taken for the first.
 */
function numberOf(exchanges: readonly Open[], numbers: Map<number, number>): number {
  const port = exchanges.flatMap(({ answers }) => answers)[0]?.port ?? 0;
  if (port < PORT_OF_LATER_SOCKETS) return 0;
  const number = numbers.get(port) ?? numbers.size + 1;
  numbers.set(port, number);
  return number;
}
