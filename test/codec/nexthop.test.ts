import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { HeaderSize, NHA, RTA, RTM, RTPROT } from "../../assembly/abi/rtnetlink.js";
import { decode } from "../../host/codec/decode.js";
import { describe as describeMessage, explain, toJson } from "../../host/codec/describe.js";
import { encode } from "../../host/codec/encode.js";
import type { Message } from "../../host/codec/messages.js";
import { nexthop } from "../../host/codec/nexthop.js";
import { route } from "../../host/codec/route.js";
import { hexBytes } from "./worked.js";

const HEADER = "00000000 00000000";

/** Rows of rule, bytes written out by hand, one line, and the body. Requests first, then what the kernel writes. */
const WORKED: [rule: string, bytes: string, line: string, body: object][] = [
  [
    "[F.2] add id 7 via 192.0.2.254 dev 2",
    `30000000 68000504 01000000 00000000 | 00000400 00000000 |
     08000100 07000000 | 08000500 02000000 | 08000600 c00002fe`,
    "RTM_NEWNEXTHOP id 7 via 192.0.2.254 dev 2 proto static (48 bytes, flags REQUEST|ACK|CREATE, seq 1, pid 0)",
    { protocol: RTPROT.STATIC, id: 7, oif: 2, gateway: "192.0.2.254" },
  ],
  [
    "[F.2] add id 9 group 7 (weight 1) and 8 (weight 200)",
    `34000000 68000504 02000000 00000000 | ${HEADER} |
     08000100 09000000 | 14000200 07000000 01 00 0000 08000000 c8 00 0000`,
    "RTM_NEWNEXTHOP id 9 group [7 weight 1] [8 weight 200] (52 bytes, flags REQUEST|ACK|CREATE, seq 2, pid 0)",
    {
      id: 9,
      group: [
        { id: 7, weight: 1, reserved1: 0, reserved2: 0 },
        { id: 8, weight: 200, reserved1: 0, reserved2: 0 },
      ],
    },
  ],
  [
    "[F.4] show the kernel's nexthops of fib 3, IPv6: NHAF_FAMILY is one byte, padded",
    `30000000 6a000500 03000000 00000000 | ${HEADER} |
     18000e00 05000400 1c 000000 08000300 03000000 04000100`,
    "RTM_GETNEXTHOP family inet6 fib 3 knhops (48 bytes, flags REQUEST|ACK, seq 3, pid 0)",
    { freebsd: { family: AF.INET6, fib: 3, kernelNexthops: true } },
  ],
  [
    "[F.4] show the kernel's nexthop 5 of fib 0, IPv4",
    `34000000 6a000500 04000000 00000000 | ${HEADER} |
     1c000e00 08000500 05000000 05000400 02 000000 08000300 00000000`,
    "RTM_GETNEXTHOP kid 5 family inet fib 0 (52 bytes, flags REQUEST|ACK, seq 4, pid 0)",
    { freebsd: { kernelNexthop: 5, family: AF.INET, fib: 0 } },
  ],
  [
    "[F.4] show groups only",
    `1c000000 6a000503 05000000 00000000 | ${HEADER} | 04000900`,
    "RTM_GETNEXTHOP groups (28 bytes, flags REQUEST|ACK|ROOT|MATCH, seq 5, pid 0)",
    { groups: true },
  ],
  [
    "[F.5] delete id 7",
    `20000000 69000500 06000000 00000000 | ${HEADER} | 08000100 07000000`,
    "RTM_DELNEXTHOP id 7 (32 bytes, flags REQUEST|ACK, seq 6, pid 0)",
    { id: 7 },
  ],
  [
    "[F.3] a user's nexthop",
    `3c000000 68000000 07000000 64000000 | 02000400 00000000 |
     08000100 07000000 | 08000500 02000000 | 08000600 c00002fe | 0c000e00 08000600 02000000`,
    "RTM_NEWNEXTHOP id 7 via 192.0.2.254 dev 2 aif 2 proto static (60 bytes, seq 7, pid 100)",
    { family: AF.INET, id: 7, oif: 2, gateway: "192.0.2.254", freebsd: { addressInterface: 2 } },
  ],
  [
    "[F.3] a kernel's nexthop: AIF, KID, FAMILY (four bytes), TABLE, and no id",
    `58000000 68000200 08000000 64000000 | 1c000000 00000000 |
     08000500 02000000 | 14000600 20010db8 00000000 00000000 000000fe |
     24000e00 08000600 02000000 08000500 05000000 08000400 1c000000 08000300 03000000`,
    "RTM_NEWNEXTHOP via 2001:db8::fe dev 2 aif 2 kid 5 family inet6 fib 3 (88 bytes, flags MULTI, seq 8, pid 100)",
    { gateway: "2001:db8::fe", freebsd: { addressInterface: 2, kernelNexthop: 5, family: AF.INET6, fib: 3 } },
  ],
  [
    "[F.3] a blackhole has neither interface nor gateway",
    `24000000 68000000 09000000 64000000 | 02000000 00000000 | 08000100 08000000 | 04000400`,
    "RTM_NEWNEXTHOP id 8 blackhole (36 bytes, seq 9, pid 100)",
    { id: 8, blackhole: true },
  ],
  [
    "[F.3] a group: GROUP_TYPE before GROUP",
    `3c000000 68000000 0a000000 64000000 | ${HEADER} |
     08000100 09000000 | 06000300 0000 0000 | 14000200 07000000 01 00 0000 08000000 c8 00 0000`,
    "RTM_NEWNEXTHOP id 9 group [7 weight 1] [8 weight 200] (60 bytes, seq 10, pid 100)",
    { family: 0, id: 9, groupType: 0 },
  ],
  [
    "[F.5] a deleted nexthop",
    `34000000 69000500 0b000000 64000000 | 02000000 00000000 |
     08000100 07000000 | 08000500 02000000 | 08000600 c00002fe | 04000e00`,
    "RTM_DELNEXTHOP id 7 via 192.0.2.254 dev 2 { } (52 bytes, flags REQUEST|ACK, seq 11, pid 100)",
    { id: 7, freebsd: {} },
  ],
];

function only(bytes: Uint8Array): Message {
  const messages = decode(bytes);
  expect(messages).toHaveLength(1);
  return messages[0] as Message;
}

describe("nexthops", () => {
  it("nhmsg has FreeBSD's size", () => {
    expect(nexthop.header.size).toBe(HeaderSize.NHMSG);
  });

  it.each(WORKED)("%s: decodes, describes and encodes the same bytes", (_rule, dump, line, body) => {
    const bytes = hexBytes(dump);
    const message = only(bytes);
    expect(bytes).toHaveLength(new DataView(bytes.buffer).getUint32(0, true));
    expect(message.body).toMatchObject(body);
    expect(message.body).not.toHaveProperty("unknown");
    expect(JSON.stringify(toJson(message))).not.toContain('"wire"');
    expect(describeMessage(message)).toBe(line);
    expect(encode(message)).toEqual(bytes);
  });

  it("[F.4] the schema writes NHAF_FAMILY as one byte into a request, as four into what the kernel answers", () => {
    const body = { freebsd: { family: AF.INET6, fib: 3, kernelNexthops: true } } as const;
    expect(encode(nexthop.message(RTM.GETNEXTHOP, { flags: NLM_F.REQUEST | NLM_F.ACK, seq: 3 }, body))).toEqual(
      hexBytes(WORKED[2]?.[1] ?? ""),
    );
    const answer = nexthop.message(RTM.NEWNEXTHOP, {}, { freebsd: { family: AF.INET6 } });
    expect(encode(answer).subarray(24)).toEqual(hexBytes("0c000e00 08000400 1c000000"));
  });

  it("[F.4] a request with four bytes of NHAF_FAMILY, which the kernel refuses, keeps them until it is changed", () => {
    const bytes = hexBytes(`24000000 6a000500 03000000 00000000 | ${HEADER} | 0c000e00 08000400 1c000000`);
    const message = only(bytes);
    if (message.kind !== "nexthop") throw new Error("expected a nexthop");
    expect(message.body.freebsd?.family).toBe(AF.INET6);
    expect(encode(message)).toEqual(bytes);
    const freebsd = { ...message.body.freebsd, family: AF.INET };
    expect(encode({ ...message, body: { ...message.body, freebsd } }).subarray(24)).toEqual(
      hexBytes("0c000e00 05000400 02000000"),
    );
  });

  it.each([
    [
      "two bytes of NHAF_FAMILY",
      "0c000e00 06000400 1c000000",
      /NHA_FREEBSD\.NHAF_FAMILY: expected an address family of 1/,
    ],
    ["a group of half a member", "0a000200 07000000 0100 0000", /NHA_GROUP: expected a multiple of 8 /],
    ["a flag that is not empty", "08000900 01000000", /NHA_GROUPS: expected 0 bytes/],
  ])("[F.2] [F.4] %s cannot be read", (_name, attribute, message) => {
    const length = (24 + hexBytes(attribute).length).toString(16);
    expect(() => decode(hexBytes(`${length}000000 6a000500 01000000 00000000 | ${HEADER} | ${attribute}`))).toThrow(
      message,
    );
  });

  it("a weight that does not fit names its member", () => {
    const group = [
      { id: 1, weight: 1, reserved1: 0, reserved2: 0 },
      { id: 2, weight: 256, reserved1: 0, reserved2: 0 },
    ];
    expect(() => encode(nexthop.message(RTM.NEWNEXTHOP, {}, { group }))).toThrow(
      "NHA_GROUP.[1].weight: expected u8, 0 to 255, found 256",
    );
  });

  it("every field and attribute stands under its FreeBSD name", () => {
    const group = explain(only(hexBytes(WORKED[9]?.[1] ?? "")));
    expect(group).toContain(`
  nh_family       AF_UNSPEC (0)
  nh_scope        RT_SCOPE_UNIVERSE (0)
  nh_protocol     RTPROT_UNSPEC (0)
  resvd           0
  nh_flags        0
  NHA_ID          9
`);
    expect(group).toContain(`
  NHA_GROUP
    [0]
      id      7
      weight  1
      resvd1  0
      resvd2  0
    [1]
      id      8
      weight  200`);
    const kernel = explain(only(hexBytes(WORKED[7]?.[1] ?? "")));
    for (const line of ["NHAF_AIF     2", "NHAF_KID     5", "NHAF_FAMILY  AF_INET6 (28)", "NHAF_TABLE   3"]) {
      expect(kernel).toContain(line);
    }
  });

  it("a value survives encode and decode", () => {
    const u32 = fc.integer({ min: 0, max: 0xffffffff });
    const u8 = fc.integer({ min: 0, max: 0xff });
    const member = fc.record({ id: u32, weight: u8, reserved1: u8, reserved2: fc.integer({ min: 0, max: 0xffff }) });
    const body = fc.record(
      {
        family: u8,
        protocol: u8,
        flags: u32,
        id: u32,
        groupType: fc.integer({ min: 0, max: 0xffff }),
        group: fc.array(member, { maxLength: 5 }),
        blackhole: fc.constant<true>(true),
        oif: u32,
        gateway: fc.ipV4(),
        freebsd: fc.record(
          { addressInterface: u32, kernelNexthop: u32, family: u8, fib: u32, kernelNexthops: fc.constant<true>(true) },
          { requiredKeys: [] },
        ),
        groups: fc.constant<true>(true),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.constantFrom(RTM.NEWNEXTHOP, RTM.DELNEXTHOP, RTM.GETNEXTHOP), body, (type, value) => {
        const message = nexthop.message(type, {}, value);
        expect(decode(encode(message))).toEqual([message]);
      }),
    );
  });

  it("the numbers", () => {
    expect([...nexthop.table.byType.keys()].sort((a, b) => a - b)).toEqual([
      NHA.ID,
      NHA.GROUP,
      NHA.GROUP_TYPE,
      NHA.BLACKHOLE,
      NHA.OIF,
      NHA.GATEWAY,
      NHA.GROUPS,
      NHA.FREEBSD,
    ]);
  });
});

describe("routes of several paths", () => {
  it("[E.4.1] a request: rtnexthop with gateway, or with RTA_VIA, weights as they are", () => {
    const request = route.message(
      RTM.NEWROUTE,
      { flags: NLM_F.REQUEST | NLM_F.CREATE | NLM_F.EXCL, seq: 1 },
      {
        family: AF.INET,
        destinationLength: 8,
        destination: "10.0.0.0",
        multipath: [
          { flags: 0, weight: 1, index: 0, gateway: "192.0.2.1" },
          { flags: 0, weight: 3, index: 2, via: "2001:db8::1" },
        ],
      },
    );
    expect(encode(request)).toEqual(
      hexBytes(`58000000 18000106 01000000 00000000 | 02080000 00000000 00000000 | 08000100 0a000000 |
        34000900 10000001 00000000 08000500 c0000201 |
        20000003 02000000 15001200 1c 20010db8 00000000 00000000 00000001 000000`),
    );
    expect(decode(encode(request))).toEqual([request]);
  });

  it("[E.1.3] the kernel's: group id, group index, flags of the first, then paths with flags of their own", () => {
    const bytes = hexBytes(`70000000 18000000 02000000 64000000 | 02080000 00040001 00000000 |
      08000f00 00000000 | 08000100 0a000000 | 08001e00 09000000 | 08000a00 01000000 | 08000e00 02000000 |
      2c000900 10000001 02000000 08000500 c0000201 | 180000c8 02000000 08000500 c0000202 08000e00 02400000`);
    const message = only(bytes);
    expect(message.body).not.toHaveProperty("wire");
    expect(message.body).toMatchObject({
      nexthopId: 9,
      kernelNexthop: 1,
      multipath: [{ weight: 1 }, { weight: 200, gateway: "192.0.2.2", routeFlags: 0x4002 }],
    });
    expect(encode(message)).toEqual(bytes);
  });

  it("[E.1.2] RTA_NH_ID stands between gateway and RTA_KNH_ID, RTA_EXPIRES before RTA_OIF", () => {
    const types = [...route.table.list.map(({ type }) => type)];
    const expected = [RTA.GATEWAY, RTA.NH_ID, RTA.KNH_ID, RTA.RTFLAGS, RTA.METRICS, RTA.EXPIRES, RTA.OIF, RTA.WEIGHT];
    expect(types.filter((type) => expected.includes(type))).toEqual(expected);
  });
});
