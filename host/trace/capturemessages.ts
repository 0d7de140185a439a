// The netlink messages of a capture, ours or another's, packet by packet.

import { CaptureReader } from "./capturereader.js";
import { readCooked } from "./cooked.js";
import type { Abi } from "./messagetext.js";
import { type Direction, LINKTYPE_NETLINK } from "./pcapng/format.js";

/** A packet of netlink. Its bytes last until the next one is asked for. */
export interface NetlinkPacket {
  /** Among the packets of the file, of whatever kind, from 1: as Wireshark counts them where there are no custom blocks. */
  readonly number: number;
  /** Nanoseconds since 1970; undefined where the file does not say. */
  readonly nanoseconds: bigint | undefined;
  /** The name of the interface, where it has one. */
  readonly interfaceName: string | undefined;
  /** Whose numbers the messages have: FreeBSD's where a recording says so; captures are Linux's. */
  readonly abi: Abi;
  /** NETLINK_ROUTE and so on. */
  readonly protocol: number;
  /** Seen from the program. */
  readonly direction: Direction | undefined;
  readonly comment: string | undefined;
  readonly messages: Uint8Array;
}

/** What recordings name their interfaces of FreeBSD's ABI. */
const FREEBSD_NAME = /\.freebsd$/;

/** @throws CaptureError no capture file, or a damaged one; what comes before the damage is given first */
export function* netlinkPackets(pieces: Iterable<Uint8Array>): Generator<NetlinkPacket> {
  const reader = new CaptureReader();
  const names: (string | undefined)[] = [];
  let number = 0;
  for (const piece of pieces) {
    reader.push(piece);
    for (let block = reader.next(); block !== undefined; block = reader.next()) {
      if (block.kind === "section") names.length = 0;
      if (block.kind === "interface") names[block.number] = block.name;
      if (block.kind !== "packet") continue;
      number++;
      const cooked = block.linkType === LINKTYPE_NETLINK ? readCooked(block.bytes) : undefined;
      if (cooked === undefined) continue;
      const interfaceName = names[block.interface];
      const abi = FREEBSD_NAME.test(interfaceName ?? "") ? "freebsd" : "linux";
      const { nanoseconds, direction, comment } = block;
      yield { number, nanoseconds, interfaceName, abi, direction, comment, ...cooked };
    }
  }
  reader.end();
}
