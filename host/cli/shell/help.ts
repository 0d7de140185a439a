// help: what there is to type, from the same tables that run it.
import { columns } from "./columns.js";
import type { Noun } from "./noun.js";

/** Every command of the nouns, or of one of them. */
export function helpLines(nouns: readonly Noun[]): string[] {
  return columns(
    nouns.flatMap((noun) => [
      [`${noun.name}:`, noun.summary],
      ...Object.entries(noun.verbs).map(([verb, { usage }]) => [`  ${noun.name} ${verb}`, usage]),
    ]),
  );
}
