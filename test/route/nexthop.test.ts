// User nexthops: RTM_NEWNEXTHOP, RTM_DELNEXTHOP, RTM_GETNEXTHOP of one, and routes that use them.

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import { NHA, NHAF, RTA, RTF, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Errno, type Vnet } from "../../host/kernel/kernel.js";
import { ackOf, ask, attribute, drain, errorOf, message, u8, u16, u32 } from "../support/messages.js";
import { monitor, openSocket, setupE, setupE6, setupR } from "../support/setups.js";
import {
  delNexthop,
  gatewaysOf,
  getNexthop,
  groupMember,
  made,
  multipath,
  type Nexthop,
  newNexthop,
  nexthopIdOf,
  nexthopOf,
  nexthopsIn,
  pathsOf,
  succeed,
} from "./nexthops.js";
import { delRoute, dump, find, newRoute, routeTo } from "./routes.js";

const A = "192.0.2.254";
const B = "192.0.2.253";
const C = "192.0.2.252";
const EM0 = 2;
const ONE = { id: 1, gateway: A, oif: EM0 };
const TWO = { id: 2, gateway: B, oif: EM0 };
const NET = "10.1.0.0/16";

/** A group as a request says it. */
function group(id: number, ...members: [id: number, weight: number][]) {
  return { id, group: members };
}

function get(vnet: Vnet, id: number): Nexthop {
  return nexthopOf(ask(vnet.socket(), getNexthop({ id }, "q"))[0] as never);
}

describe("RTM_NEWNEXTHOP", () => {
  // FreeBSD wants gateway and interface both: RF-NHOP-1a without NHA_OIF is refused, RF-NHOP-2a with both is not (newnhop).
  it("[F.2] [RF-NHOP-1a] [FC-NHOP-3] is told to group 32 with the requester's port, sequence and flags, before the ack", () => {
    const { vnet, socket } = setupE();
    socket.bind(77);
    socket.setsockopt(270, 1, RTNLGRP.NEXTHOP);
    const [event, ack] = ask(socket, newNexthop({ ...ONE, seq: 9 }, "qaCX"));
    expect(event).toMatchObject({ type: RTM.NEWNEXTHOP, pid: 77, seq: 9, flags: 0x605 });
    expect(nexthopOf(event as never)).toMatchObject({ id: 1, gateway: A, oif: EM0, family: AF.INET });
    expect(ackOf(ack)).toMatchObject({ error: 0, seq: 9 });
    expect(get(vnet, 1).gateway).toBe(A);
  });

  it.each(["qaC", "qaCP", "qaP", "qaCX", "qa"])("[F.2] [RF-NHOP-1b] an id in use is EEXIST with flags %s", (flags) => {
    const { vnet, socket } = setupE();
    made(socket, ONE);
    expect(errorOf(ask(socket, newNexthop({ id: 1, gateway: B, oif: EM0 }, flags)))).toBe(Errno.EEXIST);
    expect(get(vnet, 1).gateway).toBe(A);
  });

  it("[F.2] [RF-NHOP-1c] a new id is made without NLM_F_CREATE too", () => {
    const { vnet, socket } = setupE();
    succeed(socket, newNexthop(ONE, "qa"));
    expect(get(vnet, 1).id).toBe(1);
  });

  it.each([
    ["no id", { gateway: A, oif: EM0 }],
    ["id 0", { id: 0, gateway: A, oif: EM0 }],
  ])("[F.2] [RF-NHOP-1d] %s gets one at random, which the event shows and the ack does not", (_, fields) => {
    const { vnet, socket } = setupE();
    const member = monitor(vnet, RTNLGRP.NEXTHOP);
    const ack = ackOf(ask(socket, newNexthop(fields))[0]);
    expect([ack.error, ack.cookie]).toEqual([0, undefined]);
    const { id = 0 } = nexthopsIn(drain(member))[0] ?? {};
    expect(id).toBeGreaterThanOrEqual(262_144);
    expect(id).toBeLessThanOrEqual(327_679);
    expect(get(vnet, id).gateway).toBe(A);
  });

  it.each<[string, Parameters<typeof newNexthop>[0], Errno, string | undefined]>([
    ["[RF-NHOP-1a] [RF-NHOP-2a] a gateway without interface", { id: 1, gateway: A }, Errno.EINVAL, "missing NHA_OIF"],
    ["[RF-NHOP-2a] an interface without gateway", { id: 1, oif: EM0 }, Errno.EINVAL, "missing NHA_GATEWAY"],
    ["[RF-NHOP-2b] nothing", { id: 1 }, Errno.EINVAL, "missing NHA_GATEWAY"],
    [
      "[RF-NHOP-2b] an unknown interface",
      { id: 1, gateway: A, oif: 99 },
      Errno.ENOENT,
      "nla type 5: ifindex 99 invalid",
    ],
    [
      "[RF-NHOP-2b] a link-local gateway without interface",
      { id: 1, gateway: "fe80::1" },
      Errno.EINVAL,
      "missing NHA_OIF",
    ],
    [
      "an interface without address",
      { id: 1, gateway: A, oif: 3 },
      Errno.EINVAL,
      "Unable to determine default source IP",
    ],
    ["[RF-NHOP-2c] a blackhole (quirk)", { id: 1, extra: [attribute(NHA.BLACKHOLE)] }, Errno.EAFNOSUPPORT, undefined],
    [
      "[RF-NHOP-2c] a blackhole with a gateway",
      { ...ONE, extra: [attribute(NHA.BLACKHOLE)] },
      Errno.EAFNOSUPPORT,
      undefined,
    ],
    [
      "[RF-NHOP-3] [RF-CORE-52a] NHA_BLACKHOLE of 1 byte",
      { id: 1, extra: [attribute(NHA.BLACKHOLE, u8(1))] },
      Errno.EINVAL,
      "nla type 4 size(1) is not a flag",
    ],
    [
      "[RF-NHOP-4b] a group of 7 bytes",
      { id: 9, extra: [attribute(NHA.GROUP, new Uint8Array(7))] },
      Errno.EINVAL,
      undefined,
    ],
    ["[RF-NHOP-4b] a group of 0 bytes", { id: 9, extra: [attribute(NHA.GROUP)] }, Errno.EINVAL, undefined],
    ["[RF-NHOP-4b] a group with an unknown member", group(9, [5, 1], [99, 1]), Errno.ESRCH, undefined],
    ["[RF-NHOP-4b] a group with a group", group(9, [5, 1], [10, 1]), Errno.EOPNOTSUPP, undefined],
  ])("[F.2] %s is refused and makes nothing", (_, fields, errno, text) => {
    const { vnet, socket } = setupE();
    made(socket, { id: 5, gateway: A, oif: EM0 }, group(10, [5, 1]));
    const before = vnet.statistics();
    const ack = ackOf(ask(socket, newNexthop(fields))[0]);
    expect([Errno[ack.error], ack.text]).toEqual([Errno[errno], text]);
    expect(vnet.statistics().userNexthops).toBe(before.userNexthops);
  });

  it("[F.2] [RF-NHOP-2b] a link-local gateway with its interface is one; its zone is not shown", () => {
    const { vnet, socket } = setupE6();
    made(socket, { id: 1, gateway: "fe80::1", oif: EM0 });
    expect(get(vnet, 1)).toMatchObject({ gateway: "fe80::1", family: AF.INET6, oif: EM0 });
    succeed(socket, newRoute("2001:db8:5::/48", { nexthopId: 1 }));
    expect(routeTo(socket, "2001:db8:5::/48")).toMatchObject({ gateway: "fe80::1", oif: EM0 });
  });

  it("[F.2] [F.3] [RF-NHOP-4a] a group: family 0, GROUP_TYPE 0, its members in their order with their weights", () => {
    const { vnet, socket } = setupE();
    made(socket, ONE, TWO, {
      id: 10,
      protocol: 12,
      group: [
        [2, 3],
        [1, 1],
        [2, 0],
      ],
    });
    expect(get(vnet, 10)).toMatchObject({
      family: 0,
      protocol: 12,
      groupType: 0,
      group: [
        [2, 3],
        [1, 1],
        [2, 0],
      ],
    });
    expect(get(vnet, 10).order).toEqual([NHA.ID, NHA.GROUP_TYPE, NHA.GROUP]);
    expect(get(vnet, 10).seen.length).toBe(16 + 8 + 8 + 8 + 4 + 3 * 8);
  });

  it("[F.2] [E.4.1] [RF-NHOP-4c] a group of weights 0 is made, and a route with it is ENOMEM", () => {
    const { vnet, socket } = setupE();
    made(socket, ONE, TWO, group(10, [1, 0], [2, 0]));
    const before = vnet.statistics();
    expect(errorOf(ask(socket, newRoute(NET, { nexthopId: 10 })))).toBe(Errno.ENOMEM);
    expect(find(socket, NET)).toBeUndefined();
    expect(vnet.statistics()).toMatchObject({ nexthops: before.nexthops, groups: 0 });
  });

  it("[F.2] [RF-NHOP-4d] NHA_GROUP_TYPE 1 is taken as 0", () => {
    const { vnet, socket } = setupE();
    made(socket, ONE, { id: 10, group: [[1, 1]], extra: [attribute(NHA.GROUP_TYPE, u16(1))] });
    expect(get(vnet, 10).groupType).toBe(0);
  });

  it("[F.3] [RF-NHOP-5] nh_protocol reads back, and routes have it", () => {
    const { vnet, socket } = setupE();
    made(socket, { ...ONE, protocol: 12 }, { ...TWO, protocol: 3 });
    expect(get(vnet, 1).protocol).toBe(12);
    succeed(socket, newRoute(NET, { nexthopId: 1, protocol: 186 }));
    succeed(socket, newRoute("10.2.0.0/16", { nexthopId: 2, protocol: 186 }));
    expect(routeTo(socket, NET).protocol).toBe(12);
    expect(routeTo(socket, "10.2.0.0/16").protocol).toBe(3);
  });
});

describe("RTM_DELNEXTHOP", () => {
  it("[F.5] [RF-NHOP-9a] none ever made is ESRCH, id 0 or none EINVAL, an unknown one ENOENT", () => {
    const { socket } = setupE();
    expect(errorOf(ask(socket, delNexthop({ id: 99 })))).toBe(Errno.ESRCH);
    made(socket, ONE);
    expect(errorOf(ask(socket, delNexthop({ id: 0 })))).toBe(Errno.EINVAL);
    expect(errorOf(ask(socket, delNexthop({})))).toBe(Errno.EINVAL);
    expect(errorOf(ask(socket, delNexthop({ id: 99 })))).toBe(Errno.ENOENT);
  });

  it("[F.5] [RF-NHOP-9b] one in use goes: its route works and shows its id, its group keeps it, the id is free", () => {
    const { vnet, socket } = setupE();
    made(socket, ONE, TWO, group(10, [1, 1], [2, 1]));
    succeed(socket, newRoute(NET, { nexthopId: 1 }));
    const before = routeTo(socket, NET);
    succeed(socket, delNexthop({ id: 1 }));
    expect(errorOf(ask(socket, getNexthop({ id: 1 })))).toBe(Errno.ESRCH);
    expect(routeTo(socket, NET).seen.bytes).toEqual(before.seen.bytes);
    expect(nexthopIdOf(routeTo(socket, NET))).toBe(1);
    expect(get(vnet, 10).group).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(errorOf(ask(socket, newRoute("10.2.0.0/16", { nexthopId: 1 })))).toBe(Errno.ESRCH);
    expect(errorOf(ask(socket, newRoute("10.2.0.0/16", { nexthopId: 10 })))).toBe(Errno.ENOMEM);
    made(socket, { id: 1, gateway: C, oif: EM0 });
    succeed(socket, newRoute("10.2.0.0/16", { nexthopId: 10 }));
    expect(gatewaysOf(routeTo(socket, "10.2.0.0/16"))).toEqual([C, B]);
    expect(routeTo(socket, NET).gateway).toBe(A);
  });

  it("[F.5] what was made of it goes with its last route", () => {
    const { vnet, socket } = setupE();
    const before = vnet.statistics();
    made(socket, ONE, TWO, group(10, [1, 1], [2, 1]));
    succeed(socket, newRoute(NET, { nexthopId: 10 }));
    succeed(socket, delRoute(NET));
    expect(vnet.statistics()).toMatchObject({ groups: 1, nexthops: before.nexthops + 2 });
    for (const id of [1, 2, 10]) succeed(socket, delNexthop({ id }));
    expect(vnet.statistics()).toMatchObject({ groups: 0, nexthops: before.nexthops, userNexthops: 0 });
  });

  it("[F.5] [RF-NHOP-9c] is told to group 32 with the object, then comes the ack", () => {
    const { socket } = setupE();
    made(socket, ONE);
    socket.setsockopt(270, 1, RTNLGRP.NEXTHOP);
    const [event, ack] = ask(socket, delNexthop({ id: 1, seq: 4 }));
    expect(event).toMatchObject({ type: RTM.DELNEXTHOP, seq: 4, flags: NLM_F.REQUEST | NLM_F.ACK });
    expect(nexthopOf(event as never)).toMatchObject({ id: 1, gateway: A });
    expect(ackOf(ack).error).toBe(0);
  });
});

describe("RTM_GETNEXTHOP of one user nexthop", () => {
  it("[F.3] [F.4] [RF-NHOP-6a] gives its object without MULTI", () => {
    const { socket } = setupE();
    made(socket, ONE);
    const [seen, ack] = ask(socket, getNexthop({ id: 1, seq: 5 }));
    const nexthop = nexthopOf(seen as never);
    expect(seen).toMatchObject({ type: RTM.NEWNEXTHOP, flags: NLM_F.REQUEST | NLM_F.ACK, seq: 5 });
    expect(nexthop).toMatchObject({ family: AF.INET, id: 1, oif: EM0, gateway: A, freebsd: [[NHAF.AIF, EM0]] });
    expect(nexthop.order).toEqual([NHA.ID, NHA.OIF, NHA.GATEWAY, NHA.FREEBSD]);
    expect(ackOf(ack).error).toBe(0);
  });

  it("[F.4] [RF-NHOP-8b] an unknown id is ESRCH", () => {
    const { socket } = setupE();
    expect(errorOf(ask(socket, getNexthop({ id: 99 })))).toBe(Errno.ESRCH);
    made(socket, ONE);
    expect(errorOf(ask(socket, getNexthop({ id: 99 })))).toBe(Errno.ESRCH);
  });

  it("[0.9] [RF-NHOP-15] anybody may ask, only root changes; a jail without vnet may do neither", () => {
    const { vnet, socket } = setupE();
    made(socket, ONE);
    const user = openSocket(vnet, { cred: { uid: 1001 } });
    const jailed = openSocket(vnet, { cred: { jail: { vnet: false, addresses: ["192.0.2.1"] } } });
    expect(ask(user, getNexthop({ id: 1 }))[0]?.type).toBe(RTM.NEWNEXTHOP);
    expect(errorOf(ask(user, newNexthop(TWO)))).toBe(Errno.EPERM);
    expect(errorOf(ask(user, delNexthop({ id: 1 })))).toBe(Errno.EPERM);
    expect(errorOf(ask(jailed, getNexthop({ id: 1 })))).toBe(Errno.EPERM);
    expect(errorOf(ask(jailed, newNexthop(TWO)))).toBe(Errno.EPERM);
  });

  it("[0.2] [0.9] [RF-CORE-43] without the privilege a broken attribute is not looked at", () => {
    const { vnet } = setupE();
    const user = openSocket(vnet, { cred: { uid: 1001 } });
    for (const type of [RTM.NEWNEXTHOP, RTM.DELNEXTHOP]) {
      const broken = message({ type, flags: "qa" }, new Uint8Array(8), u16(2), u16(NHA.ID));
      expect(errorOf(ask(user, broken))).toBe(Errno.EPERM);
    }
  });
});

describe("routes with RTA_NH_ID", () => {
  it("[E.4.1] [E.1.2] all else about the nexthop is ignored; RTA_NH_ID comes before RTA_KNH_ID", () => {
    const { socket } = setupE();
    made(socket, ONE);
    succeed(socket, newRoute(NET, { nexthopId: 1, gateway: B, oif: 3, mtu: 1300, type: 6, rtFlags: RTF.STATIC }));
    const route = routeTo(socket, NET);
    expect(route).toMatchObject({ gateway: A, oif: EM0, type: 1, rtFlags: RTF.GATEWAY });
    expect(route.order).toEqual([RTA.TABLE, RTA.DST, RTA.GATEWAY, RTA.NH_ID, RTA.KNH_ID, RTA.RTFLAGS, RTA.OIF]);
    expect(route.seen.length).toBe(84);
  });

  it("[E.4.1] [RF-ROUTE-19a] an unknown id is ESRCH, also when no nexthop was ever made", () => {
    const { socket } = setupE();
    expect(errorOf(ask(socket, newRoute(NET, { nexthopId: 77 })))).toBe(Errno.ESRCH);
    made(socket, ONE);
    expect(errorOf(ask(socket, newRoute(NET, { nexthopId: 77 })))).toBe(Errno.ESRCH);
  });

  it("[E.4.1] [RF-ROUTE-19b] a nexthop of another family is ENOMEM, and leaves nothing", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em0", "2001:db8::1/64");
    made(socket, ONE, { id: 6, gateway: "2001:db8::2", oif: EM0 });
    const before = vnet.statistics();
    expect(errorOf(ask(socket, newRoute("2001:db8:1::/48", { nexthopId: 1 })))).toBe(Errno.ENOMEM);
    expect(errorOf(ask(socket, newRoute(NET, { nexthopId: 6 })))).toBe(Errno.ENOMEM);
    expect(vnet.statistics().nexthops).toBe(before.nexthops);
    succeed(socket, newRoute("2001:db8:1::/48", { nexthopId: 6 }));
    expect(routeTo(socket, "2001:db8:1::/48").gateway).toBe("2001:db8::2");
  });

  it("[E.1.3] [F.6] [RF-NHOP-10] with a group: MULTIPATH, the group's id and kernel index", () => {
    const { socket } = setupE();
    made(socket, ONE, TWO, group(10, [2, 3], [1, 1]));
    succeed(socket, newRoute(NET, { nexthopId: 10 }));
    const route = routeTo(socket, NET);
    expect(route.order).toEqual([RTA.TABLE, RTA.DST, RTA.NH_ID, RTA.KNH_ID, RTA.RTFLAGS, RTA.MULTIPATH]);
    expect(nexthopIdOf(route)).toBe(10);
    // Members become kernel nexthops in the order of the group.
    expect(pathsOf(route).map(({ gateway, hops }) => [gateway, hops])).toEqual([
      [B, 3],
      [A, 1],
    ]);
    succeed(socket, newRoute("10.2.0.0/16", { nexthopId: 10 }));
    expect(routeTo(socket, "10.2.0.0/16").knhId).toBe(route.knhId);
    succeed(socket, newRoute("10.3.0.0/16", { nexthopId: 1 }));
    expect(routeTo(socket, "10.3.0.0/16").knhId).not.toBe(route.knhId);
  });

  it("[E.6.3] a partial deletion leaves a group that is no longer the user's", () => {
    const { socket } = setupE();
    made(socket, ONE, TWO, { id: 3, gateway: C, oif: EM0 }, group(10, [1, 1], [2, 1], [3, 1]));
    succeed(socket, newRoute(NET, { nexthopId: 10 }));
    succeed(socket, delRoute(NET, { gateway: A }));
    expect(gatewaysOf(routeTo(socket, NET))).toEqual([B, C]);
    expect(nexthopIdOf(routeTo(socket, NET))).toBeUndefined();
    succeed(socket, delRoute(NET, { gateway: B }));
    expect(nexthopIdOf(routeTo(socket, NET))).toBe(3);
  });

  // The reference lets a route written by hand show the NH_ID of an equal user group. FreeBSD compares the id of nexthops
  // (struct nhop_priv) and of groups (cmp_nhgrp), so that neither is ever shared.
  it("[E.8.3] [RF-ROUTE-39] the same paths written by hand are nexthops and a group of their own", () => {
    const { socket } = setupE();
    made(socket, ONE, TWO, group(10, [1, 1], [2, 1]));
    succeed(socket, newRoute(NET, { nexthopId: 10 }));
    succeed(socket, newRoute("10.2.0.0/16", { extra: [multipath({ gateway: A }, { gateway: B })] }));
    expect(nexthopIdOf(routeTo(socket, "10.2.0.0/16"))).toBeUndefined();
    expect(routeTo(socket, "10.2.0.0/16").knhId).not.toBe(routeTo(socket, NET).knhId);
  });

  it("[F.6] [RF-NHOP-11] the kind of the first prefix stays: HOST on a /16 after a /32", () => {
    const { socket } = setupE();
    made(socket, ONE, TWO);
    for (const prefix of ["10.0.0.1/32", "10.0.0.0/16"]) succeed(socket, newRoute(prefix, { nexthopId: 1 }));
    for (const prefix of ["11.0.0.0/16", "11.0.0.1/32"]) succeed(socket, newRoute(prefix, { nexthopId: 2 }));
    const flags = dump(socket, AF.INET).filter((route) => nexthopIdOf(route) !== undefined);
    expect(flags.map(({ rtFlags }) => (rtFlags & RTF.HOST) !== 0)).toEqual([true, true, false, false]);
  });

  it("[F.7] [RF-NHOP-12] its interface goes: it stays listed with its old OIF, and no route can use it", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em1", "198.51.100.1/24");
    const far = { id: 3, gateway: "198.51.100.2", oif: 3 };
    made(socket, ONE, far, group(10, [1, 1], [3, 1]));
    succeed(socket, newRoute(NET, { nexthopId: 10 }));
    succeed(socket, newRoute("10.3.0.0/16", { nexthopId: 3 }));
    vnet.interfaceDetach("em1");
    expect(get(vnet, 3)).toMatchObject({ id: 3, oif: 3, gateway: far.gateway, freebsd: [[NHAF.AIF, 3]] });
    expect(gatewaysOf(routeTo(socket, NET))).toEqual([A]);
    expect(find(socket, "10.3.0.0/16")).toBeUndefined();
    vnet.interfaceAttach({ name: "em9", up: true, addresses: ["198.51.100.1/24"] });
    for (const nexthopId of [3, 10]) {
      expect(errorOf(ask(socket, newRoute("10.4.0.0/16", { nexthopId })))).toBe(Errno.ENOMEM);
    }
    expect(vnet.core.call.check()).toBe(0);
  });

  it("[F.7] [C.6] its source address goes: the next route takes another", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em0", "192.0.2.9/24");
    made(socket, ONE);
    succeed(socket, newRoute(NET, { nexthopId: 1 }));
    vnet.addressDelete("em0", "192.0.2.1");
    expect(find(socket, NET)).toBeUndefined();
    succeed(socket, newRoute(NET, { nexthopId: 1 }));
    vnet.addressDelete("em0", "192.0.2.9");
    expect(find(socket, NET)).toBeUndefined();
    expect(errorOf(ask(socket, newRoute(NET, { nexthopId: 1 })))).toBe(Errno.ENOMEM);
  });

  it("[E.4.1] [E.8.2] [RF-NHOP-13] one kernel nexthop for each fib", () => {
    const { vnet, socket } = setupE({ fibs: 2 });
    const before = vnet.statistics().nexthops;
    made(socket, ONE);
    for (const table of [0, 1]) {
      for (const prefix of [NET, "10.2.0.0/16"]) succeed(socket, newRoute(prefix, { nexthopId: 1, table }));
    }
    expect(vnet.statistics().nexthops).toBe(before + 2);
    expect(routeTo(socket, NET, { table: 1 })).toMatchObject({ table: 1, gateway: A, knhId: 1 });
  });

  it("[F.1] [RF-VNET-4] ids are each vnet's own", () => {
    const { kernel, socket } = setupR();
    const inner = kernel.vnetCreate("inner", { interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24"] }] });
    made(openSocket(inner), { id: 1, gateway: A, oif: Number(inner.interfaceIndex("em0")) });
    expect(errorOf(ask(socket, getNexthop({ id: 1 })))).toBe(Errno.ESRCH);
  });

  it("[N9.5] [RF-MOD-5b] unload and load: the nexthop is gone, its route and NH_ID stay", () => {
    const { kernel, vnet, socket } = setupE();
    made(socket, ONE, TWO, group(10, [1, 1], [2, 1]));
    succeed(socket, newRoute(NET, { nexthopId: 1 }));
    succeed(socket, newRoute("10.2.0.0/16", { nexthopId: 10 }));
    socket.close();
    kernel.kldunload("netlink");
    expect(vnet.statistics()).toMatchObject({ userNexthops: 0, groups: 1 });
    kernel.kldload("netlink");
    const after = openSocket(vnet);
    const answer = ask(after, getNexthop({}, "qaD"));
    expect([answer.length, errorOf(answer)]).toEqual([1, Errno.ESRCH]);
    expect(answer[0]?.type).toBe(NLMSG.ERROR);
    expect(nexthopIdOf(routeTo(after, NET))).toBe(1);
    expect(nexthopIdOf(routeTo(after, "10.2.0.0/16"))).toBe(10);
    for (const prefix of [NET, "10.2.0.0/16"]) succeed(after, delRoute(prefix));
    expect(vnet.statistics().groups).toBe(0);
  });

  it("[E.4.1] [F.2] a group of more than 64 members is made, and a route with it is ENOMEM", () => {
    const { socket } = setupE();
    const ids = Array.from({ length: 130 }, (_, n) => n + 1);
    for (const id of ids) made(socket, { id, gateway: `192.0.2.${id + 1}`, oif: EM0 });
    made(socket, { id: 1000, group: ids.map((id) => [id, 1] as const) });
    expect(errorOf(ask(socket, newRoute(NET, { nexthopId: 1000 })))).toBe(Errno.ENOMEM);
  });
});

it("[F.2] a member is id u32, weight u8, two reserved fields that are ignored", () => {
  const { vnet, socket } = setupE();
  made(socket, ONE, { id: 10, extra: [attribute(NHA.GROUP, u32(1), u8(7), u8(0xff), u16(0xffff))] });
  expect(get(vnet, 10).group).toEqual([[1, 7]]);
  const bytes = ask(vnet.socket(), getNexthop({ id: 10 }, "q"))[0]?.bytes ?? new Uint8Array();
  expect(bytes.slice(-8)).toEqual(groupMember([1, 7]));
});
