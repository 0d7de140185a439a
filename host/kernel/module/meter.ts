// Makes a module stoppable: a copy of its binary that counts its steps down and stops at 0, whose memory cannot grow beyond
// a limit, and whose globals can be saved. Counting is part of the code, so that a module stops at the same step everywhere.

import { joined, leb, moduleOf, readLeb, type Section, SectionId, sectionsOf, signedLeb, sized } from "./bytes.js";
import { ModuleLimit, ModuleStep } from "./limits.js";
import type { FunctionSurvey, Survey } from "./survey.js";

/** What the copy exports besides: the fuel that is left, and each global that changes, by its index. */
export const FUEL_EXPORT = "netlink-vm fuel";
export const globalExport = (index: number): string => `netlink-vm global ${index}`;

const Op = {
  UNREACHABLE: 0x00,
  IF: 0x04,
  END: 0x0b,
  LOCAL_GET: 0x20,
  LOCAL_TEE: 0x22,
  GLOBAL_GET: 0x23,
  GLOBAL_SET: 0x24,
  I32_CONST: 0x41,
  I32_LT_S: 0x48,
  I32_SUB: 0x6b,
  I32_SHR_U: 0x76,
  EMPTY: 0x40,
} as const;

const I32 = 0x7f;
const MUTABLE = 1;
const KIND_GLOBAL = 3;
const HAS_MAXIMUM = 1;

/** @param bytes - a valid module with one memory and no imported globals */
export function metered(bytes: Uint8Array, { globals, functions, memories }: Survey): Uint8Array {
  const fuel = globals.length;
  const sections = sectionsOf(bytes).map((section) => {
    if (section.id === SectionId.MEMORY) return { ...section, content: memorySection(memories[0]) };
    if (section.id === SectionId.EXPORT) return { ...section, content: exportSection(section, globals, fuel) };
    if (section.id === SectionId.CODE) return { ...section, content: codeSection(bytes, functions, fuel) };
    if (section.id === SectionId.GLOBAL) return { ...section, content: globalSection(section) };
    return section;
  });
  if (globals.length === 0) {
    // Sections have an order of their own: globals come right before the exports.
    const before = sections.findIndex(({ id }) => id === SectionId.EXPORT);
    sections.splice(before, 0, { id: SectionId.GLOBAL, content: joined([leb(1), fuelGlobal()]) });
  }
  return moduleOf(bytes, sections);
}

/**
 * A module's own maximum stays: growing beyond it fails. Without one it may have a page more than the limit, so that a module
 * that wants more than the limit is known by having it.
 */
function memorySection(memory: Survey["memories"][number] | undefined): Uint8Array {
  const { initial = 0, maximum = Number.POSITIVE_INFINITY } = memory ?? {};
  const most = Math.min(maximum, ModuleLimit.MEMORY_PAGES + 1);
  return joined([leb(1), [HAS_MAXIMUM], leb(initial), leb(most)]);
}

function fuelGlobal(): number[] {
  return [I32, MUTABLE, Op.I32_CONST, ...signedLeb(ModuleLimit.FUEL), Op.END];
}

/** A vector with more members at its end. */
function extended({ content }: Section, more: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const [count, start] = readLeb(content, 0);
  return joined([leb(count + more.length), content.subarray(start), ...more]);
}

function globalSection(section: Section): Uint8Array {
  return extended(section, [fuelGlobal()]);
}

function exportSection(section: Section, globals: Survey["globals"], fuel: number): Uint8Array {
  const changing = globals.flatMap(({ isMutable }, i) => (isMutable ? [exportEntry(globalExport(i), i)] : []));
  return extended(section, [...changing, exportEntry(FUEL_EXPORT, fuel)]);
}

function exportEntry(name: string, index: number): Uint8Array {
  return joined([sized(new TextEncoder().encode(name)), [KIND_GLOBAL], leb(index)]);
}

function codeSection(bytes: Uint8Array, functions: readonly FunctionSurvey[], fuel: number): Uint8Array {
  return joined([leb(functions.length), ...functions.map((each) => sized(body(bytes, each, fuel)))]);
}

/** A function that pays where it begins, at each turn of a loop, and for what it fills, copies or grows. */
function body(bytes: Uint8Array, each: FunctionSurvey, fuel: number): Uint8Array {
  const length = each.parameters + each.locals.reduce((sum, { count }) => sum + count, 0);
  const hasBulk = each.bulk.length > 0;
  const locals: readonly { count: number; type: number }[] = hasBulk
    ? [...each.locals, { count: 1, type: I32 - 0x80 }]
    : each.locals;
  const cuts = [
    ...[each, ...each.loops].map(({ start, end }) => ({ at: start, code: chargeSteps(fuel, stepsOf(end - start)) })),
    ...each.grows.map((at) => ({ at, code: chargeSteps(fuel, ModuleStep.GROW) })),
    ...each.bulk.map((at) => ({ at, code: chargeBulk(fuel, length) })),
  ].sort((left, right) => left.at - right.at);
  const parts: (Uint8Array | readonly number[])[] = [leb(locals.length)];
  for (const { count, type } of locals) parts.push(leb(count), [type & 0x7f]);
  let from = each.start;
  for (const { at, code } of cuts) {
    parts.push(bytes.subarray(from, at), code);
    from = at;
  }
  parts.push(bytes.subarray(from, each.end));
  return joined(parts);
}

/** Steps of code that is run once: of long code more, for it may take long without a loop. */
function stepsOf(bytes: number): number {
  return 1 + (bytes >>> ModuleStep.BYTES_SHIFT);
}

function chargeSteps(fuel: number, steps: number): number[] {
  return charge(fuel, [Op.I32_CONST, ...signedLeb(steps)]);
}

/** Takes off what an expression gives, and stops the module when nothing is left. */
function charge(fuel: number, amount: readonly number[]): number[] {
  return [
    ...[Op.GLOBAL_GET, ...leb(fuel), ...amount, Op.I32_SUB, Op.GLOBAL_SET, ...leb(fuel)],
    ...[Op.GLOBAL_GET, ...leb(fuel), Op.I32_CONST, 0, Op.I32_LT_S, Op.IF, Op.EMPTY, Op.UNREACHABLE, Op.END],
  ];
}

/** Before an instruction whose top operand is a number of bytes. */
function chargeBulk(fuel: number, local: number): number[] {
  const amount = [Op.LOCAL_GET, ...leb(local), Op.I32_CONST, ModuleStep.BYTES_SHIFT, Op.I32_SHR_U];
  return [Op.LOCAL_TEE, ...leb(local), ...charge(fuel, amount)];
}
