// The tables of docs/config.md as the schema of configurations has them.
import { expectedOf, type RecordShape, type Shape } from "../../host/yaml/schema.js";

export type Row = readonly [key: string, type: string, byDefault: string, meaning: string];

/** A table a record, under its title, outermost first; one that occurs in several places once. */
export function tablesOf(shape: RecordShape): Map<string, Row[]> {
  const tables = new Map<string, Row[]>();
  addTable(shape, tables);
  return tables;
}

function addTable(shape: RecordShape, tables: Map<string, Row[]>): void {
  if (tables.has(shape.title)) return;
  tables.set(
    shape.title,
    Object.entries(shape.fields).map(([key, { shape: type, byDefault, meaning }]) => [
      `\`${key}\``,
      typeOf(type),
      byDefault,
      meaning,
    ]),
  );
  for (const { shape: inner } of Object.values(shape.fields)) {
    const record = recordIn(inner);
    if (record) addTable(record, tables);
  }
}

function recordIn(shape: Shape): RecordShape | undefined {
  if (shape.kind === "record") return shape;
  if (shape.kind === "list") return recordIn(shape.item);
  return shape.kind === "either" ? shape.record : undefined;
}

function typeOf(shape: Shape): string {
  switch (shape.kind) {
    case "record":
      return `[${shape.title}](#${shape.title})`;
    case "list":
      return `list: ${typeOf(shape.item)}`;
    case "map":
      return `map: ${shape.expected}, to ${typeOf(shape.value)}`;
    case "either":
      return `${typeOf(shape.scalar)}; or ${typeOf(shape.record)}`;
    default:
      return expectedOf(shape);
  }
}

/** The tables of a Markdown text: rows by the heading above them, without head and rule. */
export function tablesIn(markdown: string): Map<string, Row[]> {
  const tables = new Map<string, Row[]>();
  let heading = "";
  for (const line of markdown.split("\n")) {
    heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
    if (!line.startsWith("|")) continue;
    const cells = line.split("|").slice(1, -1);
    const [key = "", type = "", byDefault = "", meaning = ""] = cells.map((cell) => cell.trim());
    if (!key.startsWith("`")) continue;
    tables.set(heading, [...(tables.get(heading) ?? []), [key, type, byDefault, meaning]]);
  }
  return tables;
}
