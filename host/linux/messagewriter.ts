// Writes messages one behind the other into a buffer that grows. Lengths are patched when a message or a nest ends, and all
// padding is zero.

import { NetlinkSize, NlMsgHdr } from "../../assembly/abi/netlink.js";

const FIRST_SIZE = 4096;
const text = new TextEncoder();

export class MessageWriter {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView;
  /** Bytes written. */
  at = 0;
  /** Where the message being written, or the last one, begins. */
  start = 0;

  constructor(size = FIRST_SIZE) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  /** What has been written; the bytes are the writer's own. */
  get written(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }

  /** Forgets what lies behind an offset. */
  rewind(to = 0): void {
    this.at = to;
  }

  /** Room for some more bytes. */
  reserve(size: number): void {
    if (this.at + size <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.at + size));
    grown.set(this.bytes.subarray(0, this.at));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  /** Room for a whole message that the caller writes at once, every byte of it. @returns where it begins */
  room(size: number): number {
    if (this.at + size > this.bytes.length) this.reserve(size);
    const start = this.at;
    this.start = start;
    this.at = start + size;
    return start;
  }

  // ---- messages

  /** Begins a message with a family header of zeros. @param headerSize - bytes of it, as the struct's */
  begin(type: number, flags: number, seq: number, pid: number, headerSize: number): void {
    const size = NetlinkSize.NLMSGHDR + ((headerSize + 3) & ~3);
    this.reserve(size);
    const { view, at } = this;
    this.start = at;
    view.setUint16(at + NlMsgHdr.TYPE, type, true);
    view.setUint16(at + NlMsgHdr.FLAGS, flags, true);
    view.setUint32(at + NlMsgHdr.SEQ, seq, true);
    view.setUint32(at + NlMsgHdr.PID, pid, true);
    this.bytes.fill(0, at + NetlinkSize.NLMSGHDR, at + size);
    this.at = at + size;
  }

  /** Ends it: nlmsg_len counts all that was written since. */
  end(): void {
    this.view.setUint32(this.start + NlMsgHdr.LEN, this.at - this.start, true);
  }

  /** A message as it is. @returns where it begins */
  whole(message: Uint8Array): number {
    const start = this.at;
    this.start = start;
    const size = (message.length + 3) & ~3;
    this.reserve(size);
    this.bytes.set(message, start);
    this.bytes.fill(0, start + message.length, start + size);
    this.at = start + size;
    return start;
  }

  // ---- the family header: offsets from its start

  header8(offset: number, value: number): void {
    this.view.setUint8(this.start + NetlinkSize.NLMSGHDR + offset, value);
  }
  header16(offset: number, value: number): void {
    this.view.setUint16(this.start + NetlinkSize.NLMSGHDR + offset, value, true);
  }
  header32(offset: number, value: number): void {
    this.view.setUint32(this.start + NetlinkSize.NLMSGHDR + offset, value, true);
  }

  // ---- attributes

  u8(type: number, value: number): void {
    const at = this.#attribute(type, 1);
    this.view.setUint8(at, value);
  }
  u16(type: number, value: number): void {
    const at = this.#attribute(type, 2);
    this.view.setUint16(at, value, true);
  }
  /** In network byte order. */
  be16(type: number, value: number): void {
    const at = this.#attribute(type, 2);
    this.view.setUint16(at, value, false);
  }
  u32(type: number, value: number): void {
    const at = this.#attribute(type, 4);
    this.view.setUint32(at, value, true);
  }
  raw(type: number, payload: Uint8Array): void {
    const at = this.#attribute(type, payload.length);
    this.bytes.set(payload, at);
  }
  /** Payload of zeros. @returns where it begins, to be filled in */
  zeros(type: number, size: number): number {
    const at = this.#attribute(type, size);
    this.bytes.fill(0, at, at + size);
    return at;
  }
  /** A string with its NUL. */
  string(type: number, value: string): void {
    const bytes = text.encode(value);
    const at = this.#attribute(type, bytes.length + 1);
    this.bytes.set(bytes, at);
    this.bytes[at + bytes.length] = 0;
  }

  /** Begins a nest. @returns what endNest needs */
  nest(type: number): number {
    return this.#attribute(type, 0);
  }
  endNest(payload: number): void {
    const start = payload - NetlinkSize.NLATTR;
    this.view.setUint16(start, this.at - start, true);
  }

  /** Bytes inside a nest or behind a header that are no attribute, as an rtnexthop. @returns where they begin, zeroed */
  struct(size: number): number {
    this.reserve(size);
    const at = this.at;
    this.bytes.fill(0, at, at + size);
    this.at = at + size;
    return at;
  }

  /** An nlattr and room for its payload, padding zeroed. @returns where the payload begins */
  #attribute(type: number, size: number): number {
    const padded = (size + 3) & ~3;
    this.reserve(NetlinkSize.NLATTR + padded);
    const { view, at } = this;
    view.setUint16(at, NetlinkSize.NLATTR + size, true);
    view.setUint16(at + 2, type, true);
    const payload = at + NetlinkSize.NLATTR;
    if (padded !== size) view.setUint32(payload + padded - 4, 0, true);
    this.at = payload + padded;
    return payload;
  }
}
