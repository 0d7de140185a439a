// Policy rules, which FreeBSD has none of: they are kept, listed and announced, and no lookup follows them (linux-compat E10,
// Linux programs need their rules to be there; there are no packets that would be led astray.

import { NLM_F } from "../../assembly/abi/netlink.js";
import { RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { listSource } from "./dump.js";
import { LinuxErrno } from "./errno.js";
import { LinuxAF } from "./family.js";
import type { MessageReader } from "./messagereader.js";
import { Refusal } from "./refusal.js";
import type { Request } from "./request.js";
import { FRA, NONE, type Rule, RuleAction, RuleFlag, RuleHdr, wordOf, writeRule } from "./ruleobject.js";
import { type AskedRule, readRule } from "./rulerequest.js";
import type { LinuxVnet } from "./vnet.js";

/** Table ids that Linux has from the start: 253 … 255, and none is below 1. */
const NAMED_FIRST = 253;
const NAMED_LAST = 255;

/** RTM_GETRULE: all of a family or of both. A bit of NLM_F_DUMP is enough: pyroute2 sets NLM_F_ROOT alone. @throws Refusal */
export function getRules(request: Request): void {
  const { message, vnet } = request;
  if (!request.has(NLM_F.DUMP)) throw new Refusal(LinuxErrno.EOPNOTSUPP);
  if (request.requester.isStrict) checkStrictly(message);
  const family = message.header8(RuleHdr.FAMILY);
  const isAsked = (rule: Rule): boolean =>
    (family !== LinuxAF.INET && family !== LinuxAF.INET6) || rule.family === family;
  const rules = vnet.notes.rules.filter(isAsked);
  const source = listSource(
    rules.map((rule) => (writer, header) => writeRule(vnet, rule, RTM.NEWRULE, writer, header)),
  );
  request.dump(source, { doneJoins: true });
}

/** The checks of a strict socket (E3.5). @throws Refusal EINVAL */
function checkStrictly(message: MessageReader): void {
  if (message.attributesFrom(RuleHdr.BYTES) > message.end) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid header for fib rule dump request");
  }
  for (let offset = RuleHdr.DST_LEN; offset < RuleHdr.BYTES; offset++) {
    if (message.header8(offset) !== 0) {
      throw new Refusal(LinuxErrno.EINVAL, "Invalid values in header for fib rule dump request");
    }
  }
  if (message.attributesFrom(RuleHdr.BYTES) < message.end) {
    throw new Refusal(LinuxErrno.EINVAL, "Invalid data after header in fib rule dump request");
  }
}

/** RTM_NEWRULE. @throws Refusal EEXIST, and what is wrong with it */
export function newRule(request: Request): void {
  const { vnet } = request;
  expectStore(vnet);
  const asked = readRule(request.message);
  const { rules } = vnet.notes;
  const priority = asked.hasPriority ? asked.priority : freePriority(rules, asked.family);
  const target = asked.attributes.get(FRA.GOTO);
  if (target !== undefined && wordOf(target) <= priority) {
    throw new Refusal(LinuxErrno.EINVAL, "Backward goto not supported");
  }
  const rule = { ...asked, priority };
  if (request.has(NLM_F.EXCL) && rules.some((other) => isSame(other, rule))) throw new Refusal(LinuxErrno.EEXIST);
  const { hasPriority: _, ...said } = rule;
  const stored = { ...said, table: tableFor(vnet, rule) };
  insert(rules, stored);
  announce(request, stored, RTM.NEWRULE);
}

/** RTM_DELRULE: the first rule that has all that is said. @throws Refusal ENOENT; EPERM a permanent one */
export function delRule(request: Request): void {
  const { vnet } = request;
  expectStore(vnet);
  const asked = readRule(request.message);
  const { rules } = vnet.notes;
  const index = rules.findIndex((rule) => isNamed(rule, asked));
  const rule = rules[index];
  if (rule === undefined) throw new Refusal(LinuxErrno.ENOENT);
  if (rule.flags & RuleFlag.PERMANENT) throw new Refusal(LinuxErrno.EPERM);
  rules.splice(index, 1);
  announce(request, rule, RTM.DELRULE);
}

function expectStore(vnet: LinuxVnet): void {
  if (vnet.owner.settings.rules === "refuse") {
    throw new Refusal(LinuxErrno.EOPNOTSUPP, "policy rules are not supported");
  }
}

/** One less than that of the second rule of the family, as Linux chooses (fib_default_rule_pref). */
function freePriority(rules: readonly Rule[], family: number): number {
  const second = rules.filter((rule) => rule.family === family)[1];
  return second === undefined || second.priority === 0 ? 0 : second.priority - 1;
}

/** IPv4 rules that name no table get one that nobody uses; IPv6's must name one. @throws Refusal EINVAL */
function tableFor(vnet: LinuxVnet, { family, table, action, attributes }: Rule): number {
  if (table !== 0 || action !== RuleAction.TO_TABLE || attributes.has(FRA.L3MDEV)) return table;
  if (family === LinuxAF.INET6) throw new Refusal(LinuxErrno.EINVAL, "Invalid table");
  const { rules, tables } = vnet.notes;
  let free = Math.max(vnet.kernel.fibs, 1);
  while ((free >= NAMED_FIRST && free <= NAMED_LAST) || tables.has(free) || rules.some((rule) => rule.table === free)) {
    free++;
  }
  return free;
}

/** In ascending order of priorities, behind those of the same; IPv4's before IPv6's. */
function insert(rules: Rule[], rule: Rule): void {
  const isBehind = (other: Rule): boolean =>
    other.family > rule.family || (other.family === rule.family && other.priority > rule.priority);
  const index = rules.findIndex(isBehind);
  rules.splice(index < 0 ? rules.length : index, 0, rule);
}

/** What a header's field or an attribute may leave open in a request to delete, and in a comparison of addresses. */
function hasAddresses(rule: Rule, asked: Rule): boolean {
  if (asked.sourceBits !== 0 && (rule.sourceBits !== asked.sourceBits || differ(rule, asked, FRA.SRC))) return false;
  if (asked.destinationBits !== 0 && rule.destinationBits !== asked.destinationBits) return false;
  if (asked.destinationBits !== 0 && differ(rule, asked, FRA.DST)) return false;
  if (asked.tos !== 0 && rule.tos !== asked.tos) return false;
  return BY_FAMILY.every((type) => !asked.attributes.has(type) || !differ(rule, asked, type));
}

/** Attributes that the families compare, beside the addresses. */
const BY_FAMILY = [FRA.FLOW, FRA.DSCP, FRA.DSCP_MASK, FRA.FLOWLABEL, FRA.FLOWLABEL_MASK] as const;
/** Those of all families. */
const COMMON = [
  FRA.IIFNAME,
  FRA.OIFNAME,
  FRA.FWMARK,
  FRA.FWMASK,
  FRA.TUN_ID,
  FRA.L3MDEV,
  FRA.UID_RANGE,
  FRA.IP_PROTO,
  FRA.SPORT_RANGE,
  FRA.DPORT_RANGE,
  FRA.SPORT_MASK,
  FRA.DPORT_MASK,
  FRA.SUPPRESS_IFGROUP,
] as const;

function differ(left: Rule, right: Rule, type: number): boolean {
  return `${left.attributes.get(type)}` !== `${right.attributes.get(type)}`;
}

/** Whether a rule is there already (rule_exists): addresses that the new one leaves open do not tell them apart. */
function isSame(rule: Rule, asked: Rule): boolean {
  return (
    rule.family === asked.family &&
    rule.action === asked.action &&
    rule.table === asked.table &&
    rule.priority === asked.priority &&
    rule.suppressPrefixLength === asked.suppressPrefixLength &&
    rule.protocol === asked.protocol &&
    COMMON.every((type) => !differ(rule, asked, type)) &&
    hasAddresses(rule, asked)
  );
}

/** Whether a request to delete means a rule (rule_find): what it does not say does not count. */
function isNamed(rule: Rule, asked: AskedRule): boolean {
  if (rule.family !== asked.family) return false;
  if (asked.action !== 0 && rule.action !== asked.action) return false;
  if (asked.table !== 0 && rule.table !== asked.table) return false;
  if (asked.hasPriority && rule.priority !== asked.priority) return false;
  if (asked.protocol !== 0 && rule.protocol !== asked.protocol) return false;
  if (asked.suppressPrefixLength !== NONE && rule.suppressPrefixLength !== asked.suppressPrefixLength) return false;
  return COMMON.every((type) => !asked.attributes.has(type) || !differ(rule, asked, type)) && hasAddresses(rule, asked);
}

function announce({ vnet, cause }: Request, rule: Rule, type: number): void {
  const group = rule.family === LinuxAF.INET ? RTNLGRP.IPV4_RULE : RTNLGRP.IPV6_RULE;
  vnet.multicast(group, cause, (writer, seq, port) => writeRule(vnet, rule, type, writer, { flags: 0, seq, port }));
}
