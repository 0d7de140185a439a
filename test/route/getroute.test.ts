// RTM_GETROUTE: which routes a dump shows and in which order, and which one route a question finds (rtnetlink E.2, E.3).

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { NETLINK_OPTION, NLM_F, NLMSG, SOL } from "../../assembly/abi/netlink.js";
import { RTA, RTF, RTM, RTM_F, RTN } from "../../assembly/abi/rtnetlink.js";
import { ackOf, ask, attribute, doneOf, drain, errorOf, ip, numberAt, type Seen, u32 } from "../support/messages.js";
import { AS_GIVEN, openSocket, type Setup, setupE, setupR } from "../support/setups.js";
import {
  added,
  delRoute,
  dump,
  dumpRequest,
  getRoute,
  newRoute,
  type RouteFields,
  routeOf,
  routesIn,
} from "./routes.js";

const EM0 = 2;
const UNSPEC_TABLE = 0xffffffff;

/** Both families, and a few routes of each. */
function setupRoutes(): Setup {
  const setup = setupR({
    ...AS_GIVEN,
    interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] }],
  });
  for (const prefix of ["10.0.0.0/8", "10.1.0.0/16"]) added(setup.socket, prefix, { gateway: "192.0.2.254" });
  for (const prefix of ["2001:db8:2::/48", "::/0"]) added(setup.socket, prefix, { gateway: "2001:db8::2" });
  return setup;
}

function types(seen: readonly Seen[]): number[] {
  return seen.map((each) => each.type);
}

describe("a dump of routes", () => {
  it("[RF-ROUTE-11a] [FC-ROUTE-10] [E.3.1] of family 0 shows all of IPv4, then all of IPv6, then DONE", () => {
    const { socket } = setupRoutes();
    const seen = ask(socket, dumpRequest(AF.UNSPEC, { seq: 9, table: 0 }));
    const routes = routesIn(seen);
    expect(routes.map((route) => route.prefix)).toEqual([
      "10.0.0.0/8",
      "10.1.0.0/16",
      "127.0.0.1/32",
      "192.0.2.0/24",
      "192.0.2.1/32",
      "::/0",
      "::1/128",
      "2001:db8::/64",
      "2001:db8::1/128",
      "2001:db8:2::/48",
      "fe80::/64",
      "fe80::1/128",
    ]);
    expect(routes.map((route) => route.family).lastIndexOf(AF.INET)).toBe(4);
    expect(types(seen)).toEqual([...routes.map(() => RTM.NEWROUTE), NLMSG.DONE]);
    for (const each of seen) expect([each.seq, each.pid]).toEqual([9, 0]);
    expect(doneOf(seen.at(-1))).toBe(0);
  });

  it("[E.3.1] of one family shows only that", () => {
    const { socket } = setupRoutes();
    expect(new Set(dump(socket, AF.INET).map((route) => route.family))).toEqual(new Set([AF.INET]));
    expect(new Set(dump(socket, AF.INET6).map((route) => route.family))).toEqual(new Set([AF.INET6]));
  });

  it.each([
    ["ROOT", NLM_F.ROOT],
    ["MATCH", NLM_F.MATCH],
    ["both", NLM_F.DUMP],
  ])(
    "[RF-ROUTE-11b] [E.3.1] is asked for by %s of its flags, and its messages have the request's flags and MULTI",
    (_, bits) => {
      const { socket } = setupRoutes();
      const request = dumpRequest(AF.INET);
      request.set([(NLM_F.REQUEST | bits) & 0xff, (NLM_F.REQUEST | bits) >> 8], 6);
      const seen = ask(socket, request);
      expect(types(seen)).toEqual([...new Array<number>(5).fill(RTM.NEWROUTE), NLMSG.DONE]);
      for (const each of seen.slice(0, -1)) expect(each.flags).toBe(NLM_F.REQUEST | bits | NLM_F.MULTI);
      expect(seen.at(-1)?.flags).toBe(0);
    },
  );

  it.each([
    ["RT_TABLE_UNSPEC", UNSPEC_TABLE],
    ["net.fibs", 4],
  ])("[RF-ROUTE-11c] [E.3.1] [E.2] of table %s is EINVAL with a text and without DONE", (_, table) => {
    const { socket } = setupE({ fibs: 4 });
    const seen = ask(socket, dumpRequest(AF.INET, { table }, "qaD"));
    expect(types(seen)).toEqual([NLMSG.ERROR]);
    expect(ackOf(seen[0])).toMatchObject({ error: Errno.EINVAL });
    expect(ackOf(seen[0]).text).toMatch(/fib/);
  });

  it("[E.3.1] [E.2] of the last fib works and shows that fib alone", () => {
    const { socket } = setupE({ fibs: 4 });
    expect(dump(socket, AF.UNSPEC, { table: 3 })).toEqual([]);
    added(socket, "10.1.0.0/16", { gateway: "192.0.2.254", oif: EM0, table: 3 });
    expect(dump(socket, AF.UNSPEC, { table: 3 }).map((route) => [route.prefix, route.table])).toEqual([
      ["10.1.0.0/16", 3],
    ]);
    expect(dump(socket, AF.UNSPEC).every((route) => route.table === 0)).toBe(true);
  });

  it("[RF-ROUTE-12] [E.2] ignores rtm_table", () => {
    const { socket } = setupRoutes();
    expect(dump(socket, AF.INET, { headerTable: 254 }).map((route) => route.prefix)).toEqual(
      dump(socket, AF.INET).map((route) => route.prefix),
    );
  });

  it("[RF-ROUTE-13a] [E.3.1] of a family without a table ends with ESRCH inside DONE", () => {
    const { socket } = setupRoutes();
    for (const family of [1, 18, 42, 99]) {
      const seen = ask(socket, dumpRequest(family, {}, "qaD"));
      expect(types(seen), `family ${family}`).toEqual([NLMSG.DONE]);
      expect(doneOf(seen[0]), `family ${family}`).toBe(Errno.ESRCH);
    }
  });

  it("[RF-ROUTE-13b] [E.3.1] ascends by address, the longer mask first at one address, the default last of the zeros", () => {
    const { socket } = setupE();
    const prefixes = ["0.0.0.0/8", "0.0.0.0/0", "10.0.0.0/32", "10.0.0.0/16", "10.0.0.0/8", "10.0.0.1/32"];
    for (const order of [prefixes, prefixes.toReversed()]) {
      for (const prefix of order) added(socket, prefix, { gateway: "192.0.2.254" });
      expect(
        dump(socket, AF.INET)
          .map((route) => route.prefix)
          .slice(0, 6),
      ).toEqual(prefixes);
      ask(socket, ...prefixes.map((prefix) => delRoute(prefix)));
    }
  });

  it("[E.3.1] orders IPv6 likewise", () => {
    const { socket } = setupRoutes();
    const prefixes = [
      "2001:db8:3::/128",
      "2001:db8:3::/64",
      "2001:db8:3::/48",
      "2001:db8:3::1/128",
      "2001:db8:3:1::/64",
    ];
    for (const prefix of prefixes.toReversed()) added(socket, prefix, { gateway: "2001:db8::2" });
    expect(
      dump(socket, AF.INET6)
        .map((route) => route.prefix)
        .filter((prefix) => prefix.startsWith("2001:db8:3")),
    ).toEqual(prefixes);
  });

  it.each<[string, RouteFields]>([
    ["type", { type: RTN.BLACKHOLE }],
    ["protocol", { protocol: 186 }],
    ["OIF", { oif: 1 }],
    ["DST", { extra: [attribute(RTA.DST, ip("10.1.0.0"))] }],
    ["GATEWAY", { gateway: "192.0.2.77" }],
    ["rtm_flags", { headerFlags: RTM_F.PREFIX }],
  ])("[RF-ROUTE-13c] [E.3.1] is not filtered by %s", (_, fields) => {
    const { socket } = setupRoutes();
    expect(dump(socket, AF.INET, fields).map((route) => route.prefix)).toEqual(
      dump(socket, AF.INET).map((route) => route.prefix),
    );
  });

  it("[E.3.1] with ACK has DONE and no ack, and the next answer follows at once", () => {
    const { socket } = setupRoutes();
    const seen = ask(socket, dumpRequest(AF.INET, { seq: 5 }, "qaD"), getRoute("10.1.2.3", { seq: 6 }));
    expect(seen.map((each) => [each.type, each.seq]).slice(-4)).toEqual([
      [RTM.NEWROUTE, 5],
      [NLMSG.DONE, 5],
      [RTM.NEWROUTE, 6],
      [NLMSG.ERROR, 6],
    ]);
  });
});

describe("a question for one route", () => {
  it("[RF-ROUTE-14a] [E.3.2] without DST is EINVAL with a text", () => {
    const { socket } = setupRoutes();
    const seen = ask(socket, getRoute(undefined));
    expect(seen).toHaveLength(1);
    expect(ackOf(seen[0]).error).toBe(Errno.EINVAL);
    expect(ackOf(seen[0]).text).toBeDefined();
  });

  it.each([
    ["10.1.2.3/8", "10.1.0.0/16"],
    ["10.1.2.3/32", "10.1.0.0/16"],
    ["10.2.2.3/16", "10.0.0.0/8"],
    ["192.0.2.1", "192.0.2.1/32"],
    ["192.0.2.9", "192.0.2.0/24"],
    ["10.0.0.0/32", "10.0.0.0/8"],
    ["2001:db8:2::5", "2001:db8:2::/48"],
    ["2001:db8:3::5", "::/0"],
    ["2001:db8::5/16", "2001:db8::/64"],
  ])("[RF-ROUTE-14b] [FC-ROUTE-7] [E.3.2] for %s finds the longest match %s, whatever dst_len says", (asked, found) => {
    const { socket } = setupRoutes();
    const [reply, ack] = ask(socket, getRoute(asked, { seq: 3 }));
    if (reply === undefined) throw new Error("no reply");
    expect(routeOf(reply).prefix).toBe(found);
    expect([reply.type, reply.flags, reply.seq]).toEqual([RTM.NEWROUTE, NLM_F.REQUEST | NLM_F.ACK, 3]);
    expect(ackOf(ack).error).toBe(0);
    const dumped = dump(socket, routeOf(reply).family).find((route) => route.prefix === found);
    expect(reply.body).toEqual(dumped?.seen.body);
  });

  it.each([
    ["10.1.0.0/16", 0],
    ["10.0.0.0/8", 0],
    ["10.1.0.0/15", Errno.ESRCH],
    ["10.1.0.0/17", Errno.ESRCH],
    ["10.1.0.0/32", Errno.ESRCH],
    ["10.0.0.0/16", Errno.ESRCH],
    ["0.0.0.0/0", Errno.ESRCH],
    ["::/0", 0],
    ["::/1", Errno.ESRCH],
    ["2001:db8:2::/48", 0],
    ["2001:db8:2::/49", Errno.ESRCH],
  ])("[RF-ROUTE-14c] [FC-ROUTE-7] [E.3.2] with the PREFIX flag for %s is answered by errno %i", (prefix, errno) => {
    const { socket } = setupRoutes();
    const seen = ask(socket, getRoute(prefix, { headerFlags: RTM_F.PREFIX }));
    expect(errorOf(seen)).toBe(errno);
    expect(routesIn(seen).map((route) => route.prefix)).toEqual(errno === 0 ? [prefix] : []);
  });

  it("[RF-ROUTE-14d] [FC-ROUTE-7] [E.3.2] without a route is ESRCH", () => {
    const { socket } = setupRoutes();
    const seen = ask(socket, getRoute("198.51.100.1"));
    expect(types(seen)).toEqual([NLMSG.ERROR]);
    expect(errorOf(seen)).toBe(Errno.ESRCH);
  });

  it.each([
    [2, "fe80::/64", 2],
    [3, "fe80::/64", 3],
    [undefined, undefined, undefined],
  ])("[E.2] for a link-local address looks in the zone of OIF %s", (asked, prefix, oif) => {
    const { socket } = setupR({
      interfaces: [
        { name: "em0", up: true, addresses: ["fe80::a/64"] },
        { name: "em1", up: true, addresses: ["fe80::b/64"] },
      ],
    });
    const seen = ask(socket, getRoute("fe80::99", asked === undefined ? {} : { oif: asked }));
    expect(errorOf(seen)).toBe(asked === undefined ? Errno.ESRCH : 0);
    expect(routesIn(seen).map((route) => [route.prefix, route.oif])).toEqual(
      prefix === undefined ? [] : [[prefix, oif]],
    );
  });

  it("[E.3.2] of a family without a table is EAFNOSUPPORT", () => {
    const { socket } = setupRoutes();
    expect(errorOf(ask(socket, getRoute("10.1.2.3", { family: 18 })))).toBe(Errno.EAFNOSUPPORT);
    expect(errorOf(ask(socket, getRoute("10.1.2.3", { family: 0 })))).toBe(Errno.EAFNOSUPPORT);
  });

  it.each([
    ["net.fibs", 1],
    ["RT_TABLE_UNSPEC", UNSPEC_TABLE],
  ])("[E.2] in table %s is EINVAL with a text", (_, table) => {
    const { socket } = setupRoutes();
    const seen = ask(socket, getRoute("10.1.2.3", { table }));
    expect(ackOf(seen[0]).error).toBe(Errno.EINVAL);
    expect(ackOf(seen[0]).text).toMatch(/fib/);
  });

  it("[E.2] ignores rtm_table", () => {
    const { socket } = setupRoutes();
    expect(routesIn(ask(socket, getRoute("10.1.2.3", { headerTable: 254 })))).toHaveLength(1);
  });

  it("[E.3.2] does not look at OIF, SRC, MARK and UID", () => {
    const { socket } = setupRoutes();
    const extra = [attribute(RTA.SRC, ip("10.9.9.9")), attribute(RTA.MARK, u32(1)), attribute(RTA.UID, u32(1))];
    expect(routesIn(ask(socket, getRoute("10.1.2.3", { oif: 1, extra })))[0]?.prefix).toBe("10.1.0.0/16");
  });

  it("[RF-ROUTE-15a] [E.3.2] leaves the reply's type 24 in the request that the ack echoes", () => {
    const { socket } = setupRoutes();
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.CAP_ACK, 0);
    const [reply, ack] = ask(socket, getRoute("10.1.2.3", { seq: 7 }));
    expect([reply?.type, reply?.flags]).toEqual([RTM.NEWROUTE, NLM_F.REQUEST | NLM_F.ACK]);
    expect(numberAt(ackOf(ack).request, 4, 2)).toBe(RTM.NEWROUTE);
    expect(numberAt(ackOf(ack).request, 6, 2)).toBe(NLM_F.REQUEST | NLM_F.ACK);
    expect(numberAt(ackOf(ack).request, 8, 4)).toBe(7);
  });

  it("[E.3.2] that fails leaves type 26 in the ack", () => {
    const { socket } = setupRoutes();
    expect(numberAt(ackOf(ask(socket, getRoute("198.51.100.1"))[0]).request, 4, 2)).toBe(RTM.GETROUTE);
  });

  it("[E.3.2] without ACK gets the route alone", () => {
    const { socket } = setupRoutes();
    expect(types(ask(socket, getRoute("10.1.2.3", {}, "q")))).toEqual([RTM.NEWROUTE]);
  });
});

describe("a jail without a vnet", () => {
  it("[RF-ROUTE-16] [E.3.3] sees only host routes to its addresses, and a hidden route is ESRCH", () => {
    const { vnet, socket } = setupRoutes();
    added(socket, "10.1.2.3/32", { gateway: "192.0.2.254" });
    const jailed = openSocket(vnet, { cred: { jail: { vnet: false, addresses: ["192.0.2.1", "2001:db8::1"] } } });
    expect(dump(jailed, AF.INET).map((route) => route.prefix)).toEqual(["192.0.2.1/32"]);
    expect(dump(jailed, AF.UNSPEC).map((route) => route.prefix)).toEqual(["192.0.2.1/32", "2001:db8::1/128"]);
    expect(errorOf(ask(jailed, getRoute("10.1.2.3")))).toBe(Errno.ESRCH);
    expect(errorOf(ask(jailed, getRoute("10.1.2.4")))).toBe(Errno.ESRCH);
    expect(routesIn(ask(jailed, getRoute("192.0.2.1")))[0]?.prefix).toBe("192.0.2.1/32");
  });

  it("[E.3.3] without addresses sees nothing, and its dump ends well", () => {
    const { vnet } = setupRoutes();
    const jailed = openSocket(vnet, { cred: { jail: { vnet: false } } });
    expect(dump(jailed, AF.UNSPEC)).toEqual([]);
  });
});

describe("fibs", () => {
  const interfaces = [
    { name: "em0", fib: 1, up: true, addresses: ["192.0.2.2/24", "2001:db8::2/64"] },
    { name: "em1", fib: 2, up: true, addresses: ["192.0.2.3/24", "2001:db8::3/64"] },
  ];

  it.each([
    ["0.0.0.0/0", "192.0.2.1"],
    ["::/0", "2001:db8::1"],
  ])("[FB-90] the default route %s of each fib goes out by the fib's own interface", (prefix, gateway) => {
    const { socket } = setupR({ fibs: 3, interfaces });
    expect(added(socket, prefix, { gateway, table: 1 }).oif).toBe(2);
    expect(added(socket, prefix, { gateway, table: 2 }).oif).toBe(3);
    expect(errorOf(ask(socket, newRoute(prefix, { gateway })))).toBe(Errno.EINVAL);
  });

  it.each([
    ["192.0.2.2", "192.0.2.3", "192.0.2.0/24"],
    ["2001:db8::2", "2001:db8::3", "2001:db8::/64"],
  ])("[FB-91] the other fib's address is found by the network's route: %s, %s", (first, second, prefix) => {
    const { socket } = setupR({ fibs: 3, interfaces });
    expect(routesIn(ask(socket, getRoute(second, { table: 1 })))[0]).toMatchObject({
      prefix,
      oif: 2,
      rtFlags: RTF.PINNED,
    });
    expect(routesIn(ask(socket, getRoute(first, { table: 2 })))[0]).toMatchObject({
      prefix,
      oif: 3,
      rtFlags: RTF.PINNED,
    });
  });
});

describe("clients", () => {
  it("[FB-46] 1,000 acked IPv6 routes are all in the dump, which ends with DONE and no error", () => {
    const { socket } = setupRoutes();
    for (let n = 0; n < 1000; n++) {
      const prefix = `2001:db8:${(n + 0x100).toString(16)}::/65`;
      expect(errorOf(ask(socket, newRoute(prefix, { gateway: "2001:db8::2" })))).toBe(0);
    }
    const seen = ask(socket, dumpRequest(AF.INET6, {}, "qaD"));
    expect(doneOf(seen.at(-1))).toBe(0);
    expect(types(seen)).not.toContain(NLMSG.ERROR);
    expect(routesIn(seen).filter((route) => route.prefix.endsWith("/65"))).toHaveLength(1000);
  });

  it("[FC-ROUTE-9] a flush deletes gateway routes on a second socket while it reads the dump, which is not disturbed", () => {
    const { socket, vnet } = setupRoutes();
    for (let n = 0; n < 1000; n++) ask(socket, newRoute(`10.64.${n >> 8}.${n & 255}/32`, { gateway: "192.0.2.254" }));
    const kept = dump(socket, AF.INET).filter((route) => route.gateway === undefined);
    const expected = dump(socket, AF.INET).map((route) => route.prefix);
    const deleting = openSocket(vnet);
    socket.send(dumpRequest(AF.INET, { table: 0 }, "qaD"));
    const read: string[] = [];
    const into = new Uint8Array(76);
    for (let isDone = false; !isDone; ) {
      const length = socket.recv(into);
      const message = {
        length,
        type: numberAt(into, 4, 2),
        flags: 0,
        seq: 0,
        pid: 0,
        bytes: into,
        body: into.slice(16, length),
      };
      isDone = message.type === NLMSG.DONE;
      if (isDone) continue;
      const route = routeOf(message);
      read.push(route.prefix);
      if (route.rtFlags & RTF.GATEWAY) expect(errorOf(ask(deleting, delRoute(route.prefix, { table: 0 })))).toBe(0);
    }
    expect(read).toEqual(expected);
    expect(dump(socket, AF.INET).map((route) => route.prefix)).toEqual(kept.map((route) => route.prefix));
    expect(drain(socket)).toEqual([]);
    expect(vnet.check()).toBe(0);
  });
});
