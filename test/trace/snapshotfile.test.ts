// Snapshots as bytes: what comes back is what went in, and nothing that is not whole does.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashBytes } from "../../host/kernel/hash.js";
import { coreHash, Kernel, SnapshotError } from "../../host/kernel/kernel.js";
import { decodeSnapshot, encodeSnapshot, SNAPSHOT_VERSION } from "../../host/trace/snapshotfile.js";
import { RandomRun } from "../storm/calls.js";

const VERSION_AT = 8;
const CORE_AT = 12;
const CHECKSUM_BYTES = 8;

const run = new RandomRun({ seed: 9, policy: "seeded", stepped: false, record: true }).play(300);
const file = encodeSnapshot(run.kernel.snapshot());

/** The file with a byte another, and the checksum right for it. */
function sealed(change: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = file.slice();
  change(bytes);
  const end = bytes.length - CHECKSUM_BYTES;
  bytes.set(Buffer.from(hashBytes(bytes.subarray(0, end)), "hex"), end);
  return bytes;
}

describe("a snapshot as bytes", () => {
  it("gives the state that went in, and the same bytes again", () => {
    const decoded = decodeSnapshot(file);
    expect(decoded.state).toEqual(run.kernel.snapshot().state);
    expect(Buffer.compare(encodeSnapshot(decoded), file)).toBe(0);
  });

  it("restores to a kernel with the same memory, wherever in a buffer it lies", () => {
    const around = new Uint8Array(file.length + 9);
    around.set(file, 3);
    const kernel = Kernel.restore(decodeSnapshot(around.subarray(3, 3 + file.length)));
    for (const vnet of run.kernel.vnets)
      expect(hashBytes(kernel.vnet(vnet.name)?.memory ?? file)).toBe(hashBytes(vnet.memory));
  });

  it("is small while the kernel is: its memory is mostly zero", () => {
    const snapshot = Kernel.boot().snapshot();
    expect(encodeSnapshot(snapshot).length).toBeLessThan(snapshot.bytes / 4);
  });

  it("has its memories in buffers of their own, which a later snapshot may take", () => {
    const snapshot = decodeSnapshot(file);
    const kernel = Kernel.restore(snapshot);
    const hashes = kernel.vnets.map(({ memory }) => hashBytes(memory));
    kernel.revert(kernel.snapshot(snapshot));
    expect(kernel.vnets.map(({ memory }) => hashBytes(memory))).toEqual(hashes);
  });
});

describe("bytes that are no snapshot of this core", () => {
  it.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /no snapshot: it begins with ""; expected "NLVMSNAP"/],
    ["text", new TextEncoder().encode("Not a\nsnapshot"), /begins with "Not a\.sn"; expected/],
    ["the magic alone", file.slice(0, 8), /snapshot of 8 bytes; expected 36/],
    ["one byte less", file.slice(0, -1), new RegExp(`${file.length - 1} bytes; expected ${file.length}`)],
    ["one byte more", Uint8Array.from([...file, 0]), new RegExp(`${file.length + 1} bytes; expected ${file.length}`)],
    [
      "another version",
      sealed((bytes) => (bytes[VERSION_AT] = SNAPSHOT_VERSION + 1)),
      /of version 2; expected version 1/,
    ],
    [
      "another core",
      sealed((bytes) => bytes.fill(0xab, CORE_AT, CORE_AT + 8)),
      new RegExp(`of the core abababababababab; expected one of ${coreHash()}`),
    ],
    [
      "a state that cannot be read",
      sealed((bytes) => bytes.fill(0xff, 28, 60)),
      /state cannot be read, though its checksum is right/,
    ],
  ])("are refused: %s", (_, bytes, message) => {
    expect(() => decodeSnapshot(bytes)).toThrow(SnapshotError);
    expect(() => decodeSnapshot(bytes)).toThrow(message);
  });

  it("are refused with one bit changed, wherever", () => {
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.nat(7), (at, bit) => {
        const bytes = file.slice();
        bytes[at] = (bytes[at] as number) ^ (1 << bit);
        expect(() => decodeSnapshot(bytes)).toThrow(SnapshotError);
      }),
      { numRuns: 300 },
    );
  });

  it("are refused when cut, or with a piece of them twice", () => {
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 100 }), fc.boolean(), (at, count, isCut) => {
        const bytes = isCut
          ? file.slice(0, at)
          : Buffer.concat([file.subarray(0, at), file.subarray(at, at + count), file.subarray(at)]);
        expect(() => decodeSnapshot(bytes)).toThrow(SnapshotError);
      }),
      { numRuns: 100 },
    );
  });
});
