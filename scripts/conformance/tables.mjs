// The strings of a table that is declared apart from its .each: in the same file, or in a file that it imports.
import { tokensOf } from "./tokens.mjs";

/** @typedef {import("./tokens.mjs").Token} Token */
/** The source of a file that a test imports, by its specifier; undefined when it is not one of the project's tests. @typedef {(specifier: string) => string | undefined} ReadImport */

const OPENING = new Set(["(", "[", "{"]);
const CLOSING = new Set([")", "]", "}"]);

/**
 * @param {string} name
 * @param {Token[]} tokens - of the file that uses the table
 * @param {ReadImport} readImport
 * @returns {string[]} none when there is no such constant
 */
export function stringsOfConstant(name, tokens, readImport) {
  const here = declared(name, tokens);
  if (here !== undefined) return here;
  const specifier = specifierOf(name, tokens);
  const source = specifier?.startsWith(".") ? readImport(specifier) : undefined;
  return source === undefined ? [] : (declared(name, tokensOf(source)) ?? []);
}

/**
 * The strings between `const name` and the end of its statement.
 * @param {string} name @param {Token[]} tokens
 * @returns {string[] | undefined}
 */
function declared(name, tokens) {
  const start = tokens.findIndex((token, index) => token.text === "const" && isWord(tokens[index + 1], name));
  if (start < 0) return undefined;
  /** @type {string[]} */
  const strings = [];
  let depth = 0;
  for (const { kind, text } of tokens.slice(start)) {
    if (kind === "string") strings.push(text);
    if (kind !== "punctuation") continue;
    if (OPENING.has(text)) depth += 1;
    if (CLOSING.has(text)) depth -= 1;
    if (text === ";" && depth === 0) break;
  }
  return strings;
}

/**
 * The module of `import { …, name, … } from "specifier"`.
 * @param {string} name @param {Token[]} tokens
 */
function specifierOf(name, tokens) {
  for (const [index, token] of tokens.entries()) {
    if (!isWord(token, "import")) continue;
    const end = tokens.findIndex((other, at) => at > index && other.kind === "string");
    if (tokens.slice(index, end).some((other) => isWord(other, name))) return tokens[end]?.text;
  }
  return undefined;
}

/** @param {Token | undefined} token @param {string} text */
function isWord(token, text) {
  return token?.kind === "word" && token.text === text;
}
