// Default routers: who of those that advertise themselves has the default route, and when none has.

import { describe, expect, it } from "vitest";
import { ND6_IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { NTF, NUD, RTF, RTNLGRP, RTPROT } from "../../assembly/abi/rtnetlink.js";
import type { Socket, Vnet } from "../../host/kernel/kernel.js";
import { neighbourAt, stateInWords } from "../route/neighbours.js";
import { gatewaysOf } from "../route/nexthops.js";
import { delRoute, dump, find, newRoute, routeTo } from "../route/routes.js";
import { ask, drain, errorOf } from "../support/messages.js";
import { monitor, setupE6 } from "../support/setups.js";
import { accept, defaultRoute, EM0, gateway, lladdrOf, routerOf, routersOf, setupRouters } from "./routers.js";

const ROUTES = [RTNLGRP.IPV4_ROUTE, RTNLGRP.IPV6_ROUTE];
/** Seconds until a neighbour that is asked for three times is given up (nd6_umaxtries, and the delay before it). */
const GIVEN_UP_MS = 10_000;

/** What `route -6 flush` does: all routes that have a gateway go (route_netlink.c, flushroutes_fib_nl). */
function flush(socket: Socket): void {
  for (const { prefix, rtFlags, gateway: via = "" } of dump(socket, AF.INET6)) {
    if ((rtFlags & RTF.GATEWAY) === 0) continue;
    expect(errorOf(ask(socket, delRoute(prefix, { gateway: via, oif: EM0 })))).toBe(0);
  }
}

function addDefault(socket: Socket, via: string, oif = EM0, flags = "qaC"): number {
  return errorOf(ask(socket, newRoute("::/0", { gateway: via, oif }, flags)));
}

/** A neighbour is asked whether it is there, and does not say so. */
function loseTouch(kernel: { advance(ms: number): void }, vnet: Vnet, address: string, name = "em0"): void {
  vnet.neighbourResolve(name, address);
  kernel.advance(GIVEN_UP_MS);
}

describe("the default route", () => {
  it("[FB-92] of a router that advertises itself: by way of its fe80:: address; flushed, and there again with the next", () => {
    const { vnet, socket } = setupE6();
    accept(vnet, "em0");
    const router = routerOf(vnet, 99);
    router.advertise();
    expect(defaultRoute(socket)).toMatchObject({ gateway: "fe80::99", oif: EM0 });
    flush(socket);
    expect([gateway(socket), routersOf(vnet)]).toEqual([undefined, ["fe80::99"]]);
    router.advertise();
    expect([gateway(socket), routersOf(vnet)]).toEqual(["fe80::99", ["fe80::99*"]]);
    expect(vnet.check()).toBe(0);
  });

  it("[FB-92] [E.3] it is the kernel's, a GATEWAY route, of the interface's MTU, and its gateway has no zone", () => {
    const { vnet, socket } = setupRouters();
    routerOf(vnet, 99).advertise();
    const route = defaultRoute(socket);
    expect(route).toMatchObject({ protocol: RTPROT.KERNEL, rtFlags: RTF.GATEWAY, mtu: undefined, expires: undefined });
    expect(route).toMatchObject({ table: 0, type: 1, weight: undefined });
  });

  it("[E.7.3] nobody is told of it, neither when it comes nor when it changes, goes or expires", () => {
    const { kernel, vnet, socket } = setupRouters();
    const group = monitor(vnet, ...ROUTES);
    const [first, second] = [routerOf(vnet, 1), routerOf(vnet, 2)];
    first.advertise();
    second.advertise({ preference: "high", lifetime: 5 });
    expect(gateway(socket)).toBe("fe80::2");
    kernel.advance(10_000);
    expect(gateway(socket)).toBe("fe80::1");
    first.advertise({ lifetime: 0 });
    expect([gateway(socket), drain(group)]).toEqual([undefined, []]);
  });

  it("[FB-92] lasts as long as the router said: past its last second, it is gone within the next", () => {
    const { kernel, vnet, socket } = setupRouters();
    const router = routerOf(vnet, 99);
    router.advertise({ lifetime: 5 });
    kernel.advance(4_000);
    router.advertise({ lifetime: 3 });
    kernel.advance(3_000);
    expect(gateway(socket)).toBe("fe80::99");
    kernel.advance(1_000);
    expect([gateway(socket), routersOf(vnet)]).toEqual([undefined, []]);
  });

  it("[FB-92] lifetime 0: the router is none any more, at once", () => {
    const { vnet, socket } = setupRouters();
    const router = routerOf(vnet, 99);
    router.advertise({ lifetime: 0 });
    expect(routersOf(vnet)).toEqual([]);
    router.advertise();
    router.advertise({ lifetime: 0 });
    expect([gateway(socket), routersOf(vnet), vnet.check()]).toEqual([undefined, [], 0]);
  });

  it("is shown as the script's lists have it: lifetime as said and what is left of it", () => {
    const { kernel, vnet } = setupRouters();
    routerOf(vnet, 99).advertise({ lifetime: 1800, preference: "low" });
    kernel.advance(10_000);
    expect(vnet.neighbours.routers()).toEqual([
      { address: "fe80::99", index: EM0, lifetime: 1800, left: 1790, preference: "low", isInstalled: true },
    ]);
  });

  it("a default route that is there already stays; when it is gone, the next advertisement brings the router's", () => {
    const { vnet, socket } = setupRouters();
    expect(addDefault(socket, "fe80::7")).toBe(0);
    const router = routerOf(vnet, 99);
    router.advertise();
    expect([gateway(socket), routersOf(vnet)]).toEqual(["fe80::7", ["fe80::99"]]);
    expect(errorOf(ask(socket, delRoute("::/0")))).toBe(0);
    expect(gateway(socket)).toBeUndefined();
    router.advertise();
    expect(gateway(socket)).toBe("fe80::99");
  });

  it("another takes its place by NLM_F_REPLACE: the router has it no more, and its end changes nothing", () => {
    const { vnet, socket } = setupRouters();
    const router = routerOf(vnet, 99);
    router.advertise();
    expect(addDefault(socket, "fe80::7", EM0, "qaCP")).toBe(0);
    expect([gateway(socket), routersOf(vnet)]).toEqual(["fe80::7", ["fe80::99"]]);
    router.advertise({ lifetime: 0 });
    expect([gateway(socket), vnet.check()]).toEqual(["fe80::7", 0]);
  });

  it("a path that is appended stays when the router goes", () => {
    const { vnet, socket } = setupRouters();
    const router = routerOf(vnet, 99);
    router.advertise();
    expect(addDefault(socket, "fe80::7", EM0, "qaCA")).toBe(0);
    expect(gatewaysOf(routeTo(socket, "::/0")).sort()).toEqual(["fe80::7", "fe80::99"]);
    router.advertise({ lifetime: 0 });
    expect([gateway(socket), routersOf(vnet), vnet.check()]).toEqual(["fe80::7", [], 0]);
  });

  it.each([
    ["without RTF_STATIC", 0, undefined],
    ["with RTF_STATIC", RTF.STATIC, EM0],
  ])("host routes by way of the router, %s, when it goes (rt6_flush)", (_, rtFlags, oif) => {
    const { vnet, socket } = setupRouters();
    const group = monitor(vnet, ...ROUTES);
    const [router, other] = [routerOf(vnet, 99), routerOf(vnet, 98)];
    for (const each of [router, other]) each.advertise();
    const viaRouter = { gateway: "fe80::99", oif: EM0, rtFlags };
    expect(errorOf(ask(socket, newRoute("2001:db8:9::9/128", viaRouter)))).toBe(0);
    expect(errorOf(ask(socket, newRoute("2001:db8:9::/64", viaRouter)))).toBe(0);
    expect(errorOf(ask(socket, newRoute("2001:db8:8::9/128", { ...viaRouter, gateway: "fe80::98" })))).toBe(0);
    drain(group);
    router.advertise({ lifetime: 0 });
    expect(find(socket, "2001:db8:9::9/128")?.oif).toBe(oif);
    expect([routeTo(socket, "2001:db8:9::/64").oif, routeTo(socket, "2001:db8:8::9/128").oif]).toEqual([EM0, EM0]);
    expect([drain(group), vnet.check()]).toEqual([[], 0]);
  });

  it("there is no limit to the number of routers", () => {
    const { vnet } = setupRouters();
    for (let n = 1; n <= 99; n++) routerOf(vnet, n).advertise();
    expect(routersOf(vnet)).toHaveLength(99);
    expect([routersOf(vnet)[0], vnet.check()]).toEqual(["fe80::1*", 0]);
  });
});

describe("who is no default router", () => {
  it.each<[string, (vnet: Vnet) => void]>([
    ["NO_RADR (ifconfig no_radr)", (vnet) => vnet.interfaceSet("em0", { nd6: { on: ND6_IFF.NO_RADR } })],
    ["net.inet6.ip6.forwarding", (vnet) => void vnet.sysctl("net.inet6.ip6.forwarding", 1)],
  ])("%s: no default route is taken, a prefix and an address are", (_, forbid) => {
    const { vnet, socket } = setupRouters();
    const router = routerOf(vnet, 99);
    router.advertise();
    forbid(vnet);
    expect(gateway(socket)).toBe("fe80::99");
    router.advertise({ prefixes: [{ prefix: "2001:db8:a::/64" }] });
    expect([gateway(socket), routersOf(vnet)]).toEqual([undefined, []]);
    expect([routeTo(socket, "2001:db8:a::/64").oif, vnet.neighbours.prefixes()[0]?.routers]).toEqual([EM0, 0]);
  });

  it("[FB-93] net.inet6.ip6.rfc6204w3: a router takes a default route all the same, for its link to a provider", () => {
    const { vnet, socket } = setupRouters();
    vnet.sysctl("net.inet6.ip6.forwarding", 1);
    vnet.sysctl("net.inet6.ip6.rfc6204w3", 1);
    routerOf(vnet, 99).advertise();
    expect(gateway(socket)).toBe("fe80::99");
  });

  it("net.inet6.ip6.no_radr is the NO_RADR of interfaces to come", () => {
    const { vnet, socket } = setupRouters();
    vnet.sysctl("net.inet6.ip6.no_radr", 1);
    vnet.interfaceAttach({ name: "em2", up: true, inet6: true, acceptRtadv: true });
    expect(vnet.neighbours.discovery("em2").flags & ND6_IFF.NO_RADR).toBe(ND6_IFF.NO_RADR);
    routerOf(vnet, 99, "em2").advertise();
    expect(gateway(socket)).toBeUndefined();
    routerOf(vnet, 99).advertise();
    expect(gateway(socket)).toBe("fe80::99");
  });

  it.each<[string, number, number]>([
    ["does not accept advertisements", ND6_IFF.IFDISABLED, ND6_IFF.ACCEPT_RTADV],
    ["has no IPv6", ND6_IFF.IFDISABLED, 0],
  ])("an interface that %s hears of none", (_, on, off) => {
    const { vnet, socket } = setupRouters();
    vnet.interfaceSet("em0", { nd6: { on, off } });
    routerOf(vnet, 99).advertise({ prefixes: [{ prefix: "2001:db8:a::/64" }], mtu: 1400 });
    expect([gateway(socket), routersOf(vnet), neighbourAt(socket, "fe80::99")]).toEqual([undefined, [], undefined]);
    expect(find(socket, "2001:db8:a::/64")).toBeUndefined();
  });

  it("an advertisement from another address than a link-local one is not heard", () => {
    const { vnet, socket } = setupE6();
    accept(vnet, "em0");
    vnet.peer("em0", { address: "2001:db8::99", lladdr: lladdrOf(99) }).advertise();
    expect([gateway(socket), routersOf(vnet), neighbourAt(socket, "2001:db8::99")]).toEqual([undefined, [], undefined]);
  });

  it("a neighbour that says that it is a router no more; the next of the list is used", () => {
    const { vnet, socket } = setupRouters();
    const [first, second] = [routerOf(vnet, 1), routerOf(vnet, 2)];
    first.advertise();
    second.advertise();
    first.change({ router: false });
    first.send({ message: "advertisement", override: true });
    expect([gateway(socket), routersOf(vnet)]).toEqual(["fe80::2", ["fe80::2*"]]);
    expect(neighbourAt(socket, "fe80::1")?.flags).toBe(0);
  });
});

describe("the entry of a router among the neighbours", () => {
  it("[RF-NEIGH-19] [D.5] with its link-layer address: NEWNEIGH STALE, shown with ROUTER afterwards", () => {
    const { vnet, socket } = setupRouters();
    const group = monitor(vnet, RTNLGRP.NEIGH);
    routerOf(vnet, 99).advertise();
    expect(drain(group).map(stateInWords)).toEqual(["NEWNEIGH fe80::99 0x4"]);
    const entry = { state: NUD.STALE, lladdr: lladdrOf(99), flags: NTF.ROUTER, index: EM0 };
    expect(neighbourAt(socket, "fe80::99")).toMatchObject(entry);
  });

  it("[D.1.3] without, it has no state, and nobody is told", () => {
    const { vnet, socket } = setupRouters();
    const group = monitor(vnet, RTNLGRP.NEIGH);
    routerOf(vnet, 99).advertise({ withoutLladdr: true });
    expect(drain(group)).toEqual([]);
    expect(neighbourAt(socket, "fe80::99")).toMatchObject({ state: NUD.NONE, lladdr: undefined });
    expect(gateway(socket)).toBe("fe80::99");
  });

  it("[D.5] is known by another link-layer address as soon as an advertisement has it", () => {
    const { vnet, socket } = setupRouters();
    const router = routerOf(vnet, 99);
    router.advertise();
    router.change({ lladdr: lladdrOf(7) });
    router.advertise();
    expect(neighbourAt(socket, "fe80::99")).toMatchObject({ state: NUD.STALE, lladdr: lladdrOf(7) });
    expect(gateway(socket)).toBe("fe80::99");
  });

  it("[D.5.2] of a default router stays when it is collected, though its DELNEIGH is told; one of no router any more goes", () => {
    const { kernel, vnet, socket } = setupRouters();
    const group = monitor(vnet, RTNLGRP.NEIGH);
    routerOf(vnet, 99).advertise({ lifetime: 65_535 });
    drain(group);
    // A stale entry that nothing uses is collected after a day (net.inet6.icmp6.nd6_gctimer).
    for (let day = 0; day < 2; day++) {
      kernel.advance(60_000_000);
      routerOf(vnet, 99).advertise({ lifetime: 65_535 });
    }
    expect(drain(group).map(stateInWords)).toEqual(["DELNEIGH fe80::99 0x4"]);
    expect([neighbourAt(socket, "fe80::99")?.state, gateway(socket)]).toEqual([NUD.STALE, "fe80::99"]);
    kernel.advance(200_000_000);
    expect([neighbourAt(socket, "fe80::99"), gateway(socket), vnet.check()]).toEqual([undefined, undefined, 0]);
  });
});

describe("which of several routers is used", () => {
  it("the first that was heard of, of those that are preferred as much", () => {
    const { vnet, socket } = setupRouters();
    for (const n of [3, 1, 2]) routerOf(vnet, n).advertise();
    for (const n of [1, 2, 3]) routerOf(vnet, n).advertise();
    expect(gateway(socket)).toBe("fe80::3");
    // One without the route goes behind the others each time (defrtrlist_update).
    expect(routersOf(vnet)).toEqual(["fe80::3*", "fe80::1", "fe80::2"]);
  });

  it("[RFC 4191] the one that is preferred most, whatever came first; what it says anew counts", () => {
    const { vnet, socket } = setupRouters();
    const used = (n: number, preference: "low" | "medium" | "high"): string | undefined => {
      routerOf(vnet, n).advertise({ preference });
      return gateway(socket);
    };
    expect(used(1, "low")).toBe("fe80::1");
    expect(used(2, "medium")).toBe("fe80::2");
    expect(used(3, "high")).toBe("fe80::3");
    expect(used(4, "medium")).toBe("fe80::3");
    expect(routersOf(vnet)).toEqual(["fe80::3*", "fe80::2", "fe80::4", "fe80::1"]);
    expect(used(3, "low")).toBe("fe80::2");
    expect(routersOf(vnet)).toEqual(["fe80::2*", "fe80::4", "fe80::1", "fe80::3"]);
    expect(used(1, "high")).toBe("fe80::1");
  });

  it("one that can be reached before one that cannot, whatever its preference", () => {
    const { vnet, socket } = setupRouters();
    routerOf(vnet, 1).advertise({ withoutLladdr: true, preference: "high" });
    expect(gateway(socket)).toBe("fe80::1");
    routerOf(vnet, 2).advertise({ preference: "low" });
    expect(gateway(socket)).toBe("fe80::2");
    // As soon as its link-layer address is known, it counts as reachable.
    routerOf(vnet, 1).advertise({ preference: "high" });
    expect(gateway(socket)).toBe("fe80::1");
  });

  it("one that does not answer any more is left for one that can be reached, and comes back when it is heard", () => {
    const { kernel, vnet, socket } = setupRouters();
    routerOf(vnet, 1, "em0", false).advertise({ preference: "high" });
    routerOf(vnet, 2).advertise();
    expect(gateway(socket)).toBe("fe80::1");
    loseTouch(kernel, vnet, "fe80::1");
    expect([gateway(socket), neighbourAt(socket, "fe80::1")]).toEqual(["fe80::2", undefined]);
    expect(routersOf(vnet)).toEqual(["fe80::1", "fe80::2*"]);
    routerOf(vnet, 1).advertise({ preference: "high" });
    expect(gateway(socket)).toBe("fe80::1");
  });

  it("where none can be reached they take turns; the only one keeps the route", () => {
    const { kernel, vnet, socket } = setupRouters();
    const silent = (n: number) => routerOf(vnet, n, "em0", false);
    silent(1).advertise();
    loseTouch(kernel, vnet, "fe80::1");
    expect(gateway(socket)).toBe("fe80::1");
    silent(2).advertise({ withoutLladdr: true });
    expect(gateway(socket)).toBe("fe80::2");
    silent(3).advertise({ withoutLladdr: true });
    expect(gateway(socket)).toBe("fe80::3");
  });

  it("one of the interface's fib: other fibs have routers of their own", () => {
    const { vnet, socket } = setupRouters({
      fibs: 2,
      interfaces: [
        { name: "em0", up: true, inet6: true, acceptRtadv: true },
        { name: "em1", up: true, inet6: true, acceptRtadv: true, fib: 1 },
      ],
    });
    routerOf(vnet, 1).advertise();
    routerOf(vnet, 2, "em1").advertise({ preference: "high" });
    expect([gateway(socket, 0), gateway(socket, 1)]).toEqual(["fe80::1", "fe80::2"]);
    routerOf(vnet, 1).advertise({ lifetime: 0 });
    expect([gateway(socket, 0), gateway(socket, 1), vnet.check()]).toEqual([undefined, "fe80::2", 0]);
  });
});

describe("an interface that has routers", () => {
  /** Both interfaces have a router, em0's is used. */
  function two(): ReturnType<typeof setupRouters> {
    const all = setupRouters();
    routerOf(all.vnet, 1).advertise({ preference: "high" });
    routerOf(all.vnet, 2, "em1").advertise();
    expect(gateway(all.socket)).toBe("fe80::1");
    return all;
  }

  it("[C.6.4] goes down: nothing goes, for its routers may come back", () => {
    const { kernel, vnet, socket } = two();
    vnet.interfaceDown("em0");
    kernel.advance(2_000);
    expect([gateway(socket), routersOf(vnet)]).toEqual(["fe80::1", ["fe80::1*", "fe80::2"]]);
    kernel.advance(1_800_000);
    expect([routersOf(vnet), gateway(socket), vnet.check()]).toEqual([[], undefined, 0]);
  });

  it.each<[string, (vnet: Vnet, other: Vnet) => void]>([
    ["goes away", (vnet) => vnet.interfaceDetach("em0")],
    ["goes to another vnet", (vnet, other) => vnet.interfaceMove("em0", other)],
  ])("[B.6.1] %s: its routers go, and another's takes their place", (_, leave) => {
    const { kernel, vnet, socket } = two();
    const other = kernel.vnetCreate("other");
    const group = monitor(vnet, ...ROUTES);
    leave(vnet, other);
    expect([gateway(socket), routersOf(vnet), routersOf(other)]).toEqual(["fe80::2", ["fe80::2*"], []]);
    expect([drain(group), vnet.check(), other.check()]).toEqual([[], 0, 0]);
  });

  it("loses its link-local address: its routers stay", () => {
    const { vnet, socket } = two();
    vnet.addressDelete("em0", "fe80::ff:fe00:a");
    expect([routersOf(vnet), gateway(socket), vnet.check()]).toEqual([["fe80::1*", "fe80::2"], "fe80::1", 0]);
  });
});
