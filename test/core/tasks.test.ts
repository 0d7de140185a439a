// The task of a socket: when a request is begun, when it waits, and in which order answers and events come
// (netlink-core N4). Run under both policies, message by message.

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { FIO, MSG, NLMSG, SO, SOL } from "../../assembly/abi/netlink.js";
import { RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { Kernel, type Policy, type Socket } from "../../host/kernel/kernel.js";
import { ackOf, codeOf, concat, drain, message, rtmsg, type Seen, split } from "../support/messages.js";
import { monitor, openSocket, type Setup, setupE, setupR } from "../support/setups.js";
import {
  ACK_BYTES,
  addRoute,
  DONE_BYTES,
  deleteRoute,
  getLink,
  getLinks,
  LINKS_BYTES,
  LO0_BYTES,
  noop,
} from "./requests.js";

const LIMIT = 4096;

function limit(socket: Socket, bytes: number): void {
  socket.setsockopt(SOL.SOCKET, SO.RCVBUF, bytes);
}

function unread(socket: Socket): number {
  return socket.ioctl(FIO.NREAD);
}

/** Bytes sent and not yet given back: what is not processed, and what was interrupted at its end. */
function charged(socket: Socket): number {
  return socket.ioctl(FIO.NWRITE);
}

/** Reads one message. */
function readOne(socket: Socket): Seen | undefined {
  const next = socket.recv(new Uint8Array(0), MSG.PEEK | MSG.TRUNC);
  const into = new Uint8Array(next);
  return split(into.slice(0, socket.recv(into)))[0];
}

function dumpRoutes(seq = 1): Uint8Array {
  return message({ type: RTM.GETROUTE, flags: "qD", seq }, rtmsg({ family: AF.INET }));
}

/** "NEWROUTE 3" for a message of sequence number 3, "ack 3" for an ack. */
function told(seen: readonly Seen[]): string[] {
  return seen.map((each) => `${each.type === NLMSG.ERROR ? "ack" : (RTM[each.type] ?? NLMSG[each.type])} ${each.seq}`);
}

function sequences(seen: readonly Seen[]): number[] {
  return seen.map((each) => each.seq);
}

function numbers(count: number, first = 1): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

describe.each<Policy>(["fifo", "seeded"])("task queues, policy %s", (policy) => {
  const stepped = (): Setup => setupR({ policy, stepped: true });

  describe("scheduling", () => {
    it("[N4.1] [N4.8] a send asks for the task; each step carries out one message, the answers leave at the send's end", () => {
      const { kernel, socket } = stepped();
      socket.send(concat(noop("qa", 1), noop("qa", 2)));
      expect(charged(socket)).toBe(32);
      expect(kernel.step()).toBe(true);
      expect([unread(socket), charged(socket)]).toEqual([0, 32]);
      expect(kernel.step()).toBe(true);
      expect([unread(socket), charged(socket)]).toEqual([2 * ACK_BYTES, 0]);
      expect(kernel.step()).toBe(false);
      expect(told(drain(socket))).toEqual(["ack 1", "ack 2"]);
    });

    it("[N4.1] scheduling a socket that is scheduled does nothing", () => {
      const { kernel, vnet, socket } = stepped();
      const other = openSocket(vnet);
      for (const seq of numbers(3)) socket.send(noop("qa", seq));
      expect(vnet.statistics().runnable).toBe(1);
      other.send(noop());
      expect(vnet.statistics().runnable).toBe(2);
      expect(kernel.runUntilIdle()).toBe(4);
      expect(vnet.statistics().runnable).toBe(0);
      expect(sequences(drain(socket))).toEqual([1, 2, 3]);
    });

    it("[N4.1] [N3.8] a receive asks for the task too, one that found nothing does not", () => {
      const { kernel, vnet, socket } = stepped();
      expect(codeOf(() => socket.recv(new Uint8Array(1)))).toBe("EAGAIN");
      expect(vnet.statistics().runnable).toBe(0);
      socket.send(noop());
      kernel.runUntilIdle();
      socket.recv(new Uint8Array(100), MSG.PEEK);
      expect(vnet.statistics().runnable).toBe(1);
      expect(kernel.runUntilIdle()).toBe(0);
      expect(vnet.statistics().runnable).toBe(0);
    });

    it.each([0, 1, 2, 5, 6, 7, 100])(
      "[N4.1] run(%i) processes at most so many messages and says how many",
      (budget) => {
        const { kernel, vnet } = stepped();
        const sockets = numbers(3).map(() => openSocket(vnet));
        for (const socket of sockets) socket.send(concat(noop("qa", 1), noop("qa", 2)));
        expect(kernel.run(budget)).toBe(Math.min(budget, 6));
        expect(kernel.runUntilIdle()).toBe(6 - Math.min(budget, 6));
        for (const socket of sockets) expect(sequences(drain(socket))).toEqual([1, 2]);
        expect(vnet.check()).toBe(0);
      },
    );

    it.each([1, 2, 3, 7])("[N4.2] what one socket is answered does not depend on pieces of %i messages", (budget) => {
      const requests = numbers(30).map((seq) =>
        seq % 3 === 0
          ? getLinks("q", seq)
          : seq % 3 === 1
            ? noop("qa", seq)
            : addRoute(`127.${seq}.0.0/16`, "qaCX", 1, seq),
      );
      const whole = setupR({ policy });
      for (let i = 0; i < 30; i += 5) whole.socket.send(concat(...requests.slice(i, i + 5)));
      const { kernel, socket } = stepped();
      for (let i = 0; i < 30; i += 5) socket.send(concat(...requests.slice(i, i + 5)));
      while (kernel.run(budget) === budget);
      expect(drain(socket).map((each) => each.bytes)).toEqual(drain(whole.socket).map((each) => each.bytes));
    });

    it("[RF-CORE-33] [N4.1] a socket that waits for its reader holds up no other", () => {
      const { kernel, vnet, socket } = stepped();
      limit(socket, LINKS_BYTES);
      socket.send(getLinks());
      socket.send(noop());
      kernel.runUntilIdle();
      const other = openSocket(vnet);
      other.send(noop("qa", 5));
      expect(kernel.runUntilIdle()).toBe(1);
      expect(told(drain(other))).toEqual(["ack 5"]);
      expect(unread(socket)).toBe(LINKS_BYTES);
    });
  });

  describe("a full receive queue", () => {
    it.each([
      ["below the limit", LINKS_BYTES + 1, true],
      ["at the limit", LINKS_BYTES, false],
      ["above the limit", LINKS_BYTES - 1, false],
    ])("[N4.2] [N3.9] no request is begun with a queue that is not %s (limit %i)", (_, bytes, isBegun) => {
      const { kernel, socket } = stepped();
      limit(socket, bytes);
      socket.send(getLinks());
      socket.send(noop());
      expect(kernel.runUntilIdle()).toBe(isBegun ? 2 : 1);
      expect(unread(socket)).toBe(LINKS_BYTES + (isBegun ? ACK_BYTES : 0));
    });

    it("[RF-CORE-28] [N4.3] [N4.4] a dump of any size is queued whole, far over the limit", () => {
      const { kernel, vnet, socket } = stepped();
      limit(socket, LIMIT);
      const writer = openSocket(vnet);
      const prefixes = numbers(1000).map((n) => `127.${n >> 8}.${n & 255}.0/24`);
      for (let i = 0; i < 1000; i += 500)
        writer.send(concat(...prefixes.slice(i, i + 500).map((each) => addRoute(each))));
      kernel.runUntilIdle();
      socket.send(dumpRoutes(9));
      expect(kernel.runUntilIdle()).toBe(1);
      const queued = unread(socket);
      const seen = drain(socket);
      expect(queued).toBe(seen.reduce((sum, each) => sum + each.length, 0));
      expect(queued).toBeGreaterThan(10 * LIMIT);
      expect(seen.filter((each) => each.type === RTM.NEWROUTE).length).toBeGreaterThanOrEqual(1000);
      expect(seen.at(-1)).toMatchObject({ type: NLMSG.DONE, length: DONE_BYTES, seq: 9 });
      expect(vnet.check()).toBe(0);
    });

    it.each(["the same send", "a later send"])(
      "[RF-CORE-29] [N4.2] [N4.3] [N4.4] a second request, in %s, waits until reads have brought the queue below the limit",
      (place) => {
        const { kernel, vnet, socket } = stepped();
        limit(socket, LIMIT);
        openSocket(vnet).send(concat(...numbers(200).map((n) => addRoute(`127.${n}.0.0/16`))));
        kernel.runUntilIdle();
        const requests = [dumpRoutes(1), noop("qa", 2)];
        const bytes = concat(...requests).length;
        if (place === "the same send") socket.send(concat(...requests));
        else for (const each of requests) socket.send(each);
        expect(kernel.runUntilIdle()).toBe(1);
        const seen: Seen[] = [];
        while (unread(socket) >= LIMIT) {
          expect(charged(socket)).toBe(bytes);
          expect(vnet.statistics().runnable).toBe(0);
          seen.push(readOne(socket) as Seen);
          if (unread(socket) >= LIMIT) expect(kernel.runUntilIdle()).toBe(0);
        }
        expect(kernel.runUntilIdle()).toBe(1);
        expect(charged(socket)).toBe(0);
        seen.push(...drain(socket));
        expect(told(seen.slice(-2))).toEqual(["DONE 1", "ack 2"]);
      },
    );

    it("[N4.3] [N11.1] a send that filled the queue with its last message stays charged until the next pass with room", () => {
      const { kernel, socket } = stepped();
      limit(socket, LINKS_BYTES);
      socket.send(getLinks());
      expect(kernel.runUntilIdle()).toBe(1);
      expect(charged(socket)).toBe(32);
      // A peek asks for a pass, which ends at the full queue.
      socket.recv(new Uint8Array(0), MSG.PEEK);
      expect(kernel.runUntilIdle()).toBe(0);
      expect(charged(socket)).toBe(32);
      readOne(socket);
      expect(kernel.runUntilIdle()).toBe(0);
      expect(charged(socket)).toBe(0);
      expect(told(drain(socket))).toEqual(["DONE 1"]);
    });

    it("[N4.3] [N4.7] what is still in the writer does not interrupt: the mark is set when a buffer is queued", () => {
      const { kernel, socket } = stepped();
      limit(socket, LINKS_BYTES);
      socket.send(concat(getLinks("q", 1), noop("qa", 2), noop("qa", 3)));
      socket.send(noop("qa", 4));
      expect(kernel.runUntilIdle()).toBe(3);
      expect(unread(socket)).toBe(LINKS_BYTES + 2 * ACK_BYTES);
    });

    it("[RF-CORE-32] [N4.2] [N4.3] [N7.2] a run stops after the message that filled the queue and goes on at the next", () => {
      const { kernel, socket } = stepped();
      limit(socket, LIMIT);
      socket.send(concat(...numbers(100).map((seq) => getLink(1, "q", seq))));
      // Six messages of 320 bytes fit a buffer of 2,048. The 13th … 18th fill the queue, when the 19th needs room.
      expect(kernel.runUntilIdle()).toBe(19);
      expect(unread(socket)).toBe(19 * LO0_BYTES);
      const seen: Seen[] = [];
      for (let read = 0; read < 6; read++) {
        seen.push(readOne(socket) as Seen);
        expect(kernel.runUntilIdle()).toBe(0);
      }
      // 12 are left, 3,840 bytes: six more fill the queue again.
      seen.push(readOne(socket) as Seen);
      expect(kernel.runUntilIdle()).toBe(7);
      while (seen.length < 100) {
        seen.push(readOne(socket) as Seen);
        kernel.runUntilIdle();
      }
      expect(sequences(seen)).toEqual(numbers(100));
      expect([unread(socket), charged(socket)]).toEqual([0, 0]);
    });

    it("[RF-CORE-32] [N4.2] in a kernel that runs by itself a reader gets all answers in order, read by read", () => {
      const { socket } = setupR({ policy });
      limit(socket, LIMIT);
      socket.send(concat(...numbers(100).map((seq) => getLink(1, "q", seq))));
      expect(unread(socket)).toBe(19 * LO0_BYTES);
      expect(sequences(drain(socket))).toEqual(numbers(100));
    });

    it("[N4.2] a pass goes on with the next send without looking at the queue again", () => {
      const { kernel, socket } = stepped();
      for (const seq of numbers(3)) socket.send(noop("qa", seq));
      expect(kernel.step()).toBe(true);
      limit(socket, ACK_BYTES);
      // The second is begun in the pass of the first; its ack is queued to a full queue and interrupts.
      expect(kernel.runUntilIdle()).toBe(1);
      expect([unread(socket), charged(socket)]).toEqual([2 * ACK_BYTES, 32]);
      limit(socket, 1000);
      socket.send(noop("qa", 4));
      expect(kernel.runUntilIdle()).toBe(2);
      expect(sequences(drain(socket))).toEqual(numbers(4));
    });

    it("[N4.2] [N1.7] [N11.1] with SO_RCVBUF 0 nothing is processed and every event dropped, until it is raised", () => {
      const { kernel, vnet, socket } = setupE({ policy, stepped: true });
      const deaf = monitor(vnet, RTNLGRP.LINK);
      limit(deaf, 0);
      deaf.send(noop("qa", 1));
      vnet.interfaceDown("em1");
      socket.send(noop());
      expect(kernel.runUntilIdle()).toBe(1);
      expect([unread(deaf), charged(deaf)]).toEqual([0, 16]);
      limit(deaf, LIMIT);
      vnet.interfaceUp("em1");
      deaf.send(noop("qa", 2));
      expect(kernel.runUntilIdle()).toBe(2);
      expect(told(drain(deaf))).toEqual(["NEWLINK 0", "ack 1", "ack 2"]);
    });
  });

  describe("notifications", () => {
    it("[RF-CORE-30] [N4.5] an event for a full socket is dropped for it and counted; its requests are not affected", () => {
      const lines: string[] = [];
      const kernel = Kernel.boot({ policy, stepped: true, modules: ["netlink"] }, (line) => lines.push(line));
      const vnet = kernel.vnet0;
      const socket = monitor(vnet, RTNLGRP.IPV4_ROUTE);
      const other = monitor(vnet, RTNLGRP.IPV4_ROUTE);
      limit(socket, LINKS_BYTES);
      socket.send(getLinks("q", 1));
      socket.send(noop("qa", 2));
      kernel.runUntilIdle();
      other.send(addRoute("127.1.0.0/16", "qCX", 1, 7));
      kernel.runUntilIdle();
      const event = drain(other);
      expect(told(event)).toEqual(["NEWROUTE 7"]);
      expect([unread(socket), charged(socket)]).toEqual([LINKS_BYTES, 48]);
      expect(lines).toEqual([]);
      expect(told([readOne(socket) as Seen])).toEqual(["NEWLINK 1"]);
      expect(lines.map((line) => line.match(/\d+/g)?.map(Number))).toEqual([[1, event[0]?.length]]);
      // The counters were reset by that read.
      kernel.runUntilIdle();
      expect(told(drain(socket))).toEqual(["DONE 1", "ack 2"]);
      expect(lines.length).toBe(1);
      other.send(deleteRoute("127.1.0.0/16", "q", 8));
      kernel.runUntilIdle();
      expect(told(drain(socket))).toEqual(["DELROUTE 8"]);
    });

    it.each([
      ["one byte of room", LO0_BYTES + DONE_BYTES + 1, 1],
      ["none", LO0_BYTES + DONE_BYTES, 0],
    ])("[RF-CORE-27] [N4.5] [N4.4] with %s (limit %i) an event is queued whole or not at all", (_, bytes, events) => {
      const { kernel, vnet, socket } = setupR({ policy, stepped: true });
      const member = monitor(vnet, RTNLGRP.IPV4_ROUTE);
      limit(member, bytes);
      member.send(getLinks());
      kernel.runUntilIdle();
      socket.send(concat(addRoute("127.1.0.0/16"), addRoute("127.2.0.0/16")));
      kernel.runUntilIdle();
      const seen = drain(member);
      expect(seen.map((each) => each.type)).toEqual([
        RTM.NEWLINK,
        NLMSG.DONE,
        ...numbers(events).map(() => RTM.NEWROUTE),
      ]);
    });

    it("[N4.6] [N11.1] a notification that fills the queue interrupts the next send after its first message, though the queue is empty", () => {
      const { kernel, vnet, socket } = setupE({ policy, stepped: true });
      const member = monitor(vnet, RTNLGRP.IPV4_ROUTE);
      limit(member, 60);
      socket.send(addRoute("127.1.0.0/16", "qCX", 1, 5));
      kernel.runUntilIdle();
      expect(unread(member)).toBeGreaterThanOrEqual(60);
      expect(told(drain(member))).toEqual(["NEWROUTE 5"]);
      expect(kernel.runUntilIdle()).toBe(0);
      limit(member, LIMIT);
      // The first asks for no ack: nothing comes that would make the client read.
      member.send(concat(noop("q", 1), noop("qa", 2)));
      expect(kernel.runUntilIdle()).toBe(1);
      expect(codeOf(() => member.recv(new Uint8Array(100)))).toBe("EAGAIN");
      expect(kernel.runUntilIdle()).toBe(0);
      expect(charged(member)).toBe(32);
      member.send(noop("qa", 3));
      expect(kernel.runUntilIdle()).toBe(2);
      expect(told(drain(member))).toEqual(["ack 2", "ack 3"]);
      expect(charged(member)).toBe(0);
    });

    it("[N4.6] the interrupted send goes on at the reader's next receive", () => {
      const { kernel, vnet, socket } = setupE({ policy, stepped: true });
      const member = monitor(vnet, RTNLGRP.IPV4_ROUTE);
      limit(member, 60);
      socket.send(addRoute("127.1.0.0/16"));
      kernel.runUntilIdle();
      drain(member);
      limit(member, LIMIT);
      member.send(concat(noop("qa", 1), noop("qa", 2), noop("qa", 3)));
      expect(kernel.runUntilIdle()).toBe(1);
      expect(told([readOne(member) as Seen])).toEqual(["ack 1"]);
      expect(kernel.runUntilIdle()).toBe(2);
      expect(told(drain(member))).toEqual(["ack 2", "ack 3"]);
    });

    it("[RF-CORE-31] [N4.7] both requests' notifications come before both acks", () => {
      const { kernel, vnet } = stepped();
      const member = monitor(vnet, RTNLGRP.IPV4_ROUTE);
      member.send(concat(addRoute("127.1.0.0/16", "qaCX", 1, 1), addRoute("127.2.0.0/16", "qaCX", 1, 2)));
      kernel.runUntilIdle();
      expect(told(drain(member))).toEqual(["NEWROUTE 1", "NEWROUTE 2", "ack 1", "ack 2"]);
    });

    it("[N4.7] [N7.2] acks leave the writer when it grows: the fifth's notification comes behind the first three acks", () => {
      const { kernel, vnet } = stepped();
      const member = monitor(vnet, RTNLGRP.IPV4_ROUTE);
      member.send(concat(...numbers(5).map((n) => addRoute(`127.${n}.0.0/16`, "qaCX", 1, n))));
      kernel.runUntilIdle();
      expect(told(drain(member))).toEqual([
        ...numbers(4).map((n) => `NEWROUTE ${n}`),
        ...numbers(3).map((n) => `ack ${n}`),
        "NEWROUTE 5",
        "ack 4",
        "ack 5",
      ]);
    });

    it("[N4.7] with requests in separate sends everything of the first comes before anything of the second", () => {
      const { kernel, vnet } = stepped();
      const member = monitor(vnet, RTNLGRP.IPV4_ROUTE);
      for (const n of numbers(3)) member.send(addRoute(`127.${n}.0.0/16`, "qaCX", 1, n));
      kernel.runUntilIdle();
      expect(told(drain(member))).toEqual(numbers(3).flatMap((n) => [`NEWROUTE ${n}`, `ack ${n}`]));
    });
  });
});

describe("the order between sockets", () => {
  /** Three sockets add 20 routes each, in one send; who changed what is seen by a fourth. */
  function run(policy: Policy, seed: number): string {
    const { kernel, vnet } = setupR({ policy, seed, stepped: true });
    const watcher = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    const sockets = numbers(3).map((port) => {
      const socket = openSocket(vnet);
      socket.bind(port);
      return socket;
    });
    for (const i of [2, 0, 1]) {
      const requests = numbers(20).map((n) => addRoute(`127.${i + 1}.${n}.0/24`, "qCX", 1, n));
      sockets[i]?.send(concat(...requests));
    }
    kernel.runUntilIdle();
    const seen = drain(watcher);
    for (const port of numbers(3)) {
      expect(sequences(seen.filter((each) => each.pid === port))).toEqual(numbers(20));
    }
    return seen.map((each) => each.pid).join("");
  }

  it("[N4.1] fifo: in the order in which they were scheduled, each to its end", () => {
    expect(run("fifo", 1)).toBe("3".repeat(20) + "1".repeat(20) + "2".repeat(20));
  });

  it("[N4.1] seeded: message by message; a seed repeats its order, another one has another", () => {
    const orders = numbers(5).map((seed) => run("seeded", seed));
    expect(numbers(5).map((seed) => run("seeded", seed))).toEqual(orders);
    expect(new Set(orders).size).toBe(5);
    expect(orders).not.toContain(run("fifo", 1));
  });
});

describe("acks of requests with and without effect", () => {
  it.each<Policy>(["fifo", "seeded"])("[N4.7] [N4.8] a failed request notifies nobody (policy %s)", (policy) => {
    const { kernel, vnet } = setupR({ policy, stepped: true });
    const member = monitor(vnet, RTNLGRP.IPV4_ROUTE);
    member.send(concat(addRoute("127.1.0.0/16", "qaCX", 1, 1), addRoute("127.1.0.0/16", "qaCX", 1, 2)));
    kernel.runUntilIdle();
    const seen = drain(member);
    expect(told(seen)).toEqual(["NEWROUTE 1", "ack 1", "ack 2"]);
    expect(seen.slice(1).map((each) => ackOf(each).error)).toEqual([0, 17]);
  });
});
