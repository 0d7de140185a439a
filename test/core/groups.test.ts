// Groups: who is a member, what is sent to which group, who gets it and in which order (netlink-core N8; rtnetlink 0.7).

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { FIO, NETLINK_OPTION, NLMSG, SO, SOL } from "../../assembly/abi/netlink.js";
import { HeaderSize, RTA, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { Policy, Socket, Vnet } from "../../host/kernel/kernel.js";
import {
  ask,
  attribute,
  codeOf,
  concat,
  drain,
  ip,
  message,
  numberAt,
  rtmsg,
  type Seen,
  toHex,
  u32,
} from "../support/messages.js";
import { monitor, openSocket, type Setup, setupE, setupR } from "../support/setups.js";
import { addRoute, deleteRoute, getLinks, noop } from "./requests.js";

const { ADD_MEMBERSHIP, DROP_MEMBERSHIP, LIST_MEMBERSHIPS } = NETLINK_OPTION;

function join(socket: Socket, group: number): void {
  socket.setsockopt(SOL.NETLINK, ADD_MEMBERSHIP, group);
}

function leave(socket: Socket, group: number): void {
  socket.setsockopt(SOL.NETLINK, DROP_MEMBERSHIP, group);
}

function listed(socket: Socket): number {
  return socket.getsockopt(SOL.NETLINK, LIST_MEMBERSHIPS) >>> 0;
}

/** A link change: em1 down and up, two events at least. */
function flap(vnet: Vnet): void {
  vnet.interfaceDown("em1");
  vnet.interfaceUp("em1");
}

function told(seen: readonly Seen[]): string[] {
  return seen.map((each) => `${RTM[each.type] ?? NLMSG[each.type]} ${each.seq}`);
}

function groups(): number[] {
  return Array.from({ length: 127 }, (_, i) => i + 1);
}

describe("membership", () => {
  it.each([
    [-(2 ** 31), "ERANGE"],
    [-1, "ERANGE"],
    [0, "ERANGE"],
    [1, undefined],
    [33, undefined],
    [34, undefined],
    [127, undefined],
    [128, "ERANGE"],
    [2 ** 31 - 1, "ERANGE"],
  ])(
    "[RF-CORE-19a] [N8.1] [N8.2] [N1.9] joining and leaving group %i gives %s, whether it exists or not",
    (group, code) => {
      const { socket } = setupR();
      // One that is not joined can be left.
      expect(codeOf(() => leave(socket, group))).toBe(code);
      expect(codeOf(() => join(socket, group))).toBe(code);
      expect(codeOf(() => leave(socket, group))).toBe(code);
      expect(listed(socket)).toBe(0);
    },
  );

  it("[RF-CORE-19c] [N8.1] joined twice, an event comes once, and leaving once is enough", () => {
    const { vnet, socket } = setupE();
    join(socket, RTNLGRP.IPV4_ROUTE);
    join(socket, RTNLGRP.IPV4_ROUTE);
    const root = openSocket(vnet);
    ask(root, addRoute("127.1.0.0/16", "qCX", 1, 1));
    expect(told(drain(socket))).toEqual(["NEWROUTE 1"]);
    leave(socket, RTNLGRP.IPV4_ROUTE);
    ask(root, addRoute("127.2.0.0/16", "qCX", 1, 2));
    expect(drain(socket)).toEqual([]);
  });

  it("[RF-CORE-19b] [N8.1] in a jail without vnet joining succeeds and does nothing", () => {
    const { vnet } = setupE();
    const jailed = openSocket(vnet, { cred: { jail: { vnet: false, addresses: ["192.0.2.1"] } } });
    for (const group of groups()) join(jailed, group);
    jailed.bind(0, 0xffffffff);
    expect(listed(jailed)).toBe(0);
    flap(vnet);
    ask(openSocket(vnet), addRoute("127.1.0.0/16"));
    expect(drain(jailed)).toEqual([]);
    expect(codeOf(() => leave(jailed, RTNLGRP.LINK))).toBeUndefined();
  });

  it("[N8.3] LIST_MEMBERSHIPS shows groups 1…32 as bits and no others", () => {
    const { socket } = setupR();
    for (const group of groups()) {
      join(socket, group);
      expect(listed(socket)).toBe(group <= 32 ? 2 ** (group - 1) : 0);
      leave(socket, group);
    }
    for (const group of groups()) join(socket, group);
    expect(listed(socket)).toBe(0xffffffff);
  });

  it("[N8.1] [N5.5] joining asks for no privilege", () => {
    const { vnet } = setupE();
    const user = openSocket(vnet, { cred: { uid: 1001 } });
    for (const group of groups()) join(user, group);
    vnet.addressAdd("em1", "198.51.100.1/24");
    expect(drain(user).map((each) => each.type)).toContain(RTM.NEWADDR);
  });
});

describe("what is sent to which group", () => {
  const changes: [string, RTM, RTNLGRP, (setup: Setup) => void][] = [
    ["a link goes down", RTM.NEWLINK, RTNLGRP.LINK, ({ vnet }) => vnet.interfaceDown("em1")],
    ["a link comes", RTM.NEWLINK, RTNLGRP.LINK, ({ vnet }) => void vnet.interfaceAttach({ name: "em7" })],
    ["a link leaves", RTM.DELLINK, RTNLGRP.LINK, ({ vnet }) => vnet.interfaceDetach("em1")],
    ["an IPv4 address comes", RTM.NEWADDR, RTNLGRP.IPV4_IFADDR, ({ vnet }) => vnet.addressAdd("em1", "10.0.0.1/8")],
    ["an IPv4 address goes", RTM.DELADDR, RTNLGRP.IPV4_IFADDR, ({ vnet }) => vnet.addressDelete("em0", "192.0.2.1")],
    ["an IPv6 address comes", RTM.NEWADDR, RTNLGRP.IPV6_IFADDR, ({ vnet }) => vnet.addressAdd("em1", "2001:db8::1/64")],
    ["an IPv6 address goes", RTM.DELADDR, RTNLGRP.IPV6_IFADDR, ({ vnet }) => vnet.addressDelete("lo0", "::1")],
    [
      "an IPv4 route is added",
      RTM.NEWROUTE,
      RTNLGRP.IPV4_ROUTE,
      ({ vnet }) => void ask(openSocket(vnet), addRoute("127.1.0.0/16")),
    ],
    [
      "an IPv4 route is deleted",
      RTM.DELROUTE,
      RTNLGRP.IPV4_ROUTE,
      ({ vnet }) => void ask(openSocket(vnet), addRoute("127.1.0.0/16"), deleteRoute("127.1.0.0/16")),
    ],
    [
      "an IPv6 route is added",
      RTM.NEWROUTE,
      RTNLGRP.IPV6_ROUTE,
      ({ vnet }) => void ask(openSocket(vnet), addRoute("2001:db8:1::/48")),
    ],
  ];

  it.each(changes)("[N8.2] %s: %i to group %i and to no other", (_, type, group, change) => {
    const setup = setupE();
    const members = groups().map((each) => monitor(setup.vnet, each));
    change(setup);
    const receivers = groups().filter((each) => drain(members[each - 1] as Socket).some((seen) => seen.type === type));
    expect(receivers).toEqual([group]);
  });

  it.each(changes)("[N8.4] who is in no group, or left all, hears nothing when %s", (_, _type, _group, change) => {
    const setup = setupE();
    const left = monitor(setup.vnet, ...groups());
    for (const group of groups()) leave(left, group);
    change(setup);
    expect([drain(left), drain(setup.socket)]).toEqual([[], []]);
  });

  it("[RF-CORE-61b] [0.7] [N8.7] an event of the stack has port, sequence and flags 0, also for a bound member", () => {
    const { vnet } = setupE();
    const member = openSocket(vnet);
    // The mask of LINK, IPV4_IFADDR and IPV6_IFADDR.
    member.bind(100, 0x111);
    flap(vnet);
    vnet.addressAdd("em1", "10.0.0.1/8");
    vnet.addressAdd("em1", "2001:db8::1/64");
    vnet.addressDelete("em1", "10.0.0.1");
    const seen = drain(member);
    expect(new Set(seen.map((each) => each.type))).toEqual(new Set([RTM.NEWLINK, RTM.NEWADDR, RTM.DELADDR]));
    for (const each of seen) expect(each).toMatchObject({ pid: 0, seq: 0, flags: 0 });
  });

  it.each([
    // existing route, request, type and flags of the notification
    ["an add", false, addRoute("127.1.0.0/16", "qaCX", 1, 9), RTM.NEWROUTE, 0x605],
    ["an add without ACK", false, addRoute("127.1.0.0/16", "qC", 1, 9), RTM.NEWROUTE, 0x601],
    ["an add by CREATE and REPLACE", false, addRoute("127.1.0.0/16", "qaCP", 1, 9), RTM.NEWROUTE, 0x605],
    ["a replace", true, addRoute("127.1.0.0/16", "qaP", 1, 9), RTM.NEWROUTE, 0x105],
    ["a delete", true, deleteRoute("127.1.0.0/16", "qa", 9), RTM.DELROUTE, 0x5],
    ["a delete without ACK", true, deleteRoute("127.1.0.0/16", "q", 9), RTM.DELROUTE, 0x1],
  ])(
    "[RF-CORE-61a] [0.7] [N8.7] [E.7.1] [N4.7] the notification of %s has the requester's port, sequence and edited flags, and comes before its ack",
    (_, exists, request, type, flags) => {
      const { vnet, socket } = setupR();
      if (exists) ask(socket, addRoute("127.1.0.0/16", "qC"));
      socket.bind(100);
      join(socket, RTNLGRP.IPV4_ROUTE);
      const other = monitor(vnet, RTNLGRP.IPV4_ROUTE);
      const [event, ...rest] = ask(socket, request);
      expect(event).toMatchObject({ type, flags, seq: 9, pid: 100 });
      expect(event?.body[1]).toBe(16);
      expect(told(rest)).toEqual((flags & 4) === 0 ? [] : ["ERROR 9"]);
      expect(drain(other).map((each) => toHex(each.bytes))).toEqual([toHex(event?.bytes ?? u32(0))]);
    },
  );

  it("[0.7] [N2.8] the notification of an unbound socket's request has port 0 and its sequence", () => {
    const { vnet, socket } = setupR();
    const member = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    ask(socket, addRoute("127.1.0.0/16", "qaCX", 1, 12));
    expect(drain(member)).toMatchObject([{ pid: 0, seq: 12, flags: 0x605 }]);
  });

  it("[E.7.3] routes that an address brings and takes are told to nobody", () => {
    const { vnet } = setupE();
    const member = monitor(vnet, RTNLGRP.IPV4_ROUTE, RTNLGRP.IPV6_ROUTE);
    vnet.addressAdd("em1", "10.0.0.1/8");
    vnet.addressAdd("em1", "2001:db8::1/64");
    vnet.addressDelete("em1", "10.0.0.1");
    vnet.interfaceDown("em1");
    expect(drain(member)).toEqual([]);
  });
});

describe.each<Policy>(["fifo", "seeded"])("delivery, policy %s", (policy) => {
  it("[RF-CORE-60a] [N8.4] each member gets the event, the originator before its ack", () => {
    const { kernel, vnet } = setupR({ policy, stepped: true });
    const [a, b, c] = [1, 2, 3].map(() => monitor(vnet, RTNLGRP.IPV4_ROUTE)) as [Socket, Socket, Socket];
    a.send(addRoute("127.1.0.0/16", "qaCX", 1, 9));
    kernel.runUntilIdle();
    expect(told(drain(a))).toEqual(["NEWROUTE 9", "ERROR 9"]);
    expect(told(drain(b))).toEqual(["NEWROUTE 9"]);
    expect(told(drain(c))).toEqual(["NEWROUTE 9"]);
  });

  it("[RF-CORE-60a] [N8.4] delivery is in the order c, b, a of sockets made in the order a, b, c: so a failing copy shows", () => {
    const losers: string[] = [];
    for (let n = 1; ; n++) {
      const { vnet, socket } = setupE({ policy });
      // Joined in another order than made.
      const made = ["a", "b", "c"].map((name) => ({ name, member: openSocket(vnet) }));
      for (const i of [1, 2, 0]) join((made[i] as { member: Socket }).member, RTNLGRP.LINK);
      ask(socket, noop());
      vnet.failAllocation(n);
      vnet.interfaceDown("em1");
      if (vnet.statistics().allocationFailures === 0) break;
      vnet.failAllocation(0);
      const lost = made.filter(({ member }) => drain(member).length === 0).map(({ name }) => name);
      losers.push(lost.join(""));
      // Only that one event is lost.
      vnet.interfaceUp("em1");
      for (const { member } of made) expect(drain(member).length).toBeGreaterThan(0);
      expect(vnet.check()).toBe(0);
    }
    // First the event itself cannot be built; then one copy after the other.
    expect(losers.filter((each) => each.length === 1)).toEqual(["c", "b", "a"]);
    expect(losers.slice(0, -3).every((each) => each === "abc")).toBe(true);
  });

  it("[N8.4] [N4.5] a full member loses the event alone", () => {
    const { kernel, vnet, socket } = setupR({ policy, stepped: true });
    const members = [1, 2, 3].map(() => monitor(vnet, RTNLGRP.IPV4_ROUTE)) as [Socket, Socket, Socket];
    members[1].setsockopt(SOL.SOCKET, SO.RCVBUF, 100);
    members[1].send(getLinks());
    kernel.runUntilIdle();
    socket.send(addRoute("127.1.0.0/16", "qCX", 1, 5));
    kernel.runUntilIdle();
    expect(told(drain(members[0]))).toEqual(["NEWROUTE 5"]);
    expect(told(drain(members[1]))).toEqual(["NEWLINK 1", "DONE 1"]);
    expect(told(drain(members[2]))).toEqual(["NEWROUTE 5"]);
    kernel.runUntilIdle();
    socket.send(deleteRoute("127.1.0.0/16", "q", 6));
    kernel.runUntilIdle();
    for (const member of members) expect(told(drain(member))).toEqual(["DELROUTE 6"]);
  });

  it("[N8.4] each gets a copy of its own: reading, cutting or closing one leaves the others whole", () => {
    const { kernel, vnet, socket } = setupR({ policy, stepped: true });
    const [cut, closed, late] = [1, 2, 3].map(() => monitor(vnet, RTNLGRP.IPV4_ROUTE)) as [Socket, Socket, Socket];
    socket.send(concat(addRoute("127.1.0.0/16", "qCX", 1, 1), addRoute("127.2.0.0/16", "qCX", 1, 2)));
    kernel.runUntilIdle();
    const queued = late.ioctl(FIO.NREAD);
    cut.recv(new Uint8Array(20));
    closed.close();
    expect(late.ioctl(FIO.NREAD)).toBe(queued);
    expect(told(drain(late))).toEqual(["NEWROUTE 1", "NEWROUTE 2"]);
    expect(told(drain(cut))).toEqual(["NEWROUTE 2"]);
    expect(vnet.statistics().buffers).toBe(0);
  });

  it("[N8.4] a member in two groups gets the events of both, in the order of the changes", () => {
    const { kernel, vnet, socket } = setupE({ policy, stepped: true });
    const member = monitor(vnet, RTNLGRP.IPV4_ROUTE, RTNLGRP.IPV6_ROUTE);
    const prefixes = ["127.1.0.0/16", "2001:db8:1::/48", "127.2.0.0/16"];
    socket.send(concat(...prefixes.map((prefix, i) => addRoute(prefix, "qCX", 1, i + 1))));
    kernel.runUntilIdle();
    const seen = drain(member);
    expect(told(seen)).toEqual(["NEWROUTE 1", "NEWROUTE 2", "NEWROUTE 3"]);
    expect(seen.map((each) => each.body[0])).toEqual([AF.INET, AF.INET6, AF.INET]);
  });

  it("[RF-CORE-60c] [N8.5] members in other vnets hear nothing", () => {
    const { kernel, vnet, socket } = setupE({ policy });
    const jail = kernel.vnetCreate("jail", { interfaces: [{ name: "em1", up: true }] });
    const here = monitor(vnet, RTNLGRP.LINK, RTNLGRP.IPV4_ROUTE);
    const there = monitor(jail, RTNLGRP.LINK, RTNLGRP.IPV4_ROUTE);
    flap(jail);
    expect(drain(here)).toEqual([]);
    expect(drain(there).map((each) => each.type)).toContain(RTM.NEWLINK);
    flap(vnet);
    ask(socket, addRoute("127.1.0.0/16", "qCX", 1, 3));
    expect(drain(there)).toEqual([]);
    expect(told(drain(here))).toContain("NEWROUTE 3");
  });
});

describe("events", () => {
  it("[N8.6] [N8.4] groups of the route family have no privilege: users hear all of it", () => {
    const { vnet } = setupE();
    const root = monitor(vnet, ...groups());
    const user = openSocket(vnet, { cred: { uid: 1001 } });
    for (const group of groups()) join(user, group);
    flap(vnet);
    vnet.addressAdd("em1", "10.0.0.1/8");
    ask(openSocket(vnet), addRoute("127.1.0.0/16"), addRoute("2001:db8:1::/48"));
    const heard = drain(user).map((each) => toHex(each.bytes));
    expect(heard).toEqual(drain(root).map((each) => toHex(each.bytes)));
    expect(heard.length).toBeGreaterThan(4);
  });

  it("[N8.4] [N8.1] an event between join and leave is told, one before or after is not", () => {
    const { vnet, socket } = setupR();
    const member = openSocket(vnet);
    ask(socket, addRoute("127.1.0.0/16", "qCX", 1, 1));
    join(member, RTNLGRP.IPV4_ROUTE);
    ask(socket, addRoute("127.2.0.0/16", "qCX", 1, 2));
    leave(member, RTNLGRP.IPV4_ROUTE);
    ask(socket, addRoute("127.3.0.0/16", "qCX", 1, 3));
    expect(told(drain(member))).toEqual(["NEWROUTE 2"]);
  });

  it("[N8.4] [E.7.1] a refused request tells nobody", () => {
    const { vnet, socket } = setupR();
    const member = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    const outOfReach = message(
      { type: RTM.NEWROUTE, flags: "qC" },
      rtmsg({ dstLength: 8 }),
      attribute(RTA.DST, ip("10.0.0.0")),
      attribute(RTA.GATEWAY, ip("198.51.100.1")),
    );
    ask(socket, outOfReach, deleteRoute("10.0.0.0/8"), addRoute("127.0.0.1/32", "q"));
    expect(drain(member)).toEqual([]);
  });

  it("[N8.4] a link event says which link, and what changed", () => {
    const { vnet } = setupE();
    const member = monitor(vnet, RTNLGRP.LINK);
    vnet.interfaceDown("em1");
    const [seen] = drain(member);
    expect(numberAt(seen?.body ?? new Uint8Array(HeaderSize.IFINFOMSG), 4, 4)).toBe(3);
    expect(numberAt(seen?.body ?? new Uint8Array(HeaderSize.IFINFOMSG), 12, 4) & 1).toBe(1);
  });
});
