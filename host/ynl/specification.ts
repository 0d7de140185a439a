// A family of generic netlink as a YNL specification describes it: its requests are written from JSON, and its messages
// are read as JSON, by the names that the specification has.

import { NLM_F } from "../../assembly/abi/netlink.js";
import type { FamilyDescription, RequestMode } from "../client/generic.js";
import { Writer } from "../codec/bytes.js";
import { type Json, toJson } from "../codec/describe.js";
import type { GenlHeader } from "../codec/generic.js";
import type { GenericMessage, Message } from "../codec/messages.js";
import type { AnySchema } from "../codec/schema.js";
import { Definitions } from "./definitions.js";
import { Source } from "./file.js";
import { type Operation, readOperations } from "./operations.js";
import { checkKeys, checkValues } from "./payload.js";
import { AttributeSets } from "./sets.js";

export { ConfigError } from "../yaml/configerror.js";
export type { Operation } from "./operations.js";

/** Something was asked that the specification does not have; the message names what it has. */
export class SpecificationError extends Error {
  override readonly name = "SpecificationError";
}

export class Specification implements FamilyDescription {
  /** The family's. */
  readonly name: string;
  readonly version: number;
  /** In the order of the file. */
  readonly operations: readonly Operation[];
  /** Names of its groups. */
  readonly groups: readonly string[];
  readonly #requests: ReadonlyMap<number, Operation>;
  readonly #replies: ReadonlyMap<number, Operation>;

  /**
   * @param text - YAML
   * @param file - the name that errors begin with
   * @throws ConfigError what is wrong first, with line and column and what was expected
   */
  constructor(text: string, file: string) {
    const source = new Source(text, file);
    const definitions = new Definitions(source);
    const sets = new AttributeSets(source, definitions);
    this.name = source.file.name;
    this.version = source.file.version ?? 1;
    this.operations = readOperations(source, definitions, sets);
    this.groups = (source.file["mcast-groups"]?.list ?? []).map(({ name }) => name);
    this.#requests = byNumber(this.operations, "request");
    this.#replies = byNumber(this.operations, "reply");
  }

  schemaOf(command: number, isRequest: boolean): AnySchema | undefined {
    const operation = isRequest ? this.#requests.get(command) : this.#replies.get(command);
    return operation?.schema;
  }

  /**
   * @param mode - `do` for one answer, `dump` for all there is
   * @param values - members of the fixed header and attributes by name; what the header does not get is 0
   * @param id - the family's
   * @throws SpecificationError no such operation, or not in this mode; CodecError a name or value that does not fit
   */
  request(operation: string, mode: RequestMode, values: object, id: number): GenericMessage {
    const { schema, request: command } = this.#operation(operation, mode);
    const writer = new Writer();
    const header = Object.keys(schema.header.fields).filter((key) => key !== "genl");
    const known = checkKeys(writer, values, [...header, ...Object.keys(schema.table.entries)]);
    const attributes = Object.entries(known).filter(([key]) => !header.includes(key));
    checkValues(writer, Object.fromEntries(attributes), schema.table);
    const genl: GenlHeader = { command, version: this.version, reserved: 0 };
    const flags = mode === "dump" ? NLM_F.DUMP : 0;
    const body = { ...schema.header.zero(), ...known, genl } as GenericMessage["body"];
    return { kind: "generic", family: this.name, header: { type: id, flags, seq: 0, pid: 0 }, body, schema };
  }

  /** What a message of the family says, by the specification's names; undefined for a message of something else. */
  valuesOf(message: Message): { [key: string]: Json } | undefined {
    if (message.kind !== "generic" || message.family !== this.name) return undefined;
    const { body } = toJson(message) as { body: { [key: string]: Json } };
    const { genl: _genl, ...values } = withoutWire(body) as typeof body;
    return values;
  }

  #operation(name: string, mode: RequestMode): { schema: AnySchema; request: number } {
    const asked = this.operations.filter((each) => (mode === "do" ? each.isDo : each.isDump));
    const { schema, request } = asked.find((each) => each.name === name) ?? {};
    if (schema !== undefined && request !== undefined) return { schema, request };
    const names = asked.map((each) => each.name).join(", ");
    throw new SpecificationError(
      `${this.name}: "${name}"; expected an operation to ${mode}${names === "" ? ", and there is none" : `, one of ${names}`}`,
    );
  }
}

/** What the specification names, without how it came on the wire. */
function withoutWire(json: Json): Json {
  if (Array.isArray(json)) return json.map(withoutWire);
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).flatMap(([key, value]) => (key === "wire" ? [] : [[key, withoutWire(value)]])),
  );
}

function byNumber(operations: readonly Operation[], direction: "request" | "reply"): ReadonlyMap<number, Operation> {
  return new Map(
    operations.flatMap((operation) => {
      const number = operation[direction];
      return number === undefined ? [] : [[number, operation] as const];
    }),
  );
}
