// Read-ahead of datagrams, over a socket that the test fills.
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LinuxError } from "../../host/linux/errno.js";
import { Feed } from "../../host/node/feed.js";
import { ANSWER_BYTES_MAX, HALF_BYTES, PUSH_BYTES_MAX } from "../../host/node/limits.js";
import { Outgoing } from "../../host/node/outgoing.js";
import type { Datagram, ServedSocket } from "../../host/node/served.js";
import { SharedFile } from "../../host/node/sharedfile.js";
import * as wire from "./frames.js";

const MORE = 1;
const SHARED = 2;
const ENOBUFS = 105;

/** What is queued is what the test put; a dump makes its datagrams as large as the offer. */
class Filled implements ServedSocket {
  readonly queue: (Datagram | number)[] = [];
  dumpLeft = 0;
  offers: number[] = [];
  told = 0;

  put(bytes: number, group = 0): void {
    this.queue.push({
      bytes: new Uint8Array(bytes).fill(bytes),
      port: 0,
      groups: group === 0 ? 0 : 1 << (group - 1),
      group,
    });
  }

  receive(offer: number): Datagram | undefined {
    this.offers.push(offer);
    const next = this.queue.shift();
    if (typeof next === "number") throw new LinuxError("recv", next);
    if (next !== undefined || this.dumpLeft === 0) return next;
    this.dumpLeft--;
    return { bytes: new Uint8Array(Math.max(3000, Math.min(offer, 32000))), port: 0, groups: 0, group: 0 };
  }

  get isReadable(): boolean {
    return this.queue.length > 0 || this.dumpLeft > 0;
  }
  get isDumping(): boolean {
    return this.dumpLeft > 0;
  }
  taken(bytes: number): void {
    this.told += bytes;
  }
  bind(): void {}
  connect(): void {}
  getsockname(): never {
    throw new Error("not asked for");
  }
  getpeername(): never {
    throw new Error("not asked for");
  }
  setsockopt(): void {}
  getsockopt(): never {
    throw new Error("not asked for");
  }
  send(): never {
    throw new Error("not asked for");
  }
  close(): void {}
}

interface Frame {
  readonly request: number;
  readonly half: number;
  readonly length: number;
  readonly flags: number;
  readonly records: wire.Record[];
}

class Reader {
  readonly socket = new Filled();
  readonly out = new Outgoing();
  readonly feed: Feed;

  constructor(shared?: SharedFile) {
    this.feed = new Feed(this.socket, 9, this.out, shared);
  }

  frames(): Frame[] {
    return new wire.Listener().hear(this.out.take()).map(({ type, socket, request, body }) => {
      expect([type, socket]).toEqual([wire.DATA, 9]);
      const [half, length, flags] = [0, 4, 8].map((at) => wire.wordAt(body, at)) as [number, number, number];
      return { request, half, length, flags, records: wire.recordsOf(body.subarray(12)) };
    });
  }

  lengths(): number[][] {
    return this.frames().map(({ records }) => records.map(({ bytes }) => bytes?.length ?? 0));
  }

  pull(credit: number, offer: number, half = wire.NO_HALF): Frame {
    this.feed.pull({ request: 7, credit, offer, half });
    return this.frames()[0] as Frame;
  }
}

describe("pushing", () => {
  it("sends what is queued in order, with sender and group", () => {
    const reader = new Reader();
    reader.socket.put(20);
    reader.socket.put(33, 7);
    reader.feed.push();
    const [frame] = reader.frames();
    expect(frame).toMatchObject({ request: 0, half: wire.NO_HALF, flags: 0 });
    expect(frame?.records.map(({ bytes, groups, group }) => [bytes?.length, groups, group])).toEqual([
      [20, 0, 0],
      [33, 64, 7],
    ]);
    expect(frame?.records[1]?.bytes).toEqual(new Uint8Array(33).fill(33));
  });

  it("says nothing when there is nothing", () => {
    const reader = new Reader();
    reader.feed.push();
    expect(reader.frames()).toEqual([]);
  });

  it.each([
    [PUSH_BYTES_MAX - 4, true],
    [PUSH_BYTES_MAX, false],
    [PUSH_BYTES_MAX + 4, false],
  ])("with %i bytes not taken it goes on: %s", (bytes, goesOn) => {
    const reader = new Reader();
    reader.socket.put(bytes);
    reader.feed.push();
    reader.frames();
    reader.socket.put(8);
    reader.feed.push();
    expect(reader.lengths()).toEqual(goesOn ? [[8]] : []);
    reader.feed.taken(bytes);
    reader.feed.push();
    expect(reader.lengths()).toEqual(goesOn ? [] : [[8]]);
  });

  it("stops when more is left than it may send, until that was asked for", () => {
    const reader = new Reader();
    for (let n = 0; n < 3; n++) reader.socket.put(1500);
    reader.feed.push(ANSWER_BYTES_MAX);
    const [frame] = reader.frames();
    expect([frame?.records.length, frame?.flags]).toEqual([2, MORE]);
    reader.feed.push();
    expect(reader.frames()).toEqual([]);
    expect(reader.pull(10_000, 4096)).toMatchObject({ request: 7, flags: 0 });
    reader.socket.put(16);
    reader.feed.push();
    expect(reader.lengths()).toEqual([[16]]);
  });

  it("brings a pending error in its place", () => {
    const reader = new Reader();
    reader.socket.put(16);
    reader.socket.queue.push(ENOBUFS);
    reader.socket.put(20);
    reader.feed.push();
    const [frame] = reader.frames();
    expect(frame?.records.map(({ errno, bytes }) => [errno, bytes?.length])).toEqual([
      [0, 16],
      [ENOBUFS, undefined],
      [0, 20],
    ]);
  });

  it("with the answer of a send brings the first datagram of a dump and no more", () => {
    const reader = new Reader();
    reader.socket.dumpLeft = 100;
    reader.feed.push(ANSWER_BYTES_MAX);
    const [frame] = reader.frames();
    expect([frame?.records.length, frame?.flags]).toEqual([1, MORE]);
  });
});

describe("pulling", () => {
  it("gives at least one datagram, whatever the credit", () => {
    const reader = new Reader();
    reader.socket.put(5000);
    reader.socket.put(5000);
    expect(reader.pull(0, 0).records).toHaveLength(1);
  });

  it("is answered also when there is nothing", () => {
    expect(new Reader().pull(100, 100)).toEqual({ request: 7, half: wire.NO_HALF, length: 0, flags: 0, records: [] });
  });

  it("passes the largest offer on", () => {
    const reader = new Reader();
    reader.socket.dumpLeft = 3;
    expect(reader.pull(0, 32_000).records[0]?.bytes).toHaveLength(32_000);
    expect(reader.pull(0, 100).records[0]?.bytes).toHaveLength(32_000);
    expect(reader.socket.offers).toEqual([32_000, 32_000]);
  });

  it("counts what was sent until it is taken, and no more than that", () => {
    const reader = new Reader();
    reader.socket.put(100);
    reader.pull(1000, 0);
    reader.feed.taken(40);
    reader.feed.taken(5000);
    expect(reader.socket.told).toBe(100);
  });
});

describe("the shared file", () => {
  let folder = "";
  let shared: SharedFile;
  let file = 0;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "nlvm-"));
    shared = SharedFile.create(folder) as SharedFile;
    file = openSync(shared.path, "r");
    shared.unlink();
  });
  afterEach(() => {
    closeSync(file);
    shared.close();
    rmSync(folder, { recursive: true });
  });

  function half(number: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    readSync(file, bytes, 0, length, number * HALF_BYTES);
    return bytes;
  }

  it("takes the datagrams of a dump, in the half that was named", () => {
    const reader = new Reader(shared);
    reader.socket.dumpLeft = 5;
    const frame = reader.pull(100_000, 32_000, 1);
    expect(frame).toMatchObject({ half: 1, flags: SHARED | MORE, records: [] });
    expect(wire.recordsOf(half(1, frame.length)).map(({ bytes }) => bytes?.length)).toEqual([
      32_000, 32_000, 32_000, 32_000,
    ]);
  });

  it("is filled to its end and not beyond; what did not fit comes next", () => {
    const reader = new Reader(shared);
    for (let n = 0; n < 40; n++) reader.socket.put(30_000 + n);
    const first = reader.pull(0xffffffff, 65_536, 0);
    expect(first.length).toBeLessThanOrEqual(HALF_BYTES);
    const lengths = wire.recordsOf(half(0, first.length)).map(({ bytes }) => bytes?.length as number);
    const second = reader.pull(0xffffffff, 65_536, 1);
    expect(second.flags).toBe(SHARED);
    lengths.push(...wire.recordsOf(half(1, second.length)).map(({ bytes }) => bytes?.length as number));
    expect(lengths).toEqual(Array.from({ length: 40 }, (_, n) => 30_000 + n));
  });

  it("is left aside for what is small, or no datagram", () => {
    const reader = new Reader(shared);
    reader.socket.put(100);
    reader.socket.queue.push(ENOBUFS);
    const frame = reader.pull(4096, 4096, 0);
    expect(frame.half).toBe(0);
    expect(frame.flags & SHARED).toBe(0);
    expect(frame.records.map(({ errno }) => errno)).toEqual([0, ENOBUFS]);
  });

  it("is left aside where none could be made", () => {
    expect(SharedFile.create(join(folder, "nowhere"))).toBeUndefined();
    const reader = new Reader();
    reader.socket.dumpLeft = 2;
    expect(reader.pull(100_000, 32_000, 1)).toMatchObject({ half: 1, flags: 0 });
  });
});
