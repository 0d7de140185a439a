import { describe, expect, it } from "vitest";
import { mergeAttributes, readAttributes } from "../../host/linux/nest.js";
import { attribute, hex, join, u8, u32 } from "./program.js";

describe("attributes of a nest", () => {
  it("are read by type, of several of one type the last, flag bits aside", () => {
    const nest = join(attribute(1, u8(1)), attribute(0x8002, u32(7)), attribute(1, u8(9)));
    expect([...readAttributes(nest)].map(([type, payload]) => [type, hex(payload)])).toEqual([
      [1, "09"],
      [2, "07000000"],
    ]);
  });

  it("end at one whose length is impossible", () => {
    expect(readAttributes(join(attribute(1, u8(1)), u8(3, 0, 2, 0))).size).toBe(1);
    expect(readAttributes(join(attribute(1, u8(1)), u8(9, 0, 2, 0))).size).toBe(1);
  });

  it("after a change: replaced in place, new ones last", () => {
    const before = join(attribute(1, u8(1)), attribute(2, u32(2)));
    const change = join(attribute(3, u8(3)), attribute(1, u8(4, 5)));
    const merged = join(attribute(1, u8(4, 5)), attribute(2, u32(2)), attribute(3, u8(3)));
    expect(hex(mergeAttributes(before, change))).toBe(hex(merged));
    expect(hex(mergeAttributes(undefined, change))).toBe(hex(change));
  });
});
