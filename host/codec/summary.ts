// One-line summaries, as phrases over the schema's own names: "via {gateway}" shows the field by its kind, and is left
// out when the field is absent; "{protocol?}" also when it is 0. So a summary cannot say what the schema does not.

import type { Entries } from "./attributes.js";
import type { Kind, Names, Values } from "./kind.js";
import type { Fields } from "./struct.js";

export type Phrase = readonly (string | Slot)[];

interface Slot {
  key: string;
  kind: Kind<unknown>;
  isHiddenWhenZero: boolean;
}

/** @throws Error for a name that neither the header nor the attributes have */
export function compile(phrases: readonly string[], fields: Fields, entries: Entries): Phrase[] {
  return phrases.map((phrase) =>
    phrase.split(/(\{\w+\??\})/).map((part) => {
      const [, key, optional] = /^\{(\w+)(\??)\}$/.exec(part) ?? [];
      if (key === undefined) return part;
      const kind = fields[key]?.[1] ?? entries[key]?.[1];
      if (kind === undefined) throw new Error(`summary "${phrase}": the schema has no "${key}"`);
      return { key, kind, isHiddenWhenZero: optional === "?" };
    }),
  );
}

/** The phrases whose fields are all there. */
export function render(phrases: readonly Phrase[], values: Values, names: Names): string[] {
  return phrases
    .filter((phrase) => phrase.every((part) => typeof part === "string" || isShown(part, values)))
    .map(fill);

  function fill(phrase: Phrase): string {
    return phrase.map((part) => (typeof part === "string" ? part : text(part))).join("");
  }
  function text({ key, kind }: Slot): string {
    return kind.brief ? kind.brief(values[key], names) : kind.show(values[key], names, values);
  }
}

function isShown({ key, isHiddenWhenZero }: Slot, values: Values): boolean {
  return values[key] !== undefined && !(isHiddenWhenZero && values[key] === 0);
}
