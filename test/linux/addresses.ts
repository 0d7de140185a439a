// Requests for and messages of addresses, in Linux's numbers, written out by hand.

import { attribute, attributesOf, find, join, type Message, type Program, u8, u32 } from "./program.js";

export const RTM = { NEWADDR: 20, DELADDR: 21, GETADDR: 22 } as const;
export const IFADDRMSG = 8;
export const IFA = {
  ADDRESS: 1,
  LOCAL: 2,
  LABEL: 3,
  BROADCAST: 4,
  CACHEINFO: 6,
  FLAGS: 8,
  PRIORITY: 9,
  PROTO: 11,
} as const;

interface Header {
  readonly family?: number;
  readonly prefixLength?: number;
  readonly flags?: number;
  readonly scope?: number;
  readonly index?: number;
}

export function ifaddrmsg({ family = 0, prefixLength = 0, flags = 0, scope = 0, index = 0 }: Header): Uint8Array {
  return join(u8(family, prefixLength, flags, scope), u32(index));
}

export function inet(text: string): Uint8Array {
  return u8(...text.split(".").map(Number));
}

export function inet6(text: string): Uint8Array {
  const [head, tail] = text.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const left = head as string[];
  const right = tail ?? [];
  const groups = [...left, ...Array(8 - left.length - right.length).fill("0"), ...right];
  return u8(...groups.flatMap((group) => [Number.parseInt(group, 16) >>> 8, Number.parseInt(group, 16) & 0xff]));
}

export function cacheinfo(preferred: number, valid: number): Uint8Array {
  return attribute(IFA.CACHEINFO, join(u32(preferred), u32(valid), u32(0), u32(0)));
}

export function getAddr(program: Program, flags: number, family = 0, index = 0): Message[] {
  return program.ask(RTM.GETADDR, flags, ifaddrmsg({ family, index }));
}

/** What a message says of an address. */
export function addressOf({ body }: Message) {
  const attributes = attributesOf(body, IFADDRMSG);
  const view = (type: number) => {
    const payload = find(attributes, type);
    return payload === undefined ? undefined : new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  };
  const lifetimes = view(IFA.CACHEINFO);
  const label = find(attributes, IFA.LABEL);
  const text = (type: number) => {
    const payload = find(attributes, type);
    return payload === undefined ? undefined : addressString(payload);
  };
  return {
    index: new DataView(body.buffer, body.byteOffset).getUint32(4, true),
    prefixLength: body[1] as number,
    scope: body[3] as number,
    address: text(IFA.ADDRESS),
    local: text(IFA.LOCAL),
    broadcast: text(IFA.BROADCAST),
    label: label === undefined ? undefined : new TextDecoder().decode(label.subarray(0, -1)),
    flags: view(IFA.FLAGS)?.getUint32(0, true) as number,
    priority: view(IFA.PRIORITY)?.getUint32(0, true),
    protocol: find(attributes, IFA.PROTO)?.[0],
    cacheinfo: [0, 4, 8, 12].map((at) => lifetimes?.getUint32(at, true)),
  };
}

/** "2 192.0.2.1/24": interface, own address, prefix length. Of an automatic link-local address the prefix alone. */
export function addressText(message: Message): string {
  const { index, prefixLength, address, local } = addressOf(message);
  const own = local ?? address;
  return `${index} ${own?.startsWith("fe80::") && own.length > 10 ? "fe80::" : own}/${prefixLength}`;
}

function addressString(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number)).toString(16),
  );
  const shortened = groups.join(":").replace(/(^|:)0(:0)+(:|$)/, "::");
  return shortened;
}
