// nlvm decode FILE|HEX|-: netlink messages, or those of routing sockets, for people or as JSON.
import { existsSync, readFileSync } from "node:fs";
import { Option } from "commander";
import { GENL } from "../../assembly/abi/genetlink.js";
import { NETLINK } from "../../assembly/abi/netlink.js";
import { CodecError } from "../codec/bytes.js";
import { decode } from "../codec/decode.js";
import { explain, type Json, toJson } from "../codec/describe.js";
import { FamilyRegistry } from "../codec/families.js";
import { decodeRouting } from "../codec/routing.js";
import { explainRouting, routingToJson } from "../codec/routingdescribe.js";
import { readSpecification, shippedSpecifications } from "../node/specfile.js";
import { isCaptureFile } from "../trace/capturereader.js";
import { decodeCapture } from "./capture.js";
import { type Input, writeLine } from "./io.js";
import type { Registration } from "./registration.js";
import { specOption } from "./spec.js";
import { CommandError, Status, usageError } from "./status.js";

/** What is known of families of generic netlink. */
interface Families {
  /** Files of specifications. */
  readonly spec: readonly string[];
  /** Ids that the messages themselves do not tell: NAME=ID. */
  readonly family: readonly string[];
}

interface Options extends Families {
  readonly json?: boolean;
  readonly protocol: string;
}

/** A message as it is shown. */
interface Shown {
  readonly text: string;
  readonly json: Json;
}

/** What the messages are of, and how they are read. */
const PROTOCOLS: Readonly<Record<string, (bytes: Uint8Array, families: Families) => Shown[]>> = {
  route: (bytes) => decode(bytes).map((message) => ({ text: explain(message), json: toJson(message) })),
  generic: (bytes, { spec, family }) => {
    const families = registryOf(spec, family);
    const options = { protocol: NETLINK.GENERIC, families };
    return decode(bytes, options).map((message) => ({ text: explain(message, options), json: toJson(message) }));
  },
  rtsock: (bytes) =>
    decodeRouting(bytes).map((message) => ({ text: explainRouting(message), json: routingToJson(message) })),
};

export function addDecodeCommand({ program, io, finish }: Registration): void {
  program
    .command("decode")
    .description("show netlink messages, or those of routing sockets: every field and attribute by name")
    .argument(
      "<input>",
      "a file of bytes or of hexadecimal digits, a capture (pcapng, pcap), the digits themselves, or - for standard input",
    )
    .addOption(
      new Option(
        "--protocol <name>",
        "whose messages they are; generic: those of families; rtsock: those of routing sockets",
      )
        .choices(Object.keys(PROTOCOLS))
        .default("route"),
    )
    .addOption(specOption())
    .addOption(
      new Option("--family <name=id>", "which id a family has, where the messages do not tell (repeatable)")
        .argParser((value: string, before: readonly string[]) => [...before, value])
        .default([], "none"),
    )
    .option("--json", "print one JSON document: an array of messages")
    .action(async (input: string, { json = false, protocol, ...families }: Options) => {
      const bytes = await bytesOf(input, io.stdin);
      if (isCaptureFile(bytes)) {
        finish(decodeCapture(bytes, registryOf(families.spec, families.family), json, io));
        return;
      }
      const messages = decodeOrFail(bytes, protocol, families);
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

/** @throws ConfigError a specification is wrong; CommandError a family's id is */
function registryOf(specs: readonly string[], families: readonly string[]): FamilyRegistry {
  const registry = new FamilyRegistry([...shippedSpecifications(), ...specs.map(readSpecification)]);
  for (const each of families) {
    const [, name, id] = /^([^=]+)=(\d+)$/.exec(each) ?? [];
    if (name === undefined || Number(id) < GENL.MIN_ID || Number(id) > GENL.MAX_ID) {
      throw usageError(`decode: --family "${each}"; expected NAME=ID, an id from ${GENL.MIN_ID} to ${GENL.MAX_ID}`);
    }
    registry.set(Number(id), name);
  }
  return registry;
}

function decodeOrFail(bytes: Uint8Array, protocol: string, families: Families): Shown[] {
  if (bytes.length === 0) throw new CommandError(Status.FAILURE, "decode: no bytes; expected at least one message");
  try {
    return PROTOCOLS[protocol]?.(bytes, families) ?? [];
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
