import { describe, expect, it } from "vitest";
import { GIF, GRE } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { NETLINK, NLM_F } from "../../assembly/abi/netlink.js";
import { IFLA_TUNNEL, RTF, RTM, RTN, RTPROT } from "../../assembly/abi/rtnetlink.js";
import { decode } from "../../host/codec/decode.js";
import { describe as describeMessage, explain, toJson } from "../../host/codec/describe.js";
import { encode } from "../../host/codec/encode.js";
import type { Message } from "../../host/codec/messages.js";
import { route } from "../../host/codec/route.js";
import { ADDRESS, CONTROL, GATEWAY_ROUTE, hexBytes, LO0, MULTIPATH_ROUTE, Q, VIA_ROUTE } from "./worked.js";

function only(bytes: Uint8Array): Message {
  const messages = decode(bytes);
  expect(messages).toHaveLength(1);
  return messages[0] as Message;
}

describe("control messages", () => {
  it.each(CONTROL)("%s: decodes, describes and encodes the same bytes", (_rule, dump, line) => {
    const bytes = hexBytes(dump);
    const message = only(bytes);
    expect(describeMessage(message)).toBe(line);
    expect(encode(message)).toEqual(bytes);
  });

  it("[N1.5] NLMSG_ERROR gives errno, request, repeated payload, text and offset", () => {
    const message = only(hexBytes(CONTROL[4]?.[1] ?? ""));
    expect(message).toMatchObject({
      kind: "error",
      body: {
        error: 22,
        request: { length: 36, type: RTM.NEWROUTE, flags: 0x605, seq: 9, pid: 0x64 },
        message: "nla type 4 size(2) is not uint32",
        offset: 28,
      },
    });
    expect(message.kind === "error" && message.body.requestPayload).toEqual(
      hexBytes("02200000 00040001 00000000 06000400 01000000"),
    );
  });

  it("[N5.4] a capped NLMSG_ERROR with the request's payload cannot be encoded", () => {
    const message = only(hexBytes(CONTROL[1]?.[1] ?? ""));
    const capped = { ...message, header: { ...message.header, flags: NLM_F.CAPPED } } as Message;
    expect(() => encode(capped)).toThrow(/payload: expected 0 bytes \(the rest of the request\), found 20/);
  });

  it("[N1.4] NLMSG_NOOP keeps what it carries", () => {
    const bytes = hexBytes("15000000 01000000 00000000 00000000 aabbccdd ee");
    expect(only(bytes)).toMatchObject({ kind: "noop", body: { payload: hexBytes("aabbccddee") } });
    expect(encode(decode(bytes))).toEqual(bytes);
  });
});

describe("objects", () => {
  it("[N12] request Q is what the route schema writes", () => {
    const request = route.message(
      RTM.NEWROUTE,
      { flags: NLM_F.REQUEST | NLM_F.ACK | NLM_F.EXCL | NLM_F.CREATE, seq: 7 },
      {
        family: AF.INET,
        destinationLength: 32,
        protocol: RTPROT.STATIC,
        type: RTN.UNICAST,
        destination: "127.0.0.127",
      },
    );
    expect(encode(request)).toEqual(hexBytes(Q));
    expect(decode(hexBytes(Q))).toEqual([request]);
  });

  it("[E.1.2] attributes are written in FreeBSD's order, whatever the order of the properties", () => {
    const answer = route.message(
      RTM.NEWROUTE,
      { seq: 7, pid: 0x64 },
      {
        oif: 2,
        routeFlags: RTF.GATEWAY | RTF.STATIC,
        kernelNexthop: 5,
        gateway: "192.0.2.254",
        destination: "10.1.0.0",
        fib: 0,
        type: RTN.UNICAST,
        protocol: RTPROT.KERNEL,
        destinationLength: 16,
        family: AF.INET,
      },
    );
    expect(encode(answer)).toEqual(hexBytes(GATEWAY_ROUTE));
  });

  it.each([
    ["[B.1.6] lo0 is 320 bytes", LO0, 320],
    ["[E.1.5] a gateway route is 76 bytes", GATEWAY_ROUTE, 76],
    ["[E.1.5] a route via IPv6 is 92 bytes", VIA_ROUTE, 92],
    ["[E.1.3] a multipath route", MULTIPATH_ROUTE, 108],
    ["[C.1.2] an IPv4 address", ADDRESS, 72],
  ])("%s, decoded and encoded without a trace of how it came", (_rule, dump, size) => {
    const message = only(hexBytes(dump));
    expect(message.body).not.toHaveProperty("wire");
    expect(message.body).not.toHaveProperty("unknown");
    expect(encode(message)).toEqual(hexBytes(dump));
    expect(hexBytes(dump)).toHaveLength(size);
  });

  it("[B.1.4] the enabled capabilities are read from MASK, the supported ones from VALUE", () => {
    const message = only(hexBytes(LO0));
    expect(message.kind === "link" && message.body.freebsd?.capabilities).toEqual({
      size: 35,
      enabled: hexBytes("00000000 00000000"),
      supported: hexBytes("01000000 02000000"),
    });
  });

  it("[B.1.5] IFLA_INFO_DATA is read by IFLA_INFO_KIND, raw for a kind without a table", () => {
    const withData = (kind: string, data: string): Uint8Array =>
      hexBytes(
        `3c000000 10000504 01000000 00000000 | ${"00000000 ".repeat(4)} | 1c001200 09000100 ${kind} 00 000000 | 0c000200 ${data}`,
      );
    expect(decode(withData("766c616e", "06000100 64000000"))).toMatchObject([
      { body: { information: { kind: "vlan", data: { id: 100 } } } },
    ]);
    expect(decode(withData("76657468", "06000100 64000000"))).toMatchObject([
      { body: { information: { kind: "veth", data: hexBytes("06000100 64000000") } } },
    ]);
  });

  const HEAD = `10000504 01000000 00000000 | ${"00000000 ".repeat(4)}`;
  // struct nlattr, IFLA_IPTUN_* and IFLA_GRE_* of netlink/route/interface.h.
  const gif = `48000000 ${HEAD} | 28001200 08000100 67696600 | 1c000200 08000100 c0000201 08000200 c0000202 08000300 03000000`;
  const gre = `68000000 ${HEAD} | 48001200 08000100 67726500 | 3c000200 08000100 c0000201 08000200 c0000202 08000300 06000000 08000400 40e20100 08000500 01000000 06000600 50c30000 05000700 ff000000`;

  it("the settings of a gif and of a gre (FreeBSD 16) are read, and written as they came", () => {
    const [ofGif, ofGre] = [gif, gre].map((dump) => only(hexBytes(dump)));
    expect(ofGif).toMatchObject({
      body: {
        information: {
          kind: "gif",
          data: { local: "192.0.2.1", remote: "192.0.2.2", flags: GIF.NOCLAMP | GIF.IGNORE_SOURCE },
        },
      },
    });
    expect(ofGre).toMatchObject({
      body: {
        information: {
          kind: "gre",
          data: {
            ...{ local: "192.0.2.1", remote: "192.0.2.2", flags: GRE.ENABLE_SEQ | GRE.UDPENCAP, key: 123456 },
            ...{ encapType: IFLA_TUNNEL.GRE_UDP, encapPort: 50000 },
          },
        },
      },
    });
    expect([ofGif, ofGre].map((message) => encode(message as Message))).toEqual([gif, gre].map(hexBytes));
  });

  it("of the two local endpoints that FreeBSD's gre writes the second counts, and both are written again (if_gre.c)", () => {
    const dump = hexBytes(
      `40000000 ${HEAD} | 20001200 08000100 67726500 | 14000200 08000100 10020000 08000100 10020001`,
    );
    const message = only(dump);
    expect(message).toMatchObject({ body: { information: { kind: "gre", data: { local: "16.2.0.1" } } } });
    expect(encode(message)).toEqual(dump);
  });
});

describe("text", () => {
  const create = (kind: string): Uint8Array =>
    hexBytes(`2c000000 10000504 01000000 00000000 | ${"00000000 ".repeat(4)} | 0c001200 ${kind}`);
  it("[N6.4] IFLA_INFO_KIND may lack its NUL, and is written as it came until it is changed", () => {
    const bytes = create("08000100 76657468");
    const message = only(bytes);
    if (message.kind !== "link") throw new Error("expected a link");
    expect(message.body.information?.kind).toBe("veth");
    expect(encode(message)).toEqual(bytes);
    const information = { ...message.body.information, kind: "lo" };
    expect(encode({ ...message, body: { ...message.body, information } })).toEqual(create("07000100 6c6f0000"));
  });
});

describe("descriptions", () => {
  it.each([
    [GATEWAY_ROUTE, "RTM_NEWROUTE 10.1.0.0/16 via 192.0.2.254 dev 2 proto kernel fib 0 (76 bytes, seq 7, pid 100)"],
    [VIA_ROUTE, "RTM_NEWROUTE 198.51.100.0/24 via 2001:db8::1 dev 2 proto kernel fib 0 (92 bytes, seq 8, pid 100)"],
    [
      MULTIPATH_ROUTE,
      "RTM_NEWROUTE 10.2.0.0/16 paths [via 192.0.2.1 dev 2 weight 1] [via 198.51.100.1 dev 3 weight 200] proto kernel fib 0" +
        " (108 bytes, seq 9, pid 100)",
    ],
    [
      ADDRESS,
      "RTM_NEWADDR 192.0.2.1/24 local 192.0.2.1 broadcast 192.0.2.255 dev 2 label epair0a" +
        " (72 bytes, flags REQUEST|MULTI|ROOT|MATCH, seq 5, pid 100)",
    ],
    [
      LO0,
      "RTM_NEWLINK lo0 index 1 type loop mtu 16384 state up flags UP|LOOPBACK|RUNNING|MULTICAST|LOWER_UP" +
        " (320 bytes, flags REQUEST, seq 3, pid 100)",
    ],
    ["12000000 ff000500 01000000 00000000 abcd", "type 255 (18 bytes, flags REQUEST|ACK, seq 1, pid 0)"],
  ])("one line: %#", (dump, line) => {
    expect(describeMessage(only(hexBytes(dump)))).toBe(line);
  });

  it("one line: [N1.1] a type of another protocol is not called RTM_*", () => {
    const [message] = decode(hexBytes("10000000 10000500 07000000 00000000"), { protocol: NETLINK.GENERIC });
    expect(message && describeMessage(message)).toBe("nlctrl (16 bytes, flags REQUEST|ACK, seq 7, pid 0)");
  });

  it("every field and attribute stands under its FreeBSD name", () => {
    expect(explain(only(hexBytes(MULTIPATH_ROUTE)))).toBe(`RTM_NEWROUTE
  nlmsg_len     108
  nlmsg_type    RTM_NEWROUTE (24)
  nlmsg_flags   0x0
  nlmsg_seq     9
  nlmsg_pid     100
  rtm_family    AF_INET (2)
  rtm_dst_len   16
  rtm_src_len   0
  rtm_tos       0
  rtm_table     0
  rtm_protocol  RTPROT_KERNEL (2)
  rtm_scope     RT_SCOPE_UNIVERSE (0)
  rtm_type      RTN_UNICAST (1)
  rtm_flags     0x0
  RTA_TABLE     0
  RTA_DST       10.2.0.0
  RTA_KNH_ID    7
  RTA_RTFLAGS   0x2 (RTF_GATEWAY)
  RTA_MULTIPATH
    [0]
      rtnh_len      16
      rtnh_flags    0
      rtnh_hops     1
      rtnh_ifindex  2
      RTA_GATEWAY   192.0.2.1
    [1]
      rtnh_len      28
      rtnh_flags    0
      rtnh_hops     200
      rtnh_ifindex  3
      RTA_GATEWAY   198.51.100.1
      RTA_METRICS
        RTAX_MTU  1400`);
  });

  it("an attribute without an entry still has its name, and its bytes", () => {
    const bytes = hexBytes("24000000 18000100 01000000 00000000 | 02000000 00000000 00000000 | 08001000 2a000000");
    expect(explain(only(bytes))).toContain("  RTA_MARK      2a000000");
  });

  it("JSON has 64-bit numbers as text and bytes as hexadecimal digits", () => {
    const json = toJson(only(hexBytes(LO0)));
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
    expect(json).toMatchObject({
      name: "RTM_NEWLINK",
      kind: "link",
      header: { type: 16, seq: 3 },
      body: {
        name: "lo0",
        statistics: { rxBytes: "84" },
        freebsd: { capabilities: { size: 35, supported: "0100000002000000" } },
      },
    });
  });
});
