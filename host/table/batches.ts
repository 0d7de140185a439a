// RTM_NEWROUTE messages for a whole table, many a send, written into one kept buffer without an object a route.
//   next   writes the next batch and returns it; the bytes are valid until the next call
//   built  all batches in memory of their own, for a measurement of the sends alone
// A batch is laid out once: headers, attributes and the interface stay, and of each route the prefix, the last byte of
// the gateway and the sequence number are patched. The last message of a batch asks for an ack, so that one answer
// says the whole batch was processed; any other message answers only when it failed (netlink_io.c).
import { AddressSize, AF } from "../../assembly/abi/inet.js";
import { NetlinkSize, NLM_F, NlMsgHdr } from "../../assembly/abi/netlink.js";
import { HeaderSize, RTA, RTM, RTN, RTPROT, RtMsg } from "../../assembly/abi/rtnetlink.js";
import { GATEWAY_FIRST_BYTE, INET_GATEWAY_NETWORK, INET6_GATEWAY_NETWORK_HIGH } from "./gateways.js";
import type { Table } from "./table.js";

/** Bytes of a send at most: below the default of SO_SNDBUF, 64 KiB. */
export const BATCH_BYTES = 60 * 1024;
/** Messages of a send at most. */
export const BATCH_MESSAGES = 200;

export interface BatchOptions {
  /** RTA_OIF: the interface on whose network the gateways are. */
  readonly interfaceIndex: number;
  /** Sequence number of the first message; each following one is one higher. Default 1. */
  readonly sequence?: number;
  /** Messages of a batch, 1..BATCH_MESSAGES; default BATCH_MESSAGES. */
  readonly messages?: number;
}

/** Where the fields that change lie in a message: header, rtmsg, then RTA_DST, RTA_GATEWAY and RTA_OIF. */
interface Layout {
  readonly addressBytes: number;
  readonly messageBytes: number;
  readonly destination: number;
  readonly gateway: number;
  readonly interfaceIndex: number;
}

const HEADERS = NetlinkSize.NLMSGHDR + HeaderSize.RTMSG;

function layoutOf(family: Table["family"]): Layout {
  const addressBytes = family === AF.INET ? AddressSize.INET : AddressSize.INET6;
  const destination = HEADERS + NetlinkSize.NLATTR;
  const gateway = destination + addressBytes + NetlinkSize.NLATTR;
  const interfaceIndex = gateway + addressBytes + NetlinkSize.NLATTR;
  return { addressBytes, destination, gateway, interfaceIndex, messageBytes: interfaceIndex + 4 };
}

/** A batch that keeps its bytes. */
export interface BuiltBatch {
  readonly bytes: Uint8Array;
  /** nlmsg_seq of the message that asks for the ack. */
  readonly lastSequence: number;
}

/** The messages that load a table, batch by batch. */
export class RouteBatches {
  readonly #table: Table;
  readonly #layout: Layout;
  readonly #window: Uint8Array;
  readonly #view: DataView;
  readonly #perBatch: number;
  #sequence: number;
  #route = 0;

  /** @throws RangeError when `messages` is out of range */
  constructor(table: Table, { interfaceIndex, sequence = 1, messages = BATCH_MESSAGES }: BatchOptions) {
    if (!(messages >= 1 && messages <= BATCH_MESSAGES)) {
      throw new RangeError(`${messages} messages a batch: expected 1 to ${BATCH_MESSAGES}`);
    }
    this.#table = table;
    this.#layout = layoutOf(table.family);
    this.#perBatch = Math.min(messages, Math.floor(BATCH_BYTES / this.#layout.messageBytes));
    this.#window = new Uint8Array(this.#perBatch * this.#layout.messageBytes);
    this.#view = new DataView(this.#window.buffer);
    this.#sequence = sequence;
    for (let slot = 0; slot < this.#perBatch; slot++) this.#writeTemplate(slot, interfaceIndex);
  }

  /** Routes written so far. */
  get written(): number {
    return this.#route;
  }

  /** nlmsg_seq of the last message written, the one that asks for the ack. */
  get lastSequence(): number {
    return this.#sequence - 1;
  }

  /** Routes of the table. */
  get count(): number {
    return this.#table.count;
  }

  /** Writes the next batch: a view of the kept buffer, or undefined after the last route. */
  next(): Uint8Array | undefined {
    const messages = Math.min(this.#perBatch, this.#table.count - this.#route);
    if (messages === 0) return undefined;
    if (this.#table.family === AF.INET) this.#patchInet(this.#table.addresses, messages);
    else this.#patchInet6(this.#table.addresses, messages);
    this.#route += messages;
    const lastFlags = (messages - 1) * this.#layout.messageBytes + NlMsgHdr.FLAGS;
    this.#view.setUint16(lastFlags, NLM_F.REQUEST | NLM_F.CREATE | NLM_F.ACK, true);
    return this.#window.subarray(0, messages * this.#layout.messageBytes);
  }

  /** All batches that are left, as views of one new buffer. */
  built(): BuiltBatch[] {
    const bytes = new Uint8Array((this.#table.count - this.#route) * this.#layout.messageBytes);
    const batches: BuiltBatch[] = [];
    let offset = 0;
    for (let batch = this.next(); batch !== undefined; batch = this.next()) {
      bytes.set(batch, offset);
      batches.push({ bytes: bytes.subarray(offset, offset + batch.length), lastSequence: this.lastSequence });
      offset += batch.length;
    }
    return batches;
  }

  #writeTemplate(slot: number, interfaceIndex: number): void {
    const { addressBytes, messageBytes, destination, gateway } = this.#layout;
    const view = this.#view;
    const start = slot * messageBytes;
    view.setUint32(start + NlMsgHdr.LEN, messageBytes, true);
    view.setUint16(start + NlMsgHdr.TYPE, RTM.NEWROUTE, true);
    view.setUint16(start + NlMsgHdr.FLAGS, NLM_F.REQUEST | NLM_F.CREATE, true);
    const rtmsg = start + NetlinkSize.NLMSGHDR;
    view.setUint8(rtmsg + RtMsg.FAMILY, this.#table.family);
    view.setUint8(rtmsg + RtMsg.PROTOCOL, RTPROT.BGP);
    view.setUint8(rtmsg + RtMsg.TYPE, RTN.UNICAST);
    this.#writeAttribute(start + destination, RTA.DST, addressBytes);
    this.#writeAttribute(start + gateway, RTA.GATEWAY, addressBytes);
    this.#writeAttribute(start + this.#layout.interfaceIndex, RTA.OIF, 4);
    if (addressBytes === AddressSize.INET) view.setUint32(start + gateway, INET_GATEWAY_NETWORK);
    else view.setBigUint64(start + gateway, INET6_GATEWAY_NETWORK_HIGH);
    view.setUint32(start + this.#layout.interfaceIndex, interfaceIndex, true);
  }

  /** The header of the attribute whose payload is at `payload`. */
  #writeAttribute(payload: number, type: RTA, payloadBytes: number): void {
    this.#view.setUint16(payload - NetlinkSize.NLATTR, NetlinkSize.NLATTR + payloadBytes, true);
    this.#view.setUint16(payload - NetlinkSize.NLATTR + 2, type, true);
  }

  #patchInet(addresses: Uint32Array, messages: number): void {
    const { messageBytes, destination } = this.#layout;
    const view = this.#view;
    for (let slot = 0, start = 0; slot < messages; slot++, start += messageBytes) {
      this.#patchCommon(start, this.#route + slot);
      view.setUint32(start + destination, addresses[this.#route + slot] ?? 0);
    }
  }

  #patchInet6(addresses: BigUint64Array, messages: number): void {
    const { messageBytes, destination } = this.#layout;
    const view = this.#view;
    for (let slot = 0, start = 0; slot < messages; slot++, start += messageBytes) {
      this.#patchCommon(start, this.#route + slot);
      view.setBigUint64(start + destination, addresses[2 * (this.#route + slot)] ?? 0n);
      view.setBigUint64(start + destination + 8, addresses[2 * (this.#route + slot) + 1] ?? 0n);
    }
  }

  /** What both families patch: sequence number, prefix length and the gateway's last byte. */
  #patchCommon(start: number, route: number): void {
    const { addressBytes, gateway } = this.#layout;
    this.#view.setUint32(start + NlMsgHdr.SEQ, this.#sequence++, true);
    this.#window[start + NetlinkSize.NLMSGHDR + RtMsg.DST_LEN] = this.#table.lengths[route] ?? 0;
    this.#window[start + gateway + addressBytes - 1] = GATEWAY_FIRST_BYTE + (this.#table.gateways[route] ?? 0);
  }
}
