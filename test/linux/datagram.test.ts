import { describe, expect, it } from "vitest";
import { LinuxErrno, LinuxError } from "../../host/linux/abi.js";
import { ReceiveQueue } from "../../host/linux/datagram.js";
import { machine, openProgram, type Program, u8, u32 } from "./program.js";

/** What a datagram counts (linux-compat E2.6): its length up to 256, and 256 more. */
const charge = (length: number): number => Math.ceil(length / 256) * 256 + 256;

describe("[E2.6] what is queued counts", () => {
  it.each([1, 36, 256, 257, 3776])("a datagram of %i bytes, rounded up to 256 and 256 more", (length) => {
    const queue = new ReceiveQueue(1 << 20);
    queue.push(new Uint8Array(length));
    expect(queue.charged).toBe(charge(length));
  });

  it.each([
    [2047, false],
    [2048, true],
    [2049, true],
  ])("limit %i: a fourth of 36 bytes fits %s", (limit, fits) => {
    const queue = new ReceiveQueue(limit);
    for (let i = 0; i < 3; i++) queue.push(new Uint8Array(36));
    expect(queue.fits(36)).toBe(fits);
  });

  it("until the program has its bytes: not when it is only handed out", () => {
    const queue = new ReceiveQueue(2048);
    queue.push(new Uint8Array(300));
    queue.push(new Uint8Array(20));
    expect([queue.shift()?.bytes.length, queue.shift()?.bytes.length, queue.shift()]).toEqual([300, 20, undefined]);
    expect([queue.isEmpty, queue.charged]).toEqual([true, charge(300) + charge(20)]);
    queue.taken(299);
    expect(queue.charged).toBe(charge(300) + charge(20));
    queue.taken(1);
    expect(queue.charged).toBe(charge(20));
    queue.taken(20);
    expect(queue.charged).toBe(0);
  });

  it("of a dump only while it is queued: Linux makes a part when it is received", () => {
    const queue = new ReceiveQueue(2048);
    for (let part = 0; part < 20; part++) {
      queue.push(new Uint8Array(300), 0, true);
      expect(queue.charged).toBe(charge(300));
      queue.shift();
      expect(queue.charged).toBe(0);
    }
    queue.push(new Uint8Array(100), 1);
    queue.shift();
    queue.taken(20 * 300 + 99);
    expect(queue.charged).toBe(charge(100));
    queue.taken(1);
    expect(queue.charged).toBe(0);
  });

  it("several at once", () => {
    const queue = new ReceiveQueue(2048);
    for (const length of [10, 20, 30]) queue.push(new Uint8Array(length));
    while (queue.shift() !== undefined);
    queue.taken(35);
    expect(queue.charged).toBe(charge(30));
    queue.taken(25);
    expect(queue.charged).toBe(0);
  });

  it.each([
    [1023, false],
    [1024, true],
  ])("the next part of a dump is made at up to half the limit: %i is %s", (limit, hasRoom) => {
    const queue = new ReceiveQueue(limit);
    queue.push(new Uint8Array(36));
    expect(queue.hasRoomForDump).toBe(hasRoom);
  });

  it("keeps its order over thousands", () => {
    const queue = new ReceiveQueue(1 << 30);
    const out: number[] = [];
    for (let i = 0; i < 5000; i++) {
      queue.push(u32(i));
      if (i % 3 !== 0) out.push(new DataView((queue.shift() as { bytes: Uint8Array }).bytes.buffer).getUint32(0, true));
    }
    for (let each = queue.shift(); each !== undefined; each = queue.shift()) {
      out.push(new DataView(each.bytes.buffer).getUint32(0, true));
    }
    expect(out).toEqual(Array.from({ length: 5000 }, (_, i) => i));
  });

  it.each([
    [0, 0],
    [1, 1],
    [7, 0x40],
    [32, 0x80000000],
    [33, 0],
    [39, 0],
  ])("[E2.8] group %i is the bit %i of the sender's address", (group, groups) => {
    const queue = new ReceiveQueue(4096);
    queue.push(new Uint8Array(36), group);
    expect(queue.shift()).toMatchObject({ port: 0, group, groups });
  });
});

describe("[E2.6] [X-36] a queue that is full", () => {
  const RULE = u8(2, 0, 0, 0, 7, 0, 0, 1, 0, 0, 0, 0);
  /** Notifications of 60 bytes count 512: four fit 2,304. */
  const FIT = 4;
  function full() {
    const made = machine();
    const watcher = openProgram(made.abi, made.vnet, 77);
    watcher.socket.bind(0, 1 << 7);
    watcher.socket.setsockopt(1, 8, u32(0));
    const change = (count: number) => {
      for (let i = 0; i < count; i++) made.program.change(32, 0x400, RULE);
    };
    return { ...made, watcher, change };
  }
  function errnoOf(watcher: Program): number {
    try {
      watcher.socket.receive(4096);
    } catch (error) {
      if (error instanceof LinuxError) return error.errno;
      throw error;
    }
    return 0;
  }

  it("keeps what fits", () => {
    const { watcher, change } = full();
    change(FIT);
    expect(watcher.messages()).toHaveLength(FIT);
  });

  it("[RF-LINUX-23] drops what does not, and says ENOBUFS once, before what is queued", () => {
    const { watcher, change } = full();
    change(FIT + 3);
    expect(watcher.socket.isReadable).toBe(true);
    expect(errnoOf(watcher)).toBe(LinuxErrno.ENOBUFS);
    expect(watcher.messages()).toHaveLength(FIT);
    change(1);
    expect(watcher.messages()).toHaveLength(1);
  });

  it("[RF-LINUX-23] with NETLINK_NO_ENOBUFS it drops in silence", () => {
    const { watcher, change } = full();
    watcher.socket.setsockopt(270, 5, u32(1));
    change(FIT + 3);
    expect(watcher.messages()).toHaveLength(FIT);
  });

  it("takes acks and replies beyond the limit", () => {
    const { watcher, change } = full();
    change(FIT);
    watcher.send(32, 0x405, RULE);
    watcher.send(90, 1, u8(0, 0, 0, 0), u32(0x00030008), u32(0));
    expect(errnoOf(watcher)).toBe(LinuxErrno.ENOBUFS); // its own notification found no room
    expect(watcher.messages().map(({ type }) => type)).toEqual([...Array(FIT).fill(32), 2, 88]);
  });

  it("a dump waits until there is room, and loses nothing", () => {
    const { watcher, change, program } = full();
    const all = (reader: Program) => reader.ask(34, 0x301, u8(2), new Uint8Array(11)).filter(({ type }) => type === 32);
    change(200);
    watcher.socket.setsockopt(270, 2, u32(8));
    expect(errnoOf(watcher)).toBe(LinuxErrno.ENOBUFS);
    watcher.messages();
    expect(all(watcher)).toHaveLength(203);
    expect(all(program)).toHaveLength(203);
  });
});
