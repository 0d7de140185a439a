// A message that ktest answers, put together attribute by attribute.

import { NetlinkSize, NlMsgHdr } from "../../../assembly/abi/netlink.js";

export class TestMessage {
  readonly #parts: number[] = [];
  readonly #type: number;
  readonly #flags: number;

  /** @param header - what follows the nlmsghdr, before the attributes */
  constructor(type: number, flags: number, header: Uint8Array) {
    this.#type = type;
    this.#flags = flags;
    this.#parts.push(...header);
  }

  u8(type: number, value: number): void {
    this.#attribute(type, [value]);
  }

  u32(type: number, value: number): void {
    this.#attribute(type, littleEndian(value));
  }

  /** ASCII, with its NUL. */
  text(type: number, value: string): void {
    this.#attribute(type, [...Array.from(value, (letter) => letter.charCodeAt(0) & 0xff), 0]);
  }

  /** A struct timespec. @param milliseconds - a time */
  time(type: number, milliseconds: number): void {
    const seconds = Math.floor(milliseconds / 1000);
    const nanoseconds = (milliseconds % 1000) * 1_000_000;
    const words = [seconds, Math.floor(seconds / 2 ** 32), nanoseconds, 0];
    this.#attribute(type, words.flatMap(littleEndian));
  }

  #attribute(type: number, payload: readonly number[]): void {
    const length = NetlinkSize.NLATTR + payload.length;
    const padding = Array.from({ length: -length & 3 }, () => 0);
    this.#parts.push(length & 0xff, length >>> 8, type, 0, ...payload, ...padding);
  }

  get bytes(): Uint8Array {
    const bytes = new Uint8Array(NetlinkSize.NLMSGHDR + this.#parts.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(NlMsgHdr.LEN, bytes.length, true);
    view.setUint16(NlMsgHdr.TYPE, this.#type, true);
    view.setUint16(NlMsgHdr.FLAGS, this.#flags, true);
    bytes.set(this.#parts, NetlinkSize.NLMSGHDR);
    return bytes;
  }
}

function littleEndian(value: number): number[] {
  return [value, value >>> 8, value >>> 16, value >>> 24].map((byte) => byte & 0xff);
}
