// What a route looks like in a message, and which routes addresses bring (rtnetlink E.1, E.8, C.7).

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F } from "../../assembly/abi/netlink.js";
import { RTA, RTF, RTM, RTN, RTPROT } from "../../assembly/abi/rtnetlink.js";
import { ask, attributes, errorOf, payloadOf, toHex } from "../support/messages.js";
import { AS_GIVEN, type Setup, setupE, setupE6, setupR } from "../support/setups.js";
import { added, delRoute, dump, find, newRoute, type RouteFields, routeTo } from "./routes.js";

const LO0 = 1;
const EM0 = 2;
const EM1 = 3;

/** Both families on em0, none on em1. */
function setupBoth(): Setup {
  return setupR({
    interfaces: [
      { name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64", "fe80::a/64"] },
      { name: "em1", up: true },
    ],
  });
}

describe("the route object", () => {
  it("[RF-ROUTE-1] [E.1.1] [E.1.2] [E.1.5] of an IPv4 gateway route has 76 bytes: TABLE, DST, GATEWAY, KNH_ID, RTFLAGS, OIF", () => {
    const { socket } = setupE();
    const route = added(socket, "10.1.0.0/16", { gateway: "192.0.2.254" });
    expect(route).toMatchObject({
      family: AF.INET,
      headerTable: 0,
      table: 0,
      scope: 0,
      type: RTN.UNICAST,
      headerFlags: 0,
      gateway: "192.0.2.254",
      rtFlags: RTF.GATEWAY,
      oif: EM0,
    });
    expect(route.order).toEqual([RTA.TABLE, RTA.DST, RTA.GATEWAY, RTA.KNH_ID, RTA.RTFLAGS, RTA.OIF]);
    expect(route.seen.length).toBe(76);
    expect(route.seen.type).toBe(RTM.NEWROUTE);
    expect(route.seen.flags).toBe(NLM_F.REQUEST | NLM_F.DUMP | NLM_F.MULTI);
    expect(toHex(route.seen.body.slice(0, 12))).toBe("021000000002000100000000");
  });

  it("[RF-ROUTE-2] [E.1.5] of an IPv6 gateway route has 100 bytes", () => {
    const { socket } = setupE6();
    const route = added(socket, "2001:db8:2::/48", { gateway: "2001:db8::2" });
    expect(route).toMatchObject({ family: AF.INET6, gateway: "2001:db8::2", rtFlags: RTF.GATEWAY, oif: EM0 });
    expect(route.order).toEqual([RTA.TABLE, RTA.DST, RTA.GATEWAY, RTA.KNH_ID, RTA.RTFLAGS, RTA.OIF]);
    expect(route.seen.length).toBe(100);
  });

  it("[RF-ROUTE-3a] [FC-ROUTE-4] [E.1.2] [E.1.5] of an IPv4 route over IPv6 has 92 bytes and a VIA of 21", () => {
    const { socket } = setupBoth();
    const route = added(socket, "10.1.0.0/16", { via: "2001:db8::2" });
    expect(route).toMatchObject({
      family: AF.INET,
      gateway: undefined,
      via: "2001:db8::2",
      rtFlags: RTF.GATEWAY,
      oif: EM0,
    });
    expect(route.order).toEqual([RTA.TABLE, RTA.DST, RTA.VIA, RTA.KNH_ID, RTA.RTFLAGS, RTA.OIF]);
    expect(route.seen.length).toBe(92);
    const via = payloadOf(route.seen.body.slice(12), RTA.VIA);
    expect(toHex(via ?? new Uint8Array())).toBe("1c20010db8000000000000000000000002");
  });

  it("[E.1.2] shows a link-local gateway without its zone", () => {
    const { socket } = setupBoth();
    expect(added(socket, "2001:db8:2::/48", { gateway: "fe80::2", oif: EM0 }).gateway).toBe("fe80::2");
    expect(added(socket, "10.1.0.0/16", { via: "fe80::2", oif: EM0 }).via).toBe("fe80::2");
  });

  it.each([
    ["0.0.0.0/0", "192.0.2.254", "00000000"],
    ["::/0", "2001:db8::2", "0".repeat(32)],
  ])("[RF-ROUTE-3b] [E.1.2] of the default route %s has a DST of zeros", (prefix, gateway, zeros) => {
    const { socket } = setupBoth();
    const route = added(socket, prefix, { gateway });
    expect(route.prefix).toBe(prefix);
    expect(toHex(payloadOf(route.seen.body.slice(12), RTA.DST) ?? new Uint8Array())).toBe(zeros);
  });

  it("[RF-ROUTE-4] [C.7] [E.1.4] [E.1.5] of the kernel's own: prefix route protocol 2 PINNED, host route protocol 4 by lo0", () => {
    const { socket } = setupE();
    const prefix = routeTo(socket, "192.0.2.0/24");
    expect(prefix).toMatchObject({ protocol: RTPROT.KERNEL, rtFlags: 0x100000, oif: EM0, type: RTN.UNICAST, scope: 0 });
    expect(prefix.order).toEqual([RTA.TABLE, RTA.DST, RTA.KNH_ID, RTA.RTFLAGS, RTA.OIF]);
    const host = routeTo(socket, "192.0.2.1/32");
    expect(host).toMatchObject({ protocol: RTPROT.STATIC, rtFlags: 0x100804, oif: LO0, type: RTN.UNICAST, scope: 0 });
    expect(host.order).toEqual([RTA.TABLE, RTA.DST, RTA.KNH_ID, RTA.RTFLAGS, RTA.OIF]);
  });

  it.each([
    ["blackhole", "10.1.0.0/16", RTN.BLACKHOLE, RTN.BLACKHOLE, RTF.BLACKHOLE],
    ["blackhole host", "10.1.0.1/32", RTN.BLACKHOLE, RTN.BLACKHOLE, RTF.BLACKHOLE | RTF.HOST],
    ["reject", "10.1.0.0/16", RTN.PROHIBIT, RTN.PROHIBIT, RTF.REJECT],
    ["IPv6 blackhole", "2001:db8:2::/48", RTN.BLACKHOLE, RTN.BLACKHOLE, RTF.BLACKHOLE],
    ["IPv6 reject host", "2001:db8:2::1/128", RTN.PROHIBIT, RTN.PROHIBIT, RTF.REJECT | RTF.HOST],
  ])("[RF-ROUTE-5] [E.1.5] [E.4.2] of a %s route leads to lo0 without gateway", (_, prefix, type, shown, rtFlags) => {
    const { socket } = setupE();
    const route = added(socket, prefix, { type });
    expect(route).toMatchObject({ type: shown, rtFlags, oif: LO0, gateway: undefined });
    expect(route.order).toEqual([RTA.TABLE, RTA.DST, RTA.KNH_ID, RTA.RTFLAGS, RTA.OIF]);
  });

  it("[RF-ROUTE-6a] [FC-ROUTE-6] [E.1.2] a fixed MTU is METRICS behind RTFLAGS, which has FIXEDMTU", () => {
    const { socket } = setupE();
    const route = added(socket, "10.1.0.0/16", { gateway: "192.0.2.254", mtu: 1400, weight: 5 });
    expect(route).toMatchObject({ mtu: 1400, weight: 5, rtFlags: RTF.GATEWAY | 0x80000 });
    expect(route.order.slice(3)).toEqual([RTA.KNH_ID, RTA.RTFLAGS, RTA.METRICS, RTA.OIF, RTA.WEIGHT]);
    expect(toHex(payloadOf(route.seen.body.slice(12), RTA.METRICS) ?? new Uint8Array())).toBe("0800020078050000");
  });

  it("[RF-ROUTE-6b] [FC-ROUTE-11] [E.1.2] weight 7 is the last attribute, weight 1 is none", () => {
    const { socket } = setupE();
    expect(added(socket, "10.1.0.0/16", { gateway: "192.0.2.254", weight: 7 })).toMatchObject({ weight: 7 });
    expect(routeTo(socket, "10.1.0.0/16").order.at(-1)).toBe(RTA.WEIGHT);
    expect(added(socket, "10.2.0.0/16", { gateway: "192.0.2.254", weight: 1 }).order).not.toContain(RTA.WEIGHT);
    expect(added(socket, "10.3.0.0/16", { gateway: "192.0.2.254" }).order).not.toContain(RTA.WEIGHT);
  });

  it.each([
    [3, 0, 2],
    [4, 0, 2],
    [12, 0, 12],
    [186, 0, 186],
    [3, RTF.STATIC, 4],
    [4, RTF.STATIC, 4],
    [12, RTF.STATIC, 12],
    [186, RTF.STATIC, 186],
    [3, RTF.PROTO1, 11],
    [4, RTF.PROTO1, 11],
    [4, RTF.PROTO1 | RTF.STATIC, 11],
    [12, RTF.PROTO1, 12],
    [5, 0, 5],
    [0, 0, 2],
  ])("[RF-ROUTE-8] [E.1.4] protocol %i with flags 0x%x reads back as %i", (protocol, rtFlags, shown) => {
    const { socket } = setupE();
    const fields: RouteFields = { gateway: "192.0.2.254", protocol, ...(rtFlags === 0 ? {} : { rtFlags }) };
    expect(added(socket, "10.1.0.0/16", fields).protocol).toBe(shown);
  });

  it.each([
    [0, 0],
    [254, 254],
    [255, 0],
    [300, 0],
    [399, 0],
  ])("[RF-ROUTE-9] [E.1.1] fib %i shows rtm_table %i and its number in TABLE", (table, headerTable) => {
    const { socket } = setupE({ fibs: 400 });
    const route = added(socket, "10.1.0.0/16", { gateway: "192.0.2.254", oif: EM0, table });
    expect(route).toMatchObject({ table, headerTable });
    expect(find(socket, "10.1.0.0/16", { table: table === 0 ? 1 : 0 })).toBeUndefined();
  });

  it("[RF-ROUTE-10] [FC-ROUTE-12] [E.1.2] [E.4.2] EXPIRES comes as a unix second and goes as the seconds that remain", () => {
    const { socket, kernel } = setupE();
    added(socket, "10.1.0.0/16", { gateway: "192.0.2.254", expires: kernel.wallClock + 60, weight: 2 });
    kernel.advance(10_000);
    const route = routeTo(socket, "10.1.0.0/16");
    expect(route.expires).toBe(50);
    expect(route.order.slice(3)).toEqual([RTA.KNH_ID, RTA.RTFLAGS, RTA.EXPIRES, RTA.OIF, RTA.WEIGHT]);
    kernel.advance(49_000);
    expect(routeTo(socket, "10.1.0.0/16").expires).toBe(1);
    kernel.advance(2_000);
    expect(find(socket, "10.1.0.0/16")).toBeUndefined();
  });

  it("[FC-ROUTE-5] [FC-ROUTE-14] [E.1.5] of an interface route has no gateway and its interface in OIF", () => {
    const { socket } = setupE();
    const route = added(socket, "10.1.0.0/16", { oif: EM0, rtFlags: RTF.STATIC });
    expect(route).toMatchObject({ gateway: undefined, oif: EM0, rtFlags: RTF.STATIC, type: RTN.UNICAST });
    expect(route.order).toEqual([RTA.TABLE, RTA.DST, RTA.KNH_ID, RTA.RTFLAGS, RTA.OIF]);
  });

  it.each([
    ["10.1.2.3/32", "192.0.2.254"],
    ["2001:db8:2::1/128", "2001:db8::2"],
  ])("[E.1.5] of a host route %s by a gateway has HOST beside GATEWAY", (prefix, gateway) => {
    const { socket } = setupBoth();
    expect(added(socket, prefix, { gateway, rtFlags: RTF.STATIC }).rtFlags).toBe(RTF.GATEWAY | RTF.HOST | RTF.STATIC);
  });

  it("[E.1.2] shows nothing that is not listed", () => {
    const { socket } = setupE();
    const listed = new Set<number>([
      RTA.TABLE,
      RTA.DST,
      RTA.GATEWAY,
      RTA.KNH_ID,
      RTA.RTFLAGS,
      RTA.METRICS,
      RTA.OIF,
      RTA.WEIGHT,
    ]);
    added(socket, "10.1.0.0/16", { gateway: "192.0.2.254", mtu: 1400, weight: 5, protocol: 186 });
    const shown = dump(socket, AF.UNSPEC).flatMap((route) =>
      attributes(route.seen.body.slice(12)).map(([type]) => type),
    );
    expect(shown.filter((type) => !listed.has(type))).toEqual([]);
  });
});

describe("the routes of addresses", () => {
  const host = RTF.HOST | RTF.PINNED;
  it.each([
    // address         on      the routes it brings: prefix, RTFLAGS, OIF, protocol
    [
      "198.51.100.1/24",
      "em1",
      [
        ["198.51.100.0/24", RTF.PINNED, EM1, 2],
        ["198.51.100.1/32", host | RTF.STATIC, LO0, 4],
      ],
    ],
    ["198.51.100.1/32", "em1", [["198.51.100.1/32", host, LO0, 2]]],
    ["127.0.0.2/8", "lo0", [["127.0.0.2/32", host, LO0, 2]]],
    [
      "2001:db8:1::1/64",
      "em1",
      [
        ["2001:db8:1::/64", RTF.PINNED, EM1, 2],
        ["2001:db8:1::1/128", host | RTF.STATIC, LO0, 4],
      ],
    ],
  ] as const)("[C.7] [Z.4] %s on %s brings exactly its routes", (address, name, brought) => {
    const { socket, vnet } = setupR({
      ...AS_GIVEN,
      interfaces: [
        { name: "em0", up: true },
        { name: "em1", up: true },
      ],
    });
    const text = (): string[] =>
      dump(socket, AF.UNSPEC).map(
        (each) => `${each.prefix} ${each.rtFlags} ${each.oif} ${each.protocol} ${each.gateway}`,
      );
    const before = text();
    vnet.addressAdd(name, address);
    const added = text().filter((each) => !before.includes(each));
    expect(added).toEqual(brought.map((words) => `${words.join(" ")} undefined`));
    vnet.addressDelete(name, address);
    expect(text()).toEqual(before);
    expect(vnet.check()).toBe(0);
  });

  it("[C.7] a second IPv6 address of a network brings only its host route", () => {
    const { socket, vnet } = setupE6();
    const before = dump(socket, AF.INET6).length;
    vnet.addressAdd("em0", "2001:db8::5/64");
    expect(dump(socket, AF.INET6)).toHaveLength(before + 1);
    expect(routeTo(socket, "2001:db8::5/128")).toMatchObject({ rtFlags: host | RTF.STATIC, oif: LO0 });
  });

  it("[C.7] go into the interface's fib and no other", () => {
    const { socket } = setupR({
      fibs: 3,
      interfaces: [{ name: "em0", fib: 2, up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] }],
    });
    for (const prefix of ["192.0.2.0/24", "192.0.2.1/32", "2001:db8::/64", "2001:db8::1/128"]) {
      expect([0, 1, 2].filter((table) => find(socket, prefix, { table }) !== undefined)).toEqual([2]);
    }
  });

  it("[E.8.4] lo0's routes are there before any other: ::1, fe80::/64 and 127.0.0.1", () => {
    const { socket } = setupR();
    expect(dump(socket, AF.UNSPEC).map((route) => `${route.prefix} ${route.oif}`)).toEqual([
      "127.0.0.1/32 1",
      "::1/128 1",
      "fe80::/64 1",
      "fe80::1/128 1",
    ]);
  });

  it.each([
    ["192.0.2.0/24", "192.0.2.1/24", "192.0.2.2/24"],
    ["2001:db8::/64", "2001:db8::1/64", "2001:db8::2/64"],
  ])(
    "[FB-88] the prefix route %s goes over to another interface with an address of the network",
    (prefix, first, second) => {
      const { socket, vnet } = setupR({
        interfaces: [
          { name: "em0", up: true, addresses: [first] },
          { name: "em1", up: true, addresses: [second] },
        ],
      });
      expect(routeTo(socket, prefix).oif).toBe(EM0);
      vnet.addressDelete("em0", first);
      expect(routeTo(socket, prefix)).toMatchObject({ oif: EM1, rtFlags: RTF.PINNED, protocol: RTPROT.KERNEL });
      vnet.addressDelete("em1", second);
      expect(find(socket, prefix)).toBeUndefined();
    },
  );

  it.each([
    ["192.0.2.0/24", "192.0.2.1/24", "192.0.2.2/24"],
    ["2001:db8::/64", "2001:db8::1/64", "2001:db8::2/64"],
  ])(
    "[FB-89] the prefix route %s stays on the interface for its second address and goes with that one",
    (prefix, first, second) => {
      const { socket, vnet } = setupR({ interfaces: [{ name: "em0", up: true, addresses: [first, second] }] });
      expect(routeTo(socket, prefix).oif).toBe(EM0);
      vnet.addressDelete("em0", first);
      expect(routeTo(socket, prefix)).toMatchObject({ oif: EM0, rtFlags: RTF.PINNED });
      expect(find(socket, first.replace(/\/.*/, prefix.includes(":") ? "/128" : "/32"))).toBeUndefined();
      vnet.addressDelete("em0", second);
      expect(find(socket, prefix)).toBeUndefined();
      expect(vnet.check()).toBe(0);
    },
  );
});

describe("kernel nexthops", () => {
  it("[RF-ROUTE-37a] [E.8.1] two routes by one gateway show the same KNH_ID", () => {
    const { socket, vnet } = setupE();
    const before = vnet.statistics().nexthops;
    const first = added(socket, "10.1.0.0/16", { gateway: "192.0.2.254" });
    const second = added(socket, "10.2.0.0/16", { gateway: "192.0.2.254" });
    expect(second.knhId).toBe(first.knhId);
    expect(added(socket, "10.3.0.0/16", { gateway: "192.0.2.254", weight: 9 }).knhId).toBe(first.knhId);
    expect(vnet.statistics().nexthops).toBe(before + 1);
  });

  it.each<[string, string, RouteFields]>([
    ["gateway", "10.2.0.0/16", { gateway: "192.0.2.253" }],
    ["mtu", "10.2.0.0/16", { gateway: "192.0.2.254", mtu: 1400 }],
    ["flags", "10.2.0.0/16", { gateway: "192.0.2.254", rtFlags: RTF.STATIC }],
    ["protocol", "10.2.0.0/16", { gateway: "192.0.2.254", protocol: 186 }],
    ["type", "10.2.0.0/16", { gateway: "192.0.2.254", type: RTN.BLACKHOLE }],
    ["interface", "10.2.0.0/16", { oif: EM0 }],
    ["kind of prefix: host", "10.2.0.1/32", { gateway: "192.0.2.254" }],
    ["kind of prefix: default", "0.0.0.0/0", { gateway: "192.0.2.254" }],
  ])("[RF-ROUTE-37b] [E.8.1] another %s is another KNH_ID", (_, prefix, fields) => {
    const { socket } = setupE();
    const first = added(socket, "10.1.0.0/16", { gateway: "192.0.2.254" });
    expect(added(socket, prefix, fields).knhId).not.toBe(first.knhId);
  });

  it("[RF-ROUTE-38a] [E.8.2] the lowest free index is taken, also again after the last user has gone", () => {
    const { socket } = setupE();
    const taken = new Set(dump(socket, AF.INET).map((route) => route.knhId));
    let lowest = 1;
    while (taken.has(lowest)) lowest++;
    expect(added(socket, "10.1.0.0/16", { gateway: "192.0.2.251" }).knhId).toBe(lowest);
    expect(added(socket, "10.2.0.0/16", { gateway: "192.0.2.252" }).knhId).toBe(lowest + 1);
    expect(added(socket, "10.3.0.0/16", { gateway: "192.0.2.251" }).knhId).toBe(lowest);
    expect(errorOf(ask(socket, delRoute("10.1.0.0/16")))).toBe(0);
    expect(added(socket, "10.4.0.0/16", { gateway: "192.0.2.253" }).knhId).toBe(lowest + 2);
    expect(errorOf(ask(socket, delRoute("10.3.0.0/16")))).toBe(0);
    expect(added(socket, "10.5.0.0/16", { gateway: "192.0.2.254" }).knhId).toBe(lowest);
  });

  it("[RF-ROUTE-38b] [E.8.2] IPv4 routes over IPv6 and IPv6 gateway routes are numbered in one space, IPv4 ones in another", () => {
    const { socket } = setupBoth();
    const inet = added(socket, "10.9.0.0/16", { gateway: "192.0.2.254" });
    const via = added(socket, "10.1.0.0/16", { via: "2001:db8::2" });
    const inet6 = added(socket, "2001:db8:2::/48", { gateway: "2001:db8::2" });
    expect(inet6.knhId).toBe(via.knhId + 1);
    const taken6 = new Set(dump(socket, AF.INET6).map((route) => route.knhId));
    expect(taken6.has(via.knhId)).toBe(false);
    expect(errorOf(ask(socket, delRoute("10.1.0.0/16")))).toBe(0);
    expect(added(socket, "2001:db8:3::/48", { gateway: "2001:db8::3" }).knhId).toBe(via.knhId);
    expect(added(socket, "10.8.0.0/16", { gateway: "192.0.2.253" }).knhId).toBe(inet.knhId + 1);
  });

  it("[E.8.2] each fib numbers its own", () => {
    const { socket } = setupE({ fibs: 3 });
    const fields = { gateway: "192.0.2.254", oif: EM0 };
    expect(added(socket, "10.1.0.0/16", { ...fields, table: 1 }).knhId).toBe(1);
    expect(added(socket, "10.1.0.0/16", { ...fields, table: 2 }).knhId).toBe(1);
  });

  it("[E.8.1] goes with its last route", () => {
    const { socket, vnet } = setupE();
    const before = vnet.statistics().nexthops;
    ask(
      socket,
      newRoute("10.1.0.0/16", { gateway: "192.0.2.254" }),
      newRoute("10.2.0.0/16", { gateway: "192.0.2.254" }),
    );
    expect(vnet.statistics().nexthops).toBe(before + 1);
    ask(socket, newRoute("10.1.0.0/16", { gateway: "192.0.2.253" }, "qaP"));
    expect(vnet.statistics().nexthops).toBe(before + 2);
    ask(socket, delRoute("10.1.0.0/16"), delRoute("10.2.0.0/16"));
    expect(vnet.statistics().nexthops).toBe(before);
    expect(vnet.check()).toBe(0);
  });
});
