// Which rules and cases the names of the tests pin, which are missing, which were found wrong.
import { idsIn } from "./names.mjs";

/** @typedef {import("./catalogue.mjs").Item} Item */
/** A name of a test and the file it is in. @typedef {{ name: string, file: string }} TestName */
/** A case or rule that does not say what FreeBSD does. @typedef {{ id: string, reason: string, source: string }} Wrong */
/** `inputs` are the letters still to pin. @typedef {{ id: string, inputs: string[] }} Missing */
/** @typedef {{ name: string, kind: Item["kind"], total: number, pinned: string[], missing: Missing[], wrong: Wrong[] }} Group */
/** @typedef {{ groups: Group[], unknown: { id: string, file: string, name: string }[] }} Report */

/**
 * @param {Item[]} items - cases and rules
 * @param {TestName[]} tests
 * @param {Wrong[]} wrongs - a case may be named with the letter of one input
 * @returns {Report}
 * @throws {Error} an entry of `wrongs` without id, reason or source, or with an id that does not exist
 */
export function report(items, tests, wrongs) {
  const known = knownIds(items);
  checkWrongs(wrongs, known);
  const used = tests.flatMap(({ name, file }) => idsIn(name).map((id) => ({ id, file, name })));
  const pinned = new Set(used.map(({ id }) => id));
  for (const item of items) {
    const isPinned = item.kind === "case" && lettersLeft(item, pinned, wrongs) === undefined;
    if (isPinned) for (const cited of item.cites) pinned.add(cited);
  }
  return {
    groups: groupsOf(items).map((group) => tally(group, items, pinned, wrongs)),
    unknown: used.filter(({ id }) => !known.has(id)),
  };
}

/**
 * What a test may name: cases, their inputs, rules, and the sections that rules are part of or that cases cite.
 * @param {Item[]} items
 */
function knownIds(items) {
  return new Set(
    items.flatMap((item) => [
      item.id,
      ...item.cites,
      ...item.inputs.map((letter) => item.id + letter),
      ...(item.kind === "rule" ? sectionsOf(item.id) : []),
    ]),
  );
}

/**
 * "B.1.2" is in "B.1"; "N12.3" is in "N12".
 * @param {string} rule
 */
function sectionsOf(rule) {
  const parts = rule.split(".");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("."));
}

/** @param {Wrong[]} wrongs @param {Set<string>} known */
function checkWrongs(wrongs, known) {
  for (const { id, reason, source } of wrongs) {
    if (!id || !reason || !source) throw new Error(`wrong.json: ${id}: expected id, reason and source`);
    if (!known.has(id)) throw new Error(`wrong.json: ${id} is neither a case nor a rule`);
  }
}

/**
 * The letters of a case that no test pins; none for a rule or a case without inputs.
 * @param {Item} item @param {Set<string>} pinned @param {Wrong[]} wrongs
 * @returns {string[] | undefined} undefined when the item is pinned
 */
function lettersLeft(item, pinned, wrongs) {
  if (pinned.has(item.id)) return undefined;
  if (item.inputs.length === 0) return [];
  const wrong = new Set(wrongs.map(({ id }) => id));
  const left = item.inputs.filter((letter) => !pinned.has(item.id + letter) && !wrong.has(item.id + letter));
  return left.length === 0 ? undefined : left;
}

/** @param {Item[]} items */
function groupsOf(items) {
  return [...new Map(items.map(({ group, kind }) => [`${kind} ${group}`, { name: group, kind }])).values()];
}

/**
 * @param {{ name: string, kind: Item["kind"] }} group
 * @param {Item[]} items @param {Set<string>} pinned @param {Wrong[]} wrongs
 * @returns {Group}
 */
function tally({ name, kind }, items, pinned, wrongs) {
  const members = items.filter((item) => item.group === name && item.kind === kind);
  const wrongOf = (/** @type {Item} */ item) => wrongs.find(({ id }) => id === item.id);
  const right = members.filter((item) => wrongOf(item) === undefined);
  return {
    name,
    kind,
    total: members.length,
    pinned: right.filter((item) => lettersLeft(item, pinned, wrongs) === undefined).map(({ id }) => id),
    missing: right.flatMap((item) => {
      const inputs = lettersLeft(item, pinned, wrongs);
      return inputs === undefined ? [] : [{ id: item.id, inputs }];
    }),
    wrong: members.flatMap((item) => wrongOf(item) ?? []),
  };
}

/**
 * The report as text: a line a group, then what is missing, wrong and unknown.
 * @param {Report} report
 */
export function formatReport({ groups, unknown }) {
  const width = Math.max(5, ...groups.map(({ name }) => name.length));
  const row = (/** @type {[string, ...(string | number)[]]} */ [name, ...counts]) =>
    name.padEnd(width) + counts.map((count) => String(count).padStart(9)).join("");
  const sum = (/** @type {"pinned" | "missing" | "wrong"} */ key) =>
    groups.reduce((total, group) => total + group[key].length, 0);
  return [
    row(["group", "pinned", "missing", "wrong"]),
    ...groups.map(({ name, pinned, missing, wrong }) => row([name, pinned.length, missing.length, wrong.length])),
    row(["total", sum("pinned"), sum("missing"), sum("wrong")]),
    ...groups.filter(({ missing }) => missing.length > 0).map(formatMissing),
    ...groups.flatMap(({ wrong }) => wrong.map(({ id, reason, source }) => `wrong: ${id}: ${reason} (${source})`)),
    ...unknown.map(({ id, file, name }) => `unknown id ${id} in ${file}: ${name}`),
  ].join("\n");
}

/** @param {Group} group */
function formatMissing({ name, missing }) {
  const ids = missing.map(({ id, inputs }) => (inputs.length === 0 ? id : `${id}(${inputs.join("")})`));
  return `missing in ${name}: ${ids.join(" ")}`;
}
