// Pieces of a WebAssembly binary: LEB128 numbers, vectors, sections.

/** An unsigned LEB128 number. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** A signed LEB128 number, for the operand of i32.const. */
export function signedLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

/** Reads an unsigned LEB128 number. @returns it, and where it ends */
export function readLeb(bytes: Uint8Array, at: number): [value: number, end: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7, at++) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if ((byte & 0x80) === 0) return [value, at + 1];
  }
}

export function joined(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A length, and what it is the length of. */
export function sized(content: Uint8Array): Uint8Array {
  return joined([leb(content.length), content]);
}

export interface Section {
  readonly id: number;
  readonly content: Uint8Array;
}

export const SectionId = { CUSTOM: 0, MEMORY: 5, GLOBAL: 6, EXPORT: 7, CODE: 10, TAG: 13 } as const;

const PREAMBLE_BYTES = 8;

/** @param bytes - a valid module */
export function sectionsOf(bytes: Uint8Array): Section[] {
  const sections: Section[] = [];
  let at = PREAMBLE_BYTES;
  while (at < bytes.length) {
    const id = bytes[at] as number;
    const [length, start] = readLeb(bytes, at + 1);
    sections.push({ id, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return sections;
}

export function moduleOf(bytes: Uint8Array, sections: readonly Section[]): Uint8Array {
  const parts = sections.map(({ id, content }) => joined([[id], sized(content)]));
  return joined([bytes.subarray(0, PREAMBLE_BYTES), ...parts]);
}
