// What was done to the kernel by others while two of the programs ran (the recording's notes), at the place where the
// program heard of it.

/** A request that somebody else sends before a request of the program, counted from 1. Indices are the recording's. */
export interface Deed {
  readonly before: number;
  readonly request: Uint8Array;
}

function bytes(...words: readonly string[]): Uint8Array {
  return Uint8Array.from(Buffer.from(words.join("").replaceAll(" ", ""), "hex"));
}

/** ip route add 203.0.113.0/24 via 192.0.2.9 */
const ROUTE_ADD = bytes(
  "2c000000 1800 0506 00000000 00000000",
  "02 18 00 00 fe 03 00 01 00000000",
  "0800 0100 cb007100",
  "0800 0500 c0000209",
);

/** ip route del 198.51.100.0/24 */
const ROUTE_DEL = bytes(
  "24000000 1900 0500 00000000 00000000",
  "02 18 00 00 fe 00 ff 00 00000000",
  "0800 0100 c6336400",
);

/** ip link set v1 down, and up: the other end of the cable of v0 */
const LINK_DOWN = bytes("20000000 1000 0500 00000000 00000000", "00 00 0000 02000000 00000000 01000000");
const LINK_UP = bytes("20000000 1000 0500 00000000 00000000", "00 00 0000 02000000 01000000 01000000");

/** By the run's id. */
export const MEANWHILE: ReadonlyMap<string, readonly Deed[]> = new Map([
  [
    "clients-17",
    [
      { before: 24, request: ROUTE_ADD },
      { before: 25, request: LINK_DOWN },
      { before: 29, request: LINK_UP },
      { before: 39, request: ROUTE_DEL },
    ],
  ],
  [
    "clients-18",
    [
      { before: 19, request: ROUTE_ADD },
      { before: 23, request: LINK_DOWN },
      { before: 28, request: LINK_UP },
    ],
  ],
]);
