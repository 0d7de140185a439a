// What must be pinned by tests: the cases of conformance.md and the rules of rules.txt.

/**
 * One thing to pin. `inputs` are the letters of a case's inputs (a), (b) …, none when it has one; `cites` are the
 * rules and sections in the last column of an RF case: it pins them too.
 * @typedef {{ id: string, group: string, kind: "case" | "rule", inputs: string[], cites: string[] }} Item
 */

const CASE = /^- ((?:FB|FC|RF)(?:-[A-Z]+)?-\d+) \| /;
const FIELDS = 5;
const CASE_ID = /^(?:FB-\d+|(?:FC|RF)-[A-Z]+-\d+)[a-z]?$/;
const RULE_ID = /^(?:0\.\d+|[A-Z](?:\.\d+)+|[A-Z]\d+(?:\.\d+)*|(?:RS|X)-\d+)$/;

/**
 * Reads `- id | set-up | action | expected | source` below `## GROUP` headings.
 * @param {string} markdown
 * @returns {Item[]}
 * @throws {Error} a case that has not five fields, or that occurs twice
 */
export function parseCases(markdown) {
  let group = "";
  /** @type {Map<string, Item>} */
  const cases = new Map();
  for (const [index, line] of markdown.split("\n").entries()) {
    if (line.startsWith("## ")) group = line.slice(3).trim();
    const id = CASE.exec(line)?.[1];
    if (id === undefined) continue;
    const fields = line.split(" | ");
    if (fields.length !== FIELDS) throw new Error(`conformance.md:${index + 1}: ${id}: expected ${FIELDS} fields`);
    if (cases.has(id)) throw new Error(`conformance.md:${index + 1}: ${id} occurs twice`);
    const cites = id.startsWith("RF-") ? rulesIn(fields[4] ?? "") : [];
    cases.set(id, { id, group, kind: "case", inputs: inputsOf(fields[2] ?? ""), cites });
  }
  return [...cases.values()];
}

/**
 * The letters of the inputs of an action. Only an action that begins with "(a) " has them: elsewhere "(a)" is the
 * flag ACK of a message.
 * @param {string} action
 */
function inputsOf(action) {
  /** @type {string[]} */
  const letters = [];
  if (!action.startsWith("(a) ")) return letters;
  let at = 0;
  for (const letter of "abcdefghijklmnopqrstuvwxyz") {
    at = action.indexOf(`(${letter}) `, at);
    if (at < 0) break;
    letters.push(letter);
  }
  return letters;
}

/** @param {string} source */
function rulesIn(source) {
  return source.split(/[,;\s]+/).filter((word) => RULE_ID.test(word));
}

/**
 * Reads `id<TAB>file<TAB>beginning of the rule`; a line with # is a comment. Rules are grouped by file and letter.
 * @param {string} text
 * @returns {Item[]}
 */
export function parseRules(text) {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [id = "", file = ""] = line.split("\t");
      const letter = /^[A-Z]+/.exec(id)?.[0] ?? "0";
      return { id, group: `${file.replace(/\.md$/, "")} ${letter}`, kind: "rule", inputs: [], cites: [] };
    });
}

/** @param {string} text */
export function isIdLike(text) {
  return CASE_ID.test(text) || RULE_ID.test(text);
}
