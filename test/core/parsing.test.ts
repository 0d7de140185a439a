// Parsing: short headers, the attribute walk, nests, scratch memory (netlink-core N6; rtnetlink 0.6). The offset of an
// error counts from the nlmsghdr. What each payload must be is in payloads.test.ts.

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { NETLINK_OPTION, NLA_F, NLMSG, SOL } from "../../assembly/abi/netlink.js";
import { IFA, IFAF, IFLA, IFLA_INFO, RTA, RTAX, RTM } from "../../assembly/abi/rtnetlink.js";
import {
  ackOf,
  ask,
  attribute,
  concat,
  doneOf,
  errorOf,
  ifaddrmsg,
  ifinfomsg,
  ip,
  message,
  numberAt,
  rtmsg,
  text,
  toHex,
  u8,
  u16,
  u32,
} from "../support/messages.js";
import { setupE, setupR } from "../support/setups.js";
import {
  address,
  bytesOf,
  fault,
  IN_ADDED_ROUTE,
  IN_ADDRESS,
  IN_LINK,
  IN_ROUTE,
  link,
  lookup,
  route,
  zeros,
} from "./parsingrequests.js";
import { noop } from "./requests.js";

describe("the family header", () => {
  it.each([0, 1, 2, 3, 4, 7, 8, 15])(
    "[RF-CORE-46a] [N6.1] [0.6] GETLINK with %i bytes of it asks for all links",
    (bytes) => {
      const { socket } = setupE();
      const whole = ask(socket, message({ type: RTM.GETLINK, flags: "q" }, zeros(16)));
      expect(bytesOf(ask(socket, message({ type: RTM.GETLINK, flags: "q" }, zeros(bytes))))).toEqual(bytesOf(whole));
      expect(whole.length).toBe(4);
    },
  );

  it.each([1, 2, 4, 7])(
    "[RF-CORE-46a] [N6.1] [0.6] GETADDR with family 2 in %i bytes is as with a whole header",
    (bytes) => {
      const { socket } = setupE();
      const whole = ask(socket, message({ type: RTM.GETADDR, flags: "q" }, ifaddrmsg({ family: AF.INET })));
      const short = message({ type: RTM.GETADDR, flags: "q" }, ifaddrmsg({ family: AF.INET }).slice(0, bytes));
      expect(bytesOf(ask(socket, short))).toEqual(bytesOf(whole));
      expect(whole.length).toBe(3);
    },
  );

  it.each([1, 8, 11])("[N6.1] [0.6] GETROUTE with family 2 in %i bytes is as with a whole header", (bytes) => {
    const { socket } = setupE();
    const whole = ask(socket, message({ type: RTM.GETROUTE, flags: "qD" }, rtmsg()));
    const short = message({ type: RTM.GETROUTE, flags: "qD" }, rtmsg().slice(0, bytes));
    expect(bytesOf(ask(socket, short))).toEqual(bytesOf(whole));
    expect(whole.length).toBeGreaterThan(2);
  });

  it("[N6.1] what there is of a short header counts, and is no attribute", () => {
    const { socket } = setupE();
    const seen = ask(socket, message({ type: RTM.GETLINK, flags: "q" }, ifinfomsg({ index: 2 }).slice(0, 8)));
    expect(seen.map((each) => numberAt(each.body, 4, 4))).toEqual([2]);
    const invalid = message({ type: RTM.GETLINK, flags: "q" }, zeros(8), u16(2), u16(IFLA.MTU));
    expect(ask(socket, invalid).length).toBe(4);
  });

  it.each([
    ["GETLINK", RTM.GETLINK, 16, 0],
    ["GETLINK", RTM.GETLINK, 16, 1],
    ["GETLINK", RTM.GETLINK, 16, 15],
    ["GETADDR", RTM.GETADDR, 8, 0],
    ["GETADDR", RTM.GETADDR, 8, 7],
    ["GETROUTE", RTM.GETROUTE, 12, 1],
    ["NEWROUTE", RTM.NEWROUTE, 12, 11],
    ["DELROUTE", RTM.DELROUTE, 12, 4],
  ])("[RF-CORE-46b] [N6.1] strict: %s (%i) needs %i bytes, %i are EINVAL with a text", (_, type, expected, got) => {
    const { socket } = setupR();
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.GET_STRICT_CHK, 1);
    const request = message({ type, flags: "q" }, zeros(got));
    expect(fault(socket, request)).toEqual([
      Errno.EINVAL,
      `header too short: expected ${expected}, got ${got}`,
      undefined,
    ]);
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.GET_STRICT_CHK, 0);
    expect(
      ask(socket, request).map((each) => (each.type === NLMSG.ERROR ? ackOf(each).text : undefined)),
    ).not.toContain(`header too short: expected ${expected}, got ${got}`);
  });

  it.each([
    ["pad", { pad: 1 }],
    ["type", { type: 6 }],
    ["flags", { flags: 1 }],
    ["change", { change: 1 }],
  ])(
    "[N6.1] [N6.7] [B.2.2] strict: a link header with %s set is EINVAL with a text, not strict it is not",
    (_, fields) => {
      const { socket } = setupR();
      const request = message({ type: RTM.GETLINK, flags: "qa" }, ifinfomsg({ index: 1, ...fields }));
      socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.GET_STRICT_CHK, 1);
      expect(fault(socket, request)).toEqual([
        Errno.EINVAL,
        "strict checking: non-zero values in ifinfomsg header",
        undefined,
      ]);
      socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.GET_STRICT_CHK, 0);
      expect(
        ask(socket, request).map((each) => (each.type === NLMSG.ERROR ? ackOf(each).text : undefined)),
      ).not.toContain("strict checking: non-zero values in ifinfomsg header");
    },
  );

  it("[N6.1] [B.2.2] strict: index and family may be set, unknown attributes are no error", () => {
    const { socket } = setupR();
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.GET_STRICT_CHK, 1);
    const request = message(
      { type: RTM.GETLINK, flags: "q" },
      ifinfomsg({ family: AF.INET, index: 1 }),
      attribute(200, u32(1)),
    );
    expect(ask(socket, request).map((each) => each.type)).toEqual([RTM.NEWLINK]);
    expect(errorOf(ask(socket, route(attribute(RTA.PRIORITY, u32(5)), attribute(300))))).toBe(0);
  });

  it.each([
    ["GETADDR", message({ type: RTM.GETADDR, flags: "q" }, ifaddrmsg({ prefixLength: 9, flags: 9, scope: 9 }))],
    ["GETROUTE", message({ type: RTM.GETROUTE, flags: "qD" }, Uint8Array.of(2, 9, 9, 9, 9, 9, 9, 9, 0, 0, 0, 9))],
  ])("[N6.1] strict: the header of %s is not checked", (_, request) => {
    const { socket } = setupR();
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.GET_STRICT_CHK, 1);
    expect(doneOf(ask(socket, request).at(-1))).toBe(0);
  });
});

describe("the attribute walk", () => {
  it.each([
    [0, 0, 0],
    [1, RTA.OIF, RTA.OIF],
    [2, RTA.DST, RTA.DST],
    [3, 0x3fff, 0x3fff],
    [3, NLA_F.NESTED | RTA.METRICS, NLA_F.NESTED | RTA.METRICS],
  ])("[RF-CORE-47a] [N6.2] [0.6] nla_len %i (type %i) is EINVAL at that attribute", (length, type, shown) => {
    const { vnet, socket } = setupR();
    const before = vnet.statistics().routes;
    expect(fault(socket, route(u16(length), u16(type)))).toEqual([
      Errno.EINVAL,
      `Invalid attr 0x0 type ${shown} len: ${length}`,
      IN_ADDED_ROUTE,
    ]);
    expect(vnet.statistics().routes).toBe(before);
  });

  it.each([
    ["GETLINK", message({ type: RTM.GETLINK, flags: "q" }, ifinfomsg(), u16(3), u16(7)), IN_LINK],
    ["GETADDR", message({ type: RTM.GETADDR, flags: "q" }, ifaddrmsg(), u16(3), u16(7)), IN_ADDRESS],
    ["GETROUTE", message({ type: RTM.GETROUTE, flags: "qD" }, rtmsg(), u16(3), u16(7)), IN_ROUTE],
    ["DELROUTE", message({ type: RTM.DELROUTE, flags: "q" }, rtmsg(), u16(3), u16(7)), IN_ROUTE],
  ])("[RF-CORE-47a] [N6.2] %s looks at its attributes too", (_, request, offset) => {
    expect(fault(setupR().socket, request)).toEqual([Errno.EINVAL, "Invalid attr 0x0 type 7 len: 3", offset]);
  });

  it.each([
    ["its length goes beyond", concat(u16(12), u16(RTA.TABLE), u32(99))],
    ["its length goes far beyond", concat(u16(0xffff), u16(RTA.TABLE), u32(99))],
    ["its padding goes beyond", concat(u16(5), u16(RTA.TABLE), u8(99))],
    ["its padding goes beyond by one byte", concat(u16(7), u16(RTA.TABLE), u8(99), u8(0), u8(0))],
    ["it would be an error, and what follows it", concat(u16(13), u16(RTA.TABLE), u32(9), attribute(RTA.OIF))],
  ])("[RF-CORE-47b] [N6.2] [N11.1] [Z.6] an attribute ends the walk silently: %s", (_, bytes) => {
    const { vnet, socket } = setupR();
    const before = vnet.statistics().routes;
    expect(errorOf(ask(socket, route(bytes)))).toBe(0);
    expect(vnet.statistics().routes).toBe(before + 1);
  });

  it("[RF-CORE-47b] [N6.2] the walk does not see what the next message of the send holds", () => {
    const { socket } = setupR();
    const first = message({ type: RTM.GETLINK, flags: "q", seq: 1 }, ifinfomsg(), u16(20), u16(IFLA.IFNAME));
    const seen = ask(socket, first, message({ type: NLMSG.NOOP, flags: "qa", seq: 2 }));
    expect(seen.map((each) => [each.type, each.seq])).toEqual([
      [RTM.NEWLINK, 1],
      [NLMSG.DONE, 1],
      [NLMSG.ERROR, 2],
    ]);
  });

  it.each([
    // bytes at the end, the type that is shown; undefined: they end the walk silently
    ["00", 0],
    ["0000", 0],
    ["000000", 0],
    ["000005", 5],
    ["01", undefined],
    ["04", undefined],
    ["ff", undefined],
    ["0001", undefined],
    ["0100", undefined],
    ["0400", undefined],
    ["030000", undefined],
    ["040001", undefined],
    ["ffffff", undefined],
  ])("[RF-CORE-47c] [N6.2] [N11.1] the odd tail %s shows type %s: missing bytes count as 0", (tail, type) => {
    const bytes = Uint8Array.from(tail.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
    const expected =
      type === undefined
        ? [Errno.OK, undefined, undefined]
        : [Errno.EINVAL, `Invalid attr 0x0 type ${type} len: 0`, IN_ADDED_ROUTE];
    expect(fault(setupR().socket, route(bytes))).toEqual(expected);
    // What lies behind the message is not taken for the missing bytes.
    const padding = new Uint8Array(-bytes.length & 3).fill(0xff);
    const ack = ackOf(ask(setupR().socket, concat(route(bytes), padding, noop("qa", 9)))[0]);
    expect([ack.error, ack.text, ack.offset]).toEqual(expected);
  });

  it.each([200, 0x3fff, 0, 2, 3, 6, 17, 26, NLA_F.NESTED | 200, NLA_F.NESTED | 0x3fff])(
    "[RF-CORE-50] [N6.2] [0.6] the unknown type %i is ignored, whatever is inside",
    (type) => {
      const { socket } = setupR();
      expect(errorOf(ask(socket, route(attribute(type, u16(1), u16(1)), attribute(type))))).toBe(0);
    },
  );

  it.each([
    ["NESTED", NLA_F.NESTED],
    ["NET_BYTEORDER", NLA_F.NET_BYTEORDER],
    ["both", NLA_F.NESTED | NLA_F.NET_BYTEORDER],
  ])("[RF-CORE-51] [N6.2] [N1.3] [0.6] the bits above the type, here %s, make no difference", (_, bits) => {
    const { socket } = setupE();
    const named = link(attribute(IFLA.IFNAME | bits, text("em1")));
    expect(bytesOf(ask(socket, named))).toEqual(bytesOf(ask(socket, link(attribute(IFLA.IFNAME, text("em1"))))));
    const info = attribute(IFLA.LINKINFO | bits, attribute(IFLA_INFO.KIND | bits, text("lo")));
    expect(doneOf(ask(socket, link(info, attribute(IFLA.MTU | bits, u32(1400)))).at(-1))).toBe(0);
    const shown = ackOf(ask(socket, link(attribute(IFLA.MTU | bits, u16(1))))[0]);
    expect(shown.text).toBe(`nla type ${IFLA.MTU | bits} size(2) is not uint32`);
  });

  it.each([
    [
      "the last of several names counts",
      link(attribute(IFLA.IFNAME, text("nope")), attribute(IFLA.IFNAME, text("em1"))),
      3,
    ],
    [
      "a name and an alternative name share a place",
      link(attribute(IFLA.ALT_IFNAME, text("em1")), attribute(IFLA.IFNAME, text("em0"))),
      2,
    ],
    ["the other way round too", link(attribute(IFLA.IFNAME, text("em0")), attribute(IFLA.ALT_IFNAME, text("em1"))), 3],
  ])("[RF-CORE-49] [N6.2] [0.6] repeated: %s", (_, request, index) => {
    const { socket } = setupE();
    expect(numberAt(ask(socket, request)[0]?.body ?? zeros(8), 4, 4)).toBe(index);
  });

  it("[RF-CORE-49] [N6.2] [0.6] the last of several tables and destinations counts", () => {
    const { socket } = setupE();
    expect(errorOf(ask(socket, route(attribute(RTA.TABLE, u32(77)), attribute(RTA.TABLE, u32(0)))))).toBe(0);
    const seen = ask(socket, lookup(attribute(RTA.DST, ip("192.0.2.9"))));
    expect(toHex(seen[0]?.body.slice(20, 28) ?? zeros(0))).toBe("080001007f000001");
  });

  it("[N6.2] each of several is parsed: an error in any of them counts", () => {
    const { socket } = setupR();
    const request = link(attribute(IFLA.MTU, u32(1)), attribute(IFLA.MTU, u16(1)), attribute(IFLA.MTU, u32(1)));
    expect(fault(socket, request)).toEqual([Errno.EINVAL, "nla type 4 size(2) is not uint32", IN_LINK + 8]);
  });
});

describe("nests", () => {
  it.each([
    [
      "the second of IFLA_LINKINFO",
      link(attribute(IFLA.LINKINFO, attribute(IFLA_INFO.KIND, text("lo")), u16(3), u16(9))),
      "Invalid attr 0x0 type 9 len: 3",
      IN_LINK + 4 + 8,
    ],
    [
      "the second of RTA_METRICS",
      route(attribute(RTA.METRICS, attribute(RTAX.LOCK, u32(1)), attribute(RTAX.MTU, u8(1)))),
      "nla type 2 size(1) is not uint32",
      IN_ADDED_ROUTE + 4 + 8,
    ],
    [
      "the third of IFA_FREEBSD",
      address(attribute(IFA.FREEBSD, attribute(IFAF.VHID, u32(1)), attribute(99), attribute(IFAF.FLAGS))),
      "nla type 2 size(0) is not uint32",
      IN_ADDRESS + 4 + 8 + 4,
    ],
  ])("[RF-CORE-54] [N6.2] [N6.3] [N6.4] the offset is the inner attribute's: %s", (_, request, told, offset) => {
    expect(fault(setupR().socket, request)).toEqual([Errno.EINVAL, told, offset]);
  });

  it("[N6.2] [N6.4] an attribute that reaches beyond its nest ends that walk alone", () => {
    const { socket } = setupR();
    const inner = concat(u16(12), u16(RTAX.MTU), u32(1));
    expect(errorOf(ask(socket, route(attribute(RTA.METRICS, inner))))).toBe(0);
    expect(fault(socket, route(attribute(RTA.METRICS, inner), attribute(RTA.WEIGHT, u8(1))))).toEqual([
      Errno.EINVAL,
      "nla type 13 size(1) is not uint32",
      IN_ADDED_ROUTE + 12,
    ]);
  });

  it.each(["00", "000000"])("[N6.2] an odd tail %s of a nest is EINVAL as one of a message is", (tail) => {
    const bytes = zeros(tail.length / 2);
    const request = route(attribute(RTA.METRICS, attribute(RTAX.MTU, u32(1500)), bytes));
    expect(fault(setupR().socket, request)).toEqual([
      Errno.EINVAL,
      "Invalid attr 0x0 type 0 len: 0",
      IN_ADDED_ROUTE + 12,
    ]);
  });

  it("[N6.2] [N6.4] an empty nest, and unknown members of one, are no error", () => {
    const { socket } = setupR();
    expect(errorOf(ask(socket, route(attribute(RTA.METRICS))))).toBe(0);
    const info = attribute(IFLA.LINKINFO, attribute(77, u16(1)), attribute(IFLA_INFO.XSTATS));
    expect(doneOf(ask(socket, link(info)).at(-1))).toBe(0);
  });
});

describe("errors and scratch memory", () => {
  it("[RF-CORE-55a] [N6.3] of two faults the first gives text and offset", () => {
    const { socket } = setupR();
    const request = route(attribute(RTA.WEIGHT, u8(1)), attribute(RTA.OIF, u32(99)), u16(1), u16(1));
    expect(fault(socket, request)).toEqual([Errno.EINVAL, "nla type 13 size(1) is not uint32", IN_ADDED_ROUTE]);
  });

  it("[N6.3] [N6.1] a header fault comes before one of an attribute, that before one of the post-check", () => {
    const { socket } = setupR();
    const request = address(attribute(IFA.ADDRESS, ip("::1")), attribute(IFA.FLAGS));
    expect(fault(socket, request)).toEqual([Errno.EINVAL, "nla type 8 size(0) is not uint32", IN_ADDRESS + 20]);
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.GET_STRICT_CHK, 1);
    const strict = message({ type: RTM.GETLINK, flags: "q" }, ifinfomsg({ pad: 1 }), u16(2), u16(2));
    expect(ackOf(ask(socket, strict)[0]).offset).toBeUndefined();
  });

  const four = attribute(RTA.GATEWAY, ip("127.0.0.9"));
  const six = attribute(RTA.GATEWAY, ip("2001:db8::9"));

  it.each([
    // each sockaddr_in takes 16 bytes of 1,152, each sockaddr_in6 32; RTA_DST of the request comes last
    ["71 IPv4 and the destination", 71, four, undefined],
    ["72 IPv4 and the destination", 72, four, 72],
    ["35 IPv6 and the destination", 35, six, undefined],
    ["36 IPv6 and the destination", 36, six, 36],
  ])("[RF-CORE-55b] [N6.6] [N1.9] scratch holds 72 IPv4 or 36 IPv6 addresses: %s", (_, count, each, failing) => {
    const { socket } = setupR();
    const request = lookup(...Array.from({ length: count }, () => each));
    const seen = ask(socket, request);
    if (failing === undefined) {
      expect(seen.map((one) => one.type)).toEqual([RTM.NEWROUTE]);
    } else {
      expect(ackOf(seen[0])).toMatchObject({
        error: Errno.ENOBUFS,
        text: undefined,
        offset: IN_ROUTE + failing * each.length,
      });
    }
  });

  it("[RF-CORE-55b] [N6.6] scratch is whole again at the next message of the send", () => {
    const { socket } = setupR();
    const many = lookup(...Array.from({ length: 80 }, () => four));
    const seen = ask(socket, many, lookup(...Array.from({ length: 71 }, () => four)), many, noop());
    expect(seen.map((each) => each.type)).toEqual([NLMSG.ERROR, RTM.NEWROUTE, NLMSG.ERROR, NLMSG.ERROR]);
    expect(ackOf(seen[2]).error).toBe(Errno.ENOBUFS);
  });

  it.each([
    [64, "nla type 13 size(1) is not uint32"],
    [65, undefined],
  ])("[N6.3] [N6.6] behind %i addresses a text of 128 bytes finds room or not; the offset is told", (count, told) => {
    const { socket } = setupR();
    const request = lookup(...Array.from({ length: count }, () => four), attribute(RTA.WEIGHT, u8(1)));
    expect(fault(socket, request)).toEqual([Errno.EINVAL, told, IN_ROUTE + count * 8]);
  });

  it.each([
    [1151, undefined],
    [1152, IN_LINK + 4],
    [4000, IN_LINK + 4],
  ])(
    "[N6.4] [N6.6] stringn: a kind of %i bytes and its NUL fit scratch, or it is ENOMEM without a text",
    (bytes, offset) => {
      const { socket } = setupR();
      const info = attribute(IFLA.LINKINFO, attribute(IFLA_INFO.KIND, new Uint8Array(bytes).fill(0x61)));
      const seen = ask(socket, link(info));
      if (offset === undefined) expect(doneOf(seen.at(-1))).toBe(0);
      else expect(ackOf(seen[0])).toMatchObject({ error: Errno.ENOMEM, text: undefined, offset });
    },
  );

  it("[N6.6] the copy of a short header takes scratch but leaves room for the text", () => {
    const { socket } = setupR();
    const request = message({ type: RTM.NEWROUTE, flags: "q" }, zeros(4));
    expect(ackOf(ask(socket, request)[0])).toMatchObject({ error: Errno.EINVAL, offset: undefined });
    const drop = message({ type: RTM.DELROUTE, flags: "q" }, zeros(4));
    expect(ackOf(ask(socket, drop)[0])).toMatchObject({ error: Errno.ESRCH, text: "RTA_DST is not set" });
  });
});
