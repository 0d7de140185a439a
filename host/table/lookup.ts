// Longest-prefix-match questions by message: RTM_GETROUTE without NLM_F_DUMP, one message a send, one reply.
import { AddressSize, AF } from "../../assembly/abi/inet.js";
import { NetlinkSize, NLM_F, NlMsgHdr } from "../../assembly/abi/netlink.js";
import { HeaderSize, RTA, RTM, RtMsg } from "../../assembly/abi/rtnetlink.js";
import type { MessageSocket } from "./load.js";
import { Random } from "./random.js";
import type { Table } from "./table.js";

const DESTINATION = NetlinkSize.NLMSGHDR + HeaderSize.RTMSG + NetlinkSize.NLATTR;

/**
 * Addresses to ask for: each lies in a route of the table, drawn at random, with random host bits.
 * @returns addresses in network byte order, 4 or 16 bytes each
 */
export function addressesIn(table: Table, count: number, seed: number): Uint8Array {
  if (table.count === 0) throw new RangeError("an empty table: expected at least one route to draw addresses from");
  const random = new Random(seed);
  const addressBytes = table.family === AF.INET ? AddressSize.INET : AddressSize.INET6;
  const bytes = new Uint8Array(count * addressBytes);
  const view = new DataView(bytes.buffer);
  for (let place = 0; place < count; place++) {
    const route = random.below(table.count);
    const length = table.lengths[route] ?? 0;
    for (let word = 0; word < addressBytes / 4; word++) {
      const hostMask = hostBits(length - 32 * word);
      const network = networkWord(table, route, word);
      view.setUint32(place * addressBytes + 4 * word, (network | (random.next() & hostMask)) >>> 0);
    }
  }
  return bytes;
}

/** The mask of a word's host bits, when its first `length` bits belong to the network. */
function hostBits(length: number): number {
  if (length >= 32) return 0;
  return length <= 0 ? 0xffffffff : 0xffffffff >>> length;
}

function networkWord(table: Table, route: number, word: number): number {
  if (table.family === AF.INET) return table.addresses[route] ?? 0;
  const half = table.addresses[2 * route + (word >> 1)] ?? 0n;
  return Number(BigInt.asUintN(32, word % 2 === 0 ? half >> 32n : half));
}

/** Asks one question at a time, with buffers that are kept. */
export class RouteLookup {
  readonly #socket: MessageSocket;
  readonly #request: Uint8Array;
  readonly #reply = new Uint8Array(4096);
  readonly #addressBytes: number;

  constructor(socket: MessageSocket, family: Table["family"]) {
    this.#socket = socket;
    this.#addressBytes = family === AF.INET ? AddressSize.INET : AddressSize.INET6;
    this.#request = new Uint8Array(DESTINATION + this.#addressBytes);
    const request = new DataView(this.#request.buffer);
    request.setUint32(NlMsgHdr.LEN, this.#request.length, true);
    request.setUint16(NlMsgHdr.TYPE, RTM.GETROUTE, true);
    request.setUint16(NlMsgHdr.FLAGS, NLM_F.REQUEST, true);
    request.setUint8(NetlinkSize.NLMSGHDR + RtMsg.FAMILY, family);
    request.setUint8(NetlinkSize.NLMSGHDR + RtMsg.DST_LEN, 8 * this.#addressBytes);
    request.setUint16(DESTINATION - NetlinkSize.NLATTR, NetlinkSize.NLATTR + this.#addressBytes, true);
    request.setUint16(DESTINATION - NetlinkSize.NLATTR + 2, RTA.DST, true);
  }

  /**
   * Asks for every address of `addresses` (addressesIn), in order.
   * @throws Error when an answer is not a route
   */
  ask(addresses: Uint8Array): void {
    const size = this.#addressBytes;
    const words = new Uint32Array(addresses.buffer, addresses.byteOffset, addresses.length >>> 2);
    const destination = new Uint32Array(this.#request.buffer, DESTINATION);
    for (let at = 0; at < addresses.length; at += size) {
      for (let word = 0; word < size >>> 2; word++) destination[word] = words[(at >>> 2) + word] as number;
      this.#socket.send(this.#request);
      const length = this.#socket.recv(this.#reply);
      if (length < NetlinkSize.NLMSGHDR || this.#reply[NlMsgHdr.TYPE] !== RTM.NEWROUTE) {
        throw new Error(`RTM_GETROUTE of ${addresses.subarray(at, at + size).join(".")}: the answer is no route`);
      }
    }
  }
}
