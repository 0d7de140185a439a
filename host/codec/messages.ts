// Every message the codec knows. encode, decode and describe find a schema here: by type and protocol, or by kind.

import { NETLINK } from "../../assembly/abi/netlink.js";
import { address } from "./address.js";
import type { Extras } from "./attributes.js";
import { done, error, noop } from "./control.js";
import type { FamilyRegistry } from "./families.js";
import { controller, type GenlHeader } from "./generic.js";
import type { Header } from "./header.js";
import type { Names } from "./kind.js";
import { link } from "./link.js";
import { neighbour } from "./neighbour.js";
import { nexthop } from "./nexthop.js";
import { route } from "./route.js";
import type { AnySchema, MessageOf } from "./schema.js";

/** Of every message, in the order of the manuals. */
export const SCHEMAS = [noop, error, done, link, address, route, neighbour, nexthop, controller] as const;

/** A message of a type that no schema has. */
export interface UnknownMessage {
  kind: "unknown";
  header: Header;
  body: { payload: Uint8Array };
}

/** A message of a family of generic netlink other than the controller: what is in it, its schema knows. */
export interface GenericMessage {
  kind: "generic";
  /** Name of the family. */
  family: string;
  header: Header;
  body: { genl: GenlHeader } & Extras & Record<string, unknown>;
  /** How its body is written and shown; no part of its JSON. */
  schema: AnySchema;
}

/** Any message; `kind` tells which. */
export type Message = MessageOf<(typeof SCHEMAS)[number]> | GenericMessage | UnknownMessage;

const byKind: ReadonlyMap<string, AnySchema> = new Map(
  SCHEMAS.map((schema) => [schema.kind, schema as unknown as AnySchema]),
);

/** @param protocol - NETLINK.ROUTE unless said otherwise; types mean something else on other sockets */
export function schemaOfType(type: number, protocol: number = NETLINK.ROUTE): AnySchema | undefined {
  for (const schema of byKind.values()) {
    if (schema.types.has(type) && (schema.protocol ?? protocol) === protocol) return schema;
  }
  return undefined;
}

export function schemaOf(message: Message): AnySchema | undefined {
  return message.kind === "generic" ? message.schema : byKind.get(message.kind);
}

/** Names for descriptions of one protocol's messages. @param families - those of generic netlink that are known */
export function namesOf(protocol?: number, families?: FamilyRegistry): Names {
  const familyOf = (type: number) => (protocol === NETLINK.GENERIC ? families?.nameOf(type) : undefined);
  return { messageType: (type) => schemaOfType(type, protocol)?.types.get(type) ?? familyOf(type) };
}
