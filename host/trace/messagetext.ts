// Messages and events as text, for people. Of FreeBSD's ABI as the codec shows them; of Linux's by its own names and numbers.

import { CodecError } from "../codec/bytes.js";
import { decode } from "../codec/decode.js";
import { describe, explain, type Json, toJson } from "../codec/describe.js";
import type { FamilyRegistry } from "../codec/families.js";
import type { KernelEvent } from "../kernel/log.js";
import type { EventValue } from "../kernel/value.js";
import { messageName } from "../linux/messagename.js";
import { type FieldText, fieldTexts } from "../linux/trace.js";
import { outcomeText, splitMessages, valueText } from "./difference.js";
import { messageOf } from "./eventcode.js";

export type Abi = "freebsd" | "linux";

/** Whose messages they are, and NETLINK_ROUTE and so on. */
export interface MessageContext {
  readonly abi: Abi;
  readonly protocol: number;
  /** What is known of families of generic netlink, by FreeBSD's ABI. */
  readonly families?: FamilyRegistry;
}

/** Every field on a line of its own, below the message's name. */
export function explainMessages(bytes: Uint8Array, context: MessageContext): string[] {
  return splitMessages(bytes).map((message) => {
    if (context.abi === "linux") return explainLinux(message, context.protocol);
    return decoded(message, context, (known) => explain(known, context));
  });
}

/** A line for each message. */
export function describeMessages(bytes: Uint8Array, context: MessageContext): string[] {
  return splitMessages(bytes).map((message) => {
    if (context.abi === "linux") return describeLinux(message, context.protocol);
    return decoded(message, context, (known) => describe(known, context));
  });
}

/** As JSON: FreeBSD's as the codec has them, Linux's as a name and its fields. */
export function messagesToJson(bytes: Uint8Array, context: MessageContext): Json[] {
  return splitMessages(bytes).map((message) => {
    if (context.abi === "linux") return linuxToJson(message, context.protocol);
    try {
      const [known] = decode(message, context);
      return known === undefined ? null : toJson(known);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      return { error: error.message, bytes: message.length };
    }
  });
}

function linuxToJson(message: Uint8Array, protocol: number): Json {
  const fields = fieldTexts(message, protocol).map(({ name, text }) => [name, text] as const);
  return { name: messageName(message, protocol), fields: Object.fromEntries(fields) };
}

function decoded(
  message: Uint8Array,
  context: MessageContext,
  show: (known: ReturnType<typeof decode>[number]) => string,
): string {
  try {
    return decode(message, context).map(show).join("\n");
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return `${message.length} bytes: ${error.message}`;
  }
}

function explainLinux(message: Uint8Array, protocol: number): string {
  const fields = fieldTexts(message, protocol);
  const width = Math.max(0, ...fields.map(({ name }) => name.length));
  const lines = fields.map(({ name, text }) => `  ${name.padEnd(width)}  ${text}`);
  return [messageName(message, protocol), ...lines].join("\n");
}

/** The header's own fields are in the name, or of no interest on one line. */
const HEADER_FIELD = /^nlmsg_(len|type)$/;

function describeLinux(message: Uint8Array, protocol: number): string {
  const says = ({ name, text }: FieldText): string => `${name} ${text}`;
  const fields = fieldTexts(message, protocol).filter(({ name }) => !HEADER_FIELD.test(name));
  return `${messageName(message, protocol)} ${fields.map(says).join(", ")} (${message.length} bytes)`;
}

/** Who called what, with what, and what it gave. Messages are described by themselves. */
export function describeEvent(event: KernelEvent): string {
  const { target, call, arguments: given } = event;
  const message = messageOf(event);
  const at = [target.vnet, target.socket === undefined ? undefined : `socket ${target.socket}`];
  const who = at.filter((each) => each !== undefined).join(" ");
  const shown = (value: EventValue): string => {
    const isMessage = message !== undefined && value === message.bytes;
    return isMessage ? `${message.bytes.length} bytes` : valueText(value);
  };
  const values = given.map(shown);
  return `${who === "" ? "" : `${who} `}${call}(${values.join(", ")}) ${outcomeOf(event)}`;
}

function outcomeOf(event: KernelEvent): string {
  const { outcome } = event;
  if ("errno" in outcome) return `refused with ${outcomeText(event)}`;
  const message = messageOf(event);
  if (message?.direction === "inbound") return `gives ${message.bytes.length} bytes`;
  return outcome.value === undefined || outcome.value === null ? "done" : `gives ${valueText(outcome.value)}`;
}
