// Rewrites as text, for people: what nlvm run --trace prints.

import ipaddr from "ipaddr.js";
import { NlMsgHdr } from "../../assembly/abi/netlink.js";
import { fieldsOf } from "./fields.js";
import type { Kind } from "./layouts.js";
import { messageName } from "./messagename.js";
import type { FieldChange, Rewrite } from "./rewrite.js";

/** Fields that are bits are shown in hexadecimal. */
const BITS = /flags$|_change$|_state$/i;

/**
 * Lines of one rewrite: which message of whom, then each field that changed.
 * ```
 * vnet0 2125 > RTM_NEWROUTE seq 437667355, 76 bytes
 *   rtm_family 10 > 28
 * vnet0 2125 < RTM_NEWLINK seq 437667356, 320 > 340 bytes
 *   IFLA_IFNAME "lo0" > "lo"
 *   + IFLA_QDISC "noqueue"
 * ```
 */
export function linesOf(rewrite: Rewrite): string[] {
  return [headline(rewrite), ...rewrite.fields.map((change) => `  ${textOfChange(change)}`)];
}

function headline({ direction, vnet, port, protocol, before, after, errno }: Rewrite): string {
  const arrow = direction === "toKernel" ? ">" : "<";
  const shown = before ?? (after[0] as Uint8Array);
  const sizes = after.map(({ length }) => String(length)).join(" + ");
  const isPlain = after.length === 1 && (before === undefined || before.length === after[0]?.length);
  const bytes = isPlain ? sizes : `${before?.length ?? 0} > ${after.length === 0 ? "none" : sizes}`;
  const made = before === undefined ? ", made here" : "";
  const refused = errno === undefined ? "" : `, refused with ${errno}`;
  const seq = viewOf(shown).getUint32(NlMsgHdr.SEQ, true);
  return `${vnet} ${port} ${arrow} ${messageName(shown, protocol)} seq ${seq}, ${bytes} bytes${made}${refused}`;
}

function textOfChange({ name, kind, before, after }: FieldChange): string {
  if (before === undefined) return `+ ${name} ${textOf(name, kind, after)}`;
  if (after === undefined) return `- ${name} ${textOf(name, kind, before)}`;
  return `${name} ${textOf(name, kind, before)} > ${textOf(name, kind, after)}`;
}

/** A field of a message as text. */
export interface FieldText {
  readonly name: string;
  readonly text: string;
}

/** What a message says, with Linux's numbers. @param protocol - of its socket */
export function fieldTexts(message: Uint8Array, protocol: number): FieldText[] {
  const fields = fieldsOf(message, "program", protocol);
  return fields.map(({ name, kind, value }) => ({ name, text: textOf(name, kind, value) }));
}

function textOf(name: string, kind: Kind, value: number | Uint8Array | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "number") return numberText(name, value);
  if (value.length === 0) return "(empty)";
  switch (kind) {
    case "text":
      return JSON.stringify(new TextDecoder().decode(value).replace(/\0.*$/s, ""));
    case "address":
      return addressText(value);
    case "number":
      return numberText(
        name,
        value.reduceRight((sum, byte) => sum * 256 + byte, 0),
      );
    default:
      return hex(value);
  }
}

function numberText(name: string, value: number): string {
  return BITS.test(name) ? `0x${(value >>> 0).toString(16)}` : String(value);
}

function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) return hex(bytes);
  return new ipaddr.IPv6([...bytes]).toRFC5952String();
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
