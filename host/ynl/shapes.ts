// What a YNL specification may hold: the YAML that Linux describes families of generic netlink with
// (Documentation/netlink/genetlink-legacy.yaml, of which the other protocol levels are parts). Other names that Linux's later
// versions have for the same are known, too.

import type { EitherShape, Field, RecordShape, Shape } from "../yaml/schema.js";

const NAME: Shape = { kind: "text", expected: "a name", accepts: (text) => text !== "" };
const TEXT: Shape = { kind: "text", expected: "a text", accepts: () => true };
/** A name for C, which may have none. */
const C_NAME: Shape = { kind: "text or nothing" };
const NAMES: Shape = { kind: "list", item: NAME };
const BOOLEAN: Shape = { kind: "boolean" };
const NUMBER: Shape = { kind: "integer or name" };
const SIGNED: Shape = { kind: "integer", min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };
const COMMAND: Shape = { kind: "integer", min: 0, max: 255 };
const ATTRIBUTE: Shape = { kind: "integer", min: 0, max: 0x3fff };
const BYTE_ORDER: Shape = { kind: "choice", of: ["little-endian", "big-endian"] };
const HINT: Shape = { kind: "choice", of: ["hex", "mac", "fddi", "ipv4", "ipv6", "ipv4-or-v6", "uuid"] };

const SCALARS = ["u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64"] as const;

/** Types of attributes. `array-nest` is what `indexed-array` of nests was called. */
export const ATTRIBUTE_TYPES = [
  "unused",
  "pad",
  "flag",
  "binary",
  "bitfield32",
  "uint",
  "sint",
  ...SCALARS,
  "string",
  "nest",
  "indexed-array",
  "array-nest",
  "nest-type-value",
] as const;

const ATTRIBUTE_TYPE: Shape = { kind: "choice", of: ATTRIBUTE_TYPES };
const COMMAND_FLAGS: Shape = { kind: "list", item: { kind: "choice", of: ["admin-perm", "uns-admin-perm"] } };

function record(title: string, required: readonly string[], shapes: Readonly<Record<string, Shape>>): RecordShape {
  const fields = Object.entries(shapes).map(([key, shape]): [string, Field] => [
    key,
    { shape, byDefault: required.includes(key) ? "required" : "none", meaning: "" },
  ]);
  return { kind: "record", title, required, fields: Object.fromEntries(fields) };
}

const ENTRY: EitherShape = {
  kind: "either",
  scalar: { kind: "text", expected: "a name", accepts: (text) => text !== "" },
  record: record("entry", ["name"], { name: NAME, value: SIGNED, doc: TEXT }),
};

const MEMBER = record("member", ["name", "type"], {
  name: NAME,
  type: { kind: "choice", of: [...SCALARS, "string", "binary", "pad"] },
  len: NUMBER,
  "byte-order": BYTE_ORDER,
  doc: TEXT,
  enum: NAME,
  "enum-as-flags": BOOLEAN,
  "display-hint": HINT,
  struct: NAME,
});

const DEFINITION = record("definition", ["name", "type"], {
  name: NAME,
  type: { kind: "choice", of: ["const", "enum", "flags", "struct"] },
  doc: TEXT,
  header: TEXT,
  scope: { kind: "choice", of: ["uapi", "kernel", "user"] },
  value: NUMBER,
  "value-start": NUMBER,
  entries: { kind: "list", item: ENTRY },
  "render-max": BOOLEAN,
  "enum-name": C_NAME,
  "name-prefix": C_NAME,
  "enum-cnt-name": TEXT,
  members: { kind: "list", item: MEMBER },
});

const CHECKS = record("checks", [], {
  "flags-mask": NAME,
  min: NUMBER,
  max: NUMBER,
  "min-len": NUMBER,
  "max-len": NUMBER,
  "exact-len": NUMBER,
  "unterminated-ok": BOOLEAN,
});

const ATTRIBUTE_SHAPE = record("attribute", ["name"], {
  name: NAME,
  type: ATTRIBUTE_TYPE,
  doc: TEXT,
  value: ATTRIBUTE,
  "type-value": NAMES,
  "byte-order": BYTE_ORDER,
  "multi-attr": BOOLEAN,
  "nested-attributes": NAME,
  enum: NAME,
  "enum-as-flags": BOOLEAN,
  checks: CHECKS,
  "sub-type": ATTRIBUTE_TYPE,
  "display-hint": HINT,
  "name-prefix": C_NAME,
  len: NUMBER,
  struct: NAME,
});

const SET = record("attribute set", ["name", "attributes"], {
  name: NAME,
  "name-prefix": C_NAME,
  "enum-name": C_NAME,
  doc: TEXT,
  "subset-of": NAME,
  "attr-cnt-name": TEXT,
  "attr-max-name": TEXT,
  header: TEXT,
  attributes: { kind: "list", item: ATTRIBUTE_SHAPE },
});

const ATTRIBUTES = record("message", [], { attributes: NAMES, value: COMMAND });
const MODE = record("mode", [], { request: ATTRIBUTES, reply: ATTRIBUTES, pre: TEXT, post: TEXT });

const OPERATION = record("operation", ["name"], {
  name: NAME,
  doc: TEXT,
  value: COMMAND,
  "attribute-set": NAME,
  flags: COMMAND_FLAGS,
  "dont-validate": { kind: "list", item: { kind: "choice", of: ["strict", "dump", "dump-strict"] } },
  "config-cond": TEXT,
  "fixed-header": NAME,
  do: MODE,
  dump: MODE,
  notify: NAME,
  event: record("event", [], { attributes: NAMES }),
  mcgrp: NAME,
});

const OPERATIONS = record("operations", ["list"], {
  "enum-model": { kind: "choice", of: ["unified", "directional"] },
  "name-prefix": C_NAME,
  "enum-name": C_NAME,
  "async-prefix": TEXT,
  "async-enum": TEXT,
  "fixed-header": NAME,
  list: { kind: "list", item: OPERATION },
});

const GROUPS = record("mcast-groups", ["list"], {
  list: {
    kind: "list",
    item: record("group", ["name"], { name: NAME, "c-define-name": TEXT, flags: COMMAND_FLAGS }),
  },
});

/** A whole file. */
export const SPECIFICATION = record("specification", ["name", "attribute-sets", "operations"], {
  name: NAME,
  doc: TEXT,
  protocol: { kind: "choice", of: ["genetlink", "genetlink-c", "genetlink-legacy"] },
  "uapi-header": TEXT,
  "c-family-name": TEXT,
  "c-version-name": TEXT,
  "max-by-define": BOOLEAN,
  "cmd-max-name": TEXT,
  "cmd-cnt-name": TEXT,
  "kernel-policy": { kind: "choice", of: ["split", "per-op", "global"] },
  version: { kind: "integer", min: 1, max: 255 },
  definitions: { kind: "list", item: DEFINITION },
  "attribute-sets": { kind: "list", item: SET },
  operations: OPERATIONS,
  "mcast-groups": GROUPS,
});
