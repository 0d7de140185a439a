// A noun of the shell: what it is about and the verbs it takes. Help, completion and errors come from the same tables.
import type { Session } from "./session.js";
import { Words } from "./words.js";

export interface Verb {
  /** What follows noun and verb, for help: "PREFIX [via ADDRESS] [dev NAME]". */
  readonly usage: string;
  /** Words that may follow, for completion; names of interfaces are offered as well. */
  readonly words?: readonly string[];
  /**
   * What may follow, in place of words and names, where it depends on what was typed.
   * @param before - the words between the verb and the one to complete
   * @throws NetlinkError
   */
  candidates?(before: readonly string[], session: Session): string[];
  /** @throws ShellError, NetlinkError */
  run(words: Words, session: Session): void;
}

export interface Noun {
  readonly name: string;
  readonly summary: string;
  /** By name; the first one is meant when the noun stands alone. */
  readonly verbs: Readonly<Record<string, Verb>>;
}

/** Runs what follows the noun. @throws ShellError for a verb that the noun does not take */
export function runNoun(noun: Noun, rest: readonly string[], session: Session): void {
  const names = Object.keys(noun.verbs);
  const words = new Words(noun.name, rest);
  const verb = noun.verbs[words.isAtEnd ? (names[0] ?? "") : words.choice(names)];
  verb?.run(words, session);
}
