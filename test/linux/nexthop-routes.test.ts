// What follows from a change of a nexthop: routes, groups, and what Linux programs are told of it.

import { describe, expect, it } from "vitest";
import { Client } from "../../host/client/client.js";
import type { LinuxAbiOptions } from "../../host/linux/abi.js";
import {
  ADD,
  addGateway,
  addGroup,
  blackhole,
  dump,
  EM0,
  EM1,
  gateway,
  group,
  INET,
  INET6,
  id,
  idOf,
  ip4,
  ip6,
  membersOf,
  NEXTHOP_GROUP,
  nhmsg,
  oif,
  REPLACE,
  RTM,
  remove,
} from "./nexthops.js";
import {
  attribute,
  errorOf,
  F,
  MACHINE,
  type Message,
  machine,
  openProgram,
  type Program,
  u32,
  withTexts,
} from "./program.js";
import { listed, metric, RTM as ROUTE, RTA, route, type Shown, word } from "./routes.js";

const IPV4_ROUTE = 1 << 6;

function world(options: LinuxAbiOptions = {}) {
  const made = withTexts(options);
  const { program, abi, vnet } = made;
  for (const number of [1, 2, 3]) addGateway(program, number, ip4(10 + number));
  addGateway(program, 6, ip6(0x16));
  const watcher = openProgram(abi, vnet, 77);
  watcher.socket.bind(0, NEXTHOP_GROUP);
  return { ...made, watcher, native: new Client(vnet.socket()) };
}

/** Where the kernel's routes of 10/8 and 2001:db8:…/48 lead. */
function routes(native: Client): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const each of native.routes()) {
    const prefix = `${each.destination}/${each.destinationLength}`;
    if (!/^10\.|^2001:db8:[1-9]/.test(prefix)) continue;
    const path = each.multipath?.map((hop) => `${hop.gateway ?? hop.via}*${hop.weight}`).join(" ");
    const single = each.gateway ?? each.via ?? (each.type === 6 ? "blackhole" : `dev ${each.oif}`);
    shown[prefix] = `${path ?? single}${each.nexthopId === undefined ? "" : ` nhid ${each.nexthopId}`}`;
  }
  return shown;
}

/** A route of a Linux program. */
function addThrough(program: Program, prefix: string, nexthop: number, ...parts: Uint8Array[]): number {
  return program.change(ROUTE.NEWROUTE, ADD, ...route(prefix), attribute(RTA.NH_ID, u32(nexthop)), ...parts);
}

function told(watcher: Program): [number, number, number][] {
  return watcher.messages().map((event) => [event.type, event.flags, idOf(event)]);
}

describe("[E9.3] replacing a nexthop", () => {
  it("[RF-LINUX-57] takes the routes along, in every fib and family, and is told once", () => {
    const { program, native, watcher } = world();
    native.routeAdd("10.1.0.0/16", { nexthopId: 1 });
    native.routeAdd("10.2.0.0/16", { gateway: "198.51.100.11" });
    native.routeAdd("2001:db8:6::/48", { nexthopId: 6 });
    expect(addGateway(program, 1, ip4(77), REPLACE)).toBe(0);
    expect(addGateway(program, 6, ip6(0x77), REPLACE)).toBe(0);
    expect(routes(native)).toEqual({
      "10.1.0.0/16": "198.51.100.77 nhid 1",
      "10.2.0.0/16": "198.51.100.11",
      "2001:db8:6::/48": "2001:db8::77 nhid 6",
    });
    expect(told(watcher)).toEqual([
      [RTM.NEWNEXTHOP, F.REQUEST | F.ACK | REPLACE, 1],
      [RTM.NEWNEXTHOP, F.REQUEST | F.ACK | REPLACE, 6],
    ]);
  });

  it("in every fib", () => {
    const { program, vnet } = machine({ ...MACHINE, fibs: 3 });
    const native = new Client(vnet.socket());
    addGateway(program, 1, ip4(11));
    const fibs = [0, 1, 2];
    for (const fib of fibs) native.routeAdd("10.1.0.0/16", { nexthopId: 1, fib });
    addGateway(program, 1, ip4(77), REPLACE);
    const gateways = () =>
      fibs.map((fib) => native.routes({ fib }).find((each) => each.destination === "10.1.0.0")?.gateway);
    expect(gateways()).toEqual(["198.51.100.77", "198.51.100.77", "198.51.100.77"]);
    remove(program, 1);
    expect(gateways()).toEqual([undefined, undefined, undefined]);
  });

  it("also of routes that came after another nexthop was looked for", () => {
    const { program, native } = world();
    remove(program, 3);
    native.routeAdd("10.1.0.0/16", { nexthopId: 1 });
    addGateway(program, 1, ip4(77), REPLACE);
    native.routeAdd("10.2.0.0/16", { nexthopId: 1 });
    remove(program, 1);
    expect(routes(native)).toEqual({});
  });

  it("takes groups along, and their routes; nobody is told of the groups", () => {
    const { program, native, watcher } = world();
    addGroup(program, 10, [1, 0], [2, 1]);
    addGroup(program, 11, [2, 0], [3, 0]);
    watcher.messages();
    native.routeAdd("10.1.0.0/16", { nexthopId: 10 });
    native.routeAdd("10.2.0.0/16", { nexthopId: 11 });
    addGateway(program, 1, ip4(77), REPLACE);
    expect(routes(native)["10.1.0.0/16"]?.split(" ").slice(0, 2).sort()).toEqual([
      "198.51.100.12*2",
      "198.51.100.77*1",
    ]);
    expect(routes(native)["10.2.0.0/16"]).toBe("198.51.100.12*1 198.51.100.13*1 nhid 11");
    expect(told(watcher).map(([, , number]) => number)).toEqual([1]);
    expect(dump(program).map(idOf)).toEqual([1, 2, 3, 6, 10, 11]);
  });

  it("a group by another one", () => {
    const { program, native } = world();
    addGroup(program, 10, [1, 0], [2, 0]);
    native.routeAdd("10.1.0.0/16", { nexthopId: 10 });
    expect(program.change(RTM.NEWNEXTHOP, REPLACE, nhmsg(), id(10), group([2, 0], [3, 2]))).toBe(0);
    expect(routes(native)["10.1.0.0/16"]).toBe("198.51.100.12*1 198.51.100.13*3 nhid 10");
  });

  it("by its equal is success, and is told", () => {
    const { program, native, watcher } = world();
    native.routeAdd("10.1.0.0/16", { nexthopId: 1 });
    expect(addGateway(program, 1, ip4(11), REPLACE)).toBe(0);
    expect(told(watcher)).toEqual([[RTM.NEWNEXTHOP, F.REQUEST | F.ACK | REPLACE, 1]]);
  });

  it("by one of the layer's own, and back: the route becomes what it stands for, and keeps what was said of it", () => {
    const { program, native } = world();
    expect(addThrough(program, "10.1.0.0/16", 1, metric(20))).toBe(0);
    const shown = () => {
      const found = listed(program, "10.1.0.0/16");
      const [id, priority] = [RTA.NH_ID, RTA.PRIORITY].map((type) => word(found as Shown, type));
      return [routes(native)["10.1.0.0/16"], found?.message.body[7], found?.protocol, id, priority];
    };
    const replace = (...parts: Uint8Array[]) => program.change(RTM.NEWNEXTHOP, REPLACE, nhmsg(INET), id(1), ...parts);
    expect(shown()).toEqual(["198.51.100.11 nhid 1", 1, 3, 1, 20]);
    expect(replace(oif(EM1))).toBe(0);
    expect(shown()).toEqual([`dev ${EM1}`, 1, 3, 1, 20]);
    expect(replace(blackhole)).toBe(0);
    expect(shown()).toEqual(["blackhole", 6, 3, 1, 20]);
    expect(addGateway(program, 1, ip4(9), REPLACE)).toBe(0);
    expect(shown()).toEqual(["198.51.100.9 nhid 1", 1, 3, 1, 20]);
  });

  it("a route of IPv4 through an IPv6 nexthop has its path, and shows the id", () => {
    const { program, native } = world();
    expect(addThrough(program, "10.6.0.0/16", 6)).toBe(0);
    native.routeAdd("10.1.0.0/16", { nexthopId: 1 });
    expect(addGateway(program, 1, ip6(9), REPLACE)).toBe(0);
    expect(routes(native)).toEqual({ "10.1.0.0/16": "2001:db8::9", "10.6.0.0/16": "2001:db8::16" });
    for (const [prefix, id] of [
      ["10.1.0.0/16", 1],
      ["10.6.0.0/16", 6],
    ] as const) {
      expect(word(listed(program, prefix) as Shown, RTA.NH_ID)).toBe(id);
    }
  });

  it("is told of its routes as replaced, with the port of who asked", () => {
    const { program, watcher } = world();
    addGroup(program, 10, [1, 0], [2, 0]);
    addThrough(program, "10.1.0.0/16", 1);
    addThrough(program, "10.2.0.0/16", 10);
    addThrough(program, "10.3.0.0/16", 2);
    watcher.messages();
    watcher.socket.bind(77, NEXTHOP_GROUP | IPV4_ROUTE);
    addGateway(program, 1, ip4(77), REPLACE);
    const events = watcher.messages();
    expect(events.map(({ type, flags, pid }) => [type, flags, pid])).toEqual([
      [RTM.NEWNEXTHOP, F.REQUEST | F.ACK | REPLACE, 2125],
      [ROUTE.NEWROUTE, F.REPLACE, 2125],
      [ROUTE.NEWROUTE, F.REPLACE, 2125],
    ]);
    remove(program, 1);
    expect(watcher.messages().map(({ type }) => type)).toEqual([RTM.DELNEXTHOP, RTM.NEWNEXTHOP]);
  });

  it.each<[string, Uint8Array[], string]>([
    [
      "a group by a nexthop (linux-iproute2-c-79)",
      [nhmsg(INET), id(10), gateway(ip4(9)), oif(EM0)],
      "Can not replace a nexthop group with a nexthop.",
    ],
    ["a nexthop by a group", [nhmsg(), id(3), group([1, 0])], "Can not replace a nexthop with a nexthop group."],
    [
      "a member of a group by a blackhole",
      [nhmsg(INET), id(1), blackhole],
      "Blackhole nexthop can not be a member of a group with more than one path",
    ],
    [
      "one that IPv6 routes use by one of IPv4",
      [nhmsg(INET), id(6), gateway(ip4(9)), oif(EM0)],
      "IPv6 routes can not use an IPv4 nexthop",
    ],
    [
      "a path of several by one without gateway, which the kernel has not",
      [nhmsg(INET), id(1), oif(EM0)],
      "Nexthop without gateway not supported",
    ],
  ])("EINVAL: %s; all stays as it was", (_, parts, text) => {
    const { program, native, watcher } = world();
    addGroup(program, 10, [1, 0], [2, 0]);
    native.routeAdd("10.1.0.0/16", { nexthopId: 10 });
    native.routeAdd("2001:db8:6::/48", { nexthopId: 6 });
    watcher.messages();
    const [before, shown] = [routes(native), dump(program).map(({ body }) => [...body])];
    expect(errorOf(program.ask(RTM.NEWNEXTHOP, F.REQUEST | F.ACK | REPLACE, ...parts))).toEqual({ errno: -22, text });
    expect(routes(native)).toEqual(before);
    expect(dump(program).map(({ body }) => [...body])).toEqual(shown);
    expect(watcher.messages()).toEqual([]);
  });

  it("what the kernel refuses leaves the old one", () => {
    const { program, native } = world();
    native.routeAdd("10.1.0.0/16", { nexthopId: 1 });
    // em1 has no IPv4 address, which the kernel needs one of; ONLINK spares the layer's own check.
    const parts = [nhmsg(INET, 0, 4), id(1), gateway(ip4(9)), oif(EM1)];
    expect(program.change(RTM.NEWNEXTHOP, REPLACE, ...parts)).toBe(-22);
    expect(routes(native)["10.1.0.0/16"]).toBe("198.51.100.11 nhid 1");
    expect(
      native
        .nexthops()
        .map((each) => each.id)
        .sort(),
    ).toEqual([1, 2, 3, 6]);
  });
});

describe("[E9.4] deleting a nexthop", () => {
  it("[RF-LINUX-57] its routes go without a word", () => {
    const { program, native, watcher } = world();
    native.routeAdd("10.1.0.0/16", { nexthopId: 1 });
    native.routeAdd("10.2.0.0/16", { nexthopId: 2 });
    program.change(RTM.NEWNEXTHOP, ADD, nhmsg(INET), id(31), blackhole);
    expect(addThrough(program, "10.31.0.0/16", 31)).toBe(0);
    expect(routes(native)["10.31.0.0/16"]).toBe("blackhole");
    watcher.messages();
    expect(remove(program, 1)).toBe(0);
    expect(remove(program, 31)).toBe(0);
    expect(remove(program, 31)).toBe(-2);
    expect(routes(native)).toEqual({ "10.2.0.0/16": "198.51.100.12 nhid 2" });
    expect(told(watcher)).toEqual([
      [RTM.DELNEXTHOP, F.REQUEST | F.ACK, 1],
      [RTM.DELNEXTHOP, F.REQUEST | F.ACK, 31],
    ]);
  });

  it("groups lose it, the newest first, and their members' routes stay", () => {
    const { program, native, watcher } = world();
    addGroup(program, 10, [1, 0], [2, 1]);
    addGroup(program, 11, [2, 0], [3, 0]);
    addGroup(program, 12, [2, 0]);
    native.routeAdd("10.1.0.0/16", { nexthopId: 10 });
    native.routeAdd("10.2.0.0/16", { nexthopId: 12 });
    watcher.messages();
    remove(program, 2);
    const events = watcher.messages();
    expect(events.map((event) => [event.type, idOf(event)])).toEqual([
      [RTM.DELNEXTHOP, 2],
      [RTM.DELNEXTHOP, 12],
      [RTM.NEWNEXTHOP, 11],
      [RTM.NEWNEXTHOP, 10],
    ]);
    expect(events.map(membersOf)).toEqual([[], [[2, 0]], [[3, 0]], [[1, 0]]]);
    expect(events.every(({ flags }) => flags === (F.REQUEST | F.ACK))).toBe(true);
    expect(routes(native)).toEqual({ "10.1.0.0/16": "198.51.100.11*1 nhid 10" });
    expect(dump(program).map(idOf)).toEqual([1, 3, 6, 10, 11]);
  });

  it("a group of the layer's own loses a member too, and may be the kernel's then", () => {
    const { program, native } = world();
    program.change(RTM.NEWNEXTHOP, ADD, nhmsg(INET), id(4), oif(EM1));
    addGroup(program, 10, [1, 0], [4, 0]);
    expect(native.nexthops().some((each) => each.id === 10)).toBe(false);
    remove(program, 4);
    expect(native.nexthops().some((each) => each.id === 10)).toBe(true);
    expect(membersOf(dump(program).find((each) => idOf(each) === 10) as Message)).toEqual([[1, 0]]);
  });

  it("a switch leaves routes and groups as the kernel does", () => {
    const { program, native } = world({ nexthopRemoval: "plain" });
    addGroup(program, 10, [1, 0], [2, 0]);
    native.routeAdd("10.1.0.0/16", { nexthopId: 1 });
    expect(remove(program, 1)).toBe(0);
    expect(routes(native)).toEqual({ "10.1.0.0/16": "198.51.100.11 nhid 1" });
    expect(membersOf(dump(program).find((each) => idOf(each) === 10) as Message)).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });

  it("ip nexthop flush: groups first, then the others, each by its id", () => {
    const { program } = world();
    addGroup(program, 10, [1, 0], [2, 0]);
    for (const message of dump(program, nhmsg(), new Uint8Array([4, 0, 9, 0])))
      expect(remove(program, idOf(message))).toBe(0);
    for (const message of dump(program)) expect(remove(program, idOf(message))).toBe(0);
    expect(dump(program)).toEqual([]);
  });
});

describe("an interface goes down", () => {
  it("its nexthops go without a word, blackholes stay (linux-iproute2-c-114)", () => {
    const { program, native, watcher, vnet } = world();
    vnet.addressAdd("em1", "203.0.113.1/24");
    program.change(RTM.NEWNEXTHOP, ADD, nhmsg(INET), id(31), blackhole);
    program.change(RTM.NEWNEXTHOP, ADD, nhmsg(INET6), id(32), oif(EM0));
    program.change(RTM.NEWNEXTHOP, ADD, nhmsg(INET), id(33), oif(EM1));
    addGroup(program, 10, [1, 0], [2, 0]);
    native.routeAdd("10.1.0.0/16", { nexthopId: 10 });
    watcher.messages();
    vnet.interfaceDown("em0");
    expect(dump(program).map(idOf)).toEqual([31, 33]);
    expect(watcher.messages()).toEqual([]);
    expect(routes(native)).toEqual({});
    expect(native.nexthops()).toEqual([]);
  });

  it("loses its carrier, or leaves: the same", () => {
    for (const end of ["carrier", "departure"]) {
      const { program, vnet, watcher } = world();
      if (end === "carrier") vnet.interfaceSet("em0", { carrier: false });
      else vnet.interfaceDetach("em0");
      expect(dump(program).map(idOf)).toEqual([]);
      expect(watcher.messages()).toEqual([]);
    }
  });

  it("changes otherwise: they stay", () => {
    const { program, vnet } = world();
    vnet.interfaceSet("em0", { mtu: 1400 });
    vnet.interfaceDown("em1");
    expect(dump(program).map(idOf)).toEqual([1, 2, 3, 6]);
  });
});
