// Dumps a route table with RTM_GETROUTE into one kept buffer: what a client does that only wants the bytes.
import { Errno } from "../../assembly/abi/errno.js";
import { NetlinkSize, NLM_F, NLMSG, NlMsgHdr } from "../../assembly/abi/netlink.js";
import { HeaderSize, RTM } from "../../assembly/abi/rtnetlink.js";
import type { MessageSocket } from "./load.js";
import type { Table } from "./table.js";

/** The buffer that dumps are read into, in bytes: what clients commonly use, and what fits the first-level cache. */
export const DUMP_WINDOW_BYTES = 32 * 1024;

/** NLMSG_DONE with its error number. */
const DONE_BYTES = NetlinkSize.NLMSGHDR + 4;

/** What a dump brought. */
export interface DumpSummary {
  /** RTM_NEWROUTE messages. */
  readonly routes: number;
  /** Bytes of those messages. */
  readonly bytes: number;
  /** Calls of recv. */
  readonly reads: number;
}

/** Reads route dumps of one family from one socket. */
export class RouteDump {
  readonly #socket: MessageSocket;
  readonly #window: Uint8Array;
  readonly #view: DataView;
  readonly #request = new Uint8Array(NetlinkSize.NLMSGHDR + HeaderSize.RTMSG);

  constructor(socket: MessageSocket, family: Table["family"], window = new Uint8Array(DUMP_WINDOW_BYTES)) {
    this.#socket = socket;
    this.#window = window;
    this.#view = new DataView(window.buffer, window.byteOffset, window.byteLength);
    const request = new DataView(this.#request.buffer);
    request.setUint32(NlMsgHdr.LEN, this.#request.length, true);
    request.setUint16(NlMsgHdr.TYPE, RTM.GETROUTE, true);
    request.setUint16(NlMsgHdr.FLAGS, NLM_F.REQUEST | NLM_F.DUMP, true);
    this.#request[NetlinkSize.NLMSGHDR] = family;
  }

  /**
   * Dumps and looks at every message.
   * @param visit - called with each filled window; the bytes are valid until it returns
   * @throws Error when the kernel refuses the dump or ends it with an error
   */
  counted(visit: (bytes: Uint8Array) => void = () => undefined): DumpSummary {
    this.#socket.send(this.#request);
    const summary = { routes: 0, bytes: 0, reads: 0 };
    for (let done = false; !done; ) {
      const length = this.#socket.recv(this.#window);
      summary.reads++;
      visit(this.#window.subarray(0, length));
      done = this.#count(length, summary);
    }
    return summary;
  }

  /**
   * Dumps and looks only for the end: for a table that `counted` has seen, in a measurement.
   * @returns bytes received, NLMSG_DONE included
   */
  drained(): number {
    this.#socket.send(this.#request);
    let bytes = 0;
    for (;;) {
      const length = this.#socket.recv(this.#window);
      bytes += length;
      if (this.#endsWithDone(length)) return bytes;
    }
  }

  /** A route message ends with attributes of 8 bytes, so it has no 3 where NLMSG_DONE has its type. */
  #endsWithDone(length: number): boolean {
    const start = length - DONE_BYTES;
    return (
      start >= 0 &&
      this.#view.getUint32(start + NlMsgHdr.LEN, true) === DONE_BYTES &&
      this.#view.getUint16(start + NlMsgHdr.TYPE, true) === NLMSG.DONE
    );
  }

  /** Adds the messages of a filled window to the summary; true when NLMSG_DONE was among them. */
  #count(length: number, summary: { routes: number; bytes: number }): boolean {
    for (let at = 0; at + NetlinkSize.NLMSGHDR <= length; ) {
      const messageBytes = this.#view.getUint32(at + NlMsgHdr.LEN, true);
      const type = this.#view.getUint16(at + NlMsgHdr.TYPE, true);
      if (type === NLMSG.DONE || type === NLMSG.ERROR) {
        const errno = Math.abs(this.#view.getInt32(at + NetlinkSize.NLMSGHDR, true));
        if (errno !== Errno.OK) throw new Error(`RTM_GETROUTE dump: ${Errno[errno] ?? `errno ${errno}`}`);
        if (type === NLMSG.DONE) return true;
      } else {
        summary.routes++;
        summary.bytes += messageBytes;
      }
      at += Math.max(NetlinkSize.NLMSGHDR, (messageBytes + 3) & ~3);
    }
    return false;
  }
}
