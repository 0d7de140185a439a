// The words of a command line, taken from left to right, and what is said when one does not fit.

/** A command that cannot be carried out as it was typed; the message names the word. */
export class ShellError extends Error {
  override readonly name = "ShellError";
}

/**
 * The words of a line. One in quotes, single or double, may hold spaces and be empty; a quote opens only at its beginning,
 * so that an apostrophe within a word is one.
 * @throws ShellError a quote that is not closed
 */
export function splitLine(line: string): string[] {
  const words: string[] = [];
  const pattern = /\s*(?:"([^"]*)"(?!\S)|'([^']*)'(?!\S)|(\S+))/y;
  while (pattern.lastIndex < line.trimEnd().length) {
    const [, double, single, plain] = pattern.exec(line) as RegExpExecArray;
    if (plain !== undefined && /^["']/.test(plain)) {
      throw new ShellError(
        `${line.slice(pattern.lastIndex - plain.length)}: a quote opens; expected it closed at a word's end`,
      );
    }
    words.push(double ?? single ?? (plain as string));
  }
  return words;
}

/** Reads one word as a value. @throws ShellError naming the word and what was expected */
export type Parser<T> = (word: string, noun: string) => T;

export class Words {
  readonly #words: readonly string[];
  #at = 0;

  /** @param noun - what errors begin with */
  constructor(
    readonly noun: string,
    words: readonly string[],
  ) {
    this.#words = words;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#words.length;
  }

  /** The word that comes next, or undefined at the end; it stays. */
  get peek(): string | undefined {
    return this.#words[this.#at];
  }

  /** Whether the next word is this one, which is taken then. */
  take(word: string): boolean {
    if (this.peek !== word) return false;
    this.#at++;
    return true;
  }

  /** @param expected - what is missing when the line ends here: "a prefix" */
  next(expected: string): string {
    const word = this.#words[this.#at++];
    if (word === undefined) throw new ShellError(`${this.noun}: expected ${expected} at the end of the line`);
    return word;
  }

  value<T>(parse: Parser<T>, expected: string): T {
    return parse(this.next(expected), this.noun);
  }

  /** Takes the next word, which must be one of the list. */
  choice<T extends string>(of: readonly T[]): T {
    const word = this.next(`one of ${of.join(", ")}`);
    const found = of.find((choice) => choice === word);
    if (found === undefined) throw this.unknown(word, of);
    return found;
  }

  unknown(word: string, expected: readonly string[]): ShellError {
    return new ShellError(`${this.noun}: unknown word "${word}"; expected ${expected.join(", ")}`);
  }

  /** @throws ShellError naming the first word that is left */
  end(): void {
    if (!this.isAtEnd) throw new ShellError(`${this.noun}: unknown word "${this.peek}"; expected the end of the line`);
  }

  /**
   * Reads "name value name value …" to the end of the line, each name at most once.
   * @param until - a word that ends them as well; it stays
   */
  parameters<T>(table: { readonly [K in keyof T]-?: Parser<T[K]> }, until?: string): Partial<T> {
    const names = Object.keys(table) as (keyof T & string)[];
    const values: Partial<T> = {};
    while (!this.isAtEnd && this.peek !== until) {
      const name = this.choice(until === undefined ? names : [...names, until]) as keyof T & string;
      if (name in values) throw new ShellError(`${this.noun}: "${name}" occurs twice; expected it once`);
      values[name] = this.value(table[name], `a value of "${name}"`);
    }
    return values;
  }
}

export const text: Parser<string> = (word) => word;

export function integer(min: number, max: number): Parser<number> {
  return (word, noun) => {
    const value = /^\d+$/.test(word) ? Number(word) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new ShellError(`${noun}: "${word}"; expected an integer from ${min} to ${max}`);
  };
}

/** The number behind a name of an enum, in lower case: "bgp". A number stands for itself. */
export function named(names: Readonly<Record<string, string | number>>, max: number): Parser<number> {
  return (word, noun) => {
    const value = names[word.toUpperCase()];
    if (typeof value === "number") return value;
    if (/^\d+$/.test(word) && Number(word) <= max) return Number(word);
    const known = Object.keys(names).filter((name) => typeof names[name] === "number");
    throw new ShellError(`${noun}: "${word}"; expected ${known.join(", ").toLowerCase()} or a number up to ${max}`);
  };
}
