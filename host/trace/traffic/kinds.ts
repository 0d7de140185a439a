// The kinds of answers: type, flags, and of acks and the ends of dumps the errno. How many objects a dump has, and what is
// in them, is not compared here.
import type { Message } from "./message.js";

const HEADER_BYTES = 16;

const NAMES = new Map<number, string>([
  [2, "ERROR"],
  [3, "DONE"],
  [16, "NEWLINK"],
  [17, "DELLINK"],
  [20, "NEWADDR"],
  [21, "DELADDR"],
  [24, "NEWROUTE"],
  [25, "DELROUTE"],
  [28, "NEWNEIGH"],
  [29, "DELNEIGH"],
  [32, "NEWRULE"],
  [33, "DELRULE"],
  [64, "NEWNEIGHTBL"],
  [72, "NEWADDRLABEL"],
  [80, "NEWNETCONF"],
  [104, "NEWNEXTHOP"],
  [105, "DELNEXTHOP"],
]);

/** Flags of acks and errors. */
const ACK_FLAGS = new Map<number, string>([
  [0x100, "CAPPED"],
  [0x200, "TLVS"],
]);

/** Flags of all other messages. */
const FLAGS = new Map<number, string>([
  [0x2, "MULTI"],
  [0x20, "FILTERED"],
  [0x100, "REPLACE"],
  [0x200, "EXCL"],
  [0x400, "CREATE"],
  [0x800, "APPEND"],
]);

/** As in "NEWROUTE MULTI", "ERROR CAPPED 0", "DONE MULTI -2". */
export function kindOf({ type, flags, bytes }: Message): string {
  const words = [NAMES.get(type) ?? `type ${type}`];
  const names = type === 2 ? ACK_FLAGS : FLAGS;
  let rest = flags;
  for (const [bit, name] of names) {
    if ((flags & bit) !== 0) words.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) words.push(`0x${rest.toString(16)}`);
  if (type === 2 || type === 3) {
    words.push(String(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt32(HEADER_BYTES, true)));
  }
  return words.join(" ");
}

/**
 * The kinds of all answers to a request, each once. In alphabetical order: an event of one's own change may come before its
 * ack or after it, on Linux too.
 */
export function kindsOf(answers: readonly Message[]): string {
  return [...new Set(answers.map(kindOf))].sort().join(", ") || "nothing";
}
