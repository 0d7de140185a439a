// What is different between an event as it was recorded and as it came out again, for people: of messages the first field or
// attribute, by name.

import { Errno } from "../../assembly/abi/errno.js";
import { NETLINK, NetlinkSize, NlMsgHdr } from "../../assembly/abi/netlink.js";
import type { KernelEvent } from "../kernel/log.js";
import type { Difference } from "../kernel/replay.js";
import { type EventValue, sameValue } from "../kernel/value.js";
import { LinuxErrno } from "../linux/errno.js";
import { fieldsOf } from "../linux/fields.js";
import type { Side } from "../linux/layouts.js";
import { messageName } from "../linux/messagename.js";
import { messageOf } from "./eventcode.js";

/** The first thing that is different. */
export interface FirstDifference {
  /** "RTM_NEWROUTE, message 3 of 5" where it is in a message. */
  readonly message?: string;
  /** "RTA_OIF", "nlmsg_len"; outside a message "outcome", "arguments[0]", "outcome.value.length". */
  readonly field: string;
  readonly expected: string;
  readonly seen: string;
}

const ABSENT = "nothing";

/** @param protocol - of the event's messages */
export function firstDifference({ expected, seen }: Difference, protocol: number = NETLINK.ROUTE): FirstDifference {
  if (seen === undefined) return { field: "outcome", expected: outcomeText(expected), seen: ABSENT };
  const isRefused = "errno" in expected.outcome || "errno" in seen.outcome;
  if (isRefused && !sameValue(expected.outcome as EventValue, seen.outcome as EventValue)) {
    return { field: "outcome", expected: outcomeText(expected), seen: outcomeText(seen) };
  }
  const [recorded, played] = [messageOf(expected)?.bytes, messageOf(seen)?.bytes];
  if (recorded !== undefined && played !== undefined && !sameValue(recorded, played)) {
    const side = expected.call.startsWith("linux.") ? "program" : "kernel";
    return inMessages(recorded, played, { side, protocol });
  }
  return inValues(partsOf(expected), partsOf(seen), "");
}

function partsOf({ target, arguments: given, outcome }: KernelEvent): EventValue {
  return { target: { ...target } as EventValue, arguments: given, outcome: { ...outcome } as EventValue };
}

/** "EAGAIN", or what the call gave. */
export function outcomeText({ call, outcome }: KernelEvent): string {
  return "errno" in outcome ? errnoName(call, outcome.errno) : valueText(outcome.value);
}

export function errnoName(call: string, errno: number): string {
  if (!call.startsWith("linux.")) return Errno[errno] ?? `errno ${errno}`;
  return Object.entries(LinuxErrno).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`;
}

// ---- messages

interface Reading {
  readonly side: Side;
  readonly protocol: number;
}

function inMessages(recorded: Uint8Array, played: Uint8Array, how: Reading): FirstDifference {
  const [left, right] = [splitMessages(recorded), splitMessages(played)];
  const at = left.findIndex((message, i) => !sameValue(message, right[i]));
  const i = at < 0 ? left.length : at;
  const [was, is] = [left[i], right[i]];
  const of = Math.max(left.length, right.length);
  const shown = was ?? (is as Uint8Array);
  const message = `${nameOf(shown, how.protocol)}, message ${i + 1} of ${of}`;
  if (was === undefined || is === undefined) {
    const [expected, seen] = [was, is].map((each) => (each === undefined ? ABSENT : `${each.length} bytes`));
    return { message, field: "the whole message", expected: expected as string, seen: seen as string };
  }
  return { message, ...inFields(was, is, how) };
}

/** Whole messages; what is behind them is one more piece. */
export function splitMessages(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const left = bytes.length - at;
    const length = left < NetlinkSize.NLMSGHDR ? 0 : view.getUint32(at + NlMsgHdr.LEN, true);
    const isWhole = length >= NetlinkSize.NLMSGHDR && length <= left;
    const end = isWhole ? Math.min(at + ((length + 3) & ~3), bytes.length) : bytes.length;
    messages.push(bytes.subarray(at, end));
    at = end;
  }
  return messages;
}

function nameOf(message: Uint8Array, protocol: number): string {
  if (message.length < NetlinkSize.NLMSGHDR) return "a piece of a message";
  return messageName(message, protocol);
}

function inFields(was: Uint8Array, is: Uint8Array, { side, protocol }: Reading): FirstDifference {
  const [left, right] = [was, is].map((each) => fieldsOf(each, side, protocol)) as [Named[], Named[]];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [expected, seen] = [left[i], right[i]];
    if (expected?.name === seen?.name && sameValue(expected?.value, seen?.value)) continue;
    if (
      expected === undefined ||
      (seen !== undefined && expected.name !== seen.name && hasName(right, expected.name))
    ) {
      return { field: seen?.name ?? "", expected: ABSENT, seen: valueText(seen?.value) };
    }
    const found = right.find(({ name }) => name === expected.name);
    return { field: expected.name, expected: valueText(expected.value), seen: valueText(found?.value) };
  }
  // Padding, or what no layout tells of.
  const at = was.findIndex((byte, i) => byte !== is[i]);
  return { field: `byte ${at < 0 ? was.length : at}`, expected: valueText(was[at]), seen: valueText(is[at]) };
}

type Named = ReturnType<typeof fieldsOf>[number];

function hasName(fields: readonly Named[], name: string): boolean {
  return fields.some((field) => field.name === name);
}

// ---- other values

function inValues(was: EventValue, is: EventValue, path: string): FirstDifference {
  if (isObject(was) && isObject(is)) {
    const [before, after] = [was as Parts, is as Parts];
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const [left, right] = [before[key], after[key]];
      if (!sameValue(left, right)) return inValues(left, right, join(path, key, Array.isArray(was)));
    }
  }
  return { field: path, expected: valueText(was), seen: valueText(is) };
}

type Parts = { readonly [key: string]: EventValue };

function isObject(value: EventValue): boolean {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

function join(path: string, key: string, isIndex: boolean): string {
  if (isIndex) return `${path}[${key}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** Longer ones are no names. */
const TEXT_MAX = 256;

/** Numbers and texts as they are, bytes in hexadecimal digits, with the text that they are if they are one. */
export function valueText(value: EventValue): string {
  if (value === undefined) return ABSENT;
  if (value instanceof Uint8Array) return value.length === 0 ? "(empty)" : hexOf(value) + asText(value);
  return JSON.stringify(value, (_, each: unknown) => (each instanceof Uint8Array ? hexOf(each) : each));
}

/** Of ASCII that ends with its one NUL. */
function asText(bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes.subarray(0, TEXT_MAX));
  return /^[ -~]+\0$/.test(text) ? ` "${text.slice(0, -1)}"` : "";
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
