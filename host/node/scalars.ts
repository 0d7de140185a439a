// Single values that a configuration may hold, each with the words that say what is expected.
import ipaddr from "ipaddr.js";
import { RouteLimit, RTPROT } from "../../assembly/abi/rtnetlink.js";
import { familyOf } from "../codec/ip.js";
import type { Shape } from "../yaml/schema.js";

export const U32 = 0xffffffff;

/** Names as the kernel takes them: IFNAMSIZ is 16 with its NUL (net/if.h). */
export const NAME: Shape = {
  kind: "text",
  expected: "a name of 1 to 15 letters, digits, '.', '_' or '-'",
  accepts: (text) => /^[\w.-]{1,15}$/.test(text),
};

/** A built-in module, one that comes along, or a file of one's own (modulefile.ts). */
export const MODULE: Shape = {
  kind: "text",
  expected: "the name of a module, or a file ending in .wasm",
  accepts: (text) => /^[\w.-]{1,63}$/.test(text) || /\.wasm$/.test(text),
};

export const LLADDR: Shape = {
  kind: "text",
  expected: 'a link-level address like "02:00:00:00:00:01", in quotes',
  accepts: (text) => /^[\da-f]{2}(:[\da-f]{2}){5}$/i.test(text),
};

export const IP: Shape = {
  kind: "text",
  expected: "an address like 192.0.2.1 or 2001:db8::1",
  accepts: (text) => familyOf(text) !== undefined,
};

export const ENDPOINT: Shape = {
  kind: "text",
  expected: "an address like 192.0.2.1, 2001:db8::1 or fe80::1%em0",
  accepts: (text) => /^[^%]+(%[\w.-]{1,15})?$/.test(text) && familyOf(text.replace(/%.*/, "")) !== undefined,
};

export const ADDRESS_WITH_LENGTH = {
  kind: "text",
  expected: "an address with its prefix length, like 192.0.2.1/24 or 2001:db8::1/64",
  accepts: isAddressWithLength,
} as const satisfies Shape;

export const PREFIX: Shape = {
  kind: "text",
  expected: "a prefix like 10.0.0.0/8 or 2001:db8::/32, or default",
  accepts: (text) => text === "default" || isAddressWithLength(text),
};

export const FIB: Shape = { kind: "integer", min: 0, max: RouteLimit.FIBS - 1 };
export const SECONDS: Shape = { kind: "integer", min: 0, max: U32 };
export const ID: Shape = { kind: "integer", min: 1, max: U32 };

export const PROTOCOL: Shape = {
  kind: "choice",
  of: Object.keys(RTPROT).flatMap((name) => (Number.isNaN(Number(name)) ? [name.toLowerCase()] : [])),
};

function isAddressWithLength(text: string): boolean {
  return (
    ipaddr.IPv6.isValidCIDR(text) ||
    (ipaddr.IPv4.isValidCIDR(text) && ipaddr.IPv4.isValidFourPartDecimal(text.split("/", 1)[0] ?? ""))
  );
}
