// RTM_NEWNEIGH and RTM_DELNEIGH.

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { NETLINK_OPTION, NLMSG, SOL } from "../../assembly/abi/netlink.js";
import { NDA, NTF, NUD, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import { ackOf, ask, attribute, drain, errorOf, message, u8, u32 } from "../support/messages.js";
import { monitor, openSocket, setupE, setupE6 } from "../support/setups.js";
import {
  aboutNeighbour,
  dst,
  lladdrOf,
  type NdHeader,
  ndmsg,
  neighbourAt,
  neighbourOf,
  neighbours,
  stateInWords,
  until,
} from "./neighbours.js";
import { added as addRoute } from "./routes.js";

const EM0 = 2;
const EM1 = 3;
const LO0 = 1;
const MAC = "90:10:00:01:02:03";
const OTHER = "90:10:00:01:02:04";
const STICKY = { index: EM0, flags: NTF.STICKY };

/** RTM_NEWNEIGH of a destination on em0. */
function add(destination: string, flags = "qaC", header: NdHeader = STICKY, lladdr = MAC): Uint8Array {
  return aboutNeighbour(RTM.NEWNEIGH, flags, destination, header, lladdrOf(lladdr));
}

function made(socket: Socket, ...request: Parameters<typeof add>): void {
  expect(errorOf(ask(socket, add(...request)))).toBe(Errno.OK);
}

const remove = (destination: string, header: NdHeader = { index: EM0 }): Uint8Array =>
  aboutNeighbour(RTM.DELNEIGH, "qa", destination, header);

describe("RTM_NEWNEIGH that is refused", () => {
  const whole = [dst("192.0.2.7"), lladdrOf(MAC)];

  it.each<[string, NdHeader, Uint8Array[], Errno, string | undefined]>([
    ["no interface", { family: AF.INET }, whole, Errno.EINVAL, "NDA_IFINDEX / ndm_ifindex not set"],
    ["no destination", { family: AF.INET, index: EM0 }, [lladdrOf(MAC)], Errno.EINVAL, "NDA_DST not set"],
    ["no lladdr", { family: AF.INET, index: EM0 }, [dst("192.0.2.7")], Errno.EINVAL, "NDA_LLADDR not set"],
    ["nothing at all", {}, [], Errno.EINVAL, "NDA_IFINDEX / ndm_ifindex not set"],
    [
      "family 28 with an IPv4 destination",
      { family: AF.INET6, index: EM0 },
      whole,
      Errno.EINVAL,
      "NDA_DST family (2) is different from ndm_family (28)",
    ],
    [
      "a lladdr of 5 bytes",
      { family: AF.INET, index: EM0 },
      [dst("192.0.2.7"), attribute(NDA.LLADDR, new Uint8Array(5))],
      Errno.EINVAL,
      "NDA_LLADDR address length (5) is different from expected (6)",
    ],
    [
      "flag ROUTER",
      { family: AF.INET, index: EM0, flags: NTF.ROUTER },
      whole,
      Errno.EOPNOTSUPP,
      "ndm_flags 80 not supported",
    ],
    ["flag USE", { family: AF.INET, index: EM0, flags: NTF.USE }, whole, Errno.EOPNOTSUPP, "ndm_flags 1 not supported"],
    [
      "flags SELF and STICKY",
      { family: AF.INET, index: EM0, flags: NTF.SELF | NTF.STICKY },
      whole,
      Errno.EOPNOTSUPP,
      "ndm_flags 2 not supported",
    ],
    ["an unknown interface", { family: AF.INET, index: 99 }, whole, Errno.ENOENT, undefined],
    [
      "a destination of 5 bytes",
      { family: AF.INET, index: EM0 },
      [attribute(NDA.DST, new Uint8Array(5)), lladdrOf(MAC)],
      Errno.EOPNOTSUPP,
      "unknown IP len: 5 for rta type 1",
    ],
  ])("[RF-NEIGH-10a] [RF-NEIGH-10b] [RF-NEIGH-10c] [D.3] %s", (_, header, parts, errno, text) => {
    const { socket } = setupE();
    const [ack, ...more] = ask(socket, message({ type: RTM.NEWNEIGH, flags: "qaC" }, ndmsg(header), ...parts));
    expect(ackOf(ack)).toMatchObject({ error: errno, text });
    expect(more).toEqual([]);
    expect(neighbours(socket).length).toBe(1);
  });

  it("[RF-NEIGH-10c] [D.3] NDA_FLAGS_EXT takes the place of ndm_flags, and is shown in hexadecimal", () => {
    const { socket } = setupE();
    const extended = (flags: number): Uint8Array =>
      aboutNeighbour(RTM.NEWNEIGH, "qaC", "192.0.2.7", STICKY, lladdrOf(MAC), attribute(NDA.FLAGS_EXT, u32(flags)));
    expect(ackOf(ask(socket, extended(0xdeadbe41))[0])).toMatchObject({
      error: Errno.EOPNOTSUPP,
      text: "ndm_flags DEADBE01 not supported",
    });
    expect(errorOf(ask(socket, extended(NTF.PROXY)))).toBe(Errno.OK);
    expect(neighbourAt(socket, "192.0.2.7")?.flags).toBe(NTF.PROXY);
  });

  it.each(["qa", "qaX", "qaA"])("[RF-NEIGH-10d] [D.3] flags %s, neither CREATE nor REPLACE: ENOTSUP", (letters) => {
    const { socket } = setupE();
    expect(errorOf(ask(socket, add("192.0.2.7", letters)))).toBe(Errno.EOPNOTSUPP);
  });

  // Every interface has a table of IPv4, lo0 too (netinet/in.c, in_domifattach): there the length is what does not fit.
  it("[D.3] on lo0 the link-layer address must be of 0 bytes, and the destination on the link", () => {
    const { socket } = setupE();
    const ack = ackOf(ask(socket, add("127.0.0.9", "qaC", { index: LO0 }))[0]);
    expect(ack).toMatchObject({
      error: Errno.EINVAL,
      text: "NDA_LLADDR address length (6) is different from expected (0)",
    });
    const empty = aboutNeighbour(RTM.NEWNEIGH, "qaC", "198.51.100.9", { index: LO0 }, attribute(NDA.LLADDR));
    expect(errorOf(ask(socket, empty))).toBe(Errno.ENOMEM);
  });

  it("[RF-NEIGH-11b] [D.3] IPv4 not on the link of that interface, or through a gateway: ENOMEM", () => {
    const { vnet, socket } = setupE();
    expect(errorOf(ask(socket, add("198.51.100.9")))).toBe(Errno.ENOMEM);
    addRoute(socket, "198.51.100.0/24", { gateway: "192.0.2.254" });
    expect(errorOf(ask(socket, add("198.51.100.9")))).toBe(Errno.ENOMEM);
    expect(errorOf(ask(socket, add("192.0.2.9", "qaC", { index: EM1 })))).toBe(Errno.ENOMEM);
    vnet.addressAdd("em1", "192.0.2.200/24");
    made(socket, "192.0.2.9", "qaC", { index: EM1, flags: NTF.STICKY });
    expect(
      neighbours(socket, { index: EM1 })
        .map((each) => each.destination)
        .sort(),
    ).toEqual(["192.0.2.200", "192.0.2.9"]);
  });

  it("[D.3] an IPv4 host route through the destination itself makes it a neighbour (in_lltable_rtcheck)", () => {
    const { socket } = setupE();
    addRoute(socket, "198.51.100.9/32", { gateway: "198.51.100.9", oif: EM0 });
    made(socket, "198.51.100.9");
    expect(neighbourAt(socket, "198.51.100.9")?.state).toBe(NUD.REACHABLE);
  });

  // in6_lltable_rtcheck refuses only where a route leads elsewhere and the interface has no address of the family.
  it("[RF-NEIGH-22] [Z.2] IPv6 outside every prefix is accepted, unless a route leads elsewhere and em1 has no address", () => {
    const { socket } = setupE6();
    made(socket, "2001:db8:77::9");
    made(socket, "2001:db8:77::9", "qaC", { index: EM1, flags: NTF.STICKY });
    expect(errorOf(ask(socket, add("2001:db8::9", "qaC", { index: EM1 })))).toBe(Errno.ENOMEM);
  });

  it("[D.3] needs PRIV_NET_ROUTE, and is refused in a jail, before anything is parsed", () => {
    const { vnet } = setupE();
    for (const cred of [{ uid: 1001 }, { jail: { vnet: false, addresses: ["192.0.2.1"] } }]) {
      const socket = openSocket(vnet, { cred });
      expect(errorOf(ask(socket, message({ type: RTM.NEWNEIGH, flags: "qaC" })))).toBe(Errno.EPERM);
      expect(errorOf(ask(socket, message({ type: RTM.DELNEIGH, flags: "qa" })))).toBe(Errno.EPERM);
    }
  });
});

describe("RTM_NEWNEIGH and an entry that is there or not", () => {
  it.each<[string, Errno, string]>([
    ["qaC", Errno.EEXIST, MAC],
    ["qaCX", Errno.EEXIST, MAC],
    ["qaX", Errno.EOPNOTSUPP, MAC],
    ["qaCP", Errno.OK, OTHER],
    ["qaP", Errno.OK, OTHER],
  ])("[RF-NEIGH-11c] [D.3] there: flags %s answer %i and leave lladdr %s", (letters, errno, lladdr) => {
    const { vnet, socket } = setupE();
    made(socket, "192.0.2.7");
    const group = monitor(vnet, RTNLGRP.NEIGH);
    expect(errorOf(ask(socket, add("192.0.2.7", letters, STICKY, OTHER)))).toBe(errno);
    expect(neighbourAt(socket, "192.0.2.7")?.lladdr).toBe(lladdr);
    // What is replaced goes without a message.
    expect(drain(group).map(stateInWords)).toEqual(errno === Errno.OK ? ["NEWNEIGH 192.0.2.7 0x2"] : []);
    expect(vnet.check()).toBe(0);
  });

  it("[RF-NEIGH-11c] [D.3] likewise for IPv6", () => {
    const { socket } = setupE6();
    made(socket, "2001:db8::7");
    expect(errorOf(ask(socket, add("2001:db8::7")))).toBe(Errno.EEXIST);
    made(socket, "2001:db8::7", "qaCP", STICKY, OTHER);
    expect(
      neighbours(socket)
        .filter((each) => each.destination === "2001:db8::7")
        .map((each) => each.lladdr),
    ).toEqual([OTHER]);
  });

  it("[RF-NEIGH-11d] [D.3] not there: REPLACE alone is ENOENT", () => {
    const { socket } = setupE();
    expect(errorOf(ask(socket, add("192.0.2.7", "qaP")))).toBe(Errno.ENOENT);
    expect(neighbourAt(socket, "192.0.2.7")).toBeUndefined();
  });

  it("[RF-NEIGH-12a] [D.3] an own address: REPLACE is EPERM, CREATE EEXIST", () => {
    const { socket } = setupE();
    expect(errorOf(ask(socket, add("192.0.2.1", "qaCP")))).toBe(Errno.EPERM);
    expect(errorOf(ask(socket, add("192.0.2.1", "qaP")))).toBe(Errno.EPERM);
    expect(errorOf(ask(socket, add("192.0.2.1")))).toBe(Errno.EEXIST);
    expect(neighbourAt(socket, "192.0.2.1")?.lladdr).toBe("02:00:00:00:00:0a");
  });
});

describe("RTM_NEWNEIGH's entry", () => {
  // la_expire = 0 - wall clock + uptime, shown as that + wall clock - uptime: second 0, 1970.
  it.each(["192.0.2.7", "2001:db8::7"])(
    "[RF-NEIGH-12b] [D.3] %s without STICKY: INCOMPLETE with an lladdr, ends in the past",
    (destination) => {
      const { kernel, vnet, socket } = setupE();
      vnet.addressAdd("em0", "2001:db8::1/64");
      made(socket, destination, "qaC", { index: EM0 });
      expect(neighbourAt(socket, destination)).toMatchObject({
        state: NUD.INCOMPLETE,
        lladdr: MAC,
        flags: 0,
        nextStateAt: 0,
        references: 1,
      });
      // It is used for forwarding, and no timer ends it.
      expect(vnet.neighbourResolve("em0", destination)).toBe(MAC);
      kernel.advance(86_400_000);
      expect(neighbourAt(socket, destination)).toMatchObject({ state: NUD.INCOMPLETE, lladdr: MAC });
    },
  );

  it.each<[string, number]>([
    ["192.0.2.7", 0],
    ["192.0.2.7", NUD.PERMANENT],
    ["2001:db8::7", 0],
  ])(
    "[RF-NEIGH-12c] [FC-NEIGH-3] [FB-78] [FB-84] [D.3] %s STICKY, state %i: REACHABLE for ever",
    (destination, state) => {
      const { kernel, vnet, socket } = setupE();
      vnet.addressAdd("em0", "2001:db8::1/64");
      made(socket, destination, "qaCP", { index: EM0, flags: NTF.STICKY, state });
      kernel.advance(100_000_000);
      expect(neighbourAt(socket, destination)).toMatchObject({
        state: NUD.REACHABLE,
        lladdr: MAC,
        flags: NTF.STICKY,
        nextStateAt: 0,
      });
    },
  );

  it("[RF-NEIGH-12d] [D.3] state PERMANENT without STICKY changes nothing", () => {
    const { socket } = setupE();
    made(socket, "192.0.2.7", "qaC", { index: EM0, state: NUD.PERMANENT });
    expect(neighbourAt(socket, "192.0.2.7")).toMatchObject({ state: NUD.INCOMPLETE, flags: 0 });
  });

  it("[FC-NEIGH-4] [FC-NEIGH-2] [D.3] NEXT_STATE_TS is shown as it was set, a second of the wall clock", () => {
    const { kernel, socket } = setupE();
    const end = kernel.wallClock + 60;
    const request = aboutNeighbour(RTM.NEWNEIGH, "qaCP", "192.0.2.7", { index: EM0 }, lladdrOf(MAC), until(end));
    expect(errorOf(ask(socket, request))).toBe(Errno.OK);
    kernel.advance(10_000);
    expect(neighbourAt(socket, "192.0.2.7")?.nextStateAt).toBe(end);
    const sticky = aboutNeighbour(RTM.NEWNEIGH, "qaCP", "192.0.2.7", STICKY, lladdrOf(MAC), until(end));
    expect(errorOf(ask(socket, sticky))).toBe(Errno.OK);
    expect(neighbourAt(socket, "192.0.2.7")?.nextStateAt).toBe(0);
  });

  it("[D.3] NEXT_STATE_TS of another length is refused", () => {
    const { socket } = setupE();
    const nested = attribute(NDA.FREEBSD, attribute(1, u8(1)));
    const request = aboutNeighbour(RTM.NEWNEIGH, "qaC", "192.0.2.7", STICKY, lladdrOf(MAC), nested);
    expect(errorOf(ask(socket, request))).toBe(Errno.EINVAL);
  });

  it("[RF-NEIGH-13a] [D.3] [D.5] is told to group NEIGH with port and sequence 0, before the ack", () => {
    const { vnet, socket } = setupE();
    const group = monitor(vnet, RTNLGRP.NEIGH, RTNLGRP.IPV4_ROUTE);
    socket.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, RTNLGRP.NEIGH);
    const [told, ack] = ask(socket, add("192.0.2.7"));
    expect(told).toMatchObject({ type: RTM.NEWNEIGH, pid: 0, seq: 0, flags: 0 });
    expect(ack?.type).toBe(NLMSG.ERROR);
    expect(drain(group)).toMatchObject([{ bytes: told?.bytes }]);
    expect(neighbourOf(told)).toMatchObject({ destination: "192.0.2.7", state: NUD.REACHABLE, lladdr: MAC });
  });

  it("[RF-NEIGH-13b] [D.3] PROXY is shown, and announced for IPv4", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em0", "2001:db8::1/64");
    const before = vnet.neighbours.traffic().arpAnnouncements;
    made(socket, "192.0.2.7", "qaC", { index: EM0, flags: NTF.PROXY | NTF.STICKY });
    made(socket, "192.0.2.8");
    made(socket, "2001:db8::8", "qaC", { index: EM0, flags: NTF.PROXY | NTF.STICKY });
    expect(neighbourAt(socket, "192.0.2.7")?.flags).toBe(NTF.PROXY | NTF.STICKY);
    expect(vnet.neighbours.traffic().arpAnnouncements).toBe(before + 1);
    // This host answers for it from now on.
    const replies = vnet.neighbours.traffic().arpReplies;
    vnet.peer("em0", { address: "192.0.2.50", lladdr: OTHER }).send({ message: "request", target: "192.0.2.7" });
    vnet.peer("em0", { address: "192.0.2.51", lladdr: OTHER }).send({ message: "request", target: "192.0.2.8" });
    expect(vnet.neighbours.traffic().arpReplies).toBe(replies + 1);
  });

  it("[D.2.2] [D.3] a link-local destination belongs to the interface's zone", () => {
    const { vnet, socket } = setupE6();
    vnet.addressAdd("em1", "fe80::b/64");
    made(socket, "fe80::7");
    expect(errorOf(ask(socket, aboutNeighbour(RTM.GETNEIGH, "qa", "fe80::7", { index: EM1 })))).toBe(Errno.ESRCH);
    made(socket, "fe80::7", "qaC", { index: EM1, flags: NTF.STICKY }, OTHER);
    expect(vnet.neighbourResolve("em0", "fe80::7")).toBe(MAC);
    expect(vnet.neighbourResolve("em1", "fe80::7")).toBe(OTHER);
  });
});

describe("RTM_DELNEIGH", () => {
  it.each<[string, Uint8Array, Errno, string | undefined]>([
    [
      "no destination",
      message({ type: RTM.DELNEIGH, flags: "qa" }, ndmsg({ family: AF.INET, index: EM0 })),
      Errno.EINVAL,
      "NDA_DST not set",
    ],
    ["no interface", remove("192.0.2.7", {}), Errno.EINVAL, "no ifindex provided"],
    ["no entry", remove("192.0.2.7"), Errno.ENOENT, undefined],
    ["an own address", remove("192.0.2.1"), Errno.EPERM, undefined],
    ["no family", remove("192.0.2.1", { index: EM0, family: 0 }), Errno.EAFNOSUPPORT, undefined],
    ["an unknown family", remove("192.0.2.1", { index: EM0, family: 99 }), Errno.EAFNOSUPPORT, undefined],
    ["the other family", remove("192.0.2.1", { index: EM0, family: AF.INET6 }), Errno.ENOENT, undefined],
    // Its tables are there and empty (net/if.c, if_attachdomain1; netinet/in.c, in_domifattach).
    ["on lo0", remove("127.0.0.1", { index: LO0 }), Errno.ENOENT, undefined],
  ])("[RF-NEIGH-14a] [FC-NEIGH-5] [D.4] %s", (_, request, errno, text) => {
    const { vnet, socket } = setupE();
    const group = monitor(vnet, RTNLGRP.NEIGH);
    expect(ackOf(ask(socket, request)[0])).toMatchObject({ error: errno, text });
    expect(drain(group)).toEqual([]);
    expect(neighbours(socket).length).toBe(1);
  });

  it("[RF-NEIGH-14b] [FC-NEIGH-5] [D.4] a static entry goes, whatever else the request says; the whole object is told", () => {
    const { vnet, socket } = setupE();
    made(socket, "192.0.2.7", "qaC", { index: EM0, flags: NTF.STICKY | NTF.PROXY });
    const shown = neighbourAt(socket, "192.0.2.7");
    const group = monitor(vnet, RTNLGRP.NEIGH);
    const request = aboutNeighbour(
      RTM.DELNEIGH,
      "qa",
      "192.0.2.7",
      { index: EM0, state: NUD.FAILED, flags: NTF.ROUTER },
      lladdrOf(OTHER),
    );
    expect(errorOf(ask(socket, request))).toBe(Errno.OK);
    const [told] = drain(group);
    expect(told).toMatchObject({ type: RTM.DELNEIGH, pid: 0, seq: 0, flags: 0, body: shown?.seen.body });
    expect(neighbourAt(socket, "192.0.2.7")).toBeUndefined();
  });

  it.each(["192.0.2.7", "2001:db8::7"])(
    "[FB-79] [FB-85] [D.4] %s whose resolution has begun goes, and its timer",
    (destination) => {
      const { kernel, vnet, socket } = setupE();
      vnet.addressAdd("em0", "2001:db8::1/64");
      vnet.neighbourResolve("em0", destination);
      const group = monitor(vnet, RTNLGRP.NEIGH);
      expect(errorOf(ask(socket, remove(destination)))).toBe(Errno.OK);
      expect(errorOf(ask(socket, aboutNeighbour(RTM.GETNEIGH, "qa", destination, { index: EM0 })))).toBe(Errno.ESRCH);
      kernel.advance(60_000);
      expect(drain(group).map(stateInWords)).toEqual([`DELNEIGH ${destination} 0x1`]);
      expect(vnet.check()).toBe(0);
    },
  );

  it("[FB-83] [D.3] [D.4] a dynamic entry is deleted and set static", () => {
    const { vnet, socket } = setupE();
    vnet.peer("em0", { address: "192.0.2.7", lladdr: OTHER });
    expect(vnet.neighbourResolve("em0", "192.0.2.7")).toBe(OTHER);
    expect(errorOf(ask(socket, remove("192.0.2.7")))).toBe(Errno.OK);
    made(socket, "192.0.2.7", "qaCP");
    expect(neighbourAt(socket, "192.0.2.7")).toMatchObject({ lladdr: MAC, nextStateAt: 0, flags: NTF.STICKY });
  });
});
