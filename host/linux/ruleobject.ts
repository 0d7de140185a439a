// Policy rules as Linux has them (net/core/fib_rules.c; linux-compat E10.1): what one says, which there are from the start, and
// RTM_NEWRULE.

import { RTPROT } from "../../assembly/abi/rtnetlink.js";
import type { ReplyHeader } from "./dump.js";
import { LinuxAF } from "./family.js";
import type { MessageWriter } from "./messagewriter.js";
import type { LinuxVnet } from "./vnet.js";

/** Attributes of a rule (fib_rules.h). */
export const FRA = {
  DST: 1,
  SRC: 2,
  IIFNAME: 3,
  GOTO: 4,
  PRIORITY: 6,
  FWMARK: 10,
  FLOW: 11,
  TUN_ID: 12,
  SUPPRESS_IFGROUP: 13,
  SUPPRESS_PREFIXLEN: 14,
  TABLE: 15,
  FWMASK: 16,
  OIFNAME: 17,
  L3MDEV: 19,
  UID_RANGE: 20,
  PROTOCOL: 21,
  IP_PROTO: 22,
  SPORT_RANGE: 23,
  DPORT_RANGE: 24,
  DSCP: 25,
  FLOWLABEL: 26,
  FLOWLABEL_MASK: 27,
  SPORT_MASK: 28,
  DPORT_MASK: 29,
  DSCP_MASK: 30,
} as const;

/** Offsets in a fib_rule_hdr. */
export const RuleHdr = { FAMILY: 0, DST_LEN: 1, SRC_LEN: 2, TOS: 3, TABLE: 4, ACTION: 7, FLAGS: 8, BYTES: 12 } as const;

export const RuleAction = { TO_TABLE: 1, GOTO: 2 } as const;

/** Flags of the header: PERMANENT and INVERT are said, the others follow from what there is. */
export const RuleFlag = { PERMANENT: 1, INVERT: 2, UNRESOLVED: 4, IIF_DETACHED: 8, OIF_DETACHED: 0x10 } as const;

/** A policy rule. Numbers that were not said are 0. */
export interface Rule {
  /** Linux's: INET or INET6. */
  readonly family: number;
  readonly priority: number;
  readonly table: number;
  readonly action: number;
  readonly flags: number;
  /** Of the header: rtm_tos, and the prefix lengths of FRA_DST and FRA_SRC. */
  readonly tos: number;
  readonly destinationBits: number;
  readonly sourceBits: number;
  /** RTPROT */
  readonly protocol: number;
  readonly suppressPrefixLength: number;
  /** All other attributes that say something, as given. */
  readonly attributes: ReadonlyMap<number, Uint8Array>;
}

/** FRA_SUPPRESS_*: nothing is suppressed. */
export const NONE = 0xffffffff;
/** Ids from here on do not fit the header, which then says COMPAT. */
const TABLE_LIMIT = 256;
const TABLE_COMPAT = 252;

/** What a rule has besides what every rule has, in the order of Linux's messages. */
const SHOWN = [
  FRA.FWMARK,
  FRA.FWMASK,
  FRA.GOTO,
  FRA.TUN_ID,
  FRA.L3MDEV,
  FRA.UID_RANGE,
  FRA.SPORT_RANGE,
  FRA.DPORT_RANGE,
  FRA.IP_PROTO,
  FRA.SPORT_MASK,
  FRA.DPORT_MASK,
  FRA.SUPPRESS_IFGROUP,
  FRA.DSCP,
  FRA.DSCP_MASK,
  FRA.FLOWLABEL,
  FRA.FLOWLABEL_MASK,
  FRA.DST,
  FRA.SRC,
  FRA.FLOW,
] as const;

/** The rules of a machine that nobody has touched: the local, the main and, of IPv4, the default table. */
export function defaultRules(): Rule[] {
  const { INET, INET6 } = LinuxAF;
  const rows: readonly (readonly [family: number, priority: number, table: number])[] = [
    [INET, 0, 255],
    [INET, 32_766, 254],
    [INET, 32_767, 253],
    [INET6, 0, 255],
    [INET6, 32_766, 254],
  ];
  return rows.map(([family, priority, table]) => ({
    family,
    priority,
    table,
    action: RuleAction.TO_TABLE,
    flags: 0,
    tos: 0,
    destinationBits: 0,
    sourceBits: 0,
    protocol: RTPROT.KERNEL,
    suppressPrefixLength: NONE,
    attributes: new Map(),
  }));
}

/** One message of a rule, RTM_NEWRULE or RTM_DELRULE. */
export function writeRule(vnet: LinuxVnet, rule: Rule, type: number, writer: MessageWriter, header: ReplyHeader): void {
  const { attributes } = rule;
  writer.begin(type, header.flags, header.seq, header.port, RuleHdr.BYTES);
  writer.header8(RuleHdr.FAMILY, rule.family);
  writer.header8(RuleHdr.DST_LEN, rule.destinationBits);
  writer.header8(RuleHdr.SRC_LEN, rule.sourceBits);
  writer.header8(RuleHdr.TOS, rule.tos);
  writer.header8(RuleHdr.TABLE, rule.table < TABLE_LIMIT ? rule.table : TABLE_COMPAT);
  writer.header8(RuleHdr.ACTION, rule.action);
  writer.header32(RuleHdr.FLAGS, rule.flags | unresolved(vnet, rule) | detached(vnet, rule));
  writer.u32(FRA.TABLE, rule.table);
  writer.u32(FRA.SUPPRESS_PREFIXLEN, rule.suppressPrefixLength);
  writer.u8(FRA.PROTOCOL, rule.protocol);
  for (const name of [FRA.IIFNAME, FRA.OIFNAME]) {
    const payload = attributes.get(name);
    if (payload !== undefined) writer.string(name, nameOf(payload));
  }
  if (rule.priority !== 0) writer.u32(FRA.PRIORITY, rule.priority);
  for (const each of SHOWN) {
    const payload = attributes.get(each);
    if (payload !== undefined) writer.raw(each, payload);
  }
  writer.end();
}

/** A name as a rule has it, up to its NUL. */
export function nameOf(payload: Uint8Array): string {
  const end = payload.indexOf(0);
  return new TextDecoder().decode(end < 0 ? payload : payload.subarray(0, end));
}

/** A rule that goes to another one, which is not there. */
function unresolved(vnet: LinuxVnet, { family, action, attributes }: Rule): number {
  const target = attributes.get(FRA.GOTO);
  if (action !== RuleAction.GOTO || target === undefined) return 0;
  const priority = wordOf(target);
  const isThere = vnet.notes.rules.some((other) => other.family === family && other.priority === priority);
  return isThere ? 0 : RuleFlag.UNRESOLVED;
}

/** Interfaces that the rule names and that are not there. */
function detached(vnet: LinuxVnet, { attributes }: Rule): number {
  const isMissing = (type: number): boolean => {
    const payload = attributes.get(type);
    return payload !== undefined && vnet.names.find(nameOf(payload)) === undefined;
  };
  return (isMissing(FRA.IIFNAME) ? RuleFlag.IIF_DETACHED : 0) | (isMissing(FRA.OIFNAME) ? RuleFlag.OIF_DETACHED : 0);
}

/** The u32 that a payload of four bytes is. */
export function wordOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getUint32(0, true);
}
