import { describe, expect, it } from "vitest";
import { NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import { HeaderSize, IFA, IFLA, RTA, RTM } from "../../assembly/abi/rtnetlink.js";
import { address } from "../../host/codec/address.js";
import { attributes } from "../../host/codec/attributes.js";
import { Reader, Writer } from "../../host/codec/bytes.js";
import { formatIp, parseIp, parsePrefix } from "../../host/codec/ip.js";
import { flags, lladdr, u8, u32 } from "../../host/codec/kind.js";
import { link } from "../../host/codec/link.js";
import { array } from "../../host/codec/records.js";
import { route } from "../../host/codec/route.js";
import { message } from "../../host/codec/schema.js";
import { struct } from "../../host/codec/struct.js";

describe("schemas", () => {
  it.each([
    ["ifinfomsg", link.header.size, HeaderSize.IFINFOMSG],
    ["ifaddrmsg", address.header.size, HeaderSize.IFADDRMSG],
    ["rtmsg", route.header.size, HeaderSize.RTMSG],
    ["rtnl_link_stats64", link.table.byType.get(IFLA.STATS64)?.kind.size, HeaderSize.STATS64],
    ["ifa_cacheinfo", address.table.byType.get(IFA.CACHEINFO)?.kind.size, HeaderSize.IFA_CACHEINFO],
  ])("%s has FreeBSD's size", (_name, size, expected) => {
    expect(size).toBe(expected);
  });

  it("each NEW, DEL and GET of an object has its name", () => {
    expect([...route.types]).toEqual([
      [RTM.NEWROUTE, "RTM_NEWROUTE"],
      [RTM.DELROUTE, "RTM_DELROUTE"],
      [RTM.GETROUTE, "RTM_GETROUTE"],
    ]);
  });

  const none = attributes("RTA_", RTA, { fib: [RTA.TABLE, u32] });
  const types = { prefix: "NLMSG_", names: NLMSG, of: [NLMSG.NOOP] };
  it("one name cannot be a header field and an attribute", () => {
    const header = struct("rtmsg", { fib: ["rtm_table", u8] });
    expect(() => message("route", { types, header, attributes: none, summary: [] })).toThrow(
      '"fib" is a header field and',
    );
  });
  it("a summary can only name what the schema has", () => {
    const header = struct("rtmsg", { table: ["rtm_table", u8] });
    expect(() => message("route", { types, header, attributes: none, summary: ["via {gate}"] })).toThrow('no "gate"');
  });
  it("two entries cannot have one attribute type", () => {
    expect(() => attributes("RTA_", RTA, { fib: [RTA.TABLE, u32], table: [RTA.TABLE, u32] })).toThrow("RTA_*");
  });
});

describe("kinds", () => {
  it("bits without a name are shown as a number", () => {
    const kind = flags(u32, "NLM_F_", { REQUEST: NLM_F.REQUEST });
    expect([kind.show(0, NAMES, {}), kind.show(1, NAMES, {}), kind.show(0x80000001, NAMES, {})]).toEqual([
      "0x0",
      "0x1 (NLM_F_REQUEST)",
      "0x80000001 (NLM_F_REQUEST|0x80000000)",
    ]);
  });

  it.each(["", "02", "02:00:00:00:00:01", "00:11:22:33:44:55:66:77"])(
    "link-layer address '%s' keeps its length",
    (text) => {
      const writer = new Writer();
      lladdr.write(writer, text, {});
      expect(writer.length).toBe(text === "" ? 0 : text.split(":").length);
      expect(lladdr.read(new Reader(writer.copy()), writer.length, {})).toBe(text);
    },
  );

  it("an array is whole structures", () => {
    const members = array(struct("nexthop_grp", { id: ["id", u32], weight: ["weight", u8] }), ["{id}"]);
    const bytes = Uint8Array.of(1, 0, 0, 0, 9, 2, 0, 0, 0, 8);
    const values = members.read(new Reader(bytes), bytes.length, {});
    expect(values).toEqual([
      { id: 1, weight: 9 },
      { id: 2, weight: 8 },
    ]);
    const writer = new Writer();
    members.write(writer, values, {});
    expect(writer.copy()).toEqual(bytes);
    expect(() => members.read(new Reader(bytes), 7, {})).toThrow(
      "expected a multiple of 5 bytes (struct nexthop_grp), found 7",
    );
  });
});

const NAMES = { messageType: () => undefined };

describe("addresses in text", () => {
  it.each([
    ["192.0.2.1", "c0000201"],
    ["255.255.255.255", "ffffffff"],
    ["::", "00".repeat(16)],
    ["2001:db8::1", "20010db8000000000000000000000001"],
    ["2001:db8:0:1:1:1:1:1", "20010db8000000010001000100010001"],
    ["fe80::1:0:0:1", "fe800000000000000001000000000001"],
  ])("%s is %s, and back (RFC 5952)", (text, digits) => {
    const bytes = parseIp(text);
    expect(bytes && Buffer.from(bytes).toString("hex")).toBe(digits);
    expect(bytes && formatIp(bytes)).toBe(text);
  });

  it.each(["", "10.1", "256.0.0.1", "010.0.0.1", "192.0.2.1/24", "fe80::1%em0", "1::2::3", "localhost"])(
    "'%s' is none",
    (text) => {
      expect(parseIp(text)).toBeUndefined();
    },
  );

  it.each([
    ["10.0.0.0/8", 8],
    ["10.0.0.1", 32],
    ["::/0", 0],
    ["2001:db8::/32", 32],
    ["::1", 128],
  ])("%s has prefix length %i", (text, length) => {
    expect(parsePrefix(text).length).toBe(length);
  });

  it.each(["10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0/-1", "default"])(
    "'%s' is no prefix",
    (text) => {
      expect(() => parsePrefix(text)).toThrow(RangeError);
    },
  );
});
