// Calls on sockets whose n-th allocation fails: ENOBUFS, and nothing is lost; and memory that fails again and again.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { AF } from "../../assembly/abi/inet.js";
import { FIO, MSG, NETLINK_OPTION, NLMSG, SOL } from "../../assembly/abi/netlink.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import type { Socket, Vnet } from "../../host/kernel/kernel.js";
import { ackOf, ask, codeOf, drain, ifinfomsg, message, type Seen } from "../support/messages.js";
import { setupE, setupR } from "../support/setups.js";
import { prepare } from "./attempts.js";
import { eachFailure, readAll } from "./failures.js";
import { dumpOf, hostPrefix, route } from "./routes.js";
import { faultySteps, worlds } from "./steps.js";
import { World } from "./world.js";

function getLink(index: number, seq = 1): Uint8Array {
  return message({ type: RTM.GETLINK, flags: "qa", seq }, ifinfomsg({ index }));
}

describe("a call whose n-th allocation fails", () => {
  const jail = { jail: { vnet: false, addresses: ["192.0.2.1"] } };

  it.each<[string, RegExp, (vnet: Vnet, socket: Socket) => void]>([
    ["[N2.1] socket", /^R+$/, (vnet) => vnet.socket().close()],
    ["[N2.1] [N2.10] socket in a jail", /^R+$/, (vnet) => vnet.socket({ cred: jail }).close()],
    ["[N2.3] bind", /^R+$/, (_, socket) => socket.bind(4242, 1)],
    ["[N2.3] [N2.5] bind to a port that the kernel chooses", /^R+$/, (_, socket) => socket.bind(0)],
    ["[N2.7] [N5.1] send", /^R+S+$/, (_, socket) => void socket.send(getLink(99))],
  ])("%s gives ENOBUFS and changes nothing", (_, outcomes, call) => {
    const prepared = prepare({});
    const act = (socket: Socket): Seen[] => {
      call(prepared.vnet, socket);
      return drain(socket);
    };
    expect(eachFailure({ ...prepared, act, undo: () => {} })).toMatch(outcomes);
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
    expect(socket.getsockopt(SOL.NETLINK, NETLINK_OPTION.LIST_MEMBERSHIPS)).toBe(0x41);
  });

  it("[N2.5] every port stays taken when the table of ports cannot grow", () => {
    const { vnet } = setupR();
    const ports = Array.from({ length: 40 }, (_, n) => 100 + n);
    const sockets = ports.map(() => vnet.socket());
    for (const [n, socket] of sockets.entries()) {
      if (n === 1) vnet.failAllocation(1, true);
      socket.bind(100 + n);
    }
    vnet.failAllocation(0);
    for (const port of ports) expect(codeOf(() => vnet.socket().bind(port))).toBe("EADDRINUSE");
    for (const socket of sockets) socket.close();
    for (const port of ports) expect(codeOf(() => vnet.socket().bind(port))).toBeUndefined();
  });

  it("[N2.7] a send that cannot be queued is refused, and what was queued before it is answered", () => {
    const { kernel, vnet, socket } = setupR({ stepped: true });
    // With eight entries the queue is full and must grow for the ninth.
    for (let seq = 1; seq <= 8; seq++) socket.send(getLink(1, seq));
    const queued = socket.ioctl(FIO.NWRITE);
    let refusals = 0;
    for (
      vnet.failAllocation(1);
      codeOf(() => socket.send(getLink(1, 9))) === "ENOBUFS";
      vnet.failAllocation(++refusals + 1)
    ) {
      expect([socket.ioctl(FIO.NWRITE), vnet.check()]).toEqual([queued, 0]);
    }
    vnet.failAllocation(0);
    expect(refusals).toBeGreaterThanOrEqual(2);
    kernel.runUntilIdle();
    const acks = drain(socket).filter(({ type }) => type === NLMSG.ERROR);
    expect(acks.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe("a receive whose n-th allocation fails", () => {
  interface Reading {
    readonly code: string | undefined;
    readonly got: Buffer;
    /** What was left to read afterwards. */
    readonly rest: Buffer;
    readonly wasHit: boolean;
    readonly blockBytes: number;
  }

  /** Reads of a dump of 2,000 routes; a refused read is made again without failure. */
  function read(vnet: Vnet, room: number, flags: number, n: number): Reading {
    const socket = vnet.socket();
    socket.send(dumpOf(AF.INET));
    const queued = socket.ioctl(FIO.NREAD);
    const hits = vnet.statistics().allocationFailures;
    const into = Buffer.alloc(room);
    const readOnce = (): Buffer => into.subarray(0, socket.recvmsg(into, { flags }).copied);
    vnet.failAllocation(n);
    let got: Buffer = Buffer.alloc(0);
    const code = codeOf(() => {
      got = readOnce();
    });
    vnet.failAllocation(0);
    expect(vnet.check()).toBe(0);
    if (code !== undefined) {
      expect([code, socket.ioctl(FIO.NREAD)]).toEqual(["ENOBUFS", queued]);
      got = readOnce();
    }
    const rest = readAll(socket);
    socket.close();
    const { allocationFailures, blockBytes, walks, buffers } = vnet.statistics();
    expect([walks, buffers]).toEqual([0, 0]);
    return { code, got, rest, wasHit: allocationFailures > hits, blockBytes };
  }

  it.each([
    ["that cuts a message", 20, 0],
    ["that cuts a message and asks for its length", 20, MSG.TRUNC],
    ["that peeks at a part", 20, MSG.PEEK],
    ["that peeks at some messages", 4096, MSG.PEEK],
    ["that peeks at all", 1 << 20, MSG.PEEK],
  ])("[N3.3] of a dump that waits, %s, gives ENOBUFS or less, and nothing is lost", (_, room, flags) => {
    const { vnet } = prepare({ hostRoutes: 2000 });
    const reference = read(vnet, room, flags, 0);
    let refusals = 0;
    for (let n = 1, isOver = false; !isOver; n++) {
      const { code, got, rest, wasHit, blockBytes } = read(vnet, room, flags, n);
      if (code !== undefined) refusals++;
      expect(rest.equals(reference.rest)).toBe(true);
      // Who peeks when memory ends later on sees less.
      expect(got.length > 0 && reference.got.subarray(0, got.length).equals(got)).toBe(true);
      expect(blockBytes).toBe(reference.blockBytes);
      isOver = !wasHit;
    }
    expect(refusals).toBeGreaterThan(0);
  });
});

describe("allocations that fail again and again", () => {
  const ROUTES = 400;

  it.each([1, 3, 5, 7])(
    "[N7.4] [N5.1] of 400 routes the table has those that were acked and none that was refused (step %i)",
    (step) => {
      const { vnet, socket } = setupE();
      const answered = new Map<number, number>();
      for (let n = 0; n < ROUTES; n++) {
        const request = route(RTM.NEWROUTE, "qaCX", hostPrefix(n * 5), { oif: 2, mtu: 600 + (n % 50), seq: n + 1 });
        // Each request meets its failure at another place: in the send, the pass, the table, the answer.
        vnet.failAllocation(1 + ((n * step) % 11));
        if (codeOf(() => socket.send(request)) === undefined) {
          for (const ack of drain(socket).map(ackOf)) answered.set(ack.seq - 1, ack.error);
        }
        vnet.failAllocation(0);
      }
      expect(vnet.check()).toBe(0);
      const isThere = (n: number): boolean =>
        ask(socket, route(RTM.GETROUTE, "q", hostPrefix(n * 5))).some(
          ({ type, body }) => type === RTM.NEWROUTE && body[1] === 32,
        );
      expect([...answered].filter(([n, error]) => (error === 0) !== isThere(n))).toEqual([]);
      expect(new Set(answered.values())).toEqual(new Set([Errno.OK, Errno.ENOMEM]));
    },
  );

  it("[N7.4] [N5.1] [N8.4] a storm of damaged messages without memory leaves tables consistent and nothing behind", () => {
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
