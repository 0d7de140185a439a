// What IPv6 does by itself: lifetimes, duplicate address detection, link-local addresses (rtnetlink C.5, C.6).

import { describe, expect, it } from "vitest";
import { IN6_IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { IFA, IFA_F, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { BootOptions, Socket } from "../../host/kernel/kernel.js";
import { newAddr, PERMANENT } from "../route/addressrequests.js";
import { addresses, addressTexts, events, inWords } from "../route/links.js";
import { find, routeTo } from "../route/routes.js";
import { ask, codeOf, drain, errorOf, numberAt, payloadOf, u8 } from "../support/messages.js";
import { AS_GIVEN, monitor, openSocket, type Setup, setupE, setupE6, setupR } from "../support/setups.js";
import { flagsOf, preferredAndValid } from "./routers.js";

const { AUTOCONF, DEPRECATED, DUPLICATED, TENTATIVE, ANYCAST } = IN6_IFF;
const OWN = "2001:db8:1::1";

function add(socket: Socket, own: string, lifetimes: readonly [number, number], index = 2): void {
  expect(errorOf(ask(socket, newAddr(own, { lifetimes, index })))).toBe(0);
}

/** E6 with duplicate address detection. */
function setupDad(count = 1): Setup {
  const setup = setupE6();
  setup.vnet.sysctl("net.inet6.ip6.dad_count", count);
  return setup;
}

describe("lifetimes", () => {
  it("[FB-74] [C.1.2] preferred 5, valid 10: DEPRECATED after 6 s, with its lifetimes as configured; gone after 12 s", () => {
    const { kernel, socket } = setupE6();
    add(socket, `${OWN}/64`, [5, 10]);
    kernel.advance(5_000);
    expect(flagsOf(socket, OWN)).toBe(0);
    kernel.advance(1_000);
    expect(flagsOf(socket, OWN)).toBe(DEPRECATED);
    expect(preferredAndValid(socket, OWN)).toEqual([5, 10]);
    kernel.advance(4_000);
    expect(flagsOf(socket, OWN)).toBe(DEPRECATED);
    kernel.advance(2_000);
    expect(flagsOf(socket, OWN)).toBeUndefined();
  });

  it("[RF-ADDR-26] [C.6.6] valid 3 s: DELADDR by itself, and the host's and the network's route go", () => {
    const { kernel, vnet, socket } = setupE6();
    add(socket, `${OWN}/64`, [3, 3]);
    const { IPV6_IFADDR, IPV6_ROUTE, LINK } = RTNLGRP;
    const group = monitor(vnet, IPV6_IFADDR, IPV6_ROUTE, LINK);
    kernel.advance(3_000);
    expect(routeTo(socket, `${OWN}/128`).oif).toBe(1);
    expect(drain(group)).toEqual([]);
    kernel.advance(1_000);
    const heard = drain(group);
    expect(heard.map(inWords)).toEqual([`DELADDR ${OWN}/64`]);
    expect(heard.map(({ pid, seq, flags }) => [pid, seq, flags])).toEqual([[0, 0, 0]]);
    expect([find(socket, `${OWN}/128`), find(socket, "2001:db8:1::/64")]).toEqual([undefined, undefined]);
    expect(vnet.check()).toBe(0);
  });

  it("[RF-ADDR-17] [C.5.2] without IFA_CACHEINFO: there at first, gone with DELADDR after the next run of the ND timer", () => {
    const { kernel, vnet, socket } = setupE6();
    const group = monitor(vnet, RTNLGRP.IPV6_IFADDR);
    expect(errorOf(ask(socket, newAddr(`${OWN}/64`)))).toBe(0);
    expect(preferredAndValid(socket, OWN)).toEqual([0, 0]);
    kernel.advance(999);
    expect(flagsOf(socket, OWN)).toBe(0);
    kernel.advance(1);
    expect(flagsOf(socket, OWN)).toBeUndefined();
    expect(events(group)).toEqual([`NEWADDR ${OWN}/64`, `DELADDR ${OWN}/64`]);
  });

  it("[FB-73] [C.5.4] 5/10 again with 10/20: updated in place; a second address with 5/10 does not shorten the first's", () => {
    const { kernel, vnet, socket } = setupE6();
    add(socket, `${OWN}/64`, [5, 10]);
    kernel.advance(2_000);
    add(socket, `${OWN}/64`, [10, 20]);
    add(socket, "2001:db8:1::2/64", [5, 10]);
    expect(preferredAndValid(socket, OWN)).toEqual([10, 20]);
    const group = monitor(vnet, RTNLGRP.IPV6_IFADDR);
    kernel.advance(11_000);
    expect(events(group)).toEqual(["DELADDR 2001:db8:1::2/64"]);
    expect([flagsOf(socket, OWN), routeTo(socket, "2001:db8:1::/64").oif]).toEqual([DEPRECATED, 2]);
    kernel.advance(10_000);
    expect(events(group)).toEqual([`DELADDR ${OWN}/64`]);
    expect(find(socket, "2001:db8:1::/64")).toBeUndefined();
  });

  it("[C.5.4] a longer preferred lifetime takes DEPRECATED away at the next run, lifetimes for ever for good", () => {
    const { kernel, socket } = setupE6();
    add(socket, `${OWN}/64`, [1, 100]);
    kernel.advance(3_000);
    expect(flagsOf(socket, OWN)).toBe(DEPRECATED);
    add(socket, `${OWN}/64`, PERMANENT);
    expect(flagsOf(socket, OWN)).toBe(0);
    kernel.advance(1_000_000_000);
    expect(flagsOf(socket, OWN)).toBe(0);
  });

  it("[C.6.6] it is all the same in one step or in many; several at one time go in order of addition", () => {
    const run = (steps: number): string[] => {
      const { kernel, vnet, socket } = setupE6();
      const group = monitor(vnet, RTNLGRP.IPV6_IFADDR);
      for (const [n, index] of [3, 2, 3, 2].entries()) add(socket, `2001:db8:${n + 5}::1/64`, [n, 4 + (n >> 1)], index);
      for (let step = 0; step < steps; step++) kernel.advance(12_000 / steps);
      return events(group).filter((each) => !each.includes("fe80"));
    };
    const gone = [5, 6, 7, 8].map((n) => `DELADDR 2001:db8:${n}::1/64`);
    expect(run(1).slice(4)).toEqual(gone);
    for (const steps of [2, 12, 120]) expect(run(steps)).toEqual(run(1));
  });

  it("[C.5.2] years pass with finite and infinite lifetimes", () => {
    const { kernel, vnet, socket } = setupE6();
    add(socket, `${OWN}/64`, [86_400, 86_400]);
    kernel.advance(2 ** 32 + 1234);
    expect(addressTexts(socket, { index: 2 })).toEqual(["2001:db8::1/64", "fe80::ff:fe00:a/64"]);
    expect(vnet.check()).toBe(0);
  });

  it("[C.6.6] without memory an address goes a second later", () => {
    const { kernel, vnet, socket } = setupE6();
    // A host route that becomes another interface's takes memory.
    add(socket, `${OWN}/64`, PERMANENT, 3);
    add(socket, `${OWN}/64`, [3, 3]);
    const count = addressTexts(socket).length;
    vnet.failAllocation(1);
    kernel.advance(4_000);
    expect(addressTexts(socket).length).toBe(count);
    kernel.advance(1_000);
    expect(addressTexts(socket).length).toBe(count - 1);
    expect(routeTo(socket, `${OWN}/128`).oif).toBe(1);
    expect(vnet.check()).toBe(0);
  });

  it("[C.6.6] without memory a network's route goes over to another interface a second after the address", () => {
    const { kernel, vnet, socket } = setupE6(AS_GIVEN);
    add(socket, `${OWN}/64`, [3, 3]);
    add(socket, "2001:db8:1::2/64", PERMANENT, 3);
    vnet.failAllocation(1);
    kernel.advance(4_000);
    vnet.failAllocation(0);
    expect([flagsOf(socket, OWN), routeTo(socket, "2001:db8:1::/64").oif]).toEqual([undefined, 2]);
    kernel.advance(1_000);
    expect(routeTo(socket, "2001:db8:1::/64").oif).toBe(3);
    expect(vnet.check()).toBe(0);
  });
});

describe("duplicate address detection", () => {
  it("[RF-ADDR-18] [C.5.3] TENTATIVE in the NEWADDR; cleared 1 s later without a message", () => {
    const { kernel, vnet, socket } = setupDad();
    const group = monitor(vnet, RTNLGRP.IPV6_IFADDR, RTNLGRP.LINK);
    add(socket, `${OWN}/64`, PERMANENT);
    const [told, ...rest] = drain(group);
    expect([told && inWords(told), rest.length]).toEqual([`NEWADDR ${OWN}/64`, 0]);
    expect(numberAt(payloadOf(told?.body.slice(8) ?? u8(0), IFA.FLAGS) ?? u8(0), 0, 4)).toBe(IFA_F.TENTATIVE);
    expect(flagsOf(socket, OWN)).toBe(TENTATIVE);
    kernel.advance(999);
    expect(flagsOf(socket, OWN)).toBe(TENTATIVE);
    kernel.advance(1);
    expect(flagsOf(socket, OWN)).toBe(0);
    expect(drain(group)).toEqual([]);
  });

  it.each([2, 3, 5])("[C.5.3] with dad_count %i it takes as many seconds", (count) => {
    const { kernel, socket } = setupDad(count);
    kernel.advance(250);
    add(socket, `${OWN}/64`, PERMANENT);
    kernel.advance(count * 1000 - 1);
    expect(flagsOf(socket, OWN)).toBe(TENTATIVE);
    kernel.advance(1);
    expect(flagsOf(socket, OWN)).toBe(0);
  });

  it("[C.5.3] the first address of an interface is not detected: IPv6 is off there when it comes (in6if_do_dad)", () => {
    const { socket } = setupE();
    add(socket, `${OWN}/64`, PERMANENT);
    expect(flagsOf(socket, OWN)).toBe(0);
    expect(flagsOf(socket, "fe80::ff:fe00:a")).toBe(TENTATIVE);
  });

  it("[C.5.3] loopback addresses and anycast ones are not detected", () => {
    const { socket } = setupDad();
    add(socket, "2001:db8:9::1/128", PERMANENT, 1);
    expect(flagsOf(socket, "2001:db8:9::1")).toBe(0);
    expect(errorOf(ask(socket, newAddr(`${OWN}/64`, { lifetimes: PERMANENT, in6Flags: ANYCAST })))).toBe(0);
    expect(flagsOf(socket, OWN)).toBe(ANYCAST);
  });

  it("[C.5.3] another owner answers: DUPLICATED, without a message, IFA_FLAGS 0; the others stay", () => {
    const { kernel, vnet, socket } = setupDad();
    add(socket, `${OWN}/64`, PERMANENT);
    const group = monitor(vnet, RTNLGRP.IPV6_IFADDR);
    vnet.addressDuplicate("em0", OWN);
    expect(flagsOf(socket, OWN)).toBe(TENTATIVE);
    kernel.advance(1_000);
    expect(flagsOf(socket, OWN)).toBe(DUPLICATED);
    expect(addresses(socket).find(({ address }) => address === OWN)?.flags).toBe(0);
    kernel.advance(60_000);
    expect([flagsOf(socket, OWN), flagsOf(socket, "2001:db8::1"), drain(group)]).toEqual([DUPLICATED, 0, []]);
  });

  it("[C.5.3] who is not being detected hears no answer", () => {
    const { kernel, vnet, socket } = setupDad();
    expect(codeOf(() => vnet.addressDuplicate("em0", "2001:db8::1"))).toBe("EADDRNOTAVAIL");
    expect(codeOf(() => vnet.addressDuplicate("em0", OWN))).toBe("EADDRNOTAVAIL");
    expect(codeOf(() => vnet.addressDuplicate("em9", OWN))).toBe("ENXIO");
    add(socket, `${OWN}/64`, PERMANENT);
    kernel.advance(1_000);
    expect(codeOf(() => vnet.addressDuplicate("em0", OWN))).toBe("EADDRNOTAVAIL");
  });

  it("[C.5.3] a duplicate of the hardware's link-local address switches IPv6 off: the others become tentative", () => {
    const { kernel, vnet, socket } = setupDad();
    vnet.interfaceInet6("em1", true);
    const own = "fe80::ff:fe00:b";
    add(socket, `${OWN}/64`, PERMANENT, 3);
    const passUntil = (isOver: () => boolean): void => {
      for (let waited = 0; !isOver(); kernel.advance(1)) expect(waited++).toBeLessThan(2000);
    };
    // Its first probe is put off by less than a second.
    passUntil(() => codeOf(() => vnet.addressDuplicate("em1", own)) === undefined);
    passUntil(() => flagsOf(socket, own) === DUPLICATED);
    // As long as it is marked so, IPv6 cannot be switched on again.
    vnet.interfaceInet6("em1", true);
    kernel.advance(1_000);
    // The ND timer takes the mark away, as from every address of an interface that is off (nd6_timer).
    expect([flagsOf(socket, own), flagsOf(socket, OWN)]).toEqual([TENTATIVE, TENTATIVE]);
    kernel.advance(60_000);
    expect(flagsOf(socket, OWN)).toBe(TENTATIVE);
    vnet.interfaceInet6("em1", true);
    kernel.advance(2_000);
    expect([flagsOf(socket, own), flagsOf(socket, OWN)]).toEqual([0, 0]);
  });

  it("[C.6.1] an address that goes during its detection, or whose interface goes, leaves nothing waiting", () => {
    const { kernel, vnet, socket } = setupDad();
    add(socket, `${OWN}/64`, PERMANENT);
    add(socket, "2001:db8:2::1/64", PERMANENT, 3);
    vnet.addressDelete("em0", OWN);
    vnet.interfaceDetach("em1");
    kernel.advance(5_000);
    expect(addressTexts(socket, { index: 2 })).toEqual(["2001:db8::1/64", "fe80::ff:fe00:a/64"]);
    expect(vnet.check()).toBe(0);
  });

  it("[C.5.3] an update during the detection ends it: the flags are the request's", () => {
    const { kernel, socket } = setupDad();
    add(socket, `${OWN}/64`, PERMANENT);
    expect(errorOf(ask(socket, newAddr(`${OWN}/64`, { lifetimes: PERMANENT, in6Flags: AUTOCONF })))).toBe(0);
    expect(flagsOf(socket, OWN)).toBe(AUTOCONF);
    kernel.advance(5_000);
    expect(flagsOf(socket, OWN)).toBe(AUTOCONF);
  });

  it("[C.6.4] [C.6.5] of an interface that is down addresses become tentative; coming up they are detected anew", () => {
    const { kernel, vnet, socket } = setupDad();
    const group = monitor(vnet, RTNLGRP.IPV6_IFADDR);
    vnet.interfaceDown("em0");
    expect(flagsOf(socket, "2001:db8::1")).toBe(0);
    kernel.advance(60_000);
    expect([flagsOf(socket, "2001:db8::1"), flagsOf(socket, "fe80::ff:fe00:a")]).toEqual([TENTATIVE, TENTATIVE]);
    vnet.interfaceUp("em0");
    kernel.advance(999);
    expect(flagsOf(socket, "2001:db8::1")).toBe(TENTATIVE);
    kernel.advance(1_001);
    expect([flagsOf(socket, "2001:db8::1"), flagsOf(socket, "fe80::ff:fe00:a")]).toEqual([0, 0]);
    expect(events(group)).toEqual([]);
  });

  it("[C.5.3] net.inet6.ip6.dad_count is each vnet's own: as booted, as created, as set", () => {
    const { kernel } = setupR({ sysctls: { "net.inet6.ip6.dad_count": 3 } });
    const blue = kernel.vnetCreate("blue");
    const red = kernel.vnetCreate("red", { sysctls: { "net.inet6.ip6.dad_count": 0 } });
    const counts = (): number[] => [kernel.vnet0, blue, red].map((vnet) => vnet.sysctl("net.inet6.ip6.dad_count"));
    expect(counts()).toEqual([3, 3, 0]);
    blue.sysctl("net.inet6.ip6.dad_count", 7);
    expect(counts()).toEqual([3, 7, 0]);
    expect(kernel.sysctl("net.inet6.ip6.dad_count", 1)).toBe(1);
    expect(counts()).toEqual([1, 1, 1]);
    expect(setupR().vnet.sysctl("net.inet6.ip6.dad_count")).toBe(1);
    expect(codeOf(() => blue.sysctl("net.netlink.sendspace"))).toBe("ENOENT");
    expect(() => setupR({ sysctls: { "net.inet6.ip6.nothing": 1 } })).toThrow(RangeError);
    expect(() => kernel.vnetCreate("green", { sysctls: { "net.inet6.ip6.dad_count": -1 } })).toThrow(RangeError);
    expect(kernel.vnet("green")).toBeUndefined();
  });
});

describe("automatic link-local addresses", () => {
  const mac = "02:11:22:33:44:55";
  const eui64 = "fe80::11:22ff:fe33:4455/64";
  const em0 = { name: "em0", lladdr: mac };

  function ofEm0(options: BootOptions): { setup: Setup; texts: () => string[] } {
    const setup = setupR({ sysctls: { "net.inet6.ip6.dad_count": 0 }, ...options });
    return { setup, texts: () => addressTexts(setup.socket, { index: 2 }) };
  }

  it("[RF-ADDR-25] [C.6.5] coming up, an interface with IPv6 gets EUI-64 of its MAC: NEWLINK, then NEWADDR", () => {
    const { setup, texts } = ofEm0({ interfaces: [{ ...em0, inet6: true }] });
    expect(texts()).toEqual([]);
    const group = monitor(setup.vnet, RTNLGRP.LINK, RTNLGRP.IPV6_IFADDR);
    setup.vnet.interfaceUp("em0");
    expect(events(group)).toEqual(["NEWLINK em0 0x1", `NEWADDR ${eui64}`]);
    expect(texts()).toEqual([eui64]);
    setup.vnet.interfaceDown("em0");
    setup.vnet.interfaceUp("em0");
    expect(texts()).toEqual([eui64]);
  });

  // nd6_ifattach sets ND6_IFF_IFDISABLED on all interfaces but loopback (netinet6/nd6.c).
  it("[C.6.5] one on which IPv6 is off gets none; switching it on gives it, up or not yet up", () => {
    const { setup, texts } = ofEm0({ interfaces: [{ ...em0, up: true }] });
    expect(texts()).toEqual([]);
    setup.vnet.interfaceInet6("em0", true);
    expect(texts()).toEqual([eui64]);
    setup.vnet.addressDelete("em0", "fe80::11:22ff:fe33:4455");
    setup.vnet.interfaceInet6("em0", false);
    setup.vnet.interfaceDown("em0");
    setup.vnet.interfaceInet6("em0", true);
    expect(texts()).toEqual([]);
    setup.vnet.interfaceUp("em0");
    expect(texts()).toEqual([eui64]);
    expect(setup.vnet.check()).toBe(0);
  });

  it("[C.6.5] net.inet6.ip6.auto_linklocal is what counts when the interface is attached", () => {
    const { setup, texts } = ofEm0({
      sysctls: { "net.inet6.ip6.auto_linklocal": 0 },
      interfaces: [{ ...em0, inet6: true, up: true }],
    });
    expect(texts()).toEqual([]);
    setup.kernel.sysctl("net.inet6.ip6.auto_linklocal", 1);
    setup.vnet.interfaceDown("em0");
    setup.vnet.interfaceUp("em0");
    expect(texts()).toEqual([]);
    setup.vnet.interfaceAttach({ name: "em1", lladdr: mac, inet6: true, up: true });
    expect(addressTexts(setup.socket, { index: 3 })).toEqual([eui64]);
  });

  it("[C.6.5] one with a link-local address, also one just given, gets no other", () => {
    const { setup, texts } = ofEm0({ interfaces: [em0] });
    setup.vnet.addressAdd("em0", "fe80::1/64");
    expect(texts()).toEqual(["fe80::1/64"]);
  });

  it("[C.6.5] loopback interfaces get none; IPv4 brings none where IPv6 is off", () => {
    const { setup } = ofEm0({ interfaces: [em0, { name: "lo1", up: true }] });
    setup.vnet.addressAdd("em0", "192.0.2.1/24");
    expect(addressTexts(setup.socket, { family: AF.INET6 })).toEqual(["::1/128", "fe80::1/64"]);
  });

  it.each([
    ["00:00:00:00:00:00", "of zeros"],
    ["ff:ff:ff:ff:ff:ff", "of ones"],
    ["01:00:5e:00:00:01", "of a group"],
  ])("[C.6.5] a MAC %s, %s, gives none: it is borrowed from another that is unique everywhere", (lladdr) => {
    const { setup, texts } = ofEm0({
      interfaces: [{ name: "em0" }, { name: "em1", lladdr: mac }, { name: "em2", lladdr: "00:11:22:33:44:56" }],
    });
    setup.vnet.interfaceSet("em0", { lladdr });
    setup.vnet.addressAdd("em0", "2001:db8::1/64");
    expect(texts()).toEqual(["2001:db8::1/64", "fe80::211:22ff:fe33:4456/64"]);
  });

  it("[C.6.5] a tunnel without anything to borrow gets a random identifier, local and of no group", () => {
    const { setup, texts } = ofEm0({ interfaces: [{ name: "gif0", pointToPoint: true, inet6: true, up: true }] });
    expect(texts()).toHaveLength(1);
    const bytes = addresses(setup.socket, { index: 2 })[0]?.payload(IFA.ADDRESS) ?? u8(0);
    expect([...bytes.slice(0, 8)]).toEqual([0xfe, 0x80, 0, 0, 0, 0, 0, 0]);
    expect((bytes[8] ?? 0) & 3).toBe(0);
    expect([...bytes.slice(9)].some((byte) => byte !== 0)).toBe(true);
  });

  it("[C.7] it brings fe80::/64 of its interface and its own route", () => {
    const { setup } = ofEm0({ interfaces: [{ ...em0, inet6: true, up: true }] });
    expect(routeTo(setup.socket, "fe80::11:22ff:fe33:4455/128").oif).toBe(1);
    setup.vnet.interfaceDetach("em0");
    expect(find(setup.socket, "fe80::11:22ff:fe33:4455/128")).toBeUndefined();
    expect(setup.vnet.check()).toBe(0);
  });

  it("[C.6.4] [RF-ADDR-24b] down and up: no DELADDR for IPv6", () => {
    const { vnet, socket } = setupE6();
    const group = monitor(vnet, RTNLGRP.IPV6_IFADDR);
    vnet.interfaceDown("em0");
    vnet.interfaceUp("em0");
    expect([events(group), addressTexts(socket, { index: 2 })]).toEqual([[], ["2001:db8::1/64", "fe80::ff:fe00:a/64"]]);
  });
});

describe("the fibs of an address's routes", () => {
  const fibs = [0, 1, 2];

  function prefixesIn(socket: Socket, own: readonly string[]): string[] {
    return fibs.map((table) => own.filter((prefix) => find(socket, prefix, { table }) !== undefined).join(" "));
  }

  it.each([
    ["192.0.2.1/24", ["192.0.2.0/24", "192.0.2.1/32"]],
    ["2001:db8::1/64", ["2001:db8::/64", "2001:db8::1/128"]],
  ])("[FB-75] [RF-ADDR-27a] [C.7] %s on an interface of fib 1: routes in fib 1 only", (own, routes) => {
    const { socket } = setupR({ ...AS_GIVEN, fibs: 3, interfaces: [{ name: "em0", up: true, fib: 1 }] });
    add(socket, own, PERMANENT);
    expect(prefixesIn(socket, routes)).toEqual(["", routes.join(" "), ""]);
  });

  // ifa_maintain_loopback_route takes the interface's fib alone (net/route/route_ifaddrs.c).
  it.each([
    ["192.0.2.1/24", ["192.0.2.0/24", "192.0.2.1/32"]],
    ["2001:db8::1/64", ["2001:db8::/64", "2001:db8::1/128"]],
  ])(
    "[RF-ADDR-27b] [C.7] with net.add_addr_allfibs the network of %s is in all fibs, the own address in one",
    (own, routes) => {
      const { kernel, vnet, socket } = setupR({
        ...AS_GIVEN,
        fibs: 3,
        interfaces: [{ name: "em0", up: true, fib: 1 }],
      });
      kernel.sysctl("net.add_addr_allfibs", 1);
      const before = vnet.statistics();
      add(socket, own, PERMANENT);
      const [network = ""] = routes;
      expect(prefixesIn(socket, routes)).toEqual([network, routes.join(" "), network]);
      const second = own.replace("1/", "2/");
      add(socket, second, PERMANENT);
      // What was set when the address came counts when it goes.
      kernel.sysctl("net.add_addr_allfibs", 0);
      vnet.addressDelete("em0", own);
      expect(prefixesIn(socket, [network])).toEqual([network, network, network]);
      vnet.interfaceDown("em0");
      vnet.interfaceUp("em0");
      vnet.addressDelete("em0", second);
      expect(prefixesIn(socket, routes)).toEqual(["", "", ""]);
      const { routes: count, nexthops, blockBytes } = vnet.statistics();
      expect([count, nexthops, vnet.check()]).toEqual([before.routes, before.nexthops, 0]);
      expect(blockBytes).toBeGreaterThan(0);
    },
  );

  it.each(["192.0.2.1/24", "192.0.2.1/32"])(
    "[FB-76] [C.6.2] %s on two interfaces of fib 0: one goes, the other's routes stay",
    (own) => {
      for (const [gone, stays] of [
        ["em0", "em1"],
        ["em1", "em0"],
      ] as const) {
        const { vnet, socket } = setupR({
          ...AS_GIVEN,
          interfaces: [
            { name: "em0", up: true },
            { name: "em1", up: true },
          ],
        });
        const before = vnet.statistics().routes;
        add(socket, own, PERMANENT, 2);
        add(socket, own, PERMANENT, 3);
        vnet.addressDelete(gone, "192.0.2.1");
        expect(routeTo(socket, "192.0.2.1/32").oif).toBe(1);
        if (own.endsWith("/24")) expect(routeTo(socket, "192.0.2.0/24").oif).toBe(vnet.interfaceIndex(stays));
        vnet.addressDelete(stays, "192.0.2.1");
        expect([vnet.statistics().routes, vnet.check()]).toEqual([before, 0]);
      }
    },
  );

  it("[FB-77] [C.6.3] the same IPv6 address in two fibs: either goes, the other's host route stays", () => {
    for (const [gone, stays] of [
      ["em0", 1],
      ["em1", 0],
    ] as const) {
      const { vnet, socket } = setupR({
        ...AS_GIVEN,
        fibs: 2,
        interfaces: [
          { name: "em0", up: true, fib: 0 },
          { name: "em1", up: true, fib: 1 },
        ],
      });
      for (const index of [2, 3]) add(socket, "2001:db8::1/64", PERMANENT, index);
      vnet.addressDelete(gone, "2001:db8::1");
      const left = [0, 1].filter((table) => find(socket, "2001:db8::1/128", { table }) !== undefined);
      expect([left, vnet.check()]).toEqual([[stays], 0]);
    }
  });

  it("[C.7] [RF-ADDR-27a] point to point: the peer's host route by the interface, and the own address's", () => {
    const { vnet, socket } = setupR({ ...AS_GIVEN, interfaces: [{ name: "gif0", pointToPoint: true, up: true }] });
    const before = vnet.statistics().routes;
    expect(errorOf(ask(socket, newAddr("192.0.2.1/24", { address: "192.0.2.9" })))).toBe(0);
    expect(errorOf(ask(socket, newAddr("2001:db8::1/128", { address: "2001:db8::9", lifetimes: PERMANENT })))).toBe(0);
    for (const [own, peer] of [
      ["192.0.2.1/32", "192.0.2.9/32"],
      ["2001:db8::1/128", "2001:db8::9/128"],
    ] as const) {
      expect([routeTo(socket, peer).oif, routeTo(socket, peer).rtFlags]).toEqual([2, 0x100004]);
      expect([routeTo(socket, own).oif, routeTo(socket, own).rtFlags]).toEqual([1, 0x100804]);
    }
    expect(find(socket, "192.0.2.0/24")).toBeUndefined();
    expect(vnet.statistics().routes).toBe(before + 4);
  });

  it("[C.5.4] [C.7] an IPv6 address gets another peer: the route moves, and nothing is left", () => {
    const { vnet, socket } = setupR({ ...AS_GIVEN, interfaces: [{ name: "gif0", pointToPoint: true, up: true }] });
    const before = vnet.statistics();
    const peerIs = (address: string): void => {
      expect(errorOf(ask(socket, newAddr("2001:db8::1/128", { address, lifetimes: PERMANENT })))).toBe(0);
    };
    vnet.addressAdd("gif0", "2001:db8::1/128");
    peerIs("2001:db8::9");
    expect(routeTo(socket, "2001:db8::9/128").oif).toBe(2);
    peerIs("2001:db8::a");
    expect([find(socket, "2001:db8::9/128"), routeTo(socket, "2001:db8::a/128").oif]).toEqual([undefined, 2]);
    vnet.addressDelete("gif0", "2001:db8::1");
    const { routes, nexthops, addresses: count } = vnet.statistics();
    expect([routes, nexthops, count, vnet.check()]).toEqual([before.routes, before.nexthops, before.addresses, 0]);
  });

  it("[RF-ADDR-27c] [E.7.3] no NEWROUTE or DELROUTE for any of them", () => {
    const { kernel, vnet, socket } = setupE6({ fibs: 3 });
    const group = monitor(vnet, RTNLGRP.IPV4_ROUTE, RTNLGRP.IPV6_ROUTE);
    kernel.sysctl("net.add_addr_allfibs", 1);
    for (const own of ["192.0.2.1/24", "192.0.2.1/25", "2001:db8:1::1/64", "2001:db8:1::2/64"])
      add(socket, own, [2, 2]);
    kernel.advance(5_000);
    vnet.addressDelete("em0", "192.0.2.1");
    expect(drain(group)).toEqual([]);
  });

  it("[C.4.4] a jail sees a change of an address of its own only", () => {
    const { vnet, socket } = setupE();
    const jailed = openSocket(vnet, { cred: { jail: { vnet: false, addresses: ["192.0.2.1"] } } });
    add(socket, "192.0.2.1/25", PERMANENT);
    expect(addressTexts(jailed)).toEqual(["192.0.2.1/25"]);
  });
});
