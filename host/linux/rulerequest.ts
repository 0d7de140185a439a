// What RTM_NEWRULE and RTM_DELRULE say, with the checks and the words of Linux (net/core/fib_rules.c, fib_nl2rule).

import { LinuxErrno } from "./errno.js";
import { addressBytesOf, freebsdFamilyOf, LinuxAF } from "./family.js";
import type { MessageReader } from "./messagereader.js";
import { LinuxLimit } from "./number.js";
import { Refusal } from "./refusal.js";
import { FRA, NONE, type Rule, RuleAction, RuleHdr, wordOf } from "./ruleobject.js";

/** A rule as it was said. */
export interface AskedRule extends Rule {
  /** FRA_PRIORITY is there: without it `priority` is 0 and the layer's to choose. */
  readonly hasPriority: boolean;
}

/** Bytes that numbers have; a shorter payload is refused, of a longer one the first count. */
const SIZES: ReadonlyMap<number, number> = new Map<number, number>([
  [FRA.GOTO, 4],
  [FRA.PRIORITY, 4],
  [FRA.FWMARK, 4],
  [FRA.FWMASK, 4],
  [FRA.FLOW, 4],
  [FRA.TUN_ID, 8],
  [FRA.SUPPRESS_IFGROUP, 4],
  [FRA.SUPPRESS_PREFIXLEN, 4],
  [FRA.TABLE, 4],
  [FRA.L3MDEV, 1],
  [FRA.UID_RANGE, 8],
  [FRA.PROTOCOL, 1],
  [FRA.IP_PROTO, 1],
  [FRA.SPORT_RANGE, 4],
  [FRA.DPORT_RANGE, 4],
  [FRA.SPORT_MASK, 2],
  [FRA.DPORT_MASK, 2],
  [FRA.DSCP, 1],
  [FRA.DSCP_MASK, 1],
  [FRA.FLOWLABEL, 4],
  [FRA.FLOWLABEL_MASK, 4],
]);
const NAMES = [FRA.IIFNAME, FRA.OIFNAME] as const;
/** What is kept apart, or says nothing by itself. */
const FIELDS: ReadonlySet<number> = new Set([FRA.PRIORITY, FRA.TABLE, FRA.PROTOCOL, FRA.SUPPRESS_PREFIXLEN]);
const ECN_MASK = 3;
const DSCP_MAX = 63;
const PORT_LIMIT = 0xffff;

/** @throws Refusal EINVAL, ERANGE, EAFNOSUPPORT, EOPNOTSUPP */
export function readRule(message: MessageReader): AskedRule {
  if (message.attributesFrom(RuleHdr.BYTES) > message.end) throw new Refusal(LinuxErrno.EINVAL, "Invalid msg length");
  const family = message.header8(RuleHdr.FAMILY);
  if (family === LinuxAF.BRIDGE) throw new Refusal(LinuxErrno.EOPNOTSUPP);
  if (family !== LinuxAF.INET && family !== LinuxAF.INET6) {
    throw new Refusal(LinuxErrno.EAFNOSUPPORT, "Rule family not supported");
  }
  message.index(RuleHdr.BYTES);
  checkSizes(message);
  const addressBytes = addressBytesOf(freebsdFamilyOf(family));
  const sourceBits = readBits(message, RuleHdr.SRC_LEN, FRA.SRC, addressBytes, "Invalid source address");
  const destinationBits = readBits(message, RuleHdr.DST_LEN, FRA.DST, addressBytes, "Invalid dst address");
  const attributes = readAttributes(message, { sourceBits, destinationBits, family });
  const rule = {
    family,
    priority: message.u32(FRA.PRIORITY),
    hasPriority: message.has(FRA.PRIORITY),
    table: message.has(FRA.TABLE) ? message.u32(FRA.TABLE) : message.header8(RuleHdr.TABLE),
    action: message.header8(RuleHdr.ACTION),
    flags: message.header32(RuleHdr.FLAGS),
    tos: message.header8(RuleHdr.TOS),
    destinationBits,
    sourceBits,
    protocol: message.u8(FRA.PROTOCOL),
    suppressPrefixLength: message.u32(FRA.SUPPRESS_PREFIXLEN, NONE),
    attributes,
  };
  checkMeaning(message, rule);
  return rule;
}

/** The policy of attributes. */
function checkSizes(message: MessageReader): void {
  for (const [type, size] of SIZES) {
    if (message.has(type) && message.size(type) < size) throw new Refusal(LinuxErrno.ERANGE, POLICY);
  }
  for (const type of NAMES) {
    const length = message.text(type)?.length;
    if (length !== undefined && (length === 0 || length >= LinuxLimit.IFNAMSIZ)) {
      throw new Refusal(LinuxErrno.ERANGE, POLICY);
    }
  }
  if (message.u8(FRA.DSCP) > DSCP_MAX) throw new Refusal(LinuxErrno.ERANGE, POLICY);
}

const POLICY = "Attribute failed policy validation";

function readBits(message: MessageReader, offset: number, type: number, bytes: number, text: string): number {
  const bits = message.header8(offset);
  if (bits === 0) return 0;
  if (bits > bytes * 8 || message.size(type) !== bytes) throw new Refusal(LinuxErrno.EINVAL, text);
  return bits;
}

/** Those that say something: numbers other than 0, addresses with a length, what suppresses. */
function readAttributes(
  message: MessageReader,
  { sourceBits, destinationBits, family }: { sourceBits: number; destinationBits: number; family: number },
): Map<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>();
  for (const [type, size] of SIZES) {
    const payload = message.payload(type)?.slice(0, size);
    if (payload === undefined || FIELDS.has(type)) continue;
    const isSaid = type === FRA.SUPPRESS_IFGROUP ? wordOf(payload) !== NONE : payload.some((byte) => byte !== 0);
    if (isSaid || type === FRA.UID_RANGE || type === FRA.DSCP) attributes.set(type, payload);
  }
  for (const type of NAMES) {
    const name = message.text(type);
    if (name !== undefined) attributes.set(type, new TextEncoder().encode(name));
  }
  if (sourceBits > 0) attributes.set(FRA.SRC, message.payload(FRA.SRC)?.slice() as Uint8Array);
  if (destinationBits > 0) attributes.set(FRA.DST, message.payload(FRA.DST)?.slice() as Uint8Array);
  // Of a mark all bits count, unless a mask says which.
  if (attributes.has(FRA.FWMARK) && !message.has(FRA.FWMASK))
    attributes.set(FRA.FWMASK, Uint8Array.of(255, 255, 255, 255));
  if (family === LinuxAF.INET6) attributes.delete(FRA.FLOW); // realms are IPv4's
  return attributes;
}

/** What does not go together. */
function checkMeaning(message: MessageReader, { action, table, family, tos, attributes }: Rule): void {
  const refuse = (text: string): never => {
    throw new Refusal(LinuxErrno.EINVAL, text);
  };
  if (message.has(FRA.GOTO) && action !== RuleAction.GOTO) refuse("Unexpected goto");
  if (!message.has(FRA.GOTO) && action === RuleAction.GOTO) refuse("Missing goto target for action goto");
  if (message.u8(FRA.L3MDEV) > 1) refuse("Invalid l3mdev attribute");
  if (attributes.has(FRA.L3MDEV) && table !== 0) refuse("l3mdev and table are mutually exclusive");
  const users = attributes.get(FRA.UID_RANGE);
  if (users !== undefined && !isUserRange(wordOf(users), wordOf(users.subarray(4)))) refuse("Invalid uid range");
  if (message.has(FRA.SPORT_RANGE) && !isPortRange(message, FRA.SPORT_RANGE)) refuse("Invalid sport range");
  if (message.has(FRA.DPORT_RANGE) && !isPortRange(message, FRA.DPORT_RANGE)) refuse("Invalid dport range");
  if (family === LinuxAF.INET && (message.has(FRA.FLOWLABEL) || message.has(FRA.FLOWLABEL_MASK))) {
    refuse("Flow label cannot be specified for IPv4 FIB rules");
  }
  if (tos & ECN_MASK) refuse("Invalid dsfield (tos): ECN bits must be 0");
  if (message.has(FRA.DSCP) && tos !== 0) refuse("Cannot specify both TOS and DSCP");
}

function isUserRange(first: number, last: number): boolean {
  return first !== NONE && last !== NONE && first <= last;
}

function isPortRange(message: MessageReader, type: number): boolean {
  const first = message.view.getUint16(message.at(type), true);
  const last = message.view.getUint16(message.at(type) + 2, true);
  return first !== 0 && last !== 0 && last < PORT_LIMIT && first <= last;
}
