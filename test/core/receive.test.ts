// What a reader gets of its queue: whole messages, cut ones, flags, name, control data, and when it is woken (netlink-core N3).

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FIO, MSG, NLMSG, SO, SOL } from "../../assembly/abi/netlink.js";
import { RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Kernel, type Socket } from "../../host/kernel/kernel.js";
import { ask, codeOf, concat, drain, numberAt, split } from "../support/messages.js";
import { monitor, openSocket, setupE, setupR } from "../support/setups.js";
import { cutAsWritten, type Reading, ReceiveModel, readOf } from "./receivemodel.js";
import { ACK_BYTES, DONE_BYTES, getLink, getLinks, LINKS_BYTES, LO0_BYTES, noop } from "./requests.js";

const PEEK_TRUNC = MSG.PEEK | MSG.TRUNC;
const KINDS = [
  ["plain", 0],
  ["PEEK", MSG.PEEK],
  ["TRUNC", MSG.TRUNC],
  ["PEEK|TRUNC", PEEK_TRUNC],
] as const;

function queued(socket: Socket): number {
  return socket.ioctl(FIO.NREAD);
}

/** The return value, and whether the kernel set MSG_TRUNC, which did not go in. */
function outcome(reading: Reading): [number, boolean] {
  return [reading.length, (reading.flags & MSG.TRUNC) !== 0];
}

describe("an empty queue", () => {
  it.each([0, MSG.PEEK, MSG.TRUNC, PEEK_TRUNC, MSG.WAITALL, MSG.OOB, MSG.DONTWAIT, MSG.NBIO])(
    "[RF-CORE-20] [N3.2] is EAGAIN, with flags %i, also for a read of 0 bytes",
    (flags) => {
      const { socket } = setupR();
      for (const room of [0, 1, 100]) {
        expect(codeOf(() => socket.recv(new Uint8Array(room), flags))).toBe("EAGAIN");
        expect(codeOf(() => socket.recvmsg(new Uint8Array(room), { flags, control: 64 }))).toBe("EAGAIN");
      }
    },
  );

  it("[N3.2] is found again after the last message was read", () => {
    const { socket } = setupR();
    ask(socket, getLinks());
    expect(codeOf(() => socket.recv(new Uint8Array(0)))).toBe("EAGAIN");
  });
});

describe("messages and buffers", () => {
  it("[RF-CORE-21a] [N3.1] [N3.3] room for one and a half messages gives one, the next read the other", () => {
    const { socket } = setupR();
    for (const seq of [1, 2]) socket.send(getLink(1, "q", seq));
    const readings = [480, 480].map((room) => readOf(socket, room));
    expect(readings.map((each) => outcome(each))).toEqual([
      [LO0_BYTES, false],
      [LO0_BYTES, false],
    ]);
    expect(readings.map((each) => split(each.copied)[0]?.seq)).toEqual([1, 2]);
  });

  it("[RF-CORE-21b] [N3.1] a reader sees no boundary between the answers of several sends", () => {
    const { socket } = setupR();
    for (const seq of [1, 2, 3]) socket.send(getLinks("q", seq));
    const { length, copied } = readOf(socket, 4096);
    expect(length).toBe(3 * LINKS_BYTES);
    expect(split(copied).map((each) => [each.seq, each.type])).toEqual([
      [1, RTM.NEWLINK],
      [1, NLMSG.DONE],
      [2, RTM.NEWLINK],
      [2, NLMSG.DONE],
      [3, RTM.NEWLINK],
      [3, NLMSG.DONE],
    ]);
  });

  it("[RF-CORE-22] [N3.3] [N3.9] a message that does not fit is cut: its rest is lost, and uncharged", () => {
    const { socket } = setupR();
    socket.send(getLinks());
    const reading = readOf(socket, 100);
    expect(outcome(reading)).toEqual([100, true]);
    expect(numberAt(reading.copied, 0, 4)).toBe(LO0_BYTES);
    expect(queued(socket)).toBe(DONE_BYTES);
    expect(drain(socket).map((each) => each.type)).toEqual([NLMSG.DONE]);
  });

  it("[RF-CORE-23] [N3.3] a message that is peeked at and does not fit stays whole", () => {
    const { socket } = setupR();
    socket.send(getLinks());
    expect(outcome(readOf(socket, 100, MSG.PEEK))).toEqual([100, true]);
    expect(queued(socket)).toBe(LINKS_BYTES);
    expect(drain(socket).map((each) => each.length)).toEqual([LO0_BYTES, DONE_BYTES]);
  });

  it("[RF-CORE-24a] [N3.3] PEEK with TRUNC tells the first message's length", () => {
    const { socket } = setupR();
    socket.send(getLinks());
    expect([0, 100].map((room) => readOf(socket, room, PEEK_TRUNC).length)).toEqual([LO0_BYTES, LO0_BYTES]);
    expect(queued(socket)).toBe(LINKS_BYTES);
  });

  it("[RF-CORE-24b] [N3.3] [N11.1] TRUNC does not tell the length of a message that ends its buffer", () => {
    const { socket } = setupR();
    socket.send(getLink(1));
    const { length, flags } = readOf(socket, 100, MSG.TRUNC);
    expect([length, flags]).toEqual([100, MSG.TRUNC]);
    expect(queued(socket)).toBe(0);
  });

  it("[RF-CORE-24c] [N3.3] [N11.1] TRUNC adds what was lacking for the next message, and may give more than the room", () => {
    const { socket } = setupR();
    socket.send(concat(noop(), getLink(1)));
    expect(readOf(socket, 100, MSG.TRUNC)).toMatchObject({ length: 36 + (36 + 320 - 100), flags: MSG.TRUNC });
    expect(queued(socket)).toBe(LO0_BYTES);
    expect(drain(socket).map((each) => each.type)).toEqual([RTM.NEWLINK]);
  });
});

// The table of N3.3 over two queues, with the room at, below and above each sum of lengths: bytes copied; bytes left when it
// was no peek; the result of a plain read, with TRUNC, PEEK, and both; whether MSG_TRUNC comes out of itself.
type Row = readonly [number, number, number, number, number, number, number, boolean];

const FIRST_IS_FOLLOWED: readonly Row[] = [
  [0, 0, 392, 0, 36, 0, 36, false],
  [1, 1, 356, 1, 36, 1, 36, true],
  [35, 35, 356, 35, 36, 35, 36, true],
  [36, 36, 356, 36, 72, 36, 72, false],
  [37, 36, 356, 36, 71, 36, 71, false],
  [71, 36, 356, 36, 37, 36, 37, false],
  [72, 72, 320, 72, 392, 72, 392, false],
  [73, 72, 320, 72, 391, 72, 391, false],
  [391, 72, 320, 72, 73, 72, 73, false],
  [392, 392, 0, 392, 392, 392, 392, false],
  [393, 392, 0, 392, 392, 392, 392, false],
  [1 << 20, 392, 0, 392, 392, 392, 392, false],
];
const FIRST_ENDS_ITS_BUFFER: readonly Row[] = [
  [0, 0, 356, 0, 320, 0, 320, false],
  [1, 1, 36, 1, 1, 1, 320, true],
  [319, 319, 36, 319, 319, 319, 320, true],
  [320, 320, 36, 320, 356, 320, 356, false],
  [321, 320, 36, 320, 355, 320, 355, false],
  [355, 320, 36, 320, 321, 320, 321, false],
  [356, 356, 0, 356, 356, 356, 356, false],
  [357, 356, 0, 356, 356, 356, 356, false],
];

describe.each([
  ["[ack 36, ack 36] [link 320]", [concat(noop(), noop()), getLink(1)], FIRST_IS_FOLLOWED],
  ["[link 320] [ack 36]", [getLink(1), noop()], FIRST_ENDS_ITS_BUFFER],
])("the table of N3.3 over %s", (_, sends, rows) => {
  it.each(rows)("[N3.3] [N3.4] [N3.9] room %i copies %i bytes and leaves %i", (room, copied, left, ...results) => {
    const [plain, trunc, peek, peekTrunc, isCut] = results;
    for (const [flags, length] of [
      [0, plain],
      [MSG.TRUNC, trunc],
      [MSG.PEEK, peek],
      [PEEK_TRUNC, peekTrunc],
    ] as const) {
      const { socket } = setupR();
      for (const send of sends) socket.send(send);
      const whole = readOf(socket, 1000, MSG.PEEK).copied;
      const reading = readOf(socket, room, flags);
      expect(reading).toEqual({ length, copied: whole.slice(0, copied), flags: isCut ? flags | MSG.TRUNC : flags });
      const leaves = flags & MSG.PEEK ? whole.length : left;
      expect(queued(socket)).toBe(leaves);
      expect(concat(...drain(socket).map((each) => each.bytes))).toEqual(whole.slice(whole.length - leaves));
    }
  });
});

describe("where a reply buffer ends", () => {
  it.each(KINDS)("[N3.3] %s: a read of part of a buffer leaves its other messages whole", (_, flags) => {
    const { socket } = setupR();
    socket.send(concat(...[1, 2, 3, 4, 5].map((seq) => noop("qa", seq))));
    readOf(socket, 36);
    // Writer's buffers are [1, 2, 3] and [4, 5]; message 2 is not the last of its buffer, 3 is.
    expect(readOf(socket, 20, flags).length).toBe(flags & MSG.TRUNC ? 36 : 20);
    const isPeek = (flags & MSG.PEEK) !== 0;
    expect(drain(socket).map((each) => each.seq)).toEqual(isPeek ? [2, 3, 4, 5] : [3, 4, 5]);
  });

  it("[N3.3] [N7.2] the first reply buffer has 128 bytes: of four acks the third ends it, the fourth the second", () => {
    const { socket } = setupR();
    socket.send(concat(...[1, 2, 3, 4].map((seq) => noop("qa", seq))));
    const lengths = [1, 2, 3, 4].map(() => readOf(socket, 20, MSG.TRUNC).length);
    expect(lengths).toEqual([36, 36, 20, 20]);
  });
});

describe("any reads of any queue", () => {
  const REQUESTS = [
    [noop(), [ACK_BYTES]],
    [getLink(1), [LO0_BYTES]],
    [getLink(1, "qa"), [LO0_BYTES, ACK_BYTES]],
    [getLinks(), [LO0_BYTES, DONE_BYTES]],
  ] as const;
  const sends = fc.array(fc.array(fc.nat(REQUESTS.length - 1), { minLength: 1, maxLength: 12 }), {
    minLength: 1,
    maxLength: 5,
  });
  const room = fc.oneof(fc.nat(60), fc.nat(700), fc.nat(8000), fc.constantFrom(0, 20, 36, 320, 340, 356, 376));
  const reads = fc.array(fc.tuple(room, fc.constantFrom(0, MSG.PEEK, MSG.TRUNC, PEEK_TRUNC)), { maxLength: 40 });

  it("[N3.1] [N3.3] [N3.4] [N3.9] give what the rules give", () => {
    const { vnet } = setupR();
    fc.assert(
      fc.property(sends, reads, (plan, steps) => {
        const socket = openSocket(vnet);
        const buffers: Uint8Array[][] = [];
        for (const send of plan) {
          socket.send(concat(...send.map((i) => REQUESTS[i]?.[0] ?? noop())));
        }
        const whole = split(readOf(socket, 1 << 20, MSG.PEEK).copied);
        let at = 0;
        for (const send of plan) {
          const count = send.reduce((sum, i) => sum + (REQUESTS[i]?.[1].length ?? 0), 0);
          const messages = whole.slice(at, at + count).map((each) => each.bytes);
          expect(messages.map((each) => each.length)).toEqual(send.flatMap((i) => REQUESTS[i]?.[1] ?? []));
          buffers.push(...cutAsWritten(messages));
          at += count;
        }
        expect(at).toBe(whole.length);
        const model = new ReceiveModel(buffers);
        for (const [size, flags] of steps) {
          if (model.count === 0) break;
          expect(readOf(socket, size, flags)).toEqual(model.read(size, flags));
          expect(queued(socket)).toBe(model.used);
        }
        socket.close();
      }),
      { seed: 33, numRuns: 150 },
    );
    expect(vnet.check()).toBe(0);
    expect(vnet.statistics().buffers).toBe(0);
  });
});

describe("after a receive", () => {
  const RECEIVES = [
    ["a read of everything", 5000, 0],
    ["a read of one message", LO0_BYTES, 0],
    ["a cut read", 1, 0],
    ["a peek", 5000, MSG.PEEK],
    ["a read of 0 bytes", 0, 0],
    ["a peek of 0 bytes", 0, PEEK_TRUNC],
  ] as const;

  it.each(RECEIVES)("[N3.8] the task is scheduled: %s", (_, room, flags) => {
    const { socket } = setupR();
    socket.setsockopt(SOL.SOCKET, SO.RCVBUF, LINKS_BYTES);
    for (const seq of [1, 2]) socket.send(getLinks("q", seq));
    expect([queued(socket), socket.ioctl(FIO.NWRITE)]).toEqual([LINKS_BYTES, 64]);
    // The limit is raised, which schedules nothing.
    socket.setsockopt(SOL.SOCKET, SO.RCVBUF, 5000);
    expect(socket.ioctl(FIO.NWRITE)).toBe(64);
    readOf(socket, room, flags);
    expect(socket.ioctl(FIO.NWRITE)).toBe(0);
    expect(
      drain(socket)
        .map((each) => each.seq)
        .slice(-2),
    ).toEqual([2, 2]);
  });

  it("[N3.8] [N3.2] a receive that finds nothing schedules nothing", () => {
    const { socket } = setupR();
    socket.setsockopt(SOL.SOCKET, SO.RCVBUF, 0);
    socket.send(noop());
    socket.setsockopt(SOL.SOCKET, SO.RCVBUF, 5000);
    for (const flags of [0, MSG.PEEK]) expect(codeOf(() => socket.recv(new Uint8Array(10), flags))).toBe("EAGAIN");
    expect([queued(socket), socket.ioctl(FIO.NWRITE)]).toEqual([0, 16]);
    socket.send(noop());
    expect([queued(socket), socket.ioctl(FIO.NWRITE)]).toEqual([2 * ACK_BYTES, 0]);
  });

  it.each(RECEIVES)("[RF-CORE-26] [N3.8] [N4.5] the losses are told to the log and forgotten: %s", (_, room, flags) => {
    const lines: string[] = [];
    const interfaces = [{ name: "em0", up: true }];
    const kernel = Kernel.boot({ modules: ["netlink"], interfaces }, (line) => lines.push(line));
    const { vnet0: vnet } = kernel;
    const [socket, other] = [monitor(vnet, RTNLGRP.LINK), monitor(vnet, RTNLGRP.LINK)];
    vnet.interfaceDown("em0");
    const event = queued(socket);
    socket.setsockopt(SOL.SOCKET, SO.RCVBUF, event);
    vnet.interfaceUp("em0");
    expect([queued(socket), queued(other)]).toEqual([event, 2 * event]);
    expect(lines.filter((line) => line.includes("overflow"))).toEqual([]);

    readOf(socket, room, flags);
    const told = lines.filter((line) => line.includes("overflow"));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(new RegExp(`\\b1 messages? \\(${event} bytes\\)`));
    drain(socket);
    vnet.interfaceDown("em0");
    drain(socket);
    expect(lines.filter((line) => line.includes("overflow"))).toEqual(told);
  });

  it("[RF-CORE-26] [N4.5] a full queue loses the next event alone: no errno, no extra message, no wake-up", () => {
    const { vnet } = setupE();
    const [socket, other] = [monitor(vnet, RTNLGRP.LINK), monitor(vnet, RTNLGRP.LINK)];
    vnet.interfaceDown("em1");
    const event = queued(socket);
    socket.setsockopt(SOL.SOCKET, SO.RCVBUF, 3 * event);
    for (let i = 0; i < 2; i++) {
      vnet.interfaceUp("em1");
      vnet.interfaceDown("em1");
    }
    expect([queued(socket), queued(other)]).toEqual([3 * event, 5 * event]);
    expect(drain(socket)).toHaveLength(3);
    expect(drain(other)).toHaveLength(5);
    vnet.interfaceUp("em1");
    expect(drain(socket)).toHaveLength(1);
  });

  it.each([
    [1, 2],
    [0, 1],
  ])(
    "[RF-CORE-27] [N4.5] [N3.9] with %i bytes of room left an event is queued whole or not at all: %i are there",
    (room, count) => {
      const { vnet } = setupE();
      const socket = monitor(vnet, RTNLGRP.LINK);
      vnet.interfaceDown("em1");
      const event = queued(socket);
      socket.setsockopt(SOL.SOCKET, SO.RCVBUF, event + room);
      vnet.interfaceUp("em1");
      expect(queued(socket)).toBe(count * event);
      expect(drain(socket).map((each) => each.length)).toEqual(new Array<number>(count).fill(event));
    },
  );
});
