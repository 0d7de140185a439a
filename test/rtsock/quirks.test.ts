// What is odd about routing sockets and kept so, and which answer was chosen where the source leaves a question open (rtsock
// G.10).

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { RTF } from "../../assembly/abi/rtnetlink.js";
import { NET_RT, ROUTE_RTM } from "../../assembly/abi/rtsock.js";
import { Errno, type RoutingSocket } from "../../host/kernel/kernel.js";
import { AS_GIVEN, setupE } from "../support/setups.js";
import { errnoOf, link, type RequestFields, type Routing, readAll, request } from "./routing.js";

const VIA = RTF.UP | RTF.GATEWAY | RTF.STATIC;
const NET: RequestFields = { dst: "10.1.0.0", netmask: "255.255.0.0" };
const via = (n: number): RequestFields => ({ ...NET, gateway: `192.0.2.${n}`, flags: VIA });

function stage() {
  const { vnet, kernel } = setupE({ ...AS_GIVEN, fibs: 2 });
  return { vnet, kernel, socket: vnet.routingSocket() };
}

/** The echo of a request, or its errno. */
function ask(socket: RoutingSocket, type: ROUTE_RTM, fields: RequestFields): Routing {
  errnoOf(() => socket.write(request(type, fields)));
  const echo = readAll(socket).at(-1);
  if (echo === undefined) throw new Error("no echo");
  return echo;
}

describe("[G.10.1] quirks", () => {
  it("an errno in a request that succeeds comes back in its echo", () => {
    const { socket } = stage();
    expect(ask(socket, ROUTE_RTM.ADD, { ...via(9), errno: 33 })).toMatchObject({ errno: 33 });
  });

  it("a change has no regard for PINNED: an interface's route gets a gateway and keeps its interface", () => {
    const { socket } = stage();
    const own: RequestFields = { dst: "192.0.2.0", netmask: "255.255.255.0" };
    expect(ask(socket, ROUTE_RTM.DELETE, own).errno).toBe(Errno.EADDRINUSE);
    const echo = ask(socket, ROUTE_RTM.CHANGE, { ...own, gateway: "192.0.2.9", flags: VIA });
    expect(echo).toMatchObject({ errno: 0, gateway: "192.0.2.9", index: 2 });
  });

  it("a change neither makes a blackhole nor ends one", () => {
    const { socket } = stage();
    ask(socket, ROUTE_RTM.ADD, via(9));
    const changed = ask(socket, ROUTE_RTM.CHANGE, { ...via(9), flags: RTF.UP | RTF.BLACKHOLE });
    expect([changed.errno, changed.flags & RTF.BLACKHOLE]).toEqual([0, 0]);
    ask(socket, ROUTE_RTM.DELETE, NET);
    ask(socket, ROUTE_RTM.ADD, { ...via(9), flags: RTF.UP | RTF.BLACKHOLE });
    const still = ask(socket, ROUTE_RTM.CHANGE, via(8));
    expect([still.errno, still.flags & RTF.BLACKHOLE, still.gateway]).toEqual([0, RTF.BLACKHOLE, "192.0.2.8"]);
  });

  it("a multipath route is deleted path by path, by its gateways alone", () => {
    const { socket } = stage();
    ask(socket, ROUTE_RTM.ADD, via(8));
    ask(socket, ROUTE_RTM.ADD, via(9));
    expect(ask(socket, ROUTE_RTM.DELETE, NET).errno).toBe(Errno.ESRCH);
    expect(ask(socket, ROUTE_RTM.DELETE, via(9))).toMatchObject({ errno: 0, gateway: "192.0.2.9" });
    expect(ask(socket, ROUTE_RTM.DELETE, NET)).toMatchObject({ errno: 0, gateway: "192.0.2.8" });
  });

  it("NET_RT_FLAGS shows fib 0, whatever the process's", () => {
    const { vnet } = stage();
    const { length } = vnet.sysctlNet([4, 17, 0, AF.INET, NET_RT.FLAGS, RTF.PINNED]);
    expect(length).toBeGreaterThan(0);
    expect(vnet.sysctlNet([4, 17, 0, AF.INET, NET_RT.FLAGS, RTF.PINNED], { fib: 1 }).length).toBe(length);
    expect(vnet.sysctlNet([4, 17, 0, AF.INET, NET_RT.DUMP, 0], { fib: 1 }).length).toBe(0);
  });
});

describe("[G.10.3] open questions", () => {
  it("a change loses the expiry (Q-4)", () => {
    const { socket, kernel } = stage();
    const expire = kernel.wallClock + 60;
    expect(ask(socket, ROUTE_RTM.ADD, { ...via(9), inits: 4, expire }).expire).toBe(expire);
    expect(ask(socket, ROUTE_RTM.CHANGE, via(8)).expire).toBe(0);
  });

  it("an entry without gateway is EINVAL (Q-8)", () => {
    const { socket } = stage();
    const flags = RTF.HOST | RTF.STATIC | RTF.LLDATA;
    expect(ask(socket, ROUTE_RTM.ADD, { dst: "192.0.2.7", flags }).errno).toBe(Errno.EINVAL);
  });

  it("the answer to RTM_GET of a multipath route has weight 0 (Q-9)", () => {
    const { socket } = stage();
    ask(socket, ROUTE_RTM.ADD, via(8));
    ask(socket, ROUTE_RTM.ADD, via(9));
    expect(ask(socket, ROUTE_RTM.GET, NET)).toMatchObject({ errno: 0, weight: 0 });
  });

  it("requests of types that are not for routes are refused with a plain echo (Q-10)", () => {
    const { socket } = stage();
    for (const type of [ROUTE_RTM.NEWADDR, ROUTE_RTM.DELADDR, ROUTE_RTM.IFINFO, ROUTE_RTM.NEWMADDR]) {
      const bytes = request(type, { ...via(9), seq: type });
      expect(errnoOf(() => socket.write(bytes))).toBe(Errno.EOPNOTSUPP);
      const echo = new Uint8Array(bytes.length);
      socket.read(echo);
      expect([echo[3], echo[24]]).toEqual([type, Errno.EOPNOTSUPP]);
      expect([...echo.slice(152)]).toEqual([...bytes.slice(152)]);
    }
  });

  it("a gateway of no family is EINVAL (Q-11)", () => {
    const { socket } = stage();
    const gateway = new Uint8Array(16);
    gateway[0] = 16;
    expect(ask(socket, ROUTE_RTM.ADD, { ...NET, gateway, flags: VIA }).errno).toBe(Errno.EINVAL);
    expect(ask(socket, ROUTE_RTM.ADD, { ...NET, gateway: link(2), flags: RTF.UP | RTF.STATIC }).errno).toBe(0);
  });
});
