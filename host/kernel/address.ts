// Addresses as the core takes them: two words in host order, left-aligned (assembly/net/address.ts).

import ipaddr from "ipaddr.js";
import { AddressLayout } from "../../assembly/abi/exchange.js";
import { AddressSize, AF } from "../../assembly/abi/inet.js";
import type { Core } from "./core.js";
import type { AddressOptions } from "./options.js";

/** A lifetime without end. */
const FOREVER = 0xffffffff;

export interface AddressWords {
  readonly family: AF.INET | AF.INET6;
  readonly high: bigint;
  readonly low: bigint;
}

/** An address for the stack, in the exchange. @throws RangeError for a peer or broadcast address of another family */
export function writeAddress(
  core: Core,
  words: AddressWords,
  prefixLength: number,
  options: AddressOptions = {},
): void {
  const { exchange } = core;
  const peer = ofFamily(words.family, options.peer);
  const broadcast = ofFamily(words.family, options.broadcast);
  core.views.bytes.fill(0, exchange, exchange + AddressLayout.BYTES);
  const data = core.views.data;
  data.setUint32(exchange + AddressLayout.FAMILY, words.family, true);
  data.setUint32(exchange + AddressLayout.PREFIX_LENGTH, prefixLength, true);
  data.setBigUint64(exchange + AddressLayout.HIGH, words.high, true);
  data.setBigUint64(exchange + AddressLayout.LOW, words.low, true);
  if (peer !== undefined && (peer.high !== words.high || peer.low !== words.low || words.family === AF.INET)) {
    data.setUint8(exchange + AddressLayout.HAS_PEER, 1);
    data.setBigUint64(exchange + AddressLayout.PEER_HIGH, peer.high, true);
    data.setBigUint64(exchange + AddressLayout.PEER_LOW, peer.low, true);
  }
  if (broadcast !== undefined) {
    data.setUint8(exchange + AddressLayout.HAS_BROADCAST, 1);
    data.setBigUint64(exchange + AddressLayout.BROADCAST, broadcast.high, true);
  }
  data.setUint32(exchange + AddressLayout.VHID, options.vhid ?? 0, true);
  data.setUint32(exchange + AddressLayout.FLAGS, options.flags ?? 0, true);
  data.setUint32(exchange + AddressLayout.PREFERRED_SECONDS, options.preferred ?? FOREVER, true);
  data.setUint32(exchange + AddressLayout.VALID_SECONDS, options.valid ?? FOREVER, true);
}

function ofFamily(family: AF, text: string | undefined): AddressWords | undefined {
  const words = text === undefined ? undefined : parseAddress(text);
  if (words !== undefined && words.family !== family) {
    throw new RangeError(`address: "${text}"; expected an address of the family of the interface's own`);
  }
  return words;
}

/** @throws RangeError naming the text */
export function parseAddress(text: string): AddressWords {
  if (
    !ipaddr.isValid(text) ||
    (text.includes(".") && !text.includes(":") && !ipaddr.IPv4.isValidFourPartDecimal(text))
  ) {
    throw new RangeError(`address: "${text}"; expected an IPv4 or IPv6 address`);
  }
  const bytes = ipaddr.parse(text).toByteArray();
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  if (bytes.length === AddressSize.INET) return { family: AF.INET, high: value << 32n, low: 0n };
  return { family: AF.INET6, high: value >> 64n, low: value & 0xffff_ffff_ffff_ffffn };
}

/** The text of an address: dotted decimal, or as RFC 5952 wants it. */
export function formatAddress(family: number, high: bigint, low: bigint): string {
  const isInet = family === AF.INET;
  const value = isInet ? high >> 32n : (high << 64n) | low;
  const length = isInet ? AddressSize.INET : AddressSize.INET6;
  const bytes = Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn));
  return isInet ? bytes.join(".") : new ipaddr.IPv6(bytes).toRFC5952String();
}

/** An address with its prefix length, as "192.0.2.1/24". @throws RangeError naming the text */
export function parsePrefixed(text: string): AddressWords & { readonly prefixLength: number } {
  const [address = "", length, ...rest] = text.split("/");
  const words = parseAddress(address);
  const most = words.family === AF.INET ? AddressSize.INET_BITS : AddressSize.INET6_BITS;
  if (rest.length > 0 || length === undefined || !/^\d+$/.test(length) || Number(length) > most) {
    throw new RangeError(`address: "${text}"; expected a prefix length from 0 to ${most} behind a slash`);
  }
  return { ...words, prefixLength: Number(length) };
}
