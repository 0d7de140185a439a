import { describe, expect, it } from "vitest";
import { Client } from "../../host/client/client.js";
import { attribute, F, find, join, MACHINE, machine, type Program, request, u32 } from "./program.js";
import {
  ADD,
  APPEND,
  deletion,
  dev,
  dumped,
  INET,
  INET6,
  ip,
  listed,
  metric,
  path,
  paths,
  RTA,
  RTM,
  refused,
  route,
  rtmsg,
  via,
} from "./routes.js";

const add = (program: Program, ...parts: readonly Uint8Array[]) => {
  expect(program.change(RTM.NEWROUTE, ADD, ...parts)).toBe(0);
};
const del = (program: Program, ...parts: readonly Uint8Array[]) => program.change(RTM.DELROUTE, 0, ...parts);

describe("E7.5 RTM_DELROUTE: what is left out stands for anything", () => {
  const full = (program: Program) =>
    add(
      program,
      ...route("10.1.0.0/16", { protocol: 17, scope: 0 }),
      via("198.51.100.2"),
      metric(5),
      attribute(RTA.PREFSRC, ip("198.51.100.1")),
    );

  it.each([
    ["nothing", {}, [], 0],
    ["the protocol", { protocol: 17 }, [], 0],
    ["another protocol", { protocol: 3 }, [], -3],
    ["the type", { type: 1 }, [], 0],
    ["another type", { type: 6 }, [], -3],
    ["scope universe", { scope: 0 }, [], 0],
    ["scope link", { scope: 253 }, [], -3],
    ["the gateway", {}, [via("198.51.100.2")], 0],
    ["another gateway", {}, [via("198.51.100.200")], -3],
    ["the interface", {}, [dev(2)], 0],
    ["another interface", {}, [dev(3)], -3],
    ["an interface that is not there", {}, [dev(77)], -3],
    ["the metric", {}, [metric(5)], 0],
    ["another metric", {}, [metric(6)], -3],
    ["the source", {}, [attribute(RTA.PREFSRC, ip("198.51.100.1"))], 0],
    ["another source", {}, [attribute(RTA.PREFSRC, ip("127.0.0.1"))], -3],
    ["a nexthop object", {}, [attribute(RTA.NH_ID, u32(1))], -3],
    ["tos", { tos: 16 }, [], -3],
    ["a source prefix", { srcBits: 8 }, [], -3],
  ])("%s", (_, fields, more, errno) => {
    const { program } = machine();
    full(program);
    expect(del(program, ...deletion("10.1.0.0/16", fields), ...more)).toBe(errno);
    expect(listed(program, "10.1.0.0/16") === undefined).toBe(errno === 0);
  });

  it("what is not there is ESRCH, host bits EINVAL, IPv6's are cut off", () => {
    const { program } = machine();
    add(program, ...route("2001:db8:1::/48"), via("2001:db8::2"));
    expect(refused(program, RTM.DELROUTE, 0, ...deletion("10.99.0.0/16"))).toEqual([3, ""]);
    expect(refused(program, RTM.DELROUTE, 0, ...deletion("10.99.0.1/16"))).toEqual([
      22,
      "Invalid prefix for given prefix length",
    ]);
    expect(del(program, ...deletion("2001:db8:1::77/48"))).toBe(0);
  });

  it.each([
    [INET, "10.0.0.0/8", "ipv4: FIB table does not exist"],
    [INET6, "2001:db8:1::/48", "ipv6: FIB table does not exist"],
  ])("a table that is not there is ESRCH, family %i", (_, prefix, text) => {
    const { program } = machine();
    expect(refused(program, RTM.DELROUTE, 0, ...deletion(prefix, { table: 100 }))).toEqual([3, text]);
    expect(refused(program, RTM.DELROUTE, 0, ...deletion(prefix, { table: 253 }))).toEqual([3, text]);
  });

  it("E4.4 an interface's route cannot go, an own address's is not there", () => {
    const { program } = machine();
    expect(refused(program, RTM.DELROUTE, 0, ...deletion("198.51.100.0/24"))).toEqual([
      98,
      "Interface route cannot be deleted",
    ]);
    expect(refused(program, RTM.DELROUTE, 0, ...deletion("198.51.100.1/32"))).toEqual([3, ""]);
  });

  it("table 255 takes what it has, and keeps it", () => {
    const { program } = machine();
    expect(del(program, ...deletion("198.51.100.1/32", { table: 255 }))).toBe(0);
    expect(del(program, ...deletion("198.51.100.1/32", { table: 255, type: 3 }))).toBe(-3);
    expect(del(program, ...deletion("198.51.100.9/32", { table: 255 }))).toBe(-3);
    expect(listed(program, "198.51.100.1/32", 255)).toBeDefined();
  });
});

describe("E7.5 RTM_DELROUTE of several paths", () => {
  const multipath = (program: Program, prefix: string, ...gateways: string[]) =>
    add(program, ...route(prefix), paths(...gateways.map((gateway) => path(gateway))));

  it("IPv4: a gateway means the first path, and then all of it, as recorded", () => {
    const { program } = machine();
    multipath(program, "10.1.0.0/16", "198.51.100.2", "198.51.100.3");
    expect(del(program, ...deletion("10.1.0.0/16"), via("198.51.100.3"))).toBe(-3);
    expect(del(program, ...deletion("10.1.0.0/16"), via("198.51.100.2"))).toBe(0);
    expect(listed(program, "10.1.0.0/16")).toBeUndefined();
  });

  const appended = (program: Program) => {
    add(program, ...route("10.1.0.0/16"), via("198.51.100.2"));
    for (const gateway of ["198.51.100.3", "198.51.100.4"]) {
      expect(program.change(RTM.NEWROUTE, APPEND, ...route("10.1.0.0/16"), via(gateway))).toBe(0);
    }
  };
  const gateways = (program: Program) => {
    const attributes = listed(program, "10.1.0.0/16")?.attributes ?? [];
    const several = find(attributes, RTA.MULTIPATH);
    const only = find(attributes, RTA.GATEWAY);
    return several === undefined ? [only?.at(-1)] : [11, 27, 43].map((at) => several[at + 4]).filter(Boolean);
  };

  it("IPv4, appended one by one: each goes alone, as the route that it is on Linux", () => {
    const { program } = machine();
    appended(program);
    expect(gateways(program)).toEqual([2, 3, 4]);
    expect(del(program, ...deletion("10.1.0.0/16"), via("198.51.100.3"))).toBe(0);
    expect(gateways(program)).toEqual([2, 4]);
    expect(del(program, ...deletion("10.1.0.0/16"), via("198.51.100.3"))).toBe(-3);
    expect(del(program, ...deletion("10.1.0.0/16"))).toBe(0);
    expect(gateways(program)).toEqual([4]);
    expect(del(program, ...deletion("10.1.0.0/16"))).toBe(0);
    expect(listed(program, "10.1.0.0/16")).toBeUndefined();
  });

  it("IPv4, replaced by a route of several paths: one route again", () => {
    const { program } = machine();
    appended(program);
    const both = paths(path("198.51.100.5"), path("198.51.100.6"));
    expect(program.change(RTM.NEWROUTE, F.CREATE | F.REPLACE, ...route("10.1.0.0/16"), both)).toBe(0);
    expect(del(program, ...deletion("10.1.0.0/16"), via("198.51.100.6"))).toBe(-3);
    expect(del(program, ...deletion("10.1.0.0/16"))).toBe(0);
    expect(listed(program, "10.1.0.0/16")).toBeUndefined();
  });

  it("IPv6: a gateway means its path alone, as recorded", () => {
    const { program } = machine();
    multipath(program, "2001:db8:1::/48", "2001:db8::2", "2001:db8::3");
    expect(del(program, ...deletion("2001:db8:1::/48"), via("2001:db8::4"))).toBe(-3);
    expect(del(program, ...deletion("2001:db8:1::/48"), via("2001:db8::3"))).toBe(0);
    expect(find(listed(program, "2001:db8:1::/48")?.attributes ?? [], RTA.GATEWAY)).toEqual(ip("2001:db8::2"));
  });

  it("IPv6: an interface alone means all paths", () => {
    const { program } = machine();
    multipath(program, "2001:db8:1::/48", "2001:db8::2", "2001:db8::3");
    expect(del(program, ...deletion("2001:db8:1::/48"), dev(3))).toBe(-3);
    expect(del(program, ...deletion("2001:db8:1::/48"), dev(2))).toBe(0);
    expect(listed(program, "2001:db8:1::/48")).toBeUndefined();
  });

  it.each([
    ["the same", ["198.51.100.2", "198.51.100.3"], 0],
    ["fewer", ["198.51.100.2"], -3],
    ["others", ["198.51.100.2", "198.51.100.4"], -3],
  ])("RTA_MULTIPATH with %s paths", (_, gateways, errno) => {
    const { program } = machine();
    multipath(program, "10.1.0.0/16", "198.51.100.2", "198.51.100.3");
    const asked = paths(...gateways.map((gateway) => path(gateway, { index: 2 })));
    expect(del(program, ...deletion("10.1.0.0/16"), asked)).toBe(errno);
  });

  it("of a native program's group too", () => {
    const { program, vnet } = machine();
    const client = new Client(vnet.socket());
    client.routeAdd("10.1.0.0/16", {
      multipath: [{ gateway: "198.51.100.2" }, { gateway: "198.51.100.3", weight: 3 }],
    });
    const asked = paths(path("198.51.100.2"), path("198.51.100.3"));
    expect(del(program, ...deletion("10.1.0.0/16"), asked)).toBe(0);
  });
});

describe("C3 flush: what a dump showed, sent back as RTM_DELROUTE without NLM_F_ACK", () => {
  it("takes away all but the kernel's, with what is left as the answer", () => {
    const { program } = machine();
    add(program, rtmsg(INET, { table: 254, protocol: 3, type: 1 }), via("198.51.100.254"));
    add(program, ...route("10.1.0.0/16"), via("198.51.100.2"), metric(50));
    add(program, ...route("10.2.0.0/16", { type: 7 }));
    add(program, ...route("10.3.0.0/16"), paths(path("198.51.100.2"), path("198.51.100.3", { hops: 2 })));
    add(program, ...route("10.4.0.0/16", { scope: 253 }), dev(2), attribute(RTA.PREFSRC, ip("198.51.100.1")));
    add(program, ...route("2001:db8:1::/48"), via("fe80::2"), dev(2));
    add(program, ...route("2001:db8:2::/48"), paths(path("2001:db8::2"), path("2001:db8::3")));
    add(program, ...route("2001:db8:3::/48", { type: 6 }));
    const shown = [...dumped(program, INET), ...dumped(program, INET6)].filter(({ protocol }) => protocol !== 2);
    expect(shown).toHaveLength(8);
    const batch = shown.map(({ message }, i) => request(RTM.DELROUTE, F.REQUEST, i + 1, message.body));
    program.socket.send(join(...batch));
    expect(program.messages()).toEqual([]);
    for (const family of [INET, INET6]) {
      expect(dumped(program, family).map(({ protocol }) => protocol)).not.toContain(3);
    }
  });

  it("an error comes without having been asked for", () => {
    const { program } = machine();
    const [kernels] = dumped(program, INET);
    program.socket.send(request(RTM.DELROUTE, F.REQUEST, 1, kernels?.message.body as Uint8Array));
    expect(program.messages().map(({ type }) => type)).toEqual([2]);
  });

  it("of another table", () => {
    const { program } = machine({ ...MACHINE, fibs: 3 });
    for (const table of [1, 1000]) {
      add(program, ...route("10.1.0.0/16", { table: 0, type: 8 }), attribute(RTA.TABLE, u32(table)));
      const shown = listed(program, "10.1.0.0/16", table);
      program.socket.send(request(RTM.DELROUTE, F.REQUEST, 1, shown?.message.body as Uint8Array));
      expect(program.messages()).toEqual([]);
      expect(listed(program, "10.1.0.0/16", table)).toBeUndefined();
    }
  });
});
