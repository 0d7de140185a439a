// Addresses that are made of advertised prefixes: which, how long they last, and what is told of them (RFC 4862, 5.5.3).

import { describe, expect, it } from "vitest";
import { IN6_IFF, ND6_IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { NTF, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { AdvertisedPrefix, BootOptions, Socket, Vnet } from "../../host/kernel/kernel.js";
import { FOREVER, newAddr, PERMANENT } from "../route/addressrequests.js";
import { addresses, addressTexts, events } from "../route/links.js";
import { neighbourAt } from "../route/neighbours.js";
import { find, routeTo } from "../route/routes.js";
import { ask, codeOf, errorOf } from "../support/messages.js";
import { monitor, setupR } from "../support/setups.js";
import { EM0, EM0_ID, EM1, EM1_ID, flagsOf, gateway, preferredAndValid, routerOf, setupRouters } from "./routers.js";

const { AUTOCONF, DEPRECATED, TENTATIVE } = IN6_IFF;
const PREFIX = "2001:db8:a::/64";
const OWN = `2001:db8:a::${EM0_ID}`;
const TWO_HOURS = 7200;

/** The prefix that is advertised, with or without more. */
function one(more: Partial<AdvertisedPrefix> = {}): { prefixes: AdvertisedPrefix[] } {
  return { prefixes: [{ prefix: PREFIX, ...more }] };
}

/** R with an interface and a router of its link; `count` probes of the detection of duplicates. */
function setup(options: BootOptions = {}) {
  const all = setupRouters(options);
  return { ...all, router: routerOf(all.vnet, 99) };
}

/** Addresses of IPv6 that are no link-local ones. */
function global(socket: Socket, index = EM0): string[] {
  return addressTexts(socket, { family: AF.INET6, index }).filter((text) => !text.startsWith("fe80"));
}

describe("an address of an advertised prefix", () => {
  it("[FB-93] has EUI-64 of the link-level address behind the prefix, AUTOCONF, and the lifetimes that were said", () => {
    const { socket, router } = setup();
    router.advertise(one({ valid: 86_400, preferred: 14_400 }));
    expect(global(socket)).toEqual([`${OWN}/64`]);
    expect([flagsOf(socket, OWN), preferredAndValid(socket, OWN)]).toEqual([AUTOCONF, [14_400, 86_400]]);
  });

  it("[C.5.5] [D.5] [E.7.3] its own entry, NEWADDR, then the router's entry; nothing of its routes", () => {
    const { vnet, router } = setup();
    const { IPV6_IFADDR, IPV6_ROUTE, LINK, NEIGH } = RTNLGRP;
    const group = monitor(vnet, IPV6_IFADDR, IPV6_ROUTE, LINK, NEIGH);
    router.advertise({ ...one(), mtu: 1400 });
    expect(events(group)).toEqual([`NEWNEIGH ${OWN}`, `NEWADDR ${OWN}/64`, "NEWNEIGH fe80::99"]);
    router.advertise(one({ valid: 1000, preferred: 500 }));
    expect(events(group)).toEqual([]);
  });

  it("[C.7] [D.1.1] with its host route by lo0, the prefix's route by the interface, and its own neighbour entry", () => {
    const { vnet, socket, router } = setup();
    router.advertise(one());
    expect([routeTo(socket, `${OWN}/128`).oif, routeTo(socket, `${OWN}/128`).rtFlags]).toEqual([1, 0x100804]);
    expect([routeTo(socket, PREFIX).oif, routeTo(socket, PREFIX).rtFlags]).toEqual([EM0, 0x100000]);
    expect(neighbourAt(socket, OWN)).toMatchObject({ flags: NTF.SELF | NTF.STICKY, index: EM0 });
    expect(vnet.check()).toBe(0);
  });

  it.each<[string, AdvertisedPrefix, boolean]>([
    ["a prefix that hosts make no addresses of", { prefix: PREFIX, autonomous: false }, true],
    ["a prefix longer than what EUI-64 leaves", { prefix: "2001:db8:a::/65" }, true],
    ["a shorter one", { prefix: "2001:db8:a::/63" }, true],
    ["a preferred lifetime above the valid one", { prefix: PREFIX, valid: 10, preferred: 11 }, true],
    ["a valid lifetime of 0", { prefix: PREFIX, valid: 0, preferred: 0 }, false],
    ["a link-local prefix", { prefix: "fe80::/64" }, true],
    ["a multicast prefix", { prefix: "ff05::/64" }, false],
    ["neither on the link nor for addresses", { prefix: PREFIX, onLink: false, autonomous: false }, false],
  ])("none is made of %s", (_, prefix, hasRoute) => {
    const { vnet, socket, router } = setup();
    const before = vnet.neighbours.prefixes().length;
    router.advertise({ prefixes: [prefix] });
    expect(global(socket)).toEqual([]);
    expect(find(socket, prefix.prefix) !== undefined).toBe(hasRoute);
    // The link-local prefix is the interface's already, and is not touched.
    const isNew = hasRoute && prefix.prefix !== "fe80::/64";
    expect(vnet.neighbours.prefixes().length - before).toBe(isNew ? 1 : 0);
  });

  it("a prefix whose addresses are not on the link gives an address, and no route of its own", () => {
    const { vnet, socket, router } = setup();
    router.advertise(one({ onLink: false }));
    expect([global(socket), find(socket, PREFIX)]).toEqual([[`${OWN}/64`], undefined]);
    expect(vnet.neighbours.prefixes()[0]).toMatchObject({ onLink: false, autonomous: true, addresses: 1, valid: 0 });
  });

  it("several prefixes: an address of each, in their order; of options beyond the eleventh nothing is read", () => {
    const { vnet, socket, router } = setup();
    const prefixes = Array.from({ length: 12 }, (_, n) => ({ prefix: `2001:db8:${n + 1}::/64` }));
    router.advertise({ prefixes });
    // The link-layer address is the first option (nd6_maxndopt, which is looked at after the option).
    const made = (count: number): string[] => prefixes.slice(0, count).map((_, n) => `2001:db8:${n + 1}::${EM0_ID}/64`);
    expect(global(socket)).toEqual(made(10));
    vnet.interfaceDetach("em0");
    vnet.interfaceAttach({ name: "em0", lladdr: "02:00:00:00:00:0a", up: true, inet6: true, acceptRtadv: true });
    const index = vnet.interfaceIndex("em0") ?? 0;
    routerOf(vnet, 99).advertise({ prefixes, withoutLladdr: true });
    expect(global(socket, index)).toEqual(made(11));
  });

  it("a second router of the prefix makes no second address", () => {
    const { vnet, socket, router } = setup();
    router.advertise(one());
    routerOf(vnet, 98).advertise(one());
    expect([global(socket), vnet.neighbours.prefixes()[0]?.routers]).toEqual([[`${OWN}/64`], 2]);
  });

  it("each interface of a link has one of its own", () => {
    const { vnet, socket, router } = setup();
    router.advertise(one());
    routerOf(vnet, 98, "em1").advertise(one());
    expect([global(socket), global(socket, EM1)]).toEqual([[`${OWN}/64`], [`2001:db8:a::${EM1_ID}/64`]]);
    // Of one network on two interfaces the first has the route.
    expect(routeTo(socket, PREFIX).oif).toBe(EM0);
  });

  it("[ndp.sh prefix_len_mismatch] a link-local address of another length: EUI-64 all the same", () => {
    const { vnet, socket, router } = setup();
    vnet.addressDelete("em0", `fe80::${EM0_ID}`);
    vnet.addressAdd("em0", "fe80::5/10");
    router.advertise(one());
    expect(global(socket)).toEqual([`${OWN}/64`]);
  });

  it("the lower half of a link-local address that was made by hand is what is used", () => {
    const { vnet, socket, router } = setup();
    vnet.addressDelete("em0", `fe80::${EM0_ID}`);
    vnet.addressAdd("em0", "fe80::5/64");
    router.advertise(one());
    expect(global(socket)).toEqual(["2001:db8:a::5/64"]);
  });

  it("an address that the interface has stays what it is; of a prefix with an address made by hand another is made", () => {
    const { vnet, socket, router } = setup();
    vnet.addressAdd("em0", `${OWN}/64`);
    router.advertise(one());
    expect([global(socket), flagsOf(socket, OWN)]).toEqual([[`${OWN}/64`], 0]);
    vnet.addressAdd("em1", "2001:db8:a::5/64");
    routerOf(vnet, 98, "em1").advertise(one());
    expect(global(socket, EM1)).toEqual(["2001:db8:a::5/64", `2001:db8:a::${EM1_ID}/64`]);
    expect(preferredAndValid(socket, "2001:db8:a::5")).toEqual(PERMANENT);
  });

  it("one that was deleted is made again by the next advertisement", () => {
    const { vnet, socket, router } = setup();
    router.advertise(one());
    vnet.addressDelete("em0", OWN);
    expect([global(socket), find(socket, PREFIX)]).toEqual([[], undefined]);
    router.advertise(one());
    expect([global(socket), routeTo(socket, PREFIX).oif, vnet.check()]).toEqual([[`${OWN}/64`], EM0, 0]);
  });
});

describe("the detection of duplicates", () => {
  const detected = () => setup({ sysctls: { "net.inet6.ip6.dad_count": 1 } });

  /** Milliseconds until the address is no more tentative. */
  function duration(kernel: { advance(ms: number): void }, socket: Socket): number {
    let passed = 0;
    for (; flagsOf(socket, OWN) !== AUTOCONF; passed++) {
      expect(flagsOf(socket, OWN)).toBe(AUTOCONF | TENTATIVE);
      expect(passed).toBeLessThan(2100);
      kernel.advance(1);
    }
    return passed;
  }

  it("[C.5.3] an advertisement to this host alone: a second, from now on", () => {
    const { kernel, socket, router } = detected();
    kernel.advance(5_000);
    router.advertise({ ...one(), unicast: true });
    expect(duration(kernel, socket)).toBe(1000);
  });

  it("[C.5.3] one to all: others make addresses at the same time, so that it begins within a second, at random", () => {
    const durations = [1, 2, 3].map((seed) => {
      const { kernel, socket, router } = setup({ seed, sysctls: { "net.inet6.ip6.dad_count": 1 } });
      kernel.advance(5_000);
      router.advertise(one());
      return duration(kernel, socket);
    });
    for (const each of durations) expect(each >= 1000 && each < 2000).toBe(true);
    expect(new Set(durations).size).toBe(3);
  });

  it("[C.5.3] a duplicate stays, and is not made anew while it is there", () => {
    const { kernel, vnet, socket, router } = detected();
    kernel.advance(5_000);
    router.advertise({ ...one(), unicast: true });
    vnet.addressDuplicate("em0", OWN);
    kernel.advance(1_000);
    expect(flagsOf(socket, OWN)).toBe(AUTOCONF | IN6_IFF.DUPLICATED);
    router.advertise(one());
    kernel.advance(5_000);
    expect(flagsOf(socket, OWN)).toBe(AUTOCONF | IN6_IFF.DUPLICATED);
  });
});

describe("its lifetimes", () => {
  it("[FB-74] [C.6.6] past the preferred one it is DEPRECATED, past the valid one it is gone, with DELADDR", () => {
    const { kernel, vnet, socket, router } = setup();
    router.advertise(one({ valid: 10, preferred: 5 }));
    const group = monitor(vnet, RTNLGRP.IPV6_IFADDR, RTNLGRP.NEIGH, RTNLGRP.IPV6_ROUTE);
    kernel.advance(5_000);
    expect(flagsOf(socket, OWN)).toBe(AUTOCONF);
    kernel.advance(1_000);
    expect([flagsOf(socket, OWN), preferredAndValid(socket, OWN)]).toEqual([AUTOCONF | DEPRECATED, [5, 10]]);
    kernel.advance(4_000);
    expect([global(socket), events(group)]).toEqual([[`${OWN}/64`], []]);
    kernel.advance(1_000);
    // The last address of a prefix takes its neighbours along in silence.
    expect(events(group)).toEqual([`DELADDR ${OWN}/64`]);
    expect([find(socket, `${OWN}/128`), find(socket, PREFIX)]).toEqual([undefined, undefined]);
    expect(vnet.neighbours.prefixes().filter(({ prefix }) => prefix === PREFIX)).toEqual([]);
    expect(vnet.check()).toBe(0);
  });

  it("are renewed by each advertisement, in silence: it lives as long as its router speaks", () => {
    const { kernel, vnet, socket, router } = setup();
    router.advertise(one({ valid: 10, preferred: 5 }));
    const group = monitor(vnet, RTNLGRP.IPV6_IFADDR);
    for (let n = 0; n < 20; n++) {
      kernel.advance(4_000);
      router.advertise(one({ valid: 10, preferred: 5 }));
      expect(flagsOf(socket, OWN)).toBe(AUTOCONF);
    }
    kernel.advance(6_000);
    expect(flagsOf(socket, OWN)).toBe(AUTOCONF | DEPRECATED);
    router.advertise(one({ valid: 10, preferred: 5 }));
    kernel.advance(1_000);
    expect([flagsOf(socket, OWN), events(group)]).toEqual([AUTOCONF, []]);
  });

  it.each<[string, number, number, number, number]>([
    // RFC 4862, 5.5.3 e: what was said first, how long ago, what is said now, and the lifetime after it.
    ["longer than two hours is believed", 86_400, 0, TWO_HOURS + 1, TWO_HOURS + 1],
    ["for ever is believed", 86_400, 0, FOREVER, FOREVER],
    ["longer than what is left is believed", 1000, 600, 401, 401],
    ["as long as what is left changes nothing", 1000, 600, 400, 400],
    ["shorter than what is left, and that is less than two hours: what is left", 1000, 600, 10, 400],
    ["0 likewise", 1000, 600, 0, 400],
    ["exactly two hours left, and less is said: what is left", TWO_HOURS + 50, 50, 10, TWO_HOURS],
    ["more than two hours left, and less is said: two hours", 86_400, 0, 10, TWO_HOURS],
    ["for ever, and less is said: two hours", FOREVER, 100, 0, TWO_HOURS],
    [
      "two hours exactly are not more than two hours, but are what is left at the least",
      86_400,
      0,
      TWO_HOURS,
      TWO_HOURS,
    ],
  ])("the two-hour rule: %s", (_, first, seconds, now, expected) => {
    const { kernel, socket, router } = setup();
    router.advertise(one({ valid: first, preferred: 10 }));
    kernel.advance(seconds * 1000);
    router.advertise(one({ valid: now, preferred: 0 }));
    expect(preferredAndValid(socket, OWN)).toEqual([0, expected]);
  });

  it("the rule is not for the preferred lifetime: 0 deprecates at the next run of the ND timer", () => {
    const { kernel, socket, router } = setup();
    router.advertise(one({ valid: FOREVER, preferred: FOREVER }));
    router.advertise(one({ valid: FOREVER, preferred: 0 }));
    expect(flagsOf(socket, OWN)).toBe(AUTOCONF);
    kernel.advance(1_000);
    expect(flagsOf(socket, OWN)).toBe(AUTOCONF | DEPRECATED);
  });

  it("a preferred lifetime above the valid one renews nothing of an address", () => {
    const { kernel, socket, router } = setup();
    router.advertise(one({ valid: 10, preferred: 5 }));
    kernel.advance(1_000);
    router.advertise(one({ valid: 20, preferred: 21 }));
    expect(preferredAndValid(socket, OWN)).toEqual([5, 10]);
  });

  it("an address outlives the prefix whose lifetime ends first: the route goes, and comes with the next advertisement", () => {
    const { kernel, vnet, socket, router } = setup();
    router.advertise(one({ valid: 100, preferred: 50 }));
    // The prefix believes what the address does not.
    router.advertise(one({ valid: 5, preferred: 5 }));
    expect(preferredAndValid(socket, OWN)[1]).toBe(100);
    kernel.advance(6_000);
    expect([global(socket), find(socket, PREFIX)]).toEqual([[`${OWN}/64`], undefined]);
    router.advertise(one({ valid: 100, preferred: 50 }));
    expect([routeTo(socket, PREFIX).oif, vnet.check()]).toEqual([EM0, 0]);
  });

  it("an address that is renewed by netlink, AUTOCONF as before, is the prefix's still", () => {
    const { kernel, vnet, socket, router } = setup();
    router.advertise(one({ valid: 10, preferred: 5 }));
    const renewal = newAddr(`${OWN}/64`, { lifetimes: [50, 60], in6Flags: AUTOCONF });
    expect(errorOf(ask(socket, renewal))).toBe(0);
    expect(preferredAndValid(socket, OWN)).toEqual([50, 60]);
    kernel.advance(30_000);
    expect([flagsOf(socket, OWN), routeTo(socket, PREFIX).oif, vnet.check()]).toEqual([AUTOCONF, EM0, 0]);
  });
});

describe("the fibs of what an advertisement brings", () => {
  const inFib1 = (allFibs: number) =>
    setup({
      fibs: 3,
      interfaces: [{ name: "em0", lladdr: "02:00:00:00:00:0a", fib: 1, up: true, inet6: true, acceptRtadv: true }],
      sysctls: { "net.add_addr_allfibs": allFibs },
    });
  const fibsOf = (socket: Socket, prefix: string): number[] =>
    [0, 1, 2].filter((table) => find(socket, prefix, { table }) !== undefined);

  it("[FB-93] of an interface of fib 1: address, host route, prefix route and default route, in fib 1 alone", () => {
    const { vnet, socket, router } = inFib1(0);
    router.advertise(one());
    expect([global(socket), flagsOf(socket, OWN)]).toEqual([[`${OWN}/64`], AUTOCONF]);
    for (const prefix of [`${OWN}/128`, PREFIX, "::/0"])
      expect([prefix, fibsOf(socket, prefix)]).toEqual([prefix, [1]]);
    expect([gateway(socket, 1), vnet.check()]).toEqual(["fe80::99", 0]);
  });

  it("[FB-93] flushed and advertised again, they are there again, in fib 1 alone; withdrawn, nowhere", () => {
    const { kernel, vnet, socket, router } = inFib1(0);
    router.advertise(one({ valid: 10, preferred: 5 }));
    vnet.addressDelete("em0", OWN);
    router.advertise(one({ valid: 10, preferred: 5 }));
    for (const prefix of [`${OWN}/128`, PREFIX, "::/0"])
      expect([prefix, fibsOf(socket, prefix)]).toEqual([prefix, [1]]);
    router.advertise({ lifetime: 0 });
    expect(fibsOf(socket, "::/0")).toEqual([]);
    kernel.advance(11_000);
    for (const prefix of [`${OWN}/128`, PREFIX]) expect([prefix, fibsOf(socket, prefix)]).toEqual([prefix, []]);
  });

  it("net.add_addr_allfibs: the prefix's route in every fib, the default route in the interface's", () => {
    const { kernel, vnet, socket, router } = inFib1(1);
    router.advertise(one({ valid: 10, preferred: 5 }));
    expect([fibsOf(socket, PREFIX), fibsOf(socket, "::/0")]).toEqual([[0, 1, 2], [1]]);
    kernel.advance(11_000);
    expect([fibsOf(socket, PREFIX), vnet.check()]).toEqual([[], 0]);
  });
});

describe("the interface of an address", () => {
  function started() {
    const all = setup();
    all.router.advertise(one({ valid: 100, preferred: 50 }));
    return all;
  }

  it("[C.6.4] [C.6.5] goes down and comes up: the address stays, tentative for the time", () => {
    const { kernel, vnet, socket } = started();
    vnet.sysctl("net.inet6.ip6.dad_count", 1);
    vnet.interfaceDown("em0");
    kernel.advance(2_000);
    expect(flagsOf(socket, OWN)).toBe(AUTOCONF | TENTATIVE);
    vnet.interfaceUp("em0");
    kernel.advance(3_000);
    expect([flagsOf(socket, OWN), routeTo(socket, PREFIX).oif]).toEqual([AUTOCONF, EM0]);
  });

  it.each<[string, (vnet: Vnet, other: Vnet) => void]>([
    ["goes away", (vnet) => vnet.interfaceDetach("em0")],
    ["goes to another vnet", (vnet, other) => vnet.interfaceMove("em0", other)],
  ])("[B.6.1] %s: so do address, prefix and routes", (_, leave) => {
    const { kernel, vnet, socket } = started();
    const other = kernel.vnetCreate("other");
    leave(vnet, other);
    expect(addressTexts(socket)).not.toContain(`${OWN}/64`);
    expect([find(socket, PREFIX), find(socket, `${OWN}/128`)]).toEqual([undefined, undefined]);
    for (const { neighbours } of [vnet, other]) {
      expect(neighbours.prefixes().filter(({ prefix }) => prefix === PREFIX)).toEqual([]);
    }
    expect([vnet.check(), other.check()]).toEqual([0, 0]);
  });

  it("[B.6.2] where it went, IPv6 is as by default there: it does not accept advertisements", () => {
    const { kernel, vnet } = started();
    const other = kernel.vnetCreate("other");
    vnet.interfaceMove("em0", other);
    const flags = other.neighbours.discovery("em0").flags;
    expect(flags & (ND6_IFF.ACCEPT_RTADV | ND6_IFF.IFDISABLED)).toBe(ND6_IFF.IFDISABLED);
  });

  it("is down: a peer on its link cannot be heard", () => {
    const { vnet, router } = started();
    vnet.interfaceDown("em0");
    expect(codeOf(() => router.advertise())).toBe("ENETDOWN");
  });
});

describe("whether advertisements are accepted", () => {
  it.each<[string, number, boolean]>([
    ["by default not, and IPv6 is off", 0, false],
    ["net.inet6.ip6.accept_rtadv: on every interface to come, and IPv6 is on", 1, true],
  ])("%s", (_, value, isAccepted) => {
    const { vnet, socket } = setupR({
      sysctls: { "net.inet6.ip6.accept_rtadv": value, "net.inet6.ip6.dad_count": 0 },
      interfaces: [{ name: "em0", lladdr: "02:00:00:00:00:0a", up: true }],
    });
    const { flags } = vnet.neighbours.discovery("em0");
    expect([flags & ND6_IFF.ACCEPT_RTADV, flags & ND6_IFF.IFDISABLED]).toEqual(
      isAccepted ? [ND6_IFF.ACCEPT_RTADV, 0] : [0, ND6_IFF.IFDISABLED],
    );
    expect(vnet.neighbours.discovery("lo0").flags & ND6_IFF.ACCEPT_RTADV).toBe(0);
    routerOf(vnet, 99).advertise(one());
    expect(global(socket)).toEqual(isAccepted ? [`${OWN}/64`] : []);
    expect(addresses(socket, { index: EM0 }).length).toBe(isAccepted ? 2 : 0);
  });

  it("a bridge is an exception, whatever the default is", () => {
    const { vnet } = setupR({ sysctls: { "net.inet6.ip6.accept_rtadv": 1 } });
    vnet.interfaceCreate("bridge0");
    const { flags } = vnet.neighbours.discovery("bridge0");
    expect(flags & (ND6_IFF.ACCEPT_RTADV | ND6_IFF.IFDISABLED)).toBe(ND6_IFF.IFDISABLED);
  });
});
