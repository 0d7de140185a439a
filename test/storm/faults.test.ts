// The n-th allocation fails, for every n: the answer says so or is lost, and nothing is half done or left behind.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { FIO, MSG, NETLINK_OPTION, NLMSG, SOL } from "../../assembly/abi/netlink.js";
import { RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { BootOptions, Socket, Vnet } from "../../host/kernel/kernel.js";
import { ackOf, ask, codeOf, concat, drain, ifaddrmsg, ifinfomsg, message, type Seen } from "../support/messages.js";
import { monitor, openSocket, setupE, setupR } from "../support/setups.js";
import { type Attempt, eachFailure } from "./failures.js";
import { dumpOf, hostPrefix, route, sendHostRoutes } from "./routes.js";
import { faultySteps, worlds } from "./steps.js";
import { World } from "./world.js";

const MANY = 2000;
const NEW = "10.1.0.0/16";
const GATEWAY = "192.0.2.254";
const EM0 = 2;

const link = message({ type: RTM.GETLINK, flags: "qa" }, ifinfomsg({ index: EM0 }));
const links = message({ type: RTM.GETLINK, flags: "qD" }, ifinfomsg());
const addresses = message({ type: RTM.GETADDR, flags: "qD" }, ifaddrmsg());
const manyInterfaces: BootOptions = {
  interfaces: Array.from({ length: 12 }, (_, n) => ({ name: `em${n}`, addresses: [`10.20.${n}.1/24`] })),
};

describe("a request whose n-th allocation fails", () => {
  // R refused call, S no answer, E ENOMEM, P a part of the answer, L done without answer, N done without notification,
  // C as if nothing had failed (failures.ts).
  it.each<[string, string, RegExp, Preparation, Uint8Array]>([
    ["RTM_GETLINK of one link", "[N7.4]", /^R+S+$/, {}, link],
    ["RTM_GETLINK, a dump", "[N7.4] [RF-CORE-58]", /^R+S+P+$/, { boot: manyInterfaces }, links],
    ["RTM_GETADDR, a dump", "[N7.4] [RF-CORE-58]", /^R+S+P+$/, { boot: manyInterfaces }, addresses],
    ["RTM_GETROUTE of one route", "[N7.4]", /^R+S+$/, {}, route(RTM.GETROUTE, "qa", "192.0.2.7/32")],
    ["RTM_GETROUTE, a small dump", "[N7.4] [RF-CORE-58]", /^R+S+P+$/, { hostRoutes: 60 }, dumpOf(AF.INET)],
    ["RTM_GETROUTE, a dump of 2,000 routes", "[N7.6]", /^R+S+E+$/, { hostRoutes: MANY }, dumpOf(AF.INET)],
    ["RTM_GETROUTE, both families", "[N7.6]", /^R+S+E+$/, { hostRoutes: MANY }, dumpOf(AF.UNSPEC)],
  ])(
    "%s gives what is whole, or ENOMEM in NLMSG_DONE, or nothing %s [N5.1]",
    (_, _rules, expected, preparation, request) => {
      expect(ofRequest(preparation, request)).toMatch(expected);
    },
  );

  it("[N7.6] [N5.3] a dump that cannot begin ends with ENOMEM, and what the send asked before it is answered", () => {
    const request = concat(
      message({ type: RTM.GETLINK, flags: "qa", seq: 7 }, ifinfomsg({ index: 99 })),
      dumpOf(AF.INET),
    );
    expect(ofRequest({ hostRoutes: MANY }, request)).toMatch(/^R+S+[EP]+$/);
  });

  const add = route(RTM.NEWROUTE, "qaCX", NEW, { gateway: GATEWAY });
  const remove = route(RTM.DELROUTE, "qa", NEW);
  const old = [route(RTM.NEWROUTE, "qaC", NEW, { oif: EM0 })];
  const replace = route(RTM.NEWROUTE, "qaCP", NEW, { gateway: GATEWAY });
  const replaceBack = route(RTM.NEWROUTE, "qaCP", NEW, { oif: EM0 });
  const sameNexthop = [route(RTM.NEWROUTE, "qaC", "10.2.0.0/16", { gateway: GATEWAY })];
  const groups = [RTNLGRP.IPV4_ROUTE, RTNLGRP.IPV6_ROUTE];
  const other = route(RTM.NEWROUTE, "qaC", "2001:db8:1::/48", { oif: 1 });

  it.each<[string, RegExp, Preparation, Uint8Array, Uint8Array]>([
    ["RTM_NEWROUTE with a nexthop that is there", /^R+S+L+$/, { before: sameNexthop }, add, remove],
    ["RTM_NEWROUTE with a new nexthop", /^R+S+E+L+$/, {}, add, remove],
    [
      "the first RTM_NEWROUTE of a table",
      /^R+S+E+L+$/,
      { isEmpty: true },
      other,
      route(RTM.DELROUTE, "qa", "2001:db8:1::/48"),
    ],
    ["RTM_NEWROUTE with a member listening", /^R+S+E+N+L+$/, { groups }, add, remove],
    ["RTM_NEWROUTE with four members", /^R+S+E+N+L+$/, { groups, memberCount: 4 }, add, remove],
    ["RTM_NEWROUTE that replaces", /^R+S+E+L+$/, { before: old }, replace, replaceBack],
    ["RTM_NEWROUTE that replaces, with a member", /^R+S+E+N+L+$/, { before: old, groups }, replace, replaceBack],
    ["RTM_NEWROUTE while a dump waits", /^R+S+E+L+$/, { hostRoutes: MANY, isDumpWaiting: true }, add, remove],
    [
      "RTM_NEWROUTE that replaces while a dump waits",
      /^R+S+E+L+$/,
      { hostRoutes: MANY, before: old, isDumpWaiting: true },
      replace,
      replaceBack,
    ],
    ["RTM_DELROUTE", /^R+S+L+$/, { before: old }, remove, replaceBack],
    ["RTM_DELROUTE with a member listening", /^R+S+N+L+$/, { before: old, groups }, remove, replaceBack],
    [
      "RTM_DELROUTE while a dump waits",
      /^R+S+E+L+$/,
      { hostRoutes: MANY, before: old, isDumpWaiting: true },
      remove,
      replaceBack,
    ],
    [
      "RTM_DELROUTE while a dump waits, with a member",
      /^R+S+E+N+L+$/,
      { hostRoutes: MANY, before: old, isDumpWaiting: true, groups },
      remove,
      replaceBack,
    ],
  ])("[N5.1] [N7.4] [N8.4] %s is done or not done, ENOMEM means not", (_, expected, preparation, request, inverse) => {
    expect(ofRequest(preparation, request, inverse)).toMatch(expected);
  });
});

describe("a change of the stack whose n-th allocation fails", () => {
  const groups = [RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR, RTNLGRP.IPV6_IFADDR];
  const waiting: Preparation = { hostRoutes: MANY, isDumpWaiting: true };
  const em2 = { name: "em2", up: true, addresses: ["198.51.100.1/24", "2001:db8:2::1/64"] };
  const downFirst = (vnet: Vnet): void => {
    vnet.addressAdd("em0", "198.51.100.1/24");
    vnet.interfaceDown("em0");
  };

  it.each<[string, RegExp, Preparation, (vnet: Vnet) => unknown, (vnet: Vnet) => unknown]>([
    [
      "addressAdd of IPv4",
      /^M+$/,
      {},
      (v) => v.addressAdd("em1", "198.51.100.1/24"),
      (v) => v.addressDelete("em1", "198.51.100.1"),
    ],
    [
      "addressAdd of IPv6",
      /^M+$/,
      {},
      (v) => v.addressAdd("em1", "2001:db8:2::1/64"),
      (v) => v.addressDelete("em1", "2001:db8:2::1"),
    ],
    [
      "addressAdd in a vnet without any",
      /^M+$/,
      { isEmpty: true },
      (v) => v.addressAdd("lo0", "127.0.0.1/8"),
      (v) => v.addressDelete("lo0", "127.0.0.1"),
    ],
    [
      "addressAdd with a member listening",
      /^M+N+$/,
      { groups },
      (v) => v.addressAdd("em1", "198.51.100.1/24"),
      (v) => v.addressDelete("em1", "198.51.100.1"),
    ],
    [
      "addressAdd while a dump waits",
      /^M+$/,
      waiting,
      (v) => v.addressAdd("em1", "198.51.100.1/24"),
      (v) => v.addressDelete("em1", "198.51.100.1"),
    ],
    [
      "addressAdd of a network that another has",
      /^M+$/,
      {},
      (v) => v.addressAdd("em0", "192.0.2.9/24"),
      (v) => v.addressDelete("em0", "192.0.2.9"),
    ],
    [
      "addressDelete while a dump waits",
      /^M+$/,
      waiting,
      (v) => v.addressDelete("em0", "192.0.2.1"),
      (v) => v.addressAdd("em0", "192.0.2.1/24"),
    ],
    ["interfaceAttach", /^M+$/, {}, (v) => v.interfaceAttach({ name: "em2" }), (v) => v.interfaceDetach("em2")],
    ["interfaceAttach with addresses, up", /^M+$/, {}, (v) => v.interfaceAttach(em2), (v) => v.interfaceDetach("em2")],
    [
      "interfaceAttach with a member listening",
      /^M+N+$/,
      { groups },
      (v) => v.interfaceAttach({ name: "em2" }),
      (v) => v.interfaceDetach("em2"),
    ],
    [
      "interfaceDown with a member listening",
      /^N+$/,
      { groups },
      (v) => v.interfaceDown("em0"),
      (v) => v.interfaceUp("em0"),
    ],
    [
      "interfaceDown while a dump waits",
      /^M+$/,
      { isDumpWaiting: true, hostRoutes: MANY },
      (v) => v.interfaceDown("em0"),
      (v) => v.interfaceUp("em0"),
    ],
  ])("%s is done or not done, ENOMEM means not", (_, expected, preparation, call, inverse) => {
    expect(ofCall(preparation, call, inverse)).toMatch(expected);
  });

  it("interfaceUp is done or not done, ENOMEM means not", () => {
    const prepared = prepare({});
    downFirst(prepared.vnet);
    const act = (): Seen[] => {
      prepared.vnet.interfaceUp("em0");
      return [];
    };
    expect(eachFailure({ ...prepared, act, undo: () => prepared.vnet.interfaceDown("em0") })).toMatch(/^M+$/);
  });
});

describe("a call whose n-th allocation fails", () => {
  const jail = { jail: { vnet: false, addresses: ["192.0.2.1"] } };

  it.each<[string, RegExp, (vnet: Vnet, socket: Socket) => void]>([
    ["socket", /^R+$/, (vnet) => vnet.socket().close()],
    ["socket in a jail", /^R+$/, (vnet) => vnet.socket({ cred: jail }).close()],
    ["bind", /^R+$/, (_, socket) => socket.bind(4242, 1)],
    ["bind to a port the kernel chooses", /^R+$/, (_, socket) => socket.bind(0)],
    ["send", /^R+S+L*$/, (_, socket) => void socket.send(message({ type: RTM.GETLINK }, ifinfomsg({ index: 99 })))],
  ])("[N2.1] [N2.7] %s gives ENOBUFS and changes nothing", (_, expected, call) => {
    const prepared = prepare({});
    const act = (socket: Socket): Seen[] => {
      call(prepared.vnet, socket);
      return drain(socket);
    };
    expect(eachFailure({ ...prepared, act, undo: () => {} })).toMatch(expected);
  });

  it("[N2.3] after a bind without memory the socket has neither port nor groups, and the port is free", () => {
    const { vnet, socket } = setupR();
    vnet.failAllocation(1);
    expect(codeOf(() => socket.bind(4242, 0xff))).toBe("ENOBUFS");
    expect(socket.getsockname()).toMatchObject({ port: 0, groups: 0 });
    expect(socket.getsockopt(SOL.NETLINK, NETLINK_OPTION.LIST_MEMBERSHIPS)).toBe(0);
    vnet.socket().bind(4242);
    socket.bind(4243, 0x41);
    expect(socket.getsockname().port).toBe(4243);
  });

  it("[N2.5] ports stay known when the table of ports cannot grow", () => {
    const { vnet } = setupR();
    const sockets = Array.from({ length: 40 }, () => vnet.socket());
    sockets.slice(0, 16).forEach((socket, n) => {
      socket.bind(100 + n);
    });
    for (const [n, socket] of sockets.slice(16).entries()) {
      vnet.failAllocation(1, true);
      socket.bind(200 + n);
    }
    vnet.failAllocation(0);
    const taken = [...Array.from({ length: 16 }, (_, n) => 100 + n), ...Array.from({ length: 24 }, (_, n) => 200 + n)];
    for (const port of taken) expect(codeOf(() => vnet.socket().bind(port))).toBe("EADDRINUSE");
    expect(new Set(sockets.map((socket) => socket.getsockname().port)).size).toBe(40);
  });

  it("[N2.7] a send that cannot be queued is refused, and those queued before it are answered", () => {
    const { kernel, vnet, socket } = setupR({ stepped: true });
    const request = (seq: number): Uint8Array =>
      message({ type: RTM.GETLINK, flags: "qa", seq }, ifinfomsg({ index: 1 }));
    for (let seq = 1; seq <= 8; seq++) socket.send(request(seq));
    const queued = socket.ioctl(FIO.NWRITE);
    let refused = 0;
    for (let n = 1; ; n++) {
      vnet.failAllocation(n);
      const code = codeOf(() => socket.send(request(9)));
      if (code === undefined) break;
      expect([code, socket.ioctl(FIO.NWRITE), vnet.check()]).toEqual(["ENOBUFS", queued, 0]);
      refused++;
    }
    expect(refused).toBeGreaterThanOrEqual(2);
    vnet.failAllocation(0);
    kernel.runUntilIdle();
    const acks = drain(socket).filter(({ type }) => type === NLMSG.ERROR);
    expect(acks.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe("a receive whose n-th allocation fails", () => {
  /** Everything that a socket still has to read, in hex. */
  const restOf = (socket: Socket): string =>
    drain(socket)
      .map(({ bytes }) => bytes.join())
      .join("\n");

  it.each([
    ["cut message", 20, 0],
    ["cut message, its length asked for", 20, MSG.TRUNC],
    ["peek of a part", 20, MSG.PEEK],
    ["peek of some messages", 4096, MSG.PEEK],
    ["peek of all", 1 << 20, MSG.PEEK],
  ])("[N3.3] [N3.7] of a dump that waits (%s) gives ENOBUFS or less, and nothing is lost", (_, room, flags) => {
    const { vnet } = prepare({ hostRoutes: MANY });
    const read = (
      n: number,
    ): { got: string; rest: string; code: string | undefined; wasHit: boolean; blocks: number } => {
      const socket = vnet.socket();
      socket.send(dumpOf(AF.INET));
      const queued = socket.ioctl(FIO.NREAD);
      const hits = vnet.statistics().allocationFailures;
      const into = new Uint8Array(room);
      let length = 0;
      vnet.failAllocation(n);
      const code = codeOf(() => {
        length = socket.recvmsg(into, { flags }).copied;
      });
      vnet.failAllocation(0);
      expect(vnet.check()).toBe(0);
      if (code !== undefined) {
        expect([code, socket.ioctl(FIO.NREAD)]).toEqual(["ENOBUFS", queued]);
        length = socket.recvmsg(into, { flags }).copied;
      }
      const rest = restOf(socket);
      socket.close();
      const { allocationFailures, blockBytes: blocks, walks, buffers } = vnet.statistics();
      expect([walks, buffers]).toEqual([0, 0]);
      return { got: into.slice(0, length).join(), rest, code, wasHit: allocationFailures > hits, blocks };
    };
    const reference = read(0);
    let refusals = 0;
    for (let n = 1; ; n++) {
      const trial = read(n);
      expect(trial.rest).toBe(reference.rest);
      // A peek that ran out of memory later shows less.
      expect(reference.got.startsWith(trial.got) && trial.got !== "").toBe(true);
      expect(trial.blocks).toBe(reference.blocks);
      if (!trial.wasHit) break;
      if (trial.code !== undefined) refusals++;
    }
    expect(refusals).toBeGreaterThan(0);
  });
});

describe("allocations that fail again and again", () => {
  it.each([2, 3, 5, 7, 11, 23])(
    "[N7.4] of 400 routes the table has all that were acked and none that was refused (each %i-th fails)",
    (period) => {
      const { vnet, socket } = setupE();
      const answered = new Map<number, number>();
      vnet.failAllocation(period, true);
      for (let n = 0; n < 400; n++) {
        const request = route(RTM.NEWROUTE, "qaCX", hostPrefix(n * 5), { oif: EM0, mtu: 600 + (n % 50), seq: n + 1 });
        if (codeOf(() => socket.send(request)) !== undefined) continue;
        const seen = drain(socket);
        for (const ack of seen.map(ackOf)) answered.set(ack.seq - 1, ack.error);
      }
      vnet.failAllocation(0);
      expect(vnet.check()).toBe(0);
      const there = (n: number): boolean =>
        ask(socket, route(RTM.GETROUTE, "q", hostPrefix(n * 5))).some(
          ({ type, body }) => type === RTM.NEWROUTE && body[1] === 32,
        );
      const errors = [...answered];
      expect(errors.filter(([n, error]) => (error === 0) !== there(n))).toEqual([]);
      expect(new Set(answered.values())).toEqual(new Set(answered.size === 0 ? [] : [0, 12]));
    },
  );

  it("[N7.4] [N5.1] [N8.4] a storm of damaged messages in which allocations fail leaves tables consistent and nothing behind", () => {
    fc.assert(
      fc.property(worlds, fc.array(faultySteps, { minLength: 20, maxLength: 40 }), (options, storm) => {
        const world = new World(options);
        for (const step of storm) world.play(step);
        world.end();
      }),
      { numRuns: 250, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true },
    );
  }, 40_000);
});
