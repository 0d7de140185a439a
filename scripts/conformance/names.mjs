// The names of tests, read from the text of a test file without running it: the first argument of it, test and
// describe, and the strings in the table of an .each or .for, from which names are made. A skipped test pins nothing;
// nor does a name that a loop puts together.
import { isIdLike } from "./catalogue.mjs";
import { stringsOfConstant } from "./tables.mjs";
import { tokensOf } from "./tokens.mjs";

/** @typedef {import("./tokens.mjs").Token} Token */

const STARTERS = new Set(["it", "test", "describe"]);
const TABLES = new Set(["each", "for"]);
const UNUSED = new Set(["skip", "todo"]);
const CLOSERS = new Map([
  ["(", ")"],
  ["<", ">"],
]);

/**
 * @param {string} source - TypeScript
 * @param {import("./tables.mjs").ReadImport} readImport
 * @returns {string[]} names and strings of tables, in order; a substitution of a template is left as …
 */
export function testNames(source, readImport = () => undefined) {
  const tokens = tokensOf(source);
  return tokens.flatMap((token, index) => {
    const isStart = token.kind === "word" && STARTERS.has(token.text) && tokens[index - 1]?.text !== ".";
    return isStart ? namesOfCall(tokens, index + 1, readImport) : [];
  });
}

/**
 * Reads `.modifier`, `.each(table)`, `.skipIf(condition)` and so on, then `(name`.
 * @param {Token[]} tokens @param {number} start @param {import("./tables.mjs").ReadImport} readImport
 * @returns {string[]}
 */
function namesOfCall(tokens, start, readImport) {
  /** @type {string[]} */
  const table = [];
  let modifier = "";
  let at = start;
  for (;;) {
    const token = tokens[at];
    if (token?.text === "." && token.kind === "punctuation") {
      modifier = tokens[at + 1]?.text ?? "";
      if (UNUSED.has(modifier)) return [];
      at += 2;
    } else if (token?.text === "<" && token.kind === "punctuation") {
      at = skipGroup(tokens, at);
    } else if (token?.kind === "string" && TABLES.has(modifier)) {
      table.push(token.text);
      modifier = "";
      at += 1;
    } else if (token?.text === "(" && token.kind === "punctuation") {
      const end = skipGroup(tokens, at);
      if (!isCalledAgain(tokens, end)) return [...table, ...firstArgument(tokens, at + 1)];
      if (TABLES.has(modifier)) table.push(...stringsOfTable(tokens, at, end, readImport));
      modifier = "";
      at = end;
    } else {
      return [];
    }
  }
}

/** @param {Token[]} tokens @param {number} at */
function isCalledAgain(tokens, at) {
  return tokens[at]?.kind === "punctuation" && tokens[at]?.text === "(";
}

/**
 * The strings of the first argument: one, or several joined with +.
 * @param {Token[]} tokens @param {number} start
 */
function firstArgument(tokens, start) {
  let text = "";
  for (let at = start; tokens[at]?.kind === "string"; at += 2) {
    text += tokens[at]?.text;
    if (tokens[at + 1]?.text !== "+") break;
  }
  return text === "" ? [] : [text];
}

/**
 * The strings of a table that is written in place, and of the constants it names.
 * @param {Token[]} tokens @param {number} start @param {number} end @param {import("./tables.mjs").ReadImport} readImport
 */
function stringsOfTable(tokens, start, end, readImport) {
  return tokens.slice(start, end).flatMap(({ kind, text }) => {
    if (kind === "string") return [text];
    return kind === "word" ? stringsOfConstant(text, tokens, readImport) : [];
  });
}

/**
 * @param {Token[]} tokens @param {number} start - index of an opening token
 * @returns {number} the index behind the closing one
 */
function skipGroup(tokens, start) {
  const open = tokens[start]?.text ?? "";
  const close = CLOSERS.get(open);
  let depth = 0;
  for (let at = start; at < tokens.length; at++) {
    const token = tokens[at];
    if (token?.kind !== "punctuation" || isArrowhead(tokens, at)) continue;
    if (token.text === open) depth += 1;
    if (token.text === close) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return tokens.length;
}

/**
 * Whether a > belongs to the => of a function type: it closes nothing.
 * @param {Token[]} tokens @param {number} at
 */
function isArrowhead(tokens, at) {
  const before = tokens[at - 1];
  return tokens[at]?.text === ">" && before?.kind === "punctuation" && before.text === "=";
}

/**
 * The ids in the brackets of a name: [N5.2] or [N5.2, RF-CORE-34b]. Brackets with anything else in them are text.
 * @param {string} name
 * @returns {string[]}
 */
export function idsIn(name) {
  return [...name.matchAll(/\[([^[\]]+)\]/g)].flatMap(([, content = ""]) => {
    const words = content.split(/[,\s]+/).filter((word) => word !== "");
    return words.every(isIdLike) ? words : [];
  });
}
