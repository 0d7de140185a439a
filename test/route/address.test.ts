import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { IFA, IFAF, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { Socket, Vnet } from "../../host/kernel/kernel.js";
import {
  ackOf,
  ask,
  attribute,
  codeOf,
  doneOf,
  drain,
  errorOf,
  flags,
  ifaddrmsg,
  ip,
  message,
  text,
  toHex,
  u8,
  u32,
} from "../support/messages.js";
import { AS_GIVEN, monitor, openSocket, setupE, setupE6, setupR } from "../support/setups.js";
import {
  type Address,
  addresses,
  addressOf,
  addressTexts,
  events,
  getAddress,
  indexOf,
  inWords,
  linkNamed,
} from "./links.js";

const FOREVER = 0xffffffff;

/** The scene of FreeBSD's test_rtnl_ifaddr.py "46": lo0 with 127.0.0.1/8, one interface with 192.0.2.1 and 2001:db8::1. */
function setup46(): { vnet: Vnet; socket: Socket } {
  return setupR({
    interfaces: [{ name: "em0", lladdr: "02:00:00:00:00:0a", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] }],
    sysctls: { "net.inet6.ip6.dad_count": 0 },
  });
}

/** The only address of a dump. */
function only(found: readonly Address[]): Address {
  expect(found).toHaveLength(1);
  return found[0] as Address;
}

describe("the address object", () => {
  it("[C.1.1] [C.1.2] [RF-ADDR-1] 192.0.2.1/24: these bytes, in this order", () => {
    const { socket } = setupE();
    const [reply] = ask(socket, getAddress({ family: AF.INET, index: 2 }, "qD"));
    const expected = message(
      { type: RTM.NEWADDR, flags: flags("qD") | NLM_F.MULTI },
      ifaddrmsg({ family: AF.INET, prefixLength: 24, flags: 0, scope: 0, index: 2 }),
      attribute(IFA.ADDRESS, ip("192.0.2.1")),
      attribute(IFA.LOCAL, ip("192.0.2.1")),
      attribute(IFA.BROADCAST, ip("192.0.2.255")),
      attribute(IFA.LABEL, text("em0")),
      attribute(IFA.FLAGS, u32(0)),
      attribute(IFA.FREEBSD),
    );
    expect(toHex(reply?.bytes ?? u8(0))).toBe(toHex(expected));
  });

  it("[C.1.1] [C.1.2] [RF-ADDR-2a] 2001:db8::1/64: ADDRESS, LABEL, FLAGS, CACHEINFO, FREEBSD{FLAGS}, no LOCAL", () => {
    const { socket } = setupE6();
    const [reply] = ask(socket, getAddress({ family: AF.INET6, index: 2 }, "q"));
    const expected = message(
      { type: RTM.NEWADDR, flags: NLM_F.REQUEST | NLM_F.MULTI },
      ifaddrmsg({ family: AF.INET6, prefixLength: 64, flags: 0, scope: 0, index: 2 }),
      attribute(IFA.ADDRESS, ip("2001:db8::1")),
      attribute(IFA.LABEL, text("em0")),
      attribute(IFA.FLAGS, u32(0)),
      // For ever, made and changed when uptime was one second.
      attribute(IFA.CACHEINFO, u32(FOREVER), u32(FOREVER), u32(1000), u32(1000)),
      attribute(IFA.FREEBSD, attribute(IFAF.FLAGS, u32(0))),
    );
    expect(toHex(reply?.bytes ?? u8(0))).toBe(toHex(expected));
  });

  it.each([
    ["127.0.0.1/8", 254],
    ["127.255.255.254/32", 254],
    ["126.255.255.254/8", 0],
    ["128.0.0.1/8", 0],
    ["169.254.1.1/16", 253],
    ["169.253.1.1/16", 0],
    ["169.255.1.1/16", 0],
    ["10.0.0.1/8", 0],
    ["::1/128", 254],
    ["::2/128", 0],
    ["fe80::1/64", 253],
    ["febf::1/64", 253],
    ["fec0::1/64", 0],
    ["2001:db8::1/64", 0],
  ])("[C.1.1] [RF-ADDR-3] the scope of %s is %i", (address, scope) => {
    const { vnet, socket } = setupR({ ...AS_GIVEN, interfaces: [{ name: "em0", up: true }] });
    vnet.addressAdd("em0", address);
    expect(only(addresses(socket, { index: 2 }))).toMatchObject({ scope });
  });

  it("[C.1.1] [RF-ADDR-3] lo0's own addresses", () => {
    const found = addresses(setupR().socket, { index: 1 });
    expect(found.map((each) => [each.address, each.prefixLength, each.scope])).toEqual([
      ["127.0.0.1", 8, 254],
      ["::1", 128, 254],
      ["fe80::1", 64, 253],
    ]);
  });

  it.each([1, 8, 24, 25, 31, 32])("[C.1.1] a prefix length of %i is the number of set bits of the mask", (length) => {
    const { vnet, socket } = setupR({ interfaces: [{ name: "em0", up: true }] });
    vnet.addressAdd("em0", `203.0.113.77/${length}`);
    expect(only(addresses(socket, { index: 2 }))).toMatchObject({ prefixLength: length, address: "203.0.113.77" });
  });

  it.each([
    ["203.0.113.77/24", "203.0.113.255"],
    ["203.0.113.77/25", "203.0.113.127"],
    ["203.0.113.77/30", "203.0.113.79"],
    ["203.0.113.77/31", "255.255.255.255"],
    ["203.0.113.77/32", "203.0.113.77"],
    ["10.9.8.7/8", "10.255.255.255"],
    ["192.168.255.255/16", "192.168.255.255"],
  ])("[C.1.2] [C.4.2] the broadcast address of %s is %s", (address, broadcast) => {
    const { vnet, socket } = setupR({ interfaces: [{ name: "em0", up: true }] });
    vnet.addressAdd("em0", address);
    expect(only(addresses(socket, { index: 2 })).broadcast).toBe(broadcast);
  });

  it("[C.1.2] an interface without IFF_BROADCAST has no IFA_BROADCAST", () => {
    const found = only(addresses(setupR().socket, { family: AF.INET, index: 1 }));
    expect(found.order).toEqual([IFA.ADDRESS, IFA.LOCAL, IFA.LABEL, IFA.FLAGS, IFA.FREEBSD]);
  });

  it("[C.1.2] link-local addresses come without the zone, of each interface", () => {
    const { vnet, socket } = setupE6();
    vnet.addressAdd("em1", "fe80::ff:fe00:b/64");
    const found = addresses(socket, { family: AF.INET6 }).filter((each) => each.scope === 253);
    expect(found.map((each) => [each.index, each.address])).toEqual([
      [1, "fe80::1"],
      [2, "fe80::ff:fe00:a"],
      [3, "fe80::ff:fe00:b"],
    ]);
    for (const each of found) expect(toHex(each.payload(IFA.ADDRESS) ?? u8(0)).slice(0, 8)).toBe("fe800000");
  });

  it("[C.1.2] CACHEINFO's stamps are the uptime of creation, in seconds, times 1000", () => {
    const { kernel, vnet, socket } = setupE6(AS_GIVEN);
    kernel.advance(41_999);
    vnet.addressAdd("em1", "2001:db8:2::1/64");
    const cache = only(addresses(socket, { index: 3 })).payload(IFA.CACHEINFO) ?? u8(0);
    expect(toHex(cache)).toBe(toHex(Uint8Array.of(...u32(FOREVER), ...u32(FOREVER), ...u32(42_000), ...u32(42_000))));
  });

  it("[FC-ADDR-5] [FC-ADDR-6] [FC-ADDR-7] IPv4 always has LOCAL, IPv6 without a peer never; lifetimes are for ever", () => {
    const { socket } = setup46();
    for (const each of addresses(socket)) {
      if (each.family === AF.INET) expect(each.local).toBe(each.address);
      else {
        expect(each.local).toBeUndefined();
        expect(toHex(each.payload(IFA.CACHEINFO) ?? u8(0)).slice(0, 16)).toBe("ff".repeat(8));
        expect(toHex(each.payload(IFA.FREEBSD) ?? u8(0))).toBe(toHex(attribute(IFAF.FLAGS, u32(0))));
      }
    }
  });
});

describe("RTM_GETADDR", () => {
  it("[FB-26] [C.2.1] without a filter: lo0's, one IPv4 and two IPv6 of the interface, then DONE 0", () => {
    const { vnet, socket } = setup46();
    const seen = ask(socket, getAddress({}, "qa"));
    expect(seen.slice(0, -1).every((each) => each.type === RTM.NEWADDR)).toBe(true);
    expect(doneOf(seen.at(-1))).toBe(0);
    const found = seen.slice(0, -1).map(addressOf);
    const count = (index: number, family: number): number =>
      found.filter((each) => each.index === index && each.family === family).length;
    const index = indexOf(vnet, "em0");
    expect([count(1, AF.INET), count(index, AF.INET), count(index, AF.INET6)]).toEqual([1, 1, 2]);
    expect(found).toHaveLength(6);
  });

  it("[FB-27] [C.2.2] the interface's index: exactly its three", () => {
    const { vnet, socket } = setup46();
    const found = addresses(socket, { index: indexOf(vnet, "em0") });
    expect(found.map((each) => each.family)).toEqual([AF.INET, AF.INET6, AF.INET6]);
  });

  it("[FB-28] [0.6] [C.2.2] a request of 17 bytes, family 2 only: exactly two", () => {
    const { socket } = setup46();
    const seen = ask(socket, message({ type: RTM.GETADDR, flags: "qD" }, u8(AF.INET)));
    expect(seen.map(inWords)).toEqual(["NEWADDR 127.0.0.1/8", "NEWADDR 192.0.2.1/24", "DONE 0"]);
  });

  it("[FB-29] family 2 and index: one, with all its fields", () => {
    const { socket } = setupR({ interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24"] }] });
    expect(only(addresses(socket, { family: AF.INET, index: 2 }))).toMatchObject({
      prefixLength: 24,
      scope: 0,
      headerFlags: 0,
      index: 2,
      address: "192.0.2.1",
      local: "192.0.2.1",
      broadcast: "192.0.2.255",
      label: "em0",
    });
  });

  it("[FB-30] family 28 and index: the global and the link-local one, without LOCAL and BROADCAST", () => {
    const found = addresses(setupE6().socket, { family: AF.INET6, index: 2 });
    const common = { label: "em0", local: undefined, broadcast: undefined, prefixLength: 64, index: 2 };
    expect(found).toHaveLength(2);
    expect(found[0]).toMatchObject({ ...common, scope: 0, address: "2001:db8::1" });
    expect(found[1]).toMatchObject({ ...common, scope: 253, address: "fe80::ff:fe00:a" });
    expect(toHex(found[1]?.payload(IFA.ADDRESS) ?? u8(0)).slice(4, 8)).toBe("0000");
  });

  it.each(["q", "qa", "qD", "qaD"])(
    "[0.4] [C.2.1] [RF-ADDR-5] flags %s: the same dump, MULTI and DONE, no ack",
    (letters) => {
      const { socket } = setupE();
      const seen = ask(socket, getAddress({}, letters));
      expect(seen.map(inWords)).toEqual([
        "NEWADDR 127.0.0.1/8",
        "NEWADDR ::1/128",
        "NEWADDR fe80::1/64",
        "NEWADDR 192.0.2.1/24",
        "DONE 0",
      ]);
      const multi = flags(letters) | NLM_F.MULTI;
      expect(seen.map((each) => each.flags)).toEqual([multi, multi, multi, multi, 0]);
    },
  );

  it.each(["q", "qaD"])(
    "[C.2.2] [RF-ADDR-6a] flags %s, an unknown index: DONE with ENOENT and nothing else",
    (letters) => {
      const { socket } = setupE();
      const seen = ask(socket, getAddress({ index: 99 }, letters));
      expect(seen).toHaveLength(1);
      expect(doneOf(seen[0])).toBe(Errno.ENOENT);
      expect(seen[0]?.flags).toBe(0);
    },
  );

  it.each([1, 17, 18, 99, 255])("[C.2.2] [RF-ADDR-6b] family %i has no addresses: DONE 0", (family) => {
    expect(addresses(setupE().socket, { family })).toEqual([]);
  });

  it.each([
    ["IFA_LOCAL", IFA.LOCAL, AF.INET, "2001:db8::1"],
    ["IFA_ADDRESS", IFA.ADDRESS, AF.INET, "2001:db8::1"],
    ["IFA_BROADCAST", IFA.BROADCAST, AF.INET, "2001:db8::1"],
    ["IFA_LOCAL", IFA.LOCAL, AF.INET6, "192.0.2.1"],
    ["IFA_ADDRESS", IFA.ADDRESS, AF.INET6, "192.0.2.1"],
    ["IFA_LOCAL", IFA.LOCAL, AF.UNSPEC, "192.0.2.1"],
  ])("[C.2.2] [RF-ADDR-6c] %s (%i) in a request of family %i: %s is EINVAL", (_, type, family, value) => {
    const { socket } = setupE();
    const seen = ask(socket, getAddress({ family }, "qa", attribute(type, ip(value))));
    expect(seen).toHaveLength(1);
    expect(errorOf(seen)).toBe(Errno.EINVAL);
    expect(ackOf(seen[0]).text).toContain(`${family} != `);
  });

  it("[C.2.2] [RF-ADDR-6d] prefix length, scope, flags, address and label do not filter", () => {
    const { socket } = setupE();
    const header = { family: AF.INET, prefixLength: 31, scope: 254, flags: 0x80 };
    const parts = [
      attribute(IFA.LOCAL, ip("198.51.100.1")),
      attribute(IFA.ADDRESS, ip("198.51.100.2")),
      attribute(IFA.LABEL, text("em9")),
    ];
    expect(ask(socket, getAddress(header, "qD", ...parts)).map(inWords)).toEqual([
      "NEWADDR 127.0.0.1/8",
      "NEWADDR 192.0.2.1/24",
      "DONE 0",
    ]);
  });

  it("[C.2.2] link-level addresses are never shown", () => {
    const { vnet, socket } = setupE();
    expect(addresses(socket, { family: AF.LINK })).toEqual([]);
    expect(addresses(socket, { index: indexOf(vnet, "em1") })).toEqual([]);
  });

  it("[C.2.3] [RF-ADDR-7] interfaces in list order, in each the order of addition, families mixed", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em1", "198.51.100.1/24");
    vnet.addressAdd("em1", "2001:db8:1::1/64");
    vnet.addressAdd("em1", "198.51.100.9/24");
    vnet.addressAdd("em0", "2001:db8::1/64");
    vnet.addressAdd("em0", "10.0.0.1/8");
    // The first IPv6 address is followed at once by the automatic link-local one.
    expect(addressTexts(socket).slice(3)).toEqual([
      "192.0.2.1/24",
      "2001:db8::1/64",
      "fe80::ff:fe00:a/64",
      "10.0.0.1/8",
      "198.51.100.1/24",
      "2001:db8:1::1/64",
      "fe80::ff:fe00:b/64",
      "198.51.100.9/24",
    ]);
  });

  it("[C.2.4] [RF-ADDR-8] a jail without a vnet sees only its own addresses", () => {
    const { vnet } = setup46();
    const jailed = openSocket(vnet, { cred: { jail: { vnet: false, addresses: ["192.0.2.1"] } } });
    expect(ask(jailed, getAddress()).map(inWords)).toEqual(["NEWADDR 192.0.2.1/24", "DONE 0"]);
    const both = openSocket(vnet, {
      cred: { jail: { vnet: false, addresses: ["2001:db8::1", "127.0.0.1", "10.9.9.9"] } },
    });
    expect(ask(both, getAddress()).map(inWords)).toEqual(["NEWADDR 127.0.0.1/8", "NEWADDR 2001:db8::1/64", "DONE 0"]);
    const nothing = openSocket(vnet, { cred: { jail: { vnet: false } } });
    expect(ask(nothing, getAddress()).map(inWords)).toEqual(["DONE 0"]);
  });

  it("[0.9] no privilege is needed", () => {
    const { vnet } = setupE();
    expect(addressTexts(openSocket(vnet, { cred: { uid: 1001 } }))).toHaveLength(4);
  });

  it("[FC-ADDR-3] an interface without addresses: DONE without messages, and nothing to delete", () => {
    const { vnet, socket } = setupE();
    expect(addresses(socket, { family: AF.INET, index: indexOf(vnet, "em1") })).toEqual([]);
    expect(codeOf(() => vnet.addressDelete("em1", "192.0.2.1"))).toBe("EADDRNOTAVAIL");
  });

  it("[C.2.1] a dump larger than any one buffer has every address once", () => {
    const own = Array.from({ length: 250 }, (_, i) => `10.${i}.0.1/24`);
    const { socket } = setupR({ interfaces: [{ name: "em0", up: true, addresses: own }] });
    expect(addressTexts(socket, { index: 2 })).toEqual(own);
  });
});

describe("adding and deleting addresses", () => {
  it("[C.4.5] each is told to the group of its family, with pid, sequence and flags 0", () => {
    const { vnet } = setupE(AS_GIVEN);
    const [group4, group6] = [monitor(vnet, RTNLGRP.IPV4_IFADDR), monitor(vnet, RTNLGRP.IPV6_IFADDR)];
    group4.bind(4711, 0x10);
    vnet.addressAdd("em0", "198.51.100.1/24");
    vnet.addressAdd("em0", "2001:db8::1/64");
    vnet.addressDelete("em0", "2001:db8::1");
    vnet.addressDelete("em0", "198.51.100.1");
    const seen4 = drain(group4);
    expect(seen4.map(inWords)).toEqual(["NEWADDR 198.51.100.1/24", "DELADDR 198.51.100.1/24"]);
    expect(events(group6)).toEqual(["NEWADDR 2001:db8::1/64", "DELADDR 2001:db8::1/64"]);
    for (const each of seen4) expect(each).toMatchObject({ flags: 0, seq: 0, pid: 0 });
  });

  it("[0.7] [C.1.2] the event has the object of the listing", () => {
    const { vnet, socket } = setupE6(AS_GIVEN);
    const group = monitor(vnet, RTNLGRP.IPV6_IFADDR, RTNLGRP.IPV4_IFADDR);
    for (const address of ["2001:db8:1::7/56", "198.51.100.7/25"]) {
      vnet.addressAdd("em1", address);
      const listed = addresses(socket, { index: 3 }).at(-1)?.seen.body;
      vnet.addressDelete("em1", address);
      expect(drain(group).map((each) => toHex(each.body))).toEqual([toHex(listed ?? u8(0)), toHex(listed ?? u8(0))]);
    }
  });

  it("[C.4.4] [RF-ADDR-13] an IPv4 address added again: DELADDR, NEWADDR, and it is last in the list", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em0", "198.51.100.1/24");
    const group = monitor(vnet, RTNLGRP.IPV4_IFADDR);
    vnet.addressAdd("em0", "192.0.2.1/24");
    expect(events(group)).toEqual(["DELADDR 192.0.2.1/24", "NEWADDR 192.0.2.1/24"]);
    expect(addressTexts(socket, { index: 2 })).toEqual(["198.51.100.1/24", "192.0.2.1/24"]);
  });

  it("[C.4.4] added again with another length, it has the new one", () => {
    const { vnet, socket } = setupE();
    const group = monitor(vnet, RTNLGRP.IPV4_IFADDR);
    vnet.addressAdd("em0", "192.0.2.1/25");
    expect(events(group)).toEqual(["DELADDR 192.0.2.1/24", "NEWADDR 192.0.2.1/25"]);
    expect(only(addresses(socket, { index: 2 }))).toMatchObject({ prefixLength: 25, broadcast: "192.0.2.127" });
  });

  it("[C.5.4] an IPv6 address added again is updated in its place; another length is EINVAL", () => {
    const { kernel, vnet, socket } = setupE6();
    kernel.advance(5000);
    vnet.addressAdd("em0", "2001:db8::1/64");
    expect(addressTexts(socket, { index: 2 })).toEqual(["2001:db8::1/64", "fe80::ff:fe00:a/64"]);
    const cache = toHex(addresses(socket, { index: 2 })[0]?.payload(IFA.CACHEINFO) ?? u8(0));
    expect(cache.slice(16)).toBe(toHex(Uint8Array.of(...u32(1000), ...u32(6000))));
    expect(codeOf(() => vnet.addressAdd("em0", "2001:db8::1/48"))).toBe("EINVAL");
    expect(addressTexts(socket, { index: 2 })).toEqual(["2001:db8::1/64", "fe80::ff:fe00:a/64"]);
  });

  it("[C.5.1] an IPv6 prefix length of 0 is EINVAL, and nothing changes", () => {
    const { vnet, socket } = setupE6();
    const group = monitor(vnet, RTNLGRP.IPV6_IFADDR);
    const before = vnet.statistics();
    expect(codeOf(() => vnet.addressAdd("em1", "2001:db8:9::1/0"))).toBe("EINVAL");
    expect(addressTexts(socket, { index: 3 })).toEqual([]);
    expect(events(group)).toEqual([]);
    expect(vnet.statistics()).toMatchObject({ addresses: before.addresses, routes: before.routes });
  });

  it.each([
    ["192.0.2.1", "a prefix length"],
    ["192.0.2.1/33", "from 0 to 32"],
    ["2001:db8::1/129", "from 0 to 128"],
    ["192.0.2.1/-1", "a prefix length"],
    ["192.0.2/24", "an IPv4 or IPv6 address"],
    ["em0/24", "an IPv4 or IPv6 address"],
  ])("[C.4.1] [C.5.1] the text %s is refused, naming it: expected %s", (address, expected) => {
    const { vnet } = setupE();
    expect(() => vnet.addressAdd("em1", address)).toThrow(RangeError);
    expect(() => vnet.addressAdd("em1", address)).toThrow(expected);
  });

  it.each(["192.0.2.1/24", "192.0.2.1", "192.0.2.1/8"])(
    "[C.6.1] deleting %s: the prefix length is not compared",
    (address) => {
      const { vnet, socket } = setupE();
      vnet.addressDelete("em0", address);
      expect(addressTexts(socket, { index: 2 })).toEqual([]);
    },
  );

  it.each(["198.51.100.1", "2001:db8::9", "127.0.0.1"])(
    "[C.6.1] deleting %s, which em0 has not: EADDRNOTAVAIL",
    (address) => {
      const { vnet, socket } = setup46();
      const before = addressTexts(socket);
      const group = monitor(vnet, RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV6_IFADDR);
      expect(codeOf(() => vnet.addressDelete("em0", address))).toBe("EADDRNOTAVAIL");
      expect(codeOf(() => vnet.addressDelete("em9", address))).toBe("ENXIO");
      expect(addressTexts(socket)).toEqual(before);
      expect(events(group)).toEqual([]);
    },
  );

  it("[C.6.1] [C.6.3] a link-local address is deleted from the interface it is on, and only there", () => {
    const { vnet, socket } = setupE6();
    vnet.addressAdd("em1", "fe80::ff:fe00:a/64");
    const group = monitor(vnet, RTNLGRP.IPV6_IFADDR);
    vnet.addressDelete("em0", "fe80::ff:fe00:a");
    const seen = drain(group);
    expect(seen.map(inWords)).toEqual(["DELADDR fe80::ff:fe00:a/64"]);
    expect(addressOf(seen[0]).index).toBe(2);
    expect(addressTexts(socket, { index: 2 })).toEqual(["2001:db8::1/64"]);
    expect(addressTexts(socket, { index: 3 })).toEqual(["fe80::ff:fe00:a/64"]);
  });

  it("[C.3.3] [C.4.5] the first address of an interface that is down brings it up: NEWADDR, then NEWLINK 0x1", () => {
    const { vnet, socket } = setupR({ interfaces: [{ name: "em0" }] });
    const group = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR);
    vnet.addressAdd("em0", "198.51.100.1/24");
    expect(events(group)).toEqual(["NEWADDR 198.51.100.1/24", "NEWLINK em0 0x1"]);
    expect(linkNamed(socket, "em0").flags & 1).toBe(1);
  });

  it("[C.2.3] a middle, the first and the last address leave the others in order", () => {
    const own = ["10.0.0.1/8", "2001:db8::1/64", "10.0.0.2/8", "2001:db8::2/64", "10.0.0.3/8"];
    const { vnet, socket } = setupR({ ...AS_GIVEN, interfaces: [{ name: "em0", up: true, addresses: own }] });
    for (const address of ["10.0.0.2/8", "10.0.0.1/8", "10.0.0.3/8"]) vnet.addressDelete("em0", address);
    expect(addressTexts(socket, { index: 2 })).toEqual(["2001:db8::1/64", "2001:db8::2/64"]);
    vnet.addressAdd("em0", "10.0.0.4/8");
    expect(addressTexts(socket, { index: 2 })).toEqual(["2001:db8::1/64", "2001:db8::2/64", "10.0.0.4/8"]);
  });
});
