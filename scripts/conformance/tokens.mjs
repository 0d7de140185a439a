// Just enough of TypeScript's lexical grammar to find strings: words, punctuation one character each, strings and
// templates; comments and regular expressions are left out.

/** @typedef {{ kind: "word" | "string" | "punctuation", text: string }} Token */

const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$]*/uy;
const NUMBER = /\d[\w.]*/y;
const BLANK = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const QUOTED = /"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'/y;
const REGEXP = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** Stands in a template for what is known only when the test runs. */
const SUBSTITUTION = "…";
/** After these words a slash begins a regular expression; after any other word it divides. */
const BEFORE_REGEXP = new Set(["return", "typeof", "case", "in", "of", "void", "await", "yield"]);

/**
 * @param {string} source
 * @returns {Token[]}
 */
export function tokensOf(source) {
  /** @type {Token[]} */
  const tokens = [];
  readUntil(source, 0, undefined, tokens);
  return tokens;
}

/**
 * Reads tokens up to the brace that closes a substitution, or to the end.
 * @param {string} source @param {number} start @param {"}" | undefined} end @param {Token[]} tokens
 * @returns {number} where the reading stopped, behind `end`
 */
function readUntil(source, start, end, tokens) {
  let depth = 0;
  let at = start;
  while (at < source.length) {
    const character = source.charAt(at);
    const blank = match(BLANK, source, at);
    const word = match(WORD, source, at) ?? match(NUMBER, source, at);
    const quoted = match(QUOTED, source, at);
    const regexp = mayBeRegexp(tokens.at(-1)) ? match(REGEXP, source, at) : undefined;
    if (blank !== undefined) {
      at += blank.length;
    } else if (word !== undefined) {
      tokens.push({ kind: "word", text: word });
      at += word.length;
    } else if (quoted !== undefined) {
      tokens.push({ kind: "string", text: withoutEscapes(quoted.slice(1, -1)) });
      at += quoted.length;
    } else if (character === "`") {
      at = readTemplate(source, at + 1, tokens);
    } else if (regexp !== undefined) {
      tokens.push({ kind: "word", text: "regexp" });
      at += regexp.length;
    } else {
      if (character === "{") depth += 1;
      if (character === "}" && depth === 0 && end === "}") return at + 1;
      if (character === "}") depth -= 1;
      tokens.push({ kind: "punctuation", text: character });
      at += 1;
    }
  }
  return at;
}

/**
 * @param {string} source @param {number} start - behind the opening backquote @param {Token[]} tokens
 * @returns {number} behind the closing backquote
 */
function readTemplate(source, start, tokens) {
  let text = "";
  let at = start;
  while (at < source.length && source.charAt(at) !== "`") {
    if (source.startsWith("${", at)) {
      text += SUBSTITUTION;
      at = readUntil(source, at + 2, "}", []);
    } else {
      const length = source.charAt(at) === "\\" ? 2 : 1;
      text += withoutEscapes(source.slice(at, at + length));
      at += length;
    }
  }
  tokens.push({ kind: "string", text });
  return at + 1;
}

/**
 * @param {RegExp} pattern - sticky @param {string} source @param {number} at
 * @returns {string | undefined}
 */
function match(pattern, source, at) {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

/** @param {Token | undefined} before */
function mayBeRegexp(before) {
  if (before === undefined) return true;
  if (before.kind === "word") return BEFORE_REGEXP.has(before.text);
  return before.kind === "punctuation" && !")]}".includes(before.text);
}

/** @param {string} text */
function withoutEscapes(text) {
  return text.replace(/\\([\s\S])/g, "$1");
}
