// What a message says, as names and values, and what two messages say differently: header fields and attributes, nests and
// records entered. Works on any bytes: what is damaged has fewer fields.

import { NETLINK, NetlinkSize, NLA_F, NLMSG, NlMsgHdr } from "../../assembly/abi/netlink.js";
import {
  type AttributeSpace,
  type Field,
  type Kind,
  type Layout,
  layoutOf,
  type Nest,
  NLMSGHDR,
  type Side,
} from "./layouts.js";

/** One thing that a message says. */
export interface NamedField {
  /** "rtm_family"; "RTA_TABLE"; "RTA_MULTIPATH[1].rtnh_hops"; "RTA_METRICS.RTAX_MTU"; of an echoed request "msg.rtm_family". */
  readonly name: string;
  /** Of a header the number, of an attribute its payload. */
  readonly value: number | Uint8Array;
  readonly kind: Kind;
}

/** A field that is not the same before and after; undefined where it is absent. */
export interface FieldChange {
  readonly name: string;
  readonly kind: Kind;
  readonly before: number | Uint8Array | undefined;
  readonly after: number | Uint8Array | undefined;
}

const NO_LAYOUT: Layout = { fields: [], headerSize: 0, space: undefined };

/**
 * @param message - one whole message
 * @param side - whose numbers it has
 * @param protocol - of its socket: what the layouts do not know is one field, "payload"
 */
export function fieldsOf(message: Uint8Array, side: Side, protocol: number = NETLINK.ROUTE): NamedField[] {
  const into: NamedField[] = [];
  addMessage(into, "", message, side, protocol);
  return into;
}

function addMessage(into: NamedField[], path: string, message: Uint8Array, side: Side, protocol: number): void {
  const view = viewOf(message);
  addFields(into, path, NLMSGHDR, view);
  if (message.length < NetlinkSize.NLMSGHDR) return;
  const type = view.getUint16(NlMsgHdr.TYPE, true);
  const body = message.subarray(NetlinkSize.NLMSGHDR);
  if (type === NLMSG.ERROR || type === NLMSG.DONE) {
    addError(into, path, body, side, protocol);
    return;
  }
  const { fields, headerSize, space } = layoutOf(protocol, type) ?? NO_LAYOUT;
  addFields(into, path, fields, viewOf(body));
  const rest = body.subarray(headerSize);
  if (space !== undefined) addAttributes(into, path, space, rest, side);
  else if (rest.length > 0) into.push({ name: `${path}payload`, value: rest, kind: "bytes" });
}

/** The errno, the request inside, and what follows it. */
function addError(into: NamedField[], path: string, body: Uint8Array, side: Side, protocol: number): void {
  if (body.length < 4) return;
  into.push({ name: `${path}error`, value: viewOf(body).getInt32(0, true), kind: "number" });
  const rest = body.subarray(4);
  if (rest.length < NetlinkSize.NLMSGHDR) return;
  // The length that the request has says nothing of how much of it is here: what follows may be TLVs.
  addMessage(into, `${path}msg.`, rest.subarray(0, NetlinkSize.NLMSGHDR), side, protocol);
  if (rest.length > NetlinkSize.NLMSGHDR) {
    into.push({ name: `${path}msg.rest`, value: rest.subarray(NetlinkSize.NLMSGHDR), kind: "bytes" });
  }
}

function addFields(into: NamedField[], path: string, fields: readonly Field[], view: DataView): void {
  for (const { name, at, size } of fields) {
    if (at + size > view.byteLength) continue;
    const value = size === 4 ? view.getUint32(at, true) : size === 2 ? view.getUint16(at, true) : view.getUint8(at);
    into.push({ name: path + name, value, kind: "number" });
  }
}

function addAttributes(
  into: NamedField[],
  path: string,
  { prefix, names, kinds, nests, each }: AttributeSpace,
  bytes: Uint8Array,
  side: Side,
): void {
  const seen = new Map<number, number>();
  const view = viewOf(bytes);
  for (let at = 0; at + NetlinkSize.NLATTR <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < NetlinkSize.NLATTR || length > bytes.length - at) return;
    const type = view.getUint16(at + 2, true) & NLA_F.TYPE_MASK;
    const count = seen.get(type) ?? 0;
    seen.set(type, count + 1);
    const name = `${path}${prefix}${names[side].get(type) ?? type}${count === 0 ? "" : `#${count + 1}`}`;
    const payload = bytes.subarray(at + NetlinkSize.NLATTR, at + length);
    const nest = nests.get(type) ?? each;
    if (nest === undefined) into.push({ name, value: payload, kind: kinds.get(type) ?? kindOf(payload) });
    else addNest(into, name, nest, payload, side);
    at += (length + 3) & ~3;
  }
}

/** What a payload is that no table tells of. */
function kindOf({ length }: Uint8Array): Kind {
  return length === 1 || length === 2 || length === 4 ? "number" : "bytes";
}

function addNest(into: NamedField[], name: string, nest: Nest, payload: Uint8Array, side: Side): void {
  const { fields, recordBytes, hasLength, space } = nest;
  if (recordBytes === 0) {
    if (space !== undefined) addAttributes(into, `${name}.`, space, payload, side);
    return;
  }
  const view = viewOf(payload);
  for (let at = 0, i = 0; at + recordBytes <= payload.length; i++) {
    const length = hasLength ? view.getUint16(at, true) : recordBytes;
    if (length < recordBytes || length > payload.length - at) return;
    const record = payload.subarray(at, at + length);
    addFields(into, `${name}[${i}].`, fields, viewOf(record));
    if (space !== undefined) addAttributes(into, `${name}[${i}].`, space, record.subarray(recordBytes), side);
    at += (length + 3) & ~3;
  }
}

/**
 * What is different. Attributes are the same ones when they have the same number, whatever it is called on either side.
 * @param from - whose numbers `before` has; `after` has the other's
 */
export function compareMessages(
  before: Uint8Array,
  after: Uint8Array,
  from: Side,
  protocol: number = NETLINK.ROUTE,
): FieldChange[] {
  const old = fieldsOf(before, from, protocol);
  // Under one name for both sides, so that a number with two names is one field.
  const keys = fieldsOf(before, "kernel", protocol).map(({ name }) => name);
  const now = fieldsOf(after, from === "kernel" ? "program" : "kernel", protocol);
  const rest = new Map<string, NamedField>();
  fieldsOf(after, "kernel", protocol).forEach(({ name }, i) => {
    rest.set(name, now[i] as NamedField);
  });
  const changes: FieldChange[] = [];
  old.forEach(({ name, value, kind }, i) => {
    const key = keys[i] as string;
    const other = rest.get(key);
    rest.delete(key);
    if (other === undefined || !isSame(value, other.value)) {
      changes.push({ name, kind, before: value, after: other?.value });
    }
  });
  for (const { name, value, kind } of rest.values()) changes.push({ name, kind, before: undefined, after: value });
  return changes;
}

function isSame(a: number | Uint8Array, b: number | Uint8Array): boolean {
  if (typeof a === "number" || typeof b === "number") return a === b;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
