// Walks the messages of a buffer in place: header fields and attributes are read from the bytes, nothing is decoded. Both
// sides are little endian. What lies outside a message reads as absent, so a damaged one cannot be read past its end.

import { NetlinkSize, NLA_F, NlMsgHdr } from "../../assembly/abi/netlink.js";

/** Attribute types that are indexed; those above are passed over (FreeBSD and Linux both end far below). */
const ATTRIBUTE_TYPES = 192;

export class MessageReader {
  bytes: Uint8Array;
  view: DataView;
  /** Where the current message begins and ends, in bytes of the buffer. */
  start = 0;
  end = 0;
  /** By attribute type: where its nlattr is, if its stamp is the current one. */
  readonly #places = new Int32Array(ATTRIBUTE_TYPES);
  readonly #stamps = new Int32Array(ATTRIBUTE_TYPES);
  #stamp = 0;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads another buffer from now on. */
  use(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.start = 0;
    this.end = 0;
  }

  /**
   * Makes the message at an offset the current one.
   * @param limit - bytes of the buffer that count
   * @returns whether there is one: a rest that is shorter than a header, or than it says, is none
   */
  seek(offset: number, limit = this.bytes.length): boolean {
    if (offset + NetlinkSize.NLMSGHDR > limit) return false;
    const length = this.view.getUint32(offset + NlMsgHdr.LEN, true);
    if (length < NetlinkSize.NLMSGHDR || length > limit - offset) return false;
    this.start = offset;
    this.end = offset + length;
    return true;
  }

  /** As seek, but of a message that was cut the current one is what there is of it. */
  seekCut(offset: number): boolean {
    if (this.seek(offset)) return true;
    if (offset + NetlinkSize.NLMSGHDR > this.bytes.length) return false;
    this.start = offset;
    this.end = this.bytes.length;
    return true;
  }

  /** Where the message after the current one would begin. */
  get next(): number {
    return (this.end + 3) & ~3;
  }

  get length(): number {
    return this.end - this.start;
  }
  get type(): number {
    return this.view.getUint16(this.start + NlMsgHdr.TYPE, true);
  }
  get flags(): number {
    return this.view.getUint16(this.start + NlMsgHdr.FLAGS, true);
  }
  get seq(): number {
    return this.view.getUint32(this.start + NlMsgHdr.SEQ, true);
  }
  get pid(): number {
    return this.view.getUint32(this.start + NlMsgHdr.PID, true);
  }

  /** Bytes of the current message, with its header. */
  get message(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  // ---- the family header: offsets from its start; what a short header lacks is 0 (E3.2)

  header8(offset: number): number {
    const at = this.start + NetlinkSize.NLMSGHDR + offset;
    return at < this.end ? (this.bytes[at] as number) : 0;
  }
  header16(offset: number): number {
    return this.header8(offset) | (this.header8(offset + 1) << 8);
  }
  header32(offset: number): number {
    const at = this.start + NetlinkSize.NLMSGHDR + offset;
    if (at + 4 <= this.end) return this.view.getUint32(at, true);
    return (this.header16(offset) | (this.header16(offset + 2) << 16)) >>> 0;
  }

  // ---- attributes

  /**
   * Indexes the attributes behind a family header. Of several of one type the last counts. One whose length is impossible
   * ends the list.
   * @param headerSize - bytes of the family header
   */
  index(headerSize: number): void {
    this.indexRange(this.start + NetlinkSize.NLMSGHDR + ((headerSize + 3) & ~3), this.end);
  }

  /** Indexes attributes that lie between two offsets, as those inside a nest. */
  indexRange(from: number, to: number): void {
    this.#stamp++;
    for (let at = from; at + NetlinkSize.NLATTR <= to; ) {
      const length = this.view.getUint16(at, true);
      if (length < NetlinkSize.NLATTR || length > to - at) return;
      const type = this.view.getUint16(at + 2, true) & NLA_F.TYPE_MASK;
      if (type < ATTRIBUTE_TYPES) {
        this.#places[type] = at;
        this.#stamps[type] = this.#stamp;
      }
      at += (length + 3) & ~3;
    }
  }

  /** Calls for each attribute between two offsets, in order, with its type, the start of its payload and the bytes of it. */
  each(from: number, to: number, visit: (type: number, payload: number, size: number) => void): void {
    for (let at = from; at + NetlinkSize.NLATTR <= to; ) {
      const length = this.view.getUint16(at, true);
      if (length < NetlinkSize.NLATTR || length > to - at) return;
      const type = this.view.getUint16(at + 2, true) & NLA_F.TYPE_MASK;
      visit(type, at + NetlinkSize.NLATTR, length - NetlinkSize.NLATTR);
      at += (length + 3) & ~3;
    }
  }

  /** Where the attributes behind a family header begin. */
  attributesFrom(headerSize: number): number {
    return this.start + NetlinkSize.NLMSGHDR + ((headerSize + 3) & ~3);
  }

  has(type: number): boolean {
    return this.#stamps[type] === this.#stamp;
  }

  /** Where an indexed attribute's nlattr is, from the start of the message: what an ext ack's offset means. */
  offsetOf(type: number): number {
    return (this.#places[type] as number) - this.start;
  }

  /** Where an indexed attribute's payload begins in the buffer. */
  at(type: number): number {
    return (this.#places[type] as number) + NetlinkSize.NLATTR;
  }

  /** Bytes of an indexed attribute's payload; 0 when it is absent. */
  size(type: number): number {
    if (!this.has(type)) return 0;
    return this.view.getUint16(this.#places[type] as number, true) - NetlinkSize.NLATTR;
  }

  /** The payload of an indexed attribute, undefined when it is absent. The bytes are the buffer's. */
  payload(type: number): Uint8Array | undefined {
    if (!this.has(type)) return undefined;
    const at = this.at(type);
    return this.bytes.subarray(at, at + this.size(type));
  }

  /** @returns `absent` when the attribute is not there or shorter */
  u8(type: number, absent = 0): number {
    return this.size(type) >= 1 ? this.view.getUint8(this.at(type)) : absent;
  }
  u16(type: number, absent = 0): number {
    return this.size(type) >= 2 ? this.view.getUint16(this.at(type), true) : absent;
  }
  u32(type: number, absent = 0): number {
    return this.size(type) >= 4 ? this.view.getUint32(this.at(type), true) : absent;
  }
  /** Up to the first NUL. */
  text(type: number): string | undefined {
    const payload = this.payload(type);
    if (payload === undefined) return undefined;
    const end = payload.indexOf(0);
    return new TextDecoder().decode(end < 0 ? payload : payload.subarray(0, end));
  }
}
