// Pieces of mdoc, the language of manual pages.

/** Text on a line of its own: what would be read as a request or an escape is not. @param {string} text */
export function plain(text) {
  const escaped = text.replaceAll("\\", "\\e");
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

/** An argument of a macro: no name of another macro, and one word. @param {string} text */
export function argument(text) {
  const escaped = text.replaceAll("\\", "\\e").replaceAll('"', "\\(dq");
  return /\s/.test(escaped)
    ? `"${escaped}"`
    : /^[A-Z][a-z]$|^[.,:;()[\]?!|]$/.test(escaped)
      ? `\\&${escaped}`
      : escaped;
}

/** A sentence: with a full stop, and without what only Markdown has. @param {string} text */
export function sentence(text) {
  const bare = text.replaceAll("`", "");
  return plain(/[.!?]$/.test(bare) ? bare : `${bare}.`);
}

/**
 * A list of things and what each is.
 * @param {Iterable<readonly [string, readonly string[]]>} items - the line behind .It, and the lines below it
 */
export function tagged(items) {
  const lines = [...items].flatMap(([tag, below]) => [`.It ${tag}`, ...below]);
  return lines.length === 0 ? [] : [".Bl -tag -width Ds", ...lines, ".El"];
}

/** Of a tag that still stands in the line of what it is. */
const WIDTH_MAX = 28;

/** A compact list of things and what each is, each in a line. @param {Iterable<readonly [string, string]>} rows */
export function rows(rows) {
  const lines = [...rows].flatMap(([tag, text]) => [`.It ${tag}`, plain(text)]);
  const widths = lines.filter((line) => line.startsWith(".It ")).map((line) => line.split(" ").at(-1) ?? "");
  const widest = widths.reduce((found, each) => (each.length > found.length ? each : found), "Ds");
  const width = widest.length > WIDTH_MAX ? "Ds" : argument(widest.replace(/\W/g, "x"));
  return lines.length === 0 ? [] : [`.Bl -tag -width ${width} -compact`, ...lines, ".El"];
}

const LINE_MAX = 78;

/**
 * Lines of a page as mdoc wants them: no text line above 80 characters, each sentence on a new line, and the system by its
 * macro. What is literal stays.
 * @param {readonly string[]} lines
 */
export function arranged(lines) {
  const made = [];
  let isLiteral = false;
  for (const line of lines) {
    if (/^\.(Bd|Ed)/.test(line)) isLiteral = line.startsWith(".Bd");
    if (isLiteral || line === "" || /^[.']/.test(line)) made.push(line);
    else for (const each of line.split(/(?<=[.!?]) (?=[A-Z])/)) made.push(...arrangedSentence(each));
  }
  return made;
}

/** @param {string} text */
function arrangedSentence(text) {
  /** @type {string[]} */
  const made = [];
  let current = "";
  const end = () => {
    if (current !== "") made.push(current);
    current = "";
  };
  for (const word of text.split(" ")) {
    const [, before = "", possessive = "", after = ""] = /^([(]?)FreeBSD('s)?([,.;:)]*)$/.exec(word) ?? [];
    if (/^[(]?FreeBSD('s)?[,.;:)]*$/.test(word)) {
      end();
      made.push(
        `.${before === "" ? "" : "Pq "}Fx${possessive === "" ? "" : " Ns 's"}${after === "" ? "" : ` ${[...after].join(" ")}`}`,
      );
    } else if (current === "") current = plain(word.replaceAll("\\e", "\\"));
    else if (current.length + 1 + word.length <= LINE_MAX) current += ` ${word}`;
    else {
      end();
      current = /^[.']/.test(word) ? `\\&${word}` : word;
    }
  }
  end();
  return made;
}
