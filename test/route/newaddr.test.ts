// RTM_NEWADDR: what is refused, what is added, what is told (rtnetlink C.3 to C.5).

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { IN6_IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { PRIV } from "../../assembly/abi/netlink.js";
import { IFA, IFA_F, IFAF, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import {
  ackOf,
  ask,
  attribute,
  codeOf,
  drain,
  errorOf,
  hex,
  ifaddrmsg,
  ip,
  message,
  numberAt,
  payloadOf,
  u8,
  u32,
} from "../support/messages.js";
import { AS_GIVEN, monitor, openSocket, type Setup, setupE, setupE6, setupR } from "../support/setups.js";
import { type AddressFields, FOREVER, GIF0, newAddr, PERMANENT, setupP } from "./addressrequests.js";
import { type Address, addresses, addressTexts, events, inWords, linkNamed } from "./links.js";

const EM0 = 2;
const EM1 = 3;
const NO_DAD = { "net.inet6.ip6.dad_count": 0 };

/** One interface, down and without addresses. */
function setupDown(): Setup {
  return setupR({ interfaces: [{ name: "em0", lladdr: "02:00:00:00:00:0a" }], sysctls: NO_DAD });
}

/** A gif, without addresses, as FreeBSD's P2p tests have it. */
function setupGif(): Setup {
  return setupR({ interfaces: [{ name: "gif0", pointToPoint: true }], sysctls: NO_DAD });
}

/** Sends and expects success. */
function added(socket: Socket, own: string | undefined, fields: AddressFields = {}, letters = "qaCX"): void {
  expect(errorOf(ask(socket, newAddr(own, fields, letters)))).toBe(Errno.OK);
}

/** An address as a message shows it. */
function shown(socket: Socket, address: string): Address {
  const found = addresses(socket).find((each) => each.address === address || each.local === address);
  if (found === undefined) throw new Error(`no address ${address}`);
  return found;
}

function in6Flags(address: Address): number {
  return numberAt(payloadOf(address.payload(IFA.FREEBSD) ?? u8(0), IFAF.FLAGS) ?? u8(0), 0, 4);
}

/** The four words of IFA_CACHEINFO. */
function cacheInfo(address: Address): number[] {
  return [0, 4, 8, 12].map((at) => numberAt(address.payload(IFA.CACHEINFO) ?? u8(0), at, 4));
}

describe("RTM_NEWADDR is refused", () => {
  it.each<[string, string | undefined, AddressFields, Errno, string | undefined]>([
    ["[RF-ADDR-9a] index 0", "198.51.100.1/24", { index: 0 }, Errno.ENOENT, "Unable to find interface with index 0"],
    ["[RF-ADDR-9a] index 99", "198.51.100.1/24", { index: 99 }, Errno.ENOENT, "Unable to find interface with index 99"],
    ["[RF-ADDR-9b] family 0", undefined, { family: 0 }, Errno.EAFNOSUPPORT, undefined],
    ["[RF-ADDR-9b] family 99", undefined, { family: 99 }, Errno.EAFNOSUPPORT, undefined],
    [
      "[C.2.2] an address of another family than the header",
      "198.51.100.1/24",
      { family: AF.INET6 },
      Errno.EINVAL,
      "wrong family for IFA_LOCAL attribute: 28 != 2",
    ],
    [
      "[RF-ADDR-10] [C.3.2] IFA_CACHEINFO of 8 bytes",
      "198.51.100.1/24",
      { extra: [attribute(IFA.CACHEINFO, u32(1), u32(1))] },
      Errno.EINVAL,
      "nla type 6 size(8) is not ifa_cacheinfo",
    ],
    ["[RF-ADDR-11a] IPv4 of length 33", "198.51.100.1/33", {}, Errno.EINVAL, "invalid ifa_prefixlen"],
    [
      "[RF-ADDR-11a] IPv4 without an address",
      undefined,
      { family: AF.INET, prefixLength: 24 },
      Errno.EINVAL,
      "Empty IFA_LOCAL/IFA_ADDRESS",
    ],
    [
      "[FB-36] IPv4 with IFA_BROADCAST alone",
      undefined,
      { broadcast: "198.51.100.255", prefixLength: 24 },
      Errno.EINVAL,
      "Empty IFA_LOCAL/IFA_ADDRESS",
    ],
    ["[RF-ADDR-12b] [C.4.3] a vhid without carp", "198.51.100.1/24", { vhid: 5 }, Errno.EPROTONOSUPPORT, undefined],
    [
      "[FB-33] [C.4.3] a vhid without carp, IPv6",
      "2001:db8::1/64",
      { vhid: 77, lifetimes: PERMANENT },
      Errno.EPROTONOSUPPORT,
      undefined,
    ],
    ["[RF-ADDR-16a] IPv6 of length 0", "2001:db8::1/0", {}, Errno.EINVAL, undefined],
    ["[RF-ADDR-16a] IPv6 of length 129", "2001:db8::1/129", {}, Errno.EINVAL, "invalid ifa_prefixlen"],
    ["[RF-ADDR-16a] preferred longer than valid", "2001:db8::1/64", { lifetimes: [10, 5] }, Errno.EINVAL, undefined],
    [
      "[C.5.1] IPv6 without an address",
      undefined,
      { family: AF.INET6, prefixLength: 64 },
      Errno.EINVAL,
      "Empty IFA_LOCAL/IFA_ADDRESS",
    ],
    [
      "[RF-ADDR-16c] an IPv6 peer on Ethernet",
      "2001:db8::1/128",
      { address: "2001:db8::2", lifetimes: PERMANENT },
      Errno.EINVAL,
      undefined,
    ],
  ])("[C.3.1] [FC-ADDR-8] %s", (_, own, fields, errno, text) => {
    const { vnet, socket } = setupE();
    const group = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV6_IFADDR);
    const before = addressTexts(socket);
    const [ack, ...rest] = ask(socket, newAddr(own, fields));
    expect([ackOf(ack).error, ackOf(ack).text, rest.length]).toEqual([errno, text, 0]);
    expect([addressTexts(socket), events(group), vnet.check()]).toEqual([before, [], 0]);
  });

  it.each<[string, string | undefined, AddressFields, Errno, string | undefined]>([
    ["[RF-ADDR-11a] only IFA_LOCAL", "192.0.2.9/32", {}, Errno.EINVAL, "Empty IFA_LOCAL/IFA_ADDRESS"],
    [
      "[RF-ADDR-11a] only IFA_ADDRESS",
      undefined,
      { address: "192.0.2.9", prefixLength: 32 },
      Errno.EINVAL,
      "Empty IFA_LOCAL/IFA_ADDRESS",
    ],
    ["[RF-ADDR-12a] peer 0.0.0.0", "192.0.2.9/32", { address: "0.0.0.0" }, Errno.EDESTADDRREQ, undefined],
    [
      "[RF-ADDR-16c] an IPv6 peer with length 64",
      "2001:db8::1/64",
      { address: "2001:db8::2", lifetimes: PERMANENT },
      Errno.EINVAL,
      undefined,
    ],
    [
      "[FB-39] an IPv6 peer with length 127",
      "2001:db8::1/127",
      { address: "2001:db8::2", lifetimes: PERMANENT },
      Errno.EINVAL,
      undefined,
    ],
  ])("[C.4.1] [C.4.3] [C.5.1] on a point-to-point interface: %s", (_, own, fields, errno, text) => {
    const { socket } = setupP();
    const before = addressTexts(socket);
    const ack = ackOf(ask(socket, newAddr(own, fields)).at(-1));
    expect([ack.error, ack.text]).toEqual([errno, text]);
    expect(addressTexts(socket)).toEqual(before);
  });

  it("[FB-36] all zero, index 0, only IFA_BROADCAST: an error each", () => {
    const { socket } = setupDown();
    const requests = [
      message({ type: RTM.NEWADDR, flags: "qaCX" }, ifaddrmsg()),
      newAddr("192.0.2.1/24", { index: 0 }),
      newAddr(undefined, { broadcast: "192.0.2.255", prefixLength: 24 }),
    ];
    for (const request of requests) expect(errorOf(ask(socket, request))).not.toBe(0);
    expect(addressTexts(socket, { family: AF.INET })).toEqual(["127.0.0.1/8"]);
  });

  it.each([RTM.NEWADDR, RTM.DELADDR])(
    "[RF-CORE-43] [0.2] [0.9] type %i without its privilege, or in a jail without a vnet: EPERM, before anything is parsed",
    (type) => {
      const { vnet } = setupE();
      const broken = message({ type, flags: "qa" }, ifaddrmsg({ family: AF.INET, index: EM0 }), hex("02000100"));
      const jail = { jail: { vnet: false, addresses: ["192.0.2.1"] } };
      const other = type === RTM.NEWADDR ? PRIV.NET_DELIFADDR : PRIV.NET_ADDIFADDR;
      for (const cred of [{ uid: 1001 }, jail, { uid: 1001, privileges: other }]) {
        expect(errorOf(ask(openSocket(vnet, { cred }), broken))).toBe(Errno.EPERM);
      }
      expect(errorOf(ask(openSocket(vnet), broken))).toBe(Errno.EINVAL);
    },
  );

  it("[0.9] each by its own privilege; root of a vnet jail may", () => {
    const { vnet, socket } = setupE();
    const cred = { uid: 1001, privileges: PRIV.NET_ADDIFADDR };
    added(openSocket(vnet, { cred }), "198.51.100.1/24", { index: EM1 });
    added(openSocket(vnet, { cred: { jail: { vnet: true } } }), "198.51.100.2/24", { index: EM1 });
    expect(addressTexts(socket, { index: EM1 })).toEqual(["198.51.100.1/24", "198.51.100.2/24"]);
  });

  it("[C.4.3] with net.inet.ip.no_same_prefix a second address of a network: EEXIST; the same one again may", () => {
    const { kernel, vnet, socket } = setupE();
    kernel.sysctl("net.inet.ip.no_same_prefix", 1);
    const routes = vnet.statistics().routes;
    expect(errorOf(ask(socket, newAddr("192.0.2.2/24", { index: EM1 })))).toBe(Errno.EEXIST);
    expect([addressTexts(socket, { index: EM1 }), vnet.statistics().routes]).toEqual([[], routes]);
    added(socket, "192.0.2.1/24");
    added(socket, "198.51.100.1/24", { index: EM1 });
  });
});

describe("RTM_NEWADDR of IPv4", () => {
  it("[FB-31] [C.3.1] [C.4.1] on an Ethernet interface that is down: one address with all fields", () => {
    const { socket } = setupDown();
    added(socket, "192.0.2.1/24", { broadcast: "192.0.2.255" });
    const found = addresses(socket, { index: EM0 });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      family: AF.INET,
      prefixLength: 24,
      scope: 0,
      address: "192.0.2.1",
      local: "192.0.2.1",
      broadcast: "192.0.2.255",
      label: "em0",
      flags: 0,
    });
  });

  it.each<[string, string | undefined, string]>([
    ["192.0.2.1/32", undefined, "192.0.2.1"],
    ["192.0.2.1/31", undefined, "255.255.255.255"],
    ["192.0.2.1/30", undefined, "192.0.2.3"],
    ["192.0.2.1/0", undefined, "255.255.255.255"],
    ["192.0.2.1/30", "192.0.2.2", "192.0.2.2"],
    ["192.0.2.1/24", "192.0.2.7", "192.0.2.7"],
    ["192.0.2.1/24", "0.0.0.0", "0.0.0.0"],
  ])("[FB-71] [FC-ADDR-1] [C.4.2] %s with IFA_BROADCAST %s has %s", (own, broadcast, expected) => {
    const { socket } = setupDown();
    added(socket, own, { ...(broadcast === undefined ? {} : { broadcast }), in6Flags: 0 }, "qa");
    expect(shown(socket, "192.0.2.1").broadcast).toBe(expected);
  });

  it("[RF-ADDR-11b] [C.4.1] IFA_ADDRESS is the address where there is no IFA_LOCAL, and ignored where there is", () => {
    const { socket } = setupE();
    added(socket, "198.51.100.5/24", { address: "198.51.100.6", index: EM1 });
    added(socket, undefined, { address: "198.51.100.7", prefixLength: 24, index: EM1 });
    const found = addresses(socket, { index: EM1 }).map(({ address, local }) => [address, local]);
    expect(found).toEqual([
      ["198.51.100.5", "198.51.100.5"],
      ["198.51.100.7", "198.51.100.7"],
    ]);
  });

  it.each(["qa", "qaC", "qaCX", "qaX", "qaP", "qaCP", "qaA"])(
    "[RF-ADDR-15] [C.3.1] with flags %s it creates what is not there and replaces what is",
    (letters) => {
      const { socket } = setupE();
      added(socket, "198.51.100.1/24", { index: EM1 }, letters);
      added(socket, "198.51.100.1/25", { index: EM1 }, letters);
      expect(addressTexts(socket, { index: EM1 })).toEqual(["198.51.100.1/25"]);
    },
  );

  it("[C.3.2] ifa_flags, ifa_scope, IFA_LABEL and other attributes are ignored", () => {
    const { socket } = setupE();
    const request = message(
      { type: RTM.NEWADDR, flags: "qaC" },
      ifaddrmsg({ family: AF.INET, prefixLength: 24, flags: 0xff, scope: 254, index: EM1 }),
      attribute(IFA.LOCAL, ip("198.51.100.1")),
      attribute(IFA.LABEL, u32(0)),
      attribute(IFA.RT_PRIORITY, u32(7)),
    );
    expect(errorOf(ask(socket, request))).toBe(0);
    expect(shown(socket, "198.51.100.1")).toMatchObject({ scope: 0, headerFlags: 0, flags: 0, label: "em1" });
  });

  it("[RF-ADDR-13] [C.4.4] one that is there: DELADDR, NEWADDR, and it is last in the list", () => {
    const { vnet, socket } = setupE();
    added(socket, "198.51.100.1/24");
    const group = monitor(vnet, RTNLGRP.IPV4_IFADDR);
    added(socket, "192.0.2.1/24");
    expect(events(group)).toEqual(["DELADDR 192.0.2.1/24", "NEWADDR 192.0.2.1/24"]);
    expect(addressTexts(socket, { index: EM0 })).toEqual(["198.51.100.1/24", "192.0.2.1/24"]);
    expect(vnet.check()).toBe(0);
  });

  it("[C.4.4] [Z.3] one that is there and whose network another address takes over: no DELADDR is told", () => {
    const { vnet, socket } = setupE();
    added(socket, "192.0.2.2/24");
    const group = monitor(vnet, RTNLGRP.IPV4_IFADDR);
    added(socket, "192.0.2.1/24");
    expect(events(group)).toEqual(["NEWADDR 192.0.2.1/24"]);
    expect(addressTexts(socket, { index: EM0 })).toEqual(["192.0.2.2/24", "192.0.2.1/24"]);
    expect(vnet.check()).toBe(0);
  });

  // The own neighbour entry that is told of besides is pinned with the neighbours.
  it("[RF-ADDR-14] [C.4.5] [C.3.3] on an interface that is down: NEWADDR, NEWLINK 0x1, and no route is told; an ack alone", () => {
    const { vnet, socket } = setupE();
    vnet.interfaceDown("em1");
    const all = monitor(vnet, ...Array.from({ length: RTNLGRP.BRVLAN }, (_, group) => group + 1));
    const answer = ask(socket, newAddr("198.51.100.1/24", { index: EM1 }));
    expect(answer.map(inWords)).toEqual(["ERROR"]);
    expect(errorOf(answer)).toBe(0);
    const heard = drain(all).filter(({ type }) => type !== RTM.NEWNEIGH);
    expect(heard.map(inWords)).toEqual(["NEWADDR 198.51.100.1/24", "NEWLINK em1 0x1"]);
    for (const each of heard) expect([each.pid, each.seq, each.flags]).toEqual([0, 0, 0]);
    expect(linkNamed(socket, "em1").flags & 1).toBe(1);
  });

  it("[C.3.3] [C.6.5] an interface that comes up with an address brings up the others: each is told after NEWLINK", () => {
    const { vnet, socket } = setupE();
    added(socket, "198.51.100.1/24");
    vnet.interfaceDown("em0");
    const group = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR);
    added(socket, "203.0.113.1/24");
    expect(events(group)).toEqual([
      "NEWADDR 203.0.113.1/24",
      "NEWLINK em0 0x1",
      "NEWADDR 192.0.2.1/24",
      "NEWADDR 198.51.100.1/24",
    ]);
    expect(vnet.check()).toBe(0);
  });
});

describe("RTM_NEWADDR of IPv6", () => {
  it("[FB-32] [C.6.5] on an interface that is down, without lifetimes: two addresses at once", () => {
    const { vnet, socket } = setupDown();
    const group = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV6_IFADDR);
    added(socket, "2001:db8::1/64");
    expect(addressTexts(socket, { family: AF.INET6, index: EM0 })).toEqual(["2001:db8::1/64", "fe80::ff:fe00:a/64"]);
    expect(events(group)).toEqual(["NEWADDR 2001:db8::1/64", "NEWADDR fe80::ff:fe00:a/64", "NEWLINK em0 0x1"]);
  });

  it("[FB-34] [C.1.2] [C.5.2] lifetimes read back as given; cstamp and tstamp are uptimes", () => {
    const { kernel, socket } = setupDown();
    added(socket, "2001:db8::1/64", { lifetimes: [43_200, 86_400] });
    expect(cacheInfo(shown(socket, "2001:db8::1"))).toEqual([43_200, 86_400, 1000, 1000]);
    kernel.advance(4000);
    expect(cacheInfo(shown(socket, "2001:db8::1"))).toEqual([43_200, 86_400, 1000, 1000]);
  });

  it.each([
    // IFA_FLAGS, IFAF_FLAGS as sent, as read
    [0, IN6_IFF.AUTOCONF, 0, IN6_IFF.AUTOCONF],
    [IFA_F.DEPRECATED, IN6_IFF.DEPRECATED, 0x20, 0x10],
    [IFA_F.DEPRECATED, IN6_IFF.DEPRECATED | IN6_IFF.AUTOCONF, 0x20, 0x50],
    [0, IN6_IFF.PREFER_SOURCE, 0, 0x100],
    [IFA_F.DEPRECATED, 0, 0x20, 0x10],
    [IFA_F.TEMPORARY, 0, 0x1, 0x80],
    [IFA_F.NODAD, 0, 0x2, 0x20],
    [IFA_F.PERMANENT | IFA_F.DADFAILED, IN6_IFF.DUPLICATED, 0, 0],
    [IFA_F.OPTIMISTIC | IFA_F.HOMEADDRESS | IFA_F.MANAGETEMPADDR, 0, 0, 0],
  ])(
    "[FB-35] [RF-ADDR-4] [C.5.3] IFA_FLAGS %i and IFAF_FLAGS %i read back as %i and %i",
    (flags, in6, readFlags, readIn6) => {
      const { socket } = setupE6();
      added(socket, "2001:db8:1::1/64", { flags, in6Flags: in6, lifetimes: PERMANENT });
      const found = shown(socket, "2001:db8:1::1");
      expect([found.flags, in6Flags(found)]).toEqual([readFlags, readIn6]);
    },
  );

  it("[RF-ADDR-4] [C.5.3] TENTATIVE is shown while duplicates are looked for", () => {
    const { socket } = setupE6({ sysctls: {} });
    added(socket, "2001:db8:1::1/64", { flags: IFA_F.TENTATIVE, lifetimes: PERMANENT });
    const found = shown(socket, "2001:db8:1::1");
    expect([found.flags, in6Flags(found)]).toEqual([IFA_F.TENTATIVE, IN6_IFF.TENTATIVE]);
  });

  it("[C.5.3] DEPRECATED by hand ends the preferred lifetime", () => {
    const { socket } = setupE6();
    added(socket, "2001:db8:1::1/64", { flags: IFA_F.DEPRECATED, lifetimes: PERMANENT });
    expect(cacheInfo(shown(socket, "2001:db8:1::1")).slice(0, 2)).toEqual([0, FOREVER]);
  });

  it("[FC-ADDR-4] [C.5.2] lifetimes for ever: permanent", () => {
    const { kernel, socket } = setupE6();
    added(socket, "2001:db8:1::1/64", { lifetimes: PERMANENT, in6Flags: 0 }, "qa");
    kernel.advance(10 * 86_400_000);
    expect(cacheInfo(shown(socket, "2001:db8:1::1")).slice(0, 2)).toEqual([FOREVER, FOREVER]);
  });

  it("[RF-ADDR-16b] [C.5.1] IFA_LOCAL equal to IFA_ADDRESS is no peer: the listing has no LOCAL", () => {
    const { socket } = setupE6();
    added(socket, "2001:db8:1::1/64", { address: "2001:db8:1::1", lifetimes: PERMANENT });
    expect(shown(socket, "2001:db8:1::1")).toMatchObject({ local: undefined, broadcast: undefined });
    added(socket, undefined, { address: "2001:db8:2::1", prefixLength: 64, lifetimes: PERMANENT });
    expect(shown(socket, "2001:db8:2::1").local).toBeUndefined();
  });

  it("[RF-ADDR-20] [C.5.5] of an interface that has IPv6: NEWADDR alone; no route is told", () => {
    const { vnet, socket } = setupE6();
    const { IPV6_IFADDR, IPV6_ROUTE, LINK } = RTNLGRP;
    const group = monitor(vnet, IPV6_IFADDR, IPV6_ROUTE, LINK);
    added(socket, "2001:db8:1::1/64", { lifetimes: PERMANENT });
    expect(events(group)).toEqual(["NEWADDR 2001:db8:1::1/64"]);
  });

  it("[RF-ADDR-19] [C.5.4] one that is there: updated in its place, without a message; another length is EINVAL", () => {
    const { kernel, vnet, socket } = setupE6();
    kernel.advance(5000);
    const group = monitor(vnet, RTNLGRP.IPV6_IFADDR);
    added(socket, "2001:db8::1/64", { lifetimes: [100, 200], in6Flags: IN6_IFF.PREFER_SOURCE });
    expect(addressTexts(socket, { index: EM0 })).toEqual(["2001:db8::1/64", "fe80::ff:fe00:a/64"]);
    expect(cacheInfo(shown(socket, "2001:db8::1"))).toEqual([100, 200, 1000, 6000]);
    expect(in6Flags(shown(socket, "2001:db8::1"))).toBe(IN6_IFF.PREFER_SOURCE);
    expect(errorOf(ask(socket, newAddr("2001:db8::1/48", { lifetimes: PERMANENT })))).toBe(Errno.EINVAL);
    expect(cacheInfo(shown(socket, "2001:db8::1"))).toEqual([100, 200, 1000, 6000]);
    expect(events(group)).toEqual([]);
  });

  it("[FB-72] [C.5.4] 2001:db8::1/128 again with /127: an error, unchanged", () => {
    const { socket } = setupDown();
    added(socket, "2001:db8::1/128", { lifetimes: PERMANENT });
    expect(errorOf(ask(socket, newAddr("2001:db8::1/127", { lifetimes: PERMANENT })))).toBe(Errno.EINVAL);
    expect(addressTexts(socket, { index: EM0 })[0]).toBe("2001:db8::1/128");
  });

  it("[C.3.3] the second address of an interface that is down does not bring it up: only the first asks the driver", () => {
    const { vnet, socket } = setupE6();
    vnet.interfaceDown("em0");
    added(socket, "2001:db8:1::1/64", { lifetimes: PERMANENT });
    expect(linkNamed(socket, "em0").flags & 1).toBe(0);
    // in6_notify_ifa counts no addresses for one that is there, and asks the driver.
    added(socket, "2001:db8::1/64", { lifetimes: PERMANENT });
    expect(linkNamed(socket, "em0").flags & 1).toBe(1);
  });

  it("[C.1.2] a link-local address belongs to the interface of the request, and is shown without its index", () => {
    const { vnet, socket } = setupE(AS_GIVEN);
    added(socket, "fe80::1234/64", { index: EM1, lifetimes: PERMANENT });
    expect(addresses(socket, { index: EM1 }).map(({ address, scope }) => [address, scope])).toEqual([
      ["fe80::1234", 253],
    ]);
    expect(codeOf(() => vnet.addressDelete("em0", "fe80::1234"))).toBe("EADDRNOTAVAIL");
  });
});

describe("RTM_NEWADDR on a point-to-point interface", () => {
  it.each([
    ["192.0.2.1/24", "192.0.2.2"],
    ["192.0.2.1/30", "192.0.2.2"],
    ["192.0.2.1/31", "192.0.2.2"],
    ["192.0.2.1/32", "192.0.2.2"],
    ["192.0.2.1/30", "192.0.2.100"],
  ])("[FB-38] [C.4.1] IPv4 %s with peer %s: one address, LOCAL and ADDRESS as given, no BROADCAST", (own, peer) => {
    const { socket } = setupGif();
    added(socket, own, { address: peer });
    const found = addresses(socket, { index: GIF0 });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      prefixLength: Number(own.split("/")[1]),
      scope: 0,
      local: "192.0.2.1",
      address: peer,
      broadcast: undefined,
    });
  });

  it("[RF-ADDR-2b] [C.1.2] ADDRESS is the peer, then LOCAL the own one, LABEL, FLAGS, FREEBSD", () => {
    const { socket } = setupP();
    const found = shown(socket, "192.0.2.2");
    expect(found).toMatchObject({ address: "192.0.2.2", local: "192.0.2.1", broadcast: undefined });
    expect(found.order).toEqual([IFA.ADDRESS, IFA.LOCAL, IFA.LABEL, IFA.FLAGS, IFA.FREEBSD]);
  });

  it("[FB-39] [RF-ADDR-16c] [C.5.1] IPv6 /128 with a peer: two addresses, LOCAL and ADDRESS as given", () => {
    const { socket } = setupGif();
    added(socket, "2001:db8::1/128", { address: "2001:db8::2", lifetimes: PERMANENT });
    const found = addresses(socket, { index: GIF0, family: AF.INET6 });
    expect(found).toHaveLength(2);
    expect(found[0]).toMatchObject({ address: "2001:db8::2", local: "2001:db8::1", prefixLength: 128 });
    expect(found[0]?.order.slice(0, 3)).toEqual([IFA.ADDRESS, IFA.LOCAL, IFA.LABEL]);
    expect(found[1]).toMatchObject({ local: undefined, prefixLength: 64, scope: 253 });
  });

  it("[C.5.1] IPv6 without a peer is an address like on other interfaces", () => {
    const { socket } = setupGif();
    added(socket, "2001:db8::1/64", { lifetimes: PERMANENT });
    expect(shown(socket, "2001:db8::1")).toMatchObject({ local: undefined, prefixLength: 64 });
  });

  it("[FB-41] [Z.4] on a cloned loopback: IPv4 ADDRESS = LOCAL; IPv6 exactly one address", () => {
    const { socket } = setupR({ interfaces: [{ name: "lo1" }] });
    for (const own of ["192.0.2.1/24", "192.0.2.2/32"]) added(socket, own);
    const inet = addresses(socket, { index: 2, family: AF.INET });
    expect(inet.map(({ address, local, broadcast }) => [address, local, broadcast])).toEqual([
      ["192.0.2.1", "192.0.2.1", undefined],
      ["192.0.2.2", "192.0.2.2", undefined],
    ]);
    added(socket, "2001:db8::1/64", { lifetimes: PERMANENT });
    expect(addressTexts(socket, { index: 2, family: AF.INET6 })).toEqual(["2001:db8::1/64"]);
  });
});
