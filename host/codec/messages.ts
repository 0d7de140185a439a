// Every message the codec knows. encode, decode and describe find a schema here: by type and protocol, or by kind.

import { NETLINK } from "../../assembly/abi/netlink.js";
import { address } from "./address.js";
import type { Entries } from "./attributes.js";
import { done, error, noop } from "./control.js";
import type { Header } from "./header.js";
import type { Names } from "./kind.js";
import { link } from "./link.js";
import { neighbour } from "./neighbour.js";
import { nexthop } from "./nexthop.js";
import { route } from "./route.js";
import type { MessageOf, Schema } from "./schema.js";
import type { Fields } from "./struct.js";

const schemas = [noop, error, done, link, address, route, neighbour, nexthop] as const;

/** A message of a type that no schema has. */
export interface UnknownMessage {
  kind: "unknown";
  header: Header;
  body: { payload: Uint8Array };
}

/** Any message; `kind` tells which. */
export type Message = MessageOf<(typeof schemas)[number]> | UnknownMessage;

export type AnySchema = Schema<string, Fields, Entries>;

const byKind: ReadonlyMap<string, AnySchema> = new Map(schemas.map((schema) => [schema.kind, schema as AnySchema]));

/** @param protocol - NETLINK.ROUTE unless said otherwise; types mean something else on other sockets */
export function schemaOfType(type: number, protocol: number = NETLINK.ROUTE): AnySchema | undefined {
  for (const schema of byKind.values()) {
    if (schema.types.has(type) && (schema.protocol ?? protocol) === protocol) return schema;
  }
  return undefined;
}

export function schemaOfKind(kind: string): AnySchema | undefined {
  return byKind.get(kind);
}

/** Names for descriptions of one protocol's messages. */
export function namesOf(protocol?: number): Names {
  return { messageType: (type) => schemaOfType(type, protocol)?.types.get(type) };
}
