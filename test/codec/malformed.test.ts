import { describe, expect, it } from "vitest";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { CodecError } from "../../host/codec/bytes.js";
import { decode } from "../../host/codec/decode.js";
import { encode } from "../../host/codec/encode.js";
import { link } from "../../host/codec/link.js";
import type { Message } from "../../host/codec/messages.js";
import { route } from "../../host/codec/route.js";
import { hexBytes, Q } from "./worked.js";

/** An RTM_NEWROUTE with these attributes. */
function withAttributes(attributes: string): string {
  const length = (28 + hexBytes(attributes).length).toString(16).padStart(2, "0");
  return `${length}000000 18000100 01000000 00000000 | 02000000 00000000 00000000 | ${attributes}`;
}

function failure(work: () => unknown): CodecError {
  try {
    work();
  } catch (error) {
    if (error instanceof CodecError) return error;
    throw error;
  }
  throw new Error("expected a CodecError");
}

describe("decode refuses", () => {
  it.each([
    // what, bytes, message, byte, field, text
    ["fewer than 16 bytes", "24000000 1800", 1, 0, "nlmsghdr", "expected 16 bytes (struct nlmsghdr), found 6"],
    [
      "an nlmsg_len below 16",
      "0f000000 18000506 07000000 00000000",
      1,
      0,
      "nlmsghdr",
      "expected an nlmsg_len of 16 to 16, found 15",
    ],
    [
      "an nlmsg_len beyond the buffer, in the second message",
      `${Q} 40000000 18000506 07000000 00000000`,
      2,
      36,
      "nlmsghdr",
      "expected an nlmsg_len of 16 to 16, found 64",
    ],
    ["a byte behind the last message", `${Q} 00`, 2, 36, "nlmsghdr", "expected 16 bytes (struct nlmsghdr), found 1"],
    [
      "[N1.5] an NLMSG_DONE without its errno",
      "12000000 03000000 00000000 00000000 0000",
      1,
      16,
      "error",
      "expected 4 bytes (i32), found 2",
    ],
    [
      "[N1.5] an uncapped NLMSG_ERROR that does not hold the request",
      "24000000 02000000 00000000 00000000 01000000 | 25000000 18000000 00000000 00000000",
      1,
      36,
      "payload",
      "expected 21 bytes (the rest of the request), found 0",
    ],
    [
      "half an attribute header",
      withAttributes("0600"),
      1,
      28,
      "nlmsghdr",
      "expected an attribute of at least 4 bytes, found 2 at the end",
    ],
    [
      "[N6.2] an nla_len below 4",
      withAttributes("03000400"),
      1,
      28,
      "RTA_OIF",
      "expected an nla_len of at least 4, found 3",
    ],
    [
      "[N6.2] an nla_len beyond the message",
      withAttributes("0c000400 02000000"),
      1,
      28,
      "RTA_OIF",
      "expected an nla_len of at most 8, found 12",
    ],
    [
      "[N6.2] padding beyond the message",
      withAttributes("05001500 01"),
      1,
      28,
      "RTA_ENCAP_TYPE",
      "expected 8 bytes with the padding, found 5",
    ],
    [
      "[N6.4] a u32 of two bytes",
      withAttributes("06000400 01000000"),
      1,
      32,
      "RTA_OIF",
      "expected 4 bytes (u32), found 2",
    ],
    [
      "[N6.4] an IP address of three bytes",
      withAttributes("07000100 0a000000"),
      1,
      32,
      "RTA_DST",
      "expected 4 or 16 bytes (an IP address), found 3",
    ],
    [
      "[N6.4] an rtvia that is too short",
      withAttributes("08001200 02c00002"),
      1,
      32,
      "RTA_VIA",
      "expected family 2 and 4 bytes or family 28 and 16 bytes (an rtvia), found family 2, 4 bytes",
    ],
    [
      "a bad attribute in a nest",
      withAttributes("0c000800 07000200 78050000"),
      1,
      36,
      "RTA_METRICS.RTAX_MTU",
      "expected 4 bytes (u32), found 3",
    ],
    [
      "[E.4.1] an rtnh_len below 8",
      withAttributes("0c000900 07000001 02000000"),
      1,
      32,
      "RTA_MULTIPATH.[0]",
      "expected a rtnh_len of 8 to 8, padding included, found 7",
    ],
    [
      "an attribute whose padding is beyond the message, behind a whole one",
      withAttributes("14000900 10000001 02000000 08000400 02000000 0a000900 08000001 0200"),
      1,
      48,
      "RTA_MULTIPATH",
      "expected 12 bytes with the padding, found 10",
    ],
  ])("%s", (_what, dump, messageNumber, offset, field, text) => {
    const error = failure(() => decode(hexBytes(dump)));
    expect(error).toMatchObject({ messageNumber, offset, field });
    expect(error.message).toBe(`message ${messageNumber}, byte ${offset}, ${field}: ${text}`);
  });

  it("a string without NUL, at its place in the buffer", () => {
    const error = failure(() =>
      decode(hexBytes(`${Q} 28000000 10000100 01000000 00000000 ${"00000000 ".repeat(4)} 08000300 656d3031`)),
    );
    expect(error.message).toBe(
      "message 2, byte 72, IFLA_IFNAME: expected a string with its NUL, found 4 bytes without one",
    );
  });
});

describe("encode refuses", () => {
  const rows: [string, Message, string][] = [
    [
      "a number out of range",
      route.message(RTM.NEWROUTE, {}, { destinationLength: 256 }),
      "rtm_dst_len: expected u8, 0 to 255, found 256",
    ],
    ["a fraction", route.message(RTM.NEWROUTE, {}, { oif: 1.5 }), "RTA_OIF: expected u32, 0 to 4294967295, found 1.5"],
    [
      "what is no address",
      route.message(RTM.NEWROUTE, {}, { gateway: "10.1" }),
      'RTA_GATEWAY: expected an IPv4 or IPv6 address, found "10.1"',
    ],
    [
      "a NUL in a string",
      link.message(RTM.NEWLINK, {}, { name: "a\0b" }),
      'IFLA_IFNAME: expected a string without NUL, found "a\\u0000b"',
    ],
    [
      "what is no link-layer address",
      link.message(RTM.NEWLINK, {}, { address: "2:0" }),
      'IFLA_ADDRESS: expected hexadecimal bytes with colons, found "2:0"',
    ],
    [
      "an attribute of 64 KiB",
      link.message(RTM.NEWLINK, {}, { alias: "x".repeat(65531) }),
      "IFLA_IFALIAS: expected an nla_len of at most 65535, found 65536",
    ],
    [
      "a type of another object",
      route.message(RTM.NEWLINK, {}, {}),
      'nlmsghdr: expected a type of kind "route", found 16',
    ],
    [
      "a 64-bit number below 0",
      link.message(RTM.NEWLINK, {}, { statistics: { ...statistics(), rxBytes: -1n } }),
      "IFLA_STATS64.rx_bytes: expected u64, found -1",
    ],
  ];
  it.each(rows)("%s", (_what, message, text) => {
    const good = route.message(RTM.GETROUTE, {}, {});
    expect(failure(() => encode([good, message])).message).toMatch(/^message 2, byte \d+, /);
    expect(failure(() => encode([good, message])).message).toContain(text);
  });
});

function statistics(): NonNullable<ReturnType<typeof link.message>["body"]["statistics"]> {
  const bytes = hexBytes(
    `e4000000 10000000 00000000 00000000 ${"00000000 ".repeat(4)} c4001700 ${"00000000 ".repeat(48)}`,
  );
  const [message] = decode(bytes);
  if (message?.kind !== "link" || message.body.statistics === undefined) throw new Error("expected IFLA_STATS64");
  return message.body.statistics;
}
