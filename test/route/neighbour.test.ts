// The neighbour object and RTM_GETNEIGH.

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { ND6_IFF } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import { NDA, NHAF, NTF, NUD, RTF, RTM } from "../../assembly/abi/rtnetlink.js";
import type { Socket } from "../../host/kernel/kernel.js";
import {
  ackOf,
  ask,
  attribute,
  doneOf,
  errorOf,
  flags,
  hex,
  message,
  numberAt,
  toHex,
  u8,
  u32,
} from "../support/messages.js";
import { openSocket, setupE, setupE6, setupR } from "../support/setups.js";
import {
  aboutNeighbour,
  dst,
  getNeighbours,
  ipBytes,
  lladdrOf,
  ndmsg,
  neighbourAt,
  neighbourOf,
  neighbours,
} from "./neighbours.js";
import { getNexthop, nexthopOf, succeed } from "./nexthops.js";
import { getRoute, newRoute, routeOf } from "./routes.js";

const LO0 = 1;
const EM0 = 2;
const EM1 = 3;
const MAC = "90:10:00:01:02:03";

/** Makes a static entry. */
function added(
  socket: Parameters<typeof ask>[0],
  destination: string,
  index = EM0,
  ndmFlags: number = NTF.STICKY,
): void {
  const request = aboutNeighbour(RTM.NEWNEIGH, "qaC", destination, { index, flags: ndmFlags }, lladdrOf(MAC));
  expect(errorOf(ask(socket, request))).toBe(Errno.OK);
}

describe("the neighbour object", () => {
  it("[RF-NEIGH-1] [D.1.1] [D.1.2] [D.1.4] of an own IPv4 address: REACHABLE, SELF and STICKY, for ever", () => {
    const { socket } = setupE();
    const own = neighbourOf(ask(socket, getNeighbours({ index: EM0, family: AF.INET }))[0]);
    expect(own).toMatchObject({
      type: RTM.NEWNEIGH,
      family: AF.INET,
      index: EM0,
      state: NUD.REACHABLE,
      flags: NTF.SELF | NTF.STICKY,
      kind: 0,
      destination: "192.0.2.1",
      lladdr: "02:00:00:00:00:0a",
      probes: 0,
      nextStateAt: 0,
      references: 1,
      order: [NDA.DST, NDA.LLADDR, NDA.PROBES, NDA.CACHEINFO, NDA.FREEBSD],
    });
    expect(toHex(own.payload(NDA.CACHEINFO) ?? hex(""))).toBe("00000000000000000000000001000000");
  });

  it("[RF-NEIGH-1] [D.1.1] is these bytes", () => {
    const { socket } = setupE();
    const [own] = ask(socket, getNeighbours({ index: EM0, family: AF.INET }, flags("qD")));
    expect(toHex(own?.body ?? hex(""))).toBe(
      "020000000200000002004200" + // ndmsg: AF_INET, interface 2, REACHABLE, SELF|STICKY
        "08000100c0000201" + // NDA_DST
        "0a00020002000000000a0000" + // NDA_LLADDR, padded
        "0800040000000000" + // NDA_PROBES
        "1400030000000000000000000000000001000000" + // NDA_CACHEINFO
        "0c0012000800010000000000", // NDA_FREEBSD { NDAF_NEXT_STATE_TS }
    );
  });

  it("[FB-42] [D.1.4] an interface with one IPv4 address has one entry, with two of IPv6 two", () => {
    const inet = setupE();
    expect(neighbours(inet.socket, { family: AF.INET, index: EM0 }).map((each) => each.destination)).toEqual([
      "192.0.2.1",
    ]);
    const inet6 = setupE6();
    const found = neighbours(inet6.socket, { family: AF.INET6, index: EM0 });
    expect(found.map((each) => each.destination).sort()).toEqual(["2001:db8::1", "fe80::ff:fe00:a"]);
    for (const each of found) {
      expect(each).toMatchObject({ family: AF.INET6, index: EM0, state: NUD.REACHABLE, lladdr: "02:00:00:00:00:0a" });
      expect(each.flags).toBe(NTF.SELF | NTF.STICKY);
    }
  });

  it("[D.1.4] lo0 has addresses and no entries", () => {
    expect(neighbours(setupR().socket)).toEqual([]);
  });

  it("[FC-NEIGH-7] [D.1.2] a link-local destination is shown without its zone", () => {
    const { socket } = setupE6();
    const local = neighbourAt(socket, "fe80::ff:fe00:a");
    expect(toHex(local?.payload(NDA.DST) ?? hex(""))).toBe(toHex(ipBytes("fe80::ff:fe00:a")));
  });

  it("[RF-NEIGH-2] [D.1.2] [D.1.3] an incomplete entry has no link-layer address, state 1, and counts its probes", () => {
    const { vnet, socket } = setupE();
    expect(vnet.neighbourResolve("em0", "192.0.2.7")).toBeUndefined();
    const entry = neighbourAt(socket, "192.0.2.7");
    expect(entry).toMatchObject({ state: NUD.INCOMPLETE, lladdr: undefined, probes: 1, flags: 0, references: 2 });
    expect(entry?.order).toEqual([NDA.DST, NDA.PROBES, NDA.CACHEINFO, NDA.FREEBSD]);
  });

  it("[RF-NEIGH-4] [D.1.4] a published entry says PROXY, a router's ROUTER", () => {
    const { vnet, socket } = setupE6();
    added(socket, "2001:db8::8", EM0, NTF.PROXY | NTF.STICKY);
    expect(neighbourAt(socket, "2001:db8::8")?.flags).toBe(NTF.PROXY | NTF.STICKY);
    vnet.interfaceSet("em0", { nd6: { on: ND6_IFF.ACCEPT_RTADV } });
    vnet.peer("em0", { address: "fe80::99", lladdr: MAC }).advertise();
    expect(neighbourAt(socket, "fe80::99")?.flags).toBe(NTF.ROUTER);
  });

  it("[RF-NEIGH-3] [D.1.3] [FC-NEIGH-8] each kernel state has its number; NOARP, PERMANENT and FAILED never show", () => {
    const { kernel, vnet, socket } = setupE6({
      interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] }],
    });
    const state = (destination: string): number | undefined => neighbourAt(socket, destination)?.state;
    const peer = vnet.peer("em0", { address: "2001:db8::7", lladdr: MAC, answers: false });
    vnet.neighbourResolve("em0", "2001:db8::7");
    expect(state("2001:db8::7")).toBe(NUD.INCOMPLETE);
    peer.send({ message: "advertisement", solicited: true });
    expect(state("2001:db8::7")).toBe(NUD.REACHABLE);
    kernel.advance(45_000);
    expect(state("2001:db8::7")).toBe(NUD.STALE);
    vnet.neighbourResolve("em0", "2001:db8::7");
    kernel.advance(6000);
    expect(state("2001:db8::7")).toBe(NUD.PROBE);
    vnet.neighbourResolve("em0", "2001:db8::8");
    vnet
      .peer("em0", { address: "2001:db8::8", lladdr: MAC, answers: false })
      .send({ message: "solicitation", target: "2001:db8::1" });
    expect(state("2001:db8::8")).toBe(NUD.DELAY);
    vnet
      .peer("em0", { address: "2001:db8::9", lladdr: MAC })
      .send({ message: "solicitation", target: "2001:db8::1", withoutLladdr: true });
    expect(state("2001:db8::9")).toBe(NUD.NONE);
    vnet.peer("em0", { address: "192.0.2.7", lladdr: MAC });
    vnet.neighbourResolve("em0", "192.0.2.7");
    expect(state("192.0.2.7")).toBe(NUD.REACHABLE);
    kernel.advance(1_195_500);
    expect(state("192.0.2.7")).toBe(NUD.PROBE);
    added(socket, "192.0.2.9");
    expect(state("192.0.2.9")).toBe(NUD.REACHABLE);
  });
});

describe("RTM_GETNEIGH of one entry", () => {
  it("[RF-NEIGH-5] [D.2.2] a destination without an interface: EINVAL, with the text", () => {
    const { socket } = setupE();
    const ack = ackOf(ask(socket, aboutNeighbour(RTM.GETNEIGH, "qa", "192.0.2.1"))[0]);
    expect(ack).toMatchObject({ error: Errno.EINVAL, text: "has NDA_DST but no ifindex provided" });
  });

  it.each<[string, number, number | undefined]>([
    ["header", EM0, undefined],
    ["NDA_IFINDEX", 0, EM0],
    ["NDA_IFINDEX, which the header contradicts", EM1, EM0],
  ])("[RF-NEIGH-6] [D.2.1] the interface is said by %s", (_, index, attributed) => {
    const { socket } = setupE();
    const parts = attributed === undefined ? [] : [attribute(NDA.IFINDEX, u32(attributed))];
    const [found, ack] = ask(socket, aboutNeighbour(RTM.GETNEIGH, "qa", "192.0.2.1", { index }, ...parts));
    expect(neighbourOf(found)).toMatchObject({ destination: "192.0.2.1", index: EM0 });
    expect(ackOf(ack).error).toBe(Errno.OK);
  });

  it.each<[string, string, number, number, number]>([
    ["no entry", "192.0.2.77", EM0, AF.INET, Errno.ESRCH],
    ["on lo0", "127.0.0.1", 1, AF.INET, Errno.ESRCH],
    ["no family", "192.0.2.1", EM0, AF.UNSPEC, Errno.ESRCH],
    ["the other family", "192.0.2.1", EM0, AF.INET6, Errno.ESRCH],
    ["an unknown interface", "192.0.2.1", 99, AF.INET, Errno.ENOENT],
  ])("[RF-NEIGH-7a] [FB-80] [D.2.2] %s is refused", (_, destination, index, family, errno) => {
    const { socket } = setupE();
    expect(errorOf(ask(socket, aboutNeighbour(RTM.GETNEIGH, "qa", destination, { index, family })))).toBe(errno);
  });

  it("[RF-NEIGH-7b] [D.2.2] [0.5] the answer carries the request's flags, without MULTI, and an ack follows", () => {
    const { socket } = setupE();
    const [found, ack, ...more] = ask(socket, aboutNeighbour(RTM.GETNEIGH, "qaD", "192.0.2.1", { index: EM0 }));
    expect(found).toMatchObject({ type: RTM.NEWNEIGH, flags: flags("qaD") });
    expect(ackOf(ack).error).toBe(Errno.OK);
    expect(more).toEqual([]);
  });

  it("[FC-NEIGH-7] [D.2.2] a link-local destination takes its zone from the interface", () => {
    const { socket } = setupE6();
    const request = aboutNeighbour(RTM.GETNEIGH, "qa", "fe80::ff:fe00:a", { index: EM0 });
    expect(neighbourOf(ask(socket, request)[0])).toMatchObject({ destination: "fe80::ff:fe00:a", index: EM0 });
    const elsewhere = aboutNeighbour(RTM.GETNEIGH, "qa", "fe80::ff:fe00:a", { index: EM1 });
    expect(errorOf(ask(socket, elsewhere))).toBe(Errno.ESRCH);
  });
});

/** The bucket of an address (rtnetlink D.2.3). */
function bucketOf(destination: string): number {
  const bytes = ipBytes(destination);
  const k = numberAt(bytes, bytes.length - 4, 4);
  const fold = (value: number): number => ((value >>> 8) ^ k) >>> 0;
  return fold(fold(fold(k))) & 31;
}

describe("RTM_GETNEIGH of all entries", () => {
  it.each(["qa", "qD", "qaD"])(
    "[RF-NEIGH-8a] [FC-NEIGH-1] [D.2.3] flags %s dump, MULTI, and DONE without an ack",
    (letters) => {
      const { socket } = setupE();
      const seen = ask(socket, getNeighbours({ family: AF.INET }, letters));
      expect(seen.map(({ type }) => type)).toEqual([RTM.NEWNEIGH, NLMSG.DONE]);
      expect(seen[0]?.flags).toBe(flags(letters) | NLM_F.MULTI);
      expect(neighbourOf(seen[0]).index).toBe(EM0);
      expect(doneOf(seen[1])).toBe(Errno.OK);
    },
  );

  it("[RF-NEIGH-8b] [D.2.3] interface and family filter; state, flags, NDA_LLADDR and NDA_MASTER do not", () => {
    const { vnet, socket } = setupE6();
    vnet.addressAdd("em0", "192.0.2.1/24");
    vnet.addressAdd("em1", "198.51.100.1/24");
    expect(neighbours(socket).length).toBe(4);
    expect(neighbours(socket, { family: AF.INET }).length).toBe(2);
    expect(neighbours(socket, { index: EM1 }).length).toBe(1);
    expect(neighbours(socket, { family: AF.INET6, index: EM1 })).toEqual([]);
    expect(neighbours(socket, { family: 99 })).toEqual([]);
    expect(neighbours(socket, { state: NUD.STALE, flags: NTF.ROUTER }).length).toBe(4);
    const others = getNeighbours({}, "qD", lladdrOf(MAC), attribute(NDA.MASTER, u32(EM1)));
    expect(ask(socket, others).length).toBe(5);
  });

  it("[RF-NEIGH-8b] [D.2.1] an unknown interface is ENOENT, without a dump", () => {
    const { socket } = setupE();
    expect(errorOf(ask(socket, getNeighbours({ index: 99 }, "qa")))).toBe(Errno.ENOENT);
  });

  it("[RF-NEIGH-8c] [D.2.3] interfaces in order, IPv4 first, by bucket, the newest first in each", () => {
    const { vnet, socket } = setupE6();
    vnet.addressAdd("em1", "198.51.100.1/24");
    vnet.addressAdd("em0", "192.0.2.1/24");
    const order: string[] = ["2001:db8::1", "fe80::ff:fe00:a", "198.51.100.1", "192.0.2.1"];
    for (let n = 10; n < 50; n++) {
      for (const destination of [`192.0.2.${n}`, `2001:db8::${n}`, `198.51.100.${n}`]) {
        added(socket, destination, destination.startsWith("198") ? EM1 : EM0);
        order.push(destination);
      }
    }
    const newestFirst = [...order].reverse();
    const expected = [
      newestFirst.filter((each) => each.startsWith("192")),
      newestFirst.filter((each) => each.includes(":")),
      newestFirst.filter((each) => each.startsWith("198")),
    ].flatMap((table) => table.sort((left, right) => bucketOf(left) - bucketOf(right)));
    expect(neighbours(socket).map((each) => each.destination)).toEqual(expected);
    expect(new Set(expected.map(bucketOf)).size).toBeGreaterThan(20);
  });

  it("[RF-NEIGH-9] [D.2.4] needs no privilege, and is refused in a jail without a vnet", () => {
    const { vnet } = setupE();
    const unprivileged = openSocket(vnet, { cred: { uid: 1001 } });
    expect(neighbours(unprivileged).length).toBe(1);
    const jailed = openSocket(vnet, { cred: { jail: { vnet: false, addresses: ["192.0.2.1"] } } });
    expect(errorOf(ask(jailed, getNeighbours()))).toBe(Errno.EPERM);
    expect(errorOf(ask(jailed, aboutNeighbour(RTM.GETNEIGH, "qa", "192.0.2.1", { index: EM0 })))).toBe(Errno.EPERM);
  });

  it("[FC-NEIGH-9] [D.2.3] entries may be deleted while the dump is read; it shows them all", () => {
    const { vnet, socket } = setupE6();
    for (let n = 10; n < 90; n++) added(socket, `2001:db8::${n}`);
    const second = openSocket(vnet);
    socket.send(getNeighbours({ family: AF.INET6 }));
    const into = new Uint8Array(600);
    let shown = 0;
    for (let isOver = false; !isOver; ) {
      const bytes = into.slice(0, socket.recv(into));
      for (let at = 0; at < bytes.length; at += numberAt(bytes, at, 4)) {
        const all = bytes.slice(at, at + numberAt(bytes, at, 4));
        const type = numberAt(all, 4, 2);
        isOver = type === NLMSG.DONE;
        if (isOver) break;
        shown++;
        const { destination, flags: ndmFlags } = neighbourOf({
          type,
          length: all.length,
          flags: 0,
          seq: 0,
          pid: 0,
          bytes: all,
          body: all.slice(16),
        });
        const answer = errorOf(ask(second, aboutNeighbour(RTM.DELNEIGH, "qa", destination, { index: EM0 })));
        expect(answer).toBe(ndmFlags & NTF.SELF ? Errno.EPERM : Errno.OK);
      }
    }
    expect(shown).toBe(82);
    expect(neighbours(socket).length).toBe(2);
    expect(vnet.check()).toBe(0);
  });

  it("[D.2.1] [N6.1] a header of one byte is a dump of that family", () => {
    const { socket } = setupE();
    const seen = ask(socket, message({ type: RTM.GETNEIGH, flags: "qD" }, Uint8Array.of(AF.INET)));
    expect(seen.map(({ type }) => type)).toEqual([RTM.NEWNEIGH, NLMSG.DONE]);
    expect(ask(socket, message({ type: RTM.GETNEIGH, flags: "q" }, ndmsg(), dst("192.0.2.1"))).length).toBe(1);
  });
});

describe("which interface arp(8) sets an entry on", () => {
  /** What guess_ifindex asks: the route first, then the address's interface of its nexthop. Undefined for a gateway. */
  function guess(
    socket: Socket,
    destination: string,
    table = 0,
  ): { oif: number | undefined; aif?: number } | undefined {
    const [reply, ...acks] = ask(socket, getRoute(destination, { table }));
    expect(errorOf(acks)).toBe(Errno.OK);
    if (reply === undefined) throw new Error("no route");
    const { oif, rtFlags, knhId } = routeOf(reply);
    if ((rtFlags & RTF.GATEWAY) !== 0) return undefined;
    if (oif !== LO0) return { oif };
    // NHAF_FAMILY is one byte.
    const freebsd = [
      attribute(NHAF.KID, u32(knhId)),
      attribute(NHAF.FAMILY, u8(AF.INET)),
      attribute(NHAF.TABLE, u32(table)),
    ];
    const [nexthop, ...more] = ask(socket, getNexthop({ freebsd }));
    expect(errorOf(more)).toBe(Errno.OK);
    if (nexthop === undefined) throw new Error("no nexthop");
    return { oif, aif: new Map(nexthopOf(nexthop).freebsd ?? []).get(NHAF.AIF) ?? 0 };
  }

  it("[FC-NEIGH-6] [E.3.2] [F.4] the AIF of an own address, which is routed to lo0, is the address's interface", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em1", "198.51.100.1/24");
    expect(guess(socket, "192.0.2.1")).toEqual({ oif: LO0, aif: EM0 });
    expect(guess(socket, "198.51.100.1")).toEqual({ oif: LO0, aif: EM1 });
  });

  it("[FC-NEIGH-6] [E.3.2] a neighbour's is the route's, and behind a gateway there is none", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em1", "198.51.100.1/24");
    succeed(socket, newRoute("203.0.113.0/24", { gateway: "192.0.2.254" }));
    expect(guess(socket, "192.0.2.7")).toEqual({ oif: EM0 });
    expect(guess(socket, "198.51.100.7")).toEqual({ oif: EM1 });
    expect(guess(socket, "203.0.113.7")).toBeUndefined();
  });

  it("[FC-NEIGH-6] [E.3.2] in another table the nexthop is looked up there", () => {
    const { socket } = setupE({
      fibs: 2,
      interfaces: [{ name: "em0", fib: 1, up: true, addresses: ["192.0.2.1/24"] }],
    });
    expect(errorOf(ask(socket, getRoute("192.0.2.1", { table: 0 })))).toBe(Errno.ESRCH);
    expect(guess(socket, "192.0.2.1", 1)).toEqual({ oif: LO0, aif: EM0 });
  });
});
