// What a specification makes of JSON, and JSON of a message.

import { describe, expect, it } from "vitest";
import { NETLINK } from "../../assembly/abi/netlink.js";
import { decode } from "../../host/codec/decode.js";
import { describe as summaryOf } from "../../host/codec/describe.js";
import { encode } from "../../host/codec/encode.js";
import { FamilyRegistry } from "../../host/codec/families.js";
import { Specification } from "../../host/ynl/specification.js";
import { hex, toHex } from "../support/messages.js";
import { EVERYTHING_YAML } from "./specs.js";

const ID = 20;
const everything = new Specification(EVERYTHING_YAML, "everything.yaml");
const families = new FamilyRegistry([everything]);
families.set(ID, "everything");

/** nlmsghdr, genlmsghdr, fixed header and its padding. */
const HEADERS = 16 + 4 + 8;

function attributesOf(values: object): string {
  return toHex(encode(everything.request("get", "do", values, ID)).subarray(HEADERS));
}

function read(bytes: Uint8Array): { [key: string]: unknown } | undefined {
  const [message] = decode(bytes, { protocol: NETLINK.GENERIC, families, isFromKernel: true });
  return message && everything.valuesOf(message);
}

const plain = (text: string): string => toHex(hex(text));

describe("an attribute", () => {
  it.each<[string, unknown, string]>([
    ["u8", 255, "0500 0100 ff 000000"],
    ["u16", 258, "0600 0200 0102 0000"],
    ["u32", 0xffffffff, "0800 0300 ffffffff"],
    ["u64", "18446744073709551615", "0c00 0400 ffffffffffffffff"],
    ["u64", 5, "0c00 0400 0500000000000000"],
    ["s8", -1, "0500 0500 ff 000000"],
    ["s16", -2, "0600 0600 feff 0000"],
    ["s32", -3, "0800 0700 fdffffff"],
    ["s64", -4, "0c00 0800 fcffffffffffffff"],
    ["uint", 7, "0800 0900 07000000"],
    ["uint", 0x100000000, "0c00 0900 0000000001000000"],
    ["sint", -7, "0800 0a00 f9ffffff"],
    ["string", "abc", "0800 0b00 61626300"],
    ["binary", "0102ff", "0700 0c00 0102ff 00"],
    ["flag", true, "0400 0d00"],
    ["nest", { u8: 1, nest: {} }, "1000 0e00 0500 0100 01000000 0400 0e00"],
    ["array", [{ u32: 1 }, { far: 2 }], "1c00 0f00 0c00 0100 0800 0300 01000000 0c00 0200 0600 6400 0200 0000"],
    ["numbers", [3, 4], "1400 1000 0800 0100 03000000 0800 0200 04000000"],
    ["typed", { "policy-id": 9, "attr-id": 3, u32: 1 }, "1400 1100 1000 0900 0c00 0300 0800 0300 01000000"],
    ["bits", { value: ["up"], selector: ["up", "running"] }, "0c00 1200 01000000 03000000"],
    ["pad", "", "0400 1300"],
    ["many", [1, 2], "0800 1400 01000000 0800 1400 02000000"],
    ["words", ["a", "b"], "0600 1500 6100 0000 0600 1500 6200 0000"],
    ["packed", [1, 2, 3], "0a00 1600 0100 0200 0300 0000"],
    ["color", "green", "0500 1800 05 000000"],
    ["color", 99, "0500 1800 63 000000"],
    ["state", ["up", "lower-up", 4], "0800 1900 05000100"],
    ["state", [], "0800 1900 00000000"],
    ["colors", ["red", "blue"], "0800 1a00 42000000"],
    ["mac", "02:00:00:00:00:01", "0a00 1c00 020000000001 0000"],
    ["ipv4", "192.0.2.1", "0800 1d00 c0000201"],
    ["ipv6", "2001:db8::1", "1400 1e00 20010db8000000000000000000000001"],
    ["uuid", "00112233-4455-6677-8899-aabbccddeeff", "1400 1f00 00112233445566778899aabbccddeeff"],
    ["hex", "0x1f", "0600 2000 1f00 0000"],
    ["far", 1, "0500 6400 01 000000"],
    ["next", 1, "0500 6500 01 000000"],
  ])("%s of %j is these bytes, and they are it", (name, value, bytes) => {
    expect(attributesOf({ [name]: value })).toBe(plain(bytes));
    expect(read(encode(everything.request("get", "do", { [name]: value }, ID)))).toEqual({
      ifindex: 0,
      port: 0,
      [name]: value,
    });
  });

  it("that is a structure is 0 where nothing is said, and keeps the tail of a longer one", () => {
    const written = attributesOf({ struct: { packets: 1, bytes: 2, color: "red", name: "x" } });
    expect(written).toBe(plain(`2400 1b00 01000000 0000000000000002 01 78${"00".repeat(15)} 000000`));
    expect(attributesOf({ struct: {} })).toBe(plain(`2400 1b00 ${"00".repeat(32)}`));
    const longer = hex(
      `44000000 14000000 00000000 00000000 01070000 ${"00".repeat(8)} 2800 1b00 ${"00".repeat(32)} 01020304`,
    );
    const [message] = decode(longer, { protocol: NETLINK.GENERIC, families });
    expect(message && toHex(encode(message))).toBe(toHex(longer));
  });

  it("takes numbers as text, and hexadecimal", () => {
    expect(attributesOf({ u32: "0x10", u64: "17" })).toBe(plain("0800 0300 10000000 0c00 0400 1100000000000000"));
  });

  it("is written in the order of its set, whatever that of the JSON", () => {
    expect(attributesOf({ u16: 1, u8: 1 })).toBe(attributesOf({ u8: 1, u16: 1 }));
  });
});

describe("a value that does not fit", () => {
  it.each<[object, string]>([
    [{ nonsense: 1 }, "expected one of ifindex, port, u8, u16"],
    [{ u8: 256 }, "u8: expected u8, found 256"],
    [{ u8: -1 }, "expected u8, found -1"],
    [{ s8: 128 }, "expected s8, found 128"],
    [{ u8: 1.5 }, "expected u8, found 1.5"],
    [{ u8: "x" }, 'expected u8, found "x"'],
    [{ color: "mauve" }, 'expected u8, one of red, green, blue, found "mauve"'],
    [{ color: ["red"] }, "expected u8, one of red, green, blue"],
    [{ state: ["down"] }, "expected u32, a list of up, running, lower-up"],
    [{ string: 5 }, "string: expected a string, found 5"],
    [{ string: "a\0b" }, "expected a string without NUL"],
    [{ binary: "012" }, "expected hexadecimal digits, two a byte"],
    [{ mac: "x" }, "expected hexadecimal bytes with colons"],
    [{ ipv6: "x" }, "expected an IP address"],
    [{ flag: false }, "expected true, found false"],
    [{ nest: [] }, "expected an object, found []"],
    [{ nest: { nest: { nonsense: 1 } } }, "nest.nest: expected one of u8"],
    [{ array: {} }, "expected a list, found {}"],
    [{ array: [{ u8: 1 }] }, 'array.[1]: expected one of u32, string, far, found "u8"'],
    [{ many: 1 }, "expected a list of many, found 1"],
    [{ nest: { many: "12" } }, "expected a list of many"],
    [{ typed: { u32: 1 } }, "expected policy-id, an attribute's number"],
    [{ struct: { nothing: 1 } }, "expected one of packets, bytes, color, name, hole"],
    [{ struct: { name: "x".repeat(17) } }, "expected a string of at most 16 bytes"],
    [{ ifindex: "x" }, "ifindex: expected s32"],
  ])("%j: %s", (values, expected) => {
    expect(() => encode(everything.request("get", "do", values, ID))).toThrow(expected);
  });

  it("is an operation that is not there, or not in this mode", () => {
    expect(() => everything.request("take", "do", {}, ID)).toThrow('"take"; expected an operation to do, one of get');
    expect(() => everything.request("changed", "do", {}, ID)).toThrow(
      '"changed"; expected an operation to do, one of get',
    );
  });
});

describe("a message", () => {
  it("has the version, the command and the fixed header of its operation", () => {
    const bytes = encode(everything.request("get", "dump", { ifindex: -1, port: 80 }, ID));
    expect(toHex(bytes)).toBe(plain("1c000000 14000003 00000000 00000000 01070000 ffffffff 0050 0000"));
  });

  it("reads in a line by the names of the specification", () => {
    const message = everything.request("get", "do", { ifindex: 3, color: "red", many: [1, 2], state: ["up"] }, ID);
    expect(summaryOf(message)).toMatch(/^everything get ifindex 3 port 0 many 1, 2 color red state up \(/);
  });

  it("of a notification has the attributes of the operation that it tells of, and one that is reserved has none", () => {
    expect(everything.schemaOf(3, false)?.title?.({})).toBe("everything changed");
    expect(everything.schemaOf(3, true)).toBeUndefined();
    expect(everything.schemaOf(2, false)).toBeUndefined();
    expect(everything.schemaOf(9, false)?.title?.({})).toBe("everything happened");
    expect(everything.schemaOf(10, false)).toBeUndefined();
  });

  it("comes back byte for byte, with what the specification does not have, and in another order", () => {
    const attributes =
      "0800 1400 01000000 0500 0100 01 000000 0800 1400 02000000 0600 c800 0102 0000 0700 1500 616263 00";
    const bytes = hex(`40000000 14000000 00000000 00000000 01070000 00000000 00000000 ${attributes}`);
    bytes[0] = bytes.length;
    const [message] = decode(bytes, { protocol: NETLINK.GENERIC, families });
    expect(message).toMatchObject({ body: { many: [1, 2], words: ["abc"], unknown: [{ type: 200 }] } });
    expect(message && toHex(encode(message))).toBe(toHex(bytes));
  });
});
