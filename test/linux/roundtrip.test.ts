// What a program of one ABI writes, programs of both read in their own form, attribute by attribute (linux-compat, Part 1 and
// Part 2). The stories are in roundtrip/.

import { describe, expect, it } from "vitest";
import { ADDRESSES } from "./roundtrip/addresses.js";
import { LINKS } from "./roundtrip/links.js";
import { NEIGHBOURS } from "./roundtrip/neighbours.js";
import { NEXTHOPS } from "./roundtrip/nexthops.js";
import { ROUTES } from "./roundtrip/routes.js";
import {
  holds,
  linuxValue,
  type Readings,
  type Row,
  type Story,
  tell,
  type Writer,
  writersOf,
} from "./roundtrip/story.js";

const STORIES: readonly Story[] = [...LINKS, ...ADDRESSES, ...ROUTES, ...NEIGHBOURS, ...NEXTHOPS];
const MODES = ["strict", "extended"] as const;

/** Rows that do not read as they should, each with what it should say. */
function wrong(
  { linux, freebsd }: Readings,
  rows: readonly Row[],
  mode: (typeof MODES)[number],
  writer: Writer,
): string[] {
  return rows.flatMap((row) => {
    const [program, kernel] = typeof row.field === "string" ? [row.field, row.field] : row.field;
    if (row.isLinuxOnly && writer !== "a Linux program") return [];
    const told: string[] = [];
    if (!holds(linux, program, linuxValue(row, mode))) told.push(`Linux: ${program} ${shown(linux, program)}`);
    if (!holds(freebsd, kernel, row.freebsd)) told.push(`FreeBSD: ${kernel} ${shown(freebsd, kernel)}`);
    return told;
  });
}

function shown(fields: Readings["linux"], name: string): string {
  const value = fields.find((each) => each.name === name)?.value;
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value);
}

describe.each(MODES)("[FC-LINUX-7] in the mode %s", (mode) => {
  for (const story of STORIES) {
    describe(`${story.kind.name}: ${story.title}`, () => {
      it.each(writersOf(story, mode))("that %s wrote reads as each ABI has it", (writer) => {
        expect(wrong(tell(story, mode, writer), story.rows, mode, writer)).toEqual([]);
      });
    });
  }
});

describe("every field", () => {
  const KINDS = ["link", "address", "route", "neighbour", "nexthop"] as const;

  /** Fields that are read on one side, in any story of a kind, and that no row names. Headers are the same for all. */
  function unnamed(name: (typeof KINDS)[number], mode: (typeof MODES)[number], side: keyof Readings): string[] {
    const stories = STORIES.filter((each) => each.kind.name === name);
    const place = side === "linux" ? 0 : 1;
    const rows = new Set(
      stories.flatMap(({ rows }) => rows.map(({ field }) => (typeof field === "string" ? field : field[place]))),
    );
    const seen = stories.flatMap((story) => {
      const [writer = "nobody"] = writersOf(story, mode);
      return tell(story, mode, writer)[side].map((field) => field.name.replace(/\[\d+\]/, "[0]"));
    });
    return [...new Set(seen)].filter((field) => !rows.has(field) && !field.startsWith("nlmsg_"));
  }

  it.each(KINDS)("of a %s that the kernel shows has a row", (name) => {
    expect(unnamed(name, "strict", "freebsd")).toEqual([]);
  });

  it.each(KINDS)("of a %s that a Linux program sees has a row", (name) => {
    expect(unnamed(name, "strict", "linux")).toEqual([]);
    expect(unnamed(name, "extended", "linux")).toEqual([]);
  });
});
