// What is wrong with a specification is named with file, line, column and what was expected.

import { describe, expect, it } from "vitest";
import { encode } from "../../host/codec/encode.js";
import { ConfigError } from "../../host/yaml/schema.js";
import { Specification } from "../../host/ynl/specification.js";
import { toHex } from "../support/messages.js";

/** A specification of a line each, in which a test replaces some. */
const PARTS = {
  definitions: "definitions: [{ name: kinds, type: enum, entries: [one, two] }]",
  sets: "attribute-sets: [{ name: main, attributes: [{ name: a, type: u8 }] }]",
  operations: "operations: { list: [{ name: get, attribute-set: main, do: {} }] }",
} as const;

function specification(parts: Partial<Record<keyof typeof PARTS | "head", string>>): Specification {
  const { head = "name: f", definitions, sets, operations } = { ...PARTS, ...parts };
  return new Specification([head, definitions, sets, operations].join("\n"), "F.yaml");
}

const definition = (text: string): object => ({ definitions: `definitions: [${text}]` });
const attribute = (text: string): object => ({
  sets: `attribute-sets: [{ name: main, attributes: [{ name: a, type: u8 }, ${text}] }]`,
});
const operation = (text: string): object => ({ operations: `operations: { list: [${text}] }` });

describe("a specification", () => {
  it("of the least that there can be is one", () => {
    expect(specification({})).toMatchObject({
      name: "f",
      version: 1,
      groups: [],
      operations: [{ name: "get", request: 1 }],
    });
  });

  it.each<[object, string]>([
    // its form
    [{ head: "name: [" }, "F.yaml:2:"],
    [{ head: "doc: x" }, 'F.yaml:1:1: the file: missing key "name"'],
    [{ head: "name: f\nnonsense: 1" }, 'F.yaml:2:1: unknown key "nonsense"; expected one of name, doc, protocol'],
    [
      { head: "name: f\nprotocol: netlink-raw" },
      "F.yaml:2:11: protocol: expected one of genetlink, genetlink-c, genetlink-legacy",
    ],
    [{ head: "name: f\nversion: 256" }, "F.yaml:2:10: version: expected an integer from 1 to 255, got 256"],
    [
      attribute("{ name: b, type: u12 }"),
      "F.yaml:3:85: attribute-sets[0].attributes[1].type: expected one of unused, pad",
    ],
    [
      operation("{ name: get, do: {}, value: 256 }"),
      "operations.list[0].value: expected an integer from 0 to 255, got 256",
    ],
    // definitions
    [definition("{ name: c, type: const }"), 'F.yaml:2:15: definitions[0]: missing key "value" of type const'],
    [definition("{ name: c, type: enum }"), 'missing key "entries" of type enum'],
    [definition("{ name: c, type: struct }"), 'missing key "members" of type struct'],
    [definition("{ name: c, type: const, value: d }"), 'definitions[0].value: expected a constant, got "d"'],
    [
      definition("{ name: c, type: const, value: 1 }, { name: c, type: const, value: 2 }"),
      'definitions[1].name: "c" occurs twice',
    ],
    [definition("{ name: c, type: enum, entries: [x, x] }"), 'definitions[0].entries[1]: "x" occurs twice'],
    [definition("{ name: c, type: flags, entries: [{ name: x, value: 64 }] }"), "expected a bit from 0 to 63, got 64"],
    [
      definition("{ name: c, type: struct, members: [{ name: x, type: string }] }"),
      'missing key "len" of a string member',
    ],
    [
      definition("{ name: c, type: struct, members: [{ name: x, type: binary }] }"),
      'missing key "len" of a binary member',
    ],
    [
      definition("{ name: c, type: struct, members: [{ name: x, type: pad, len: -1 }] }"),
      "expected a length from 0 to 65535, got -1",
    ],
    [
      definition("{ name: c, type: struct, members: [{ name: x, type: binary, struct: c }] }"),
      'expected a struct, got "c"',
    ],
    // attribute sets
    [attribute("{ name: b }"), 'attribute-sets[0].attributes[1]: missing key "type"'],
    [attribute("{ name: a, type: u8 }"), 'attribute-sets[0].attributes[1].name: "a" occurs twice; expected it once'],
    [attribute("{ name: b, type: u8, value: 1 }"), "attribute-sets[0].attributes[1]: 1 occurs twice"],
    [attribute("{ name: wire, type: u8 }"), 'expected another name than "wire"'],
    [attribute("{ name: b, type: nest }"), 'missing key "nested-attributes"'],
    [attribute("{ name: b, type: nest, nested-attributes: x }"), 'expected an attribute set, one of main, got "x"'],
    [attribute("{ name: b, type: indexed-array }"), 'missing key "sub-type"'],
    [attribute("{ name: b, type: indexed-array, sub-type: nest }"), 'missing key "nested-attributes"'],
    [attribute("{ name: b, type: binary, sub-type: string }"), `expected a number's type, got "string"`],
    [attribute("{ name: b, type: binary, struct: x }"), 'attributes[1].struct: expected a struct, got "x"'],
    [
      attribute("{ name: b, type: u8, enum: x }"),
      'attributes[1].enum: expected an enum or flags, one of kinds, got "x"',
    ],
    [attribute("{ name: b, type: u8, checks: { flags-mask: x } }"), "checks.flags-mask: expected an enum or flags"],
    [
      { sets: `${PARTS.sets.slice(0, -1)}, { name: main, attributes: [] }]` },
      'attribute-sets[1].name: "main" occurs twice',
    ],
    [
      { sets: `${PARTS.sets.slice(0, -1)}, { name: sub, subset-of: x, attributes: [] }]` },
      "attribute-sets[1].subset-of: expected an attribute set before this one, one of main",
    ],
    [
      { sets: `${PARTS.sets.slice(0, -1)}, { name: sub, subset-of: main, attributes: [{ name: z }] }]` },
      'attribute-sets[1].attributes[0].name: expected an attribute of main, one of a, got "z"',
    ],
    // operations
    [operation("{ name: get, do: {} }"), 'operations.list[0]: missing key "attribute-set"'],
    [operation("{ name: get, attribute-set: x, do: {} }"), 'expected an attribute set, one of main, got "x"'],
    [operation("{ name: told, notify: x }"), 'operations.list[0].notify: expected an operation, one of told, got "x"'],
    [
      operation("{ name: get, attribute-set: main, do: { reply: { attributes: [b] } } }"),
      "do.reply.attributes[0]: expected an attribute of main",
    ],
    [
      operation("{ name: get, attribute-set: main, event: { attributes: [b] } }"),
      "event.attributes[0]: expected an attribute of main",
    ],
    [
      operation("{ name: get, attribute-set: main, fixed-header: x, do: {} }"),
      "operations.list[0].fixed-header: expected a struct",
    ],
    [
      operation("{ name: get, attribute-set: main, do: {} }, { name: get }"),
      'operations.list[1].name: "get" occurs twice',
    ],
    [
      operation("{ name: get, attribute-set: main, do: {} }, { name: set, attribute-set: main, do: {}, value: 1 }"),
      "operations.list[1]: 1 occurs twice",
    ],
    [
      { operations: "operations: { enum-model: directional, list: [{ name: get }] }" },
      "expected one of do, dump, notify, event",
    ],
    [
      {
        ...definition("{ name: c, type: struct, members: [{ name: a, type: u8 }] }"),
        ...operation("{ name: get, attribute-set: main, fixed-header: c, do: {} }"),
      },
      'operations.list[0]: "a" is in the fixed header and an attribute',
    ],
  ])("%j is refused: %s", (parts, problem) => {
    expect(() => specification(parts)).toThrow(ConfigError);
    expect(() => specification(parts)).toThrow(problem);
    expect(() => specification(parts)).toThrow(/^F\.yaml:\d+:\d+: /);
  });
});

describe("what Linux's own specifications have", () => {
  it("is read: keys that stand alone, numbers kept free more than once, enumerations behind what uses them", () => {
    const read = specification({
      definitions: `definitions:
        - { name: pair, type: struct, members: [{ name: kind, type: u8, enum: kinds }] }
        - { name: kinds, type: enum, value-start: first, entries: [one, two], enum-name: }
        - { name: first, type: const, value: 5, name-prefix: f- }`,
      sets: `attribute-sets:
        -
          name: main
          enum-name:
          attributes:
            - { name: unspec, type: unused, value: 0 }
            - { name: unspec, type: unused, value: 0 }
            - { name: pad, type: unused }
            - { name: a, type: binary, struct: pair }`,
    });
    expect(toHex(encode(read.request("get", "do", { a: { kind: "two" } }, 20)).subarray(20))).toBe("0500020006000000");
  });
});

describe("the numbers of operations", () => {
  const list = (text: string): Specification["operations"] =>
    specification({ operations: `operations: ${text}` }).operations;
  const A = "attribute-set: main";

  it("count on from the last one, both directions together", () => {
    expect(
      list(
        `{ list: [{ name: a, ${A}, do: {} }, { name: b, ${A}, value: 5, do: {} }, { name: c, ${A}, event: {} }, { name: d, ${A}, do: {} }] }`,
      ),
    ).toMatchObject([
      { request: 1, reply: 1 },
      { request: 5, reply: 5 },
      { request: undefined, reply: 6 },
      { request: 7, reply: 7 },
    ]);
  });

  it("count apart where the model is directional, and what has no answer takes none", () => {
    const operations = `{ enum-model: directional, list: [
      { name: a, ${A}, do: { request: { value: 3 }, reply: { value: 1 } } },
      { name: b, ${A}, do: { request: {} } },
      { name: c, ${A}, dump: { request: {}, reply: {} } },
      { name: d, notify: a, value: 7 },
      { name: e, ${A}, event: {} },
    ] }`;
    expect(list(operations)).toMatchObject([
      { request: 3, reply: 1 },
      { request: 4, reply: undefined },
      { request: 5, reply: 2 },
      { request: undefined, reply: 7 },
      { request: undefined, reply: 8 },
    ]);
  });
});
