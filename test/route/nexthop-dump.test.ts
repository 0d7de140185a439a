// RTM_GETNEXTHOP: dumps of user nexthops and of the kernel's, and the kernel's by index.

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { NLM_F, NLMSG } from "../../assembly/abi/netlink.js";
import { NHA, NHAF, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Errno, type Socket } from "../../host/kernel/kernel.js";
import { ackOf, ask, attribute, doneOf, drain, errorOf, u32 } from "../support/messages.js";
import { monitor, setupE, setupE6, setupR } from "../support/setups.js";
import { delNexthop, getNexthop, kernelNexthop, made, newNexthop, nexthopOf, nexthopsIn, succeed } from "./nexthops.js";
import { added, dump, newRoute, routeTo } from "./routes.js";

const A = "192.0.2.254";
const EM0 = 2;

/** The ids of a dump, which must end well. */
function ids(socket: Socket, fields: Parameters<typeof getNexthop>[0] = {}, flags = "qaD"): (number | undefined)[] {
  const seen = ask(socket, getNexthop(fields, flags));
  expect(doneOf(seen.at(-1))).toBe(0);
  expect(seen.every((each) => each.type === NLMSG.DONE || (each.flags & NLM_F.MULTI) !== 0)).toBe(true);
  return nexthopsIn(seen).map(({ id }) => id);
}

function makeMany(socket: Socket, ...all: readonly number[]): void {
  for (const id of all) made(socket, { id, gateway: A, oif: EM0 });
}

describe("a dump of user nexthops", () => {
  it("[F.4] [RF-NHOP-7c] none was ever made: ESRCH, no NLMSG_DONE", () => {
    const { socket } = setupR();
    const answer = ask(socket, getNexthop({}, "qaD"));
    expect(answer.map(({ type }) => type)).toEqual([NLMSG.ERROR]);
    expect(errorOf(answer)).toBe(Errno.ESRCH);
  });

  it("[F.4] after an attempt there is a table, though empty", () => {
    const { socket } = setupE();
    expect(errorOf(ask(socket, newNexthop({ id: 1 })))).toBe(Errno.EINVAL);
    expect(ids(socket)).toEqual([]);
  });

  it("[F.4] [RF-NHOP-7d] all by bucket; NHA_GROUPS only groups, NHA_OIF only those on it; nh_family does not filter", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em1", "198.51.100.1/24");
    made(socket, { id: 17, gateway: "198.51.100.2", oif: 3 }, { id: 2, gateway: A, oif: EM0 });
    made(
      socket,
      { id: 1, gateway: A, oif: EM0 },
      {
        id: 10,
        group: [
          [1, 1],
          [2, 1],
        ],
      },
    );
    expect(ids(socket)).toEqual([1, 17, 2, 10]);
    expect(ids(socket, { family: AF.INET6 })).toEqual([1, 17, 2, 10]);
    expect(ids(socket, { extra: [attribute(NHA.GROUPS)] })).toEqual([10]);
    expect(ids(socket, { oif: 3 })).toEqual([17]);
    expect(ids(socket, { oif: 1 })).toEqual([]);
  });

  it("[F.4] [RF-NHOP-8a] NLM_F_DUMP is not asked for", () => {
    const { socket } = setupE();
    makeMany(socket, 1, 2);
    expect(ids(socket, {}, "q")).toEqual([1, 2]);
    expect(ids(socket, {}, "qa")).toEqual([1, 2]);
  });

  it("[F.4] [RF-NHOP-14] buckets double with the ninth entry: all are listed once, each chain the other way round", () => {
    const { socket } = setupE();
    makeMany(socket, 1, 33, 65, 17, 2, 3, 4, 5);
    // 16 buckets: newest first in each.
    expect(ids(socket)).toEqual([17, 65, 33, 1, 2, 3, 4, 5]);
    makeMany(socket, 6);
    // 32 buckets: 1, 33, 65 share one, turned round by the move; 17 is in one of its own.
    expect(ids(socket)).toEqual([1, 33, 65, 2, 3, 4, 5, 6, 17]);
    const many = Array.from({ length: 500 }, (_, n) => 1000 + n * 7);
    makeMany(socket, ...many);
    const listed = ids(socket).map(Number);
    expect([...listed].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 17, 33, 65, ...many]);
    expect(listed.map((id) => id % 1024)).toEqual(listed.map((id) => id % 1024).sort((a, b) => a - b));
  });

  it("[F.4] kernel nexthops made of them count as entries; few entries halve the buckets with the next nexthop", () => {
    const { socket } = setupE({ fibs: 8 });
    makeMany(socket, 1, 17);
    for (let table = 0; table < 7; table++) succeed(socket, newRoute("10.1.0.0/16", { nexthopId: 1, table }));
    expect(ids(socket)).toEqual([17, 1]);
    makeMany(socket, 33);
    expect(ids(socket)).toEqual([1, 33, 17]);
    // Its seven kernel nexthops go with it: 3 entries are less than a quarter of 32.
    succeed(socket, delNexthop({ id: 1 }));
    makeMany(socket, 2);
    expect(ids(socket)).toEqual([17, 33, 2]);
  });
});

describe("kernel nexthops", () => {
  it("[F.3] [F.4] [RF-NHOP-6b] [FC-NHOP-1] one by index: no id, then OIF, GATEWAY and AIF, KID, FAMILY, TABLE in this order", () => {
    const { socket } = setupE();
    const { knhId } = added(socket, "10.1.0.0/16", { gateway: A, protocol: 12 });
    const [seen, ack] = ask(socket, getNexthop({ freebsd: kernelNexthop(knhId) }));
    expect(seen).toMatchObject({ type: RTM.NEWNEXTHOP, flags: NLM_F.REQUEST | NLM_F.ACK });
    const nexthop = nexthopOf(seen as never);
    expect(nexthop).toMatchObject({ family: AF.INET, protocol: 12, oif: EM0, gateway: A });
    expect(nexthop.order).toEqual([NHA.OIF, NHA.GATEWAY, NHA.FREEBSD]);
    expect(nexthop.freebsd).toEqual([
      [NHAF.AIF, EM0],
      [NHAF.KID, knhId],
      [NHAF.FAMILY, AF.INET],
      [NHAF.TABLE, 0],
    ]);
    expect(ackOf(ack).error).toBe(0);
  });

  it("[F.4] [FC-NHOP-1] an own address's route leads to lo0; AIF is the interface of the address", () => {
    const { socket } = setupE();
    const { knhId, oif } = routeTo(socket, "192.0.2.1/32");
    expect(oif).toBe(1);
    const nexthop = nexthopOf(ask(socket, getNexthop({ freebsd: kernelNexthop(knhId) }))[0] as never);
    expect(nexthop).toMatchObject({ oif: 1, gateway: undefined, family: AF.INET });
    expect(nexthop.freebsd?.[0]).toEqual([NHAF.AIF, EM0]);
  });

  it.each([
    ["an unknown index", kernelNexthop(4000)],
    ["a table beyond net.fibs", kernelNexthop(1, 1)],
    ["a family without table", kernelNexthop(1, 0, 99)],
  ])("[F.4] [FC-NHOP-1] %s is ESRCH", (_, freebsd) => {
    const { socket } = setupE();
    expect(errorOf(ask(socket, getNexthop({ freebsd })))).toBe(Errno.ESRCH);
  });

  it("[F.4] [FC-NHOP-2] ndp's slip: the index of an IPv6 nexthop is looked up in the IPv4 table", () => {
    const { socket } = setupE6();
    for (let n = 0; n < 9; n++) added(socket, `2001:db8:${n + 1}::/48`, { gateway: `2001:db8::${n + 2}` });
    const highest = Math.max(...dump(socket, AF.INET6).map(({ knhId }) => knhId));
    expect(errorOf(ask(socket, getNexthop({ freebsd: kernelNexthop(highest) })))).toBe(Errno.ESRCH);
    expect(ask(socket, getNexthop({ freebsd: kernelNexthop(highest, 0, AF.INET6) }))[0]?.type).toBe(RTM.NEWNEXTHOP);
    expect(nexthopOf(ask(socket, getNexthop({ freebsd: kernelNexthop(1) }))[0] as never).family).toBe(AF.INET);
  });

  it("[F.4] [RF-NHOP-7a] all of a table and family, each once, whether or not a user nexthop was ever made", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em0", "2001:db8::1/64");
    added(socket, "10.1.0.0/16", { gateway: A });
    added(socket, "10.2.0.0/16", { type: 6 });
    added(socket, "10.3.0.0/16", { type: 8 });
    added(socket, "10.4.0.0/16", { via: "2001:db8::2" });
    const seen = ask(socket, getNexthop({ freebsd: kernelNexthop(0) }, "qa"));
    expect(doneOf(seen.at(-1))).toBe(0);
    expect(seen.slice(0, -1).every(({ flags }) => (flags & NLM_F.MULTI) !== 0)).toBe(true);
    const shown = nexthopsIn(seen);
    const routes = dump(socket, AF.INET).filter(({ via }) => via === undefined);
    const indices = shown.filter(({ isBlackhole }) => !isBlackhole).map((each) => each.freebsd?.[1]?.[1]);
    const kept = routes.filter(({ type }) => type !== 6).map(({ knhId }) => knhId);
    expect([...indices].sort()).toEqual([...new Set(kept)].sort());
    const blackhole = shown.filter(({ isBlackhole }) => isBlackhole);
    expect(blackhole.map(({ order }) => order)).toEqual([[NHA.BLACKHOLE]]);
    const reject = shown.find(({ gateway }) => gateway === "127.0.0.1");
    expect(reject).toMatchObject({ oif: 1 });
    const inet6 = nexthopsIn(ask(socket, getNexthop({ freebsd: kernelNexthop(0, 0, AF.INET6) }, "qa")));
    const over = inet6.find(({ gateway }) => gateway === "2001:db8::2");
    expect(over).toMatchObject({ family: AF.INET6 });
    expect(over?.freebsd?.[2]).toEqual([NHAF.FAMILY, AF.INET]);
  });

  // The reference answers ESRCH; FreeBSD's iterator finds no table and the dump ends at once (nhops_iter_start).
  it("[F.4] [RF-NHOP-7a] a bad table or family has none: NLMSG_DONE alone", () => {
    const { socket } = setupE();
    for (const freebsd of [kernelNexthop(0, 7), kernelNexthop(0, 0, 99)]) {
      const seen = ask(socket, getNexthop({ freebsd }, "qa"));
      expect(seen.map(({ type }) => type)).toEqual([NLMSG.DONE]);
      expect(doneOf(seen[0])).toBe(0);
    }
  });

  it("[F.4] [RF-NHOP-7b] NHAF_FAMILY is one byte in a request; four are EINVAL", () => {
    const { socket } = setupE();
    const freebsd = [attribute(NHAF.KID, u32(1)), attribute(NHAF.FAMILY, u32(AF.INET))];
    const ack = ackOf(ask(socket, getNexthop({ freebsd }))[0]);
    expect([ack.error, ack.text]).toEqual([Errno.EINVAL, "nla type 4 size(4) is not uint8"]);
  });

  it("[F.4] a kernel nexthop of a user's shows no NHA_ID", () => {
    const { socket } = setupE();
    made(socket, { id: 1, gateway: A, oif: EM0 });
    succeed(socket, newRoute("10.1.0.0/16", { nexthopId: 1 }));
    const { knhId } = routeTo(socket, "10.1.0.0/16");
    expect(nexthopOf(ask(socket, getNexthop({ freebsd: kernelNexthop(knhId) }))[0] as never).id).toBeUndefined();
  });
});

it("[F.2] group 32 hears of nexthops only, not of routes that use them", () => {
  const { vnet, socket } = setupE();
  const member = monitor(vnet, RTNLGRP.NEXTHOP);
  made(socket, { id: 1, gateway: A, oif: EM0 });
  succeed(socket, newRoute("10.1.0.0/16", { nexthopId: 1 }));
  expect(drain(member).map(({ type }) => RTM[type])).toEqual(["NEWNEXTHOP"]);
});
