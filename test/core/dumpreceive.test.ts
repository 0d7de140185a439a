// A dump over 32 KiB is made when it is read. Its reader cannot tell: every result is that of queued buffers (netlink-core N3.3).

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { FIO, MSG, NETLINK_OPTION, NLMSG, SO, SOL } from "../../assembly/abi/netlink.js";
import { RTA, RTAX, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import type { Socket, Vnet } from "../../host/kernel/kernel.js";
import { ask, attribute, codeOf, concat, drain, errorOf, ip, message, rtmsg, split, u32 } from "../support/messages.js";
import { openSocket, setupR } from "../support/setups.js";
import { cutAsWritten, ReceiveModel, readOf } from "./receivemodel.js";
import { ACK_BYTES, addRoute, DONE_BYTES, deleteRoute, getLink, LO0_BYTES, noop } from "./requests.js";

const PEEK_TRUNC = MSG.PEEK | MSG.TRUNC;
const IPV4_ROUTES = 4000;
const IPV6_ROUTES = 800;
const LARGE = 1 << 20;

/** Requests for routes whose messages have 68, 76, 88 and 100 bytes, in turn. */
function tableRequests(): Uint8Array[] {
  const ipv4 = Array.from({ length: IPV4_ROUTES }, (_, i) => {
    const parts = [rtmsg({ dstLength: 24, type: 1 }), attribute(RTA.DST, Uint8Array.of(10, i >> 8, i & 255, 0))];
    const gateway = attribute(RTA.GATEWAY, ip(`192.0.2.${2 + (i % 3)}`));
    const mtu = attribute(RTA.METRICS, attribute(RTAX.MTU, u32(1400)));
    const nexthop = [[attribute(RTA.OIF, u32(2))], [gateway], [gateway, mtu], [gateway]][i % 4] ?? [];
    return message({ type: RTM.NEWROUTE, flags: "qCX" }, ...parts, ...nexthop);
  });
  const ipv6 = Array.from({ length: IPV6_ROUTES }, (_, i) => {
    const parts = [
      rtmsg({ family: AF.INET6, dstLength: 48, type: 1 }),
      attribute(RTA.DST, ip(`fd00:1:${i.toString(16)}::`)),
    ];
    return message({ type: RTM.NEWROUTE, flags: "qCX" }, ...parts, attribute(RTA.GATEWAY, ip("2001:db8::2")));
  });
  return [...ipv4, ...ipv6];
}

function setupTable(): Vnet {
  const { vnet, socket } = setupR({
    interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] }],
  });
  socket.setsockopt(SOL.SOCKET, SO.SNDBUF, LARGE);
  socket.send(concat(...tableRequests()));
  expect(drain(socket)).toEqual([]);
  return vnet;
}

function dumpRequest(family: number = AF.INET, seq = 1): Uint8Array {
  return message({ type: RTM.GETROUTE, flags: "qaD", seq }, rtmsg({ family, type: 0 }));
}

/** A socket with a receive limit of 16 MiB, so that whatever is sent is answered at once. */
function roomySocket(vnet: Vnet): Socket {
  const socket = openSocket(vnet);
  socket.setsockopt(SOL.SOCKET, SO.RCVBUF, 1 << 24);
  return socket;
}

function queued(socket: Socket): number {
  return socket.ioctl(FIO.NREAD);
}

const vnet = setupTable();

/** The messages of the dump, read at once with a large buffer. */
function readWhole(family: number, seq = 1): Uint8Array[] {
  const socket = openSocket(vnet);
  socket.send(dumpRequest(family, seq));
  const into = new Uint8Array(LARGE);
  const length = socket.recv(into);
  socket.close();
  return split(into.slice(0, length)).map((each) => each.bytes);
}

/** A queue that holds the dump, and its model. */
function dumped(family: number = AF.INET): { socket: Socket; model: ReceiveModel } {
  const socket = openSocket(vnet);
  socket.send(dumpRequest(family));
  return { socket, model: new ReceiveModel(cutAsWritten(readWhole(family))) };
}

/** Compares reads with the model's, until the queue is empty. */
function expectReads(socket: Socket, model: ReceiveModel, rooms: readonly number[], flags: readonly number[]): void {
  for (let i = 0; model.count > 0; i++) {
    const room = rooms[i % rooms.length] ?? 0;
    const bits = flags[i % flags.length] ?? 0;
    const [seen, expected] = [readOf(socket, room, bits), model.read(room, bits)];
    // Comparing large arrays with toEqual is slow.
    if (Buffer.compare(seen.copied, expected.copied) !== 0) expect(seen.copied).toEqual(expected.copied);
    expect([i, seen.length, seen.flags, queued(socket)]).toEqual([i, expected.length, expected.flags, model.used]);
  }
  expect(codeOf(() => socket.recv(new Uint8Array(1)))).toBe("EAGAIN");
}

describe("a dump over 32 KiB", () => {
  it.each([
    ["IPv4", AF.INET, IPV4_ROUTES],
    ["IPv6", AF.INET6, IPV6_ROUTES],
    ["both families", AF.UNSPEC, IPV4_ROUTES + IPV6_ROUTES],
  ])("[N3.3] [N3.9] [N4.4] of %s is charged whole at once and ends with one NLMSG_DONE", (_, family, count) => {
    const whole = readWhole(family);
    const { socket } = dumped(family);
    expect(whole.length).toBeGreaterThan(count);
    expect(queued(socket)).toBe(whole.reduce((sum, each) => sum + each.length, 0));
    expect(queued(socket)).toBeGreaterThan(1 << 15);
    expect(socket.poll().readable).toBe(true);
    const types = split(concat(...whole)).map((each) => each.type);
    expect(types.indexOf(NLMSG.DONE)).toBe(types.length - 1);
    expect(new Set(types.slice(0, -1))).toEqual(new Set([RTM.NEWROUTE]));
    socket.close();
  });

  it("[N3.3] is kept as a place in the table: unread it takes a fraction of its bytes, read it takes none", () => {
    const { socket, model } = dumped(AF.UNSPEC);
    expect(queued(socket)).toBeGreaterThan(5 * 65536);
    expect(vnet.statistics()).toMatchObject({ walks: 2 });
    expect(vnet.statistics().bufferBytes).toBeLessThan(40_000);
    expectReads(socket, model, [65536], [0]);
    expect(vnet.statistics()).toMatchObject({ walks: 0, buffers: 0, bufferBytes: 0 });
    socket.close();
  });

  it("[N3.3] a peek of 0 bytes copies nothing, with TRUNC tells the first message's length, and takes nothing", () => {
    const { socket, model } = dumped();
    const first = model.read(LARGE, MSG.PEEK).copied;
    for (const flags of [MSG.PEEK, PEEK_TRUNC, 0, MSG.TRUNC]) {
      const { length, copied } = readOf(socket, 0, flags);
      expect([length, copied.length]).toEqual([flags & MSG.TRUNC ? (first[0] ?? 0) : 0, 0]);
    }
    expectReads(socket, model, [LARGE], [0]);
    socket.close();
  });

  it.each([
    ["at once", LARGE, [MSG.PEEK, PEEK_TRUNC, 0]],
    ["in part", 100_000, [MSG.PEEK, PEEK_TRUNC, 0]],
    ["a message", 80, [MSG.PEEK, 0]],
    ["of 5,000 bytes", 5000, [PEEK_TRUNC, MSG.PEEK, MSG.TRUNC]],
  ])("[N3.3] peeking %s gives what a read gives and takes nothing", (_, room, flags) => {
    const { socket, model } = dumped();
    const before = queued(socket);
    readOf(socket, room, MSG.PEEK);
    expect(queued(socket)).toBe(before);
    expectReads(socket, model, [room], flags);
    socket.close();
  });

  it.each([
    ["exactly one message", [76]],
    ["at least one message", [100]],
    ["5,000 bytes", [5000]],
    ["4,096 bytes", [4096]],
    ["32,768 bytes", [32768]],
    ["65,536 bytes", [65536]],
    ["262,143, 262,144 and 262,145 bytes", [262_143, 262_144, 262_145]],
    ["everything", [LARGE]],
    ["2,047, 2,048 and 2,049 bytes", [2047, 2048, 2049]],
  ])("[N3.3] [N3.1] reads of %s, plain and with TRUNC", (_, rooms) => {
    for (const flags of [[0], [MSG.TRUNC], [0, MSG.TRUNC]]) {
      const { socket, model } = dumped();
      expectReads(socket, model, rooms, flags);
      socket.close();
    }
  });

  it.each([
    ["of 1 byte", [1]],
    ["of 67 bytes", [67]],
    ["cut, then large", [40, 5000]],
    ["cut, then one message", [40, 88]],
    ["of nothing, cut, large", [0, 75, 3000]],
  ])("[N3.3] [N3.9] reads %s cut messages at the places where queued buffers would", (_, rooms) => {
    for (const flags of [[0], [MSG.TRUNC], [PEEK_TRUNC, MSG.TRUNC]]) {
      if (flags[0] === PEEK_TRUNC && rooms.length % 2 === 0) continue;
      const { socket, model } = dumped();
      expectReads(socket, model, rooms, flags);
      socket.close();
    }
  });

  const room = fc.oneof(
    fc.nat(110),
    fc.nat(700),
    fc.integer({ min: 1000, max: 30_000 }),
    fc.integer({ min: 1, max: 400_000 }),
  );
  const flags = fc.constantFrom(0, 0, MSG.PEEK, MSG.TRUNC, PEEK_TRUNC);

  it.each([
    ["IPv4", AF.INET],
    ["both families", AF.UNSPEC],
  ])("[N3.1] [N3.3] [N3.4] [N3.9] any reads of the dump of %s give what queued buffers give", (_, family) => {
    const buffers = cutAsWritten(readWhole(family));
    fc.assert(
      fc.property(fc.array(fc.tuple(room, flags), { minLength: 1, maxLength: 40 }), (steps) => {
        const socket = openSocket(vnet);
        socket.send(dumpRequest(family));
        const model = new ReceiveModel(buffers);
        for (const [size, bits] of steps) {
          if (model.count === 0) break;
          const [seen, expected] = [readOf(socket, size, bits), model.read(size, bits)];
          expect([seen.length, seen.flags, queued(socket)]).toEqual([expected.length, expected.flags, model.used]);
          expect(Buffer.compare(seen.copied, expected.copied)).toBe(0);
        }
        socket.close();
      }),
      { seed: 34, numRuns: 60 },
    );
    expect(vnet.check()).toBe(0);
    expect(vnet.statistics()).toMatchObject({ buffers: 0, walks: 0 });
  });
});

describe("a dump over 32 KiB among other answers", () => {
  /** Reads a copy of the queue by the rooms, and compares with a model of the buffers. */
  function expectQueue(fill: (socket: Socket) => void, cut: (messages: Uint8Array[]) => Uint8Array[][]): void {
    for (const [rooms, flags] of [
      [[LARGE], [0]],
      [[5000], [0, PEEK_TRUNC, MSG.TRUNC]],
      [
        [50, 100],
        [MSG.TRUNC, 0, MSG.TRUNC],
      ],
      [
        [340, 76, 20_000],
        [MSG.PEEK, 0],
      ],
    ] as const) {
      const [source, socket] = [roomySocket(vnet), roomySocket(vnet)];
      for (const each of [source, socket]) fill(each);
      const whole = split(concat(...drain(source).map((each) => each.bytes))).map((each) => each.bytes);
      expectReads(socket, new ReceiveModel(cut(whole)), rooms, flags);
      source.close();
      socket.close();
    }
  }

  it("[N3.1] [N3.3] [N7.2] before it in the same send: it goes on in the buffer of the answer before", () => {
    expectQueue(
      (socket) => socket.send(concat(getLink(1), dumpRequest())),
      (messages) => cutAsWritten(messages),
    );
  });

  it("[N3.1] [N3.3] [N7.2] an ack before it in the same send leaves room for one message in the first buffer", () => {
    expectQueue(
      (socket) => socket.send(concat(noop(), dumpRequest())),
      (messages) => cutAsWritten(messages),
    );
  });

  it("[N3.1] [N3.3] [N7.2] after it in the same send", () => {
    expectQueue(
      (socket) => socket.send(concat(dumpRequest(), noop(), getLink(1))),
      (messages) => cutAsWritten(messages),
    );
  });

  it("[N3.1] [N3.3] answers of earlier and later sends stand in their order", () => {
    expectQueue(
      (socket) => {
        socket.send(getLink(1));
        socket.send(dumpRequest());
        socket.send(noop());
      },
      (messages) => [
        ...cutAsWritten(messages.slice(0, 1)),
        ...cutAsWritten(messages.slice(1, -1)),
        ...cutAsWritten(messages.slice(-1)),
      ],
    );
  });

  it("[N3.1] [N3.3] two dumps one after the other, read across their border", () => {
    const ends = (messages: Uint8Array[]): number => 1 + messages.findIndex((each) => each.length === DONE_BYTES);
    expectQueue(
      (socket) => {
        socket.send(dumpRequest(AF.INET6));
        socket.send(dumpRequest(AF.UNSPEC));
      },
      (messages) => [
        ...cutAsWritten(messages.slice(0, ends(messages))),
        ...cutAsWritten(messages.slice(ends(messages))),
      ],
    );
  });

  it("[N3.3] [N4.4] it shows the table as it was at the request, whatever is added or deleted between two reads", () => {
    const whole = concat(...readWhole(AF.INET));
    const other = openSocket(vnet);
    const reader = roomySocket(vnet);
    reader.setsockopt(SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, RTNLGRP.IPV4_ROUTE);
    reader.send(dumpRequest());
    const parts: Uint8Array[] = [];
    for (let i = 0; i < 40; i++) {
      const prefix = `10.15.${i}.0/24`;
      const change = i % 2 === 0 ? deleteRoute(prefix, "qa") : addRoute(`10.15.${i}.128/25`, "qaCX", 2);
      expect(errorOf(ask(other, change))).toBe(0);
      parts.push(readOf(reader, 5000).copied);
    }
    for (const each of drain(reader)) parts.push(each.bytes);
    const all = concat(...parts);
    expect(Buffer.compare(all.subarray(0, whole.length), whole)).toBe(0);
    const events = split(all.slice(whole.length));
    expect(events.map((each) => each.type)).toEqual(
      Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? RTM.DELROUTE : RTM.NEWROUTE)),
    );
    for (const each of [other, reader]) each.close();
    expect(vnet.statistics()).toMatchObject({ buffers: 0, walks: 0 });
  });

  it("[N3.8] [N4.4] a socket that is full of it answers the next request once it was read below the limit", () => {
    const socket = openSocket(vnet);
    socket.send(dumpRequest());
    socket.send(getLink(1));
    const whole = readWhole(AF.INET).reduce((sum, each) => sum + each.length, 0);
    expect([queued(socket), socket.ioctl(FIO.NWRITE)]).toEqual([whole, 28 + 32]);
    let left = whole;
    while (left >= 65536) {
      expect(socket.ioctl(FIO.NWRITE)).toBeGreaterThan(0);
      left -= readOf(socket, 20_000).length;
    }
    expect([queued(socket), socket.ioctl(FIO.NWRITE)]).toEqual([left + LO0_BYTES, 0]);
    expect(
      drain(socket)
        .map((each) => each.type)
        .slice(-2),
    ).toEqual([NLMSG.DONE, RTM.NEWLINK]);
    socket.close();
  });

  it.each([-1, 0, 1])(
    "[N4.3] [N7.2] what follows it in the same send waits once flushed buffers fill the queue: limit %i bytes above",
    (above) => {
      const whole = readWhole(AF.INET);
      const buffers = cutAsWritten(whole);
      const total = whole.reduce((sum, each) => sum + each.length, 0);
      const open = buffers.at(-1)?.reduce((sum, each) => sum + each.length, 0) ?? 0;
      const socket = openSocket(vnet);
      socket.setsockopt(SOL.SOCKET, SO.RCVBUF, total - open + above);
      const request = concat(dumpRequest(), noop());
      socket.send(request);
      // The last buffer of a dump is flushed with what follows, so it does not count.
      const isInterrupted = above <= 0;
      expect(queued(socket)).toBe(isInterrupted ? total : total + ACK_BYTES);
      expect(socket.ioctl(FIO.NWRITE)).toBe(request.length);
      const all = drain(socket).map((each) => each.bytes);
      expect(Buffer.compare(concat(...all.slice(0, -1)), concat(...whole))).toBe(0);
      expect(all.at(-1)?.length).toBe(ACK_BYTES);
      expect(socket.ioctl(FIO.NWRITE)).toBe(0);
      socket.close();
    },
  );

  it.each([
    ["a peek", 5000, MSG.PEEK],
    ["a peek of 0 bytes", 0, PEEK_TRUNC],
    ["a cut read", 40, 0],
  ])("[N3.3] %s without memory is ENOBUFS, and nothing of the dump is lost", (_, room, flags) => {
    let failures = 0;
    for (let n = 1; n < 100; n++) {
      const { socket, model } = dumped();
      const before = queued(socket);
      vnet.failAllocation(n);
      const code = codeOf(() => socket.recv(new Uint8Array(room), flags));
      const hasFailed = vnet.statistics().allocationFailures > failures;
      failures = vnet.statistics().allocationFailures;
      vnet.failAllocation(0);
      if (code !== undefined) {
        expect(code).toBe("ENOBUFS");
        expect(queued(socket)).toBe(before);
        expectReads(socket, model, [50_000], [0]);
      }
      socket.close();
      expect(vnet.check()).toBe(0);
      if (!hasFailed) return expect(n).toBeGreaterThan(1);
    }
    throw new Error("the allocations do not end");
  });

  it("[N2.9] closing with it unread gives everything back", () => {
    const before = vnet.statistics();
    for (const room of [0, 1, 5000]) {
      const { socket } = dumped(AF.UNSPEC);
      readOf(socket, room, MSG.PEEK);
      readOf(socket, room);
      socket.close();
    }
    const { buffers, bufferBytes, blockBytes, walks, sockets } = before;
    expect(vnet.statistics()).toMatchObject({ buffers, bufferBytes, blockBytes, walks, sockets });
  });
});
