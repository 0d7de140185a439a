// A dump shows the table as it stood at the request, however slowly it is read and whatever changes meanwhile, and costs
// little memory for it. What a dump must bring is what another socket dumped at the same moment: both are unbound and use
// one sequence number, so that the bytes are equal.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { FIO, MSG, NLMSG } from "../../assembly/abi/netlink.js";
import type { Socket, Vnet } from "../../host/kernel/kernel.js";
import { RouteBatches } from "../../host/table/batches.js";
import { loadRoutes, RouteLoader } from "../../host/table/load.js";
import { Random } from "../../host/table/random.js";
import { syntheticTable } from "../../host/table/synthetic.js";
import { codeOf, concat, numberAt, split } from "../support/messages.js";
import { AS_GIVEN, openSocket, type Setup, setupR } from "../support/setups.js";
import { type Change, type Family, type Prefix, performAll, Requests } from "./model.js";
import { dumpRequest } from "./routes.js";
import { expectEqual, prefixesOf, read, readAll, Storm } from "./storm.js";

const EM0 = 2;
const MESSAGE_BYTES = 76;
/** IPv4 routes of the set-up: 127.0.0.1/32, 192.0.2.0/24, 192.0.2.1/32. */
const OWN_ROUTES = 3;
const MIB = 1 << 20;

/** em0 with both families, em1 without addresses. */
function setupDump(): Setup {
  return setupR({
    ...AS_GIVEN,
    interfaces: [
      { name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] },
      { name: "em1", up: true },
    ],
  });
}

let setup: Setup;
let vnet: Vnet;
/** Makes the changes. */
let writer: Socket;

beforeEach(() => {
  setup = setupDump();
  ({ vnet, socket: writer } = setup);
});

/** What a dump that begins now must bring. */
function expectedNow(family: number): Uint8Array {
  const socket = openSocket(vnet);
  socket.send(dumpRequest(family, { seq: 1 }));
  const bytes = readAll(socket);
  socket.close();
  return bytes;
}

function begin(family: number): Socket {
  const socket = openSocket(vnet);
  socket.send(dumpRequest(family, { seq: 1 }));
  return socket;
}

function requestsOf(family: Family): Requests {
  return new Requests(family, { oif: EM0 });
}

function changeAll(family: Family, command: Change["command"], prefixes: readonly Prefix[], gateway = 9): void {
  performAll(
    writer,
    requestsOf(family),
    prefixes.map((prefix): Change => ({ command, prefix, gateway })),
  );
}

function load(family: Family, count: number): void {
  performAll(
    writer,
    requestsOf(family),
    prefixesOf(family, 0, count).map((prefix, n): Change => ({ command: "add", prefix, gateway: 2 + (n % 60) })),
  );
}

/** What must be as before once every dump is read or closed. */
function resting(): Record<string, number> {
  const { bufferBytes, buffers, walks, sockets, blockBytes } = vnet.statistics();
  return { bufferBytes, buffers, walks, sockets, blockBytes };
}

describe("a slow reader", () => {
  it.each([
    ["one message a read", () => MESSAGE_BYTES],
    ["reads of any size", (random: Random) => MESSAGE_BYTES + 40 + random.below(4000)],
    ["large reads", () => 32_768],
  ])(
    "[RF-ROUTE-40] [N4.4] [E.3.1] with %s gets the table as it stood, while another socket changes 10,000 routes",
    (_, room) => {
      load(AF.INET, 10_000);
      const before = resting();
      const expected = expectedNow(AF.INET);
      const reader = begin(AF.INET);
      const random = new Random(1);
      const storm = new Storm(writer, AF.INET, 10_000, 2);
      const parts: Uint8Array[] = [];
      for (let part = read(reader, room(random)); part !== undefined; part = read(reader, room(random))) {
        parts.push(part);
        if (storm.changes < 10_000) storm.blow(part.length > 20_000 ? 500 : 40);
      }
      expect(storm.changes).toBeGreaterThanOrEqual(10_000);
      expectEqual(concat(...parts), expected);
      expect(vnet.check()).toBe(0);
      reader.close();
      expect({ ...resting(), blockBytes: 0 }).toEqual({ ...before, blockBytes: 0 });
      expect(expectedNow(AF.INET).length).not.toBe(expected.length);
    },
  );

  it("[RF-ROUTE-40] gets the table as it stood, while the host takes the interface down, and up again", () => {
    load(AF.INET, 10_000);
    const expected = expectedNow(AF.INET);
    const reader = begin(AF.INET);
    const parts = [read(reader, 200_000) as Uint8Array];
    vnet.interfaceDown("em0");
    expect(vnet.statistics().routes).toBeLessThan(10);
    parts.push(read(reader, 100_000) as Uint8Array);
    vnet.interfaceUp("em0");
    changeAll(AF.INET, "add", prefixesOf(AF.INET, 5_000, 12_000), 77);
    parts.push(read(reader, 100_000) as Uint8Array);
    vnet.interfaceDetach("em0");
    parts.push(readAll(reader, 3_000));
    expectEqual(concat(...parts), expected);
    expect(vnet.check()).toBe(0);
    expect(vnet.statistics()).toMatchObject({ walks: 0, bufferBytes: 0 });
  });

  it("[RF-ROUTE-40] of IPv6 gets the table as it stood", () => {
    load(AF.INET6, 10_000);
    const expected = expectedNow(AF.INET6);
    const reader = begin(AF.INET6);
    const storm = new Storm(writer, AF.INET6, 10_000, 3);
    const parts: Uint8Array[] = [];
    for (let part = read(reader, 2_500); part !== undefined; part = read(reader, 2_500)) {
      parts.push(part);
      storm.blow(25);
    }
    expect(storm.changes).toBeGreaterThanOrEqual(10_000);
    expectEqual(concat(...parts), expected);
    expect(vnet.check()).toBe(0);
  });

  it("[RF-ROUTE-40] [E.3.1] of family 0 gets both tables as they stood at the request, whichever it is reading", () => {
    load(AF.INET, 5_000);
    load(AF.INET6, 5_000);
    const expected = expectedNow(AF.UNSPEC);
    const reader = begin(AF.UNSPEC);
    const storms = [new Storm(writer, AF.INET, 5_000, 4), new Storm(writer, AF.INET6, 5_000, 5)];
    const parts: Uint8Array[] = [];
    for (let part = read(reader, 5_000); part !== undefined; part = read(reader, 5_000)) {
      parts.push(part);
      for (const storm of storms) storm.blow(40);
    }
    expectEqual(concat(...parts), expected);
    expect(vnet.statistics()).toMatchObject({ walks: 0, bufferBytes: 0 });
    expect(vnet.check()).toBe(0);
  });

  it("[RF-ROUTE-40] sees nothing of a table emptied and filled anew with other nexthops at the same places", () => {
    load(AF.INET, 4_000);
    const expected = expectedNow(AF.INET);
    const reader = begin(AF.INET);
    const parts = [read(reader, 100_000) as Uint8Array];
    for (let round = 0; round < 3; round++) {
      changeAll(AF.INET, "delete", prefixesOf(AF.INET, 0, 4_000));
      performAll(
        writer,
        new Requests(AF.INET, { oif: EM0, mtu: 1000 + round, weight: 2 + round }),
        prefixesOf(AF.INET, 0, 4_000).map((prefix, n): Change => ({ command: "add", prefix, gateway: 62 + (n % 60) })),
      );
      parts.push(read(reader, 50_000) as Uint8Array);
    }
    parts.push(readAll(reader, 10_000));
    expectEqual(concat(...parts), expected);
    expect(vnet.check()).toBe(0);
  });

  it("[E.1.2] of expiring routes gets the seconds that remained at the request, though they are gone", () => {
    performAll(
      writer,
      new Requests(AF.INET, { oif: EM0, expires: setup.kernel.wallClock + 30 }),
      prefixesOf(AF.INET, 0, 2_000).map((prefix): Change => ({ command: "add", prefix, gateway: 3 })),
    );
    const expected = expectedNow(AF.INET);
    const reader = begin(AF.INET);
    const parts = [read(reader, 50_000) as Uint8Array];
    setup.kernel.advance(10_000);
    parts.push(read(reader, 50_000) as Uint8Array);
    setup.kernel.advance(60_000);
    expect(vnet.statistics().routes).toBeLessThan(10);
    parts.push(readAll(reader, 20_000));
    expectEqual(concat(...parts), expected);
  });

  it("[N3.3] [E.3.1] that peeks between reads sees before each read what it then reads", () => {
    load(AF.INET, 3_000);
    const expected = expectedNow(AF.INET);
    const reader = begin(AF.INET);
    const storm = new Storm(writer, AF.INET, 3_000, 6);
    const random = new Random(7);
    const parts: Uint8Array[] = [];
    while (true) {
      const room = 100 + random.below(6_000);
      const into = new Uint8Array(room);
      if (codeOf(() => reader.recv(into, MSG.PEEK)) === "EAGAIN") break;
      storm.blow(10);
      const part = read(reader, room) as Uint8Array;
      expectEqual(into.subarray(0, part.length), part);
      parts.push(part);
    }
    expectEqual(concat(...parts), expected);
    expect(vnet.check()).toBe(0);
  });
});

describe("several dumps", () => {
  it("[RF-ROUTE-40] [N4.4] begun at different moments show each its own moment", () => {
    load(AF.INET, 5_000);
    const before = resting();
    const storm = new Storm(writer, AF.INET, 5_000, 8);
    const random = new Random(9);
    const dumps = Array.from({ length: 8 }, () => {
      const expected = expectedNow(AF.INET);
      const dump = { expected, reader: begin(AF.INET), parts: [] as Uint8Array[] };
      dump.parts.push(read(dump.reader, 1_000 + random.below(50_000)) as Uint8Array);
      storm.blow(200);
      return dump;
    });
    expect(vnet.statistics().walks).toBe(8);
    for (let left = dumps.length; left > 0; ) {
      left = 0;
      for (const { reader, parts } of dumps) {
        const part = read(reader, 200 + random.below(30_000));
        if (part === undefined) continue;
        parts.push(part);
        left++;
        storm.blow(20);
      }
    }
    for (const { expected, parts } of dumps) expectEqual(concat(...parts), expected);
    for (const { reader } of dumps) reader.close();
    expect(vnet.check()).toBe(0);
    expect({ ...resting(), blockBytes: 0 }).toEqual({ ...before, blockBytes: 0 });
  });

  it("[RF-ROUTE-40] of which one closes in the middle leave the others as they are, and nothing behind", () => {
    load(AF.INET, 5_000);
    load(AF.INET6, 5_000);
    const before = resting();
    const storm = new Storm(writer, AF.INET, 5_000, 10);
    const expected = expectedNow(AF.INET);
    const kept = begin(AF.INET);
    const closing = [begin(AF.INET), begin(AF.UNSPEC), begin(AF.UNSPEC), begin(AF.INET6), begin(AF.INET)];
    const parts: Uint8Array[] = [];
    closing.forEach((socket, n) => {
      storm.blow(200);
      parts.push(read(kept, 20_000) as Uint8Array);
      if (n > 0) read(socket, n === 2 ? 500_000 : 30_000);
      storm.blow(200);
      socket.close();
    });
    parts.push(readAll(kept, 20_000));
    expectEqual(concat(...parts), expected);
    kept.close();
    expect(vnet.check()).toBe(0);
    expect({ ...resting(), blockBytes: 0 }).toEqual({ ...before, blockBytes: 0 });
  });

  it("[N4.4] [N4.7] asked for in one send come one after the other, each whole, and the rest waits for room", () => {
    load(AF.INET, 3_000);
    const expected = expectedNow(AF.INET);
    const reader = openSocket(vnet);
    reader.send(
      concat(dumpRequest(AF.INET, { seq: 1 }), dumpRequest(AF.INET, { seq: 1 }), dumpRequest(AF.INET, { seq: 1 })),
    );
    expect(reader.ioctl(FIO.NREAD)).toBe(expected.length);
    expectEqual(readAll(reader, 30_000), concat(expected, expected, expected));
  });

  it("[N4.4] an unread dump holds back the next request of its socket, which then sees a later state", () => {
    load(AF.INET, 3_000);
    const expected = expectedNow(AF.INET);
    const reader = begin(AF.INET);
    reader.send(dumpRequest(AF.INET, { seq: 1 }));
    changeAll(AF.INET, "delete", prefixesOf(AF.INET, 0, 2_000));
    const bytes = readAll(reader, 60_000);
    expectEqual(bytes.subarray(0, expected.length), expected);
    expectEqual(bytes.subarray(expected.length), expectedNow(AF.INET));
  });
});

describe("more changes than are kept aside", () => {
  /** At 8 bytes a route more than the 1 MiB that a dump may keep aside, whatever the order of the changes. */
  const MANY = 140_000;

  it.each<[string, () => void]>([
    ["a deletion of every route by a socket", () => changeAll(AF.INET, "delete", prefixesOf(AF.INET, 0, MANY))],
    ["a replacement of every route", () => changeAll(AF.INET, "replace", prefixesOf(AF.INET, 0, MANY), 99)],
    ["the interface going down", () => vnet.interfaceDown("em0")],
    ["as many new routes", () => changeAll(AF.INET, "add", prefixesOf(AF.INET, MANY, 2 * MANY))],
  ])("[RF-ROUTE-40] [N4.4] have the rest of the dump buffered, and it shows the old state: %s", (_, change) => {
    load(AF.INET, MANY);
    const before = resting();
    const expected = expectedNow(AF.INET);
    const reader = begin(AF.INET);
    const first = read(reader, 100_000) as Uint8Array;
    const left = expected.length - first.length;
    expect(reader.ioctl(FIO.NREAD)).toBe(left);
    vnet.forgetHighWater();
    change();
    expect(reader.ioctl(FIO.NREAD)).toBe(left);
    expect(vnet.statistics().walks).toBe(0);
    expect(vnet.statistics().bufferBytes).toBeGreaterThan(left);
    expect(vnet.check()).toBe(0);
    expectEqual(concat(first, readAll(reader, 64_000)), expected);
    reader.close();
    expect(vnet.statistics()).toMatchObject({ bufferBytes: before.bufferBytes, buffers: before.buffers });
  });

  it("[RF-ROUTE-40] leave dumps of the other family as they are, and one of both families is whole", () => {
    load(AF.INET, MANY);
    load(AF.INET6, 2_000);
    const [expected, expected6] = [expectedNow(AF.UNSPEC), expectedNow(AF.INET6)];
    const [reader, reader6] = [begin(AF.UNSPEC), begin(AF.INET6)];
    changeAll(AF.INET, "delete", prefixesOf(AF.INET, 0, MANY));
    expect(vnet.statistics().walks).toBe(1);
    changeAll(AF.INET6, "delete", prefixesOf(AF.INET6, 0, 2_000));
    expectEqual(readAll(reader), expected);
    expectEqual(readAll(reader6), expected6);
    expect(vnet.check()).toBe(0);
  });
});

describe("the length of a dump", () => {
  it("[N3.9] [N4.4] is in FIONREAD at once, beyond SO_RCVBUF too, and falls by exactly what is read", () => {
    load(AF.INET, 10_000);
    const expected = expectedNow(AF.INET);
    const reader = begin(AF.INET);
    const random = new Random(11);
    const storm = new Storm(writer, AF.INET, 10_000, 12);
    let left = expected.length;
    expect(left).toBeGreaterThan(10_000 * MESSAGE_BYTES);
    expect(reader.ioctl(FIO.NREAD)).toBe(left);
    while (left > 0) {
      left -= (read(reader, MESSAGE_BYTES + random.below(20_000)) as Uint8Array).length;
      expect(reader.ioctl(FIO.NREAD)).toBe(left);
      expect(reader.poll().readable).toBe(left > 0);
      storm.blow(5);
      expect(reader.ioctl(FIO.NREAD)).toBe(left);
    }
    expect(codeOf(() => reader.recv(new Uint8Array(100)))).toBe("EAGAIN");
  });

  it("[N3.3] falls by whole messages when each is cut, and DONE is the last", () => {
    load(AF.INET, 1_000);
    const expected = split(expectedNow(AF.INET));
    const reader = begin(AF.INET);
    let left = expected.reduce((sum, each) => sum + each.length, 0);
    for (const message of expected) {
      const into = new Uint8Array(16);
      const got = reader.recvmsg(into);
      expect(got.copied).toBe(16);
      expect(got.flags & MSG.TRUNC).toBe(MSG.TRUNC);
      expect(numberAt(into, 0, 4)).toBe(message.length);
      left -= message.length;
      expect(reader.ioctl(FIO.NREAD)).toBe(left);
    }
    expect(left).toBe(0);
    expect(expected.at(-1)?.type).toBe(NLMSG.DONE);
  });

  it("[N3.3] is not changed by reads without room", () => {
    load(AF.INET, 2_000);
    const expected = expectedNow(AF.INET);
    const reader = begin(AF.INET);
    for (const flags of [0, MSG.PEEK, MSG.TRUNC, MSG.PEEK | MSG.TRUNC]) {
      expect(reader.recv(new Uint8Array(0), flags)).toBe(flags & MSG.TRUNC ? MESSAGE_BYTES : 0);
      expect(reader.ioctl(FIO.NREAD)).toBe(expected.length);
    }
    expectEqual(readAll(reader), expected);
  });

  it.each([400, 425, 426, 427, 428, 429, 430, 431, 432, 433, 450, 861, 862, 863])(
    "[E.3.1] [N3.9] of a table of %i routes is right, near where dumps begin to be made by their reader",
    (count) => {
      load(AF.INET, count);
      const reader = begin(AF.INET);
      const bytes = reader.ioctl(FIO.NREAD);
      const seen = split(readAll(reader, 1_000));
      expect(seen).toHaveLength(count + OWN_ROUTES + 1);
      expect(seen.reduce((sum, each) => sum + each.length, 0)).toBe(bytes);
      expect(new Set(seen.slice(0, -1).map((each) => each.type))).toEqual(new Set([24]));
      expect(seen.at(-1)?.type).toBe(NLMSG.DONE);
    },
  );
});

describe("a socket", () => {
  it("[N4.3] [N4.4] after a dump that was read a socket goes on with what was sent meanwhile", () => {
    load(AF.INET, 2_000);
    const reader = openSocket(vnet);
    reader.send(concat(dumpRequest(AF.INET, { seq: 1 }), dumpRequest(AF.INET6, { seq: 2 })));
    const seen = split(readAll(reader, 10_000));
    const ends = seen.filter((each) => each.type === NLMSG.DONE).map((each) => each.seq);
    expect(ends).toEqual([1, 2]);
    expect(seen.findLastIndex((each) => each.seq === 1)).toBeLessThan(seen.findIndex((each) => each.seq === 2));
  });
});

/** Reads a dump away and closes its socket. */
function expectEnd(socket: Socket, into: Uint8Array): void {
  while (socket.ioctl(FIO.NREAD) > 0) socket.recv(into);
  socket.close();
}

describe("a dump of 1,000,000 routes", () => {
  afterEach(() => vnet.forgetHighWater());

  it("[RF-ROUTE-40] [N4.4] needs at most 4 MiB of buffers whatever the reader's pace, and frees them", {
    timeout: 60_000,
  }, () => {
    const routes = 1_000_000;
    const table = syntheticTable({ routes, seed: 1 });
    loadRoutes(new RouteLoader(writer), new RouteBatches(table, { interfaceIndex: EM0 }));
    // The window that reads are copied through grows with the first large read, and stays.
    const into = new Uint8Array(16 * MIB);
    expectEnd(begin(AF.INET), into);
    const before = resting();
    const length = MESSAGE_BYTES * routes;
    const paces: [string, number, (reads: number) => number][] = [
      // name, MSG flags of a look before each read, room of a read
      ["1 MiB a read", 0, () => MIB],
      ["16 MiB a read", 0, () => 16 * MIB],
      ["one message a read, then all", 0, (reads) => (reads < 20_000 ? MESSAGE_BYTES : MIB)],
      ["32 KiB a read, peeking", MSG.PEEK, () => 32_768],
      ["cut messages, then all", 0, (reads) => (reads < 20_000 ? 20 : MIB)],
    ];
    for (const [name, flags, room] of paces) {
      vnet.forgetHighWater();
      const reader = begin(AF.INET);
      const total = reader.ioctl(FIO.NREAD);
      expect(total, name).toBeGreaterThan(length);
      for (let reads = 0; reader.ioctl(FIO.NREAD) > 0; reads++) {
        const window = into.subarray(0, room(reads));
        if (flags !== 0 && reads < 500) reader.recv(window, flags);
        reader.recv(window);
      }
      expect(vnet.statistics().bufferHighWater, name).toBeLessThanOrEqual(4 * MIB);
      reader.close();
      expect(resting(), name).toEqual(before);
    }
    // And with changes under it, up to what may be kept aside.
    vnet.forgetHighWater();
    const reader = begin(AF.INET);
    const total = reader.ioctl(FIO.NREAD);
    const storm = new Storm(writer, AF.INET, 40_000, 13);
    let read = 0;
    while (reader.ioctl(FIO.NREAD) > 0) {
      if (storm.changes < 20_000) storm.blow(400);
      read += reader.recv(into.subarray(0, 65_536));
    }
    expect(read).toBe(total);
    expect(vnet.statistics().bufferHighWater).toBeLessThanOrEqual(4 * MIB);
    expect(vnet.check()).toBe(0);
  });
});
