// The prefixes of links: their routes, whose they are, and what reachability of routers makes of them; and what else an
// advertisement says of a link.

import { describe, expect, it } from "vitest";
import { IN6_IFF } from "../../assembly/abi/ifnet.js";
import { NUD, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { Kernel, RouterAdvertisement, Vnet } from "../../host/kernel/kernel.js";
import { FOREVER } from "../route/addressrequests.js";
import { addressTexts, linkNamed } from "../route/links.js";
import { neighbourAt } from "../route/neighbours.js";
import { added, find, routeTo } from "../route/routes.js";
import { drain } from "../support/messages.js";
import { monitor } from "../support/setups.js";
import { EM0, EM0_ID, EM1, flagsOf, lladdrOf, routerOf, setupRouters } from "./routers.js";

const { AUTOCONF, DETACHED, TENTATIVE } = IN6_IFF;
const A = "2001:db8:a::/64";
const B = "2001:db8:b::/64";
const OWN_A = `2001:db8:a::${EM0_ID}`;
const OWN_B = `2001:db8:b::${EM0_ID}`;

function advertise(vnet: Vnet, n: number, prefix: string, more: RouterAdvertisement = {}, name = "em0"): void {
  routerOf(vnet, n, name, false).advertise({ prefixes: [{ prefix }], ...more });
}

/** A router is asked whether it is there, and does not say so. */
function lose(kernel: Kernel, vnet: Vnet, n: number, name = "em0"): void {
  vnet.neighbourResolve(name, `fe80::${n}`);
  kernel.advance(10_000);
}

function prefixOf({ neighbours }: Vnet, prefix: string, index = EM0) {
  return neighbours.prefixes().find((each) => each.prefix === prefix && each.index === index);
}

describe("a prefix", () => {
  it("[FB-93] that is advertised: its lifetimes, its router, its route by the interface", () => {
    const { kernel, vnet, socket } = setupRouters();
    advertise(vnet, 1, A, { prefixes: [{ prefix: A, valid: 100, preferred: 50 }] });
    kernel.advance(10_000);
    expect(prefixOf(vnet, A)).toEqual({
      prefix: A,
      index: EM0,
      onLink: true,
      autonomous: true,
      hasRoute: true,
      isDetached: false,
      valid: 100,
      preferred: 50,
      left: 90,
      addresses: 1,
      routers: 1,
    });
    expect(routeTo(socket, A)).toMatchObject({ oif: EM0, gateway: undefined, rtFlags: 0x100000 });
  });

  it("bits of it beyond its length do not count", () => {
    const { vnet, socket } = setupRouters();
    advertise(vnet, 1, "2001:db8:a::77/64");
    expect([prefixOf(vnet, A)?.hasRoute, routeTo(socket, A).oif]).toEqual([true, EM0]);
  });

  it.each([0, 48, 65, 127, 128])("of %i bits has a route, and no address", (length) => {
    const { vnet, socket } = setupRouters();
    const prefix = length === 0 ? "::/0" : `2001:db8:a::/${length}`;
    advertise(vnet, 1, prefix, { lifetime: 0 });
    expect([routeTo(socket, prefix).oif, prefixOf(vnet, prefix)?.addresses, vnet.check()]).toEqual([EM0, 0, 0]);
    vnet.interfaceDetach("em0");
    expect([find(socket, prefix), vnet.check()]).toEqual([undefined, 0]);
  });

  it("goes when its lifetime is over, with its route; another advertisement of 0 ends it at the next run", () => {
    const { kernel, vnet, socket } = setupRouters();
    const only = { prefix: A, autonomous: false };
    advertise(vnet, 1, A, { prefixes: [{ ...only, valid: 5, preferred: 5 }] });
    kernel.advance(5_000);
    expect(routeTo(socket, A).oif).toBe(EM0);
    kernel.advance(1_000);
    expect([find(socket, A), prefixOf(vnet, A)]).toEqual([undefined, undefined]);
    advertise(vnet, 1, A, { prefixes: [only] });
    advertise(vnet, 1, A, { prefixes: [{ ...only, valid: 0, preferred: 0 }] });
    kernel.advance(1_000);
    expect([find(socket, A), prefixOf(vnet, A), vnet.check()]).toEqual([undefined, undefined, 0]);
  });

  it("for ever stays for ever", () => {
    const { kernel, vnet, socket } = setupRouters();
    advertise(vnet, 1, A, { prefixes: [{ prefix: A, valid: FOREVER, preferred: FOREVER }] });
    kernel.advance(2 ** 33);
    expect([prefixOf(vnet, A)?.left, routeTo(socket, A).oif]).toEqual([FOREVER, EM0]);
    expect(flagsOf(socket, OWN_A)).toBe(AUTOCONF);
  });

  it("[FB-73] an address that is added makes its lifetimes longer, never shorter; one for ever makes it last", () => {
    const { vnet } = setupRouters();
    const lifetimes = (): (number | undefined)[] => [prefixOf(vnet, A)?.preferred, prefixOf(vnet, A)?.valid];
    vnet.addressAdd("em0", "2001:db8:a::1/64", { preferred: 10, valid: 20 });
    expect(lifetimes()).toEqual([10, 20]);
    vnet.addressAdd("em0", "2001:db8:a::2/64", { preferred: 5, valid: 30 });
    expect(lifetimes()).toEqual([10, 30]);
    vnet.addressAdd("em0", "2001:db8:a::3/64");
    expect(lifetimes()).toEqual([FOREVER, FOREVER]);
    vnet.addressAdd("em0", "2001:db8:a::4/64", { preferred: 5, valid: 5 });
    expect(lifetimes()).toEqual([FOREVER, FOREVER]);
  });

  it("[RF-ADDR-26] outlives addresses of it while it is advertised, and goes when the last of them is deleted", () => {
    const { kernel, vnet, socket } = setupRouters();
    vnet.addressAdd("em0", "2001:db8:a::1/64", { preferred: 2, valid: 2 });
    advertise(vnet, 1, A, { prefixes: [{ prefix: A, autonomous: false }] });
    kernel.advance(5_000);
    expect([flagsOf(socket, "2001:db8:a::1"), routeTo(socket, A).oif]).toEqual([undefined, EM0]);
    vnet.addressAdd("em0", "2001:db8:a::1/64");
    vnet.addressDelete("em0", "2001:db8:a::1");
    expect([find(socket, A), prefixOf(vnet, A), vnet.check()]).toEqual([undefined, undefined, 0]);
  });

  it("[E.8.1] prefixes of an interface have one nexthop: its link-local address is the source of all", () => {
    const { vnet, socket } = setupRouters();
    advertise(vnet, 1, A);
    vnet.addressAdd("em0", "2001:db8:b::1/64");
    vnet.addressAdd("em1", "2001:db8:c::1/64");
    const of = (prefix: string): number => routeTo(socket, prefix).knhId;
    expect([of(A) === of(B), of(A) === of("2001:db8:c::/64")]).toEqual([true, false]);
  });

  it("[C.7] on two interfaces of a fib: the first has the route; when its prefix goes, the other's takes over", () => {
    const { vnet, socket } = setupRouters();
    const group = monitor(vnet, RTNLGRP.IPV6_ROUTE);
    advertise(vnet, 1, A);
    advertise(vnet, 2, A, {}, "em1");
    expect([routeTo(socket, A).oif, prefixOf(vnet, A, EM1)?.hasRoute]).toEqual([EM0, false]);
    vnet.addressDelete("em0", OWN_A);
    expect([routeTo(socket, A).oif, prefixOf(vnet, A, EM1)?.hasRoute]).toEqual([EM1, true]);
    vnet.interfaceDetach("em1");
    expect([find(socket, A), drain(group), vnet.check()]).toEqual([undefined, [], 0]);
  });

  it("without an address on its interface has no route till there is one", () => {
    const { kernel, vnet, socket } = setupRouters();
    vnet.addressDelete("em0", `fe80::${EM0_ID}`);
    const only = { prefixes: [{ prefix: A, autonomous: false }] };
    advertise(vnet, 1, A, only);
    expect([find(socket, A), prefixOf(vnet, A)?.hasRoute]).toEqual([undefined, false]);
    vnet.addressAdd("em0", "fe80::5/64");
    advertise(vnet, 1, A, only);
    kernel.advance(1_000);
    expect([routeTo(socket, A).oif, vnet.check()]).toEqual([EM0, 0]);
  });
});

describe("which prefixes are on their links", () => {
  /** Two routers of em0, each with a prefix, both there. */
  function two() {
    const all = setupRouters();
    advertise(all.vnet, 1, A);
    advertise(all.vnet, 2, B);
    const routes = () => [A, B].map((prefix) => find(all.socket, prefix)?.oif);
    expect(routes()).toEqual([EM0, EM0]);
    return { ...all, routes };
  }

  it("one whose routers cannot be reached, while another's can, is detached: no route, and its address is DETACHED", () => {
    const { kernel, vnet, socket, routes } = two();
    const group = monitor(vnet, RTNLGRP.IPV6_IFADDR, RTNLGRP.IPV6_ROUTE);
    lose(kernel, vnet, 1);
    expect(routes()).toEqual([undefined, EM0]);
    expect([prefixOf(vnet, A)?.isDetached, prefixOf(vnet, B)?.isDetached]).toEqual([true, false]);
    expect([flagsOf(socket, OWN_A), flagsOf(socket, OWN_B)]).toEqual([AUTOCONF | DETACHED, AUTOCONF]);
    expect([addressTexts(socket).includes(`${OWN_A}/64`), drain(group)]).toEqual([true, []]);
  });

  it("its router is heard again: the route comes back, and the address is detected anew", () => {
    const { kernel, vnet, socket, routes } = two();
    lose(kernel, vnet, 1);
    vnet.sysctl("net.inet6.ip6.dad_count", 1);
    advertise(vnet, 1, A);
    expect([routes(), flagsOf(socket, OWN_A)]).toEqual([[EM0, EM0], AUTOCONF | TENTATIVE]);
    kernel.advance(2_000);
    expect([flagsOf(socket, OWN_A), vnet.check()]).toEqual([AUTOCONF, 0]);
  });

  it("the other router of the prefix is enough", () => {
    const { kernel, vnet, routes } = two();
    advertise(vnet, 3, A);
    lose(kernel, vnet, 1);
    expect(routes()).toEqual([EM0, EM0]);
  });

  it("none can be reached: all are on their links, for the host cannot tell", () => {
    const { kernel, vnet, socket, routes } = two();
    lose(kernel, vnet, 1);
    lose(kernel, vnet, 2);
    expect([routes(), flagsOf(socket, OWN_A), flagsOf(socket, OWN_B)]).toEqual([[EM0, EM0], AUTOCONF, AUTOCONF]);
    expect(vnet.check()).toBe(0);
  });

  it("a router that is one no more counts as one that cannot be reached", () => {
    const { vnet, socket, routes } = two();
    routerOf(vnet, 1).advertise({ lifetime: 0 });
    expect([routes(), flagsOf(socket, OWN_A)]).toEqual([[undefined, EM0], AUTOCONF | DETACHED]);
    routerOf(vnet, 2).advertise({ lifetime: 0 });
    expect([routes(), flagsOf(socket, OWN_A)]).toEqual([[EM0, EM0], AUTOCONF]);
  });

  it("prefixes of addresses that were made by hand, and those for addresses or routes alone, are never detached", () => {
    const { kernel, vnet, socket, routes } = two();
    vnet.addressAdd("em0", "2001:db8:c::1/64");
    advertise(vnet, 1, "2001:db8:d::/64", { prefixes: [{ prefix: "2001:db8:d::/64", autonomous: false }] });
    lose(kernel, vnet, 1);
    expect(routes()).toEqual([undefined, EM0]);
    for (const prefix of ["2001:db8:c::/64", "2001:db8:d::/64"]) expect(routeTo(socket, prefix).oif).toBe(EM0);
  });

  it("of the same prefix on two interfaces the one that can be reached gets the route", () => {
    const { kernel, vnet, socket } = setupRouters();
    advertise(vnet, 1, A);
    advertise(vnet, 2, A, {}, "em1");
    lose(kernel, vnet, 1);
    expect([routeTo(socket, A).oif, prefixOf(vnet, A)?.isDetached]).toEqual([EM1, true]);
    advertise(vnet, 1, A);
    expect([routeTo(socket, A).oif, prefixOf(vnet, A)?.isDetached, vnet.check()]).toEqual([EM1, false, 0]);
  });
});

describe("what an advertisement says of the link", () => {
  it("is shown as by `ndp -i`; what is not said stays", () => {
    const { vnet } = setupRouters();
    const known = () => vnet.neighbours.discovery("em0");
    const { flags, ...defaults } = known();
    expect(defaults).toEqual({ mtu: 1500, reachable: 30_000, retransmit: 1000, hopLimit: 64 });
    const router = routerOf(vnet, 1);
    router.advertise({ mtu: 1400, reachable: 5000, retransmit: 2000, hopLimit: 128 });
    const said = { flags, mtu: 1400, reachable: 5000, retransmit: 2000, hopLimit: 128 };
    expect(known()).toEqual(said);
    router.advertise();
    expect(known()).toEqual(said);
    expect(vnet.neighbours.discovery("em1")).toMatchObject(defaults);
  });

  it.each<[string, RouterAdvertisement, object]>([
    ["an MTU below IPv6's least", { mtu: 1279 }, { mtu: 1500 }],
    ["the least", { mtu: 1280 }, { mtu: 1280 }],
    ["one above the interface's", { mtu: 1501 }, { mtu: 1500 }],
    ["a lower hop limit", { hopLimit: 63 }, { hopLimit: 64 }],
    ["a reachable time of an hour", { reachable: 3_600_000 }, { reachable: 3_600_000 }],
    ["one of more", { reachable: 3_600_001 }, { reachable: 30_000 }],
  ])("%s: %j gives %j", (_, said, known) => {
    const { vnet } = setupRouters();
    routerOf(vnet, 1).advertise(said);
    expect(vnet.neighbours.discovery("em0")).toMatchObject(known);
  });

  it("[B.6] its MTU is IPv6's alone: the link keeps its own, and nobody is told", () => {
    const { vnet, socket } = setupRouters();
    const group = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV6_ROUTE, RTNLGRP.IPV4_ROUTE);
    const inet6 = added(socket, "2001:db8:9::/64", { gateway: "fe80::7", oif: EM0, mtu: 1450 });
    vnet.addressAdd("em0", "192.0.2.1/24");
    const inet = added(socket, "198.51.100.0/24", { gateway: "192.0.2.7", mtu: 1450 });
    expect([inet6.mtu, inet.mtu]).toEqual([1450, 1450]);
    drain(group);
    routerOf(vnet, 1).advertise({ mtu: 1400 });
    // Routes of IPv6 that had more are limited to it (nhops_update_ifmtu).
    expect([routeTo(socket, "2001:db8:9::/64").mtu, routeTo(socket, "198.51.100.0/24").mtu]).toEqual([1400, 1450]);
    expect([linkNamed(socket, "em0").mtu, drain(group), vnet.check()]).toEqual([1500, [], 0]);
  });

  it("the interface's own MTU limits what was advertised", () => {
    const { vnet } = setupRouters();
    routerOf(vnet, 1).advertise({ mtu: 1400 });
    vnet.interfaceSet("em0", { mtu: 1300 });
    expect(vnet.neighbours.discovery("em0").mtu).toBe(1300);
    vnet.interfaceSet("em0", { mtu: 1500 });
    expect(vnet.neighbours.discovery("em0").mtu).toBe(1400);
  });

  it("[D.5.2] neighbours count as reachable for half to one and a half of the time that was said", () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { kernel, vnet, socket } = setupRouters({ seed });
      routerOf(vnet, 1).advertise({ reachable: 4096 });
      vnet.peer("em0", { address: "fe80::7", lladdr: lladdrOf(7) });
      vnet.neighbourResolve("em0", "fe80::7");
      kernel.advance(1_999);
      expect(neighbourAt(socket, "fe80::7")?.state).toBe(NUD.REACHABLE);
      kernel.advance(5_001);
      expect(neighbourAt(socket, "fe80::7")?.state).toBe(NUD.STALE);
    }
  });

  it("[D.5.2] [C.5.3] solicitations are as far apart as was said, of neighbours and of own addresses", () => {
    const { kernel, vnet, socket } = setupRouters();
    routerOf(vnet, 1).advertise({ retransmit: 3000 });
    vnet.sysctl("net.inet6.ip6.dad_count", 1);
    vnet.addressAdd("em0", "2001:db8:a::1/64");
    vnet.neighbourResolve("em0", "fe80::7");
    kernel.advance(2_999);
    expect([neighbourAt(socket, "fe80::7")?.probes, flagsOf(socket, "2001:db8:a::1")]).toEqual([1, TENTATIVE]);
    kernel.advance(1);
    expect([neighbourAt(socket, "fe80::7")?.probes, flagsOf(socket, "2001:db8:a::1")]).toEqual([2, 0]);
  });

  it("all of it is forgotten when the interface goes to another vnet", () => {
    const { kernel, vnet } = setupRouters();
    routerOf(vnet, 1).advertise({ mtu: 1400, reachable: 5000, retransmit: 2000, hopLimit: 128 });
    const other = kernel.vnetCreate("other");
    vnet.interfaceMove("em0", other);
    const defaults = { mtu: 1500, reachable: 30_000, retransmit: 1000, hopLimit: 64 };
    expect(other.neighbours.discovery("em0")).toMatchObject(defaults);
  });
});
