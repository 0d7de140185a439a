// Messages for people and for other programs: one line, every field in lines, plain JSON. All from the schema.

import { attributeLines, type Extras } from "./attributes.js";
import { hex } from "./bytes.js";
import { sizeOf } from "./encode.js";
import type { FamilyRegistry } from "./families.js";
import { messageFlags, nlmsghdr } from "./header.js";
import type { Line, Names } from "./kind.js";
import { type Message, namesOf, schemaOf } from "./messages.js";
import type { AnySchema } from "./schema.js";
import { render } from "./summary.js";

export interface DescribeOptions {
  /** Of the socket, NETLINK.ROUTE unless said otherwise: an NLMSG_ERROR names the request's type. */
  protocol?: number;
  /** Families of generic netlink, whose names are the types of messages there. */
  families?: FamilyRegistry;
}

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** `RTM_NEWROUTE 10.1.0.0/16 via 192.0.2.254 dev 2 proto kernel fib 0 (76 bytes, seq 7, pid 100)` */
export function describe(message: Message, options: DescribeOptions = {}): string {
  const { header } = message;
  const schema = schemaOf(message);
  const names = namesIn(schema, options);
  const name = nameOf(message, names);
  const phrases = schema ? render(schema.phrases, { ...message.body }, names) : [];
  const sent = header.flags ? [`flags ${messageFlags(header, names).brief(header.flags)}`] : [];
  const frame = [`${sizeOf(message)} bytes`, ...sent, `seq ${header.seq}`, `pid ${header.pid}`].join(", ");
  return [name, ...phrases, `(${frame})`].join(" ");
}

/** Every field and attribute on a line of its own, by FreeBSD's names, nests indented; what no schema has in hexadecimal. */
export function explain(message: Message, options: DescribeOptions = {}): string {
  const schema = schemaOf(message);
  const names = namesIn(schema, options);
  const header = nlmsghdr.lines?.({ length: sizeOf(message), ...message.header }, names, {}) ?? [];
  return [nameOf(message, names), ...indent([...header, ...body()], 1)].join("\n");

  function body(): Line[] {
    if (message.kind === "unknown") return [{ name: "payload", text: hex(message.body.payload) || "(empty)" }];
    if (schema === undefined) return [];
    const values: Record<string, unknown> & Extras = { ...message.body };
    return [...(schema.header.lines?.(values, names, {}) ?? []), ...attributeLines(schema.table, values, names)];
  }
}

/** Plain JSON: names of the schema, 64-bit numbers as decimal text, bytes as hexadecimal digits. */
export function toJson(message: Message): Json {
  const { schema: _schema, ...data } = { schema: undefined, ...message };
  return { name: nameOf(message, namesIn(schemaOf(message), {})), ...(plain(data) as { [key: string]: Json }) };
}

/** A message whose schema belongs to one protocol is of that, whatever else was said. */
function namesIn(schema: AnySchema | undefined, { protocol, families }: DescribeOptions): Names {
  return namesOf(schema?.protocol ?? protocol, families);
}

/** What a message is called: `RTM_NEWROUTE`, `CTRL_CMD_GETFAMILY`. */
export function nameOf(message: Message, names: Names): string {
  const { type } = message.header;
  return schemaOf(message)?.title?.(message.body) ?? names.messageType(type) ?? `type ${type}`;
}

/** Names of one level in a column of their own. */
export function indent(lines: readonly Line[], depth: number): string[] {
  const lead = "  ".repeat(depth);
  const width = Math.max(0, ...lines.filter((line) => !line.children).map((line) => line.name.length));
  return lines.flatMap((line) =>
    line.children
      ? [lead + line.name, ...indent(line.children, depth + 1)]
      : [`${lead}${line.name.padEnd(width)}  ${line.text}`],
  );
}

export function plain(value: unknown): Json {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
  }
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}
