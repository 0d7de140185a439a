// Redirects of IPv6 routers: the routes that they make, and RTM_REDIRECT (netinet6/icmp6.c, net/route.c; rtsock G.5.1, G.5.2).

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { RTF, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { find, newRoute } from "../route/routes.js";
import { ask, drain } from "../support/messages.js";
import { AS_GIVEN, monitor, setupR } from "../support/setups.js";
import { heard, readAll } from "./routing.js";

const ROUTER = "fe80::99";
const BETTER = "fe80::77";
const HOST = "2001:db8:5::1";

/** em0 with a default route by way of ROUTER, which is on the link. */
function stage(fibs = 1) {
  const {
    kernel,
    vnet,
    socket: netlink,
  } = setupR({
    ...AS_GIVEN,
    fibs,
    interfaces: [{ name: "em0", lladdr: "02:00:00:00:00:0a", up: true, addresses: ["fe80::1/64", "2001:db8::1/64"] }],
  });
  ask(netlink, newRoute("::/0", { gateway: ROUTER, oif: 2 }));
  const router = vnet.peer("em0", { address: ROUTER, lladdr: "02:00:00:00:00:99" });
  return { kernel, vnet, netlink, router, socket: vnet.routingSocket() };
}

const routes = (lines: readonly string[]): string[] => lines.filter((line) => !line.includes("0x445"));

describe("[RF-RTSOCK-24] RTM_REDIRECT", () => {
  it("shows the host, the better router and the author", () => {
    const { router, socket } = stage();
    router.send({ message: "redirect", target: BETTER, toRouter: true, destination: HOST });
    const seen = readAll(socket).filter(({ type }) => type === "REDIRECT");
    const flags = RTF.DONE | RTF.UP | RTF.HOST | RTF.DYNAMIC | RTF.GATEWAY;
    expect(seen).toMatchObject([
      { addrs: 0x43, length: 152 + 3 * 32, flags, index: 0, errno: 0, pid: 0, seq: 0, mtu: 0 },
    ]);
    expect(seen[0]).toMatchObject({ dst: HOST, gateway: `${BETTER}%2`, author: `${ROUTER}%2` });
  });

  it("to the destination itself shows the interface as gateway", () => {
    const { router, socket } = stage();
    router.send({ message: "redirect", target: HOST, destination: HOST });
    const [seen] = readAll(socket).filter(({ type }) => type === "REDIRECT");
    expect(seen).toMatchObject({ dst: HOST, gateway: "link#2 em0 02:00:00:00:00:0a", author: `${ROUTER}%2` });
    expect(seen?.flags).toBe(RTF.DONE | RTF.UP | RTF.HOST | RTF.DYNAMIC);
  });

  it("goes to each fib, to sockets of IPv6 and of all families", () => {
    const { vnet, router } = stage(2);
    const sockets = [
      vnet.routingSocket(),
      vnet.routingSocket({ fib: 1, protocol: AF.INET6 }),
      vnet.routingSocket({ protocol: AF.INET }),
    ];
    router.send({ message: "redirect", target: BETTER, toRouter: true, destination: HOST });
    const counts = sockets.map((socket) => readAll(socket).filter(({ type }) => type === "REDIRECT").length);
    expect(counts).toEqual([1, 1, 0]);
  });
});

describe("the route of a redirect", () => {
  it("[RF-RTSOCK-37] is told of by RTM_REDIRECT alone, and not on netlink; it is DYNAMIC, and lasts ten minutes", () => {
    const { kernel, vnet, netlink, router, socket } = stage();
    const listener = monitor(vnet, RTNLGRP.IPV6_ROUTE);
    router.send({ message: "redirect", target: BETTER, toRouter: true, destination: HOST });
    expect(routes(heard(socket))).toEqual([`REDIRECT ${HOST} ${BETTER}%2 0x57 of 0`]);
    expect(drain(listener)).toEqual([]);
    expect(find(netlink, `${HOST}/128`)).toMatchObject({ gateway: BETTER, oif: 2, rtFlags: 0x16 });
    kernel.advance(599_000);
    expect(find(netlink, `${HOST}/128`)).toBeDefined();
    heard(socket);
    kernel.advance(2000);
    expect(find(netlink, `${HOST}/128`)).toBeUndefined();
    expect(routes(heard(socket))).toEqual([`DELETE ${HOST} ${BETTER}%2 0x56 of 2`]);
    expect(vnet.check()).toBe(0);
  });

  it("a second redirect for the host changes nothing", () => {
    const { netlink, router, socket } = stage();
    router.send({ message: "redirect", target: HOST, destination: HOST });
    heard(socket);
    router.send({ message: "redirect", target: BETTER, toRouter: true, destination: HOST });
    expect(routes(heard(socket))).toEqual([]);
    expect(find(netlink, `${HOST}/128`)?.gateway).toBeUndefined();
  });

  it.each<[string, string, string, string | undefined]>([
    ["of a host that is not the gateway", "fe80::66", BETTER, HOST],
    ["for a destination on the link", ROUTER, BETTER, "2001:db8::5"],
    ["for a group", ROUTER, BETTER, "ff05::2"],
    ["without a destination", ROUTER, BETTER, undefined],
    ["from a global address", "2001:db8::99", BETTER, HOST],
  ])("a redirect %s makes no route", (_, address, target, destination) => {
    const { vnet, netlink, socket } = stage();
    const before = ask(netlink, newRoute("2001:db8:7::/48", { gateway: ROUTER, oif: 2 })).length;
    expect(before).toBe(1);
    heard(socket);
    const author = vnet.peer("em0", { address, lladdr: "02:00:00:00:00:66" });
    author.send({ message: "redirect", target, toRouter: true, ...(destination === undefined ? {} : { destination }) });
    expect(routes(heard(socket))).toEqual([]);
  });

  it("a target that is neither a router nor the destination is not believed", () => {
    const { router, socket } = stage();
    router.send({ message: "redirect", target: "2001:db8::7", destination: HOST });
    expect(heard(socket)).toEqual([]);
  });

  it("a router itself heeds none", () => {
    const { vnet, router, socket } = stage();
    vnet.sysctl("net.inet6.ip6.forwarding", 1);
    router.send({ message: "redirect", target: BETTER, toRouter: true, destination: HOST });
    expect(heard(socket)).toEqual([]);
  });

  it("without memory there is no route, and all is consistent", () => {
    for (let n = 1; n < 12; n++) {
      const { vnet, router } = stage();
      vnet.failAllocation(n);
      router.send({ message: "redirect", target: BETTER, toRouter: true, destination: HOST });
      vnet.failAllocation(0);
      expect(vnet.check()).toBe(0);
    }
  });
});
