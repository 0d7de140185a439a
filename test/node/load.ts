// Clients at full speed against one server, from a process of their own: what they ask is checked, some talk nonsense, and
// some are killed in the middle of whatever they do. Run as `load.ts`'s child by load.test.ts.
import { setTimeout as sleep } from "node:timers/promises";
import { concat, message } from "../support/messages.js";
import { Client } from "./client.js";
import * as wire from "./frames.js";

export interface LoadOptions {
  readonly path: string;
  readonly clients: number;
  readonly milliseconds: number;
  /** Of the choices that the clients make. */
  readonly seed: number;
}

export interface LoadResult {
  /** Requests whose answers were right. */
  readonly rounds: number;
  readonly killed: number;
  readonly sentAway: number;
  /** What was wrong, in words. */
  readonly wrong: string[];
}

/** A repeatable source of choices (xorshift32). */
class Choices {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

const GETLINK = message({ type: 18, flags: "qD", seq: 3 }, new Uint8Array(16));
const NEWROUTE = 24;
const DELROUTE = 25;
const RTA_DST = 1;
const RTA_OIF = 4;
const PATIENCE_MILLISECONDS = 500;

/** A route of the client's own, which it adds and deletes. */
function route(type: number, flags: string, number: number): Uint8Array {
  const header = Uint8Array.of(2, 32, 0, 0, 0, 4, 0, 1, 0, 0, 0, 0);
  const prefix = concat(wire.words(8 | (RTA_DST << 16)), Uint8Array.of(10, 9, number >> 8, number & 255));
  return message({ type, flags, seq: 5 }, header, prefix, wire.words(8 | (RTA_OIF << 16), 2));
}

export async function runLoad({ path, clients, milliseconds, seed }: LoadOptions): Promise<LoadResult> {
  const result = { rounds: 0, killed: 0, sentAway: 0, wrong: [] as string[] };
  const end = Date.now() + milliseconds;
  await Promise.all(
    Array.from({ length: clients }, async (_, number) => {
      const choices = new Choices(seed * 1000 + number + 1);
      while (Date.now() < end && result.wrong.length < 10) {
        const kind = number % 8;
        if (kind === 6) await talkNonsense(path, choices, result);
        else if (kind === 7) await die(path, choices, result);
        else await work(path, kind % 2 === 0 ? wire.FREEBSD : wire.LINUX, number, end, result);
      }
    }),
  );
  return result;
}

type Counts = { rounds: number; killed: number; sentAway: number; wrong: string[] };

/** Opens sockets, changes a route, reads a dump to its end: all of it must work, however the others behave. */
async function work(path: string, domain: number, number: number, end: number, counts: Counts): Promise<void> {
  const client = await Client.greet(path, domain);
  try {
    for (let socket = 1; Date.now() < end; socket++) {
      await client.ask(wire.OPEN, socket, wire.words(3, 0, 100 + number, 0));
      if (domain === wire.FREEBSD) {
        for (const [type, flags] of [
          [NEWROUTE, "qaCX"],
          [DELROUTE, "qa"],
        ] as const) {
          const errno = await changed(client, socket, route(type, flags, number));
          if (errno !== 0) counts.wrong.push(`client ${number}: type ${type}: errno ${errno}`);
        }
      }
      const messages = await dumped(client, socket, domain);
      if (messages !== 4) counts.wrong.push(`client ${number}: ${messages} messages of a dump of three links`);
      client.say(wire.CLOSE, socket);
      counts.rounds++;
    }
  } catch (error) {
    counts.wrong.push(`client ${number}: ${String(error)}`);
  } finally {
    client.leave();
  }
}

async function changed(client: Client, socket: number, request: Uint8Array): Promise<number> {
  await client.ask(wire.SEND, socket, wire.sendBody(request));
  const { body } = await client.ask(wire.RECEIVE, socket, wire.words(4096, 0, 0, 0, wire.NO_HALF));
  return wire.wordAt(body, 20 + 16);
}

/** Sends a dump request and counts the messages of the answer, NLMSG_DONE too. */
async function dumped(client: Client, socket: number, domain: number): Promise<number> {
  await client.ask(wire.SEND, socket, wire.sendBody(GETLINK));
  let messages = 0;
  for (let isDone = false; !isDone; ) {
    const chunk = domain === wire.FREEBSD ? await received(client, socket) : await pulled(client, socket);
    for (let at = 0; at < chunk.length; at += (wire.wordAt(chunk, at) + 3) & ~3) {
      messages++;
      isDone = (wire.wordAt(chunk, at + 4) & 0xffff) === 3;
    }
  }
  return messages;
}

async function received(client: Client, socket: number): Promise<Uint8Array> {
  const { result, body } = await client.ask(wire.RECEIVE, socket, wire.words(8192, 0, 0, 0, wire.NO_HALF));
  if (result < 0) throw new Error(`RECEIVE: errno ${-result}`);
  return body.subarray(20, 20 + wire.wordAt(body, 0));
}

/** The next DATA of a socket, asked for when none was pushed. */
async function pulled(client: Client, socket: number): Promise<Uint8Array> {
  client.say(wire.PULL, socket, wire.words(65_536, 8192, wire.NO_HALF, 0));
  const { body } = await client.find((each) => each.type === wire.DATA && each.socket === socket);
  const records = wire.recordsOf(body.subarray(12));
  return concat(...records.map(({ bytes }) => bytes ?? new Uint8Array(0)));
}

/** Frames that are none, and messages that are none inside frames that are. */
async function talkNonsense(path: string, choices: Choices, counts: Counts): Promise<void> {
  const domain = choices.below(2) === 0 ? wire.LINUX : wire.FREEBSD;
  const client = await Client.greet(path, domain);
  try {
    await client.ask(wire.OPEN, 1, wire.words(3, 0, 9, 0));
    for (let n = 0; n < 20; n++) {
      const bytes = choices.bytes(16 + choices.below(400));
      if (choices.below(2) === 0) bytes.set(wire.words(bytes.length));
      await client.ask(wire.SEND, 1, wire.sendBody(bytes));
    }
    client.connection.write(choices.bytes(16 + choices.below(2000)));
    client.connection.write(wire.frame(200, 0, 0, new Uint8Array(0)));
    // What looks like the beginning of a long frame is waited for.
    const isSentAway = await Promise.race([client.closed().then(() => true), sleep(PATIENCE_MILLISECONDS, false)]);
    if (isSentAway) counts.sentAway++;
  } catch (error) {
    if (!String(error).includes("the connection ended")) counts.wrong.push(`nonsense: ${String(error)}`);
  } finally {
    client.leave();
  }
}

/** Begins something and is gone. */
async function die(path: string, choices: Choices, counts: Counts): Promise<void> {
  const client = await Client.greet(path, choices.below(2) === 0 ? wire.LINUX : wire.FREEBSD);
  for (let socket = 1; socket <= 8; socket++) {
    client.say(wire.OPEN, socket, wire.words(3, 0, 9, 0));
    client.say(wire.SEND, socket, wire.sendBody(GETLINK, GETLINK, GETLINK));
  }
  client.connection.write(wire.frame(wire.SEND, 1, 1, wire.sendBody(GETLINK)).subarray(0, choices.below(80)));
  if (choices.below(2) === 0) await sleep(choices.below(20));
  client.leave();
  counts.killed++;
}
