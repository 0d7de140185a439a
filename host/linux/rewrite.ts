// The tap: whoever observes the layer is told of each message that it rewrites, before and after, and what changed. Both
// modes tell it. Without an observer nothing of this runs.

import { NetlinkSize, NlMsgHdr } from "../../assembly/abi/netlink.js";
import { compareMessages, type FieldChange } from "./fields.js";
import type { Side } from "./layouts.js";

export type { FieldChange } from "./fields.js";

/** One message, rewritten. The bytes are the observer's. */
export interface Rewrite {
  readonly direction: "toKernel" | "toProgram";
  /** Name of the vnet. */
  readonly vnet: string;
  /** Port of the program's socket. */
  readonly port: number;
  /** Of the program's socket: NETLINK_ROUTE and so on. */
  readonly protocol: number;
  /** As the program sent it, or as the kernel wrote it; undefined when the layer answers by itself. */
  readonly before: Uint8Array | undefined;
  /** What the kernel, or the program, gets: none when the layer keeps it, or one or more. */
  readonly after: readonly Uint8Array[];
  /** Linux's errno with which the layer answers a request in the kernel's place. */
  readonly errno?: number;
  /** Fields of the first message after that are not as before, by name, in the order of the messages. */
  readonly fields: readonly FieldChange[];
}

export type Observe = (rewrite: Rewrite) => void;

/** Whose message it is. */
export interface Observed {
  readonly vnet: string;
  readonly port: number;
  readonly protocol: number;
}

export class Tap {
  readonly #observe: Observe;

  constructor(observe: Observe) {
    this.#observe = observe;
  }

  /** @param errno - Linux's, of a request that the layer refuses */
  toKernel(of: Observed, before: Uint8Array, after: readonly Uint8Array[], errno?: number): void {
    this.#tell("toKernel", "program", of, before, after, errno);
  }

  toProgram(of: Observed, before: Uint8Array | undefined, after: readonly Uint8Array[]): void {
    this.#tell("toProgram", "kernel", of, before, after, undefined);
  }

  #tell(
    direction: Rewrite["direction"],
    from: Side,
    { vnet, port, protocol }: Observed,
    before: Uint8Array | undefined,
    after: readonly Uint8Array[],
    errno: number | undefined,
  ): void {
    const first = after[0];
    const fields = before === undefined || first === undefined ? [] : compareMessages(before, first, from, protocol);
    const told = errno === undefined ? {} : { errno };
    this.#observe({ direction, vnet, port, protocol, before, after, fields, ...told });
  }
}

/** Cuts whole messages apart; the bytes are new. */
export function messagesIn(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: Uint8Array[] = [];
  for (let at = 0; at + NetlinkSize.NLMSGHDR <= bytes.length; ) {
    const length = view.getUint32(at + NlMsgHdr.LEN, true);
    messages.push(bytes.slice(at, at + length));
    at += (length + 3) & ~3;
  }
  return messages;
}
