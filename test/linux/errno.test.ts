import { describe, expect, it } from "vitest";
import { LinuxErrno, linuxErrnoOf } from "../../host/linux/errno.js";

/** linux-compat L9.6, written out: FreeBSD's number, Linux's. */
const TABLE: readonly (readonly [number, number])[] = [
  [35, 11],
  [36, 115],
  [37, 114],
  [40, 90],
  [45, 95],
  [46, 96],
  [49, 99],
  [55, 105],
  [62, 40],
  [63, 36],
  [65, 113],
  [66, 39],
  [67, 11],
  [68, 87],
  [69, 122],
  [70, 116],
  [71, 66],
  [72, 6],
  [76, 6],
  [77, 37],
  [78, 38],
  [79, 9],
  [80, 6],
  [81, 6],
  [82, 43],
  [83, 42],
  [84, 75],
  [85, 125],
  [86, 84],
  [87, 61],
  [88, 22],
  [89, 74],
  [90, 72],
  [91, 67],
  [92, 71],
  [93, 1],
  [94, 1],
  [95, 131],
  [96, 130],
  [97, 22],
];

describe("L9.6 errnos", () => {
  it.each(TABLE)("FreeBSD's %i is Linux's %i", (freebsd, linux) => {
    expect(linuxErrnoOf(freebsd)).toBe(linux);
  });

  it("1 to 34 are the same but EDEADLK", () => {
    for (let errno = 0; errno <= 34; errno++) {
      expect(linuxErrnoOf(errno)).toBe(errno === 11 ? LinuxErrno.EDEADLK : errno);
    }
  });

  it.each([-1, 98, 1.5])("refuses %d", (errno) => {
    expect(() => linuxErrnoOf(errno)).toThrow(RangeError);
  });
});
