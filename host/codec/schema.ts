// The schema of a message: its types, its family header, its attributes, and how it reads in a line. Everything else,
// the TypeScript type of its value included, follows from it: link.ts, address.ts, route.ts, control.ts each hold one or
// a few, and messages.ts lists them. A new object is one such file and one line there.

import type { AttributeValues, Entries, Table } from "./attributes.js";
import type { Header } from "./header.js";
import { type Enum, nameOf } from "./kind.js";
import type { Fields, FieldValues, Struct } from "./struct.js";
import { compile, type Phrase } from "./summary.js";

export interface Definition<H extends Fields, A extends Entries> {
  /** Protocol of the socket; absent for what all protocols have. */
  protocol?: number;
  /** Prefix and enum of the type names, and the types. */
  types: { prefix: string; names: Enum; of: readonly number[] };
  header: Struct<H>;
  attributes: Table<A>;
  /** Phrases of the one-line form (summary.ts). */
  summary: readonly string[];
  /** A header shorter than the structure is an error, not a request that left the rest zero. */
  isWhole?: boolean;
  /** What a message is called where its type does not say it, as in generic netlink; undefined for the type's name. */
  title?: (body: object) => string | undefined;
}

export interface Schema<K extends string, H extends Fields, A extends Entries> {
  readonly kind: K;
  readonly protocol: number | undefined;
  /** nlmsg_type to its name. */
  readonly types: ReadonlyMap<number, string>;
  readonly header: Struct<H>;
  readonly table: Table<A>;
  readonly phrases: readonly Phrase[];
  readonly isWhole: boolean;
  readonly title?: ((body: object) => string | undefined) | undefined;
  /**
   * A message to encode. Header fields that are left out are 0, and so are flags, seq and pid.
   * @param type - one of the schema's types, as RTM.NEWROUTE
   */
  message(
    type: number,
    header: Partial<Omit<Header, "type">>,
    body: Partial<FieldValues<H>> & AttributeValues<A>,
  ): { kind: K; header: Header; body: FieldValues<H> & AttributeValues<A> };
}

/** A schema whatever its message. */
export type AnySchema = Schema<string, Fields, Entries>;

/** Value of a message's body: header fields, attributes that are there, and what the schema does not know. */
export type TypeOf<S> = S extends Schema<string, infer H, infer A> ? FieldValues<H> & AttributeValues<A> : never;

/** A whole message. */
export type MessageOf<S> =
  S extends Schema<infer K, infer H, infer A>
    ? { kind: K; header: Header; body: FieldValues<H> & AttributeValues<A> }
    : never;

/** @throws Error when a name stands for a header field and for an attribute, or the summary names neither */
export function message<K extends string, H extends Fields, A extends Entries>(
  kind: K,
  definition: Definition<H, A>,
): Schema<K, H, A> {
  const { header, attributes, types } = definition;
  const twice = Object.keys(attributes.entries).find((key) => key in header.fields);
  if (twice !== undefined) throw new Error(`message ${kind}: "${twice}" is a header field and an attribute`);
  return {
    kind,
    protocol: definition.protocol,
    types: new Map(types.of.map((type) => [type, `${types.prefix}${nameOf(types.names, type) ?? type}`])),
    header,
    table: attributes,
    phrases: compile(definition.summary, header.fields, attributes.entries),
    isWhole: definition.isWhole ?? false,
    title: definition.title,
    message: (type, { flags = 0, seq = 0, pid = 0 }, body) => ({
      kind,
      header: { type, flags, seq, pid },
      body: { ...header.zero(), ...body },
    }),
  };
}
