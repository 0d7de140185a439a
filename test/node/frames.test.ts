import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Frame, FrameParser, FrameType, ProtocolError } from "../../host/node/frames.js";
import { root } from "../../scripts/lib/command.mjs";
import { concat } from "../support/messages.js";
import * as wire from "./frames.js";

const LIMIT = 4096;

function copyOf({ type, version, socket, request, body }: Frame): wire.Heard {
  const bytes = new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
  return { type, version, socket, request, body: bytes };
}

/** Feeds chunks one after the other. */
function parse(chunks: readonly Uint8Array[], parser = new FrameParser(LIMIT)): wire.Heard[] {
  const heard: wire.Heard[] = [];
  for (const chunk of chunks) parser.feed(chunk, (frame) => heard.push(copyOf(frame)));
  return heard;
}

describe("a stream of frames", () => {
  it("is cut into the same frames however it comes in pieces", () => {
    const one = fc.record({
      type: fc.nat(255),
      socket: fc.nat(),
      request: fc.nat(),
      body: fc.uint8Array({ maxLength: 60 }),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 8 }), fc.array(fc.nat(90), { maxLength: 30 }), (frames, sizes) => {
        const stream = concat(
          ...frames.map(({ type, socket, request, body }) => wire.frame(type, socket, request, body)),
        );
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const size of sizes) {
          chunks.push(stream.slice(at, at + size));
          at += size;
        }
        chunks.push(stream.slice(at));
        expect(parse(chunks)).toEqual(frames.map((each) => ({ version: 0, ...each })));
      }),
    );
  });

  it.each([
    [15, "too short for its header"],
    [0, "of no length"],
    [LIMIT + 1, "above the limit"],
    [0xffffffff, "beyond any"],
  ])("is refused at a frame of %i bytes, %s", (length) => {
    const bad = concat(wire.words(length), new Uint8Array(12));
    expect(() => parse([bad])).toThrow(ProtocolError);
    expect(() => parse([bad.slice(0, 5), bad.slice(5)])).toThrow(ProtocolError);
  });

  it.each([LIMIT - 1, LIMIT])("takes a frame of %i bytes, the limit being 4096", (length) => {
    expect(parse([wire.frame(1, 2, 3, new Uint8Array(length - 16))])).toHaveLength(1);
  });

  it("holds back no more than a frame that is not whole", () => {
    const parser = new FrameParser(LIMIT);
    parse([wire.frame(1, 0, 0, new Uint8Array(100)).slice(0, 40)], parser);
    expect(parser.pendingBytes).toBe(40);
    parse([new Uint8Array(76)], parser);
    expect(parser.pendingBytes).toBe(0);
  });
});

it("both sides have the same numbers for frames, flags and versions", () => {
  const header = readFileSync(join(root, "intercept/frames.h"), "utf8");
  const numbers = new Map(
    [...header.matchAll(/\b(FRAME|STATE|DATA|READING)_([A-Z_]+) = (\d+)/g)].map(([, kind, name, number]) => [
      `${kind}_${name}`,
      Number(number),
    ]),
  );
  const ours = Object.entries(FrameType).filter(([, value]) => typeof value === "number");
  expect([...numbers].filter(([name]) => name.startsWith("FRAME_"))).toEqual(
    ours.map(([name, value]) => [`FRAME_${name}`, value]),
  );
  expect([...numbers].filter(([name]) => !name.startsWith("FRAME_"))).toEqual([
    ["READING_AHEAD", 0],
    ["READING_FORWARDED", 1],
    ["DATA_MORE", 1],
    ["DATA_SHARED", 2],
    ["STATE_READABLE", 1],
    ["STATE_WRITABLE", 2],
    ["STATE_ARRIVED", 4],
  ]);
  expect(header).toContain("PROTOCOL_VERSION = 1");
});
