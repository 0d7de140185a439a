// Capture files, written and read: the layouts are those of draft-ietf-opsawg-pcapng and draft-ietf-opsawg-pcap, here built
// by hand, in both byte orders.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteWriter } from "../../host/trace/bytewriter.js";
import type { Block, PacketBlock } from "../../host/trace/capture.js";
import { CaptureReader } from "../../host/trace/capturereader.js";
import { LINKTYPE_NETLINK } from "../../host/trace/pcapng/format.js";
import { BlockWriter, packetOptions } from "../../host/trace/pcapng/writer.js";

/** Words, and halves of words in an array, in a byte order. */
type Piece = number | readonly [number, number] | Uint8Array;

function bytesOf(isLittle: boolean, pieces: readonly Piece[]): Uint8Array {
  const parts = pieces.map((piece) => {
    if (piece instanceof Uint8Array) return piece;
    const bytes = new Uint8Array(4);
    const view = new DataView(bytes.buffer);
    if (typeof piece === "number") view.setUint32(0, piece, isLittle);
    else for (const [i, half] of piece.entries()) view.setUint16(2 * i, half, isLittle);
    return bytes;
  });
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function block(isLittle: boolean, type: number, pieces: readonly Piece[]): Uint8Array {
  const body = bytesOf(isLittle, pieces);
  return bytesOf(isLittle, [type, body.length + 12, body, body.length + 12]);
}

const section = (isLittle: boolean): Uint8Array =>
  block(isLittle, 0x0a0d0d0a, [0x1a2b3c4d, [1, 0], 0xffffffff, 0xffffffff]);

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function blocksOf(file: Uint8Array): Block[] {
  return [...CaptureReader.blocks(file)];
}

function packetsOf(file: Uint8Array): PacketBlock[] {
  return blocksOf(file).filter((each) => each.kind === "packet");
}

const FIVE = Uint8Array.of(1, 2, 3, 4, 5);
const FIVE_PADDED = Uint8Array.of(1, 2, 3, 4, 5, 0, 0, 0);

describe.each([true, false])("a pcapng section, little endian %s", (isLittle) => {
  const of = (type: number, ...pieces: Piece[]): Uint8Array => block(isLittle, type, pieces);
  const netlink = of(1, [LINKTYPE_NETLINK, 0], 0);

  it("describes interfaces, with their options", () => {
    const named = of(
      1,
      [LINKTYPE_NETLINK, 0],
      0,
      [2, 5],
      FIVE_PADDED.map((byte) => byte && byte + 96),
      [0, 0],
    );
    expect(blocksOf(concat(section(isLittle), netlink, named))).toMatchObject([
      { kind: "section", offset: 0 },
      { kind: "interface", number: 0, linkType: 253, name: undefined },
      { kind: "interface", number: 1, linkType: 253, name: "abcde" },
    ]);
  });

  it("has enhanced packets with time, length, direction and comment", () => {
    const options: Piece[] = [[1, 2], Uint8Array.of(104, 105, 0, 0), [2, 4], 2, [0, 0]];
    const packet = of(6, 0, 0x00000001, 0x00000002, 5, 9, FIVE_PADDED, ...options);
    expect(packetsOf(concat(section(isLittle), netlink, packet))).toMatchObject([
      {
        interface: 0,
        linkType: 253,
        nanoseconds: (2n ** 32n + 2n) * 1000n,
        bytes: FIVE,
        originalLength: 9,
        direction: "outbound",
        comment: "hi",
      },
    ]);
  });

  it.each([
    // if_tsresol    nanoseconds of 3 units
    [3, 3_000_000n],
    [9, 3n],
    [0x80 | 1, 1_500_000_000n],
  ])("counts time in the interface's resolution %i", (resolution, nanoseconds) => {
    const interfaceBlock = of(1, [1, 0], 0, [9, 1], Uint8Array.of(resolution, 0, 0, 0), [0, 0]);
    const packet = of(6, 0, 0, 3, 0, 0);
    expect(packetsOf(concat(section(isLittle), interfaceBlock, packet))[0]?.nanoseconds).toBe(nanoseconds);
  });

  it("adds an interface's if_tsoffset", () => {
    const offset = isLittle ? [10, 0] : [0, 10];
    const interfaceBlock = of(1, [1, 0], 0, [14, 8], ...offset, [0, 0]);
    const packet = of(6, 0, 0, 3, 0, 0);
    expect(packetsOf(concat(section(isLittle), interfaceBlock, packet))[0]?.nanoseconds).toBe(10_000_003_000n);
  });

  it("has simple packets, cut at the first interface's snap length", () => {
    const short = of(1, [1, 0], 5);
    const packet = of(3, 9, FIVE_PADDED);
    expect(packetsOf(concat(section(isLittle), short, packet))).toMatchObject([
      { interface: 0, bytes: FIVE, originalLength: 9, nanoseconds: undefined },
    ]);
  });

  it("has old packets, whose first word holds interface and drops", () => {
    const packet = of(2, [0, 77], 0, 1, 5, 5, FIVE_PADDED);
    expect(packetsOf(concat(section(isLittle), netlink, packet))).toMatchObject([{ interface: 0, bytes: FIVE }]);
  });

  it.each([0xbad, 0x40000bad])("has custom blocks 0x%s of private enterprise numbers", (type) => {
    expect(blocksOf(concat(section(isLittle), of(type, 32473, 7)))[1]).toMatchObject({
      kind: "custom",
      pen: 32473,
      data: bytesOf(isLittle, [7]),
    });
  });

  it("has blocks that nobody knows, which are skipped over", () => {
    expect(blocksOf(concat(section(isLittle), of(0x1234, 1, 2, 3), netlink)).map(({ kind }) => kind)).toEqual([
      "section",
      "other",
      "interface",
    ]);
  });

  it("ends where another begins, whose interfaces are counted anew and whose byte order is its own", () => {
    const other = concat(section(!isLittle), block(!isLittle, 1, [[1, 0], 0]));
    expect(blocksOf(concat(section(isLittle), netlink, other)).at(-1)).toMatchObject({ number: 0, linkType: 1 });
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["of another version", block(isLittle, 0x0a0d0d0a, [0x1a2b3c4d, [2, 0], 0, 0]), /byte 0: pcapng of version 2\.0/],
    ["without byte order", block(isLittle, 0x0a0d0d0a, [0x1a2b3c4e, [1, 0], 0, 0]), /byte 8: byte-order magic/],
    [
      "with a length of no block",
      concat(section(isLittle), bytesOf(isLittle, [1, 13, 0])),
      /byte 28: block of 13 bytes/,
    ],
    [
      "with an enormous block",
      concat(section(isLittle), bytesOf(isLittle, [1, 2 ** 31, 0])),
      /byte 28: block of 2147483648/,
    ],
    [
      "with a tail unlike the head",
      concat(section(isLittle), bytesOf(isLittle, [9, 12, 16])),
      /byte 36: .* 16; expected 12/,
    ],
    [
      "with a packet of no interface",
      concat(section(isLittle), of(6, 0, 0, 0, 0, 0)),
      /byte 28: packet of interface 0/,
    ],
    [
      "with a packet beyond its block",
      concat(section(isLittle), netlink, of(6, 0, 0, 0, 9, 9)),
      /byte 48: .* at least 41/,
    ],
    ["with a short packet block", concat(section(isLittle), netlink, of(6, 0)), /byte 48: block of type 0x6: 16 bytes/],
    ["with an option beyond its block", concat(section(isLittle), of(1, [1, 0], 0, [2, 9])), /byte 44: option 2 of 9/],
    [
      "cut in a block",
      concat(section(isLittle), Uint8Array.of(1, 2, 3)),
      /byte 28: the file ends 3 bytes into a block/,
    ],
  ])("%s is refused with its place", (_, file, message) => {
    expect(() => blocksOf(file)).toThrow(message);
  });
});

describe.each([true, false])("a pcap file, little endian %s", (isLittle) => {
  const head = (magic: number): Uint8Array => bytesOf(isLittle, [magic, [2, 4], 0, 0, 0xffff, 253]);

  it.each([
    [0xa1b2c3d4, 7_000_000_000n + 9000n],
    [0xa1b23c4d, 7_000_000_000n + 9n],
  ])("with magic %i has packets, whose times are in its unit", (magic, nanoseconds) => {
    const file = concat(head(magic), bytesOf(isLittle, [7, 9, 5, 8]), FIVE, bytesOf(isLittle, [7, 9, 0, 0]));
    expect(packetsOf(file)).toMatchObject([
      { interface: 0, linkType: 253, nanoseconds, bytes: FIVE, originalLength: 8 },
      { nanoseconds, bytes: new Uint8Array(0) },
    ]);
  });

  it("cut in a packet is refused with its place", () => {
    const file = concat(head(0xa1b2c3d4), bytesOf(isLittle, [7, 9, 5, 8]));
    expect(() => blocksOf(file)).toThrow(/byte 24: the file ends 16 bytes into a block/);
  });
});

describe("what is no capture file", () => {
  it.each<[string, number[], RegExp]>([
    ["nothing", [], /byte 0: 0 bytes; expected a capture file/],
    ["two bytes", [10, 13], /byte 0: 2 bytes; expected a capture file/],
    ["text", [104, 101, 108, 108, 111], /begins with 68 65 6c 6c; expected pcapng/],
  ])("%s is refused", (_, bytes, message) => {
    expect(() => blocksOf(Uint8Array.from(bytes))).toThrow(message);
  });
});

describe("what is written", () => {
  it("is read as it went in, in pieces of any size", () => {
    const packet = fc.record({
      timestamp: fc.nat(Number.MAX_SAFE_INTEGER),
      bytes: fc.uint8Array({ maxLength: 50 }),
      comment: fc.option(fc.string({ unit: "grapheme", maxLength: 20 }), { nil: undefined }),
      direction: fc.constantFrom("inbound", "outbound", undefined),
    });
    const check = (packets: (typeof packet extends fc.Arbitrary<infer T> ? T : never)[], step: number): void => {
      const out = new ByteWriter();
      const writer = new BlockWriter(out);
      writer.section({ application: "a", os: "b", comment: "c" });
      const number = writer.interface({ linkType: 253, name: "vnet0", description: "d", resolution: 9 });
      for (const { comment, direction, ...each } of packets) {
        const options = packetOptions({
          ...(comment === undefined ? {} : { comment }),
          ...(direction === undefined ? {} : { direction }),
        });
        writer.packet({ interface: number, ...each, options });
      }
      const reader = new CaptureReader();
      const read: unknown[] = [];
      for (let at = 0; at < out.length; at += step) {
        reader.push(out.from(at).slice(0, step));
        for (let each = reader.next(); each !== undefined; each = reader.next()) {
          if (each.kind !== "packet") continue;
          const { nanoseconds, bytes, comment, direction } = each;
          read.push({ timestamp: Number(nanoseconds), bytes: bytes.slice(), comment, direction });
        }
      }
      reader.end();
      expect(read).toEqual(packets);
    };
    fc.assert(fc.property(fc.array(packet, { maxLength: 8 }), fc.integer({ min: 1, max: 300 }), check), {
      numRuns: 60,
    });
  });
});
