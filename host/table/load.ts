// Sends batches of RTM_NEWROUTE and reads what they answer: the ack of the last message, and an error for each
// message that failed.
import { Errno } from "../../assembly/abi/errno.js";
import { NetlinkSize, NLMSG, NlMsgHdr } from "../../assembly/abi/netlink.js";
import type { RouteBatches } from "./batches.js";

/** What loading and dumping need of a socket. */
export interface MessageSocket {
  send(bytes: Uint8Array): number;
  recv(into: Uint8Array): number;
}

/** The kernel refused a message of a batch. */
export class RouteRefusedError extends Error {
  override readonly name = "RouteRefusedError";

  /** @param sequence - nlmsg_seq of the refused message */
  constructor(
    readonly errno: Errno,
    readonly sequence: number,
  ) {
    super(`RTM_NEWROUTE, sequence ${sequence}: ${Errno[errno] ?? `errno ${errno}`}`);
  }
}

/** Sends batches on one socket and checks their answers, with a buffer that is kept. */
export class RouteLoader {
  readonly #socket: MessageSocket;
  readonly #window: Uint8Array;
  readonly #view: DataView;

  /** @param window - for the answers; 32 KiB hold the errors of a whole batch */
  constructor(socket: MessageSocket, window = new Uint8Array(32 * 1024)) {
    this.#socket = socket;
    this.#window = window;
    this.#view = new DataView(window.buffer, window.byteOffset, window.byteLength);
  }

  /**
   * Sends one batch and reads until its last message is acked.
   * @param lastSequence - nlmsg_seq of the batch's last message, the one that asks for the ack
   * @throws RouteRefusedError the first message of the batch that failed
   * @throws NetlinkError what the send or the receive gave; EAGAIN when no ack came
   */
  send(batch: Uint8Array, lastSequence: number): void {
    this.#socket.send(batch);
    let acked = false;
    while (!acked) acked = this.#check(this.#socket.recv(this.#window), lastSequence);
  }

  /** Whether the ack is among the `length` bytes received. */
  #check(length: number, lastSequence: number): boolean {
    let acked = false;
    for (let at = 0; at + NetlinkSize.NLMSGHDR <= length; ) {
      const sequence = this.#view.getUint32(at + NlMsgHdr.SEQ, true);
      if (this.#view.getUint16(at + NlMsgHdr.TYPE, true) === NLMSG.ERROR) {
        const errno = this.#view.getInt32(at + NetlinkSize.NLMSGHDR, true);
        if (errno !== Errno.OK) throw new RouteRefusedError(Math.abs(errno), sequence);
        if (sequence === lastSequence) acked = true;
      }
      at += Math.max(NetlinkSize.NLMSGHDR, (this.#view.getUint32(at + NlMsgHdr.LEN, true) + 3) & ~3);
    }
    return acked;
  }
}

/**
 * Loads a whole table.
 * @param progress - called with the routes sent so far, after each batch
 */
export function loadRoutes(loader: RouteLoader, batches: RouteBatches, progress?: (routes: number) => void): void {
  for (let batch = batches.next(); batch !== undefined; batch = batches.next()) {
    loader.send(batch, batches.lastSequence);
    progress?.(batches.written);
  }
}
