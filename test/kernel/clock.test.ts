import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { RTF, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { type BootOptions, type InterfaceOptions, Kernel } from "../../host/kernel/kernel.js";
import { added, dump, find, newRoute, routeTo } from "../route/routes.js";
import { ask, codeOf, drain, errorOf } from "../support/messages.js";
import { monitor, openSocket, setupE, setupE6, setupR } from "../support/setups.js";

const GATEWAY = "192.0.2.254";

describe("the clock", () => {
  it("stands still between two calls of advance, whatever else is done", () => {
    const { kernel, socket } = setupE();
    const { uptime, wallClock } = kernel;
    for (let i = 0; i < 100; i++) dump(socket, AF.UNSPEC);
    kernel.runUntilIdle();
    expect([kernel.uptime, kernel.wallClock]).toEqual([uptime, wallClock]);
  });

  it("begins at the wall clock asked for, and by default on 2026-01-01", () => {
    expect(Kernel.boot({ wallClock: 1_000_000_000 }).wallClock).toBe(1_000_000_000);
    expect(Kernel.boot({ wallClock: 1 }).wallClock).toBe(1);
    expect(Kernel.boot({ wallClock: 0xffffffff }).wallClock).toBe(0xffffffff);
    expect(Kernel.boot().wallClock).toBe(Date.UTC(2026, 0, 1) / 1000);
  });

  it("moves by milliseconds; the wall clock shows whole seconds", () => {
    const { kernel } = setupR({ wallClock: 5000 });
    const start = kernel.uptime;
    kernel.advance(999);
    expect([kernel.uptime - start, kernel.wallClock]).toEqual([999, 5000]);
    kernel.advance(1);
    expect([kernel.uptime - start, kernel.wallClock]).toEqual([1000, 5001]);
    kernel.advance(0);
    expect(kernel.uptime - start).toBe(1000);
  });

  it("takes steps of more than 2^32 milliseconds", () => {
    const { kernel } = setupR({ wallClock: 5000 });
    const start = kernel.uptime;
    kernel.advance(2 ** 32 + 1234);
    expect(kernel.uptime - start).toBe(2 ** 32 + 1234);
    expect(kernel.wallClock).toBe(5000 + Math.floor((2 ** 32 + 1234) / 1000));
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    "refuses to advance by %d, naming it",
    (milliseconds) => {
      const { kernel } = setupR();
      const { uptime } = kernel;
      expect(() => kernel.advance(milliseconds)).toThrow(RangeError);
      expect(() => kernel.advance(milliseconds)).toThrow(`advance: ${milliseconds}`);
      expect(kernel.uptime).toBe(uptime);
    },
  );

  it("is one for all vnets, for those made later too", () => {
    const { kernel, socket } = setupE();
    kernel.advance(12_345);
    const vnet = kernel.vnetCreate("later", { interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24"] }] });
    const expires = kernel.wallClock + 60;
    const other = openSocket(vnet);
    for (const each of [socket, other]) added(each, "10.1.0.0/16", { gateway: GATEWAY, expires });
    expect([socket, other].map((each) => routeTo(each, "10.1.0.0/16").expires)).toEqual([60, 60]);
    kernel.advance(20_000);
    expect([socket, other].map((each) => routeTo(each, "10.1.0.0/16").expires)).toEqual([40, 40]);
    kernel.advance(40_000);
    expect([socket, other].map((each) => find(each, "10.1.0.0/16"))).toEqual([undefined, undefined]);
  });
});

describe("routes that expire", () => {
  it("[E.1.2] [E.4.2] RTA_EXPIRES is an absolute second going in and the remaining ones coming out", () => {
    const { kernel, socket } = setupE({ wallClock: 1_700_000_000 });
    expect(added(socket, "10.1.0.0/16", { gateway: GATEWAY, expires: 1_700_000_100 }).expires).toBe(100);
    kernel.advance(1000);
    expect(routeTo(socket, "10.1.0.0/16").expires).toBe(99);
    kernel.advance(98_000);
    expect(routeTo(socket, "10.1.0.0/16").expires).toBe(1);
  });

  it("[E.7.3] goes when its second has come, not before, and without a message", () => {
    const { kernel, vnet, socket } = setupE();
    added(socket, "10.1.0.0/16", { gateway: GATEWAY, expires: kernel.wallClock + 10 });
    const group = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    kernel.advance(9_999);
    expect(find(socket, "10.1.0.0/16")?.gateway).toBe(GATEWAY);
    kernel.advance(1);
    expect(find(socket, "10.1.0.0/16")).toBeUndefined();
    expect(drain(group)).toEqual([]);
    expect(vnet.check()).toBe(0);
  });

  it("[E.7.3] [E.4.2] each at its own time, of both families, in one step or in many", () => {
    const seconds = [30, 10, 20, 10, 40, 1];
    const remaining = (elapsed: number, steps: number): string[] => {
      const { kernel, socket } = setupR({
        interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] }],
      });
      seconds.forEach((each, i) => {
        const expires = kernel.wallClock + each;
        added(socket, `10.${i}.0.0/16`, { gateway: GATEWAY, expires });
        added(socket, `2001:db8:${i + 1}::/48`, { gateway: "2001:db8::9", expires });
      });
      for (let i = 0; i < steps; i++) kernel.advance((elapsed * 1000) / steps);
      const left = dump(socket, AF.UNSPEC).filter((route) => route.expires !== undefined);
      return left.map((route) => `${route.prefix} ${route.expires}`);
    };
    for (const elapsed of [1, 9, 10, 25, 39, 40]) {
      const survivors = seconds.flatMap((each, i) => (each > elapsed ? [[i, each - elapsed] as const] : []));
      const expected = [
        ...survivors.map(([i, left]) => `10.${i}.0.0/16 ${left}`),
        ...survivors.map(([i, left]) => `2001:db8:${i + 1}::/48 ${left}`),
      ];
      expect(remaining(elapsed, 1)).toEqual(expected);
      expect(remaining(elapsed, 10)).toEqual(expected);
    }
  });

  it("[E.5] a route that is replaced by one without expiry stays; by a later one, as long as that says", () => {
    const { kernel, socket } = setupE();
    const expires = kernel.wallClock + 10;
    for (const prefix of ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"]) {
      added(socket, prefix, { gateway: GATEWAY, expires });
    }
    const replace = (prefix: string, fields: { expires?: number }): void => {
      expect(errorOf(ask(socket, newRoute(prefix, { gateway: GATEWAY, ...fields }, "qaP")))).toBe(0);
    };
    replace("10.1.0.0/16", {});
    replace("10.2.0.0/16", { expires: expires + 10 });
    kernel.advance(10_000);
    expect(["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"].map((prefix) => find(socket, prefix)?.expires)).toEqual([
      undefined,
      10,
      undefined,
    ]);
    expect(find(socket, "10.1.0.0/16")).toBeDefined();
    expect(find(socket, "10.3.0.0/16")).toBeUndefined();
    kernel.advance(10_000);
    expect(find(socket, "10.2.0.0/16")).toBeUndefined();
  });

  it("[E.7.3] the prefix can be taken again afterwards, and nothing of the old route is left", () => {
    const { kernel, vnet, socket } = setupE();
    const before = vnet.statistics();
    const cycle = (): void => {
      for (let i = 0; i < 200; i++) {
        added(socket, `10.${i}.0.0/16`, { gateway: GATEWAY, expires: kernel.wallClock + 1 + (i % 5) });
      }
      kernel.advance(5000);
    };
    for (let i = 0; i < 3; i++) cycle();
    const { routes, nexthops } = vnet.statistics();
    expect({ routes, nexthops }).toEqual({ routes: before.routes, nexthops: before.nexthops });
    expect(vnet.check()).toBe(0);
  });

  it("[E.7.3] a route that was deleted, or whose interface left, expires no more", () => {
    const { kernel, vnet, socket } = setupE6();
    added(socket, "2001:db8:1::/48", { gateway: "2001:db8::9", expires: kernel.wallClock + 5 });
    vnet.interfaceDetach("em0");
    kernel.advance(5000);
    expect(vnet.check()).toBe(0);
    expect(find(socket, "2001:db8:1::/48")).toBeUndefined();
  });

  it("[E.4.2] blackholes and interface routes expire too, in the fib they are in", () => {
    const { kernel, socket } = setupE({ fibs: 2 });
    const expires = kernel.wallClock + 3;
    added(socket, "10.1.0.0/16", { type: 6, expires });
    added(socket, "10.2.0.0/16", { oif: 2, expires, table: 1 });
    added(socket, "10.2.0.0/16", { oif: 2, expires: expires + 3 });
    kernel.advance(3000);
    expect(find(socket, "10.1.0.0/16")).toBeUndefined();
    expect(find(socket, "10.2.0.0/16", { table: 1 })).toBeUndefined();
    expect(routeTo(socket, "10.2.0.0/16").expires).toBe(3);
  });

  it("[E.8.1] the expiry is part of the nexthop: two routes with different ones do not share it", () => {
    const { kernel, socket } = setupE();
    const expires = kernel.wallClock + 50;
    const [first, same, other, never] = [
      added(socket, "10.1.0.0/16", { gateway: GATEWAY, expires }),
      added(socket, "10.2.0.0/16", { gateway: GATEWAY, expires }),
      added(socket, "10.3.0.0/16", { gateway: GATEWAY, expires: expires + 1 }),
      added(socket, "10.4.0.0/16", { gateway: GATEWAY }),
    ];
    expect(same?.knhId).toBe(first?.knhId);
    expect(new Set([first?.knhId, other?.knhId, never?.knhId]).size).toBe(3);
    expect(first?.rtFlags).toBe(RTF.GATEWAY);
  });
});

describe("options out of range are named", () => {
  it.each<[string, BootOptions, string]>([
    ["seed", { seed: -1 }, "from 0 to 9007199254740991"],
    ["seed", { seed: 1.5 }, "seed: 1.5"],
    ["seed", { seed: 2 ** 53 }, "from 0 to 9007199254740991"],
    ["wallClock", { wallClock: 0 }, "from 1 to 4294967295"],
    ["wallClock", { wallClock: 2 ** 32 }, "from 1 to 4294967295"],
    ["wallClock", { wallClock: Number.NaN }, "wallClock: NaN"],
    ["fibs", { fibs: 0 }, "from 1 to 65535"],
    ["fibs", { fibs: 65536 }, "from 1 to 65535"],
    ["policy", { policy: "random" as "fifo" }, 'expected "fifo" or "seeded"'],
  ])("%s in %j: %s", (name, options, expected) => {
    expect(() => Kernel.boot(options)).toThrow(RangeError);
    expect(() => Kernel.boot(options)).toThrow(name);
    expect(() => Kernel.boot(options)).toThrow(expected);
  });

  const WORD = 2 ** 32 - 1;
  const WORDS: [string, (kernel: Kernel, value: number) => unknown, string][] = [
    ["run", (kernel, value) => kernel.run(value), "run"],
    ["failAllocation", ({ vnet0 }, value) => vnet0.failAllocation(value), "failAllocation"],
    ["failAllocation of every", ({ vnet0 }, value) => vnet0.failAllocation(value, true), "failAllocation"],
    [
      "sysctl of the subsystem",
      (kernel, value) => kernel.sysctl("net.netlink.recvspace", value),
      "sysctl net.netlink.recvspace",
    ],
    [
      "sysctl of all stacks",
      (kernel, value) => kernel.sysctl("net.inet6.ip6.dad_count", value),
      "sysctl net.inet6.ip6.dad_count",
    ],
    [
      "sysctl of a vnet",
      ({ vnet0 }, value) => vnet0.sysctl("net.inet6.ip6.dad_count", value),
      "sysctl net.inet6.ip6.dad_count",
    ],
  ];

  it.each(WORDS)("%s takes a word, 0 and 2^32 - 1 too", (_, call) => {
    const kernel = Kernel.boot({ modules: ["netlink"], record: true });
    const before = kernel.record().events.length;
    for (const value of [0, 1, WORD - 1, WORD]) call(kernel, value);
    expect(kernel.record().events).toHaveLength(before + 4);
  });

  it.each(WORDS)("%s refuses what is no word, and nothing changes", (_, call, name) => {
    const kernel = Kernel.boot({ modules: ["netlink"], record: true });
    const before = kernel.record();
    for (const value of [-1, 0.5, WORD + 1, WORD + 2, Number.NaN, Number.POSITIVE_INFINITY]) {
      const expected = `${name}: ${value}; expected an integer from 0 to ${WORD}`;
      expect(() => call(kernel, value)).toThrow(new RangeError(expected));
    }
    expect(kernel.record()).toEqual(before);
  });

  it.each<[Partial<InterfaceOptions>, string]>([
    [{ mtu: 71 }, "em0: mtu: 71; expected an integer from 72 to 65535"],
    [{ mtu: 65536 }, "em0: mtu: 65536"],
    [{ mtu: 1500.5 }, "em0: mtu: 1500.5"],
    [{ description: "d".repeat(64) }, "em0: description: 64 bytes; expected at most 63"],
    [{ lladdr: "02:00:00:00:00" }, 'lladdr: "02:00:00:00:00"'],
    [{ lladdr: "02:00:00:00:00:0g" }, 'lladdr: "02:00:00:00:00:0g"'],
    [{ addresses: ["192.0.2.1"] }, 'address: "192.0.2.1"'],
    [{ addresses: ["10.0.0.1/8", "192.0.2.1/33"] }, 'address: "192.0.2.1/33"'],
    [{ fib: 1 }, "fib"],
    [{ fib: -1 }, "fib"],
    [{ fib: 0.5 }, "fib"],
  ])("the interface option %j: %s", (options, expected) => {
    const { vnet, socket } = setupR();
    const before = vnet.statistics();
    expect(() => vnet.interfaceAttach({ ...options, name: "em0" })).toThrow(expected);
    expect(vnet.interfaceIndex("em0")).toBeUndefined();
    expect(vnet.statistics()).toEqual(before);
    expect(dump(socket, AF.UNSPEC, { table: 0 })).toHaveLength(before.routes);
    expect(vnet.interfaceAttach({ name: "em0" })).toBe(2);
  });

  it.each([
    ["", "EINVAL"],
    ["0em", "EINVAL"],
    ["em 0", "EINVAL"],
    ["em/0", "EINVAL"],
    ["interface1234567", "ENAMETOOLONG"],
    ["lo0", "EEXIST"],
  ])("the interface name '%s': %s", (name, code) => {
    const { vnet } = setupR();
    expect(codeOf(() => vnet.interfaceAttach({ name }))).toBe(code);
    expect(vnet.interfaceAttach({ name: "em0" })).toBe(2);
  });

  it("an interface of boot that cannot be, or a module that is not there, is refused by name", () => {
    expect(() => Kernel.boot({ interfaces: [{ name: "em0" }, { name: "em0" }] })).toThrow(/em0.*EEXIST/);
    expect(() => Kernel.boot({ modules: ["nosuch"] })).toThrow(/nosuch.*ENOENT/);
    expect(() => Kernel.boot({ modules: ["netlink", "netlink"] })).toThrow(/netlink.*EEXIST/);
  });

  it("a jail of more addresses than a socket can hold, and an address that is none", () => {
    const { vnet } = setupR();
    const { sockets } = vnet.statistics();
    const open = (addresses: string[]) => () => vnet.socket({ cred: { jail: { vnet: false, addresses } } });
    expect(open(Array.from({ length: 41 }, (_, i) => `10.0.0.${i}`))).toThrow(
      "jail: 41 addresses; expected at most 40",
    );
    expect(open(["10.0.0.256"])).toThrow('address: "10.0.0.256"');
    expect(vnet.statistics().sockets).toBe(sockets);
  });
});
