// RTM_GETADDRLABEL: the labels by which IPv6 source addresses are chosen, those of RFC 6724 as Linux has them (linux-compat
// E10).

import { RTM } from "../../assembly/abi/rtnetlink.js";
import { shareBits } from "./addressbits.js";
import { listSource, type ReplyHeader } from "./dump.js";
import { LinuxErrno } from "./errno.js";
import { LinuxAF } from "./family.js";
import type { MessageReader } from "./messagereader.js";
import type { MessageWriter } from "./messagewriter.js";
import { Refusal } from "./refusal.js";
import type { Request } from "./request.js";

/** Attributes (if_addrlabel.h). */
const IFAL = { ADDRESS: 1, LABEL: 2 } as const;

/** Offsets in an ifaddrlblmsg. */
const AddrLabelMsg = { FAMILY: 0, RESERVED: 1, PREFIXLEN: 2, FLAGS: 3, INDEX: 4, SEQ: 8, BYTES: 12 } as const;

const ADDRESS_BYTES = 16;
const ADDRESS_BITS = 128;

/** Prefixes by their first bytes, the longest first: the first that matches counts. */
const LABELS: readonly { readonly bits: number; readonly prefix: Uint8Array; readonly label: number }[] = [
  { bits: 128, prefix: address([], 1), label: 0 }, // ::1
  { bits: 96, prefix: address([]), label: 3 }, // IPv4-compatible
  { bits: 96, prefix: address([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]), label: 4 }, // IPv4-mapped
  { bits: 32, prefix: address([0x20, 0x01]), label: 6 }, // Teredo
  { bits: 28, prefix: address([0x20, 0x01, 0x00, 0x10]), label: 7 }, // ORCHID
  { bits: 16, prefix: address([0x3f, 0xfe]), label: 12 }, // 6bone
  { bits: 16, prefix: address([0x20, 0x02]), label: 2 }, // 6to4
  { bits: 10, prefix: address([0xfe, 0xc0]), label: 11 }, // site-local
  { bits: 7, prefix: address([0xfc]), label: 5 }, // unique local
  { bits: 0, prefix: address([]), label: 1 },
];

function address(first: readonly number[], last = 0): Uint8Array {
  const bytes = new Uint8Array(ADDRESS_BYTES);
  bytes.set(first);
  if (last !== 0) bytes[ADDRESS_BYTES - 1] = last;
  return bytes;
}

/** All labels, or that of an address. @throws Refusal */
export function getLabels(request: Request): void {
  const { message } = request;
  const { isStrict } = request.requester;
  if (!request.isDump) {
    getLabel(request);
    return;
  }
  if (isStrict) checkDump(message);
  request.dump(listSource(LABELS.map(writerOf)), { doneJoins: true });
}

function checkDump(message: MessageReader): void {
  if (message.attributesFrom(AddrLabelMsg.BYTES) > message.end) {
    throw new Refusal(LinuxErrno.EINVAL, "ipv6: Invalid header for address label dump request");
  }
  const { PREFIXLEN, INDEX, SEQ } = AddrLabelMsg;
  if (hasReserved(message) || message.header8(PREFIXLEN) || message.header32(INDEX) || message.header32(SEQ)) {
    throw new Refusal(LinuxErrno.EINVAL, "ipv6: Invalid values in header for address label dump request");
  }
  if (message.attributesFrom(AddrLabelMsg.BYTES) < message.end) {
    throw new Refusal(LinuxErrno.EINVAL, "ipv6: Invalid data after header for address label dump request");
  }
}

function hasReserved(message: MessageReader): boolean {
  return message.header8(AddrLabelMsg.RESERVED) !== 0 || message.header8(AddrLabelMsg.FLAGS) !== 0;
}

function getLabel(request: Request): void {
  const { message, vnet } = request;
  message.index(AddrLabelMsg.BYTES);
  if (request.requester.isStrict) checkGet(message);
  const index = message.header32(AddrLabelMsg.INDEX);
  const isKnown = index === 0 || vnet.links.get(index) !== undefined;
  const asked = message.payload(IFAL.ADDRESS);
  const isInet6 = message.header8(AddrLabelMsg.FAMILY) === LinuxAF.INET6;
  const isWhole = message.header8(AddrLabelMsg.PREFIXLEN) === ADDRESS_BITS && asked?.length === ADDRESS_BYTES;
  if (!isInet6 || !isWhole || !isKnown || asked === undefined) throw new Refusal(LinuxErrno.EINVAL);
  const found = LABELS.find(({ bits, prefix }) => shareBits(asked, prefix, bits));
  if (found !== undefined) request.reply(writerOf(found));
}

function checkGet(message: MessageReader): void {
  if (message.attributesFrom(AddrLabelMsg.BYTES) > message.end) {
    throw new Refusal(LinuxErrno.EINVAL, "ipv6: Invalid header for addrlabel get request");
  }
  if (hasReserved(message) || message.header32(AddrLabelMsg.SEQ)) {
    throw new Refusal(LinuxErrno.EINVAL, "ipv6: Invalid values in header for addrlabel get request");
  }
  message.each(message.attributesFrom(AddrLabelMsg.BYTES), message.end, (type) => {
    if (type === IFAL.ADDRESS) return;
    throw new Refusal(LinuxErrno.EINVAL, "ipv6: Unsupported attribute in addrlabel get request");
  });
}

function writerOf({ bits, prefix, label }: (typeof LABELS)[number]) {
  return (writer: MessageWriter, { flags, seq, port }: ReplyHeader): void => {
    writer.begin(RTM.NEWADDRLABEL, flags, seq, port, AddrLabelMsg.BYTES);
    writer.header8(AddrLabelMsg.FAMILY, LinuxAF.INET6);
    writer.header8(AddrLabelMsg.PREFIXLEN, bits);
    writer.header32(AddrLabelMsg.SEQ, LABELS.length); // how often the table changed: once for each
    writer.raw(IFAL.ADDRESS, prefix);
    writer.u32(IFAL.LABEL, label);
    writer.end();
  };
}
