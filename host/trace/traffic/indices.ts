// Interface indices are the machine's. A recorded request names interfaces by the indices of its run; here they become
// those of the emulated kernel, by the names that the run's replies gave them.

import { NetlinkSize } from "../../../assembly/abi/netlink.js";
import { IFLA, RTM } from "../../../assembly/abi/rtnetlink.js";
import { messagesOf } from "./message.js";

/** An index that no interface has. */
const INDEX_NONE = 0x7ff0;

/** Where a request has indices: at what offset in its body, and in which attributes behind a header of what length. */
interface Places {
  readonly header: number;
  readonly at?: number;
  readonly attributes: readonly number[];
  /** RTA_MULTIPATH: records of 8 bytes with attributes behind each, the index in the last four. */
  readonly multipath?: number;
}

/** By the first type of an object's messages: NEW, DEL, GET and SET come one after the other. */
const PLACES = new Map<number, Places>([
  [16, { header: 16, at: 4, attributes: [5, 10] }],
  [20, { header: 8, at: 4, attributes: [] }],
  [24, { header: 12, attributes: [3, 4], multipath: 9 }],
  [28, { header: 12, at: 4, attributes: [8, 9] }],
  [80, { header: 4, attributes: [1] }],
  [104, { header: 8, attributes: [5, 10] }],
]);

/** Names by index, as replies of a run tell. */
export class InterfaceNames {
  readonly #names = new Map<number, string>();

  learn(datagram: Uint8Array): void {
    for (const { type, bytes } of messagesOf(datagram)) {
      if (type !== RTM.NEWLINK) continue;
      const view = viewOf(bytes);
      const name = attributesOf(bytes, NetlinkSize.NLMSGHDR + 16).find((each) => each.type === IFLA.IFNAME);
      if (name === undefined) continue;
      const text = new TextDecoder().decode(bytes.subarray(name.payload, name.payload + name.length));
      this.#names.set(view.getInt32(NetlinkSize.NLMSGHDR + 4, true), text.replace(/\0.*$/s, ""));
    }
  }

  nameOf(index: number): string | undefined {
    return this.#names.get(index);
  }

  /** The first index of a name. */
  indexOf(name: string): number | undefined {
    return [...this.#names].find(([, each]) => each === name)?.[0];
  }
}

/** A copy of a datagram with the indices of another kernel. @param translate - 0 stays 0 */
export function withIndices(datagram: Uint8Array, translate: (index: number) => number | undefined): Uint8Array {
  const copy = datagram.slice();
  const patch = (view: DataView, at: number): void => {
    const index = view.getInt32(at, true);
    if (index !== 0) view.setInt32(at, translate(index) ?? INDEX_NONE, true);
  };
  for (const { type, bytes } of messagesOf(copy)) {
    const places = PLACES.get(type & ~3);
    if (places === undefined) continue;
    const view = viewOf(bytes);
    const { header, at, attributes, multipath } = places;
    if (at !== undefined && bytes.length >= NetlinkSize.NLMSGHDR + header) patch(view, NetlinkSize.NLMSGHDR + at);
    for (const each of attributesOf(bytes, NetlinkSize.NLMSGHDR + header)) {
      if (attributes.includes(each.type) && each.length === 4) patch(view, each.payload);
      if (each.type === multipath) for (const path of pathsOf(view, each)) patch(view, path + 4);
    }
  }
  return copy;
}

interface Place {
  readonly type: number;
  readonly payload: number;
  readonly length: number;
}

function attributesOf(bytes: Uint8Array, start: number): Place[] {
  const view = viewOf(bytes);
  const places: Place[] = [];
  for (let at = start; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > bytes.length) break;
    places.push({ type: view.getUint16(at + 2, true) & 0x3fff, payload: at + 4, length: length - 4 });
    at += (length + 3) & ~3;
  }
  return places;
}

function pathsOf(view: DataView, { payload, length }: Place): number[] {
  const paths: number[] = [];
  for (let at = payload; at + 8 <= payload + length; ) {
    paths.push(at);
    at += Math.max(8, (view.getUint16(at, true) + 3) & ~3);
  }
  return paths;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
