// Addresses as the core takes them: two words in host order, left-aligned (assembly/net/address.ts).

import ipaddr from "ipaddr.js";
import { AddressSize, AF } from "../../assembly/abi/inet.js";

export interface AddressWords {
  readonly family: AF.INET | AF.INET6;
  readonly high: bigint;
  readonly low: bigint;
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
