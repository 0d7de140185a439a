// nlvm decode FILE|HEX|-: netlink messages, or those of routing sockets, for people or as JSON.
import { existsSync, readFileSync } from "node:fs";
import { Option } from "commander";
import { CodecError } from "../codec/bytes.js";
import { decode } from "../codec/decode.js";
import { explain, type Json, toJson } from "../codec/describe.js";
import { decodeRouting } from "../codec/routing.js";
import { explainRouting, routingToJson } from "../codec/routingdescribe.js";
import { type Input, writeLine } from "./io.js";
import type { Registration } from "./registration.js";
import { CommandError, Status, usageError } from "./status.js";

/** A message as it is shown. */
interface Shown {
  readonly text: string;
  readonly json: Json;
}

/** What the messages are of, and how they are read. */
const PROTOCOLS: Readonly<Record<string, (bytes: Uint8Array) => Shown[]>> = {
  route: (bytes) => decode(bytes).map((message) => ({ text: explain(message), json: toJson(message) })),
  rtsock: (bytes) =>
    decodeRouting(bytes).map((message) => ({ text: explainRouting(message), json: routingToJson(message) })),
};

export function addDecodeCommand({ program, io, finish }: Registration): void {
  program
    .command("decode")
    .description("show netlink messages, or those of routing sockets: every field and attribute by name")
    .argument("<input>", "a file of bytes or of hexadecimal digits, the digits themselves, or - for standard input")
    .addOption(
      new Option("--protocol <name>", "whose messages they are; rtsock: those of routing sockets")
        .choices(Object.keys(PROTOCOLS))
        .default("route"),
    )
    .option("--json", "print one JSON document: an array of messages")
    .action(async (input: string, { json = false, protocol }: { json?: boolean; protocol: string }) => {
      const messages = decodeOrFail(await bytesOf(input, io.stdin), protocol);
      if (json)
        writeLine(
          io.stdout,
          JSON.stringify(
            messages.map((message) => message.json),
            null,
            2,
          ),
        );
      else writeLine(io.stdout, messages.map(({ text }) => text).join("\n"));
      finish(Status.SUCCESS);
    });
}

function decodeOrFail(bytes: Uint8Array, protocol: string): Shown[] {
  if (bytes.length === 0) throw new CommandError(Status.FAILURE, "decode: no bytes; expected at least one message");
  try {
    return PROTOCOLS[protocol]?.(bytes) ?? [];
  } catch (error) {
    if (error instanceof CodecError) throw new CommandError(Status.FAILURE, `decode: ${error.message}`);
    throw error;
  }
}

/** @throws CommandError the input is neither a file nor hexadecimal, or it cannot be read */
async function bytesOf(input: string, stdin: Input): Promise<Uint8Array> {
  if (input === "-") return bytesOrDigits(await readAll(stdin));
  if (existsSync(input)) return bytesOrDigits(readFileOrFail(input));
  const bytes = parseHex(input);
  if (bytes) return bytes;
  throw usageError(`decode: "${input}" is neither a file nor hexadecimal digits; expected FILE, HEX or -`);
}

function readFileOrFail(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw usageError(`decode: ${file} cannot be read (${(error as NodeJS.ErrnoException).code}); expected a file`);
  }
}

/** Content that is all hexadecimal digits stands for the bytes: a message itself has zero bytes in its length. */
function bytesOrDigits(content: Uint8Array): Uint8Array {
  return parseHex(Buffer.from(content).toString("latin1")) ?? content;
}

/** "4c00 0000", "4c:00:00:00" and "0x4c 0x00" alike; undefined for anything else. */
function parseHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/0x|[\s:,]+/gi, "");
  if (!/^(?:[\da-f]{2})+$/i.test(digits)) return undefined;
  return Buffer.from(digits, "hex");
}

async function readAll(stdin: Input): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
