// Bytes to messages. What is well-formed comes back byte for byte from encode, known or not; padding that was not zero
// is the one thing lost.

import { NETLINK, NetlinkSize, NLM_F } from "../../assembly/abi/netlink.js";
import { type AttributeValues, type Entries, readAttributes } from "./attributes.js";
import { align4, Reader } from "./bytes.js";
import type { FamilyRegistry } from "./families.js";
import type { Family } from "./generic.js";
import { type Header, nlmsghdr } from "./header.js";
import { type GenericMessage, type Message, schemaOfType } from "./messages.js";
import type { AnySchema } from "./schema.js";

export interface DecodeOptions {
  /** Of the socket, NETLINK.ROUTE unless said otherwise. */
  protocol?: number;
  /** Families of generic netlink. What the controller says in the buffer is learned for the messages behind it. */
  families?: FamilyRegistry;
  /**
   * The kernel sent it: families may number what it sends and what they are asked apart. Without, a request without
   * NLM_F_MULTI is taken for a program's.
   */
  isFromKernel?: boolean;
}

/**
 * Every message of a buffer, as one send carries or one receive returns them.
 * @throws CodecError naming message number, byte, field and what was expected. The kernel is more forgiving with requests:
 * it drops the rest of a send silently at a bad nlmsg_len, and the rest of a message at an attribute that runs past it
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): Message[] {
  const reader = new Reader(bytes);
  const messages: Message[] = [];
  while (reader.at < bytes.length) {
    reader.messageNumber = messages.length + 1;
    const start = reader.at;
    const header = readHeader(reader);
    messages.push(readMessage(reader, header, start + header.length, options));
    reader.at = start + align4(header.length);
  }
  return messages;
}

function readHeader(reader: Reader): Header & { length: number } {
  const start = reader.at;
  const left = reader.bytes.length - start;
  const size = NetlinkSize.NLMSGHDR;
  if (left < size) throw reader.error(`${size} bytes (${nlmsghdr.name})`, `${left}`);
  const header = nlmsghdr.read(reader, size, {});
  if (header.length < size || header.length > left) {
    throw reader.error(`an nlmsg_len of ${size} to ${left}`, `${header.length}`, start);
  }
  return header;
}

function readMessage(
  reader: Reader,
  { length: _length, ...header }: Header & { length: number },
  end: number,
  options: DecodeOptions,
): Message {
  reader.type = header.type;
  reader.flags = header.flags;
  const schema = schemaOfType(header.type, options.protocol);
  const found = options.protocol === NETLINK.GENERIC ? schemaOfFamily(reader, header, end, options) : undefined;
  if (found !== undefined) {
    const start = reader.at;
    if (schema !== undefined) options.families?.learn(readBody(reader, schema, end) as Family);
    reader.at = start;
    const body = readBody(reader, found.schema, end) as GenericMessage["body"];
    return { kind: "generic", family: found.family, header, body, schema: found.schema };
  }
  if (schema === undefined) return { kind: "unknown", header, body: { payload: reader.take(end - reader.at) } };
  // The schema's types say which member of the union this is.
  const message = { kind: schema.kind, header, body: readBody(reader, schema, end) } as unknown as Message;
  if (message.kind === "controller") options.families?.learn(message.body);
  return message;
}

/** The schema that a family has for a message's command; the reader stays where it is. */
function schemaOfFamily(
  reader: Reader,
  header: Header,
  end: number,
  { families, isFromKernel }: DecodeOptions,
): { family: string; schema: AnySchema } | undefined {
  const family = families?.nameOf(header.type);
  const command = reader.bytes[reader.at];
  if (families === undefined || family === undefined || command === undefined || reader.at >= end) return undefined;
  const isRequest =
    isFromKernel === undefined ? (header.flags & (NLM_F.REQUEST | NLM_F.MULTI)) === NLM_F.REQUEST : !isFromKernel;
  const schema = families.schemaOf(header.type, command, isRequest);
  return schema && { family, schema };
}

function readBody(reader: Reader, schema: AnySchema, end: number): Record<string, unknown> {
  const left = end - reader.at;
  if (left < schema.header.leastSize && !schema.isWhole) return readShort(reader, schema, left);
  const fields = schema.header.read(reader, left, {});
  const values: AttributeValues<Entries> = readAttributes(schema.table, reader, end);
  return { ...fields, ...values };
}

/** A request may send fewer bytes than the family header has; the others are 0 (netlink_message_parser.c, nl_parse_header). */
function readShort(reader: Reader, schema: AnySchema, headerBytes: number): Record<string, unknown> {
  const whole = new Uint8Array(schema.header.leastSize);
  whole.set(reader.take(headerBytes));
  return { ...schema.header.read(new Reader(whole), whole.length, {}), wire: { headerBytes } };
}
