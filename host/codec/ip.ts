// Internet addresses between their text and their bytes in network order. The length tells the family: 4 or 16.

import ipaddr from "ipaddr.js";
import { AddressSize, AF } from "../../assembly/abi/inet.js";

/** A destination: an address and how many of its bits count. */
export interface Prefix {
  address: string;
  /** 0..32 or 0..128 */
  length: number;
  family: AF.INET | AF.INET6;
}

/**
 * @param text - dotted decimal of four parts, or IPv6; no zone, no prefix length
 * @returns 4 or 16 bytes; undefined when the text is no such address
 */
export function parseIp(text: string): Uint8Array | undefined {
  if (text.includes("%")) return undefined;
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return Uint8Array.from(ipaddr.IPv4.parse(text).octets);
  if (text.includes(":") && ipaddr.IPv6.isValid(text)) return Uint8Array.from(ipaddr.IPv6.parse(text).toByteArray());
  return undefined;
}

/** @param bytes - 4 or 16; IPv6 comes out as RFC 5952 wants it */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === AddressSize.INET) return bytes.join(".");
  const parts = Array.from({ length: 8 }, (_, index) => ((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0));
  return new ipaddr.IPv6(parts).toRFC5952String();
}

/** The family of an address in text, or undefined when it is none. */
export function familyOf(text: string): AF.INET | AF.INET6 | undefined {
  const bytes = parseIp(text);
  return bytes && (bytes.length === AddressSize.INET ? AF.INET : AF.INET6);
}

/**
 * @param text - `10.1.0.0/16`, `2001:db8::/32`; without a length all bits count
 * @throws RangeError when it is neither
 */
export function parsePrefix(text: string): Prefix {
  const [address = "", bits, ...more] = text.split("/");
  const family = familyOf(address);
  const most = family === AF.INET ? AddressSize.INET_BITS : AddressSize.INET6_BITS;
  const length = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (family === undefined || more.length > 0 || !(length <= most)) {
    throw new RangeError(
      `expected an address or prefix such as 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32, found "${text}"`,
    );
  }
  return { address, length, family };
}
