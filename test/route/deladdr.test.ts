// RTM_DELADDR: which address is meant, and what is told (rtnetlink C.6).

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import { ackOf, ask, drain, errorOf } from "../support/messages.js";
import { monitor, setupE, setupE6, setupR } from "../support/setups.js";
import { type AddressFields, delAddr, GIF0, newAddr, PERMANENT, setupP } from "./addressrequests.js";
import { addresses, addressTexts, events, inWords } from "./links.js";
import { added as addRoute, dump, find, routeTo } from "./routes.js";

function succeeds(socket: Socket, request: Uint8Array): void {
  expect(errorOf(ask(socket, request))).toBe(Errno.OK);
}

describe("RTM_DELADDR", () => {
  it.each<[string, string | undefined, AddressFields, Errno, string | undefined]>([
    ["an address that is not there", "192.0.2.9", {}, Errno.EADDRNOTAVAIL, undefined],
    ["an address of another interface", "192.0.2.1", { index: 3 }, Errno.EADDRNOTAVAIL, undefined],
    ["an IPv6 address that is not there", "2001:db8::9", {}, Errno.EADDRNOTAVAIL, undefined],
    ["no IPv4 address", undefined, { family: AF.INET }, Errno.EINVAL, "empty IFA_ADDRESS/IFA_LOCAL"],
    ["no IPv6 address", undefined, { family: AF.INET6 }, Errno.EINVAL, "Empty IFA_LOCAL/IFA_ADDRESS"],
    ["index 99", "192.0.2.1", { index: 99 }, Errno.ENOENT, "Unable to find interface with index 99"],
    ["index 0", "192.0.2.1", { index: 0 }, Errno.ENOENT, "Unable to find interface with index 0"],
    ["family 99", undefined, { family: 99 }, Errno.EAFNOSUPPORT, undefined],
  ])("[RF-ADDR-21a] [C.6.1] %s is refused", (_, own, fields, errno, text) => {
    const { vnet, socket } = setupE();
    const group = monitor(vnet, RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV6_IFADDR);
    const before = addressTexts(socket);
    const ack = ackOf(ask(socket, delAddr(own, fields)).at(-1));
    expect([ack.error, ack.text]).toEqual([errno, text]);
    expect([addressTexts(socket), events(group)]).toEqual([before, []]);
  });

  it("[RF-ADDR-21b] [C.6.1] the prefix length is not compared", () => {
    const { socket } = setupE();
    succeeds(socket, delAddr("192.0.2.1/8"));
    expect(addressTexts(socket, { index: 2 })).toEqual([]);
  });

  it("[RF-ADDR-21c] [C.6.1] only the own address counts, not the peer", () => {
    const { socket } = setupP();
    expect(errorOf(ask(socket, delAddr(undefined, { address: "192.0.2.2" })))).toBe(Errno.EADDRNOTAVAIL);
    expect(addresses(socket, { index: GIF0 })).toHaveLength(1);
    succeeds(socket, delAddr("192.0.2.1", { address: "192.0.2.2" }));
    expect(addresses(socket, { index: GIF0 })).toHaveLength(0);
  });

  it.each([
    ["192.0.2.1/32", "local"],
    ["192.0.2.1/24", "local"],
    ["192.0.2.1/24", "address"],
    ["2001:db8::1/64", "local"],
    ["2001:db8::1/64", "address"],
    ["2001:db8::1/128", "local"],
  ])("[FB-37] [C.6.1] %s, added with IFA_BROADCAST and deleted by its %s: gone, with its routes", (own, by) => {
    const { vnet, socket } = setupR({ interfaces: [{ name: "em0", inet6: true, up: true }] });
    const before = [addressTexts(socket), dump(socket, AF.UNSPEC).map(({ prefix }) => prefix)];
    const [address = ""] = own.split("/");
    const broadcast = own.includes(":") ? "2001:db8::ffff:ffff:ffff:ffff" : "192.0.2.255";
    succeeds(socket, newAddr(own, { broadcast, lifetimes: PERMANENT }));
    expect(addressTexts(socket)).toContain(own);
    const prefixLength = Number(own.split("/")[1]);
    succeeds(socket, delAddr(undefined, { [by]: address, prefixLength }));
    expect([addressTexts(socket), dump(socket, AF.UNSPEC).map(({ prefix }) => prefix)]).toEqual(before);
    expect(vnet.check()).toBe(0);
  });

  it.each([
    ["192.0.2.9/30", "192.0.2.10"],
    ["192.0.2.9/32", "192.0.2.10"],
    ["2001:db8::1/128", "2001:db8::2"],
  ])("[FB-40] [C.6.1] %s with peer %s: by ADDRESS = own, by LOCAL, by both", (own, peer) => {
    const { vnet, socket } = setupP();
    const [local = ""] = own.split("/");
    // The first IPv6 address brings a link-local one, which stays.
    succeeds(socket, newAddr("2001:db8:f::1/64", { lifetimes: PERMANENT }));
    const before = [addressTexts(socket), dump(socket, AF.UNSPEC).map(({ prefix }) => prefix)];
    for (const fields of [{ address: local }, { local }, { local, address: peer }]) {
      succeeds(socket, newAddr(own, { address: peer, lifetimes: PERMANENT }));
      expect(find(socket, `${peer}/${own.includes(":") ? 128 : 32}`)?.oif).toBe(GIF0);
      succeeds(socket, delAddr(undefined, fields));
      expect([addressTexts(socket), dump(socket, AF.UNSPEC).map(({ prefix }) => prefix)]).toEqual(before);
    }
    expect(vnet.check()).toBe(0);
  });

  it.each([
    ["192.0.2.1/24", "local"],
    ["192.0.2.1/32", "address"],
    ["2001:db8::1/64", "address"],
    ["2001:db8::1/128", "local"],
  ])("[FB-41] %s on a cloned loopback, deleted by its %s: gone", (own, by) => {
    const { socket } = setupR({ interfaces: [{ name: "lo1" }] });
    succeeds(socket, newAddr(own, { lifetimes: PERMANENT }));
    succeeds(socket, delAddr(undefined, { [by]: own.split("/")[0] ?? "" }));
    expect(addressTexts(socket, { index: 2 })).toEqual([]);
  });

  it("[FC-ADDR-2] [C.6.1] the first that a dump lists, by IFA_LOCAL with length 0", () => {
    const { socket } = setupE();
    succeeds(socket, newAddr("198.51.100.1/24"));
    const [first] = addresses(socket, { family: AF.INET, index: 2 });
    succeeds(socket, delAddr(first?.local));
    expect(addressTexts(socket, { index: 2 })).toEqual(["198.51.100.1/24"]);
  });

  it("[RF-ADDR-22a] [C.6.2] the only address: DELADDR and an ack, no DELNEIGH", () => {
    const { vnet, socket } = setupE();
    const group = monitor(vnet, RTNLGRP.IPV4_IFADDR, RTNLGRP.NEIGH);
    expect(ask(socket, delAddr("192.0.2.1")).map(inWords)).toEqual(["ERROR"]);
    const heard = drain(group);
    expect(heard.map(inWords)).toEqual(["DELADDR 192.0.2.1/24"]);
    expect(heard.map(({ pid, seq, flags }) => [pid, seq, flags])).toEqual([[0, 0, 0]]);
  });

  it("[RF-ADDR-22b] [C.6.2] [Z.3] one that does not own the network's route: DELADDR first", () => {
    const { vnet, socket } = setupE();
    succeeds(socket, newAddr("192.0.2.2/24"));
    const group = monitor(vnet, RTNLGRP.IPV4_IFADDR);
    succeeds(socket, delAddr("192.0.2.2"));
    expect(events(group)).toEqual(["DELADDR 192.0.2.2/24"]);
    expect(routeTo(socket, "192.0.2.0/24").oif).toBe(2);
  });

  it("[RF-ADDR-23a] [C.6.2] [Z.3] the owner: the route moves to the other, and no DELADDR is told", () => {
    const { vnet, socket } = setupE();
    succeeds(socket, newAddr("192.0.2.2/24", { index: 3 }));
    const group = monitor(vnet, RTNLGRP.IPV4_IFADDR);
    succeeds(socket, delAddr("192.0.2.1"));
    expect(events(group)).toEqual([]);
    expect(routeTo(socket, "192.0.2.0/24").oif).toBe(3);
  });

  it("[RF-ADDR-23b] [C.6.2] routes that need the address go with it, without a message", () => {
    const { vnet, socket } = setupE();
    addRoute(socket, "10.1.0.0/16", { gateway: "192.0.2.254" });
    const group = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    succeeds(socket, delAddr("192.0.2.1"));
    expect([find(socket, "10.1.0.0/16"), drain(group)]).toEqual([undefined, []]);
  });

  it("[C.6.3] IPv6: DELADDR; the network's route goes with its last address", () => {
    const { vnet, socket } = setupE6();
    succeeds(socket, newAddr("2001:db8::2/64", { lifetimes: PERMANENT }));
    const group = monitor(vnet, RTNLGRP.IPV6_IFADDR, RTNLGRP.IPV6_ROUTE);
    succeeds(socket, delAddr("2001:db8::1"));
    expect(find(socket, "2001:db8::/64")?.oif).toBe(2);
    succeeds(socket, delAddr("2001:db8::2"));
    expect(find(socket, "2001:db8::/64")).toBeUndefined();
    expect(events(group)).toEqual(["DELADDR 2001:db8::1/64", "DELADDR 2001:db8::2/64"]);
  });

  it("[C.6.3] an IPv6 network's route stays for the other address of an interface that is down", () => {
    const { vnet, socket } = setupE6();
    succeeds(socket, newAddr("2001:db8::2/64", { lifetimes: PERMANENT }));
    vnet.interfaceDown("em0");
    succeeds(socket, delAddr("2001:db8::1"));
    expect(find(socket, "2001:db8::/64")?.oif).toBe(2);
    expect(vnet.check()).toBe(0);
  });

  it("[C.3.1] what was added by one request is what the other takes: nothing is left of many", () => {
    const { vnet, socket } = setupE6();
    const before = vnet.statistics();
    const own = Array.from({ length: 40 }, (_, n) => [`10.${n}.0.1/16`, `2001:db8:${n + 1}::1/64`]).flat();
    for (const each of own) succeeds(socket, newAddr(each, { lifetimes: PERMANENT }));
    expect(vnet.statistics().addresses).toBe(before.addresses + own.length);
    for (const each of own) succeeds(socket, delAddr(each));
    const { addresses: count, routes, nexthops } = vnet.statistics();
    expect([count, routes, nexthops, vnet.check()]).toEqual([before.addresses, before.routes, before.nexthops, 0]);
    expect(ask(socket, delAddr("10.1.0.1")).map(({ type }) => RTM[type])).toHaveLength(1);
  });
});
