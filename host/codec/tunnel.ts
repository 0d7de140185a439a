// The flags of gif and gre by the words that ifconfig(8) has for them, which are their names.

import { GIF, GRE } from "../../assembly/abi/ifnet.js";

/** Kinds of interface that tunnel packets between two addresses. */
export type TunnelKind = "gif" | "gre";

const FLAGS: Readonly<Record<TunnelKind, ReadonlyMap<string, number>>> = { gif: bitsOf(GIF), gre: bitsOf(GRE) };

function bitsOf(names: Readonly<Record<string, string | number>>): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(names).flatMap(([name, bit]) => (typeof bit === "number" ? [[name.toLowerCase(), bit]] : [])),
  );
}

export function isTunnelKind(kind: string): kind is TunnelKind {
  return kind in FLAGS;
}

/** The words for what a kind of tunnel can do. */
export function tunnelWords(kind: TunnelKind): string[] {
  return [...FLAGS[kind].keys()];
}

/** The bits of words, which the kind must have. */
export function tunnelFlags(kind: TunnelKind, words: readonly string[]): number {
  return words.reduce((flags, word) => flags | (FLAGS[kind].get(word) ?? 0), 0);
}

/** The words of bits. */
export function tunnelFlagWords(kind: TunnelKind, flags: number): string[] {
  return [...FLAGS[kind]].flatMap(([word, bit]) => ((flags & bit) !== 0 ? [word] : []));
}
