// sysctl(3) of PF_ROUTE (rtsock G.6).

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { RTF, RTM } from "../../assembly/abi/rtnetlink.js";
import { NET_RT } from "../../assembly/abi/rtsock.js";
import { Errno, Kernel, type Vnet } from "../../host/kernel/kernel.js";
import { aboutNeighbour, lladdrOf } from "../route/neighbours.js";
import { newRoute } from "../route/routes.js";
import { ask } from "../support/messages.js";
import { AS_GIVEN, type Setup, setupE } from "../support/setups.js";
import { decode, errnoOf, type Routing } from "./routing.js";

const mib = (operation: number, family = 0, argument = 0, ...more: number[]) => [
  4,
  17,
  0,
  family,
  operation,
  argument,
  ...more,
];

/** The messages of an exact buffer, taken apart by their lengths. */
function bytesOf(vnet: Vnet, numbers: readonly number[]): Uint8Array[] {
  const { length } = vnet.sysctlNet(numbers);
  const result = vnet.sysctlNet(numbers, { room: length });
  expect([result.errno, result.length, result.bytes.length]).toEqual([Errno.OK, length, length]);
  const messages: Uint8Array[] = [];
  for (let at = 0; at < length; ) {
    const bytes = new DataView(result.bytes.buffer, result.bytes.byteOffset + at).getUint16(0, true);
    messages.push(result.bytes.slice(at, at + bytes));
    at += bytes;
  }
  return messages;
}

const listed = (vnet: Vnet, numbers: readonly number[]): Routing[] => bytesOf(vnet, numbers).map(decode);

/** E with an IPv6 address, a gateway route of each family, and a neighbour of each. */
function stage(): Setup {
  const setup = setupE(AS_GIVEN);
  setup.vnet.addressAdd("em0", "2001:db8::1/64");
  ask(setup.socket, newRoute("10.1.0.0/16", { gateway: "192.0.2.9" }));
  ask(setup.socket, newRoute("2001:db8:1::/48", { gateway: "2001:db8::9" }));
  for (const destination of ["192.0.2.7", "2001:db8::7"]) {
    ask(
      setup.socket,
      aboutNeighbour(RTM.NEWNEIGH, "qaC", destination, { index: 2, flags: 0x40 }, lladdrOf("02:00:00:00:00:07")),
    );
  }
  return setup;
}

describe("the MIB", () => {
  it.each<[string, readonly number[], Errno]>([
    ["another sysctl", [4, 18, 0, 0, NET_RT.DUMP, 0], Errno.ENOENT],
    ["two numbers", [4, 17, 0, 0], Errno.EINVAL],
    ["three numbers", [4, 17, 0, 0, NET_RT.DUMP], Errno.EISDIR],
    ["a fib where there is none", mib(NET_RT.IFLIST, 0, 0, 0), Errno.ENOTDIR],
    ["six numbers", mib(NET_RT.DUMP, 0, 0, 0, 0), Errno.ENOTDIR],
    ["a fib that there is not", mib(NET_RT.DUMP, 0, 0, 1), Errno.EINVAL],
    ["a fib below -1", mib(NET_RT.DUMP, 0, 0, -2), Errno.EINVAL],
    ["a family beyond the last", mib(NET_RT.DUMP, 99), Errno.EINVAL],
    ["a family without table", mib(NET_RT.DUMP, AF.LINK), Errno.EAFNOSUPPORT],
    ["an unknown operation", mib(77), Errno.EINVAL],
    ["neighbours of no family", mib(NET_RT.FLAGS, 0, RTF.LLDATA), Errno.EINVAL],
    ["nexthops without fib", mib(NET_RT.NHOP, AF.INET), Errno.EINVAL],
    ["nexthops of fib -1", mib(NET_RT.NHOP, AF.INET, 0, -1), Errno.EINVAL],
    ["nexthops of no family", mib(NET_RT.NHGRP, 0, 0, 0), Errno.EAFNOSUPPORT],
    ["the process's fib", mib(NET_RT.DUMP, 0, 0, -1), Errno.OK],
    ["neighbours of a family without", mib(NET_RT.FLAGS, AF.LINK, RTF.LLDATA), Errno.OK],
  ])("[RF-RTSOCK-30] %s", (_, numbers, errno) => {
    expect(errnoOf(() => setupE(AS_GIVEN).vnet.sysctlNet(numbers))).toBe(errno);
  });

  it("[RF-RTSOCK-30] a new value is refused before the numbers are counted, but not before there are three", () => {
    const { vnet } = setupE(AS_GIVEN);
    const set = (numbers: readonly number[]) => errnoOf(() => vnet.sysctlNet(numbers, { hasNewValue: true }));
    expect([set([4, 17, 0, 0]), set([4, 17, 0, 0, 1]), set(mib(1, 0, 0, 0, 0))]).toEqual([22, 1, 1]);
  });
});

describe("sizes", () => {
  const OPERATIONS: readonly [string, number[], boolean][] = [
    ["DUMP", mib(NET_RT.DUMP), true],
    ["FLAGS of routes", mib(NET_RT.FLAGS, 0, RTF.GATEWAY), true],
    ["FLAGS of neighbours", mib(NET_RT.FLAGS, AF.INET, RTF.LLDATA), false],
    ["IFLIST", mib(NET_RT.IFLIST), false],
    ["IFLISTL", mib(NET_RT.IFLISTL), false],
    ["NHOP", mib(NET_RT.NHOP, AF.INET, 0, 0), false],
  ];

  it.each(OPERATIONS)("[RF-RTSOCK-31] %s: exact, whole, and cut by a byte", (_, numbers, isOfRoutes) => {
    const { vnet } = stage();
    const { length, errno, bytes } = vnet.sysctlNet(numbers);
    expect([errno, bytes.length]).toEqual([Errno.OK, 0]);
    expect(length).toBeGreaterThan(0);
    const whole = vnet.sysctlNet(numbers, { room: length + 100 });
    expect([whole.errno, whole.length]).toEqual([Errno.OK, length]);
    const cut = vnet.sysctlNet(numbers, { room: length - 1 });
    expect([cut.errno, cut.length]).toEqual([isOfRoutes ? Errno.OK : Errno.ENOMEM, length - 1]);
    expect(cut.bytes).toEqual(whole.bytes.slice(0, length - 1));
    expect(vnet.sysctlNet(numbers, { room: 0 })).toMatchObject({ errno: cut.errno, length: 0 });
  });

  it("[RF-RTSOCK-31] nothing is a success of length 0", () => {
    const { vnet } = stage();
    expect(vnet.sysctlNet(mib(NET_RT.IFLIST, 0, 77), { room: 0 })).toMatchObject({ errno: Errno.OK, length: 0 });
  });
});

describe("NET_RT_DUMP and NET_RT_FLAGS", () => {
  it("[RF-RTSOCK-32] [G.6.4] routes have these sizes, IPv4's first", () => {
    const { vnet } = stage();
    const routes = listed(vnet, mib(NET_RT.DUMP));
    const of = (dst: string) => routes.find((each) => each.dst === dst) as Routing;
    expect(routes.every(({ type, pid, seq }) => type === "GET" && pid === 0 && seq === 0)).toBe(true);
    expect(routes.findIndex(({ dst }) => dst?.includes(":"))).toBe(listed(vnet, mib(NET_RT.DUMP, AF.INET)).length);
    expect(of("10.1.0.0")).toMatchObject({ length: 272, addrs: 0x37, index: 2, flags: 0x3, mtu: 1500, weight: 1 });
    expect(of("10.1.0.0")).toMatchObject({ ifp: "link#2 em0 02:00:00:00:00:0a", ifa: "192.0.2.1" });
    expect(of("192.0.2.0").length).toBe(272);
    expect(of("192.0.2.1")).toMatchObject({ length: 256, index: 1, gateway: "link#2" });
    expect(of("2001:db8:1::").length).toBe(336);
    expect(of("2001:db8::").length).toBe(320);
    expect(of("2001:db8::1")).toMatchObject({ length: 288, index: 1, gateway: "link#2" });
  });

  it("[RF-RTSOCK-32] FLAGS picks by a nexthop's flags, always of fib 0, and a group shows each path", () => {
    const { vnet, socket } = stage();
    ask(socket, newRoute("10.1.0.0/16", { gateway: "192.0.2.8" }, "qaCA"));
    const routes = listed(vnet, mib(NET_RT.FLAGS, AF.INET, RTF.GATEWAY));
    expect(routes.map(({ dst, gateway }) => `${dst} ${gateway}`)).toEqual(["10.1.0.0 192.0.2.9", "10.1.0.0 192.0.2.8"]);
    expect(listed(vnet, mib(NET_RT.FLAGS, AF.INET, RTF.UP))).toEqual([]);
  });

  it("[RF-RTSOCK-32] [G.6.5] neighbours: 224 bytes of IPv4, 240 of IPv6, own addresses PINNED", () => {
    const { vnet } = stage();
    const of = (family: number) =>
      Object.fromEntries(listed(vnet, mib(NET_RT.FLAGS, family, RTF.LLDATA)).map((each) => [each.dst, each]));
    const shown = { gateway: "link#2 02:00:00:00:00:07", index: 2, flags: 0x405 | RTF.STATIC, addrs: 3, expire: 0 };
    expect(of(AF.INET)["192.0.2.7"]).toMatchObject({ ...shown, length: 224 });
    expect(of(AF.INET)["192.0.2.1"]?.flags).toBe(0x405 | RTF.STATIC | RTF.PINNED);
    expect(of(AF.INET6)["2001:db8::7"]).toMatchObject({ ...shown, length: 240, weight: 1 });
  });

  it("shows a jail without a vnet the host routes of its addresses", () => {
    const { vnet } = stage();
    const cred = { jail: { vnet: false, addresses: ["192.0.2.1"] } };
    const { length } = vnet.sysctlNet(mib(NET_RT.DUMP), { cred });
    expect(length).toBe(256);
  });
});

describe("NET_RT_IFLIST and NET_RT_IFLISTL", () => {
  it("[RF-RTSOCK-33] [G.6.6] each interface, then its addresses", () => {
    const { vnet } = stage();
    const short = listed(vnet, mib(NET_RT.IFLIST, 0, 2));
    expect(short.map(({ type, length, addrs }) => [type, length, addrs])).toEqual([
      ["IFINFO", 224, 0x10],
      ["NEWADDR", 72, 0xa4],
      ["NEWADDR", 88, 0x24],
    ]);
    expect(short[1]).toMatchObject({ ifa: "192.0.2.1", netmask: "255.255.255.0", brd: "192.0.2.255", index: 2 });
    const long = bytesOf(vnet, mib(NET_RT.IFLISTL, 0, 2));
    expect(long.map((bytes) => bytes.length)).toEqual([232, 224, 240]);
    for (const bytes of long) {
      const data = new DataView(bytes.buffer);
      expect([data.getUint16(16, true), data.getUint16(18, true), data.getUint16(30, true)]).toEqual([176, 24, 152]);
    }
    expect(listed(vnet, mib(NET_RT.IFLIST, AF.INET)).filter(({ type }) => type === "NEWADDR")).toHaveLength(2);
    expect(listed(vnet, mib(NET_RT.IFLIST)).filter(({ type }) => type === "IFINFO")).toHaveLength(3);
  });
});

describe("NET_RT_NHOP and NET_RT_NHGRP", () => {
  it("[RF-RTSOCK-33] [G.6.8] a nexthop: its figures, its gateway, its source, unpadded", () => {
    const { vnet } = stage();
    const view = (bytes: Uint8Array) => new DataView(bytes.buffer);
    const via = bytesOf(vnet, mib(NET_RT.NHOP, AF.INET, 0, 0)).find((bytes) => bytes[152 + 22] === 2) as Uint8Array;
    const data = view(via);
    expect(via.length).toBe(280 + 16 + 16);
    expect([data.getUint8(3), data.getInt32(8, true)]).toEqual([4, RTF.GATEWAY]);
    expect([0, 8, 12, 16].map((at) => data.getUint32(152 + at, true))).toEqual([120, 0, 2, 2]);
    expect([data.getUint8(152 + 21), data.getUint16(152 + 24, true)]).toEqual([AF.INET, 1500]);
    expect([data.getUint32(272, true), data.getUint16(276, true), data.getUint16(278, true)]).toEqual([40, 8, 24]);
    expect([...via.slice(280, 288)]).toEqual([16, 2, 0, 0, 192, 0, 2, 9]);
    expect([...via.slice(296, 304)]).toEqual([16, 2, 0, 0, 192, 0, 2, 1]);
    const via6 = bytesOf(vnet, mib(NET_RT.NHOP, AF.INET6, 0, 0)).find((bytes) => bytes[152 + 22] === 4) as Uint8Array;
    expect(via6.length).toBe(280 + 28 + 28);
  });

  it("[RF-RTSOCK-33] [G.6.8] a group: its paths with weights, then its slots", () => {
    const { vnet, socket } = stage();
    ask(socket, newRoute("10.1.0.0/16", { gateway: "192.0.2.8", weight: 2 }, "qaCA"));
    const [group] = bytesOf(vnet, mib(NET_RT.NHGRP, AF.INET, 0, 0)) as [Uint8Array];
    const data = new DataView(group.buffer);
    // rt_msghdr, index and references, 2 paths, 3 slots.
    expect(group.length).toBe(152 + 8 + 8 + 2 * 8 + 8 + 3 * 8);
    expect([data.getUint32(160, true), data.getUint16(164, true), data.getUint8(166)]).toEqual([24, 2, 1]);
    expect([data.getUint32(172, true), data.getUint32(180, true)]).toEqual([1, 2]);
    expect([data.getUint32(184, true), data.getUint16(188, true), data.getUint8(190)]).toEqual([32, 3, 2]);
  });
});

it("an event log replays dumps to the same memory", () => {
  const kernel = Kernel.boot({ record: true });
  kernel.vnet0.sysctlNet(mib(NET_RT.IFLIST), { room: 300 });
  errnoOf(() => kernel.vnet0.sysctlNet(mib(77)));
  expect(Kernel.replay(kernel.record()).vnet0.check()).toBe(0);
});
