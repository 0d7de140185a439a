// A specification as its file has it, after the checks of shapes.ts, and where errors about it point.

import { type Checked, ConfigError, checkYaml, nameOf, type Path } from "../yaml/schema.js";
import { type ATTRIBUTE_TYPES, SPECIFICATION } from "./shapes.js";

export type AttributeType = (typeof ATTRIBUTE_TYPES)[number];
export type ScalarType = "u8" | "u16" | "u32" | "u64" | "s8" | "s16" | "s32" | "s64";
export type Hint = "hex" | "mac" | "fddi" | "ipv4" | "ipv6" | "ipv4-or-v6" | "uuid";

/** How a number or bytes are, in a structure and in an attribute alike. */
export interface ValueFile {
  name: string;
  "byte-order"?: "little-endian" | "big-endian";
  enum?: string;
  "enum-as-flags"?: boolean;
  "display-hint"?: Hint;
  len?: number | string;
  struct?: string;
}

export interface MemberFile extends ValueFile {
  type: ScalarType | "string" | "binary" | "pad";
}

export interface DefinitionFile {
  name: string;
  type: "const" | "enum" | "flags" | "struct";
  value?: number | string;
  "value-start"?: number | string;
  entries?: (string | { name: string; value?: number })[];
  members?: MemberFile[];
}

export interface AttributeFile extends ValueFile {
  type?: AttributeType;
  value?: number;
  "type-value"?: string[];
  "multi-attr"?: boolean;
  "nested-attributes"?: string;
  "sub-type"?: AttributeType;
  checks?: { "flags-mask"?: string };
}

export interface SetFile {
  name: string;
  "subset-of"?: string;
  attributes: AttributeFile[];
}

export interface MessageFile {
  attributes?: string[];
  value?: number;
}

export interface ModeFile {
  request?: MessageFile;
  reply?: MessageFile;
}

export interface OperationFile {
  name: string;
  value?: number;
  "attribute-set"?: string;
  "fixed-header"?: string;
  do?: ModeFile;
  dump?: ModeFile;
  notify?: string;
  event?: { attributes?: string[] };
  mcgrp?: string;
}

export interface SpecificationFile {
  name: string;
  version?: number;
  definitions?: DefinitionFile[];
  "attribute-sets": SetFile[];
  operations: { "enum-model"?: "unified" | "directional"; "fixed-header"?: string; list: OperationFile[] };
  "mcast-groups"?: { list: { name: string }[] };
}

/** The file while its names are resolved. */
export class Source {
  readonly file: SpecificationFile;
  readonly #checked: Checked;

  /** @throws ConfigError what is wrong with the file's form */
  constructor(text: string, file: string) {
    this.#checked = checkYaml(text, file, SPECIFICATION);
    this.file = this.#checked.value as SpecificationFile;
  }

  /** An error about a value of the file, with its line and column. @param problem - "expected …" */
  error(path: Path, problem: string): ConfigError {
    return new ConfigError(`${this.#checked.placeOf(path)}: ${nameOf(path)}: ${problem}`);
  }

  /** What a name stands for. @throws ConfigError there is none */
  find<T>(known: ReadonlyMap<string, T>, name: string, what: string, path: Path): T {
    const found = known.get(name);
    if (found !== undefined) return found;
    throw this.error(
      path,
      `expected ${what}${known.size > 0 ? `, one of ${[...known.keys()].join(", ")}` : ""}, got "${name}"`,
    );
  }

  /** Adds a name to those that are known. @throws ConfigError it is there already */
  add<K, T>(known: Map<K, T>, key: K, value: T, path: Path): void {
    if (known.has(key)) throw this.error(path, `${JSON.stringify(key)} occurs twice; expected it once`);
    known.set(key, value);
  }
}
