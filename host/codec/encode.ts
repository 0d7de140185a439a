// Messages to bytes, exactly as FreeBSD would write them: attributes in the schema's order, nests without NLA_F_NESTED,
// padding zero, lengths computed; except where a message was read in another shape (attributes.ts, Wire).

import { NetlinkSize, NlMsgHdr } from "../../assembly/abi/netlink.js";
import { type AttributeValues, type Entries, writeAttributes } from "./attributes.js";
import { Writer } from "./bytes.js";
import { nlmsghdr } from "./header.js";
import { type Message, schemaOf } from "./messages.js";
import type { AnySchema } from "./schema.js";

/**
 * @param messages - one, or several for one send; each but the last is padded to 4
 * @throws CodecError for a value that does not fit its field, naming message and field
 */
export function encode(messages: Message | readonly Message[]): Uint8Array {
  const writer = new Writer();
  const list: readonly Message[] = "kind" in messages ? [messages] : messages;
  for (const [index, message] of list.entries()) {
    writer.align();
    writer.messageNumber = index + 1;
    writer.path.length = 0;
    writeMessage(writer, message);
  }
  return writer.copy();
}

function writeMessage(writer: Writer, message: Message): void {
  const start = writer.length;
  writer.type = message.header.type;
  writer.flags = message.header.flags;
  nlmsghdr.write(writer, { length: 0, ...message.header }, {});
  if (message.kind === "unknown") {
    writer.put(message.body.payload);
  } else {
    const schema = schemaOf(message);
    // A family of generic netlink has whatever type the controller says.
    if (schema === undefined || (message.kind !== "generic" && !schema.types.has(message.header.type))) {
      throw writer.error(`a type of kind "${message.kind}"`, `${message.header.type}`);
    }
    writeBody(writer, schema, message.body);
  }
  writer.patchU32(start + NlMsgHdr.LEN, writer.length - start);
}

function writeBody(writer: Writer, schema: AnySchema, body: Record<string, unknown> & AttributeValues<Entries>): void {
  const start = writer.length;
  schema.header.write(writer, body, {});
  const afterHeader = writer.length;
  writeAttributes(schema.table, writer, body);
  const short = start + (body.wire?.headerBytes ?? Number.POSITIVE_INFINITY);
  const isShort = writer.length === afterHeader && short < afterHeader;
  if (isShort && writer.copy(short).every((byte) => byte === 0)) writer.cut(short);
}

/** Bytes of a message, nlmsg_len. */
export function sizeOf(message: Message): number {
  return message.kind === "unknown" ? NetlinkSize.NLMSGHDR + message.body.payload.length : encode(message).length;
}
